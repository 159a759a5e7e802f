"""`guard run` after a first attempt that did not simply pass: heal, report, write the result."""

from __future__ import annotations

import os
from collections.abc import Mapping

from guard import detect, platforms, surroundings
from guard.attempt import outcome
from guard.attempt.run_once import Ended
from guard.attempt.runner import Runner
from guard.commands import run_around, run_escalate, run_history, run_publish
from guard.commands.run import Request
from guard.delivery.asking import Asking
from guard.diagnosis.apart import classify_apart
from guard.diagnosis.mask import Masker
from guard.failsafe import say, shielded
from guard.heal import heal
from guard.report import result
from guard.report.terminal import Terminal
from guard.settings.values import Settings
from guard.types import Command, NoMemory, Run, Surroundings


def after_first(
    request: Request, runner: Runner, argv: tuple[str, ...], ended: Ended, settings: Settings | None
) -> int:
    """Everything after the first attempt. Returns the exit code of the job."""
    env = {os.fsdecode(name): os.fsdecode(value) for name, value in runner.environment.items()}
    settings = settings if settings is not None else Settings()
    command = _command(request, argv, {**env, "PIPEGUARD_RUN_ID": runner.run_id}, settings)
    first = outcome.freeze(ended, command, 1, runner.stdin.replayable())
    masker = shielded("masking", None, lambda: Masker.from_environment(env, argv))
    if ended.how == "not_started":
        say(f"guard: cannot run {ended.message}")
    around = _surroundings(command, settings, ended.passed)
    skin = run_publish.of_skin(env)
    platform = skin or platforms.PLATFORMS[around.platform]
    terminal = Terminal(platform.escape, settings.attempts, finish_lines=skin is None)
    hear = run_publish.grouping(skin, settings.attempts, terminal.hear) if skin is not None else terminal.hear
    history = shielded("the history", None, lambda: run_history.remembering(settings, env, masker, runner.run_id))
    memory = history.memory() if history is not None else NoMemory()
    hear = history.beside(hear) if history is not None else hear
    asking = None if first.passed else shielded("looking for the classifier", None, lambda: _asking(env, settings, runner))
    try:
        hear = hear if asking is None else asking.beside(hear)
        run = heal(command, first, settings, around, memory, hear, runner, runner.run_id, asking or classify_apart)
    finally:
        if asking is not None:
            shielded("letting go of the classifier", None, asking.close)
    shielded("reporting", None, lambda: terminal.conclude(run))
    code = _verdict(run, settings)
    path = settings.result_file or str(request.flags.get("result_file") or "") or env.get("PIPEGUARD_RESULT", "")
    if masker is not None and (path or skin is not None):
        shielded("the result file", None, lambda: _hand_over(path, run, code, masker, env, settings))
    if history is not None:
        shielded("the history", None, lambda: history.keep(run, code))
    shielded(
        "telling others", None,
        lambda: run_escalate.after(
            run, code, masker, env, settings, around.workspace, platform.escape, lambda: runner.stopped_by is not None
        ),
    )  # fmt: skip
    return code


def _asking(env: Mapping[str, str], settings: Settings, runner: Runner) -> Asking:
    return Asking(env, settings.signatures, lambda: runner.stopped_by is not None)


def _command(
    request: Request, argv: tuple[str, ...], env: Mapping[str, str], settings: Settings
) -> Command:
    cwd = request.flags.get("cwd")
    return Command(
        argv=argv,
        script=request.script,
        script_file=request.script_file,
        cwd=detect.real_folder(str(cwd) if cwd else os.curdir),
        env=env,
        limits=settings.limits,
        idempotent=settings.idempotent,
    )


def _surroundings(command: Command, settings: Settings, passed: bool) -> Surroundings:
    if passed:
        return Surroundings(platform=detect.platform(command.env), cwd=command.cwd, workspace=command.cwd)
    plain = Surroundings(cwd=command.cwd, workspace=command.cwd, env=command.env)
    return shielded(
        "looking around",
        plain,
        lambda: surroundings.look_around(command.env, command.cwd, settings.allow, settings.probes),
    )


def _verdict(run: Run, settings: Settings) -> int:
    """The exit code of the job: a heal that the settings do not accept as green ends red, with exit code 1."""
    if run.status != "healed":
        return run.exit_code
    if _of_heal(run, settings) == "fail":
        say("guard: healed, but settings say `verdict: fail`: ending red with exit code 1")
        return 1
    return 0


def _of_heal(run: Run, settings: Settings) -> str:
    """What the settings make of a heal: `pass`, `warn` or `fail`, the strictest of its labels."""
    labels = [attempt.diagnosis.label for attempt in run.attempts if attempt.diagnosis is not None]
    verdicts = [settings.rule(label).verdict for label in labels]
    return max(verdicts, key=("pass", "warn", "fail").index, default="pass")


def _hand_over(
    path: str, run: Run, code: int, masker: Masker, env: Mapping[str, str], settings: Settings
) -> None:
    """The result file where one is wanted, and what a skin wants the CI to be told."""
    for attempt in run.attempts:
        masker = masker.and_announced(attempt.outcome.window)
    document = result.run_object(run, masker)
    document["exit_code"] = code
    if run.status == "healed":
        document["verdict"] = _of_heal(run, settings)
    problem = result.write(path, document) if path else ""
    if problem:
        say(f"guard: {problem}")
    if run_publish.of_skin(env) is not None:
        shielded("the lines around the evidence", None, lambda: run_around.add(document, run, masker))
        shielded("telling the CI", None, lambda: run_publish.publish(document, env))
