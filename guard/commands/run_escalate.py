"""`guard run` is over: whom the settings name is told of it, and a trace is exported. Nothing here changes a result."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from guard.diagnosis.mask import Masker
from guard.failsafe import say, shielded
from guard.report import otel, result
from guard.settings.values import Settings
from guard.types import Run


def after(
    run: Run,
    code: int,
    masker: Masker | None,
    env: Mapping[str, str],
    settings: Settings,
    workspace: str,
    escape: Callable[[str], str],
    stopped: Callable[[], bool],
) -> None:
    """Tell of a run that ended with `code`; `escape` makes a line harmless on this CI, `stopped`: told to stop.

    A first-time pass and a run that was told to stop are told to nobody, nor is anything that cannot be masked.
    """
    if masker is None or run.status not in ("failed", "healed"):
        return
    escalating = bool(settings.escalate) and (code != 0 or bool(settings.escalate.get("healed")))
    tracing = otel.wanted(env)
    if not escalating and not tracing:
        return
    document = _document(run, code, masker, env, workspace)
    if tracing:
        shielded("OpenTelemetry", None, lambda: _trace(document, run, env))
    if escalating:
        shielded("escalation", None, lambda: _escalate(document, masker, env, settings, escape, stopped))


def _document(run: Run, code: int, masker: Masker, env: Mapping[str, str], workspace: str) -> dict[str, Any]:
    from guard.history.origin import origin

    document = result.run_object(run, masker)
    document["exit_code"] = code
    if run.status == "healed" and code:
        document["verdict"] = "fail"
    names = zip(("project", "branch", "commit"), origin(env, workspace), strict=True)
    return {**document, **{name: masker.text(value) for name, value in names}}


def _trace(document: Mapping[str, Any], run: Run, env: Mapping[str, str]) -> None:
    if not otel.obstacle(env):
        otel.export(document, [attempt.outcome.started_at for attempt in run.attempts], env)


def _escalate(
    document: Mapping[str, Any],
    masker: Masker,
    env: Mapping[str, str],
    settings: Settings,
    escape: Callable[[str], str],
    stopped: Callable[[], bool],
) -> None:
    from dataclasses import replace

    from guard.escalate.deliver import deliver
    from guard.escalate.job import job
    from guard.escalate.notice import notice

    here = job(env, str(document["platform"]))
    made = notice(document, replace(here, name=masker.text(here.name)))
    for line in deliver(made, settings.escalate, env, stopped):
        say(f"guard: {escape(masker.text(line))}")
