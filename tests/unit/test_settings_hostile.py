"""Settings files that mean harm: refused with a SettingsError, quickly, with little memory."""

from __future__ import annotations

import os
import re
import time
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from guard.errors import SettingsError
from guard.settings.file import MOST_BYTES, parse, read
from guard.settings.keys import Reader
from guard.settings.loading import load
from guard.settings.yaml_text import MOST_LEVELS

# By far more than any of these needs, on however slow a machine; without a bound some would take for ever.
_SECONDS = 20.0
_BYTES = 200 << 20


def refused(text: str) -> SettingsError:
    tracemalloc.start()
    begin = time.monotonic()
    try:
        with pytest.raises(SettingsError) as caught:
            parse(text, "s.yml")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert time.monotonic() - begin < _SECONDS
    assert peak < _BYTES
    assert caught.value.exit_code == 2
    for line in caught.value.lines():
        assert len(line) < 600
        assert not re.search(r"[\x00-\x1f]", line)
    return caught.value


def laughs(levels: int, width: int) -> str:
    rows = ["a0: &a0 [lol, lol]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * width)}]" for n in range(1, levels)]
    return "\n".join(rows)


def _read_all(reader: Reader) -> None:
    for step in (reader.refuse_unknown, reader.attempts, reader.budget, reader.limits, reader.idempotent, reader.labels,
                 reader.strategies, reader.signatures, reader.escalate, reader.allow, reader.probes):  # fmt: skip
        step()
    reader.history({})


HOSTILE = {
    "billion laughs": laughs(12, 10),
    "wide laughs": laughs(3, 200),
    "laughs in mappings": "\n".join(
        ["a0: &a0 {x: lol}", *(f"a{n}: &a{n} {{{', '.join(f'k{i}: *a{n - 1}' for i in range(10))}}}" for n in range(1, 9))]
    ),
    "deep lists": "a: " + "[" * 5000 + "]" * 5000,
    "deep mappings": "a: " + "{a: " * 5000 + "1" + "}" * 5000,
    "deep open lists": "[" * 100_000,
    "deep blocks": "\n".join(" " * n + "a:" for n in range(1000)),
    "deep sequences": "- " * 5000 + "a",
    "an alias of itself": "a: &a [*a]",
    "a mapping in itself": "labels: &a {hang: *a}",
    "duplicate keys": "attempts: 1\nattempts: 2\n",
    "duplicate keys below": "labels:\n  hang: off\n  hang: on\n",
    "a quoted duplicate": "attempts: 1\n'attempts': 2\n",
    "a merge key": "a: &a {attempts: 1}\nlabels:\n  <<: *a\n",
    "a python tag": "attempts: !!python/object/apply:os.system ['true']\n",
    "a python name": "attempts: !!python/name:os.system\n",
    "a tag of its own": "attempts: !mine 3\n",
    "a tag on a list": "signatures: !!python/tuple [a]\n",
    "a tag on a key": "!!python/name:os.system attempts: 3\n",
    "a set": "signatures: !!set {a, b}\n",
    "an ordered map": "labels: !!omap [hang: off]\n",
    "binary": "attempts: !!binary aGVsbG8=\n",
    "a long number": "attempts: " + "9" * 5000,
    "a long hexadecimal": "attempts: 0x" + "f" * 5000,
    "many nodes": "signatures: [" + "a, " * 20_000 + "]",
    "many keys": "\n".join(f"k{n}: 1" for n in range(20_000)),
    "two documents": "attempts: 1\n---\nattempts: 2\n",
    "a list": "- 1\n",
    "a word": "attempts\n",
    "a complex key": "? [a, b]\n: 1\n",
    "a mapping as key": "{a: 1}: 2\n",
    "an unknown alias": "attempts: *nowhere\n",
    "a NUL": "attempts: 'a\\0b'\n",
    "a raw NUL": "attempts: a\0b\n",
    "an escape code": "attempts: \x1b[31m3\n",
    "a surrogate": 'attempts: "\\ud800"\n',
    "tabs": "attempts:\n\t- 1\n",
    "open quotes": "attempts: 'x\n" * 1000,
    "a directive": "%YAML 9.9\n---\nattempts: 1\n",
    "long key": f"{'k' * 900}: 1\n? {'k' * 900}\n: 2\n",
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile(name: str, tmp_path: Path) -> None:
    text = HOSTILE[name]
    try:
        document = parse(text, "s.yml")
    except SettingsError:
        refused(text)
        return
    # What is YAML all the same must fail at its key.
    reader = Reader(document, tmp_path.resolve())
    with pytest.raises(SettingsError):
        _read_all(reader)


@pytest.mark.parametrize(
    ("name", "line"),
    [("duplicate keys", 2), ("duplicate keys below", 3), ("a quoted duplicate", 2), ("a merge key", 3), ("a tag of its own", 1)],
)
def test_the_line_is_named(name: str, line: int) -> None:
    assert refused(HOSTILE[name]).line == line


def test_just_deep_enough_and_one_too_many() -> None:
    parse("a: " + "[" * (MOST_LEVELS - 1) + "]" * (MOST_LEVELS - 1), "s.yml")
    assert str(MOST_LEVELS) in refused("a: " + "[" * MOST_LEVELS + "]" * MOST_LEVELS).message


def test_aliases_in_reason_are_fine() -> None:
    assert parse("a: &x [1, 2]\nb: *x\n", "s.yml").values == {"a": [1, 2], "b": [1, 2]}


def test_one_mebibyte(tmp_path: Path) -> None:
    file = tmp_path / "s.yml"
    file.write_bytes(b"attempts: 2\n" + b"#" * (MOST_BYTES - 12))
    assert read(file).values == {"attempts": 2}
    with file.open("ab") as more:
        more.write(b"#")
    with pytest.raises(SettingsError, match="1 MiB"):
        read(file)


def test_a_huge_sparse_file_is_not_read_whole(tmp_path: Path) -> None:
    file = tmp_path / "s.yml"
    with file.open("wb") as out:
        out.truncate(1 << 40)
    tracemalloc.start()
    try:
        with pytest.raises(SettingsError, match="1 MiB"):
            read(file)
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


def test_no_utf8_names_the_line(tmp_path: Path) -> None:
    file = tmp_path / "s.yml"
    file.write_bytes(b"attempts: 2\n# caf\xe9\n")
    with pytest.raises(SettingsError, match="UTF-8") as caught:
        read(file)
    assert caught.value.line == 2


def test_a_byte_order_mark_is_fine(tmp_path: Path) -> None:
    file = tmp_path / "s.yml"
    file.write_bytes(b"\xef\xbb\xbfattempts: 2\r\nprobes: on\r\n")
    assert read(file).values == {"attempts": 2, "probes": True}


@pytest.mark.timeout(20)
def test_a_fifo_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "s.yml")
    with pytest.raises(SettingsError, match="no regular file"):
        read(tmp_path / "s.yml")


