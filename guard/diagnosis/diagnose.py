"""Outcome → Diagnosis: telemetry, signatures, model and memory speak; this decides, and says who spoke."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from guard.diagnosis import exit_codes, hanging, kernel_says
from guard.diagnosis.arbitrate import arbitrate, attention
from guard.diagnosis.classify import Guess, classify
from guard.diagnosis.entities import retry_after, validated
from guard.diagnosis.explains import explains
from guard.diagnosis.fingerprint import fingerprint
from guard.diagnosis.first_named import first_named, message, opens
from guard.diagnosis.lines import Log
from guard.diagnosis.linked import NEAR, stands_behind
from guard.diagnosis.mask import Masker
from guard.diagnosis.match import Matcher
from guard.diagnosis.root_cause import EARNEST, ENOUGH, root_cause
from guard.diagnosis.step_end import step_end
from guard.diagnosis.waiting import ran_out
from guard.diagnosis.weigh import Weighed, weigh
from guard.signatures.load import shipped, tested
from guard.types import LABELS, Alternative, Diagnosis, Evidence, Memory, Outcome

_BESIDE = 4
_RELATED = 4
_ATTENDED = 3
_TELEMETRY_LINE = 0
_FEW_WORDS = 4
_MOST_READ = 4096
_WORD = re.compile(rb"[A-Za-z]{2,}")
_SURE = 0.95
"""The probability of a signature from which it is as good as proof."""
_UNDISPUTED = 0.65
"""What such a signature is worth at least where the model is in doubt."""
_WAITED = 0.7
"""Of what speaks for a failed test, what goes to a flaky one where the test's own report says that it waited in vain."""
_OTHERS = 0.9
"""Of the model's chance for a cause that only other commands show, what goes to the one of this command."""
_SUREST = 0.99
"""No log proves a cause beyond this: of the surest answers on logs not seen before one in a hundred is wrong."""
_SHOWN = 0.03
"""Of the model's attention, from which a line is worth showing."""


@lru_cache(maxsize=4)
def _matcher(extra: tuple[Path, ...]) -> Matcher:
    own = tuple(signature for path in extra for signature in tested(path))
    return Matcher((*own, *shipped()))


def diagnose(
    outcome: Outcome, memory: Memory, extra: Sequence[Path] = (), ask: Callable[[Log, Outcome], Guess] = classify
) -> Diagnosis:
    """Why the attempt failed. `extra`: the user's own signature files; `ask`: how the classifier is asked."""
    log = Log(outcome.window)
    masker = Masker.from_environment(outcome.command.env, outcome.command.argv).and_announced(outcome.window)
    weighed = _against_kernel(weigh(log, _matcher(tuple(extra)).hits(log)), outcome, log)
    notes = tuple(
        f"{one.hit.signature.id} at line {log.number(one.hit.index)} lost: it {one.lost}" for one in weighed if one.lost
    )[-20:]
    proof = kernel_says.proof(outcome)
    # What the kernel has proved needs no opinion.
    guess = Guess() if proof is not None else ask(log, outcome)
    winner = root_cause(weighed)
    if proof is not None:
        diagnosis = _proved(proof, weighed, log, masker, hanging.evidence(outcome.telemetry, masker))
    elif guess.probabilities:
        diagnosis = _arbitrated(guess, weighed, winner, outcome, log, masker)
    elif winner is not None and winner.weight >= ENOUGH:
        diagnosis = _by_signature(winner, weighed, log, masker)
    else:
        diagnosis = _disk_or_unknown(outcome, winner, log, masker)
    diagnosis = _ran_out_of_time(diagnosis, log, masker)
    corrected = memory.label(diagnosis.fingerprint)
    if corrected is not None and corrected != diagnosis.label:
        diagnosis = replace(diagnosis, label=corrected, source="history", probability=max(diagnosis.probability, 0.9))
    return replace(
        diagnosis,
        probability=round(min(diagnosis.probability, _SUREST), 4),
        notes=notes,
        without=guess.note,
    )


