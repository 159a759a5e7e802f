"""`python -m guard.delivery.inline [ROOT]`: guard as text inside the skins whose CI brings nothing but text.

GitLab's templates and the resource of the Jenkins library carry a shell function `pipeguard` between two marks, with
guard itself as base64: first the modules that a pass needs, then the others as an archive, which is unpacked when one of them
is wanted. The text is the same for the same tree and the same pinned packages.
"""

from __future__ import annotations

import argparse
import base64
import lzma
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path

from guard.delivery import bytecode, marks
from guard.delivery.build import build
from guard.errors import GuardError

GITLAB = ("templates/guard.yml", "include/guard.yml")
SKINS = (*(f"gitlab-component/{name}" for name in GITLAB), "jenkins-shared-lib/resources/io/pipeguard/guard.sh")
BEGIN, END = "# >>> guard itself", "# <<< guard itself"
INLINED = Path(__file__).with_name("inlined")
# A skin runs and heals; it asks no server, and draws no page.
_KEPT = ("guard/", "vendor/yaml/", "vendor/tenacity/", "licenses/pyyaml", "licenses/tenacity", "licenses/pipeguard")
_WIDTH = 4000
PARTED = "-"
"""The line between what a pass needs, which is read at once, and the rest."""
_TIME = (1980, 1, 1, 0, 0, 0)


def function(members: Mapping[str, bytes], first: Collection[str]) -> str:
    """The text that defines `pipeguard`; `members`: the files of guard's archive, by their paths in it; `first`: modules that a pass needs."""
    modules = {name: (path.endswith("/__init__.py"), members[path]) for name, path in _modules(members) if name in first}
    rest = {path: content for path, content in members.items() if dict(_modules([path])).keys().isdisjoint(modules)}
    pass_ = zlib.compress(bytecode.dumped(modules), 9)
    archive = lzma.compress(_plain(rest), preset=9 | lzma.PRESET_EXTREME)
    lines = [*_lines(pass_), PARTED, *_lines(archive)]
    return "".join(
        (
            _quoted("pipeguard_boot", (INLINED / "boot.py").read_text(encoding="utf-8")),
            _quoted("pipeguard_bare", (INLINED / "bare.sh").read_text(encoding="utf-8")),
            (INLINED / "function.sh").read_text(encoding="utf-8"),
            _quoted("pipeguard_payload", "\n".join(lines)),
        )
    )


def inlined(text: str, function: str) -> str:
    """A skin's text with the function between its marks. Raises GuardError without marks."""
    return marks.filled(text, BEGIN, END, function.splitlines())


def write(root: Path, function: str, names: Sequence[str] = SKINS) -> None:
    """Write the function into the files `names` below `root`. Raises OSError, GuardError."""
    for name in names:
        path = root / name
        path.write_text(inlined(path.read_text(encoding="utf-8"), function), encoding="utf-8")


def made(wheels: Path | None = None) -> str:
    """The function of this tree; `wheels`: where the pinned packages are kept. Raises GuardError, OSError."""
    with tempfile.TemporaryDirectory() as folder:
        kept = wheels or Path(folder) / "wheels"
        kept.mkdir(parents=True, exist_ok=True)
        pyz = Path(folder) / "guard.pyz"
        build(pyz, (), kept, model=False)
        members = {**_sources(), **_members(pyz)}
    for name, content in members.items():
        if name.endswith(".py"):
            try:
                compile(content, name, "exec")
            except SyntaxError as error:
                raise GuardError(f"{name}:{error.lineno} cannot be compiled: {error.msg}") from error
    return function(members, bytecode.imported(str(Path(__file__).parents[2])))


def _sources() -> dict[str, bytes]:
    """Path in the archive -> text of each module of guard: as files, which any Python can import."""
    modules = bytecode.sources(str(Path(__file__).parents[2]))
    return {name.replace(".", "/") + ("/__init__.py" if packaged else ".py"): text for name, (packaged, text) in modules.items()}


def _members(pyz: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(pyz) as archive:
        return {name: archive.read(name) for name in archive.namelist() if name.startswith(_KEPT)}


def _modules(paths: Iterable[str]) -> list[tuple[str, str]]:
    """(name of a module, its path) of each that is one, in order."""
    return [(path.removesuffix(".py").removesuffix("/__init__").replace("/", "."), path) for path in sorted(paths) if path.endswith(".py")]


def _lines(data: bytes) -> list[str]:
    text = base64.b64encode(data).decode()
    return [text[at : at + _WIDTH] for at in range(0, len(text), _WIDTH)]


def _plain(members: Mapping[str, bytes]) -> bytes:
    """An archive whose files are stored as they are: what compresses it as a whole makes it half as large."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            archive.writestr(zipfile.ZipInfo(name, _TIME), members[name])
    return buffer.getvalue()


def _quoted(name: str, text: str) -> str:
    inside = text.replace("'", "'\\''")
    return f"{name}='{inside}'\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line: its exit code."""
    parser = argparse.ArgumentParser(prog="python -m guard.delivery.inline", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("root", type=Path, nargs="?", default=Path(__file__).parents[2], help="the checkout whose skins are written")
    parser.add_argument("--gitlab", type=Path, metavar="DIR", help="write the templates of the component's own project in DIR, nothing else")
    parser.add_argument("--wheels", type=Path, metavar="DIR", help="keep the fetched packages here, and take them from here")
    given = parser.parse_args(arguments)
    try:
        if given.gitlab:
            write(given.gitlab, made(given.wheels), GITLAB)
        else:
            write(given.root, made(given.wheels))
    except GuardError as error:
        sys.stderr.write("".join(f"{line}\n" for line in error.lines()))
        return error.exit_code
    except OSError as error:
        sys.stderr.write(f"guard: {error.filename or given.root} cannot be read or written: {error.strerror}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
