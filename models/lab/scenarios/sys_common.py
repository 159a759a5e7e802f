"""What the scenarios of the system's tools share: a small server that misbehaves, and processes that outlive a preparation."""

from __future__ import annotations

import functools
import re
import shlex
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from models.lab.scenario import Case, Limits

SERVER = r'''
import http.server, os, re, socket, ssl, struct, sys, threading, time

port, folder, moods = int(sys.argv[1]), sys.argv[2], sys.argv[3].split(",") if sys.argv[3] else []
path_wanted = re.compile(sys.argv[4]) if len(sys.argv) > 4 else re.compile("")
REASONS = {"429": "Too Many Requests", "502": "Bad Gateway", "503": "Service Unavailable", "504": "Gateway Timeout"}
BODIES = {
    "502": "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.24.0</center>\r\n</body>\r\n</html>\r\n",
    "403json": '{"message":"API rate limit exceeded for 10.1.0.4.","documentation_url":"https://docs.example.com/rate-limits"}\n',
    "429": '{"error":"too_many_requests","message":"You have exceeded your quota of 60 requests per minute."}\n',
    "503": '{"code":503,"message":"Service is undergoing maintenance"}\n',
}
state, lock = {"left": 0, "mood": ""}, threading.Lock()


def mood(path):
    """The mood for this request: each of the list `kind[*times]` in turn, then none."""
    if not path_wanted.search(path):
        return ""
    with lock:
        while moods and not state["left"]:
            state["mood"], _, times = moods.pop(0).partition("*")
            state["left"] = int(times or 10**6)
        if not state["left"]:
            return ""
        state["left"] -= 1
        return state["mood"]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "nginx/1.24.0", ""

    def log_message(self, *words):
        return

    def do_GET(self):
        path = re.sub(r"^https?://[^/]*", "", self.path)
        how = mood(path)
        if how == "stall":
            time.sleep(600)
        if how == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            os.close(self.connection.detach())
            return
        if how == "empty":
            self.close_connection = True
            return
        if how[:3].isdigit():
            return self.answer(int(how[:3]), BODIES.get(how, f"{how} {REASONS.get(how[:3], 'error')}\n").encode(), how)
        name = os.path.join(folder, path.split("?")[0].lstrip("/"))
        if os.path.isdir(name) or not os.path.exists(name):
            return self.answer(404, b"<html><body><h1>404 Not Found</h1></body></html>\n", "404")
        data = open(name, "rb").read()
        if how == "flip":
            data = data[: len(data) // 2] + bytes([data[len(data) // 2] ^ 64]) + data[len(data) // 2 + 1 :]
        if how == "short":
            data = data[: len(data) * 2 // 3]
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Content-Type", "application/octet-stream")
        self.end_headers()
        if self.command == "HEAD":
            return
        if how in ("cut", "cutreset", "slow"):
            self.wfile.write(data[: len(data) // 2])
            self.wfile.flush()
            if how == "slow":
                time.sleep(600)
            if how == "cutreset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                time.sleep(0.2)
            self.close_connection = True
            return
        self.wfile.write(data)

    do_HEAD = do_POST = do_PUT = do_GET

    def answer(self, code, body, how):
        length = int(self.headers.get("Content-Length") or 0)
        if length:
            self.rfile.read(length)
        self.send_response(code, REASONS.get(str(code)))
        if code == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="Artifacts"')
        if how in ("429", "403json"):
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
if os.environ.get("TLS_CERT"):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if os.environ.get("TLS_MAX") == "1.1":
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    context.load_cert_chain(os.environ["TLS_CERT"], os.environ["TLS_KEY"])
    server.socket = context.wrap_socket(server.socket, server_side=True)
server.serve_forever()
'''

CUTTER = r'''
import socket, sys, threading, time

# Passes on to another port what comes in; after so many bytes from there it hangs up, is silent, or goes on.
port, target, most, then, times = int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], int(sys.argv[5])
listener = socket.create_server(("127.0.0.1", port))


def pump(source, sink, most):
    sent = 0
    try:
        while data := source.recv(4096):
            sent += len(data)
            if most is not None and sent > most:
                sink.sendall(data[: max(most - sent, -len(data))] or b"")
                if then == "silent":
                    time.sleep(600)
                break
            sink.sendall(data)
    except OSError:
        pass
    for end in (source, sink):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


while True:
    client, _ = listener.accept()
    bad, times = times > 0, times - 1
    other = socket.create_connection(("127.0.0.1", target))
    threading.Thread(target=pump, args=(client, other, None), daemon=True).start()
    threading.Thread(target=pump, args=(other, client, most if bad else None), daemon=True).start()
'''