def _ran_out_of_time(diagnosis: Diagnosis, log: Log, masker: Masker) -> Diagnosis:
    """A failed test that waited in vain is a flaky one as long as nothing else is known of it."""
    if diagnosis.label != "test_failure" or not diagnosis.evidence or not diagnosis.evidence[0].line:
        return diagnosis
    shown = log.at(diagnosis.evidence[0].line)
    first = next((at for at in range(shown, max(shown - _BESIDE, -1), -1) if opens(at, log)), None)
    waited = ran_out(first, log) if first is not None else None
    if waited is None:
        return diagnosis
    odds = {one.label: one.probability for one in diagnosis.alternatives}
    flaky = round(_WAITED * diagnosis.probability + odds.pop("flaky_test", 0.0), 4)
    others = {"test_failure": (1 - _WAITED) * diagnosis.probability, **odds}
    line = Evidence(log.number(waited), masker.text(log.text(waited)), "related")
    rest = tuple(one for one in diagnosis.evidence[1:] if one.line != line.line)
    return replace(
        diagnosis,
        label="flaky_test",
        probability=flaky,
        evidence=(diagnosis.evidence[0], *((line,) if line.line != diagnosis.evidence[0].line else ()), *rest)[: _RELATED + 1],
        alternatives=tuple(Alternative(label, round(chance, 4)) for label, chance in sorted(others.items(), key=lambda item: -item[1])[:4]),
    )


def _against_kernel(weighed: list[Weighed], outcome: Outcome, log: Log) -> list[Weighed]:
    """A `Killed` in the log is no proof of an empty memory where the kernel counted no such kill."""
    if not kernel_says.no_oom_kill(outcome):
        return weighed
    return [
        replace(one, weight=one.weight * 0.25, lost="is contradicted by the kernel, which counted no out-of-memory kill")
        if one.label == "out_of_memory" and kernel_says.is_kill_text(log.text(one.hit.index))
        else one
        for one in weighed
    ]


def _arbitrated(
    guess: Guess, weighed: list[Weighed], winner: Weighed | None, outcome: Outcome, log: Log, masker: Masker
) -> Diagnosis:
    """What signatures and model say together."""
    heard = _of_few_words(_told_by_kernel(guess, weighed, outcome), weighed, log)
    heard = _of_this_command(heard, weighed, winner)
    ranked = arbitrate(heard, weighed, winner, len(log), ENOUGH)
    ranked = _cause_first(ranked, winner)
    label, probability = next(iter(ranked.items()))
    alone = winner is not None and _undisputed(winner, weighed)
    if winner is not None and alone and probability < _UNDISPUTED:
        # The words of a folder's name are enough to make the model doubt; what a tool says in words of its own is not up to that.
        label, probability = winner.label, ranked[winner.label]
    others = tuple(Alternative(other, round(odds, 4)) for other, odds in ranked.items() if other != label and odds >= 0.02)[:4]
    if label == "unknown":
        found = _disk_or_unknown(outcome, winner, log, masker)
        if found.label != "unknown":
            return found
        return replace(
            found,
            probability=probability,
            evidence=_with_attention(found.evidence, guess, log, masker) if found.source == "none" else found.evidence,
            alternatives=others,
        )
    best = winner if winner is not None and winner.label == label else _best_of(label, weighed, guess)
    if best is winner and alone and probability < _UNDISPUTED:
        others = tuple(replace(one, probability=round(one.probability * (1 - _UNDISPUTED) / (1 - probability), 4)) for one in others)
        probability = _UNDISPUTED
    if best is not None:
        found = _by_signature(best, weighed, log, masker)
        source = found.source if best is winner else "model"
        named = [one.line for one in found.evidence].index(log.number(best.hit.index))
        return replace(
            found,
            probability=probability,
            source=source,
            evidence=_with_attention(found.evidence, guess, log, masker, max(named, 1)),
            alternatives=others,
        )
    evidence = _with_attention((), guess, log, masker) or _last_lines(log, masker, 2)
    text = evidence[0].text if evidence else f"exit {outcome.exit_code}"
    return Diagnosis(
        label=label,
        probability=probability,
        source="model",
        evidence=evidence,
        fingerprint=fingerprint(label, "model", text),
        alternatives=others,
    )


def _undisputed(winner: Weighed, weighed: Sequence[Weighed]) -> bool:
    """Whether a sure signature of one tool's own words stands alone: no other one but general words names another cause."""
    own = winner.hit.signature
    sure = own.kind == "cause" and own.probability >= _SURE and own.tool not in ("system", "any") and not winner.lost
    specific = [one for one in weighed if one.hit.signature.tool != "any"]
    return sure and not any(weight >= ENOUGH for weight in _rivals(winner.label, specific).values())


