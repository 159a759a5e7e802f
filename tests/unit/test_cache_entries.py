"""Each tool's damaged entry from the words that the tool prints, on trees as the tool lays them out; its neighbours stay."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest

from guard.caches import CACHES
from guard.types import Diagnosis, Evidence


def told(*lines: str, **entities: str) -> Diagnosis:
    return Diagnosis("corrupt_artifact", 0.9, "signature:x", tuple(Evidence(n, line) for n, line in enumerate(lines, 1)), entities)


def put(root: Path, *names: str, content: bytes = b"x") -> None:
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def npm_content(root: Path, name: str) -> tuple[str, str]:
    """Returns (integrity, path of the content)."""
    digest = hashlib.sha512(name.encode())
    hexed = digest.hexdigest()
    path = f"_cacache/content-v2/sha512/{hexed[:2]}/{hexed[2:4]}/{hexed[4:]}"
    put(root, path, content=name.encode())
    code = "sha512-" + base64.b64encode(digest.digest()).decode()
    entry = json.dumps({"key": f"make-fetch-happen:request-cache:https://registry.example/{name}/-/{name.split('/')[-1]}-1.0.0.tgz", "integrity": code})
    bucket = hashlib.sha256(name.encode()).hexdigest()
    put(root, f"_cacache/index-v5/{bucket[:2]}/{bucket[2:4]}/{bucket[4:]}", content=f"\n{'0' * 40}\t{entry}".encode())
    return code, path


def entries(name: str, root: Path, diagnosis: Diagnosis) -> set[str]:
    assert CACHES[name].looks_right(root)
    return {str(path.relative_to(root)) for path in CACHES[name].damaged(root, diagnosis)}


def test_npm_by_integrity_by_name_and_by_content_path(tmp_path: Path) -> None:
    code, path = npm_content(tmp_path, "left-pad")
    npm_content(tmp_path, "@scope/other")
    line = f"npm ERR! code EINTEGRITY {code} integrity checksum failed"
    for diagnosis in (told(line), told("x", package="left-pad@1.0.0"), told("x", package="left-pad"), told(f"ENOENT stat '/c/{path}'")):
        found = entries("npm", tmp_path, diagnosis)
        assert path in found
        assert len(found) == 2
    assert len(entries("npm", tmp_path, told("x", package="@scope/other"))) == 2
    assert entries("npm", tmp_path, told("nothing named")) == set()
    (tmp_path / path).write_bytes(b"damaged")
    assert entries("npm", tmp_path, told("nothing named")) == {path}


def test_pip_by_url_by_got_hash_and_by_project(tmp_path: Path) -> None:
    key = hashlib.sha224(b"https://index.example/six-1.16.0-py2.py3-none-any.whl").hexdigest()
    one, other = f"http-v2/{'/'.join(key[:5])}/{key}", "http-v2/0/0/0/0/0/" + "0" * 56
    put(tmp_path, one, other)
    put(tmp_path, one + ".body", content=b"PK\x03\x04 six-1.16.0.dist-info/METADATA")
    put(tmp_path, other + ".body", content=b"PK\x03\x04 idna-3.4.dist-info/METADATA")
    put(tmp_path, "wheels/ab/cd/ef/0123/six-1.16.0-py3-none-any.whl", "wheels/ab/cd/ee/0123/idna-3.4-py3-none-any.whl")
    body = {one, one + ".body"}
    url = "six==1.16.0 from https://index.example/six-1.16.0-py2.py3-none-any.whl#sha256=00 (from -r r.txt)"
    assert body <= entries("pip", tmp_path, told(url))
    got = hashlib.sha256((tmp_path / (other + ".body")).read_bytes()).hexdigest()
    assert entries("pip", tmp_path, told(f"             Got        {got}")) == {other, other + ".body"}
    assert entries("pip", tmp_path, told("x", package="six")) == body | {"wheels/ab/cd/ef/0123"}
    assert entries("pip", tmp_path, told("x", package="Idna==3.4")) == {other, other + ".body", "wheels/ab/cd/ee/0123"}


INDEX = "index.example-1949cf8c6b5b557f"


@pytest.mark.parametrize(
    "line",
    [
        "  failed to unpack package `itoa v1.0.9`",
        "  failed to unpack entry at `itoa-1.0.9/LICENSE`",
        "error: failed to verify the checksum of `itoa v1.0.9`",
        f"  failed to parse manifest at `/h/registry/src/{INDEX}/itoa-1.0.9/Cargo.toml`",
    ],
)
def test_cargo_crate_and_source_of_the_named_package(tmp_path: Path, line: str) -> None:
    for name in ("itoa-1.0.9", "itoa-1.0.10", "cfg-if-1.0.0"):
        put(tmp_path, f"registry/cache/{INDEX}/{name}.crate", f"registry/src/{INDEX}/{name}/Cargo.toml")
    put(tmp_path, "credentials.toml", "bin/tool")
    assert entries("cargo", tmp_path, told(line)) == {f"registry/cache/{INDEX}/itoa-1.0.9.crate", f"registry/src/{INDEX}/itoa-1.0.9"}
    assert all("registry" in path.parts for path in CACHES["cargo"].purgeable(tmp_path))


def maven(root: Path, artifact: str, version: str, note: str = "central=") -> str:
    folder = f"org/demo/{artifact}/{version}"
    put(root, f"{folder}/{artifact}-{version}.jar", f"{folder}/{artifact}-{version}.pom")
    put(root, f"{folder}/_remote.repositories", content=f"#NOTE\n{artifact}-{version}.jar>{note}\n".encode())
    return folder


def test_maven_one_version_and_never_what_was_installed_here(tmp_path: Path) -> None:
    one, other, own = maven(tmp_path, "lib", "1.0"), maven(tmp_path, "lib", "2.0"), maven(tmp_path, "own", "1.0", "=")
    for line in (
        f"[ERROR] error reading {tmp_path}/{one}/lib-1.0.jar; zip END header not found",
        "Could not resolve dependencies: org.demo:lib:jar:1.0: Checksum validation failed",
        "Failure to find org.demo:lib:1.0 was cached in the local repository",
        f"{tmp_path}/{one}/lib-1.0.jar.gone",
    ):
        assert entries("maven", tmp_path, told(line)) == {one}
    assert entries("maven", tmp_path, told("x", package="org.demo:lib", version="2.0")) == {other}
    goal = "[ERROR] Failed to execute goal org.demo:lib:2.0:compile (default) on project a: Compilation failure"
    damage = f"[ERROR] error reading {tmp_path}/{one}/lib-1.0.jar; Invalid CEN header (bad signature)"
    assert entries("maven", tmp_path, told(goal, damage)) == {one}  # the plugin only met the damage
    assert entries("maven", tmp_path, told(goal)) == set()
    assert entries("maven", tmp_path, told(f"error reading {tmp_path}/{own}/own-1.0.jar")) == set()
    assert CACHES["maven"].purgeable(tmp_path) == ()
    put(tmp_path, f"{one}/lib-1.0.jar.sha1", content=b"0" * 40)
    assert entries("maven", tmp_path, told("zip file is broken")) == {one}


def test_gradle_modules_transforms_and_the_wrapper(tmp_path: Path) -> None:
    base = "caches/modules-2/files-2.1/org.demo"
    put(tmp_path, f"{base}/lib/1.0/abc/lib-1.0.jar", f"{base}/lib/2.0/abc/lib-2.0.jar", "caches/transforms-4/0a/transformed/x.jar", "gradle.properties")
    put(tmp_path, "caches/8.9/transforms/0b/metadata.bin", "caches/8.9/transforms/0c/metadata.bin")
    dist = "wrapper/dists/gradle-8.9-bin/" + "a" * 24
    put(tmp_path, f"{dist}/gradle-8.9-bin.zip.part", "wrapper/dists/gradle-8.8-bin/" + "b" * 24 + "/gradle-8.8-bin.zip.ok")
    assert entries("gradle", tmp_path, told("Could not resolve org.demo:lib:1.0.")) == {f"{base}/lib/1.0"}
    assert entries("gradle", tmp_path, told(f"{tmp_path}/{base}/lib/2.0/abc/lib-2.0.jar: zip END header not found")) == {f"{base}/lib/2.0"}
    assert entries("gradle", tmp_path, told(f"Could not read workspace metadata from {tmp_path}/caches/8.9/transforms/0b/metadata.bin")) == {"caches/8.9/transforms/0b"}
    descriptors = "caches/modules-2/metadata-2.36/descriptors/org.demo/lib"
    put(tmp_path, f"{descriptors}/1.0/0a/descriptor.bin", f"{descriptors}/2.0/0a/descriptor.bin")
    line = f"> Could not load module metadata from {tmp_path}/{descriptors}/2.0/0a/descriptor.bin"
    assert entries("gradle", tmp_path, told(line)) == {f"{descriptors}/2.0"}
    assert entries("gradle", tmp_path, told("at org.gradle.wrapper.Install.unzip(Install.java)")) == {dist}
    assert entries("gradle", tmp_path, told("Unzipping /h/gradle-8.9-bin.zip to /h")) == {dist}
    assert not any(path.name == "gradle.properties" for path in CACHES["gradle"].purgeable(tmp_path))


@pytest.mark.parametrize(
    "line",
    [
        "main.go:3:2: unzip /m/cache/download/example.test/!two/@v/v1.2.0.zip: zip: checksum error",
        "verifying example.test/Two@v1.2.0: checksum mismatch",
        "example.test/Two v1.2.0: dir has been modified (/m/example.test/!two@v1.2.0)",
        "../mod/example.test/!two@v1.2.0/x.go:504:1: syntax error",
    ],
)
def test_go_one_version_of_one_module(tmp_path: Path, line: str) -> None:
    for module in ("one@v1.2.0", "!two@v1.2.0", "!two@v1.3.0"):
        name, version = module.split("@")
        put(tmp_path, f"cache/download/example.test/{name}/@v/{version}.zip", f"example.test/{module}/x.go")
    download = "cache/download/example.test/!two/@v/v1.2.0.zip"
    assert entries("go", tmp_path, told(line)) == {download, "example.test/!two@v1.2.0"}


def test_yarn_and_berry(tmp_path: Path) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    put(old, "v6/npm-left-pad-1.3.0-abc123-integrity/x", "v6/npm-left-pad-1.3.1-abc124-integrity/x", "v6/npm-@babel-core-7.0.0-abc125-integrity/x")
    assert entries("yarn", old, told('error https://registry.example/left-pad/-/left-pad-1.3.0.tgz: Integrity check failed for "left-pad"')) == {
        "v6/npm-left-pad-1.3.0-abc123-integrity"
    }
    assert entries("yarn", old, told("x", package="@babel/core")) == {"v6/npm-@babel-core-7.0.0-abc125-integrity"}
    put(new, "left-pad-npm-1.3.0-0123456789-aa.zip", "@babel-core-npm-7.0.0-0123456789-bb.zip", ".gitignore")
    line = "YN0018: @babel/core@npm:7.0.0: The remote archive doesn't match the expected checksum"
    assert entries("yarn_berry", new, told(line)) == {"@babel-core-npm-7.0.0-0123456789-bb.zip"}


def test_yarn_1_by_the_path_of_its_note(tmp_path: Path) -> None:
    note = "v6/npm-left-pad-1.3.0-abc123-integrity/node_modules/left-pad/.yarn-metadata.json"
    put(tmp_path, note, "v6/npm-left-pad-1.3.1-abc124-integrity/node_modules/left-pad/.yarn-metadata.json")
    line = f"error SyntaxError: {tmp_path}/{note}: Unexpected end of JSON input"
    assert entries("yarn", tmp_path, told(line)) == {"v6/npm-left-pad-1.3.0-abc123-integrity"}


def test_berrys_mirror_is_where_its_settings_say(tmp_path: Path) -> None:
    from guard.types import Surroundings

    mirror = CACHES["yarn_berry_mirror"]
    here = Surroundings(cwd=str(tmp_path), workspace=str(tmp_path), home="/home/me")
    assert mirror.candidates(here) == (Path("/home/me/.yarn/berry/cache"),)
    put(tmp_path, ".yarnrc.yml", content=b"globalFolder: ./shared\n")
    assert mirror.candidates(here) == (tmp_path / "shared/cache",)
    put(tmp_path / "shared/cache", "left-pad-npm-1.3.0-0123456789-10c0.zip", "left-pad-npm-1.3.1-0123456789-10c0.zip")
    line = "YN0018: │ left-pad@npm:1.3.0: The remote archive doesn't match the expected checksum"
    assert entries("yarn_berry_mirror", tmp_path / "shared/cache", told(line)) == {"left-pad-npm-1.3.0-0123456789-10c0.zip"}


def test_poetry_by_archive_by_package_and_by_the_hash_it_got(tmp_path: Path) -> None:
    put(tmp_path, "artifacts/0a/11/22/six-1.16.0-py2.py3-none-any.whl", "artifacts/0b/11/22/Six_Pack-1.0.tar.gz", "virtualenvs/own/bin/python")
    answer = "cache/repositories/PyPI/_http_/1/2/3/4/5/1234567"
    put(tmp_path, answer, "cache/repositories/PyPI/_http_/a/b/c/d/e/abcde.body")
    put(tmp_path, f"{answer}.body", content=b"damaged")
    got = hashlib.sha256(b"damaged").hexdigest()
    line = f"Hash for six (1.16.0) from archive six-1.16.0-py2.py3-none-any.whl not found in known hashes (was: sha256:{got})"
    assert entries("poetry", tmp_path, told(line, package="six")) == {
        "artifacts/0a/11/22/six-1.16.0-py2.py3-none-any.whl", answer, f"{answer}.body",
    }  # fmt: skip
    assert entries("poetry", tmp_path, told("Invalid hashes", package="six.pack")) == {"artifacts/0b/11/22/Six_Pack-1.0.tar.gz"}
    assert {path.name for path in CACHES["poetry"].purgeable(tmp_path)} == {"artifacts", "cache"}


def test_poetrys_cache_is_where_its_settings_say(tmp_path: Path) -> None:
    from guard.types import Surroundings

    here = Surroundings(cwd=str(tmp_path), workspace=str(tmp_path), home="/home/me")
    assert CACHES["poetry"].candidates(here) == (Path("/home/me/.cache/pypoetry"),)
    put(tmp_path, "poetry.toml", content=b'cache-dir = "/elsewhere"\n')
    assert CACHES["poetry"].candidates(here) == (Path("/elsewhere"),)


def test_berrys_cache_that_git_holds_is_no_cache(tmp_path: Path) -> None:
    from guard.types import Surroundings

    put(tmp_path, ".yarn/cache/left-pad-npm-1.3.0-0123456789-aa.zip")
    surroundings = Surroundings(cwd=str(tmp_path), workspace=str(tmp_path), home=str(tmp_path / "home"))
    assert tmp_path / ".yarn/cache" in CACHES["yarn_berry"].candidates(surroundings)
    put(tmp_path, ".git/index", content=b"DIRC\0\0\0\2 .yarn/cache/left-pad-npm-1.3.0-0123456789-aa.zip")
    assert tmp_path / ".yarn/cache" not in CACHES["yarn_berry"].candidates(surroundings)


def test_pnpm_by_the_tarballs_hash(tmp_path: Path) -> None:
    digest = hashlib.sha512(b"tarball")
    code, hexed = "sha512-" + base64.b64encode(digest.digest()).decode(), digest.hexdigest()
    put(tmp_path, f"v3/files/{hexed[:2]}/{hexed[2:]}-index.json", "v3/files/00/other-index.json", f"v10/index/{hexed[:2]}/{hexed[2:64]}-a@1.0.0.json", "v10/files/00/x")
    line = f'ERR_PNPM_TARBALL_INTEGRITY  Got unexpected checksum for "x". Wanted "{code}". Got "sha512-xx"'
    assert entries("pnpm", tmp_path, told(line)) == {f"v3/files/{hexed[:2]}/{hexed[2:]}-index.json", f"v10/index/{hexed[:2]}/{hexed[2:64]}-a@1.0.0.json"}


def test_pnpm_a_folder_where_an_index_belongs(tmp_path: Path) -> None:
    entry = "v10/index/0a/" + "f" * 62 + "-a@1.0.0.json"
    (tmp_path / entry).mkdir(parents=True)
    put(tmp_path, "v10/files/00/" + "e" * 126, "v10/projects/x")
    line = f"ERR_PNPM_EISDIR  Failed to add tarball: EISDIR: illegal operation on a directory, rename '{tmp_path}/{entry[:-11]}123' -> '{tmp_path}/{entry}'"
    assert entries("pnpm", tmp_path, told(line)) == {entry}
    assert entries("pnpm", tmp_path, told(f"open '{tmp_path}/v10/index/0a' '{tmp_path}/v10/projects/x'")) == set()


def test_uv_all_of_one_package_with_its_archive(tmp_path: Path) -> None:
    put(tmp_path, "CACHEDIR.TAG", "archive-v0/abc/six.py", "archive-v0/abd/idna.py", "simple-v16/index/six.rkyv", "wheels-v5/index/idna/3.4.http")
    (tmp_path / "wheels-v5/index/six").mkdir(parents=True)
    (tmp_path / "wheels-v5/index/six/1.16.0-py3-none-any").symlink_to("../../../archive-v0/abc")
    (tmp_path / "wheels-v5/index/six/out").symlink_to("/etc")
    line = "error: Failed to extract archive: six-1.16.0-py2.py3-none-any.whl"
    assert entries("uv", tmp_path, told(line)) == {"wheels-v5/index/six", "archive-v0/abc", "simple-v16/index/six.rkyv"}


def test_go_build_and_ccache_by_path(tmp_path: Path) -> None:
    entry = "0a/" + "0a" + "f" * 62 + "-d"
    put(tmp_path / "go", entry, "0b/" + "0b" + "f" * 62 + "-d", "trim.txt", "README")
    assert entries("go_build", tmp_path / "go", told(f"could not import x (open /h/.cache/go-build/{entry}: unexpected EOF)")) == {entry}
    put(tmp_path / "cc", "a/b/cR", "a/b/dR", "ccache.conf")
    assert entries("ccache", tmp_path / "cc", told(f"Corrupt result {tmp_path}/cc/a/b/cR")) == {"a/b/cR"}
    assert not any(path.name == "ccache.conf" for path in CACHES["ccache"].purgeable(tmp_path / "cc"))
