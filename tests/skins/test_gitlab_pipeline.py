"""Whole pipelines by gitlab-ci-local, without network: each way to include the skin, and the component's own pipeline."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from guard.delivery import inline
from tests.skins.gitlab_runner import Job, ShellExecutor, committed, gitlab_ci_local, pipeline, script
from tests.skins.inlined_guard import ROOT, skin

pytestmark = pytest.mark.tools

OPENS = "python3 -c \"files = [open('/dev/null') for _ in range(200)]; print('opened', len(files))\""
PIPELINE = """
include:
  - local: templates/guard.yml
    inputs:
      job-name: passes
      run: |
        echo "it's" '"quoted"' "$HOME" $((6 * 7))
        echo 'a # b'
  - local: templates/guard.yml
    inputs: {job-name: heals, run: "OPENS", attempts: "2"}
  - local: templates/guard.yml
    inputs: {job-name: heals but may not, run: "OPENS", on-heal: fail}
  - local: templates/guard.yml
    inputs: {job-name: may fail, run: "exit 42", timeout: 1m30s, budget: 10m, idempotent: "true", remedies: "wait,raise_limit"}
  - local: templates/guard.yml
    inputs: {job-name: fails, run: "exit 7"}
  - local: templates/guard.yml
    inputs: {job-name: remembers, run: "OPENS", history: cache}

heals: {before_script: ["ulimit -S -n 64"]}
heals but may not: {before_script: ["ulimit -S -n 64"]}
remembers: {before_script: ["ulimit -S -n 64"]}
fails: {after_script: ['echo "after: $CI_JOB_STATUS"']}
may fail: {allow_failure: {exit_codes: [42]}}

extends:
  extends: .guard
  variables:
    PIPEGUARD_RUN: {value: 'echo "one $N" && echo two', expand: false}
  parallel:
    matrix: [{N: [a, b]}]

two commands:
  script:
    - !reference [.guard-setup, script]
    - ulimit -S -n 64
    - pipeguard run -- echo first
    - pipeguard run -- OPENS
  artifacts: !reference [.guard, artifacts]

heredoc:
  extends: .guard
  variables:
    PIPEGUARD_RUN:
      expand: false
      value: |
        cat <<'END'
        it's $HOME ::error:: 100% ä
        END
        set +e
        false
        echo still

piped:
  script:
    - !reference [.guard-setup, script]
    - echo input | pipeguard run -c 'cat' | tr a-z A-Z
    - X=$(pipeguard run -- echo captured); echo "got $X"
    - (cd / && pipeguard run -- pwd)
    - if pipeguard run -- false; then echo yes; else echo "no $?"; fi

consumer:
  stage: deploy
  needs: [heals]
  script: ['echo "$PIPEGUARD_STATUS,$PIPEGUARD_ATTEMPTS,$PIPEGUARD_LABEL,$PIPEGUARD_HEALED_BY,$PIPEGUARD_EXIT_CODE"']

rescuer:
  stage: deploy
  when: on_failure
  script: [echo on failure]
