"""Gradle's user home: downloaded modules, transformed artifacts, script and build caches, wrapper distributions."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places, said, shape
from guard.types import Diagnosis, Surroundings

NAME = "gradle"

_COORDINATES = re.compile(r"(?<![\w.:/-])([A-Za-z_][\w.-]*):([\w.-]+):(\d[\w.+-]*|[A-Za-z][\w.-]*\d[\w.+-]*)")
_DISTRIBUTION = re.compile(r"\b(gradle-\d[\w.-]*?-(?:bin|all))(?:\.zip|/)")
_FILES = re.compile(r"files-\d+\.\d+")
# What Gradle itself makes below `caches`; nothing else there is touched.
_MADE = r"modules-\d+|jars-\d+|transforms-\d+|build-cache-\d+|journal-\d+|notifications|\d+\.\d+[\w.-]*|artifacts-\d+"
# Where an entry is one folder of a cache; others are replaced as a whole.
_BY_ENTRY = re.compile(r"transforms(?:-\d+)?|jars-\d+|groovy-dsl|kotlin-dsl|scripts|files-maven")


def candidates(surroundings: Surroundings) -> tuple[Path, ...]:
    """GRADLE_USER_HOME, else ~/.gradle."""
    given = places.from_env(surroundings, "GRADLE_USER_HOME")
    return given or ((Path(surroundings.home) / ".gradle",) if surroundings.home else ())


def looks_right(root: Path) -> bool:
    """`caches` with what Gradle makes there, or the wrapper's distributions."""
    return bool(_parts(root))


def _parts(root: Path) -> tuple[Path, ...]:
    made = shape.folders(root / "caches", _MADE) if shape.is_folder(root / "caches") else ()
    if not any(path.name.startswith(("modules-", "transforms-", "jars-", "journal-")) for path in made):
        made = ()
    distributions = root / "wrapper/dists"
    wrapper = shape.folders(distributions, r"gradle-\d.*") if shape.is_folder(distributions) else ()
    return (*made, *wrapper)


def damaged(root: Path, diagnosis: Diagnosis) -> tuple[Path, ...]:
    """The module versions, transformed artifacts and wrapper distributions that the lines name.

    A wrapper distribution is complete when it carries the wrapper's own `.ok`; where lines speak of the wrapper
    but of no version, the incomplete ones are meant.
    """
    text = said.text(diagnosis)
    found: dict[Path, None] = {}
    for path in said.lost_below(root, diagnosis):
        entry = _entry(root, path)
        if entry is not None and entry.exists():
            found[entry] = None
    coordinates = _COORDINATES.findall(text)
    for store in shape.folders(root / "caches", r"modules-\d+"):
        for files in shape.folders(store, _FILES.pattern):
            for group, name, version in coordinates:
                folder = files / group / name / version.rstrip(".")
                if shape.is_folder(folder) and not {group, name, version} & {".", ".."}:
                    found[folder] = None
    named = set(_DISTRIBUTION.findall(text))
    speaks_of_wrapper = bool(named) or "gradle/wrapper" in text or "org.gradle.wrapper" in text
    for distribution in shape.folders(root / "wrapper/dists", r"gradle-\d.*"):
        for folder in shape.folders(distribution, "[0-9a-z]{20,64}"):
            if distribution.name in named or (speaks_of_wrapper and not named and not _complete(folder)):
                found[folder] = None
    return tuple(found)


def _complete(folder: Path) -> bool:
    return any(name.endswith(".ok") for name in shape.names(folder))


def _entry(root: Path, path: Path) -> Path | None:
    """The unit that Gradle makes anew: of a file deep inside, the folder that holds it and what belongs to it."""
    parts = path.relative_to(root).parts
    if parts[:2] == ("wrapper", "dists") and len(parts) >= 4:
        return root.joinpath(*parts[:4])
    if parts[0] != "caches" or len(parts) < 3 or not re.fullmatch(_MADE, parts[1]):
        return None
    for position, name in enumerate(parts[1:], 1):
        # Both by group, module and version.
        if (name == "descriptors" or _FILES.fullmatch(name)) and len(parts) >= position + 4:
            return root.joinpath(*parts[: position + 4])
        if _BY_ENTRY.fullmatch(name) and len(parts) >= position + 2:
            return root.joinpath(*parts[: position + 2])
    return root.joinpath(*parts[:3])


def purgeable(root: Path) -> tuple[Path, ...]:
    """What Gradle made below `caches`, and distributions; never `gradle.properties`, `init.d` or keys."""
    return _parts(root)