def _told_by_kernel(guess: Guess, weighed: Sequence[Weighed], outcome: Outcome) -> Guess:
    """The model does not hear the kernel: of a kill that it did not count, what the model says of memory counts little."""
    killed = outcome.signal == 9 or outcome.exit_code == 137
    heard = any(one.label == "out_of_memory" and not one.lost for one in weighed)
    if not (killed and kernel_says.no_oom_kill(outcome)) or heard:
        return guess
    chances = dict(guess.probabilities)
    doubted = 0.98 * chances.get("out_of_memory", 0.0)
    chances["out_of_memory"] -= doubted
    chances["unknown"] += doubted
    return replace(guess, probabilities=chances)


def _of_this_command(guess: Guess, weighed: Sequence[Weighed], winner: Weighed | None) -> Guess:
    """The model does not see where one command ends: of what was wrong in others alone, and has nothing to do with the cause, it says too much."""
    if winner is None or winner.weight < EARNEST or winner.lost:
        return guess
    chances = dict(guess.probabilities)
    for label, chance in guess.probabilities.items():
        own = [one for one in weighed if one.label == label and one.weight >= EARNEST]
        if label == winner.label or not own or any(one.command == winner.command or stands_behind(one, winner) for one in own):
            continue
        chances[label] -= _OTHERS * chance
        chances[winner.label] = chances.get(winner.label, 0.0) + _OTHERS * chance
    return replace(guess, probabilities=chances)


def _of_few_words(guess: Guess, weighed: Sequence[Weighed], log: Log) -> Guess:
    """A word or two that no signature knows are no ground for a cause, however sure the model is of them."""
    words = {word.lower() for word in _WORD.findall(bytes(log.data[:_MOST_READ]))}
    if len(words) >= _FEW_WORDS or any(not one.lost for one in weighed):
        return guess
    doubted = {label: 0.7 * chance for label, chance in guess.probabilities.items() if label != "unknown"}
    chances = {label: chance - doubted.get(label, 0.0) for label, chance in guess.probabilities.items()}
    chances["unknown"] = chances.get("unknown", 0.0) + sum(doubted.values())
    return replace(guess, probabilities=chances)


def _cause_first(ranked: dict[str, float], winner: Weighed | None) -> dict[str, float]:
    """What the log shows to have come first and explains the likeliest label takes its place: the root cause counts."""
    first = next(iter(ranked))
    if winner is None or winner.symptom or winner.lost or winner.weight < EARNEST or not explains(winner.label, first):
        return ranked
    moved = {winner.label: ranked[winner.label] + ranked[first], first: 0.0}
    return dict(sorted({**ranked, **moved}.items(), key=lambda item: (-item[1], item[0])))


def _best_of(label: str, weighed: Sequence[Weighed], guess: Guess) -> Weighed | None:
    """The hit for a label that the model chose: the weightiest, best one where the model looks."""
    same = [one for one in weighed if one.label == label and not one.lost and one.weight >= 0.1]
    return max(same, key=lambda one: one.weight * (0.1 + attention(guess.salience, one.hit.index)), default=None)


def _with_attention(
    evidence: tuple[Evidence, ...], guess: Guess, log: Log, masker: Masker, first: int = 1
) -> tuple[Evidence, ...]:
    """The evidence of signatures and the lines that the model looked at most: the first is the root cause.

    `first`: how many lines of the evidence stay before what the model looked at.
    """
    shown = {one.line for one in evidence}
    texts = {one.text for one in evidence}
    looked: list[Evidence] = []
    end = step_end(log)
    # What the runner itself says, and what runs after the failure, explains least.
    for index, share in sorted(guess.salience.items(), key=lambda item: (item[0] >= end < len(log) - 1, -item[1], item[0])):
        if share < _SHOWN:
            continue
        if len(looked) > _ATTENDED - first:
            break
        text = masker.text(log.text(index))
        if text.strip() and log.number(index) not in shown and text not in texts:
            looked.append(Evidence(log.number(index), text, "related"))
            texts.add(text)
    if not evidence and looked:
        looked[0] = replace(looked[0], rank="primary")
    return (*evidence[:first], *looked, *evidence[first:])[: _RELATED + 1]


