"""A comment on the pull request that a job of GitHub Actions builds: one for each job, renewed each time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from guard.escalate.github_api import Repository, cut, ours, pull_request
from guard.escalate.notice import Notice

NAME = "pr_comment"
_PERMISSION = "pull-requests"


def check(options: Any, env: Mapping[str, str]) -> None:
    """A repository and a token."""
    del options
    Repository(env, _PERMISSION).close()


def tell(notice: Notice, options: Any, env: Mapping[str, str]) -> str:
    """Comment on the pull request; outside of one there is nothing to tell."""
    del options
    number = pull_request(env)
    if number is None:
        return ""
    with closing(Repository(env, _PERMISSION)) as repository:
        for one in repository.pages(f"issues/{number}/comments"):
            if isinstance(one.get("id"), int) and ours(one, notice.job_marker):
                repository.write("PATCH", f"issues/comments/{one['id']}", {"body": cut(notice.body)})
                return f"renewed the comment on pull request {number}"
        repository.write("POST", f"issues/{number}/comments", {"body": cut(notice.body)})
        return f"commented on pull request {number}"
