"""`guard run`: the main job. The way of a passing run without settings imports next to nothing."""

from __future__ import annotations

import os
import sys

from guard import detect
from guard.attempt import spawn
from guard.attempt.bare import signal
from guard.attempt.runner import Runner
from guard.history import place
from guard.settings.place import find_file

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from guard.attempt.run_once import Ended
    from guard.settings.given import Early
    from guard.settings.values import Settings

# Variables that change nothing about the first attempt.
_HARMLESS = frozenset(
    b"PIPEGUARD_" + name
    for name in (
        b"RESULT", b"ACTIVE", b"ATTEMPT", b"RUN_ID", b"SKIN", b"OUTPUTS", b"SUMMARY", b"SCRIPT", b"SHELL", b"GITHUB_TOKEN",
        b"WORKING_DIRECTORY", b"VERSION", b"FOLDER", b"RUN", b"REPORTS", b"FACTS", b"STDOUT", b"BODY",
    )
)  # fmt: skip
_HARMLESS_FLAGS = frozenset({"shell", "cwd", "result_file"})


class Request:
    """What the command line asked for."""

    __slots__ = ("argv", "flags", "script", "script_file")

    def __init__(
        self,
        argv: Sequence[str] = (),
        script: str | None = None,
        script_file: str | None = None,
        flags: Mapping[str, object] | None = None,
    ) -> None:
        """One of `argv`, `script` (text) and `script_file` (path); `flags` by their long names."""
        self.argv = tuple(argv)
        self.script = script
        self.script_file = script_file
        self.flags = dict(flags or {})


def plain(arguments: Sequence[str]) -> Request | None:
    """The request of `run -- CMD`, `run CMD` or `run -c SCRIPT`; None when click must read the options."""
    if not arguments:
        return None
    first = arguments[0]
    if first == "--" and len(arguments) > 1:
        return Request(argv=arguments[1:])
    if first == "-c" and len(arguments) == 2:
        return Request(script=arguments[1])
    if not first.startswith("-"):
        return Request(argv=arguments)
    return None


def run(request: Request) -> int:
    """Run the command, heal it where that is possible. Returns the exit code of the job."""
    wrong = _misplaced(request)
    if wrong:
        _say(f"guard: {wrong}")
        return 2
    if os.environb.get(b"PIPEGUARD_ACTIVE") == b"1":
        return _pass_through(request)
    try:
        runner = Runner()
    except Exception as fault:
        _confess("the start", fault)
        return _pass_through(request)
    runner.relay.ahead = _import_ahead
    unread = False
    try:
        settings = _settings(request, runner)
    except Exception as fault:
        _confess("looking for settings", fault)
        settings, unread = None, True
    if isinstance(settings, int):
        return settings
    argv = _argv(request)
    try:
        ended = _first(runner, argv, request, settings)
    except Exception as fault:
        _confess("the first attempt", fault)
        if runner.relay.started:
            return 1
        return _pass_through(request)
    if ended.passed and runner.stopped_by is None and not _result_wanted(request, runner.environment):
        _remember(runner, argv, ended, settings)
        if runner.environment.get(b"PIPEGUARD_SKIN"):
            _publish(runner, ended)
        return 0
    code = ended.code if runner.stopped_by is None else 128 + runner.stopped_by
    if unread:
        # What the settings forbid is not known, so nothing is healed.
        return code
    try:
        from guard import failsafe
    except Exception as fault:
        _confess("the run", fault)
        return code
    return failsafe.shielded("the run", code, lambda: _after(request, runner, argv, ended, settings))


def _import_ahead() -> None:
    """What is imported after an attempt that did not pass; from sources alone that takes a second."""
    from guard.commands import run_heal

    del run_heal


def _misplaced(request: Request) -> str:
    """What is wrong with the folder or the script file that the command line names; "" when they are there."""
    cwd = request.flags.get("cwd")
    folder = str(cwd) if cwd else ""
    if folder and not os.path.isdir(folder):
        return f"--cwd: {folder} is no folder"
    if request.script_file is None:
        return ""
    # As the shell will find it, in the folder in which it starts.
    path = os.path.join(folder, request.script_file)
    if os.path.isdir(path):
        return f"--script: {request.script_file} is a folder"
    return "" if os.path.exists(path) else f"--script: {request.script_file} is not there"