def _by_signature(winner: Weighed, weighed: Sequence[Weighed], log: Log, masker: Masker) -> Diagnosis:
    label = winner.label
    others = _rivals(label, weighed)
    supporters = {one.hit.signature.id for one in weighed if one.label == label and not one.lost}
    alone = winner.hit.signature.probability * (0.97 if winner.hit.signature.kind == "cause" else 0.85)
    alone = min(alone + 0.02 * (len(supporters) - 1), 0.98) * (1.0 if not winner.lost else 0.7)
    rival = max(others.values(), default=0.0)
    probability = alone * (1 - 0.45 * rival / (rival + winner.weight)) if rival > 0.25 else alone
    source = f"signature:{winner.hit.signature.id}"
    evidence = _evidence(winner, weighed, log, masker)
    return Diagnosis(
        label=label,
        probability=probability,
        source=source,
        evidence=evidence,
        entities=_entities(winner, weighed, log, masker),
        fingerprint=fingerprint(label, winner.hit.signature.id, evidence[0].text),
        alternatives=_alternatives(others, 1 - probability),
    )


def _rivals(label: str, weighed: Sequence[Weighed]) -> dict[str, float]:
    """Labels that the chosen one does not explain, each with the weight of its weightiest hit."""
    rivals: dict[str, float] = {}
    for one in weighed:
        if one.label != label and not explains(label, one.label):
            rivals[one.label] = max(rivals.get(one.label, 0.0), one.weight)
    return rivals


def _alternatives(others: dict[str, float], room: float) -> tuple[Alternative, ...]:
    total = sum(others.values())
    ranked = sorted(others.items(), key=lambda item: -item[1])[:4]
    return tuple(
        Alternative(label, round(room * min(weight / max(total, 1.0), 1.0), 4)) for label, weight in ranked if weight > 0.1
    )


def _evidence(winner: Weighed, weighed: Sequence[Weighed], log: Log, masker: Masker) -> tuple[Evidence, ...]:
    def line(one: Weighed, rank: str) -> Evidence:
        return Evidence(log.number(one.hit.index), masker.text(log.text(one.hit.index)), rank)

    near = sorted(
        {
            one.hit.index: one
            for one in weighed
            if one.hit.index != winner.hit.index
            and not one.lost
            and (one.label == winner.label or explains(winner.label, one.label))
            and abs(one.hit.index - winner.hit.index) <= NEAR
        }.values(),
        key=lambda one: (one.label != winner.label, abs(one.hit.index - winner.hit.index)),
    )
    seen = {log.text(winner.hit.index)}
    related = []
    for one in near:
        text = log.text(one.hit.index)
        if text not in seen:
            seen.add(text)
            related.append(one)
    related = sorted(related[:_RELATED], key=lambda one: one.hit.index)
    named = _first_named(winner.label, winner.hit.index, log, masker)
    shown = {one.line for one in named}
    own = (line(winner, "related" if named else "primary"), *(line(one, "related") for one in related))
    return (*named, *(one for one in own if one.line not in shown))


def _first_named(label: str, index: int, log: Log, masker: Masker) -> tuple[Evidence, ...]:
    """Where a line only counts what failed: the one that names the first of it, and what that says; else nothing."""
    first = first_named(label, index, log)
    if first is None:
        return ()
    below = message(first, log) if LABELS[label] == "tests" else None
    lines = (first,) if below is None else (first, below)
    return tuple(
        Evidence(log.number(at), masker.text(log.text(at)), "related" if at != first else "primary") for at in lines
    )


def _entities(winner: Weighed, weighed: Sequence[Weighed], log: Log, masker: Masker) -> dict[str, str | tuple[str, ...]]:
    found: dict[str, str | tuple[str, ...]] = {}
    tool = winner.hit.signature.tool
    if tool not in ("system", "any"):
        found["tool"] = tool
    near = sorted(
        (one for one in weighed if one.label == winner.label and abs(one.hit.index - winner.hit.index) <= 40),
        key=lambda one: (one is not winner, abs(one.hit.index - winner.hit.index)),
    )
    for one in near:
        for name, value in validated(one.hit.groups).items():
            found.setdefault(name, masker.text(value))
        if "tool" not in found and one.hit.signature.tool not in ("system", "any"):
            found["tool"] = one.hit.signature.tool
    for index in range(max(winner.hit.index - 10, 0), min(winner.hit.index + 11, len(log))):
        seconds = retry_after(log.text(index))
        if seconds is not None:
            found.setdefault("retry_after_s", seconds)
    return found


