"""The CI's environment → where the job can be seen, by each CI's documentation of its predefined variables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

_ADDRESS = re.compile(r"https?://[^\s<>\"'`()\[\]{}|\\^\x00-\x1f\x7f]{1,500}")
# platform -> the variables of its address, the first that is set; of its name.
_ADDRESSES = {
    "gitlab": ("CI_JOB_URL",),
    "jenkins": ("BUILD_URL",),
    "circleci": ("CIRCLE_BUILD_URL",),
    "buildkite": ("BUILDKITE_BUILD_URL",),
    "teamcity": ("BUILD_URL",),
}
_NAMES = {
    "github": ("GITHUB_WORKFLOW", "GITHUB_JOB"),
    "gitlab": ("CI_JOB_NAME",),
    "jenkins": ("JOB_NAME",),
    "circleci": ("CIRCLE_JOB",),
    "azure": ("BUILD_DEFINITIONNAME", "SYSTEM_JOBDISPLAYNAME"),
    "buildkite": ("BUILDKITE_PIPELINE_SLUG", "BUILDKITE_LABEL"),
    "teamcity": ("TEAMCITY_BUILDCONF_NAME",),
}


@dataclass(frozen=True)
class Job:
    """The job's name and address; "" for what the CI does not tell."""

    name: str = ""
    url: str = ""


def job(env: Mapping[str, str], platform: str) -> Job:
    """The job that this environment belongs to."""
    named = [env[name] for name in _NAMES.get(platform, ()) if env.get(name)]
    return Job(" / ".join(" ".join(one.split()) for one in named)[:120], _sound(_address(env, platform)))


def _address(env: Mapping[str, str], platform: str) -> str:
    if platform == "github":
        server, repository, run = (env.get(name, "") for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"))
        attempt = env.get("GITHUB_RUN_ATTEMPT", "")
        again = f"/attempts/{attempt}" if attempt.isdigit() else ""
        return f"{server}/{repository}/actions/runs/{run}{again}" if server and repository and run else ""
    if platform == "azure":
        server, project, build = (env.get(name, "") for name in ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID"))
        return f"{server.rstrip('/')}/{project.replace(' ', '%20')}/_build/results?buildId={build}" if server and project and build else ""
    return next((env[name] for name in _ADDRESSES.get(platform, ()) if env.get(name)), "")


def _sound(address: str) -> str:
    """The address where it is one and nothing else: it stands in the Markdown of others."""
    return address if _ADDRESS.fullmatch(address) else ""
