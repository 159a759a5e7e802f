"""Narrowed runs of the real pytest: healed where flaky, red where broken, refused where not sound."""

from __future__ import annotations

import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.tools

PYTEST = (sys.executable, "-m", "pytest", "-p", "no:randomly")

FLAKY = """
import pathlib, pytest
def test_ok(): pass
def test_more(): pass
@pytest.mark.parametrize("x", ["a b", "c[1]", "-x", "$(touch owned)", "d::e - f", "\\u00e9"])
def test_odd(x):
    place = pathlib.Path("marker-%d" % abs(hash(x)))
    if x != "a b" and not pathlib.Path("marker").exists():
        assert x == "a b"
class TestIn:
    def test_deep(self): assert pathlib.Path("marker").exists()
"""


def test_flaky_tests_with_odd_names_heal(bench: Any) -> None:
    bench.write("test_a.py", FLAKY)
    first = bench.attempt(*PYTEST, "-v")
    assert first.exit_code == 1
    change = bench.change(first)
    assert change.once
    assert len(change.details["must_run"]) == 6
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed
    assert bench.verified(change, second)
    assert b"6 passed" in second.window.head
    assert not (bench.cwd / "owned").exists()


def test_broken_stays_red_and_is_not_narrowed_twice(bench: Any) -> None:
    bench.write("test_a.py", "def test_ok(): pass\ndef test_bad(): assert 0\n")
    first = bench.attempt(*PYTEST)
    change = bench.change(first, "test_failure")
    second = bench.again(first, change)
    assert second.exit_code == 1
    assert not bench.verified(change, second)
    assert "already" in bench.reason(second)


@pytest.mark.parametrize(
    "options", [("-x",), ("-vx",), ("--maxfail=1",), ("--sw",), ("--maxf", "1"), ("--exitfirst",)]
)
def test_a_run_that_stops_early_is_refused(bench: Any, options: tuple[str, ...]) -> None:
    bench.write("test_a.py", "def test_bad(): assert 0\ndef test_never(): assert 0\n")
    assert bench.reason(bench.attempt(*PYTEST, *options))


@pytest.mark.parametrize("place", ["ini", "env"])
def test_exitfirst_from_settings_is_refused(bench: Any, place: str) -> None:
    # The failure is the last test: nothing but the option tells.
    bench.write("test_a.py", "def test_ok(): pass\ndef test_bad(): assert 0\n")
    bench.write("pytest.ini", "[pytest]\naddopts = -x\n" if place == "ini" else "[pytest]\n")
    assert bench.reason(bench.attempt(*PYTEST, env={"PYTEST_ADDOPTS": "-x"} if place == "env" else {}))


def test_no_test_selected_is_not_green(bench: Any) -> None:
    bench.write("test_a.py", "def test_ok(): pass\ndef test_bad(): assert 0\n")
    first = bench.attempt(*PYTEST)
    change = bench.change(first)
    shutil.rmtree(bench.cwd / ".pytest_cache")
    second = bench.again(first, change)
    assert second.exit_code == 5
    assert not bench.verified(change, second)


def test_a_test_that_is_skipped_the_second_time_is_no_proof(bench: Any) -> None:
    bench.write(
        "test_a.py",
        "import pathlib, pytest\ndef test_ok(): pass\n"
        "def test_bad():\n    if pathlib.Path('marker').exists(): pytest.skip()\n"
        "    pathlib.Path('marker').touch(); assert 0\n",
    )
    first = bench.attempt(*PYTEST)
    change = bench.change(first)
    second = bench.again(first, change)
    assert second.passed
    assert not bench.verified(change, second)


def test_failed_subtests_are_not_in_the_cache_and_so_refused(bench: Any) -> None:
    bench.write(
        "test_a.py",
        "import unittest\nclass T(unittest.TestCase):\n"
        "    def test_s(self):\n        with self.subTest(i=1): self.fail()\n"
        "    def test_f(self): self.fail()\n",
    )
    assert "cache" in bench.reason(bench.attempt(*PYTEST))


