"""Which remedies heal which label, in the order in which they are tried; those in one group go together."""

from __future__ import annotations

ORDER: dict[str, tuple[tuple[str, ...], ...]] = {
    "network_timeout": (("use_mirror", "longer_timeouts", "wait"),),
    "dns_failure": (("wait",),),
    "connection_failure": (("use_mirror", "longer_timeouts", "look_closer", "wait"),),
    "service_unavailable": (("use_mirror", "longer_timeouts", "wait"),),
    "rate_limited": (("use_mirror", "wait"),),
    "infrastructure": (("restart_daemon", "wait"),),
    "out_of_memory": (("raise_heap",), ("raise_limit",), ("fewer_workers",), ("add_swap",)),
    "disk_full": (("free_disk",), ("move_temp",)),
    "resource_limit": (("raise_limit",), ("fewer_workers",)),
    "hang": (("kill_stragglers",), ("rerun_all",)),
    "corrupt_artifact": (("purge_cache",), ("wait",)),
    "stale_state": (("reset_state",), ("restart_daemon",), ("kill_stragglers",), ("wait",)),
    "flaky_test": (("rerun_failed_tests",), ("rerun_all",)),
    # Only where the user's settings name a remedy for it.
    "test_failure": (("rerun_failed_tests",),),
}

# Labels that are refused, but for two cases: a list of packages that is shown to be stale, and a cause that the tool's own
# log hides, which is worth one attempt that shows it.
IN_DOUBT: dict[str, tuple[str, ...]] = {
    "dependency_not_found": ("refresh_index", "look_closer", "wait"),
    "unknown": ("look_closer",),
}
