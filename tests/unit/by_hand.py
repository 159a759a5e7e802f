"""Diagnoses and outcomes made by hand, for the unit tests of remedies."""

from __future__ import annotations

from typing import Any

from guard.types import Command, Diagnosis, Evidence, LogWindow, Outcome, Telemetry


def diagnosis(label: str, *lines: str, source: str = "signature:x", **entities: Any) -> Diagnosis:
    evidence = tuple(Evidence(number, line) for number, line in enumerate(lines, 1))
    return Diagnosis(label, 0.9, source, evidence, entities, fingerprint="f")


def outcome(*argv: str, script: str | None = None, **given: Any) -> Outcome:
    words = ("bash", "-e", "-c", script) if script is not None else argv or ("true",)
    command = Command(
        argv=words, script=script, cwd=str(given.get("cwd", "/nowhere")), env=dict(given.get("env", {}))
    )
    log = given.get("log", b"")
    return Outcome(
        command=command,
        number=given.get("number", 1),
        exit_code=1,
        signal=None,
        ended="exited",
        duration_s=10.0,
        window=LogWindow(head=log, total_bytes=len(log)),
        telemetry=given.get("telemetry", Telemetry()),
        started_at=given.get("started_at", "2026-01-01T00:00:00+00:00"),
    )
