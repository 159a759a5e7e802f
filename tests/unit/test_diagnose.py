"""Arbitration: root cause over symptom, survived failures and a test's own text do not count, telemetry goes first."""

from __future__ import annotations

import dataclasses
import time

import pytest

from guard.diagnosis.classify import Guess
from guard.diagnosis.diagnose import diagnose
from guard.types import LABELS, Command, LogWindow, Mount, NoMemory, Outcome, Telemetry


def outcome(text: str | bytes, code: int = 1, **more: object) -> Outcome:
    data = text.encode() if isinstance(text, str) else text
    base = Outcome(Command(("make",)), 1, code, None, "exited", 1.0, LogWindow(head=data), Telemetry())
    return dataclasses.replace(base, **more)  # type: ignore[arg-type]


def label(text: str, code: int = 1, **more: object) -> str:
    return diagnose(outcome(text, code, **more), NoMemory()).label


ROOTS = {
    "a full disk beats the compile error it caused": (
        "{standard input}: fatal error: error writing to /tmp/cc1.s: No space left on device\n"
        "make: *** [Makefile:3: a.o] Error 1\n",
        "disk_full",
    ),
    "a killed compiler beats make": (
        "g++: fatal error: Killed signal terminated program cc1plus\ncompilation terminated.\nmake: *** [Makefile:3: a.o] Error 1\n",
        "out_of_memory",
    ),
    "a 503 beats the missing distribution after it": (
        "ERROR: HTTP error 503 while getting https://index.example/simple/six/\n"
        "ERROR: Could not find a version that satisfies the requirement six (from versions: none)\n"
        "ERROR: No matching distribution found for six\n",
        "service_unavailable",
    ),
    "retries that end in a missing distribution": (
        "WARNING: Retrying (Retry(total=0, connect=None)) after connection broken by "
        "'NewConnectionError('<x>: Failed to establish a new connection: [Errno -2] Name or service not known')': /simple/six/\n"
        "ERROR: Could not find a version that satisfies the requirement six (from versions: none)\n"
        "ERROR: No matching distribution found for six\n",
        "dns_failure",
    ),
    "a missing package alone": (
        "ERROR: Could not find a version that satisfies the requirement nope (from versions: none)\n"
        "ERROR: No matching distribution found for nope\n",
        "dependency_not_found",
    ),
}


@pytest.mark.parametrize("name", ROOTS)
def test_root_cause(name):
    text, expected = ROOTS[name]
    assert label(text) == expected


COMPILE_ERROR = "src/main.c:3:5: error: expected ';' before '}' token\nmake: *** [Makefile:3: main.o] Error 1\n"
SURVIVED = {
    "an optional download that failed": "curl: (22) The requested URL returned error: 503\nno cache, going on without\n",
    "a retried download": "npm warn tarball tarball data for a@1 (sha512-x) seems to be corrupted. Trying again.\nadded 120 packages in 3s\n",
    "pip retried and installed": "WARNING: Retrying (Retry(total=4)) after connection broken by 'ReadTimeoutError(\"x\")': /simple/six/\nSuccessfully installed six-1.16.0\n",
    "a passing test named after a failure": "tests/test_disk.py::test_disk_full PASSED\ntest_out_of_memory ... ok\n",
    "a passing test that prints": "ok 3 - survives connect ECONNREFUSED 127.0.0.1:80\n✓ handles Error: getaddrinfo ENOTFOUND api.example (3 ms)\n",
}


@pytest.mark.parametrize("name", SURVIVED)
def test_what_was_survived_is_no_cause(name):
    assert label(SURVIVED[name] + "building\n" * 10 + COMPILE_ERROR) == "compile_error"


def test_an_assertion_on_503_is_a_test_failure():
    text = "E       assert 503 == 200\nE        +  where 503 = <Response [503]>.status_code\nFAILED tests/test_api.py::test_get - assert 503 == 200\n1 failed, 3 passed in 0.3s\n"
    assert label(text) == "test_failure"


def test_the_kernel_goes_before_the_log():
    found = diagnose(outcome(COMPILE_ERROR, 2, telemetry=Telemetry(oom_kills=1, oom_kills_host=1)), NoMemory())
    assert (found.label, found.source) == ("out_of_memory", "telemetry:oom_kill")
    assert found.evidence[0].line == 0


def test_a_kill_that_the_kernel_did_not_count_is_no_lack_of_memory():
    text = "run.sh: line 3:    26 Killed                  ./build\n"
    assert label(text, 137, telemetry=Telemetry(oom_kills_host=0)) != "out_of_memory"
    assert label(text, 137, telemetry=Telemetry(oom_kills_host=1)) == "out_of_memory"


def test_limits_of_ours_are_a_hang():
    assert label("waiting\n", 124, ended="idle_timeout") == "hang"


def test_a_disk_that_is_full_where_the_log_is_silent():
    full = Mount("/tmp", 0, 1 << 30, 10, 100)
    telemetry = Telemetry(disks_before=(dataclasses.replace(full, free_bytes=1 << 20),), disks_after=(full,))
    assert label("Aborted\n", 1, telemetry=telemetry) == "disk_full"


def test_nothing_known_is_unknown_with_its_last_lines():
    found = diagnose(outcome("hello\nworld\n", 3), NoMemory())
    assert (found.label, found.source) == ("unknown", "none")
    assert [one.text for one in found.evidence] == ["hello", "world"]


