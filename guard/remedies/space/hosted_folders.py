"""The large folders that hosted runners come with and most jobs never use (`allow: {reclaim: [hosted]}`).

Only on a runner that its maker says is hosted: the machine is thrown away after the job, so what goes is missed by no
other. Places by the images' own lists of installed software (GitHub's and Azure's share them).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from guard.types import Surroundings


@dataclass(frozen=True)
class Hosted:
    """A folder of the image, and the programs with which a command would need it."""

    what: str
    path: str
    used_by: frozenset[str]


_JVM_MOBILE = frozenset({"gradle", "gradlew", "flutter", "adb", "sdkmanager", "avdmanager", "emulator", "fastlane", "cordova", "ionic", "bazel", "ndk-build"})
_DOTNET = frozenset({"dotnet", "nuget", "msbuild", "pwsh", "powershell", "cake", "paket"})
_HASKELL = frozenset({"ghc", "cabal", "stack", "ghcup", "runghc", "runhaskell"})
FOLDERS: tuple[Hosted, ...] = (
    Hosted("CodeQL's bundle", "/opt/hostedtoolcache/CodeQL", frozenset({"codeql"})),
    Hosted("the Android SDK", "/usr/local/lib/android", _JVM_MOBILE),
    Hosted(".NET", "/usr/share/dotnet", _DOTNET),
    Hosted("GHC", "/opt/ghc", _HASKELL),
    Hosted("GHC", "/usr/local/.ghcup", _HASKELL),
    Hosted("Swift", "/usr/share/swift", frozenset({"swift", "swiftc", "xcodebuild"})),
    Hosted("Chromium", "/usr/local/share/chromium", frozenset({"chromium", "karma", "cypress", "playwright", "chromedriver", "puppeteer"})),
    Hosted("the Google Cloud SDK", "/usr/lib/google-cloud-sdk", frozenset({"gcloud", "gsutil", "bq", "docker-credential-gcloud"})),
    Hosted("the Azure CLI", "/opt/az", frozenset({"az"})),
    Hosted("PowerShell's modules", "/usr/local/share/powershell", frozenset({"pwsh", "powershell"})),
)
NEEDED_BY: frozenset[str] = frozenset().union(*(one.used_by for one in FOLDERS))
TOOL_CACHE = "/opt/hostedtoolcache"
_VERSION = re.compile(r"\d+(?:\.\d+){1,3}(?:[-+.][\w.+-]*)?")
_TOOLS = re.compile(r"go|node|Python|PyPy|Ruby|Java_[\w-]+")


def hosted(env: Mapping[str, str]) -> bool:
    """Whether the runner's maker says that the machine is its own and for this job alone."""
    return env.get("RUNNER_ENVIRONMENT") == "github-hosted" or (env.get("AGENT_ISSELFHOSTED") == "0" and bool(env.get("ImageOS")))


def unused(surroundings: Surroundings, programs: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """(what, folder) of those that are here, that the command's programs do not need, and that no variable brought into use."""
    if not hosted(surroundings.env):
        return
    for one in FOLDERS:
        place = Path(one.path)
        if not programs & one.used_by and _real(place) and not _in_path(place, surroundings.env):
            yield one.what, place
    for version in _versions(Path(TOOL_CACHE)):
        if not _named(version, surroundings.env):
            yield f"{version.parent.name} {version.name}", version


def _versions(root: Path) -> Iterator[Path]:
    """`TOOL/VERSION` folders of the tool cache."""
    for tool in _folders(root):
        if _TOOLS.fullmatch(tool.name):
            yield from (version for version in _folders(tool) if _VERSION.fullmatch(version.name))


def _folders(root: Path) -> list[Path]:
    try:
        return sorted(entry for entry in root.iterdir() if _real(entry))
    except OSError:
        return []


def _real(place: Path) -> bool:
    """Whether it is a real folder at that very path."""
    try:
        return place == place.resolve(strict=True) and place.is_dir()
    except (OSError, RuntimeError):
        return False


def _in_path(place: Path, env: Mapping[str, str]) -> bool:
    """Whether the tool cache's own folder for it is on PATH: a step has set it up."""
    inside = (os.path.realpath(entry) for entry in env.get("PATH", "").split(os.pathsep) if entry)
    return str(place).startswith(TOOL_CACHE) and any(entry == str(place) or entry.startswith(f"{place}/") for entry in inside)


def _named(place: Path, env: Mapping[str, str]) -> bool:
    """Whether any variable, PATH among them, leads into it; the images' own GOROOT_1_22_X64 and JAVA_HOME_17_X64 do not count."""
    mark = f"{place}/"
    return any(
        f"{value}/".find(mark) >= 0 or any(os.path.realpath(word).startswith(str(place)) for word in value.split(os.pathsep) if os.path.isabs(word))
        for name, value in env.items()
        if not re.fullmatch(r"(?:GOROOT_\d+_\d+|JAVA_HOME_\d+)_\w+", name)
    )
