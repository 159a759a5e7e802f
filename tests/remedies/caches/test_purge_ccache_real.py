"""Damaged entries of the real ccache's cache: it compiles anew, whatever is wrong with one, so that no build fails of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from guard.caches import ccache
from guard.types import Diagnosis, Evidence
from tests.remedies.attempted import need

pytestmark = pytest.mark.tools


@pytest.fixture
def cache(bench: Any) -> Path:
    need("ccache", "cc")
    for name in [name for name in bench.env if name.startswith("CCACHE_")]:
        del bench.env[name]
    bench.env |= {"HOME": str(bench.home), "XDG_CACHE_HOME": str(bench.home / "caches")}
    for name in ("a", "b"):
        (bench.workspace / f"{name}.c").write_text(f"int {name}(void) {{ return 1; }}\n")
        compile_one(bench, name)
    (cache,) = ccache.candidates(bench.around())[-1:]
    assert cache == bench.home / "caches/ccache"
    assert ccache.looks_right(cache)
    return cache


def compile_one(bench: Any, name: str) -> bytes:
    (bench.workspace / f"{name}.o").unlink(missing_ok=True)
    done = bench.run("ccache", "cc", "-c", f"{name}.c", "-o", f"{name}.o")
    assert done.code == 0, done.text
    return bytes((bench.workspace / f"{name}.o").read_bytes())


def _entries(cache: Path) -> list[Path]:
    return [path for path in cache.rglob("*") if path.is_file() and path.name[-1] in "RM" and len(path.name) > 20]


@pytest.mark.parametrize("damage", ["flip", "cut", "folder"])
def test_it_compiles_anew(bench: Any, cache: Path, flip: Any, damage: str) -> None:
    sound = {name: compile_one(bench, name) for name in ("a", "b")}
    entries = _entries(cache)
    assert len(entries) == 4
    for entry in entries:
        if damage == "flip":
            flip(entry)
        elif damage == "cut":
            entry.write_bytes(entry.read_bytes()[:20])
        else:
            entry.unlink()
            entry.mkdir()
    assert {name: compile_one(bench, name) for name in sound} == sound


def test_one_entry_by_its_path_and_all_of_them_leave_the_settings(bench: Any, cache: Path) -> None:
    (cache / "ccache.conf").write_text("max_size = 1G\n")
    one, *others = _entries(cache)
    named = Diagnosis("corrupt_artifact", 0.9, "x", (Evidence(1, f"ccache: error: {one}: bad"),), {"tool": "ccache"})
    assert ccache.damaged(cache, named) == (one,)
    assert others
    for folder in ccache.purgeable(cache):
        shutil.rmtree(folder)
    assert _entries(cache) == []
    assert (cache / "ccache.conf").is_file()
    compile_one(bench, "a")
