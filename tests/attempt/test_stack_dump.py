"""Real programs that hang: what is known of them when they are ended, and that nothing else comes of asking."""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STUCK = """
import socket, sys
def waits_for_reply():
    server = socket.create_server(("127.0.0.1", 0))
    client = socket.create_connection(server.getsockname())
    client.recv(10)
waits_for_reply()
"""


def need(*tools: str) -> None:
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not here")


def dumps(guarded: Any, workspace: Path, *command: str, seconds: str = "2", **more: Any) -> tuple[list[str], Any]:
    result = workspace.parent / "result.json"
    done = guarded(*command, options=("--idle-timeout", seconds, "--attempts", "1", "--result-file", str(result)), **more)
    assert done.returncode == 124
    found: list[str] = json.loads(result.read_text())["attempts"][0]["telemetry"]["dumps"]
    return found, done


def test_the_kernel_says_what_is_read_and_the_output_stays_the_commands(guarded: Any, workspace: Path) -> None:
    (workspace / "stuck.py").write_text(STUCK)
    found, done = dumps(guarded, workspace, "sh", "-c", f"{sys.executable} stuck.py; echo over")
    first, *others = found[0].splitlines()
    assert "stuck.py" in first
    assert "127.0.0.1:" in first
    assert any(line.startswith("sh (") and "waits for a child" in line for line in others)
    assert done.stdout == b""
    assert b"seen: python" in done.stderr


def test_a_python_with_its_fault_handler_says_where_it_stands(guarded: Any, workspace: Path) -> None:
    (workspace / "stuck.py").write_text(STUCK)
    _, done = dumps(guarded, workspace, sys.executable, "-X", "faulthandler", "stuck.py")
    assert b"in waits_for_reply" in done.stderr
    assert not list(workspace.glob("core*"))


def test_a_python_that_acts_on_term_is_left_to_it(guarded: Any, workspace: Path) -> None:
    cleaned = "import signal, sys, time\nsignal.signal(signal.SIGTERM, lambda *_: (print('cleaned', flush=True), sys.exit(0)))\ntime.sleep(60)\n"
    (workspace / "tidy.py").write_text(cleaned)
    _, done = dumps(guarded, workspace, sys.executable, "-X", "faulthandler", "tidy.py")
    assert done.stdout == b"cleaned\n"
    assert b"Fatal Python error" not in done.stderr


def test_a_tool_that_does_not_answer_delays_the_end_by_little(guarded: Any, workspace: Path) -> None:
    tools = workspace.parent / "tools"
    tools.mkdir()
    (tools / "py-spy").write_text("#!/bin/sh\nexec sleep 55\n")
    (tools / "py-spy").chmod(stat.S_IRWXU)
    (workspace / "stuck.py").write_text(STUCK)
    env = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
    result = workspace.parent / "result.json"
    guarded(sys.executable, "stuck.py", options=("--timeout", "1", "--attempts", "1", "--result-file", str(result)), env=env)
    assert json.loads(result.read_text())["attempts"][0]["duration_s"] < 1 + 3 + 2


def test_what_py_spy_says_is_evidence(guarded: Any, workspace: Path) -> None:
    tools = workspace.parent / "tools"
    tools.mkdir()
    (tools / "py-spy").write_text('#!/bin/sh\nprintf \'Thread 1 (idle): "MainThread"\\n    waits (stuck.py:6)\\n\'\n')
    (tools / "py-spy").chmod(stat.S_IRWXU)
    (workspace / "stuck.py").write_text(STUCK)
    _, done = dumps(guarded, workspace, sys.executable, "stuck.py", env={**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"})
    assert b"stands at waits (stuck.py:6)" in done.stderr


@pytest.mark.tools
def test_a_jvm_says_where_it_stands_by_jcmd(guarded: Any, workspace: Path) -> None:
    need("java", "javac", "jcmd")
    source = "public class Stuck { static void waits() throws Exception { synchronized (Stuck.class) { Stuck.class.wait(); } } public static void main(String[] a) throws Exception { waits(); } }"
    (workspace / "Stuck.java").write_text(source)
    subprocess.run(("javac", "Stuck.java"), cwd=workspace, check=True, timeout=100)
    found, done = dumps(guarded, workspace, "java", "Stuck", seconds="3")
    assert any("Full thread dump" in dump for dump in found[1:])
    assert b"stands at Stuck.waits(Stuck.java:1)" in done.stderr
    assert b"Full thread dump" not in done.stdout


@pytest.mark.tools
def test_a_go_test_prints_its_goroutines(guarded: Any, workspace: Path) -> None:
    need("go")
    (workspace / "go.mod").write_text("module stuck\n\ngo 1.20\n")
    (workspace / "stuck_test.go").write_text('package stuck\n\nimport "testing"\n\nfunc TestStuck(t *testing.T) { <-make(chan int) }\n')
    subprocess.run(("go", "vet", "./..."), cwd=workspace, check=False, timeout=200, capture_output=True)
    subprocess.run(("go", "test", "-c", "-o", os.devnull, "./..."), cwd=workspace, check=True, timeout=200)
    _, done = dumps(guarded, workspace, "go", "test", "./...", seconds="20")
    assert b"stuck.TestStuck" in done.stdout + done.stderr


@pytest.mark.tools
def test_node_reports_what_its_loop_waits_for(guarded: Any, workspace: Path) -> None:
    need("node")
    (workspace / "stuck.js").write_text("const s = require('net').createServer(() => {}).listen(0, () => require('net').connect(s.address().port));\n")
    found, _ = dumps(guarded, workspace, "node", "--report-on-signal", "stuck.js")
    assert any("open: tcp connected to" in dump for dump in found[1:])


def test_a_lock_is_named_with_who_holds_it(guarded: Any, workspace: Path) -> None:
    need("flock")
    holder = subprocess.Popen(("flock", "lock", "sleep", "60"), cwd=workspace)
    try:
        found, _ = dumps(guarded, workspace, "flock", "lock", "true")
    finally:
        subprocess.run(("pkill", "-P", str(holder.pid)), check=False)
        holder.kill()
        holder.wait()
    assert "waits for a file lock" in found[0]
    assert "held by" in found[0]
