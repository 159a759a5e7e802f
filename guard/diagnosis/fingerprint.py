"""A diagnosis's cause → a short name that is the same for the same failure in another run."""

from __future__ import annotations

import hashlib
import re

_RULES = (
    (re.compile(r"\b[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b", re.IGNORECASE), "<id>"),
    (re.compile(r"\b(?:sha\d+[-:])[A-Za-z0-9+/=]{16,}"), "<hash>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,}\b", re.IGNORECASE), "<hash>"),
    (re.compile(r"0x[0-9a-f]+", re.IGNORECASE), "<hash>"),
    # GCC's own temporary files: six characters of chance.
    (re.compile(r"\bcc[A-Za-z0-9]{6}(?=\.(?:s|o|ltrans|res|ld|le)\b)"), "<tmp>"),
    # Of a path its last part says which file, the rest says on which machine.
    (re.compile(r"(?:[A-Za-z]:)?(?:[/\\][\w.@+~-]+)*[/\\](?=[\w.@+~-]+)"), "<dir>/"),
    (re.compile(r"\d+(?:[.,:]\d+)*\s?(?:ms|s|m|h|secs?|seconds?|minutes?|[KMGT]i?B|bytes|%)?\b"), "<n>"),
    (re.compile(r"(?<=[a-zA-Z_-])\d+"), "<n>"),
    (re.compile(r"\btmp[\w-]{4,}"), "<tmp>"),
    (re.compile(r"\s+"), " "),
)


def normalised(text: str) -> str:
    """The text without what differs from run to run: paths, numbers, hashes, ports, durations."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text.strip().lower()


def fingerprint(label: str, source: str, cause: str) -> str:
    """Sixteen hexadecimal digits of the label and the cause's line without its particulars; of what found it where there is no line.

    Two signatures may name one line; which of them weighs more can change from run to run, the line does not.
    """
    return hashlib.sha256(f"{label}\0{normalised(cause) or source}".encode()).hexdigest()[:16]
