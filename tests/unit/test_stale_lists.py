"""Lists of dnf, apk, conda and brew that are shown to be stale, and what has the next attempt fetch them."""

from __future__ import annotations

import pytest

from guard.remedies import refresh_index, stale_lists
from guard.types import UNSET, Change, Outcome, Refusal, Surroundings
from tests.unit.by_hand import diagnosis, outcome

MISSING = diagnosis("dependency_not_found", "x")
DNF = b"[MIRROR] aone-1.0-1.noarch.rpm: Status code: 404 for http://m.example/aone-1.0-1.noarch.rpm (IP: 192.0.2.7)\nError: Error downloading packages:\n"
APK = b"(1/2) Installing pcre2 (10.36-r0)\nERROR: pcre2-10.36-r0: package mentioned in index not found (try 'apk update')\n"
CONDA = b"CondaHTTPError: HTTP 404 NOT FOUND for url <https://conda.example/main/linux-64/foo-1.0-0.conda>\n"
CONDA_UNKNOWN = b"PackagesNotFoundError: The following packages are not available from current channels:\n\n  - foo=1.2\n"
BREW = b'==> Downloading https://b.example/v2/bzip2\ncurl: (22) The requested URL returned error: 404\nError: bzip2: Failed to download resource "bzip2"\nDownload failed: https://b.example/v2/bzip2\ncurl: (22) The requested URL returned error: 404\n'
BREW_UNKNOWN = b'Error: No available formula with the name "jqq". Did you mean jq?\n'
ROOT = Surroundings(root=True)


def asked(what: Outcome, here: Surroundings = ROOT) -> Change | Refusal | None:
    return refresh_index.propose(MISSING, what, here)


@pytest.mark.parametrize(
    ("words", "log", "argv"),
    [
        ("dnf -y install aone", DNF, "dnf --refresh -y install aone"),
        ("sudo dnf5 install aone", DNF, "sudo dnf5 --refresh install aone"),
        ("apk add git", APK, "apk -U add git"),
    ],
)
def test_the_commands_own_option(words: str, log: bytes, argv: str) -> None:
    change = asked(outcome(*words.split(), log=log), Surroundings())
    assert isinstance(change, Change)
    assert change.argv == tuple(argv.split())
    assert not change.actions


@pytest.mark.parametrize(
    ("script", "log", "run"),
    [
        ("set -x\ndnf -y install aone\nmake", DNF, "dnf -q clean expire-cache"),
        ("yum -y install aone", DNF, "yum -q clean expire-cache"),
        ("microdnf install aone && make", DNF, "microdnf clean all"),
        ("apk add git && make", APK, "apk update"),
    ],
)
def test_a_command_before_it_where_the_option_has_no_place(script: str, log: bytes, run: str) -> None:
    change = asked(outcome(script=script, log=log))
    assert isinstance(change, Change)
    assert change.actions[0].target == run
    assert change.argv is None
    assert isinstance(asked(outcome(script=script, log=log), Surroundings()), Refusal)
    change = asked(outcome(script=script, log=log), Surroundings(tools={"sudo": "/usr/bin/sudo"}))
    assert isinstance(change, Change)
    assert change.actions[0].target == f"sudo -n {run}"


def test_conda_asks_its_channel_every_time() -> None:
    change = asked(outcome("conda", "install", "foo", log=CONDA))
    assert isinstance(change, Change)
    assert change.env == {"CONDA_LOCAL_REPODATA_TTL": "0"}
    assert asked(outcome("conda", "install", "foo", log=CONDA, env={"CONDA_LOCAL_REPODATA_TTL": "0"})) is None
    assert asked(outcome("conda", "install", "foo", log=CONDA_UNKNOWN)) is None
    assert isinstance(asked(outcome("mamba", "install", "foo", log=CONDA_UNKNOWN, env={"CONDA_LOCAL_REPODATA_TTL": "86400"})), Change)
    assert isinstance(asked(outcome("conda", "install", "--offline", "foo", log=CONDA)), Refusal)


def test_brew_updates_itself_again() -> None:
    held = {"HOMEBREW_NO_AUTO_UPDATE": "1"}
    change = asked(outcome("brew", "install", "bzip2", log=BREW, env=held))
    assert isinstance(change, Change)
    assert change.env["HOMEBREW_NO_AUTO_UPDATE"] is UNSET
    change = asked(outcome("brew", "install", "bzip2", log=BREW))
    assert isinstance(change, Change)
    assert "HOMEBREW_NO_AUTO_UPDATE" not in change.env
    assert asked(outcome("brew", "install", "jqq", log=BREW_UNKNOWN)) is None
    assert isinstance(asked(outcome("brew", "install", "jqq", log=BREW_UNKNOWN, env=held)), Change)
    assert isinstance(asked(outcome(script="HOMEBREW_NO_AUTO_UPDATE=1 brew install bzip2", log=BREW)), Refusal)


@pytest.mark.parametrize(
    ("script", "log"),
    [
        ("dnf --refresh -y install aone", DNF),
        ("dnf makecache && dnf -y install aone", DNF),
        ("apk update && apk add git", APK),
        ("apk add --no-cache git", APK),
        ("apk -U add git", APK),
        ("brew update && brew install bzip2", BREW),
        ("dnf -y install aone", b"No match for argument: aone\nError: Unable to find a match: aone\n"),
        ("apk add gitt", b"ERROR: unable to select packages:\n  gitt (no such package):\n    required by: world[gitt]\n"),
        ("make", DNF),
    ],
)
def test_what_no_list_is_to_blame_for_is_left(script: str, log: bytes) -> None:
    assert asked(outcome(script=script, log=log)) is None


def test_only_fixed_commands_run() -> None:
    assert stale_lists.fixed("dnf") == ("dnf", "-q", "clean", "expire-cache")
    assert stale_lists.fixed("rm") is None
