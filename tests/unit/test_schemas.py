"""The published schemas against what guard really writes and reads."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from guard.diagnosis.mask import Masker
from guard.errors import SettingsError
from guard.platforms import PLATFORMS
from guard.remedies import REMEDIES
from guard.report.result import run_object
from guard.settings.file import parse
from guard.settings.keys import KEYS, Reader
from guard.signatures.load import sources
from guard.signatures.signature import FIELDS, KINDS
from guard.types import (
    ENDED,
    LABELS,
    Action,
    Alternative,
    Applied,
    Attempt,
    Change,
    Command,
    Diagnosis,
    Evidence,
    LogWindow,
    Mount,
    Outcome,
    Plan,
    Process,
    Refusal,
    Run,
    Telemetry,
)

SCHEMAS = Path(__file__).parents[2] / "guard" / "schema"

DESIGN_EXAMPLE = """\
version: 1
attempts: 3                     # in all, the first included
budget: {time: 30m}             # over all attempts and waits
limits: {attempt: 20m, idle: 10m}
idempotent: auto                # auto | true | false
labels:                         # per label: off | on, attempts, remedies in order, min_probability
  flaky_test: {attempts: 2, remedies: [rerun_failed_tests], verdict: pass}   # verdict: pass | warn | fail
  unknown: off
strategies:                     # the user's own
  - name: restart-db
    when: {label: connection_failure, pattern: "port 5432"}
    run: docker compose restart db
    timeout: 2m
    then: retry
