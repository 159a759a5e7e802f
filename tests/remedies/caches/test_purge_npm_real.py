"""A damaged entry of npm's cache on the real npm, with a registry of our own on this machine."""

from __future__ import annotations

import base64
import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.caches.npm_registry import TARBALLS, integrity, serving

pytestmark = [pytest.mark.tools, pytest.mark.skipif(shutil.which("npm") is None, reason="no npm")]


@pytest.fixture
def registry() -> Iterator[str]:
    with serving() as address:
        yield address


def test_a_content_that_is_no_file(bench: Any, registry: str) -> None:
    cache = bench.home / "npm-cache"
    bench.env |= {"HOME": str(bench.home), "npm_config_cache": str(cache), "npm_config_registry": registry, "npm_config_fetch_retries": "0"}
    (bench.workspace / "package.json").write_text(
        json.dumps({"name": "t", "version": "1.0.0", "dependencies": {"aone": "1.0.0", "btwo": "1.0.0"}})
    )
    install = ("npm", "install", "--no-audit", "--no-fund", "--prefer-offline")
    assert bench.run(*install).code == 0
    digest = hashlib.sha512(TARBALLS["aone"]).hexdigest()
    content = cache / "_cacache/content-v2/sha512" / digest[:2] / digest[2:4] / digest[4:]

    def damaged_run() -> Any:
        shutil.rmtree(bench.workspace / "node_modules", ignore_errors=True)
        return bench.run("npm", "ci", "--no-audit", "--no-fund", "--prefer-offline")

    shutil.rmtree(cache)
    assert damaged_run().code == 0
    # npm fetches a content with a flipped byte again by itself; what a half restored cache leaves it stumbles over.
    content.unlink()
    content.mkdir()
    failed = damaged_run()
    if failed.code == 0:
        pytest.skip("this npm heals such an entry itself")
    # npm has thrown the entry away itself by now, so that what is left of the cache goes, and no more than that.
    (cache / "kept").touch()
    change = bench.purge(failed.diagnosis(r"(?:ENOENT.*_cacache|EINTEGRITY)", tool="npm"), failed)
    assert change.details["cache"] == "npm"
    assert (cache / "kept").exists()
    assert damaged_run().code == 0
    assert (bench.workspace / "node_modules/aone/index.js").is_file()


def test_the_entry_of_the_integrity_that_the_line_names(bench: Any, registry: str, tree: Any) -> None:
    cache = bench.home / "npm-cache"
    bench.env |= {"HOME": str(bench.home), "npm_config_cache": str(cache), "npm_config_registry": registry, "npm_config_fetch_retries": "0"}
    (bench.workspace / "package.json").write_text(json.dumps({"name": "t", "version": "1.0.0", "dependencies": {"aone": "1.0.0", "btwo": "1.0.0"}}))
    assert bench.run("npm", "install", "--no-audit").code == 0
    lock = Path(bench.workspace / "package-lock.json")
    wrong = "sha512-" + base64.b64encode(hashlib.sha512(b"other").digest()).decode()
    lock.write_text(lock.read_text().replace(integrity("aone"), wrong))
    shutil.rmtree(bench.workspace / "node_modules")
    failed = bench.run("npm", "ci", "--no-audit")
    assert failed.code != 0
    before = tree(cache / "_cacache")
    bench.purge(failed.diagnosis(r"EINTEGRITY|integrity checksum failed", tool="npm"), failed)
    gone = before.keys() - tree(cache / "_cacache").keys()
    assert gone
    assert all(b"btwo" not in before[name] for name in gone if name.startswith("index"))
