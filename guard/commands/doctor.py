"""`guard doctor`: what guard can see and do on this machine, one line a finding; nothing is changed."""

from __future__ import annotations

import importlib.util
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import click

import guard
from guard import detect, forks, packed
from guard.attempt import kernel, tree
from guard.caches import CACHES
from guard.caches.root import verified
from guard.diagnosis.mask import Masker
from guard.diagnosis.model import CARD, FILE, FOLDER
from guard.diagnosis.model import folder as model_folder
from guard.errors import GuardError
from guard.platforms import PLATFORMS
from guard.settings import place
from guard.settings.file import read
from guard.settings.loading import MOST_SIGNATURE_NODES, load
from guard.settings.values import Settings
from guard.surroundings import look_around
from guard.types import Allow, Mount, Refusal, Surroundings

_LITTLE_BYTES = 1 << 30
_FEW_INODES = 0.02


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok`, `note` (works, with less) or `problem` (to be mended)."""

    state: str
    name: str
    text: str
    data: Mapping[str, object] = field(default_factory=dict)
    """For `--json`: JSON values only."""


def run(*, as_json: bool = False, signatures: str | None = None, config: str | None = None) -> int:
    """Print the findings, or test a signature file. Returns 0, or 2 for an error in settings or signatures."""
    env = dict(os.environ)
    if signatures is not None:
        return _report(env, [_signature_file(signatures)], as_json)
    found, settings = _settings(env, config)
    machine = look_around(env, str(Path.cwd()), settings.allow if settings else Allow(), bool(settings and settings.probes))
    return _report(env, [*_about_machine(machine), *_about_guard(), found, *_about_files(env, settings), *_about_outside(env, settings)], as_json)


def _report(env: Mapping[str, str], findings: list[Finding], as_json: bool) -> int:
    """Print, masked and on one line each; 2 where the settings or signatures are at fault."""
    masker, escape = Masker.from_environment(env, ()), PLATFORMS[detect.platform(env)].escape
    findings = [replace(one, text=masker.text(one.text), data=_masked(one.data, masker)) for one in findings]
    if as_json:
        document = {
            "platform": detect.platform(env),
            "findings": [
                {"name": one.name, "state": one.state, "text": one.text, **({"data": dict(one.data)} if one.data else {})}
                for one in findings
            ],
        }
        click.echo(json.dumps(document, ensure_ascii=False))
    else:
        for one in findings:
            for number, line in enumerate(one.text.splitlines() or [""]):
                start = f"{one.state:<8}{one.name}: " if number == 0 else " " * 8
                click.echo(escape(f"{start}{line}"))
    wrong = {one.name for one in findings if one.state == "problem"}
    return 2 if wrong & {"settings", "signatures"} else 0


def _masked(data: Mapping[str, object], masker: Masker) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in data.items():
        if isinstance(value, str):
            found[name] = masker.text(value)
        elif isinstance(value, Mapping):
            found[name] = _masked(value, masker)
        elif isinstance(value, list):
            found[name] = [masker.text(str(one)) for one in value]
        else:
            found[name] = value
    return found


def _signature_file(name: str) -> Finding:
    from guard.signatures.load import tested

    try:
        # A FIFO, a device or aliases without end are refused before anything is loaded.
        read(Path(name), MOST_SIGNATURE_NODES)
        count = len(tested(Path(name)))
    except GuardError as error:
        return _user_error("signatures", error)
    return Finding("ok", "signatures", f"{name}: {count} signatures pass their own examples", {"count": count})


def _settings(env: Mapping[str, str], config: str | None) -> tuple[Finding, Settings | None]:
    workspace = Path(detect.workspace(env))
    flags: dict[str, object] = {"config": config} if config else {}
    try:
        settings = load(workspace, flags, env, detect.platform(env), forks.fork_build(env))
        for path in settings.signatures:
            _test_signatures(path)
    except GuardError as error:
        return _user_error("settings", error), None
    file = place.find_file(str(workspace), config or env.get("PIPEGUARD_CONFIG") or None)
    text = f"{file} is valid" if file else f"no {place.NAME} in {workspace}: the defaults"
    policy = env.get("PIPEGUARD_POLICY", "")
    if policy:
        text += f"; policy {policy}"
    text = "\n".join((text, *settings.left_out))
    return Finding("ok", "settings", text, {"file": file, "policy": policy or None, "left_out": list(settings.left_out)}), settings


def _test_signatures(path: Path) -> None:
    from guard.signatures.load import tested

    tested(path)


def _user_error(name: str, error: GuardError) -> Finding:
    return Finding("problem", name, "\n".join(line.removeprefix("guard: ") for line in error.lines()))


def _about_machine(machine: Surroundings) -> Iterator[Finding]:
    yield Finding("ok", "platform", machine.platform if machine.platform != "none" else "no CI known here: plain output",
                  {"platform": machine.platform, "system": machine.system, "fork_build": machine.fork_build})  # fmt: skip
    yield Finding("ok", "workspace", machine.workspace, {"path": machine.workspace})
    yield _user(machine)
    yield _cgroup(machine)
    yield _oom_counters()
    if tree.become_subreaper():
        yield Finding("ok", "subreaper", "orphans of the command come to guard: a whole tree can be ended")
    else:
        yield Finding("note", "subreaper", "not on this system: a process that leaves its session may outlive its attempt")
    yield Finding("ok", "cpus", f"{machine.cpus} usable", {"cpus": machine.cpus})
    yield _memory(machine)
    for mount in machine.mounts:
        yield _mount(mount)
    names = ", ".join(sorted(machine.tools))
    yield Finding("ok" if names else "note", "tools", names or "none of those that guard knows is on PATH", {"tools": dict(machine.tools)})
    yield from _caches(machine)


def _user(machine: Surroundings) -> Finding:
    if machine.root:
        return Finding("ok", "user", "root: hard limits can be raised", {"root": True})
    sudo = "; sudo is installed (not used unasked)" if "sudo" in machine.tools else ""
    return Finding("ok", "user", f"no superuser: limits rise up to the hard limit{sudo}", {"root": False})


def _cgroup(machine: Surroundings) -> Finding:
    version = next((number for number, _ in kernel.cgroup_folders()), None)
    if version is None:
        return Finding("note", "cgroup", "no memory cgroup is visible: out-of-memory is read from signals and the host's counter")
    limit = machine.memory_limit_bytes
    text = f"v{version}, memory limit {_size(limit)}" if limit is not None else f"v{version}, no memory limit"
    return Finding("ok", "cgroup", text, {"version": version, "memory_limit_bytes": limit})


def _oom_counters() -> Finding:
    own, host = kernel.oom_kills(), kernel.oom_kills_host()
    data: dict[str, object] = {"cgroup": own is not None, "host": host is not None}
    if own is not None:
        return Finding("ok", "oom counter", "OOM kills of our own cgroup can be read", data)
    if host is not None:
        return Finding("note", "oom counter", "only the host's OOM kills can be read: a kill may be another job's", data)
    return Finding("note", "oom counter", "no OOM kill can be read: out-of-memory is told by signals and the log", data)


def _memory(machine: Surroundings) -> Finding:
    total, available = machine.memory_total_bytes, machine.memory_available_bytes
    data: dict[str, object] = {"total_bytes": total, "available_bytes": available}
    if total is None and available is None:
        return Finding("note", "memory", "the system does not tell: heaps are not raised", data)
    return Finding("ok", "memory", f"{_size(available)} available of {_size(total)}", data)


def _mount(mount: Mount) -> Finding:
    data: dict[str, object] = {"path": mount.path, "free_bytes": mount.free_bytes, "total_bytes": mount.total_bytes,
                               "free_inodes": mount.free_inodes, "total_inodes": mount.total_inodes}  # fmt: skip
    text = f"{mount.path}: {_size(mount.free_bytes)} free of {_size(mount.total_bytes)}"
    if mount.free_inodes is not None and mount.total_inodes and mount.free_inodes < _FEW_INODES * mount.total_inodes:
        return Finding("note", "disk", f"{text}, few inodes left ({mount.free_inodes})", data)
    little = mount.free_bytes is not None and mount.free_bytes < min(_LITTLE_BYTES, (mount.total_bytes or 0) // 2)
    return Finding("note" if little else "ok", "disk", text, data)


def _caches(machine: Surroundings) -> Iterator[Finding]:
    missing = []
    for name, cache in CACHES.items():
        found = verified(cache, machine)
        if not isinstance(found, Refusal):
            yield Finding("ok", "cache", f"{name}: {found}", {"tool": name, "path": str(found)})
        elif found.reason.startswith("no cache of"):
            missing.append(name)
        else:
            yield Finding("note", "cache", f"{name} is not touched: {found.reason}", {"tool": name, "reason": found.reason})
    if missing:
        yield Finding("ok", "cache", f"none here of {', '.join(missing)}", {"missing": missing})


def _about_guard() -> Iterator[Finding]:
    model = model_folder() / FILE
    if _packed():
        model = Path(guard.__path__[0], FOLDER, FILE)
    if model.is_file() or _packed():
        yield Finding("ok", "model", str(model), {"path": str(model)})
    else:
        yield Finding("note", "model", f"no {model}: signatures and the kernel decide", {"path": None})
    # Found, not imported: it costs a tenth of a second and starts threads.
    present = importlib.util.find_spec("onnxruntime") is not None
    yield Finding("ok" if present else "note", "onnxruntime",
                  "installed" if present else "not installed: the classifier is computed without it, slower on long logs",
                  {"installed": present})  # fmt: skip
    yield _shipped()


def _packed() -> bool:
    """Whether the model is inside the package: installed, or in one file with it."""
    try:
        return bool(packed.data(FOLDER, CARD))
    except OSError:
        return False


def _shipped() -> Finding:
    from guard.signatures.load import shipped

    try:
        count = len(shipped())
    except (GuardError, OSError, ValueError) as error:
        return Finding("problem", "shipped signatures", f"cannot be loaded: {error}; install pipeguard again")
    return Finding("ok" if count else "problem", "shipped signatures", str(count), {"count": count})


def _about_files(env: Mapping[str, str], settings: Settings | None) -> Iterator[Finding]:
    if settings:
        yield Finding(*_history(settings, env))
    result = settings.result_file if settings else env.get("PIPEGUARD_RESULT")
    if result:
        reason = _not_writable(Path(result).absolute(), file=True)
        yield Finding("problem" if reason else "ok", "result file", f"{result}: {reason or 'can be written'}", {"path": result})
    else:
        yield Finding("ok", "result file", "none wanted (`--result-file` or PIPEGUARD_RESULT)", {"path": None})
    try:
        folder = Path(tempfile.gettempdir())
        reason = _not_writable(folder, file=False)
    except OSError as error:
        folder, reason = Path("?"), error.strerror or "no folder for temporary files"
    yield Finding("problem" if reason else "ok", "report folder", f"{folder}: {reason or 'can be written'}", {"path": str(folder)})


def _about_outside(env: Mapping[str, str], settings: Settings | None) -> Iterator[Finding]:
    """Whom a run would tell, and what is missing for it; nobody is asked."""
    from guard.report import otel

    if settings and settings.escalate:
        from guard.escalate.deliver import obstacles

        for name, lack in obstacles(settings.escalate, env).items():
            yield Finding("note" if lack else "ok", f"escalate.{name}", lack or "has what it needs", {"lacks": lack})
    if otel.wanted(env):
        lack = otel.obstacle(env)
        yield Finding("note" if lack else "ok", "OpenTelemetry", lack or "runs that fail or heal are exported", {"lacks": lack})


def _history(settings: Settings, env: Mapping[str, str]) -> tuple[str, str, str, dict[str, object]]:
    from guard.commands.doctor_history import look

    state, text, data = look(settings, env, detect.workspace(env))
    return state, "history", text, data


def _not_writable(path: Path, *, file: bool) -> str:
    """Why guard could not write there, "" when it could; asks the system, writes nothing."""
    if file:
        if path.is_symlink():
            pass  # Replaced, never followed.
        elif path.exists() and not path.is_file():
            return "is a folder or a special file"
        path = path.parent
    while not path.exists() and path != path.parent:
        path = path.parent
    if not path.is_dir():
        return f"{path} is no folder"
    return "" if os.access(path, os.W_OK | os.X_OK) else f"{path} may not be written"


def _size(count: int | None) -> str:
    if count is None:
        return "an unknown amount"
    amount = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"
