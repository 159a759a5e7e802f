"""Shared by all layers: a scrubbed environment, and the program under test."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from guard import failsafe

ROOT = Path(__file__).parent.parent
# Tests agree inside a CI and at home.
_SCRUBBED = ("CI", "GITHUB_", "GITLAB_", "JENKINS_", "CIRCLE", "TF_BUILD", "BUILDKITE", "TEAMCITY_", "RUNNER_", "PIPEGUARD_")


@pytest.fixture(autouse=True)
def _scrubbed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith(_SCRUBBED):
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def _faults(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("faults"))


@pytest.fixture(autouse=True)
def _no_fault_leaves_a_report(monkeypatch: pytest.MonkeyPatch, _faults: str) -> None:
    monkeypatch.setattr(failsafe, "FOLDER", _faults)


@pytest.fixture
def guard() -> list[str]:
    """The argv that starts guard with this interpreter."""
    return [sys.executable, "-m", "guard"]


@pytest.fixture(scope="session")
def packages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the packages that guard.pyz carries, fetched once."""
    from guard.delivery import vendored
    from guard.errors import GuardError

    kept = getattr(request.config, "cache", None)  # absent with `-p no:cacheprovider`
    folder = Path(kept.mkdir("vendored")) if kept is not None else tmp_path_factory.mktemp("vendored")
    try:
        vendored.wheels(folder)
    except GuardError as error:
        pytest.skip(error.message)
    return folder
