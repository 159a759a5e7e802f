"""Whether this builds a change that comes from a fork; apart from `detect`, which every pass imports."""

from __future__ import annotations

from guard.detect import platform

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


def fork_build(env: Mapping[str, str]) -> bool:
    """Whether this builds a change that comes from a fork, where the CI tells.

    Each by its documented variables: GitHub's event file, GitLab's project ids, CircleCI's CIRCLE_PR_REPONAME (set
    for forks alone), Azure's System.PullRequest.IsFork, Buildkite's pull request repository, Jenkins's CHANGE_FORK.
    """
    name = platform(env)
    if name == "github":
        return _github_fork(env)
    if name == "gitlab":
        source = env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
        return bool(source) and source != (env.get("CI_MERGE_REQUEST_PROJECT_ID") or env.get("CI_PROJECT_ID", source))
    if name == "circleci":
        return bool(env.get("CIRCLE_PR_REPONAME"))
    if name == "azure":
        return env.get("SYSTEM_PULLREQUEST_ISFORK", "").lower() == "true"
    if name == "buildkite":
        theirs, ours = (_repository(env.get(key, "")) for key in ("BUILDKITE_PULL_REQUEST_REPO", "BUILDKITE_REPO"))
        return bool(theirs) and theirs != ours
    return bool(env.get("CHANGE_FORK"))


_LARGEST_EVENT = 16 << 20


def _github_fork(env: Mapping[str, str]) -> bool:
    """By the event (docs.github.com, "Webhook events and payloads"): its head repository is not its base."""
    event = env.get("GITHUB_EVENT_NAME", "")
    if not event.startswith("pull_request") and event != "workflow_run":
        return False
    import json

    try:
        with open(env.get("GITHUB_EVENT_PATH", ""), "rb") as file:
            payload = json.loads(file.read(_LARGEST_EVENT))
        base = payload["repository"]["full_name"]
        if event == "workflow_run":
            head = payload["workflow_run"]["head_repository"]
        else:
            head = payload["pull_request"]["head"]["repo"]
        # A head without a repository: the fork is gone.
        return head is None or head["full_name"].lower() != base.lower()
    except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError):
        # A pull request of which nothing is known is trusted as little as a fork's.
        return event.startswith("pull_request")


def _repository(address: str) -> str:
    """`owner/name` of a git address, by whatever protocol."""
    path = address.split("://", 1)[-1].removesuffix("/").removesuffix(".git")
    return "/".join(path.replace(":", "/").split("/")[-2:]).lower()
