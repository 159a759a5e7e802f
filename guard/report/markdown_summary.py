"""A run's document → the Markdown that a person reads on the job's page: what failed, why, what was changed, what it saved."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from guard.durations import shown as span
from guard.report import attempt_words

_EVIDENCE_LINES = 6
_WIDTH = 300
_MOST_CHARACTERS = 60_000
# Marks that mean something inside a line, and what makes a bare address a link; behind a backslash each means itself
# (spec.commonmark.org, "Backslash escapes"; github.github.com/gfm, "Autolinks").
_MARKS = re.compile(r"([\\`*_{}\[\]<>#~|&!@:$^=]|(?<=www)\.)", re.IGNORECASE)


def summary(document: Mapping[str, Any]) -> str:
    """The section of one run, ending with a newline; "" for a first-time pass, which needs no words."""
    if document["status"] == "passed":
        return ""
    text = "\n".join(_lines(document)).rstrip() + "\n"
    return text if len(text) <= _MOST_CHARACTERS else _cut(text)


def _cut(text: str) -> str:
    """The beginning, with what was open at the cut closed: what others write behind it is theirs."""
    lines = text[:_MOST_CHARACTERS].rsplit("\n", 1)[0].split("\n")
    fence, folded = "", False
    for line in lines:
        if fence:
            fence = "" if line == fence else fence
        elif line.startswith("```"):
            fence = line.removesuffix("text")
        elif line.startswith(("<details>", "</details>")):
            folded = line.startswith("<details>")
    lines += [fence] if fence else []
    return "\n".join([*lines, *(["", "</details>"] if folded else [])]) + "\n"


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    attempts = document["attempts"]
    failed = [attempt for attempt in attempts if attempt.get("diagnosis")]
    yield f"### {_headline(document)}"
    yield ""
    for attempt in failed if document["status"] == "healed" else failed[-1:]:
        yield from _failure(attempt, len(attempts))
    last = attempts[-1]
    plan = last.get("plan") or {}
    if document["status"] == "failed" and plan.get("reason"):
        yield f"**Why it was not repeated:** {_text(plan['reason'])}"
        yield ""
        for name, reason in attempt_words.refusals(last):
            if reason not in plan["reason"]:
                yield f"- `{name}` would have helped, but {_text(reason)}"
        yield ""
    if document["status"] == "healed":
        yield from _saved(document)
    yield from _table(document)


def _headline(document: Mapping[str, Any]) -> str:
    attempts, status = document["attempts"], document["status"]
    if status == "healed":
        by = ", ".join(f"`{name}`" for name in document["healed_by"]) or "running again"
        words = f"Passed on attempt {len(attempts)} after {by}; the first attempt was red"
        return f"{words}, and settings make this job red" if document.get("verdict") == "fail" else words
    if status == "interrupted":
        return "Told to stop"
    tries = f" after {len(attempts)} attempts" if len(attempts) > 1 else ""
    return f"Failed{tries}: exit code {document['exit_code']}"


def _failure(attempt: Mapping[str, Any], count: int) -> Iterator[str]:
    found = attempt["diagnosis"]
    number = f" (attempt {attempt['number']})" if count > 1 else ""
    yield (
        f"**Why it failed{number}:** `{found['label']}`, {found['probability']:.0%} sure{_about(found)}; "
        f"{_text(attempt_words.how_it_ended(attempt))}"
    )
    yield ""
    evidence = [
        f"{'line ' + str(one['line']) if one['line'] else 'seen'}: {one['text']}"[:_WIDTH]
        for one in found["evidence"][:_EVIDENCE_LINES]
    ]
    if evidence:
        yield from _fenced(evidence)
        yield ""
    changes = attempt_words.changes(attempt)
    if changes:
        yield f"**What was changed:** {'; '.join(_text(change) for change in changes)}"
        yield ""


def _about(found: Mapping[str, Any]) -> str:
    entities = found.get("entities", {})
    words = [str(entities[name]) for name in ("tool", "package", "host", "path", "test") if entities.get(name)]
    return f" ({', '.join(_text(word) for word in dict.fromkeys(words))})" if words else ""


def _saved(document: Mapping[str, Any]) -> Iterator[str]:
    besides = f"{span(document['wasted_s'])} besides the first attempt and the one that passed"
    if document["rescued_s"] >= 1:
        yield f"**What it saved:** {span(document['rescued_s'])} against running the whole job again; healing took {besides}."
    else:
        yield f"**What it cost:** {besides}; nobody had to run the job again."
    yield ""


def _table(document: Mapping[str, Any]) -> Iterator[str]:
    attempts = document["attempts"]
    yield f"<details><summary>{len(attempts)} attempt{'s' if len(attempts) != 1 else ''}, {span(document['duration_s'])}</summary>"
    yield ""
    if document.get("command"):
        command = document["command"][-1] if len(document["command"]) > 4 else " ".join(document["command"])
        # Each line short: a page that is cut in the middle of a fence would take what follows into it.
        yield from _fenced([line[:_WIDTH] for line in command.split("\n")[:20]])
        yield ""
    yield "| attempt | how it ended | cause | then |"
    yield "| --- | --- | --- | --- |"
    for attempt in attempts:
        found = attempt.get("diagnosis")
        cause = f"`{found['label']}` {found['probability']:.0%} ({_text(found['source'])})" if found else ""
        then = "; ".join(_text(change) for change in attempt_words.changes(attempt)) or _text((attempt.get("plan") or {}).get("reason", ""))
        yield f"| {attempt['number']} | {_text(attempt_words.how_it_ended(attempt))} | {cause} | {then} |"
    yield ""
    yield "</details>"
    yield ""


def _fenced(lines: list[str]) -> Iterator[str]:
    """The lines as they are: the fence is longer than any row of backticks in them."""
    longest = max((len(row) for line in lines for row in re.findall(r"`+", line)), default=0)
    fence = "`" * max(3, longest + 1)
    yield f"{fence}text"
    yield from (line.replace("\r", " ").replace("\n", " ") for line in lines)
    yield fence


def _text(text: str) -> str:
    """Text of a log or a file inside a sentence: no mark of it means anything."""
    return _MARKS.sub(r"\\\1", " ".join(str(text)[:_WIDTH].split()))
