"""Which CI this is and what its shell does; imported by every run, so nothing but `os`."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# In this order: the first whose mark is there.
_MARKS = (
    ("github", "GITHUB_ACTIONS", "true"),
    ("gitlab", "GITLAB_CI", "true"),
    ("circleci", "CIRCLECI", "true"),
    ("azure", "TF_BUILD", "true"),
    ("buildkite", "BUILDKITE", "true"),
    ("teamcity", "TEAMCITY_VERSION", ""),
    ("jenkins", "JENKINS_URL", ""),
)
_WORKSPACE = {
    "github": "GITHUB_WORKSPACE",
    "gitlab": "CI_PROJECT_DIR",
    "jenkins": "WORKSPACE",
    "azure": "BUILD_SOURCESDIRECTORY",
    "buildkite": "BUILDKITE_BUILD_CHECKOUT_PATH",
}


def platform(env: Mapping[str, str]) -> str:
    """The name of the CI, a key of `guard.platforms.PLATFORMS`; `none` outside of one."""
    for name, variable, value in _MARKS:
        found = env.get(variable, "")
        if found and (not value or found.lower() == value):
            return name
    return "none"


def workspace(env: Mapping[str, str]) -> str:
    """The root of the checkout: what the CI says where it holds the working directory, else the repository's root."""
    here = os.path.realpath(os.curdir)
    named = env.get(_WORKSPACE.get(platform(env), ""), "")
    if named and os.path.isdir(named):
        root = os.path.realpath(named)
        if here == root or here.startswith(root + os.sep):
            return root
    folder = here
    while True:
        if os.path.lexists(os.path.join(folder, ".git")):
            return folder
        above = os.path.dirname(folder)
        if above == folder:
            return here
        folder = above


def script_argv(name: str, script: str) -> tuple[str, ...]:
    """The argv with which that CI's shell runs a script given as text."""
    return (*_shell(name, script), "-c", script)


def script_file_argv(name: str, path: str) -> tuple[str, ...]:
    """The argv with which that CI's shell runs a script file."""
    return (*_shell(name, _beginning(path)), path)


def _shell(name: str, script: str) -> tuple[str, ...]:
    if name == "jenkins":
        return ("sh", "-xe")
    if name == "gitlab" and _has_bash():
        return ("bash", "-eo", "pipefail", "+o", "noclobber")
    if (name in ("bash", "github", "none") or name not in ("sh", "gitlab")) and _has_bash():
        return ("bash", "--noprofile", "--norc", "-eo", "pipefail")
    return ("sh", "-e")


def _beginning(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return os.fsdecode(file.read(200))
    except OSError:
        return ""


def _has_bash() -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, "bash"), os.X_OK) for folder in folders)


def fork_build(env: Mapping[str, str]) -> bool:
    """Whether this builds a change that comes from a fork, where the CI tells."""
    head = env.get("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "")
    if head:
        return head != env.get("CI_MERGE_REQUEST_PROJECT_ID", head)
    return False
