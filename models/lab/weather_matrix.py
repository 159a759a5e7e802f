"""Every client in every weather: what each one printed last, for whoever writes scenarios or signatures."""

from __future__ import annotations

import fnmatch
import shutil
import sys
from collections.abc import Iterator

from models.lab.place import Done, place
from models.lab.record import anonymous
from models.lab.scenario import Weather
from models.lab.weather_clients import CLIENTS, Client

KINDS = (
    "calm 503 502 500 504 429 401 403 407 missing refused no_answer reset reset_body close stall silent truncate cut short flip html empty garbage"
    " dns dns_again dns_silent unreachable no_route tls tls_expired tls_host tls_plain tls_reset tls_silent tls_old"
).split()
_OF_FILES = ("stall", "reset_body", "truncate", "cut", "short", "flip", "missing", "empty", "html")


def matrix(patterns: list[str], lines: int = 4) -> None:
    """Print client × weather: exit code and last lines; a pattern is `client/kind` with wildcards."""
    for client, kind in _pairs(patterns):
        weather = Weather(kind, path=client.path if kind in _OF_FILES else "")
        try:
            done, text = _seen(client, weather)
        except (RuntimeError, OSError) as error:
            sys.stdout.write(f"== {client.name} × {kind}: {error}\n")
            continue
        tail = [line for line in text.splitlines() if line.strip()][-lines:]
        code = done.exit_code if done.in_time else "still running"
        sys.stdout.write(f"== {client.name} × {kind}: exit {code}\n" + "".join(f"   {line[:220]}\n" for line in tail))
        sys.stdout.flush()


def _pairs(patterns: list[str]) -> Iterator[tuple[Client, str]]:
    for name, client in CLIENTS.items():
        for kind in KINDS:
            wanted = not patterns or any(fnmatch.fnmatch(f"{name}/{kind}", pattern) for pattern in patterns)
            if wanted and all(shutil.which(need) for need in client.needs or (name,)):
                yield client, kind


def _seen(client: Client, weather: Weather) -> tuple[Done, str]:
    with place(client.case("matrix", weather, timeout_s=45.0)) as here:
        done = here.bare()
        return done, anonymous(done.output, here)
