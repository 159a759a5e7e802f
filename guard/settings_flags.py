"""Flags, then PIPEGUARD_* variables of the same names, over the settings of a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from guard.durations import seconds
from guard.errors import GuardError
from guard.settings_file import shown

if TYPE_CHECKING:
    from guard.settings import Settings

_IDEMPOTENT = {"auto": None, "true": True, "false": False}
_ON_HEAL = ("pass", "warn", "fail")
MOST_ATTEMPTS = 20


def over(settings: Settings, flags: Mapping[str, object], env: Mapping[str, str]) -> Settings:
    """The settings with what flags and variables say instead. Raises GuardError that names the flag or variable."""
    given = _Given(flags, env)
    timeout, idle, budget = given.duration("timeout"), given.duration("idle_timeout"), given.duration("budget")
    settings = replace(
        settings,
        attempts=given.attempts(settings.attempts),
        limits=replace(
            settings.limits,
            attempt_s=settings.limits.attempt_s if timeout is None else timeout,
            idle_s=settings.limits.idle_s if idle is None else idle,
        ),
        budget_s=settings.budget_s if budget is None else budget,
    )
    idempotent = given.one_of("idempotent", tuple(_IDEMPOTENT))
    if idempotent is not None:
        settings = replace(settings, idempotent=_IDEMPOTENT[idempotent])
    on_heal = given.one_of("on_heal", _ON_HEAL)
    if on_heal is not None:
        settings = replace(settings, on_heal=on_heal)
    only, without = given.remedies()
    if only is not None or without:
        settings = replace(settings, only=only, without=without)
    store = given.history()
    if store is not None:
        settings = replace(settings, history=store or None, history_off=not store)
    result = flags.get("result_file") or env.get("PIPEGUARD_RESULT")
    return replace(settings, result_file=os.path.abspath(str(result)) if result else None)


class _Given:
    """What was given, and by what name; an empty variable counts as unset."""

    def __init__(self, flags: Mapping[str, object], env: Mapping[str, str]) -> None:
        self.flags = flags
        self.env = env

    def value(self, name: str) -> tuple[object | None, str]:
        if self.flags.get(name) is not None:
            return self.flags[name], f"--{name.replace('_', '-')}"
        variable = f"PIPEGUARD_{name.upper()}"
        return self.env.get(variable) or None, variable

    def duration(self, name: str) -> float | None:
        value, source = self.value(name)
        if value is None:
            return None
        try:
            return seconds(value)
        except ValueError as error:
            raise GuardError(f"{source}: {error}") from error

    def attempts(self, default: int) -> int:
        value, source = self.value("attempts")
        if value is None:
            return default
        text = str(value).strip()
        if not (text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= MOST_ATTEMPTS):
            raise GuardError(f"{source}: {shown(value)} is no number from 1 to {MOST_ATTEMPTS}")
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
                raise GuardError(f"{source}: {shown(word)} is no remedy", f"known: {', '.join(REMEDIES)}")
            (without if word.startswith("-") else only).append(name)
        return tuple(only) if only else None, tuple(without)

    def history(self) -> str | None:
        """The store's URL; "" is off; None: nothing is said. A plain path is that of a SQLite file."""
        value, _ = self.value("history")
        if value is None:
            return None
        text = str(value).strip()
        if text.lower() == "off":
            return ""
        if text.startswith(("postgresql://", "postgres://")):
            return text
        return f"sqlite:{os.path.abspath(text.removeprefix('sqlite:'))}"

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str | None:
        value, source = self.value(name)
        if value is None:
            return None
        text = str(value).strip().lower()
        if text not in allowed:
            raise GuardError(f"{source}: {shown(value)} is none of {', '.join(allowed)}")
        return text
