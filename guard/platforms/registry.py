"""One file per CI: its name → how to speak to it."""

from __future__ import annotations

from guard.platforms import azure, buildkite, circleci, github, gitlab, jenkins, plain, teamcity
from guard.platforms.protocol import Platform

PLATFORMS: dict[str, Platform] = {
    "none": plain,
    "github": github,
    "gitlab": gitlab,
    "jenkins": jenkins,
    "circleci": circleci,
    "azure": azure,
    "teamcity": teamcity,
    "buildkite": buildkite,
}
