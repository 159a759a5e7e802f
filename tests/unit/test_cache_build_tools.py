"""The caches of Coursier, Bazel and Deno, on trees as these tools lay them out."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from guard.caches import CACHES
from guard.types import Diagnosis, Evidence, Surroundings


def told(*lines: str, **entities: str) -> Diagnosis:
    return Diagnosis("corrupt_artifact", 0.9, "signature:x", tuple(Evidence(n, line) for n, line in enumerate(lines, 1)), entities)


def put(path: Path, content: bytes = b"x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def entries(name: str, root: Path, diagnosis: Diagnosis) -> set[str]:
    assert CACHES[name].looks_right(root)
    return {str(path.relative_to(root)) for path in CACHES[name].damaged(root, diagnosis)}


def around(home: Path, **env: str) -> Surroundings:
    return Surroundings(cwd=str(home), workspace=str(home), home=str(home), env=env)


def jar(root: Path, name: str) -> Path:
    folder = root / f"https/repo.example/maven2/org/{name}/1.0"
    file = put(folder / f"{name}-1.0.jar", name.encode())
    put(folder / f".{name}-1.0.jar.checked", b"")
    put(folder / f".{name}-1.0.jar__sha1.computed", hashlib.sha1(name.encode(), usedforsecurity=False).digest())
    return file


def test_coursier_by_path_and_by_its_own_sum(tmp_path: Path) -> None:
    one, _ = jar(tmp_path, "one"), jar(tmp_path, "two")
    assert entries("coursier", tmp_path, told("nothing named")) == set()
    assert entries("coursier", tmp_path, told(f"[error] error reading {one}; zip END header not found")) == {"https/repo.example/maven2/org/one/1.0"}
    one.write_bytes(b"damaged")
    assert entries("coursier", tmp_path, told("nothing named")) == {"https/repo.example/maven2/org/one/1.0"}
    # A path above a version, or one that only looks to lie inside, is no entry.
    assert entries("coursier", tmp_path, told(f"bad {tmp_path}/https/repo.example/x")) == {"https/repo.example/maven2/org/one/1.0"}
    assert [path.name for path in CACHES["coursier"].purgeable(tmp_path)] == ["https"]


def test_where_coursiers_cache_is(tmp_path: Path) -> None:
    of = CACHES["coursier"].candidates
    assert of(around(tmp_path)) == (tmp_path / ".cache/coursier/v1",)
    assert of(around(tmp_path, COURSIER_CACHE="/c")) == (Path("/c"),)
    assert of(around(tmp_path, SBT_OPTS="-Xmx1g -Dcoursier.cache=/d")) == (Path("/d"),)
    (tmp_path / ".sbtopts").write_text("-J-Xmx1g\n-J-Dcoursier.cache=/e\n")
    assert of(around(tmp_path)) == (Path("/e"),)


def bazel(root: Path) -> str:
    install = "5f3a0e9dbcdf67475c08459b42b1f93c"
    put(root / "install" / install / "A-server.jar")
    put(root / ("0" * 32) / "server/jvm.out")
    put(root / "install" / (install[::-1]) / "A-server.jar")
    for text in (b"one", b"two"):
        put(root / "cache/repos/v1/content_addressable/sha256" / hashlib.sha256(text).hexdigest() / "file", text)
    return install


def test_bazels_installation_and_downloads(tmp_path: Path) -> None:
    install = bazel(tmp_path)
    line = f"FATAL: corrupt installation: file '{tmp_path}/install/{install}/A-server.jar' is missing or modified.  Please remove it"
    assert entries("bazel", tmp_path, told(line)) == {f"install/{install}"}
    assert entries("bazel", tmp_path, told("nothing named")) == set()
    place = f"cache/repos/v1/content_addressable/sha256/{hashlib.sha256(b'one').hexdigest()}"
    (tmp_path / place / "file").write_bytes(b"damaged")
    assert entries("bazel", tmp_path, told("nothing named")) == {place}
    # What workspaces built is never an entry.
    assert entries("bazel", tmp_path, told(f"bad {tmp_path}/{'0' * 32}/server/jvm.out")) == {place}
    assert {path.parent.name for path in CACHES["bazel"].purgeable(tmp_path)} == {"sha256"}


def test_where_bazels_root_is(tmp_path: Path) -> None:
    of = CACHES["bazel"].candidates
    assert of(around(tmp_path, USER="u")) == (tmp_path / ".cache/bazel/_bazel_u",)
    (tmp_path / ".bazelrc").write_text("# startup --output_user_root=/no\nbuild --jobs=2\nstartup --output_user_root=/b\n")
    assert of(around(tmp_path)) == (Path("/b"),)


def test_denos_packages(tmp_path: Path) -> None:
    put(tmp_path / "npm/registry.example/left-pad/1.3.0/package.json")
    put(tmp_path / "npm/registry.example/left-pad/registry.json")
    put(tmp_path / "npm/registry.example/@scope/a/2.0.0/package.json")
    put(tmp_path / "dep_analysis_cache_v2")
    put(tmp_path / "location_data/x/local_storage")
    line = f"[ERR_INVALID_PACKAGE_CONFIG] Invalid package config. Malformed package.json '{tmp_path}/npm/registry.example/left-pad/1.3.0/package.json'."
    assert entries("deno", tmp_path, told(line)) == {"npm/registry.example/left-pad/1.3.0"}
    assert entries("deno", tmp_path, told("x", package="@scope/a", version="2.0.0")) == {"npm/registry.example/@scope/a/2.0.0"}
    assert entries("deno", tmp_path, told("x", package="@scope/a", version="../..")) == set()
    assert entries("deno", tmp_path, told("nothing")) == set()
    assert [path.name for path in CACHES["deno"].purgeable(tmp_path)] == ["npm"]
    assert CACHES["deno"].candidates(around(tmp_path)) == (tmp_path / ".cache/deno",)
    assert CACHES["deno"].candidates(around(tmp_path, DENO_DIR="/d")) == (Path("/d"),)


@pytest.mark.parametrize("name", ["coursier", "bazel", "deno"])
def test_a_folder_of_something_else_is_no_cache(tmp_path: Path, name: str) -> None:
    assert not CACHES[name].looks_right(tmp_path)
    put(tmp_path / "src/main.c")
    assert not CACHES[name].looks_right(tmp_path)
    bazel(tmp_path)
    jar(tmp_path, "one")
    put(tmp_path / "npm/x/y")
    assert not CACHES[name].looks_right(tmp_path)
    assert CACHES[name].purgeable(tmp_path) == ()
