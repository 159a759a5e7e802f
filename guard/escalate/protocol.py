"""What a target of an escalation is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from guard.escalate.notice import Notice


class Target(Protocol):
    """A module of this package that satisfies this protocol is a target."""

    NAME: str
    """The key under `escalate:` in the settings."""

    def check(self, options: Any, env: Mapping[str, str]) -> None:
        """Raise Undelivered for what is missing here to tell it; nothing is connected."""

    def tell(self, notice: Notice, options: Any, env: Mapping[str, str]) -> str:
        """Tell it; `options` is what the settings say under its key.

        Returns what was done in a clause (`opened issue 12`), "" where there is nothing to tell here (no pull
        request). Raises Undelivered.
        """