signatures: [ci/signatures.yml]
history: {store: "sqlite:.pipeguard/history.db"}
escalate: {github_issue: true, slack: {webhook_env: SLACK_WEBHOOK}}
allow: {reclaim: [caches, docker], delete: ["build/"], swap: false, kill: job}
probes: off
"""


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    return found


def validator(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(schema(name))


def outcome(number: int = 1, **more: Any) -> Outcome:
    values: dict[str, Any] = {
        "command": Command(("make",)), "number": number, "exit_code": 1, "signal": None, "ended": "exited",
        "duration_s": 12.0, "window": LogWindow(), "telemetry": Telemetry(),
    }  # fmt: skip
    return Outcome(**{**values, **more})


FULL = Telemetry(
    peak_rss_bytes=1 << 30,
    oom_kills=1,
    oom_kills_host=1,
    memory_limit_bytes=2 << 30,
    memory_available_bytes=1 << 30,
    disks_before=(Mount("/", 1, 2, 3, 4),),
    disks_after=(Mount("/"),),
    load1=0.5,
    open_files_limit=(1024, -1),
    processes_limit=(100, 200),
    survivors=(Process(7, 1234, "daemon"),),
)
CHANGE = Change(
    "purge_cache",
    "purges left-pad from npm's cache",
    actions=(Action("delete", "/c/x"),),
    wait_s=1.23456,
    details={"package": "left-pad", "tried": ("a", "b"), "bytes": 12, "nothing": None},
)
DIAGNOSIS = Diagnosis(
    "corrupt_artifact",
    0.97,
    "signature:npm-eintegrity",
    (Evidence(812, "npm ERR! code EINTEGRITY"), Evidence(0, "OOM kill counted", "related")),
    {"tool": "npm", "tests": ("a", "b")},
    "ab12",
    (Alternative("disk_full", 0.02),),
)
PLAN = Plan("heal", "the cached entry is damaged", (CHANGE,), (Refusal("free_disk", "nothing allowed"),), 14, 0.9)


def run(status: str, exit_code: int, *attempts: Attempt, **more: Any) -> Run:
    return Run("01J", status, exit_code, "github", ("npm", "ci"), "2024-01-01T00:00:00Z", 41.2, attempts, **more)


RUNS = {
    "passed": run("passed", 0, Attempt(outcome(exit_code=0))),
    "healed": run(
        "healed",
        0,
        Attempt(outcome(telemetry=FULL), DIAGNOSIS, PLAN, (Applied(CHANGE, ("deleted /c/x",), error="half"),)),
        Attempt(outcome(2, exit_code=0)),
        healed_by=("purge_cache",),
        rescued_s=10.0,
        wasted_s=12.0,
        diagnosis_s=0.04,
    ),
    "refused": run("failed", 1, Attempt(outcome(), replace(DIAGNOSIS, source="none"), Plan("escalate", "no cause"))),
    "interrupted": run("interrupted", 143, Attempt(outcome(exit_code=143, signal=15, ended="cancelled"))),
    "killed": run("failed", 137, Attempt(outcome(exit_code=137, signal=9, ended="signalled", telemetry=FULL))),
}


@pytest.mark.parametrize("name", ["run", "settings", "signatures"])
def test_is_a_schema(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


@pytest.mark.parametrize("name", sorted(RUNS))
def test_runs_that_guard_writes(name: str) -> None:
    document = json.loads(json.dumps(run_object(RUNS[name], Masker())))
    validator("run").validate(document)


@pytest.mark.parametrize("ended", ENDED)
def test_each_way_to_end(ended: str) -> None:
    validator("run").validate(run_object(run("failed", 1, Attempt(outcome(ended=ended))), Masker()))


@pytest.mark.parametrize("label", LABELS)
def test_each_label(label: str) -> None:
    attempt = Attempt(outcome(), replace(DIAGNOSIS, label=label), Plan("escalate", "no"))
    validator("run").validate(run_object(run("failed", 1, attempt), Masker()))


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_platform(platform: str) -> None:
    validator("run").validate(run_object(replace(RUNS["passed"], platform=platform), Masker()))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("schema", "pipeguard.run/2"), ("status", "green"), ("exit_code", 256), ("exit_code", -1), ("duration_s", -1),
        ("healed_by", "purge_cache"), ("extra", 1), ("attempts", [{}]), ("platform", "unheard-of"),
    ],
)  # fmt: skip
def test_a_run_that_is_none(key: str, value: object) -> None:
    assert not validator("run").is_valid({**run_object(RUNS["healed"], Masker()), key: value})


@pytest.mark.parametrize("key", ["schema", "id", "status", "exit_code", "attempts", "command", "started_at"])
def test_a_run_without(key: str) -> None:
    document = run_object(RUNS["healed"], Masker())
    del document[key]
    assert not validator("run").is_valid(document)


def test_the_design_example() -> None:
    validator("settings").validate(yaml.safe_load(DESIGN_EXAMPLE))


def test_an_empty_file() -> None:
    validator("settings").validate(None)
    validator("settings").validate({})


def test_settings_keys_are_all_there() -> None:
    assert set(schema("settings")["properties"]) == set(KEYS)
    assert set(schema("settings")["$defs"]["rule"]["properties"]["remedies"]["oneOf"][0]["enum"]) == set(REMEDIES)
    assert list(schema("settings")["$defs"]["label"]["enum"]) == list(LABELS)


@pytest.mark.parametrize(
    "text",
    [
        "attempts: 3", "attempts: 0", "attempts: 21", "attempts: '3'", "attempts: true", "attempts: 2.5", "budget: 10m",
        "budget: {time: 1h30m}", "budget: {}", "budget:", "budget: {tim: 1}", "budget: ten", "budget: [1]",
        "limits: {attempt: 90}", "limits: {idle: 0}", "limits: {idle: 90x}", "limits: 3", "limits:", "limits: {attempt: ''}",
        "idempotent: auto", "idempotent: true", "idempotent: maybe", "labels: {unknown: off}", "labels: {nope: off}",
        "labels: {hang: {attempts: 2, remedies: wait}}", "labels: {hang: {remedies: [wait]}}",
        "labels: {hang: {remedies: [prayer]}}", "labels: {hang: {min_probability: 1.5}}",
        "labels: {hang: {verdict: fail}}", "labels: {hang: {verdict: green}}", "labels: {hang: perhaps}",
        "labels: [hang]", "strategies: off", "strategies: {}", "strategies: [{name: a, run: b, when: {label: hang}}]",
        "strategies: [{name: a, run: b, when: {pattern: x}}]", "strategies: [{name: a, run: b, when: {}}]",
        "strategies: [{name: a, run: b}]", "strategies: [{name: ' ', run: b, when: {pattern: x}}]",
        "strategies: [{name: a, when: {pattern: x}}]",
        "strategies: [{name: a, run: b, when: {pattern: x}, then: stop}]", "signatures: a.yml", "signatures: [a.yml]",
        "signatures: [1]", "signatures:", "history: off", "history: {store: off}", "history: {store: 'sqlite:h.db'}",
        "history: {store: 'mysql://h'}", "history: {store: 'postgresql://h/d'}", "history: {shop: 1}",
        "escalate: off", "escalate: {slack: {webhook_env: X}}", "escalate: {pager: true}", "allow: {reclaim: caches}",
        "allow: {reclaim: [docker]}", "allow: {reclaim: [all]}", "allow: {delete: []}", "allow: {delete: [build]}",
        "allow: {delete: 1}", "allow: {swap: on}", "allow: {swap: 1}", "allow: {kill: none}", "allow: {kill: all}",
        "allow: {eat: 1}", "probes: on", "probes: 1", "version: 1", "version: 2", "colour: red", "version:", "attempts:",
        "budget: {time: }", "limits: {attempt: }", "idempotent:", "labels: {hang: }", "labels: {hang: {attempts: }}",
        "probes:", "probes: 'on'", "allow: {swap: 'off'}", "labels: {hang: 'off'}", "labels: {hang: {on: 'on'}}",
        "history: 'sqlite:h.db'", "escalate: {slack: {channel: x}}", "escalate: {slack: {webhook_env: 'a b'}}",
        "escalate: {slack: X}", "escalate: {slack: off}", "escalate: {webhook: {url: 'https://hook.example/x'}}",
        "escalate: {webhook: {url: 'ftp://hook.example/x'}}", "escalate: {webhook: {token_env: T}}",
        "escalate: {webhook: {url_env: U, token_env: T}}", "escalate: {pr_comment: 1}", "escalate: {pr_comment: on}",
        "strategies: [x]", "strategies: [{name: a, run: b, when: {label: 1}}]", "budget: .inf", "budget: -1", "budget: 0",
        "limits: {idle: 1d}", "limits: {idle: 700000}", "limits: {idle: 1.5h}",
    ],
)  # fmt: skip
def test_schema_and_reader_agree(text: str, tmp_path: Path) -> None:
    reader = Reader(parse(text, "s.yml"), tmp_path.resolve())
    try:
        for read in (reader.attempts, reader.budget, reader.limits, reader.idempotent, reader.labels, reader.strategies,
                     reader.signatures, reader.escalate, reader.allow, reader.probes, reader.refuse_unknown):  # fmt: skip
            read()
        reader.history({})
        accepted = True
    except SettingsError:
        accepted = False
    assert validator("settings").is_valid(parse(text, "s.yml").values or None) is accepted


@pytest.mark.parametrize("path", sources(), ids=lambda path: path.stem)
def test_our_own_signatures(path: Path) -> None:
    document = yaml.load(path.read_text(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    validator("signatures").validate(document)


def test_signature_fields_are_all_there() -> None:
    entry = schema("signatures")["$defs"]["signature"]["properties"]
    assert set(entry) == FIELDS
    assert tuple(entry["kind"]["enum"]) == KINDS


def test_prefilter_may_be_one_text_or_several() -> None:
    entry = {"id": "x", "label": "hang", "tool": "t", "pattern": "stuck", "match": ["stuck"], "no_match": ["free"]}
    for prefilter, right in (("stuck", True), (["stuck", "held"], True), ("abc", False), ([], False), (None, False)):
        assert validator("signatures").is_valid({"signatures": [{**entry, "prefilter": prefilter}]}) is right


def test_bytes_that_are_no_text_can_be_written(tmp_path):
    from guard.report.result import write

    odd = replace(RUNS["healed"], command=("printf", os.fsdecode(b"\xff a")))
    document = run_object(odd, Masker())
    assert document["command"] == ["printf", "\ufffd a"]
    assert write(str(tmp_path / "r.json"), document) == ""
    validator("run").validate(json.loads((tmp_path / "r.json").read_text(encoding="utf-8")))
