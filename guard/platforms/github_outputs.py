"""Outputs of a GitHub step: what guard appends to GITHUB_OUTPUT, and what the script itself wrote there.

The form is that of docs.github.com, "Workflow commands": `name=value`, or `name<<DELIMITER`, lines, `DELIMITER`.
"""

from __future__ import annotations

import os

from guard.platforms import hand_over
from guard.platforms.facts import facts, flaky_tests

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any

# The runner takes 1 MiB for an output (docs.github.com, "Passing job outputs"); as JSON a value may grow six times.
LARGEST = 1 << 20
# A step's file may hold many of them.
_LARGEST_FILE = 16 << 20


def write(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """Append guard's outputs to the step's file. Returns lines on what could not be handed over."""
    path = environment.get("GITHUB_OUTPUT", "")
    if not path:
        return []
    problems = []
    values = facts(document)
    values["result-file"] = environment.get("PIPEGUARD_RESULT", "") and os.path.abspath(environment["PIPEGUARD_RESULT"])
    values["flaky-tests"] = _json(flaky_tests(document))
    if hand_over.size(path) > _LARGEST_FILE:
        problems.append(f"output outputs is left empty: what the script wrote is larger than {_LARGEST_FILE >> 20} MiB")
    values["outputs"] = _json(dict(_of_script(path)))
    for name in ("outputs", "flaky-tests"):
        if len(values[name]) > LARGEST:
            problems.append(f"output {name} is left empty: it would be larger than {LARGEST >> 20} MiB")
            values[name] = "{}" if name == "outputs" else "[]"
    problem = hand_over.append(path, "".join(_entry(name, value) for name, value in values.items()))
    return [*problems, *([problem] if problem else [])]


def _json(value: dict[str, str] | list[str]) -> str:
    if not value:
        return "{}" if isinstance(value, dict) else "[]"
    import json

    return json.dumps(value)


def _entry(name: str, value: str) -> str:
    if "\n" not in value and "\r" not in value:
        return f"{name}={value}\n"
    # Nobody can know it beforehand, so no value can end itself.
    delimiter = f"pipeguard_{os.urandom(16).hex()}"
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _of_script(path: str) -> Iterator[tuple[str, str]]:
    data = hand_over.read(path, _LARGEST_FILE)
    if data:
        yield from entries(data.decode("utf-8-sig", "replace"))


def entries(text: str) -> Iterator[tuple[str, str]]:
    """Names and values of a step file, as the runner reads them; ends at the first line that it would refuse."""
    lines = iter(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    for line in lines:
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and not 0 <= heredoc < equals:
            name, value = line[:equals], line[equals + 1 :]
        elif heredoc >= 0:
            name, delimiter = line[:heredoc], line[heredoc + 2 :]
            found: list[str] = []
            for inner in lines:
                if inner == delimiter:
                    break
                found.append(inner)
            else:
                return
            value = "\n".join(found)
            if not delimiter:
                return
        else:
            return
        if not name:
            return
        yield name, value
