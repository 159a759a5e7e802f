"""Flags, then PIPEGUARD_* variables of the same names, over the settings of a file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from guard.settings.given import IDEMPOTENT, ON_HEAL, Given

if TYPE_CHECKING:
    from guard.settings.values import Settings


def over(settings: Settings, flags: Mapping[str, object], env: Mapping[str, str]) -> Settings:
    """The settings with what flags and variables say instead. Raises GuardError that names the flag or variable."""
    given = Given(flags, env)
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
    idempotent = given.one_of("idempotent", tuple(IDEMPOTENT))
    if idempotent is not None:
        settings = replace(settings, idempotent=IDEMPOTENT[idempotent])
    on_heal = given.one_of("on_heal", ON_HEAL)
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
