"""A damaged build tree of Meson: only its two records go, only where the command configures it anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from guard.remedies.leftovers import meson_tree
from guard.types import (
    Action,
    Allow,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Outcome,
    Refusal,
    Surroundings,
    Telemetry,
)


def found(workspace: Path, named: Path, *argv: str, allow: Allow | None = None) -> tuple[Action, ...] | Refusal | None:
    line = f"ERROR: Coredata file '{named}' is corrupted. Try with a fresh build tree."
    outcome = Outcome(Command(argv), 1, 1, None, "exited", 1.0, LogWindow(), Telemetry())
    around = Surroundings(cwd=str(workspace), workspace=str(workspace), allow=allow or Allow())
    return meson_tree.find(Diagnosis("stale_state", 0.9, "x", (Evidence(1, line),)), outcome, around)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "work/b"
    for name in ("meson-private/coredata.dat", "meson-private/build.dat", "meson-private/sanity.c", "meson-info/meson-info.json", "a.o"):
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tree


SETUP = ("bash", "-c", "meson setup b && meson compile -C b")


def test_the_records_of_a_tree_of_the_workspace(tree: Path) -> None:
    actions = found(tree.parent, tree / "meson-private/coredata.dat", *SETUP)
    assert isinstance(actions, tuple)
    assert [Path(action.target).name for action in actions] == ["coredata.dat", "build.dat"]
    for action in actions:
        meson_tree.act(action, Surroundings())
    assert sorted(path.name for path in tree.rglob("*") if path.is_file()) == ["a.o", "meson-info.json", "sanity.c"]


@pytest.mark.parametrize("argv", [("meson", "compile", "-C", "b"), ("ninja", "-C", "b"), ("meson", "test", "-C", "b")])
def test_a_command_that_does_not_configure_would_only_fail_otherwise(tree: Path, argv: tuple[str, ...]) -> None:
    refusal = found(tree.parent, tree / "meson-private/coredata.dat", *argv)
    assert isinstance(refusal, Refusal)
    assert "meson setup" in refusal.reason


def test_a_tree_elsewhere_needs_leave(tree: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    record = tree / "meson-private/coredata.dat"
    assert isinstance(found(other, record, *SETUP), Refusal)
    assert isinstance(found(other, record, *SETUP, allow=Allow(delete=(str(tree),))), tuple)
    assert isinstance(found(tree.parent, record, *SETUP, allow=Allow(delete=None)), Refusal)


def test_what_only_looks_like_one_is_left_alone(tree: Path) -> None:
    assert found(tree.parent, tree / "a.dat", *SETUP) is None
    record = tree / "meson-private/coredata.dat"
    record.unlink()
    (tree / "meson-private/build.dat").unlink()
    record.symlink_to(tree / "a.o")
    assert found(tree.parent, record, *SETUP) is None
