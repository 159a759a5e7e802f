"""Stale lists of packages of dnf, apk, conda, mamba and brew: what shows them, and what has the next attempt fetch them.

By an option of the command's own where that stands alone, by a variable where the tool has one, else by one fixed command before it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from guard.frameworks.invocation import Invocation, find, program
from guard.remedies.tools_in_play import files_text, programs, typed
from guard.types import UNSET, Action, Change, EnvPatch, Outcome, Refusal, Surroundings

REMEDY = "refresh_index"
"""The remedy in whose name this speaks."""


@dataclass(frozen=True)
class Lists:
    """How one tool's lists are told to be stale, and how they are fetched anew."""

    tool: str
    programs: frozenset[str]
    gone: re.Pattern[str]
    """In the log: the list names what the archive has no more."""
    anew: re.Pattern[str]
    """In the command: it fetches the lists itself, so that a second attempt does, too."""
    kept: re.Pattern[str] = re.compile(r"(?!)")
    """In the command: it wants the lists that it has, as they are."""
    option: str = ""
    """In front of the tool's own words, where the command is that tool's alone."""
    with_option: frozenset[str] = frozenset()
    """Of `programs`, those that know the option."""
    run: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Program → the command, as root, that has it fetch its lists or forget their age."""
    env: Mapping[str, Mapping[str, EnvPatch]] = field(default_factory=dict)
    """Program → variables."""
    holds: tuple[str, ...] = ()
    """Variables that keep the tool from fetching its lists: set, they make the list what is to blame for any package it does not know."""
    unknown: re.Pattern[str] = re.compile(r"(?!)")
    """In the log: the list does not know the package; it speaks only beside one of `holds`."""


_LISTS = (
    Lists(  # dnf(8): --refresh; dnf 4.14's own words. microdnf and yum 3 have no such option.
        "dnf",
        frozenset({"dnf", "dnf5", "yum", "microdnf"}),
        re.compile(r"Status code: 404 for \S+\.rpm\b|\.rpm: \[Errno 14\] HTTPS? Error 404"),
        re.compile(r"\b(?:dnf5?|yum|microdnf)\b[^\n;&|]*(?:--refresh|\bmakecache\b|\bclean\b)"),
        kept=re.compile(r"\b(?:dnf5?|yum|microdnf)\b[^\n;&|]*(?:\s-C\b|--cacheonly)"),
        option="--refresh",
        with_option=frozenset({"dnf", "dnf5"}),
        run={
            "dnf": ("dnf", "-q", "clean", "expire-cache"),
            "dnf5": ("dnf5", "-q", "clean", "expire-cache"),
            "yum": ("yum", "-q", "clean", "expire-cache"),
            "microdnf": ("microdnf", "clean", "all"),
        },
    ),
    Lists(  # apk(8): -U is --update-cache
        "apk",
        frozenset({"apk"}),
        re.compile(r"ERROR: \S+: package mentioned in index not found"),
        re.compile(r"\bapk\b[^\n;&|]*(?:\bupdate\b|\s-\w*U|--update(?:-cache)?\b|--no-cache|--cache-max-age)"),
        kept=re.compile(r"\bapk\b[^\n;&|]*--no-network"),
        option="-U",
        with_option=frozenset({"apk"}),
        run={"apk": ("apk", "update")},
    ),
    Lists(  # conda's and mamba's `local_repodata_ttl`: 0 asks the channel every time
        "conda",
        frozenset({"conda", "mamba", "micromamba"}),
        re.compile(r"(?:HTTP 404 NOT FOUND for url <|[Dd]ownload error \(404\)[^\n]*\[)[^>\n\]]+\.(?:conda|tar\.bz2)\b"),
        re.compile(r"\bconda\b[^\n;&|]*\bclean\b[^\n;&|]*(?:\s-\w*[ia]|--index-cache|--all)"),
        kept=re.compile(r"\b(?:conda|mamba|micromamba)\b[^\n;&|]*(?:\s-C\b|--use-index-cache|--offline)"),
        env={
            "conda": {"CONDA_LOCAL_REPODATA_TTL": "0"},
            "mamba": {"CONDA_LOCAL_REPODATA_TTL": "0", "MAMBA_LOCAL_REPODATA_TTL": "0"},
            "micromamba": {"MAMBA_LOCAL_REPODATA_TTL": "0"},
        },
        holds=("CONDA_LOCAL_REPODATA_TTL", "MAMBA_LOCAL_REPODATA_TTL"),
        unknown=re.compile(r"PackagesNotFoundError|ResolvePackageNotFound|nothing provides requested|does not exist \(perhaps a typo"),
    ),
    Lists(  # brew(1), "Environment"
        "brew",
        frozenset({"brew"}),
        re.compile(r"Failed to download resource[^\n]*(?:\n[^\n]*){0,4}(?:returned error: 404|\b404 Not Found)", re.IGNORECASE),
        re.compile(r"\bbrew\b[^\n;&|]*\bupdate(?:-if-needed)?\b"),
        kept=re.compile(r"\bHOMEBREW_NO_AUTO_UPDATE=[^\s0]"),
        env={"brew": {"HOMEBREW_NO_AUTO_UPDATE": UNSET, "HOMEBREW_AUTO_UPDATE_SECS": "1", "HOMEBREW_API_AUTO_UPDATE_SECS": "1"}},
        holds=("HOMEBREW_NO_AUTO_UPDATE",),
        unknown=re.compile(r"No available formula(?:e)?(?: or cask)? with the name|No formulae or casks found"),
    ),
)


def propose(log: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """The refreshed lists of the first tool in play whose lists are shown to be stale."""
    ran = programs(outcome.command)
    words = f"{typed(outcome.command)}\n{files_text(outcome.command)}"
    for lists in _LISTS:
        name = next(iter(sorted(lists.programs & ran)), "")
        if not name or lists.anew.search(words):
            continue
        held = [variable for variable in lists.holds if outcome.command.env.get(variable, "") not in ("", "0")]
        if not lists.gone.search(log) and not (held and lists.unknown.search(log)):
            continue
        if lists.kept.search(words):
            return Refusal(REMEDY, f"the command itself tells {name} to do with the lists that it has")
        return _change(lists, name, outcome, surroundings)
    return None


def _change(lists: Lists, name: str, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    why = f"{lists.tool}'s lists are older than what they describe"
    details = {"tool": lists.tool}
    present = outcome.command.env
    env = {variable: value for variable, value in lists.env.get(name, {}).items() if present.get(variable, UNSET) != value}
    if env:
        return Change(REMEDY, f"has {name} fetch its lists anew: {why}", env=env, success_probability=0.5, details=details)
    argv = _with_option(lists, outcome)
    if argv is not None:
        return Change(REMEDY, f"has {name} fetch its lists anew ({lists.option}): {why}", argv=argv, success_probability=0.6, details=details)
    if name not in lists.run:
        return None
    if not surroundings.root and "sudo" not in surroundings.tools:
        return Refusal(REMEDY, f"{why}, and `{' '.join(lists.run[name])}` needs root")
    sudo = "" if surroundings.root else "yes"
    shown = " ".join((*(("sudo", "-n") if sudo else ()), *lists.run[name]))
    return Change(
        REMEDY,
        f"runs {shown}: {why}",
        actions=(Action("run", shown, {"sudo": sudo, "program": name}),),
        success_probability=0.6,
        cost_s=10.0,
        details=details,
    )


def _with_option(lists: Lists, outcome: Outcome) -> tuple[str, ...] | None:
    """The command with the option right behind the program's name; None where the command is more than that program."""
    found = find(outcome)
    if not isinstance(found, Invocation) or found.through or not found.words:
        return None
    at = 1 if program(found.words) == "sudo" and len(found.words) > 1 else 0
    if program(found.words[at:]) not in lists.with_option:
        return None
    return found.with_words((*found.words[: at + 1], lists.option, *found.words[at + 1 :]))


def fixed(name: str) -> tuple[str, ...] | None:
    """The one command that a program's lists are refreshed by; None for a program that has none."""
    return next((lists.run[name] for lists in _LISTS if name in lists.run), None)
