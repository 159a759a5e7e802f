"""GitHub's REST API as an escalation needs it (docs.github.com, "REST API endpoints for issues")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from guard.escalate.connection import Connection, Undelivered

LABEL = "pipeguard"
LONGEST_BODY = 65_000
"""Characters; the API refuses more than 65,536."""
_TOKENS = ("PIPEGUARD_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN")
_REPOSITORY = re.compile(r"[\w.-]{1,100}/[\w.-]{1,100}")
# Whoever may write in a repository (docs.github.com, "author_association"); an app is a `Bot`.
_TRUSTED = ("OWNER", "MEMBER", "COLLABORATOR")


class Repository:
    """One repository, with the token of the job."""

    def __init__(self, env: Mapping[str, str], permission: str) -> None:
        """`permission`: what the token must be allowed, for the message. Raises Undelivered."""
        name = env.get("GITHUB_REPOSITORY", "")
        if not _REPOSITORY.fullmatch(name) or ".." in name:
            raise Undelivered("GITHUB_REPOSITORY names no repository: this is no job of GitHub Actions")
        token = next((env[one].strip() for one in _TOKENS if env.get(one, "").strip()), "")
        if not token:
            raise Undelivered(f"no token: pass GITHUB_TOKEN to the step, and give the job `permissions: {{{permission}: write}}`")
        self.path = f"repos/{name}"
        self.connection = Connection(
            env.get("GITHUB_API_URL") or "https://api.github.com",
            {"Authorization": f"Bearer {token}", "Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"},
        )

    def close(self) -> None:
        """Let go of the sockets."""
        self.connection.close()

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The objects of a list below it."""
        return self.connection.pages(f"{self.path}/{path}", **query)

    def write(self, method: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create or change something below it: what it is now. Raises Undelivered."""
        return self.connection.write(method, f"{self.path}/{path}", document)


def ours(one: Mapping[str, Any], marker: str) -> bool:
    """Whether it carries the marker, written by somebody who may write there: anybody could copy a marker."""
    user = one.get("user")
    trusted = one.get("author_association") in _TRUSTED or (isinstance(user, dict) and user.get("type") == "Bot")
    return trusted and marker in str(one.get("body") or "")


def cut(text: str) -> str:
    """The text within what the API takes."""
    return text if len(text) <= LONGEST_BODY else text[:LONGEST_BODY].rsplit("\n", 1)[0]


def pull_request(env: Mapping[str, str]) -> int | None:
    """The number of the pull request that this job builds: by the event, else by the ref (`refs/pull/7/merge`)."""
    path = env.get("GITHUB_EVENT_PATH", "")
    if env.get("GITHUB_EVENT_NAME", "").startswith("pull_request") and path:
        try:
            with open(path, "rb") as file:
                number = json.loads(file.read(16 << 20))["pull_request"]["number"]
            if isinstance(number, int) and number > 0:
                return number
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            pass
    match = re.fullmatch(r"refs/pull/(\d{1,9})/\w+", env.get("GITHUB_REF", ""))
    return int(match[1]) if match else None
