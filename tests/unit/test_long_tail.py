"""Languages and tools met less often, in what they really print: the label, and the line that a person would look at."""

from __future__ import annotations

import pytest

from guard.diagnosis.classify import Guess
from guard.diagnosis.diagnose import diagnose
from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry

SURVIVED = "Err:2 http://mirror.example/ubuntu bionic-updates InRelease\n  Connection timed out [IP: 10.2.2.2 80]\nFetched 9000 kB in 3s\nReading package lists... Done\n"
"""What apt got over before the command that failed."""
IN_VAIN = '\nThe command "./ci.sh" exited with 1.\n$ bash upload.sh\ncurl: (22) The requested URL returned error: 404\n\nDone. Your build exited with 1.\n'
"""What runs after the failure and fails too."""

LOGS = {
    "a perl that is too old": ("Perl v5.99.0 required--this is only v5.36.0, stopped at a.pl line 1.\nBEGIN failed--compilation aborted at a.pl line 1.\n", "configuration_error", "Perl v5.99"),
    "a module that a Perl test needs": (
        "t/a.t .. \n#   Failed test 'use A;'\n#   at t/a.t line 1.\n#     Tried to use 'A'.\n#     Error:  Can't locate Nope/Dep.pm in @INC (you may need to install the Nope::Dep module)\n"
        "# BEGIN failed--compilation aborted at lib/A.pm line 1.\n# Looks like you failed 1 test of 1.\nResult: FAIL\n",
        "configuration_error", "Can't locate Nope/Dep.pm",
    ),
    "busted": ("●◼\n1 success / 1 failure / 0 errors / 0 pending : 0.000913 seconds\n\nFailure -> spec/a_spec.lua @ 1\nmath adds\nspec/a_spec.lua:1: Expected objects to be equal.\n", "test_failure", "Failure -> spec"),
    "a module of Lua": ("lua: a.lua:1: module 'nopelib' not found:\n\tno field package.preload['nopelib']\n\tno file './nopelib.lua'\nstack traceback:\n\t[C]: in function 'require'\n", "configuration_error", "module 'nopelib'"),
    "tcltest": ("\n==== adds-1 adds FAILED\n==== Contents of test case:\nexpr {1+1}\n---- Result was:\n2\n==== adds-1 FAILED\n\nt.test:\tTotal\t2\tPassed\t1\tSkipped\t0\tFailed\t1\n", "test_failure", "==== adds-1 adds"),
    "Octave": ("octave: X11 DISPLAY environment variable not set\noctave: disabling GUI features\nok 1\nerror: ASSERT errors for:  assert (2 + 2,5)\n\n  Location  |  Observed  |  Expected  |  Reason\n", "test_failure", "ASSERT errors"),
    "testthat in R CMD check": (
        "* checking tests ...\n  Running ‘testthat.R’\n ERROR\nRunning the tests in ‘tests/testthat.R’ failed.\nLast 13 lines of output:\n  ══ Failed tests ═════\n"
        "  ── Failure (test-a.R:3): adds ─────\n  add(1, 2) not equal to 3.\n  \n  Error: Test failures\n  Execution halted\n* DONE\n\nStatus: 1 ERROR\n",
        "test_failure", "── Failure (test-a.R:3)",
    ),
    "hspec's place of a failure is no compiler's": ("math\n  ok [v]\n  adds [x]\n\nFailures:\n\n  T.hs:2:90: \n  1) math adds\n       expected: 3\n        but got: 2\n\n2 examples, 1 failure\n", "test_failure", "1) math adds"),
    "what a test of dune printed": ('File "t.expected", line 1, characters 0-0:\ndiff --git a/t.expected b/t.output\n--- a/t.expected\n+++ b/t.output\n@@ -1 +1 @@\n-4\n+3\n', "test_failure", 'File "t.expected"'),
    "a library that dune lacks": ('File "dune", line 1, characters 31-35:\n1 | (executable (name a)(libraries nope))\n                                   ^^^^\nError: Library "nope" not found.\n', "configuration_error", 'Library "nope"'),
    "an Elixir that is too old": ("** (Mix) You're trying to run :app on Elixir v1.14.0 but it has declared in its mix.exs file it supports only Elixir ~> 9.0\n", "configuration_error", "You're trying to run"),
    "an RSpec file that does not load": ("\nAn error occurred while loading ./spec/a_spec.rb.\nFailure/Error:\n  describe Nope::Thing do\n\nNameError:\n  uninitialized constant Nope\n\nFinished in 0.2 seconds\n0 examples, 0 failures, 1 error occurred outside of examples\n", "compile_error", "An error occurred while loading"),
    "D": ("1/1 modules FAILED unittests\na.d(1): [unittest] Assertion failure\n", "test_failure", "a.d(1)"),
    "Haxe": ("Main.hx:1: characters 38-42 : Unknown identifier : nope\n", "compile_error", "Main.hx:1"),
    "Automake": ("PASS: t1.sh\nFAIL: t2.sh\n" + "=" * 20 + "\n# TOTAL: 2\n# PASS:  1\n# FAIL:  1\n# ERROR: 0\nSee ./test-suite.log\nmake[2]: *** [Makefile:483: test-suite.log] Error 1\n", "test_failure", "FAIL: t2.sh"),
    "a style that TeX lacks": ("! LaTeX Error: File `nope.sty' not found.\n\nType X to quit or <RETURN> to proceed,\n\n! Emergency stop.\n<read *> \n!  ==> Fatal error occurred, no output PDF file produced!\n", "configuration_error", "nope.sty"),
    "files that are stale": ("$ git diff --exit-code\ndiff --git a/gen.txt b/gen.txt\nindex d00491f..0cfbf08 100644\n--- a/gen.txt\n+++ b/gen.txt\n@@ -1 +1 @@\n-1\n+2\n", "lint_error", "git"),
    "terraform fmt": ("main.tf\n--- old/main.tf\n+++ new/main.tf\n@@ -1,3 +1,3 @@\n-type=string\n+  type = string\n", "lint_error", "old/main.tf"),
    "gulp without the task": ("[23:21:41] Using gulpfile ~/gulpfile.js\n[23:21:41] Task never defined: nope\n[23:21:41] To list available tasks, try running: gulp --tasks\n", "configuration_error", "Task never defined"),
    "a bundle that is too large": (" FAIL  ./dist/app.js: 131.2KB > maxSize 120KB (gzip) \n PASS  ./dist/b.js: 10KB < maxSize 12KB (gzip) \nnpm ERR! code ELIFECYCLE\n", "lint_error", "maxSize 120KB"),
    "a link that could not be reached": (
        "Issues :-(\n> Links\n  1. [L0410] 301 https://a.example/ → https://b.example/\n"
        "  2. [L3303]  https://c.example/ Failed to open TCP connection to c.example:443 (getaddrinfo: Temporary failure in name resolution)\n> Dupes\n  None ✓\n",
        "lint_error", "[L0410]",
    ),
    "an Emacs that is too old for a package": ("Debugger entered--Lisp error: (error \"Package `emacs-25.1' is unavailable\")\n  package-compute-transaction(nil ((scratch)))\n", "dependency_conflict", "emacs-25.1"),
}


@pytest.mark.parametrize("name", LOGS)
def test_real_words_survived_noise_and_scripts_that_fail_in_vain(name: str) -> None:
    said, label, shown = LOGS[name]
    data = (SURVIVED + "$ ./ci.sh\n" + said + IN_VAIN).encode()
    outcome = Outcome(Command(("./ci.sh",)), 1, 1, None, "exited", 1.0, LogWindow(head=data), Telemetry())
    found = diagnose(outcome, NoMemory(), ask=lambda log, outcome: Guess())
    assert found.label == label
    assert any(shown in one.text for one in found.evidence[:3])
