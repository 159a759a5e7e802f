"""The tables of a TOML file, as far as settings need them; Python 3.10 has no reader of its own."""

from __future__ import annotations

import re

_HEADER = re.compile(r"(?m)^[ \t]*\[\[?[ \t]*([^\]\n]+?)[ \t]*\]\]?[ \t]*(?:#.*)?$")


def tables(text: str) -> tuple[tuple[str, str], ...]:
    """(header, body) of each table in turn, `[x]` and `[[x]]` alike; "" is what stands before the first. Quotes in headers are taken away."""
    parts = _HEADER.split(text)
    headers = [re.sub(r"[\"']", "", header) for header in parts[1::2]]
    return (("", parts[0]), *zip(headers, parts[2::2], strict=False))