def port(name: str) -> int:
    """A port of this name's own."""
    return 21000 + zlib.crc32(name.encode()) % 9000


def behind(command: str, *, lives_s: int = 100) -> str:
    """A command in a session of its own that outlives the preparation, and ends with the place or after a while."""
    watch = f'{command} & one=$!; for i in $(seq {lives_s * 2}); do [ -d "$0" ] && kill -0 $one || break; sleep 0.5; done; kill -9 $one'
    return f'setsid bash -c {shlex.quote(watch)} "$PWD" </dev/null >/dev/null 2>&1 &\n'


def listening(*ports: int) -> str:
    """Wait until something listens on these ports."""
    return "".join(
        f"for i in $(seq 100); do (exec 3<>/dev/tcp/127.0.0.1/{one}) 2>/dev/null && break; sleep 0.1; done\n" for one in ports
    )


def serve(name: str, moods: str = "", path: str = "", env: str = "") -> str:
    """A web server of the folder ../www on this name's port, at first in these moods; see SERVER."""
    number = port(name)
    words = f"python3 ../server.py {number} ../www {shlex.quote(moods)} {shlex.quote(path)}"
    return "mkdir -p ../www\n" + behind(f"{env} {words}".strip()) + listening(number)


def answers_curl(host: str, name: str, scheme_port: int = 443) -> str:
    """Let curl find the host at this name's port, whatever it asks for."""
    return f'echo \'connect-to = "{host}:{scheme_port}:127.0.0.1:{port(name)}"\' >> ../home/.curlrc\n'


CERTIFICATES = r"""
openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj '/O=Example Works/CN=Example Root CA' -keyout ../ca.key -out ../ca.pem 2>/dev/null
sign() { # name, subject alternative, first day, last day
  openssl req -newkey rsa:2048 -nodes -subj "/CN=$2" -keyout ../$1.key -out ../$1.csr 2>/dev/null
  mkdir -p ../db && : > ../db/index.txt && echo 01 > ../db/serial
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=../db/index.txt\nserial=../db/serial\nnew_certs_dir=../db\ndefault_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n[v]\nsubjectAltName=DNS:%s\n' "$2" > ../db/ca.cnf
  openssl ca -batch -notext -config ../db/ca.cnf -extensions v -startdate $3 -enddate $4 -cert ../ca.pem -keyfile ../ca.key -in ../$1.csr -out ../$1.pem 2>/dev/null
}
"""
"""Shell: a certificate authority, and `sign NAME HOST FROM UNTIL` for a server's certificate."""


def _unit_tests() -> str:
    """A Python test file of many small tests that pass; their names speak of failures."""
    subjects = ("retry", "timeout", "http_503", "disk_full_notice", "login_denied", "parser", "invoice", "cache_miss", "oom_guard", "queue")
    lines = ["import unittest", "", ""]
    for subject in subjects:
        lines += [f"class {subject.title().replace('_', '')}Test(unittest.TestCase):"]
        lines += [f"    def test_{subject}_{n}(self):\n        self.assertEqual({n} + 1, {n + 1})\n" for n in range(1, 13)]
    return "\n".join(lines)


def _c_project() -> dict[str, str]:
    """Thirty small C files, some with warnings, and a Makefile."""
    nouns = ("account", "tariff", "meter", "reading", "customer", "invoice", "payment", "ledger", "period", "rate")
    files = {}
    for n, noun in enumerate(nouns * 3):
        unused = f"    int spare_{n};\n" if n % 3 == 0 else ""
        files[f"billing/{noun}_{n}.c"] = (
            f"#include <stdio.h>\n\nint {noun}_{n}_total(int units, unsigned limit)\n{{\n{unused}"
            f"    if (units > limit)\n        printf(\"%s: error code %d\\n\", \"{noun}\", units);\n    return units * {n + 2};\n}}\n"
        )
    files["billing/Makefile"] = (
        "CFLAGS = -O2 -Wall -Wextra -g\nOBJS = $(patsubst %.c,%.o,$(wildcard *.c))\n\nlibbilling.a: $(OBJS)\n\tar rcv $@ $^\n\tranlib $@\n"
    )
    return files


