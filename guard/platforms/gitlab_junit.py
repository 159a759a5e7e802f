"""A run's document → a JUnit report: one test case per guarded command, red only where the job is.

The elements are those GitLab reads (docs.gitlab.com, "Unit test reports"): testcase name, classname, time, failure,
error and system-out. tests/skins/junit.xsd says the same.
"""

from __future__ import annotations

import os

from guard.platforms import reports_folder
from guard.platforms.facts import flaky_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_LONGEST = 4000


def write(folder: str, document: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Write `junit-<run>.xml`, one for each guarded command of the job. Returns why it could not be written, or ""."""
    return reports_folder.replace(os.path.join(folder, f"junit-{document['id']}.xml"), report(document, environment))


def report(document: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """The XML text."""
    status, time = document["status"], f"{document['duration_s']:.3f}"
    failures, errors = int(status == "failed"), int(status == "interrupted")
    # A heal that settings make red is red here too.
    if status == "healed" and document["exit_code"] != 0:
        failures = 1
    suite = f'name="pipeguard" tests="1" failures="{failures}" errors="{errors}" skipped="0" time="{time}"'
    name = environment.get("CI_JOB_NAME") or " ".join(document.get("command", ())) or "command"
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n<testsuite {suite}>\n'
        f'<testcase classname="pipeguard" name="{_attribute(name)}" time="{time}">{_inside(document, failures, errors)}'
        "</testcase>\n</testsuite>\n</testsuites>\n"
    )


def _inside(document: Mapping[str, Any], failures: int, errors: int) -> str:
    if document["status"] == "passed":
        return ""
    told = "\n".join(_told(document))
    if errors:
        return f'<error type="interrupted" message="told to stop">{_text(told)}</error>'
    if failures:
        cause = _last_cause(document)
        label = cause.get("label", "unknown")
        lines = "; ".join(one["text"] for one in cause.get("evidence", ())[:1]) or f"exit code {document['exit_code']}"
        return f'<failure type="{_attribute(label)}" message="{_attribute(lines)}">{_text(told)}</failure>'
    return f"<system-out>{_text(told)}</system-out>"


def _told(document: Mapping[str, Any]) -> list[str]:
    lines = []
    for attempt in document["attempts"]:
        lines.append(f"attempt {attempt['number']}: {attempt['ended']}, exit code {attempt['exit_code']}")
        cause, plan = attempt.get("diagnosis"), attempt.get("plan")
        if cause:
            lines.append(f"  {cause['label']} ({cause['probability']:.0%})")
            lines += [f"  line {one['line']}: {one['text']}" for one in cause["evidence"][:3]]
        if plan:
            lines.append(f"  {plan['decision']}: {plan['reason']}")
    if document["status"] == "healed":
        lines.append(f"healed by {', '.join(document['healed_by']) or 'running again'}")
    lines += [f"flaky: {test}" for test in flaky_tests(document)[:50]]
    return lines


def _last_cause(document: Mapping[str, Any]) -> Mapping[str, Any]:
    causes = [attempt["diagnosis"] for attempt in document["attempts"] if attempt.get("diagnosis")]
    return causes[-1] if causes else {}


def _attribute(text: str) -> str:
    return _text(" ".join(text.split())).replace('"', "&quot;")


def _text(text: str) -> str:
    """Escaped for XML; what XML 1.0 cannot hold at all goes."""
    kept = "".join(letter for letter in text[:_LONGEST] if letter in "\t\n" or " " <= letter <= "\ud7ff" or "\ue000" <= letter <= "\ufffd" or letter > "\uffff")
    return kept.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
