"""Fetches pinned packages into a private folder: in the background, in bounded time, ended with its whole tree.

By uv where it is on PATH, else by pip; wheels alone, each by its hash, from whatever index the user's own
configuration names. Into a folder aside, renamed when complete, its mark written last.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from guard.attempt import tree
from guard.delivery.private_folders import MARK, below, finished, name, ours, places, requirements

LIMIT_S = 20.0
"""For fetching and installing together."""
_LOOK_S = 0.05
_STALE_S = 3600
# Settings of pip's that contradict `--target`, or would make it ask.
_CONTRADICT = ("PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_NO_BINARY", "PIP_PYTHON", "PIP_DRY_RUN")


class NotFetched(Exception):
    """Why the packages are not there, in a few words."""


class Fetching:
    """A fetch that has begun."""

    def __init__(self, purpose: str, env: Mapping[str, str], limit_s: float = LIMIT_S) -> None:
        """Begin at once, in the background. Raises NotFetched where it cannot even begin."""
        self._purpose, self._env = purpose, env
        self._until = time.monotonic() + limit_s
        self._limit_s = limit_s
        self._ended = False
        self._place, self._aside = _room(purpose, env)
        self._packages = self._aside / "packages"
        try:
            pins = self._aside / "requirements.txt"
            pins.write_bytes(requirements(purpose))
            self._tool, command = _command(pins, self._packages, env)
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={key: value for key, value in env.items() if key not in _CONTRADICT},
                cwd=self._aside,
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            shutil.rmtree(self._aside, ignore_errors=True)
            raise NotFetched(f"nothing can fetch it ({getattr(error, 'strerror', None) or type(error).__name__})") from None

    def wait(self, stopped: Callable[[], bool]) -> Path:
        """The folder, complete. Raises NotFetched when it failed, takes too long, or `stopped` says that it is over."""
        try:
            while self._process.poll() is None:
                if stopped():
                    raise NotFetched("told to stop")
                left = self._until - time.monotonic()
                if left <= 0:
                    raise NotFetched(f"{self._tool} was not done within {self._limit_s:.0f} s")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self._process.wait(min(left, _LOOK_S))
            if self._process.returncode:
                raise NotFetched(f"{self._tool} could not fetch it (exit code {self._process.returncode})")
            return self._moved()
        finally:
            self.end()

    def _moved(self) -> Path:
        folder = self._place / name(self._purpose)
        try:
            (self._packages / MARK).unlink(missing_ok=True)
            if not os.path.lexists(folder):
                self._packages.rename(folder)
            (folder / MARK).touch(mode=0o600)
        except OSError as error:
            # Somebody else was faster, or the folder became full.
            if finished(self._purpose, self._env) is None:
                raise NotFetched(f"its folder cannot be written ({error.strerror})") from None
        found = finished(self._purpose, self._env)
        if found is None:
            raise NotFetched("others may write into its folder")
        return found

    def end(self) -> None:
        """Nothing of the fetch is left: no process of its tree or group, no folder aside. May be called twice."""
        if self._ended:
            return
        self._ended = True
        if self._process.poll() is None:
            # Held while its tree is looked at, so that nothing is started meanwhile.
            tree.signal_group(self._process.pid, signal.SIGSTOP)
            tree.signal_all(tree.descendants(self._process.pid), signal.SIGKILL)
        tree.signal_group(self._process.pid, signal.SIGKILL)
        with contextlib.suppress(OSError):
            self._process.wait()
        shutil.rmtree(self._aside, ignore_errors=True)


def _room(purpose: str, env: Mapping[str, str]) -> tuple[Path, Path]:
    """The first place that can be written, and a new folder of ours in it. Raises NotFetched."""
    for place in places(env):
        folder = (place / name(purpose)).parent
        if not os.path.isdir(place) and place != Path(env.get("HOME", "/"), ".cache"):
            continue
        try:
            os.makedirs(place, exist_ok=True)
            for one in below(place, folder):
                with contextlib.suppress(FileExistsError):
                    one.mkdir(mode=0o700)
                if not ours(one):
                    raise PermissionError
            _sweep(folder)
            return place, Path(tempfile.mkdtemp(prefix=".new-", dir=folder))
        except OSError:
            continue
    raise NotFetched("no folder to keep it in (RUNNER_TOOL_CACHE, PIPEGUARD_CACHE or HOME)")


def _sweep(folder: Path) -> None:
    """Take away what a fetch left that was ended from outside, an hour ago or more."""
    for old in folder.glob(".new-*"):
        with contextlib.suppress(OSError):
            if ours(old) and time.time() - old.lstat().st_mtime > _STALE_S:
                shutil.rmtree(old, ignore_errors=True)


def _command(pins: Path, target: Path, env: Mapping[str, str]) -> tuple[str, list[str]]:
    """The tool and its command line."""
    uv = shutil.which("uv", path=env.get("PATH", os.defpath))
    if uv is not None and os.path.isabs(uv):
        return "uv", [
            uv, "pip", "install", "--quiet", "--no-progress", "--no-cache", "--python", sys.executable, "--target", str(target),
            "--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(pins),
        ]  # fmt: skip
    return "pip", [
        sys.executable, "-I", "-m", "pip", "--disable-pip-version-check", "--no-input", "install", "--quiet", "--no-cache-dir", "--retries", "0",
        "--timeout", "3", "--only-binary", ":all:", "--no-compile", "--no-deps", "--require-hashes", "--target", str(target),
        "--requirement", str(pins),
    ]  # fmt: skip
