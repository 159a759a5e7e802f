"""When the weather is bad: which requests it strikes, by count, by chance, by path and by time."""

from __future__ import annotations

import random
import re
import threading
import time

from models.lab.scenario import Weather


class Schedule:
    """The case's weather as time passes; threads ask it."""

    def __init__(self, weather: Weather) -> None:
        self.weather = weather
        self._lock = threading.Lock()
        self._path = re.compile(weather.path)
        self._chance = random.Random(weather.seed)
        self._begun = False
        self._first: float | None = None
        self._met = 0
        self._struck = 0

    def begin(self) -> None:
        """The calm is over."""
        self._begun = True

    def strikes(self, path: str) -> bool:
        """Whether the weather hits this request; asking counts as one."""
        if not self._begun or self.weather.kind == "calm" or not self._path.search(path):
            return False
        with self._lock:
            self._met += 1
            if self._met <= self.weather.after:
                return False
            spared = self.weather.chance < 1 and self._chance.random() >= self.weather.chance
            if self.weather.seconds is not None:
                if self._first is None:
                    self._first = time.monotonic()
                return not spared and time.monotonic() - self._first < self.weather.seconds
            if spared or (self.weather.hits is not None and self._struck >= self.weather.hits):
                return False
            self._struck += 1
            return True
