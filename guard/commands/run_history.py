"""`guard run` and its history: what is known before it heals, each action as it is done, the run when it is over.

Nothing here changes a result: a store that is gone, slow, full or damaged is one `guard:` line, once, and the build goes on.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, TypeVar

from guard import detect
from guard.commands.run_audit import audit_body
from guard.commands.run_tests_seen import SeenTests
from guard.diagnosis.mask import Masker
from guard.errors import GuardError
from guard.failsafe import confess, say, shielded
from guard.history import place, spool
from guard.history.audit import now
from guard.history.checking import checked, shortened
from guard.history.entry import entry
from guard.history.forget import DAYS, MEGABYTES, retain
from guard.history.late import Waiting
from guard.history.opening import open_store
from guard.history.origin import origin
from guard.history.recall import History
from guard.history.store import SqlStore
from guard.report import result
from guard.settings.values import Settings
from guard.types import Applied, Event, Memory, NoMemory, Run

T = TypeVar("T")
SPOOL_S = 1.0
"""Seconds that a build spends on what passes left: once before it heals, once when it is over."""
ANSWER_S = 8.0
"""The longest that a build waits for a server in all: to connect, and for one transaction."""


class Remembering:
    """The history of one run."""

    def __init__(self, settings: Settings, env: Mapping[str, str], masker: Masker, workspace: str, run_id: str) -> None:
        """Nothing is opened before something is asked or to be kept."""
        self._settings = settings
        self._env = env
        self._masker = masker
        self._workspace = workspace
        self._run_id = run_id
        asked = "off" if settings.history_off else settings.history
        self.setting = place.setting(asked, env, workspace)
        self._by_itself = asked is None
        self._silent = False
        self._busy = False
        self._spool_s = SPOOL_S
        self._noted = ""
        self._waiting: Waiting | None = None
        self._tests = SeenTests(workspace)
        self.project, self.branch, self.commit = (masker.text(one) for one in origin(env, workspace))

    @property
    def on(self) -> bool:
        """Whether anything is remembered here at all."""
        return self.setting != place.OFF

    def memory(self) -> Memory:
        """What history knows."""
        if not self.on or (not place.exists(self.setting, self._workspace) and self.setting.startswith("sqlite:")):
            return NoMemory()
        return History(lambda question: self._with_store(question, create=False), self.project)

    def beside(self, hear: Callable[[Event], None]) -> Callable[[Event], None]:
        """Who hears of events: the audit trail first, of what a remedy is about to do and of what it did; then `hear`."""

        def both(event: Event) -> None:
            outcome = event.outcome
            if event.kind == "attempt_ended" and outcome is not None and (event.number > 1 or not outcome.passed):
                shielded("the tests of an attempt", None, lambda: self._tests.look(outcome))
            if event.kind == "remedy_applied" and event.applied is not None:
                self._note(event, event.applied)
            hear(event)

        return both

    def _note(self, event: Event, applied: Applied) -> None:
        body = result.masked_value(audit_body(applied, event, self._settings, self._env), self._masker)
        written = self._with_store(lambda store: store.note(self._run_id, event.number, body), create=True)
        if written is not None:
            self._noted = written
        elif self._comes_back:
            self._waiting = self._waiting or Waiting(self._run_id, self._noted)
            self._leave_for_later(self._waiting.line(event.number, body, now()))

    def keep(self, run: Run, code: int) -> None:
        """Remember a run that did not simply pass; a first-time pass leaves a line in the spool, as on its short way."""
        if not self.on:
            return
        if self._waiting is not None:
            self._leave_for_later(self._waiting.last(len(run.attempts), now()))
        if run.status == "passed":
            note_pass(self.setting, self._workspace, run.id, run.command, _seconds(run.started_at), run.duration_s, run.platform, self._env)
            return
        document: dict[str, Any] = result.run_object(run, self._masker)
        document |= {"exit_code": code, "project": self.project, "branch": self.branch, "commit": self.commit}
        if run.status == "interrupted" and (place.exists(self.setting, self._workspace) or not self.setting.startswith("sqlite:")):
            # Whoever told guard to stop does not wait for a server or for others that write.
            self._leave_run(self._whole(document, set()))
            return

        self._spool_s = SPOOL_S

        def work(store: SqlStore) -> bool:
            store.record([entry(checked(self._whole(document, store.tests_that_failed(self.project))))])
            self._retain(store)
            return True

        if not self._with_store(work, create=True) and self._comes_back:
            self._leave_run(self._whole(document, set()))

    @property
    def _comes_back(self) -> bool:
        """Whether a store that did not answer will: it was locked, or it is a server's."""
        return self._busy or not self.setting.startswith("sqlite:")

    def _whole(self, document: dict[str, Any], known: set[tuple[str, str]]) -> dict[str, Any]:
        """The document with what its attempts tell of tests, as it is kept."""
        # A copy: where a server is slow, two may be made at once.
        found: dict[str, Any] = {**document, "attempts": [dict(attempt) for attempt in document["attempts"]]}
        shielded("the tests of a run", None, lambda: self._tests.add(found, known, self._masker))
        return dict(shortened(found))

    def _retain(self, store: SqlStore) -> None:
        local = self.setting.startswith("sqlite:")
        days, megabytes = self._settings.history_days, self._settings.history_megabytes
        if local:
            retain(store, days or DAYS, megabytes or MEGABYTES, None)
        elif days is not None:
            # A store of many projects: each lets go of its own, and only when told to.
            retain(store, days, None, self.project)

    def _leave_run(self, document: dict[str, Any]) -> None:
        import json

        self._leave_for_later(json.dumps(document))

    def _leave_for_later(self, line: str) -> None:
        """A line waits in the spool for the next run that takes it in: the store was gone or locked, or there is no time."""
        file = place.spool_of(self.setting, self._workspace)
        try:
            place.make_folder(os.path.dirname(file))
        except OSError:
            return
        spool.append(file, line)

    def _with_store(self, work: Callable[[SqlStore], T], *, create: bool) -> T | None:
        """What the work returns; None where there is no store, or one that does not answer: then it is not asked again."""
        if self._silent:
            return None
        try:
            if self.setting.startswith("sqlite:"):
                return self._local(work, create)
            return _in_time(lambda: self._work(work, create))
        except GuardError as error:
            self._fall_silent(error)
        except Exception as fault:
            self._silent = True
            confess("the history", fault)
        return None

    def _local(self, work: Callable[[SqlStore], T], create: bool) -> T | None:
        from guard.history import sqlite

        path = self.setting.removeprefix("sqlite:")
        for turn in (1, 2):
            seen = sqlite.inode(path)
            try:
                return self._work(work, create)
            except sqlite.Locked:
                # Others write, a merge perhaps: the run can wait in the spool for the next one.
                self._busy = True
                raise
            except sqlite.Damaged as damage:
                beside = sqlite.set_aside(path, seen)
                if turn == 2:
                    raise GuardError(f"history {path} is damaged ({damage})") from damage
                if beside:
                    say(f"guard: the history was damaged ({damage}); set aside as {os.path.basename(beside)}")
        return None

    def _work(self, work: Callable[[SqlStore], T], create: bool) -> T | None:
        file = place.spool_of(self.setting, self._workspace)
        spool_s, self._spool_s = self._spool_s, 0.0
        store = open_store(self.setting, read_only=False, create=create, patient=False, spool_file=file, spool_s=spool_s)
        if store is None:
            return None
        try:
            return work(store)
        finally:
            store.close()

    def _fall_silent(self, error: GuardError) -> None:
        self._silent = True
        # A history that nobody asked for is not worth a line in a folder that cannot be written.
        if not self._by_itself or "newer guard" in error.message:
            say(f"guard: {self._masker.text(error.message)}; going on without history")


