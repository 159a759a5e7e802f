"""`python -m guard.delivery.build OUT`: guard.pyz, one file that runs wherever a Python from 3.10 on is, installed nowhere.

The same tree gives the same bytes: sorted names, one fixed time and mode, bytecode without reference counts, and
packages that are pinned by hash. See docs/delivery.md.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from guard.delivery import bytecode, vendored
from guard.errors import GuardError

PACKAGE = Path(__file__).resolve().parent.parent
_DATA = ("schema/*.json", "signatures/compiled.json", "delivery/*.txt", "report/page.*")
_MODEL = ("classifier.onnx", "labels.json", "MODEL_CARD.md")
_FIRST_LINE = b"#!/usr/bin/env python3\n"
_TIME = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
# Read on each start: stored as they are, so that a pass need not even load the decompressor.
_STORED = ("__main__.py", "/start", "/pass")


def build(out: Path, pythons: Sequence[str], wheels: Path, model: bool = True, licence: Path | None = None) -> None:
    """Write the single file, replaced at once. `pythons`: interpreters that get bytecode; `wheels`: where packages are kept.

    Raises GuardError where packages or an interpreter cannot be had, OSError where `out` cannot be written.
    """
    members = {**_own(model), **_bytecode(pythons)}
    for wheel in vendored.wheels(wheels):
        members.update(vendored.files(wheel))
    licence = licence or PACKAGE.parent / "LICENSE"
    if licence.is_file():
        members["licenses/pipeguard/LICENSE"] = licence.read_bytes()
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = out.with_name(f"{out.name}.{os.getpid()}")
    try:
        _write(aside, members)
        aside.chmod(0o755)
        aside.replace(out)
    finally:
        aside.unlink(missing_ok=True)


def _write(path: Path, members: dict[str, bytes]) -> None:
    with path.open("wb") as file:
        file.write(_FIRST_LINE)
        with zipfile.ZipFile(file, "w") as archive:
            for name in sorted(members):
                entry = zipfile.ZipInfo(name, _TIME)
                entry.external_attr = _MODE
                entry.create_system = 3
                entry.compress_type = zipfile.ZIP_STORED if name.endswith(_STORED) else zipfile.ZIP_DEFLATED
                archive.writestr(entry, members[name], compresslevel=9)


def _own(model: bool) -> dict[str, bytes]:
    members = {
        "__main__.py": (PACKAGE / "delivery" / "archive_main.py").read_bytes(),
        "source": bytecode.dumped(bytecode.sources(str(PACKAGE.parent))),
    }
    for path in (path for pattern in _DATA for path in PACKAGE.glob(pattern)):
        members[f"guard/{path.relative_to(PACKAGE).as_posix()}"] = path.read_bytes()
    if model:
        from guard.diagnosis.model import FOLDER, folder

        members.update({f"guard/{FOLDER}/{name}": (folder() / name).read_bytes() for name in _MODEL})
    return members


def _bytecode(pythons: Sequence[str]) -> dict[str, bytes]:
    """The pieces for each interpreter, by the folder that `delivery.bundled` looks into."""
    members: dict[str, bytes] = {}
    for python in pythons:
        with tempfile.TemporaryDirectory() as folder:
            script = str(PACKAGE / "delivery" / "bytecode.py")
            # A fixed seed: before 3.11 the order of constant sets follows it.
            env = {"PYTHONHASHSEED": "0", "PATH": os.environ.get("PATH", os.defpath)}
            try:
                done = subprocess.run(
                    [python, "-S", "-s", "-B", script, str(PACKAGE.parent), folder], env=env, cwd=folder, capture_output=True, text=True
                )
            except OSError as error:
                raise GuardError(f"{python} cannot be run: {error.strerror}") from error
            if done.returncode:
                raise GuardError(f"{python} cannot compile guard: {(done.stderr.strip().splitlines() or ['no word'])[-1]}")
            name = done.stdout.strip()
            members.update({f"bytecode/{name}/{path.name}": path.read_bytes() for path in Path(folder).iterdir()})
    return members


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line of the build: its exit code."""
    parser = argparse.ArgumentParser(prog="python -m guard.delivery.build", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("out", type=Path, help="the file to write, dist/guard.pyz by custom")
    parser.add_argument("--python", action="append", metavar="PATH", help="a Python that gets bytecode (again for each); default: this one")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="keep the fetched packages here, and take them from here")
    parser.add_argument("--without-model", action="store_true", help="leave the classifier out: a tenth of the size")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        kept = given.wheels or Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        try:
            build(given.out, given.python or [sys.executable], kept, model=not given.without_model)
        except GuardError as error:
            sys.stderr.write("".join(f"{line}\n" for line in error.lines()))
            return error.exit_code
        except OSError as error:
            sys.stderr.write(f"guard: {error.filename or given.out} cannot be read or written: {error.strerror}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
