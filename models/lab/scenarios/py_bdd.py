"""behave and Robot Framework: steps and keywords that fail, wait in vain or are not there."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST = ready("test")
_ENV = path_of("test")
_STEPS = '''
import pathlib, time
from behave import given, then, when

@given("a basket with {count:d} apples")
def basket(context, count):
    context.basket = ["apple"] * count

@when("{count:d} apples are taken")
def take(context, count):
    del context.basket[:count]

@when("the shop answers 503")
def unavailable(context):
    context.answer = 503

@then("{count:d} apples are left")
def left(context, count):
    assert len(context.basket) == count, f"expected {count}, got {len(context.basket)}"

@then("the receipt is printed within {seconds:f} s")
def printed(context, seconds):
    warm = pathlib.Path(".warm")
    ready = time.monotonic() + (0 if warm.exists() else 2)
    warm.touch()
    end = time.monotonic() + seconds
    while time.monotonic() < ready:
        assert time.monotonic() < end, f"timed out: no receipt after {seconds} s"
        time.sleep(0.05)
'''
_GOOD = "Feature: basket\n" + "".join(
    f"\n  Scenario: {n} apples, connection refused by the till\n    Given a basket with {n} apples\n    When {n // 2} apples are taken\n    Then {n - n // 2} apples are left\n" for n in range(30)
)


def _feature(*steps: str) -> dict[str, str]:
    body = "".join(f"    {step}\n" for step in steps)
    return {"features/steps/basket.py": _STEPS, "features/basket.feature": _GOOD, "features/till.feature": f"Feature: till\n\n  Scenario: last one\n    Given a basket with 4 apples\n{body}"}


@scenario("behave/step-fails", label="test_failure", needs=_NEEDS)
def _behave() -> Iterator[Case]:
    proof = r"^\s*(?:ASSERT FAILED|Assertion Failed|AssertionError): ?|^Failing scenarios:|^\s+features/till\.feature:\d+ "
    yield Case("count", "behave", _feature("When 3 apples are taken", "Then 2 apples are left"), _ENV, _TEST, proof)
    yield Case("count-progress", "set -x\nbehave --format progress3 --no-color --junit", _feature("When 3 apples are taken", "Then 0 apples are left"), _ENV, _TEST, proof)
    yield Case("after-503", "behave --stop -f plain -T features/till.feature", _feature("When the shop answers 503", "Then 3 apples are left"), _ENV, _TEST, proof)
    yield Case("undefined", "behave --no-color", _feature("When the pears are peeled"), _ENV, _TEST, r"undefined|not implemented|snippets", label="compile_error")
    yield Case("hook-env", "behave", {**_feature("Then 4 apples are left"), "features/environment.py": "import os\n\nTILL = os.environ['TILL_URL']\n"}, _ENV, _TEST, r"KeyError: 'TILL_URL'", label="configuration_error")
    yield Case("no-steps", "behave acceptance", _feature("Then 4 apples are left"), _ENV, _TEST, r"^(?:ERROR|ConfigError|InvalidFileLocationError|FileNotFound)|[Nn]o (?:steps|such)", label="configuration_error")


_KEYWORDS = "import pathlib, time\n\nclass Lamp:\n    def __init__(self):\n        self.on = False\n        self.asked = 0\n\n    def switch(self):\n        self.on = not self.on\n\n    def lamp_should_be(self, state):\n        want = state == 'on'\n        if self.on != want:\n            raise AssertionError(f'lamp is {\"on\" if self.on else \"off\"}, not {state}')\n\n    def lamp_should_be_warm(self):\n        warm = pathlib.Path('.warm')\n        if time.time() < (warm.stat().st_mtime if warm.exists() else 0) + 3:\n            raise AssertionError('lamp is still cold')\n        if not warm.exists():\n            warm.touch()\n            raise AssertionError('lamp is still cold')\n"
_ROBOT_HEAD = "*** Settings ***\nLibrary    Lamp.py\n\n*** Test Cases ***\n" + "".join(f"Lamp {n} Survives Timeout Errors\n    Lamp Should Be    off\n    Switch\n    Lamp Should Be    on\n    Log    503 Service Unavailable    level=WARN\n" for n in range(25))


@scenario("robot/keyword-fails", label="test_failure", needs=_NEEDS)
def _robot() -> Iterator[Case]:
    def lamp(body: str) -> dict[str, str]:
        return {"Lamp.py": _KEYWORDS, "lamp.robot": _ROBOT_HEAD + body}

    env = {**_ENV, "PYTHONPATH": "."}
    fails = r"^lamp is|\| FAIL \|"
    yield Case("state", "robot --outputdir out lamp.robot", lamp("Dark Room\n    Switch\n    Lamp Should Be    off\n"), env, _TEST, fails)
    yield Case("dotted", "set -x\nrobot --console dotted --consolecolors off -d out .", lamp("Dark Room\n    Lamp Should Be    on\nSum\n    Should Be Equal As Integers    ${2 + 2}    5\n"), env, _TEST, r"^lamp is|^4 != 5|FAIL")
    yield Case("no-keyword", "robot -d out lamp.robot", lamp("Typo\n    Swich\n"), env, _TEST, r"No keyword with name", label="compile_error")
    yield Case("no-library", "robot -d out --loglevel DEBUG .", {"shop.robot": "*** Settings ***\nLibrary    SeleniumLibrary\n\n*** Test Cases ***\nOpen\n    Open Browser    about:blank\n"}, env, _TEST, r"Importing library 'SeleniumLibrary' failed|No module named 'SeleniumLibrary'", label="configuration_error")
    yield Case("no-suite", "robot -d out acceptance/", lamp(""), env, _TEST, r"^\[ ERROR \]", label="configuration_error")
    yield Case("test-timeout", "robot -d out lamp.robot", lamp("Slow Lamp\n    [Timeout]    1 second\n    Sleep    5 s\n"), env, _TEST, r"Test timeout 1 second exceeded", label="flaky_test")


@scenario("behave/waits-in-vain", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _behave_waits() -> Iterator[Case]:
    yield Case("wait", "behave -f plain", _feature("Then the receipt is printed within 0.5 s"), _ENV, _TEST, r"timed out: no receipt")


@scenario("robot/waits-in-vain", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _robot_waits() -> Iterator[Case]:
    warm = {"Lamp.py": _KEYWORDS, "lamp.robot": _ROBOT_HEAD + "Warm Lamp\n    Wait Until Keyword Succeeds    2 s    0.3 s    Lamp Should Be Warm\n"}
    yield Case("keyword", "robot -d out lamp.robot", warm, {**_ENV, "PYTHONPATH": "."}, _TEST, r"failed after retrying|lamp is still cold")


@scenario("robot/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    yield Case("robot-and-behave", "robot -d out lamp.robot\nbehave -v features/basket.feature", {**_feature(), "Lamp.py": _KEYWORDS, "lamp.robot": _ROBOT_HEAD}, {**_ENV, "PYTHONPATH": "."}, _TEST)
