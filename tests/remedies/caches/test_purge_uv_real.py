"""A damaged wheel in the real uv's cache, with an index of our own on this machine."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.caches.python_index import serving

pytestmark = pytest.mark.tools


@pytest.fixture
def index() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def install(bench: Any, index: str, uv: str) -> Callable[[], Any]:
    for name in [name for name in bench.env if name.startswith(("UV_", "PIP_", "VIRTUAL_ENV"))]:
        del bench.env[name]
    bench.env |= {"HOME": str(bench.home), "UV_DEFAULT_INDEX": index, "UV_HTTP_RETRIES": "0", "UV_PYTHON_DOWNLOADS": "never"}

    def run() -> Any:
        shutil.rmtree(bench.workspace / "target", ignore_errors=True)
        return bench.run(uv, "pip", "install", "--python", sys.executable, "--target", "target", "aone==1.0", "btwo==1.0")

    first = run()
    assert first.code == 0, first.text
    return run


def _archive(bench: Any, name: str) -> Path:
    (link,) = (path for path in (bench.home / ".cache/uv").glob(f"wheels-v*/index/*/{name}/1.0-*") if path.is_symlink())
    return Path(link.resolve())


@pytest.mark.parametrize("damage", ["METADATA", "RECORD", "WHEEL", "gone"])
def test_a_damaged_wheel(bench: Any, install: Callable[[], Any], flip: Any, tree: Any, damage: str) -> None:
    damaged, sound = _archive(bench, "aone"), _archive(bench, "btwo")
    if damage == "gone":
        (damaged / "aone-1.0.dist-info/METADATA").unlink()
    else:
        flip(damaged / f"aone-1.0.dist-info/{damage}")
    failed = install()
    assert failed.code == 2, failed.text
    assert install().code == 2, "it heals by itself"
    before = tree(sound)
    # uv names the wheel in this line and what is wrong with it in the next.
    change = bench.purge(failed.diagnosis(r"Failed to install: aone-1\.0-py3-none-any\.whl", tool="uv"), failed)
    assert (change.details["cache"], change.details["whole"]) == ("uv", False)
    assert not damaged.exists()
    assert tree(sound) == before
    again = install()
    assert again.code == 0, again.text
    assert (bench.workspace / "target/aone/__init__.py").is_file()


def test_what_it_mends_itself_and_what_it_never_notices(bench: Any, install: Callable[[], Any], flip: Any) -> None:
    """Damaged lists and answers are fetched again; a flipped byte in a module is installed, exit code 0."""
    for note in (*(bench.home / ".cache/uv").glob("simple-v*/index/*/aone.rkyv"), *(bench.home / ".cache/uv").glob("wheels-v*/index/*/aone/*.http")):
        flip(note)
    sound = (_archive(bench, "aone") / "aone/__init__.py").read_bytes()
    again = install()
    assert again.code == 0, again.text
    assert (bench.workspace / "target/aone/__init__.py").read_bytes() == sound
    flip(_archive(bench, "aone") / "aone/__init__.py")
    assert install().code == 0
    assert (bench.workspace / "target/aone/__init__.py").read_bytes() != sound
