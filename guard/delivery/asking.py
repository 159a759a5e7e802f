"""How the classifier is asked where guard was started without its run-time library.

Signatures speak first. Only where they leave doubt is the library waited for that a fetch brings, where one was asked
for; a failure of the network itself is no time to fetch anything.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from guard.delivery import private_folders
from guard.delivery.lending import VARIABLE, own_folders, wanted
from guard.delivery.provision import Fetching, NotFetched
from guard.diagnosis.apart import classify_apart
from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.diagnose import diagnose
from guard.diagnosis.lines import Log
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
        self._why = ""
        if importlib.util.find_spec(LIBRARY) is not None:
            return
        self._folder = _found(env)
        if self._folder is not None:
            return
        self._why = f"{LIBRARY} is not installed ({VARIABLE}=on fetches it)"
        if wanted(env):
            try:
                self._fetching = Fetching(PURPOSE, env)
            except NotFetched as error:
                self._why = f"{LIBRARY} is not installed: {error}"

    def __call__(self, log: Log, outcome: Outcome) -> Guess:
        """The classifier's opinion, or an abstention that says why; one that nobody needs says nothing."""
        if self._why:
            said = diagnose(outcome, NoMemory(), self._extra, lambda log, same: Guess())
            if said.probability >= SURE and said.label != "unknown":
                return Guess()
            if self._fetching is not None:
                self._wait(LABELS[said.label] == "network")
        if self._why:
            return Guess(note=f"no classifier: {self._why}")
        return classify_apart(log, outcome, partial(_with, self._folder))

    def _wait(self, network: bool) -> None:
        fetching, self._fetching = self._fetching, None
        if fetching is None:
            return
        try:
            if network:
                raise NotFetched("not fetched where the network itself fails")
            self._folder, self._why = str(fetching.wait(self._stopped)), ""
        except NotFetched as error:
            self._why = f"{LIBRARY} is not installed: {error}"
        finally:
            fetching.end()

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
            self._fetching, self._why = None, f"{LIBRARY} is not installed"


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
