"""What flags and PIPEGUARD_* variables of the same names say, read without loading what settings files need."""

from __future__ import annotations

import os

from guard.errors import GuardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

IDEMPOTENT = {"auto": None, "true": True, "false": False}
ON_HEAL = ("pass", "warn", "fail")
MOST_ATTEMPTS = 20
# Settings that only a file or a registry can answer.
_HEAVY = ("PIPEGUARD_POLICY", "PIPEGUARD_CONFIG", "PIPEGUARD_REMEDIES")
_HEAVY_FLAGS = ("config", "remedies")


class Given:
    """What was given, and by what name; an empty variable counts as unset."""

    def __init__(self, flags: Mapping[str, object], env: Mapping[str, str]) -> None:
        """Each question raises GuardError that names the flag or variable whose value is no answer."""
        self.flags = flags
        self.env = env

    def value(self, name: str) -> tuple[object | None, str]:
        """The value, and by what name it was given; None: not given."""
        if self.flags.get(name) is not None:
            return self.flags[name], f"--{name.replace('_', '-')}"
        variable = f"PIPEGUARD_{name.upper()}"
        if name == "attempts":
            if self.env.get("PIPEGUARD_MOST_ATTEMPTS"):
                return self.env["PIPEGUARD_MOST_ATTEMPTS"], "PIPEGUARD_MOST_ATTEMPTS"
            if self.env.get("PIPEGUARD_STATUS"):
                return None, variable  # how often an earlier GitLab job ran: its dotenv report has the name that the setting has
        return self.env.get(variable) or None, variable

    def duration(self, name: str) -> float | None:
        """In seconds."""
        value, source = self.value(name)
        if value is None:
            return None
        from guard.durations import seconds

        try:
            return seconds(value)
        except ValueError as error:
            raise GuardError(f"{source}: {error}") from error

    def attempts(self, default: int) -> int:
        """How many attempts in all."""
        value, source = self.value("attempts")
        if value is None:
            return default
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_ATTEMPTS):
            raise GuardError(f"{source}: {_shown(value)} is no number from 1 to {MOST_ATTEMPTS}")
        return int(text)

    def remedies(self) -> tuple[tuple[str, ...] | None, tuple[str, ...]]:
        """The only ones, and those left out (`-name`), of a list with commas or blanks; None: all."""
        value, source = self.value("remedies")
        if value is None:
            return None, ()
        from guard.remedies import REMEDIES

        only: list[str] = []
        without: list[str] = []
        for word in str(value).replace(",", " ").split():
            name = word.lstrip("-").replace("-", "_")
            if name not in REMEDIES:
                raise GuardError(f"{source}: {_shown(word)} is no remedy", f"known: {', '.join(REMEDIES)}")
            (without if word.startswith("-") else only).append(name)
        return tuple(only) if only else None, tuple(without)

    def history(self) -> str | None:
        """The store's URL; "" is off; None: nothing is said. A plain path is that of a SQLite file."""
        value, source = self.value("history")
        if value is None:
            return None
        text = str(value).strip()
        if not text.removeprefix("sqlite:"):
            raise GuardError(f"{source}: no store is named", "off, a path, sqlite:PATH, postgresql://…")
        if text.lower() == "off":
            return ""
        if text.startswith(("postgresql://", "postgres://")):
            return text
        return f"sqlite:{os.path.abspath(text.removeprefix('sqlite:'))}"

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        """One of the words that are allowed."""
        value, source = self.value(name)
        if value is None:
            return None
        text = str(value).strip().lower()
        if text not in allowed:
            raise GuardError(f"{source}: {_shown(value)} is none of {', '.join(allowed)}")
        return text


class Early:
    """What the first attempt needs to know, and a pass; attributes are named as those of Settings are."""

    __slots__ = ("attempt_s", "budget_s", "history", "history_off", "idle_s")

    def __init__(self, given: Given) -> None:
        """All that was given is checked, so that an error is told before anything runs. Raises GuardError."""
        self.attempt_s = given.duration("timeout")
        self.idle_s = given.duration("idle_timeout")
        self.budget_s = given.duration("budget")
        store = given.history()
        self.history = store or None
        self.history_off = store == ""
        given.attempts(1)
        given.one_of("idempotent", tuple(IDEMPOTENT))
        given.one_of("on_heal", ON_HEAL)

    @property
    def limits(self) -> Early:
        """The limits of an attempt, where Settings has them."""
        return self


def early(flags: Mapping[str, object], env: Mapping[str, str]) -> Early | None:
    """What was given, where no settings file is there; None: the whole settings are needed. Raises GuardError."""
    if any(env.get(name) for name in _HEAVY) or any(flags.get(name) for name in _HEAVY_FLAGS):
        return None
    return Early(Given(flags, env))


def _shown(value: object) -> str:
    from guard.settings.document import shown

    return shown(value)
