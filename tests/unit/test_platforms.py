"""Each CI's language: what cannot be opened by a hostile text, which CI it is, its shell."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from guard import detect, forks
from guard.platforms import PLATFORMS

# What each CI's runner reads as a command in one line of the log, by its own documentation.
OPENS = {
    "github": re.compile(r"^\s*::[a-z-]+|##\[[a-z-]*", re.IGNORECASE),
    "gitlab": re.compile(r"section_(?:start|end):|[\r\x1b]"),
    "azure": re.compile(r"##vso\[|##\[", re.IGNORECASE),
    "teamcity": re.compile(r"##teamcity\[", re.IGNORECASE),
    "buildkite": re.compile(r"^(?:---|\+\+\+|~~~|\^\^\^) |\x1b"),
    "jenkins": re.compile(r"\x1b\[8mha:"),
    "circleci": re.compile(r"[\x00-\x08\n\r\x1b]"),
    "none": re.compile(r"[\x00-\x08\n\r\x1b]"),
}
ATTACKS = [
    "::error::x", "::set-env name=PATH::/evil", "  ::add-mask::a", "\t::stop-commands::x", "x\n::error::y", "x\r::error::y",
    "x\r\n::error::y", "\x00::error::", "##[error]x", "a ##[add-path]/evil", "##[ERROR]x", "###[error]", "####[error]",
    "::::error::x", ":::error::x", "section_start:1:x\r\x1b[0K", "section_end:1:x", "section_section_start:1:x",
    "SECTION_START:1:x", "##vso[task.setvariable variable=PATH]/evil", "##VSO[task.complete]", "###vso[task.complete]",
    "##vs\x00o[x]", "##\x1b[vso[x]", "#\x00#vso[x]", "##\r[error]", "##teamcity[buildStop]", "a##TeamCity[x",
    "##team\x07city[x]", "--- group", "+++ group", "~~~ group", "^^^ +++", "\x1b[8mha:AAAA\x1b[0m", "\x9b31m", "\u2028::error::x",
    "\u2029##vso[x]", "\x85::error::x", "\x0b::error::x", "\x0c::error::x", "section_\x00start:1:a",
]  # fmt: skip


def lines(text: str) -> list[str]:
    return re.split(r"[\n\r]", text)


def opened(name: str, text: str) -> bool:
    return any(OPENS[name].search(line) for line in lines(text)) or "\n" in text or "\r" in text


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("text", ATTACKS)
def test_no_attack_opens_a_command(name: str, text: str) -> None:
    escaped = PLATFORMS[name].escape(text)
    assert not opened(name, escaped)
    assert not opened(name, f"guard:   line 3: {escaped}")
    # Escaped twice is not opened again.
    assert not opened(name, PLATFORMS[name].escape(escaped))


_FRAGMENTS = st.sampled_from(
    ["::", ":", "#", "##", "[", "]", "vso", "teamcity", "error", "group", "section_", "start", "end", ":1:", "\r", "\n", "\x1b",
     "\x00", " ", "---", "+++", "~", "\x9b", "%0A", "%", "\u2028", "add-mask", "\t", "|", "'"]
)  # fmt: skip


@pytest.mark.parametrize("name", PLATFORMS)
@given(st.one_of(st.text(max_size=40), st.lists(_FRAGMENTS, max_size=12).map("".join)))
@example("##" * 3 + "[error]")
@example("section_" * 3 + "start:1:x")
def test_nothing_opens_a_command(name: str, text: str) -> None:
    assert not opened(name, PLATFORMS[name].escape(text))


@pytest.mark.parametrize("name", PLATFORMS)
def test_what_is_harmless_stays(name: str) -> None:
    for text in ("error: cannot find -lfoo", "std::vector<int> x", "a # b [c]", "50% of 3\tdone", "naïve ☃ 日本"):
        assert PLATFORMS[name].escape(text) == text


@pytest.mark.parametrize("name", PLATFORMS)
@pytest.mark.parametrize("text", ATTACKS)
def test_titles_and_annotations_hold_one_command_at_most(name: str, text: str) -> None:
    platform = PLATFORMS[name]
    group = platform.group(text)
    annotation = platform.annotate("error", text, text, text, 3)
    for made in (group, annotation):
        assert "\n" not in made
        if name == "github":
            assert made.startswith("::")
            assert not re.search(r"##\[", made)
        elif name == "azure" and made:
            assert made.startswith("##")
            assert len(re.findall(r"##(?:vso)?\[", made, re.IGNORECASE)) == 1
        elif name == "teamcity" and made:
            assert len(re.findall(r"##teamcity\[", made, re.IGNORECASE)) == 1
            # Quotes and brackets inside values stand behind a bar.
            inside = made[len("##teamcity[") : -1]
            assert not re.search(r"(?<!\|)(?:\|\|)*[\[\]]", inside)
        elif name == "gitlab" and made:
            assert made.count("section_start:") == 1


def test_github_annotation_properties_cannot_be_left() -> None:
    made = PLATFORMS["github"].annotate("error", "a,file=/etc/passwd", "x\ny%", "b:c,line=9", 3)
    assert made == "::error file=b%3Ac%2Cline=9,line=3,title=a%2Cfile=/etc/passwd::x%0Ay%25"


def test_azure_properties_cannot_be_left() -> None:
    made = PLATFORMS["azure"].annotate("warning", "t", "x", "a;type=error]y", 3)
    assert made == "##vso[task.logissue type=warning;sourcepath=a%3Btype=error%5Dy;linenumber=3]t: x"


def test_teamcity_values() -> None:
    assert PLATFORMS["teamcity"].group("a'b|c[d]\né") == "##teamcity[blockOpened name='a|'b||c|[d|]|n|0x00E9']"


@pytest.mark.parametrize("name", PLATFORMS)
def test_groups_come_in_pairs(name: str) -> None:
    platform = PLATFORMS[name]
    assert name == platform.NAME
    if platform.end_group("t"):
        assert platform.group("t")


@pytest.mark.parametrize(
    ("env", "expected"),
    [
        ({}, "none"), ({"CI": "true"}, "none"), ({"GITHUB_ACTIONS": "true"}, "github"), ({"GITHUB_ACTIONS": "false"}, "none"),
        ({"GITLAB_CI": "true"}, "gitlab"), ({"CIRCLECI": "true"}, "circleci"), ({"TF_BUILD": "True"}, "azure"),
        ({"BUILDKITE": "true"}, "buildkite"), ({"TEAMCITY_VERSION": "2023.11"}, "teamcity"), ({"TEAMCITY_VERSION": ""}, "none"),
        ({"JENKINS_URL": "https://jenkins.example/"}, "jenkins"),
        ({"JENKINS_URL": "https://jenkins.example/", "GITHUB_ACTIONS": "true"}, "github"),
    ],
)  # fmt: skip
def test_which_ci(env: dict[str, str], expected: str) -> None:
    assert detect.platform(env) == expected
    assert expected in PLATFORMS


def test_workspace_is_what_the_ci_says_where_we_are_in_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "repo" / "sub").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path / "repo" / "sub")
    env = {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(tmp_path / "repo")}
    assert detect.workspace(env) == str(tmp_path / "repo")
    assert detect.workspace({**env, "GITHUB_WORKSPACE": str(tmp_path / "other")}) == str(tmp_path / "repo" / "sub")
    (tmp_path / "repo" / ".git").touch()
    assert detect.workspace({}) == str(tmp_path / "repo")


def test_shells(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "bash").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    strict = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
    text = 'echo "$1" \'a b\'\n'
    for name in ("github", "none", "circleci", "azure"):
        assert detect.script_argv(name, text) == (*strict, text)
    assert detect.script_argv("jenkins", text)[0].endswith("sh")
    assert "x" in detect.script_argv("jenkins", text)[1]
    assert "e" in detect.script_argv("jenkins", text)[1]
    assert detect.script_argv("gitlab", text)[-1] == text
    assert "pipefail" in detect.script_argv("gitlab", text)


def test_shells_without_bash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for name in PLATFORMS:
        argv = detect.script_argv(name, "true")
        assert argv[0].endswith("sh")
        assert argv[0] != "bash"
        assert argv[-2:] == ("-c", "true")


@pytest.mark.parametrize("name", PLATFORMS)
def test_a_script_file_is_given_by_its_path(name: str, tmp_path: Path) -> None:
    path = str(tmp_path / "a b.sh")
    assert detect.script_file_argv(name, path)[-1] == path


def test_a_fork_s_merge_request() -> None:
    env = {"GITLAB_CI": "true", "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "7", "CI_MERGE_REQUEST_PROJECT_ID": "7"}
    assert not forks.fork_build(env)
    assert forks.fork_build({**env, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID": "8"})
    assert not forks.fork_build({})


def test_a_fork_s_pull_request(tmp_path: Path) -> None:
    def fork(head: object, base: str = "us/repo", event: str = "pull_request") -> bool:
        file = tmp_path / "event.json"
        change = {"head": {"repo": head}, "base": {"repo": {"full_name": base}}}
        file.write_text(json.dumps({"repository": {"full_name": base}, "pull_request": change}))
        return forks.fork_build(
            {"GITHUB_ACTIONS": "true", "GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(file), "GITHUB_REPOSITORY": base}
        )

    assert fork({"full_name": "them/repo", "fork": True})
    assert fork({"full_name": "them/repo", "fork": True}, event="pull_request_target")
    assert not fork({"full_name": "us/repo", "fork": False})
    assert not fork({"full_name": "them/repo", "fork": True}, event="push")
    # The fork was deleted: whose change it is cannot be told.
    assert fork(None)
