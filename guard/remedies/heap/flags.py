"""Where a heap's size stands in the words of a command or a variable, and how it is written anew."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

MB = 1 << 20
_UNITS = {"": 1, "k": 1 << 10, "m": MB, "g": 1 << 30, "t": 1 << 40}

# V8 takes - and _ alike, in megabytes; in NODE_OPTIONS and on the command line only with `=`.
NODE = re.compile(r"(?P<flag>--max[-_]old[-_]space[-_]size=)(?P<size>\d{1,9})(?P<unit>)(?!\d)")
_SIZE = r"(?P<size>\d{1,15})(?P<unit>[kKmMgGtT]?)(?![\w.])"

PHP = re.compile(r"(?P<flag>\bmemory[_-]limit=)" + _SIZE)
"""`php -d memory_limit=…`, and `--memory-limit=…` as PHPStan and others have it."""


@dataclass(frozen=True)
class Pool:
    """One kind of memory of the JVM that has a limit of its own."""

    what: str
    pattern: re.Pattern[str]
    option: str
    default: int | None
    """Bytes where no option sets it; None: a quarter of the memory."""


HEAP = Pool("heap", re.compile(r"(?P<flag>-Xmx|-XX:MaxHeapSize=)" + _SIZE), "-Xmx", None)
METASPACE = Pool(
    "metaspace", re.compile(r"(?P<flag>-XX:MaxMetaspaceSize=)" + _SIZE), "-XX:MaxMetaspaceSize=", 256 * MB
)
DIRECT = Pool(
    "direct memory", re.compile(r"(?P<flag>-XX:MaxDirectMemorySize=)" + _SIZE), "-XX:MaxDirectMemorySize=", None
)
CLASS_SPACE = Pool(
    "class space", re.compile(r"(?P<flag>-XX:CompressedClassSpaceSize=)" + _SIZE), "-XX:CompressedClassSpaceSize=", 1024 * MB
)  # fmt: skip
_START = re.compile(r"(?P<flag>-Xms|-XX:InitialHeapSize=)" + _SIZE)


def sizes(pattern: re.Pattern[str], texts: Iterable[str]) -> list[int]:
    """All sizes in the texts in bytes (Node's numbers are megabytes)."""
    return [_bytes(match, pattern) for text in texts for match in pattern.finditer(text)]


def starting_sizes(texts: Iterable[str]) -> list[int]:
    """Heaps that JVMs begin with, in bytes: a limit below one of them keeps that JVM from starting."""
    return sizes(_START, texts)


def rewritten(pattern: re.Pattern[str], text: str, size: int) -> str:
    """The text with each smaller size replaced: digits by digits, so no quoting around them can change its meaning."""

    def one(match: re.Match[str]) -> str:
        if _bytes(match, pattern) >= size:
            return match[0]
        return f"{match['flag']}{size // MB}" + ("" if pattern is NODE else "m")

    return pattern.sub(one, text)


def _bytes(match: re.Match[str], pattern: re.Pattern[str]) -> int:
    return int(match["size"]) * (MB if pattern is NODE else _UNITS[match["unit"].lower()])


def with_option(text: str, pool: Pool, size: int) -> str:
    """JVM options with the pool's limit set to `size`: in place where it stands there, else at the end."""
    if pool.pattern.search(text):
        return rewritten(pool.pattern, text, size)
    return f"{text} {pool.option}{size // MB}m".strip()
