"""`guard init` shows the command that the repository's own CI file runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.commands import init, init_ci

GITHUB = """
on: push
jobs:
  lint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - run: npm ci
      - run: npm run lint
  unit:
    runs-on: ${{ matrix.os }}
    strategy: {matrix: {os: [a, b]}}
    steps:
      - run: npm test -- --shard=${{ matrix.os }}
      - name: Unit
        run: |
          npm run build
          npm test -- --ci 'a b'
"""
GITLAB = """
include: [{local: x.yml}]
.base: &base
  before_script: [echo no]
unit:
  <<: *base
  image: python:3.12
  script:
    - !reference [.setup, script]
    - pip install -e .
    - pytest -q
"""
JENKINS = """pipeline { agent any
  stages { stage('a') { steps { sh "make ${params.X} test"
      sh '''mvn -B \\\\
  verify'''
      sh 'deploy' } } } }"""
CIRCLE = "version: 2.1\njobs:\n  t:\n    steps: [checkout, run: make deps, {run: {name: Tests, command: make check}}]\n"
AZURE = "steps:\n- script: dotnet restore\n- script: dotnet test\n  displayName: t\n"


@pytest.mark.parametrize(
    ("ci", "file", "text", "command"),
    [
        ("github", ".github/workflows/ci.yml", GITHUB, "npm run build\nnpm test -- --ci 'a b'"),
        ("github", ".github/workflows/z.yaml", "jobs: {a: {steps: [{run: ./gradlew assemble}]}}", "./gradlew assemble"),
        ("gitlab", ".gitlab-ci.yml", GITLAB, "pip install -e .\npytest -q"),
        ("jenkins", "Jenkinsfile", JENKINS, "mvn -B \\\\\n  verify"),
        ("circleci", ".circleci/config.yml", CIRCLE, "make check"),
        ("azure", "azure-pipelines.yml", AZURE, "dotnet test"),
    ],
)
def test_the_command_that_stands_there(tmp_path: Path, ci: str, file: str, text: str, command: str) -> None:
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text)
    assert init_ci.command(tmp_path, ci) == (command, file)


@pytest.mark.parametrize(
    "text",
    ["", "[", "a: [" * 900, "jobs: 7", "jobs: {a: {steps: [{run: 5}, {run: [x]}]}}", "\x00", "jobs: {a: {steps: [{run: echo hi}]}}",
     "a: &a [x, x]\nb: &b [*a, *a, *a, *a]\nc: &c [*b, *b, *b, *b]\nd: &d [*c, *c, *c, *c]\ne: [*d, *d, *d, *d]", "run: \"make test \\e[8m\""],
)  # fmt: skip
def test_files_that_tell_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / ".github/workflows/a.yml").write_text(text)
    assert init_ci.command(tmp_path, "github") == ("", "")


def test_links_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_text(JENKINS)
    (tmp_path / "Jenkinsfile").symlink_to("elsewhere")
    assert init_ci.command(tmp_path, "jenkins") == ("", "")


def test_a_snippet_holds_any_command() -> None:
    shown = init.snippet("github", "npm run build\nnpm test -- 'a b'")
    assert "          run: |\n            npm run build\n            npm test -- 'a b'\n" in shown
    assert "in the place of `run: npm run build …`" in shown
    assert "guard run -c 'make x=\"a '\"'\"'b'\"'\"'\"'" in init.snippet("none", "make x=\"a 'b'\"")
