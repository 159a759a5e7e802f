"""Exit codes and signals reach the job as they would without guard."""

from __future__ import annotations

import signal
import subprocess

import pytest


@pytest.mark.parametrize("code", [0, 1, 2, 3, 42, 77, 125, 126, 127, 128, 137, 143, 254, 255])
def test_exit_code_is_the_commands(guarded, code):
    assert guarded("sh", "-c", f"exit {code}").returncode == code


@pytest.mark.parametrize("number", [1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 31, 34, 64])
def test_death_by_signal_is_128_plus_its_number(guarded, number):
    program = f"import os, signal; signal.signal({number}, signal.SIG_DFL) if {number} != 9 else 0; os.kill(os.getpid(), {number})"
    assert guarded("python3", "-c", program).returncode == 128 + number


@pytest.mark.parametrize("script", ["kill -9 $$", "true; sh -c 'kill -9 $$'", "echo a\nsh -c 'kill -SEGV $$'", "sh -c 'kill -KILL $$' && true"])
def test_a_killed_script_is_red_however_it_ends(guard, workspace, script):
    plain = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], cwd=workspace, stderr=subprocess.DEVNULL)
    expected = plain.returncode if plain.returncode >= 0 else 128 - plain.returncode
    done = subprocess.run([*guard, "run", "-c", script], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.returncode == expected
    assert done.returncode > 128


def test_script_semantics_are_those_of_the_platform(guard, workspace):
    def code(script: str, **env: str) -> int:
        import os

        return subprocess.run([*guard, "run", "-c", script], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True, env={**os.environ, **env}).returncode

    assert code("false\necho after") == 1
    assert code("false | cat") == 1
    assert code("false | cat", JENKINS_URL="http://jenkins.example/", BUILD_NUMBER="1") == 0
    assert code("false | cat; false", GITLAB_CI="true") == 1


def test_a_script_reaches_the_shell_unquoted(guard, workspace):
    script = 'x=\'a "b" $c\'; printf "%s|%s\\n" "$x" \'`echo no`\'; echo "$0"'
    plain = subprocess.run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script], capture_output=True)
    done = subprocess.run([*guard, "run", "-c", script], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True)
    assert done.stdout == plain.stdout


def test_script_file_runs_by_the_platforms_shell(guard, workspace):
    (workspace / "s.sh").write_text("false | true\necho unreachable\n")
    done = subprocess.run([*guard, "run", "--script", "s.sh"], cwd=workspace, stdin=subprocess.DEVNULL, capture_output=True)
    assert (done.returncode, done.stdout) == (1, b"")


def test_not_found_and_not_executable(guarded, workspace):
    (workspace / "data").write_text("x")
    (workspace / "folder").mkdir()
    (workspace / "lost").write_text("#!/nonexistent/interpreter\n")
    (workspace / "lost").chmod(0o755)
    assert guarded("no-such-command-here").returncode == 127
    assert guarded("./none").returncode == 127
    assert guarded("./data").returncode == 126
    assert guarded("./folder").returncode == 126
    lost = guarded("./lost")
    assert lost.returncode == 127
    assert b"bad interpreter" in lost.stderr


def test_a_file_without_shebang_runs_by_sh(guarded, workspace):
    (workspace / "plain").write_text('echo "$0 $1"\n')
    (workspace / "plain").chmod(0o755)
    assert guarded("./plain", "x").stdout == b"./plain x\n"


def test_core_dump_signal_counts_as_failure(guarded):
    assert guarded("sh", "-c", "ulimit -c 0; kill -ABRT $$").returncode == 128 + signal.SIGABRT


def test_nested_guard_passes_through(guard, guarded):
    done = guarded(*guard, "run", "--", "sh", "-c", "echo inner; exit 9")
    assert (done.returncode, done.stdout) == (9, b"inner\n")
    assert done.stderr.count(b"attempt 1 failed") == 1
