"""The lab as a live proxy: what an upstream sends passes through as it arrives, is kept, and is spoiled by the weather."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from models.lab.scenario import Weather
from models.lab.weather_live import Live
from models.lab.weather_ports import Port
from models.lab.weather_schedule import Schedule
from models.lab.weather_store import Store

WHEEL = bytes(range(256)) * 1000


class Upstream:
    """A registry whose files lie on another host than its pages, as those of Python's and Rust's do."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.go_on = threading.Event()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}"
        self.files = f"http://localhost:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.go_on.set()
        self.server.shutdown()
        self.server.server_close()

    def _handler(self) -> type[http.server.BaseHTTPRequestHandler]:
        upstream = self

        class Answer(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                upstream.asked.append(self.path)
                if self.path == "/simple/tide/":
                    page = f'<a href="{upstream.files}/tide-1.whl#sha256=aa">1</a><a href="../../tide-2.whl#sha256=bb">2</a>'
                    self._send(200, page.encode(), "text/html")
                elif self.path.endswith(".whl"):
                    self._send(200, WHEEL, "application/zip")
                elif self.path == "/simple/busy/":
                    self._send(503, b"later\n", "text/plain")
                elif self.path == "/mod/long.zip":
                    self._in_two(WHEEL)
                elif self.path == "/mod/torn.zip":
                    self._in_two(WHEEL[:1000])
                else:
                    self._send(404, b"no\n", "text/plain")

            def _send(self, status: int, body: bytes, kind: str) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def _in_two(self, body: bytes) -> None:
                """The second half when it is told to; the length is that of the whole wheel."""
                self.send_response(200)
                self.send_header("Content-Length", str(len(WHEEL)))
                self.end_headers()
                self.wfile.write(body[: len(body) // 2])
                self.wfile.flush()
                upstream.go_on.wait(20)
                self.wfile.write(body[len(body) // 2 :])
                self.close_connection = True

            def log_message(self, *words: object) -> None:
                return

        return Answer


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    there = Upstream()
    yield there
    there.close()


class Lab:
    """The lab's registry in front of the upstream, under some weather."""

    def __init__(self, folder: Path, upstream: Upstream, weather: Weather | None = None, *, offline: bool = False) -> None:
        origins = {"pypi": f"{upstream.address}/simple", "go": f"{upstream.address}/mod"}
        self.live = Live(Store(folder / "shelf"), folder / "kept", origins, offline)
        self.schedule = Schedule(weather or Weather("calm"))
        self.port = Port(("127.0.0.1", 0), self.schedule, self.live, threading.Event())
        self.base = f"http://127.0.0.1:{self.port.number}"

    def __enter__(self) -> Lab:
        self.port.__enter__()
        self.schedule.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self.port.__exit__(None, None, None)

    def get(self, path: str, *, stream: bool = False) -> requests.Response:
        return requests.get(self.base + path if path.startswith("/") else path, timeout=10, stream=stream)

    def links(self) -> list[str]:
        page = self.get("/pypi/simple/tide/").text
        return [part.split('"')[0].split("#")[0] for part in page.split('href="')[1:]]


def test_a_registry_is_passed_on_and_a_second_play_needs_no_network(tmp_path: Path, upstream: Upstream) -> None:
    with Lab(tmp_path, upstream) as lab:
        links = lab.links()
        assert all(link.startswith(f"{lab.base}/via/pypi/") for link in links)
        assert [lab.get(link).content for link in links] == [WHEEL, WHEEL]
        assert lab.get("/pypi/simple/none/").status_code == 404
    asked = len(upstream.asked)
    upstream.close()
    with Lab(tmp_path, upstream, offline=True) as lab:
        assert [lab.get(link).content for link in lab.links()] == [WHEEL, WHEEL]
        assert lab.get("/pypi/simple/none/").status_code == 404
        assert not lab.live.troubles
        assert lab.get("/pypi/simple/other/").status_code == 504
        assert lab.live.troubles
    assert len(upstream.asked) == asked


def test_a_body_is_passed_on_as_it_arrives(tmp_path: Path, upstream: Upstream) -> None:
    with Lab(tmp_path, upstream) as lab:
        answer = lab.get("/go/long.zip", stream=True)
        first = answer.raw.read(1000)
        assert not upstream.go_on.is_set()
        upstream.go_on.set()
        assert first + answer.raw.read() == WHEEL
        # What arrived is kept a moment after the client has its last byte.
        for _ in range(50):
            asked = upstream.asked.count("/mod/long.zip")
            assert lab.get("/go/long.zip").content == WHEEL
            if upstream.asked.count("/mod/long.zip") == asked:
                return
            time.sleep(0.1)
        pytest.fail("a second play asked the upstream again")


def test_what_breaks_off_upstream_breaks_off_here_and_is_not_kept(tmp_path: Path, upstream: Upstream) -> None:
    upstream.go_on.set()
    with Lab(tmp_path, upstream) as lab:
        for _ in range(2):
            with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
                lab.get("/go/torn.zip")
        assert lab.live.troubles
    assert upstream.asked.count("/mod/torn.zip") == 2
    assert not list((tmp_path / "kept").glob("*.part"))


def test_the_upstreams_own_trouble_passes_and_is_forgotten(tmp_path: Path, upstream: Upstream) -> None:
    with Lab(tmp_path, upstream) as lab:
        assert [lab.get("/pypi/simple/busy/").status_code for _ in range(2)] == [503, 503]
    assert upstream.asked.count("/simple/busy/") == 2
    upstream.close()
    with Lab(tmp_path, upstream) as lab:
        assert lab.get("/pypi/simple/busy/").status_code == 502
        assert lab.live.troubles


def test_only_hosts_that_a_page_linked_to_are_asked(tmp_path: Path, upstream: Upstream) -> None:
    with Lab(tmp_path, upstream) as lab:
        for path in ("/via/pypi/0badc0de/tide-1.whl", f"/via/pypi/{upstream.files}/tide-1.whl", "/via/", "/npm/lodash", "/../etc/passwd"):
            assert lab.get(path).status_code == 404
    assert not upstream.asked


def test_credentials_of_the_clients_configuration_show_nowhere(tmp_path: Path, upstream: Upstream) -> None:
    with Lab(tmp_path, upstream) as lab:
        lab.live.origins = {"pypi": upstream.address.replace("//", "//robin:s3cret-word@") + "/simple"}
        for link in lab.links():
            assert lab.get(link).content == WHEEL
            assert "s3cret" not in link
    assert all(b"s3cret" not in file.read_bytes() for file in (tmp_path / "kept").iterdir())


def test_the_weather_strikes_what_is_live(tmp_path: Path, upstream: Upstream) -> None:
    upstream.go_on.set()
    with Lab(tmp_path, upstream, Weather("flip", path="whl")) as lab:
        spoiled = lab.get(lab.links()[0]).content
        assert len(spoiled) == len(WHEEL)
        assert spoiled != WHEEL
    asked = len(upstream.asked)
    with Lab(tmp_path, upstream, Weather("429", hits=1)) as lab:
        assert [lab.get("/pypi/simple/tide/").status_code for _ in range(2)] == [429, 200]
    assert len(upstream.asked) == asked  # what answers for itself asks nobody; the page was kept


def test_a_schedule_by_count_and_by_seed() -> None:
    def struck(weather: Weather) -> str:
        schedule = Schedule(weather)
        schedule.begin()
        return "".join(".x"[schedule.strikes("/")] for _ in range(40))

    assert struck(Weather("503", after=3, hits=2)).startswith("...xx...")
    some = struck(Weather("503", chance=0.5, seed=4))
    assert some == struck(Weather("503", chance=0.5, seed=4)) != struck(Weather("503", chance=0.5, seed=5))
    assert 8 < some.count("x") < 32
