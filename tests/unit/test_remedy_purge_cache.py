"""What is proposed for a damaged artifact, and that no log and no setting can make it delete anything else."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guard.remedies import purge_cache
from guard.types import (
    Allow,
    Change,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Outcome,
    Refusal,
    Surroundings,
    Telemetry,
)

INDEX = "index.example-1949cf8c6b5b557f"


def cargo_home(root: Path) -> Path:
    for name in ("itoa-1.0.9", "cfg-if-1.0.0"):
        (root / f"registry/cache/{INDEX}").mkdir(parents=True, exist_ok=True)
        (root / f"registry/cache/{INDEX}/{name}.crate").write_text("x")
        (root / f"registry/src/{INDEX}/{name}").mkdir(parents=True)
    (root / "credentials.toml").write_text("kept")
    return root


def outcome(*lines: str, argv: tuple[str, ...] = ("cargo", "build"), script: str | None = None) -> Outcome:
    text = "\n".join(lines).encode()
    return Outcome(Command(argv, script=script), 1, 101, None, "exited", 1.0, LogWindow(head=text, total_bytes=len(text)), Telemetry())


def told(line: int, text: str, **entities: str) -> Diagnosis:
    return Diagnosis("corrupt_artifact", 0.9, "signature:x", (Evidence(line, text),), entities)


def around(tmp_path: Path, allow: Allow | None = None, **env: str) -> Surroundings:
    workspace = tmp_path / "home/workspace"
    workspace.mkdir(parents=True, exist_ok=True)
    return Surroundings(cwd=str(workspace), workspace=str(workspace), home=str(tmp_path / "home"), env=env, allow=allow or Allow())


def test_the_entry_is_named_two_lines_after_the_evidence(tmp_path: Path) -> None:
    home = cargo_home(tmp_path / "cargo")
    lines = ("error: failed to download", "", "Caused by:", "  failed to unpack package `itoa v1.0.9`", "Caused by:", "  unexpected end of file")
    run = outcome(*lines)
    change = purge_cache.propose(told(6, "  unexpected end of file", tool="cargo"), run, around(tmp_path, CARGO_HOME=str(home)))
    assert isinstance(change, Change)
    assert change.details["entries"] == [f"registry/cache/{INDEX}/itoa-1.0.9.crate", f"registry/src/{INDEX}/itoa-1.0.9"]
    applied = purge_cache.apply(change, around(tmp_path, CARGO_HOME=str(home)))
    assert not applied.error
    assert len(applied.done) == 2
    assert not (home / f"registry/src/{INDEX}/itoa-1.0.9").exists()
    assert (home / f"registry/cache/{INDEX}/cfg-if-1.0.0.crate").exists()


def test_what_came_damaged_in_this_attempt_is_waited_for_besides(tmp_path: Path) -> None:
    home = cargo_home(tmp_path / "cargo")
    run = outcome("  failed to unpack package `itoa v1.0.9`")
    here = around(tmp_path, CARGO_HOME=str(home))
    waits = []
    for began in ("2020-01-01T00:00:00+00:00", "2999-01-01T00:00:00+00:00", ""):
        change = purge_cache.propose(told(1, "`itoa v1.0.9`", tool="cargo"), replace(run, started_at=began), here)
        assert isinstance(change, Change)
        waits.append(change.wait_s > 0)
    assert waits == [True, False, False]


def test_the_whole_cache_where_the_entry_cannot_be_told(tmp_path: Path) -> None:
    home = cargo_home(tmp_path / "cargo")
    diagnosis = told(1, "error: corrupt deflate stream", tool="cargo")
    change = purge_cache.propose(diagnosis, outcome("error: corrupt deflate stream"), around(tmp_path, CARGO_HOME=str(home)))
    assert isinstance(change, Change)
    assert change.details["whole"] is True
    purge_cache.apply(change, around(tmp_path, CARGO_HOME=str(home)))
    assert (home / "credentials.toml").read_text() == "kept"
    assert list((home / "registry").iterdir()) == []
    refused = purge_cache.propose(diagnosis, outcome("x"), around(tmp_path, Allow(reclaim=()), CARGO_HOME=str(cargo_home(tmp_path / "again"))))
    assert isinstance(refused, Refusal)


def test_a_policy_that_forbids_all_deletion(tmp_path: Path) -> None:
    home = cargo_home(tmp_path / "cargo")
    answer = purge_cache.propose(told(1, "`itoa v1.0.9`", tool="cargo"), outcome("x"), around(tmp_path, Allow(delete=None), CARGO_HOME=str(home)))
    assert isinstance(answer, Refusal)


@pytest.mark.parametrize("script", ["export CARGO_HOME={}\ncargo build", "CARGO_HOME='{}'; cargo build", "export CARGO_HOME=\"{}\" && cargo b"])
def test_a_cache_that_the_script_names_itself(tmp_path: Path, script: str) -> None:
    home = cargo_home(tmp_path / "cargo")
    run = outcome("x", argv=("bash", "-c", "x"), script=script.format(home))
    change = purge_cache.propose(told(1, "failed to unpack package `itoa v1.0.9`"), run, around(tmp_path))
    assert isinstance(change, Change)
    assert change.details["root"] == str(home)


def test_nothing_for_a_tool_without_a_cache_here(tmp_path: Path) -> None:
    assert purge_cache.propose(told(1, "gzip: x: unexpected end of file", tool="gzip"), outcome("x", argv=("gzip", "x")), around(tmp_path)) is None
    assert purge_cache.propose(told(1, "`itoa v1.0.9`", tool="cargo"), outcome("x"), around(tmp_path)) is None


def test_a_root_exchanged_for_a_link_after_the_proposal(tmp_path: Path) -> None:
    home, other = cargo_home(tmp_path / "cargo"), cargo_home(tmp_path / "other")
    surroundings = around(tmp_path, CARGO_HOME=str(home))
    change = purge_cache.propose(told(1, "`itoa v1.0.9`", tool="cargo"), outcome("x"), surroundings)
    assert isinstance(change, Change)
    shutil.rmtree(home)
    home.symlink_to(other)
    assert purge_cache.apply(change, surroundings).error
    assert (other / f"registry/cache/{INDEX}/itoa-1.0.9.crate").exists()


VARIABLES = ("PIP_CACHE_DIR", "npm_config_cache", "CARGO_HOME", "GOMODCACHE", "GOCACHE", "GRADLE_USER_HOME", "YARN_CACHE_FOLDER", "UV_CACHE_DIR", "CCACHE_DIR")
TOOLS = ("pip", "npm", "cargo", "go", "go", "gradle", "yarn", "uv", "ccache")


@pytest.mark.parametrize(("variable", "tool"), list(zip(VARIABLES, TOOLS, strict=True)))
@pytest.mark.parametrize("where", ["/", "home", "workspace", "link to workspace", "above"])
def test_no_setting_leads_to_the_users_own_files(tmp_path: Path, variable: str, tool: str, where: str) -> None:
    home, workspace = tmp_path / "home", tmp_path / "home/workspace"
    cargo_home(home)
    cargo_home(workspace)
    (workspace / "_cacache/content-v2/sha512").mkdir(parents=True)
    (workspace / "http-v2/a").mkdir(parents=True)
    (tmp_path / "link").symlink_to(workspace)
    places = {"/": "/", "home": home, "workspace": workspace, "link to workspace": tmp_path / "link", "above": tmp_path}
    line = f"failed to unpack package `itoa v1.0.9` {home}/registry/src/{INDEX}/itoa-1.0.9 {workspace}/http-v2/a"
    answer = purge_cache.propose(told(1, line, tool=tool), outcome(line), around(tmp_path, **{variable: str(places[where])}))
    assert not isinstance(answer, Change)


_HOSTILE = st.lists(
    st.sampled_from(["/", "..", "../", "~", "*", "$HOME", "`itoa v1.0.9`", "itoa-1.0.9", "a@1.0.0", "..@..", "org:..:1.0", "sha512-" + "A" * 86 + "==", "\n", " ", "'", ".git", "secret", "-rf", "\\", "registry/src/"]),
    max_size=12,
).map("".join)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(line=_HOSTILE, tool=st.sampled_from(sorted({*TOOLS, "maven", "pnpm", "", "sh"})), package=_HOSTILE)
def test_no_log_leads_out_of_the_cache(tmp_path_factory: pytest.TempPathFactory, line: str, tool: str, package: str) -> None:
    above = tmp_path_factory.mktemp("above")
    home = cargo_home(above / "cargo")
    (above / "home/workspace").mkdir(parents=True)
    for own in ("home/secret", "home/workspace/secret", "secret"):
        (above / own).write_text("kept")
    (home / f"registry/src/{INDEX}/link").symlink_to(above)
    line = line.replace("secret", str(above / "home/secret"))
    surroundings = around(above, CARGO_HOME=str(home))
    change = purge_cache.propose(told(1, line, tool=tool, package=package, path=line), outcome(line), surroundings)
    if isinstance(change, Change):
        purge_cache.apply(change, surroundings)
    assert all((above / own).read_text() == "kept" for own in ("home/secret", "home/workspace/secret", "secret"))
    assert (home / "credentials.toml").exists()


YN0018 = "YN0018: │ left-pad@npm:1.3.0: The remote archive doesn't match the expected checksum"


def test_yarns_newer_caches_are_asked_too_and_both_copies_go(tmp_path: Path) -> None:
    here = around(tmp_path)
    own, mirror = Path(here.workspace) / ".yarn/cache", Path(here.home) / ".yarn/berry/cache"
    for folder, end in ((own, "db96109b66"), (mirror, "10c0")):
        folder.mkdir(parents=True)
        for name in ("left-pad-npm-1.3.0", "other-npm-1.3.0"):
            (folder / f"{name}-0123456789-{end}.zip").write_text("x")
    # Yarn 1's is here as well, and knows nothing of it.
    (Path(here.home) / ".cache/yarn/v6/npm-other-1.3.0-abc-integrity").mkdir(parents=True)
    change = purge_cache.propose(told(1, YN0018, tool="yarn"), outcome(YN0018, argv=("yarn", "install")), here)
    assert isinstance(change, Change)
    assert not purge_cache.apply(change, here).error
    assert sorted(path.name for folder in (own, mirror) for path in folder.iterdir()) == [
        "other-npm-1.3.0-0123456789-10c0.zip", "other-npm-1.3.0-0123456789-db96109b66.zip",
    ]  # fmt: skip


def test_each_root_is_looked_at_again_before_its_first_deletion(tmp_path: Path) -> None:
    here = around(tmp_path)
    own, mirror = Path(here.workspace) / ".yarn/cache", Path(here.home) / ".yarn/berry/cache"
    for folder in (own, mirror):
        folder.mkdir(parents=True)
        (folder / "left-pad-npm-1.3.0-0123456789-10c0.zip").write_text("x")
    change = purge_cache.propose(told(1, YN0018, tool="yarn"), outcome(YN0018, argv=("yarn", "install")), here)
    assert isinstance(change, Change)
    (mirror / "thesis.doc").write_text("no cache any more")
    applied = purge_cache.apply(change, here)
    assert "does not look like" in applied.error
    assert (mirror / "left-pad-npm-1.3.0-0123456789-10c0.zip").exists()
