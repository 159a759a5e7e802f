"""Python programs as build steps: what they need and do not find, code that does not run, and deaths without a word."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST, _OLD, _NEW, _MORE = ready("test"), ready("old"), ready("new"), ready("more")
_NO_CAPS = "setpriv --bounding-set=-all --inh-caps=-all "
_LONG = "for n in $(seq 180); do echo \"[$n/180] packed sprite-$n.png\"; done\n"


@scenario("python/environment", label="configuration_error", needs=_NEEDS)
def _environment() -> Iterator[Case]:
    yield Case("variable", _LONG + "python3 deploy.py", {"deploy.py": "import os\nprint('deploying to', os.environ['DEPLOY_TARGET'])\n"}, proof=r"^KeyError: 'DEPLOY_TARGET'")
    yield Case("variable-own-words", "python3 deploy.py", {"deploy.py": "import os, sys\nmissing = [name for name in ('SIGNING_CERT', 'BUCKET') if name not in os.environ]\nif missing:\n    sys.exit('deploy: please set ' + ', '.join(missing))\n"}, proof=r"^deploy: please set")
    yield Case("pydantic", "python settings.py", {"settings.py": "import os\nfrom pydantic import BaseModel\n\nclass Settings(BaseModel):\n    port: int\n    dsn: str\n\nSettings(port=os.environ.get('PORT', 'eighty'))\n"}, path_of("test"), _TEST, r"^(?:port|dsn)$|validation errors? for Settings|Input should be|Field required")
    yield Case("no-python", "set -x\npython3.14t --version", proof=r"command not found")
    yield Case("no-script", "python3 scripts/relase.py --dry-run", {"scripts/release.py": "print('ok')\n"}, proof=r"can't open file")
    yield Case("third-party", "python3 -V\npython3 chart.py", {"chart.py": "import matplotlib.pyplot as plt\nplt.plot([1, 2])\n"}, proof=r"^ModuleNotFoundError: ")
    yield Case("third-party-39", "python chart.py", {"chart.py": "from shapely.geometry import Point\nPoint(0, 0)\n"}, path_of("old"), _OLD, proof=r"^ModuleNotFoundError: ")
    yield Case("child-missing", "python3 bundle.py", {"bundle.py": "import subprocess\nsubprocess.run(['convert-sprites', '--all'], check=True)\n"}, proof=r"^FileNotFoundError: ")
    yield Case("own-version-check", "python3 -V\npython3 setup_env.py", {"setup_env.py": "import sys\nif sys.version_info < (3, 99):\n    sys.exit('this project needs Python 3.99 or newer, this is %d.%d' % sys.version_info[:2])\n"}, proof=r"^this project needs Python")
    yield Case("new-syntax-old-python", "python --version\npython route.py", {"route.py": "def route(verb):\n    match verb:\n        case 'get':\n            return 1\n    return 0\n\nprint(route('get'))\n"}, path_of("old"), _OLD, r"^SyntaxError", label="compile_error")
    yield Case("argparse", _LONG + "python3 pack.py --levle 9 sprites", {"pack.py": "import argparse\nparser = argparse.ArgumentParser()\nparser.add_argument('--level', type=int)\nparser.add_argument('--out', required=True)\nparser.add_argument('folder')\nparser.parse_args()\n"}, proof=r"^pack\.py: error: ")
    yield Case("locale", "python3 names.py", {"names.py": "import locale\nlocale.setlocale(locale.LC_ALL, 'de_AT.UTF-8')\nprint(locale.currency(3))\n"}, proof=r"^locale\.Error: ")


@scenario("python/configuration-file", label="configuration_error", needs=_NEEDS)
def _file() -> Iterator[Case]:
    yaml = "import sys, yaml\nprint('reading', sys.argv[1])\nyaml.safe_load(open(sys.argv[1]))\n"
    yield Case("yaml", "python load.py deploy.yaml", {"load.py": yaml, "deploy.yaml": "stages:\n  - build\n  - test\n deploy: yes\n"}, path_of("test"), _TEST, r"^yaml\.\S+: |^  in \"|did not find|expected")
    yield Case("yaml-tab", "set -x\npython load.py values.yaml", {"load.py": yaml, "values.yaml": "image:\n\tname: web\n"}, path_of("old"), _OLD, r"^yaml\.\S+: |found character")
    yield Case("json", "python3 -m json.tool pipeline.json", {"pipeline.json": "{\n  \"steps\": [\"lint\", \"test\",],\n  \"image\": 'slim'\n}\n"}, proof=r"^(?:Illegal|Expecting)")
    yield Case("toml", _LONG + "python3 plan.py", {"plan.py": "import tomllib\nwith open('plan.toml', 'rb') as file:\n    print(tomllib.load(file)['stages'])\n", "plan.toml": "[stages]\nbuild = 1\nbuild = 2\n"}, proof=r"^tomllib\.TOMLDecodeError")
    yield Case("ini", "python3 plan.py", {"plan.py": "import configparser\nparser = configparser.ConfigParser()\nparser.read('ci.ini')\nprint(parser['deploy']['host'])\n", "ci.ini": "[build]\nhost = a\n[build]\nhost = b\n"}, proof=r"^configparser\.DuplicateSectionError")
    yield Case("logging", "python3 serve.py", {"serve.py": "import json, logging.config\nlogging.config.dictConfig(json.load(open('logging.json')))\n", "logging.json": "{\"version\": 1, \"handlers\": {\"disk_full\": {\"class\": \"logging.handlers.RotatingFileHandlr\"}}, \"root\": {\"handlers\": [\"disk_full\"]}}"}, proof=r"^ValueError: Unable to configure|Cannot resolve|has no attribute|No module named")
    yield Case("own-words", _LONG + "python3 check_config.py", {"check_config.py": "import sys\nprint('checked 14 keys')\nprint('warning: key timeout is deprecated')\nsys.exit('config error: ci/settings.cfg: unknown key \"paralel\" (did you mean \"parallel\"?)')\n"}, proof=r"^config error: ")


@scenario("python/not-allowed", label="configuration_error", needs=("python3", "setpriv"), root=True)
def _permission() -> Iterator[Case]:
    yield Case("write", _NO_CAPS + "python3 publish.py", {"publish.py": "import pathlib\npathlib.Path('site/index.html').write_text('<h1>hi</h1>')\n"}, prepare="mkdir site && chmod 555 site", proof=r"^PermissionError: ")
    yield Case("execute", _LONG + "./tools/bump.py", {"tools/bump.py": "#!/usr/bin/env python3\nprint('bumped')\n"}, prepare="chmod 644 tools/bump.py", proof=r"Permission denied")
    yield Case("read-tests", _NO_CAPS + "pytest -v", {**NOISE, "tests/key.pem": "x", "tests/test_zkey.py": "import pathlib\n\nKEY = pathlib.Path(__file__).with_name('key.pem').read_text()\n\ndef test_key():\n    assert KEY\n"}, path_of("test"), _TEST + "chmod 000 tests/key.pem", r"^E   +PermissionError|^ERROR tests")
    yield Case("low-port", "setpriv --bounding-set=-all --inh-caps=-all python3 -m http.server 81", prepare="true", proof=r"^PermissionError: ")


@scenario("python/own-code", label="compile_error", needs=_NEEDS)
def _code() -> Iterator[Case]:
    yield Case("syntax", _LONG + "python3 report.py", {"report.py": "rows = [1, 2, 3]\nprint(f'{len(rows} rows')\n"}, proof=r"^SyntaxError: ")
    yield Case("syntax-313", "python report.py", {"report.py": "def total(rows):\n    retrun sum(rows)\n"}, path_of("new"), _NEW, r"^SyntaxError: ")
    yield Case("tabs", "set -x\npython report.py", {"report.py": "def total(rows):\n    n = 0\n\tn += 1\n    return n\n"}, path_of("old"), _OLD, r"^(?:TabError|IndentationError): ")
    yield Case("own-module", "python3 -m gallery", {"gallery/__init__.py": "", "gallery/__main__.py": "from gallery.frames import hang\nhang()\n", "gallery/frame.py": "def hang():\n    pass\n"}, proof=r"^ModuleNotFoundError: ")
    yield Case("circular", "python3 -c 'import garden.plants'", {"garden/__init__.py": "", "garden/plants.py": "from garden.soil import PH\nROSE = PH\n", "garden/soil.py": "from garden.plants import ROSE\nPH = 7\n"}, proof=r"^ImportError: ")
    yield Case("py-compile", "python3 -m py_compile $(find . -name '*.py')", {**NOISE, "app/views.py": "class View:\n    def get(self, request):\n        return await request.body()\n", "app/ok.py": "x = 1\n"}, proof=r"SyntaxError|'await' outside")
    yield Case("encoding", "python3 label.py", prepare="printf 'print(\"caf\\351\")\\n' > label.py", proof=r"^SyntaxError: ")


@scenario("python/docker", label="infrastructure", needs=_NEEDS)
def _docker() -> Iterator[Case]:
    proof = r"^(?:E +)?docker\.errors\.DockerException|Cannot connect to the Docker daemon|Error while fetching server API version"
    env = path_of("more", DOCKER_HOST="unix:///var/run/no-docker.sock")
    yield Case("script", _LONG + "python image.py", {"image.py": "import docker\nclient = docker.from_env()\nprint(client.images.list())\n"}, env, _MORE, proof)
    yield Case("testcontainers", "pytest -v", {**NOISE, "tests/test_zstore.py": "import pytest\nfrom testcontainers.core.container import DockerContainer\n\n@pytest.fixture(scope='session')\ndef store():\n    with DockerContainer('redis:7') as container:\n        yield container\n\ndef test_ping(store):\n    assert store\n"}, env, _MORE, proof)


@scenario("python/crash", label="test_failure", needs=_NEEDS)
def _crash() -> Iterator[Case]:
    """The code under test raises while a test script drives it."""
    yield Case("smoke", _LONG + "python3 smoke_test.py", {"shop.py": "def price(item):\n    return {'apple': 3}[item]\n", "smoke_test.py": "from shop import price\nprint('smoke test: apple', price('apple'))\nprint('smoke test: pear', price('pear'))\n"}, proof=r"^KeyError: 'pear'")
    yield Case("example-313", "set -x\npython examples/check_all.py", {"examples/check_all.py": "def mean(values):\n    return sum(values) / len(values)\n\nfor values in ([1, 2], [4], []):\n    print('example', values, flush=True)\n    assert mean(values) >= 0\n"}, path_of("new"), _NEW, r"^ZeroDivisionError")


@scenario("python/no-cause-shown", label="unknown", needs=_NEEDS)
def _unknown() -> Iterator[Case]:
    quiet = "import contextlib, io, sys\nwith contextlib.redirect_stderr(io.StringIO()):\n    try:\n        raise {}\n    except BaseException:\n        sys.exit({})\n"
    yield Case("exit-only", "python3 step.py", {"step.py": quiet.format("ValueError('x')", 1)})
    yield Case("make-silent", "make -s all", {"Makefile": "all:\n\t@python3 step.py\n", "step.py": quiet.format("OSError(28, 'No space left on device')", 1)})
    yield Case("output-lost", _LONG + "python3 step.py > build.log 2>&1", {"step.py": "print('see me')\nraise MemoryError\n"})
    yield Case("swallowed", "set -x\npython3 step.py", {"step.py": "import sys\nprint('step 1 of 3 done')\ntry:\n    open('/nonexistent/key')\nexcept OSError:\n    print('something went wrong, see the log server')\n    sys.exit(7)\n"})
    yield Case("tests-log-kept", "python3 -m unittest -v > test.log 2>&1 || { echo 'tests step ended with code 1; log uploaded as artifact test-log'; exit 1; }", {"test_zz.py": "import unittest\n\nclass TestZ(unittest.TestCase):\n    def test_z(self):\n        self.assertEqual(1, 2)\n"})
    yield Case("parallel", "printf 'a\\nb\\nc\\n' | xargs -n1 -P2 python3 step.py", {"step.py": "import os, sys\nsys.stderr = open(os.devnull, 'w')\nprint('shard', sys.argv[1])\nassert sys.argv[1] != 'b'\n"})


@scenario("python/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    steps = "import logging, sys, warnings\nlogging.basicConfig(level='INFO', format='%(asctime)s %(levelname)s %(name)s: %(message)s')\nlog = logging.getLogger('mirror')\nfor n in range(300):\n    if n % 41 == 7:\n        log.error('object %d: connection reset by peer, trying again', n)\n        log.warning('object %d: second try worked', n)\n    if n % 97 == 3:\n        log.error('object %d: No space left on device in /scratch, using /scratch2', n)\n    log.info('object %d stored, 0 failed', n)\nwarnings.warn('TimeoutError handling is deprecated')\nprint('finished: 300 objects, 0 errors, 0 failures', file=sys.stderr)\n"
    yield Case("mirror", "set -x\npython3 mirror.py\npython3 -m compileall -f .", {"mirror.py": steps})
    yield Case("mirror-39", _LONG + "python mirror.py", {"mirror.py": steps}, path_of("old"), _OLD)