NOISE: dict[str, tuple[str, dict[str, str]]] = {
    "unittest": ("python3 -m unittest -v test_service\n", {"test_service.py": _unit_tests()}),
    "make": ("make -C billing\n", _c_project()),
    "environment": ("uname -a | cut -c1-40; id; df -h . | tail -1 | wc -c; gcc --version; python3 --version; git --version; cmake --version; openssl version; ulimit -a\n", {}),
    "unpack": ("tar -C /usr/include -cf - linux | tar -xvf - -C \"$TMPDIR\"\n", {}),
    "installed": ("dpkg-query -W -f='Selecting ${Package} (${Version}) ...\\n' | sed -n 1,400p\n", {}),
    "configure": ("cmake -S probe -B \"$TMPDIR/probe\" --log-level=VERBOSE && cmake --build \"$TMPDIR/probe\" --verbose\n", {
        "probe/CMakeLists.txt": (
            "cmake_minimum_required(VERSION 3.16)\nproject(probe C)\ninclude(CheckIncludeFile)\ninclude(CheckFunctionExists)\n"
            "foreach(h stdint.h inttypes.h pthread.h sys/epoll.h sys/event.h windows.h unistd.h zlib_ng.h)\n  string(MAKE_C_IDENTIFIER ${h} v)\n  check_include_file(${h} HAVE_${v})\nendforeach()\n"
            "foreach(f kqueue epoll_create1 strlcpy getrandom memset_s)\n  check_function_exists(${f} HAS_${f})\nendforeach()\nadd_library(probe probe.c)\n"
        ),
        "probe/probe.c": "int probe(void) { return 0; }\n",
    }),
    "git": (
        "git init -q -b main \"$TMPDIR/hist\" && cd \"$TMPDIR/hist\" && for n in $(seq 60); do echo \"$n\" > \"f$n.txt\"; git add .; git -c user.name=ci -c user.email=ci@example.com commit -qm \"Fix error $n in the parser\"; done\n"
        "git log --stat | cat; cd - > /dev/null\n", {},
    ),
    "survived-cache": (
        "echo '::group::Restore cache'\nfor n in 1 2 3; do\n  curl -sS --max-time 5 http://cache.ci.invalid/v1/deps.tgz -o \"$TMPDIR/deps.tgz\" && break\n  echo \"attempt $n of 3 failed, waiting\"\ndone || true\n"
        "[ -s \"$TMPDIR/deps.tgz\" ] || echo 'warning: no cache, everything is built anew'\necho '::endgroup::'\n", {},
    ),
    "survived-test": (
        "tries=0\nuntil STATE=\"$TMPDIR\" python3 -m unittest -v check_cluster; do\n  tries=$((tries + 1)); [ $tries -lt 3 ]\n  echo \"a test failed, run $tries; once more\"\ndone\n",
        {"check_cluster.py": "import os\nimport unittest\n\n\nclass ClusterTest(unittest.TestCase):\n    def test_leader_is_elected(self):\n        mark = os.path.join(os.environ['STATE'], 'elected')\n        there = os.path.exists(mark)\n        open(mark, 'w').close()\n        self.assertTrue(there, 'no leader after 5 s')\n\n    def test_quorum(self):\n        self.assertEqual(3 // 2 + 1, 2)\n"},
    ),
    "tap": (
        "perl -e 'my @t = qw(parser timeout retry url_503 quota lock checksum login cache locale); print \"1..150\\n\"; for my $n (1 .. 150) { my $t = $t[$n % 10]; print $n % 29 ? \"ok $n - $t case $n\\n\" : \"ok $n - $t # SKIP no network here\\n\"; print \"# took \", $n % 7, \" ms\\n\" unless $n % 5 }'\n", {},
    ),
    "templates": (
        "g++ -std=c++17 -Wall -Wextra -Wpedantic -Wconversion -c telemetry.cpp -o \"$TMPDIR/telemetry.o\"\n",
        {"telemetry.cpp": "#include <map>\n#include <string>\n#include <vector>\n" + "".join(f"int error_rate_{n}(const std::vector<double> &v, unsigned limit)\n{{\n    int sum = 0;\n    for (int i = 0; i < v.size(); i++)\n        sum += v[i];\n    char code = sum;\n    return sum > limit ? code : {n};\n}}\n" for n in range(7))},
    ),
    "simulated-install": ("apt-get -s install --reinstall coreutils findutils grep sed tar gzip 2>/dev/null || true; dpkg -l | sed -n '1,120p' | cut -c1-110\n", {}),
    "headers": ("mkdir -p \"$TMPDIR/inc\"; cp -rv /usr/include/linux/can /usr/include/linux/netfilter \"$TMPDIR/inc\"; gzip -rv \"$TMPDIR/inc/netfilter\" 2>&1\n", {}),
    "trace": ("set -x\nfor part in api web worker scheduler gateway; do\n  image=shop-$part:${CI_COMMIT:-dev}\n  printf 'packing %s\\n' \"$image\"\n  tar -cf \"$TMPDIR/$part.tar\" -C /etc hostname passwd group\n  sha256sum \"$TMPDIR/$part.tar\" | cut -c1-64 > \"$TMPDIR/$part.sum\"\n  [ -s \"$TMPDIR/$part.sum\" ]\ndone\n", {}),
    "disk-report": ("df -h / /dev/shm /var/tmp | cut -c1-60; du -h --max-depth=2 /usr/include /etc 2>/dev/null | sort -h | tail -n 90; free -m; echo 'warning: less than 80 GB free on /, consider a clean-up'\n", {}),
}
"""Long real output of steps that pass: a script and the files that it needs."""


