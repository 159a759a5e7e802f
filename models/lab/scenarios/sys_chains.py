"""Scripts in which one failure explains another, or an early error is survived and something else ends the job."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, SERVER, behind, noisy, port, serve

GET = "curl -sS --retry 2 --retry-delay 1"
PARSER = {"parse.c": "#include \"tables.h\"\nint parse(int c) { return table[c & 7]; }\n", "gen.sh": "echo 'static const int table[] = {'\nseq -f '%.0f,' 1 900000\necho '};'\n"}


@scenario("chain/disk-then-code", label="disk_full", needs=("gcc", "make"), root=True)
def _disk() -> Iterator[Case]:
    # The generated header falls short, so the compiler complains of it.
    build = "sh gen.sh > tables.h || echo 'generator ended with an error'\ngcc -c parse.c"
    yield Case("generated-header", build, PARSER, limits=Limits(disk_mb=2), proof=r"No space left on device")
    yield Case("make-ignores", "make", {**PARSER, "Makefile": "all: parse.o\ntables.h: gen.sh\n\t-sh gen.sh > $@\nparse.o: parse.c tables.h\n\t$(CC) -c $<\n"}, limits=Limits(disk_mb=2), proof=r"No space left on device")
    test = {"test_export.py": "import os\nimport unittest\n\n\nclass ExportTest(unittest.TestCase):\n    def test_rows(self):\n        with open('rows.csv', 'w') as f:\n            for n in range(900000):\n                f.write(f'{n},timeout\\n')\n        self.assertEqual(os.path.getsize('rows.csv') > 0, True)\n"}
    yield Case("in-a-test", "python3 -m unittest -v test_export", test, limits=Limits(disk_mb=2), proof=r"OSError: \[Errno 28\] No space left on device")


@scenario("chain/memory-then-missing", label="out_of_memory", needs=("g++", "make"), root=True)
def _memory() -> Iterator[Case]:
    table = "#include <cstdint>\nconstexpr unsigned N = 4000000;\nstruct T { std::uint64_t v[N]; constexpr T() : v() { for (unsigned i = 0; i < N; i++) v[i] = i * 7; } };\nextern constexpr T t{};\n"
    files = {"table.cpp": table, "main.cpp": "int main() { return 0; }\n", "Makefile": "F = -std=c++17 -fconstexpr-ops-limit=100000000 -fconstexpr-loop-limit=10000000\nall:\n\t-g++ $(F) -c table.cpp\n\tg++ $(F) -c main.cpp\n\tg++ main.o table.o -o app\n"}
    yield Case("link-misses-object", "make", files, limits=Limits(memory_mb=300), proof=r"Killed signal terminated program cc1plus")


@scenario("chain/download-then-broken", label="service_unavailable", needs=("curl", "python3"))
def _download() -> Iterator[Case]:
    def one(name: str, moods: str, script: str, proof: str, label: str = "") -> Case:
        url = f"http://localhost:{port(f'chain-{name}')}/sdk.tgz"
        made = "mkdir -p ../www && tar -C /etc -czf ../www/sdk.tgz hostname\n"
        return Case(name, script.replace("URL", url), {"../server.py": SERVER}, prepare=made + serve(f"chain-{name}", moods), proof=proof, label=label)

    # Without --fail the error page is kept as if it were the archive.
    yield one("error-page-unpacked", "503*99", "curl -sSv -o sdk.tgz URL\ncat sdk.tgz | head -3\ntar -xzf sdk.tgz", r"HTTP/1\.1 503|undergoing maintenance")
    yield one("ignored-then-missing", "502*99", f"{GET} -f -o sdk.tgz URL || true\n[ -d sdk ] || cp sdk/include/*.h .", r"error: 502")
    yield one("rate-then-jq", "429*99", "curl -sS URL > releases.json\ncat releases.json\njq -er '.[0].tag_name' releases.json", r"too_many_requests", "rate_limited")
    yield one("cut-then-tar", "cut*99", "curl -sS -o sdk.tgz URL || echo 'download ended early'\ntar -tzf sdk.tgz", r"curl: \(18\)", "connection_failure")
    yield one("not-found-piped", "", "curl -fsSL URL/linux-x64/2.9.0 | tar -xz", r"error: 404", "dependency_not_found")
    yield noisy(one("stalled-then-missing", "stall*99", "curl -m 3 -fsS -o sdk.tgz URL || echo 'continuing without the SDK'\ngcc -Isdk/include -include sdk/include/sdk.h -x c -c /dev/null -o x.o", r"curl: \(28\)", "network_timeout"), "trace")


@scenario("chain/service-then-tests", label="infrastructure", needs=("docker", "python3"))
def _service() -> Iterator[Case]:
    probe = {"check_orders.py": "import socket\nimport unittest\n\n\nclass OrdersTest(unittest.TestCase):\n    def test_places_an_order(self):\n        socket.create_connection(('127.0.0.1', NOBODY), 2)\n".replace("NOBODY", str(port("chain-nobody")))}
    env = {"DOCKER_HOST": "unix:///run/docker-lab.sock"}
    yield Case("no-daemon", "docker run -d --name orders-db postgres:15 || true\npython3 -m unittest -v check_orders", probe, env=env, proof=r"Cannot connect to the Docker daemon")
    yield noisy(Case("no-daemon-late", "set -x\ndocker build -t orders . || echo 'no image, the tests use what is there'\npython3 -m unittest check_orders", {**probe, "Dockerfile": "FROM scratch\n"}, env=env, proof=r"Cannot connect to the Docker daemon"), "make", after=CLEANUP)


@scenario("chain/survived-then-other", label="test_failure", needs=("curl", "python3", "gcc"))
def _survived() -> Iterator[Case]:
    wrong = {"check_vat.py": "import unittest\n\n\nclass VatTest(unittest.TestCase):\n    def test_http_503_is_not_taxed(self):\n        self.assertEqual(round(503 * 0.19, 2), 95.75)\n"}
    number = port("chain-survived")
    ready = behind(f"sh -c 'sleep 8; exec python3 -m http.server --bind 127.0.0.1 {number}'")
    wait = f"until curl -fsS http://127.0.0.1:{number}/ >/dev/null; do echo 'service is not up yet, waiting'; sleep 1; done\n"
    yield Case("waited-for-service", wait + "python3 -m unittest -v check_vat", wrong, prepare=ready, proof=r"^AssertionError")
    full = "dd if=/dev/zero of=/dev/full bs=1k count=1 2>&1 || echo 'no room for the profile, going on without'\n"
    yield Case("disk-words-before", full + "python3 -m unittest check_vat", wrong, proof=r"^AssertionError")
    killed = "sh -c 'kill -9 $$' || echo 'helper was killed (exit 137), started anew'\n"
    yield Case("killed-before", "set -x\n" + killed + "gcc -c broken.c", {"broken.c": "int f(void) { return oom_score; }\n"}, proof=r"oom_score. undeclared", label="compile_error")
    yield Case("tls-words-before", f"curl -sS https://127.0.0.1:{number} || echo 'metrics are optional'\nshellcheck-missing --version || deploy-tool up", proof=r"deploy-tool: command not found", label="configuration_error")
    yield Case("lock-before", "for n in 1 2; do flock -n busy.lock true && break; echo 'busy.lock is held, waiting'; sleep 0.3; done\nmkdir -p a && cd a && cp ../settings.toml .", prepare=behind("flock busy.lock sleep 3") + "sleep 0.3", proof=r"cannot stat '\.\./settings\.toml'", label="configuration_error")
    yield noisy(Case("retry-then-hang", f"curl -sS --retry 1 --retry-connrefused http://127.0.0.1:{number + 1}/ || echo 'telemetry failed, ignored'\ntimeout -v 3 sh -c 'echo waiting for the emulator; sleep 60'", proof=r"timeout: sending signal TERM", label="hang"), "survived-cache")
    yield noisy(Case("timeouts-then-lock", "echo '2 requests timed out, retried: ok'\nmkdir .deploy-lock", prepare="mkdir .deploy-lock", proof=r"cannot create directory .*File exists", label="stale_state"), "survived-test", "tap")


@scenario("chain/starting", label="flaky_test", needs=("python3",))
def _starting() -> Iterator[Case]:
    slow = "import http.server, sys, threading, time\nprint('server: loading rooms ...', flush=True)\ntime.sleep(4)\nprint('server: listening', flush=True)\nhttp.server.HTTPServer(('127.0.0.1', int(sys.argv[1])), http.server.SimpleHTTPRequestHandler).serve_forever()\n"
    check = "import sys, unittest, urllib.request\n\n\nclass RoomsTest(unittest.TestCase):\n    def test_rooms_are_listed(self):\n        with urllib.request.urlopen('http://127.0.0.1:%d/', timeout=2) as reply:\n            self.assertEqual(reply.status, 200)\n"
    number = port("chain-starting")
    # The server under test was still starting: its own line says so.
    script = f"python3 rooms.py {number} & server=$!\ntrap 'kill $server' EXIT\nsleep 1.5\npython3 -m unittest -v check_rooms"
    yield Case("server-not-up", script, {"rooms.py": slow, "check_rooms.py": check .replace("%d", str(number))}, proof=r"Connection refused|server: loading rooms")
    wait = "import threading, unittest\n\n\nclass QueueTest(unittest.TestCase):\n    def test_worker_drains(self):\n        done = threading.Event()\n        threading.Timer(0.9, done.set).start()\n        self.assertTrue(done.wait(0.5), 'worker not done after 0.5 s; queue depth still 3')\n"
    yield noisy(Case("wait-too-short", "python3 -m unittest check_queue || { echo 'retrying once'; python3 -m unittest -q check_queue && echo 'passed on retry: flaky' ; exit 1; }", {"check_queue.py": wait}, proof=r"^AssertionError: .*worker not done"), "unittest")


@scenario("chain/passes", label=PASSED, needs=("curl", "python3"))
def _passes() -> Iterator[Case]:
    number = port("chain-ok")
    yield noisy(Case("waited", f"python3 -m http.server --bind 127.0.0.1 {number} & s=$!; until curl -fsS http://127.0.0.1:{number}/ > page; do echo 'connection refused, waiting'; sleep 0.5; done; kill $s; wc -l page > /dev/null"), "survived-cache", "survived-test", after=CLEANUP)
