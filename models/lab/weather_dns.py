"""A name server for one place: it knows the registry's names, or behaves as name servers do in bad weather."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterable
from types import TracebackType

from models.lab.weather_schedule import Schedule

_NXDOMAIN, _SERVFAIL = 3, 2


class Resolver:
    """Answers A queries on UDP port 53 of the address; needs root."""

    def __init__(self, address: str, names: Iterable[str], schedule: Schedule) -> None:
        self._address, self._names, self._schedule = address, frozenset(names), schedule
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))

    def __enter__(self) -> Resolver:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._socket.close()

    def _serve(self) -> None:
        while True:
            try:
                query, client = self._socket.recvfrom(4096)
                reply = self._reply(query)
                if reply:
                    self._socket.sendto(reply, client)
            except OSError:
                return
            except (IndexError, struct.error, UnicodeDecodeError):
                continue

    def _reply(self, query: bytes) -> bytes:
        name, end = _name(query)
        (kind,) = struct.unpack_from(">H", query, end)
        question = query[12 : end + 4]
        weather = self._schedule.weather.kind
        if weather.startswith("dns") and self._schedule.strikes(name):
            if weather == "dns_silent":
                return b""
            return _header(query, _SERVFAIL if weather == "dns_again" else _NXDOMAIN, 0) + question
        if name.lower() not in self._names:
            return _header(query, _NXDOMAIN, 0) + question
        if kind != 1:
            return _header(query, 0, 0) + question
        record = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 5, 4) + socket.inet_aton(self._address)
        return _header(query, 0, 1) + question + record


def _name(query: bytes) -> tuple[str, int]:
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("ascii"))
        at += 1 + query[at]
    return ".".join(labels), at + 1


def _header(query: bytes, code: int, answers: int) -> bytes:
    return query[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, answers, 0, 0)
