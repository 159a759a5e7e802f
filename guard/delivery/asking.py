"""How the classifier is asked where guard was started without its run-time library.

The standard library computes the same without it (`diagnosis.plain`). Where a fetch was asked for, signatures speak
first, and only where they leave doubt is it waited for; a failure of the network itself is no time to fetch anything.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from guard.delivery import private_folders
from guard.delivery.lending import own_folders, wanted
from guard.delivery.provision import Fetching, NotFetched
from guard.diagnosis.apart import classify_apart
from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
from guard.failsafe import say
from guard.types import LABELS, Event, NoMemory, Outcome

LIBRARY, PURPOSE = "onnxruntime", "classifier"
SURE = 0.85
"""From this probability on the signatures leave no doubt that is worth a fetch."""


class Asking:
    """Asks the classifier, with the library from wherever it is; begins to fetch it the moment it is made, if at all."""

    def __init__(self, env: Mapping[str, str], extra: Sequence[Path], stopped: Callable[[], bool]) -> None:
        """`extra`: the user's own signature files; `stopped`: whether guard was told to stop."""
        self._extra, self._stopped = tuple(extra), stopped
        self._folder: str | None = None
        self._fetching: Fetching | None = None
        if importlib.util.find_spec(LIBRARY) is not None:
            return
        self._folder = _found(env)
        if self._folder is None and wanted(env):
            try:
                self._fetching = Fetching(PURPOSE, env)
            except NotFetched as error:
                _tell(error)

    def __call__(self, log: Log, outcome: Outcome) -> Guess:
        """The classifier's opinion: by its library where there is one by now, else by the standard library."""
        if self._fetching is not None:
            said = diagnose(outcome, NoMemory(), self._extra, lambda log, same: Guess())
            if said.probability < SURE or said.label == "unknown":
                self._wait(LABELS[said.label] == "network")
            self.close()
        return classify_apart(log, outcome, partial(_with, self._folder))

    def _wait(self, network: bool) -> None:
        if self._fetching is None:
            return
        try:
            if network:
                raise NotFetched("not fetched where the network itself fails")
            self._folder = str(self._fetching.wait(self._stopped))
        except NotFetched as error:
            _tell(error)

    def beside(self, hear: Callable[[Event], None]) -> Callable[[Event], None]:
        """`hear`, and with a diagnosis the end of any fetch: no process of ours stands beside the next attempt."""

        def both(event: Event) -> None:
            if event.kind == "diagnosed":
                self.close()
            hear(event)

        return both

    def close(self) -> None:
        """End a fetch that nobody waits for."""
        if self._fetching is not None:
            self._fetching.end()
            self._fetching = None


def _tell(error: NotFetched) -> None:
    say(f"guard: {LIBRARY} is not there: {error}; the classifier is computed without")


def _found(env: Mapping[str, str]) -> str | None:
    """The folder that has the library: this Python's own, or one that an earlier run left."""
    for folder in own_folders():
        if os.path.isfile(os.path.join(folder, LIBRARY, "__init__.py")):
            return folder
    kept = private_folders.finished(PURPOSE, env)
    return str(kept) if kept is not None else None


def _with(folder: str | None, log: Log, outcome: Outcome) -> Guess:
    """In the classifier's own process: the folder comes after the standard library, so it can only add."""
    if folder is not None:
        sys.path.append(folder)
    return classify(log, outcome)
