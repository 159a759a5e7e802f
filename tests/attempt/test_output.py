"""Bytes reach the reader untouched, in order, whatever its speed; the child notices a reader that leaves."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import subprocess
import sys
import time

import pytest


def test_streams_stay_apart(guarded):
    done = guarded("sh", "-c", "echo out; echo err >&2; echo out2")
    assert done.stdout == b"out\nout2\n"
    assert done.stderr == b"err\n"


def test_one_stream_keeps_its_order(guarded):
    program = "import os\nfor i in range(3000): os.write(1 + i % 2, b'%d\\n' % i)"
    done = guarded(sys.executable, "-c", program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout == b"".join(b"%d\n" % i for i in range(3000))


def test_one_file_opened_once_keeps_its_order_and_twice_its_offsets(guard, workspace):
    program = "import os\nfor i in range(500): os.write(1 + i % 2, b'%03d\\n' % i)"
    words = " ".join([*guard, "run", "--", sys.executable, "-c", f'"{program}"'])
    for redirection in (">out 2>&1", ">out 2>out"):
        subprocess.run(f"{sys.executable} -c \"{program}\" {redirection.replace('out', 'plain')}", shell=True, cwd=workspace, check=True)
        subprocess.run(f"{words} {redirection}", shell=True, cwd=workspace, check=True, stdin=subprocess.DEVNULL)
        if "&1" in redirection:
            assert (workspace / "out").read_bytes() == (workspace / "plain").read_bytes()
        else:
            assert (workspace / "out").stat().st_size == (workspace / "plain").stat().st_size


@pytest.mark.parametrize("data", [b"\x00\xff\xfe\r\n", b"no newline at the end", b"10%\r20%\r100%\r\n", b"\x1b[31mred\x1b[0m\n", bytes(range(256)) * 50])
def test_bytes_are_untouched(guarded, workspace, data):
    (workspace / "data").write_bytes(data)
    assert guarded("cat", "data").stdout == data
    failed = guarded("sh", "-c", "cat data; exit 3")
    assert (failed.stdout, failed.returncode) == (data, 3)


def test_a_slow_reader_loses_nothing_and_makes_the_child_wait(guard, workspace):
    program = "import sys\nfor i in range(200000): print('line', i)"
    process = subprocess.Popen([*guard, "run", "--", sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=workspace)
    time.sleep(1.5)
    assert process.poll() is None
    assert process.stdout is not None
    data = process.stdout.read()
    assert process.wait(30) == 0
    assert data == b"".join(b"line %d\n" % i for i in range(200000))


def test_a_slow_reader_is_no_idle_command(guard, workspace):
    program = "import sys\nfor i in range(40000): print('line', i)"
    process = subprocess.Popen([*guard, "run", "--idle-timeout", "1", "--", sys.executable, "-c", program], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=workspace)
    time.sleep(2.5)
    assert process.stdout is not None
    data = process.stdout.read()
    assert process.wait(30) == 0
    assert data.endswith(b"line 39999\n")


def test_a_non_blocking_stdout_loses_nothing(guard, workspace):
    read_end, write_end = os.pipe()
    os.set_blocking(write_end, False)
    process = subprocess.Popen([*guard, "run", "--", "sh", "-c", "yes 0123456789 | head -n 100000"], stdin=subprocess.DEVNULL, stdout=write_end, cwd=workspace)
    os.close(write_end)
    time.sleep(0.5)
    with os.fdopen(read_end, "rb") as reader:
        data = reader.read()
    assert process.wait(30) == 0
    assert data == b"0123456789\n" * 100000


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_reader_that_leaves_ends_the_child_by_sigpipe(guard, workspace, wrapped):
    command = ["sh", "-c", "echo a; sleep 0.7; echo b; sleep 0.3; touch survived"]
    process = subprocess.Popen([*guard, "run", "--", *command] if wrapped else command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=workspace)
    assert process.stdout is not None
    assert process.stdout.readline() == b"a\n"
    process.stdout.close()
    assert process.wait(20) % 256 in (141, 243)  # 128 + SIGPIPE; Popen says -13 of the bare one
    assert not (workspace / "survived").exists()


def test_full_disk_under_stdout_is_the_commands_own_trouble(guard, workspace):
    with open("/dev/full", "wb") as full:
        bare = subprocess.run(["sh", "-c", "echo x"], stdout=full, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        done = subprocess.run([*guard, "run", "--", "sh", "-c", "echo x; sleep 0.3; echo y"], stdout=full, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, cwd=workspace)
    assert bare.returncode != 0
    assert done.returncode == 141


def test_a_daemon_that_keeps_the_pipe_does_not_hang_guard(guarded, marker):
    begin = time.monotonic()
    done = guarded("sh", "-c", f"sleep {marker} & echo started")
    assert (done.returncode, done.stdout) == (0, b"started\n")
    assert time.monotonic() - begin < 8


def test_closed_stdout_stays_closed(guard, workspace):
    script = f"{' '.join([*guard, 'run', '--', 'python3', '-c'])} 'import os,sys\ntry:\n os.fstat(1)\n sys.exit(5)\nexcept OSError: sys.exit(0)' >&-"
    assert subprocess.run(["sh", "-c", script], cwd=workspace, stdin=subprocess.DEVNULL).returncode == 0


def test_a_terminal_gets_the_bytes_in_order(guard, workspace):
    master, slave = pty.openpty()
    process = subprocess.Popen([*guard, "run", "--", "sh", "-c", "echo one; echo two >&2; echo three"], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave, cwd=workspace)
    os.close(slave)
    data = b""
    while b"three" not in data:
        data += os.read(master, 1000)
    assert process.wait(20) == 0
    os.close(master)
    assert data.replace(b"\r", b"") == b"one\ntwo\nthree\n"


@pytest.mark.parametrize("script", ["sleep 30", "trap 'exit 130' INT; sleep 30"])
def test_ctrl_c_at_a_terminal_stops_the_run(guard, workspace, script):
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(workspace)
        os.environ["PIPEGUARD_RESULT"] = "result.json"
        os.execvp(guard[0], [*guard, "run", "-c", f"echo ready; {script}"])
    data = b""
    while b"ready" not in data:
        data += os.read(terminal, 1000)
    time.sleep(0.3)
    os.write(terminal, b"\x03")
    try:
        while os.read(terminal, 1000):
            pass
    except OSError:
        pass
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 130
    assert json.loads((workspace / "result.json").read_text())["status"] == "interrupted"


# A process of its own starts the command: Linux counts what its starter held, up to the exec, into a child's peak.
_STARTER = """
import os, sys
pid = os.fork()
if pid == 0:
    os.execvp(sys.argv[2], sys.argv[2:])
