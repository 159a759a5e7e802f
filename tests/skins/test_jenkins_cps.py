"""The Jenkins library as Jenkins runs it: CPS-transformed, and written down and read again at every step."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.skins.inlined_guard import ROOT
from tests.skins.java import java_home

pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]

ARTIFACTS = ("com.cloudbees:groovy-cps:1.31", "com.google.guava:guava:11.0.1")


@pytest.fixture(scope="module")
def jars() -> str:
    """The class path of the CPS transformer, from Maven's own folder or fetched into it by name."""
    store = Path.home() / ".m2" / "repository"

    def found() -> list[Path]:
        paths = []
        for artifact in ARTIFACTS:
            group, name, version = artifact.split(":")
            paths.append(store.joinpath(*group.split("."), name, version, f"{name}-{version}.jar"))
        return paths

    if not all(path.exists() for path in found()):
        if shutil.which("mvn") is None:
            pytest.skip("Maven is not installed")
        for artifact in ARTIFACTS:
            words = ["mvn", "-q", "-B", "dependency:get", f"-Dartifact={artifact}", "-Dtransitive=false"]
            if subprocess.run(words, capture_output=True, timeout=200).returncode:
                pytest.skip(f"{artifact} cannot be had")
    return ":".join(map(str, found()))


def test_it_survives_a_restart_at_every_step(jars: str) -> None:
    if shutil.which("groovy") is None:
        pytest.skip("groovy is not installed")
    harness = Path(__file__).with_name("jenkins_harness") / "run_cps.groovy"
    opens = " ".join(f"--add-opens=java.base/{name}=ALL-UNNAMED" for name in ("java.lang", "java.util", "java.io", "java.util.concurrent"))
    environment = {**os.environ, "JAVA_HOME": java_home(), "JAVA_OPTS": opens}
    done = subprocess.run(["groovy", "-cp", jars, str(harness), str(ROOT / "jenkins-shared-lib")], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    *lines, stood = done.stdout.splitlines()
    assert lines == [
        "withEnv []",
        "withEnv [PIPEGUARD_ATTEMPTS=2, PIPEGUARD_ON_HEAL=warn]",
        "sh first on default: 0",
        "unstable healed it",
        "withEnv [PIPEGUARD_ATTEMPTS=2, PIPEGUARD_ON_HEAL=warn]",
        "sh second on default: 0",
        "withEnv [PIPEGUARD_ATTEMPTS=2, PIPEGUARD_ON_HEAL=warn]",
        "sh in a closure 1 on default: 0",
        "withEnv [PIPEGUARD_ATTEMPTS=2, PIPEGUARD_ON_HEAL=warn]",
        "sh in a closure 2 on default: 9",
        "withEnv [PIPEGUARD_ATTEMPTS=2, PIPEGUARD_ON_HEAL=warn]",
        "sh in a function 1 on default: 0",
        # Outside of the body: as it is.
        "sh null on default: 4",
        "withEnv []",
        "sh red on default: 3",
        "error script returned exit code 3",
        "withEnv []",
        "sh larger on default: 137",
        "stash **",
        "node big",
        "unstash null",
        "withEnv []",
        "sh larger on big: 0",
        "stash **",
        "unstash null",
        "returned [the output, 0, 9, 0, 4, script returned exit code 3, mine; healed it; failed]",
    ], done.stdout
    assert int(stood.split()[2]) > 60
