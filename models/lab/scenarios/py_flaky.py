"""Python tests that really flake: races, order, sleeps, chance; shown by reruns, repeats or waits that ran out."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST, _OLD, _NEW = ready("test"), ready("old"), ready("new")
_ONCE = "import pathlib\n\ndef first_time(name):\n    mark = pathlib.Path('.seen-' + name)\n    new = not mark.exists()\n    mark.touch()\n    return new\n"
_DICE = "import random\n\ndef quorum(answers):\n    return sum(answers) >= 2\n\ndef test_quorum_of_three():\n    assert quorum([random.random() < 0.8 for _ in range(3)])\n\ndef test_no_quorum():\n    assert not quorum([False] * 3)\n"
_MAIL = {
    "mailer.py": "import threading, time\n\nclass Mailer:\n    def __init__(self):\n        self.sent = []\n\n    def send(self, text, delay):\n        threading.Timer(delay, self.sent.append, [text]).start()\n",
    "tests/test_mailer.py": """
import pathlib, time
from mailer import Mailer

def wait_until(condition, timeout=1.0, poll=0.05):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(poll)
    raise AssertionError(f"condition not met within {timeout} s")

def test_mail_arrives():
    slow = pathlib.Path(".warm")
    delay = 0.1 if slow.exists() else 1.6
    slow.touch()
    mailer = Mailer()
    mailer.send("hello", delay)
    wait_until(lambda: mailer.sent == ["hello"])

def test_nothing_sent():
    assert Mailer().sent == []
