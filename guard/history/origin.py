"""Environment and checkout → which project, branch and commit a run belongs to; on the way of every pass: only `os`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

_MOST_BYTES = 1 << 20
_LONGEST = 200
# By each CI's documentation of its predefined variables; the first that is set counts.
_PROJECT = (
    "GITHUB_REPOSITORY", "CI_PROJECT_PATH", "CIRCLE_PROJECT_REPONAME", "BUILD_REPOSITORY_NAME", "BUILDKITE_PIPELINE_SLUG",
    "TEAMCITY_PROJECT_NAME", "JOB_NAME",
)  # fmt: skip
_BRANCH = (
    "GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", "CI_COMMIT_REF_NAME", "CHANGE_BRANCH",
    "BRANCH_NAME", "GIT_BRANCH", "CIRCLE_BRANCH", "BUILD_SOURCEBRANCH", "BUILDKITE_BRANCH",
)  # fmt: skip
_COMMIT = (
    "GITHUB_SHA", "CI_COMMIT_SHA", "GIT_COMMIT", "CIRCLE_SHA1", "BUILD_SOURCEVERSION", "BUILDKITE_COMMIT", "BUILD_VCS_NUMBER",
)  # fmt: skip


def origin(env: Mapping[str, str], workspace: str) -> tuple[str, str, str]:
    """(project, branch, commit); "" for what neither the CI nor the checkout tells. No process is started."""
    git = _git_folder(workspace)
    project = _first(env, _PROJECT) or _remote(git) or os.path.basename(workspace)
    branch, commit = _first(env, _BRANCH), _first(env, _COMMIT)
    if git and not (branch and commit):
        own_branch, own_commit = _head(git)
        # A branch of the CI's with a commit of the checkout would name what never was.
        branch, commit = branch or own_branch, commit or own_commit
    return _short(project), _short(branch.removeprefix("refs/heads/")), _short(commit)


def _first(env: Mapping[str, str], names: tuple[str, ...]) -> str:
    return next((env[name] for name in names if env.get(name)), "")


def _short(text: str) -> str:
    return "".join(letter for letter in text if letter.isprintable())[:_LONGEST]


def _git_folder(workspace: str) -> str:
    """`.git`, or where the file of that name points (worktrees, submodules)."""
    path = os.path.join(workspace, ".git")
    if os.path.isdir(path):
        return path
    pointer = _read(path)
    if not pointer.startswith("gitdir:"):
        return ""
    return os.path.join(workspace, pointer.removeprefix("gitdir:").strip())


def _common(git: str) -> str:
    """A worktree keeps its own HEAD; branches and configuration lie in the common folder."""
    common = _read(os.path.join(git, "commondir")).strip()
    return os.path.normpath(os.path.join(git, common)) if common else git


def _head(git: str) -> tuple[str, str]:
    """Branch and commit that HEAD names (gitrepository-layout)."""
    head = _read(os.path.join(git, "HEAD")).strip()
    if not head.startswith("ref:"):
        return "", head if _is_hash(head) else ""
    name = head.removeprefix("ref:").strip()
    branch = name.removeprefix("refs/heads/")
    if ".." in name:
        return branch, ""
    common = _common(git)
    commit = _read(os.path.join(common, name)).strip()
    if _is_hash(commit):
        return branch, commit
    for line in _read(os.path.join(common, "packed-refs")).splitlines():
        if line.endswith(" " + name):
            return branch, line.split(" ", 1)[0]
    return branch, ""


def _is_hash(text: str) -> bool:
    return len(text) in (40, 64) and all(letter in "0123456789abcdef" for letter in text)


def _remote(git: str) -> str:
    """`owner/name` of the remote `origin`, whatever the protocol; nothing of a user or password in the address."""
    section = ""
    for line in _read(os.path.join(_common(git), "config")).splitlines() if git else ():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == '[remote "origin"]' and line.replace(" ", "").startswith("url="):
            address = line.split("=", 1)[1].strip()
            path = address.split("://", 1)[-1].rstrip("/").removesuffix(".git")
            # A secret in an address stands before the host; of a path nothing but its last two parts is kept.
            return "/".join(path.replace(":", "/").rsplit("@", 1)[-1].split("/")[-2:])
    return ""


def _read(path: str) -> str:
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return ""
    try:
        return os.read(descriptor, _MOST_BYTES).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)
