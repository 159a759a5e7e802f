"""Each scenario run under guard: healed by the remedy that it names, or refused at its first failure, and never green by mistake."""

from __future__ import annotations

from guard.policy.refusals import REFUSED as REFUSED_LABELS
from models.lab.scenario import PASSED, Case, Scenario
from models.lab.trial import Trial, wanted

HEALED, TRIED, REFUSED, PASSES = "healed", "tried", "refused", "passes"
"""What is right: healed; the right remedy tried where the cause stays (a server that never comes back); one run only; green at once."""
OTHERWISE = "otherwise"
"""Green by another remedy than the scenario names."""
SPENT = "spent"
"""Not healed, of a label that often heals, where no remedy could: runs were spent on it; no fault of the verdict, but waste."""
WRONG_GREEN, REPEATED, NOT_HEALED, SPOILT = "WRONG GREEN", "REPEATED", "NOT HEALED", "SPOILT"
RIGHT = (HEALED, OTHERWISE, TRIED, SPENT, REFUSED, PASSES)


def verdict(trial: Trial, *, clears: bool) -> str:
    """What the trial under guard came to; `clears`: whether the cause can go away while guard is at work."""
    if trial.wrong_green:
        return WRONG_GREEN
    if trial.label == PASSED:
        return PASSES if trial.green and trial.runs == 1 else SPOILT
    if trial.green:
        return HEALED if any(trial.heals in group for group in trial.remedies) else OTHERWISE
    if not trial.heals:
        if trial.runs == 1:
            return REFUSED
        return REPEATED if trial.label in REFUSED_LABELS else SPENT
    right = {trial.heals, "rerun_all"} if trial.heals == "rerun_failed_tests" else {trial.heals}
    tried = any(right & set(group) for group in trial.remedies)
    return TRIED if tried and not clears else NOT_HEALED


def clears(scenario: Scenario, case: Case) -> bool:
    """Whether what makes the case fail can go away while it is played: weather without an end, or a server of the script's own, stays."""
    if case.weather is None:
        # What is merely slow, or wins a race by luck, looks like chance and may never come out right.
        return not case.stays and wanted(scenario, case) not in ("wait", "rerun_failed_tests")
    return case.weather.hits is not None or case.weather.seconds is not None


def repeatable(case: Case) -> bool:
    """Whether the script can pass when it runs again: the noise around a cause is for the classifier, and often works only once."""
    return not case.name.endswith(("-noisy", "-in-noise"))


def line(trial: Trial, found: str) -> str:
    """One line for a person: what was found, what guard thought and did."""
    steps = " → ".join(
        label + (f" [{'+'.join(trial.remedies[at])}]" if at < len(trial.remedies) else "") for at, label in enumerate(trial.diagnosed)
    )
    wanted = trial.heals or "refuse"
    text = f"{found:11} {trial.scenario}: {trial.label}, {wanted}; {steps or '-'}; {trial.runs} runs, {trial.seconds:.1f} s"
    return text if found in RIGHT else f"{text}\n            because: {trial.reason} ({trial.source})"
