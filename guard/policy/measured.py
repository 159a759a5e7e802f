"""How often remedies healed in the failure lab; written by `python -m models.lab rates`, not by hand."""

from __future__ import annotations

from typing import Final

RATES: Final[dict[str, dict[str, tuple[int, int]]]] = {
    "connection_failure": {
        "longer_timeouts+wait": (12, 14),
        "wait": (21, 24),
    },
    "corrupt_artifact": {
        "purge_cache": (11, 17),
        "wait": (9, 14),
    },
    "dependency_not_found": {
        "look_closer+wait": (1, 2),
    },
    "disk_full": {
        "free_disk": (2, 2),
        "move_temp": (4, 4),
    },
    "dns_failure": {
        "wait": (19, 22),
    },
    "flaky_test": {
        "rerun_all": (13, 24),
        "rerun_failed_tests": (6, 7),
    },
    "network_timeout": {
        "longer_timeouts+wait": (9, 10),
        "wait": (9, 13),
    },
    "out_of_memory": {
        "fewer_workers": (2, 4),
        "raise_heap": (12, 12),
    },
    "rate_limited": {
        "wait": (19, 22),
    },
    "resource_limit": {
        "raise_limit": (5, 5),
    },
    "service_unavailable": {
        "longer_timeouts+wait": (14, 18),
        "wait": (23, 29),
    },
    "stale_state": {
        "kill_stragglers": (0, 3),
        "reset_state": (5, 6),
        "wait": (0, 4),
    },
}
"""label → remedies of one attempt, joined by `+` in the order of the alphabet → (healed, tried)."""
