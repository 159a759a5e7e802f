"""The weather: a loopback registry between real package clients and real packages that does what networks do."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from types import TracebackType

from models.lab.scenario import Weather
from models.lab.upstreams import upstreams
from models.lab.weather_address import own_address
from models.lab.weather_dns import Resolver
from models.lab.weather_live import Live
from models.lab.weather_ports import Port
from models.lab.weather_schedule import Schedule
from models.lab.weather_stock import CACHE, stocked
from models.lab.weather_store import Store
from models.lab.weather_tls import Certificates

HOST = "registry.example"
"""What the registry is called inside a place that has root; 127.0.0.1 elsewhere."""

NAMES = (HOST, "packages.acme.example", "mirror.build.example", "artifacts.corp.example", "cache.ci.example", "dl.example.net")
"""The registry answers to each of these; which one a case's scripts see follows from its seed."""

SHOWN_ADDRESS = "203.0.113.17"
"""What a corpus shows for the address: the loopback would read like a service under test."""

_OFF_NETWORK = ("unreachable", "no_route")
"""Kinds that need a network name space of their own: nothing leaves it."""


class Sky:
    """A running registry with the weather of one case; without weather it is not started.

    Kinds beside a status, per request: missing, quota (a rate limit as 403), reset, reset_body, close, stall, silent, slow, truncate, short, cut,
    flip, html, empty, garbage, loop, late (by `retry_after` seconds). Per connection (no `path`, no `hits`): refused, no_answer, tls, tls_expired,
    tls_host, tls_plain, tls_reset, tls_silent, tls_old, unreachable, no_route. By name: dns, dns_again, dns_silent.
    `calm` is no weather at all: a registry for what passes, or for what fails for a reason of its own.
    """

    def __init__(self, weather: Weather | None) -> None:
        self._weather = weather
        self.needed = weather is not None
        self._stack = ExitStack()
        self._environment: dict[str, str] = {}
        self._ports: list[Port] = []
        self.schedule = Schedule(weather or Weather("calm"))
        seed = weather.seed if weather else 1
        root = os.geteuid() == 0
        self.host = NAMES[(seed - 1) % len(NAMES)] if root else "127.0.0.1"
        self.address = "127.0.0.1"
        self.live: Live | None = None

    @property
    def kind(self) -> str:
        """The weather's kind; empty where there is none."""
        return self._weather.kind if self._weather else ""

    def __enter__(self) -> Sky:
        if self._weather is not None:
            try:
                self._open(self._weather)
            except BaseException:
                self._stack.close()
                raise
        return self

    def _open(self, weather: Weather) -> None:
        self.address = self._stack.enter_context(own_address())
        shelf, over = stocked(), threading.Event()
        if weather.live:
            self.live = Live(shelf, CACHE / "weather-live", upstreams(), offline=bool(os.environ.get("PIPEGUARD_LAB_OFFLINE")))
        store: Store | Live = self.live or shelf
        self._stack.callback(over.set)
        certificates = Certificates.ready(NAMES)
        root = os.geteuid() == 0
        plain = Port((self.address, 80 if root else 0), self.schedule, store, over)
        secure = Port((self.address, 443 if root else 0), self.schedule, store, over, certificates)
        self._ports = [plain, secure]
        for port in self._ports:
            self._stack.enter_context(port)
        if root:
            self._stack.enter_context(Resolver(self.address, NAMES, self.schedule))
        http = f"http://{self.host}" + ("" if root else f":{plain.number}")
        https = f"https://{self.host}" + ("" if root else f":{secure.number}")
        self._environment = {
            "LAB_HOST": self.host,
            "LAB_PORT": str(plain.number),
            "LAB_URL": http,
            "LAB_HTTPS": https,
            "LAB_CA": str(certificates.authority),
            "LAB_TRUST": str(certificates.java_trust),
            **certificates.trusted(),
        }

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.close()

    def begin(self) -> None:
        """From now on requests meet the weather; before, all is calm."""
        self.schedule.begin()
        for port in self._ports:
            port.begin()

    def environment(self, *, calm: bool = False) -> dict[str, str]:
        """LAB_HOST, LAB_PORT, LAB_URL, LAB_HTTPS and the variables by which clients trust the lab's authority."""
        del calm
        return dict(self._environment)

    def hosts(self, *, calm: bool = False) -> str:
        """The lines for the place's own hosts file: none where the weather decides what the name resolves to."""
        if calm:
            return f"{self.address} {' '.join(NAMES)}\n"
        if self.kind.startswith("dns"):
            return ""
        address = "198.51.100.7" if self.kind in _OFF_NETWORK else self.address
        return f"{address} {' '.join(NAMES)}\n"

    def resolver(self) -> str:
        """The place's own resolv.conf; empty: the machine's."""
        return f"nameserver {self.address}\noptions timeout:1 attempts:2\n" if self.kind.startswith("dns") else ""

    def route(self) -> str:
        """A shell command that makes the network of the place's own name space; empty: the machine's network."""
        if self.kind == "unreachable":
            return "ip link set lo up"
        return "ip link set lo up && ip route add unreachable 198.51.100.7" if self.kind == "no_route" else ""
