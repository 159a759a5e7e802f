"""`guard run` of the installed wheel that tells of itself: who is told, of what, and that the verdict stays."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Done
from tests.end_to_end.fake_hosts import GITHUB_TOKEN, GitHub, Hook, Host, serving

RED = "echo 'E: You must install pip @everyone'; echo token=hunter2hunter2; exit 7"
HEALS = "if [ $PIPEGUARD_ATTEMPT = 1 ]; then echo 'curl: (28) Connection timed out after 30001 milliseconds'; exit 28; fi"


@pytest.fixture
def github() -> Iterator[Host]:
    with serving(GitHub) as host:
        yield host


def env(host: Host, **more: str) -> dict[str, str]:
    return {
        "GITHUB_ACTIONS": "true", "GITHUB_API_URL": host.url, "GITHUB_REPOSITORY": "o/shop", "GITHUB_TOKEN": GITHUB_TOKEN,
        "GITHUB_SERVER_URL": "https://github.example", "GITHUB_RUN_ID": "5", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "build",
        "no_proxy": "127.0.0.1", "DB_PASSWORD": "hunter2hunter2", **more,
    }  # fmt: skip


def settings(workspace: Path, text: str) -> None:
    (workspace / ".pipeguard.yml").write_text(text)


def test_a_red_run_opens_one_issue_and_keeps_its_exit_code(run: Callable[..., Done], workspace: Path, github: Host) -> None:
    settings(workspace, "escalate: {github_issue: on}\nhistory: off\n")
    for _ in range(2):
        done = run(script=RED, env=env(github))
        assert done.code == 7
    assert "guard: github_issue: commented on issue 1" in done.err
    [issue], [comment] = github.issues, github.comments
    for body in (issue["body"], comment["body"]):
        assert "hunter2" not in body
        assert GITHUB_TOKEN not in body
        assert "[the job](https://github.example/o/shop/actions/runs/5)" in body
    assert done.out.count("hunter2hunter2") == 1


def test_a_pass_tells_nobody(run: Callable[..., Done], workspace: Path, github: Host) -> None:
    settings(workspace, "escalate: {github_issue: on, healed: on}\nhistory: off\n")
    done = run("true", env=env(github))
    assert (done.code, done.err) == (0, "")
    assert github.asked == []


def test_a_healed_run_is_told_of_only_where_asked(run: Callable[..., Done], workspace: Path) -> None:
    with serving(Hook) as host:
        for healed, times in (("off", 0), ("on", 1)):
            settings(workspace, f"escalate: {{webhook: {{url: '{host.url}'}}, healed: {healed}}}\nhistory: off\n")
            done = run(script=HEALS, env={"no_proxy": "127.0.0.1"})
            assert (done.code, done.result["status"]) == (0, "healed"), done.err
            assert len(host.asked) == times
        assert (host.asked[0].json["red"], host.asked[0].json["run"]["id"]) == (False, done.result["id"])


def test_a_heal_that_ends_red_is_told_as_red(run: Callable[..., Done], workspace: Path) -> None:
    with serving(Hook) as host:
        settings(workspace, f"escalate: {{webhook: {{url: '{host.url}'}}}}\nhistory: off\n")
        done = run(script=HEALS, options=("--on-heal", "fail"), env={"no_proxy": "127.0.0.1"})
        assert done.code == 1
        assert host.asked[0].json["red"] is True


def test_a_fork_s_change_tells_nobody(run: Callable[..., Done], workspace: Path, github: Host, tmp_path: Path) -> None:
    settings(workspace, "escalate: {github_issue: on}\nhistory: off\n")
    event = {"repository": {"full_name": "o/shop"}, "pull_request": {"number": 3, "head": {"repo": {"full_name": "thief/shop"}}}}
    (tmp_path / "event.json").write_text(json.dumps(event))
    done = run(script=RED, env=env(github, GITHUB_EVENT_NAME="pull_request", GITHUB_EVENT_PATH=str(tmp_path / "event.json")))
    assert done.code == 7
    assert "`escalate` is off" in done.err
    assert github.asked == []


@pytest.mark.parametrize("status", [401, 500])
def test_a_host_that_fails_changes_nothing(run: Callable[..., Done], workspace: Path, github: Host, status: int) -> None:
    settings(workspace, "escalate: {github_issue: on}\nhistory: off\n")
    github.fail = [status] * 9
    done = run(script=RED, env=env(github))
    assert done.code == 7
    assert "guard: github_issue: not told: " in done.err
    assert "internal fault" not in done.err
