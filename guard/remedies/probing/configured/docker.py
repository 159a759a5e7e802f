"""The registries that a docker command names: in its images, in the Dockerfile that it builds, else the daemon's default."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, urls

NAMES = frozenset({"docker", "podman", "buildah", "skopeo", "docker-compose"})
PROGRAMS = frozenset({"docker", "podman", "buildah", "skopeo", "docker-compose"})

# An image names its registry when what stands before the first slash has a dot or a port, or is localhost.
_IMAGE = re.compile(r"(?<![\w./:@-])((?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}(?::\d+)?|localhost(?::\d+)?|[a-z0-9-]+:\d+)/[a-z0-9][\w./-]*(?:[:@][\w.:-]+)?(?=[\s'\"]|\Z)")
_LINE = re.compile(r"\b(?:docker(?:-compose)?|podman|buildah|skopeo)\b[^\n;&|]*")
_LOGIN = re.compile(r"\blogin\b[^\n;&|]*?\s((?:[a-z0-9][a-z0-9-]*\.)+[a-z]{2,}(?::\d+)?)(?=\s|\Z)")
_FROM = re.compile(r"(?mi)^[ \t]*FROM[ \t]+(?:--\S+[ \t]+)*(\S+)|^[ \t]*COPY[ \t]+--from=(\S+)")
_FILE = re.compile(r"(?<!\S)(?:-f|--file)(?:\s+|=)['\"]?([^\s'\"]+)")
_ASKS = "v2/"
"""Where every registry answers (the distribution specification, "Endpoints"): 200 or 401."""


def named(scene: Scene) -> Named:
    """Registries as `https://HOST/`, those of the command first."""
    lines = "\n".join(_LINE.findall(scene.text))
    hosts = [*_IMAGE.findall(lines), *_LOGIN.findall(lines)]
    images = [image for pair in _FROM.findall(_dockerfile(scene, lines)) for image in pair if image] if re.search(r"\bbuild\b", lines) else []
    hosts += [host for image in images for host in _IMAGE.findall(image)]
    found = [f"https://{host}/" for host in dict.fromkeys(hosts)]
    if not found:
        default = built_in.said("docker", ("info", "--format", "{{.IndexServerAddress}}"), scene)
        found = [f"https://{part.group(1)}/" for address in urls(default) if (part := re.match(r"https://([^/]+)", address))]
    return Named(tuple(found), "", dict.fromkeys(found, _ASKS))


def _dockerfile(scene: Scene, lines: str) -> str:
    given = _FILE.search(lines)
    return places.read(Path(scene.cwd, given.group(1))) if given else scene.read("Dockerfile", "Containerfile")
