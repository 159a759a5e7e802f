"""The options of `guard run`, defined once: read here by the standard library alone, shown and checked by click."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from guard.commands.run import Request


class Option:
    """One option with a value: its spellings, the name of its value, and which values there are."""

    __slots__ = ("choices", "metavar", "name", "purpose", "spellings", "whole")

    def __init__(
        self,
        spellings: Sequence[str],
        name: str,
        purpose: str,
        metavar: str | None = None,
        choices: Sequence[str] = (),
        whole: tuple[int, int] | None = None,
    ) -> None:
        """`choices`: the only values; `whole`: a number without a fraction, from the first to the second."""
        self.spellings = tuple(spellings)
        self.name = name
        self.purpose = purpose
        self.metavar = metavar
        self.choices = tuple(choices)
        self.whole = whole

    def value(self, text: str) -> str | int:
        """The value that a text means. Raises UsageProblem for one that is none."""
        if self.choices and text not in self.choices:
            raise UsageProblem(f"Invalid value for {self.shown()}: {text!r} is not one of {', '.join(map(repr, self.choices))}.")
        if self.whole is None:
            return text
        try:
            number = int(text)
        except ValueError:
            raise UsageProblem(f"Invalid value for {self.shown()}: {text!r} is not a valid integer range.") from None
        least, most = self.whole
        if not least <= number <= most:
            raise UsageProblem(f"Invalid value for {self.shown()}: {number} is not in the range {least}<=x<={most}.")
        return number

    def shown(self) -> str:
        """The spellings as an error names them."""
        return " / ".join(map(repr, self.spellings))


class UsageProblem(Exception):
    """What is wrong with the command line, in a sentence."""


OPTIONS = (
    Option(("-c",), "script", "Run this text by the platform's own shell.", "SCRIPT"),
    Option(("--script",), "script_file", "Run this script file by the platform's own shell.", "FILE"),
    Option(
        ("--shell",),
        "shell",
        "Whose shell runs a script (default: that of the CI we are in).",
        choices=("github", "gitlab", "jenkins", "bash", "sh"),
    ),
    Option(("--attempts",), "attempts", "Attempts in all, the first included (default 3).", "N", whole=(1, 20)),
    Option(("--timeout",), "timeout", "Limit of one attempt: 90, 90s, 10m, 1h30m.", "TIME"),
    Option(("--idle-timeout",), "idle_timeout", "Limit without output.", "TIME"),
    Option(("--budget",), "budget", "Limit over all attempts and waits.", "TIME"),
    Option(("--idempotent",), "idempotent", "Whether the command may run twice.", choices=("auto", "true", "false")),
    Option(("--on-heal",), "on_heal", "What a heal means for the job.", choices=("pass", "warn", "fail")),
    Option(("--remedies",), "remedies", "Only these remedies, or all but -NAME: a list with commas.", "LIST"),
    Option(("--history",), "history", "Where runs are remembered: off, a path, sqlite:PATH, postgresql://…", "STORE"),
    Option(("--config",), "config", "Settings file (default: .pipeguard.yml).", "FILE"),
    Option(("--result-file",), "result_file", "Write the run as JSON (also PIPEGUARD_RESULT).", "FILE"),
    Option(("--cwd",), "cwd", "Run the command in this folder.", "DIR"),
)
HELP = ("-h", "--help")
GIVE_ONE = "give one of: -- CMD ARG…, -c SCRIPT, --script FILE"


def parse(arguments: Sequence[str]) -> tuple[dict[str, str | int], tuple[str, ...]] | None:
    """The values by name and the command of `run …`, as click reads them; None when help is asked for.

    The first word that is no option begins the command, `--` ends the options. Raises UsageProblem.
    """
    known = {spelling: option for option in OPTIONS for spelling in option.spellings}
    rest = list(arguments)
    texts: dict[str, str] = {}
    while rest:
        word = rest[0]
        if word == "--":
            del rest[0]
            break
        if len(word) < 2 or word[0] != "-":
            break
        del rest[0]
        if word in HELP:
            return None
        if word.startswith("--"):
            spelling, equals, text = word.partition("=")
            given = [text] if equals else []
        else:
            spelling, given = word[:2], [word[2:]] if word[2:] else []
        option = known.get(spelling)
        if option is None:
            raise UsageProblem(f"No such option: {spelling}")
        if not given:
            if not rest:
                raise UsageProblem(f"Option {option.shown()} requires an argument.")
            given = [rest.pop(0)]
        texts[option.name] = given[0]
    values = {option.name: option.value(texts[option.name]) for option in OPTIONS if option.name in texts}
    if bool(rest) + ("script" in values) + ("script_file" in values) != 1:
        raise UsageProblem(GIVE_ONE)
    return values, tuple(rest)


def request(arguments: Sequence[str]) -> Request | int | None:
    """The request of `run` with options; None: help is asked for; 2 after an error in the usage, said here."""
    from guard.commands.run import Request

    try:
        parsed = parse(arguments)
    except UsageProblem as problem:
        return usage(str(problem), "guard run")
    if parsed is None:
        return None
    flags, command = parsed
    script, script_file = flags.pop("script", None), flags.pop("script_file", None)
    return Request(
        argv=command,
        script=None if script is None else str(script),
        script_file=None if script_file is None else str(script_file),
        flags=flags,
    )


def usage(problem: str, command: str) -> int:
    """Say what is wrong with the command line of `command`. Returns the exit code of such errors."""
    try:
        sys.stderr.write(f"guard: {problem}\nguard: hint: {command} --help\n")
    except (OSError, ValueError, AttributeError):
        # Closed or full: the exit code tells.
        pass
    return 2