"""


@pytest.fixture(scope="module")
def component(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return skin("gitlab-component", tmp_path_factory.mktemp("component"))


@pytest.fixture(scope="module")
def jobs(component: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Job]:
    folder = tmp_path_factory.mktemp("pipeline") / "project"
    shutil.copytree(component / "templates", folder / "templates")
    (folder / ".gitlab-ci.yml").write_text(PIPELINE.replace('"OPENS"', repr(OPENS).replace("\\'", "''")).replace("OPENS", OPENS))
    committed(folder)
    code, found = pipeline(folder)
    assert code == 1
    return found


def test_a_pass_says_nothing(jobs: dict[str, Job]) -> None:
    job = jobs["passes"]
    assert job.code == 0
    assert job.dotenv["PIPEGUARD_STATUS"] == "passed"
    assert not [line for line in job.log.splitlines() if line.startswith("guard:")]
    assert "section_" not in job.log
    home = next(line for line in job.log.splitlines() if "quoted" in line)
    assert "it's \"quoted\" /" in home
    assert home.endswith(" 42")
    assert "a # b" in job.log


def test_a_heal(jobs: dict[str, Job]) -> None:
    job = jobs["heals"]
    assert job.code == 0, job.log
    assert "opened 200" in job.log
    assert job.dotenv == {
        "PIPEGUARD_STATUS": "healed", "PIPEGUARD_ATTEMPTS": "2", "PIPEGUARD_LABEL": "resource_limit",
        "PIPEGUARD_HEALED_BY": "raise_limit", "PIPEGUARD_EXIT_CODE": "0",
    }  # fmt: skip
    assert job.reports is not None
    assert len(list(job.reports.glob("junit-*.xml"))) == 1
    assert (job.reports / "codequality.json").read_text().startswith("[")


def test_later_jobs_know(jobs: dict[str, Job]) -> None:
    assert "healed,2,resource_limit,raise_limit,0" in jobs["consumer"].log
    assert "on failure" in jobs["rescuer"].log


def test_inputs_reach_guard(jobs: dict[str, Job]) -> None:
    assert jobs["heals but may not"].code == 1
    assert jobs["heals but may not"].dotenv["PIPEGUARD_STATUS"] == "healed"
    assert jobs["may fail"].code == 42
    assert jobs["fails"].code == 7
    assert jobs["may fail"].dotenv["PIPEGUARD_EXIT_CODE"] == "42"
    # Its reports are not looked at: with an after_script gitlab-ci-local loses them.
    assert "after: failed" in jobs["fails"].log


def test_extends_in_a_matrix(jobs: dict[str, Job]) -> None:
    for leg in "ab":
        job = jobs[f"extends: [{leg}]"]
        assert job.code == 0
        assert f"one {leg}" in job.log
        assert "two" in job.log


def test_scripts_that_nobody_expects(jobs: dict[str, Job]) -> None:
    assert jobs["heredoc"].code == 0, jobs["heredoc"].log
    assert "it's $HOME ::error:: 100% ä" in jobs["heredoc"].log
    assert jobs["heredoc"].log.rstrip().endswith("still")
    assert jobs["piped"].code == 0, jobs["piped"].log
    lines = jobs["piped"].log.splitlines()
    assert {"INPUT", "got captured", "/", "no 1"} <= set(lines)


def test_two_commands_in_one_job(jobs: dict[str, Job]) -> None:
    job = jobs["two commands"]
    assert job.code == 0, job.log
    assert job.dotenv["PIPEGUARD_STATUS"] == "healed"
    assert job.reports is not None
    assert len(list(job.reports.glob("junit-*.xml"))) == 2


def test_history_is_cached(jobs: dict[str, Job]) -> None:
    assert jobs["remembers"].code == 0
    assert "cached" in jobs[""].log or "cache" in jobs[""].log


def test_the_plain_include_is_the_template_without_inputs() -> None:
    """Guard's own text between the marks is written by one program into both."""

    def body(name: str) -> str:
        text = inline.inlined((ROOT / "gitlab-component" / name).read_text(), "")
        return text[text.index(".guard-setup:") :].partition('"$[[ inputs')[0].rstrip()

    assert body("include/guard.yml") == body("templates/guard.yml")
    assert "$[[" not in (ROOT / "gitlab-component/include/guard.yml").read_text()


def test_old_servers_include_the_plain_file(component: Path, tmp_path: Path) -> None:
    folder = tmp_path / "project"
    shutil.copytree(component / "include", folder / "ci")
    (folder / ".gitlab-ci.yml").write_text(
        "include: [{local: ci/guard.yml}]\njob:\n  extends: .guard\n  variables: {PIPEGUARD_RUN: {value: 'echo \"$CI_JOB_NAME\"; exit 3', expand: false}}\n"
    )
    committed(folder)
    code, jobs = pipeline(folder)
    assert code == 1
    assert jobs["job"].code == 3
    assert jobs["job"].dotenv["PIPEGUARD_ATTEMPTS"] == "1"


def test_its_own_pipeline(component: Path, tmp_path: Path) -> None:
    """As published: the project includes itself as a component at its commit, and its own jobs assert what it did."""
    folder = tmp_path / "guard"
    shutil.copytree(component, folder)
    committed(folder, "https://gitlab.com/pipeguard/guard.git")
    code, jobs = pipeline(folder, "--force-shell-executor")
    assert code == 0, jobs[""].log
    assert {name: job.code for name, job in jobs.items() if name} == {
        "passes": 0, "heals": 0, "stays red": 42, "verify pass": 0, "verify heal": 0, "verify red": 0,
    }  # fmt: skip


