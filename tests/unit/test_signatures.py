"""Every signature that ships: its examples hold, its form is sound, its data is compiled."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from pathlib import Path

import pytest

from guard.diagnosis.lines import Log
from guard.diagnosis.match import Matcher
from guard.errors import SettingsError
from guard.signatures.compile import compiled_text
from guard.signatures.load import COMPILED, read, sources
from guard.signatures.load import tested as shown_to_hold
from guard.signatures.selftest import faults
from guard.signatures.signature import SHORTEST_LITERAL, Signature
from guard.types import LABELS, LogWindow


@lru_cache(maxsize=1)
def everything() -> tuple[Signature, ...]:
    return tuple(signature for path in sources() for signature in read(path))


# Hosts of package registries: examples name `registry.example` and the like instead. Put together here, so that
# this file names none itself.
_REGISTRIES = tuple(
    ".".join(parts)
    for parts in (
        ("pypi", "org"), ("pythonhosted", "org"), ("registry", "npmjs"), ("registry", "yarnpkg"), ("crates", "io"),
        ("proxy", "golang", "org"), ("sum", "golang", "org"), ("repo", "maven"), ("repo1", "maven"), ("maven", "org"),
        ("deb", "debian"), ("archive", "ubuntu"), ("security", "ubuntu"), ("rubygems", "org"), ("packagist", "org"),
        ("nuget", "org"), ("registry-1", "docker"), ("dl-cdn", "alpinelinux"),
    )
)  # fmt: skip


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_examples_hold(path: Path) -> None:
    wrong = {signature.id: found for signature in read(path) if (found := faults(signature))}
    assert not wrong


def test_ids_are_unique() -> None:
    assert not [name for name, count in Counter(signature.id for signature in everything()).items() if count > 1]


def test_ids_are_words() -> None:
    assert not [signature.id for signature in everything() if not re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9.+_]+)*", signature.id)]


def test_literals_are_long_enough_to_sift() -> None:
    short = [(one.id, literal) for one in everything() for literal in one.prefilter if len(literal) < SHORTEST_LITERAL]
    assert not short


def test_every_label_and_many_tools() -> None:
    # `unknown` is what stands when nothing matches.
    assert {signature.label for signature in everything()} >= set(LABELS) - {"unknown"}
    assert len(everything()) >= 200
    assert len({signature.tool for signature in everything()}) >= 30


def test_every_signature_says_who_prints_it() -> None:
    assert not [signature.id for signature in everything() if not signature.tool.strip()]


def test_compiled_data_is_that_of_the_files() -> None:
    if not COMPILED.is_file():
        pytest.skip("not compiled: the YAML files are read")
    assert COMPILED.read_text(encoding="utf-8") == compiled_text(), "run python -m guard.signatures.compile"


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_no_registry_is_named(path: Path) -> None:
    text = path.read_text(encoding="utf-8").lower().replace("\\", "")
    assert not [host for host in _REGISTRIES if host in text]


@pytest.mark.parametrize("line", ["", "ok", "Build succeeded", "0 errors, 0 warnings", "PASS", "100% tests passed, 0 tests failed"])
def test_nothing_fires_on_what_went_well(line: str) -> None:
    assert not list(Matcher(everything()).hits(Log(LogWindow(head=line.encode()))))


OWN = """\
signatures:
  - id: own
    label: hang
    tool: mine
    pattern: '{pattern}'
    prefilter: {prefilter}
    match: ['the thing is stuck']
    no_match: ['the thing is free']
"""


@pytest.mark.parametrize(
    ("pattern", "prefilter", "said"),
    [
        ("(a", "thing", "compile"), ("(?:a+)+$", "thing", "own"), ("thing", "thing", "counter-example"), ("never", "thing", "example"),
        ("is stuck", "abc", "shorter"), ("is stuck", "[]", "prefilter"), ("is stuck", "nowhere", "example"),
    ],
)  # fmt: skip
def test_a_user_s_file_that_fails_is_an_error_at_its_line(pattern: str, prefilter: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text(OWN.format(pattern=pattern, prefilter=prefilter))
    with pytest.raises(SettingsError) as caught:
        shown_to_hold(file)
    assert (caught.value.line, caught.value.key, caught.value.exit_code) == (2, "own", 2)
    assert said in "".join(caught.value.lines())


def test_a_user_s_file_that_holds(tmp_path: Path) -> None:
    file = tmp_path / "own.yml"
    file.write_text(OWN.format(pattern="is stuck", prefilter="[stuck, held]"))
    assert [signature.id for signature in shown_to_hold(file)] == ["own"]
