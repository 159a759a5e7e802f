"""A run's document → the Code Quality report: what failed, at the file and line that the evidence names.

A JSON array of {description, check_name, fingerprint, severity, location: {path, lines: {begin}}} (docs.gitlab.com,
"Code Quality report format"). A cause that names no file of the repository lies at the pipeline's own file.
"""

from __future__ import annotations

from guard.platforms import hand_over, reports_folder

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE = "codequality.json"
_MOST = 10
_LARGEST = 1 << 20
_SEVERITY = {"code": "major", "configuration": "major", "tests": "major", "dependencies": "major"}


def write(path: str, document: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """Add the findings to those of the job's earlier commands. Returns why they could not be written, or ""."""
    found = [] if document["status"] == "passed" else findings(document, environment)
    if not found:
        # Nothing found is a report too: the merge request compares with it.
        return "" if hand_over.size(path) else reports_folder.replace(path, "[]\n")
    import json

    try:
        earlier = json.loads(hand_over.read(path, _LARGEST) or b"[]")
    except (ValueError, RecursionError):
        earlier = []
    known = {one["fingerprint"]: one for one in (*(earlier if isinstance(earlier, list) else ()), *found) if isinstance(one, dict) and "fingerprint" in one}
    return reports_folder.replace(path, json.dumps(list(known.values()), ensure_ascii=False, indent=1) + "\n")


def findings(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[dict[str, Any]]:
    """What each failed attempt shows, each place once; of a run that healed all is `info`."""
    from guard.platforms import messages

    made: dict[str, dict[str, Any]] = {}
    pipeline = environment.get("CI_CONFIG_PATH") or ".gitlab-ci.yml"
    for attempt in document["attempts"]:
        cause = attempt.get("diagnosis")
        if not cause:
            continue
        severity = "info" if document["status"] == "healed" else _SEVERITY.get(cause["family"], "minor")
        first = next((str(one["text"]) for one in cause["evidence"]), f"exit code {attempt['exit_code']}")
        for text, (file, line) in messages.places(cause, environment) or [(first, (pipeline, 1))]:
            one = _finding(cause["label"], text, severity, file, line)
            made.setdefault(one["fingerprint"], one)
    return list(made.values())[:_MOST]


def _finding(label: str, text: str, severity: str, file: str, line: int) -> dict[str, Any]:
    import hashlib

    # Without the line number, so that a finding that only moved stays the same; and numbers in the text change.
    steady = "".join("0" if letter.isdigit() else letter for letter in text)
    return {
        "description": f"{label}: {text}"[:1000],
        "check_name": f"pipeguard/{label}",
        "fingerprint": hashlib.sha256(f"{label}\0{file}\0{steady}".encode("utf-8", "replace")).hexdigest(),
        "severity": severity,
        "location": {"path": file, "lines": {"begin": line}},
    }