def _proved(
    proof: kernel_says.Proof, weighed: Sequence[Weighed], log: Log, masker: Masker, stands: tuple[Evidence, ...]
) -> Diagnosis:
    """The kernel or a limit of ours has spoken; the log's lines of the same label are the evidence beside it.

    `stands`: where the processes of a hang stood.
    """
    same = [one for one in weighed if one.label == proof.label and not one.lost]
    best = max(same, key=lambda one: one.weight, default=None)
    evidence: tuple[Evidence, ...] = (Evidence(_TELEMETRY_LINE, masker.text(proof.text), "primary"), *stands)
    entities: dict[str, str | tuple[str, ...]] = {}
    if best is not None:
        evidence += _evidence(best, weighed, log, masker)[:3]
        entities = _entities(best, weighed, log, masker)
    else:
        evidence += tuple(
            Evidence(line.line, line.text, "related") for line in _last_lines(log, masker, 2 if proof.label == "hang" else 1)
        )
    cause = log.text(best.hit.index) if best is not None else proof.source
    return Diagnosis(
        label=proof.label,
        probability=proof.probability,
        source=proof.source,
        evidence=evidence,
        entities=entities,
        fingerprint=fingerprint(proof.label, proof.source, masker.text(cause)),
        alternatives=_alternatives(_rivals(proof.label, weighed), 1 - proof.probability),
    )


def _disk_or_unknown(outcome: Outcome, winner: Weighed | None, log: Log, masker: Masker) -> Diagnosis:
    mount = kernel_says.full_disk(outcome)
    if mount is not None:
        text = f"the file system of {mount.path} had no {'inode' if mount.free_inodes == 0 else 'space'} left"
        return Diagnosis(
            label="disk_full",
            probability=0.85,
            source="telemetry:disk",
            evidence=(Evidence(_TELEMETRY_LINE, text), *_last_lines(log, masker, 2)),
            entities={"path": mount.path},
            fingerprint=fingerprint("disk_full", "telemetry:disk", mount.path),
        )
    said = exit_codes.meaning(outcome)
    if said is not None:
        label, probability, text = said
        return Diagnosis(
            label=label,
            probability=probability,
            source="telemetry:exit_code",
            evidence=(Evidence(_TELEMETRY_LINE, text), *_last_lines(log, masker, 2)),
            entities={"tool": text.split(" ", 1)[0]},
            fingerprint=fingerprint(label, "telemetry:exit_code", text),
        )
    last = (*_how(outcome), *_last_lines(log, masker, 3))
    doubt = winner.weight if winner is not None else 0.0
    alternatives = (Alternative(winner.label, round(doubt, 4)),) if winner is not None and doubt >= 0.1 else ()
    cause = last[-1].text if last else f"exit {outcome.exit_code}"
    return Diagnosis(
        label="unknown",
        probability=round(1 - doubt, 4) if alternatives else 0.9,
        source="none",
        evidence=last,
        fingerprint=fingerprint("unknown", f"exit {outcome.exit_code}", cause),
        alternatives=alternatives,
    )


def _how(outcome: Outcome) -> tuple[Evidence, ...]:
    """A death by signal is worth a line: the log of one that was killed seldom says so."""
    if outcome.signal is None:
        return ()
    counted = "; the kernel counted no out-of-memory kill" if kernel_says.no_oom_kill(outcome) else ""
    return (Evidence(_TELEMETRY_LINE, f"the command was killed by signal {outcome.signal}{counted}"),)


def _last_lines(log: Log, masker: Masker, count: int) -> tuple[Evidence, ...]:
    found = []
    end = step_end(log)
    for index in range(end, max(end - 200, -1), -1):
        text = log.text(index)
        if text.strip():
            found.append(Evidence(log.number(index), masker.text(text), "related"))
            if len(found) == count:
                break
    return tuple(reversed(found))
