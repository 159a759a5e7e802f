from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from guard.frameworks.invocation import Invocation, ends_target, find
from guard.frameworks.shell_words import single_command


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("pytest -q", ("pytest", "-q")),
        ("set -euo pipefail\n# tests\npytest 'a b' \"c d\"\n", ("pytest", "a b", "c d")),
        ("go test ./...", ("go", "test", "./...")),
        ("pytest -k 'a*b'", ("pytest", "-k", "a*b")),
    ],
)
def test_one_plain_command_is_split(script: str, words: tuple[str, ...]) -> None:
    assert single_command(script) == words


@pytest.mark.parametrize(
    "script",
    [
        "", "a && b", "a; b", "a | b", "a &", "a\nb", "a $X", "a `b`", "a \"$X\"", "(a)", "a > f", "a < f", "a || true",
        "a *.py", "a {b,c}", "! a", "a 'b", "a ~/x", "a \\\nb", "a # b", "if a", "a <<E\nE",
    ],
)  # fmt: skip
def test_what_the_shell_would_act_on_is_not(script: str) -> None:
    assert single_command(script) in {None, ("if", "a")}


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (("pytest", "x"), ("pytest", "x")),
        (("env", "A=1", "npx", "--no-install", "jest"), ("jest",)),
        (("poetry", "run", "pytest"), ("pytest",)),
        (("timeout", "600", "xvfb-run", "-a", "mocha"), ("mocha",)),
        (("sh", "-c", "A='x y' pytest -q"), ("pytest", "-q")),
        (
            ("node", "--experimental-vm-modules", "node_modules/jest/bin/jest.js"),
            ("node_modules/jest/bin/jest.js",),
        ),
        (("npx", "jest@29"), ("jest@29",)),
        (("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", "pytest"), ("pytest",)),
    ],
)
def test_wrappers_are_taken_off_and_put_back(
    outcome: Any, argv: tuple[str, ...], words: tuple[str, ...]
) -> None:
    found = find(outcome("", *argv))
    assert isinstance(found, Invocation)
    assert found.words == words
    again = found.with_words((*words, "a b", "$(x)", "-y"))
    assert again is not None
    if argv[-2] == "-c":
        assert again[:-1] == argv[:-1]
        assert again[-1].endswith("'a b' '$(x)' -y")
    else:
        assert again == (*argv, "a b", "$(x)", "-y")


@pytest.mark.parametrize(
    "argv",
    [
        ("bash", "-lc", "pytest"),
        ("sh", "-c", "pytest && x"),
        ("sh", "-c", "pytest", "name"),
        ("make", "-k", "test"),
        ("npm", "ci"),
    ],
)
def test_what_cannot_be_taken_apart_is_no_invocation_of_a_framework(
    outcome: Any, argv: tuple[str, ...]
) -> None:
    found = find(outcome("", *argv))
    assert isinstance(found, str) or found.words == argv


def test_an_assignment_in_a_script_keeps_its_value(outcome: Any) -> None:
    found = find(outcome("", script="A='x y' pytest\n"))
    assert isinstance(found, Invocation)
    assert found.env == {"A": "x y"}
    assert found.with_more(("--lf",)) == ("bash", "-e", "-c", "A='x y' pytest --lf")


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (("npm", "test"), ("npm", "test", "--", "--f")),
        (("npm", "run", "unit", "--", "-v"), ("npm", "run", "unit", "--", "-v", "--f")),
        (("yarn", "unit"), ("yarn", "unit", "--f")),
        (("pnpm", "run", "unit"), ("pnpm", "run", "unit", "--f")),
        (("sh", "-c", "npm test"), ("sh", "-c", "npm test -- --f")),
    ],
)
def test_arguments_through_package_scripts(
    tmp_path: Path, outcome: Any, argv: tuple[str, ...], expected: tuple[str, ...]
) -> None:
    scripts = {"test": "cross-env A=1 jest --ci", "unit": "jest --ci"}
    (tmp_path / "package.json").write_text(json.dumps({"scripts": scripts}))
    found = find(outcome("", *argv))
    assert isinstance(found, Invocation), found
    assert found.words[:2] == ("jest", "--ci")
    assert found.with_more(("--f",)) == expected
    assert found.with_words(("x",)) is None


@pytest.mark.parametrize("script", ["jest && x", "jest; x", "npm run other", "jest > log", "make test"])
def test_package_scripts_that_do_more_are_not(tmp_path: Path, outcome: Any, script: str) -> None:
    (tmp_path / "package.json").write_text(json.dumps({"scripts": {"test": script, "other": "jest"}}))
    assert isinstance(find(outcome("", "npm", "test")), str)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"scripts": 3}', '{"scripts": {"test": 3}}'])
def test_hostile_package_json(tmp_path: Path, outcome: Any, text: str) -> None:
    (tmp_path / "package.json").write_text(text)
    assert isinstance(find(outcome("", "npm", "test")), str)


@pytest.mark.parametrize(
    ("text", "argv", "good"),
    [
        ("test: dep\n\t@echo x\n\tgo test ./...\n\ndep:\n\techo\n", ("make", "test"), True),
        (".PHONY: test\n\ntest:\n\tgo test ./...\n", ("make",), True),
        ("test:\n\tgo test ./a\n\tgo build\n", ("make", "test"), False),
        ("test: a\n\tgo test ./a\ntest:\n\tgo test ./b\n", ("make", "test"), False),
        ("test:\n\tgo test ./a\nb:\n\tgo test ./b\n", ("make", "test", "b"), False),
        ("all: test\n\techo\ntest:\n\tgo test ./a\n", ("make",), False),
        ("a b:\n\tgo test ./a\n", ("make", "a"), False),
    ],
)
def test_the_last_line_of_a_target(
    tmp_path: Path, outcome: Any, text: str, argv: tuple[str, ...], good: bool
) -> None:
    (tmp_path / "Makefile").write_text(text)
    found = find(outcome("", *argv))
    assert isinstance(found, Invocation)
    assert ends_target(found, "go test") is good
