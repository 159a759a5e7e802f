"""A damaged module in Go's cache on the real go, with modules from a folder."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.tools, pytest.mark.skipif(shutil.which("go") is None, reason="no go")]

MODULES = (("example.test/one", "v1.0.0"), ("example.test/Two", "v1.2.0"))


def _proxy(folder: Path) -> None:
    for module, version in MODULES:
        place = folder / module.replace("Two", "!two") / "@v"
        place.mkdir(parents=True)
        (place / "list").write_text(version + "\n")
        (place / f"{version}.info").write_text(f'{{"Version":"{version}","Time":"2024-01-01T00:00:00Z"}}')
        (place / f"{version}.mod").write_text(f"module {module}\n\ngo 1.20\n")
        with zipfile.ZipFile(place / f"{version}.zip", "w") as archive:
            archive.writestr(f"{module}@{version}/go.mod", f"module {module}\n\ngo 1.20\n")
            archive.writestr(f"{module}@{version}/x.go", "package x\n\nconst X = 1\n" + "// pad\n" * 500)


@pytest.fixture
def mods(bench: Any, tmp_path: Path) -> Path:
    _proxy(tmp_path / "proxy")
    mods = tmp_path / "mod"
    bench.env |= {
        "HOME": str(bench.home), "GOPROXY": f"file://{tmp_path}/proxy", "GOMODCACHE": str(mods), "GONOSUMDB": "*",
        "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GONOSUMCHECK": "1", "GOCACHE": str(tmp_path / "build"),
    }  # fmt: skip
    requires = "\n".join(f"\t{module} {version}" for module, version in MODULES)
    (bench.workspace / "go.mod").write_text(f"module p\n\ngo 1.20\n\nrequire (\n{requires}\n)\n")
    (bench.workspace / "main.go").write_text(
        'package p\n\nimport (\n\ta "example.test/one"\n\tb "example.test/Two"\n)\n\nconst C = a.X + b.X\n'
    )
    assert bench.run("go", "mod", "download").code == 0
    return mods


@pytest.mark.parametrize(("module", "escaped", "version"), [("one", "one", "v1.0.0"), ("Two", "!two", "v1.2.0")])
def test_a_flipped_byte_in_a_downloaded_zip(bench: Any, mods: Path, flip: Any, module: str, escaped: str, version: str) -> None:
    flip(mods / f"cache/download/example.test/{escaped}/@v/{version}.zip")
    unpacked = mods / f"example.test/{escaped}@{version}"
    for folder in (unpacked.parent, unpacked):
        folder.chmod(0o755)
    shutil.rmtree(unpacked)
    failed = bench.run("go", "list", "-deps", "./...")
    assert failed.code != 0
    change = bench.purge(failed.diagnosis(r"zip: checksum error", tool="go"), failed)
    assert all(escaped in entry for entry in change.details["entries"])
    other = "!two" if module == "one" else "one"
    assert any((mods / "example.test").glob(f"{other}@*"))
    again = bench.run("go", "list", "-deps", "./...")
    assert again.code == 0, again.text


def test_a_changed_tree_is_read_only_and_goes_whole(bench: Any, mods: Path) -> None:
    file = mods / "example.test/!two@v1.2.0/x.go"
    file.parent.chmod(0o755)
    file.chmod(0o644)
    file.write_text("garbage")
    file.chmod(0o444)
    file.parent.chmod(0o555)
    failed = bench.run("go", "mod", "verify")
    assert failed.code != 0
    bench.purge(failed.diagnosis(r"dir has been modified", tool="go"), failed)
    assert not file.parent.exists()
    assert (mods / "example.test/one@v1.0.0/x.go").is_file()
    assert bench.run("go", "mod", "download").code == 0
    assert bench.run("go", "mod", "verify").code == 0
