"""Every signature that names a cause gets its own examples diagnosed as its label, by all signatures together.

Two signatures for one line that disagree would else be found by a user. What may differ is listed, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest

from guard.diagnosis import diagnose as diagnosing
from guard.diagnosis.classify import Guess
from guard.diagnosis.lines import Log
from guard.diagnosis.match import Hit, Matcher
from guard.signatures.load import read, sources
from guard.types import Command, LogWindow, NoMemory, Outcome, Telemetry

_ASSERTION = "“expected …” reads like a test's assertion, which takes its weight"
# signature -> (label that its example is given instead, why that may be)
MAY_DIFFER = {
    "jenkins-config-lib": ("unknown", _ASSERTION),
}
_APART = 120
"""Empty lines between two examples: further than any signature looks around."""


class Foreseen:
    """In the matcher's place: hits that were found for many examples in one pass, given out example by example."""

    def __init__(self, examples: Sequence[str]) -> None:
        self._hits: dict[bytes, list[Hit]] = {example.encode(): [] for example in examples}
        begins: list[tuple[int, bytes]] = []
        text, line = "", 0
        for example in examples:
            begins.append((line, example.encode()))
            text += example + "\n" * _APART
            line += example.count("\n") + _APART
        at = 0
        for hit in everyone().hits(Log(LogWindow(head=text.encode()))):
            while at + 1 < len(begins) and begins[at + 1][0] <= hit.index:
                at += 1
            begin, of = begins[at]
            self._hits[of].append(replace(hit, index=hit.index - begin))

    def hits(self, log: Log) -> list[Hit]:
        """The hits of one example."""
        return self._hits[log.data]


@lru_cache(maxsize=1)
def everyone() -> Matcher:
    return Matcher([one for path in sources() for one in read(path)])


@pytest.fixture(params=sources(), ids=lambda path: path.stem)
def labels(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, str]]:
    """Signature -> its examples -> the label that each is given."""
    path: Path = request.param
    ours = [one for one in read(path) if one.kind == "cause"]
    foreseen = Foreseen(list(dict.fromkeys(example for one in ours for example in one.match)))
    monkeypatch.setattr(diagnosing, "_matcher", lambda extra: foreseen)
    return {one.id: {example: _label(example) for example in one.match} for one in ours}


def _label(example: str) -> str:
    outcome = Outcome(Command(("?",)), 1, 1, None, "exited", 1.0, LogWindow(head=example.encode()), Telemetry())
    return diagnosing.diagnose(outcome, NoMemory(), ask=lambda log, outcome: Guess()).label


def test_own_examples_are_given_the_signature_s_label(labels: dict[str, dict[str, str]]) -> None:
    own = {one.id: one.label for one in everyone().signatures}
    differ = {
        (name, own[name], label, example[:120])
        for name, given in labels.items()
        for example, label in given.items()
        if label not in {own[name], MAY_DIFFER.get(name, ("", ""))[0]}
    }
    assert not differ, "mend the pattern that is too eager, or list the pair with its reason"
    idle = [name for name, given in labels.items() if name in MAY_DIFFER and set(given.values()) == {own[name]}]
    assert not idle, "agrees by now: strike it from the list"


def test_the_list_names_signatures() -> None:
    assert set(MAY_DIFFER) <= {one.id for one in everyone().signatures if one.kind == "cause"}
