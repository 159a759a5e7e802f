"""A wait that ends when the service answers again: the questions, when they are put, and what came of them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic

from guard.remedies.probing.beside import Sleep, Stopped, beside
from guard.remedies.probing.question import LONGEST_S as QUESTION_S
from guard.remedies.probing.question import Answer, ask
from guard.remedies.probing.service import Service

MOST_QUESTIONS = 60
"""To one service in one wait."""
_PAUSE_SHARE, _SHORTEST_PAUSE_S, _LONGEST_PAUSE_S = 0.15, 2.0, 10.0
"""Between two questions: this share of what has been waited, so that the answer is late by that share at most; within these bounds."""
_OF_LONGEST = 30
"""The upper bound is at least this part of the longest wait: then MOST_QUESTIONS last for all of it."""
_SECOND_LOOK_S = 1.5
"""Between the first answer and the one that must confirm it: what flickers is not up."""
_SETTLING_S = (0.5, 2.5)
"""After that: a service that has just begun again is not met by all that waited at one moment."""
_LAST_LOOK_S = 1.5
"""So long before the usual wait is over a service that seemed up is asked once more."""
_AFTER_LIMIT_S = 30.0
"""A service that says during the questions that they are too many is left alone for so long at least."""
_LOOKUP_S = 5.0
"""What the lookup of a name may take beyond a question's own time; then it counts as no answer."""

Question = Callable[[Service], Answer]


@dataclass(frozen=True)
class Waited:
    """How a wait went."""

    stopped: bool
    told: str = ""
    """One sentence for the report; empty where nothing was asked."""
    details: Mapping[str, object] = field(default_factory=dict)
    """For the result file: JSON values only."""


def wait(
    services: Sequence[Service],
    usual_s: float,
    longest_s: float,
    sleep: Sleep,
    tell: Callable[[str], None],
    name_only: bool = False,
    question: Question | None = None,
    now: Callable[[], float] = monotonic,
    chance: Callable[[], float] = random.random,
) -> Waited:
    """Wait until all of the services that are down are up, `longest_s` at most; `usual_s` where none is down.

    `tell` hears, once, that a service is down. `name_only`: only whether its name is known is asked.
    """
    return _Watch(services, usual_s, longest_s, sleep, tell, question or partial(_in_time, sleep=sleep, name_only=name_only), now, chance).run()


class _Watch:
    def __init__(
        self,
        services: Sequence[Service],
        usual_s: float,
        longest_s: float,
        sleep: Sleep,
        tell: Callable[[str], None],
        question: Question,
        now: Callable[[], float],
        chance: Callable[[], float],
    ) -> None:
        self._services = tuple(services)
        self._usual, self._longest = usual_s, max(longest_s, usual_s)
        self._sleep, self._tell, self._question, self._now, self._chance = sleep, tell, question, now, chance
        self._begin = now()
        self._asked = 0
        self._down: dict[Service, str] = {}

    def run(self) -> Waited:
        try:
            told, details = self._wait()
        except Stopped:
            return Waited(True, "", {"questions": self._asked})
        shown = {"waited_s": round(self._past(), 1), "asked": list(dict.fromkeys(one.told for one in self._services)), "questions": self._asked}
        return Waited(False, f"waited {self._past():.0f} s: {told}", {**shown, **details})

    def _wait(self) -> tuple[str, dict[str, object]]:
        limited = self._look()
        if not limited and not self._down:
            self._rest(self._usual - _LAST_LOOK_S)
            limited = self._look()
        if limited:
            return self._left_alone()
        if not self._down:
            self._rest(self._usual)
            return f"{_names(self._services)} answered all along", {}
        names, how = _names(self._down), next(iter(self._down.values()))
        self._services = tuple(self._down)
        self._tell(f"asked {names}: {how}; the next attempt begins when that is over, in {self._longest:.0f} s at the latest")
        ups, up_since = 0, 0.0
        while ups < 2:
            # Jitter, so that jobs that failed together do not ask together.
            pause = min(max(self._past() * _PAUSE_SHARE, _SHORTEST_PAUSE_S), max(_LONGEST_PAUSE_S, self._longest / _OF_LONGEST))
            next_s = _SECOND_LOOK_S if ups else pause * (0.75 + 0.5 * self._chance())
            if self._past() + next_s > self._longest or self._asked >= MOST_QUESTIONS * len(self._services):
                self._rest(self._longest if self._asked < MOST_QUESTIONS else self._usual)
                return f"{names} still down ({how})", {"still_down": True}
            self._for(next_s)
            if self._look():
                return self._left_alone()
            if self._down:
                ups = 0
                how = next(iter(self._down.values()))
                continue
            ups += 1
            up_since = up_since if ups > 1 else self._past()
        least, most = _SETTLING_S
        self._for(min(least + (most - least) * self._chance(), max(self._longest - self._past(), 0.0)))
        return f"{names} answered again after {up_since:.0f} s", {"answered_after_s": round(up_since, 1)}

    def _look(self) -> bool:
        """Ask each service once; True where one says that there were too many questions."""
        self._down = {}
        for one in self._services:
            answer = self._question(one)
            self._asked += 1
            if answer.limited:
                return True
            if not answer.up:
                self._down[one] = answer.told
        return False

    def _left_alone(self) -> tuple[str, dict[str, object]]:
        self._rest(max(self._usual, min(self._past() + _AFTER_LIMIT_S, self._longest)))
        return "it answers 429, and is asked no more", {"limited": True}

    def _past(self) -> float:
        return self._now() - self._begin

    def _rest(self, until_s: float) -> None:
        """Wait until so many seconds after the beginning."""
        self._for(until_s - self._past())

    def _for(self, seconds: float) -> None:
        if seconds > 0 and self._sleep(seconds):
            raise Stopped


def _names(services: Iterable[Service]) -> str:
    return " and ".join(dict.fromkeys(one.told for one in services))


def _in_time(service: Service, sleep: Sleep, name_only: bool) -> Answer:
    """The answer, or what stands for none."""
    try:
        return beside(lambda: ask(service, name_only), sleep, QUESTION_S + _LOOKUP_S)
    except TimeoutError:
        return Answer(False, f"no answer in {QUESTION_S + _LOOKUP_S:.0f} s")
