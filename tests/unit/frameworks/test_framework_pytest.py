from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.frameworks import pytest as framework
from guard.types import Change, FailedTests, Refusal, Surroundings

LOG = """\
collected 3 items

test_a.py .F.

=========================== short test summary info ============================
FAILED test_a.py::test_b[x - y] - assert 0
========================= 1 failed, 2 passed in 0.12s ==========================
"""


def cache(root: Path, *names: str) -> None:
    place = root / ".pytest_cache" / "v" / "cache"
    place.mkdir(parents=True, exist_ok=True)
    (place / "lastfailed").write_text(json.dumps(dict.fromkeys(names, True)))


def test_cache_and_summary_agree(tmp_path: Path, outcome: Any, here: Surroundings) -> None:
    cache(tmp_path, "test_a.py::test_b[x - y]")
    first = outcome(LOG, "pytest", "-v")
    tests = framework.failed(first, here)
    assert tests == FailedTests("pytest", ("test_a.py::test_b[x - y]",), 3, True, "cache")
    change = framework.rerun(tests, first, here)
    assert isinstance(change, Change)
    assert change.argv == ("pytest", "--lf", "--lfnf=none", "-v")
    assert change.once


@pytest.mark.parametrize(
    "log",
    [
        LOG.replace("collected 3", "collected 4"),
        LOG.replace("1 failed", "2 failed"),
        LOG + LOG,
        LOG.replace("==\nFAILED", "==\nSUBFAILED(i=1)"),
        LOG.replace("FAILED test_a.py::test_b[x - y]", "FAILED test_a.py::test_b[x"),
        LOG.replace("short test summary info", "other"),
        LOG + "!!!!!!!!!! stopping after 1 failures !!!!!!!!!!\n",
        LOG + "INTERNALERROR> Traceback\n",
        LOG + "Required test coverage of 90% not reached.\n",
        LOG.replace("= 1 failed, 2 passed in 0.12s =", ""),
        "",
        "\x1b[31m\x00\xff",
    ],
)
def test_any_doubt_is_a_refusal(tmp_path: Path, outcome: Any, here: Surroundings, log: str) -> None:
    cache(tmp_path, "test_a.py::test_b[x - y]")
    assert isinstance(framework.failed(outcome(log, "pytest"), here), Refusal)


@pytest.mark.parametrize("code", [0, 2, 3, 4, 5, 137])
def test_other_exit_codes_are_refused(tmp_path: Path, outcome: Any, here: Surroundings, code: int) -> None:
    cache(tmp_path, "test_a.py::test_b[x - y]")
    assert isinstance(framework.failed(outcome(LOG, "pytest", code=code), here), Refusal)


@pytest.mark.parametrize(
    "names", [(), ("test_a.py::other",), ("test_a.py::test_b[x - y]", "test_old.py::test_x"), ("test_a.py",)]
)
def test_a_cache_that_disagrees_is_refused(
    tmp_path: Path, outcome: Any, here: Surroundings, names: tuple[str, ...]
) -> None:
    cache(tmp_path, *names)
    assert isinstance(framework.failed(outcome(LOG, "pytest"), here), Refusal)


@pytest.mark.parametrize("text", ["[]", "{", "\x00", "3"])
def test_a_broken_cache_is_refused(tmp_path: Path, outcome: Any, here: Surroundings, text: str) -> None:
    cache(tmp_path)
    (tmp_path / ".pytest_cache/v/cache/lastfailed").write_text(text)
    assert isinstance(framework.failed(outcome(LOG, "pytest"), here), Refusal)


@pytest.mark.parametrize(
    "options",
    [
        ("-x",),
        ("-qx",),
        ("--maxfail", "3"),
        ("--lf",),
        ("-p", "no:cacheprovider"),
        ("--cov=src",),
        ("--cache-clear",),
        ("--stepwise",),
    ],
)
def test_options_that_leave_tests_out(outcome: Any, here: Surroundings, options: tuple[str, ...]) -> None:
    tests = FailedTests("pytest", ("a::b",), 3, True, "cache")
    assert isinstance(framework.rerun(tests, outcome(LOG, "pytest", *options), here), Refusal)
    assert isinstance(
        framework.rerun(tests, outcome(LOG, "pytest", env={"PYTEST_ADDOPTS": " ".join(options)}), here),
        Refusal,
    )


@pytest.mark.parametrize(
    "options", [("-rx",), ("-n", "4"), ("-k", "x"), ("-kx",), ("-m", "not x"), ("--color=yes",)]
)
def test_options_that_do_not(outcome: Any, here: Surroundings, options: tuple[str, ...]) -> None:
    tests = FailedTests("pytest", ("a::b",), 3, True, "cache")
    assert isinstance(framework.rerun(tests, outcome(LOG, "python3", "-m", "pytest", *options), here), Change)


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("2 passed in 0.1s", True),
        ("======= 2 passed, 7 deselected, 1 warning in 61.02s (0:01:01) =======", True),
        ("2 passed, 1 failed in 0.1s", False),
        ("1 passed, 1 skipped in 0.1s", False),
        ("1 passed, 1 xfailed in 0.1s", False),
        ("1 passed, 1 rerun in 0.1s", False),
        ("3 passed in 0.1s", False),
        ("1 passed in 0.1s", False),
        ("no tests ran in 0.1s", False),
        ("2 passed in 0.1s\n2 passed in 0.1s", False),
        ("", False),
    ],
)
def test_only_as_many_passes_as_promised_are_proof(outcome: Any, line: str, good: bool) -> None:
    change = Change("rerun_failed_tests", "", details={"framework": "pytest", "must_run": ["a::b", "a::c"]})
    assert framework.verified(change, outcome(line, "pytest", code=0)) is good
    assert not framework.verified(change, outcome(line, "pytest", code=1))
    assert not framework.verified(change, outcome(line, "pytest", code=0, dropped=1))
