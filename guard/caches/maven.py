"""Maven's local repository: group/artifact/version, with what failed and where it came from beside each file."""

from __future__ import annotations

import hashlib
import re
import shlex
import time
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "maven"

_OPTION = ("-Dmaven.repo.local",)
_LOCAL = re.compile(r"<localRepository>\s*([^<\s][^<]*?)\s*</localRepository>")
_COMMENT = re.compile(r"(?s)<!--.*?-->")
# group:artifact:type[:classifier]:version or group:artifact:version
_COORDINATES = re.compile(r"(?<![\w.:/-])([A-Za-z_][\w.-]*):([\w.-]+):((?:[\w.-]+:){0,2})(\d[\w.+-]*|[\w.-]*\d[\w.+-]*)")
# The plugin at work: it met the damage, and is not what is damaged; where it is, its own file is named.
_AT_WORK = re.compile(r"Failed to execute goal [\w.-]+(?::[\w.-]+)+")
_MARKS = ("_remote.repositories", "_maven.repositories", "resolver-status.properties")
_LONGEST_S = 10.0


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """`-Dmaven.repo.local` of MAVEN_ARGS, .mvn/maven.config, MAVEN_OPTS and .mvn/jvm.config, then settings.xml, then ~/.m2."""
    env, home = surroundings.env, surroundings.home
    texts = [env.get("MAVEN_ARGS", "")]
    folders = dict.fromkeys((Path(surroundings.cwd), Path(surroundings.workspace)))
    texts += [places.read(folder / ".mvn/maven.config") for folder in folders]
    texts += [env.get("MAVEN_OPTS", "")]
    texts += [places.read(folder / ".mvn/jvm.config") for folder in folders]
    for text in texts:
        for value in places.option_values(_words(text), _OPTION):
            path = places.absolute(value, surroundings.cwd, env, home)
            if path is not None:
                return (path,)
    for file in (Path(home) / ".m2/settings.xml", Path(env.get("MAVEN_HOME") or "/etc/maven") / "conf/settings.xml"):
        match = _LOCAL.search(_COMMENT.sub("", places.read(file)))
        path = places.absolute(match.group(1), surroundings.cwd, env, home) if match else None
        if path is not None:
            return (path,)
    return (Path(home) / ".m2/repository",) if home else ()


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text, comments=False)
    except ValueError:
        return text.split()


def looks_right(root: Path) -> bool:
    """Somewhere within the first versions seen lies a .pom with Maven's own note on where it came from."""
    for file in shape.files_below(root, 4000):
        if file.name in _MARKS and any(name.endswith((".pom", ".lastUpdated")) for name in shape.names(file.parent)):
            return True
    return False


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The version folders that the lines name, by coordinates or by path; else those with files that their .sha1 belies.

    Only a version that was fetched is named: one that `mvn install` put there cannot be fetched again.
    """
    found: dict[Path, None] = {}
    for path in said.lost_below(root, diagnosis):
        folder = _version_folder(root, path)
        if folder is not None and _fetched(folder):
            found[folder] = None
    for group, artifact, _, version in _COORDINATES.findall(_coordinates(diagnosis)):
        folder = root.joinpath(*group.split("."), artifact, version.rstrip("."))
        if _is_version(root, folder) and _fetched(folder):
            found[folder] = None
    return tuple(found) or _belied(root)


def _coordinates(diagnosis: Diagnosis) -> str:
    package, version = said.entity(diagnosis, "package"), said.entity(diagnosis, "version")
    return _AT_WORK.sub("", said.text(diagnosis)) + (f"\n{package}:{version}" if package.count(":") == 1 and version else "")


def _version_folder(root: Path, path: Path) -> Path | None:
    """The version's folder that holds the file; also where the file itself is gone."""
    for folder in (path, path.parent):
        if _is_version(root, folder):
            return folder
    return None


def _is_version(root: Path, folder: Path) -> bool:
    """Below root by at least group/artifact/version, no `..`, and the files in it begin with artifact-."""
    if ".." in folder.parts or not folder.is_relative_to(root) or len(folder.relative_to(root).parts) < 3:
        return False
    if not shape.is_folder(folder) or folder.resolve() != folder:
        return False
    return any(name.startswith(f"{folder.parent.name}-") for name in shape.names(folder))


def _fetched(folder: Path) -> bool:
    """Whether a note says that a file came from a repository (`name>id=`), or that fetching one failed.

    `name>=` is what Maven writes for what was installed here. Without any note a .sha1 shows a download.
    """
    notes = [places.read(folder / mark) for mark in _MARKS[:2]]
    lines = [line for note in notes for line in note.splitlines() if ">" in line and not line.startswith("#")]
    names = shape.names(folder)
    if any(re.search(r">=\s*$", line) for line in lines):
        return False
    return bool(lines) or any(name.endswith((".lastUpdated", ".sha1")) for name in names)


def _belied(root: Path) -> tuple[Path, ...]:
    found: dict[Path, None] = {}
    until = time.monotonic() + _LONGEST_S
    for file in shape.files_below(root):
        if time.monotonic() > until:
            break
        if file.suffix != ".sha1":
            continue
        match = re.match(r"\s*([0-9a-fA-F]{40})\b", places.read(file))
        told, own = match.group(1).lower() if match else "", file.with_suffix("")
        try:
            if told and not own.is_symlink() and hashlib.sha1(own.read_bytes(), usedforsecurity=False).hexdigest() != told:
                folder = file.parent
                if _is_version(root, folder) and _fetched(folder):
                    found[folder] = None
        except OSError:
            continue
    return tuple(found)


def purgeable(root: Path) -> tuple[Path, ...]:
    """Notes of failed downloads: the rest may hold what was only installed here, and is not purged unnamed."""
    return tuple(file for file in shape.files_below(root) if file.name.endswith(".lastUpdated"))
