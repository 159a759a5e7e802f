"""Events → guard's own lines on stderr: nothing on a first-time pass, one short block per failure."""

from __future__ import annotations

from collections.abc import Callable

from guard.failsafe import say
from guard.types import Diagnosis, Event, Outcome, Plan, Run

_WIDTH = 160
_EVIDENCE_LINES = 3


class Terminal:
    """Hears the events of a run and prints; `escape` makes a text of the log harmless on this CI."""

    def __init__(self, escape: Callable[[str], str], attempts_allowed: int, finish_lines: bool = True) -> None:
        """`attempts_allowed`: how many attempts there may be in all; `finish_lines`: a line that the command left open is ended."""
        self._finish_lines = finish_lines
        self._escape = escape
        self._allowed = attempts_allowed
        self._told_without = False

    def hear(self, event: Event) -> None:
        """Print what belongs to the event, if anything."""
        if event.kind == "attempt_ended" and event.outcome and self._finish_lines:
            if event.outcome.mid_line and not (event.outcome.passed and event.number == 1):
                say("")
        elif event.kind == "planned" and event.outcome and event.diagnosis and event.plan:
            self._failure(event.outcome, event.diagnosis, event.plan)
        elif event.kind == "remedy_applied" and event.applied:
            if event.applied.error:
                self._line(f"{event.applied.change.remedy} failed: {event.applied.error}")
            for done in event.applied.done[:4]:
                self._line(f"  did: {done}")
        elif event.kind == "noted":
            self._line(event.reason)
        elif event.kind == "gave_up":
            self._line(f"gave up: {event.reason}")
        elif event.kind == "attempt_started":
            self._line(f"attempt {event.number} of at most {self._allowed}")

    def _failure(self, outcome: Outcome, diagnosis: Diagnosis, plan: Plan) -> None:
        self._line(f"attempt {outcome.number} failed: {how_it_ended(outcome)}")
        if diagnosis.without and not self._told_without:
            self._told_without = True
            self._line(f"{diagnosis.without}; signatures and the kernel decide")
        entities = [str(diagnosis.entities[name]) for name in ("tool", "package", "host", "path") if name in diagnosis.entities]
        about = f": {' '.join(dict.fromkeys(entities))}" if entities else ""
        self._line(f"cause: {diagnosis.label} ({diagnosis.probability:.0%}){about} [{diagnosis.source}]")
        for evidence in diagnosis.evidence[:_EVIDENCE_LINES]:
            where = f"line {evidence.line}" if evidence.line else "seen"
            self._line(f"  {where}: {evidence.text}")
        if plan.decision == "heal":
            wait = max((change.wait_s for change in plan.changes), default=0.0)
            delay = f" in {wait:.0f} s" if wait >= 1 else ""
            self._line(f"next attempt{delay}: {plan.reason} ({', '.join(change.remedy for change in plan.changes)})")
        else:
            self._line(f"not repeated: {plan.reason}")
        for refusal in plan.refused[:2]:
            if refusal.reason not in plan.reason:
                self._line(f"  {refusal.remedy} refused: {refusal.reason}")

    def conclude(self, run: Run) -> None:
        """The closing line of a run of several attempts, or of one that was stopped."""
        count = len(run.attempts)
        if run.status == "healed":
            by = ", ".join(run.healed_by) or "running again"
            self._line(f"healed: the command passed on attempt {count} after {by}; its first attempt was red")
        elif run.status == "interrupted":
            self._line(f"interrupted; exit code {run.exit_code}")
        elif run.status == "failed" and count > 1:
            self._line(f"still red after {count} attempts; exit code {run.exit_code}")

    def _line(self, text: str) -> None:
        text = self._escape(text)
        say("guard: " + (text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"))


def how_it_ended(outcome: Outcome) -> str:
    """An outcome in a few words."""
    seconds = f"{outcome.duration_s:.1f} s"
    if outcome.ended == "not_started":
        return f"could not start: {outcome.message}"
    if outcome.ended == "signalled":
        return f"killed by signal {outcome.signal} after {seconds}"
    if outcome.ended == "attempt_timeout":
        return f"over its time limit, ended after {seconds}"
    if outcome.ended == "idle_timeout":
        return f"no output for {outcome.quiet_s:.0f} s, ended after {seconds}"
    if outcome.ended == "budget":
        return f"the time budget was used up after {seconds}"
    return f"exit code {outcome.exit_code} after {seconds}"
