"""`uses: pipeguard/action@v1`, really run by act without network: verdicts, outputs, summary, annotations, step files."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.skins import transcripts
from tests.skins.act_runner import ACTION, Told, checkout, run

# One act runs all jobs before the first test; on a busy machine that takes a while.
pytestmark = [pytest.mark.tools, pytest.mark.timeout(300)]

CHECKOUT = {"uses": "actions/checkout@v4"}
# Evidence that is made to look like the runner's commands, at the end of what a real tool would print.
HOSTILE = r"""
printf '%s\n' 'Traceback (most recent call last):' \
  '  File "app.py", line 2, in <module>' \
  'AssertionError: %0A::set-output name=status::passed%0A ##[add-path]/evil ::add-path::/evil |[`x`](https://evil.example) <img src=x> @all'
exit 1
"""
QUOTES = """\
cat > "$OUT/quotes" <<'END'
it's "double" `tick` $HOME ${X} \\ back\\slash
\ttab é 日本 %0A ::error::no
END
printf '%s' "$X" >> "$OUT/quotes"
"""


# Passes from the second time on.
FLAKY = """\
import pathlib

def test_steady():
    pass

def test_sometimes():
    seen = pathlib.Path("seen")
    first = not seen.exists()
    seen.touch()
    assert not first
