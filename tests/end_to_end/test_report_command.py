"""`guard report` on what real runs left behind: every format, every mistake a user can make."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.end_to_end.fake_hosts import Hook, serving

Report = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which three commands ran under guard: red, healed, passed at once."""
    import sys

    folder = tmp_path_factory.mktemp("checkout")
    (folder / ".git").mkdir()
    (folder / "fail_once.sh").write_text("[ -e done ] || { touch done; echo 'ENOSPC: no space left on device, write'; exit 1; }\n")
    (folder / ".pipeguard.yml").write_text(
        "strategies: [{name: make-room, when: {pattern: ENOSPC}, run: 'true'}]\nreport: {price_per_minute: 60, currency: EUR}\n"
    )
    for command, code in (("exit 3", 3), ("sh fail_once.sh", 0), ("true", 0)):
        done = subprocess.run([sys.executable, "-m", "guard", "run", "-c", command], cwd=folder, check=False, capture_output=True, text=True, env=_env(folder))
        assert done.returncode == code, done.stderr
    return folder


def _env(folder: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return {**kept, "HOME": str(folder / "home"), "no_proxy": "127.0.0.1", "CI_COMMIT_REF_NAME": "main", "CI_PROJECT_PATH": "o/shop"}


@pytest.fixture
def report(guard: list[str], guarded: Path) -> Report:
    def run(*arguments: str, cwd: Path | None = None, **env: str) -> subprocess.CompletedProcess[str]:
        folder = cwd or guarded
        return subprocess.run([*guard, "report", *arguments], cwd=folder, env={**_env(folder), **env}, capture_output=True, text=True, check=False, timeout=60)

    return run


def test_the_table(report: Report) -> None:
    done = report()
    assert (done.returncode, done.stderr) == (0, "")
    assert ": 1 passed at once, 1 healed, 1 red, 0 interrupted" in done.stdout.splitlines()[0]
    assert "user_strategy" in done.stdout
    assert "€" in done.stdout


def test_every_format_at_once(report: Report, tmp_path: Path) -> None:
    files = {name: tmp_path / "new" / name for name in ("html", "markdown", "json", "prometheus")}
    done = report(*(word for name, file in files.items() for word in (f"--{name}", str(file))))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert json.loads(files["json"].read_text())["views"][0]["runs"]["total"] == 3
    assert files["html"].read_text().startswith("<!doctype html>")
    assert files["markdown"].read_text().startswith("## Build health")
    assert sorted(one.name for one in (tmp_path / "new").iterdir()) == sorted(files)
    assert files["prometheus"].stat().st_mode & 0o444 == 0o444
    if shutil.which("promtool"):
        with files["prometheus"].open() as metrics:
            checked = subprocess.run(["promtool", "check", "metrics"], stdin=metrics, capture_output=True, text=True, check=False)
        assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_a_link_is_replaced_and_a_folder_refused(report: Report, tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to("precious")
    assert report("--html", str(tmp_path / "link")).returncode == 0
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (tmp_path / "link").is_symlink()
    done = report("--html", str(tmp_path))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert "folder" in done.stderr


def test_standard_output_is_one_format_alone(report: Report) -> None:
    done = report("--json", "-")
    assert json.loads(done.stdout)["schema"] == "pipeguard.report/1"
    assert report("--json", "-", "--html", "-").returncode == 2


def test_filters(report: Report) -> None:
    assert json.loads(report("--json", "-", "--branch", "main", "--project", "o/shop", "--since", "1d").stdout)["views"][0]["runs"]["total"] == 3
    done = report("--json", "-", "--until", "2020-01-01")
    assert json.loads(done.stdout)["views"][0]["runs"]["total"] == 0
    assert "--until" in done.stderr


@pytest.mark.parametrize("wrong", [("--since", "yesterday"), ("--until", "2026-13-01"), ("--history", "mysql://x"), ("--history", "sqlite:nowhere.db"), ("--config", "nowhere.yml"), ("--push",)])
def test_mistakes_are_two_lines_and_exit_code_2(report: Report, wrong: tuple[str, ...]) -> None:
    done = report(*wrong)
    assert (done.returncode, done.stdout) == (2, "")
    lines = done.stderr.splitlines()
    assert 1 <= len(lines) <= 2
    assert all(line.startswith("guard: ") for line in lines)


def test_without_a_history_one_line_says_so(report: Report, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    done = report("--html", "page.html", cwd=tmp_path)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "no history yet" in done.stderr
    assert "No runs yet." in (tmp_path / "page.html").read_text()
    (tmp_path / ".pipeguard.yml").write_text("history: off\n")
    done = report(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no history is kept here" in done.stderr


def test_secrets_of_the_environment_are_masked(report: Report) -> None:
    done = report("--html", "-", DEPLOY_TOKEN="o/shop-secret", CI_PROJECT_PATH="x")
    assert "o/shop" in done.stdout
    assert "o/shop" not in report("--html", "-", DEPLOY_TOKEN="o/shop").stdout


def test_push_goes_to_the_gateway_that_settings_name(report: Report, guarded: Path) -> None:
    with serving(Hook) as gateway:
        (guarded / "push.yml").write_text("report: {pushgateway_env: GATEWAY}\n")
        done = report("--config", "push.yml", "--push", GATEWAY=gateway.url)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        [asked] = gateway.asked
        assert (asked.method, asked.path) == ("PUT", "/metrics/job/pipeguard/instance@base64/by9zaG9w")
        assert b'pipeguard_runs{project="o/shop",status="healed"} 1\n' in asked.body
        gateway.fail = [400]
        done = report("--config", "push.yml", "--push", GATEWAY=gateway.url)
        assert (done.returncode, "400" in done.stderr) == (2, True)
        assert "GATEWAY is empty" in report("--config", "push.yml", "--push").stderr
