"""An issue on GitHub: one for each failure, a comment on it each further time."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from guard.escalate.github_api import LABEL, Repository, cut, ours
from guard.escalate.notice import Notice

NAME = "github_issue"
_PERMISSION = "issues"


def check(options: Any, env: Mapping[str, str]) -> None:
    """A repository and a token."""
    del options
    Repository(env, _PERMISSION).close()


def tell(notice: Notice, options: Any, env: Mapping[str, str]) -> str:
    """Open an issue, or comment on the open one of the same failure."""
    del options
    with closing(Repository(env, _PERMISSION)) as repository:
        number = _open_issue(repository, notice.marker)
        if number is not None:
            repository.write("POST", f"issues/{number}/comments", {"body": cut(notice.body)})
            return f"commented on issue {number}"
        made = repository.write("POST", "issues", {"title": notice.title, "body": cut(notice.body), "labels": [LABEL]})
        return f"opened issue {made.get('number', '')}".rstrip()


def _open_issue(repository: Repository, marker: str) -> int | None:
    """The number of the open issue with that marker: among those with our label, then among the newest.

    A token that may open issues but not label them leaves none of ours with the label.
    """
    for found in (
        repository.pages("issues", state="open", labels=LABEL),
        repository.pages("issues", state="open", sort="created", direction="desc"),
    ):
        for one in found:
            if "pull_request" not in one and isinstance(one.get("number"), int) and ours(one, marker):
                return int(one["number"])
    return None
