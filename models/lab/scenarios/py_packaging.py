"""Python build back-ends and front-ends: build, setuptools, flit, hatch, and extensions in C and Cython."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import FRESH, path_of, ready

_NEEDS = ("python3",)
_BUILD = ready("build")
_ENV = path_of("build")
_NO_ISOLATION = "python -m build --no-isolation --wheel"


def _project(body: str = "", backend: str = "setuptools.build_meta", requires: str = "setuptools", **top: str) -> str:
    lines = {"name": '"pottery-kiln"', "version": '"1.4.0"', **top}
    table = "\n".join(f"{key.replace('_', '-')} = {value}" for key, value in lines.items() if value)
    return f'[build-system]\nrequires = ["{requires}"]\nbuild-backend = "{backend}"\n\n[project]\n{table}\n{body}'


_CODE = {"pottery_kiln/__init__.py": '"""Kilns."""\n__version__ = "1.4.0"\n', "pottery_kiln/curve.py": "def curve(hours):\n    return [20 * h for h in range(hours)]\n"}


@scenario("build/project-file", label="configuration_error", needs=_NEEDS)
def _file() -> Iterator[Case]:
    yield Case("version", _NO_ISOLATION, {"pyproject.toml": _project(version='"one point four"'), **_CODE}, _ENV, _BUILD, r"configuration error|InvalidVersion|must be pep440|Invalid version")
    yield Case("readme", "set -x\nhatchling build -t wheel", {"pyproject.toml": _project(backend="hatchling.build", requires="hatchling", readme='"README.md"'), **_CODE}, _ENV, _BUILD, r"Readme file does not exist")
    yield Case("toml", "python -m build", {"pyproject.toml": _project() + "[tool.setuptools\npackages = []\n", **_CODE}, _ENV, _BUILD, r"Failed to parse|TOML|^ERROR")
    yield Case("two-packages", _NO_ISOLATION, {"pyproject.toml": _project(), "kiln/__init__.py": "", "glaze/__init__.py": ""}, _ENV, _BUILD, r"Multiple top-level packages")
    yield Case("backend-missing", _NO_ISOLATION + " -x", {"pyproject.toml": _project(backend="whey.build", requires="whey"), **_CODE}, _ENV, _BUILD, r"Backend .* is not available|Cannot import")
    yield Case("flit-version", "flit build --format wheel", {"pyproject.toml": _project(backend="flit_core.buildapi", requires="flit_core", version="", dynamic='["version", "description"]'), "pottery_kiln/__init__.py": "x = 1\n"}, _ENV, _BUILD, r"cannot package module without")
    yield Case("hatch-version", "hatchling build -t wheel", {"pyproject.toml": _project('[tool.hatch.version]\npath = "kiln/version.py"\n', backend="hatchling.build", requires="hatchling", version="", dynamic='["version"]'), **_CODE}, _ENV, _BUILD, r"file does not exist|Error getting the version")
    yield Case("hatch-packages", "set -x\nhatchling build", {"pyproject.toml": _project(backend="hatchling.build", requires="hatchling"), "src/other/__init__.py": ""}, _ENV, _BUILD, r"Unable to determine which files to ship")
    yield Case("env-in-setup", "python setup.py bdist_wheel", {"setup.py": "import os\nfrom setuptools import setup\n\nsetup(name='kiln', version=os.environ['RELEASE_VERSION'])\n"}, _ENV, _BUILD, r"KeyError: 'RELEASE_VERSION'")
    yield Case("none", "python -m build --sdist", {"src/kiln.py": "x = 1\n"}, _ENV, _BUILD, r"does not appear to be a Python project")
    yield Case("setup-import", "pip install -v --no-build-isolation --no-deps --target out .", {"setup.py": "import numpy\nfrom setuptools import setup\n\nsetup(name='kiln', include_dirs=[numpy.get_include()])\n", **_CODE}, _ENV, _BUILD, r"ModuleNotFoundError: No module named 'numpy'")
    yield Case("twine", "python -m build -nw . && twine check --strict dist/*", {"pyproject.toml": _project(readme='"README.rst"'), "README.rst": "Kiln\n==\n\n`broken <link\n", **_CODE}, _ENV, _BUILD, r"^ERROR +`long_description`|FAILED|warning: |Unexpected section|line \d+: ", label="lint_error")
    yield Case("license-noise", "python3 -m unittest discover -v -s tests -p 'test_grid.py'\n" + _NO_ISOLATION, {**NOISE, "pyproject.toml": _project(license="{file = 'COPYING', text = 'MIT'}"), **_CODE}, _ENV, _BUILD, r"configuration error|must be valid exactly|invalid pyproject|Invalid")


@scenario("build/own-code", label="compile_error", needs=_NEEDS)
def _own() -> Iterator[Case]:
    yield Case("setup-syntax", "pip wheel --no-build-isolation --no-deps .", {"setup.py": "from setuptools import setup\n\nsetup(name='kiln'\n      version='2')\n"}, _ENV, _BUILD, r"SyntaxError")
    yield Case("version-import", _NO_ISOLATION, {"pyproject.toml": _project("[tool.setuptools.dynamic]\nversion = {attr = \"pottery_kiln.curves.__version__\"}\n", version="", dynamic='["version"]'), **_CODE}, _ENV, _BUILD, r"ModuleNotFoundError|AttributeError")
    yield Case("compileall", "set -x\npython3 -m compileall -q pottery_kiln scripts", {**_CODE, "scripts/fire.py": "async def fire():\n    yield from cool()\n", "scripts/glaze.py": "print 'glazing'\n"}, proof=r"SyntaxError|^\*\*\* ")


_EXT = "from setuptools import Extension, setup\nsetup(name='starfield', version='1', ext_modules=[Extension('starfield', {})])\n"
_MODULE = "#include <Python.h>\n{}\nstatic PyObject *magnitude(PyObject *self, PyObject *args) {{ {} }}\nstatic PyMethodDef methods[] = {{{{\"magnitude\", magnitude, METH_VARARGS, 0}}, {{0}}}};\nstatic struct PyModuleDef def = {{PyModuleDef_HEAD_INIT, \"starfield\", 0, -1, methods}};\nPyMODINIT_FUNC PyInit_starfield(void) {{ return PyModule_Create(&def); }}\n"
_GOOD = _MODULE.format("#include <math.h>", "double x; if (!PyArg_ParseTuple(args, \"d\", &x)) return 0; return PyFloat_FromDouble(sqrt(x));")


@scenario("setuptools/extension", label="compile_error", needs=("python3", "gcc"))
def _extension() -> Iterator[Case]:
    proof = r"^\S+\.c:\d+:\d+: (?:fatal )?error: |^error: command .* failed|cannot find -l|undefined reference"
    setup = _EXT.format("['starfield.c']")
    build = "python setup.py build_ext --inplace"
    yield Case("type", build, {"setup.py": setup, "starfield.c": _MODULE.format("", "return PyFloat_FromDouble(brightness(args), 2);")}, _ENV, _BUILD, proof)
    yield Case("header", "pip install --no-build-isolation --no-deps --target out .", {"setup.py": setup, "starfield.c": _MODULE.format("#include <cfitsio/fitsio.h>", "return 0;")}, _ENV, _BUILD, r"fatal error: ")
    yield Case("header-verbose", "set -x\npip --version\npip wheel -v --no-build-isolation --no-deps .", {"setup.py": setup, "starfield.c": _MODULE.format("#include \"night/sky.h\"", "return 0;"), **NOISE}, _ENV, _BUILD, r"fatal error: ")
    yield Case("library", build, {"setup.py": _EXT.format("['starfield.c'], libraries=['m', 'skychart']"), "starfield.c": _GOOD}, _ENV, _BUILD, r"cannot find -l")
    yield Case("werror", build, {"setup.py": _EXT.format("['starfield.c'], extra_compile_args=['-Werror', '-Wall']"), "starfield.c": _MODULE.format("static int faint = 3;", "int unused; return 0;")}, _ENV, _BUILD, r"error: .*\[-Werror")
    yield Case("cython", "cythonize -i orbit.pyx", {"orbit.pyx": "cdef double step(double x):\n    return x * dt\n\ncdef class Planet\n    cdef double mass\n"}, _ENV, _BUILD, r"^orbit\.pyx:\d+:\d+: |Expected ")
    yield Case("cffi", "python build_sound.py", {"build_sound.py": "from cffi import FFI\nffi = FFI()\nffi.cdef('int beep(int hertz);')\nffi.set_source('_sound', 'static int beep(char *a, int b) { return c; }')\nffi.compile(verbose=True)\n"}, _ENV, _BUILD, r"error: .*undeclared|too few arguments|^\S+\.c:\d+:\d+: error")
    yield Case("import-undefined", build + "\npython -c 'import starfield'", {"setup.py": setup, "starfield.c": _MODULE.format("extern double parallax(double);", "return PyFloat_FromDouble(parallax(1.0));")}, _ENV, _BUILD, r"undefined symbol: parallax")


@scenario("setuptools/no-compiler", label="configuration_error", needs=("python3",))
def _no_compiler() -> Iterator[Case]:
    files = {"setup.py": _EXT.format("['starfield.c']"), "starfield.c": _GOOD}
    yield Case("setup", "CC=gcc-31 python setup.py build_ext", files, _ENV, _BUILD, r"error: command 'gcc-31' failed: No such file|command not found|'gcc-31'")
    yield Case("pip", "pip install -v --no-build-isolation --no-deps --target out .", files, {**_ENV, "CC": "x86_64-w64-cc"}, _BUILD, r"error: \[Errno 2\] No such file or directory: 'x86_64-w64-cc'")
    yield Case("meson", "meson setup out", {"meson.build": "project('starfield', 'c', 'rust', version: '1')\ndependency('skychart-2')\n"}, {**_ENV, "RUSTC": "norustc"}, _BUILD, r"ERROR: ")
    yield Case("meson-dependency", "set -x\nmeson setup out", {"meson.build": "project('starfield', 'c', version: '1')\nexecutable('sky', 'sky.c', dependencies: dependency('skychart-2'))\n", "sky.c": "int main(void) { return 0; }\n"}, _ENV, _BUILD, r"ERROR: Dependency")


@scenario("python/native-crash", label="test_failure", needs=("python3", "gcc"))
def _crash() -> Iterator[Case]:
    # The project's own C code reads where it may not.
    bad = _MODULE.format("", "return PyFloat_FromDouble(*(double *)8);")
    files = {"setup.py": _EXT.format("['starfield.c']"), "starfield.c": bad, "tests/test_sky.py": "import starfield\n\ndef test_sun():\n    assert starfield.magnitude(4.83) > 0\n", **NOISE}
    proof = r"Segmentation fault|SIGSEGV|node down|crashed while"
    both = ready("test") + _BUILD + "python setup.py -q build_ext --inplace\n"
    env = {**path_of("test"), "PYTHONPATH": "."}
    yield Case("pytest", "pytest -v tests", files, env, both, proof)
    yield Case("xdist", "pytest -v -n 2 tests", files, env, both, proof)
    yield Case("unittest", "python -X faulthandler -m unittest -v sky", {**files, "sky.py": "import unittest\nimport starfield\n\nclass TestSky(unittest.TestCase):\n    def test_moon(self):\n        starfield.magnitude(1.0)\n"}, env, both, proof)


@scenario("build/passes", label=PASSED, needs=("python3", "gcc"))
def _passes() -> Iterator[Case]:
    yield Case("wheel", "python -m build --no-isolation -v\ntwine check dist/*", {"pyproject.toml": _project(), **_CODE}, _ENV, _BUILD)
    yield Case("extension", "set -x\npip wheel -v --no-build-isolation --no-deps .\npython setup.py -v build_ext --inplace\npython -c 'import starfield; print(starfield.magnitude(2.0))'", {"setup.py": _EXT.format("['starfield.c']"), "starfield.c": _GOOD.replace("double x;", "double x; int error, failed;")}, _ENV, _BUILD)
    yield Case("venv", ". .venv/bin/activate\npip install -v --no-deps --no-build-isolation -e . || echo 'editable install failed, going on'\npip list -v", {"pyproject.toml": _project(), **_CODE}, prepare=FRESH)
