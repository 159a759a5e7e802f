"""Passing test modules in different vocabularies: the noise among which a real failure must be found."""

from __future__ import annotations

ROMAN = '''
import logging
import pytest
log = logging.getLogger("numerals")
PAIRS = [(1000, "M"), (900, "CM"), (500, "D"), (400, "CD"), (100, "C"), (90, "XC"), (50, "L"), (40, "XL"), (10, "X"), (9, "IX"), (5, "V"), (4, "IV"), (1, "I")]

def roman(number):
    text = ""
    for value, letters in PAIRS:
        while number >= value:
            text += letters
            number -= value
    return text

def arabic(text):
    total = 0
    for value, letters in PAIRS:
        while text.startswith(letters):
            total, text = total + value, text[len(letters):]
    return total

@pytest.mark.parametrize("number", range(1, 4000, 37))
def test_there_and_back(number):
    log.info("checking %d", number)
    assert arabic(roman(number)) == number

@pytest.mark.parametrize("text", ["IIX", "", "ABC"])
def test_error_cases_are_ignored(text):
    log.warning("invalid numeral %r, error ignored", text)
    assert arabic(text) >= 0
'''

RETRIES = '''
import logging
import warnings
import pytest
log = logging.getLogger("courier")

class Unavailable(Exception):
    """503 from the depot."""

def deliver(answers, tries=4):
    for attempt in range(tries):
        answer = answers[min(attempt, len(answers) - 1)]
        if answer == 200:
            return attempt
        log.error("attempt %d failed: HTTP %d, retrying", attempt, answer)
    raise Unavailable(answers[-1])

@pytest.mark.parametrize("code", [500, 502, 503, 504, 429, 408])
@pytest.mark.parametrize("fails", [1, 2, 3])
def test_retry_then_success(code, fails):
    assert deliver([code] * fails + [200]) == fails

def test_service_unavailable_is_reported():
    with pytest.raises(Unavailable, match="503"):
        deliver([503])

def test_connection_timeout_warns():
    warnings.warn("Read timed out. (read timeout=5)", ResourceWarning)

def test_disk_full_is_handled(tmp_path):
    log.critical("No space left on device (simulated)")

def test_out_of_memory_message():
    assert "memory" in str(MemoryError("out of memory"))

@pytest.mark.skip(reason="connection refused by staging since the move")
def test_staging():
    pass

@pytest.mark.xfail(reason="depot answers too late")
def test_known_failure():
    assert deliver([503, 503, 200]) == 0
'''

GRID = '''
import unittest

class Grid:
    def __init__(self, rows):
        self.rows = [list(row) for row in rows]

    def neighbours(self, x, y):
        return sum(self.rows[b][a] == "#" for a in range(x - 1, x + 2) for b in range(y - 1, y + 2)
                   if (a, b) != (x, y) and 0 <= b < len(self.rows) and 0 <= a < len(self.rows[0]))

class TestNeighbours(unittest.TestCase):
    """Game of life."""

    def setUp(self):
        self.grid = Grid(["..#..", ".###.", "..#.."])

for _x in range(5):
    for _y in range(3):
        def _test(self, x=_x, y=_y):
            self.assertLessEqual(self.grid.neighbours(x, y), 8)
        setattr(TestNeighbours, f"test_cell_{_x}_{_y}", _test)

class TestErrors(unittest.TestCase):
    def test_timeout_error_is_an_os_error(self):
        self.assertTrue(issubclass(TimeoutError, OSError))

    @unittest.skip("needs the network")
    def test_download(self):
        self.fail("connection reset")

    @unittest.expectedFailure
    def test_known_bug(self):
        self.assertEqual(1, 2)
'''

NOISE = {"tests/test_numerals.py": ROMAN, "tests/test_courier.py": RETRIES, "tests/test_grid.py": GRID}
