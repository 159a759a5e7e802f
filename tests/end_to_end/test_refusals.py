"""What running again cannot heal, or must not be run again, runs once; and the report says why."""

from __future__ import annotations

import pytest


def once(workspace, *lines: str, code: int = 1) -> tuple[str, ...]:
    """A command that counts its runs, prints the lines and fails."""
    (workspace / "log").write_text("\n".join(lines) + "\n")
    return ("sh", "-c", f"echo x >> count; cat log; exit {code}")


def runs(workspace) -> int:
    return len((workspace / "count").read_text().splitlines())


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("src/main.c:3:5: error: expected ';' before '}' token", "compile_error"),
        ("error[E0425]: cannot find value `x` in this scope\n --> src/main.rs:3:5", "compile_error"),
        ("src/a.ts(3,5): error TS2322: Type 'string' is not assignable to type 'number'.", "compile_error"),
        ("✖ 3 problems (2 errors, 1 warning)", "lint_error"),
        ("E       assert 1 == 2\nFAILED tests/test_a.py::test_x - assert 1 == 2", "test_failure"),
        ("npm error code E401", "auth_failure"),
        ("ERROR: ResolutionImpossible: for help visit https://pip.example/", "dependency_conflict"),
        ("bash: line 3: frobnicate: command not found", "configuration_error"),
    ],
)
def test_deterministic_failures_run_once(run, workspace, line, label):
    done = run(*once(workspace, "building", line))
    assert (done.code, runs(workspace), done.labels) == (1, 1, [label]), done.err
    assert "not repeated" in done.err


@pytest.mark.parametrize(
    "script",
    [
        "twine upload dist/*",
        "sh -c 'docker push registry.example/app:1'",
        "cd deploy && terraform apply -auto-approve",
        "kubectl apply -f k8s/",
        "helm upgrade --install app chart/",
        "cargo publish",
        "git push origin main",
        "sudo -E env A=b npm publish",
        "python manage.py migrate",
        "mvn -B deploy -DskipTests",
        "make release",
    ],
)
def test_what_must_not_run_twice_is_not_repeated(run, workspace, script):
    # The program itself is replaced by a function: only the words matter.
    stub = "for f in twine docker terraform kubectl helm cargo git npm python mvn make sudo; do eval \"$f() { echo x >> $PWD/count; echo 'curl: (6) Could not resolve host: index.example'; return 6; }\"; export -f $f; done\nmkdir -p deploy\n"
    done = run(script=stub + script)
    assert done.code != 0
    assert len(done.result["attempts"]) == 1, done.err
    assert "idempotent: true" in done.err


def test_idempotent_true_says_that_it_may(run, workspace):
    script = "git() { echo 'fatal: unable to access: Could not resolve host: git.example'; [ $PIPEGUARD_ATTEMPT = 2 ]; }\ngit push origin main"
    assert run(script=script).code != 0
    done = run(script=script, options=("--idempotent", "true"))
    assert done.code == 0, done.err


def test_an_unexplained_failure_runs_once(run, workspace):
    done = run(*once(workspace, "something", "happened", code=7))
    assert (done.code, runs(workspace), done.labels) == (7, 1, ["unknown"])


def test_the_same_remedy_is_not_tried_twice_for_the_same_failure(run, workspace):
    program = "fs=[open('/dev/null') for _ in range(100000)]"
    done = run("python3", "-c", program, before="ulimit -S -n 64; ulimit -H -n 128")
    assert done.code == 1
    tried = [one["name"] for attempt in done.result["attempts"] for one in attempt["plan"]["remedies"]]
    assert tried[0] == "raise_limit"
    assert len(tried) == len(set(tried)), done.err


def test_a_settings_error_stops_guard_before_the_command(run, workspace):
    (workspace / ".pipeguard.yml").write_text("version: 1\nattemps: 3\n")
    done = run("touch", "ran")
    assert done.code == 2
    assert not (workspace / "ran").exists()
    assert ".pipeguard.yml:2: attemps: is no known key" in done.err
    assert "perhaps you meant `attempts`" in done.err


def test_verdict_fail_ends_a_heal_red(run, workspace):
    script = "[ $PIPEGUARD_ATTEMPT = 2 ] || { echo 'curl: (6) Could not resolve host: index.example'; exit 6; }"
    done = run(script=script, options=("--on-heal", "fail"))
    assert (done.code, done.result["status"], done.result["exit_code"]) == (1, "healed", 1)


def test_secrets_are_masked_in_all_that_is_stored_or_repeated(run, workspace):
    secret = "hunter2-correct-horse"
    script = f"echo 'curl: (6) Could not resolve host: {secret}.example'; exit 6"
    done = run("sh", "-c", script, options=("--attempts", "1"), env={"DEPLOY_TOKEN": secret})
    assert secret in done.out
    assert secret not in done.err
    assert secret not in str(done.result)


def test_a_pass_is_silent_and_an_empty_result_variable_is_unset(run):
    done = run("true", env={"PIPEGUARD_RESULT": ""})
    assert (done.code, done.out, done.err) == (0, "", "")


def test_a_text_in_the_log_is_no_workflow_command(run, workspace):
    line = "curl: (6) Could not resolve host: x.example ::error::pwned ##[error]pwned"
    done = run("sh", "-c", f"echo '{line}'; exit 6", options=("--attempts", "1"), env={"GITHUB_ACTIONS": "true"})
    for printed in done.err.splitlines():
        assert "::error" not in printed
        assert "##[" not in printed


PUBLISH = "#!/bin/sh\necho x >> \"$COUNT\"\necho 'curl: (6) Could not resolve host: index.example'\nexit 6\n"


@pytest.mark.parametrize(
    ("files", "script"),
    [
        ({}, 'CMD="twine upload d"; eval "$CMD"'),
        ({}, "bash <<EOF\ntwine upload d\nEOF"),
        ({"go.py": "import subprocess, sys\nsys.exit(subprocess.run(['twine', 'upload', 'd']).returncode)\n"}, "python3 go.py"),
        ({"Makefile": "include r.mk\nall: fin\n", "r.mk": "T = twine\nfin:\n\t@$(T) upload d\n"}, "make"),
        # No look at the files finds these two: the log shows them.
        ({"words": "twine upload"}, "set -x; $(cat words) d"),
        ({"Makefile": "define ship\ntwine upload $(1)\nendef\nall:\n\t$(call ship,d)\n"}, "make"),
    ],
    ids=["eval", "here-document", "python", "include", "xtrace", "make's echo"],
)
def test_what_must_not_run_twice_is_found_in_disguise(run, workspace, files, script):
    for name, text in {**files, "bin/twine": PUBLISH}.items():
        (workspace / name).parent.mkdir(exist_ok=True)
        (workspace / name).write_text(text)
    (workspace / "bin" / "twine").chmod(0o755)
    done = run(script=f'export COUNT="$PWD/count" PATH="$PWD/bin:$PATH"\n{script}')
    assert done.code != 0
    assert (runs(workspace), len(done.result["attempts"])) == (1, 1), done.err
    assert "must not run twice" in done.err
