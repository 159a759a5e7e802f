"""Where the tool's own log hides the cause: the next attempt lets the tool say more, at best into a file of ours.

At most once in a run. pip is given a log file (its output stays as it was); curl and wget a settings file that holds
the user's own and one line more, with which they name the status of a failed download on their stderr; Poetry is told to
say more on its own output (`SHELL_VERBOSITY`).
"""

from __future__ import annotations

import os
from pathlib import Path

from guard.remedies import own_folder
from guard.remedies.closer import doubt, own_logs, second_look
from guard.remedies.protocol import nothing_to_apply
from guard.types import Action, Applied, Change, Diagnosis, EnvPatch, Outcome, Refusal, Surroundings

NAME = "look_closer"
LABELS = frozenset({"dependency_not_found", "unknown", "connection_failure"})

_ODDS = {"pip": 0.3, "curl": 0.4, "wget": 0.4}
_POETRY = "SHELL_VERBOSITY"
"""What Poetry's console library (cleo) takes for `-v`."""
# tool -> the variable that names its settings, ours, the line that is added
_SETTINGS = {"curl": ("CURL_HOME", ".curlrc", "show-error"), "wget": ("WGETRC", "wgetrc", "server_response = on")}
_LARGEST = 1 << 16


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """One attempt with a tool that says more; None where nothing is hidden, it is known by now, or it was tried."""
    tool = doubt.hiding(diagnosis, outcome)
    if tool == "poetry":
        return _poetry(outcome)
    if tool not in _ODDS or second_look.known(diagnosis) or own_logs.VARIABLE in outcome.command.env:
        return None
    folder = Path(surroundings.temp) / f"{own_logs.PREFIX}{os.getpid()}-{outcome.number}"
    if not folder.is_absolute():
        return None
    env: dict[str, EnvPatch] = {own_logs.VARIABLE: str(folder)}
    data = {"tool": tool, "mode": "0700"}
    if tool == "pip":
        if outcome.command.env.get("PIP_LOG"):
            return None
        env["PIP_LOG"] = str(folder / own_logs.PIP_LOG)
    else:
        variable, name, _ = _SETTINGS[tool]
        env[variable] = str(folder if tool == "curl" else folder / name)
        data["settings"] = name
        data["of_the_user"] = _users(tool, outcome, surroundings)
    return Change(
        remedy=NAME,
        summary=f"lets {tool} say more: its output hides whether a server is in trouble or nothing is there",
        env=env,
        actions=(Action("mkdir", str(folder), data),),
        success_probability=_ODDS[tool],
        cost_s=0.1,
        details={"tool": tool, "variables": sorted(env)},
    )


def _poetry(outcome: Outcome) -> Change | None:
    """None where it is told how much to say already."""
    if _POETRY in outcome.command.env:
        return None
    why = "lets poetry say more: its output hides whether a server is down or its certificate is refused"
    # No chance of its own: it goes with a wait, which may heal.
    return Change(NAME, why, env={_POETRY: "1"}, success_probability=0.0, details={"tool": "poetry", "variables": [_POETRY]})


def _users(tool: str, outcome: Outcome, surroundings: Surroundings) -> str:
    """The settings file that the tool reads today, "" for none (curl(1) `--config`, wget's manual, "Wgetrc Location")."""
    env, home = outcome.command.env, outcome.command.env.get("HOME") or surroundings.home
    if tool == "wget":
        files = [env["WGETRC"]] if env.get("WGETRC") else [f"{home}/.wgetrc"]
    else:
        folders = ((env.get("CURL_HOME", ""), ".curlrc"), (env.get("XDG_CONFIG_HOME", ""), "curlrc"), (home, ".curlrc"))
        files = [f"{folder}/{name}" for folder, name in folders if folder]
    return next((file for file in files if Path(file).is_absolute() and Path(file).is_file()), "")


def apply(change: Change, surroundings: Surroundings) -> Applied:
    """Make the folder, and in it the settings for curl or wget."""
    if not change.actions:
        return nothing_to_apply(change, surroundings)
    action = change.actions[0]
    folder = Path(action.target)
    made: dict[str, str] = {}
    try:
        made = own_folder.make(folder)
        if "settings" in action.data:
            _write_settings(folder, action.data["tool"], action.data["of_the_user"])
    except OSError as error:
        # Half a folder would hide the user's own settings from the tool.
        own_folder.remove(made, own_logs.PREFIX)
        return Applied(change, error=f"{folder}: {error.strerror or error}")
    return Applied(change, done=(f"made {folder} for {action.data['tool']}'s own words",), undo=made)


def _write_settings(folder: Path, tool: str, users: str) -> None:
    _, name, line = _SETTINGS[tool]
    own = Path(users).read_bytes() if users else b""
    if len(own) > _LARGEST:
        raise OSError(f"{users} is too large")
    descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(own + f"\n{line}\n".encode())


def undo(applied: Applied, surroundings: Surroundings) -> None:
    """Remove the folder with what was written into it."""
    del surroundings
    own_folder.remove(applied.undo, own_logs.PREFIX)