def test_another_project_s_component(component: Path, tmp_path: Path) -> None:
    published, folder = tmp_path / "guard", tmp_path / "project"
    shutil.copytree(component, published)
    committed(published)
    subprocess.run(["git", "tag", "1.0.0"], cwd=published, check=True)
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(
        "include:\n  - component: gitlab.com/pipeguard/guard/guard@1.0.0\n    inputs: {run: 'echo from a component; exit 9'}\n"
    )
    committed(folder)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[url "file://{published}"]\n  insteadOf = https://gitlab.com/pipeguard/guard.git\n'
        "  insteadOf = https://gitlab.com:443/pipeguard/guard.git\n[safe]\n  directory = *\n"
    )
    code, jobs = pipeline(folder, env={"GIT_CONFIG_GLOBAL": str(settings)})
    assert code == 1, jobs[""].log
    assert jobs["guard"].code == 9, jobs[""].log
    assert "from a component" in jobs["guard"].log


def test_the_merged_pipeline_is_valid(component: Path, tmp_path: Path) -> None:
    if shutil.which("check-jsonschema") is None:
        pytest.skip("check-jsonschema is not installed")
    folder = tmp_path / "project"
    shutil.copytree(component / "templates", folder / "templates")
    (folder / ".gitlab-ci.yml").write_text("include: [{local: templates/guard.yml, inputs: {run: 'true', history: cache}}]\n")
    committed(folder)
    merged = subprocess.run([gitlab_ci_local(), "--preview"], cwd=folder, capture_output=True, text=True, env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)}, check=True)
    (tmp_path / "merged.yml").write_text(merged.stdout)
    words = ["check-jsonschema", "--builtin-schema", "vendor.gitlab-ci", "--data-transform", "gitlab-ci", str(tmp_path / "merged.yml")]
    checked = subprocess.run(words, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout[-2000:]


def test_publishing(tmp_path: Path, component: Path) -> None:
    """`publish.sh` makes the folder its own project, twice, and pushes nothing."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "gone").write_text("of an older version")
    committed(out)
    # As the script asks for it: a guard.delivery.inline that need not fetch anything.
    python = tmp_path / "python"
    write = (
        f"import sys; sys.path[:0] = [{str(ROOT)!r}]; from pathlib import Path; from guard.delivery import inline;"
        " from tests.skins.inlined_guard import function; inline.write(Path(sys.argv[-1]), function(), inline.GITLAB)"
    )
    python.write_text(f'#!/bin/sh\nexec {sys.executable} -c "{write}" "$@"\n')
    python.chmod(0o755)
    env = {**os.environ, "PYTHON": str(python), "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@example.org", "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@example.org"}
    program = str(ROOT / "gitlab-component" / "publish.sh")
    for version in ("1.0.0", "1.1.0"):
        done = subprocess.run(["sh", program, str(out), version], env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    files = subprocess.run(["git", "ls-files"], cwd=out, capture_output=True, text=True, check=True).stdout.split()
    assert files == [".gitlab-ci.yml", "LICENSE", "README.md", "include/guard.yml", "templates/guard.yml"]
    lines = script(out / "include/guard.yml", ".guard")
    job = ShellExecutor(out, {"PIPEGUARD_RUN": "exit 8"}).run(lines)
    assert (job.code, job.dotenv["PIPEGUARD_LABEL"]) == (8, "unknown"), job.log
    shutil.rmtree(out / ".pipeguard")
    tags = subprocess.run(["git", "for-each-ref", "--format=%(refname:short) %(*objectname)"], cwd=out, capture_output=True, text=True, check=True).stdout
    head = subprocess.run(["git", "rev-parse", "HEAD"], cwd=out, capture_output=True, text=True, check=True).stdout.strip()
    assert f"1 {head}" in tags
    assert f"1.1.0 {head}" in tags
    (out / "mine").write_text("x")
    assert subprocess.run(["sh", program, str(out)], env=env, capture_output=True).returncode == 2
    assert subprocess.run(["sh", program, str(out), "next"], env=env, capture_output=True).returncode == 2