def test_evidence_has_true_numbers_and_no_secrets():
    text = "start\n" * 41 + "curl: (6) Could not resolve host: s3cr3t-value.example\n"
    command = Command(("curl",), env={"API_TOKEN": "s3cr3t-value"})
    found = diagnose(outcome(text, 6, command=command), NoMemory())
    assert found.evidence[0].line == 42
    assert "s3cr3t-value" not in str(found)


def test_probabilities_sum_to_at_most_one():
    for text, _ in ROOTS.values():
        found = diagnose(outcome(text), NoMemory())
        assert 0 < found.probability <= 1
        assert found.probability + sum(one.probability for one in found.alternatives) <= 1.0001


def test_same_failure_same_fingerprint():
    def print_of(text: str) -> str:
        return diagnose(outcome(text), NoMemory()).fingerprint

    one = "OSError: [Errno 24] Too many open files: '/tmp/run-831/a.txt'\n"
    two = "OSError: [Errno 24] Too many open files: '/home/u/job/99/a.txt'\n"
    other = "OSError: [Errno 28] No space left on device: '/tmp/run-831/a.txt'\n"
    assert print_of(one) == print_of("noise\n" * 7 + two)
    assert print_of(one) != print_of(other)


def test_a_correction_by_a_person_counts():
    class Corrected(NoMemory):
        def label(self, fingerprint: str) -> str | None:
            return "infrastructure"

    assert diagnose(outcome("hello\n", 3), Corrected()).label == "infrastructure"


@pytest.mark.parametrize("hostile", [b"error: " * 500_000, b"(" * 3_000_000, b"\x1b[" * 1_000_000, b"\r" * 2_000_000, b"a=b&" * 700_000 + b"\n", b"\n" * 3_000_000])
def test_no_line_however_hostile_stalls_it(hostile):
    begin = time.monotonic()
    diagnose(outcome(hostile), NoMemory())
    # No bound on speed: only that nothing explodes. A quadratic step on these would take minutes.
    assert time.monotonic() - begin < 60


@pytest.mark.parametrize(
    ("argv", "code", "expected"),
    [
        (("curl", "-s", "https://x.example"), 6, "dns_failure"),
        (("/usr/bin/wget", "-q", "https://x.example"), 4, "connection_failure"),
        (("bash", "-eo", "pipefail", "-c", "make\ncurl -sf https://x.example -o y"), 28, "network_timeout"),
        (("timeout", "5", "make"), 124, "hang"),
        (("make", "curl"), 6, "unknown"),
        (("bash", "-c", "curl -s https://x.example\nmake"), 6, "unknown"),
    ],
)
def test_a_silent_tool_speaks_by_its_exit_code(argv, code, expected):
    assert label("", code, command=Command(argv)) == expected


@pytest.mark.parametrize("text", ["out\n", "connecting\n", "no\n", "in\nout\n", "1 2 3 out 4 5\n"])
def test_a_word_or_two_are_no_ground_to_repeat(text: str) -> None:
    found = diagnose(outcome(text), NoMemory())
    assert found.label == "unknown" or found.probability < 0.55


SIDES = {
    "pytest": "E       AssertionError: assert 'java.lang.Ou...va heap space' == 'ok'\nE         \nE         - ok\nE         + java.lang.OutOfMemoryError: Java heap space\n\nt.py:2: AssertionError\nFAILED t.py::test_s - AssertionError: assert 'java.lang...\n1 failed in 0.2s\n",
    "unittest": "FAIL: test_disk (t.T.test_disk)\nTraceback (most recent call last):\n  File \"t.py\", line 4, in test_disk\n    self.assertEqual(a, b)\nAssertionError: 'No space left on device' != ''\n- No space left on device\n+ \n\n\nRan 1 test in 0.001s\n\nFAILED (failures=1)\n",
    "jest": "  ● api › answers\n\n    expect(received).toEqual(expected)\n\n    - Expected  - 1\n    + Received  + 1\n\n    - ok\n    + curl: (22) The requested URL returned error: 503\n\nTests:       1 failed, 4 passed, 5 total\n",
}


@pytest.mark.parametrize("framework", SIDES)
def test_the_sides_of_an_assertion_are_the_tests_own_text(framework):
    assert label(SIDES[framework]) == "test_failure"


def test_a_list_of_what_failed_is_no_side_of_an_assertion():
    text = "Problems while downloading:\n- curl: (22) The requested URL returned error: 503\n"
    assert label(text) == "service_unavailable"


def test_a_sure_signature_that_nothing_disputes_outweighs_a_doubting_model() -> None:
    text = "ERROR: Coredata file '/w/test_damaged_artifact/b/meson-private/coredata.dat' is corrupted. Try with a fresh build tree.\n"
    window = LogWindow(head=text.encode())
    outcome = Outcome(
        command=Command(argv=("meson", "compile")), number=1, exit_code=1, signal=None, ended="exited", duration_s=1.0, window=window, telemetry=Telemetry()
    )
    doubting = dict.fromkeys(LABELS, 0.01) | {"stale_state": 0.4, "corrupt_artifact": 0.39}
    found = diagnose(outcome, NoMemory(), ask=lambda log, outcome: Guess(doubting, {}, {"model": 1.0}))
    assert found.label == "stale_state"
    assert found.probability >= 0.6  # 0.4 by the model alone
    assert found.probability + sum(one.probability for one in found.alternatives) <= 1.0001
