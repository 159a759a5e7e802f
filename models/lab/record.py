"""A case run bare → a row of the corpus: its output with the label that its cause gives it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypedDict

from models.lab.place import CACHE, Place, place
from models.lab.scenario import PASSED, Case, Scenario
from models.lab.upstreams import hosts
from models.lab.weather import HOST, SHOWN_ADDRESS
from models.lab.weather_address import RANGE


class Row(TypedDict):
    """One line of the corpus, in the fields that the public sets use too."""

    id: str
    label: str
    tool: str
    scenario: str
    exit_code: int
    evidence: list[int]
    """Numbers (from 1) of the lines that prove the label; empty where the case names no proof."""
    text: str


class NotAsMeant(Exception):
    """The case did not fail as it should have: its label would be a guess."""


def record(scenario: Scenario, case: Case) -> Row:
    """Run the case without guard and label what it printed.

    Raises:
        NotAsMeant: it passed where it should fail, or the proof of its cause is not in the output.
        RuntimeError: its preparation failed.
    """
    with place(case) as here:
        done = here.bare()
        text = anonymous(done.output, here)
    label = case.label or scenario.label
    name = f"{scenario.name}/{case.name}"
    if not done.in_time and not case.ends_by_limit:
        raise NotAsMeant(f"{name}: still running after {case.timeout_s:g} s:\n{text[-1500:]}")
    if (done.exit_code == 0) != (label == PASSED):
        raise NotAsMeant(f"{name}: exit code {done.exit_code}:\n{text[-1500:]}")
    if case.exit_code is not None and done.exit_code != case.exit_code:
        raise NotAsMeant(f"{name}: exit code {done.exit_code}, not {case.exit_code}:\n{text[-1500:]}")
    proof = sorted({text.count("\n", 0, found.start()) + 1 for found in re.finditer(case.proof, text, re.MULTILINE)}) if case.proof else []
    if case.proof and not proof:
        raise NotAsMeant(f"{name}: no {case.proof!r} in:\n{text[-1500:]}")
    return Row(
        id=hashlib.sha256(name.encode()).hexdigest()[:12],
        label=label,
        tool=scenario.tool,
        scenario=name,
        exit_code=done.exit_code,
        evidence=proof[:50],
        text=text,
    )


def anonymous(text: str, here: Place) -> str:
    """The text without this machine's folders and without any registry's host."""
    for folder, word in _folders(here):
        text = text.replace(folder, word)
    for host in hosts():
        text = text.replace(host, HOST)
    text = re.sub(r"(?<=//)[\w.-]+(?=/packages/(?:[0-9a-f]{2}/){2}[0-9a-f]{60}/)", HOST, text)  # the files of a Python index
    text = re.sub(rf"\b(?:127\.0\.0\.1|{RANGE})(?=:\d+->(?:127\.|{RANGE}))", "10.1.0.24", text)  # the client's own end
    text = re.sub(rf"\b(?:127\.(?!0\.)\d{{1,3}}\.\d{{1,3}}\.\d{{1,3}}|{RANGE})\b", SHOWN_ADDRESS, text)
    return re.sub(r"\b127\.0\.0\.1:\d{4,5}\b(?=/(?:pypi|npm|maven|crates|go|git|apt|gems|composer|files)\b)", HOST, text)


def _folders(here: Place) -> Iterable[tuple[str, str]]:
    yield str(CACHE / "weather-tls-1" / "bundle.pem"), "/etc/ssl/certs/ca-certificates.crt"
    yield str(CACHE / "weather-tls-1" / "ca.pem"), "/etc/ssl/certs/acme-root.pem"
    yield str(here.workspace), "/home/runner/work/project"
    yield str(here.root / "home"), "/home/runner"
    yield str(here.root / "tmp"), "/tmp"
    yield str(here.root), "/home/runner"
    yield str(CACHE), "/opt/tools"
    yield str(Path.home()), "/home/runner"
