"""The errors a user can cause: what is wrong, where, and what to do, with guard's exit code."""

from __future__ import annotations


class GuardError(Exception):
    """A user's error: `message` says what is wrong and where, `hint` what mends it.

    `exit_code` is what guard exits with when this stops it before the command ran.
    """

    def __init__(self, message: str, hint: str = "", exit_code: int = 2) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.exit_code = exit_code

    def lines(self) -> tuple[str, ...]:
        """The one or two lines to print on stderr."""
        first = f"guard: {self.message}"
        return (first, f"guard: hint: {self.hint}") if self.hint else (first,)


class SettingsError(GuardError):
    """An error in a settings or signature file, with its place."""

    def __init__(self, file: str, line: int | None, key: str, problem: str, hint: str = "") -> None:
        where = f"{file}:{line}" if line else file
        super().__init__(f"{where}: {key}: {problem}" if key else f"{where}: {problem}", hint)
        self.file = file
        self.line = line
        self.key = key
