"""A run's document → the few facts that a skin hands to later steps, as text."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

# A re-run alone shows that a test passes as well as fails; any other remedy may have mended what it needs.
_RERUNS = ("rerun_failed_tests", "rerun_all")


def facts(document: Mapping[str, Any]) -> dict[str, str]:
    """`status`, `exit-code`, `label`, `probability`, `healed-by` (a list with commas), `attempts`, `rescued-seconds`."""
    cause = diagnosis(document)
    return {
        "status": str(document["status"]),
        "exit-code": str(document["exit_code"]),
        "label": str(cause["label"]) if cause else "",
        "probability": f"{cause['probability']:.2f}" if cause else "",
        "healed-by": ",".join(document["healed_by"]),
        "attempts": str(len(document["attempts"])),
        "rescued-seconds": f"{document['rescued_s']:.0f}",
    }


def variables(document: Mapping[str, Any]) -> dict[str, str]:
    """The facts by the names of variables, GUARD_STATUS and so on: PIPEGUARD_… would be read as settings by the next guard."""
    return {f"GUARD_{name.upper().replace('-', '_')}": " ".join(value.split()) for name, value in facts(document).items()}


def diagnosis(document: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The diagnosis of the last attempt that failed; None where none did or none was made."""
    for attempt in reversed(document["attempts"]):
        found: Mapping[str, Any] | None = attempt.get("diagnosis")
        if found:
            return found
    return None


def flaky_tests(document: Mapping[str, Any]) -> list[str]:
    """The tests that failed and then passed with nothing changed but that they ran again; each once, in order."""
    if document["status"] != "healed" or not any(name in _RERUNS for name in document["healed_by"]):
        return []
    found: list[str] = []
    for attempt in document["attempts"]:
        for remedy in (attempt.get("plan") or {}).get("remedies", ()):
            if remedy["name"] == "rerun_failed_tests":
                found += [str(name) for name in remedy["details"].get("must_run", ())]
        cause = attempt.get("diagnosis") or {}
        if cause.get("family") == "tests":
            entities = cause.get("entities", {})
            tests = entities.get("tests") or entities.get("test") or ()
            found += [tests] if isinstance(tests, str) else list(tests)
    return list(dict.fromkeys(found))
