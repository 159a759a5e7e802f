"""The page for a person as a file, where the skin names one by PIPEGUARD_SUMMARY: an artifact, an annotation, a tab."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any


def write(document: Mapping[str, Any], environment: Mapping[str, str], path: str = "") -> str:
    """Append the run's section, to `path` where the skin names no file. Returns why it could not be done, or ""; nothing for a pass."""
    place = environment.get("PIPEGUARD_SUMMARY", "") or path
    if not place or document["status"] == "passed":
        return ""
    import os

    from guard.platforms import hand_over
    from guard.report.markdown_summary import summary

    try:
        os.makedirs(os.path.dirname(os.path.abspath(place)), exist_ok=True)
    except OSError as error:
        return f"{place} is not written: {error.strerror}"
    return hand_over.append(place, summary(document))
