"""Upstreams as the clients' own settings name them."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.lab import upstreams


def test_a_mirror_in_mavens_settings(tmp_path: Path) -> None:
    settings = tmp_path / "settings.xml"
    mirror = "<mirror><id>a</id><mirrorOf>{}</mirrorOf><url>https://m.example/all</url></mirror>"
    for of, found in (("*", True), ("external:*, !corp", True), ("central", True), ("corp", False)):
        settings.write_text(f'<settings xmlns="http://maven.apache.org/SETTINGS/1.0.0"><mirrors>{mirror.format(of)}</mirrors></settings>')
        assert upstreams._mirror(settings) == ("https://m.example/all" if found else "")
    settings.write_text("<settings><mirrors>")
    assert upstreams._mirror(settings) == ""
    assert upstreams._mirror(tmp_path / "none") == ""


def test_a_source_that_cargo_replaces(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[net]\nretry = 3\n[source.crates-io]\nreplace-with = "acme"\n\n[source.acme]\nregistry = "sparse+https://c.example/index/"\n')
    assert upstreams._replaced(config) == "https://c.example/index/"
    config.write_text('[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = "vendor"\n')
    assert upstreams._replaced(config) == ""
    assert upstreams._replaced(None) == ""


def test_pips_index_by_the_environment_first(monkeypatch: pytest.MonkeyPatch) -> None:
    said = "global.index-url='https://g.example/simple'\nuser.index-url='https://u.example/simple'\n"
    monkeypatch.setattr(upstreams, "_said", lambda *argv: said)
    assert upstreams._pypi() == "https://u.example/simple"
    monkeypatch.setattr(upstreams, "_said", lambda *argv: f"{said}:env:.index-url='https://e.example/simple'\n")
    assert upstreams._pypi() == "https://e.example/simple"


def test_go_without_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstreams, "_go", lambda: "direct")
    for name in ("_pypi", "_npm", "_maven", "_crates"):
        monkeypatch.setattr(upstreams, name, lambda: "")
    monkeypatch.setattr(upstreams, "archives", lambda: ())
    assert upstreams.upstreams.__wrapped__() == {}
