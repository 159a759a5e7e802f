"""What a scenario is: a real failure that is set up, its label, and what guard must make of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

PASSED = "passed"
"""The label of a case that passes: noise to train beside, and the proof that a command can pass."""


@dataclass(frozen=True)
class Weather:
    """What the network does between a client and its registry.

    `kind`: a status such as "503", or refused, reset, reset_body, stall, slow, truncate, short, flip, tls, dns, missing.
    `hits`: how many matching requests get it before the sky clears; None: all of them.
    `path`: a regular expression that a request's path must match. `retry_after`: seconds, in that header.
    `seconds`: the bad weather lasts so long after the first request instead of `hits`. `after`: so many matching requests pass before it begins.
    `chance`: the share of the requests that it then strikes, which ones by `seed`.
    `live`: the goods are not the shelf's but what the machine's own upstreams send.
    """

    kind: str
    hits: int | None = None
    path: str = ""
    retry_after: str = ""
    seconds: float | None = None
    seed: int = 1
    after: int = 0
    chance: float = 1.0
    live: bool = False


@dataclass(frozen=True)
class Limits:
    """What the command may use. Unset: what the machine has."""

    memory_mb: int | None = None
    """By a real memory cgroup: what exceeds it is killed by the kernel."""
    soft: bool = False
    """Only the soft limits are lowered, as CI images do: a process may raise them again."""
    address_space_mb: int | None = None
    open_files: int | None = None
    file_size_kb: int | None = None
    stack_kb: int | None = None
    disk_mb: int | None = None
    """The workspace is a tmpfs of this size; `inodes` bounds its files."""
    inodes: int | None = None
    temp_mb: int | None = None
    """TMPDIR is a tmpfs of this size."""


@dataclass(frozen=True)
class Case:
    """One way in which a scenario happens: a script as a user's CI file would hold it."""

    name: str
    script: str
    """Run by `bash --noprofile --norc -eo pipefail`, in the workspace."""
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    prepare: str = ""
    """A script run before, in the same place, without limits and weather; its output is thrown away."""
    proof: str = ""
    """A regular expression that the output must match: that it failed for the reason that the label names."""
    limits: Limits = Limits()
    weather: Weather | None = None
    timeout_s: float = 120.0
    """When the lab kills the command; that is a failure of the case unless `ends_by_limit`."""
    ends_by_limit: bool = False
    exit_code: int | None = None
    """What the command must exit with, where that matters."""
    label: str = ""
    """Where this case's label is another than its scenario's."""
    heals: str | None = None
    """The remedy, where it is another than the scenario's; empty: none."""
    stays: bool = False
    """The cause outlasts every attempt (a service of the script's own that is always down): the remedy can only be tried."""


@dataclass(frozen=True)
class Scenario:
    """A failure of one tool for one cause."""

    name: str
    """`tool/what-happens`."""
    tool: str
    label: str
    heals: str
    """The remedy that must make it pass; empty: it must be refused and escalated."""
    needs: tuple[str, ...]
    """Programs without which it cannot be set up."""
    cases: Callable[[], Iterable[Case]]
    root: bool = False
    """Whether it wants root: mounts, cgroups, name spaces."""


SCENARIOS: dict[str, Scenario] = {}


def scenario(
    name: str, *, label: str, heals: str = "", needs: tuple[str, ...] = (), root: bool = False
) -> Callable[[Callable[[], Iterable[Case]]], Callable[[], Iterable[Case]]]:
    """Register a function that yields a scenario's cases.

    Raises:
        ValueError: the name is taken.
    """

    def keep(cases: Callable[[], Iterable[Case]]) -> Callable[[], Iterable[Case]]:
        if name in SCENARIOS:
            raise ValueError(f"two scenarios are called {name}")
        tool = name.split("/", 1)[0]
        SCENARIOS[name] = Scenario(name, tool, label, heals, needs or (tool,), cases, root)
        return cases

    return keep
