"""Goods of the lab's own make: git repositories, a Debian archive, gems, Composer packages, release files."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import subprocess
import tarfile
import zipfile
from pathlib import Path

_WHO = ("-c", "user.name=Robin", "-c", "user.email=robin@acme.example", "-c", "init.defaultBranch=main")


def _run(folder: Path, *argv: str, **env: str) -> str:
    done = subprocess.run(argv, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(argv)[:200]}:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


def _noise(seed: int, size: int) -> bytes:
    """Bytes that do not compress."""
    return random.Random(seed).randbytes(size)


def git_repositories(store: Path, room: Path) -> None:
    """Two repositories with some history and enough weight for a transfer to break in the middle."""
    for number, name in enumerate(("team/parser-core", "infra/charts")):
        work = room / f"work{number}"
        work.mkdir()
        _run(work, "git", *_WHO, "init", "-q")
        for commit in range(12):
            (work / f"module_{commit}.py").write_text(f'"""Module {commit}."""\n\nSTEP = {commit}\n' * 5)
            (work / "data.bin").write_bytes(_noise(commit + 100 * number, 120_000))
            _run(work, "git", *_WHO, "add", "-A")
            _run(work, "git", *_WHO, "commit", "-qm", f"Step {commit}")
        _run(work, "git", *_WHO, "tag", "v1.4.0")
        target = store / "git" / f"{name}.git"
        target.parent.mkdir(parents=True, exist_ok=True)
        _run(room, "git", "clone", "-q", "--bare", str(work), str(target))
        _run(target, "git", "config", "http.receivepack", "true")


def apt_archive(store: Path, _room: Path) -> None:
    """A signed archive of three small packages, two of which depend on one another."""
    root = store / "apt"
    pool, lists = root / "pool" / "main", root / "dists" / "stable" / "main" / "binary-amd64"
    pool.mkdir(parents=True, exist_ok=True)
    lists.mkdir(parents=True, exist_ok=True)
    for name, version, needs in (
        ("libledger2", "2.4.1-3", ""),
        ("ledger-tools", "2.4.1-3", "libledger2 (= 2.4.1-3)"),
        ("tilecutter", "0.9.0-1", ""),
    ):
        tree = root / "build" / name
        (tree / "DEBIAN").mkdir(parents=True, exist_ok=True)
        (tree / "usr" / "share" / name).mkdir(parents=True, exist_ok=True)
        (tree / "usr" / "share" / name / "data").write_bytes(_noise(len(name), 90_000))
        depends = f"Depends: {needs}\n" if needs else ""
        (tree / "DEBIAN" / "control").write_text(
            f"Package: {name}\nVersion: {version}\nArchitecture: amd64\nMaintainer: Robin <robin@acme.example>\n{depends}Description: {name} of the lab\n"
        )
        _run(root, "dpkg-deb", "--root-owner-group", "-b", f"build/{name}", f"pool/main/{name}_{version}_amd64.deb")
    packages = _run(root, "apt-ftparchive", "packages", "pool").encode()
    (lists / "Packages").write_bytes(packages)
    (lists / "Packages.gz").write_bytes(gzip.compress(packages))
    options = [f"-oAPT::FTPArchive::Release::{key}={value}" for key, value in
               {"Origin": "Acme", "Label": "Acme", "Suite": "stable", "Codename": "stable", "Architectures": "amd64", "Components": "main"}.items()]  # fmt: skip
    (root / "dists" / "stable" / "Release").write_text(_run(root, "apt-ftparchive", *options, "release", "dists/stable"))
    keys = root / "keys"
    keys.mkdir(mode=0o700, exist_ok=True)
    gpg = ("gpg", "--batch", "--homedir", str(keys), "--pinentry-mode", "loopback", "--passphrase", "")
    _run(root, *gpg, "--quick-generate-key", "Acme Archive <archive@acme.example>", "rsa2048", "sign", "never")
    _run(root, *gpg, "--yes", "--clearsign", "-o", "dists/stable/InRelease", "dists/stable/Release")
    _run(root, *gpg, "--yes", "-o", "archive-key.gpg", "--export")


def gem_index(store: Path, _room: Path) -> None:
    """A gem server of three gems."""
    root = store / "gems"
    (root / "gems").mkdir(parents=True, exist_ok=True)
    for name, needs in (("tally_marks", ""), ("ledger_format", "tally_marks"), ("csv_stitch", "")):
        work = root / "build" / name
        (work / "lib").mkdir(parents=True, exist_ok=True)
        (work / "lib" / f"{name}.rb").write_text(f"module {name.title().replace('_', '')}\n  VERSION = '1.2.0'\nend\n")
        (work / "lib" / "table.dat").write_bytes(_noise(len(name), 60_000))
        dependency = f"s.add_dependency '{needs}', '~> 1.0'; " if needs else ""
        (work / f"{name}.gemspec").write_text(
            f"Gem::Specification.new {{ |s| s.name='{name}'; s.version='1.2.0'; s.summary='{name}'; s.authors=['Robin'];"
            f" s.license='MIT'; s.homepage='https://acme.example'; {dependency}s.files=Dir['lib/*'] }}\n"
        )
        _run(work, "gem", "build", f"{name}.gemspec", "-o", str(root / "gems" / f"{name}-1.2.0.gem"))
    _run(root, "gem", "generate_index", "-d", str(root))


def composer_packages(store: Path, _room: Path) -> None:
    """A Composer repository of two packages."""
    root = store / "composer"
    root.mkdir(parents=True, exist_ok=True)
    packages = {}
    for name in ("acme/money", "acme/postcode"):
        file = f"{name.replace('/', '-')}-2.1.0.zip"
        with zipfile.ZipFile(root / file, "w") as archive:
            archive.writestr("composer.json", json.dumps({"name": name, "autoload": {"psr-4": {"Acme\\": "src/"}}}))
            archive.writestr("src/Thing.php", "<?php\nnamespace Acme;\nclass Thing {}\n")
            archive.writestr("src/table.dat", _noise(len(name), 50_000))
        digest = hashlib.sha1((root / file).read_bytes(), usedforsecurity=False).hexdigest()
        dist = {"type": "zip", "url": f"@BASE@/composer/{file}", "shasum": digest}
        packages[name] = {"2.1.0": {"name": name, "version": "2.1.0", "dist": dist, "autoload": {"psr-4": {"Acme\\": "src/"}}}}
    (root / "packages.json").write_text(json.dumps({"packages": packages}))


def release_files(store: Path, _room: Path) -> None:
    """What build scripts fetch by its address: archives with their sums, a JSON document, a large file."""
    root = store / "files" / "releases"
    root.mkdir(parents=True, exist_ok=True)
    sums = []
    for number, name in enumerate(("toolchain-1.4.2-linux-x64.tar.gz", "protoc-gen-rows_0.8.1.tar.gz", "weights-v3.tar.gz")):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
            for part, size in (("bin/run", 180_000), ("share/table.dat", 240_000 * (1 + 3 * (number == 2)))):
                entry = tarfile.TarInfo(f"{name.split('-')[0]}/{part}")
                entry.size = size
                archive.addfile(entry, io.BytesIO(_noise(number, size)))
        (root / name).write_bytes(buffer.getvalue())
        sums.append(f"{hashlib.sha256(buffer.getvalue()).hexdigest()}  {name}\n")
    (root / "SHA256SUMS").write_text("".join(sums))
    with zipfile.ZipFile(root / "fixtures.zip", "w") as archive:
        archive.writestr("fixtures/orders.csv", "id,total\n" + "".join(f"{n},{n * 7 % 100}.50\n" for n in range(4000)))
        archive.writestr("fixtures/blob.bin", _noise(9, 90_000))
    (root / "exchange-rates.json").write_text(json.dumps({"base": "EUR", "rates": {f"C{n:02d}": round(0.5 + n / 7, 4) for n in range(60)}}))
    (root / "install.sh").write_text("#!/bin/sh\nset -e\necho 'installing toolchain 1.4.2'\nmkdir -p .tools/bin\necho done\n" + "# padding\n" * 400)
