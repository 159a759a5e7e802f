"""The lab's registry on the loopback: calm weather serves, each kind of bad weather does to a client what it says."""

from __future__ import annotations

import os
import re
import shutil
import socket
import ssl
import threading
import time
from pathlib import Path

import pytest
import requests

from models.lab.scenario import Weather
from models.lab.weather_address import RANGE
from models.lab.weather_ports import Port
from models.lab.weather_schedule import Schedule
from models.lab.weather_store import Store

BODY = bytes(range(256)) * 40


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    folder = tmp_path / "files" / "releases"
    folder.mkdir(parents=True)
    (folder / "thing.bin").write_bytes(BODY)
    (tmp_path / "files" / "pypi").mkdir()
    (tmp_path / "files" / "pypi" / "Tide_Tables-1.0-py3-none-any.whl").write_bytes(b"wheel")
    return tmp_path


class _Place:
    def __init__(self, shelf: Path, weather: Weather) -> None:
        self.schedule = Schedule(weather)
        self.port = Port(("127.0.0.1", 0), self.schedule, Store(shelf), threading.Event())

    def __enter__(self) -> _Place:
        self.port.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.port.__exit__(None, None, None)

    def begin(self) -> None:
        self.schedule.begin()
        self.port.begin()

    def get(self, path: str = "/files/releases/thing.bin", timeout: float = 1.0) -> requests.Response:
        return requests.get(f"http://127.0.0.1:{self.port.number}{path}", timeout=timeout)


def test_before_it_begins_all_is_calm(shelf: Path) -> None:
    with _Place(shelf, Weather("503")) as place:
        assert place.get().content == BODY
        place.begin()
        assert place.get().status_code == 503


def test_hits_are_counted_and_paths_are_matched(shelf: Path) -> None:
    with _Place(shelf, Weather("429", hits=2, path="thing", retry_after="7")) as place:
        place.begin()
        assert place.get("/pypi/simple/tide-tables/").status_code == 200
        first = place.get()
        assert (first.status_code, first.headers["Retry-After"]) == (429, "7")
        assert [place.get().status_code for _ in range(2)] == [429, 200]


def test_an_outage_ends_after_its_seconds(shelf: Path) -> None:
    with _Place(shelf, Weather("502", seconds=0.4)) as place:
        place.begin()
        assert place.get().status_code == 502
        time.sleep(0.5)
        assert place.get().status_code == 200


def test_a_closed_port_refuses_and_opens_again(shelf: Path) -> None:
    with _Place(shelf, Weather("refused", seconds=0.5)) as place:
        place.begin()
        with pytest.raises(requests.ConnectionError, match="refused"):
            place.get()
        time.sleep(0.8)
        assert place.get().status_code == 200


def test_a_port_that_never_answers_lets_connections_time_out(shelf: Path) -> None:
    with _Place(shelf, Weather("no_answer")) as place:
        place.begin()
        with pytest.raises(requests.ConnectTimeout):
            place.get()


@pytest.mark.parametrize("kind", ["reset", "reset_body", "close", "cut", "garbage"])
def test_a_connection_that_breaks(shelf: Path, kind: str) -> None:
    with _Place(shelf, Weather(kind, hits=1)) as place:
        place.begin()
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            place.get()
        assert place.get().content == BODY


