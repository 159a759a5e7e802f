"""The frozen values that flow through guard, from a command to a run; standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, Protocol

LABELS: Final[dict[str, str]] = {
    # label -> family; the table of docs/labels.md
    "network_timeout": "network",
    "dns_failure": "network",
    "connection_failure": "network",
    "tls_error": "network",
    "service_unavailable": "infrastructure",
    "rate_limited": "infrastructure",
    "infrastructure": "infrastructure",
    "out_of_memory": "resources",
    "disk_full": "resources",
    "resource_limit": "resources",
    "hang": "resources",
    "dependency_conflict": "dependencies",
    "dependency_not_found": "dependencies",
    "corrupt_artifact": "dependencies",
    "stale_state": "state",
    "auth_failure": "configuration",
    "configuration_error": "configuration",
    "flaky_test": "tests",
    "test_failure": "tests",
    "compile_error": "code",
    "lint_error": "code",
    "unknown": "unknown",
}

# Causes that lie outside the job: for these alone a retry that changes nothing is right.
OUTSIDE: Final[frozenset[str]] = frozenset(
    {
        "network_timeout",
        "dns_failure",
        "connection_failure",
        "service_unavailable",
        "rate_limited",
        "infrastructure",
    }
)


UNSURE: Final = 0.55
"""Probability below which a diagnosis is not acted on, unless the settings say otherwise for its label."""


class Unset(Enum):
    """The mark of an environment variable that a change takes away."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


@dataclass(frozen=True)
class Around:
    """An environment patch that keeps the old value and puts text before and after it."""

    before: str = ""
    after: str = ""


EnvPatch = str | Unset | Around


@dataclass(frozen=True)
class Limits:
    """Time limits in seconds; None is no limit."""

    attempt_s: float | None = None
    idle_s: float | None = None
    grace_s: float = 8.0


@dataclass(frozen=True)
class Command:
    """What the user asked to run: argv as given, or a script and the argv that runs it."""

    argv: tuple[str, ...]
    """What is executed; for a script the shell's own argv."""
    script: str | None = None
    """The script's text where the user gave `-c`."""
    script_file: str | None = None
    """The script's path where the user gave `--script`."""
    cwd: str = "."
    env: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    idempotent: bool | None = None
    """True or False as the user said; None: guard looks for commands that must not run twice."""


@dataclass(frozen=True)
class LogWindow:
    """A bounded head and tail of the output of one attempt (bytes as printed)."""

    head: bytes = b""
    tail: bytes = b""
    """Empty when nothing was dropped: then `head` is all there is."""
    dropped_bytes: int = 0
    dropped_lines: int = 0
    """Line ends (LF) inside the dropped part."""
    total_bytes: int = 0

    @property
    def complete(self) -> bool:
        """Whether the window holds all that was printed."""
        return self.dropped_bytes == 0


@dataclass(frozen=True)
class Process:
    """A process seen in the tree of an attempt; start time in clock ticks tells a reused pid apart."""

    pid: int
    start_ticks: int
    name: str
    session: int | None = None


@dataclass(frozen=True)
class Mount:
    """Free space of one file system; None where the system does not tell."""

    path: str
    free_bytes: int | None = None
    total_bytes: int | None = None
    free_inodes: int | None = None
    total_inodes: int | None = None


@dataclass(frozen=True)
class Telemetry:
    """What the kernel told about one attempt; absent is None, never a guess."""

    peak_rss_bytes: int | None = None
    """The largest sum of resident memory of the attempt's tree that was seen."""
    oom_kills: int | None = None
    """OOM kills in our own cgroup (v1 or v2) during the attempt."""
    oom_kills_host: int | None = None
    """OOM kills on the machine (/proc/vmstat) during the attempt."""
    memory_limit_bytes: int | None = None
    memory_available_bytes: int | None = None
    disks_before: tuple[Mount, ...] = ()
    disks_after: tuple[Mount, ...] = ()
    load1: float | None = None
    open_files_limit: tuple[int, int] | None = None
    """(soft, hard); -1 is unlimited."""
    processes_limit: tuple[int, int] | None = None
    survivors: tuple[Process, ...] = ()
    """Descendants alive after the command's own exit."""
    dumps: tuple[str, ...] = ()
    """Taken before a hang was killed: a line for each process with what it waits for, then what runtimes said of theirs."""


ENDED: Final[tuple[str, ...]] = (
    "exited",
    "signalled",
    "not_started",
    "attempt_timeout",
    "idle_timeout",
    "budget",
    "cancelled",
)


