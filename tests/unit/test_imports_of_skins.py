"""A first-time pass in a skin tells the CI so, and loads nothing for it that a pass without a skin would not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from guard.platforms import PLATFORMS

ROOT = Path(__file__).parents[2]
HEAVY = {"json", "re", "typing", "dataclasses", "click", "yaml", "hashlib", "subprocess", "tempfile", "logging"}


def loaded(folder: Path, *arguments: str, **variables: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-X", "importtime", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=60, check=True, env={"PATH": "/usr/bin:/bin", **variables},
    )  # fmt: skip
    rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {row.rsplit("|", 1)[1].strip() for row in rows}


@pytest.mark.parametrize("name", sorted(set(PLATFORMS) - {"none"}))
def test_a_pass_in_a_skin(name: str, tmp_path: Path) -> None:
    places = {variable: str(tmp_path / variable) for variable in ("GITHUB_OUTPUT", "BASH_ENV", "PIPEGUARD_OUTPUTS", "PIPEGUARD_SUMMARY")}
    for path in places.values():
        Path(path).touch()
    launch = str(ROOT / "guard" / "launch.py")
    names = loaded(tmp_path, launch, "run", "--", "true", PIPEGUARD_SKIN=name, **places)
    assert f"guard.platforms.{name}" in names
    ours = names - loaded(tmp_path, "-c", "pass")
    assert not sorted(ours & HEAVY)
    others = {f"guard.platforms.{other}" for other in PLATFORMS} - {f"guard.platforms.{name}", "guard.platforms.plain"}
    assert not sorted(ours & others)


def test_an_unknown_skin_is_no_reason_to_fail(tmp_path: Path) -> None:
    launch = str(ROOT / "guard" / "launch.py")
    for name in ("nobody", "lazy_pattern", "../github", "os", "git hub"):
        done = subprocess.run(
            [sys.executable, "-I", "-S", launch, "run", "--", "sh", "-c", "echo x; exit 3"],
            cwd=tmp_path, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "PIPEGUARD_SKIN": name},
        )  # fmt: skip
        assert (done.returncode, done.stdout) == (3, "x\n")
        assert "internal fault" not in done.stderr
