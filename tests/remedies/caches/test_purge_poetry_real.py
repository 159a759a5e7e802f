"""A damaged archive in the real Poetry's cache, with an index of our own on this machine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.remedies.caches.python_index import WHEELS, serving

pytestmark = pytest.mark.tools

PROJECT = """[project]
name = "t"
version = "1"
requires-python = ">=3.10"
dependencies = ["aone==1.0", "btwo==1.0"]
[tool.poetry]
package-mode = false
[[tool.poetry.source]]
name = "own"
url = "{}"
"""


@pytest.fixture
def index() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture
def install(bench: Any, index: str, poetry: str) -> Callable[[], Any]:
    for name in [name for name in bench.env if name.startswith(("POETRY_", "PIP_", "VIRTUAL_ENV"))]:
        del bench.env[name]
    bench.env |= {"HOME": str(bench.home), "POETRY_VIRTUALENVS_IN_PROJECT": "true"}
    (bench.workspace / "pyproject.toml").write_text(PROJECT.format(index))
    assert bench.run(poetry, "lock", "--no-interaction").code == 0

    def run() -> Any:
        for name in WHEELS:
            for path in (bench.workspace / ".venv").glob(f"lib/*/site-packages/{name}*"):
                shutil.rmtree(path)
        return bench.run(poetry, "install", "--no-interaction", "--no-ansi")

    first = run()
    assert first.code == 0, first.text
    return run


def _archive(bench: Any, name: str) -> Path:
    (found,) = (bench.home / ".cache/pypoetry/artifacts").rglob(f"{name}-1.0-*.whl")
    return Path(found)


def test_a_flipped_byte_in_an_archive(bench: Any, install: Callable[[], Any], flip: Any) -> None:
    damaged, sound = _archive(bench, "aone"), _archive(bench, "btwo")
    # The answer that it came from, so that purging the archive alone would bring the damage back.
    (answer,) = (path for path in (bench.home / ".cache/pypoetry/cache/repositories/own").rglob("*.body") if path.read_bytes() == WHEELS["aone"])
    flip(damaged)
    flip(answer)
    environment = bench.home / ".cache/pypoetry/virtualenvs/kept"
    environment.mkdir(parents=True)
    failed = install()
    assert failed.code == 1, failed.text
    assert install().code == 1, "it heals by itself"
    change = bench.purge(failed.diagnosis(r"Hash for (?P<package>\S+) .* not found in known hashes", tool="poetry"), failed)
    assert (change.details["cache"], change.details["whole"]) == ("poetry", False)
    assert (damaged.exists(), answer.exists()) == (False, False)
    assert sound.read_bytes() == WHEELS["btwo"]
    again = install()
    assert again.code == 0, again.text
    assert _archive(bench, "aone").read_bytes() == WHEELS["aone"]
    assert environment.is_dir()
