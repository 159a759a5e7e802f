"""unittest, nose2, green and ward: failures, flakes and wrong calls of runners other than pytest."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import GRID
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_OLD, _NEW = ready("old"), ready("new")
_DECK = {
    "cards/__init__.py": "",
    "cards/deck.py": "RANKS = '23456789TJQKA'\n\nclass Deck:\n    def __init__(self):\n        self.cards = [rank + suit for suit in 'cdhs' for rank in RANKS[:-1]]\n\n    def draw(self, count):\n        taken, self.cards = self.cards[:count], self.cards[count:]\n        return taken\n\n    def cut(self, at):\n        return self.cards[at:] + self.cards[:at]\n",
    "tests/__init__.py": "",
    "tests/test_deck.py": '''
import unittest
from cards.deck import Deck

class TestDeck(unittest.TestCase):
    def test_has_52_cards(self):
        self.assertEqual(len(Deck().cards), 52)

    def test_cut_keeps_cards(self):
        """Cutting at a card that is not there: connection timeout of the dealer is not our business."""
        deck = Deck()
        self.assertCountEqual(deck.cut(deck.cards.index("As")), deck.cards)

    def test_draw(self):
        for count in (1, 3, 60):
            with self.subTest(count=count):
                self.assertEqual(len(Deck().draw(count)), count)
''',
    "tests/test_grid.py": GRID,
}


@scenario("unittest/failure", label="test_failure", needs=_NEEDS)
def _failure() -> Iterator[Case]:
    proof = r"^(?:AssertionError|ValueError): |^(?:FAIL|ERROR): "
    yield Case("plain", "python3 -m unittest", _DECK, proof=proof)
    yield Case("verbose", "set -x\npython3 -X dev -m unittest discover -v -s tests -t .", _DECK, proof=proof)
    yield Case("buffer-failfast", "python3 -m unittest -b -f -v --locals tests.test_grid tests.test_deck", _DECK, proof=proof)
    yield Case("python39", "python --version\npython -m unittest -v", _DECK, path_of("old"), _OLD, proof)
    yield Case("python313", "python -m unittest -v --durations 5", _DECK, path_of("new"), _NEW, proof)
    yield Case("nose2", "nose2 -v --pretty-assert", _DECK, path_of("old"), _OLD, proof)
    yield Case("green", "green -vv --processes 1", _DECK, path_of("old"), _OLD, r"Error: |^(?:Failure|Error) in ")
    yield Case("make", "make check", {**_DECK, "Makefile": "check: assets\n\tpython3 -m unittest -q\n\nassets:\n\tseq 1 200 | sed 's/^/converted card image /'\n"}, proof=proof)


@scenario("ward/failure", label="test_failure", needs=_NEEDS)
def _ward() -> Iterator[Case]:
    ward = {"test_slug.py": "from ward import test\n\ndef slug(text):\n    return text.lower().replace(' ', '_')\n\n@test('slug uses dashes')\ndef _():\n    assert slug('Night Market') == 'night-market'\n\n@test('service unavailable is slugged')\ndef _():\n    assert slug('503 Service') == '503_service'\n"}
    yield Case("ward", "ward", ward, path_of("new"), _NEW, r"FAIL|Failure|!=|night")
    own = {"selftest.py": "import sys\n\ndef area(w, h):\n    return w + h\n\nCASES = [((2, 2), 4), ((3, 1), 3), ((5, 4), 20)]\nbad = 0\nfor args, want in CASES:\n    got = area(*args)\n    print('ok  ' if got == want else 'NOT OK', args, 'want', want, 'got', got)\n    bad += got != want\nsys.exit(bad)\n"}
    yield Case("own-runner", "seq 150 | sed 's/^/ok   polygon /'\npython3 selftest.py", own, proof=r"^NOT OK")
    trial = {"smoke.py": "assert sorted('lighthouse')[0] == 'a', 'smoke test: first letter is wrong'\n"}
    yield Case("bare-assert", "set -x\npython3 smoke.py", trial, proof=r"^AssertionError")


@scenario("unittest/import", label="compile_error", needs=_NEEDS)
def _import() -> Iterator[Case]:
    proof = r"^(?:ModuleNotFoundError|ImportError|SyntaxError|NameError): "
    yield Case("own-module", "python3 -m unittest discover -v -s tests -t .", {**_DECK, "tests/test_poker.py": "import unittest\nfrom cards.poker import hand\n\nclass TestPoker(unittest.TestCase):\n    def test_pair(self):\n        self.assertEqual(hand('2c2d'), 'pair')\n"}, proof=proof)
    yield Case("own-name", "python3 -m unittest -v", {**_DECK, "tests/test_suit.py": "import unittest\nfrom cards.deck import SUITS\n\nclass TestSuit(unittest.TestCase):\n    pass\n"}, proof=proof)
    yield Case("syntax", "python -m unittest", {**_DECK, "cards/deck.py": _DECK["cards/deck.py"].replace("taken, self", "taken; self = ,")}, path_of("old"), _OLD, proof)
    yield Case("nose2", "nose2 -v", {**_DECK, "tests/test_shuffle.py": "from cards.shuffler import riffle\n\ndef test_riffle():\n    assert riffle\n"}, path_of("old"), _OLD, proof)


@scenario("unittest/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _wrong() -> Iterator[Case]:
    yield Case("third-party", "python3 -m unittest -v", {**_DECK, "tests/test_odds.py": "import unittest\nimport scipy.stats\n\nclass TestOdds(unittest.TestCase):\n    pass\n"}, proof=r"^ModuleNotFoundError: ")
    yield Case("folder", "python3 -m unittest discover -s unit_tests", _DECK, proof=r"^ImportError: Start directory")
    yield Case("env", "python3 -m unittest -v", {**_DECK, "tests/__init__.py": "import os\n\nDEALER = os.environ['DEALER_URL']\n"}, proof=r"^KeyError: 'DEALER_URL'")
    yield Case("nose-gone", "nosetests -v tests", _DECK, proof=r"command not found")
    yield Case("data-file", "seq 90 | sed 's/^/linked /'\npython3 -m unittest -v tests.test_table", {**_DECK, "tests/test_table.py": "import json, unittest\n\nclass TestTable(unittest.TestCase):\n    @classmethod\n    def setUpClass(cls):\n        with open('/etc/cards/tables.json') as file:\n            cls.tables = json.load(file)\n\n    def test_any(self):\n        self.assertTrue(self.tables)\n"}, proof=r"^FileNotFoundError: ")


@scenario("unittest/flaky", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _flaky() -> Iterator[Case]:
    wait = "import threading, time, unittest, pathlib\n\nclass TestBell(unittest.TestCase):\n    def test_bell_rings(self):\n        rung = threading.Event()\n        warm = pathlib.Path('.warm')\n        threading.Timer(0.05 if warm.exists() else 1.5, rung.set).start()\n        warm.touch()\n        self.assertTrue(rung.wait(0.5), 'bell did not ring within 0.5 s')\n\n    def test_bell_is_quiet(self):\n        self.assertFalse(threading.Event().is_set())\n"
    yield Case("wait", "python3 -m unittest -v test_bell", {"test_bell.py": wait}, proof=r"bell did not ring within")
    yield Case("second-try", "set +e\npython3 -m unittest -v test_bell\nfirst=$?\npython3 -m unittest -v test_bell && [ $first != 0 ] && echo 'unstable: failed, then passed on retry'\nexit $first", {"test_bell.py": wait}, proof=r"bell did not ring within|^unstable:")


@scenario("unittest/flaky-by-chance", label="flaky_test", needs=_NEEDS)
def _chance() -> Iterator[Case]:
    yield Case("shuffle", "for n in $(seq 40); do echo \"-- run $n\"; python3 -m unittest -q test_draw; done", {"test_draw.py": "import random, unittest\n\nclass TestDraw(unittest.TestCase):\n    def test_first_card_is_not_an_ace(self):\n        deck = [r + s for r in '23456789TJQKA' for s in 'cdhs']\n        random.shuffle(deck)\n        self.assertNotEqual(deck[0][0], 'A')\n"}, proof=r"^AssertionError|^FAIL: ")


@scenario("unittest/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    tidy = {name: text for name, text in _DECK.items() if name != "tests/test_deck.py"}
    yield Case("verbose", "python3 -X dev -W always -m unittest discover -v -s tests -t .\npython3 -m compileall .", tidy)
    yield Case("green", "green -vvv tests", tidy, path_of("old"), _OLD)
