"""Why a failure is not repeated: it may not be, it cannot help, or the cause is too unsure; each as the user reads it."""

from __future__ import annotations

from guard.policy import odds
from guard.policy.case import Case
from guard.policy.echoed import echoed
from guard.policy.once_only import once_only
from guard.settings.values import LabelRule
from guard.types import UNSURE, Diagnosis

REFUSED: dict[str, str] = {
    "compile_error": "a compile error needs a change of the code",
    "lint_error": "a finding of a linter needs a change of the code",
    "test_failure": "an assertion failed with no sign of chance; it needs a change of the code or the test",
    "auth_failure": "a credential or permission is missing; running again cannot bring it",
    "configuration_error": "the job's configuration needs a change; running again cannot bring it",
    "tls_error": "a certificate or protocol is refused; running again cannot change it",
    "dependency_conflict": "no set of versions satisfies the constraints; they need a change",
    "dependency_not_found": "a package, version or image that does not exist there stays missing",
    "unknown": "the log shows no known cause; an unexplained failure is not repeated",
}


def stopped(case: Case) -> str:
    """Why nothing may be repeated here whatever the cause; "" when it may."""
    outcome, settings, rule = case.outcome, case.settings, case.rule
    if outcome.ended == "cancelled" or (outcome.exit_code in (130, 131, 143) and outcome.signal in (2, 3, 15)):
        return "the command was told to stop"
    if outcome.ended == "budget":
        return "the time budget is used up"
    allowed = rule.attempts if rule.attempts is not None else settings.attempts
    if outcome.number >= min(allowed, settings.attempts):
        return "no attempt is left" if settings.attempts > 1 else "settings allow one attempt"
    if not rule.on:
        return f"settings turn {case.diagnosis.label} off"
    if not outcome.stdin_replayable:
        return "its standard input was a pipe that cannot be read again (give it `</dev/null` or a file)"
    if settings.idempotent is False:
        return "settings say `idempotent: false`"
    if settings.idempotent is None:
        found = once_only(outcome.command) or echoed(outcome.window)
        if found:
            return f"`{found}` must not run twice; `idempotent: true` says that it may"
    return ""


def beyond_healing(diagnosis: Diagnosis, rule: LabelRule) -> str:
    """Why running again cannot heal this cause, or why it is too unsure to act on; "" when neither."""
    least = rule.min_probability if rule.min_probability is not None else UNSURE
    if diagnosis.label in REFUSED and rule.remedies is None:
        if diagnosis.label != "unknown" and diagnosis.probability < UNSURE:
            return f"the cause is not sure ({diagnosis.probability:.0%}); an unexplained failure is not repeated"
        return REFUSED[diagnosis.label]
    sure = diagnosis.probability if rule.min_probability is not None else odds.of_outside(diagnosis)
    if sure < least:
        # Rounded down: 54.9 % of 55 % must not read as 55 % of 55 %.
        return f"the diagnosis is too unsure ({int(sure * 100 + 1e-9)}%, wanted {least:.0%})"
    return ""
