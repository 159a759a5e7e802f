"""A secret → the forms in which it may be printed: as it is, percent, JSON, hexadecimal, base64 at any alignment."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

_SHORTEST_CORE = 6
# `base64` breaks lines at 76 characters, PEM and OpenSSL at 64.
_WRAPS = (76, 64)
_HEX_WRAP = 60
"""Digits on a line of `xxd -p`."""
_SHORTEST_HEX = 12
"""Digits that are no commit or checksum by chance: six characters, as of a plain secret."""


def of(value: str) -> Iterable[str]:
    """Every form; some may be equal, some shorter than is worth hiding."""
    data = value.encode("utf-8", "surrogateescape") if _encodable(value) else value.encode("utf-8", "replace")
    yield value
    # RFC 3986 as urllib has it, as JavaScript's encodeURIComponent, with a path's slashes, and as forms have it.
    for encoded in (quote(data, safe=""), quote(data, safe="!*'()"), quote(data), quote_plus(data)):
        yield encoded
        yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), encoded)
    for text in (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1]):
        yield text
        yield text.replace("/", "\\/")
    yield from _hexadecimal(data)
    yield from _base64(data)


def _hexadecimal(data: bytes) -> Iterable[str]:
    """Digit by digit as `bytes.hex`, `xxd -p` and `openssl` print it, in either case, also with colons or spaces between bytes."""
    digits = data.hex()
    lines = [digits[at : at + _HEX_WRAP] for at in range(0, len(digits), _HEX_WRAP)]
    for text in (digits, *lines, data.hex(":"), data.hex(" ")):
        if len(text) >= _SHORTEST_HEX:
            yield text
            yield text.upper()


def _encodable(value: str) -> bool:
    try:
        value.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


def _base64(data: bytes) -> Iterable[str]:
    """What every base64 text that contains the value has in common, at each of the three alignments."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + data).decode()
        # The first characters depend on what stands before, the last ones on what follows.
        begin = (0, 2, 3)[before]
        end = len(encoded) - (0, 3, 2)[(before + len(data)) % 3]
        # Also as it is where nothing follows: with its last letter, and padding or not.
        pieces = [encoded[begin:end], encoded[begin:], encoded[begin:].rstrip("=")]
        if before == 0:
            pieces += [encoded[at : min(at + wrap, end)] for wrap in _WRAPS if end > wrap for at in range(0, end, wrap)]
        for piece in pieces:
            if len(piece) >= _SHORTEST_CORE:
                yield piece
                yield piece.replace("+", "-").replace("/", "_")