@pytest.mark.parametrize("kind", ["silent", "stall", "slow"])
def test_a_server_that_does_not_finish(shelf: Path, kind: str) -> None:
    with _Place(shelf, Weather(kind, hits=1)) as place:
        place.begin()
        with socket.create_connection(("127.0.0.1", place.port.number), timeout=0.4) as client:
            client.sendall(b"GET /files/releases/thing.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            end, got = time.monotonic() + 1.5, b""
            while time.monotonic() < end:
                try:
                    got += client.recv(65536)
                except TimeoutError:
                    continue
            assert len(got) < len(BODY)
            assert (got == b"") == (kind == "silent")


def test_bodies_are_spoiled_in_their_own_ways(shelf: Path) -> None:
    seen = {}
    for kind in ("short", "flip", "html", "empty"):
        with _Place(shelf, Weather(kind)) as place:
            place.begin()
            seen[kind] = place.get()
    assert seen["short"].content == BODY[: len(BODY) // 2]
    assert len(seen["flip"].content) == len(BODY)
    assert seen["flip"].content != BODY
    assert "text/html" in seen["html"].headers["Content-Type"]
    assert seen["empty"].content == b""


def test_the_same_seed_flips_the_same_bytes(shelf: Path) -> None:
    bodies = []
    for seed in (3, 3, 4):
        with _Place(shelf, Weather("flip", seed=seed)) as place:
            place.begin()
            bodies.append(place.get().content)
    assert bodies[0] == bodies[1] != bodies[2]


def test_truncated_bodies_keep_their_length_header(shelf: Path) -> None:
    with _Place(shelf, Weather("truncate")) as place:
        place.begin()
        with socket.create_connection(("127.0.0.1", place.port.number), timeout=2) as client:
            client.sendall(b"GET /files/releases/thing.bin HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b"".join(iter(lambda: client.recv(65536), b""))
        head, _, body = got.partition(b"\r\n\r\n")
        assert f"Content-Length: {len(BODY)}".encode() in head
        assert len(body) == len(BODY) // 2


def test_names_of_python_packages_are_normalized(shelf: Path) -> None:
    page = Store(shelf).answer("/pypi/simple/tide.tables/", "http://x")
    assert b"Tide_Tables-1.0-py3-none-any.whl#sha256=" in page.body


def test_nothing_outside_the_shelf_is_served(shelf: Path) -> None:
    (shelf.parent / "secret").write_text("no")
    assert Store(shelf).answer("/files/../../secret", "http://x").status == 404


@pytest.mark.skipif(os.geteuid() != 0, reason="name spaces and port 53 need root")
def test_a_place_under_bad_names_cannot_resolve() -> None:
    from models.lab.place import place
    from models.lab.scenario import Case

    script = "python3 -c \"import socket,os; socket.getaddrinfo(os.environ['LAB_HOST'], 80)\""
    with place(Case("name", script, weather=Weather("dns_again"))) as here:
        done = here.bare()
    assert done.exit_code == 1
    assert "Temporary failure in name resolution" in done.output


@pytest.mark.skipif(os.geteuid() != 0, reason="a host name of its own needs root")
@pytest.mark.parametrize(("kind", "said"), [("tls_expired", "expired"), ("tls_host", "not valid for"), ("tls", "self-signed|self signed"), ("calm", "^$")])
def test_certificates_are_bad_in_their_own_ways(kind: str, said: str) -> None:
    from models.lab.weather import Sky

    with Sky(Weather(kind)) as sky:
        sky.begin()
        trust = ssl.create_default_context(cafile=sky.environment()["LAB_CA"])
        error = ""
        try:
            with socket.create_connection((sky.address, 443), timeout=5) as raw, trust.wrap_socket(raw, server_hostname=sky.host):
                pass
        except ssl.SSLError as found:
            error = str(found)


    assert re.search(said, error)


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="another address needs root and iproute2")
def test_the_registry_has_an_address_that_is_not_the_loopbacks() -> None:
    from models.lab.weather_address import own_address

    with own_address() as one, own_address() as other:
        assert one != other
        assert re.fullmatch(RANGE, one)
        with socket.create_server((one, 0)) as server, socket.create_connection(server.getsockname(), timeout=2):
            pass
    with pytest.raises(OSError), socket.create_server((one, 0)):
        pass


def test_a_corpus_shows_another_address() -> None:
    from models.lab.place import place
    from models.lab.record import anonymous
    from models.lab.scenario import Case

    with place(Case("x", "true")) as here:
        shown = anonymous("connect to 198.18.7.9 port 443; read tcp 198.18.7.9:4711->198.18.7.9:443: reset; 198.20.1.1", here)
    assert shown == "connect to 203.0.113.17 port 443; read tcp 10.1.0.24:4711->203.0.113.17:443: reset; 198.20.1.1"
