"""Documentation of Python projects that does not build, and the programs that build it set up wrongly."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_DOCS = ready("docs")
_ENV = path_of("docs")
_CONF = "project = 'Tide tables'\nextensions = ['sphinx.ext.autodoc', 'sphinx.ext.doctest']\nimport sys; sys.path.insert(0, '.')\n"
_PAGES = {f"docs/port{n}.rst": f"Port {n}\n{'=' * 7}\n\nHigh water at {n % 12}:00, low water later.\n\n.. note:: Requests to the port office fail with 503 at night.\n" for n in range(40)}
_INDEX = "Tide tables\n===========\n\n.. toctree::\n   :glob:\n\n   port*\n"
_SPHINX = {"docs/conf.py": _CONF, "docs/index.rst": _INDEX, **_PAGES}
_MK = {"mkdocs.yml": "site_name: Kiln manual\nnav:\n  - Home: index.md\n  - Firing: firing.md\n", "docs/index.md": "# Kiln\n\nSee [firing](firing.md).\n", "docs/firing.md": "# Firing\n\nSlowly. Error E-503 means: too hot.\n"}


@scenario("sphinx/warnings", label="lint_error", needs=_NEEDS)
def _warnings() -> Iterator[Case]:
    proof = r"^\S+:\d*:? ?WARNING: (?!html_static)|^\S+: WARNING: "
    yield Case("reference", "sphinx-build -W docs out", {**_SPHINX, "docs/portx.rst": "Port X\n======\n\nSee :ref:`moon-phases` and :doc:`nowhere`.\n"}, _ENV, _DOCS, proof)
    yield Case("title", "sphinx-build -W --keep-going -b html docs out", {**_SPHINX, "docs/porty.rst": "Port Y\n===\n\n* one\n  two\n * three\n\n.. code-block:: pythn\n\n   x = (\n"}, _ENV, _DOCS, proof)
    yield Case("orphan", "set -x\nsphinx-build -nW -v --keep-going docs out", {**_SPHINX, "docs/credits.rst": "Credits\n=======\n"}, _ENV, _DOCS, r"WARNING: document isn't included")
    yield Case("doc8", "doc8 docs", {"docs/a.rst": "Title\n=====\n\nTrailing space \n" + "word " * 40 + "\n"}, _ENV, _DOCS, r"^docs/\S+: D\d{3}")


@scenario("sphinx/doctest", label="test_failure", needs=_NEEDS)
def _doctest() -> Iterator[Case]:
    page = "Use\n===\n\n.. doctest::\n\n   >>> 12 * 60 + 25\n   746\n"
    yield Case("page", "sphinx-build -b doctest docs out", {**_SPHINX, "docs/portuse.rst": page}, _ENV, _DOCS, r"^Expected:|^Got:|^\s+74[56]$|tests? failed|failures? in tests")
    yield Case("module", "python3 -m doctest -v tides.py", {"tides.py": '"""Tides.\n\n>>> height(3)\n1.5\n>>> height(0)\n0.0\n"""\n\n\ndef height(hours):\n    """Metres.\n\n    >>> height(12)\n    6\n    """\n    return hours / 2\n'}, proof=r"^Expected:|^Got:|\*\*\*Test Failed")
    yield Case("readme", "python3 -m doctest README.md", {"README.md": "# Slug\n\n```python\n>>> '-'.join('Night Market'.lower().split())\n'night_market'\n\n```\n"}, proof=r"^Expected:|^Got:|\*\*\*Test Failed")


@scenario("sphinx/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _set_up() -> Iterator[Case]:
    yield Case("no-conf", "sphinx-build -b html docs out", {"docs/index.rst": _INDEX}, _ENV, _DOCS, r"config directory doesn't contain a conf\.py|Application error")
    yield Case("extension", "sphinx-build docs out", {**_SPHINX, "docs/conf.py": "extensions = ['sphinx_tidal_theme', 'myst_parser']\n"}, _ENV, _DOCS, r"^Extension error|ExtensionError: Could not")
    yield Case("theme", "set -x\nsphinx-build -v docs out", {**_SPHINX, "docs/conf.py": "html_theme = 'harbour'\n"}, _ENV, _DOCS, r"^Theme error|ThemeError: no theme")
    yield Case("conf-env", "make -C docs html", {**_SPHINX, "docs/Makefile": "html:\n\tsphinx-build . ../out\n", "docs/conf.py": "import os\nrelease = os.environ['DOCS_RELEASE']\n"}, _ENV, _DOCS, r"KeyError: 'DOCS_RELEASE'")


@scenario("mkdocs/strict", label="lint_error", needs=_NEEDS)
def _mkdocs() -> Iterator[Case]:
    proof = r"^WARNING +-|Aborted with \d+ warnings"
    yield Case("link", "mkdocs build --strict", {**_MK, "docs/index.md": "# Kiln\n\nSee [glazes](glazes.md) and [x](firing.md#cone-9).\n"}, _ENV, _DOCS, proof)
    yield Case("nav", "mkdocs build -s -v", {**_MK, "mkdocs.yml": _MK["mkdocs.yml"] + "  - Safety: safety.md\n"}, _ENV, _DOCS, proof)


@scenario("mkdocs/set-up-wrongly", label="configuration_error", needs=_NEEDS)
def _mk_wrong() -> Iterator[Case]:
    yield Case("plugin", "mkdocs build", {**_MK, "mkdocs.yml": _MK["mkdocs.yml"] + "plugins: [search, git-dates]\n"}, _ENV, _DOCS, r"^ERROR +-|plugin is not installed")
    yield Case("theme", "mkdocs build --clean", {**_MK, "mkdocs.yml": _MK["mkdocs.yml"] + "theme: terracotta\n"}, _ENV, _DOCS, r"^ERROR +-|Unrecognised theme")
    yield Case("yaml", "set -x\nmkdocs build", {**_MK, "mkdocs.yml": "site_name: Kiln: the manual\n  nav: [index.md\n"}, _ENV, _DOCS, r"^Error: |MkDocs encountered|mapping values|in \"")


@scenario("sphinx/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    yield Case("sphinx", "sphinx-build -v -b html docs out\nsphinx-build -b doctest docs out2", _SPHINX, _ENV, _DOCS)
    yield Case("warnings", "set -x\nsphinx-build docs out\nmkdocs build -v", {**_SPHINX, **_MK, "docs/portx.rst": "Port X\n===\n\nSee :ref:`moon-phases`.\n"}, _ENV, _DOCS)
