"""The packages that guard.pyz carries: fetched by pip at the pinned versions, checked by hash, pure Python alone.

`python -m guard.delivery.vendored CHECKOUT [WHEELS]` lays them beside guard, as a release's tree has them, and prints the paths.
"""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Sequence
from pathlib import Path

from guard.errors import GuardError

PINS = Path(__file__).with_name("vendored.txt")
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")
# Of a package that has wheels for each platform alone, always this one, whoever builds: its Python files are the same.
_PLATFORM = (
    "--platform", "manylinux2014_x86_64", "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none",
)  # fmt: skip
_TIMEOUT_S = 300


def wheels(folder: Path) -> list[Path]:
    """The pinned wheels in a folder, fetched into it where they are not there yet.

    Raises GuardError where pip cannot fetch them, or what it fetched is not what is pinned.
    """
    pinned = set(_HASH.findall(PINS.read_text(encoding="utf-8")))
    if _hashes(folder).keys() < pinned:
        command = [
            sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--require-hashes",
            "--only-binary", ":all:", *_PLATFORM, "--dest", str(folder), "--requirement", str(PINS),
        ]  # fmt: skip
        try:
            done = subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            raise GuardError(f"pip did not fetch the packages of {PINS.name} within {_TIMEOUT_S} s") from None
        if done.returncode:
            said = done.stderr.strip().splitlines()
            raise GuardError(f"pip cannot fetch the packages of {PINS.name}: {said[-1] if said else 'it said nothing'}")
    found = _hashes(folder)
    if not pinned <= found.keys():
        raise GuardError(f"pip fetched other files than {PINS.name} pins into {folder}")
    return sorted(found[digest] for digest in pinned)


def _hashes(folder: Path) -> dict[str, Path]:
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in sorted(folder.glob("*.whl"))}


def files(wheel: Path) -> dict[str, bytes]:
    """Path in the archive -> content: the modules and data of a wheel below `vendor/`, its licences below `licenses/`."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            top, _, rest = name.partition("/")
            if name.endswith("/"):
                continue
            if top.endswith(".dist-info"):
                if re.search(r"(?i)licen[cs]e|notice|copying|authors", rest):
                    found[f"licenses/{top.removesuffix('.dist-info')}/{rest.rsplit('/', 1)[-1]}"] = archive.read(name)
            elif rest.endswith((".py", ".pem")) and top != "_yaml":
                found[f"vendor/{name}"] = archive.read(name)
    return found


def lay(root: Path, kept: Path) -> list[str]:
    """Write the modules and licences of all packages below `root`; `kept`: where their wheels are. The paths, from `root`.

    Raises GuardError as `wheels` does, OSError.
    """
    written = []
    for wheel in wheels(kept):
        for name, content in files(wheel).items():
            target = root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            written.append(name)
    return written


def main(arguments: Sequence[str]) -> int:
    """The command line: its exit code."""
    root = Path(arguments[0])
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(arguments[1]) if len(arguments) > 1 else Path(folder)
        kept.mkdir(parents=True, exist_ok=True)
        try:
            sys.stdout.write("".join(f"{name}\n" for name in lay(root, kept)))
        except GuardError as error:
            sys.stderr.write("".join(f"{line}\n" for line in error.lines()))
            return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
