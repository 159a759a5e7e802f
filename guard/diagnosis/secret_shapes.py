"""Secrets that are known by their shape alone: tokens of known issuers, headers, URL user info, key blocks."""

from __future__ import annotations

import re

# Forms by which their issuers make tokens recognisable (their documentation on token formats and secret scanning).
_TOKENS = (
    r"gh[pousr]_[A-Za-z0-9_]{20,255}", r"github_pat_[A-Za-z0-9_]{20,255}", r"gho_[A-Za-z0-9]{20,255}",
    r"gl(?:pat|ptt|dt|rt|rtr|cbt|ft|agent|oas|soat|imt|ffct|wt)-[\w.=-]{16,300}", r"GR1348941[\w-]{16,40}",
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}", r"xox[abeoprs]-[\w-]{10,250}", r"xapp-\d-[\w-]{10,250}",
    r"npm_[A-Za-z0-9]{30,60}", r"pypi-[\w-]{50,500}", r"rubygems_[a-f0-9]{48}", r"cio[A-Za-z0-9]{32}", r"oy2[a-z0-9]{43}",
    r"eyJ[\w-]{8,800}\.eyJ[\w-]{8,4000}(?:\.[\w-]{0,2000})?", r"AIza[\w-]{35}", r"ya29\.[\w-]{20,500}", r"GOCSPX-[\w-]{20,60}",
    r"(?:sk|rk|pk)_(?:live|test)_\w{16,200}", r"whsec_[A-Za-z0-9+/=]{20,100}",
    r"sk-(?=[\w-]{0,60}\d)(?=[\w-]{0,60}[A-Z])[\w-]{20,200}",
    r"SG\.[\w-]{16,100}\.[\w-]{16,100}", r"do[opr]_v1_[a-f0-9]{64}", r"hv[sbr]\.[\w-]{20,300}", r"dckr_[a-z]{2,4}_[\w-]{20,100}",
    r"shp(?:at|ca|pa|ss)_[a-fA-F0-9]{32}", r"\w{14}\.atlasv1\.[\w-]{20,200}", r"ATATT[\w=-]{20,300}", r"ATCTT[\w=-]{20,300}",
    r"gl(?:c|sa)_[\w=]{30,400}", r"lin_api_\w{30,60}", r"dp\.(?:pt|st|ct|sa|scim|audit)\.[\w.]{30,90}", r"hf_[A-Za-z0-9]{30,60}",
    r"dapi[0-9a-f]{32}(?:-\d)?", r"CCIPAT_[\w-]{20,100}", r"bk[uac]a_[a-f0-9]{40}", r"nfp_\w{30,60}", r"sntr(?:ys|yu)_[\w=+/-]{30,400}",
    r"NRAK-[A-Z0-9]{27}", r"PMAK-[a-f0-9]{24}-[a-f0-9]{34}", r"AKCp[A-Za-z0-9]{60,80}", r"cmVmdGtu[A-Za-z0-9+/=]{40,120}",
    r"figd_[\w-]{30,60}", r"sbp_[a-f0-9]{40}", r"pscale_(?:tkn|pw|oauth)_[\w.-]{30,70}", r"dt0[a-z]\d{2}\.[A-Z0-9]{24}\.[A-Z0-9]{64}",
    r"HRKU-[\w-]{30,80}", r"tskey-[a-z]+-[\w-]{20,80}", r"\d{8,10}:AA[\w-]{33}", r"AGE-SECRET-KEY-1[A-Z0-9]{58}",
    r"[A-Za-z0-9_~.]{3}[78]Q~[\w.~-]{31,37}", r"squ_[a-f0-9]{40}|sqp_[a-f0-9]{40}|sqa_[a-f0-9]{40}",
)  # fmt: skip
_SHAPES = re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(_TOKENS)})")
_NO_VALUE = r"(?!\*\*\*|[$<{(%]|(?:none|null|true|false|undefined|required|missing|invalid)\b)"
_SLACK_HOOK = re.compile(r"(https://(?:hooks\.[\w.-]{1,80}/(?:services|workflows|triggers)|[\w.-]{1,80}/api/webhooks)/)[\w/-]{10,200}")
_QUERY = re.compile(
    r"((?:\A|[?&;\s\"',])(?:sig|SharedAccessSignature|SharedAccessKey|AccountKey|Signature|(?:x-amz-|x-goog-)(?:signature|credential|security-token)"
    rf"|access_token|id_token|refresh_token|private_token|client_secret|token|api_?key|password|pwd)=){_NO_VALUE}[^&\s\"';]{{6,1000}}",
    re.IGNORECASE,
)
_SCHEME = r"(?:(?:basic|bearer|token|digest|negotiate|apikey)[ \t]+)?"
_HEADER = re.compile(
    rf"\b((?:proxy-)?authorization['\"]?[ \t]*[:=][ \t]*['\"]?{_SCHEME}|bearer[ \t]+(?=[^\s'\"]*[\d._-])"
    r"|(?:x-api-key|private-token|job-token|deploy-token|x-vault-token|circle-token|x-gitlab-token|x-jfrog-art-api|x-auth-token)['\"]?[ \t]*[:=][ \t]*['\"]?)"
    r"(?!\*\*\*)[^\s'\",;]{6,4000}",
    re.IGNORECASE,
)
_COOKIE = re.compile(r"\b((?:set-)?cookie['\"]?[ \t]*:[ \t]*)(?=[^\s=]{1,100}=)[^\r\n'\"]{6,4000}", re.IGNORECASE)
_URL_USER = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{1,30}://)[^\s/?#'\"<>]{1,300}@")
_BLOCK_BEGIN = "-----BEGIN "
_KEY_BLOCK = re.compile(
    r"-----BEGIN (?=[A-Z0-9 ]{0,40}PRIVATE KEY)[A-Z0-9 ]{1,60}-----.*?(?:-----END [A-Z0-9 ]{1,60}-----|\Z)", re.DOTALL
)
# A line of a key's body that stands alone: 64 or 70 or 76 characters of base64 with all its kinds of letters.
_KEY_LINE = re.compile(r"^(?=[^\n]*[a-z])(?=[^\n]*[A-Z])(?=[^\n]*\d)(?=[^\n]*[+/])(?:[A-Za-z0-9+/]{64}|[A-Za-z0-9+/]{70}|[A-Za-z0-9+/]{76})$", re.MULTILINE)
_NAME = r"(?:password|passwd|passphrase|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|client[_-]?secret)"
# `password=x`, `"password": "x"`; `password: x` only with a digit in x: the rest is prose.
_ASSIGNED = re.compile(
    rf"({_NAME}(?:=['\"]?|['\"][ \t]?[:=][ \t]?['\"]|['\"]?[ \t]?=>?[ \t]?['\"])){_NO_VALUE}[^\s'\",;)}}\]&]{{6,1000}}"
    rf"|({_NAME}:[ \t]?){_NO_VALUE}(?=[^\s'\",;]{{0,100}}\d)[^\s'\",;)}}\]]{{8,1000}}",
    re.IGNORECASE,
)
_OPTION = re.compile(rf"(?<![\w-])(--?[\w-]{{0,40}}{_NAME}[ \t]+['\"]?){_NO_VALUE}(?!-)[^\s'\"]{{6,1000}}", re.IGNORECASE)


def masked(text: str, mask: str) -> str:
    """The text with each known shape replaced by `mask`; linear in the text's length."""
    if _BLOCK_BEGIN in text:
        text = _KEY_BLOCK.sub(mask, text)
    text = _KEY_LINE.sub(mask, text)
    text = _SHAPES.sub(mask, text)
    if "://" in text:
        text = _URL_USER.sub(rf"\1{mask}@", text)
        text = _SLACK_HOOK.sub(rf"\1{mask}", text)
    text = _HEADER.sub(rf"\1{mask}", text)
    text = _COOKIE.sub(rf"\1{mask}", text)
    if "=" in text:
        text = _QUERY.sub(rf"\1{mask}", text)
    text = _ASSIGNED.sub(lambda match: f"{match[1] or match[2]}{mask}", text)
    if "-" in text:
        text = _OPTION.sub(rf"\1{mask}", text)
    return text
