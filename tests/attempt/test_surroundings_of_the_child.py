"""The child finds what it would find without guard: environment, descriptors, signals, limits, folder, input."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_environment_is_the_one_given(guard, workspace):
    given = {"PATH": os.environ["PATH"], "ODD": "a=b\nc", "LC_ALL": "C", "UTF": "é\udcff"}
    done = subprocess.run([*guard, "run", "--", "env", "-0"], env=given, stdin=subprocess.DEVNULL, capture_output=True, cwd=workspace)
    seen = dict(entry.split(b"=", 1) for entry in done.stdout.split(b"\0") if entry)
    ours = {name for name in seen if name.startswith(b"PIPEGUARD_")}
    assert seen[b"PIPEGUARD_ATTEMPT"] == b"1"
    assert seen[b"PIPEGUARD_ACTIVE"] == b"1"
    assert {k: v for k, v in seen.items() if k not in ours} == {os.fsencode(k): os.fsencode(v) for k, v in given.items()}


def test_c_locale_is_not_changed_by_python(guard, workspace):
    done = subprocess.run([*guard, "run", "--", "env"], env={"PATH": os.environ["PATH"], "LANG": "C"}, stdin=subprocess.DEVNULL, capture_output=True, cwd=workspace)
    assert b"LC_CTYPE" not in done.stdout


def test_an_empty_environment_stays_empty(workspace):
    start = [sys.executable, "-I", "-S", str(Path(__file__).parents[2] / "guard/launch.py"), "run", "--", "/usr/bin/env"]
    done = subprocess.run(start, env={}, stdin=subprocess.DEVNULL, capture_output=True, cwd=workspace)
    names = {line.partition(b"=")[0] for line in done.stdout.splitlines()}
    assert names == {b"PIPEGUARD_ATTEMPT", b"PIPEGUARD_ACTIVE", b"PIPEGUARD_RUN_ID"}


def test_signal_dispositions_and_mask(guard, workspace):
    look = "grep -E 'Sig(Ign|Blk|Cgt)' /proc/self/status"
    for prepare in ("", "trap '' HUP USR1; ", "trap '' PIPE; "):
        bare = subprocess.run(["sh", "-c", f"{prepare}{look}"], capture_output=True, stdin=subprocess.DEVNULL)
        words = " ".join([*guard, "run", "--", "sh", "-c", f'"{look}"'])
        done = subprocess.run(["sh", "-c", f"{prepare}{words}"], capture_output=True, stdin=subprocess.DEVNULL, cwd=workspace)
        assert done.stdout == bare.stdout, prepare


def test_open_descriptors_are_passed_on_and_none_of_ours(guard, workspace):
    read_end, write_end = os.pipe()
    os.set_inheritable(write_end, True)
    program = f"import os; os.write({write_end}, b'job server'); print(sorted(int(f) for f in os.listdir('/proc/self/fd')))"
    done = subprocess.run([*guard, "run", "--", sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, close_fds=False, cwd=workspace)
    bare = subprocess.run([sys.executable, "-c", program], stdin=subprocess.DEVNULL, capture_output=True, close_fds=False)
    assert done.stdout == bare.stdout
    assert os.read(read_end, 100) == b"job server" * 2


def test_umask_limits_and_folder(guard, workspace):
    look = "umask; ulimit -a; pwd"
    bare = subprocess.run(["bash", "-c", f"umask 027; ulimit -n 500; {look}"], capture_output=True, cwd=workspace)
    words = " ".join([*guard, "run", "--", "bash", "-c", f"'{look}'"])
    done = subprocess.run(["bash", "-c", f"umask 027; ulimit -n 500; {words} </dev/null"], capture_output=True, cwd=workspace)
    assert done.stdout == bare.stdout


def test_stdin_is_passed_through(guarded):
    assert guarded("cat", stdin=None, input=b"given\n").stdout == b"given\n"


def test_a_file_on_stdin_is_read_again_from_where_it_stood(guarded, workspace):
    (workspace / "in").write_bytes(b"first\nsecond\n")
    script = "cat; if [ $PIPEGUARD_ATTEMPT = 1 ]; then echo 'curl: (6) Could not resolve host: index.example'; exit 6; fi"
    with open(workspace / "in", "rb") as file:
        file.seek(6)
        done = guarded("bash", "-c", script, stdin=file)
    assert done.returncode == 0
    assert done.stdout.count(b"second\n") == 2
    assert b"first" not in done.stdout


def test_a_pipe_on_stdin_is_not_replayed(guarded):
    script = "cat; echo $PIPEGUARD_ATTEMPT; echo 'curl: (6) Could not resolve host: index.example'; exit 6"
    done = guarded("bash", "-c", script, stdin=None, input=b"once\n")
    assert done.returncode == 6
    assert done.stdout.count(b"once") == 1
    assert b"standard input" in done.stderr


def test_an_empty_closed_pipe_on_stdin_forbids_nothing(guarded):
    script = "if [ $PIPEGUARD_ATTEMPT = 1 ]; then echo 'curl: (6) Could not resolve host: index.example'; exit 6; fi"
    assert guarded("bash", "-c", script, stdin=None, input=b"").returncode == 0


def test_step_files_are_cut_back_between_attempts(guarded, workspace):
    names = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_PATH", "GITHUB_STATE", "GITHUB_STEP_SUMMARY")
    env = dict(os.environ)
    for name in names:
        (workspace / name).write_text("before\n")
        env[name] = str(workspace / name)
    script = "for f in " + " ".join(f'"${name}"' for name in names) + """; do echo "attempt=$PIPEGUARD_ATTEMPT" >> "$f"; done
