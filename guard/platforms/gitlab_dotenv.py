"""A run's document → the dotenv report: five variables for the jobs that need this one.

GitLab reads `KEY=VALUE` lines, at most 5 KiB, and nothing is quoted (docs.gitlab.com, `artifacts:reports:dotenv`).
"""

from __future__ import annotations

from guard.platforms import hand_over, reports_folder
from guard.platforms.facts import facts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

FILE = "gitlab.env"
_NAMES = {
    "PIPEGUARD_STATUS": "status",
    "PIPEGUARD_ATTEMPTS": "attempts",
    "PIPEGUARD_LABEL": "label",
    "PIPEGUARD_HEALED_BY": "healed-by",
    "PIPEGUARD_EXIT_CODE": "exit-code",
}
# Of several guarded commands in one job the report is about the worst, the later of two alike.
_WORSE = ("passed", "healed", "failed", "interrupted")
_LARGEST = 5 << 10


def write(path: str, document: Mapping[str, Any]) -> str:
    """Write the report, unless one of a worse run of this job is there. Returns why it could not be written, or ""."""
    found = facts(document)
    if _rank(_status_before(path)) > _rank(found["status"]):
        return ""
    return reports_folder.replace(path, "".join(f"{name}={found[fact]}\n" for name, fact in _NAMES.items()))


def _status_before(path: str) -> str:
    for line in (hand_over.read(path, _LARGEST) or b"").decode("utf-8", "replace").splitlines():
        name, _, value = line.partition("=")
        if name == "PIPEGUARD_STATUS":
            return value
    return ""


def _rank(status: str) -> int:
    return _WORSE.index(status) if status in _WORSE else -1