"""


def guarded(run: str, **inputs: str) -> dict[str, Any]:
    return {"id": "g", "uses": ACTION, "with": {"run": run, **inputs}}


def probe(name: str) -> dict[str, Any]:
    """Writes what later steps see of the guarded one."""
    seen = {"OUTPUTS": "${{ toJSON(steps.g.outputs) }}", "OUTCOME": "${{ steps.g.outcome }}", "CONCLUSION": "${{ steps.g.conclusion }}"}
    words = 'import json, os; e = os.environ; json.dump({"outputs": json.loads(e["OUTPUTS"]), "outcome": e["OUTCOME"], "conclusion": e["CONCLUSION"], "env": dict(e)}, open(e["OUT"] + "/" + e["NAME"] + ".json", "w"))'
    return {"if": "always()", "shell": "python", "env": {**seen, "NAME": name}, "run": words}


def job(*steps: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"runs-on": "ubuntu-latest", "steps": list(steps), **more}


LEFT_LOCK = {"run": "git init -q r && cd r && git config user.email t@t.example && git config user.name t && touch x .git/index.lock"}
COMMIT = """\
echo "seen=$PIPEGUARD_ATTEMPT" >> "$GITHUB_OUTPUT"
echo "SEEN=$PIPEGUARD_ATTEMPT" >> "$GITHUB_ENV"
echo "/seen/$PIPEGUARD_ATTEMPT" >> "$GITHUB_PATH"
echo "attempt $PIPEGUARD_ATTEMPT" >> "$GITHUB_STEP_SUMMARY"
echo ::group::own
git -C r add x
git -C r commit -q -m x
printf 'no newline at the end'
"""
JOBS: dict[str, dict[str, Any]] = {
    "passes": job(guarded('echo "answer=42" >> "$GITHUB_OUTPUT"\nprintf "status<<E\\nmine\\ntoo\\nE" >> "$GITHUB_OUTPUT"'), probe("passes")),
    "red": job(CHECKOUT, guarded("python3 -m py_compile broken.py"), probe("red")),
    "heals": job(LEFT_LOCK, guarded(COMMIT), probe("heals")),
    "heals-warn": job(LEFT_LOCK, guarded(COMMIT, **{"on-heal": "warn", "result-file": "out/r.json"}), probe("heals-warn")),
    "heals-fail": job(LEFT_LOCK, guarded(COMMIT, **{"on-heal": "fail"}), probe("heals-fail")),
    "left-out": job(LEFT_LOCK, guarded(COMMIT, remedies="raise_heap"), probe("left-out")),
    "once": job(LEFT_LOCK, guarded(COMMIT, idempotent="false"), probe("once")),
    "killed": job(guarded("kill -9 $$"), probe("killed")),
    "late": job(guarded("sleep 3072 & sleep 3071", timeout="1s", attempts="1"), probe("late")),
    "hostile": job(CHECKOUT, guarded(HOSTILE, attempts="1"), probe("hostile")),
    "quotes": job(guarded(QUOTES), probe("quotes"), env={"X": 'a "b" $HOME `c`\n\\'}),
    "goes-on": job({**guarded("exit 3"), "continue-on-error": True}, probe("goes-on")),
    "two": job(guarded("exit 0"), {**guarded("exit 4"), "id": "h"}, probe("two")),
    "shells": job(
        CHECKOUT,
        guarded("import os, sys; print('in', os.getcwd()); open(os.environ['OUT'] + '/python', 'w').write(sys.argv[0])", shell="python"),
        guarded('test -z "${BASH_VERSION:-}" -o "$0" != bash; false | true; echo sh > "$OUT/sh"', shell="sh") | {"id": "s"},
        guarded('open(OUT, ">", "$ENV{OUT}/perl") && print OUT "@ARGV"', shell='perl  -w {0} "two words"') | {"id": "p"},
        guarded('pwd > "$OUT/folder"', **{"working-directory": "sub folder"}) | {"id": "w"},
        {**guarded("false | true"), "id": "f", "continue-on-error": True},
        {**guarded("true", shell="fish"), "id": "u", "continue-on-error": True},
        probe("shells"),
    ),
    "flaky": job(CHECKOUT, guarded(f"{sys.executable} -m pytest -q test_flaky.py", config="flaky.yml"), probe("flaky")),
    "matrix": job(guarded("test ${{ matrix.n }} = 1"), probe("matrix-${{ matrix.n }}"), strategy={"fail-fast": False, "matrix": {"n": [1, 2]}}),
}


@dataclass(frozen=True)
class World:
    told: Told
    out: Path

    def seen(self, name: str) -> dict[str, Any]:
        return dict(json.loads((self.out / f"{name}.json").read_text()))

    def outputs(self, name: str) -> dict[str, str]:
        return dict(self.seen(name)["outputs"])

    def commands(self, job: str, *names: str) -> list[dict[str, Any]]:
        return [one for one in self.told.commands if one["jobID"] == job and (not names or one["command"] in names)]

    def log(self, job: str) -> str:
        rows = [json.loads(line) for line in self.told.raw.splitlines() if line.startswith("{")]
        return "".join(row["msg"] for row in rows if row.get("raw_output") and row.get("jobID") == job)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    """All jobs, run once; in a folder with a short name, since guard cuts long lines and a page shows them."""
    with tempfile.TemporaryDirectory(prefix="pg") as name:
        yield made(Path(name))


def made(folder: Path) -> World:
    for name in ("repository/sub folder", "out", "scratch"):
        (folder / name).mkdir(parents=True)
    repository = folder / "repository"
    (repository / "broken.py").write_text("x = 1\n\ndef broken(:\n    pass\n")
    (repository / "test_flaky.py").write_text(FLAKY)
    (repository / "flaky.yml").write_text("labels:\n  test_failure: {remedies: [rerun_failed_tests]}\n")
    (repository / "app.py").write_text("x = 1\nassert x == 2\n")
    (repository / "sub folder" / "keep").touch()
    workflow = yaml.safe_dump({"on": "push", "jobs": JOBS}, sort_keys=False)
    action = checkout(folder / "action")
    return World(run(workflow, repository, action, folder / "scratch", environment={"OUT": str(folder / "out")}), folder / "out")


@pytest.mark.parametrize(
    ("name", "verdict"),
    [
        ("passes", "success"), ("red", "failure"), ("heals", "success"), ("heals-warn", "success"), ("heals-fail", "failure"),
        ("left-out", "failure"), ("once", "failure"), ("killed", "failure"), ("late", "failure"), ("hostile", "failure"),
        ("flaky", "success"), ("quotes", "success"), ("goes-on", "success"), ("two", "failure"), ("shells", "success"),
    ],
)  # fmt: skip
def test_the_job_s_verdict(name: str, verdict: str, world: World) -> None:
    assert world.told.jobs[f"workflow.yml/{name}"] == verdict, world.log(name)


@pytest.mark.parametrize(
    ("name", "status", "code", "attempts", "label"),
    [
        ("passes", "passed", "0", "1", ""), ("red", "failed", "1", "1", "compile_error"), ("heals", "healed", "0", "2", "stale_state"),
        ("heals-warn", "healed", "0", "2", "stale_state"), ("heals-fail", "healed", "1", "2", "stale_state"),
        ("left-out", "failed", "128", "1", "stale_state"), ("once", "failed", "128", "1", "stale_state"), ("killed", "failed", "137", "1", None),
        ("late", "failed", "124", "1", "hang"), ("hostile", "failed", "1", "1", "test_failure"), ("goes-on", "failed", "3", "1", None),
        ("matrix-1", "passed", "0", "1", ""), ("matrix-2", "failed", "1", "1", None), ("two", "passed", "0", "1", ""),
    ],
)  # fmt: skip
def test_outputs(name: str, status: str, code: str, attempts: str, label: str | None, world: World) -> None:
    outputs = world.outputs(name)
    assert (outputs["status"], outputs["exit-code"], outputs["attempts"]) == (status, code, attempts)
    assert label is None or outputs["label"] == label
    assert (outputs["probability"] == "") == (outputs["label"] == "")
    assert json.loads(outputs["flaky-tests"]) == []
    assert outputs["healed-by"] == ("reset_state" if status == "healed" else "")


def test_what_the_script_itself_put_out_is_kept_as_json(world: World) -> None:
    assert json.loads(world.outputs("passes")["outputs"]) == {"answer": "42", "status": "mine\ntoo"}
    assert world.outputs("passes")["status"] == "passed"


def test_a_step_that_passes_at_once_prints_nothing_of_guard(world: World) -> None:
    for name in ("passes", "quotes"):
        assert world.log(name) == ""
        assert not world.commands(name, "group", "notice", "warning", "error", "summary")


def test_what_a_failed_attempt_handed_over_is_cut_back(world: World) -> None:
    assert json.loads(world.outputs("heals")["outputs"]) == {"seen": "2"}
    environment = world.seen("heals")["env"]
    assert environment["SEEN"] == "2"
    assert "/seen/2" in environment["PATH"].split(":")
    assert "/seen/1" not in environment["PATH"].split(":")
    page = world.commands("heals", "summary")[0]["content"]
    assert page.startswith("attempt 2\n")


def test_the_summary_of_a_heal(world: World) -> None:
    page = world.commands("heals", "summary")[0]["content"]
    assert "### Passed on attempt 2 after `reset_state`; the first attempt was red" in page
    assert "`stale_state`" in page
    assert "index.lock" in page
    assert "<details><summary>2 attempts" in page
    assert world.outputs("heals")["rescued-seconds"] == "0"


def test_the_page_shows_this_job(world: World) -> None:
    (folder,) = re.findall(r"'(\S+)/r/\.git/index\.lock'", world.log("heals"))[:1]
    # act shows workflow commands as it understood them; a person who reads the raw log sees them as they were written.
    rows = [json.loads(line) for line in world.told.raw.splitlines() if line.startswith("{")]
    seen = [row for row in rows if row.get("jobID") == "heals" and row.get("stepID") == ["g", "guard"]]
    log = "".join(row["msg"] if row.get("raw_output") else written(row) for row in seen)
    transcripts.check("github", "github", transcripts.alike(log, folder))
    page = world.commands("heals", "summary")[0]["content"].removeprefix("attempt 2\n")
    transcripts.check("github", "github-summary", transcripts.alike(page, folder))


def written(row: dict[str, Any]) -> str:
    """The line of a workflow command, of those that stand in a log."""
    name, text = row.get("command"), row.get("arg", "")
    if name in ("group", "endgroup"):
        return f"::{name}::{text}\n"
    if name in ("notice", "warning", "error"):
        properties = ",".join(f"{key}={value}" for key, value in row["kvPairs"].items())
        return f"::{name} {properties}::{text.replace('%', '%25').replace(chr(10), '%0A')}\n"
    return ""


def test_groups_are_around_later_attempts_only_and_closed(world: World) -> None:
    mine = world.commands("heals", "group", "endgroup")
    assert [(one["command"], one["arg"]) for one in mine] == [
        ("group", "own"), ("endgroup", ""), ("group", "guard: attempt 2 of at most 3"), ("group", "own"), ("endgroup", ""),
    ]  # fmt: skip


@pytest.mark.parametrize(("name", "level"), [("heals", "notice"), ("heals-warn", "warning"), ("heals-fail", "error")])
def test_a_heal_is_said_on_the_job_s_page(name: str, level: str, world: World) -> None:
    said = world.commands(name, "notice", "warning", "error")
    assert [one["command"] for one in said] == [level]
    assert said[0]["kvPairs"]["title"] == "healed by Pipeguard"
    assert said[0]["arg"].startswith("passed on attempt 2 after reset_state; the first attempt failed: stale_state")


def test_an_error_stands_at_the_line_that_the_log_names(world: World) -> None:
    said = world.commands("red", "error")
    assert said[0]["kvPairs"]["file"] == "broken.py"
    assert said[0]["kvPairs"]["line"] == "3"
    assert said[0]["kvPairs"]["title"].startswith("compile_error (")
    assert len(said) <= 3


def test_nothing_of_the_log_acts_when_it_is_repeated(world: World) -> None:
    dangerous = ("add-path", "set-env", "set-output", "add-mask", "debug", "save-state")
    own = set(world.outputs("hostile"))
    assert all(one["command"] == "set-output" and one["name"] in own for one in world.commands("hostile", *dangerous))
    assert world.outputs("hostile")["status"] == "failed"
    assert "/evil" not in world.seen("hostile")["env"]["PATH"]
    # While guard repeats such lines, commands are off, until a word that nobody could know.
    off = [line for line in world.log("hostile").splitlines() if "stop-commands" in line] or [str(one) for one in world.commands("hostile", "stop-commands")]
    assert len(off) == 1
    errors = world.commands("hostile", "error")
    assert all("##[add-path]" not in one["arg"] and not re.search(r"^\s*::", one["arg"], re.MULTILINE) for one in errors)
    page = world.commands("hostile", "summary")[0]["content"]
    outside = re.sub(r"^(`{3,})text\n.*?^\1$", "", page, flags=re.MULTILINE | re.DOTALL)
    assert "<img" not in outside
    assert not re.search(r"(?<!\\)\[[^\]]*\]\(", outside)


def test_quotes_newlines_and_dollars_arrive_as_they_are(world: World) -> None:
    expected = 'it\'s "double" `tick` $HOME ${X} \\ back\\slash\n\ttab é 日本 %0A ::error::no\na "b" $HOME `c`\n\\'
    assert (world.out / "quotes").read_text() == expected


def test_continue_on_error(world: World) -> None:
    assert (world.seen("goes-on")["outcome"], world.seen("goes-on")["conclusion"]) == ("failure", "success")


def test_flaky_tests_are_named(world: World) -> None:
    outputs = world.outputs("flaky")
    assert (outputs["status"], outputs["healed-by"]) == ("healed", "rerun_failed_tests"), world.log("flaky")
    assert json.loads(outputs["flaky-tests"]) == ["test_flaky.py::test_sometimes"]


def test_two_guarded_steps_in_a_job_do_not_mix(world: World) -> None:
    assert world.outputs("two")["status"] == "passed"
    assert world.told.steps["workflow.yml/two", "g"] == "success"
    assert world.told.steps["workflow.yml/two", "h"] == "failure"


def test_shells_and_folders(world: World) -> None:
    assert (world.out / "python").read_text().endswith(".py")
    assert (world.out / "sh").read_text() == "sh\n"
    assert (world.out / "perl").read_text() == "two words"
    assert (world.out / "folder").read_text().endswith("/sub folder\n")
    steps = world.told.steps
    assert steps["workflow.yml/shells", "s"] == "success"
    # `set -o pipefail` is bash's default here, as for `shell: bash`.
    assert steps["workflow.yml/shells", "f"] == "failure"
    assert steps["workflow.yml/shells", "u"] == "failure"
    assert "guard: shell: fish is none of" in world.log("shells")


def test_the_result_file_is_where_it_was_asked_for(world: World) -> None:
    assert world.outputs("heals-warn")["result-file"].endswith("/out/r.json")
    assert world.outputs("heals")["result-file"] == ""


def test_refused_says_why(world: World) -> None:
    assert "not repeated: settings say `idempotent: false`" in world.log("once")
    assert "the setting `remedies` leaves it out" in world.log("left-out")
    assert world.outputs("left-out")["attempts"] == "1"


@pytest.mark.parametrize("seconds", ["3071", "3072"])
def test_no_process_of_a_failed_step_is_left(seconds: str, world: World) -> None:
    pgrep = shutil.which("pgrep")
    if pgrep is None:
        pytest.skip("pgrep is missing")
    assert world.told.jobs
    found = subprocess.run([pgrep, "-f", f"^sleep {seconds}$"], capture_output=True, text=True, check=False)
    assert found.stdout == ""