""",
}


@scenario("pytest/flaky-rerun", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _rerun() -> Iterator[Case]:
    # Passed when run again, in the same log: the mark of chance.
    files = {"once.py": _ONCE, "tests/test_feed.py": "from once import first_time\n\ndef test_feed_has_items():\n    assert not first_time('feed'), 'feed was still empty'\n\ndef test_feed_title():\n    assert 'Feed'.title() == 'Feed'\n"}
    proof = r"^tests/\S+::test_feed_has_items.*RERUN|\bRERUN\b.*test_feed|^FAILED .*test_feed|[Ff]laky tests|^E   +Assertion"
    yield Case("fail-on-flaky", "python -m pytest -v --reruns 2 --fail-on-flaky", files, path_of("test"), _TEST, proof)
    yield Case("fail-on-flaky-noisy", "set -x\npython -m pytest -v -rRfE --reruns 1 --reruns-delay 1 --fail-on-flaky", {**NOISE, **files}, path_of("test", CI="true"), _TEST, r"test_feed_has_items.*RERUN|RERUN .*test_feed|^E   +Assertion|[Ff]laky tests")
    yield Case("last-failed", "python -m pytest -v tests || { python -m pytest -v --lf tests; echo 'passed on the second try: flaky'; exit 1; }", {**NOISE, **files}, path_of("test"), _TEST, r"^FAILED .*test_feed|second try|test_feed_has_items PASSED")
    count = {"once.py": _ONCE, "test_stock.py": "import unittest\nfrom flaky import flaky\nfrom once import first_time\n\n@flaky(max_runs=3, min_passes=3)\nclass TestStock(unittest.TestCase):\n    def test_level(self):\n        self.assertFalse(first_time('stock'))\n"}
    yield Case("flaky-plugin", "python -m pytest -p no:randomly", count, path_of("old"), _OLD, r"test_level (?:failed|passed)|^E   +Assert")


@scenario("pytest/flaky-repeat", label="flaky_test", needs=_NEEDS)
def _repeat() -> Iterator[Case]:
    yield Case("flake-finder", "pytest -v --flake-finder --flake-runs=40 test_vote.py", {"test_vote.py": _DICE}, path_of("new"), _NEW, r"^FAILED .*quorum|quorum_of_three.*FAILED|^E   +assert")
    yield Case("loop", "for i in $(seq 40); do echo \"== round $i\"; pytest -q test_vote.py; done", {"test_vote.py": _DICE}, path_of("test"), _TEST, r"^E   +assert|^FAILED")
    race = "import sys, threading, time\n\nclass Counter:\n    value = 0\n\n    def add(self):\n        seen = self.value\n        time.sleep(0)\n        self.value = seen + 1\n\ndef test_counts_from_threads():\n    sys.setswitchinterval(1e-5)\n    counter = Counter()\n    threads = [threading.Thread(target=lambda: [counter.add() for _ in range(300)]) for _ in range(4)]\n    for t in threads: t.start()\n    for t in threads: t.join()\n    assert counter.value == 1200\n"
    yield Case("lost-update", "pytest --flake-finder --flake-runs=6 -v", {"test_counter.py": race}, path_of("new"), _NEW, r"^E   +assert|^FAILED")
    yield Case("set-order", "for seed in 5 6 7 8 1 2; do echo PYTHONHASHSEED=$seed; PYTHONHASHSEED=$seed python -m pytest -q test_tags.py; done", {"test_tags.py": "def tags(text):\n    return ','.join({word.lower() for word in text.split()})\n\ndef test_tags():\n    assert tags('Night Market') in ('night,market')\n"}, path_of("test"), _TEST, r"^E   +|^FAILED")
    unsure = "from hypothesis import given, strategies as st\n\nCALLS = []\n\n@given(st.lists(st.integers()))\ndef test_sorting(items):\n    CALLS.append(1)\n    assert len(CALLS) != 4\n"
    yield Case("hypothesis-flaky", "pytest -v", {"tests/test_sorting.py": unsure, **NOISE}, path_of("test"), _TEST, r"Flaky|[Uu]nreliable")


@scenario("pytest/flaky-order", label="flaky_test", needs=_NEEDS)
def _order() -> Iterator[Case]:
    state = "REGISTRY = {}\n\ndef test_register():\n    REGISTRY['mole'] = 1\n    assert 'mole' in REGISTRY\n\ndef test_lookup():\n    assert REGISTRY['mole'] == 1\n\ndef test_empty_name():\n    assert '' not in REGISTRY\n"
    proof = r"Using --randomly-seed|^E   +KeyError|^FAILED"
    yield Case("randomly", "echo '--- fixed order'; pytest -v -p no:randomly; echo '--- random order'; for seed in 1 2 3 4 5 6; do pytest -v -p randomly -p no:cacheprovider -p no:flaky --randomly-seed=$seed; done", {"test_registry.py": state}, path_of("old"), _OLD, r"^E   +KeyError|^FAILED")
    yield Case("randomly-noisy", "pytest -v -p no:randomly tests && for seed in 11 12 13 14 15 16; do pytest -v --randomly-seed=$seed tests; done", {**NOISE, "tests/test_registry.py": state}, path_of("old"), _OLD, proof.split("|", 1)[1])


@scenario("pytest/flaky-wait", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _wait() -> Iterator[Case]:
    yield Case("poll", "python -m pytest", _MAIL, path_of("test"), _TEST, r"^E   +AssertionError: condition not met|^FAILED")
    yield Case("poll-noisy", "set -x\npython -m pytest -v -l", {**NOISE, **_MAIL}, path_of("test"), _TEST, r"^E   +AssertionError: condition not met|^FAILED")
    wait_for = "import asyncio, pathlib, pytest\n\nasync def crawl():\n    warm = pathlib.Path('.warm')\n    await asyncio.sleep(0 if warm.exists() else 1.2)\n    return 3\n\n@pytest.mark.asyncio\nasync def test_crawl_three_pages():\n    try:\n        assert await asyncio.wait_for(crawl(), 0.8) == 3\n    finally:\n        pathlib.Path('.warm').touch()\n"
    yield Case("asyncio-wait-for", "pytest -q", {"test_crawl.py": wait_for}, path_of("test"), _TEST, r"^E   +(?:\w+\.)*TimeoutError|^FAILED")
    limit = "import pathlib, time\n\ndef test_index_is_built():\n    warm = pathlib.Path('.warm')\n    first = not warm.exists()\n    warm.touch()\n    time.sleep(4 if first else 0)\n\ndef test_index_is_empty():\n    assert [] == []\n"
    yield Case("pytest-timeout", "pytest -v --timeout 1", {"tests/test_index.py": limit, **NOISE}, path_of("test"), _TEST, r"Failed: Timeout|^FAILED")
    yield Case("pytest-timeout-thread", "pytest -v --timeout=1 --timeout-method=thread", {"tests/test_index.py": limit, **NOISE}, path_of("test"), _TEST, r"^\++ Timeout \++|line \d+, in test_index")
    yield Case("pytest-timeout-old", "pytest --timeout 1 --timeout_method signal -p no:randomly", {"tests/test_index.py": limit}, path_of("old"), _OLD, r"Failed: Timeout|^FAILED")


@scenario("pytest/flaky-clock", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _clock() -> Iterator[Case]:
    clock = "import pathlib, time\n\ndef lookup(key):\n    warm = pathlib.Path('.warm')\n    time.sleep(0 if warm.exists() else 0.12)\n    warm.touch()\n    return key\n\ndef test_lookup_is_fast():\n    start = time.perf_counter()\n    lookup('k')\n    elapsed = time.perf_counter() - start\n    assert elapsed < 0.05, f'took {elapsed:.3f} s'\n"
    yield Case("elapsed", "pytest -v", {"test_lookup.py": clock}, path_of("test"), _TEST, r"^E   +Assertion|^FAILED")
    yield Case("elapsed-rerun", "pytest -v test_lookup.py || { pytest -v test_lookup.py; exit 3; }", {"test_lookup.py": clock}, path_of("new"), _NEW, r"^E   +Assertion|^FAILED")
    slow = "import pathlib, time\nfrom hypothesis import given, strategies as st\n\n@given(st.integers())\ndef test_square(n):\n    mark = pathlib.Path('.hot')\n    if not mark.exists():\n        mark.touch()\n        time.sleep(0.5)\n    assert n * n >= 0\n"
    yield Case("hypothesis-deadline", "pytest", {"test_square.py": slow}, path_of("test"), _TEST, r"Flaky|[Uu]nreliable|DeadlineExceeded")


@scenario("pytest/flaky-port", label="flaky_test", needs=_NEEDS)
def _port() -> Iterator[Case]:
    body = "import socket, time\n\ndef test_server_{n}():\n    server = socket.socket()\n    server.bind(('127.0.0.1', 46311))\n    server.listen()\n    time.sleep(1.5)\n    server.close()\n"
    yield Case("workers", "pytest -n 2 -v --dist loadfile", {f"test_server_{n}.py": body.replace("{n}", n) for n in ("alpha", "beta")}, path_of("test"), _TEST, r"^E   +OSError|^FAILED")


@scenario("pytest/failure-beside-flake", label="test_failure", needs=_NEEDS)
def _beside() -> Iterator[Case]:
    # The flake was survived; what fails in the end fails each time.
    files = {"once.py": _ONCE, "tests/test_a_feed.py": "from once import first_time\n\ndef test_feed_has_items():\n    assert not first_time('feed')\n", "tests/test_price.py": "def discount(price, percent):\n    return price - percent\n\ndef test_ten_percent():\n    assert discount(200, 10) == 180\n"}
    proof = r"^E   +assert 190|^FAILED .*test_price"
    yield Case("rerunfailures", "python -m pytest -v --reruns 2", files, path_of("test"), _TEST, proof)
    yield Case("rerunfailures-noisy", "python -m pytest -v --reruns 3 -rA --only-rerun Assert", {**files, **NOISE}, path_of("test"), _TEST, proof)
    yield Case("old", "python -m pytest --reruns 2 -p no:randomly", files, path_of("old"), _OLD, r"^E   +assert 190|FAILED .*test_price")
    yield Case("pytest-retry", "python -m pytest -v --retries 2", files, path_of("new"), _NEW, r"^E   +assert 190|FAILED .*test_price")


@scenario("pytest/flake-survived", label=PASSED, needs=_NEEDS)
def _survived() -> Iterator[Case]:
    files = {"once.py": _ONCE, "tests/test_feed.py": "from once import first_time\n\ndef test_feed_has_items():\n    assert not first_time('feed'), 'connection reset by peer'\n", **NOISE}
    yield Case("reruns", "python -m pytest -v -rR --reruns 2", files, path_of("test"), _TEST)
    yield Case("second-run", "python -m pytest -v || python -m pytest -v --lf", files, path_of("test"), _TEST)
