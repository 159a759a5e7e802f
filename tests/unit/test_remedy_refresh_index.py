"""When a list of packages is shown to be stale, and what is done about it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.remedies import refresh_index
from guard.types import Change, Outcome, Refusal, Surroundings
from tests.unit.by_hand import diagnosis, outcome

MISSING = diagnosis("dependency_not_found", "x")
GONE = b"E: Failed to fetch http://mirror.example/pool/c/curl_7.88_amd64.deb  404  Not Found [IP: 192.0.2.1 80]\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n"
UNKNOWN = b"E: Unable to locate package ripgrep\n"
CACHED = b"[ERROR] Failure to find g:x:jar:1.2 in http://repo.example/m2 was cached in the local repository, resolution will not be reattempted until the update interval of central has elapsed or updates are forced\n"
TARGET = b"npm error code ETARGET\n"
ROOT = Surroundings(root=True)


def asked(what: Outcome, here: Surroundings = ROOT) -> Change | Refusal | None:
    return refresh_index.propose(MISSING, what, here)


def test_packages_that_are_gone_from_the_archive() -> None:
    change = asked(outcome("apt-get", "install", "-y", "curl", log=GONE))
    assert isinstance(change, Change)
    assert change.actions[0].target.startswith("apt-get ")
    change = asked(outcome("sudo", "apt-get", "install", "curl", log=GONE), Surroundings(tools={"sudo": "/usr/bin/sudo"}))
    assert isinstance(change, Change)
    assert change.actions[0].target.startswith("sudo -n apt-get ")
    assert isinstance(asked(outcome("apt-get", "install", "curl", log=GONE), Surroundings()), Refusal)


def test_a_command_that_refreshes_by_itself_is_left_to_it() -> None:
    assert asked(outcome(script="apt-get update && apt-get install -y curl", log=GONE)) is None


@pytest.mark.parametrize(("age_s", "stale"), [(None, True), (60, False), (3 * 24 * 3600, True)])
def test_an_unknown_package_only_where_the_lists_are_old(tmp_path: Path, age_s: int | None, stale: bool) -> None:
    lists = tmp_path / "lists"
    lists.mkdir()
    if age_s is not None:
        import time

        (lists / "mirror.example_dists_x_InRelease").write_text("")
        os.utime(lists / "mirror.example_dists_x_InRelease", (time.time() - age_s,) * 2)
    (tmp_path / "apt.conf").write_text(f'Dir::State::lists "{lists}";')
    change = asked(outcome("apt-get", "install", "ripgrep", log=UNKNOWN, env={"APT_CONFIG": str(tmp_path / "apt.conf")}))
    assert isinstance(change, Change) is stale


def test_mavens_memory_of_a_failure() -> None:
    change = asked(outcome("mvn", "-B", "verify", log=CACHED))
    assert isinstance(change, Change)
    assert change.argv == ("mvn", "-U", "-B", "verify")
    assert asked(outcome("mvn", "-o", "verify", log=CACHED)) is None
    assert asked(outcome("mvn", "verify", log=b"Could not find artifact\n")) is None


def test_npm_that_prefers_its_cache() -> None:
    change = asked(outcome("npm", "ci", log=TARGET, env={"NPM_CONFIG_PREFER_OFFLINE": "true"}))
    assert isinstance(change, Change)
    assert change.env == {"NPM_CONFIG_PREFER_OFFLINE": "false", "npm_config_prefer_online": "true"}
    assert asked(outcome("npm", "ci", log=TARGET)) is None
    assert isinstance(asked(outcome("npm", "ci", "--prefer-offline", log=TARGET)), Refusal)
