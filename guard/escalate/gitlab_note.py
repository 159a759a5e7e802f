"""A note on the merge request that a job of GitLab builds: one for each job, renewed each time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from guard.escalate.gitlab_api import LONGEST_BODY, Project, written_by
from guard.escalate.notice import Notice

NAME = "mr_comment"


def check(options: Any, env: Mapping[str, str]) -> None:
    """A project and a token."""
    del options
    Project(env).close()


def tell(notice: Notice, options: Any, env: Mapping[str, str]) -> str:
    """Write a note on the merge request; outside of one there is nothing to tell."""
    del options
    number = env.get("CI_MERGE_REQUEST_IID", "")
    if not (number.isascii() and number.isdigit()):
        return ""
    notes, body = f"merge_requests/{number}/notes", notice.body[:LONGEST_BODY]
    with closing(Project(env)) as project:
        user = project.me()
        for one in project.pages(notes, sort="desc", order_by="updated_at"):
            if isinstance(one.get("id"), int) and not one.get("system") and written_by(one, user, notice.job_marker, "body"):
                project.write("PUT", f"{notes}/{one['id']}", {"body": body})
                return f"renewed the note on merge request {number}"
        project.write("POST", notes, {"body": body})
        return f"wrote a note on merge request {number}"
