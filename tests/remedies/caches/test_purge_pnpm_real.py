"""Damaged entries of the real pnpm's store, with a registry of our own on this machine."""

from __future__ import annotations

import json
import os
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


@pytest.fixture
def install(bench: Any, registry: str, pnpm: str) -> Callable[[], Any]:
    for name in [name for name in bench.env if name.lower().startswith(("pnpm_", "npm_"))]:
        del bench.env[name]
    bench.env |= {"HOME": str(bench.home), "npm_config_registry": registry, "npm_config_fetch_retries": "0", "CI": "1"}
    (bench.workspace / "package.json").write_text(
        json.dumps({"name": "t", "version": "1.0.0", "dependencies": {"aone": "1.0.0", "btwo": "1.0.0"}})
    )

    def again(*more: str) -> Any:
        shutil.rmtree(bench.workspace / "node_modules", ignore_errors=True)
        return bench.run(pnpm, "install", *more)

    first = again("--no-frozen-lockfile")
    assert first.code == 0, first.text
    return again


def _store(bench: Any) -> Path:
    (store,) = (bench.home / ".local/share/pnpm/store").glob("v*")
    return Path(store)


def _index(bench: Any, name: str) -> Path:
    (found,) = (_store(bench) / "index").rglob(f"*-{name}@1.0.0.json")
    return Path(found)


def _content(bench: Any) -> Path:
    (found,) = (path for path in (_store(bench) / "files").rglob("*") if path.is_file() and path.read_bytes() == INDEX)
    return Path(found)


def _installed(bench: Any) -> bytes:
    return bytes((bench.workspace / "node_modules/aone/index.js").read_bytes())


def test_what_it_mends_itself_and_what_it_never_notices(bench: Any, install: Callable[[], Any], flip: Any) -> None:
    """A changed file and a cut index are fetched again, exit code 0; a file changed with its old date is installed as it is."""
    content, index = _content(bench), _index(bench, "aone")
    flip(content)
    index.write_bytes(index.read_bytes()[:20])
    assert install().code == 0
    assert _installed(bench) == INDEX
    was = _content(bench).stat()
    # node_modules has hard links to the store.
    shutil.rmtree(bench.workspace / "node_modules")
    flip(content)
    os.utime(content, ns=(was.st_atime_ns, was.st_mtime_ns))
    assert install().code == 0
    assert _installed(bench) != INDEX


def test_an_index_that_is_no_file(bench: Any, install: Callable[[], Any], tree: Any) -> None:
    index, other = _index(bench, "aone"), _index(bench, "btwo")
    index.unlink()
    index.mkdir()
    failed = install()
    assert failed.code == 1, failed.text
    before = tree(_store(bench))
    change = bench.purge(failed.diagnosis(r"ERR_PNPM_EISDIR\s+Failed to add tarball", tool="pnpm"), failed)
    assert (change.details["cache"], change.details["whole"]) == ("pnpm", False)
    assert not index.exists()
    gone = before.keys() - tree(_store(bench)).keys()
    assert all("aone" in name for name in gone)
    assert other.is_file()
    again = install()
    assert again.code == 0, again.text
    assert _installed(bench) == INDEX
