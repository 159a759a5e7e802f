"""The shell steps of release.yml, really run: a clone, a bare origin, a `gh` that writes down what it was asked."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from guard import __version__
from guard.delivery import inline
from tests.skins.act_runner import ROOT

pytestmark = pytest.mark.tools
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"


class Runner:
    """Runs steps of one job after the other, in the clone, as GitHub's runner does."""

    def __init__(self, folder: Path, packages: Path) -> None:
        self.origin, self.clone, self.log = folder / "origin.git", folder / "clone", folder / "gh.log"
        identity = ["-c", "user.name=t", "-c", "user.email=t@localhost"]
        self.git(folder, "init", "--quiet", str(self.clone))
        tracked = subprocess.run(["git", "-C", str(ROOT), "ls-files", "-z"], capture_output=True, check=True).stdout.split(b"\0")
        for name in (os.fsdecode(name) for name in tracked if name):
            # The corpora are large and play no part.
            if (ROOT / name).is_file() and not name.startswith(("models/corpus/", "models/lab/", "docs/")):
                target = self.clone / name
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes((ROOT / name).read_bytes())
        self.git(self.clone, "add", "--all")
        self.git(self.clone, *identity, "commit", "--quiet", "--message", "source")
        self.git(self.clone, "branch", "--move", f"release/v{__version__}")
        self.git(folder, "init", "--quiet", "--bare", str(self.origin))
        self.git(self.clone, "remote", "add", "origin", str(self.origin))
        self.git(self.clone, "push", "--quiet", "origin", "HEAD")
        (self.clone / "wheels").symlink_to(packages)
        self.path = folder / "bin"
        self.path.mkdir()
        for name, text in {
            # Nothing is installed here: what pip would bring is this environment.
            "python": f'case "$*" in "-m pip "*) ;; "-m build") mkdir -p dist && echo wheel >dist/pipeguard.whl ;; *) exec {sys.executable} "$@" ;; esac',
            PYTHON: f'exec {sys.executable} "$@"',
            "guard": f'exec {sys.executable} -m guard "$@"',
            "gh": f'echo "$*" >>{self.log}',
        }.items():
            (self.path / name).write_text(f"#!/bin/sh\n{text}\n")
            (self.path / name).chmod(0o755)

    def git(self, folder: Path, *words: str) -> str:
        return subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()

    def sha(self, name: str, folder: Path | None = None) -> str:
        return self.git(folder or self.clone, "rev-parse", name)

    def run(self, job: str, ref: str = f"release/v{__version__}", sha: str | None = None) -> subprocess.CompletedProcess[str]:
        workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "release.yml").read_text())
        environment = {
            "PATH": f"{self.path}:{os.environ['PATH']}", "HOME": str(self.path), "GITHUB_REF_NAME": ref, "GITHUB_SHA": sha or self.sha("HEAD"), "PYTHONPATH": str(self.clone),
        }  # fmt: skip
        done = subprocess.CompletedProcess([], 0, "", "")
        for step in (step for step in workflow["jobs"][job]["steps"] if "run" in step):
            # One Python here stands for the five there.
            text = re.sub(r"for python in .*?; do", f"for python in {PYTHON}; do", step["run"])
            text = re.sub(r"(--python python3\.\d+ ?)+", f"--python {PYTHON} ", text)
            words = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", text]
            done = subprocess.run(words, cwd=self.clone, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
            if done.returncode:
                break
        return done


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory, packages: Path) -> Runner:
    """The build job and the publish job, one after the other."""
    runner = Runner(tmp_path_factory.mktemp("release"), packages)
    source = runner.sha("HEAD")
    done = runner.run("build")
    assert done.returncode == 0, done.stdout + done.stderr
    # Another machine: a checkout of the branch, and the artifact.
    runner.git(runner.clone, "reset", "--quiet", "--hard", source)
    done = runner.run("publish")
    assert done.returncode == 0, done.stdout + done.stderr
    return runner


def test_both_tags_are_the_source_and_one_commit(released: Runner) -> None:
    tag, floating = (released.sha(name, released.origin) for name in (f"v{__version__}", f"v{__version__}".split(".")[0]))
    assert tag == floating
    assert released.sha(f"{tag}^", released.origin) == released.sha("HEAD")


