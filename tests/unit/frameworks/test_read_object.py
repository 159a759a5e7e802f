"""What a tool left as JSON is an object or nothing, whatever stands there."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.frameworks.output import read_object


def test_an_object_is_read(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text('{"a": [1]}')
    assert read_object(tmp_path / "x.json") == {"a": [1]}


@pytest.mark.parametrize("text", ["", "{", "[]", "3", "null", "\x00", pytest.param("[" * 200_000, id="deep")])
def test_all_else_is_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.json").write_text(text)
    assert read_object(tmp_path / "x.json") is None


def test_no_file_is_nothing(tmp_path: Path) -> None:
    assert read_object(tmp_path / "none") is None
    assert read_object(tmp_path) is None
