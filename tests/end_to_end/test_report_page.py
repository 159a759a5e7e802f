"""The page in a real browser: light, dark, on a phone; nothing overflows, complains, or is asked of any server."""

from __future__ import annotations

import html
import json
import re
import shutil
import struct
import subprocess
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from guard.report.html_page import page
from guard.report.trends.summing import trends
from tests.bench import invented_runs
from tests.unit.test_report_formats import MADE_AT, hostile, made_up

pytestmark = pytest.mark.tools
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
# The page as a guest of a page of ours, which measures it: a window of a browser without a screen has a least width.
FRAME = """<!doctype html><link rel="icon" href="data:,"><body style="margin:0">{frames}
<pre id="found"></pre><script>
var found = {{}}, frames = document.querySelectorAll("iframe");
frames.forEach(function (frame, at) {{ frame.onload = function () {{
  var inner = this.contentDocument, root = inner.documentElement, body = inner.body;
  var shown = Array.prototype.filter.call(inner.querySelectorAll("section.view"), function (one) {{ return one.offsetHeight > 0; }});
  var wide = Array.prototype.filter.call(inner.querySelectorAll("main *"), function (one) {{
    return !one.closest(".scroll") && one.getBoundingClientRect().right > root.clientWidth + 1;
  }});
  var texts = Array.prototype.map.call(inner.querySelectorAll("svg text"), function (one) {{
    return one.getBoundingClientRect().height;
  }}).filter(function (height) {{ return height > 0; }});
  found[at] = {{
    width: root.scrollWidth, client: root.clientWidth, height: body.scrollHeight,
    background: getComputedStyle(body).backgroundColor, ink: getComputedStyle(body).color,
    views: shown.map(function (one) {{ return one.id; }}), form: !inner.querySelector("form").hidden,
    options: Array.prototype.map.call(inner.querySelectorAll("select"), function (one) {{ return one.options.length; }}),
    lists: Array.prototype.filter.call(inner.querySelectorAll("select"), function (one) {{ return one.offsetHeight > 0; }}).length,
    chosen: Array.prototype.map.call(inner.querySelectorAll("select"), function (one) {{ return one.selectedIndex < 0 ? "" : one.options[one.selectedIndex].text; }}),
    wide: wide.map(function (one) {{ return one.outerHTML.slice(0, 120); }}), smallest: Math.min.apply(null, texts),
    title: inner.title, scripts: inner.scripts.length
  }};
  if (Object.keys(found).length === frames.length) document.getElementById("found").textContent = JSON.stringify(found);
}}; }});
</script></body>"""


@dataclass
class Place:
    """A folder served on this machine, and what was asked of it."""

    folder: Path
    port: int
    asked: list[str] = field(default_factory=list)

    def visit(self, browser: str, *flags: str, at: Sequence[tuple[int, str]] = ((1100, ""),)) -> tuple[list[dict[str, Any]], list[str]]:
        """What the page is like at each of these widths and fragments, and what the console said."""
        frames = "".join(f'<iframe src="page.html{target}" width="{width}" height="2400" style="border:0"></iframe>' for width, target in at)
        (self.folder / "frame.html").write_text(FRAME.format(frames=frames))
        self.asked.clear()
        done = run_browser(browser, self.folder, *flags, "--dump-dom", "--virtual-time-budget=4000", f"http://127.0.0.1:{self.port}/frame.html")
        found = re.search(r'<pre id="found">(\{.*?\})</pre>', done.stdout, re.DOTALL)
        assert found, done.stderr[-2000:]
        measured = json.loads(html.unescape(found[1]))
        return [measured[str(number)] for number in range(len(at))], [line for line in done.stderr.splitlines() if "CONSOLE" in line]


@pytest.fixture(scope="module")
def browser() -> str:
    found = next((path for path in map(shutil.which, BROWSERS) if path), None)
    if found is None:
        pytest.skip("no Chromium (Debian: chromium)")
    return found


