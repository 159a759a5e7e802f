"""What jobs leave behind and run into: caches that fill the disk, first runs that hang, locks of a job that was killed."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario

_STALE_WHEELS = """mkdir -p .cache/pip/http-v2/a/b/c .cache/pip/wheels/0a/1b
printf 'cc=4,' > .cache/pip/http-v2/a/b/c/entry; head -c {size}m /dev/zero >> .cache/pip/http-v2/a/b/c/entry
cp .cache/pip/http-v2/a/b/c/entry .cache/pip/wheels/0a/1b/render-2.0-py3-none-any.whl
"""


@scenario("pip/cache-fills-disk", label="disk_full", heals="free_disk", needs=("pip", "python3"), root=True)
def _pip_cache() -> Iterator[Case]:
    """The cache lies in the project, as GitLab's caches must, and has grown for months."""
    env = {"PIP_CACHE_DIR": ".cache/pip"}
    write = "import sys\nwith open('atlas.bin', 'wb') as out:\n    for n in range(40):\n        out.write(b'tile' * (1 << 18))\n        print('tile sheet', n)\n"
    full = r"No space left on device"
    yield Case("build", "python3 -m pip --version\npython3 build_atlas.py", {"build_atlas.py": write}, env, _STALE_WHEELS.format(size=20), full, Limits(disk_mb=60))
    pack = "pip config list\ntar -cf bundle.tar assets\nls -l bundle.tar"
    fill = "mkdir assets && head -c 14m /dev/urandom > assets/a.bin\n"
    yield Case("tar", pack, {}, env, fill + _STALE_WHEELS.format(size=12), r"No space left on device", Limits(disk_mb=48))


@scenario("npm/cache-fills-disk", label="disk_full", heals="free_disk", needs=("npm", "node"), root=True)
def _npm_cache() -> Iterator[Case]:
    entry = "mkdir -p .npm/_cacache/content-v2/sha512/aa/bb .npm/_cacache/index-v5/aa .npm/_cacache/tmp\nhead -c 30m /dev/zero > .npm/_cacache/content-v2/sha512/aa/bb/cc\n"
    emit = "const fs = require('fs');\nfor (let n = 0; n < 24; n++) { fs.writeFileSync(`chunk-${n}.js`, Buffer.alloc(1 << 20, 'x')); console.log('wrote chunk', n); }\n"
    files = {"package.json": '{"name": "shop", "version": "1.0.0", "scripts": {"build": "node emit.js"}}\n', "emit.js": emit}
    yield Case("build", "npm run build", files, {"npm_config_cache": ".npm"}, entry, r"ENOSPC", Limits(disk_mb=46))


@scenario("pytest/hangs-once", label="hang", heals="rerun_all", needs=("python3",))
def _hangs_once() -> Iterator[Case]:
    """A lost wake-up: whoever comes first waits for ever, the next run finds the state that it needs."""
    wait = "import pathlib, threading\n\nseen = pathlib.Path('.broker-ready')\nready = threading.Event()\nprint('waiting for the broker', flush=True)\nif seen.exists():\n    ready.set()\nseen.touch()\nready.wait()\nprint('broker is up')\n"
    yield Case("event", "python3 -u wait_for_broker.py", {"wait_for_broker.py": wait}, timeout_s=6.0, ends_by_limit=True, proof="waiting for the broker")
    unit = "import pathlib, threading, unittest\n\nclass BrokerTest(unittest.TestCase):\n    def test_connects(self):\n        seen, lock = pathlib.Path('.broker'), threading.Lock()\n        if not seen.exists():\n            seen.touch()\n            lock.acquire()\n        lock.acquire()\n"
    yield Case("unittest", "python3 -m unittest -v test_broker", {"test_broker.py": unit}, timeout_s=6.0, ends_by_limit=True, proof="test_connects")


@scenario("node/hangs-once", label="hang", heals="rerun_all", needs=("node",))
def _node_hangs() -> Iterator[Case]:
    code = "const fs = require('fs');\nconsole.log('connecting to the render farm');\nif (fs.existsSync('.farm')) { console.log('connected'); } else { fs.writeFileSync('.farm', ''); setInterval(() => {}, 1000); }\n"
    yield Case("interval", "node farm.js", {"farm.js": code}, timeout_s=6.0, ends_by_limit=True, proof="connecting to the render farm")


@scenario("git/locks-of-a-killed-job", label="stale_state", heals="reset_state", needs=("git",))
def _git_locks() -> Iterator[Case]:
    made = "git init -q -b main . && git config user.name ci && git config user.email ci@acme.example && echo one > tariff.csv && git add . && git commit -qm one && echo two >> tariff.csv\n"
    yield Case("config", "git config core.abbrev 12\ngit log --oneline | cat", prepare=made + "touch .git/config.lock\n", proof=r"could not lock config file")
    yield Case("head", "git checkout -q -B release/7\ngit status --short --branch", prepare=made + "touch .git/HEAD.lock\n", proof=r"HEAD\.lock")
    yield Case("ref", "git commit -qam two\ngit log --oneline | cat", prepare=made + "touch .git/refs/heads/main.lock\n", proof=r"main\.lock")
    yield Case("packed", "git pack-refs --all\ngit for-each-ref", prepare=made + "touch .git/packed-refs.lock\n", proof=r"packed-refs\.lock")
    deep = "git clone -q --bare . ../origin.git && git remote add origin file://$PWD/../origin.git && git fetch -q --depth=1 origin main && touch .git/shallow.lock\n"
    yield Case("shallow", "git fetch --depth=2 origin main\ngit log --oneline -1 | cat", prepare=made + deep, proof=r"shallow\.lock")
    worktree = "git worktree add -q ../site && touch .git/worktrees/site/index.lock\n"
    yield Case("worktree", "cd ../site\necho three >> tariff.csv\ngit add tariff.csv\ngit status --short", prepare=made + worktree, proof=r"index\.lock")
