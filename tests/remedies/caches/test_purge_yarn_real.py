"""Damaged entries of the caches of the real Yarn 1 and Yarn 4, with a registry of our own on this machine."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.caches.npm_registry import serving

pytestmark = pytest.mark.tools
INDEX = b"module.exports = 1 // " + b"aone" * 50


@pytest.fixture
def registry() -> Iterator[str]:
    with serving() as address:
        yield address


def project(bench: Any) -> None:
    for name in [name for name in bench.env if name.startswith(("YARN_", "COREPACK_"))]:
        del bench.env[name]
    bench.env |= {"HOME": str(bench.home)}
    (bench.workspace / "package.json").write_text(
        json.dumps({"name": "t", "version": "1.0.0", "dependencies": {"aone": "1.0.0", "btwo": "1.0.0"}})
    )


@pytest.fixture
def classic(bench: Any, registry: str, yarn_classic: str) -> Callable[[], Any]:
    project(bench)
    # Where no folder is named: `yarn` in the user's cache folder.
    bench.env["XDG_CACHE_HOME"] = str(bench.home / "caches")
    (bench.workspace / ".yarnrc").write_text(f'registry "{registry}"\n')

    def install() -> Any:
        shutil.rmtree(bench.workspace / "node_modules", ignore_errors=True)
        return bench.run(yarn_classic, "install", "--non-interactive")

    first = install()
    assert first.code == 0, first.text
    return install


def _entry(bench: Any, name: str) -> Path:
    found = list((bench.home / "caches/yarn").glob(f"v*/npm-{name}-1.0.0-*"))
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize("damage", ["flip", "empty"])
def test_yarn_1_stumbles_over_its_note_of_a_package(bench: Any, classic: Callable[[], Any], flip: Any, tree: Any, damage: str) -> None:
    note = _entry(bench, "aone") / "node_modules/aone/.yarn-metadata.json"
    # In the middle of a text inside it a byte would not be noticed.
    flip(note, 0) if damage == "flip" else note.write_bytes(b"")
    failed = classic()
    assert failed.code == 1, failed.text
    assert classic().code == 1, "it heals by itself"
    other = tree(_entry(bench, "btwo"))
    change = bench.purge(failed.diagnosis(r"error SyntaxError: .*\.yarn-metadata\.json", tool="yarn"), failed)
    assert (change.details["cache"], change.details["whole"]) == ("yarn", False)
    assert change.details["entries_total"] == 1
    assert tree(_entry(bench, "btwo")) == other
    again = classic()
    assert again.code == 0, again.text
    assert (bench.workspace / "node_modules/aone/index.js").read_bytes() == INDEX


def test_yarn_1_never_looks_at_a_file_of_a_package_again(bench: Any, classic: Callable[[], Any], flip: Any) -> None:
    """A flipped byte is installed, exit code 0: nothing tells guard, and what fails is the build after it."""
    flip(_entry(bench, "aone") / "node_modules/aone/index.js")
    assert classic().code == 0
    assert (bench.workspace / "node_modules/aone/index.js").read_bytes() != INDEX


@pytest.fixture(params=["shared", "own"])
def berry(request: pytest.FixtureRequest, bench: Any, registry: str, yarn_berry: str) -> Callable[[], Any]:
    """Yarn 4 with its one folder for all projects, and as Yarn 2 and 3 do it, with another one in the project."""
    project(bench)
    bench.env |= {"YARN_ENABLE_TELEMETRY": "0", "YARN_NPM_MINIMAL_AGE_GATE": "0", "YARN_HTTP_RETRY": "0"}
    own = "enableGlobalCache: false\n" if request.param == "own" else ""
    (bench.workspace / ".yarnrc.yml").write_text(
        f'npmRegistryServer: "{registry}"\nunsafeHttpWhitelist: ["127.0.0.1"]\nnodeLinker: node-modules\n{own}'
    )

    def install(*more: str) -> Any:
        shutil.rmtree(bench.workspace / "node_modules", ignore_errors=True)
        (bench.workspace / ".yarn/install-state.gz").unlink(missing_ok=True)
        return bench.run(yarn_berry, "install", *more)

    first = install("--no-immutable")
    assert first.code == 0, first.text
    return install


def _zips(bench: Any, name: str) -> list[Path]:
    """The project's first."""
    folders = (bench.workspace / ".yarn/cache", bench.home / ".yarn/berry/cache")
    return [file for folder in folders for file in sorted(folder.glob(f"{name}-npm-1.0.0-*.zip"))]


@pytest.mark.parametrize("damage", ["flip", "cut"])
def test_yarn_4_and_a_damaged_zip(bench: Any, berry: Callable[..., Any], flip: Any, damage: str) -> None:
    damaged = _zips(bench, "aone")[0]
    flip(damaged) if damage == "flip" else damaged.write_bytes(damaged.read_bytes()[:200])
    heal(bench, berry)


def test_yarn_4_and_a_damaged_zip_of_all_projects_that_this_one_takes_anew(bench: Any, berry: Callable[..., Any], flip: Any) -> None:
    *own, shared = _zips(bench, "aone")
    for zip_file in own:
        zip_file.unlink()
    flip(shared)
    heal(bench, berry)


def heal(bench: Any, install: Callable[..., Any]) -> None:
    failed = install("--immutable")
    assert failed.code == 1, failed.text
    assert install("--immutable").code == 1, "it heals by itself"
    others = {path: path.read_bytes() for path in _zips(bench, "btwo")}
    change = bench.purge(failed.diagnosis(r"YN0018: .*doesn't match the expected checksum", tool="yarn"), failed)
    assert change.details["whole"] is False
    assert all(name.startswith("aone-") for name in change.details["entries"])
    assert _zips(bench, "aone") == []
    assert {path: path.read_bytes() for path in _zips(bench, "btwo")} == others
    again = install("--immutable")
    assert again.code == 0, again.text
    assert (bench.workspace / "node_modules/aone/index.js").read_bytes() == INDEX
