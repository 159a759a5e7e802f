"""The weather: a loopback proxy between real package clients and real registries that injects what networks do."""

from __future__ import annotations

import os
from types import TracebackType

from models.lab.scenario import Weather

HOST = "registry.example"
"""What the proxy is called inside a place that has root; 127.0.0.1 elsewhere."""


class Sky:
    """A running proxy with the weather of one case; without weather it is not started."""

    def __init__(self, weather: Weather | None) -> None:
        self._weather = weather
        self.needed = weather is not None

    def __enter__(self) -> Sky:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def begin(self) -> None:
        """From now on requests meet the weather; before, all is calm."""

    def environment(self, *, calm: bool = False) -> dict[str, str]:
        """LAB_HOST, LAB_PORT and LAB_URL (`http://host:port`): what scripts point their clients at."""
        del calm
        host = HOST if os.geteuid() == 0 else "127.0.0.1"
        return {"LAB_HOST": host} if self.needed else {}
