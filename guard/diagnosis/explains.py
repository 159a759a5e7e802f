"""Which cause stands behind which symptom: a full disk explains the compile error that it caused.

Rows are read "this label, seen shortly before, explains those". Directions follow how builds go: the machine
fails first, then the network, then what is fetched, then what is built, then what is tested.
"""

from __future__ import annotations

_CODE = frozenset({"compile_error", "lint_error", "test_failure", "flaky_test"})
_FETCHED = frozenset({"dependency_not_found", "dependency_conflict", "corrupt_artifact"})
_LATE = _CODE | _FETCHED | {"configuration_error", "unknown"}
_UNBUILT = _FETCHED | {"compile_error", "configuration_error", "unknown"}
_NETWORK = frozenset(
    {"network_timeout", "dns_failure", "connection_failure", "tls_error", "service_unavailable", "rate_limited"}
)

EXPLAINS: dict[str, frozenset[str]] = {
    "disk_full": _LATE | {"infrastructure", "stale_state", "service_unavailable", "connection_failure", "hang"},
    "out_of_memory": _LATE | {"infrastructure", "hang", "connection_failure", "stale_state"},
    "resource_limit": _LATE | {"connection_failure", "dns_failure", "network_timeout", "infrastructure"},
    "infrastructure": _UNBUILT | {"hang", "connection_failure", "network_timeout", "stale_state"},
    "dns_failure": _UNBUILT | {"connection_failure", "network_timeout", "infrastructure"},
    "rate_limited": _UNBUILT | {"auth_failure", "service_unavailable", "connection_failure"},
    "service_unavailable": _UNBUILT | {"connection_failure", "infrastructure"},
    "tls_error": _UNBUILT | {"connection_failure"},
    "network_timeout": _UNBUILT | {"connection_failure", "infrastructure"},
    "connection_failure": _UNBUILT,
    "auth_failure": _UNBUILT,
    "corrupt_artifact": _CODE | {"dependency_not_found", "configuration_error"},
    "stale_state": _CODE | {"configuration_error", "connection_failure"},
    "dependency_not_found": _CODE | {"configuration_error", "dependency_conflict"},
    "dependency_conflict": _CODE | {"configuration_error"},
    "configuration_error": frozenset({"test_failure", "lint_error"}),
    "compile_error": frozenset({"test_failure", "lint_error", "configuration_error"}),
    "hang": _CODE | {"infrastructure"},
    "flaky_test": frozenset({"test_failure"}),
}


def explains(cause: str, symptom: str) -> bool:
    """Whether a failure of the first label can have brought about one of the second."""
    return symptom in EXPLAINS.get(cause, frozenset())


def is_network(label: str) -> bool:
    """Whether the label is about reaching a remote."""
    return label in _NETWORK