def _remember(runner: Runner, argv: tuple[str, ...], ended: Ended, settings: Settings | Early | None) -> None:
    """Leave a line beside a history that exists: one file appended to, nothing heavy imported."""
    try:
        workspace = detect.workspace(os.environ)
        asked = None if settings is None else place.OFF if settings.history_off else settings.history
        setting = place.setting(asked, os.environ, workspace)
        if place.exists(setting, workspace):
            from guard.history import spool

            platform = detect.platform(os.environ)
            line = spool.passing_line(runner.run_id, argv, ended.started, ended.duration, platform, os.environ, workspace)
            spool.append(place.spool_of(setting, workspace), line)
    except Exception as fault:
        _confess("the history", fault)


def _publish(runner: Runner, ended: Ended) -> None:
    try:
        from guard.commands import run_publish

        run_publish.passed(runner, ended)
    except Exception as fault:
        _confess("telling the CI", fault)


def _confess(stage: str, fault: Exception) -> None:
    """Say that guard failed; never raises, though the command may have removed guard itself (`rm -rf /tmp/*`, a new venv)."""
    try:
        from guard import failsafe
    except Exception:
        _say(f"guard: its own files cannot be read any more ({stage}); the command's own result stands")
        return
    failsafe.confess(stage, fault)


def _say(*lines: str) -> None:
    """Print lines of guard's own; a stderr that is closed or full is no reason to fail. As `failsafe.say`, which may not be there any more."""
    try:
        sys.stderr.write("".join(f"{line}\n" for line in lines))
        sys.stderr.flush()
    except (OSError, ValueError, AttributeError):
        return


def _settings(request: Request, runner: Runner) -> Settings | Early | int | None:
    """The settings where something is set; the exit code after a user's error; None: the defaults.

    Without a file, what was given is checked, and the whole is made of it when the first attempt has failed.
    """
    workspace = detect.workspace(os.environ)
    if not find_file(workspace, None):
        if not (request.flags.keys() - _HARMLESS_FLAGS or _configured(runner.environment)):
            return None
        from guard.errors import GuardError
        from guard.settings.given import early

        env = {os.fsdecode(name): os.fsdecode(value) for name, value in runner.environment.items()}
        try:
            found = early(request.flags, env)
        except GuardError as error:
            _say(*error.lines())
            return error.exit_code
        if found is not None:
            return found
    from guard.commands import run_settings

    return run_settings.load_or_say(request, runner)


def _first(runner: Runner, argv: tuple[str, ...], request: Request, settings: Settings | Early | None) -> Ended:
    cwd = request.flags.get("cwd")
    limits = settings.limits if settings is not None else None
    return runner.first(
        argv,
        cwd=str(cwd) if cwd else None,
        attempt_s=limits.attempt_s if limits is not None else None,
        idle_s=limits.idle_s if limits is not None else None,
        budget_s=settings.budget_s if settings is not None else None,
    )


def _after(
    request: Request, runner: Runner, argv: tuple[str, ...], ended: Ended, settings: Settings | Early | None
) -> int:
    from guard.commands import run_heal
    from guard.settings.values import Settings

    if settings is not None and not isinstance(settings, Settings):
        from guard.settings.flags import over

        # No look for a file again: one that the command has made since was not there to be agreed to.
        env = {os.fsdecode(name): os.fsdecode(value) for name, value in runner.environment.items()}
        settings = over(Settings(), request.flags, env)
    return run_heal.after_first(request, runner, argv, ended, settings)


def _argv(request: Request) -> tuple[str, ...]:
    """What is executed: the argv as given, or the platform's own shell on the script."""
    if request.script is None and request.script_file is None:
        return request.argv
    shell = request.flags.get("shell")
    name = str(shell) if shell else detect.platform(os.environ)
    if request.script is not None:
        return detect.script_argv(name, request.script)
    return detect.script_file_argv(name, str(request.script_file))


def _pass_through(request: Request) -> int:
    """Become the command: inside a guarded command (or when we cannot start) guard is not there at all."""
    argv = _argv(request)
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    cwd = request.flags.get("cwd")
    try:
        if cwd:
            os.chdir(str(cwd))
        spawn.execute(argv, spawn.exact_environment())
    except spawn.NotStarted as failure:
        _say(f"guard: cannot run {failure.reason}")
        return failure.exit_code
    except OSError as error:
        _say(f"guard: cannot run {argv[0]}: {error.strerror}")
    return 126


def _configured(environment: Mapping[bytes, bytes]) -> bool:
    """Whether a variable of ours sets more than where results go; an empty one counts as unset."""
    return any(value and name.startswith(b"PIPEGUARD_") and name not in _HARMLESS for name, value in environment.items())


def _result_wanted(request: Request, environment: Mapping[bytes, bytes]) -> bool:
    return bool(request.flags.get("result_file") or environment.get(b"PIPEGUARD_RESULT"))