def test_an_older_failure_in_the_cache_is_noticed(bench: Any) -> None:
    bench.write("test_a.py", "def test_old(): assert 0\n")
    bench.write("test_b.py", "def test_ok(): pass\ndef test_new(): assert 0\n")
    bench.attempt(*PYTEST, "test_a.py")
    assert "cache" in bench.reason(bench.attempt(*PYTEST, "test_b.py"))


@pytest.mark.parametrize(
    "body",
    [
        "import nowhere_to_be_found\n",
        "import os\ndef test_dies(): os._exit(1)\n",
        "import pytest\ndef test_ends(): pytest.exit('enough', returncode=1)\n",
    ],
)
def test_collection_errors_and_crashes_are_refused(bench: Any, body: str) -> None:
    bench.write("test_a.py", "def test_ok(): pass\ndef test_bad(): assert 0\n")
    bench.write("test_b.py", body)
    assert bench.reason(bench.attempt(*PYTEST))
    assert bench.reason(bench.attempt(*PYTEST, "--continue-on-collection-errors"))


def test_with_xdist(bench: Any) -> None:
    pytest.importorskip("xdist")
    bench.write("test_a.py", FLAKY)
    first = bench.attempt(*PYTEST, "-n2", "-q")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second)
    (bench.cwd / "marker").unlink()
    assert bench.reason(bench.attempt(*PYTEST, "-n2", "--maxfail=1"))


def test_a_crashed_xdist_worker_is_refused(bench: Any) -> None:
    pytest.importorskip("xdist")
    bench.write("test_a.py", "import os\ndef test_ok(): pass\ndef test_dies(): os._exit(3)\n")
    assert bench.reason(bench.attempt(*PYTEST, "-n2"))


def test_mass_failure_is_refused(bench: Any) -> None:
    bench.write(
        "test_a.py", "import pytest\n@pytest.mark.parametrize('i', range(12))\ndef test_i(i): assert 0\n"
    )
    assert "not flakiness" in bench.reason(bench.attempt(*PYTEST))
    bench.write(
        "test_a.py", "import pytest\n@pytest.mark.parametrize('i', range(25))\ndef test_i(i): assert i > 5\n"
    )
    assert "not flakiness" in bench.reason(bench.attempt(*PYTEST))


def test_from_a_subfolder_the_cache_of_the_root_is_found(bench: Any, make_bench: Any) -> None:
    bench.write("pytest.ini", "[pytest]\n")
    bench.write("sub/test_a.py", "def test_ok(): pass\ndef test_bad(): assert 0\n")
    below = make_bench(bench.cwd / "sub", bench.cwd)
    first = below.attempt(*PYTEST)
    change = below.change(first)
    assert change.details["must_run"] == ["sub/test_a.py::test_bad"]
    assert below.again(first, change).exit_code == 1


def _marker_tests(bench: Any) -> None:
    bench.write(
        "test_a.py",
        "import pathlib\ndef test_ok(): pass\ndef test_f(): assert pathlib.Path(__file__).with_name('marker').exists()\n",
    )


def test_through_make(bench: Any) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    _marker_tests(bench)
    bench.write("Makefile", f"test:\n\t@echo tests\n\t{sys.executable} -m pytest test_a.py\n\t@echo after\n")
    first = bench.attempt("make", "test")
    assert first.exit_code == 2
    change = bench.change(first)
    assert str(change.env["PYTEST_ADDOPTS"]).startswith("--lf --lfnf=none -o ")
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed
    assert b"after" in second.window.head
    assert bench.verified(change, second)


def test_through_make_a_second_session_is_never_lost(bench: Any) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    _marker_tests(bench)
    bench.write("test_b.py", "def test_b(): assert 0\n")
    bench.write(
        "Makefile", f"test:\n\t{sys.executable} -m pytest test_a.py\n\t{sys.executable} -m pytest test_b.py\n"
    )
    first = bench.attempt("make", "test")
    found = bench.propose(first)
    bench.write("marker", "")
    if hasattr(found, "once"):
        second = bench.again(first, found)
        assert not second.passed
        assert not bench.verified(found, second)


