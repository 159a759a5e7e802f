"""Where a case happens: a workspace and a home of its own, with the limits and the weather that it asks for."""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from models.lab.scenario import Case, Limits
from models.lab.weather import Sky
from models.lab.weather_stock import CACHE

_DROPPED = ("CI", "VIRTUAL_ENV", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE", "PIP_FIND_LINKS", "PIP_DEFAULT_TIMEOUT")
BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")
"""How a CI runs a script; the script follows."""


@dataclass(frozen=True)
class Done:
    """What a bare run came to."""

    exit_code: int
    """128 + signal where it was killed."""
    output: str
    in_time: bool


@dataclass(frozen=True)
class Place:
    """A folder made ready for one case."""

    root: Path
    workspace: Path
    env: Mapping[str, str]
    prefix: tuple[str, ...]
    """What must stand before a command for it to be under the limits."""
    case: Case
    troubles: list[str] = field(default_factory=list)
    """Why an upstream of live weather could not be asked; what then happened proves nothing."""

    def argv(self, command: tuple[str, ...]) -> tuple[str, ...]:
        """The command under this place's limits."""
        return (*self.prefix, *command)

    def bare(self) -> Done:
        """The case's script without guard."""
        return self.run((*BASH, self.case.script), self.env)

    def run(self, command: tuple[str, ...], env: Mapping[str, str], timeout_s: float | None = None) -> Done:
        """A command in the workspace, under the limits; killed after the case's own time unless another is given."""
        return _run(self.argv(command), self.workspace, env, timeout_s or self.case.timeout_s)


@contextmanager
def place(case: Case) -> Iterator[Place]:
    """A place for the case, prepared; everything is taken down afterwards.

    Raises:
        RuntimeError: the preparation failed.
    """
    with ExitStack() as stack:
        root = Path(tempfile.mkdtemp(prefix="lab-"))
        stack.callback(shutil.rmtree, root, ignore_errors=True)
        workspace, home, temp = root / "project", root / "home", root / "tmp"
        for folder in (workspace, home, temp, CACHE):
            folder.mkdir(parents=True, exist_ok=True)
        limits = case.limits
        if limits.disk_mb is not None:
            _tmpfs(stack, workspace, limits.disk_mb, limits.inodes)
        if limits.temp_mb is not None:
            _tmpfs(stack, temp, limits.temp_mb, None)
        env = _environment(case, home, temp)
        for name, text in case.files.items():
            path = workspace / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        sky = stack.enter_context(Sky(case.weather))
        env |= sky.environment()
        if case.prepare:
            calm = {**env, **sky.environment(calm=True)}
            done = _run((*_namespace(root, sky, calm=True), *BASH, case.prepare), workspace, calm, 600.0)
            if done.exit_code:
                raise RuntimeError(f"{case.name}: the preparation failed with {done.exit_code}:\n{done.output[-2000:]}")
        env |= {name: value.format(**sky.environment()) if "{LAB_" in value else value for name, value in case.env.items()}
        sky.begin()
        prefix = (*_namespace(root, sky), *_limited(stack, limits))
        yield Place(root, workspace, env, prefix, case, sky.live.troubles if sky.live else [])


def _environment(case: Case, home: Path, temp: Path) -> dict[str, str]:
    env = {name: value for name, value in os.environ.items() if name not in _DROPPED and not name.startswith("PIPEGUARD_")}
    real = Path.home()
    env.setdefault("RUSTUP_HOME", str(real / ".rustup"))
    return env | {
        "HOME": str(home),
        "TMPDIR": str(temp),
        "CARGO_HOME": str(home / ".cargo"),
        "GOPATH": str(home / "go"),
        "GOFLAGS": "-modcacherw",
        "LAB_CACHE": str(CACHE),
        "LC_ALL": "C.UTF-8",
    }


def _tmpfs(stack: ExitStack, folder: Path, size_mb: int, inodes: int | None) -> None:
    options = f"size={size_mb}m" + (f",nr_inodes={inodes}" if inodes else "")
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)], check=True)
    stack.callback(subprocess.run, ["umount", "-l", str(folder)], check=False)


def _namespace(root: Path, sky: Sky, *, calm: bool = False) -> tuple[str, ...]:
    """A mount name space in which the lab's registry has a host name of its own: logs then read as they do elsewhere."""
    if not sky.needed or os.geteuid() != 0:
        return ()
    lines = {"/etc/hosts": Path("/etc/hosts").read_text(encoding="utf-8") + "\n" + sky.hosts(calm=calm)}
    if sky.resolver() and not calm:
        lines["/etc/resolv.conf"] = sky.resolver()
    steps = []
    for target, text in lines.items():
        own = root / f"{Path(target).name}{'-calm' * calm}"
        own.write_text(text, encoding="utf-8")
        steps.append(f"mount --bind {shlex.quote(str(own))} {target}")
    network = () if calm or not sky.route() else ("-n",)
    steps += [sky.route()] if network else []
    return ("unshare", "-m", *network, "--propagation", "private", "sh", "-c", " && ".join([*steps, 'exec "$@"']), "sh")


def _limited(stack: ExitStack, limits: Limits) -> tuple[str, ...]:
    words: list[str] = []
    if limits.memory_mb is not None:
        words.append(f"echo $$ > {shlex.quote(str(_cgroup(stack, limits.memory_mb)))}/cgroup.procs")
    for flag, value in (
        ("-v", limits.address_space_mb and limits.address_space_mb * 1024),
        ("-n", limits.open_files),
        ("-f", limits.file_size_kb),
        ("-s", limits.stack_kb),
    ):
        if value:
            words.append(f"ulimit {'-S ' if limits.soft else ''}{flag} {value}")
    return ("sh", "-c", " && ".join([*words, 'exec "$@"']), "sh") if words else ()


def _cgroup(stack: ExitStack, size_mb: int) -> Path:
    v1 = Path("/sys/fs/cgroup/memory")
    folder = (v1 if v1.is_dir() else Path("/sys/fs/cgroup")) / f"pipeguard-lab-{os.getpid()}-{secrets.token_hex(3)}"
    folder.mkdir()
    stack.callback(_remove_cgroup, folder)
    (folder / ("memory.limit_in_bytes" if v1.is_dir() else "memory.max")).write_text(f"{size_mb}M")
    return folder


def _remove_cgroup(folder: Path) -> None:
    for pid in (folder / "cgroup.procs").read_text().split():
        with suppress(OSError):
            os.kill(int(pid), signal.SIGKILL)
    subprocess.run(["sh", "-c", f"for i in 1 2 3 4 5; do rmdir {shlex.quote(str(folder))} && exit; sleep 0.2; done"], check=False, stderr=subprocess.DEVNULL)


def _run(argv: tuple[str, ...], folder: Path, env: Mapping[str, str], timeout_s: float) -> Done:
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen(
            argv, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
        in_time = True
        try:
            code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            in_time = False
            with suppress(OSError):
                os.killpg(child.pid, signal.SIGTERM)
            try:
                code = child.wait(5)
            except subprocess.TimeoutExpired:
                with suppress(OSError):
                    os.killpg(child.pid, signal.SIGKILL)
                code = child.wait()
        with suppress(OSError):
            os.killpg(child.pid, signal.SIGKILL)
        out.seek(0)
        text = out.read(20_000_000).decode("utf-8", "replace")
    return Done(code if code >= 0 else 128 - code, text, in_time)
