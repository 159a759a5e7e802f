"""The CIs: `PLATFORMS` holds them all; a step that passes imports the one it runs on and no other."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.platforms.registry import PLATFORMS as PLATFORMS


def __getattr__(name: str) -> object:
    """`PLATFORMS`, made when it is first asked for. Raises AttributeError for any other name."""
    if name == "PLATFORMS":
        from guard.platforms.registry import PLATFORMS

        return PLATFORMS
    raise AttributeError(name)
