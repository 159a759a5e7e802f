"""From a command's first red run to its next green one: what people waited for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from guard.report.trends.cell import Cell
from guard.report.trends.moments import seconds_between
from guard.report.trends.rows import RunLike


class RedSpells:
    """The spells of every command.

    Of a first-time pass a history knows the program only. So a pass ends the spell of every command of that
    program, except one that fails later on the same commit: there it was another step that passed.
    """

    def __init__(self) -> None:
        """No run seen yet."""
        self.ends: dict[tuple[str, str, str], list[_End]] = {}

    def add(self, row: RunLike) -> None:
        """Note how a run ended."""
        if row.status != "interrupted":
            program = row.command.split(" ", 1)[0]
            self.ends.setdefault((row.project, row.branch, program), []).append(
                _End(row.started_at, row.status, row.command, row.commit, row.duration_s)
            )

    def settle(self, cells: Mapping[tuple[str, str], Cell]) -> None:
        """Put the spells into the cells of their branches, once all runs are known."""
        for (project, branch, _), ends in self.ends.items():
            # The store's order need not be that of time: jobs run side by side and arrive when they end.
            ends.sort()
            last_red = {(one.command, one.commit): one.at for one in ends if one.status == "failed"}
            red_since: dict[str, str] = {}
            cell = cells[project, branch]
            for one in ends:
                if one.status == "failed":
                    red_since.setdefault(one.command, one.at)
                    continue
                for command in [command for command in red_since if one.ends(command, last_red)]:
                    waited = seconds_between(red_since.pop(command), one.at)
                    if waited is not None:
                        cell.fixed_after.append(waited + one.duration_s)
            cell.still_red += len(red_since)


class _End(NamedTuple):
    at: str
    status: str
    command: str
    commit: str
    duration_s: float

    def ends(self, command: str, last_red: Mapping[tuple[str, str], str]) -> bool:
        """Whether this green run ends the red spell of `command`."""
        if self.status == "healed":
            return self.command == command
        return not self.commit or last_red.get((command, self.commit), "") <= self.at
