"""GitLab's REST API as an escalation needs it (docs.gitlab.com, "Notes API", "Issues API")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

from guard.escalate.connection import Connection, Undelivered

LABEL = "pipeguard"
_TOKEN = "GITLAB_TOKEN"
LONGEST_BODY = 500_000
"""Characters; the API refuses more than 1,000,000 bytes."""


class Project:
    """One project, with a token of its own: a job's `CI_JOB_TOKEN` may write neither notes nor issues."""

    def __init__(self, env: Mapping[str, str]) -> None:
        """Raises Undelivered."""
        base, project = env.get("CI_API_V4_URL", ""), env.get("CI_PROJECT_ID") or env.get("CI_PROJECT_PATH", "")
        if not base or not project:
            raise Undelivered("CI_API_V4_URL and CI_PROJECT_ID are not set: this is no job of GitLab")
        token = env.get(_TOKEN, "").strip()
        if not token:
            raise Undelivered("no token: set the masked variable GITLAB_TOKEN to a project access token with scope api")
        self.path = f"projects/{quote(project, safe='')}"
        # The runner hands over the certificates of an instance of its own (docs.gitlab.com, "Predefined variables").
        self.connection = Connection(base, {"PRIVATE-TOKEN": token}, ca_file=env.get("CI_SERVER_TLS_CA_FILE", ""))

    def close(self) -> None:
        """Let go of the sockets."""
        self.connection.close()

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The objects of a list below it."""
        return self.connection.pages(f"{self.path}/{path}", **query)

    def write(self, method: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create or change something below it: what it is now. Raises Undelivered."""
        return self.connection.write(method, f"{self.path}/{path}", document)

    def me(self) -> int | None:
        """The id of the token's user: only its own words are changed."""
        answer = self.connection.get("user")
        found = answer.json() if answer.fine else {}
        return found["id"] if isinstance(found, dict) and isinstance(found.get("id"), int) else None


def written_by(one: Mapping[str, Any], user: int | None, marker: str, field: str) -> bool:
    """Whether that user wrote it, with that marker."""
    author = one.get("author")
    own = isinstance(author, dict) and user is not None and author.get("id") == user
    return own and marker in str(one.get(field) or "")
