"""Text that is stored or repeated → the same text without secrets; the command's own stream is never touched."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from guard.diagnosis import secret_forms, secret_shapes
from guard.types import LogWindow

MASK = "***"
SHORTEST = 6
"""Characters of a value that is worth hiding: shorter ones stand in every log by chance."""
_SHORTEST_PIECE = 8
"""Characters of a secret cut off by the end of a text that are still taken for it."""

_WORD = (
    r"pass(?:word|wd|phrase|code)?|pwd|pw|secrets?|tokens?|api_?keys?|credentials?|creds?|auth|authorization|bearer|jwt"
    r"|private_?keys?|access_?keys?|(?:signing|encryption|client|account|storage|deploy|master|shared|session|ssh|gpg|license|secret)_?keys?"
    r"|webhook(?:_?ur[li])?|dsn|conn(?:ection)?_?str(?:ing)?|database_?url|pat|otp|pin|cookies?|salt|netrc|sas|seed_?phrase"
)
_SECRET_NAME = re.compile(
    rf"(?:\A|[_\-.])(?:{_WORD})(?:\Z|[_\-.\d])|(?:password|passwd|passphrase|secret|token|apikey|accesskey|privatekey|credentials)s?\Z"
    r"|(?-i:[a-z](?:Password|Secret|Token|Credential|ApiKey|AccessKey))|_KEY\Z",
    re.IGNORECASE,
)
_NO_SECRET_NAME = re.compile(
    r"(?:_FILE|_PATH|_DIR|_HOME|_NAME|_ID|_TYPE|_TTL|_TIMEOUT|_EXPIR(?:Y|ES|ATION)(?:_\w+)?|_LIFETIME|_SOCK|_ENABLED|_HELPER|_METHOD"
    r"|_ALGORITHM|_ALG|_ISSUER|_AUDIENCE|_COUNT|_LENGTH|_SIZE|_LIMIT|_VERSION|_HEADER|_PREFIX|_PROVIDER|_SCOPES?|_MODE|_REGION"
    r"|(?<!WEBHOOK)(?<!DATABASE)_(?:URL|URI|HOST|PORT|ADDR|ADDRESS|ENDPOINT|USER|USERNAME|EMAIL|DOMAIN))\Z"
    r"|\A(?:PWD|OLDPWD|INIT_CWD|GIT_ASKPASS|SSH_ASKPASS|XAUTHORITY|GIT_AUTHOR_\w*|\w*(?:CACHE|PUBLIC|PRIMARY|SORT|FOREIGN|PARTITION|KNOWN_HOST\w*)_KEYS?)\Z",
    re.IGNORECASE,
)
_WORDS = frozenset(
    "true false none null undefined yes no on off main master develop default public private enabled disabled required "
    "optional always never inherit system manual automatic localhost production staging development testing release debug "
    "password passwd secret secrets token tokens example github gitlab jenkins ubuntu postgres mysql docker basic bearer "
    "string number object readonly read-only write admin user".split()
)
_OPTION = re.compile(
    r"\A--?(?!-?no-)(?:[\w-]{0,60}(?:password|passwd|passphrase|secret|token|api-?key|access-?key|private-?key|credentials?|bearer)|(?:[\w-]{0,60}-)?(?:auth|pass))"
    r"(?:=(.*))?\Z",
    re.IGNORECASE | re.DOTALL,
)
_ASSIGNMENT = re.compile(r"(?<![\w-])(?:-[DPe]\s?)?([A-Za-z_][\w.-]{0,80})=(\"[^\"]{1,4000}\"|'[^']{1,4000}'|[^\s'\";|&<>()]{1,4000})")
_USER_OPTION = re.compile(r"\A(?:-u|--user|--proxy-user|--creds)\Z")
_HEADER_OPTION = re.compile(r"\A[\w-]{0,60}(?:authorization|token|api-?key|secret|cookie)[\w-]{0,20}:\s*(?:\w+\s+)?(\S+)\Z", re.IGNORECASE)


# docs.github.com, "Workflow commands", masking a value; learn.microsoft.com, "Logging commands", SetSecret and SetVariable.
_ANNOUNCED = re.compile(
    rb"^(?:::add-mask::|##\[add-mask\]|##vso\[task\.setsecret\]|##vso\[task\.setvariable [^\]\r\n]{0,300}issecret=true[^\]\r\n]{0,100}\])([^\r\n]{1,4000})",
    re.IGNORECASE | re.MULTILINE,
)
_MOST_ANNOUNCED = 200


def _announced(data: bytes) -> set[str]:
    """Values in the CI's own escapes, as they are printed elsewhere; a log cannot make guard look for more than some."""
    found: set[str] = set()
    for _, match in zip(range(_MOST_ANNOUNCED), _ANNOUNCED.finditer(data), strict=False):
        text = match[1].decode("utf-8", "replace").strip()
        for code, letter in (("%0D", "\r"), ("%0A", "\n"), ("%AZP25", "%"), ("%25", "%")):
            text = text.replace(code, letter)
        found.update(_parts(text))
    return found


