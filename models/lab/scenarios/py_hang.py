"""Python programs that never end: deadlocks, lost wake-ups, endless loops; ended by timeout(1), faulthandler or their caller."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3", "timeout")
_TEST, _OLD, _NEW = ready("test"), ready("old"), ready("new")
_BANK = "import threading, time\n\nclass Account:\n    def __init__(self, balance):\n        self.balance, self.lock = balance, threading.Lock()\n\ndef transfer(source, target, amount):\n    with source.lock:\n        time.sleep(0.05)\n        with target.lock:\n            source.balance -= amount\n            target.balance += amount\n"
_BANK_TEST = "import threading\nfrom bank import Account, transfer\n\ndef test_transfer():\n    a, b = Account(10), Account(0)\n    transfer(a, b, 4)\n    assert (a.balance, b.balance) == (6, 4)\n\ndef test_transfers_both_ways():\n    a, b = Account(100), Account(100)\n    threads = [threading.Thread(target=transfer, args=pair) for pair in ((a, b, 1), (b, a, 2))]\n    for t in threads: t.start()\n    for t in threads: t.join()\n    assert a.balance + b.balance == 200\n"
_BANKS = {"bank.py": _BANK, "tests/test_zbank.py": _BANK_TEST}


@scenario("timeout/python-tests", label="hang", needs=_NEEDS)
def _tests() -> Iterator[Case]:
    env = {**path_of("test"), "PYTHONPATH": "."}
    told = r"timeout: sending signal|timed? ?out after \d+ ?s|session-timeout|Timeout \(0:|cancell?ed: "
    yield Case("deadlock-verbose", "timeout --verbose -k 2 6 pytest -v tests", {**NOISE, **_BANKS}, env, _TEST, told)
    yield Case("deadlock-faulthandler", "timeout --verbose -s KILL 9 pytest -v -o faulthandler_timeout=4 tests/test_zbank.py", _BANKS, env, _TEST, told)
    yield Case("deadlock-trap", "timeout 6 pytest -q tests || { code=$?; [ $code = 124 ] && echo \"::error::the test step timed out after 6 s (exit code $code)\"; exit $code; }", {**NOISE, **_BANKS}, env, _TEST, told)
    yield Case("session-timeout", "pytest -v --session-timeout 3 tests", {"tests/test_slow.py": "import time, pytest\n\n@pytest.mark.parametrize('page', range(12))\ndef test_render(page):\n    time.sleep(0.5)\n"}, env, _TEST, r"session-timeout")
    yield Case("unittest", "timeout --verbose 5 python3 -m unittest discover -v -s tests", {"bank.py": _BANK, "tests/test_bank.py": "import sys, threading, unittest\nsys.path.insert(0, '.')\nfrom bank import Account, transfer\n\nclass TestBank(unittest.TestCase):\n    def test_ring(self):\n        ring = [Account(5) for _ in range(3)]\n        threads = [threading.Thread(target=transfer, args=(ring[n], ring[(n + 1) % 3], 1)) for n in range(3)]\n        for t in threads: t.start()\n        for t in threads: t.join()\n"}, proof=told)
    yield Case("silent", "set -x\ntimeout 6 pytest -v -p no:randomly tests", {**NOISE, **_BANKS}, {**path_of("old"), "PYTHONPATH": "."}, _OLD, r"^\+ timeout 6 pytest", exit_code=124)
    yield Case("xdist", "timeout -v 8 pytest -n 2 -v --dist loadfile tests", {**NOISE, **_BANKS}, env, _TEST, told)


@scenario("timeout/python-program", label="hang", needs=_NEEDS)
def _program() -> Iterator[Case]:
    told = r"timeout: sending signal"
    yield Case("queue", "python3 -V\ntimeout --verbose 4 python3 -u stage.py", {"stage.py": "import queue, threading\njobs = queue.Queue()\n\ndef work():\n    while True:\n        job = jobs.get()\n        if job == 7:\n            continue\n        print('done', job)\n        jobs.task_done()\n\nthreading.Thread(target=work, daemon=True).start()\nfor n in range(20):\n    jobs.put(n)\njobs.join()\nprint('all done')\n"}, proof=told)
    yield Case("polling", "seq 1 120 | sed 's/^/copied asset /'\ntimeout --verbose 5 python3 wait_for_index.py", {"wait_for_index.py": "import pathlib, time\nwhile not pathlib.Path('index.ready').exists():\n    print('index is not ready yet', flush=True)\n    time.sleep(0.4)\n"}, proof=told)
    yield Case("fixpoint", "timeout --verbose -s INT 4 python3 layout.py", {"layout.py": "import sys\n\ndef relax(x):\n    return 1 - x\n\nx, rounds = 0, 0\nwhile relax(x) != x:\n    x, rounds = relax(x), rounds + 1\n    if rounds % 3_000_000 == 0:\n        print('round', rounds, file=sys.stderr)\n"}, proof=told)
    yield Case("regex", "timeout --verbose 4 python3 scan.py", {"scan.py": "import re\nprint('scanning for mail addresses', flush=True)\nprint(re.fullmatch(r'(\\w+\\.?)+@', 'a' * 60))\n"}, proof=told)
    yield Case("asyncio-debug", "timeout --verbose -s ABRT 5 python3 -X faulthandler -u bridge.py", {"bridge.py": "import asyncio\n\nasync def left(a, b):\n    async with a:\n        await asyncio.sleep(0.1)\n        async with b:\n            print('left')\n\nasync def main():\n    a, b = asyncio.Lock(), asyncio.Lock()\n    print('two tasks, two locks')\n    await asyncio.gather(left(a, b), left(b, a))\n\nasyncio.run(main())\n"}, proof=told)


@scenario("python/own-watchdog", label="hang", needs=("python3",))
def _watchdog() -> Iterator[Case]:
    yield Case("subprocess", "python3 release.py", {"release.py": "import subprocess, sys\nfor step in ('import this', 'import time; print(\"compressing\", flush=True); time.sleep(99)'):\n    subprocess.run([sys.executable, '-c', step], check=True, timeout=3)\n"}, proof=r"TimeoutExpired")
    yield Case("faulthandler", "python3 -u simulate.py", {"simulate.py": "import faulthandler, threading\nfaulthandler.dump_traceback_later(3, exit=True)\nprint('simulating 12 lifts')\ndoor = threading.Event()\ndoor.wait()\n"}, proof=r"^Timeout \(0:00:0")
    yield Case("alarm", "set -x\npython3 sync.py", {"sync.py": "import signal, time\n\nclass StepTimeout(Exception):\n    pass\n\ndef ring(number, frame):\n    raise StepTimeout('no progress for 3 s, giving up the whole sync')\n\nsignal.signal(signal.SIGALRM, ring)\nsignal.alarm(3)\nprint('sync: 4012 objects', flush=True)\nwhile True:\n    time.sleep(0.01)\n"}, proof=r"StepTimeout: ")
    yield Case("pool", "python3 render.py", {"render.py": "import multiprocessing, time\n\ndef tile(n):\n    if n == 5:\n        time.sleep(90)\n    return n\n\nif __name__ == '__main__':\n    with multiprocessing.Pool(2) as pool:\n        waiting = [pool.apply_async(tile, (n,)) for n in range(8)]\n        for n, result in enumerate(waiting):\n            try:\n                print('tile', result.get(timeout=2), flush=True)\n            except multiprocessing.TimeoutError:\n                raise SystemExit(f'watchdog: tile {n} is stuck for 2 s, job killed')\n"}, proof=r"watchdog: tile")
    yield Case("nox", "nox -s tests --no-venv", {"noxfile.py": "import nox\n\n@nox.session\ndef tests(session):\n    session.run('timeout', '--verbose', '4', 'python3', '-u', 'play.py', external=True)\n", "play.py": "import threading\nprint('opening book loaded')\nthreading.Barrier(2).wait()\n"}, path_of("build"), ready("build"), r"timeout: sending signal|^nox > Command timeout .* failed")


@scenario("timeout/python-in-time", label=PASSED, needs=_NEEDS)
def _in_time() -> Iterator[Case]:
    yield Case("suite", "timeout --verbose 100 pytest -v -rA -o faulthandler_timeout=60", NOISE, path_of("test"), _TEST)
