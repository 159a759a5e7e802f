"""pytest: wrong code and wrong tests, without any chance in it."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST, _OLD, _NEW = ready("test"), ready("old"), ready("new")

_INVOICE = {
    "billing/__init__.py": "",
    "billing/invoice.py": '''
from dataclasses import dataclass, field
from decimal import Decimal, ROUND_DOWN

@dataclass
class Line:
    text: str
    price: Decimal
    count: int = 1

@dataclass
class Invoice:
    lines: list = field(default_factory=list)
    vat: Decimal = Decimal("0.19")

    def net(self):
        return sum((line.price * line.count for line in self.lines), Decimal(0))

    def gross(self):
        return (self.net() * (1 + self.vat)).quantize(Decimal("0.01"), ROUND_DOWN)

    def by_text(self):
        return {line.text: line for line in self.lines}
''',
    "tests/test_invoice.py": '''
from decimal import Decimal
import pytest
from billing.invoice import Invoice, Line

@pytest.fixture
def invoice():
    return Invoice([Line("paper", Decimal("4.99"), 3), Line("ink", Decimal("17.45"))])

def test_net(invoice):
    assert invoice.net() == Decimal("32.42")

def test_gross_rounds_half_up(invoice):
    assert invoice.gross() == Decimal("38.58")

def test_missing_line(invoice):
    assert invoice.by_text()["toner"].count == 1
''',
}
_CLIENT = {
    "client.py": '''
"""A client that gives up on 503 after some tries."""
import time

class GivenUp(Exception):
    pass

class Client:
    def __init__(self, transport, tries=3):
        self.transport, self.tries = transport, tries

    def get(self, path):
        for attempt in range(self.tries):
            status, body = self.transport(path)
            if status < 500:
                return body
            time.sleep(0.001)
        raise GivenUp(f"{path}: 503 Service Unavailable after {self.tries} tries")

    def timeout_for(self, attempt):
        return min(30, 2 ** attempt)

    def memory_hint(self, used, limit):
        return "out of memory" if used > limit else "ok"
''',
    "test_client.py": '''
import pytest
from client import Client, GivenUp

def test_retries_on_503_service_unavailable():
    answers = iter([(503, ""), (503, ""), (503, ""), (200, "ok")])
    assert Client(lambda path: next(answers)).get("/status") == "ok"

def test_connect_timeout_is_capped():
    assert Client(None).timeout_for(6) == 60

def test_oom_is_reported_at_the_limit():
    assert Client(None).memory_hint(512, 512) == "out of memory"
''',
}


@scenario("pytest/assertion", label="test_failure", needs=_NEEDS)
def _assertion() -> Iterator[Case]:
    # The red lines of the report (E …) are what a person reads first.
    proof = r"^E   +(?:assert|Assertion|Key|client\.|Value|Type|\S+Error)|^FAILED |^\S+:\d+: (?:Assertion|Key)\w*Error"
    test = path_of("test")
    yield Case("invoice", "python -m pytest", _INVOICE, test, _TEST, proof)
    yield Case("invoice-short", "python -m pytest -q --tb=line tests", _INVOICE, test, _TEST, r"^\S+\.py:\d+: \w+Error|^FAILED ")
    yield Case("invoice-native-noisy", "set -x\npython -m pytest -v --tb=native -rA -p no:cacheprovider", {**_INVOICE, **NOISE}, test, _TEST, r"^\s*(?:AssertionError|KeyError)|^FAILED ")
    yield Case("client-hard-names", "pytest -ra", _CLIENT, test, _TEST, proof)
    yield Case("client-xdist", "pytest -n 2 -v", {**_CLIENT, **NOISE}, test, _TEST, r"^E   +|^FAILED ")
    yield Case("client-python39", "python --version\npytest -v --color=yes", _CLIENT, path_of("old"), _OLD, r"E   +(?:assert|client|Assert)|FAILED test_client\.py::\S+ - |FAILED\S* \S*test_client")
    yield Case("client-new-sugar", "pytest -p no:randomly", _CLIENT, path_of("new", FORCE_SUGAR="1", COLUMNS="120"), _NEW, r"^E   +|FAILED test_client")
    yield Case("stop-first", "python -m pytest -x --maxfail=1 -vv --durations=5 --junitxml=report.xml tests", {**NOISE, "tests/test_zz_codec.py": "def rot13(text):\n    return ''.join(chr((ord(c) - 97 + 12) % 26 + 97) for c in text)\n\ndef test_twice_is_nothing():\n    assert rot13(rot13('lighthouse')) == 'lighthouse'\n"}, test, _TEST, r"^E   +|^FAILED ")


@scenario("pytest/exception", label="test_failure", needs=_NEEDS)
def _exception() -> Iterator[Case]:
    proof = r"^E   +\S*(?:Error|Exception)|^FAILED |^ERROR tests?/"
    test = path_of("test")
    maze = "import sys\n\ndef walk(cells, at=0):\n    if cells[at] == 'exit':\n        return at\n    return walk(cells, at)\n\ndef test_finds_exit():\n    assert walk(['start', 'exit']) == 1\n"
    yield Case("recursion", "pytest", {"test_maze.py": maze}, test, _TEST, proof)
    yield Case("recursion-native", "python -m pytest --tb=short -q", {"test_maze.py": maze, **NOISE}, test, _TEST, proof)
    fixture = "import json, pytest\n\n@pytest.fixture\ndef rates(tmp_path):\n    file = tmp_path / 'rates.json'\n    file.write_text('{\"usd\": 1.1,}')\n    return json.loads(file.read_text())\n\ndef test_usd(rates):\n    assert rates['usd'] > 1\n\ndef test_two(rates):\n    pass\n"
    yield Case("fixture", "pytest -v tests", {"tests/test_rates.py": fixture, **NOISE}, test, _TEST, r"^E   +\S*Error|^ERROR tests/")
    memory = "import pytest\n\nclass Cache:\n    def __init__(self, limit):\n        self.limit, self.items = limit, []\n\n    def put(self, item):\n        if len(self.items) > self.limit:\n            raise MemoryError('cache limit reached')\n        self.items.append(item)\n\ndef test_cache_raises_memory_error_at_limit():\n    cache = Cache(2)\n    for item in 'ab':\n        cache.put(item)\n    with pytest.raises(MemoryError):\n        cache.put('c')\n\ndef test_disk_full_error_has_errno_28():\n    assert OSError(28, 'No space left on device').errno == 27\n"
    yield Case("hard-memory-words", "pytest -vv", {"test_cache.py": memory}, test, _TEST, r"^E   +|^FAILED ")
    warn = "import warnings\n\ndef old_api():\n    warnings.warn('parse_date() is deprecated, use parse()', DeprecationWarning)\n    return 7\n\ndef test_parse():\n    assert old_api() == 7\n"
    yield Case("warning-as-error", "pytest -p no:asyncio -W error::DeprecationWarning", {"test_dates.py": warn}, test, _TEST, r"^E   +DeprecationWarning|^FAILED ")
    async_test = "import asyncio\nimport pytest\n\nclass Queue:\n    async def take(self):\n        await asyncio.sleep(0)\n        raise LookupError('queue is empty')\n\n@pytest.mark.asyncio\nasync def test_take():\n    assert await Queue().take() is None\n"
    yield Case("asyncio", "pytest -v -rf", {"test_queue.py": async_test, **NOISE}, test, _TEST, proof)


@scenario("pytest/property", label="test_failure", needs=_NEEDS)
def _property() -> Iterator[Case]:
    text = "from hypothesis import given, settings, strategies as st\n\ndef encode(text):\n    out, last, run = [], None, 0\n    for c in text:\n        if c == last:\n            run += 1\n        else:\n            if last: out.append((last, run))\n            last, run = c, 1\n    return out\n\ndef decode(pairs):\n    return ''.join(c * n for c, n in pairs)\n\n@settings(derandomize=True)\n@given(st.text())\ndef test_round_trip(text):\n    assert decode(encode(text)) == text\n"
    proof = r"Falsifying example|^E   +(?:assert|Assertion)|^FAILED "
    yield Case("run-length", "pytest", {"test_rle.py": text}, path_of("test"), _TEST, proof)
    yield Case("run-length-noisy", "pytest -v --hypothesis-show-statistics", {"test_rle.py": text, **NOISE}, path_of("test"), _TEST, proof)


@scenario("pytest/snapshot", label="test_failure", needs=_NEEDS)
def _snapshot() -> Iterator[Case]:
    syrupy = {"test_menu.py": "def render(items):\n    return '\\n'.join(f'* {item.title()}' for item in items)\n\ndef test_menu(snapshot):\n    assert render(['save game', 'load game', 'quit']) == snapshot\n"}
    make = "pytest -q --snapshot-update && sed -i 's/\\* /- /' test_menu.py"
    yield Case("syrupy", "pytest -v", syrupy, path_of("test"), _TEST + make, r"^E   +(?:assert|\S*[-+] )|snapshots? failed|^FAILED ")
    yield Case("syrupy-ci", "set -x\npytest -vv -rA --snapshot-details", {**syrupy, **NOISE}, path_of("test", CI="true"), _TEST + make, r"^E   +(?:assert|\S*[-+] )|snapshots? failed|^FAILED ")
    yield Case("pytest-snapshot", "pytest -p no:randomly", {"test_svg.py": "def test_svg(snapshot):\n    snapshot.snapshot_dir = 'snaps'\n    snapshot.assert_match('<svg width=\"90\"/>', 'logo.svg')\n", "snaps/logo.svg": "<svg width=\"80\"/>"}, path_of("old"), _OLD, r"^E   +|FAILED ")
    yield Case("inline", "pytest", {"test_hex.py": "from inline_snapshot import snapshot\n\ndef test_hex():\n    assert bytes(range(4)).hex('-') == snapshot('00:01:02:03')\n"}, path_of("new"), _NEW, r"^E   +|FAILED ")


@scenario("pytest/coverage", label="test_failure", needs=_NEEDS)
def _coverage() -> Iterator[Case]:
    files = {**_INVOICE, "tests/test_invoice.py": "from billing.invoice import Invoice\n\ndef test_empty():\n    assert Invoice().net() == 0\n"}
    proof = r"(?:Required test coverage|Coverage failure|total of \d+ is less than|FAIL Required)"
    yield Case("pytest-cov", "python -m pytest --cov=billing --cov-report=term-missing --cov-fail-under=90", files, path_of("test"), _TEST, proof)
    yield Case("pytest-cov-old", "python -m pytest -q --cov=billing --cov-fail-under 100", files, path_of("old"), _OLD, proof)
    yield Case("report", "coverage run -m pytest -v\ncoverage report -m", {**files, **NOISE, ".coveragerc": "[run]\nsource = billing\n[report]\nfail_under = 95\n"}, path_of("test"), _TEST, proof)


@scenario("pytest/collection", label="compile_error", needs=_NEEDS)
def _collection() -> Iterator[Case]:
    test = path_of("test")
    proof = r"^E   +\S*(?:Error)|^ERROR test"
    yield Case("own-module", "python -m pytest -v tests", {**NOISE, "tests/test_solver.py": "from sudoku.solver import solve\n\ndef test_solve():\n    assert solve('.' * 81)\n", "sudoku/__init__.py": "", "sudoku/solve.py": "def solve(text):\n    return text\n"}, test, _TEST, proof)
    yield Case("own-name", "python -m pytest", {"parser.py": "def tokenize(text):\n    return text.split()\n", "test_parser.py": "from parser import tokenise\n\ndef test_words():\n    assert tokenise('a b') == ['a', 'b']\n"}, test, _TEST, proof)
    yield Case("syntax", "pytest -q", {"robot.py": "class Robot:\n    def turn(self, degrees)\n        self.angle += degrees\n", "test_robot.py": "import robot\n\ndef test_turn():\n    pass\n"}, test, _TEST, proof)
    yield Case("indent-39", "pytest", {"test_chess.py": "def moves(knight):\n    for dx in (1, 2):\n    yield dx\n\ndef test_moves():\n    assert list(moves('b1'))\n"}, path_of("old"), _OLD, proof)
    yield Case("circular", "pytest -v tests", {**NOISE, "shop/__init__.py": "", "shop/cart.py": "from shop.price import total\n\ndef cart():\n    return total\n", "shop/price.py": "from shop.cart import cart\n\ndef total():\n    return cart\n", "tests/test_shop.py": "from shop.cart import cart\n\ndef test_cart():\n    assert cart()\n"}, {**test, "PYTHONPATH": "."}, _TEST, proof)
    yield Case("fixture-unknown", "pytest", {"test_db.py": "def test_rows(database_with_rows):\n    assert database_with_rows\n"}, test, _TEST, "^E   +fixture '")


@scenario("pytest/usage", label="configuration_error", needs=_NEEDS)
def _usage() -> Iterator[Case]:
    test = path_of("test")
    yield Case("third-party", "pytest -v", {**NOISE, "tests/test_frame.py": "import pandas as pd\n\ndef test_frame():\n    assert pd.DataFrame().empty\n"}, test, _TEST, r"^E   +ModuleNotFoundError|^ERROR test")
    yield Case("option", "pytest --reruns-dealy 2 tests", NOISE, test, _TEST, r"error: unrecognized arguments")
    yield Case("no-file", "pytest -q tests/unit", NOISE, test, _TEST, r"ERROR: file or directory not found")
    yield Case("none-collected", "set -x\npytest -v -k billing tests", NOISE, test, _TEST, r"(?:no tests|deselected)")
    yield Case("ini", "pytest", {**NOISE, "pytest.ini": "[pytest]\naddopts = --strict-markers --strict-config\nminversion = 42.0\ntestpath = tests\n"}, test, _TEST, r"(?:ERROR|requires pytest-42|Unknown config)")
    yield Case("toml", "pytest", {**NOISE, "pyproject.toml": "[tool.pytest.ini_options]\naddopts = \"-q\ntestpaths = [\"tests\"]\n"}, test, _TEST, r"ERROR: .*pyproject")
    yield Case("marker", "pytest --strict-markers", {"test_lift.py": "import pytest\n\n@pytest.mark.slwo\ndef test_lift():\n    pass\n"}, test, _TEST, r"not found in `markers`|^ERROR test")
    yield Case("env-missing", "pytest -v", {**NOISE, "tests/conftest.py": "import os\n\nTOKEN = os.environ['LEDGER_API_TOKEN']\n"}, test, _TEST, r"KeyError: 'LEDGER_API_TOKEN'")
    yield Case("command", "pip --version\npy.test-3 -v tests", NOISE, test, _TEST, r"command not found")


@scenario("pytest/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    yield Case("verbose", "pytest -v -rA --durations=10", NOISE, path_of("test"), _TEST)
    yield Case("logs", "set -x\npytest -v -n 2 -o log_cli=true --log-level=INFO", NOISE, path_of("test", CI="true"), _TEST)
    yield Case("old-random", "pytest -v", NOISE, path_of("old"), _OLD)
    yield Case("coverage", "coverage run -m pytest tests\ncoverage report -m\ncoverage xml", NOISE, path_of("test"), _TEST)