@dataclass(frozen=True)
class Masker:
    """Knows the secrets of one job; make one with `from_environment`."""

    forms: tuple[str, ...] = ()
    """Every form in which a secret may be printed, longest first."""

    @classmethod
    def from_environment(cls, env: Mapping[str, str], argv: Sequence[str]) -> Masker:
        """Secrets are the values of variables and options whose names look secret, in every form they may take."""
        values: set[str] = set()
        for name, value in env.items():
            if is_secret_name(name):
                values.update(_parts(value))
            values.update(_user_info(value))
        for value in _of_argv(argv):
            values.update(_parts(value))
        forms = {form for value in values for form in secret_forms.of(value) if len(form) >= SHORTEST}
        return cls(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def and_announced(self, window: LogWindow) -> Masker:
        """This one, which also knows what the command told the CI to hide (`::add-mask::`, `task.setsecret`, `issecret`)."""
        found = {value for data in (window.head, window.tail) for value in _announced(data)}
        if not found:
            return self
        forms = {*self.forms, *(form for value in found for form in secret_forms.of(value) if len(form) >= SHORTEST)}
        return Masker(tuple(sorted(forms, key=lambda form: (-len(form), form))))

    def text(self, text: str) -> str:
        """The text without secrets; of a text cut off inside a secret, without the piece that is left of it."""
        return secret_shapes.masked(self._without_known(text), MASK)

    def _without_known(self, text: str) -> str:
        spans = []
        for form in self.forms:
            at = text.find(form)
            while at >= 0:
                spans.append((at, at + len(form)))
                at = text.find(form, at + 1)
        spans += self._cut_off(text)
        if not spans:
            return text
        spans.sort()
        found, end = [], 0
        for begin, stop in spans:
            if begin >= end:
                found += [text[end:begin], MASK]
            end = max(end, stop)
        found.append(text[end:])
        return "".join(found)

    def _cut_off(self, text: str) -> list[tuple[int, int]]:
        """What of a secret stands at the very end or the very beginning, where the rest was cut off."""
        body = text.rstrip("….")
        size = _SHORTEST_PIECE
        if len(body) < size:
            return []
        head, tail = body[:size], body[-size:]
        found = []
        for form in self.forms:
            at = form.find(tail)
            if at >= 0 and body.endswith(form[: at + size]):
                found.append((len(body) - at - size, len(body)))
            at = form.rfind(head)
            if at >= 0 and body.startswith(form[at:]):
                found.append((0, len(form) - at))
        return found


def is_secret_name(name: str) -> bool:
    """Whether a variable or key of that name holds a secret, as far as its name tells."""
    return _SECRET_NAME.search(name) is not None and _NO_SECRET_NAME.search(name) is None


def _parts(value: str) -> Iterable[str]:
    """The whole value, each of its lines (a log prints lines), and the secret texts of a JSON value."""
    parts = {value, value.strip(), *(line.strip() for line in value.splitlines())}
    if value.lstrip().startswith("{"):
        for text in _json_secrets(value):
            parts |= {text, *(line.strip() for line in text.splitlines())}
    return [part for part in parts if _worth_hiding(part)]


def _json_secrets(value: str) -> Iterable[str]:
    """Texts under secret-looking keys: a registry's `auths`, a service account's `private_key`."""
    try:
        waiting: list[object] = [json.loads(value)]
    except (ValueError, RecursionError):
        return
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            for key, entry in one.items():
                if isinstance(entry, str) and is_secret_name(str(key)):
                    yield entry
                elif isinstance(entry, (dict, list)):
                    waiting.append(entry)


def _worth_hiding(value: str) -> bool:
    if len(value) < SHORTEST or value.lower() in _WORDS or value.startswith("-----"):
        return False
    if not re.search(r"\w", value) or re.fullmatch(r"\d+(?:\.\d+)+|(.)\1*", value, re.DOTALL):
        return False
    return not _is_path(value)


def _is_path(value: str) -> bool:
    """A path stands by name in every log; a base64 text may begin with a slash too, but mixes letters and digits."""
    if not re.fullmatch(r"(?:/|~/|\.{1,2}/)[\w./~+-]*", value):
        return False
    return not any(
        len(part) >= 8 and re.search("[a-z]", part) and re.search("[A-Z]", part) and re.search(r"\d", part)
        for part in value.split("/")
    )


def _user_info(value: str) -> Iterable[str]:
    """The password in a URL (`https://user:password@host`) that a variable holds."""
    for match in re.finditer(r"://[^\s/@:]{0,300}:([^\s/@]{6,300})@", value):
        if _worth_hiding(match.group(1)):
            yield match.group(1)


def _of_argv(argv: Sequence[str]) -> Iterable[str]:
    """Values of `--password x`, `--token=x`, `-u user:x`, `-H 'Authorization: x'`, `SECRET=x`; also inside a script's text."""
    yield from _of_words(argv)
    for word in argv:
        yield from _user_info(word)
        for match in _ASSIGNMENT.finditer(word):
            if is_secret_name(match.group(1)):
                yield match.group(2).strip("\"'")
        if any(mark in word for mark in (" ", "\n", "\t")):
            yield from _of_words([piece.strip("\"'") for piece in re.findall(r"\"[^\"]*\"|'[^']*'|[^\s\"']+=(?:\"[^\"]*\"|'[^']*')|[^\s\"']+", word)])


def _of_words(words: Sequence[str]) -> Iterable[str]:
    for position, word in enumerate(words):
        following = words[position + 1] if position + 1 < len(words) else ""
        match = _OPTION.match(word)
        if match is not None:
            if match.group(1) is not None:
                yield match.group(1).strip("\"'")
            elif not following.startswith("-"):
                yield following
        elif _USER_OPTION.match(word) and ":" in following:
            yield following.partition(":")[2]
        else:
            header = _HEADER_OPTION.match(word)
            if header is not None:
                yield header.group(1)
