"""Where a log says that something went well: what failed before it in the same tool was survived."""

from __future__ import annotations

import re

from guard.diagnosis.lines import Log

# tool -> what it prints when what it did has succeeded
_MARKS: dict[str, tuple[str, ...]] = {
    "pip": ("Successfully installed ", "Requirement already satisfied: ", "Successfully built "),
    "uv": ("Installed ", "Audited "),
    "poetry": ("Installing the current project",),
    "npm": ("added ", "up to date", "changed ", "audited "),
    "yarn": ("Done in ", "success Saved", "➤ YN0000: Done"),
    "pnpm": ("Done in ", "dependencies:"),
    "maven": ("BUILD SUCCESS",),
    "gradle": ("BUILD SUCCESSFUL",),
    "cargo": ("Finished ", "test result: ok"),
    "go": ("ok  \t",),
    "apt": ("Setting up ", "Processing triggers for ", "Reading package lists... Done"),
    "docker": ("Successfully tagged ", "Successfully built ", "naming to ", "Status: Downloaded newer image", "Login Succeeded"),
    "git": ("HEAD is now at ", "Checking out files: 100%", "Resolving deltas: 100%", "branch is up to date"),
    "cmake": ("-- Build files have been written to", "-- Generating done"),
    "make": ("Built target ",),
    "terraform": ("Apply complete!", "has been successfully initialized!"),
    "bundler": ("Bundle complete!",),
    "composer": ("Generating autoload files",),
    "dotnet": ("Build succeeded.", "Passed!  - "),
    "curl": ("100  ",),
    "wget": (" saved [",),
}
_TESTS_PASSED = re.compile(rb"(?m)^(?:=+ )?\d+ passed(?:, \d+ (?:skipped|warnings?|deselected|xfailed))* in |^OK(?: \(|$)|^Tests:\s+\d+ passed, \d+ total|^test result: ok|^PASS$|^ok  \t")


class Successes:
    """Offsets in a log at which tools say that they succeeded."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._last: dict[str, int] = {}

    def after(self, tool: str, index: int) -> bool:
        """Whether `tool` says after that line that it succeeded."""
        return self._last_success(tool) > index

    def _last_success(self, tool: str) -> int:
        last = self._last.get(tool)
        if last is None:
            last = -1
            for mark in _MARKS.get(tool, ()):
                last = max(last, self._last_line_with(mark))
            self._last[tool] = last
        return last

    def _last_line_with(self, mark: str) -> int:
        data, literal = self._log.data, mark.encode()
        at = data.rfind(literal)
        # The mark begins what the tool says, so that a sentence which only quotes it does not count.
        for _ in range(20):
            if at < 0:
                return -1
            index = self._log.index_of(at)
            if mark.startswith(" ") or self._log.text(index).lstrip(" \t#0123456789.|[INFO]-").startswith(mark.strip()):
                return index
            at = data.rfind(literal, 0, at)
        return -1
