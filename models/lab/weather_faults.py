"""What bad weather does to one request: each kind is a function of the connection and of the answer that was due."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from models.lab.scenario import Weather
from models.lab.weather_store import Answer, Flow

_REASONS = {
    400: "Bad Request", 401: "Unauthorized", 402: "Payment Required", 403: "Forbidden", 404: "Not Found",
    407: "Proxy Authentication Required", 408: "Request Timeout", 410: "Gone", 418: "I'm a teapot", 429: "Too Many Requests",
    451: "Unavailable For Legal Reasons", 500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable",
    504: "Gateway Timeout", 507: "Insufficient Storage", 520: "Web Server Returned an Unknown Error", 522: "Connection Timed Out",
}  # fmt: skip


class Ended(Exception):
    """The connection is of no more use."""


@dataclass(frozen=True)
class Line:
    """One client's connection while one request is being answered."""

    sock: socket.socket
    over: threading.Event
    """Set when the lab closes: nobody waits any longer."""
    head: bool = False
    """Whether it was a HEAD request: no body."""

    def send(self, answer: Answer, length: int | None = None) -> None:
        """The whole answer, under another Content-Length than its own where one is given."""
        lines = [f"HTTP/1.1 {answer.status} {_REASONS.get(answer.status, 'OK' if answer.status == 200 else 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in answer.headers.items()]
        lines.append(f"Content-Length: {len(answer.body) if length is None else length}")
        self.sock.sendall("\r\n".join([*lines, "\r\n"]).encode("latin-1"))
        if not self.head:
            self.sock.sendall(answer.body)

    def relay(self, flow: Flow) -> None:
        """The answer as it arrives; in chunks where its length is not known."""
        lines = [f"HTTP/1.1 {flow.status} {_REASONS.get(flow.status, 'OK' if flow.status == 200 else 'Unknown')}"]
        lines += [f"{name}: {value}" for name, value in flow.headers.items()]
        lines.append("Transfer-Encoding: chunked" if flow.length is None else f"Content-Length: {flow.length}")
        self.sock.sendall("\r\n".join([*lines, "\r\n"]).encode("latin-1"))
        if self.head:
            return
        for chunk in flow.chunks:
            self.sock.sendall(b"%x\r\n%s\r\n" % (len(chunk), chunk) if flow.length is None else chunk)
        if flow.length is None:
            self.sock.sendall(b"0\r\n\r\n")

    def reset(self) -> None:
        """RST instead of an orderly end."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Ended

    def wait(self, seconds: float = 900.0) -> None:
        """Say nothing until the lab closes or the client has gone."""
        end = time.monotonic() + seconds
        self.sock.settimeout(0.5)
        while time.monotonic() < end and not self.over.is_set():
            try:
                if not self.sock.recv(4096):
                    raise Ended
            except TimeoutError:
                continue
            except OSError:
                raise Ended from None


Fault = Callable[[Line, Answer, Weather], None]


def status(line: Line, _due: Answer, weather: Weather) -> None:
    """The status that the kind names, with the page that such servers send."""
    code = int(weather.kind)
    headers = {"Content-Type": "text/html", "Server": ("nginx/1.24.0", "cloudfront", "Varnish", "openresty")[weather.seed % 4]}
    if weather.retry_after:
        headers["Retry-After"] = weather.retry_after
    if code == 401:
        headers["WWW-Authenticate"] = 'Basic realm="packages"'
    if code == 407:
        headers["Proxy-Authenticate"] = 'Basic realm="egress"'
    reason = _REASONS.get(code, "Error")
    page = f"<html>\r\n<head><title>{code} {reason}</title></head>\r\n<body>\r\n<center><h1>{code} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
    line.send(Answer(code, page.encode(), headers))


def quota(line: Line, _due: Answer, weather: Weather) -> None:
    """A limit by address that comes as 403, as an API of a code host sends it."""
    text = b'{"message":"API rate limit exceeded for 203.0.113.9. (But here\'s the good news: Authenticated requests get a higher rate limit.)"}\n'
    headers = {"Content-Type": "application/json; charset=utf-8", "X-RateLimit-Limit": "60", "X-RateLimit-Remaining": "0"}
    if weather.retry_after:
        headers["Retry-After"] = weather.retry_after
    line.send(Answer(403, text, headers))


def missing(line: Line, _due: Answer, _weather: Weather) -> None:
    """A stale index: what exists is said not to."""
    line.send(Answer(404, b'{"error":"Not found"}\n', {"Content-Type": "application/json"}))


def reset(line: Line, _due: Answer, _weather: Weather) -> None:
    """RST before an answer."""
    line.reset()


def reset_body(line: Line, due: Answer, _weather: Weather) -> None:
    """RST in the middle of the body."""
    line.send(Answer(due.status, due.body[: len(due.body) // 2], due.headers), len(due.body))
    time.sleep(0.3)
    line.reset()


def close(_line: Line, _due: Answer, _weather: Weather) -> None:
    """An orderly end instead of an answer."""
    raise Ended


def stall(line: Line, due: Answer, _weather: Weather) -> None:
    """The headers and a little of the body, then silence."""
    line.send(Answer(due.status, due.body[:512] if len(due.body) > 512 else b"", due.headers), len(due.body))
    line.wait()


def silent(line: Line, _due: Answer, _weather: Weather) -> None:
    """The request is read and never answered."""
    line.wait()


def slow(line: Line, due: Answer, _weather: Weather) -> None:
    """Sixteen bytes every half second."""
    line.send(Answer(due.status, b"", due.headers), len(due.body))
    for start in range(0, len(due.body), 16):
        line.sock.sendall(due.body[start : start + 16])
        if line.over.wait(0.5):
            raise Ended


def late(line: Line, due: Answer, weather: Weather) -> None:
    """The right answer after some seconds: `retry_after` of them, three by default."""
    line.over.wait(float(weather.retry_after or 3))
    line.send(due)


def truncate(line: Line, due: Answer, _weather: Weather) -> None:
    """The right Content-Length, half of the body, the end of the connection."""
    line.send(Answer(due.status, due.body[: len(due.body) // 2], due.headers), len(due.body))
    raise Ended


def cut(line: Line, due: Answer, _weather: Weather) -> None:
    """A chunked body whose last chunks never come."""
    headers = "".join(f"{name}: {value}\r\n" for name, value in due.headers.items())
    half = due.body[: max(1, len(due.body) // 2)]
    line.sock.sendall(f"HTTP/1.1 {due.status} OK\r\n{headers}Transfer-Encoding: chunked\r\n\r\n".encode("latin-1"))
    line.sock.sendall(b"%x\r\n%s\r\n" % (len(half), half))
    raise Ended


def short(line: Line, due: Answer, _weather: Weather) -> None:
    """Half of the body as though that were all: the client ends up with a cut file."""
    line.send(Answer(due.status, due.body[: len(due.body) // 2], due.headers))


def flip(line: Line, due: Answer, weather: Weather) -> None:
    """Some bytes in the middle are others."""
    body, chance = bytearray(due.body), random.Random(weather.seed)
    for _ in range(max(8, len(body) // 400)):
        at = chance.randrange(len(body) // 3, len(body)) if len(body) > 3 else 0
        body[at : at + 1] = bytes([body[at] ^ 0x5A]) if body else b""
    line.send(Answer(due.status, bytes(body), due.headers))


def html(line: Line, _due: Answer, _weather: Weather) -> None:
    """A page that says 200 in place of the file: a captive portal, a maintenance notice."""
    page = b"<!DOCTYPE html><html><head><title>Scheduled maintenance</title></head><body>We will be back shortly.</body></html>\n"
    line.send(Answer(200, page, {"Content-Type": "text/html; charset=utf-8"}))


def empty(line: Line, due: Answer, _weather: Weather) -> None:
    """200 and nothing."""
    line.send(Answer(200, b"", due.headers))


def garbage(line: Line, _due: Answer, _weather: Weather) -> None:
    """Bytes that are no HTTP."""
    line.sock.sendall(b"\x16\x03\x01\x02\x00 SSH-2.0-OpenSSH_9.2p1\r\n\r\n")
    raise Ended


def loop(line: Line, _due: Answer, weather: Weather) -> None:
    """A redirect to itself."""
    line.send(Answer(302, b"", {"Location": f"?again={weather.seed}"}))


OF_ITS_OWN = frozenset({"quota", "missing", "reset", "close", "silent", "html", "garbage", "loop"})
"""Faults, beside those that are a status, that need nothing of the answer that was due: the upstream is not asked."""

FAULTS: dict[str, Fault] = {
    fault.__name__: fault
    for fault in (quota, missing, reset, reset_body, close, stall, silent, slow, late, truncate, cut, short, flip, html, empty, garbage, loop)
}


def fault_of(kind: str) -> Fault | None:
    """The fault of this kind; none where the weather is the connection's or the name's matter."""
    return status if kind.isdigit() else FAULTS.get(kind)
