"""Python programs and tests that run out of memory: by their own address space, or killed by the kernel."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST, _MORE = ready("test"), ready("more")
_TIGHT = Limits(address_space_mb=400)
_KILLED = Limits(memory_mb=120)
_ATLAS = "import sys\n\ndef tiles(level):\n    print(f'level {level}: {4 ** level} tiles', flush=True)\n    return [bytearray(4096) for _ in range(4 ** level)]\n\nkept = []\nfor level in range(1, 13):\n    kept.append(tiles(level))\nprint('atlas written')\n"
_SUITE = "import pytest\n\ndef load(count):\n    return [b'x' * 1_000_000 for _ in range(count)]\n\n@pytest.mark.parametrize('size', [1, 5, 20, 3000])\ndef test_load_{n}(size):\n    assert len(load(size)) == size\n"


@scenario("python/memory-error", label="out_of_memory", needs=_NEEDS)
def _error() -> Iterator[Case]:
    proof = r"MemoryError|Cannot allocate memory|Unable to allocate|out of memory"
    yield Case("script", "echo 'rendering the atlas'\npython3 atlas.py", {"atlas.py": _ATLAS}, limits=_TIGHT, proof=proof)
    yield Case("json", "set -x\npython3 -m venv --without-pip env\nenv/bin/python export.py --all 2>&1 | tee export.log", {"export.py": "import json\n\ndef rows():\n    for number in range(8_000_000):\n        yield {'id': number, 'name': f'customer {number}', 'tags': ['a', 'b']}\n\nprint(len(json.dumps(list(rows()))))\n"}, limits=_TIGHT, proof=proof)
    yield Case("mmap", "python3 shuffle.py", {"shuffle.py": "import mmap\nprint('mapping 2 GiB of scratch space')\nspace = mmap.mmap(-1, 2 << 30)\n"}, limits=_TIGHT, proof=proof)
    yield Case("numpy", "python correlate.py --width 30000", {"correlate.py": "import numpy as np\nfrom sys import argv\nwidth = int(argv[-1])\nprint('correlating', width, 'stations')\nmatrix = np.zeros((width, width))\nprint(matrix.sum())\n"}, path_of("more", OPENBLAS_NUM_THREADS="1"), _MORE, proof, Limits(address_space_mb=1500))
    yield Case("pytest", "pytest -v", {**NOISE, "tests/test_zload.py": _SUITE.replace("{n}", "photos")}, path_of("test"), _TEST, r"^E   +MemoryError|^FAILED", Limits(address_space_mb=600))
    yield Case("pytest-short", "pytest -q --tb=line", {"test_load.py": _SUITE.replace("{n}", "audio")}, path_of("test"), _TEST, r"MemoryError", Limits(address_space_mb=600))
    yield Case("unittest", "python3 -W error -m unittest -v", {"test_matrix.py": "import unittest\n\nclass TestMatrix(unittest.TestCase):\n    def test_small(self):\n        self.assertEqual(len([[0] * 9] * 9), 9)\n\n    def test_wide(self):\n        self.assertEqual(len([[n] * 9000 for n in range(9000)]), 9000)\n"}, limits=_TIGHT, proof=proof)


@scenario("python/killed-for-memory", label="out_of_memory", needs=_NEEDS, root=True)
def _killed() -> Iterator[Case]:
    proof = r"\bKilled\b|SIGKILL|exited with -9|exit(?:ed|code)?[ =:]*(?:-9|137)"
    yield Case("script", "python3 -V\npython3 atlas.py\necho uploaded", {"atlas.py": _ATLAS}, limits=_KILLED, proof=proof, exit_code=137)
    yield Case("pytest", "python -m pytest -v -p no:cacheprovider\necho uploading the report", {**NOISE, "tests/test_zload.py": _SUITE.replace("{n}", "video")}, path_of("test"), _TEST, proof, _KILLED)
    yield Case("subprocess", "python3 build.py", {"atlas.py": _ATLAS, "build.py": "import subprocess, sys\nfor step in ('-V', 'atlas.py'):\n    print('step', step, flush=True)\n    subprocess.run([sys.executable, step], check=True)\n"}, limits=_KILLED, proof=proof)
    yield Case("worker-codes", "python3 train.py", {"train.py": "import multiprocessing as mp, sys\n\ndef fold(n):\n    data = [bytearray(1 << 20) for _ in range(400 if n == 2 else 5)]\n    print(f'fold {n}: {len(data)} blocks', flush=True)\n\nif __name__ == '__main__':\n    bad = 0\n    for n in range(4):\n        worker = mp.Process(target=fold, args=(n,))\n        worker.start(); worker.join()\n        print(f'worker {n} exited with {worker.exitcode}', flush=True)\n        bad = bad or worker.exitcode\n    sys.exit(1 if bad else 0)\n"}, limits=_KILLED, proof=proof)
    yield Case("xdist", "python -m pytest -n 2 -v tests", {**NOISE, "tests/test_zload.py": _SUITE.replace("{n}", "archive")}, path_of("test"), _TEST, r"node down|worker 'gw\d' crashed|crashed while running", Limits(memory_mb=250))
    yield Case("make", "make report", {"Makefile": "report: data.txt\n\tpython3 atlas.py > report.txt\n\ndata.txt:\n\tseq 300 | tee data.txt\n", "atlas.py": _ATLAS}, limits=_KILLED, proof=r"\bKilled\b|Error 137")
    yield Case("joblib", "python search.py", {"search.py": "from joblib import Parallel, delayed\n\ndef score(depth):\n    return len([bytearray(1 << 20) for _ in range(depth)])\n\nprint(Parallel(n_jobs=2, verbose=10)(delayed(score)(d) for d in (1, 2, 3, 900, 5)))\n"}, path_of("more"), _MORE, r"SIGKILL|excessive memory usage|TerminatedWorkerError", Limits(memory_mb=200))


@scenario("pip/compiler-memory", label="out_of_memory", needs=("python3", "gcc"), root=True)
def _compiler() -> Iterator[Case]:
    setup = "from setuptools import Extension, setup\nsetup(name='starfield', version='1', ext_modules=[Extension('starfield', ['starfield.c'])])\n"
    source = "#include <Python.h>\n#define A 1,2,3,4,5,6,7,8,\n#define B A A A A A A A A\n#define C B B B B B B B B\n#define D C C C C C C C C\n#define E D D D D D D D D\n#define F E E E E E E E E\n#define G F F F F F F F F\nlong stars[] = { G G G G };\n"
    files = {"setup.py": setup, "starfield.c": source}
    env = path_of("build")
    yield Case("killed", "python setup.py build_ext --inplace", files, env, ready("build"), r"Killed signal|: fatal error: Killed", Limits(memory_mb=150))
    yield Case("address-space", "pip install -v --no-build-isolation --no-deps --target out .", files, env, ready("build"), r"out of memory|cannot allocate|Cannot allocate|virtual memory", Limits(address_space_mb=500))
