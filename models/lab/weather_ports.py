"""One listening port of the lab's registry, and the weather that strikes connections before any request is read."""

from __future__ import annotations

import os
import socket
import ssl
import struct
import threading
import time
from types import TracebackType

from models.lab.weather_faults import OF_ITS_OWN, Ended, Line, fault_of
from models.lab.weather_git import git_answer
from models.lab.weather_live import Live
from models.lab.weather_schedule import Schedule
from models.lab.weather_store import NOT_FOUND, Answer, Store
from models.lab.weather_tls import Certificates


class Port:
    """Serves the store under the schedule's weather, over TLS where there are certificates; a thread per connection."""

    def __init__(
        self, address: tuple[str, int], schedule: Schedule, store: Store | Live, over: threading.Event, certificates: Certificates | None = None
    ) -> None:
        self._schedule, self._store, self._over = schedule, store, over
        self._certificates = certificates
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.number = address[1] or _free(address[0])
        self._socket.bind((address[0], self.number))  # a port that the kernel chose would be lost when it closes
        self._open = threading.Event()
        self._fillers: list[socket.socket] = []
        self._kind = schedule.weather.kind

    def __enter__(self) -> Port:
        self._socket.listen(64)
        self._open.set()
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        for filler in self._fillers:
            filler.close()
        with _Quiet():
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def begin(self) -> None:
        """The calm is over: a port that refuses closes, one that never answers lets its queue fill."""
        if self._kind not in ("refused", "no_answer"):
            return
        self._open.clear()
        self._socket.shutdown(socket.SHUT_RDWR)  # a bound socket that does not listen refuses
        time.sleep(0.05)
        if self._kind == "no_answer":
            self._socket.listen(0)
            self._fill()
        seconds = self._schedule.weather.seconds
        if seconds is not None:
            timer = threading.Timer(seconds, self._reopen)
            timer.daemon = True
            timer.start()

    def _fill(self) -> None:
        """Connections that nobody accepts: with the queue full the kernel drops each further SYN."""
        for _ in range(3):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(self._socket.getsockname())
            self._fillers.append(filler)
        time.sleep(0.05)

    def _reopen(self) -> None:
        if self._over.is_set():
            return
        for filler in self._fillers:
            filler.close()
        self._kind = "calm"
        self._socket.listen(64)
        self._open.set()

    def _accept(self) -> None:
        while not self._over.is_set():
            if not self._open.wait(0.2):
                continue
            try:
                client, _ = self._socket.accept()
            except OSError:
                time.sleep(0.02)
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, raw: socket.socket) -> None:
        client = raw
        try:
            with _Quiet():
                client = self._secured(raw)
                self._requests(client)
        finally:
            with _Quiet():
                client.close()

    def _secured(self, raw: socket.socket) -> socket.socket:
        if self._certificates is None:
            return raw
        raw.settimeout(120)
        kind = self._kind if self._kind.startswith("tls") and self._schedule.strikes("") else ""
        if kind == "tls_plain":
            raw.recv(4096)
            raw.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            raise OSError
        if kind == "tls_reset":
            raw.recv(1)
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise OSError
        if kind == "tls_silent":
            Line(raw, self._over).wait()
            raise OSError
        return self._certificates.context(kind).wrap_socket(raw, server_side=True)

    def _requests(self, client: socket.socket) -> None:
        client.settimeout(120)
        reader = client.makefile("rb")
        while not self._over.is_set():
            first = reader.readline(65536)
            if not first.strip():
                return
            method, target, version = first.decode("latin-1").split(None, 2)
            headers: dict[str, str] = {}
            while (text := reader.readline(65536).decode("latin-1").strip()) != "":
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            if headers.get("expect", "").lower() == "100-continue":
                client.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = _body(reader, headers)
            try:
                self._answer(Line(client, self._over, method == "HEAD"), method, target, headers, body)
            except Ended:
                if isinstance(client, ssl.SSLSocket) and self._kind not in ("reset", "reset_body"):
                    client.settimeout(1)
                    client.unwrap()  # an orderly end says so
                return
            if headers.get("connection", "").lower() == "close" or "HTTP/1.0" in version:
                return
            client.settimeout(120)

    def _answer(self, line: Line, method: str, target: str, headers: dict[str, str], body: bytes) -> None:
        if "://" in target:  # a client that takes this for its proxy
            target = "/" + target.split("/", 3)[3] if target.count("/") > 2 else "/"
        scheme = "https" if self._certificates else "http"
        base = f"{scheme}://{headers.get('host', '')}"
        weather = self._schedule.weather
        fault = fault_of(weather.kind)
        if fault is None or not self._schedule.strikes(target):
            flow = self._store.flow(target, base, headers) if method in ("GET", "HEAD") else None
            due = self._due(method, target, headers, body, base) if flow is None else NOT_FOUND
            _trace(method, target, flow.status if flow else due.status)
            line.relay(flow) if flow else line.send(due)
            return
        _trace(method, target, weather.kind)
        itself = weather.kind.isdigit() or weather.kind in OF_ITS_OWN
        fault(line, NOT_FOUND if itself else self._due(method, target, headers, body, base), weather)

    def _due(self, method: str, target: str, headers: dict[str, str], body: bytes, base: str) -> Answer:
        if target.startswith("/git/"):
            return git_answer(self._store.root / "git", method, target.removeprefix("/git"), headers, body)
        if method == "GET" or method == "HEAD":
            answer = self._store.answer(target, base, headers)
            tag = answer.headers.get("ETag")
            return Answer(304, b"", answer.headers) if tag and headers.get("if-none-match") == tag else answer
        if target.startswith("/files/upload"):
            return Answer(201, b"created\n", {"Content-Type": "text/plain"})
        return NOT_FOUND


def _trace(method: str, target: str, came: int | str) -> None:
    if os.environ.get("PIPEGUARD_LAB_TRACE"):
        os.write(2, f"weather: {method} {target} -> {came}\n".encode())


def _free(host: str) -> int:
    with socket.socket() as probe:
        probe.bind((host, 0))
        return int(probe.getsockname()[1])


def _body(reader: object, headers: dict[str, str]) -> bytes:
    read = reader.read  # type: ignore[attr-defined]
    if headers.get("transfer-encoding", "").lower() == "chunked":
        parts = []
        while (size := int(reader.readline().split(b";")[0] or b"0", 16)) > 0:  # type: ignore[attr-defined]
            parts.append(read(size))
            reader.readline()  # type: ignore[attr-defined]
        reader.readline()  # type: ignore[attr-defined]
        return b"".join(parts)
    return bytes(read(int(headers.get("content-length") or 0)))


class _Quiet:
    """A client that goes away is no news."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> bool:
        return kind is not None and issubclass(kind, (OSError, ValueError, Ended))
