"""What `guard doctor` says of the history: where it lies and whether it can be used; no server is asked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import closing
from urllib.parse import parse_qs, urlsplit

from guard.errors import GuardError
from guard.history import place
from guard.history.opening import open_store
from guard.history.sqlite import Damaged
from guard.settings.values import Settings


def look(settings: Settings, env: Mapping[str, str], workspace: str) -> tuple[str, str, dict[str, object]]:
    """(state, text, data) of a finding."""
    setting = place.OFF if settings.history_off else place.setting(settings.history, env, workspace)
    if setting == place.OFF:
        why = "off by the settings" if settings.history_off else "none: this is no checkout, and the settings name no store"
        return "ok", why, {"store": None}
    return _file(setting.removeprefix("sqlite:")) if setting.startswith("sqlite:") else _server(setting)


def _file(path: str) -> tuple[str, str, dict[str, object]]:
    data: dict[str, object] = {"store": f"sqlite:{path}"}
    if not os.path.lexists(path):
        return "ok", f"{path}: begins with the first failure", data
    try:
        store = open_store(f"sqlite:{path}")
        assert store is not None
        with closing(store):
            runs = int(store.database.all("SELECT count(*) FROM pipeguard_runs")[0][0])
    except Damaged as damage:
        return "note", f"{path} is damaged ({damage}): the next run sets it aside and begins anew", data
    except GuardError as error:
        return "note", f"{error.message}; runs go on without history", data
    return "ok", f"{path}: {runs} runs, {os.path.getsize(path) / 1e6:.1f} MB", data | {"runs": runs}


def _server(url: str) -> tuple[str, str, dict[str, object]]:
    try:
        import psycopg  # noqa: F401 - only whether it is there
    except ImportError:
        return "note", "PostgreSQL, but the package psycopg is missing: pip install 'pipeguard[postgres]'", {"store": "postgresql"}
    parts = urlsplit(url)
    named = parse_qs(parts.query)
    where = f"{parts.hostname or ''.join(named.get('host', ['the local server']))}{parts.path}"
    data: dict[str, object] = {"store": f"postgresql://{where}"}
    mode = "".join(named.get("sslmode", []))
    local = not parts.hostname or parts.hostname in ("localhost", "127.0.0.1", "::1")
    if not local and mode != "verify-full":
        return "note", f"PostgreSQL at {where}: add ?sslmode=verify-full, or nobody checks that it is that server", data
    return "ok", f"PostgreSQL at {where}; asked after a failure only", data
