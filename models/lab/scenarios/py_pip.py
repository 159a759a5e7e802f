"""pip: what cannot be found, what cannot agree, what came broken, and where it may not write."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.py_venvs import FRESH
from models.lab.scenarios.py_wheelhouse import wheels

_VENV = FRESH
_IN = ". .venv/bin/activate\n"
_HOUSE = wheels("ledger-core==2.1.0:taxtables>=3", "taxtables==2.9", "taxtables==3.0", "mailgun-lite==0.4:ledger-core<2", "chessclock==1.0@<3.8")
_NO_CAPS = "setpriv --bounding-set=-all --inh-caps=-all "
"""Root without its power over file modes is refused like anyone else."""


@scenario("pip/not-found", label="dependency_not_found")
def _not_found() -> Iterator[Case]:
    proof = "No matching distribution found|Could not find a version"
    yield Case("version", _IN + "pip install -r requirements.txt", {"requirements.txt": "idna\nsix==99.4.1\n"}, prepare=_VENV, proof=proof)
    yield Case("version-quiet", _IN + "pip install -q --no-color 'toml>=7,<8'", prepare=_VENV, proof=proof)
    yield Case("house", _IN + "pip install --no-index --find-links wheelhouse ledger-core ledgre-reports", prepare=_VENV + _HOUSE, proof=proof)
    yield Case(
        "house-dependency",
        "set -x\n" + _IN + "pip install -v --no-index -f ./wheelhouse 'orderbook[csv]==1.2'",
        prepare=_VENV + wheels("orderbook==1.2:csvshaper>=2", "csvshaper==1.9"),
        proof=proof,
    )
    yield Case(
        "after-noise",
        _IN + "pip install -v flask click rich jinja2\npip list\npip install -v 'packaging==1999.1'",
        prepare=_VENV,
        proof=r"^ERROR: (?:No matching distribution found|Could not find a version)",
    )
    yield Case(
        "binary-only",
        _IN + "pip download --only-binary=:all: --platform win_arm64 --python-version 2.6 --no-deps -d vendor pyyaml",
        prepare=_VENV,
        proof=proof,
    )


@scenario("pip/conflict", label="dependency_conflict")
def _conflict() -> Iterator[Case]:
    proof = r"^ERROR: (?:Cannot install|ResolutionImpossible)|^The conflict is caused by|^    .* depends on |^    The user requested"
    files = {"requirements.txt": "requests==2.31.0\nurllib3==2.5.0\nidna<2.5\nclick\n"}
    yield Case("registry", _IN + "pip install -r requirements.txt", files, prepare=_VENV, proof=proof)
    yield Case("house", _IN + "pip install --no-index -f wheelhouse mailgun-lite 'ledger-core>=2'", prepare=_VENV + _HOUSE, proof=proof)
    yield Case(
        "constraint",
        _IN + "python -m pip install -c constraints.txt flask==3.0.3 rich",
        {"constraints.txt": "werkzeug==2.0.1\nmarkupsafe<3\n"},
        prepare=_VENV,
        proof=proof,
    )
    yield Case(
        "twice-pinned",
        "set -ex\n" + _IN + "pip install wheel\npip install -r base.txt -r dev.txt",
        {"base.txt": "six==1.15.0\n", "dev.txt": "six==1.16.0\ntoml\n"},
        prepare=_VENV,
        proof=proof,
    )
    check = r"has requirement|which is not installed"
    yield Case("check", _IN + "pip install --no-deps flask==3.0.3\npip check", prepare=_VENV, proof=check)
    yield Case(
        "check-noisy",
        _IN + "pip install -v requests rich tqdm\npip install -v --no-deps 'idna==2.0' 'urllib3==3.0.0a1' || pip install -v --no-deps 'idna==2.0'\npip check",
        prepare=_VENV,
        proof=r"^requests .* has requirement",
    )


@scenario("pip/hash-mismatch", label="corrupt_artifact")
def _hash() -> Iterator[Case]:
    proof = r"DO NOT MATCH THE HASHES|^\s+Expected sha\d+ |^\s+Got  "
    wrong = "0f3a" * 16
    files = {"requirements.txt": f"six==1.16.0 --hash=sha256:{wrong}\n"}
    yield Case("registry", _IN + "pip install --require-hashes -r requirements.txt", files, prepare=_VENV, proof=proof)
    yield Case("house", _IN + "pip install --no-index -f wheelhouse --require-hashes -r requirements.txt", {"requirements.txt": f"taxtables==3.0 \\\n    --hash=sha512:{wrong}{wrong}\n"}, prepare=_VENV + _HOUSE, proof=proof)
    yield Case(
        "noisy",
        _IN + "pip install -v -r tools.txt\npip install -v --no-deps --require-hashes -r requirements.lock",
        {"tools.txt": "flake8\nbuild\ncoverage\n", "requirements.lock": f"# locked\ntoml==0.10.2 \\\n    --hash=sha256:{wrong}\n"},
        prepare=_VENV,
        proof=proof,
    )


@scenario("pip/damaged-file", label="corrupt_artifact")
def _damaged() -> Iterator[Case]:
    cut = "head -c 900 wheelhouse/taxtables-3.0-py3-none-any.whl > t && mv t wheelhouse/taxtables-3.0-py3-none-any.whl\n"
    invalid = r"^ERROR: Wheel .* is invalid|BadZipFile|zipfile\.Bad|has an invalid wheel"
    yield Case("short-wheel", _IN + "pip install --no-index --find-links=wheelhouse ledger-core", prepare=_VENV + _HOUSE + cut, proof=invalid)
    yield Case("html-for-wheel", _IN + "pip install ./vendor/geoshape-1.2-py3-none-any.whl", {"vendor/geoshape-1.2-py3-none-any.whl": "<html><body>moved</body></html>"}, prepare=_VENV, proof=invalid)
    sdist = "mkdir -p geoshape-1.2 && printf '[project]\\nname=\"geoshape\"\\nversion=\"1.2\"\\n' > geoshape-1.2/pyproject.toml && head -c 40000 /dev/urandom | base64 > geoshape-1.2/data.txt && tar czf g.tgz geoshape-1.2 && mkdir vendor && "
    broken = r"^(?:EOFError|\S*ReadError|\S*BadZipFile)|^zlib\.error|^zipfile\.\S+: |^tarfile\.\S+: "
    yield Case("short-sdist", _IN + "pip install --no-build-isolation vendor/geoshape-1.2.tar.gz", prepare=_VENV + sdist + "head -c 9000 g.tgz > vendor/geoshape-1.2.tar.gz", proof=broken)
    yield Case("empty-sdist", _IN + "pip install -v rich\npip install vendor/geoshape-1.2.zip", prepare=_VENV + sdist + "head -c 90 g.tgz > vendor/geoshape-1.2.zip", proof=broken)


@scenario("pip/damaged-cache", label="corrupt_artifact", heals="purge_cache")
def _cache() -> Iterator[Case]:
    make = _VENV + _IN + "pip install -q wheel\nmkdir -p src/tidemath && cd src && printf 'from setuptools import setup\\nsetup(name=\"tidemath\", version=\"0.7\", py_modules=[\"tidemath\"])\\n' > setup.py && seq 4000 > tidemath.txt && sed 's/^/N = /' tidemath.txt > tidemath.py && python setup.py -q sdist && cp dist/*.tar.gz .. && cd ..\n"
    build = "mkdir -p sdists && mv tidemath-0.7.tar.gz sdists && pip wheel -q --no-build-isolation --no-index -f sdists -w built tidemath && rm -r built\n"
    spoil = "find ~/.cache/pip/wheels -name '*.whl' | while read -r file; do head -c 2000 \"$file\" > cut && mv cut \"$file\"; done"
    proof = r"^ERROR: Wheel .* is invalid|BadZipFile|has an invalid wheel"
    install = _IN + "pip install{} --no-build-isolation --no-index -f sdists tidemath"
    yield Case("built-wheel", install.format(""), prepare=make + build + spoil, proof=proof)
    yield Case("built-wheel-noisy", "set -x\n" + install.format(" -vv") + " | cat", prepare=make + build + spoil, proof=proof)


@scenario("pip/wrong-python", label="configuration_error")
def _wrong_python() -> Iterator[Case]:
    project = '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n[project]\nname = "kiln-control"\nversion = "3"\nrequires-python = ">=3.99"\n'
    yield Case("own", _IN + "pip install .", {"pyproject.toml": project}, prepare=_VENV, proof="requires a different Python")
    yield Case("wheel-tag", _IN + "pip install -q wheels/kiln-3-cp27-cp27m-win32.whl", {"wheels/kiln-3-cp27-cp27m-win32.whl": "x"}, prepare=_VENV, proof="not a supported wheel on this platform")


@scenario("pip/externally-managed", label="configuration_error", needs=("/usr/bin/python3",))
def _managed() -> Iterator[Case]:
    proof = "externally-managed-environment"
    yield Case("plain", "/usr/bin/python3 -m pip install flask", proof=proof)
    yield Case("noisy", "uname -a\n/usr/bin/python3 -m pip --version\n/usr/bin/python3 -m pip list\n/usr/bin/python3 -m pip install -r requirements.txt\n", {"requirements.txt": "idna\n"}, proof=proof)


@scenario("pip/not-allowed", label="configuration_error", needs=("python3", "setpriv"), root=True)
def _not_allowed() -> Iterator[Case]:
    lock = _VENV + _HOUSE + "chmod -R a-w .venv/lib/python3*/site-packages\n"
    proof = r"Permission denied|\[Errno 13\]"
    yield Case("site-packages", _IN + _NO_CAPS + "pip install --no-index -f wheelhouse taxtables", prepare=lock, proof=r"^ERROR: .*Permission denied|Errno 13")
    yield Case("target", _IN + _NO_CAPS + "python -m pip install --target deploy/lib --no-index -f wheelhouse ledger-core", prepare=_VENV + _HOUSE + "mkdir deploy && chmod 555 deploy", proof=proof)


@scenario("pip/disk-full", label="disk_full", root=True)
def _disk() -> Iterator[Case]:
    proof = r"No space left on device"
    yield Case("workspace", "python3 -m pip install --target lib rich pygments sqlalchemy", limits=Limits(disk_mb=6), proof=proof)
    yield Case("download", "set -x\npip --version\npip download -d wheels sqlalchemy cython django", limits=Limits(disk_mb=5), proof=proof)
    yield Case("inodes", "python3 -m pip install --no-compile --target lib django", limits=Limits(disk_mb=200, inodes=300), proof=proof)


@scenario("pip/small-temp", label="disk_full", heals="move_temp", root=True)
def _temp() -> Iterator[Case]:
    yield Case("build", _IN + "pip install --no-cache-dir django cython", prepare=_VENV, limits=Limits(temp_mb=3), proof="No space left on device")


@scenario("pip/usage", label="configuration_error")
def _usage() -> Iterator[Case]:
    yield Case("no-file", _IN + "pip install -r requirements-ci.txt", prepare=_VENV, proof="Could not open requirements file")
    yield Case("bad-line", _IN + "pip install -q -r requirements.txt", {"requirements.txt": "click>=8\nrequests=>2.0\n"}, prepare=_VENV, proof="Invalid requirement|Expected")
    yield Case("bad-config", _IN + "pip install idna", {"pip.conf": "[global]\ntimeout 60\nretries = 3\n"}, {"PIP_CONFIG_FILE": "pip.conf"}, _VENV, proof="Configuration file could not be loaded|ParsingError|contains parsing errors|^.*\\[line")
    yield Case("not-a-project", _IN + "pip install -e ./services/billing", {"services/billing/main.py": "print(1)\n"}, prepare=_VENV, proof="does not appear to be a Python project|neither 'setup.py'")
    yield Case("no-pip", _IN + "python -m pip install -r requirements.txt", {"requirements.txt": "six\n"}, prepare="python3 -m venv --without-pip .venv", proof="No module named pip")
    yield Case("hashes-missing", _IN + "pip install --no-index -f wheelhouse --require-hashes ledger-core==2.1.0", prepare=_VENV + _HOUSE, proof="Hashes are required|require-hashes mode")
    yield Case("option", _IN + "pip install --use-feature=fast-deps-3 --find-link wheelhouse taxtables", prepare=_VENV + _HOUSE, proof="invalid choice|no such option")


@scenario("pip/passes", label=PASSED)
def _passes() -> Iterator[Case]:
    yield Case("verbose", _IN + "pip install -v flask requests rich sqlalchemy\npip check\npip list", prepare=_VENV)
    yield Case("survived", "set -x\n" + _IN + "pip install --no-index -f wheelhouse missing-tool || echo 'error: mirror has no missing-tool, going on without'\npip install -v --no-index -f wheelhouse ledger-core\npip check", prepare=_VENV + _HOUSE)
