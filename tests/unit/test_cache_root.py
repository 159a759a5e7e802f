"""A cache root is refused wherever deleting below it could touch anything else."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from guard.caches import CACHES, pip
from guard.caches.root import verified
from guard.types import Refusal, Surroundings


def pip_cache(root: Path) -> Path:
    entry = root / "http-v2/a/b/c/d/e"
    entry.mkdir(parents=True)
    (entry / ("abcde" + "0" * 51)).write_text("x")
    return root


def around(tmp_path: Path, cache: Path | str, **more: str) -> Surroundings:
    home, workspace = tmp_path / "home", tmp_path / "home/workspace"
    workspace.mkdir(parents=True, exist_ok=True)
    values = {"cwd": str(workspace), "workspace": str(workspace), "home": str(home), "temp": str(tmp_path / "temp"), **more}
    return Surroundings(env={"PIP_CACHE_DIR": str(cache), "HOME": str(home)}, **values)  # type: ignore[arg-type]


def test_a_cache_is_found_and_resolved(tmp_path: Path) -> None:
    pip_cache(tmp_path / "real")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert verified(pip, around(tmp_path, tmp_path / "link")) == tmp_path / "real"


@pytest.mark.parametrize("where", ["/", "/etc", "/usr", "..", ".", "", "~", "$NOT_SET/x"])
def test_folders_that_are_never_a_cache(tmp_path: Path, where: str) -> None:
    pip_cache(tmp_path / "home/workspace")
    assert isinstance(verified(pip, around(tmp_path, where)), Refusal)


@pytest.mark.parametrize("where", ["home", "home/workspace", ".", "home/workspace/.git", "temp"])
def test_what_is_the_users_is_refused_even_when_it_looks_right(tmp_path: Path, where: str) -> None:
    place = tmp_path / where
    surroundings = around(tmp_path, place)
    pip_cache(place)
    assert pip.looks_right(place)
    assert isinstance(verified(pip, surroundings), Refusal)
    (tmp_path / "link").symlink_to(place)
    assert isinstance(verified(pip, around(tmp_path, tmp_path / "link")), Refusal)


def test_one_inside_the_workspace_is_a_cache(tmp_path: Path) -> None:
    cache = pip_cache(tmp_path / "home/workspace/.cache/pip")
    assert verified(pip, around(tmp_path, cache)) == cache


def test_a_folder_of_another_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = pip_cache(tmp_path / "cache")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    answer = verified(pip, around(tmp_path, cache))
    assert isinstance(answer, Refusal)
    assert "another user" in answer.reason


def test_a_bad_configured_cache_is_not_passed_over_for_the_default(tmp_path: Path) -> None:
    pip_cache(tmp_path / "home/.cache/pip")
    (tmp_path / "strange").mkdir()
    (tmp_path / "strange/file").touch()
    assert isinstance(verified(pip, around(tmp_path, tmp_path / "strange")), Refusal)


@pytest.mark.parametrize("name", sorted(CACHES))
def test_a_project_never_looks_like_a_cache(tmp_path: Path, name: str) -> None:
    for file in (
        "src/main.py", "wheels/one/thing.py", "http/server.py", "cache/view.html", "caches/mine/file", "files/00readme",
        "registry/src/lib.rs", "git/db/schema.sql", "v6/models.py", "a/b/c.txt", "index/page.html", "wrapper/dists/x/y",
        "simple-v1.txt", "CACHEDIR.TAG", "org/app/1.0/app.pom", "0/x", "README",
    ):  # fmt: skip
        path = tmp_path / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    assert not CACHES[name].looks_right(tmp_path)
    assert CACHES[name].purgeable(tmp_path) == ()


@pytest.mark.parametrize("name", sorted(CACHES))
def test_nothing_is_a_cache(tmp_path: Path, name: str) -> None:
    cache = CACHES[name]
    assert name == cache.NAME
    assert not cache.looks_right(tmp_path)
    assert cache.purgeable(tmp_path) == ()
    assert not cache.looks_right(tmp_path / "missing")
