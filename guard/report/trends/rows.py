"""What a report needs to know of a run, of a remedy's trial and of a test; any store's rows will do."""

from __future__ import annotations

from typing import Protocol


class RunLike(Protocol):
    """One run as a history keeps it."""

    @property
    def started_at(self) -> str:
        """UTC, ISO 8601."""

    @property
    def day(self) -> str:
        """The day it started on, `2026-11-24`."""

    @property
    def project(self) -> str:
        """The repository."""

    @property
    def branch(self) -> str:
        """The branch."""

    @property
    def commit(self) -> str:
        """The commit; "" where it is not known."""

    @property
    def command(self) -> str:
        """The command, masked; of a first-time pass the program alone."""

    @property
    def status(self) -> str:
        """passed, healed, failed or interrupted."""

    @property
    def duration_s(self) -> float:
        """Seconds from the first attempt's start to the end."""

    @property
    def rescued_s(self) -> float:
        """Seconds that a re-run of the job would have cost over what healing cost."""

    @property
    def wasted_s(self) -> float:
        """Seconds of attempts and waits that did not end green."""

    @property
    def label(self) -> str:
        """The diagnosis's label; "" without one."""

    @property
    def fingerprint(self) -> str:
        """The failure's short name; "" without a diagnosis."""

    @property
    def corrected_label(self) -> str:
        """The label that a person gave instead; "" where nobody did."""


class TrialLike(Protocol):
    """One remedy tried against one failure."""

    @property
    def remedy(self) -> str:
        """Its name."""

    @property
    def project(self) -> str:
        """The repository."""

    @property
    def healed(self) -> bool:
        """Whether the command passed with it."""

    @property
    def at(self) -> str:
        """When: UTC, ISO 8601."""


class TestLike(Protocol):
    """One test in one run."""

    @property
    def framework(self) -> str:
        """pytest, jest, …"""

    @property
    def name(self) -> str:
        """As the framework names it."""

    @property
    def project(self) -> str:
        """The repository."""

    @property
    def commit(self) -> str:
        """The commit under test; "" where it is not known."""

    @property
    def at(self) -> str:
        """When: UTC, ISO 8601."""

    @property
    def outcome(self) -> str:
        """passed, failed, or passed_on_rerun."""

    @property
    def minutes(self) -> float:
        """Minutes that its failure cost."""