@dataclass(frozen=True)
class Outcome:
    """How one attempt ended; no label, no policy."""

    command: Command
    """The command as this attempt ran it, changes included."""
    number: int
    exit_code: int
    """What a shell would report: 0-255, 128 + signal, 126/127, 124 on a limit."""
    signal: int | None
    """The signal that ended the command itself, where one did."""
    ended: str
    """One of ENDED."""
    duration_s: float
    window: LogWindow
    telemetry: Telemetry
    started_at: str = ""
    """UTC, ISO 8601, to the millisecond."""
    quiet_s: float = 0.0
    """Seconds since the last output when the attempt ended."""
    stdin_replayable: bool = True
    """False when the attempt may have read input that cannot be given again."""
    message: str = ""
    """For not_started: why, as the system said."""
    mid_line: bool = False
    """Whether the stream that guard prints on was left in the middle of a line."""

    @property
    def passed(self) -> bool:
        """Whether the user's own command passed."""
        return self.ended == "exited" and self.exit_code == 0


@dataclass(frozen=True)
class Seen:
    """What history knows of one remedy on one failure; counts are of runs and fade with time."""

    healed: float = 0.0
    failed: float = 0.0
    kindred_healed: float = 0.0
    """On other failures of the same label in the same project."""
    kindred_failed: float = 0.0
    in_a_row: int = 0
    """How often it failed since it last healed, in recent runs."""
    told: str = ""
    """`healed 4 of 9`: the plain numbers, for the report."""
    wrong: bool = False
    """A person said that its heal of this failure was wrong."""

    @property
    def anything(self) -> bool:
        """Whether there is anything to learn from."""
        return self.wrong or self.healed + self.failed + self.kindred_healed + self.kindred_failed > 0


@dataclass(frozen=True)
class Recall:
    """A failure of an earlier run that is most like the present one, and what became of it."""

    label: str
    times: int
    """In how many runs it was seen."""
    tried: int
    """In how many of them a remedy was tried and its result is known."""
    healed: int
    by: tuple[str, ...]
    """The remedies that healed, the most frequent first."""
    likeness: float
    """From 0 to 1, by masked lines."""

    def __str__(self) -> str:
        """One clause for the report: `seen 3 times, healed 3 of 3 by wait`."""
        times = "once" if self.times == 1 else f"{self.times} times"
        if not self.tried:
            return f"seen {times}, never healed"
        by = f" by {', '.join(self.by[:3])}" if self.by else ""
        return f"seen {times}, healed {self.healed} of {self.tried}{by}"


class Memory(Protocol):
    """What history knows; the loop and the stages ask, and never learn where the answer comes from."""

    def label(self, fingerprint: str) -> str | None:
        """The label that a person gave this failure, if one did."""

    def seen(self, fingerprint: str, label: str, remedy: str) -> Seen:
        """What the remedy (a `Change.key`) did about this failure before."""

    def recall(self, diagnosis: Diagnosis) -> Recall | None:
        """The known failure that is most like this one; None: nothing like it."""


class NoMemory:
    """The memory of a guard without a history."""

    def label(self, fingerprint: str) -> str | None:
        """Nothing is known."""
        del fingerprint
        return None

    def seen(self, fingerprint: str, label: str, remedy: str) -> Seen:
        """Nothing is known."""
        del fingerprint, label, remedy
        return Seen()

    def recall(self, diagnosis: Diagnosis) -> Recall | None:
        """Nothing is known."""
        del diagnosis
        return None


@dataclass(frozen=True)
class Evidence:
    """A line of the log that a diagnosis rests on: its true number (from 1), cleaned, masked text."""

    line: int
    text: str
    rank: str = "primary"
    """primary or related."""


@dataclass(frozen=True)
class Alternative:
    """A label that could be right instead."""

    label: str
    probability: float


@dataclass(frozen=True)
class Diagnosis:
    """Why an attempt failed, how surely, and the lines that say so."""

    label: str
    probability: float
    source: str
    """`signature:<id>`, `model`, `telemetry:<what>`, `history` or `none`."""
    evidence: tuple[Evidence, ...] = ()
    entities: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    """tool, package, host, port, path, module, tests, retry_after_s, ..."""
    fingerprint: str = ""
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()
    """What else was found on the way: signatures that fired and lost."""
    without: str = ""
    """What could not be asked for its opinion, and why; empty where all spoke."""

    @property
    def family(self) -> str:
        """The family of the label."""
        return LABELS[self.label]


    @property
    def unsure(self) -> bool:
        """Whether nothing is known that would be acted on: then a likeness to an earlier failure says more."""
        return self.label == "unknown" or (self.source == "model" and self.probability < UNSURE)


@dataclass(frozen=True)
class Allow:
    """What the settings let remedies touch."""

    reclaim: tuple[str, ...] = ("caches",)
    """caches, docker, hosted."""
    delete: tuple[str, ...] | None = ()
    """Absolute, resolved folders whose content may be deleted; None: a policy forbids all deletion."""
    swap: bool = False
    kill: str = "job"
    """none or job."""


