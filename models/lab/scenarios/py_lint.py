"""Python linters, formatters and security scanners that reject code, and linters that are set up wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_LINT = ready("lint")
_ENV = path_of("lint")
# Code about networks, memory and disks: what a linter quotes of it is no cause.
_SLOPPY = {
    "probe/__init__.py": "",
    "probe/network.py": '''import os, sys
import socket
import requests
from time import *

def connect(host,port, timeout=30) :
    """Connect; raises ConnectionRefusedError: [Errno 111] Connection refused"""
    try:
        s = socket.create_connection((host, port), timeout)
    except:
        raise RuntimeError("503 Service Unavailable")
    unused = 1
    return s

def fetch(url, headers={}):
    l = requests.get(url, verify=False)
    if l.status_code == None or not l.status_code in (200, 201):
        assert l.ok, "Read timed out"
    return undefined_name(l)
''',
    "probe/memory.py": '''import subprocess
import pickle,tempfile
def out_of_memory(limit = 10, *, killed = False):
    subprocess.call("ulimit -v %d" % limit, shell=True)
    data = pickle.loads(open(tempfile.mktemp(), "rb").read())
    if killed == True: return "Killed"
    password = "hunter2-hunter2"
    print("No space left on device",end = "")
''',
}
_TIDY = {"game/__init__.py": '"""A game."""\n', "game/board.py": '"""The board."""\n\n\ndef size(rows: int, columns: int) -> int:\n    """Return how many fields there are."""\n    return rows * columns\n'}
_REPO = "git init -q . && git config user.email a@b.example && git config user.name A && git add -A && git commit -qm start\n"


@scenario("ruff/findings", label="lint_error", needs=_NEEDS)
def _ruff() -> Iterator[Case]:
    proof = r"^\S+\.py:\d+:\d+: |^[A-Z]+\d+ |^Would reformat|^unformatted: |^Found \d+ error|^::error|^##\[error"
    yield Case("default", "ruff check .", _SLOPPY, _ENV, _LINT, proof)
    yield Case("concise-all", "set -x\nruff --version\nruff check --select ALL --output-format concise probe", _SLOPPY, _ENV, _LINT, proof)
    yield Case("github", "ruff check --select E,F,B,S --output-format github .", _SLOPPY, {**_ENV, "CI": "true"}, _LINT, proof)
    yield Case("format", "ruff format --check .", _SLOPPY, _ENV, _LINT, proof)
    yield Case("format-diff", "ruff format --diff probe", _SLOPPY, _ENV, _LINT, r"^\d+ files? would be reformatted|^@@ ")


@scenario("flake8/findings", label="lint_error", needs=_NEEDS)
def _flake8() -> Iterator[Case]:
    proof = r"^\S+\.py:\d+(?::\d+)?: |^\s*\S+\.py\n"
    yield Case("default", "flake8 probe", _SLOPPY, _ENV, _LINT, proof)
    yield Case("statistics", "python -m flake8 --max-complexity 3 --statistics --show-source --count", _SLOPPY, _ENV, _LINT, proof)
    yield Case("pycodestyle", "pycodestyle --show-source --max-line-length=60 probe", _SLOPPY, _ENV, _LINT, proof)
    yield Case("after-tests", "python3 -m unittest discover -v -s tests -p 'test_grid.py'\nflake8 --select E9,F63,F7,F82,F405 --show-source .", {**NOISE, **_SLOPPY}, _ENV, _LINT, proof)


@scenario("pylint/findings", label="lint_error", needs=_NEEDS)
def _pylint() -> Iterator[Case]:
    proof = r"^\S+\.py:\d+:\d+: [CRWEF]\d{4}|^\S+\.py:\d+: \[[CRWEF]"
    yield Case("default", "pylint probe", _SLOPPY, _ENV, _LINT, proof)
    yield Case("parseable", "set -x\npylint -f parseable --reports=y probe", _SLOPPY, _ENV, _LINT, proof)
    yield Case("threshold", "pylint --fail-under=9.5 --disable=all --enable=W,C game probe", {**_SLOPPY, **_TIDY}, _ENV, _LINT, proof)


@scenario("black/would-reformat", label="lint_error", needs=_NEEDS)
def _format() -> Iterator[Case]:
    yield Case("black", "black --check .", _SLOPPY, _ENV, _LINT, r"^would reformat|would be reformatted")
    yield Case("black-diff", "black --check --diff --verbose game probe", {**_SLOPPY, **_TIDY}, _ENV, _LINT, r"^would reformat|would be reformatted")
    yield Case("isort", "isort --check-only --diff probe", _SLOPPY, _ENV, _LINT, r"^ERROR: ")
    yield Case("isort-then-black", "set -x\nisort --profile black --check game\nblack --check game\nisort -c probe || black --check probe", {**_SLOPPY, **_TIDY}, _ENV, _LINT, r"^ERROR: |^would reformat")
    yield Case("docformatter", "docformatter --check -r probe", {**_SLOPPY, "probe/doc.py": 'def a():\n    """\n    starts low and has no end\n    """\n'}, _ENV, _LINT, r"^probe/\S+\.py$|doc\.py")


@scenario("bandit/findings", label="lint_error", needs=_NEEDS)
def _security() -> Iterator[Case]:
    yield Case("bandit", "bandit -r probe", _SLOPPY, _ENV, _LINT, r"^>> Issue: ")
    yield Case("bandit-high", "bandit -ll -q -r . -f custom --msg-template '{relpath}:{line}: {severity} {test_id} {msg}'", _SLOPPY, _ENV, _LINT, r"^\S+\.py:\d+: (?:HIGH|MEDIUM)")
    yield Case("secrets", "detect-secrets-hook --verbose probe/memory.py", _SLOPPY, _ENV, _LINT, r"^ERROR: Potential secrets|^Location: |^Secret Type")


@scenario("lint-tools/findings", label="lint_error", needs=_NEEDS)
def _others() -> Iterator[Case]:
    yield Case("pydocstyle", "pydocstyle --convention=google probe", _SLOPPY, _ENV, _LINT, r"^\s+D\d{3}: |^probe/\S+:\d+")
    yield Case("codespell", "codespell docs", {"docs/guide.md": "# Guide\n\nThe adress of teh recieving service is occured in the log: connection timeout.\n"}, _ENV, _LINT, r"==>")
    yield Case("vulture", "vulture probe --min-confidence 60", _SLOPPY, _ENV, _LINT, r"^\S+\.py:\d+: unused")
    yield Case("yamllint", "yamllint -s .", {"deploy/values.yaml": "replicas:   3\nimage: {name: web,tag: 1}\nenv:\n   - name: TIMEOUT\n     value: 30 \nreplicas: 4\n"}, _ENV, _LINT, r"^\s+\d+:\d+ +error|warning ")
    yield Case("interrogate", "interrogate -vv --fail-under 80 probe", _SLOPPY, _ENV, _LINT, r"RESULT: FAILED|MISSED")
    yield Case("radon-xenon", "xenon --max-absolute A --max-modules A .", {"rates.py": "def rate(a, b, c, d):\n" + "".join(f"    if a == {n} and (b or c):\n        return {n}\n" for n in range(9)) + "    return d\n"}, _ENV, _LINT, r"^ERROR:xenon|ERROR.*has a rank")
    yield Case("import-linter", "lint-imports --no-cache", {"pyproject.toml": "[tool.importlinter]\nroot_package = \"game\"\n[[tool.importlinter.contracts]]\nname = \"rules know no screen\"\ntype = \"forbidden\"\nsource_modules = [\"game.rules\"]\nforbidden_modules = [\"game.screen\"]\n", **_TIDY, "game/rules.py": "import game.screen\n", "game/screen.py": "import os\n"}, {**_ENV, "PYTHONPATH": "."}, _LINT, r"BROKEN|is not allowed to import")
    yield Case("sqlfluff", "sqlfluff lint --dialect ansi migrations", {"migrations/001.sql": "SELECT  a.id, b.name from orders a join  customers b ON a.id=b.id\nWHERE status = 'connection timeout'"}, _ENV, _LINT, r"^L: +\d+ \|")
    yield Case("djlint", "djlint templates --lint", {"templates/home.html": "<html>\n<body>\n<img src=\"a.png\">\n<a href=\"/x\">{{name}}</a>\n</body>\n</html>\n"}, _ENV, _LINT, r"^[A-Z]\d{3} \d+:\d+")
    yield Case("deptry", "deptry .", {"pyproject.toml": "[project]\nname = \"probe\"\nversion = \"1\"\ndependencies = [\"flask\"]\n", **_SLOPPY}, _ENV, _LINT, r"DEP\d{3}")
    yield Case("compileall-own-check", "python3 tools/check_headers.py", {"tools/check_headers.py": "import pathlib, sys\nbad = [p for p in pathlib.Path('.').rglob('*.py') if not p.read_text().startswith('# Copyright')]\nfor p in bad:\n    print(f'{p}:1: missing licence header')\nsys.exit(f'header lint: {len(bad)} files without header' if bad else 0)\n", **_TIDY}, proof=r"missing licence header|^header lint: ")


@scenario("mypy/findings", label="lint_error", needs=_NEEDS)
def _types() -> Iterator[Case]:
    files = {
        "market/__init__.py": "",
        "market/book.py": "from __future__ import annotations\nimport socket\n\nclass Order:\n    price: int\n    owner: str | None = None\n\ndef total(orders: list[Order]) -> int:\n    return sum(o.price for o in orders) / 2\n\ndef owners(orders: list[Order]) -> list[str]:\n    return [o.owner for o in orders]\n\ndef dial(host: str) -> socket.socket:\n    return socket.create_connection(host, timeout='30')\n\ntotal([1, 2])\nOrder().expiry\n",
        "market/feed.py": "from market.book import owners, totals\n\ndef poll(n):\n    return owners(n)\n",
    }
    proof = r"^\S+\.py:\d+(?::\d+)?: error: "
    yield Case("plain", "mypy market", files, _ENV, _LINT, proof)
    yield Case("strict-pretty", "set -x\nmypy --strict --pretty --show-error-context market", files, _ENV, _LINT, proof)
    yield Case("pyright", "pyright market", files, {**_ENV, "PYRIGHT_PYTHON_IGNORE_WARNINGS": "1"}, _LINT, r"^\s+\S+\.py:\d+:\d+ - error: ")


@scenario("pre-commit/hook-fails", label="lint_error", needs=("python3", "git"))
def _hooks() -> Iterator[Case]:
    hook = "repos:\n- repo: local\n  hooks:\n{}"
    flake = "  - id: {0}\n    name: {0}\n    entry: {1}\n    language: system\n    types: [python]\n"
    both = hook.format(flake.format("black", "black --check") + flake.format("flake8", "flake8"))
    yield Case("all-files", "pre-commit run --all-files", {**_SLOPPY, **_TIDY, ".pre-commit-config.yaml": both}, _ENV, _LINT + _REPO, r"^- exit code|^\S+\.py:\d+:\d+: |^would reformat|Failed$")
    yield Case("modified", "pre-commit run -a --show-diff-on-failure --color never", {**_SLOPPY, ".pre-commit-config.yaml": hook.format(flake.format("black", "black -q"))}, _ENV, _LINT + _REPO, r"files were modified by this hook|Failed$")
    yield Case("hook-set-up", "pre-commit run -a -v", {**_TIDY, ".pre-commit-config.yaml": hook.format(flake.format("licence", "./tools/check-licence"))}, _ENV, _LINT + _REPO, r"Executable `?\S+ not found|not found", label="configuration_error")
    yield Case("bad-config", "pre-commit run --all-files --verbose", {**_TIDY, ".pre-commit-config.yaml": "repos:\n- repo: local\n  hooks:\n  - id: x\n    name: x\n"}, _ENV, _LINT + _REPO, r"InvalidConfigError|==> |=====>", label="configuration_error")


@scenario("lint-tools/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _set_up() -> Iterator[Case]:
    yield Case("ruff-toml", "ruff check .", {**_TIDY, "ruff.toml": "line-length = \"wide\"\n[lint]\nselect = [\"E\", \"Q9999\"]\n"}, _ENV, _LINT, r"ruff failed|Failed to (?:parse|load)|Cause:|invalid type")
    yield Case("flake8-option", "flake8 --config setup.cfg game", {**_TIDY, "setup.cfg": "[flake8]\nmax-line-length = eighty\n"}, _ENV, _LINT, r"invalid literal|ValueError|error: argument|invalid .*value")
    yield Case("mypy-plugin", "set -x\nmypy game", {**_TIDY, "mypy.ini": "[mypy]\nplugins = pydantic_settings.mypy_plugin\n"}, _ENV, _LINT, r"error: Error importing plugin")
    yield Case("black-toml", "black --check game", {**_TIDY, "pyproject.toml": "[tool.black]\nline-length = 88\ntarget-version = [py312]\n"}, _ENV, _LINT, r"^Error: |Error reading configuration|TOMLDecodeError: ")
    yield Case("pylint-missing", "pylint --load-plugins=pylint_django game", {**_TIDY, ".pylintrc": "[MAIN]\nfail-on=bad-plugin-value\n"}, _ENV, _LINT, r"bad-plugin-value|Plugin .* is impossible to load")
    yield Case("pre-commit-no-repo", "pre-commit run -a", _TIDY, _ENV, _LINT, r"git failed|not a git repository|git repository")


@scenario("lint-tools/passes", label=PASSED, needs=("python3", "git"))
def _passes() -> Iterator[Case]:
    yield Case("all", "set -x\nruff check --no-cache -v .\nblack --check -v game\nmypy --strict -v game\nflake8 -v game\npylint -v game\nisort -c -v game\nbandit -v -r game", _TIDY, _ENV, _LINT)
    yield Case("warnings-only", "pylint --exit-zero probe\nflake8 --exit-zero probe\nbandit --exit-zero -r probe\nruff check --exit-zero --select ALL probe", _SLOPPY, _ENV, _LINT)
