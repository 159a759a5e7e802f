"""The sources of RubyGems and Bundler: by option, the Gemfile with its mirrors, else what gem itself says."""

from __future__ import annotations

import re
from pathlib import Path

from guard.caches import places
from guard.remedies.probing.configured import built_in
from guard.remedies.probing.configured.protocol import Named, Scene, option, urls

NAMES = frozenset({"gem", "bundler", "bundle", "ruby"})
PROGRAMS = frozenset({"gem", "bundle", "bundler", "rake"})

_SOURCE = re.compile(r"(?m)^[ \t]*source[ \t(]+[\"'](https?://[^\"'\s]+)")
_MIRROR_OF_ALL = ("BUNDLE_MIRROR__ALL",)


def named(scene: Scene) -> Named:
    """Sources of the Gemfile where Bundler is in play, those of gem else."""
    given = option(scene.text, "--source", "-s")
    if given:
        return Named(given)
    file = places.absolute(scene.env.get("BUNDLE_GEMFILE", ""), str(scene.cwd), scene.env)
    found = tuple(_SOURCE.findall(places.read(file) if file is not None else scene.read("Gemfile", "gems.rb")))
    settings = _settings(scene)
    for name in _MIRROR_OF_ALL:
        if urls(settings.get(name, "")):
            return Named(urls(settings[name])[:1])
    if found:
        return Named(tuple(dict.fromkeys(_mirrored(address, settings) for address in found)))
    # It reads ~/.gemrc and GEMRC itself.
    return Named(urls(built_in.said("gem", ("sources", "--list"), scene)))


def _settings(scene: Scene) -> dict[str, str]:
    """Bundler's settings, the project's before the environment's before the user's (bundle-config(1))."""
    home = Path(scene.env.get("BUNDLE_USER_HOME") or scene.home / ".bundle")
    texts = [places.read(home / "config"), scene.read(".bundle/config")]
    files = [dict(re.findall(r"(?m)^(BUNDLE_\S+):[ \t]+[\"']?([^\"'\n]+)", text)) for text in texts]
    return {**files[0], **{name: value for name, value in scene.env.items() if name.startswith("BUNDLE_")}, **files[1]}


def _mirrored(address: str, settings: dict[str, str]) -> str:
    """A mirror's key is `BUNDLE_MIRROR__` and the address with `.` as `__`, `-` as `___`, in capitals."""
    key = "BUNDLE_MIRROR__" + address.rstrip("/").replace("-", "___").replace(".", "__").upper()
    return next((urls(value)[0] for name, value in settings.items() if name.rstrip("/").upper() == key and urls(value)), address)