@dataclass(frozen=True)
class Surroundings:
    """A frozen look at the machine: with it, what a remedy proposes is a function of its arguments."""

    platform: str = "none"
    """The CI: a key of guard.platforms.PLATFORMS."""
    system: str = "linux"
    cwd: str = "."
    workspace: str = "."
    """The repository's root, else cwd."""
    home: str = ""
    temp: str = "/tmp"
    env: Mapping[str, str] = field(default_factory=dict)
    cpus: int = 1
    """CPUs this process may use (affinity and cgroup quota)."""
    memory_total_bytes: int | None = None
    memory_limit_bytes: int | None = None
    """The cgroup's limit where it is below the machine's memory."""
    memory_available_bytes: int | None = None
    mounts: tuple[Mount, ...] = ()
    tools: Mapping[str, str] = field(default_factory=dict)
    """Name -> path of tools found on PATH."""
    root: bool = False
    """Whether we run as the superuser."""
    allow: Allow = Allow()
    probes: bool = False
    fork_build: bool = False
    """A build of a change that comes from a fork."""


@dataclass(frozen=True)
class Action:
    """One thing done to the machine before the next attempt: recorded before it is done."""

    kind: str
    """delete, truncate, kill, run, mkdir, swap, ..."""
    target: str
    """A path, a pid, a command: what exactly is touched."""
    data: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """What the next attempt has that this one had not, and how likely it helps."""

    remedy: str
    summary: str
    """One short clause in the present tense: `gives Node a heap of 3072 MB (was 512 MB)`."""
    env: Mapping[str, EnvPatch] = field(default_factory=dict)
    argv: tuple[str, ...] | None = None
    """The whole argv of the next attempt where it is rewritten."""
    cpus: int | None = None
    """CPU affinity: run on that many CPUs."""
    rlimits: Mapping[str, int] = field(default_factory=dict)
    """Soft limits by resource name (`RLIMIT_NOFILE`); -1 is the hard limit."""
    limits: Limits | None = None
    temp_dir: str | None = None
    actions: tuple[Action, ...] = ()
    wait_s: float = 0.0
    safe: bool = True
    """False: needs the user's leave (the setting named in `needs`)."""
    needs: str = ""
    success_probability: float = 0.5
    """A prior; history sharpens it."""
    cost_s: float = 0.0
    """Seconds the actions themselves take, the wait and the next attempt not counted."""
    details: Mapping[str, object] = field(default_factory=dict)
    """For the result file: JSON values only."""
    once: bool = False
    """Only for the next attempt, not for all that follow (a narrowed test run)."""

    @property
    def key(self) -> str:
        """The name under which it is learned of: the remedy, and of the user's strategies each by its own name."""
        strategy = self.details.get("strategy")
        return f"{self.remedy}/{strategy}" if isinstance(strategy, str) else self.remedy

    @property
    def changes_something(self) -> bool:
        """Whether the next attempt differs by more than the time at which it runs."""
        return bool(
            self.env
            or self.argv is not None
            or self.cpus is not None
            or self.rlimits
            or self.limits is not None
            or self.temp_dir is not None
            or self.actions
        )


@dataclass(frozen=True)
class Refusal:
    """This remedy would have helped, but: the reason in one clause, for the report."""

    remedy: str
    reason: str


@dataclass(frozen=True)
class Applied:
    """What a remedy did: each action with how it went; what `undo` needs to take it back."""

    change: Change
    done: tuple[str, ...] = ()
    """One sentence an action, for the record."""
    undo: Mapping[str, str] = field(default_factory=dict)
    error: str = ""
    """Not empty: the remedy failed half-way, and why."""
    time_s: float = 0.0


@dataclass(frozen=True)
class Plan:
    """Heal or escalate, with the reason in one sentence."""

    decision: str
    """heal or escalate."""
    reason: str
    changes: tuple[Change, ...] = ()
    refused: tuple[Refusal, ...] = ()
    expected_cost_s: float = 0.0
    success_probability: float = 0.0


@dataclass(frozen=True)
class Attempt:
    """One attempt and what followed from it."""

    outcome: Outcome
    diagnosis: Diagnosis | None = None
    plan: Plan | None = None
    applied: tuple[Applied, ...] = ()


@dataclass(frozen=True)
class Run:
    """All attempts of one `guard run`, and how it ended."""

    id: str
    status: str
    """passed, healed, failed or interrupted."""
    exit_code: int
    platform: str
    command: tuple[str, ...]
    started_at: str
    duration_s: float
    attempts: tuple[Attempt, ...]
    healed_by: tuple[str, ...] = ()
    rescued_s: float = 0.0
    wasted_s: float = 0.0
    diagnosis_s: float = 0.0


@dataclass(frozen=True)
class Event:
    """Something that happened, for whoever wants to hear."""

    kind: str
    """attempt_started, attempt_ended, diagnosed, planned, remedy_applied, noted, gave_up."""
    number: int
    outcome: Outcome | None = None
    diagnosis: Diagnosis | None = None
    plan: Plan | None = None
    applied: Applied | None = None
    reason: str = ""


@dataclass(frozen=True)
class FailedTests:
    """Which tests of a framework failed, and whether that list is sound."""

    framework: str
    tests: tuple[str, ...]
    """Names as the framework itself selects them."""
    total: int | None
    """Tests that ran, where known."""
    complete: bool
    """Whether the first run is known to have run every test."""
    source: str
    """report, cache or log."""
    reason: str = ""
    """Where not complete: why."""
