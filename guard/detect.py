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
    """The name of the CI, a key of `guard.platforms.PLATFORMS`; `none` outside of one. A skin knows which one it is for."""
    skin = env.get("PIPEGUARD_SKIN", "")
    if any(skin == name for name, _, _ in _MARKS):
        return skin
    for name, variable, value in _MARKS:
        found = env.get(variable, "")
        if found and (not value or found.lower() == value):
            return name
    return "none"


def real_folder(path: str) -> str:
    """The real path of a folder; one that was deleted under us keeps the name it was given."""
    try:
        return os.path.realpath(path)
    except OSError:
        return path


def workspace(env: Mapping[str, str]) -> str:
    """The root of the checkout: what the CI says where it holds the working directory, else the repository's root."""
    try:
        here = os.path.realpath(os.curdir)
    except OSError:
        # The working directory was deleted under us: the command may well run all the same.
        return os.sep
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
    """The argv with which that CI's shell runs a script given as text.

    A script for Jenkins may begin with `#!`: then that interpreter runs it (the help of its `sh` step).
    """
    own = _interpreter(script) if name == "jenkins" else ()
    if script[:1] in ("-", "+"):
        # What comes after `-c` would be taken for one more option of the shell.
        script = f" {script}"
    flag = _TEXT_FLAG.get(os.path.basename(own[-1 if _by_env(own) else 0]), "") if own else ""
    return (*own, flag, script) if flag else (*_shell(name), "-c", script)


def script_file_argv(name: str, path: str) -> tuple[str, ...]:
    """The argv with which that CI's shell runs a script file; on Jenkins the file's own `#!` decides."""
    own = _interpreter(_beginning(path)) if name == "jenkins" else ()
    return (*(own or _shell(name)), path)


# How an interpreter takes a program as text.
_TEXT_FLAG = {
    "sh": "-c", "bash": "-c", "dash": "-c", "ash": "-c", "ksh": "-c", "zsh": "-c", "fish": "-c",
    "python": "-c", "python2": "-c", "python3": "-c",
    "perl": "-e", "ruby": "-e", "node": "-e", "lua": "-e", "Rscript": "-e", "groovy": "-e", "php": "-r",
}  # fmt: skip


def _shell(name: str) -> tuple[str, ...]:
    """The shell of a CI, or of the name `sh` or `bash`; `sh -e` where there is no bash."""
    if name == "jenkins":
        return ("sh", "-xe")
    if name == "sh" or not _has_bash():
        return ("sh", "-e")
    if name == "gitlab":
        return ("bash", "-eo", "pipefail", "+o", "noclobber")
    return ("bash", "--noprofile", "--norc", "-eo", "pipefail")


def _interpreter(script: str) -> tuple[str, ...]:
    """Interpreter and argument of a `#!` line, as the kernel splits it: at most one argument."""
    first = script.split("\n", 1)[0]
    return tuple(first[2:].split(None, 1)) if first.startswith("#!") else ()


def _by_env(interpreter: tuple[str, ...]) -> bool:
    return len(interpreter) == 2 and os.path.basename(interpreter[0]) == "env"


def _beginning(path: str) -> str:
    try:
        # Without O_NONBLOCK a FIFO would make guard wait for its writer.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0))
    except (OSError, ValueError):
        return ""
    try:
        return os.fsdecode(os.read(descriptor, 256)).replace("\r\n", "\n")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _has_bash() -> bool:
    folders = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return any(os.access(os.path.join(folder, "bash"), os.X_OK) for folder in folders if folder)
