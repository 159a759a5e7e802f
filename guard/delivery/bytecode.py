"""Sources of guard → their bytecode for the Python that runs this: in pieces that `delivery.bundled` loads, or beside them.

Called as a script: `bytecode.py SOURCE OUT` writes the pieces, `bytecode.py SOURCE` what a pass imports, beside the sources.
Imports nothing of guard, so that any Python from 3.10 on can run it.
"""

from __future__ import annotations

import importlib.util
import marshal
import os
import py_compile
import subprocess
import sys
import tempfile
import types
from typing import Any

START = "guard.delivery.bundled"
# Only builds need these.
_LEFT_OUT = frozenset(f"guard.delivery.{name}" for name in ("archive_main", "build", "bytecode", "vendored")) | {"guard.signatures.compile"}
# A pass as it is run, plainly, with options, and in each skin; then what was imported.
_PASS = """
# With this guard leaves by SystemExit.
import atexit
import sys
source, sys.argv = sys.argv[1], ["guard", "run", *sys.argv[2:]]
sys.path.insert(0, source)
import guard.launch
try:
    guard.launch.main(source)
except SystemExit as end:
    assert not end.code, end.code
# Where there is a history, a pass leaves a line beside it.
import guard.history.spool
print("\\n" + " ".join(sys.modules))
"""
_OPTIONS = ("--attempts", "2", "--timeout", "5m")
_TOLD = ("REPORTS", "FACTS", "OUTPUTS", "SUMMARY")
_SKINS = ("", "github", "gitlab", "jenkins", "circleci", "azure", "buildkite", "teamcity")


def pieces(source: str) -> dict[str, bytes]:
    """The bytecode for this very Python: `start`, with which the archive begins, `pass`, what a pass imports, and `rest`."""
    modules = sources(source)
    first = {name for name in imported(source) if name in modules}
    start = modules.pop(START)
    return {
        "start": importlib.util.MAGIC_NUMBER + dumped(_code(START, *start)),
        "pass": _piece({name: module for name, module in modules.items() if name in first}),
        "rest": _piece({name: module for name, module in modules.items() if name not in first}),
    }


def beside(source: str) -> list[str]:
    """Write the bytecode of what a pass imports into the `__pycache__` of SOURCE: the paths written. Raises PyCompileError, OSError.

    A release's tree carries it, for a CI lays down nothing but that tree, anew for each job, and a pass leaves no files.
    It is tied to its source by a hash: that of a file which was changed since is not used (PEP 552).
    """
    first, written = imported(source), []
    for name, (_, path) in sorted(found(os.path.join(source, "guard"), "guard").items()):
        if name in first:
            shown = os.path.relpath(path, source).replace(os.sep, "/")
            made = py_compile.compile(path, dfile=shown, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
            written.append(str(made))
    return written


def sources(source: str) -> dict[str, tuple[bool, bytes]]:
    """Name -> (is a package, text) of each module of guard that travels, in order."""
    texts = {}
    for name, (packaged, path) in sorted(found(os.path.join(source, "guard"), "guard").items()):
        if name not in _LEFT_OUT:
            with open(path, "rb") as file:
                texts[name] = (packaged, file.read())
    return texts


def found(folder: str, package: str) -> dict[str, tuple[bool, str]]:
    """Name -> (is a package, path) of each module of a package."""
    modules = {package: (True, os.path.join(folder, "__init__.py"))}
    for entry in sorted(os.listdir(folder)):
        path = os.path.join(folder, entry)
        if os.path.isfile(os.path.join(path, "__init__.py")):
            modules.update(found(path, f"{package}.{entry}"))
        elif entry.endswith(".py") and entry != "__init__.py":
            modules[f"{package}.{entry[:-3]}"] = (False, path)
    return modules


def imported(source: str) -> set[str]:
    """The modules that a pass imports, whatever way it is started."""
    names: set[str] = set()
    with tempfile.TemporaryDirectory() as told:
        # What a skin names, so that its CI is told.
        files = {f"PIPEGUARD_{name}": os.path.join(told, name) for name in _TOLD}
        for skin in _SKINS:
            for options in ((), _OPTIONS):
                done = subprocess.run(
                    [sys.executable, "-I", "-S", "-B", "-c", _PASS, source, *options, "--", "true"],
                    env={"PATH": os.environ.get("PATH", os.defpath), **({"PIPEGUARD_SKIN": skin, **files} if skin else {})},
                    # No checkout whose settings or history a pass would look into.
                    cwd=os.sep,
                    stdout=subprocess.PIPE, text=True, check=True, timeout=60,
                )  # fmt: skip
                names.update(done.stdout.rsplit("\n", 2)[-2].split())
    return names


def _piece(modules: dict[str, tuple[bool, bytes]]) -> bytes:
    codes = {name: (packaged, dumped(_code(name, packaged, text))) for name, (packaged, text) in modules.items()}
    return importlib.util.MAGIC_NUMBER + dumped(codes)


def _code(name: str, packaged: bool, text: bytes) -> types.CodeType:
    shown = "/".join(name.split(".")) + ("/__init__.py" if packaged else ".py")
    code: types.CodeType = compile(text, f"guard.pyz/{shown}", "exec", dont_inherit=True, optimize=0)
    return code


def dumped(value: Any) -> bytes:
    """Marshalled so that equal values give equal bytes: version 2 has no back references, which follow the reference counts."""
    try:
        return marshal.dumps(value, 2)
    except ValueError:
        # Constants that only newer versions can hold (slices, from Python 3.14 on).
        return marshal.dumps(value)


def main(source: str, out: str = "") -> None:
    """Write the pieces into the folder `out` and print its name in the archive; without it, write beside the sources and print the paths."""
    if not out:
        sys.stdout.write("".join(f"{path}\n" for path in beside(os.path.abspath(source))))
        return
    for name, data in pieces(source).items():
        with open(os.path.join(out, name), "wb") as file:
            file.write(data)
    sys.stdout.write(f"{sys.implementation.name}-{sys.version_info[0]}.{sys.version_info[1]}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