@pytest.mark.parametrize("place", ["/dev/zero", "/dev/null", "/"])
def test_no_regular_file(place: str) -> None:
    with pytest.raises(SettingsError):
        read(Path(place))


def test_links(tmp_path: Path) -> None:
    (tmp_path / "real.yml").write_text("attempts: 2\n")
    (tmp_path / "good").symlink_to("real.yml")
    assert read(tmp_path / "good").values == {"attempts": 2}
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    for name in ("dangling", "loop", "missing"):
        with pytest.raises(SettingsError, match="cannot be read"):
            read(tmp_path / name)


def test_a_dangling_link_in_the_workspace_stops_guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".git").mkdir()
    (tmp_path / ".pipeguard.yml").symlink_to("nowhere")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SettingsError):
        load(tmp_path, {}, {}, "none", False)


@given(st.text(max_size=60))
def test_any_text_is_settings_or_an_error(text: str) -> None:
    try:
        parse(text, "s.yml")
    except SettingsError:
        pass


# Pieces of YAML, so that most of what is tried is nearly right.
_PIECES = st.sampled_from(
    ["attempts", "labels", "hang", "allow", "delete", ": ", "\n", "  ", "- ", "[", "]", "{", "}", "&a ", "*a", "!!str ", "!x ",
     "3", "off", "~", "'", '"', "#", "?", "|\n ", ">\n ", "<<", "---", "1:30", "0x10", "1e9", ".inf", "2001-01-01", "=", "\t"]
)  # fmt: skip


@hypothesis_settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(_PIECES, max_size=14).map("".join))
def test_nearly_settings_are_settings_or_an_error(tmp_path: Path, text: str) -> None:
    try:
        _read_all(Reader(parse(text, "s.yml"), tmp_path.resolve()))
    except SettingsError:
        pass


@pytest.mark.parametrize("kind", ["fifo", "laughs", "large"])
def test_signature_files_have_bounds_too(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "mine.yml"
    if kind == "fifo":
        os.mkfifo(file)
    elif kind == "laughs":
        rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
        file.write_text("\n".join(["a0: &a0 [x]", *rows, "signatures: *a8"]))
    else:
        file.write_text("#" * (1 << 20) + "\n")
    (tmp_path / ".pipeguard.yml").write_text("signatures: [mine.yml]\n")
    with pytest.raises(SettingsError, match=r"mine\.yml"):
        load(tmp_path, {}, {}, "none", False)
