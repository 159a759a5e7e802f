"""git over HTTP in bad weather: clone, fetch, push and submodules."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import GIT
from models.lab.weather_noise import C_BUILD, C_RUN, LISTING, UNITTEST, UNITTEST_RUN

_URL = "$LAB_HTTPS/git/team/parser-core.git"
_CHARTS = "$LAB_HTTPS/git/infra/charts.git"
_PACK = r"git-upload-pack$"
_CLONED = f"git clone -q {_URL} core\ncd core\ngit config user.name Kim\ngit config user.email kim@acme.example\necho note > notes.txt\ngit add notes.txt\ngit commit -qm notes"
_NEEDS = ("git",)


@scenario("git/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield GIT.case("503", Weather("503", hits=1), proof="The requested URL returned error: 503")
    yield GIT.case("502-fetch", Weather("502", hits=1, seed=2), "git init -q .\ngit remote add origin $LAB_HTTPS/git/infra/charts.git\ngit -c protocol.version=2 fetch --no-tags --prune --depth=1 origin +refs/heads/main:refs/remotes/origin/main", proof="error: 502", stays=True)  # `git remote add` works once
    yield GIT.case("500-pack", Weather("500", hits=1, path=_PACK, seed=3), f"git -c protocol.version=0 clone --depth 1 {_CHARTS}", proof="HTTP 500|error: 500")
    yield GIT.case("504-push", Weather("504", hits=1, path="receive-pack", seed=4), "cd core && git push origin HEAD:refs/heads/notes", prepare=_CLONED, proof="error: 504|HTTP 504")
    yield GIT.case("submodule-503", Weather("503", hits=2, path="charts", seed=5), f"git init -q . && git submodule add {_CHARTS} charts", proof="error: 503")


@scenario("git/weather-limited", label="rate_limited", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    yield GIT.case("429", Weather("429", hits=1, retry_after="2"), proof="error: 429")
    yield GIT.case("429-after-build", Weather("429", hits=1, path=_PACK, seed=2), f"{C_RUN}\ngit -c protocol.version=0 clone {_CHARTS}", files=C_BUILD, proof="error: 429|HTTP 429")


@scenario("git/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield GIT.case("refused", Weather("refused", seconds=4), proof="Failed to connect|Couldn't connect")
    yield GIT.case("reset", Weather("reset", hits=1, seed=2), f"set -x\ngit clone {_CHARTS}", proof="reset by peer")
    yield GIT.case("early-eof", Weather("truncate", hits=1, path=_PACK, seed=3), f"git -c protocol.version=0 clone --progress {_URL}", proof="early EOF|RPC failed|transfer closed")
    yield GIT.case("rpc-reset", Weather("reset_body", hits=1, path=_PACK, seed=4), f"{UNITTEST_RUN}\ngit -c protocol.version=0 clone {_CHARTS}", files=UNITTEST, proof="RPC failed|reset by peer")
    yield GIT.case("chunk-cut", Weather("cut", hits=1, path=_PACK, seed=5), f"git -c protocol.version=0 clone {_URL}", proof="RPC failed|early EOF|transfer closed")
    yield GIT.case("empty-reply", Weather("close", hits=1, path="charts", seed=6), f"git ls-remote {_CHARTS}", proof="Empty reply from server")


@scenario("git/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    low = {"GIT_HTTP_LOW_SPEED_LIMIT": "1000", "GIT_HTTP_LOW_SPEED_TIME": "3"}
    yield GIT.case("low-speed", Weather("stall", hits=1, path=_PACK), f"git -c protocol.version=0 clone {_URL}", env=low, proof="Operation too slow|RPC failed; curl 28")
    yield GIT.case("silent", Weather("silent", hits=1, seed=2), f"git clone {_CHARTS}", env=low, proof="Operation too slow|[Tt]imed out")


@scenario("git/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield GIT.case("clone", Weather("dns", seconds=3), proof="Could not resolve host")
    yield GIT.case("submodules", Weather("dns_again", seconds=5, seed=2), f"{LISTING}\ngit clone --recurse-submodules {_CHARTS}", proof="Could not resolve host")


@scenario("git/weather-certificate", label="tls_error", needs=_NEEDS)
def _certificate() -> Iterator[Case]:
    yield GIT.case("self-signed", Weather("tls"), proof="certificate|CAfile")
    yield GIT.case("expired", Weather("tls_expired", seed=2), f"git ls-remote {_CHARTS} HEAD", proof="certificate|expired")
    yield GIT.case("other-host", Weather("tls_host", seed=3), f"git clone -q {_CHARTS}", proof="certificate")


@scenario("git/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield GIT.case("401", Weather("401"), env={"GIT_TERMINAL_PROMPT": "0"}, proof="could not read Username|Authentication failed")
    yield GIT.case("403", Weather("403", seed=2), f"git clone {_CHARTS}", proof="error: 403")
    yield GIT.case("403-push", Weather("403", path="receive-pack", seed=3), "cd core\ngit push origin HEAD:main", prepare=_CLONED, proof="error: 403|403")


@scenario("git/weather-gone", label="dependency_not_found", needs=_NEEDS)
def _gone() -> Iterator[Case]:
    yield GIT.case("404", Weather("missing"), proof="not found")
    yield GIT.case("tag", Weather("calm", seed=2), f"git clone --branch v1.4.1 --depth 1 {_URL}", proof="Remote branch v1.4.1 not found")


@scenario("git/weather-survived", label="compile_error", needs=("git", "cc"))
def _survived() -> Iterator[Case]:
    yield GIT.case(
        "second-clone-then-error", Weather("503", hits=1), f"git clone {_URL} || (echo 'retrying in 1s' && sleep 1 && git clone {_URL})\n{C_RUN}",
        files={**C_BUILD, "part.c": "int early_eof(void) {\n    return remote_hung_up\n}\n"}, proof=r"^part.c:2.*error:",
    )  # fmt: skip


@scenario("git/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield GIT.case("retry", Weather("reset", hits=1), f"for n in 1 2 3; do git clone {_URL} && break || echo \"clone failed, attempt $n\"; done\ngit -C parser-core log --stat --oneline\n{UNITTEST_RUN}", files=UNITTEST)
