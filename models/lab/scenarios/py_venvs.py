"""The virtual environments that the Python scenarios share: made once, under the lab's cache, found by PATH."""

from __future__ import annotations

import os
from collections.abc import Mapping

from models.lab.place import CACHE

_PACKAGES = {
    "test": "pytest pytest-xdist pytest-timeout pytest-asyncio pytest-cov pytest-rerunfailures hypothesis syrupy behave robotframework"
    " flask sqlalchemy django requests coverage pyyaml pydantic tenacity gunicorn alembic celery",
    "old": "pytest<7 pytest-xdist<3 pytest-rerunfailures<11 pytest-timeout<2.2 flaky nose2 pytest-snapshot pytest-randomly pytest-html<4"
    " django<4 green pytest-cov<4 coverage<7 pyyaml",
    "new": "pytest pytest-xdist inline-snapshot pytest-sugar pytest-flakefinder pytest-retry anyio trio ward",
    "lint": "mypy ruff flake8 flake8-bugbear pylint black isort bandit pydocstyle codespell vulture pre-commit yamllint import-linter"
    " docformatter pycodestyle detect-secrets deptry djlint interrogate pyright types-requests radon xenon sqlfluff",
    "more": "numpy docker testcontainers watchdog psutil pytest pytest-xdist joblib",
    "docs": "sphinx mkdocs sphinx-rtd-theme doc8 pdoc mkdocstrings[python]",
    "build": "build setuptools wheel flit hatch poetry pip-tools uv pdm tox nox cython cffi twine virtualenv pipenv scons meson ninja invoke",
}
_PYTHON = {"old": "3.9", "new": "3.13"}


def ready(name: str) -> str:
    """A `prepare` that makes the environment unless the cache has it; a lock keeps two from making it at once."""
    version = _PYTHON.get(name, "")
    packages = " ".join(f"'{package}'" for package in _PACKAGES[name].split())
    return f"""
exec 9>"$LAB_CACHE/python-{name}.lock"; flock 9
if [ ! -e "$LAB_CACHE/python-{name}/ready" ]; then
  for python in "$PYENV_ROOT"/versions/{version}*/bin/python{version or "3.11"} python{version or "3"}; do "$python" -c '' 2>/dev/null && break; done
  "$python" -m venv "$LAB_CACHE/python-{name}"
  "$LAB_CACHE/python-{name}/bin/pip" install -q --upgrade pip
  "$LAB_CACHE/python-{name}/bin/pip" install -q {packages}
  touch "$LAB_CACHE/python-{name}/ready"
fi
exec 9>&-
export PATH="$LAB_CACHE/python-{name}/bin:$PATH"
"""


def path_of(*names: str, **more: str) -> Mapping[str, str]:
    """An environment in which the programs of these virtual environments come first."""
    folders = [f"{CACHE}/python-{name}/bin" for name in names]
    return {"PATH": os.pathsep.join([*folders, os.environ["PATH"]]), **more}


FRESH = """
if [ ! -d "$LAB_CACHE/python-seed" ]; then python3 -m venv "$LAB_CACHE/python-seed.$$" && mv -T "$LAB_CACHE/python-seed.$$" "$LAB_CACHE/python-seed" || true; fi
python3 -m venv --without-pip .venv
for lib in .venv/lib/python3*/site-packages; do cp -r "$LAB_CACHE"/python-seed/lib/python3*/site-packages/* "$lib"; done
sed "1s|.*|#!$PWD/.venv/bin/python|" "$LAB_CACHE/python-seed/bin/pip" > .venv/bin/pip
chmod +x .venv/bin/pip
"""
"""A `prepare` that makes an environment of the case's own in .venv, with a pip copied from the cache: cheaper than ensurepip."""
