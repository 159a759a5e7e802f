"""GitLab CI: collapsible sections (docs.gitlab.com, "Custom collapsible sections") and the reports of a job."""

from __future__ import annotations

import os

from guard.platforms import plain
from guard.platforms.lazy_pattern import LazyPattern

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

NAME = "gitlab"
STREAM = 2
REPORTS = "PIPEGUARD_REPORTS"
"""The folder that the skin's `artifacts:reports` name."""

_SECTION = LazyPattern(r"section_(?=start|end)")

annotate = plain.annotate
shelter = plain.shelter


def escape(text: str) -> str:
    """The text without carriage returns and escape codes, and with no section marker."""
    return _SECTION.sub("section ", plain.escape(text))


def group(title: str) -> str:
    """Opens a section."""
    return f"\x1b[0Ksection_start:{_now()}:{_name(title)}[collapsed=true]\r\x1b[0K{escape(title)}"


def end_group(title: str) -> str:
    """Closes the section of that title."""
    return f"\x1b[0Ksection_end:{_now()}:{_name(title)}\r\x1b[0K"


def publish(document: Mapping[str, Any], environment: Mapping[str, str]) -> list[str]:
    """The dotenv, JUnit and Code Quality reports where the skin names a folder, and the run itself unless it just passed.

    Returns a line for each that cannot be written.
    """
    folder = environment.get(REPORTS, "")
    if not folder:
        return []
    from guard.platforms import gitlab_code_quality, gitlab_dotenv, gitlab_junit, reports_folder

    problem = reports_folder.prepare(folder)
    if problem:
        return [f"guard: {escape(problem)}"]
    run = ""
    if document["status"] != "passed":
        from guard.report import result

        run = result.write(os.path.join(folder, f"run-{document['id']}.json"), document)
    problems = (
        run,
        gitlab_dotenv.write(os.path.join(folder, gitlab_dotenv.FILE), document),
        gitlab_junit.write(folder, document, environment),
        gitlab_code_quality.write(os.path.join(folder, gitlab_code_quality.FILE), document, environment),
    )
    return [f"guard: {escape(problem)}" for problem in problems if problem]


def _now() -> int:
    import time

    return int(time.time())


def _name(title: str) -> str:
    """A name for the title: one in a job, which may hold several guarded commands."""
    import hashlib

    return "pipeguard_" + hashlib.sha256(f"{os.getpid()} {title}".encode("utf-8", "replace")).hexdigest()[:12]
