"""`guard init --from-retry`: what it changes, what stays byte for byte, what it refuses and where."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.commands import init_from_retry
from guard.errors import GuardError

BEFORE = """\
# The build.   Comments stay.
on: [push]
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v4    # untouched
    - name: Test   # why
      id: t
      uses: nick-fields/retry@7152eba30c6575329ac0576536151aca5a72780e # v3.0.0
      with:
        timeout_minutes: 10   # ten
        max_attempts: "3"
        # the shell
        shell: bash
        retry_wait_seconds: 30
        polling_interval_seconds: 5
        continue_on_error: true
        command: |
          npm ci

          npm test # with a comment
        warning_on_retry: false
      env: {A: b}
    - run: echo "${{ steps.t.outputs.total_attempts }} ${{ steps.t.outputs['exit_code'] }}"

  two:
    runs-on: ubuntu-latest
    steps:
      - {uses: 'nick-invision/retry@v2', with: {timeout_seconds: 90, retry_wait_seconds: 1, max_attempts: 2, command: "make a"}}
      - uses: Wandalen/wretry.action@v3.5.0 # keep this
        with:
          command: make
          attempt_limit: 5
          attempt_delay: 2000
          time_out: 600000
          current_path: ./sub dir
      - id: t
        run: echo "${{ steps.t.outputs.exit_code }}"
"""
AFTER = """\
# The build.   Comments stay.
on: [push]
jobs:
  one:
    runs-on: ubuntu-latest
    steps:
    - uses: actions/checkout@v4    # untouched
    - continue-on-error: true
      name: Test   # why
      id: t
      uses: pipeguard/action@v1
      with:
        timeout: 10m   # ten
        attempts: "3"
        # the shell
        shell: bash
        run: |
          npm ci

          npm test # with a comment
      env: {A: b}
    - run: echo "${{ steps.t.outputs.attempts }} ${{ steps.t.outputs['exit-code'] }}"

  two:
    runs-on: ubuntu-latest
    steps:
      - {uses: 'pipeguard/action@v1', with: {timeout: 90s, attempts: 2, run: "make a"}}
      - uses: pipeguard/action@v1 # keep this
        with:
          run: make
          attempts: 5
          budget: 600s
          working-directory: ./sub dir
      - id: t
        run: echo "${{ steps.t.outputs.exit_code }}"
