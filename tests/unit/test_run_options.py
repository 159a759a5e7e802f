"""`guard run`'s options read without click: the same values as click reads, the same words for what is wrong."""

from __future__ import annotations

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.cli import run as run_command
from guard.commands import run_options

WORDS = [
    "-c", "-cecho hi", "-c=x", "--script", "--script=a b.sh", "--shell", "--shell=sh", "bash", "--attempts", "--attempts=3", "2", "21", "0", " 4 ",
    "1_0", "x", "--timeout", "10m", "--timeout=", "--idle-timeout", "--budget=1h", "--idempotent", "true", "--on-heal", "warn", "--config",
    "--result-file=r.json", "--cwd", "--", "-", "", "make", "-j4", "--foo", "--attempt", "-x", "-h", "--help", "--help=1", "-hc", "--cwd=--", "é",
]  # fmt: skip


def by_click(words: list[str]) -> object:
    try:
        context = run_command.make_context("run", list(words), help_option_names=["-h", "--help"])
    except click.exceptions.Exit:
        return "help"
    except click.UsageError:
        return "error"
    parsed = {name: value for name, value in context.params.items() if name != "command" and value is not None}
    command = context.params["command"]
    one = bool(command) + ("script" in parsed) + ("script_file" in parsed)
    return (parsed, command) if one == 1 else "error"


def by_hand(words: list[str]) -> object:
    try:
        return run_options.parse(words) or "help"
    except run_options.UsageProblem:
        return "error"


@pytest.mark.parametrize(
    "words",
    [
        ["--attempts", "2", "--timeout=5m", "--", "make", "--", "-j"],
        ["--cwd", "--", "--", "x"],
        ["-c", "echo $0"],
        ["-cecho", "--shell", "sh"],
        ["--attempts", "1", "--attempts", "5", "true"],
        ["--on-heal=fail", "-"],
        ["--script", "a b.sh", "--result-file", "out"],
        ["--attempts=21", "true"],
        ["--idempotent", "yes", "true"],
        ["true", "--attempts", "x"],
        ["--", "-h"],
        ["-h"],
        [],
    ],
)
def test_it_reads_what_click_reads(words: list[str]) -> None:
    assert by_hand(words) == by_click(words)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_no_line_is_read_otherwise_than_by_click(words: list[str]) -> None:
    expected, found = by_click(words), by_hand(words)
    if (expected, found) in (("help", "error"), ("error", "help")):
        # Help beside an error: either way nothing runs, and click has the word.
        assert any(word.startswith(("-h", "--help")) for word in words)
        return
    assert found == expected


def test_an_error_names_the_option_and_what_it_may_be() -> None:
    with pytest.raises(run_options.UsageProblem, match=r"'--shell': 'bsh' is not one of 'github', 'gitlab'"):
        run_options.parse(["--shell=bsh", "-c", "x"])
    with pytest.raises(run_options.UsageProblem, match=r"25 is not in the range 1<=x<=20"):
        run_options.parse(["--attempts", "25", "x"])
    with pytest.raises(run_options.UsageProblem, match="requires an argument"):
        run_options.parse(["--timeout"])
    with pytest.raises(run_options.UsageProblem, match="No such option: --bar"):
        run_options.parse(["--bar", "x"])


def test_every_option_is_one_of_the_settings_flags() -> None:
    from guard.commands.run import Request

    parsed = run_options.parse(["--attempts", "2", "x"])
    assert parsed is not None
    request = Request(argv=parsed[1], flags=parsed[0])
    assert (request.flags, request.argv) == ({"attempts": 2}, ("x",))
