"""The README's snippets for GitLab and Jenkins, run as they stand; that for GitHub is run by test_github_docs."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import pytest

from tests.skins.gitlab_runner import committed, pipeline
from tests.skins.inlined_guard import ROOT, skin
from tests.skins.test_jenkins_library import run_jobs

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]

MAKEFILE = "test:\n\t@echo the tests ran\n"


def snippet(word: str) -> str:
    """The one indented block of the README that holds the word."""
    blocks = re.findall(r"(?:^    .*\n|^\n)+", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    [found] = [block for block in blocks if word in block]
    return textwrap.dedent(found).strip() + "\n"


def test_gitlab(tmp_path: Path) -> None:
    published = skin("gitlab-component", tmp_path / "published")
    committed(published)
    subprocess.run(["git", "tag", "1.0.0"], cwd=published, check=True)
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / ".gitlab-ci.yml").write_text(snippet("component:"))
    (folder / "Makefile").write_text(MAKEFILE)
    committed(folder)
    settings = tmp_path / "gitconfig"
    settings.write_text(
        f'[url "file://{published}"]\n  insteadOf = https://gitlab.com/pipeguard/guard.git\n'
        "  insteadOf = https://gitlab.com:443/pipeguard/guard.git\n[safe]\n  directory = *\n"
    )
    code, jobs = pipeline(folder, env={"GIT_CONFIG_GLOBAL": str(settings)})
    assert code == 0, jobs[""].log
    assert jobs["test"].code == 0
    assert "the tests ran" in jobs["test"].log


def test_jenkins(tmp_path: Path) -> None:
    library = skin("jenkins-shared-lib", tmp_path / "library")
    jobs = tmp_path / "jobs"
    (jobs / "readme/workspace").mkdir(parents=True)
    (jobs / "readme/workspace/Makefile").write_text(MAKEFILE)
    # The harness has the library loaded, as a controller has after this line.
    text = snippet("@Library").replace("@Library('pipeguard') _\n", "")
    build = run_jobs(jobs, {"readme": text}, library)["readme"]
    assert build.facts["result"] == "SUCCESS", build.log
    assert "the tests ran" in build.log
