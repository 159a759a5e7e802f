"""Two parts of the standard library without the Python around them, which would make a pass half as slow again.

`signal` for its enums and `collections` for its other classes bring functools, operator, enum, keyword and reprlib along:
six milliseconds, as long as the interpreter itself takes to start. The C parts bring nothing; their numbers are plain.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections import deque
else:
    try:
        import _signal as signal
        from _collections import deque
    except ImportError:
        # They are CPython's own names, not a promise.
        import signal
        from collections import deque

__all__ = ["deque", "signal"]
