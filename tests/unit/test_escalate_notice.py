"""A run document → title and body that nothing of the log escapes from; Slack's message; the job's address."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from guard.escalate import TARGETS, webhook
from guard.escalate.deliver import obstacles
from guard.escalate.github_api import cut, ours, pull_request
from guard.escalate.job import Job, job
from guard.escalate.notice import ends_red, inert, notice
from guard.escalate.slack import message

SCHEMAS = Path(__file__).parents[2] / "guard" / "schema"
SCHEMA = json.loads((SCHEMAS / "escalation.schema.json").read_text())
LOG = "@everyone <!channel> ![x](https://evil.example/p.png) [l](http://e) #12 !3 `tick` *b* \u202e"


def document(fingerprint: str = "a" * 16, status: str = "failed", text: str = "heap out of memory", **given: Any) -> dict[str, Any]:
    """A masked `pipeguard.run/1` of two attempts."""
    code = 0 if status == "healed" else 137
    found = {
        "label": "out_of_memory", "family": "resources", "probability": 0.97, "source": "telemetry:oom_kill", "fingerprint": fingerprint,
        "evidence": [{"line": 7, "text": text, "rank": "primary"}], "entities": {"tool": "node"}, "alternatives": [],
    }  # fmt: skip
    plan = {"decision": "escalate", "reason": f"no more memory to give {given.get('word', '')}", "remedies": [], "refused": [], "expected_cost_s": 0, "success_probability": 0}
    first = {"number": 1, "exit_code": 137, "signal": None, "ended": "exited", "duration_s": 10.0, "telemetry": {}, "diagnosis": found, "plan": plan}
    last = {**first, "number": 2, "exit_code": code, **({"diagnosis": None, "plan": None} if status == "healed" else {})}
    return {
        "schema": "pipeguard.run/1", "id": "run-1", "status": status, "exit_code": given.get("exit_code", code), "platform": "github",
        "command": given.get("command", ["npm", "test"]), "started_at": "2026-11-24T10:00:00+00:00", "duration_s": 21.0, "healed_by": [],
        "attempts": [first, last], "rescued_s": 0, "wasted_s": 11.0, "diagnosis_s": 0.1, "project": "o/shop",
        "branch": given.get("branch", "main"), "commit": "c" * 40,
    }  # fmt: skip


def test_every_key_of_the_settings_has_its_target() -> None:
    settings = json.loads((SCHEMAS / "settings.schema.json").read_text())
    assert {*TARGETS, "healed"} == set(settings["properties"]["escalate"]["oneOf"][1]["properties"])
    assert [target.NAME for target in TARGETS.values()] == list(TARGETS)


def test_the_body_says_what_and_where() -> None:
    made = notice(document(), Job("ci / build", "https://ci.example/1"))
    assert made.title == "Build red: out_of_memory in ci / build"
    for part in ("out_of_memory", "97%", "heap out of memory", "[the job](https://ci.example/1)", "branch `main`", "guard feedback run-1", made.marker, made.job_marker):
        assert part in made.body
    assert made.fingerprint == "a" * 16


def test_a_run_without_diagnosis_has_a_fingerprint_of_its_command() -> None:
    run = document()
    for attempt in run["attempts"]:
        attempt["diagnosis"] = None
    one, other = notice(run, Job()), notice({**run, "command": ["make"]}, Job())
    assert re.fullmatch("[0-9a-f]{16}", one.fingerprint)
    assert one.fingerprint != other.fingerprint
    assert one.title == "Build red: unknown in npm test"


def test_a_fingerprint_of_an_odd_form_cannot_close_the_marker() -> None:
    assert "-->x" not in notice(document(fingerprint="-->x"), Job()).marker


def outside_code(markdown: str) -> str:
    """What a host renders as text: without fenced blocks and code spans."""
    return re.sub(r"(`+)[^`].*?\1", "", re.sub(r"(?ms)^(`{3,})text$.*?^\1$", "", markdown))


@pytest.mark.parametrize("where", ["text", "word", "branch", "command"])
def test_nothing_of_a_log_acts_in_the_body(where: str) -> None:
    given: dict[str, Any] = {where: [LOG] if where == "command" else LOG}
    shown = outside_code(notice(document(**given), Job("j")).body)
    # A mention, reference, image or link would need its mark beside what follows it.
    for pattern in (r"(?<!\\)[@#!]\w", r"\\[@#!](?!\u2060)", r"(?<!\\)\[(?!the job)[^]]*\]\(", r"<!channel", r"<img", r"\u202e"):
        assert not re.search(pattern, shown), (pattern, shown)


def test_a_line_of_a_script_is_no_quick_action() -> None:
    body = notice(document(command=["bash", "-e", "-c", "a", "```\n/close\n /assign @me"]), Job()).body
    assert "/close" in body
    assert not re.search(r"(?m)^\s*/\w", body)


def test_inert_breaks_references_and_leaves_words() -> None:
    assert inert("a\\@b \\#1 plain, 50% or a/b\n/close") == "a\\@\u2060b \\#\u20601 plain, 50% or a/b\n\u2060/close"


@pytest.mark.parametrize(
    ("status", "code", "red", "word"), [("failed", 1, True, "red"), ("healed", 0, False, "healed"), ("healed", 1, True, "red")]
)
def test_what_is_red(status: str, code: int, red: bool, word: str) -> None:
    run = document(status=status, exit_code=code)
    assert ends_red(run) is red
    assert notice(run, Job()).title.startswith(f"Build {word}: ")


def test_a_long_body_fits_the_api() -> None:
    assert len(cut("line\n" * 30_000)) <= 65_000
    assert len(notice(document(command=["x" * 400_000]), Job()).title) <= 120


def test_slack_gets_text_as_text() -> None:
    made = message(notice(document(text=LOG, word=LOG, branch=LOG), Job(LOG, "https://ci.example/1")))
    texts = [block["text"]["text"] for block in made["blocks"] if "text" in block] + [block["elements"][0]["text"] for block in made["blocks"] if "elements" in block]
    everything = "\n".join([made["text"], *texts])
    assert re.findall(r"<[^>]*>", everything) == ["<https://ci.example/1|the job>"]
    assert "&lt;!channel&gt;" in everything
    assert everything.count("```") == 2
    assert all(len(text) <= 3000 for text in texts)
    assert (made["unfurl_links"], made["unfurl_media"]) == (False, False)


def test_the_webhook_s_document_matches_its_schema() -> None:
    for made in (notice(document(), Job("a", "https://ci.example")), notice(document(status="healed"), Job())):
        jsonschema.Draft202012Validator(SCHEMA).validate(webhook.document(made))


@pytest.mark.parametrize(
    ("platform", "env", "name", "url"),
    [
        ("github", {"GITHUB_SERVER_URL": "https://g.example", "GITHUB_REPOSITORY": "o/r", "GITHUB_RUN_ID": "5", "GITHUB_RUN_ATTEMPT": "2", "GITHUB_WORKFLOW": "ci", "GITHUB_JOB": "b"}, "ci / b", "https://g.example/o/r/actions/runs/5/attempts/2"),
        ("gitlab", {"CI_JOB_URL": "https://l.example/-/jobs/1", "CI_JOB_NAME": "t"}, "t", "https://l.example/-/jobs/1"),
        ("jenkins", {"BUILD_URL": "http://j/job/x/1/", "JOB_NAME": "x"}, "x", "http://j/job/x/1/"),
        ("azure", {"SYSTEM_TEAMFOUNDATIONCOLLECTIONURI": "https://a.example/o/", "SYSTEM_TEAMPROJECT": "my p", "BUILD_BUILDID": "3"}, "", "https://a.example/o/my%20p/_build/results?buildId=3"),
        ("gitlab", {"CI_JOB_URL": "https://l.example/) [x](javascript:1"}, "", ""),
        ("gitlab", {"CI_JOB_URL": "javascript:alert(1)"}, "", ""),
        ("none", {"BUILD_URL": "http://j"}, "", ""),
    ],
)  # fmt: skip
def test_the_job_s_address(platform: str, env: dict[str, str], name: str, url: str) -> None:
    assert job(env, platform) == Job(name, url)


def test_ours_is_what_somebody_trusted_wrote() -> None:
    marked = {"body": "x <!-- m -->"}
    assert ours({**marked, "user": {"type": "Bot"}}, "<!-- m -->")
    assert ours({**marked, "author_association": "MEMBER"}, "<!-- m -->")
    assert not ours({**marked, "author_association": "CONTRIBUTOR", "user": {"type": "User"}}, "<!-- m -->")
    assert not ours({"body": None, "user": None, "author_association": "OWNER"}, "<!-- m -->")


@pytest.mark.parametrize(
    ("event", "ref", "number"),
    [('{"pull_request": {"number": 7}}', "", 7), ("[]", "refs/pull/9/merge", 9), ('{"pull_request": {"number": "7/../1"}}', "", None), ("", "refs/heads/pull/7/x", None)],
)
def test_the_number_of_the_pull_request(tmp_path: Path, event: str, ref: str, number: int | None) -> None:
    (tmp_path / "event.json").write_text(event)
    env = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(tmp_path / "event.json"), "GITHUB_REF": ref}
    assert pull_request(env) == number


def test_by_github_s_own_renderer_nothing_of_a_log_is_a_link_or_a_mention() -> None:
    render = pytest.importorskip("cmarkgfm", reason="cmarkgfm is in the extra `test`").github_flavored_markdown_to_html
    hostile = LOG + " https://evil.example/x www.evil.example a@evil.example <https://a.example> <b>x</b> &#64;all o/r#5 ``` ````"
    run = document(text=hostile, word=hostile, branch=hostile, command=["sh", "-c", "x", f"{hostile}\n```\n# h\n{hostile}"])
    shown = render(notice(run, Job(hostile, "https://ci.example/1")).body)
    assert re.findall(r"<(?:a|img|script|b|h1)\b[^>]*>", shown) == ['<a href="https://ci.example/1">']
    text = re.sub(r"<[^>]+>", "", re.sub(r"<code.*?</code>", "", shown, flags=re.DOTALL))
    assert not re.findall(r"(?<!\w)[@#!]\w+", text)


def test_what_is_missing_is_named_without_a_connection() -> None:
    wanted = {"github_issue": True, "mr_comment": True, "slack": {"webhook_env": "S"}, "webhook": {"url": "https://x.example", "token_env": "T"}, "healed": True}
    bare = obstacles(wanted, {})
    assert list(bare) == ["github_issue", "mr_comment", "slack", "webhook"]
    assert all(bare.values())
    env = {
        "GITHUB_REPOSITORY": "o/r", "GH_TOKEN": "t", "CI_API_V4_URL": "https://l.example/api/v4", "CI_PROJECT_ID": "1", "GITLAB_TOKEN": "t",
        "S": "https://s.example", "T": "t",
    }  # fmt: skip
    assert set(obstacles(wanted, env).values()) == {""}
