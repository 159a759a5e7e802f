"""`guard feedback RUN`: what a person knows better; the very next diagnosis of that failure follows it."""

from __future__ import annotations

from guard.commands.history import Where, one_run, opened
from guard.errors import GuardError
from guard.failsafe import say
from guard.history import audit
from guard.history.checking import checked
from guard.history.entry import entry
from guard.history.store import Feedback, wrong_heal
from guard.types import LABELS


def run(where: Where, run_id: str, label: str | None, *, wrong: bool, clear: bool) -> int:
    """Note the label of a run's first failure, that its heal was wrong, or take back what was said. Returns 0."""
    if [label is not None, wrong, clear].count(True) != 1:
        raise GuardError("say one thing about the run", "--label LABEL, --wrong-heal, or --clear")
    if label is not None and label not in LABELS:
        raise GuardError(f"{label[:80]!r} is no label", f"known: {', '.join(LABELS)}")
    with opened(where, write=True) as store:
        name = one_run(store, run_id)
        one = entry(checked(store.document(name)))
        row, now = one.row, audit.now()
        if not row.fingerprint:
            raise GuardError(f"run {name} did not fail: there is nothing to correct")
        said = [Feedback(now, name, row.fingerprint, row.project, "label", label or "", "")]
        done = f"{label} from now on, for every failure like the first of run {name}"
        if wrong:
            said = wrong_heal(one, now)
            if not said:
                raise GuardError(f"run {name} was not healed: there is no heal to call wrong")
            done = f"{', '.join(each.remedy for each in said)} is not tried again on the failure of run {name}"
        elif clear:
            names = dict.fromkeys([row.fingerprint, *(each.fingerprint for each in one.failures)])
            said = [Feedback(now, name, each, row.project, "clear", "", "") for each in names]
            done = f"what was said about the failure of run {name} is taken back"
        store.say(said)
        store.note(name, 0, {"what": "feedback", "remedy": "person", "summary": done, "allowed_by": ["guard feedback"]})
    say(f"guard: {done}")
    return 0
