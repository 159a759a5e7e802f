"""What doctor says of a history, without asking a server."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.commands.doctor_history import look
from guard.history.opening import open_store
from guard.settings.values import Settings


@pytest.mark.parametrize(
    ("url", "state", "said"),
    [
        ("postgresql://me:hunter2secret@db.example/runs", "note", "verify-full"),
        ("postgresql://me:hunter2secret@db.example/runs?sslmode=verify-full", "ok", "db.example/runs"),
        ("postgresql:///runs?host=/run/postgresql", "ok", "/run/postgresql/runs"),
    ],
)
def test_a_server(url: str, state: str, said: str) -> None:
    pytest.importorskip("psycopg", reason="the extra `postgres` is not installed")
    found = look(Settings(history=url), {}, "/nowhere")
    assert found[0] == state
    assert said in found[1]
    assert "hunter2secret" not in str(found)


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "h" / "history.db"
    settings = Settings(history=f"sqlite:{path}")
    assert "begins with the first failure" in look(settings, {}, "/nowhere")[1]
    store = open_store(f"sqlite:{path}", read_only=False, create=True)
    assert store is not None
    store.close()
    assert ": 0 runs" in look(settings, {}, "/nowhere")[1]
    path.write_bytes(b"nothing of the kind" * 100)
    assert look(settings, {}, "/nowhere")[0] == "note"


def test_none() -> None:
    assert "off by the settings" in look(Settings(history_off=True), {}, "/nowhere")[1]
    assert "no checkout" in look(Settings(), {}, "/nowhere")[1]
