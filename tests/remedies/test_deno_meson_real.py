"""A real Deno and a real Meson: a torn package in the cache, a heap that is too small, a damaged build tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.remedies.attempted import need
from tests.remedies.build_tools import guarded, healed

pytestmark = pytest.mark.tools


def test_a_torn_package_in_denos_cache_is_fetched_again(deno: str, tmp_path: Path) -> None:
    env = {"DENO_DIR": str(tmp_path / "deno"), "NO_COLOR": "1"}
    (tmp_path / "m.ts").write_text('import pad from "npm:left-pad@1.3.0"; console.log(pad("a", 3));\n')
    first = guarded(tmp_path, deno, "run", "m.ts", env=env)
    if first["status"] != "passed":
        pytest.skip("no registry")
    (torn,) = (tmp_path / "deno/npm").glob("*/left-pad/1.3.0/package.json")
    torn.write_text('{"name": ')
    run = guarded(tmp_path, deno, "run", "m.ts", env=env)
    healed(run, "purge_cache", "corrupt_artifact")
    assert run["attempts"][0]["plan"]["remedies"][0]["details"]["cache"] == "deno"


HUNGRY = "const held = []; for (let i = 0; i < 400; i++) held.push(new Array(60_000).fill(i + 0.5)); console.log(held.length);\n"


@pytest.mark.parametrize("place", ["argv", "variable"])
def test_denos_heap(deno: str, tmp_path: Path, place: str) -> None:
    (tmp_path / "m.ts").write_text(HUNGRY)
    flag = "--max-old-space-size=48"
    words = (f"--v8-flags={flag}",) if place == "argv" else ()
    env = {"DENO_V8_FLAGS": f"--stack-size=900,{flag}"} if place == "variable" else {}
    run = guarded(tmp_path, deno, "run", *words, "m.ts", env=env)
    healed(run, "raise_heap", "out_of_memory")


def test_a_damaged_tree_of_meson_is_configured_anew(tmp_path: Path) -> None:
    need("meson", "ninja", "cc")
    (tmp_path / "meson.build").write_text("project('x', 'c')\nexecutable('a', 'a.c')\n")
    (tmp_path / "a.c").write_text("int main(void) { return 0; }\n")
    assert guarded(tmp_path, "meson", "setup", "b")["status"] == "passed"
    record = tmp_path / "b/meson-private/coredata.dat"
    record.write_bytes(record.read_bytes()[:50])
    alone = guarded(tmp_path, "meson", "compile", "-C", "b")
    assert alone["status"] == "failed"
    refused = [one["reason"] for one in alone["attempts"][0]["plan"]["refused"]]
    assert any("meson setup" in reason for reason in refused), refused
    run = guarded(tmp_path, "sh", "-ec", "meson setup b; meson compile -C b")
    healed(run, "reset_state", "stale_state")
    assert (tmp_path / "b/a").exists()
