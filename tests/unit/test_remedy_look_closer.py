"""When a log hides its cause, what the next attempt is given, and what the second look makes of what it finds."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from guard.policy.plan import plan
from guard.remedies import look_closer
from guard.remedies.closer import doubt, own_logs, probe, second_look
from guard.remedies.probing.configured import pip as pip_configured
from guard.remedies.probing.configured.protocol import Named, scene
from guard.settings.values import LabelRule, Settings
from guard.types import Change, Diagnosis, NoMemory, Outcome, Surroundings
from tests.unit.by_hand import diagnosis, outcome

NONE = b"ERROR: Could not find a version that satisfies the requirement aone (from versions: none)\nERROR: No matching distribution found for aone\n"
SOME = b"ERROR: Could not find a version that satisfies the requirement aone==9 (from versions: 1.0)\nERROR: No matching distribution found for aone==9\n"
PIP = ("pip", "install", "aone")
MISSING = diagnosis("dependency_not_found", "ERROR: No matching distribution found for aone", tool="pip", package="aone")
UNKNOWN = diagnosis("unknown")


def failed(*argv: str, log: bytes = b"", code: int = 1, **env: str) -> Outcome:
    return replace(outcome(*argv, log=log, env=env), exit_code=code)


@pytest.mark.parametrize(
    ("found", "what", "tool"),
    [
        (MISSING, failed(*PIP, log=NONE), "pip"),
        (MISSING, failed(*PIP, log=SOME), ""),
        (MISSING, failed("?", log=NONE), ""),
        (MISSING, failed("tox", log=NONE), "pip"),
        (MISSING, failed(*PIP, log=b"  Could not fetch URL http://index.example/: 503 Server Error\n" + NONE), ""),
        (diagnosis("dependency_not_found", tool="npm"), failed("npm", "ci", log=b"npm error code E404\n"), ""),
        (UNKNOWN, failed("curl", "-sf", "http://files.example/a", code=22), "curl"),
        (UNKNOWN, failed("curl", "-fsS", "http://files.example/a", code=22, log=b"curl: (22) The requested URL returned error: 404\n"), ""),
        (UNKNOWN, failed("curl", "-sf", "-d", "x=1", "http://files.example/a", code=22), ""),
        (UNKNOWN, failed("curl", "-sfXPOST", "http://files.example/a", code=22), ""),
        (UNKNOWN, failed("wget", "-q", "http://files.example/a", code=8), "wget"),
        (UNKNOWN, failed("wget", "-q", "--post-data=x", "http://files.example/a", code=8), ""),
        (UNKNOWN, failed("pip", "install", "-qqq", "aone"), "pip"),
        (UNKNOWN, failed("npm", "ci", "--silent"), "npm"),
        (UNKNOWN, failed("make", log=b"boom\n", code=2), ""),
        (diagnosis("compile_error"), failed(*PIP, log=NONE), ""),
    ],
)
def test_which_log_hides_its_cause(found: Diagnosis, what: Outcome, tool: str) -> None:
    assert doubt.hiding(found, what) == tool


NOT_REACHED = b"Resolving dependencies...\n\nAll attempts to connect to index.example failed.\n\nProbable Causes:\n    - the server is not responding to requests at the moment\n"


def test_poetry_says_more_beside_the_wait_and_once() -> None:
    found = diagnosis("connection_failure", "All attempts to connect to index.example failed.", tool="poetry")
    change = look_closer.propose(found, outcome("poetry", "install", log=NOT_REACHED), Surroundings())
    assert isinstance(change, Change)
    assert change.env == {"SHELL_VERBOSITY": "1"}
    assert not look_closer.apply(change, Surroundings()).error
    assert look_closer.propose(found, outcome("poetry", "install", log=NOT_REACHED, env={"SHELL_VERBOSITY": "1"}), Surroundings()) is None
    told = NOT_REACHED.replace(b"\nProbable", b"\nException:\n    | HTTPSConnectionPool\n\nProbable")
    assert look_closer.propose(found, outcome("poetry", "install", log=told), Surroundings()) is None
    assert look_closer.propose(diagnosis("connection_failure", "Connection refused", tool="git"), outcome("git", "fetch"), Surroundings()) is None


def test_pip_is_given_a_log_of_its_own_once(tmp_path: Path) -> None:
    here = Surroundings(temp=str(tmp_path))
    change = look_closer.propose(MISSING, failed(*PIP, log=NONE), here)
    assert isinstance(change, Change)
    assert set(change.env) == {"PIP_LOG", own_logs.VARIABLE}
    again = failed(*PIP, log=NONE, **{name: str(value) for name, value in change.env.items()})
    assert look_closer.propose(MISSING, again, here) is None
    assert look_closer.propose(MISSING, failed(*PIP, log=NONE, PIP_LOG="/mine"), here) is None


@pytest.mark.parametrize(
    ("tool", "code", "variable", "name", "line"),
    [("curl", 22, "CURL_HOME", ".curlrc", "show-error"), ("wget", 8, "WGETRC", ".wgetrc", "server_response = on")],
)
def test_settings_of_the_user_stay_in_force(tmp_path: Path, tool: str, code: int, variable: str, name: str, line: str) -> None:
    (tmp_path / name).write_text("# mine\n")
    here = Surroundings(temp=str(tmp_path), home=str(tmp_path))
    change = look_closer.propose(UNKNOWN, failed(tool, "-q", "http://files.example/a", code=code), here)
    assert isinstance(change, Change)
    applied = look_closer.apply(change, here)
    place = Path(str(change.env[variable]))
    written = (place / name if tool == "curl" else place).read_text()
    look_closer.undo(applied, here)
    assert (applied.error, written.split("\n")) == ("", ["# mine", "", line, ""])
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [name]


def test_what_stands_in_the_folders_place_is_an_error_and_stays(tmp_path: Path) -> None:
    here = Surroundings(temp=str(tmp_path))
    change = look_closer.propose(MISSING, failed(*PIP, log=NONE), here)
    assert isinstance(change, Change)
    Path(change.actions[0].target).symlink_to(tmp_path)
    applied = look_closer.apply(change, here)
    look_closer.undo(applied, here)
    assert applied.error
    assert Path(change.actions[0].target).is_symlink()


def looked(tmp_path: Path, pip_log: str | None) -> Diagnosis:
    folder = tmp_path / f"{own_logs.PREFIX}{os.getpid()}-1"
    folder.mkdir(0o700)
    if pip_log is not None:
        (folder / own_logs.PIP_LOG).write_text(pip_log)
    what = failed(*PIP, log=NONE, **{own_logs.VARIABLE: str(folder)})

    def by_words(other: Outcome) -> Diagnosis:
        text = other.window.head.decode()
        return diagnosis("service_unavailable" if "502" in text else "dependency_not_found", text)

    return second_look.second_look(MISSING, what, Surroundings(), by_words)


def test_an_index_in_trouble_shows_in_pips_own_log(tmp_path: Path) -> None:
    found = looked(
        tmp_path,
        "2026-01-01T10:00:00,123 Could not fetch URL http://a.example/simple/aone/: 404 Client Error: Not Found - skipping\n"
        "2026-01-01T10:00:00,125 Could not fetch URL http://b.example/simple/aone/: 502 Server Error: Bad Gateway - skipping\n"
        "2026-01-01T10:00:00,127 ERROR: No matching distribution found for aone\n",
    )
    assert (found.label, found.entities["seen_in"]) == ("service_unavailable", "pip's own log")
    assert found.evidence[0].line == 0
    assert "b.example" in found.evidence[0].text
    assert "a.example" not in found.evidence[0].text


def test_a_log_without_trouble_makes_it_sure(tmp_path: Path) -> None:
    found = looked(tmp_path, "2026-01-01T10:00:00,123 Found index url http://a.example/simple/\n")
    assert found.label == "dependency_not_found"
    assert second_look.known(found)
    assert found.probability > 0.9


def test_no_log_leaves_it_in_doubt(tmp_path: Path) -> None:
    found = looked(tmp_path, None)
    assert not second_look.known(found)
    assert found.probability < MISSING.probability


def test_a_log_that_is_a_link_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / f"{own_logs.PREFIX}{os.getpid()}-1"
    folder.mkdir(0o700)
    (tmp_path / "other").write_text("Could not fetch URL http://a.example/: 502\n")
    (folder / own_logs.PIP_LOG).symlink_to(tmp_path / "other")
    what = failed(*PIP, log=NONE, **{own_logs.VARIABLE: str(folder)})
    assert not list(own_logs.written(what, Surroundings(), "aone"))
    assert (tmp_path / "other").read_text()


PAGE = b'<a href="aone-1.0.tar.gz">aone</a>'


@pytest.mark.parametrize(
    ("status", "body", "label"),
    [
        (404, b"", "dependency_not_found"),
        (200, b"<html></html>", "dependency_not_found"),
        (200, PAGE, ""),
        (200, b'{"files": [{"filename": "a"}]}', ""),
        (429, b"", "rate_limited"),
        (503, b"", "service_unavailable"),
        (403, b"", "auth_failure"),
    ],
)
def test_what_an_answer_means(status: int, body: bytes, label: str) -> None:
    asked = []

    def get(address: str, seconds: float) -> tuple[int, bytes, str]:
        asked.append(address)
        return status, body, "7"

    (answer,) = probe.ask(Named(("https://user:secret@index.example/simple/",)), "A_One", {}, get)
    assert (answer.label, asked) == (label, ["https://user:secret@index.example/simple/a-one/"])
    assert "secret" not in answer.text


def test_an_index_that_cannot_be_reached() -> None:
    def get(address: str, seconds: float) -> tuple[int, bytes, str]:
        raise OSError("Failed to resolve 'index.example' ([Errno -2] Name or service not known)")

    (answer,) = probe.ask(Named(("https://index.example/simple/",)), "aone", {}, get)
    assert answer.label == "dns_failure"


@pytest.mark.parametrize("package", ["../../etc", "a b", "-x", "a/b", ""])
def test_a_name_that_is_no_package_is_never_asked_for(package: str) -> None:
    def get(address: str, seconds: float) -> tuple[int, bytes, str]:
        raise AssertionError(address)

    assert probe.ask(Named(("https://index.example/simple/",)), package, {}, get) == ()


def test_only_what_is_configured_is_asked(tmp_path: Path) -> None:
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://c.example/simple\n")
    env = {"PIP_CONFIG_FILE": str(tmp_path / "pip.conf"), "PIP_EXTRA_INDEX_URL": "https://d.example/simple"}

    def indexes(*argv: str) -> tuple[str, ...]:
        return pip_configured.named(scene(outcome(*argv, env=env), Surroundings(home=str(tmp_path)))).addresses

    assert indexes(*PIP) == ("https://c.example/simple/", "https://d.example/simple/")
    assert indexes("pip", "install", "--no-index", "aone") == ()
    assert indexes("pip", "install", "-i", "https://e.example/s", "aone") == ("https://e.example/s/", "https://d.example/simple/")


def test_nothing_is_asked_without_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "ask", lambda *words: pytest.fail("asked"))
    second_look.second_look(MISSING, failed(*PIP, log=NONE), Surroundings(probes=False), lambda other: MISSING)


def decided(rule: LabelRule | None = None, log: bytes = NONE) -> str:
    settings = Settings(labels={"dependency_not_found": rule} if rule else {})
    return plan(MISSING, failed(*PIP, log=log), (), settings, Surroundings(temp="/tmp"), NoMemory(), None).decision


def test_a_doubt_is_worth_one_attempt_and_certainty_none() -> None:
    assert decided() == "heal"
    assert decided(log=SOME) == "escalate"
    assert decided(LabelRule(remedies=())) == "escalate"
