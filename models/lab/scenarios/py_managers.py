"""uv, poetry, pip-tools, pdm, pipenv, tox and nox: locks, resolutions and environments that go wrong."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import FRESH, path_of, ready
from models.lab.scenarios.py_wheelhouse import wheels

_NEEDS = ("python3",)
_BUILD = ready("build")
_ENV = path_of("build", UV_NO_PROGRESS="1")
_HOUSE = wheels("ledger-core==2.1.0:taxtables>=3", "taxtables==2.9", "taxtables==3.0", "mailgun-lite==0.4:ledger-core<2", "chessclock==1.0@<3.8")
_HEAD = '[project]\nname = "bakery"\nversion = "0.3.0"\nrequires-python = ">=3.10"\ndependencies = {}\n'
_LOCAL = "--no-index --find-links wheelhouse"


@scenario("uv/resolution", label="dependency_conflict", needs=_NEEDS)
def _uv_conflict() -> Iterator[Case]:
    proof = r"No solution found|Because |And because |your requirements are unsatisfiable|hint: "
    yield Case("house", f"uv pip install {_LOCAL} mailgun-lite 'ledger-core>=2'", prepare=_BUILD + _HOUSE + FRESH, env=_ENV, proof=proof)
    yield Case("compile", "uv pip compile requirements.in", {"requirements.in": "requests==2.31.0\nurllib3>=2.5\nidna<2.5\n"}, _ENV, _BUILD, proof)
    yield Case("lock", "set -x\nuv --version\nuv lock", {"pyproject.toml": _HEAD.format('["flask==3.0.3", "werkzeug<2"]')}, _ENV, _BUILD, proof)
    locked = r"lockfile .* needs to be updated|^error: |needs to be updated"
    stale = "uv lock -q --no-index --find-links wheelhouse && sed -i 's/taxtables>=3/taxtables<3/' pyproject.toml"
    yield Case("locked", f"uv sync --locked {_LOCAL}", {"pyproject.toml": _HEAD.format('["taxtables>=3"]')}, _ENV, _BUILD + _HOUSE + stale, locked)
    yield Case("lock-check", f"uv lock -v --check {_LOCAL}", {"pyproject.toml": _HEAD.format('["taxtables>=3"]')}, _ENV, _BUILD + _HOUSE + stale, locked)


@scenario("uv/not-found", label="dependency_not_found", needs=_NEEDS)
def _uv_missing() -> Iterator[Case]:
    proof = r"was not found in|there (?:is|are) no versions? of|No solution found|Because "
    yield Case("house", f"uv pip install {_LOCAL} sourdough-timer", prepare=_BUILD + _HOUSE + FRESH, env=_ENV, proof=proof)
    yield Case("version", "uv pip install -v 'idna==77.1'", prepare=_BUILD + FRESH, env=_ENV, proof=r"there is no version of|No solution found")
    yield Case("python", "uv venv --no-python-downloads --python 3.99", env=_ENV, prepare=_BUILD, proof=r"No interpreter found", label="configuration_error")
    yield Case("sync-frozen", "uv sync --frozen", {"pyproject.toml": _HEAD.format('["taxtables"]')}, _ENV, _BUILD, r"Unable to find lockfile", label="configuration_error")
    yield Case("toml", "uv sync", {"pyproject.toml": "[project]\nname = bakery\n"}, _ENV, _BUILD, r"Failed to parse|TOML parse error", label="configuration_error")


@scenario("uv/hash", label="corrupt_artifact", needs=_NEEDS)
def _uv_hash() -> Iterator[Case]:
    proof = r"Hash mismatch|^\s+sha256:|Expected:|Computed:"
    yield Case("mismatch", f"uv pip install {_LOCAL} --require-hashes -r requirements.txt", {"requirements.txt": f"taxtables==3.0 --hash=sha256:{'5c' * 32}\n"}, _ENV, _BUILD + _HOUSE + FRESH, proof)
    yield Case("short-wheel", f"set -x\nuv pip install {_LOCAL} taxtables==3.0", env=_ENV, prepare=_BUILD + _HOUSE + FRESH + "head -c 700 wheelhouse/taxtables-3.0-py3-none-any.whl > t && mv t wheelhouse/taxtables-3.0-py3-none-any.whl", proof=r"Failed to (?:read|extract|unzip|download)|invalid Zip|unable to locate|Caused by|end of central directory")


@scenario("poetry/lock", label="dependency_conflict", needs=_NEEDS)
def _poetry() -> Iterator[Case]:
    proof = r"version solving failed|pyproject\.toml changed significantly|Because |depends on both"
    head = '[project]\nname = "bakery"\nversion = "0.3.0"\n[tool.poetry]\npackage-mode = false\n[tool.poetry.dependencies]\npython = ">=3.10"\n'
    wheel = '{} = {{path = "wheelhouse/{}-py3-none-any.whl"}}\n'
    both = head + wheel.format("ledger-core", "ledger_core-2.1.0") + wheel.format("taxtables", "taxtables-2.9")
    one = head + wheel.format("taxtables", "taxtables-3.0")
    yield Case("solving", "poetry lock -n", {"pyproject.toml": both}, _ENV, _BUILD + _HOUSE, proof)
    yield Case("solving-verbose", "set -x\npoetry --version\npoetry lock --no-interaction -vv", {"pyproject.toml": both}, _ENV, _BUILD + _HOUSE, proof)
    lock = _HOUSE + "poetry lock -n -q && sed -i 's/taxtables-3.0/taxtables-2.9/' pyproject.toml"
    yield Case("stale-lock", "poetry install --no-root -n", {"pyproject.toml": one}, _ENV, _BUILD + lock, proof)
    yield Case("check", "poetry check --lock", {"pyproject.toml": one}, _ENV, _BUILD + lock, r"changed significantly|^Error: ")


@scenario("poetry/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _poetry_wrong() -> Iterator[Case]:
    yield Case("python", "poetry install -n", {"pyproject.toml": _HEAD.format("[]").replace(">=3.10", ">=3.98")}, _ENV, _BUILD, r"not supported by the project|is not allowed|no compatible version|Python version")
    yield Case("no-project", "poetry run pytest", NOISE, _ENV, _BUILD, r"could not find a pyproject\.toml")
    yield Case("invalid", "poetry check -v", {"pyproject.toml": '[tool.poetry]\nname = "bakery"\ndependencies = ["six"]\n'}, _ENV, _BUILD, r"configuration is invalid|must be|Error")
    yield Case("missing", "poetry lock -n", {"pyproject.toml": _HEAD.format('["six (>=99.1)"]')}, _ENV, _BUILD, r"doesn't match any versions", label="dependency_not_found")


@scenario("pip-tools/compile", label="dependency_conflict", needs=_NEEDS)
def _piptools() -> Iterator[Case]:
    env = path_of("build")
    yield Case("conflict", f"pip-compile {_LOCAL} requirements.in", {"requirements.in": "mailgun-lite\nledger-core>=2\n"}, env, _BUILD + _HOUSE, r"Cannot install|ResolutionImpossible|The conflict is caused|depends on|user requested")
    yield Case("conflict-verbose", f"set -x\npip-compile -v --generate-hashes {_LOCAL} requirements.in", {"requirements.in": "mailgun-lite\ntaxtables>=3\nledger-core==2.1.0\n"}, env, _BUILD + _HOUSE, r"Cannot install|ResolutionImpossible|depends on .*<|user requested")
    yield Case("stale", f"pip-compile -q {_LOCAL} requirements.in -o new.txt\ndiff -u requirements.txt new.txt || {{ echo 'requirements.txt is out of date: run pip-compile'; exit 1; }}", {"requirements.in": "taxtables\n", "requirements.txt": "taxtables==2.9\n"}, env, _BUILD + _HOUSE, r"out of date|^[-+]taxtables")
    yield Case("missing", f"pip-compile {_LOCAL} requirements.in", {"requirements.in": "taxtables>=4\n"}, env, _BUILD + _HOUSE, r"No matching distribution|Could not find a version", label="dependency_not_found")


_TOX = "[tox]\nenvlist = py311\nskipsdist = true\n[testenv]\nskip_install = true\n"


@scenario("tox/fails", label="test_failure", needs=_NEEDS)
def _tox() -> Iterator[Case]:
    env = path_of("build", "test")
    bad = {"tests/test_oven.py": "import unittest\n\nclass TestOven(unittest.TestCase):\n    def test_preheat(self):\n        self.assertEqual([180 + n for n in range(3)], [180, 190, 200])\n\n    def test_network_timeout_is_shown(self):\n        self.assertIn('timeout', 'oven: Timeout')\n"}
    unit = "commands = python -m unittest discover -v -s tests\n"
    yield Case("tox", "tox", {**bad, "tests/test_grid.py": NOISE["tests/test_grid.py"], "tox.ini": _TOX + unit}, env, _BUILD + ready("test"), r"^AssertionError: |^FAIL: ")
    yield Case("tox-verbose", "set -x\ntox -vv -e py311", {**bad, "tox.ini": _TOX + unit}, env, _BUILD + ready("test"), r"^AssertionError: |^FAIL: ")
    yield Case("nox", "nox -s unit", {**bad, "tests/test_grid.py": NOISE["tests/test_grid.py"], "noxfile.py": "import nox\n\n@nox.session(venv_backend='none')\ndef unit(session):\n    session.run('python3', '-m', 'unittest', 'discover', '-v', '-s', 'tests')\n"}, env, _BUILD + ready("test"), r"^AssertionError: |^FAIL: ")
    yield Case("invoke", "invoke test", {**bad, "tasks.py": "from invoke import task\n\n@task\ndef test(c):\n    c.run('python3 -m unittest discover -s tests', echo=True)\n"}, env, _BUILD + ready("test"), r"^AssertionError: |^FAIL: ")


@scenario("tox/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _tox_wrong() -> Iterator[Case]:
    env = path_of("build")
    yield Case("interpreter", "tox -e py27,py311", {"tox.ini": _TOX.replace("py311", "py27") + "commands = python -V\n"}, {**env, "TOX_SKIP_MISSING_INTERPRETERS": "false"}, _BUILD, r"could not find python interpreter|skipped because|InterpreterNotFound|no virtualenv")
    yield Case("command", "tox", {"tox.ini": _TOX + "commands = spellcheck-recipes --all\n"}, env, _BUILD, r"not find command|not found|No such file|exited with|failed with spellcheck|is not allowed")
    yield Case("session", "nox -s integration", {"noxfile.py": "import nox\n\n@nox.session\ndef unit(session):\n    pass\n"}, env, _BUILD, r"Sessions not found|Error while collecting")
    yield Case("env-unknown", "tox -e lint-all", {"tox.ini": "[tox]\nenv_list = unit\n[testenv:unit]\nskip_install=true\ncommands=python -V\n"}, env, _BUILD, r"provided environments not found")
    yield Case("deps", "tox", {"tox.ini": _TOX + "deps = six==99.2\ncommands = python -V\n"}, env, _BUILD, r"No matching distribution|Could not find a version", label="dependency_not_found")
    yield Case("noxfile", "nox", {"noxfile.py": "import nox\n\n@nox.session\ndef docs(session)\n    session.run('true')\n"}, env, _BUILD, r"SyntaxError|Failed to load Noxfile", label="compile_error")
    yield Case("no-requirements", "pipenv install --deploy", {"Pipfile": "[packages]\nsix = '*'\n", "Pipfile.lock": "{\"_meta\": {\"hash\": {\"sha256\": \"00\"}, \"pipfile-spec\": 6, \"requires\": {}, \"sources\": []}, \"default\": {}, \"develop\": {}}"}, env, _BUILD, r"out of date", label="dependency_conflict")


@scenario("tox/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    grid = {"tests/test_grid.py": NOISE["tests/test_grid.py"]}
    yield Case("tox", "tox -v", {**grid, "tox.ini": _TOX + "commands = python -m unittest discover -v -s tests\nignore_errors = true\n"}, path_of("build"), _BUILD)
    yield Case("uv", f"uv lock -v {_LOCAL}\nuv sync -v --locked {_LOCAL}\nuv pip list", {"pyproject.toml": _HEAD.format('["ledger-core"]')}, _ENV, _BUILD + _HOUSE)