def run_browser(browser: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
         f"--user-data-dir={folder / 'profile'}", *arguments],
        capture_output=True, text=True, errors="replace", timeout=100, check=False, env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8"},
    )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    asked: list[str] = []

    class Handler(SimpleHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            super().do_GET()

        def log_message(self, *words: object) -> None:
            del words

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield Place(tmp_path, server.server_port, asked)
        server.shutdown()


def test_nothing_overflows_at_any_width(browser: str, place: Place) -> None:
    (place.folder / "page.html").write_text(page(made_up(), MADE_AT))
    widths = (1100, 768, 641, 640, 360, 320)
    measured, console = place.visit(browser, at=[(width, "") for width in widths])
    assert console == []
    assert set(place.asked) == {"/frame.html", "/page.html"}
    for width, found in zip(widths, measured, strict=True):
        assert (found["client"], found["width"], found["wide"]) == (width, width, [])
        assert found["smallest"] >= 8.5


def test_hostile_names_run_nothing_and_break_nothing(browser: str, place: Place) -> None:
    (place.folder / "page.html").write_text(page(hostile(), MADE_AT), encoding="utf-8")
    [found], console = place.visit(browser, at=[(360, "")])
    assert console == []
    assert place.asked == ["/frame.html", "/page.html"]
    assert (found["width"], found["wide"], found["scripts"]) == (360, [], 1)
    assert found["title"] == "Build health"


def test_dark_and_light_follow_the_reader(browser: str, place: Place) -> None:
    (place.folder / "page.html").write_text(page(made_up(), MADE_AT))
    [light], _ = place.visit(browser, "--blink-settings=preferredColorScheme=1")
    [dark], _ = place.visit(browser, "--blink-settings=preferredColorScheme=0")
    assert brightness(light["background"]) > 230 > 80 > brightness(light["ink"])
    assert brightness(dark["background"]) < 40 < 200 < brightness(dark["ink"])


def brightness(colour: object) -> float:
    red, green, blue = (int(part) for part in re.findall(r"\d+", str(colour))[:3])
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_filters_choose_a_view(browser: str, place: Place) -> None:
    found = made_up()
    (place.folder / "page.html").write_text(page(found, MADE_AT))
    def name(project: str | None, branch: str | None) -> str:
        return next(f"v{number}" for number, view in enumerate(found.views) if (view.project, view.branch) == (project, branch))

    chosen = [(None, None), ("shop", None), ("shop", "main"), (None, "main")]
    measured, console = place.visit(browser, at=[(1100, f"#{name(*one)}") for one in chosen])
    assert console == []
    for (project, branch), one in zip(chosen, measured, strict=True):
        assert one["views"] == [name(project, branch)]
        assert one["chosen"] == [project or "all projects", branch or "all branches"]
        assert (one["form"], one["lists"]) == (True, 2)


def test_one_project_is_not_asked_for(browser: str, place: Place) -> None:
    rows = list(invented_runs.runs(400, projects=1))
    (place.folder / "page.html").write_text(page(trends(rows), MADE_AT))
    [found], console = place.visit(browser)
    assert (found["form"], found["lists"], found["title"], console) == (True, 1, "Build health: shop", [])


def test_without_scripts_the_page_is_complete(browser: str, place: Place) -> None:
    """The same page with its script taken out: all is shown, each view by its address."""
    text = re.sub(r"<script>.*?</script>", "", page(made_up(), MADE_AT), flags=re.DOTALL)
    (place.folder / "page.html").write_text(text)
    [whole, one], _ = place.visit(browser, at=[(1100, ""), (1100, "#v2")])
    assert (whole["views"], whole["form"]) == (["v0"], False)
    assert one["views"] == ["v2"]


@pytest.mark.parametrize("flag", ["--blink-settings=preferredColorScheme=1", "--blink-settings=preferredColorScheme=0"], ids=["light", "dark"])
def test_a_screenshot_from_a_file_shows_all_colours(browser: str, tmp_path: Path, flag: str) -> None:
    (tmp_path / "page.html").write_text(page(made_up(), MADE_AT))
    done = run_browser(browser, tmp_path, flag, "--window-size=1000,1400", f"--screenshot={tmp_path / 'shot.png'}", (tmp_path / "page.html").as_uri())
    assert "CONSOLE" not in done.stderr
    colours = pixels((tmp_path / "shot.png").read_bytes())
    style = (Path(__file__).parents[2] / "guard/report/page.css").read_text()
    names = dict(re.findall(r"--(\w+): (#\w{6})", style.split("@media")[0] if flag.endswith("1") else style.split("@media")[1]))
    for name in ("paper", "card", "ink", "passed", "healed", "failed"):
        # Text is smoothed: few of its pixels have the very colour.
        assert colours.get(bytes.fromhex(names[name][1:]), 0) > (20 if name == "ink" else 200), name


def pixels(data: bytes) -> dict[bytes, int]:
    """How often each colour stands in a PNG of 8 bits a channel (w3.org/TR/png)."""
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, packed, size, channels = 8, b"", (0, 0), 3
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + 8 + length]
        if kind == b"IHDR":
            size, channels = struct.unpack(">II", body[:8]), {2: 3, 6: 4}[body[9]]
            assert body[8] == 8
        elif kind == b"IDAT":
            packed += body
        at += length + 12
    raw, stride = zlib.decompress(packed), size[0] * channels
    counts: dict[bytes, int] = {}
    before = bytearray(stride)
    for line in range(size[1]):
        start = line * (stride + 1)
        row = unfiltered(raw[start], bytearray(raw[start + 1 : start + 1 + stride]), before, channels)
        for column in range(0, stride, channels * 2):
            colour = bytes(row[column : column + 3])
            counts[colour] = counts.get(colour, 0) + 1
        before = row
    return counts


def unfiltered(kind: int, row: bytearray, above: bytearray, step: int) -> bytearray:
    predict: Callable[[int, int, int], int] = (
        lambda left, up, corner: 0, lambda left, up, corner: left, lambda left, up, corner: up,
        lambda left, up, corner: (left + up) // 2, paeth,
    )[kind]  # fmt: skip
    for at in range(len(row)):
        left, corner = (row[at - step], above[at - step]) if at >= step else (0, 0)
        row[at] = (row[at] + predict(left, above[at], corner)) & 255
    return row


def paeth(left: int, up: int, corner: int) -> int:
    guess = left + up - corner
    return min((abs(guess - left), 0, left), (abs(guess - up), 1, up), (abs(guess - corner), 2, corner))[2]
