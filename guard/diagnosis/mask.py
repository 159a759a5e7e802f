"""Text that is stored or repeated → the same text without secrets; the command's own stream is never touched."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, quote_plus

MASK = "***"
SHORTEST = 6
"""Characters of a value that is worth hiding: shorter ones stand in every log by chance."""

_SECRET_NAME = re.compile(
    r"(?:\A|[_\-.])(?:pass(?:word|wd|phrase)?|pwd|secrets?|tokens?|api_?keys?|apikeys?|credentials?|creds?|auth|authorization|bearer"
    r"|private_?key|access_?keys?|signing_?key|encryption_?key|client_?secret|webhook(?:_?url)?|dsn|conn(?:ection)?_?str(?:ing)?|database_?url|pat|otp|cookie|session_?key|salt"
    r"|ssh_?key|gpg_?key|license_?key|netrc)(?:\Z|[_\-.\d])"
    r"|(?:password|passwd|secret|token|apikey|accesskey)\Z",
    re.IGNORECASE,
)
_NO_SECRET_NAME = re.compile(
    r"(?:_FILE|_PATH|_DIR|_NAME|_ID|_TYPE|_URL_TEMPLATE|_TTL|_TIMEOUT|_EXPIRY|_AUTH_SOCK|_SOCK|_ENABLED|_HELPER|_METHOD)\Z"
    r"|\A(?:PWD|OLDPWD|SSH_AUTH_SOCK|GIT_ASKPASS|SSH_ASKPASS|XAUTHORITY|AUTHOR\w*|GIT_AUTHOR_\w*|TOKENIZERS_PARALLELISM)\Z",
    re.IGNORECASE,
)
_WORDS = frozenset(
    "true false none null yes no on off main master develop default public private enabled disabled localhost production "
    "staging password secret token changeme example github gitlab jenkins ubuntu postgres".split()
)
_OPTION = re.compile(
    r"\A--?(?:[\w-]*(?:password|passwd|passphrase|secret|token|api-?key|apikey|access-?key|auth|credentials?|bearer)[\w-]*)(?:=(.*))?\Z",
    re.IGNORECASE | re.DOTALL,
)
# Forms by which their issuers make tokens recognisable (their documentation on token formats).
_SHAPES = re.compile(
    r"\b(?:gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|gl(?:pat|ptt|dt|rt|cbt|ft|agent|oas|soat|imt|ffct)-[\w.=-]{16,300}"
    r"|(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}|xox[abeoprs]-[\w-]{10,250}|xapp-[\w-]{10,250}|npm_[A-Za-z0-9]{30,60}|pypi-[\w-]{50,500}"
    r"|eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}(?:\.[\w-]{0,2000})?|AIza[\w-]{35}|ya29\.[\w-]{20,500}|sk_live_\w{16,200}|rk_live_\w{16,200}"
    r"|sk-(?:[A-Za-z]+-)?[A-Za-z0-9_-]{20,200}|SG\.[\w-]{16,100}\.[\w-]{16,100}|dop_v1_[a-f0-9]{64}|hvs\.[\w-]{20,200}|dckr_pat_[\w-]{20,100}"
    r"|shpat_[a-fA-F0-9]{32}|atlasv1\.[\w-]{20,200}|ATATT[\w=-]{20,300}|rubygems_[a-f0-9]{48}|glc_[\w=]{30,400}|lin_api_\w{30,60}|dp\.pt\.\w{30,60})"
)
_SLACK_HOOK = re.compile(r"(https://hooks\.[\w.-]{1,80}/services/)[\w/]{10,100}")
_AZURE_SIGNATURE = re.compile(r"(?i)([?&;](?:sig|SharedAccessSignature|AccountKey|x-amz-signature|x-amz-credential|x-goog-signature|access_token|token|api_?key|password)=)[^&\s\"';]{6,500}")
_HEADER = re.compile(r"(?i)\b((?:proxy-)?authorization['\"]?\s*[:=]\s*['\"]?(?:(?:basic|bearer|token|digest|negotiate)\s+)?|(?:x-api-key|private-token|job-token|x-vault-token|circle-token)['\"]?\s*[:=]\s*['\"]?)[^\s'\",;]{4,2000}")
_URL_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,30}://)[^\s/@'\"<>]{1,300}@")
_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}(?:PRIVATE KEY|CERTIFICATE KEY|PGP PRIVATE KEY BLOCK)[A-Z ]{0,10}-----.*?(?:-----END [A-Z0-9 ]{0,50}-----|\Z)", re.DOTALL)
_ASSIGNED = re.compile(
    r"(?i)(['\"]?\b[\w.-]{0,40}(?:password|passwd|passphrase|secret|token|api_?key|access_?key)['\"]?\s?[:=]\s?['\"]?)(?![\s*'\"]|\$|<|\{|none\b|null\b|true\b|false\b)([^\s'\",;)}\]]{8,500})"
)


@dataclass(frozen=True)
class Masker:
    """Knows the secrets of one job; make one with `from_environment`."""

    secrets: re.Pattern[str] | None = None

    @classmethod
    def from_environment(cls, env: Mapping[str, str], argv: Sequence[str]) -> Masker:
        """Secrets are the values of variables and options whose names look secret, in every form they may take."""
        values: set[str] = set()
        for name, value in env.items():
            if _SECRET_NAME.search(name) and not _NO_SECRET_NAME.search(name):
                values.update(_parts(value))
            values.update(_user_info(value))
        for value in _option_values(argv):
            values.update(_parts(value))
        forms = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
        return cls(re.compile("|".join(re.escape(form) for form in forms)) if forms else None)

    def text(self, text: str) -> str:
        """The text without secrets."""
        if self.secrets is not None:
            text = self.secrets.sub(MASK, text)
        if "PRIVATE KEY" in text:
            text = _KEY_BLOCK.sub(MASK, text)
        text = _SHAPES.sub(MASK, text)
        if "://" in text:
            text = _URL_USER.sub(rf"\1{MASK}@", text)
            text = _SLACK_HOOK.sub(rf"\1{MASK}", text)
        text = _HEADER.sub(rf"\1{MASK}", text)
        if "=" in text:
            text = _AZURE_SIGNATURE.sub(rf"\1{MASK}", text)
        return _ASSIGNED.sub(rf"\1{MASK}", text)


def _parts(value: str) -> Iterable[str]:
    """The whole value and each of its lines: a log prints lines."""
    yield from (part for part in {value, value.strip(), *(line.strip() for line in value.splitlines())} if _worth_hiding(part))


def _worth_hiding(value: str) -> bool:
    if len(value) < SHORTEST or value.lower() in _WORDS:
        return False
    if value.startswith("-----"):
        return False
    # A path that exists by name in every log, a plain number or a version hides nothing.
    return not re.fullmatch(r"(?:[/~.][\w./~-]*|\d{1,9}|\d+(?:\.\d+)+)", value)


def _forms(value: str) -> Iterable[str]:
    yield value
    yield quote(value, safe="")
    yield quote_plus(value)
    yield quote(value)
    yield json.dumps(value)[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1]
    yield from _base64_forms(value)


def _base64_forms(value: str) -> Iterable[str]:
    """What every base64 text that contains the value has in common, at each of the three alignments."""
    data = value.encode("utf-8", "surrogateescape")
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        # The first characters depend on what stands before, the last ones on what follows.
        begin = (0, 2, 3)[before]
        end = len(encoded) - (0, 3, 2)[(before + len(data)) % 3]
        core = encoded[begin:end].rstrip("=")
        if len(core) >= SHORTEST:
            yield core
            yield core.replace("+", "-").replace("/", "_")


def _user_info(value: str) -> Iterable[str]:
    """The password in a URL (`https://user:password@host`) that a variable holds."""
    for match in re.finditer(r"://[^\s/@:]*:([^\s/@]{6,300})@", value):
        yield match.group(1)


def _option_values(argv: Sequence[str]) -> Iterable[str]:
    for position, word in enumerate(argv):
        match = _OPTION.match(word)
        if match is None:
            continue
        if match.group(1) is not None:
            yield match.group(1)
        elif position + 1 < len(argv) and not argv[position + 1].startswith("-"):
            yield argv[position + 1]
