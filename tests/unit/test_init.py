"""`guard init`: what it finds, what it writes, and that it overwrites and follows nothing."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
import yaml

from guard.commands import init
from guard.platforms import PLATFORMS
from guard.settings import file, loading
from guard.settings.keys import KEYS
from guard.settings.place import NAME
from guard.settings.values import Settings


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    root = tmp_path / "repo"
    (root / ".git").mkdir(parents=True)
    monkeypatch.chdir(root)
    monkeypatch.setattr(init, "_kept_by_git", lambda root: frozenset({"dist/app.js", "src/a.c"}))
    return root


def load(root: Path) -> Settings:
    return loading.load(root, {}, {"HOME": "/nonexistent"}, "none", False)


def test_writes_what_is_accepted_and_changes_nothing(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = load(repository)
    assert init.run() == 0
    assert load(repository) == before
    assert NAME in capsys.readouterr().out


def uncommented(text: str) -> str:
    """The file with its keys in force: prose begins with `# `, a key with `#` or, inside another, with `#  `."""
    return "\n".join(line.removeprefix("#") for line in text.splitlines() if not re.match(r"# \S", line))


def test_every_key_stands_there_and_is_valid_without_its_mark(repository: Path) -> None:
    (repository / "build").mkdir()
    init.run(force=True)
    text = uncommented((repository / NAME).read_text())
    document = file.parse(text, NAME)
    assert set(document.values) == set(KEYS)
    (repository / NAME).write_text(text)
    found = load(repository)
    assert found.allow.delete == (str(repository / "build"),)
    store = f"sqlite:{repository / '.pipeguard/history.db'}"
    assert (found.attempts, found.idempotent, found.history, found.probes) == (3, None, store, False)


def test_defaults_in_the_text_are_the_defaults(repository: Path) -> None:
    init.run()
    values = file.parse(uncommented((repository / NAME).read_text()), NAME).values
    default = Settings()
    assert values["attempts"] == default.attempts
    assert values["allow"] == {"reclaim": list(default.allow.reclaim), "delete": [], "swap": False, "kill": default.allow.kill}


def test_never_overwrites_unasked(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / NAME).write_text("attempts: 2\n")
    assert init.run() == 2
    assert (repository / NAME).read_text() == "attempts: 2\n"
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("guard: ")
    assert lines[1].startswith("guard: hint: ")
    assert "--force" in lines[1]
    assert init.run(force=True) == 0
    assert "attempts: 2\n" not in (repository / NAME).read_text()


def test_a_link_is_not_followed(repository: Path, tmp_path: Path) -> None:
    other = tmp_path / "precious"
    other.write_text("keep")
    (repository / NAME).symlink_to(other)
    assert init.run() == 2
    assert init.run(force=True) == 0
    assert other.read_text() == "keep"
    assert not (repository / NAME).is_symlink()


def test_a_dangling_link_is_not_followed(repository: Path, tmp_path: Path) -> None:
    (repository / NAME).symlink_to(tmp_path / "nowhere")
    assert init.run() == 2
    assert not (tmp_path / "nowhere").exists()


def test_a_folder_in_the_way(repository: Path) -> None:
    (repository / NAME).mkdir()
    assert init.run(force=True) == 2


def test_a_failed_write_leaves_nothing_behind(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert init.run(force=True) == 2
    assert sorted(os.listdir(repository)) == [".git"]


def test_output_folders_git_and_links_apart(repository: Path, tmp_path: Path) -> None:
    for name in ("build", "dist", "target"):
        (repository / name).mkdir()
    (repository / "out").symlink_to(tmp_path)
    assert init.look(repository).output == ("build/", "target/")


def test_no_folder_is_suggested_when_git_cannot_tell(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (repository / "build").mkdir()
    monkeypatch.setattr(init, "_kept_by_git", lambda root: None)
    assert init.look(repository).output == ()


@pytest.mark.parametrize(
    ("path", "ci"),
    [
        (".github/workflows/ci.yml", "github"), (".gitlab-ci.yml", "gitlab"), ("Jenkinsfile", "jenkins"),
        (".circleci/config.yml", "circleci"), ("azure-pipelines.yml", "azure"), (".buildkite/pipeline.yml", "buildkite"),
        (".teamcity/settings.kts", "teamcity"),
    ],
)  # fmt: skip
def test_snippet_of_the_ci(repository: Path, path: str, ci: str, capsys: pytest.CaptureFixture[str]) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).touch()
    (repository / "go.mod").touch()
    assert init.look(repository).cis == (ci,)
    init.run()
    out = capsys.readouterr().out
    assert "pipeguard" in out
    assert "go test ./..." in out


def test_a_snippet_for_each_platform() -> None:
    for name in PLATFORMS:
        assert "make" in init.snippet(name, "make")
        assert "pipeguard" in init.snippet(name, "make")
        assert "@COMMAND@" not in init.snippet(name, "make")
    assert "guard run --" in init.snippet("none", "make")


@pytest.mark.parametrize("command", sorted({command for _, _, command in init._MARKS}))
def test_snippets_are_what_the_ci_reads(command: str) -> None:
    """The indented lines of each are YAML that holds the command as it stands."""
    for name, where in (("github", "run"), ("circleci", "command"), ("azure", "run"), ("buildkite", "command")):
        lines = init.snippet(name, command).splitlines()
        indented = [line for line in lines if line.startswith("  ") and "repository:" not in line and "pipeguard/guard@1" not in line]
        found = yaml.safe_load("\n".join(line for line in indented if not line.strip().startswith("repositories:")))
        texts = [value for key, value in scalars(found) if key == where]
        assert [text.strip() for text in texts] == [command], name


def scalars(node: object, key: object = None) -> list[tuple[object, str]]:
    if isinstance(node, dict):
        return [one for name, value in node.items() for one in scalars(value, name)]
    if isinstance(node, list):
        return [one for value in node for one in scalars(value, key)]
    return [(key, node)] if isinstance(node, str) else []


def test_what_the_repository_uses(repository: Path) -> None:
    (repository / "package-lock.json").touch()
    (repository / "server").mkdir()
    (repository / "server" / "pom.xml").touch()
    found = init.look(repository)
    assert found.uses == ("npm", "Maven")
    assert found.command == "npm ci && npm test"


def test_an_empty_repository(repository: Path) -> None:
    found = init.look(repository)
    assert (found.uses, found.cis, found.output) == ((), (), ())
    assert init.run() == 0
