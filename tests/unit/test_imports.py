"""Imports go one way, and a run that passes loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "guard"

# Whoever may be imported by all.
LEAVES = {"types", "errors", "failsafe", "durations", "detect", "forks", "patterns", "packed"}
# layer -> the layers that it may import, besides itself and the leaves; commands wire everything together.
ALLOWED: dict[str, set[str]] = {
    "__main__": {"by_click", "commands"},
    "by_click": {"cli", "commands"},
    "launch": {"__main__", "attempt"},
    "delivery": {"launch", "signatures", "diagnosis", "attempt"},
    "cli": {"commands"},
    "commands": {"heal", "report", "platforms", "history", "escalate", "attempt", "diagnosis", "signatures", "policy", "caches", "delivery", "frameworks",
                 "remedies", "surroundings", "settings"},
    "heal": {"attempt", "diagnosis", "policy", "remedies", "settings"},
    "policy": {"remedies", "settings"},
    "remedies": {"caches", "frameworks"},
    "diagnosis": {"signatures", "frameworks"},
    "report": {"diagnosis"},
    "history": {"diagnosis", "report"},
    "escalate": {"diagnosis", "report"},
    "surroundings": {"attempt", "cpus", "mounts"},
    "cpus": set(),
    "mounts": {"attempt"},
    "attempt": set(),
    "caches": set(),
    "frameworks": set(),
    "signatures": set(),
    "platforms": {"report"},
    "settings": {"remedies", "policy"},
}  # fmt: skip
# A signature is tested by the very matcher that diagnoses use; only what tests signatures imports this.
EXCEPTIONS = {("signatures/selftest.py", "diagnosis")}
# What a leaf may know of another.
LEAF_IMPORTS = {"types", "errors", "detect"}

RUN_TIME = {"click", "requests", "regex", "onnxruntime", "tenacity", "yaml"}
EXTRAS = {"psycopg", "opentelemetry", "numpy"}
HEAVY = ("onnxruntime", "numpy", "requests", "regex", "yaml", "tenacity", "sqlite3", "click", "dataclasses", "typing")


def modules() -> list[Path]:
    return sorted(path for path in PACKAGE.rglob("*.py"))


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(tree: ast.AST) -> Iterator[str]:
    """Every module imported anywhere in a file, in functions too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            if node.module == "guard":
                yield from (f"guard.{alias.name}" for alias in node.names)
            elif node.module:
                yield node.module


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_direction(path: Path) -> None:
    own = layer(path)
    allowed = LEAF_IMPORTS if own in LEAVES else ALLOWED.get(own, set()) | LEAVES
    for name in imported(ast.parse(path.read_text())):
        parts = name.split(".")
        if parts[0] != "guard" or len(parts) < 2 or parts[1] in (own, "__version__"):
            continue
        if (str(path.relative_to(PACKAGE)), parts[1]) not in EXCEPTIONS:
            assert parts[1] in allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_every_layer_is_known() -> None:
    assert {layer(path) for path in modules()} <= set(ALLOWED) | LEAVES | {"__init__"}


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_only_known_third_parties(path: Path) -> None:
    for name in imported(ast.parse(path.read_text())):
        top = name.split(".")[0]
        assert top in sys.stdlib_module_names | RUN_TIME | EXTRAS | {"guard"}, f"{path.relative_to(ROOT)} imports {name}"


def test_only_the_places_that_print_print() -> None:
    for path in modules():
        if layer(path) in ("diagnosis", "policy", "remedies", "caches", "frameworks", "heal", "history"):
            names = {node.id for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Name)}
            assert "print" not in names, path


def loaded(folder: Path, *arguments: str) -> set[str]:
    """The modules that a run imports, by the interpreter's own word."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "guard", *arguments],
        cwd=folder, capture_output=True, text=True, timeout=60, check=True, env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    rows = [line for line in done.stderr.splitlines() if line.startswith("import time:")]
    return {row.rsplit("|", 1)[1].strip() for row in rows}


@pytest.mark.parametrize(
    "arguments",
    [("run", "--", "true"), ("run", "true"), ("run", "-c", "true"), ("run", "--attempts", "2", "--timeout=5m", "--on-heal", "warn", "true")],
    ids=" ".join,
)
def test_a_passing_run_loads_nothing_heavy(arguments: tuple[str, ...], tmp_path: Path) -> None:
    names = loaded(tmp_path, *arguments)
    assert "guard.commands.run" in names
    # What the interpreter itself loads at its start is not ours (an editable install, coverage).
    ours = names - loaded_bare(tmp_path)
    assert not sorted(name for name in ours if name.split(".")[0] in HEAVY)
    assert not [name for name in ours if name.startswith(("guard.diagnosis", "guard.policy", "guard.remedies", "guard.settings.keys"))]


def loaded_bare(folder: Path) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "pass"],
        cwd=folder, capture_output=True, text=True, timeout=60, check=True, env={"PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    return {line.rsplit("|", 1)[1].strip() for line in done.stderr.splitlines() if line.startswith("import time:")}