def test_a_make_line_that_hides_its_output_is_refused(bench: Any) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    _marker_tests(bench)
    bench.write(
        "Makefile",
        f"test:\n\t{sys.executable} -m pytest test_a.py\n\t{sys.executable} -m pytest test_b.py > log\n",
    )
    assert bench.reason(bench.attempt("make", "test"))


def test_in_a_script_of_one_command(bench: Any) -> None:
    _marker_tests(bench)
    line = f"{sys.executable} -m pytest -k 'f or ok'"
    first = bench.attempt(script=f"set -e\n# the tests\nPYTEST_X=1 {line}\n")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second)


@pytest.mark.parametrize(
    "more",
    [
        "{} && echo deployed",
        "{}; echo x",
        "{} | cat",
        "{}\n./later",
        "{} || true; false",
        "cd . && {}",
        "{} $X",
    ],
)
def test_a_longer_script_is_refused(bench: Any, more: str) -> None:
    _marker_tests(bench)
    first = bench.attempt(script=more.format(f"{sys.executable} -m pytest"))
    assert bench.reason(replace(first, exit_code=1))


def test_coverage_is_refused(bench: Any) -> None:
    _marker_tests(bench)
    first = bench.attempt(*PYTEST)
    words = (*first.command.argv, "--cov=.", "--cov-fail-under=90")
    assert "coverage" in bench.reason(replace(first, command=replace(first.command, argv=words)))


def test_a_cut_log_a_timeout_and_a_kill_are_refused(bench: Any) -> None:
    _marker_tests(bench)
    first = bench.attempt(*PYTEST)
    bench.change(first)
    assert bench.reason(replace(first, window=replace(first.window, dropped_bytes=1)))
    assert bench.reason(replace(first, ended="attempt_timeout", exit_code=124))
    assert bench.reason(replace(first, ended="signalled", signal=9, exit_code=137))
    assert bench.reason(replace(first, telemetry=replace(first.telemetry, oom_kills=1)))


def _beside_python(name: str) -> str | None:
    """A tool on PATH, or in the environment that runs these tests."""
    beside = Path(sys.executable).with_name(name)
    return shutil.which(name) or (str(beside) if beside.exists() else None)


def test_through_tox_by_posargs(bench: Any) -> None:
    tox = _beside_python("tox")
    if tox is None:
        pytest.skip("no tox")
    _marker_tests(bench)
    bench.write(
        "tox.ini",
        "[tox]\nskipsdist = true\n[testenv:one]\nskip_install = true\n# deps = pytest>=7\nallowlist_externals = *\n"
        f"commands = {sys.executable} -m pytest {{posargs:test_a.py}}\n",
    )
    first = bench.attempt(tox, "-e", "one")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second)


def test_through_nox(bench: Any) -> None:
    nox = _beside_python("nox")
    if nox is None:
        pytest.skip("no nox")
    _marker_tests(bench)
    bench.write(
        "noxfile.py",
        "import nox\n@nox.session(venv_backend='none')\ndef tests(session):\n"
        f"    session.run('{sys.executable}', '-m', 'pytest')\n",
    )
    first = bench.attempt(nox, "-s", "tests")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert second.passed, bench.text(second)
    assert bench.verified(change, second)


def test_a_hidden_session_behind_make_is_never_narrowed_to_green(bench: Any) -> None:
    if shutil.which("make") is None:
        pytest.skip("no make")
    _marker_tests(bench)
    # The second session has its own root, whose old cache names one flaky test, and prints nothing.
    bench.write("sub/pytest.ini", "[pytest]\n")
    bench.write("sub/test_s.py", "def test_s(): pass\ndef test_broken(): assert 0\n")
    bench.write("sub/.pytest_cache/v/cache/lastfailed", '{"test_s.py::test_s": true}')
    bench.write("sub/run.sh", f"cd sub && {sys.executable} -m pytest > log 2>&1\n")
    bench.write("Makefile", f"test:\n\t{sys.executable} -m pytest test_a.py\n\tsh sub/run.sh\n")
    first = bench.attempt("make", "test")
    change = bench.change(first)
    bench.write("marker", "")
    second = bench.again(first, change)
    assert not second.passed
