"""Gradle's repositories, as far as a build script names them in plain words; what only running it would tell stays unknown."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"gradle"})
PROGRAMS = frozenset({"gradle", "gradlew"})

_SCRIPTS = ("settings.gradle", "settings.gradle.kts", "build.gradle", "build.gradle.kts")
# `url "…"`, `url = "…"`, `url = uri("…")`, `setUrl("…")`, `maven("…")`, `maven(url = "…")`
_REPOSITORY = re.compile(
    r"(?:\burl\b|\bsetUrl\b|\bmaven\b|\bivy\b)[ \t]{0,4}[=(]?[ \t]{0,4}(?:\{\s{0,40})?(?:\burl\b[ \t]{0,4}[=(]?[ \t]{0,4})?(?:uri[ \t]{0,4}\([ \t]{0,4})?[\"']([^\"'\n]{1,1000})[\"']"
)
_COMMENT = re.compile(r"(?m)(?<![:\"'])//[^\n]*$|/\*[\s\S]*?\*/")
_FROM_ENV = re.compile(r"\$\{?System\.(?:env\.(\w+)|getenv\([\"'](\w+)[\"']\))\}?")
_WRAPPER = re.compile(r"(?m)^distributionUrl=(\S+)")
_PROXY = re.compile(r"(?m)^systemProp\.(https?)\.proxy(Host|Port)[ \t]*=[ \t]*(\S+)")


def named(scene: Scene) -> Named:
    """Repositories of the build's scripts and of the user's init scripts, then where the wrapper fetches Gradle from."""
    home = Path(places.absolute(scene.env.get("GRADLE_USER_HOME", ""), str(scene.cwd), scene.env) or scene.home / ".gradle")
    texts = [scene.read(name) for name in _SCRIPTS]
    texts += [places.read(file) for file in (home / "init.gradle", home / "init.gradle.kts", *sorted((home / "init.d").glob("*.gradle*"))[:20])]
    found: dict[str, None] = {}
    for text in texts:
        filled = _FROM_ENV.sub(lambda match: scene.env.get(match[1] or match[2]) or match[0], _COMMENT.sub("", text))
        for value in _REPOSITORY.findall(filled):
            found.update(dict.fromkeys(urls(value)[:1]))
    for value in _WRAPPER.findall(scene.read("gradle/wrapper/gradle-wrapper.properties")):
        found.update(dict.fromkeys(urls(value.replace("\\:", ":"))[:1]))
    # The user's gradle.properties go before the project's (Gradle's "Build Environment").
    return Named(tuple(found), _proxy(places.read(home / "gradle.properties")) or _proxy(scene.read("gradle.properties")))


def _proxy(properties: str) -> str:
    parts = {(scheme, what): value for scheme, what, value in _PROXY.findall(properties)}
    for scheme in ("https", "http"):
        if (scheme, "Host") in parts:
            return f"http://{parts[scheme, 'Host']}:{parts.get((scheme, 'Port'), '80')}"
    return ""
