"""An issue on GitLab: one for each failure, a note on it each further time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from guard.escalate.gitlab_api import LABEL, LONGEST_BODY, Project, written_by
from guard.escalate.notice import Notice

NAME = "gitlab_issue"


def check(options: Any, env: Mapping[str, str]) -> None:
    """A project and a token."""
    del options
    Project(env).close()


def tell(notice: Notice, options: Any, env: Mapping[str, str]) -> str:
    """Open an issue, or write a note on the open one of the same failure."""
    del options
    body = notice.body[:LONGEST_BODY]
    with closing(Project(env)) as project:
        user = project.me()
        for one in project.pages("issues", state="opened", search=notice.fingerprint, **{"in": "description"}):
            if isinstance(one.get("iid"), int) and written_by(one, user, notice.marker, "description"):
                project.write("POST", f"issues/{one['iid']}/notes", {"body": body})
                return f"wrote a note on issue {one['iid']}"
        made = project.write("POST", "issues", {"title": notice.title, "description": body, "labels": LABEL})
        return f"opened issue {made.get('iid', '')}".rstrip()
