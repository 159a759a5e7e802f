"""Forks told by each CI's own variables; a Jenkins script's own interpreter."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from guard import detect, forks

GITHUB = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "pull_request"}


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({"CIRCLECI": "true", "CIRCLE_PR_REPONAME": "repo"}, True),
        ({"CIRCLECI": "true", "CIRCLE_PULL_REQUEST": "https://host.example/us/repo/pull/1"}, False),
        ({"TF_BUILD": "True", "SYSTEM_PULLREQUEST_ISFORK": "True"}, True),
        ({"TF_BUILD": "True", "SYSTEM_PULLREQUEST_ISFORK": "False"}, False),
        ({"JENKINS_URL": "https://ci.example/", "CHANGE_FORK": "them"}, True),
        ({"JENKINS_URL": "https://ci.example/", "CHANGE_ID": "7"}, False),
        ({"BUILDKITE": "true", "BUILDKITE_REPO": "git@host.example:us/repo.git", "BUILDKITE_PULL_REQUEST_REPO": "git://host.example/them/repo.git"}, True),
        ({"BUILDKITE": "true", "BUILDKITE_REPO": "git@host.example:us/repo.git", "BUILDKITE_PULL_REQUEST_REPO": "https://host.example/US/repo"}, False),
        ({"BUILDKITE": "true", "BUILDKITE_REPO": "git@host.example:us/repo.git", "BUILDKITE_PULL_REQUEST_REPO": ""}, False),
        ({"GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8", "CI_PROJECT_ID": "7"}, True),
        ({"GITLAB_CI": "true", "CI_PROJECT_ID": "7"}, False),
        ({"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "push", "CHANGE_FORK": "x"}, False),
        ({**GITHUB, "GITHUB_EVENT_PATH": "/nonexistent/event.json"}, True),
        ({**GITHUB}, True),
        ({"CHANGE_FORK": ""}, False),
    ],
)  # fmt: skip
def test_fork(env: dict[str, str], expected: bool) -> None:
    assert forks.fork_build(env) is expected


@pytest.mark.parametrize("text", ["", "[]", "null", '{"pull_request": 3}', "{", "[" * 100_000, '{"repository": {"full_name": 1}}'])
def test_an_event_that_tells_nothing_is_a_fork_s(tmp_path: Path, text: str) -> None:
    event = tmp_path / "event.json"
    event.write_text(text)
    assert forks.fork_build({**GITHUB, "GITHUB_EVENT_PATH": str(event)})


@pytest.mark.parametrize(("head", "expected"), [("us/repo", False), ("US/Repo", False), ("them/repo", True)])
def test_a_workflow_run(tmp_path: Path, head: str, expected: bool) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"repository": {"full_name": "us/repo"}, "workflow_run": {"head_repository": {"full_name": head}}}))
    env = {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": "workflow_run", "GITHUB_EVENT_PATH": str(event)}
    assert forks.fork_build(env) is expected


@pytest.mark.parametrize(
    ("first", "expected"),
    [
        ("#!/bin/bash", ("/bin/bash", "-c")),
        ("#!/bin/bash -ex", ("/bin/bash", "-ex", "-c")),
        ("#! /usr/bin/env python3", ("/usr/bin/env", "python3", "-c")),
        ("#!/usr/bin/perl", ("/usr/bin/perl", "-e")),
        ("#!/usr/bin/unheard-of", ("sh", "-xe", "-c")),
        ("#!", ("sh", "-xe", "-c")),
        ("echo", ("sh", "-xe", "-c")),
        (" #!/bin/bash", ("sh", "-xe", "-c")),
    ],
)
def test_a_jenkins_script_s_own_interpreter(first: str, expected: tuple[str, ...]) -> None:
    script = f"{first}\necho 'a b'\n"
    assert detect.script_argv("jenkins", script) == (*expected, script)
    # Elsewhere the first line is a comment, as it is without us.
    assert detect.script_argv("github", script)[-1] == script
    assert detect.script_argv("github", script)[0] in ("bash", "sh")


def test_a_jenkins_file_s_own_interpreter(tmp_path: Path) -> None:
    file = tmp_path / "x"
    file.write_bytes(b"#!/usr/bin/env bash\r\ntrue\r\n")
    assert detect.script_file_argv("jenkins", str(file)) == ("/usr/bin/env", "bash", str(file))
    file.write_bytes(b"\xff\x00true")
    assert detect.script_file_argv("jenkins", str(file)) == ("sh", "-xe", str(file))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_fifo_as_script_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert detect.script_file_argv("jenkins", str(tmp_path / "pipe"))[0] == "sh"