[ $PIPEGUARD_ATTEMPT = 2 ] || { echo 'curl: (6) Could not resolve host: index.example'; exit 6; }"""
    assert guarded("bash", "-c", script, env=env).returncode == 0
    for name in names:
        assert (workspace / name).read_text() == "before\nattempt=2\n"


def test_a_swapped_step_file_is_left_alone(guarded, workspace):
    precious = workspace / "precious"
    precious.write_text("do not touch")
    output = workspace / "output"
    output.write_text("")
    script = "if [ $PIPEGUARD_ATTEMPT = 1 ]; then rm $GITHUB_OUTPUT; ln -s precious $GITHUB_OUTPUT; echo 'curl: (6) Could not resolve host: index.example'; exit 6; fi"
    done = guarded("bash", "-c", script, env={**os.environ, "GITHUB_OUTPUT": str(output)})
    assert done.returncode == 0
    assert precious.read_text() == "do not touch"
    assert b"GITHUB_OUTPUT is left as it is" in done.stderr


WRITES_AND_FAILS_ONCE = "echo attempt=$PIPEGUARD_ATTEMPT >> $GITHUB_OUTPUT; [ $PIPEGUARD_ATTEMPT = 2 ] || { echo 'curl: (6) Could not resolve host: index.example'; exit 6; }"


def test_a_step_file_that_the_attempt_made_is_cut_back(guarded, workspace):
    output = workspace / "output"
    assert guarded("bash", "-c", WRITES_AND_FAILS_ONCE, env={**os.environ, "GITHUB_OUTPUT": str(output)}).returncode == 0
    assert output.read_text() == "attempt=2\n"


def test_a_step_file_that_was_a_link_from_the_start_is_cut_back_where_it_led(guarded, workspace):
    (workspace / "real").write_text("before\n")
    output = workspace / "output"
    output.symlink_to("real")
    assert guarded("bash", "-c", WRITES_AND_FAILS_ONCE, env={**os.environ, "GITHUB_OUTPUT": str(output)}).returncode == 0
    assert (workspace / "real").read_text() == "before\nattempt=2\n"


def test_another_file_under_the_name_of_one_that_was_not_there_is_left_alone(guarded, workspace):
    (workspace / "precious").write_text("do not touch")
    script = "if [ $PIPEGUARD_ATTEMPT = 1 ]; then ln precious $GITHUB_OUTPUT; echo 'curl: (6) Could not resolve host: index.example'; exit 6; fi"
    done = guarded("bash", "-c", script, env={**os.environ, "GITHUB_OUTPUT": str(workspace / "output")})
    assert (done.returncode, (workspace / "precious").read_text()) == (0, "do not touch")
    assert b"GITHUB_OUTPUT is left as it is" in done.stderr


def test_the_last_failed_attempt_keeps_its_step_files(guarded, workspace):
    output = workspace / "output"
    output.write_text("")
    guarded("bash", "-c", "echo kept=1 >> $GITHUB_OUTPUT; exit 3", env={**os.environ, "GITHUB_OUTPUT": str(output)})
    assert output.read_text() == "kept=1\n"


def test_a_working_directory_that_is_gone(guard, workspace):
    script = f"mkdir gone; cd gone; rmdir ../gone; {' '.join(guard)} run -- sh -c 'echo ran; exit 3'"
    done = subprocess.run(["sh", "-c", script], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode, done.stdout) == (3, b"ran\n")
    assert b"Traceback" not in done.stderr


def test_an_empty_environment_and_few_descriptors(guard, workspace):
    for prepare in ("env -i", *(f"ulimit -n {count};" for count in (6, 8, 10, 11, 12, 14))):
        script = f"{prepare} {' '.join(guard)} run -- /bin/sh -c 'echo ran; exit 4'"
        done = subprocess.run(["sh", "-c", script], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True)
        assert (done.returncode, done.stdout) == (4, b"ran\n"), (prepare, done.stderr)
