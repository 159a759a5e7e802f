"""Groups of a pattern → entities that later stages may use: each has the form of what it claims to be."""

from __future__ import annotations

import re
from collections.abc import Mapping

_FORMS: dict[str, re.Pattern[str]] = {
    "host": re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?|\[?[0-9a-fA-F:.]{2,45}\]?"),
    "port": re.compile(r"\d{1,5}"),
    "package": re.compile(r"[@A-Za-z0-9_](?:[\w.+:@/~^<>=!*,-]{0,199})"),
    "version": re.compile(r"[\w.+~^<>=!*:|, -]{1,100}"),
    "tool": re.compile(r"[\w .+:-]{1,60}"),
    "status": re.compile(r"\d{3}"),
    "retry_after_s": re.compile(r"\d{1,6}(?:\.\d+)?"),
    "line": re.compile(r"\d{1,9}"),
    "pid": re.compile(r"\d{1,10}"),
    "limit": re.compile(r"[\w.,% -]{1,60}"),
    "signal": re.compile(r"[A-Z0-9a-z ]{1,20}"),
    "module": re.compile(r"[\w./:@-]{1,200}"),
    "image": re.compile(r"[\w./:@-]{1,300}"),
}
_ANY = re.compile(r"[^\x00-\x1f\x7f]{1,500}")
_RETRY_AFTER = re.compile(
    r"(?i)retry[- ]after['\"]?\s*[:=]?\s*['\"]?(\d{1,6})\b|(?:try again|retry|wait)(?: again)? in (\d{1,6}) ?s(?:ec(?:ond)?s?)?\b"
)


def validated(groups: Mapping[str, str]) -> dict[str, str]:
    """Those of the groups that have the form of their entity; a port is at most 65535."""
    found = {}
    for name, value in groups.items():
        value = value.strip().strip("'\"`").rstrip(".,;:") if name not in ("path", "file") else value.strip("'\"` ")
        form = _FORMS.get(name, _ANY)
        if not value or not form.fullmatch(value) or (name == "port" and int(value) > 65535):
            continue
        found[name] = value
    return found


def retry_after(text: str) -> str | None:
    """Seconds that a remote asks to wait, where a line says so."""
    match = _RETRY_AFTER.search(text)
    return (match.group(1) or match.group(2)) if match else None
