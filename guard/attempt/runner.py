"""The attempts of one run: what they share (signals, standard input, step files) and the way from one to the next."""

from __future__ import annotations

import os

from guard.attempt import spawn, streams, tree
from guard.attempt.relay import Relay
from guard.attempt.run_once import Ended, run_once
from guard.attempt.standard_input import StandardInput
from guard.attempt.step_files import StepFiles

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from guard.attempt.between import Between
    from guard.types import Change, Command, Limits, Outcome

TOKEN = b"PIPEGUARD_GITHUB_TOKEN"


class Runner:
    """Runs the attempts of one command. Make one at the very start: it notes how everything stood."""

    def __init__(self) -> None:
        """Take over signals, note standard input and step files, become the reaper of orphans."""
        self.closed = streams.hold_standard_descriptors()
        self.relay = Relay()
        tree.become_subreaper()
        self.environment = spawn.exact_environment()
        self.stdin = StandardInput()
        self.step_files = StepFiles(self.environment)
        self.run_id = os.urandom(8).hex()
        self._between: Between | None = None
        self._group: int | None = None

    @property
    def stopped_by(self) -> int | None:
        """The first signal that told guard to stop."""
        return self.relay.stopped_by

    def child_environment(self, number: int) -> dict[bytes, bytes]:
        """The environment guard was given, and what it adds for attempt `number`; a skin's token is guard's alone."""
        return {
            **{name: value for name, value in self.environment.items() if name != TOKEN},
            b"PIPEGUARD_ATTEMPT": b"%d" % number,
            b"PIPEGUARD_ACTIVE": b"1",
            b"PIPEGUARD_RUN_ID": self.run_id.encode(),
        }

    def places(self) -> tuple[str, ...]:
        """Folders whose file systems matter: the working directory, the temporary folder, home."""
        wanted = (
            os.getcwdb() if _cwd_exists() else b"/",
            self.environment.get(b"TMPDIR", b"/tmp"),
            self.environment.get(b"HOME", b"/"),
        )
        return tuple(dict.fromkeys(os.fsdecode(place) for place in wanted if place))

    def first(
        self,
        argv: Sequence[str],
        *,
        cwd: str | None = None,
        attempt_s: float | None = None,
        idle_s: float | None = None,
        budget_s: float | None = None,
    ) -> Ended:
        """The first attempt, as it stands. Raises OSError where guard could make no process for it: nothing has run then."""
        ended = run_once(
            argv,
            self.child_environment(1),
            self.relay,
            cwd=cwd,
            attempt_s=attempt_s,
            idle_s=idle_s,
            budget_s=budget_s,
            closed=self.closed,
            places=self.places(),
        )
        self._group = ended.group
        if ended.obstacle is not None:
            raise ended.obstacle
        if not ended.passed:
            self._listen_between()
        return ended

    def again(
        self, command: Command, changes: Sequence[Change], number: int, budget_s: float | None
    ) -> Outcome:
        """A further attempt of `command` with the changes in place; `budget_s`: what is left of the budget."""
        from guard.attempt import outcome
        from guard.attempt.changed import changed

        altered = changed(command, changes)
        environment = self.child_environment(number)
        environment.update({os.fsencode(k): os.fsencode(v) for k, v in altered.env.items()})
        for name in altered.unset:
            environment.pop(os.fsencode(name), None)
        limits: Limits = altered.command.limits
        if self._between is not None:
            self._between.over()
        ended = run_once(
            altered.command.argv,
            environment,
            self.relay,
            cwd=altered.command.cwd,
            attempt_s=limits.attempt_s,
            idle_s=limits.idle_s,
            budget_s=budget_s,
            grace_s=limits.grace_s,
            rlimits=altered.rlimits,
            cpus=altered.cpus,
            closed=self.closed,
            places=self.places(),
        )
        self._group = ended.group
        self._listen_between()
        return outcome.freeze(ended, altered.command, number, self.stdin.replayable())

    def _listen_between(self) -> None:
        try:
            from guard.attempt.between import Between

            self._between = Between(self.relay)
        except Exception:
            # The command may have removed guard itself: its result stands, and whoever needs guard's files next says so.
            self._between = None

    def make_way(self, may_kill: bool) -> tuple[list[str], str]:
        """Before another attempt: end what is left of the last one, cut step files back, rewind input.

        Returns lines to tell, and why no further attempt may begin ("" when it may).
        """
        # Where processes are not shown, the attempt's own group is all that can be told of it.
        unseen = self._group if self._group is not None and not tree.visible() else None
        if not may_kill and (tree.descendants() if unseen is None else tree.group_lives(unseen)):
            return [], "processes of the last attempt still run, and `allow.kill: none` forbids to end them"
        if unseen is not None and not tree.end_group(unseen):
            return [], "processes of the last attempt could not be ended"
        stubborn = tree.end_all()
        if stubborn:
            names = ", ".join(f"{seen.name} ({seen.pid})" for seen in stubborn[:3])
            return [], f"processes of the last attempt could not be ended: {names}"
        lines = self.step_files.cut_back()
        self.stdin.rewind()
        return lines, ""

    def sleep(self, seconds: float) -> bool:
        """Wait; True when told to stop meanwhile."""
        return self.relay.sleep(seconds)


def _cwd_exists() -> bool:
    try:
        os.getcwdb()
    except OSError:
        return False
    return True
