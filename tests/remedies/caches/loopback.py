"""A server on this machine for as long as a block lasts."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@contextlib.contextmanager
def serving(handler: type[BaseHTTPRequestHandler], wait_s: float, path: str) -> Iterator[str]:
    """The server's address with a path; each answer of the handler comes after `wait_s` seconds."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Own", (handler,), {"wait_s": wait_s}))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{path}"
    finally:
        server.shutdown()
        server.server_close()
