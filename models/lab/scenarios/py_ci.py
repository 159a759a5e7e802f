"""Whole CI steps of a Python project: install, lint, types, tests, docs and package in one log, with one of them broken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready
from models.lab.scenarios.py_wheelhouse import wheels

_NEEDS = ("python3",)
_ANY = Limits()
_READY = ready("docs") + ready("build") + ready("lint") + ready("test") + wheels("ledger-core==2.1.0:taxtables>=3", "taxtables==3.0", "mailgun-lite==0.4:ledger-core<2")
_PROJECT = {
    **NOISE,
    "orchard/__init__.py": '"""An orchard."""\n\n__version__ = "2.0.1"\n',
    "orchard/harvest.py": '"""What a harvest gives."""\n\n\ndef baskets(apples: int, size: int = 12) -> int:\n    """Return how many full baskets there are."""\n    return apples // size\n',
    "tests/test_harvest.py": "import pytest\nfrom orchard.harvest import baskets\n\n\n@pytest.mark.parametrize('apples', range(0, 120, 7))\ndef test_baskets(apples):\n    assert baskets(apples) * 12 <= apples\n",
    "docs/conf.py": "project = 'Orchard'\n",
    "docs/index.rst": "Orchard\n=======\n\nApples, and errors made with them.\n",
    "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n\n[project]\nname = "orchard"\nversion = "2.0.1"\n\n[tool.setuptools]\npackages = ["orchard"]\n',
    "requirements.txt": "ledger-core\n",
}
_STAGES = {
    "install": "pip --version\npip list\nfor n in 1 2 3; do echo \"mirror attempt $n: error 503, retrying\"; [ $n = 2 ] && break; done; echo 'mirror is back'\npip install -v --no-index -f wheelhouse --target vendor -r requirements.txt",
    "lint": "ruff check --no-cache -v orchard\nblack --check -v orchard\nflake8 --max-line-length 110 -v orchard\nbandit -r orchard",
    "types": "mypy --strict --no-incremental -v orchard 2>&1 | cut -c1-160",
    "tests": "coverage run -m pytest -v -rA -o log_cli=true --log-level=INFO -p no:cacheprovider\ncoverage report -m",
    "docs": "sphinx-build -W -v docs out/html",
    "package": "pyproject-build --no-isolation --wheel\nls -l dist",
}
_CLEAN = "status=$?\necho \"cleaning up (status $status)\"\nfind . -name '*.pyc' -print -delete | sort\nrm -rf vendor out dist build\nseq 1 25 | sed 's/^/removed cache entry /'\necho 'no report to upload: error ignored'\nexit $status"


def _script(style: str, stages: Mapping[str, str]) -> str:
    trap = f"cleanup() {{\n{_CLEAN}\n}}\ntrap cleanup EXIT\n"
    if style == "groups":
        body = "".join(f"echo '::group::{name}'\n{text}\necho '::endgroup::'\n" for name, text in stages.items())
    elif style == "sections":
        body = "".join(f"printf '\\033[0Ksection_start:%s:{name}\\r\\033[0K{name}\\n' $(date +%s)\n{text}\nprintf 'section_end:%s:{name}\\r\\033[0K\\n' $(date +%s)\n" for name, text in stages.items())
    elif style == "traced":
        body = "set -x\n" + "\n".join(stages.values()) + "\n"
    else:
        inner = "\n".join(f"echo '##[section]Starting: {name}'\n{text}" for name, text in stages.items())
        body = f"( {inner} ) 2>&1 | awk '{{ print strftime(\"%Y-%m-%dT%H:%M:%S.0000000Z\", systime(), 1), $0; fflush() }}'\n"
    return trap + body


def _step(name: str, style: str, proof: str, files: Mapping[str, str] | None = None, *, limits: Limits = _ANY, prepare: str = "", **stages: str) -> Case:
    env = path_of("test", "lint", "build", "docs", CI="true")
    return Case(name, _script(style, {**_STAGES, **stages}), {**_PROJECT, **(files or {})}, env, _READY + prepare, proof, limits, timeout_s=240)


@scenario("ci/install-fails", label="dependency_conflict", needs=_NEEDS)
def _install() -> Iterator[Case]:
    proof = r"ERROR: Cannot install|ERROR: ResolutionImpossible|The conflict is caused by|depends on ledger-core<|The user requested ledger"
    yield _step("conflict", "groups", proof, {"requirements.txt": "ledger-core>=2\nmailgun-lite\n"})
    yield _step("conflict-stamped", "stamped", proof, {"requirements.txt": "mailgun-lite\nledger-core==2.1.0\n"}, lint="true")


@scenario("ci/install-misses", label="dependency_not_found", needs=_NEEDS)
def _misses() -> Iterator[Case]:
    yield _step("package", "sections", r"ERROR: (?:No matching|Could not find)", {"requirements.txt": "ledger-core\nfruit-ripeness>=0.2\n"})
    yield _step("late", "traced", r"ERROR: (?:No matching|Could not find)", package="pip download -v --no-index -f wheelhouse --no-deps taxtables==4.1")


@scenario("ci/install-damaged", label="corrupt_artifact", needs=_NEEDS)
def _damaged() -> Iterator[Case]:
    yield _step("hash", "stamped", r"DO NOT MATCH THE HASHES|Expected sha256|Got   ", {"requirements.txt": f"taxtables==3.0 --hash=sha256:{'9e' * 32}\n"})
    yield _step("wheel", "groups", r"ERROR: Wheel .* is invalid|BadZipFile", prepare="head -c 300 wheelhouse/taxtables-3.0-py3-none-any.whl > t && mv t wheelhouse/taxtables-3.0-py3-none-any.whl\n")


@scenario("ci/lint-fails", label="lint_error", needs=_NEEDS)
def _lint() -> Iterator[Case]:
    yield _step("ruff", "groups", r"F401|F841|^Found \d+ errors?", {"orchard/timeout.py": '"""Connection timed out."""\nimport socket\n\n\ndef dial() -> None:\n    """Dial."""\n    error = "503 Service Unavailable"\n'})
    yield _step("black", "traced", r"would reformat .*pear|\d+ files? would be reformatted", {"orchard/pear.py": '"""Pears."""\nMEMORY = {"out": 1,\n  "of": 2}\n'})
    yield _step("flake8", "sections", r"C901", {"orchard/pick.py": '"""Pick."""\n\n\ndef pick(n: int) -> int:\n    """Pick."""\n' + "".join(f"    if n == {n}:\n        return {n * n}\n" for n in range(14)) + "    return 0\n"}, lint="ruff check --no-cache -v orchard\nflake8 --max-complexity 5 -v orchard")
    yield _step("types", "stamped", r"orchard/\S+:\d+: error: ", {"orchard/graft.py": '"""Graft."""\n\n\ndef graft(tree: str) -> int:\n    """Graft."""\n    return tree + 1\n'})
    yield _step("docs", "groups", r"WARNING: |warnings? treated as error", {"docs/index.rst": "Orchard\n===\n\nSee :doc:`cider`.\n"})
    yield _step("bandit", "traced", r"^>> Issue: |^   Severity: ", {"orchard/shell.py": '"""Shell."""\n\nimport subprocess\n\n\ndef run(word: str) -> int:\n    """Run."""\n    return subprocess.call(f"prune {word}", shell=True)\n'})


@scenario("ci/tests-fail", label="test_failure", needs=_NEEDS)
def _tests() -> Iterator[Case]:
    wrong = {"tests/test_cider.py": "from orchard.harvest import baskets\n\n\ndef test_no_space_left_in_basket():\n    assert baskets(25) == 3\n"}
    proof = r"E   +(?:assert 2 ==|AssertionError|Failed: )|FAILED tests/test_cider"
    yield _step("assertion", "groups", proof, wrong)
    yield _step("assertion-stamped", "stamped", proof, wrong, docs="true")
    yield _step("assertion-sections", "sections", proof, {"tests/test_cider.py": "import pytest\nfrom orchard.harvest import baskets\n\n\ndef test_negative():\n    with pytest.raises(TimeoutError):\n        baskets(-1)\n"}, tests="python -m pytest -v -n 2")
    yield _step("coverage", "traced", r"Coverage failure|less than fail-under", {"orchard/press.py": '"""Press."""\n\n\ndef press(apples: int) -> int:\n    """Press."""\n    if apples > 3:\n        return apples * 2\n    return 0\n'}, tests="coverage run --source=orchard -m pytest -v\ncoverage report -m --fail-under=97")


@scenario("ci/tests-flake", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _flake() -> Iterator[Case]:
    wait = {"tests/test_ripe.py": "import pathlib\nimport threading\n\n\ndef test_ripens_in_time():\n    ripe = threading.Event()\n    warm = pathlib.Path('.warm')\n    threading.Timer(0.05 if warm.exists() else 3, ripe.set).start()\n    warm.touch()\n    assert ripe.wait(timeout=1), 'timed out after 1 s waiting for the apple to ripen'\n"}
    yield _step("wait", "groups", r"timed out after 1 s waiting", wait)
    yield _step("retry-seen", "stamped", r"timed out after 1 s waiting|RERUN|[Ff]laky tests", wait, tests="python -m pytest -v --reruns 2 --fail-on-flaky")


@scenario("ci/resources-run-out", label="out_of_memory", needs=_NEEDS, root=True)
def _resources() -> Iterator[Case]:
    big = {"tests/test_zoo.py": "def test_big_orchard():\n    assert len([b'x' * 1_000_000 for _ in range(4000)]) == 4000\n"}
    light = {"lint": "ruff check --no-cache -v orchard", "types": "true", "docs": "true"}
    yield _step("killed", "groups", r"\bKilled\b", big, limits=Limits(memory_mb=250), **light)
    yield _step("address-space", "stamped", r"MemoryError", big, **{**light, "tests": "ulimit -v 900000; python -m pytest -v -rA"})


@scenario("ci/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _wrong() -> Iterator[Case]:
    yield _step("secret", "groups", r"KeyError: 'SIGNING_KEY'", {"sign.py": "import os\n\nprint('signing with', os.environ['SIGNING_KEY'][:2])\n"}, package="pyproject-build --no-isolation --wheel\npython sign.py")
    yield _step("command", "stamped", r"command not found", docs="sphinx-spelling-check docs")
    yield _step("version", "traced", r"configuration error|must be pep440|Invalid version|InvalidVersion", {"pyproject.toml": _PROJECT["pyproject.toml"].replace('"2.0.1"', '"two"')}, types="true")
    yield _step("plugin", "sections", r"unrecognized arguments", tests="python -m pytest -v --benchmark-only --json-report")


@scenario("ci/code-is-broken", label="compile_error", needs=_NEEDS)
def _broken() -> Iterator[Case]:
    yield _step("import", "groups", r"E   +ModuleNotFoundError|ERROR tests/test_juice", {"tests/test_juice.py": "from orchard.juice import squeeze\n\n\ndef test_squeeze():\n    assert squeeze\n"})
    yield _step("syntax", "stamped", r"SyntaxError: ", {"scripts/prune.py": "def prune(tree)\n    return tree\n"}, package="python -m py_compile scripts/prune.py\npyproject-build -n")


@scenario("ci/step-hangs", label="hang", needs=_NEEDS)
def _hangs() -> Iterator[Case]:
    lock = {"tests/test_zlock.py": "import threading\n\n\ndef test_two_ladders():\n    ladder = threading.Lock()\n    ladder.acquire()\n    ladder.acquire()\n"}
    yield _step("tests", "groups", r"timeout: sending signal", lock, tests="timeout --verbose 25 python -m pytest -v -o log_cli=true --log-level=INFO", types="true")
    yield _step("docs", "stamped", r"timeout: sending signal", docs="timeout --verbose 4 python3 -c 'import time; print(\"building search index\", flush=True); time.sleep(99)'", types="true")


@scenario("ci/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    yield _step("groups", "groups", "")
    yield _step("stamped", "stamped", "")
    yield _step("traced", "traced", "", lint="ruff check -v orchard; bandit -r orchard")