def test_the_release_is_made_of_what_was_built(released: Runner) -> None:
    said = released.log.read_text().splitlines()
    assert said[-1].startswith(f"release create v{__version__} --verify-tag --generate-notes ")
    assert {"dist/guard.pyz", "dist/SHA256SUMS", "dist/pipeguard.whl"} <= set(said[-1].split())


def test_the_released_tree_starts_from_bytecode_and_leaves_nothing(released: Runner, tmp_path: Path) -> None:
    subprocess.run(f"git -C {released.origin} archive v{__version__} | tar -x -C {tmp_path}", shell=True, check=True)
    assert not (tmp_path / "tests").exists()
    before = sorted(path for path in tmp_path.rglob("*"))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-v", str(tmp_path / "guard" / "launch.py"), "run", "--", "echo", "passed"], capture_output=True, text=True, cwd="/",
    )  # fmt: skip
    assert done.stdout == "passed\n"
    own = [line for line in done.stderr.splitlines() if line.startswith("# code object from") and str(tmp_path) in line]
    assert len(own) > 20
    assert all(line.rstrip("'").endswith(".pyc") for line in own), own
    assert sorted(path for path in tmp_path.rglob("*")) == before


def test_the_released_tree_reads_settings_and_remembers_with_nothing_installed(released: Runner, tmp_path: Path) -> None:
    subprocess.run(f"git -C {released.origin} archive v{__version__} | tar -x -C {tmp_path}", shell=True, check=True)
    folder = tmp_path / "theirs"
    folder.mkdir()
    (folder / ".pipeguard.yml").write_text("attempts: 2\nhistory: {store: 'sqlite:.pipeguard/history.db'}\n")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")], check=True)
    start = [str(tmp_path / "bare" / "bin" / "python"), "-I", "-S", str(tmp_path / "guard" / "launch.py")]
    done = subprocess.run([*start, "run", "--", "sh", "-c", "exit 3"], capture_output=True, text=True, cwd=folder, env={"PATH": os.environ["PATH"], "HOME": "/"})
    assert done.returncode == 3
    assert "internal fault" not in done.stderr
    assert (folder / ".pipeguard" / "history.db").is_file()
    assert subprocess.run([*start, "--version"], capture_output=True, text=True).stdout.endswith(f"{__version__}\n")


def test_a_changed_source_is_run_as_it_is(released: Runner, tmp_path: Path) -> None:
    subprocess.run(f"git -C {released.origin} archive v{__version__} guard | tar -x -C {tmp_path}", shell=True, check=True)
    init = tmp_path / "guard" / "__init__.py"
    times = init.stat()
    init.write_text(f"{init.read_text()}print('mine')\n")
    os.utime(init, ns=(times.st_atime_ns, times.st_mtime_ns))
    done = subprocess.run([sys.executable, "-I", "-S", str(tmp_path / "guard" / "launch.py"), "run", "--", "true"], capture_output=True, text=True, cwd="/")
    assert (done.returncode, done.stdout) == (0, "mine\n")


def test_the_skins_of_the_released_tree_carry_its_guard(released: Runner, tmp_path: Path) -> None:
    subprocess.run(f"git -C {released.origin} archive v{__version__} | tar -x -C {tmp_path}", shell=True, check=True)
    before = {name: (tmp_path / name).read_bytes() for name in inline.SKINS}
    words = [sys.executable, "-m", "guard.delivery.inline", "--wheels", str(released.clone / "wheels"), str(tmp_path)]
    subprocess.run(words, cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)}, check=True)
    assert {name: (tmp_path / name).read_bytes() for name in inline.SKINS} == before


def test_a_version_is_released_once(released: Runner) -> None:
    tag = released.sha(f"v{__version__}", released.origin)
    assert released.run("publish").returncode != 0
    assert released.sha(f"v{__version__}", released.origin) == tag


def test_another_version_than_the_branch_s_is_not_built(released: Runner) -> None:
    assert released.run("build", ref="release/v99.0.0").returncode == 1


def test_what_was_not_built_from_this_commit_is_not_published(released: Runner) -> None:
    assert released.run("publish", sha="0" * 40).returncode == 1
