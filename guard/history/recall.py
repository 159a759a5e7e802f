"""A store → the memory that the loop asks; opened at the first question, silent for good after the first fault."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Protocol, TypeVar

from guard.history import learning
from guard.history.entry import Failure, cause_lines
from guard.history.nearest import Known, nearest
from guard.history.rows import Trial
from guard.history.store import Feedback, SqlStore
from guard.types import LABELS, Diagnosis, Recall, Seen

T = TypeVar("T")
_MOST_FAILURES = 3_000
"""Earlier failures that an unknown one is compared with: the newest of the project."""


class Ask(Protocol):
    """Puts a question to the store: None where there is no store, or none that answers in time."""

    def __call__(self, question: Callable[[SqlStore], list[T]], /) -> list[T] | None:
        """The answer."""


class History:
    """Satisfies `types.Memory`."""

    def __init__(self, ask: Ask, project: str, now: Callable[[], float] = time.time) -> None:
        """What it knows is of one project; `now`: seconds since 1970."""
        self._ask = ask
        self._project = project
        self._now = now
        self._said: dict[str, list[Feedback]] = {}
        self._exact: dict[str, list[Trial]] = {}
        self._kindred: dict[str, list[Trial]] = {}
        self._recalled: dict[tuple[str, str], Recall | None] = {}
        self._alike: dict[str, set[str]] = {}

    def label(self, fingerprint: str) -> str | None:
        """The label that a person gave this failure last."""
        found: str | None = None
        for one in self._feedback(fingerprint):
            if one.kind == "label":
                found = one.label
            elif one.kind == "clear":
                found = None
        return found if found in LABELS else None

    def seen(self, fingerprint: str, label: str, remedy: str) -> Seen:
        """What the remedy did about this failure, and about others of that label in this project."""
        if fingerprint not in self._exact:
            self._exact[fingerprint] = self._trials_of(fingerprint)
        if label not in self._kindred:
            self._kindred[label] = self._answer(lambda store: store.trials_like(label, self._project))
        return learning.seen(
            remedy, label, fingerprint, self._exact[fingerprint], self._kindred[label], remedy in self._wrong(fingerprint), self._now()
        )

    def recall(self, diagnosis: Diagnosis) -> Recall | None:
        """The same failure by its fingerprint; of an unknown or unsure one, whatever its lines are most like."""
        lines = cause_lines([one.text for one in diagnosis.evidence])
        key = (diagnosis.fingerprint, lines)
        if key not in self._recalled:
            self._recalled[key] = self._recall(diagnosis, lines)
            # What is alike is known only now.
            self._exact.pop(diagnosis.fingerprint, None)
        return self._recalled[key]

    def _recall(self, diagnosis: Diagnosis, lines: str) -> Recall | None:
        fingerprint = diagnosis.fingerprint
        if diagnosis.unsure:
            # Its fingerprint rests on one line that is no known cause: all its lines together say more.
            likeness, same = nearest(lines, self._known(lambda store: store.failures(self._project, _MOST_FAILURES)))
            self._alike[fingerprint] = {one.fingerprint for one in same}
        else:
            likeness, same = 1.0, self._known(lambda store: store.failures_of(fingerprint, self._project, _MOST_FAILURES))
        if not same:
            return None
        runs = list(dict.fromkeys(one.run_id for one in same))
        names = {one.fingerprint for one in same}
        label = Counter(one.label for one in same).most_common(1)[0][0]
        trials = [
            (run_id, trial)
            for run_id, trial in self._answer(lambda store: store.trials_in(runs[:500]))
            if trial.fingerprint in names and trial.remedy not in self._wrong(trial.fingerprint)
        ]
        healed = [(run_id, trial) for run_id, trial in trials if trial.healed]
        if healed:
            label = Counter(trial.label for _, trial in healed).most_common(1)[0][0]
        return Recall(
            label=label,
            times=len(runs),
            tried=len({run_id for run_id, _ in trials}),
            healed=len({run_id for run_id, _ in healed}),
            by=tuple(_shown(name) for name, _ in Counter(trial.remedy for _, trial in healed).most_common()),
            likeness=round(likeness, 4),
        )

    def _known(self, question: Callable[[SqlStore], list[tuple[str, Failure]]]) -> list[Known]:
        return [Known(run_id, one.label, one.fingerprint, one.lines) for run_id, one in self._answer(question)]

    def _trials_of(self, fingerprint: str) -> list[Trial]:
        """On this very failure, and where nothing explains it, on those that say the same; newest first."""
        names = {fingerprint, *self._alike.get(fingerprint, ())}
        found = self._answer(lambda store: [one for name in sorted(names) for one in store.trials_of(name, self._project)])
        return sorted(found, key=lambda one: one.at, reverse=True)

    def _feedback(self, fingerprint: str) -> list[Feedback]:
        if fingerprint not in self._said:
            self._said[fingerprint] = self._answer(lambda store: store.feedback_on(fingerprint, self._project))
        return self._said[fingerprint]

    def _wrong(self, fingerprint: str) -> set[str]:
        """Remedies whose heal of this failure was called wrong."""
        found: set[str] = set()
        for one in self._feedback(fingerprint):
            if one.kind == "wrong_heal":
                found.add(one.remedy)
            elif one.kind == "clear":
                found.clear()
        return found

    def _answer(self, question: Callable[[SqlStore], list[T]]) -> list[T]:
        return self._ask(question) or []


def _shown(name: str) -> str:
    """A remedy's name for the report: it may come from a file that somebody else wrote."""
    return "".join(letter for letter in name if letter.isprintable())[:80]