_, status, usage = os.wait4(pid, 0)
with open(sys.argv[1], "w") as file:
    file.write(str(usage.ru_maxrss * 1024))
sys.exit(os.waitstatus_to_exitcode(status))
"""


def _peak_of(argv, cwd):
    """The command's own peak memory in bytes, and a digest of what it printed."""
    told = cwd / "peak"
    starter = [sys.executable, "-c", _STARTER, str(told), *argv]
    process = subprocess.Popen(starter, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, cwd=cwd)
    digest, size = hashlib.sha256(), 0
    assert process.stdout is not None
    while chunk := process.stdout.read(1 << 20):
        digest.update(chunk)
        size += len(chunk)
    code = process.wait()
    return code, int(told.read_text()), size, digest.hexdigest()


@pytest.mark.slow
def test_a_gigabyte_passes_in_bounded_memory(guard, workspace):
    program = "import os\nb = (b'x' * 79 + b'\\n') * 13108\nfor i in range(1024): os.write(1, b[:1048576])"
    code, peak, size, _ = _peak_of([*guard, "run", "--", sys.executable, "-c", program], workspace)
    assert (code, size) == (0, 1 << 30)
    assert peak < 100e6


def test_one_huge_line_passes_in_bounded_memory(guard, workspace):
    code, peak, size, _ = _peak_of([*guard, "run", "--", "sh", "-c", "head -c 209715200 /dev/zero; exit 4"], workspace)
    assert (code, size) == (4, 209715200)
    # The failure path is included: it diagnoses what is left of the line.
    assert peak < 250e6


@pytest.mark.parametrize(
    ("script", "err"),
    [
        ("printf out; printf err >&2; exit 3", b"err\nguard: attempt 1 failed"),
        ("printf out; exit 3", b"guard: attempt 1 failed"),
        ("echo err >&2; exit 3", b"err\nguard: attempt 1 failed"),
    ],
)
def test_lines_of_guard_begin_at_the_beginning_of_a_line(guarded, script, err):
    done = guarded("sh", "-c", script)
    assert done.stderr.startswith(err)
    assert b"guard" not in done.stdout


def test_so_they_do_where_both_streams_are_one(guarded):
    done = guarded("sh", "-c", "echo err >&2; printf out; exit 3", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.stdout.startswith(b"err\nout\nguard: attempt 1 failed")