"""


def step(*inputs: str, uses: str = "nick-fields/retry@v3") -> str:
    lines = "".join(f"\n          {line}" for line in inputs)
    return f"on: push\njobs:\n  j:\n    runs-on: x\n    steps:\n      - uses: {uses}\n        with:{lines}\n"


@pytest.fixture
def workflow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    return tmp_path / ".github" / "workflows" / "ci.yml"


def test_a_workflow_is_rewritten_and_all_else_stays(workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    # The uses of wretry has a comment that is no version: it stays. The value in quotes keeps them.
    workflow.write_text(BEFORE.replace("uses: 'nick", "uses: 'nick"))
    workflow.chmod(0o640)
    assert init_from_retry.run([]) == 0
    assert workflow.read_text() == AFTER
    assert workflow.stat().st_mode & 0o777 == 0o640
    said = capsys.readouterr().out
    assert "rewrote" in said
    assert "3 steps" in said
    assert ".github/workflows/ci.yml:16: `retry_wait_seconds` is left out" in said
    # A second time there is nothing to do.
    assert init_from_retry.run([]) == 0
    assert workflow.read_text() == AFTER


@pytest.mark.parametrize("ending", ["\r\n", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_line_ends_and_marks_stay(ending: str, mark: str, workflow: Path) -> None:
    text = mark + BEFORE.replace("\n", ending)
    assert init_from_retry.rewriting("ci.yml", text).done() == mark + AFTER.replace("\n", ending)


@pytest.mark.parametrize(
    ("inputs", "line", "words"),
    [
        (("command: make", "retry_on_exit_code: 3"), 9, "`retry_on_exit_code` has no equivalent: guard decides by the cause"),
        (("command: make", "on_retry_command: make clean"), 9, "`strategies` in .pipeguard.yml"),
        (("command: make", "new_command_on_retry: make -j1"), 9, "`new_command_on_retry` has no equivalent"),
        (("command: make", "retry_on: timeout"), 9, "`retry_on` has no equivalent"),
        (("command: make", "shell: cmd"), 9, "`shell: cmd` has no equivalent"),
        (("command: make", "max_attempts: 0"), 9, "`max_attempts: 0` has no equivalent"),
        (("command: make", "timeout_minutes: 1", "timeout_seconds: 9"), 10, "`timeout_seconds` says again what line 9 says"),
        (("command: make", "wat: 1"), 9, "`wat` is no input that is known"),
        (("command: make", "timeout_minutes: |", "  5"), 9, "`timeout_minutes` is a block of text"),
        (("command: make", "max_attempts: [1]"), 9, "`max_attempts` is an alias or no plain value"),
        (("timeout_minutes: 1",), 6, "has no `command`"),
    ],
)  # fmt: skip
def test_what_has_no_equivalent_is_refused_and_nothing_is_written(
    inputs: tuple[str, ...], line: int, words: str, workflow: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = workflow.with_name("other.yaml")
    workflow.write_text(step(*inputs))
    other.write_text(BEFORE)
    assert init_from_retry.run([]) == 2
    said = capsys.readouterr().err
    assert f"ci.yml:{line}: " in said
    assert words in said
    assert "nothing was written" in said
    assert workflow.read_text() == step(*inputs)
    assert other.read_text() == BEFORE


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (("action: actions/checkout@v4", "with: |", "  a: b"), "guard runs commands, not actions"),
        (("command: make", "retry_condition: x"), "guard decides by the cause"),
        (("command: make", "pre_retry_command: x"), "`strategies` in .pipeguard.yml"),
        (("command: make", "time_out: ${{ vars.T }}"), "write `budget: 10m`"),
    ],
)
def test_what_wretry_does_besides_is_refused(inputs: tuple[str, ...], words: str) -> None:
    made = init_from_retry.rewriting("x.yml", step(*inputs, uses="Wandalen/wretry.action@v3"))
    assert any(words in line for line in made.refusals)


def test_an_output_without_an_equivalent_is_refused_where_it_is_read() -> None:
    text = step("command: make").replace("- uses", "- id: t\n        uses") + "      - run: echo ${{ steps.t.outputs.exit_error }}\n"
    assert init_from_retry.rewriting("x.yml", text).refusals == ["x.yml:10: output `exit_error` of step `t` has no equivalent"]


def test_expressions_keep_their_place() -> None:
    text = init_from_retry.rewriting("x.yml", step("command: make", "timeout_minutes: ${{ vars.T }}", "max_attempts: ${{ vars.N }}")).done()
    assert "timeout: ${{ vars.T }}m\n" in text
    assert "attempts: ${{ vars.N }}\n" in text


def test_a_composite_action_is_rewritten_too() -> None:
    text = "name: x\nruns:\n  using: composite\n  steps:\n    - uses: nick-fields/retry@v3\n      with: {command: make, max_attempts: 2, timeout_minutes: 3}\n"
    assert "with: {run: make, attempts: 2, timeout: 3m}" in init_from_retry.rewriting("action.yml", text).done()


@pytest.mark.parametrize("text", ["", "- 1\n", "jobs: x\n", "jobs: {a: {steps: x}}\n", "x" * 10])
def test_other_files_are_left(text: str) -> None:
    assert init_from_retry.rewriting("x.yml", text).edits == []


def test_what_is_no_yaml_is_named_with_its_line() -> None:
    with pytest.raises(GuardError, match=r"x\.yml:2: "):
        init_from_retry.rewriting("x.yml", "a: [\n")


def test_an_alias_is_refused() -> None:
    text = step("command: &c make", "shell: *c")
    assert any("alias" in line for line in init_from_retry.rewriting("x.yml", text).refusals)


@pytest.mark.parametrize("kind", ["missing", "folder", "link", "binary"])
def test_files_that_cannot_be_read(kind: str, workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if kind == "folder":
        workflow.mkdir()
    elif kind == "link":
        workflow.with_name("aim").write_text(BEFORE)
        workflow.symlink_to("aim")
    elif kind == "binary":
        workflow.write_bytes(b"\xff\xfe")
    assert init_from_retry.run([str(workflow)]) == 2
    assert str(workflow) in capsys.readouterr().err
    if kind == "link":
        assert workflow.with_name("aim").read_text() == BEFORE


def test_nothing_to_rewrite(workflow: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert init_from_retry.run([]) == 2
    workflow.write_text(step(uses="actions/cache@v4"))
    assert init_from_retry.run([]) == 0
    assert "no step of a retry action" in capsys.readouterr().out
