"""A case played the way a person, a blind retry, guard or guard with `probes: on` would: how often it ran, whether it ended green, what that took."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from models.lab.place import BASH, Done, Place, place
from models.lab.scenario import PASSED, Case, Scenario
from models.lab.seal import sealed
from models.lab.weather_stock import CACHE

RUNS = 3
"""Runs in all, the first included, that each way may take: guard's default, and what the common wrappers are set to."""
BLIND_WAIT_S = 10.0
"""Seconds that a blind retry waits between its attempts: the default of the most used wrapper."""

OUTAGES_S = (3.0, 8.0, 20.0, 45.0)
"""How long outages last, in turn by the case's name."""
_OUTAGES = frozenset({"silent", "refused", "no_answer", "dns", "dns_again", "dns_silent", "close", "quota", "stall"})
_MOST_PATHS = 2000
# Counts the runs without asking whoever repeats them: bash reads this file before a script that is not interactive.
_COUNTER = r"""if [ -z "$LAB_COUNTED" ]; then
  export LAB_COUNTED=1
  echo "begin 0" >> "$LAB_RUNS"
  trap() { # a script's own EXIT trap must not take the place of the counter's, and finds the `$?` that it would
    case "${!#}" in
      EXIT|0) local __own=${1#-}; builtin trap "__lab=\$?; echo \"end \$__lab\" >> \"\$LAB_RUNS\"
        if [ \$__lab = 0 ]; then ${__own:-:}
        else (exit \$__lab) || { ${__own:-:}
        }; fi" EXIT ;;
      *) builtin trap "$@" ;;
    esac
  }
  trap : EXIT
fi
"""


@dataclass(frozen=True)
class Trial:
    """One case played one way."""

    scenario: str
    label: str
    heals: str
    """The remedy that the scenario wants; empty: it must not be repeated."""
    way: str
    """again, blind, guard or probes."""
    green: bool
    exit_code: int
    runs: int
    """How often the script began, as bash itself counted."""
    seconds: float
    """From the first run's beginning to the end of the last."""
    first_s: float
    """What the first, red run took."""
    wrong_green: bool
    """Green although the script's last run did not end with 0."""
    diagnosed: tuple[str, ...] = ()
    """Guard's label of each red run."""
    remedies: tuple[tuple[str, ...], ...] = ()
    """The remedies before each further run."""
    reason: str = ""
    """Why guard did not go on."""
    source: str = ""
    outside: tuple[str, ...] | None = None
    """The paths changed outside the case's own folders; None: nobody watched."""
    troubles: tuple[str, ...] = ()
    """Why an upstream of live weather could not be asked."""
    output: str = field(default="", repr=False)

    @property
    def wasted_s(self) -> float:
        """Seconds after the first run that led to no green one."""
        return 0.0 if self.green else max(self.seconds - self.first_s, 0.0)

    def row(self) -> dict[str, Any]:
        """As JSON holds it; the output left out."""
        return {name: value for name, value in asdict(self).items() if name != "output"} | {"wasted_s": round(self.wasted_s, 2)}


def play(scenario: Scenario, case: Case, way: str, *, seal: bool = False) -> Trial:
    """Play the case in a place of its own; `seal`: keep apart, and tell, what it changes outside (wants root).

    Raises:
        RuntimeError: its preparation failed, or its first run passed.
    """
    with place(as_outage(scenario, case)) as here, (sealed(here.root, CACHE) if seal else nullcontext()) as shut:
        if shut is not None:
            here = replace(here, prefix=(*shut.prefix(), *here.prefix))
        counted = _counted(here)
        begin = time.monotonic()
        done, document = WAYS[way](here, counted)
        seconds = time.monotonic() - begin - document.get("copying_s", 0.0)
        runs = _runs(Path(counted["LAB_RUNS"]))
        outside = sorted(shut.changed()) if shut is not None else None
    first_s = document.get("first_s") or (document["attempts"][0]["duration_s"] if document.get("attempts") else seconds)
    label = case.label or scenario.label
    # By the script's own word: a green of guard's after one red run must be counted, not left out.
    attempts = document.get("attempts", [])
    cut_short = bool(attempts) and attempts[0]["ended"].endswith("timeout")  # bash says 0 where TERM ended it
    if runs[:1] == [0] and label != PASSED and not cut_short:
        raise RuntimeError(f"{scenario.name}/{case.name}: the first run passed")
    remedies = tuple(
        tuple(remedy["name"] for remedy in attempt["plan"]["remedies"]) for attempt in attempts if attempt.get("plan") and attempt["plan"]["remedies"]
    )
    narrowed = bool(remedies) and "rerun_failed_tests" in remedies[-1]  # runs the framework itself, not the script
    return Trial(
        scenario=f"{scenario.name}/{case.name}",
        label=label,
        heals=wanted(scenario, case),
        way=way,
        green=done.exit_code == 0,
        exit_code=done.exit_code,
        runs=max(len(runs), len(attempts)),
        seconds=round(seconds, 2),
        first_s=round(first_s, 2),
        wrong_green=done.exit_code == 0 and not narrowed and not _passed(case, runs),
        diagnosed=tuple(attempt["diagnosis"]["label"] for attempt in attempts if attempt.get("diagnosis")),
        remedies=remedies,
        reason=next((attempt["plan"]["reason"] for attempt in reversed(attempts) if attempt.get("plan")), ""),
        source=next((attempt["diagnosis"]["source"] for attempt in attempts if attempt.get("diagnosis")), ""),
        outside=tuple(outside[:_MOST_PATHS]) if outside is not None else None,
        troubles=tuple(here.troubles),
        output=done.output,
    )


