"""Load settings: the file, over it flags and variables, all within the policy's bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from guard.errors import SettingsError
from guard.remedies.user_strategy import Strategy
from guard.settings import file, place
from guard.settings.document import Document
from guard.settings.flags import over
from guard.settings.keys import Reader
from guard.settings.values import LabelRule, ReportSettings, Settings
from guard.types import Allow

MOST_SIGNATURE_NODES = 100_000


def load(
    workspace: Path, flags: Mapping[str, object], env: Mapping[str, str], platform: str, fork_build: bool
) -> Settings:
    """The settings of a run: the file, over it flags and variables, all within the policy's bounds.

    `platform` is the name of the CI, of no effect yet. Raises SettingsError or GuardError for what a user must mend.
    """
    del platform
    config = str(flags.get("config") or env.get("PIPEGUARD_CONFIG") or "") or None
    found = place.find_file(str(workspace), config)
    document = Document(config or place.NAME)
    if found is not None:
        if config is None and Path(found).name == place.MISNAMED:
            raise SettingsError(place.MISNAMED, None, "", "is not the name of the settings file", f"rename it {place.NAME}")
        document = file.read(Path(found))
    settings = _of_file(Reader(document, workspace.resolve()), env)
    if fork_build:
        settings = _for_fork(settings)
    settings = over(settings, flags, env)
    policy = env.get("PIPEGUARD_POLICY", "")
    if policy:
        from guard.settings.policy import narrowed

        settings = narrowed(settings, document.values, file.read(Path(policy)), workspace.resolve(), env)
    for path in settings.signatures:
        # What a settings file may not be, a signature file may not be either: a FIFO, too large, aliases without end.
        # One that is missing is named by whoever loads it.
        if path.exists():
            file.read(path, MOST_SIGNATURE_NODES)
    return settings


def _of_file(reader: Reader, env: Mapping[str, str]) -> Settings:
    reader.refuse_unknown()
    return Settings(
        attempts=reader.attempts(),
        budget_s=reader.budget(),
        limits=reader.limits(),
        idempotent=reader.idempotent(),
        labels={name: LabelRule(**values) for name, values in reader.labels().items()},
        strategies=tuple(Strategy(**values) for values in reader.strategies()),
        signatures=reader.signatures(),
        quarantine=reader.quarantine(),
        history=reader.history(env),
        history_off=reader.history_off(),
        history_days=reader.retention("days"),
        history_megabytes=reader.retention("megabytes"),
        escalate=reader.escalate(),
        report=ReportSettings(**reader.report()),
        allow=Allow(**reader.allow()),
        probes=reader.probes(),
    )


def _for_fork(settings: Settings) -> Settings:
    """Whoever sends a change from a fork does not decide where results and messages go."""
    left = list(settings.left_out)
    if settings.escalate:
        left.append("a build of a fork's change: `escalate` is off")
    remote = settings.history is not None and "://" in settings.history
    if remote:
        left.append("a build of a fork's change: the remote `history.store` is off")
    report = settings.report
    if report.pushgateway or report.pushgateway_env:
        left.append("a build of a fork's change: `report.pushgateway` is off")
        report = replace(report, pushgateway=None, pushgateway_env=None)
    history = None if remote else settings.history
    off = settings.history_off or remote
    return replace(settings, escalate={}, history=history, history_off=off, report=report, left_out=tuple(left))
