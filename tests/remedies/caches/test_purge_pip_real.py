"""A damaged answer in pip's cache on the real pip, with an index of our own on this machine."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.caches.python_index import WHEELS, serving

pytestmark = [pytest.mark.tools]


@pytest.fixture
def index() -> Iterator[str]:
    # pip caches only what comes by https or from a host that it trusts.
    with serving() as address:
        yield address


def _answers(cache: Path, name: str) -> list[Path]:
    return [
        path
        for folder in ("http", "http-v2")
        for path in (cache / folder).rglob("*")
        if path.is_file() and f"{name}-1.0.dist-info".encode() in path.read_bytes()
    ]


@pytest.mark.parametrize("damage", ["flip", "hash"])
def test_a_damaged_wheel_in_the_cache(bench: Any, index: str, tmp_path: Path, damage: str) -> None:
    cache = bench.home / "pip-cache"
    for name in list(bench.env):
        if name.startswith("PIP_"):
            del bench.env[name]
    bench.env |= {"HOME": str(bench.home), "PIP_CACHE_DIR": str(cache), "PIP_CONFIG_FILE": "/dev/null"}
    lines = [f"{name}==1.0" + (f" --hash=sha256:{hashlib.sha256(data).hexdigest()}" if damage == "hash" else "") for name, data in WHEELS.items()]
    (bench.workspace / "requirements.txt").write_text("\n".join(lines) + "\n")

    def install() -> Any:
        target = tmp_path / f"target{len(list(tmp_path.glob('target*')))}"
        return bench.run(
            sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--no-deps", "--index-url", index,
            "--trusted-host", "127.0.0.1", "-r", "requirements.txt", "--target", str(target),
        )  # fmt: skip

    assert install().code == 0
    damaged = _answers(cache, "aone")
    if not damaged:
        pytest.skip("this pip does not cache here")
    for path in damaged:
        data = path.read_bytes()
        begin = data.index(b"X = 1\n")
        path.write_bytes(data[: begin + 20] + b"????" + data[begin + 24 :])
    failed = install()
    assert failed.code != 0, failed.text
    pattern = r"DO NOT MATCH THE HASHES|Bad CRC-32|BadZipFile|is invalid"
    change = bench.purge(failed.diagnosis(pattern, tool="pip"), failed)
    assert change.details["cache"] == "pip"
    assert change.details["whole"] is False
    assert not _answers(cache, "aone")
    assert _answers(cache, "btwo")
    again = install()
    assert again.code == 0, again.text
