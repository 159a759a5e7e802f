"""Each target against a host on this machine: told once, found again, refused, slow, led astray."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from guard.escalate.connection import Connection, Undelivered
from guard.escalate.deliver import deliver
from guard.escalate.job import Job
from guard.escalate.notice import Notice, notice
from guard.escalate.pushgateway import push
from tests.end_to_end.fake_hosts import GITHUB_TOKEN, GITLAB_TOKEN, GitHub, GitLab, Hook, Host, Slack, serving
from tests.unit.test_escalate_notice import document

STRANGER = {"login": "stranger", "type": "User", "id": 99}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.fixture
def github() -> Iterator[Host]:
    with serving(GitHub) as host:
        yield host


@pytest.fixture
def gitlab() -> Iterator[Host]:
    with serving(GitLab) as host:
        yield host


def told(**given: Any) -> Notice:
    return notice(document(**given), Job("ci / build", "https://ci.example/1"))


def on_github(host: Host, **more: str) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_API_URL": host.url, "GITHUB_REPOSITORY": "o/shop", "GITHUB_TOKEN": GITHUB_TOKEN, **more}


def on_gitlab(host: Host, **more: str) -> dict[str, str]:
    return {"GITLAB_CI": "true", "CI_API_V4_URL": f"{host.url}/api/v4", "CI_PROJECT_ID": "7", "GITLAB_TOKEN": GITLAB_TOKEN, **more}


def test_a_failure_has_one_issue(github: Host) -> None:
    env = on_github(github)
    assert deliver(told(), {"github_issue": True}, env) == ["github_issue: opened issue 1"]
    assert deliver(told(), {"github_issue": True}, env) == ["github_issue: commented on issue 1"]
    assert deliver(told(fingerprint="b" * 16), {"github_issue": True}, env) == ["github_issue: opened issue 2"]
    assert (len(github.issues), len(github.comments)) == (2, 1)
    assert github.issues[0]["title"] == "Build red: out_of_memory in ci / build"
    assert github.issues[0]["labels"] == [{"name": "pipeguard"}]


def test_a_closed_issue_is_not_written_to(github: Host) -> None:
    github.issue(told().body, state="closed")
    assert deliver(told(), {"github_issue": True}, on_github(github)) == ["github_issue: opened issue 2"]


def test_an_issue_that_could_not_be_labelled_is_found(github: Host) -> None:
    github.issue(told().body, labels=[])
    assert deliver(told(), {"github_issue": True}, on_github(github)) == ["github_issue: commented on issue 1"]


def test_an_issue_on_a_later_page_is_found(github: Host) -> None:
    for _ in range(250):
        github.issue("another")
    github.issue(told().body)
    assert deliver(told(), {"github_issue": True}, on_github(github)) == ["github_issue: commented on issue 251"]


def test_a_stranger_s_copy_of_the_marker_is_no_issue_of_ours(github: Host) -> None:
    github.issue(told().body, user=STRANGER)
    github.issue(told().body, pull_request={"url": "x"})
    assert deliver(told(), {"github_issue": True}, on_github(github)) == ["github_issue: opened issue 3"]


def test_a_pull_request_has_one_comment_a_job(github: Host, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    env = on_github(github, GITHUB_EVENT_NAME="pull_request", GITHUB_EVENT_PATH=str(event))
    assert deliver(told(), {"pr_comment": True}, env) == ["pr_comment: commented on pull request 7"]
    assert deliver(told(fingerprint="b" * 16), {"pr_comment": True}, env) == ["pr_comment: renewed the comment on pull request 7"]
    assert len(github.comments) == 1
    assert "b" * 16 in github.comments[0]["body"]
    other = notice(document(), Job("ci / lint"))
    assert deliver(other, {"pr_comment": True}, env) == ["pr_comment: commented on pull request 7"]


def test_a_stranger_s_comment_is_not_changed(github: Host) -> None:
    github.comment(told().body, user=STRANGER)
    env = on_github(github, GITHUB_REF="refs/pull/7/merge")
    assert deliver(told(), {"pr_comment": True}, env) == ["pr_comment: commented on pull request 7"]


def test_a_pull_request_is_told_instead_of_the_repository(github: Host) -> None:
    wanted = {"github_issue": True, "pr_comment": True}
    assert deliver(told(), wanted, on_github(github, GITHUB_REF="refs/pull/7/merge")) == ["pr_comment: commented on pull request 7"]
    assert deliver(told(), wanted, on_github(github, GITHUB_REF="refs/heads/main")) == ["github_issue: opened issue 1"]


def test_gitlab_has_one_issue_and_one_note_a_job(gitlab: Host) -> None:
    env = on_gitlab(gitlab)
    assert deliver(told(), {"gitlab_issue": True}, env) == ["gitlab_issue: opened issue 1"]
    assert deliver(told(), {"gitlab_issue": True}, env) == ["gitlab_issue: wrote a note on issue 1"]
    gitlab.comments.clear()
    request = on_gitlab(gitlab, CI_MERGE_REQUEST_IID="5")
    assert deliver(told(), {"mr_comment": True, "gitlab_issue": True}, request) == ["mr_comment: wrote a note on merge request 5"]
    assert deliver(told(), {"mr_comment": True}, request) == ["mr_comment: renewed the note on merge request 5"]
    assert (len(gitlab.issues), len(gitlab.comments)) == (1, 1)
    assert deliver(told(), {"mr_comment": True}, env) == []


def test_a_note_of_others_is_not_changed(gitlab: Host) -> None:
    gitlab.comment(told().body, author={"id": 99})
    assert deliver(told(), {"mr_comment": True}, on_gitlab(gitlab, CI_MERGE_REQUEST_IID="5")) == ["mr_comment: wrote a note on merge request 5"]


def test_slack_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Slack) as host:
        env = {"HOOK": f"{host.url}/services/T0/B0/secretsecret"}
        assert deliver(told(), {"slack": {"webhook_env": "HOOK", "channel": "#ci"}}, env) == ["slack: told Slack"]
        [asked] = host.asked
        assert (asked.path, asked.json["channel"], asked.json["unfurl_links"]) == ("/services/T0/B0/secretsecret", "#ci", False)
        host.fail = [404]
        assert deliver(told(), {"slack": {"webhook_env": "HOOK"}}, env) == ["slack: not told: not found, or the token may not see it (404)"]
        assert deliver(told(), {"slack": {"webhook_env": "NONE"}}, env) == ["slack: not told: the variable NONE is empty"]


def test_a_webhook_gets_the_run_and_its_token() -> None:
    with serving(Hook) as host:
        options = {"url_env": "HOOK", "token_env": "HOOK_TOKEN"}
        env = {"HOOK": f"{host.url}/in?a=1", "HOOK_TOKEN": "s3cret-s3cret"}
        assert deliver(told(), {"webhook": options}, env) == ["webhook: told the webhook"]
        [asked] = host.asked
        assert (asked.path, asked.query) == ("/in", {"a": ["1"]})
        assert asked.headers["authorization"] == "Bearer s3cret-s3cret"
        assert asked.headers["idempotency-key"] == "run-1"
        assert (asked.json["schema"], asked.json["red"], asked.json["run"]["status"]) == ("pipeguard.escalation/1", True, "failed")
        assert "HOOK_TOKEN is empty" in deliver(told(), {"webhook": options}, {"HOOK": host.url})[0]


@pytest.mark.parametrize("status", [502, 503, 429])
def test_a_busy_host_is_asked_once_more(github: Host, status: int) -> None:
    github.fail = [status]
    assert deliver(told(), {"github_issue": True}, on_github(github)) == ["github_issue: opened issue 1"]
    github.fail = [status] * 9
    [line] = deliver(told(), {"github_issue": True}, on_github(github))
    assert line.startswith("github_issue: not told: ")
    assert str(status) in line


def test_a_limit_that_lasts_longer_than_there_is_time_is_not_waited_for(github: Host) -> None:
    github.fail, github.retry_after = [403, 403], "3600"
    begin = time.monotonic()
    assert deliver(told(), {"github_issue": True}, on_github(github)) == ["github_issue: not told: its rate limit is used up (403)"]
    assert len(github.asked) == 1
    assert time.monotonic() - begin < 5


@pytest.mark.parametrize(("status", "word"), [(401, "token"), (403, "may not"), (404, "not found"), (410, "switched off"), (422, "refuses")])
def test_a_refusal_is_named_and_not_repeated(github: Host, status: int, word: str) -> None:
    github.fail = [status, status]
    [line] = deliver(told(), {"github_issue": True}, on_github(github))
    assert word in line
    assert len(github.asked) == 1


def test_issues_that_are_off_and_a_wrong_token(github: Host) -> None:
    github.issues_are_off = True
    assert "switched off" in deliver(told(), {"github_issue": True}, on_github(github))[0]
    assert "401" in deliver(told(), {"github_issue": True}, on_github(github, GITHUB_TOKEN="ghs_wrong"))[0]


def test_no_token_is_said_with_the_mend(github: Host, gitlab: Host) -> None:
    [line] = deliver(told(), {"github_issue": True}, on_github(github, GITHUB_TOKEN=""))
    assert "issues: write" in line
    [line] = deliver(told(), {"gitlab_issue": True}, on_gitlab(gitlab, GITLAB_TOKEN="", CI_JOB_TOKEN="x"))
    assert "GITLAB_TOKEN" in line
    assert github.asked == gitlab.asked == []


def test_a_token_does_not_follow_to_another_host(github: Host) -> None:
    with serving(Hook) as thief:
        # The same machine by another port, and by another name.
        for place in (f"{thief.url}/take", f"http://localhost:{github.port}/repos/o/shop/issues"):
            github.redirect = place
            [line] = deliver(told(), {"github_issue": True}, on_github(github))
            assert "redirects to another host" in line
        assert thief.asked == []


def test_a_page_on_another_host_is_not_asked_for(github: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Hook) as thief:
        for _ in range(101):
            github.issue("another")
        monkeypatch.setattr(Host, "url", property(lambda self: thief_url if self is github else f"http://127.0.0.1:{self.port}"))
        thief_url = f"http://127.0.0.1:{thief.port}"
        env = {**on_github(github), "GITHUB_API_URL": f"http://127.0.0.1:{github.port}"}
        [line] = deliver(told(), {"github_issue": True}, env)
        assert "another host" in line
        assert thief.asked == []


def test_a_redirect_within_the_host_is_followed(github: Host) -> None:
    with serving(GitHub) as moved:
        moved.redirect = f"{moved.url}/repos/o/shop/issues"
        [line] = deliver(told(), {"github_issue": True}, on_github(moved))
        assert "without end" in line
        assert len(moved.asked) == 4


def test_netrc_gives_no_token(github: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login thief password pw\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    deliver(told(), {"github_issue": True}, on_github(github))
    assert {one.headers["authorization"] for one in github.asked} == {f"Bearer {GITHUB_TOKEN}"}


def test_a_slow_host_is_left_behind_and_keeps_no_other_waiting(github: Host) -> None:
    github.delay_s = 30.0
    with serving(Slack) as quick:
        begin = time.monotonic()
        lines = deliver(told(), {"github_issue": True, "slack": {"webhook_env": "HOOK"}}, on_github(github, HOOK=quick.url), in_all_s=1.5)
        assert lines == ["github_issue: not told: no answer in time", "slack: told Slack"]
        assert time.monotonic() - begin < 10


def test_told_to_stop_is_heard(github: Host) -> None:
    github.delay_s = 30.0
    assert deliver(told(), {"github_issue": True}, on_github(github), stopped=lambda: True) == ["github_issue: not told: told to stop"]


def test_nobody_listens() -> None:
    with serving(Hook) as gone:
        address = gone.url
    [line] = deliver(told(), {"webhook": {"url": f"{address}/secret-path"}}, {})
    assert line == "webhook: not told: it cannot be reached"


@pytest.mark.parametrize("address", ["", "ftp://x", "https://", "http://[", "javascript:x"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(Undelivered):
        Connection(address)


def test_an_answer_of_another_kind(github: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(GitHub, "_serve", lambda self, asked: (200, "<html>captive portal</html>", {}))
    with serving(GitHub) as portal:
        assert deliver(told(), {"github_issue": True}, on_github(portal)) == ["github_issue: not told: the answer is no JSON"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A certificate of our own for 127.0.0.1, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("no openssl")
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", f"{file}.key", "-out", str(file)],
        check=True, capture_output=True,
    )  # fmt: skip
    file.write_text(file.read_text() + Path(f"{file}.key").read_text())
    return str(file)


def test_a_certificate_must_be_one_that_is_trusted(certificate: str) -> None:
    with serving(GitLab, certificate) as host:
        env = {**on_gitlab(host), "CI_API_V4_URL": f"https://127.0.0.1:{host.port}/api/v4"}
        assert deliver(told(), {"gitlab_issue": True}, env) == ["gitlab_issue: not told: its certificate is not accepted"]
        assert host.asked == []
        trusted = {**env, "CI_SERVER_TLS_CA_FILE": certificate}
        assert deliver(told(), {"gitlab_issue": True}, trusted) == ["gitlab_issue: opened issue 1"]


def test_the_proxy_of_the_environment_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Hook) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        assert deliver(told(), {"webhook": {"url": "http://hooks.example/in"}}, {}) == ["webhook: told the webhook"]
        assert [(one.method, one.headers["host"]) for one in proxy.asked] == [("POST", "hooks.example")]


def test_a_token_pasted_with_a_line_end_is_the_token(github: Host) -> None:
    assert deliver(told(), {"github_issue": True}, on_github(github, GITHUB_TOKEN=f"{GITHUB_TOKEN}\n")) == ["github_issue: opened issue 1"]
    [line] = deliver(told(), {"github_issue": True}, on_github(github, GITHUB_TOKEN="a\nX-Evil: 1"))
    assert "the request cannot be made" in line
    assert all("x-evil" not in one.headers for one in github.asked)


def test_metrics_replace_the_group_of_their_history() -> None:
    with serving(Hook) as gateway:
        push(f"http://user:pa%40ss@127.0.0.1:{gateway.port}/push", "o/shop", "sqlite:x", "a 1\n")
        [asked] = gateway.asked
        assert (asked.method, asked.path, asked.body) == ("PUT", "/push/metrics/job/pipeguard/instance@base64/by9zaG9w", b"a 1\n")
        assert asked.headers["authorization"] == "Basic dXNlcjpwYUBzcw=="
        assert asked.headers["content-type"].startswith("text/plain; version=0.0.4")
        gateway.fail = [400]
        with pytest.raises(Undelivered):
            push(gateway.url, None, "sqlite:x", "a 1\n")
