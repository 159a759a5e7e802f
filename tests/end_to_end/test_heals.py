"""Builds that fail for a real reason and pass after the change that guard makes."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

root_only = pytest.mark.skipif(os.geteuid() != 0, reason="mounting or cgroups want root")


def needs(tool: str):
    return pytest.mark.skipif(shutil.which(tool) is None, reason=f"{tool} is not installed")


HEAP_JS = "const a=[];for(let i=0;i<900000;i++){a.push({i,s:'x'+i,t:[i,i+1,i+2]})};console.log('built',a.length)\n"
HEAP_JAVA = """import java.util.*;
public class A { public static void main(String[] a) { List<byte[]> l = new ArrayList<>();
for (int i = 0; i < 200; i++) l.add(new byte[1 << 20]); System.out.println("built " + l.size()); } }
"""


@needs("node")
@pytest.mark.parametrize("where", ["argv", "variable", "script"])
def test_node_heap(run, workspace, where):
    (workspace / "heap.js").write_text(HEAP_JS)
    flag = "--max-old-space-size=64"
    if where == "argv":
        done = run("node", flag, "heap.js")
    elif where == "variable":
        done = run("node", "heap.js", env={"NODE_OPTIONS": flag})
    else:
        done = run(script=f"echo begin\nnode {flag} heap.js\necho end")
    assert (done.code, done.remedies, done.labels) == (0, ["raise_heap"], ["out_of_memory"]), done.err
    assert "built 900000" in done.out


@needs("java")
@pytest.mark.parametrize("where", ["argv", "variable"])
def test_jvm_heap(run, workspace, where):
    (workspace / "A.java").write_text(HEAP_JAVA)
    done = run("java", "-Xmx64m", "A.java") if where == "argv" else run("java", "A.java", env={"JAVA_TOOL_OPTIONS": "-Xmx64m"})
    assert (done.code, done.remedies, done.labels) == (0, ["raise_heap"], ["out_of_memory"]), done.err


def test_open_files(run, workspace):
    program = "fs=[open('/dev/null') for _ in range(200)]; print('built')"
    done = run("python3", "-c", program, before="ulimit -S -n 64")
    assert (done.code, done.remedies, done.labels) == (0, ["raise_limit"], ["resource_limit"]), done.err


@needs("git")
def test_left_over_git_lock(run, workspace):
    subprocess.run(["git", "init", "-q"], cwd=workspace, check=True)
    (workspace / "file").write_text("x")
    (workspace / ".git" / "index.lock").touch()
    done = run("git", "add", "file")
    assert (done.code, done.remedies, done.labels) == (0, ["reset_state"], ["stale_state"]), done.err
    assert not (workspace / ".git" / "index.lock").exists()


@needs("git")
def test_a_lock_that_is_held_is_left_alone(run, workspace):
    subprocess.run(["git", "init", "-q"], cwd=workspace, check=True)
    (workspace / "file").write_text("x")
    lock = workspace / ".git" / "index.lock"
    with open(lock, "w"):
        done = run("git", "add", "file", options=("--attempts", "2"))
        assert done.code == 128
    assert lock.exists()


def test_left_over_port_of_our_own(run, workspace):
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    script = f"""if [ "$PIPEGUARD_ATTEMPT" = 1 ]; then setsid python3 -m http.server {port} >/dev/null 2>&1 & sleep 1.5; fi
python3 -c 'import socket; s=socket.socket(); s.bind(("0.0.0.0",{port})); print("built")'"""
    done = run(script=script)
    assert (done.code, done.labels) == (0, ["stale_state"]), done.err
    assert done.remedies in (["kill_stragglers"], ["reset_state"])


def test_a_foreign_port_is_left_alone(run, workspace):
    import socket

    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = holder.getsockname()[1]
        program = f"import socket; s=socket.socket(); s.bind(('127.0.0.1',{port}))"
        done = run("python3", "-c", program, options=("--attempts", "2"))
        assert done.code == 1
        assert done.labels[0] == "stale_state"
        with socket.create_connection(("127.0.0.1", port)):
            pass


@root_only
def test_full_temp_folder(run, workspace):
    full = workspace / "temp"
    full.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(full)], check=True)
    try:
        done = run("sh", "-c", 'head -c 8000000 /dev/zero > "$TMPDIR/object" && echo built', env={"TMPDIR": str(full)})
    finally:
        subprocess.run(["umount", str(full)], check=True)
    assert (done.code, done.remedies, done.labels) == (0, ["move_temp"], ["disk_full"]), done.err
    assert not list(Path("/var/tmp").glob(".pipeguard-tmp-*"))


@root_only
@pytest.mark.skipif(not Path("/sys/fs/cgroup/memory/memory.limit_in_bytes").exists() and not Path("/sys/fs/cgroup/cgroup.subtree_control").exists(), reason="no memory cgroup here")
@needs("make")
def test_killed_by_the_kernel_for_memory(run, workspace):
    v1 = Path("/sys/fs/cgroup/memory")
    folder = (v1 if v1.is_dir() else Path("/sys/fs/cgroup")) / f"pipeguard-test-{os.getpid()}"
    folder.mkdir()
    try:
        (folder / ("memory.limit_in_bytes" if v1.is_dir() else "memory.max")).write_text("150M")
        (workspace / "Makefile").write_text('all: a b\na b:\n\tpython3 -c "x=b\'x\'*(90<<20); import time; time.sleep(1)"\n')
        done = run("make", "-j2", before=f"echo $$ > {folder}/cgroup.procs")
    finally:
        folder.rmdir()
    assert (done.code, done.remedies) == (0, ["fewer_workers"]), done.err
    first = done.result["attempts"][0]
    assert first["diagnosis"]["source"] == "telemetry:oom_kill"
    assert first["telemetry"]["oom_kills"] >= 1


class _Weather(BaseHTTPRequestHandler):
    """Answers badly so many times, then well."""

    answers: list[int]
    seen: list[float]

    def do_GET(self):
        import time

        type(self).seen.append(time.monotonic())
        status = self.answers.pop(0) if self.answers else 200
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "2")
        self.send_header("Content-Length", "3")
        self.end_headers()
        self.wfile.write(b"ok\n")

    def log_message(self, *_: object) -> None:
        return


@pytest.fixture
def weather():
    """A loopback server that answers with the given statuses first."""
    servers = []

    def start(*answers: int) -> tuple[int, list[float]]:
        handler = type("Handler", (_Weather,), {"answers": list(answers), "seen": []})
        server = HTTPServer(("127.0.0.1", 0), handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return server.server_address[1], handler.seen

    yield start
    for server in servers:
        server.shutdown()


@needs("curl")
def test_a_remote_that_answers_503_once(run, weather):
    port, seen = weather(503)
    done = run("curl", "-fsS", f"http://127.0.0.1:{port}/artifact")
    assert (done.code, done.out, done.labels) == (0, "ok\n", ["service_unavailable"]), done.err
    assert len(seen) == 2
    assert seen[1] - seen[0] > 1


@needs("curl")
def test_retry_after_is_honoured(run, weather):
    port, seen = weather(429)
    done = run("curl", "-fsS", "-D", "/dev/stderr", f"http://127.0.0.1:{port}/artifact")
    assert (done.code, done.labels) == (0, ["rate_limited"]), done.err
    assert seen[1] - seen[0] >= 2


def test_a_flaky_test_runs_alone_again(run, workspace):
    (workspace / "test_it.py").write_text(
        "import os, pathlib, time\n\ndef test_steady():\n    assert True\n\n"
        "def test_flaky():\n    mark = pathlib.Path('mark')\n    first = not mark.exists()\n    mark.touch()\n"
        "    if first:\n        raise TimeoutError('element #ok not visible after 1.0s')\n"
    )
    (workspace / ".pipeguard.yml").write_text("labels: {test_failure: {remedies: [rerun_failed_tests]}}\n")
    done = run("python3", "-m", "pytest", "-q", "-p", "no:randomly")
    assert (done.code, done.remedies) == (0, ["rerun_failed_tests"]), done.err
    assert "1 passed" in done.out.splitlines()[-1]


def test_the_users_own_strategy(run, workspace):
    (workspace / ".pipeguard.yml").write_text(
        "strategies:\n  - name: make-config\n    when: {pattern: 'config is missing'}\n    run: echo fixed > config\n"
    )
    done = run("sh", "-c", "test -f config || { echo 'error: config is missing'; exit 4; }; cat config")
    assert (done.code, done.out.splitlines()[-1], done.remedies) == (0, "fixed", ["user_strategy"]), done.err


def test_a_failing_strategy_is_not_followed_by_a_retry(run, workspace):
    (workspace / ".pipeguard.yml").write_text("strategies:\n  - {name: s, when: {pattern: broken}, run: exit 3}\n")
    done = run("sh", "-c", "echo broken; echo x >> count; exit 4")
    assert done.code == 4
    assert (workspace / "count").read_text() == "x\n"
    assert "exit code 3" in done.err
