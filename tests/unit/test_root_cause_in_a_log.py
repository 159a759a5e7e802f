"""Whole logs with more than one fault: what was survived, what fails after the failure, and which of two explains the other."""

from __future__ import annotations

import pytest

from guard.diagnosis.classify import Guess
from guard.diagnosis.commands import Commands
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
from guard.diagnosis.step_end import step_end
from guard.types import LABELS, Command, Diagnosis, LogWindow, NoMemory, Outcome, Telemetry

CURL_503 = "curl: (22) The requested URL returned error: 503\n"
RETRIED = CURL_503 + "Warning: Problem : HTTP error. Will retry in 1 seconds. 4 retries left.\n100  195k  100  195k    0     0  42.5M      0 --:--:-- --:--:-- --:--:-- 42.5M\n"
SEMICOLON = "gcc -O2 -c s/f4.c -o s/f4.o\ns/f4.c:1:26: error: expected ',' or ';' before 'return'\nmake: *** [Makefile:5: s/f4.o] Error 1\n"
KILLED = "gcc: fatal error: Killed signal terminated program cc1\ncompilation terminated.\nmake: *** [Makefile:5: s/f3.o] Error 1\n"
DNS = "curl: (6) Could not resolve host: cache.corp.invalid\n"
GO_ERROR = "./m.go:2:29: cannot use \"a\" (untyped string constant) as int value in variable declaration\n"
UNITTEST = (
    "test_503 (test_a.TestErrors.test_503) ... HTTP Error 503: Service Unavailable\nok\n"
    "test_disk (test_a.TestErrors.test_disk) ... OSError: [Errno 28] No space left on device: '/data'\nok\n"
    "test_memory (test_a.TestErrors.test_memory) ... Traceback (most recent call last):\n  File \"test_a.py\", line 7, in test_memory\nMemoryError: cannot allocate 8 GiB\nok\n"
    "\n----------------------------------------------------------------------\nRan 3 tests in 0.001s\n\nOK\n"
)

LOGS = {
    "a 503 survived right above a compile error": (CURL_503 + "going on without\n" + SEMICOLON, "compile_error", "expected ','"),
    "a 503 that curl retried": (RETRIED + SEMICOLON, "compile_error", "expected ','"),
    "the header that the 503 kept away": (CURL_503 + "a.c:1:10: fatal error: gen.h: No such file or directory\n", "service_unavailable", "503"),
    "a kill survived by another command": (f"$ make -k || true\n{KILLED}$ make -C lib\n{SEMICOLON}", "compile_error", "expected ','"),
    "a kill survived without a word": (KILLED + "thumbnails skipped\n" + SEMICOLON, "compile_error", "expected ','"),
    "a kill that ended it": (KILLED, "out_of_memory", "Killed"),
    "a full disk and the file cut off by it": (
        "OSError: [Errno 28] No space left on device\na.c:2:1: error: expected '}' before 'int'\n", "disk_full", "No space left",
    ),
    "an after-script of GitLab": (f"$ make\n{SEMICOLON}Running after_script\n$ ./upload.sh\n{DNS}ERROR: Job failed: exit code 2\n", "compile_error", "expected ','"),
    "post actions of Jenkins": (
        f"[Pipeline] {{ (Build)\n[Pipeline] sh\n+ go build ./...\n{GO_ERROR}[Pipeline] }}\n[Pipeline] {{ (Declarative: Post Actions)\n[Pipeline] sh\n+ ./notify.sh\n{DNS}ERROR: script returned exit code 1\n",
        "compile_error", "cannot use",
    ),
    "a clean-up that nobody announced": (f"+ go build ./...\n{GO_ERROR}+ ./upload.sh\n{DNS}", "compile_error", "cannot use"),
    "a fetch that ends the job after other commands": (f"$ pip install -r r.txt\nSuccessfully installed six-1.17.0\n$ ./fetch.sh\n{DNS}", "dns_failure", "resolve host"),
    "a linter whose findings were let pass": (
        "$ shellcheck a.sh || true\nIn a.sh line 2:\n  ^-- SC2006 (style): Use $(...) notation instead of legacy backticks `...`.\n$ terraformm validate\nbash: line 1: terraformm: command not found\n",
        "configuration_error", "command not found",
    ),
    "passing tests that speak of faults": (f"$ python -m unittest -v\n{UNITTEST}$ ./validate.sh\nbash: line 1: terraformm: command not found\n", "configuration_error", "command not found"),
}


SILENT = Guess()


def judged(text: str, guess: Guess = SILENT) -> Diagnosis:
    outcome = Outcome(Command(("./ci.sh",)), 1, 1, None, "exited", 1.0, LogWindow(head=text.encode()), Telemetry())
    return diagnose(outcome, NoMemory(), ask=lambda log, outcome: guess)


@pytest.mark.parametrize("name", LOGS)
def test_the_cause_among_several_faults(name: str) -> None:
    text, label, shown = LOGS[name]
    found = judged(text)
    assert found.label == label
    assert shown in found.evidence[0].text


def test_commands_are_counted_by_what_shells_and_runners_show() -> None:
    log = Log(LogWindow(head=b"$ make\nok\n+ ./a.sh\nok\n- x\n+ y\n> app@1.0.0 test\n2026-03-02T09:14:01.0000000Z ##[group]Run make\n"))
    commands = Commands(log)
    assert [commands.number(at) for at in range(len(log))] == [1, 1, 2, 2, 2, 2, 3, 4]


def test_only_the_last_post_actions_of_jenkins_end_the_step() -> None:
    text = b"[Pipeline] { (Lint)\n[Pipeline] { (Declarative: Post Actions)\n[Pipeline] { (Build)\nx\n[Pipeline] { (Declarative: Post Actions)\ny\n"
    assert step_end(Log(LogWindow(head=text))) == 4


def opinion(**chances: float) -> Guess:
    """A model that is sure, and weighs as much as one signature."""
    rest = (1 - sum(chances.values())) / (len(LABELS) - len(chances))
    return Guess({label: chances.get(label, rest) for label in LABELS}, {}, {"model": 1.0, "cause": 2.0})


def test_a_model_in_love_with_a_fault_of_another_command_gives_way() -> None:
    apart = judged(f"$ make -k || true\n{KILLED}$ make -C lib\n{SEMICOLON}", opinion(out_of_memory=0.9, compile_error=0.05))
    assert (apart.label, apart.evidence[0].text) == ("compile_error", SEMICOLON.splitlines()[1])
    together = judged(f"$ make\n{SEMICOLON}{KILLED}", opinion(out_of_memory=0.9, compile_error=0.05))
    assert together.label == "out_of_memory"


def test_words_that_are_one_tool_s_own_outweigh_a_model_in_doubt() -> None:
    alone = judged(DNS, opinion(lint_error=0.6, dns_failure=0.002))
    assert (alone.label, alone.probability) == ("dns_failure", 0.65)
    assert sum(one.probability for one in alone.alternatives) + alone.probability <= 1
    assert judged(DNS, opinion(lint_error=0.999)).label == "lint_error"


def test_no_log_is_a_proof() -> None:
    assert judged(SEMICOLON, opinion(compile_error=1.0)).probability == 0.99
