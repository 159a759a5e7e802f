"""Lines are cleaned of what a terminal or a CI adds, and keep their true numbers."""

from __future__ import annotations

import pytest

from guard.diagnosis.lines import Log, clean
from guard.types import LogWindow


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"\x1b[31mnpm \x1b[1mERR!\x1b[0m code E404", "npm ERR! code E404"),
        (b"2026-01-02T03:04:05.1234567Z npm ERR! x", "npm ERR! x"),
        (b"2026-01-02T03:04:05.123456Z 00O npm ERR! x", "npm ERR! x"),
        (b"[2026-01-02T03:04:05.123Z] npm ERR! x", "npm ERR! x"),
        (b"build\tRun npm ci\t2026-01-02T03:04:05.1234567Z npm ERR! x", "npm ERR! x"),
        (b"2026-01-02T03:04:05.1234567Z ##[error]Process completed with exit code 1.", "Process completed with exit code 1."),
        (b"#12 3.456 npm ERR! x", "npm ERR! x"),
        (b"Nov 04 22:23:22    > Connection reset", "   > Connection reset"),
        (b"Nov 04 22:23:22 ", ""),
        (b"2026-01-02T03:04:05.1234567Z [10:11:12] Task never defined: x", "Task never defined: x"),
        (b"\x1b[1G   adds\x1b[K\x1b[77G2/2\x1b[2G\x1b[31;1m\x1b[1G \xe2\x9c\x97 adds\x1b[K", " ✗ adds"),
        (b"\x1b_bk;t=1700000000000\x07npm ERR! x", "npm ERR! x"),
        (b"10%\r50%\r100% done\r", "100% done"),
        (b"windows line\r", "windows line"),
        (b"nul\x00 and bell\x07", "nul and bell"),
        (b"bad \xff\xfe utf", "bad \ufffd\ufffd utf"),
        (b"", ""),
    ],
)
def test_clean(raw, text):
    assert clean(raw) == text


def test_numbers_in_a_complete_log():
    log = Log(LogWindow(head=b"a\nb\r\nc"))
    assert [(log.number(i), log.text(i)) for i in range(len(log))] == [(1, "a"), (2, "b"), (3, "c")]


def test_numbers_behind_a_gap():
    lines = [f"line {n}" for n in range(1, 101)]
    whole = "\n".join(lines).encode()
    head, tail = whole[:100], whole[-100:]
    dropped = whole[100:-100]
    log = Log(LogWindow(head, tail, len(dropped), dropped.count(b"\n"), len(whole)))
    for index in range(len(log)):
        text = log.text(index)
        if text.startswith("line ") and text in lines:
            assert log.number(index) == int(text[5:])
    assert log.number(len(log) - 1) == 100


def test_a_huge_line_shows_what_was_found():
    data = b"x" * 1_000_000 + b"No space left on device" + b"y" * 1_000_000
    log = Log(LogWindow(head=data))
    assert "No space left on device" in log.text(0, 1_000_000)
    assert len(log.text(0)) <= 4000