def reading(settings: Settings, env: Mapping[str, str], workspace: str) -> Memory:
    """What history knows, for a diagnosis outside of a run: nothing is written, and a fault is as good as no history."""
    setting = place.OFF if settings.history_off else place.setting(settings.history, env, workspace)
    if setting == place.OFF:
        return NoMemory()

    gone: list[str] = []

    def ask(question: Callable[[SqlStore], list[T]], /) -> list[T] | None:
        def answer() -> list[T] | None:
            store = open_store(setting, read_only=True, patient=False)
            if store is None:
                return None
            with closing(store):
                return question(store)

        if gone:
            return None
        try:
            return answer() if setting.startswith("sqlite:") else _in_time(answer)
        except Exception:
            gone.append(setting)
            return None

    return History(ask, Masker.from_environment(env, ()).text(origin(env, workspace)[0]))


def note_pass(
    setting: str, workspace: str, run_id: str, argv: tuple[str, ...], started: float, duration_s: float, platform: str, env: Mapping[str, str]
) -> None:
    """Leave a line beside a history that exists."""
    if place.exists(setting, workspace):
        line = spool.passing_line(run_id, argv, started, duration_s, platform, env, workspace)
        spool.append(place.spool_of(setting, workspace), line)


def remembering(settings: Settings, env: Mapping[str, str], masker: Masker | None, run_id: str) -> Remembering | None:
    """The history of this run; None where there is none. Nothing is remembered that could not be masked."""
    if masker is None:
        return None
    found = Remembering(settings, env, masker, detect.workspace(env), run_id)
    return found if found.on else None


def _in_time(work: Callable[[], T]) -> T:
    """What the work returns. Raises GuardError when it takes longer than a build may wait: a server can stay silent."""
    answer: list[T] = []
    fault: list[BaseException] = []

    def attempt() -> None:
        try:
            answer.append(work())
        except BaseException as error:
            fault.append(error)

    # A daemon: it may wait for its server as long as it likes, guard leaves without it.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(ANSWER_S)
    if fault:
        raise fault[0]
    if not answer:
        raise GuardError(f"the history's server did not answer within {ANSWER_S:.0f} s")
    return answer[0]


def _seconds(started_at: str) -> float:
    from guard.history.learning import seconds

    return seconds(started_at) or 0.0