def noisy(case: Case, *before: str, after: str = "") -> Case:
    """The case as a step of a longer script: others before it, and something that is always said at the end."""
    head = "".join(NOISE[name][0] for name in before)
    tail = f"trap {shlex.quote(after)} EXIT\n" if after else ""
    files = {name: text for one in before for name, text in NOISE[one][1].items()}
    return replace(case, name=f"{case.name}-noisy", script=tail + head + case.script, files={**files, **case.files})


CLEANUP = "code=$?; echo '--- clean up'; rm -rfv billing *.pyc; echo \"finished with $code\"; du -sh . | cut -f1; date -u +%F"
"""What a step prints last, whatever became of it."""

AFTERS = (
    CLEANUP,
    "",
    "echo 'Post job clean-up'; for step in cache artifacts secrets; do echo \"  $step ... ok\"; done; git --version",
    "echo \"##[section]Finishing: job, status $?\"; ls -lA | cut -c1-11 | sort | uniq -c; echo 'Uploading logs: error-report.txt not found, nothing uploaded'",
    "",
    "set +x; echo; echo '==================== summary ===================='; echo \"elapsed: ${SECONDS}s\"; free -m | head -2; echo 'no retries were configured for this step'",
)


def in_steps(cases: Callable[[], Iterable[Case]]) -> Callable[[], Iterator[Case]]:
    """Let about a quarter of the cases be steps of longer scripts, chosen by their names so that each run chooses alike."""

    @functools.wraps(cases)
    def mixed() -> Iterator[Case]:
        kinds = sorted(NOISE)
        for case in cases():
            lot = zlib.crc32(f"{cases.__module__}.{cases.__name__}.{case.name}".encode())
            # Other steps would meet the limits too, or take the time in which what was prepared is there.
            free = case.limits == Limits() and not case.ends_by_limit and not re.search(r"later|sleep|timeout \d", case.prepare)
            if lot % 10 < 3 and free and not case.name.endswith("-noisy"):
                before = {kinds[lot // 10 % len(kinds)], kinds[lot // 1000 % len(kinds)], kinds[lot // 100_000 % len(kinds)]}
                yield noisy(case, *sorted(before, key=lambda kind: zlib.crc32(f"{lot}{kind}".encode())), after=AFTERS[lot // 7 % len(AFTERS)])
            else:
                yield case

    return mixed
