"""The window keeps head, tail and true counts whatever the sizes of the chunks."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from guard.attempt import window as window_module
from guard.attempt.window import Window


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(min_size=0, max_size=4000).map(lambda b: b.replace(b"\x00", b"\n")), max_size=60), st.integers(0, 5000))
def test_nothing_is_lost_and_all_is_counted(chunks, head_bytes):
    whole = b"".join(chunks)
    window = Window(head_bytes)
    old = window_module.TAIL_BYTES
    window_module.TAIL_BYTES = 3000
    try:
        for chunk in chunks:
            window.add(chunk)
    finally:
        window_module.TAIL_BYTES = old
    head, tail = window.head(), window.tail()
    assert window.total == len(whole)
    assert whole.startswith(head)
    assert whole.endswith(tail)
    assert len(head) + len(tail) + window.dropped_bytes == len(whole)
    dropped = whole[len(head) : len(whole) - len(tail)] if window.dropped_bytes else b""
    assert window.dropped_lines == dropped.count(b"\n")


def test_memory_is_bounded_for_many_small_chunks():
    window = Window(10)
    for _ in range(400_000):
        window.add(b"a line of forty bytes, again and again.\n")
    assert len(window.head()) + len(window.tail()) < window_module.TAIL_BYTES + (1 << 20)
    assert window.total == 400_000 * 40