def as_outage(scenario: Scenario, case: Case) -> Case:
    """The case with an outage that lasts a while instead of one that ends after so many requests.

    Counted requests let whoever asks most often through first; outages end by the clock. What strikes single files (damage, resets) stays counted.
    """
    weather = case.weather
    if weather is None or weather.hits is None or not (weather.kind.isdigit() or weather.kind in _OUTAGES):
        return case
    at = int.from_bytes(hashlib.sha256(f"{scenario.name}/{case.name}".encode()).digest()[:4], "big") % len(OUTAGES_S)
    asked = float(weather.retry_after) if weather.retry_after.isdigit() else None
    return replace(case, weather=replace(weather, hits=None, seconds=asked or OUTAGES_S[at]))


def _counted(here: Place) -> dict[str, str]:
    """The place's environment with the counter of runs."""
    counter = here.root / "counter.sh"
    counter.write_text(_COUNTER, encoding="utf-8")
    return {**here.env, "BASH_ENV": str(counter), "LAB_RUNS": str(here.root / "runs")}


def _runs(file: Path) -> list[int | None]:
    """The exit code of each run in turn; None for one that ended without saying so (it was killed)."""
    codes: list[int | None] = []
    for line in file.read_text(encoding="utf-8").splitlines() if file.exists() else ():
        word, first, *_ = line.split()
        if word == "begin":
            codes.append(None)
        elif codes:
            codes[-1] = int(first)
    return codes


def _passed(case: Case, runs: list[int | None]) -> bool:
    """Whether the script's last run ended with 0; a script that gives its process away by `exec` leaves nobody to say so."""
    return bool(runs) and (runs[-1] == 0 or (runs[-1] is None and re.search(r"(?m)^\s*exec ", case.script) is not None))


def _again(here: Place, env: Mapping[str, str]) -> tuple[Done, dict[str, Any]]:
    """The job run again from its start after each red run, as a person does; what stood before the command is put back."""
    kept = here.root.with_name(here.root.name + "-kept")
    folders = [folder for folder in (here.workspace, here.root / "home", here.root / "tmp") if folder.exists()]
    try:
        begin = time.monotonic()
        for folder in folders:
            subprocess.run(["cp", "-a", str(folder), f"{kept}-{folder.name}"], check=True)
        first_s, done = 0.0, Done(1, "", True)
        copying_s = time.monotonic() - begin
        begin = time.monotonic()
        for number in range(RUNS):
            if number:
                pause = time.monotonic()
                for folder in folders:
                    _put_back(Path(f"{kept}-{folder.name}"), folder)
                copying_s += time.monotonic() - pause
            done = here.run((*BASH, here.case.script), env)
            first_s = first_s or time.monotonic() - begin
            if done.exit_code == 0:
                break
    finally:
        for folder in folders:
            shutil.rmtree(f"{kept}-{folder.name}", ignore_errors=True)
    return done, {"first_s": first_s, "copying_s": copying_s}


def _put_back(kept: Path, folder: Path) -> None:
    """The folder's content as it was kept; the folder itself may be a mount and stays."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    subprocess.run(["cp", "-a", f"{kept}/.", str(folder)], check=True)


def _blind(here: Place, env: Mapping[str, str]) -> tuple[Done, dict[str, Any]]:
    """The same command again after a fixed wait, whatever the cause, as the common wrappers do."""
    begin, first_s, done = time.monotonic(), 0.0, Done(1, "", True)
    for number in range(RUNS):
        if number:
            time.sleep(BLIND_WAIT_S)
        done = here.run((*BASH, here.case.script), env)
        first_s = first_s or time.monotonic() - begin
        if done.exit_code == 0:
            break
    return done, {"first_s": first_s}


def _probes(here: Place, env: Mapping[str, str]) -> tuple[Done, dict[str, Any]]:
    """Guard that may ask whether the service is up."""
    settings = here.root / "probes.yml"
    settings.write_text("probes: on\n", encoding="utf-8")
    return _guard(here, env, "--config", str(settings))


def _guard(here: Place, env: Mapping[str, str], *options: str) -> tuple[Done, dict[str, Any]]:
    result = here.root / "result.json"
    guard = Path(sys.executable).with_name("guard")
    limit = f"{here.case.timeout_s:.0f}s"
    argv = (str(guard), "run", *options, "--result-file", str(result), "--timeout", limit, "--shell", "bash", "-c", here.case.script)
    done = here.run(argv, env, timeout_s=here.case.timeout_s * RUNS + 900)
    document: dict[str, Any] = json.loads(result.read_text(encoding="utf-8")) if result.exists() else {}
    return done, document


WAYS: dict[str, Callable[[Place, Mapping[str, str]], tuple[Done, dict[str, Any]]]] = {
    "again": _again,
    "blind": _blind,
    "guard": _guard,
    "probes": _probes,
}


def wanted(scenario: Scenario, case: Case) -> str:
    """The remedy that must heal this case; empty: none may."""
    if case.heals is not None:
        return case.heals
    return scenario.heals if case.label in ("", scenario.label) else ""


def missing(scenario: Scenario) -> str:
    """What the scenario needs and this machine lacks; empty where it can be played."""
    lacking = [need for need in scenario.needs if shutil.which(need) is None]
    if scenario.root and os.geteuid() != 0:
        lacking.append("root")
    return ", ".join(lacking)
