"""Maven's repositories: those of the project and the settings, each with the mirror that the settings put before it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, urls

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Loaded where they are needed: other failures do without.
    from xml.etree import ElementTree

NAMES = frozenset({"maven"})
PROGRAMS = frozenset({"mvn", "mvnw", "mvnd"})

_SETTINGS = re.compile(r"(?<!\S)(?:-s|--settings|-gs|--global-settings)(?:\s+|=)['\"]?([^\s'\"]+)")
_USER_HOME = re.compile(r"-Duser\.home=(\S+)")
_SUPER = "org/apache/maven/model/pom-4.0.0.xml"
_LARGEST_POM = 1 << 20


@dataclass(frozen=True)
class _Mirror:
    of: tuple[str, ...]
    address: str

    def takes(self, name: str, address: str) -> bool:
        """Whether it stands before this repository (Maven's "Guide to Mirror Settings")."""
        if f"!{name}" in self.of:
            return False
        outside = not re.match(r"(?:https?://(?:localhost|127\.0\.0\.1)[:/]|file:)", address)
        plain = outside and address.startswith("http:")
        return "*" in self.of or name in self.of or ("external:*" in self.of and outside) or ("external:http:*" in self.of and plain)


def named(scene: Scene) -> Named:
    """The address that each repository is really fetched from, the central one last."""
    trees = [tree for text in _settings(scene) if (tree := _parsed(scene.filled(_from_env(text, scene)))) is not None]
    mirrors = [one for tree in trees for one in _mirrors(tree)]
    pom = _parsed(scene.read("pom.xml"))
    repositories = [one for tree in ([pom] if pom is not None else []) + trees for one in _repositories(tree)]
    if not any(name == "central" for name, _ in repositories):
        if any(mirror.takes("central", "https://central") for mirror in mirrors):
            repositories.append(("central", "https://central"))
        else:
            repositories += [("central", address) for address in _central(scene)]
    found: dict[str, None] = {}
    for name, address in repositories:
        mirror = next((one for one in mirrors if one.takes(name, address)), None)
        found.update(dict.fromkeys(urls(mirror.address if mirror is not None else address)[:1]))
    return Named(tuple(found), next((proxy for tree in trees if (proxy := _proxy(tree))), ""))


def _settings(scene: Scene) -> list[str]:
    """The texts of the settings that count here: by option, else the user's, then the installation's."""
    given = [scene.cwd / name for name in _SETTINGS.findall(" ".join((scene.text, scene.env.get("MAVEN_ARGS", ""), scene.read(".mvn/maven.config"))))]
    # A JVM takes its user's home from the password file; where it is told another one, that counts.
    told = _USER_HOME.findall(f"{scene.env.get('MAVEN_OPTS', '')} {scene.read('.mvn/jvm.config')}")
    files = given or [Path(told[-1] if told else scene.home) / ".m2/settings.xml"]
    own = _installation(scene)
    return [places.read(file) for file in (*files, *((own / "conf/settings.xml",) if own is not None else ()))]


def _from_env(text: str, scene: Scene) -> str:
    return re.sub(r"\$\{env\.(\w+)\}", lambda match: scene.env.get(match[1]) or match[0], text)


def _parsed(text: str) -> ElementTree.Element | None:
    """The root of an XML text; None for none, and for one with entities of its own, which could grow without bounds."""
    from xml.etree import ElementTree

    if not text or "<!ENTITY" in text or "<!DOCTYPE" in text:
        return None
    try:
        return ElementTree.fromstring(text)
    except (ElementTree.ParseError, ValueError):
        return None


def _mirrors(tree: ElementTree.Element) -> Iterable[_Mirror]:
    for mirror in tree.iterfind(".//{*}mirrors/{*}mirror"):
        of = tuple(re.split(r"\s*,\s*", (mirror.findtext("{*}mirrorOf") or "").strip()))
        if (mirror.findtext("{*}blocked") or "").strip() != "true":
            yield _Mirror(of, (mirror.findtext("{*}url") or "").strip())


def _repositories(tree: ElementTree.Element) -> Iterable[tuple[str, str]]:
    for kind in ("repository", "pluginRepository"):
        for one in tree.iterfind(f".//{{*}}{'repositories' if kind == 'repository' else 'pluginRepositories'}/{{*}}{kind}"):
            yield (one.findtext("{*}id") or "").strip(), (one.findtext("{*}url") or "").strip()


def _proxy(tree: ElementTree.Element) -> str:
    for one in tree.iterfind(".//{*}proxies/{*}proxy"):
        host, port = (one.findtext("{*}host") or "").strip(), (one.findtext("{*}port") or "").strip()
        if (one.findtext("{*}active") or "true").strip() == "true" and host:
            return f"http://{host}:{port or '8080'}"
    return ""


def _installation(scene: Scene) -> Path | None:
    given = scene.env.get("MAVEN_HOME") or scene.env.get("M2_HOME")
    if given:
        return Path(given)
    mvn = built_in.program("mvn", scene)
    return mvn.resolve().parent.parent if mvn is not None else None


def _central(scene: Scene) -> tuple[str, ...]:
    """The central repository as the model that Maven itself carries names it."""
    import zipfile

    own = _installation(scene)
    for jar in sorted((own / "lib").glob("maven-model-builder-*.jar")) if own is not None else ():
        try:
            with zipfile.ZipFile(jar) as archive, archive.open(_SUPER) as pom:
                return urls("\n".join(re.findall(r"<url>([^<]+)</url>", pom.read(_LARGEST_POM).decode())))[:1]
        except (OSError, KeyError, ValueError, zipfile.BadZipFile):
            continue
    return ()
