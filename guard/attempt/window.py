"""A bounded record of what a command printed: head, tail, and how much was dropped between them."""

from __future__ import annotations

from guard.attempt.bare import deque

HEAD_BYTES = 2 << 20
TAIL_BYTES = 12 << 20
_BLOCK = 128 << 10


class Window:
    """Takes chunks of bytes as they come; holds at most HEAD_BYTES + TAIL_BYTES and a little more."""

    __slots__ = ("_block", "_head", "_head_left", "_tail", "_tail_bytes", "dropped_bytes", "dropped_lines", "total")

    def __init__(self, head_bytes: int = HEAD_BYTES) -> None:
        """A window whose head takes the first `head_bytes` bytes."""
        self._head: list[bytes] = []
        self._head_left = head_bytes
        self._tail: deque[bytes] = deque()
        self._tail_bytes = 0
        self._block = bytearray()
        self.total = 0
        self.dropped_bytes = 0
        self.dropped_lines = 0

    def add(self, data: bytes) -> None:
        """Record a chunk."""
        size = len(data)
        self.total += size
        if self._head_left:
            part = data[: self._head_left]
            self._head.append(part)
            self._head_left -= len(part)
            if len(part) == size:
                return
            data = data[len(part) :]
            size = len(data)
        # Small chunks are gathered: two million one-line chunks would cost more in objects than in text.
        if size < 16384:
            self._block += data
            if len(self._block) < _BLOCK:
                return
            data = bytes(self._block)
            self._block.clear()
        elif self._block:
            self._push(bytes(self._block))
            self._block.clear()
        self._push(data)

    def _push(self, data: bytes) -> None:
        tail = self._tail
        tail.append(data)
        self._tail_bytes += len(data)
        while self._tail_bytes - len(tail[0]) >= TAIL_BYTES:
            old = tail.popleft()
            self._tail_bytes -= len(old)
            self.dropped_bytes += len(old)
            self.dropped_lines += old.count(b"\n")

    def head(self) -> bytes:
        """The first bytes; everything when nothing was dropped."""
        if self.dropped_bytes:
            return b"".join(self._head)
        return b"".join((*self._head, *self._tail, bytes(self._block)))

    def tail(self) -> bytes:
        """The last bytes; empty when nothing was dropped."""
        return b"".join((*self._tail, bytes(self._block))) if self.dropped_bytes else b""
