"""A diagnosis in doubt → a surer one, by what the tool wrote elsewhere or by what its own index answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from guard.remedies.closer import doubt, own_logs, probe
from guard.remedies.probing.configured import pip
from guard.remedies.probing.configured.protocol import scene
from guard.types import Diagnosis, Evidence, LogWindow, Outcome, Surroundings

_SURE = 0.95
_BY_PROBE = 0.93
_HIDDEN = 0.7
_ELSEWHERE = 0
"""The line number of evidence that does not stand in the output."""


def second_look(
    diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings, again: Callable[[Outcome], Diagnosis]
) -> Diagnosis:
    """The diagnosis itself where nothing is hidden or nothing more is found; `again`: how a log is diagnosed by its words alone.

    Reads the tool's own logs; opens a connection only where `probes: on` allows it, and only to pip's own indexes.
    """
    tool = doubt.hiding(diagnosis, outcome)
    if not tool:
        return diagnosis
    for writer, text in own_logs.written(outcome, surroundings, doubt.wanted(outcome)):
        if writer == tool:
            found = _by_log(diagnosis, outcome, tool, text, again)
            if found is not None:
                return found
    # What may as well be another cause is no certainty, however plain the words.
    diagnosis = replace(diagnosis, probability=min(diagnosis.probability, _HIDDEN))
    return _by_index(diagnosis, outcome, surroundings) if tool == "pip" and surroundings.probes else diagnosis


def known(diagnosis: Diagnosis) -> bool:
    """Whether the diagnosis rests on a closer look: nothing is left to look for."""
    return diagnosis.entities.get("seen_in") is not None


def _by_log(
    diagnosis: Diagnosis, outcome: Outcome, tool: str, text: bytes, again: Callable[[Outcome], Diagnosis]
) -> Diagnosis | None:
    if tool == "pip" and not text and diagnosis.label == "dependency_not_found":
        answered = Evidence(_ELSEWHERE, "pip's own log: every index answered, none with a file that fits", "primary")
        return replace(
            diagnosis,
            probability=_SURE,
            evidence=(answered, *_as_related(diagnosis)),
            entities={**diagnosis.entities, "tool": tool, "seen_in": "pip's own log"},
        )
    found = again(replace(outcome, window=LogWindow(head=text, total_bytes=len(text))))
    if not found.source.startswith("signature:") or found.label == "unknown":
        return None
    where = f"{tool}'s own log"
    evidence = tuple(
        Evidence(_ELSEWHERE, f"{where}: {one.text}", one.rank) for one in found.evidence if one.text.strip()
    )
    return replace(
        found,
        probability=max(found.probability, _SURE),
        evidence=(*evidence[:3], *_as_related(diagnosis)),
        entities={**found.entities, "tool": tool, "seen_in": where},
    )


def _by_index(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Diagnosis:
    package = doubt.wanted(outcome)
    here = scene(outcome, surroundings)
    answers = probe.ask(pip.named(here), package, here.env) if package else ()
    if not answers:
        return diagnosis
    # One that is ill says more than one that has it, and that one more than those that do not.
    telling = min(answers, key=lambda one: {"": 1, "dependency_not_found": 2}.get(one.label, 0))
    evidence = tuple(Evidence(_ELSEWHERE, one.text, "primary" if one is telling else "related") for one in answers)
    if not telling.label:
        return replace(diagnosis, evidence=(*evidence, *diagnosis.evidence))
    entities = {**diagnosis.entities, "tool": "pip", "package": package, "host": telling.host, "seen_in": "the index's answer"}
    if telling.retry_after_s:
        entities["retry_after_s"] = telling.retry_after_s
    return replace(
        diagnosis,
        label=telling.label,
        probability=_BY_PROBE,
        source="telemetry:probe",
        evidence=(*evidence, *_as_related(diagnosis)),
        entities=entities,
        fingerprint=f"{diagnosis.fingerprint}-{telling.label}",
    )


def _as_related(diagnosis: Diagnosis) -> tuple[Evidence, ...]:
    return tuple(replace(one, rank="related") for one in diagnosis.evidence[:2])
