"""Python programs at a limit of the system: descriptors, threads, watches, file size, disk, ports, and natural deaths."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.py_suites import NOISE
from models.lab.scenarios.py_venvs import path_of, ready

_NEEDS = ("python3",)
_TEST, _MORE = ready("test"), ready("more")
_PLAIN = "setpriv --reuid=4021 --regid=4021 --clear-groups "
_OPEN = "chmod 755 .. . && chmod -R a+rX ."


@scenario("python/open-files", label="resource_limit", heals="", needs=_NEEDS)
def _files() -> Iterator[Case]:
    proof = r"Too many open files|Errno 24"
    limit = Limits(open_files=40)
    merge = "import pathlib\nparts = [pathlib.Path(f'part-{n}.csv') for n in range(60)]\nfor part in parts:\n    part.write_text('a;b\\n')\nhandles = [part.open() for part in parts]\nprint(sum(len(h.read()) for h in handles))\n"
    yield Case("merge", "python3 merge.py", {"merge.py": merge}, limits=limit, proof=proof)
    yield Case("sockets", "set -x\npython3 -u relay.py", {"relay.py": "import socket\npairs = []\nfor n in range(64):\n    pairs.append(socket.socketpair())\n    if n % 8 == 0:\n        print('opened', n, 'pairs')\n"}, limits=limit, proof=proof)
    yield Case("pytest", "pytest -v", {**NOISE, "tests/test_zpool.py": "import os, pytest\n\nclass Pool:\n    def __init__(self):\n        self.ends = []\n\n    def grow(self, count):\n        self.ends += [os.pipe() for _ in range(count)]\n\nPOOL = Pool()\n\n@pytest.mark.parametrize('count', [1, 4, 9, 30])\ndef test_grow(count):\n    POOL.grow(count)\n    assert POOL.ends\n"}, path_of("test"), _TEST, r"^E   +OSError|^FAILED|INTERNALERROR.*Errno 24", Limits(open_files=64))
    yield Case("sqlite", "python3 shards.py", {"shards.py": "import sqlite3\nopened = []\nfor shard in range(100):\n    link = sqlite3.connect(f'shard{shard}.db')\n    link.execute('create table if not exists t (x)')\n    opened.append(link)\n"}, limits=limit, label="unknown")
    yield Case("subprocess", "python3 many.py", {"many.py": "import subprocess\nchildren = [subprocess.Popen(['sleep', '0.2'], stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(40)]\nfor child in children:\n    child.wait()\n"}, limits=limit, proof=proof)
    yield Case("asyncio", "python3 -X dev gather.py", {"gather.py": "import asyncio\n\nasync def probe(n):\n    process = await asyncio.create_subprocess_exec('echo', str(n), stdout=asyncio.subprocess.PIPE)\n    await process.communicate()\n\nasync def main():\n    await asyncio.gather(*(probe(n) for n in range(50)))\n\nasyncio.run(main())\n"}, limits=limit, proof=proof)


@scenario("python/threads", label="resource_limit", needs=("/usr/bin/python3", "setpriv"), root=True)
def _threads() -> Iterator[Case]:
    proof = r"can't start new thread|Resource temporarily unavailable"
    pool = "from concurrent.futures import ThreadPoolExecutor\nimport time\n\ndef fetch(page):\n    time.sleep(0.5)\n    return page\n\nwith ThreadPoolExecutor(200) as pool:\n    print(sum(pool.map(fetch, range(400))))\n"
    yield Case("pool", f"ulimit -u 30\n{_PLAIN} /usr/bin/python3 crawl.py", {"crawl.py": pool}, prepare=_OPEN, proof=proof)
    yield Case("fork", f"ulimit -u 20\nseq 1 150\n{_PLAIN} /usr/bin/python3 -u farm.py", {"farm.py": "import os, time\nfor n in range(60):\n    pid = os.fork()\n    if pid == 0:\n        time.sleep(2)\n        os._exit(0)\n    print('worker', n, 'started')\n"}, prepare=_OPEN, proof=proof)
    yield Case("unittest", f"ulimit -u 25\n{_PLAIN} /usr/bin/python3 -m unittest -v test_bus", {"test_bus.py": "import threading, time, unittest\n\nclass TestBus(unittest.TestCase):\n    def test_one(self):\n        threading.Thread(target=time.sleep, args=(0.1,)).start()\n\n    def test_many(self):\n        for _ in range(90):\n            threading.Thread(target=time.sleep, args=(1,)).start()\n"}, prepare=_OPEN, proof=proof)


@scenario("python/watches-and-sizes", label="resource_limit", needs=("python3", "unshare"), root=True)
def _watches() -> Iterator[Case]:
    watch = "import pathlib, time\nfrom watchdog.events import FileSystemEventHandler\nfrom watchdog.observers import Observer\n\nfor n in range(60):\n    pathlib.Path(f'pages/{n}').mkdir(parents=True)\nobserver = Observer()\nobserver.schedule(FileSystemEventHandler(), 'pages', recursive=True)\nobserver.start()\nprint('watching')\nobserver.stop()\n"
    native = "import ctypes, os, pathlib, sys\nlibc = ctypes.CDLL(None, use_errno=True)\nqueue = libc.inotify_init()\nfor n in range(60):\n    page = pathlib.Path(f'pages/{n}'); page.mkdir(parents=True)\n    if libc.inotify_add_watch(queue, str(page).encode(), 0xfff) < 0:\n        sys.exit(f'live reload: cannot watch {page}: {os.strerror(ctypes.get_errno())} (fs.inotify.max_user_watches reached)')\n    print('watching', page)\n"
    yield Case("inotify", "unshare -Ur sh -c 'echo 10 > /proc/sys/user/max_inotify_watches && exec python3 reload.py'", {"reload.py": native}, proof=r"max_user_watches reached")
    yield Case("inotify-instances", "unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_inotify_instances && exec python watch.py'", {"watch.py": watch}, path_of("more"), _MORE, r"^OSError: .*inotify instance limit reached")
    yield Case("file-size", "python3 dump.py", {"dump.py": "with open('dump.bin', 'wb') as out:\n    for block in range(64):\n        out.write(bytes(1 << 16))\n        print('block', block, flush=True)\n"}, limits=Limits(file_size_kb=1024), proof="File too large")
    yield Case("shared-memory", "unshare -m sh -c 'mount -t tmpfs -o size=1m tmpfs /dev/shm && exec python3 share.py'", {"share.py": "import os\nfrom multiprocessing import shared_memory\nblock = shared_memory.SharedMemory(create=True, size=8 << 20)\ntry:\n    os.posix_fallocate(block._fd, 0, 8 << 20)\nexcept OSError as error:\n    raise SystemExit(f'batch loader: cannot grow /dev/shm{block._name} to 8 MiB: {error}')\nfinally:\n    block.unlink()\n"}, proof=r"/dev/shm.*No space left")


@scenario("python/disk-full", label="disk_full", needs=_NEEDS, root=True)
def _disk() -> Iterator[Case]:
    proof = r"No space left on device|database or disk is full"
    small = Limits(disk_mb=3)
    yield Case("script", "python3 frames.py", {"frames.py": "import pathlib\nout = pathlib.Path('frames'); out.mkdir()\nfor n in range(200):\n    print(f'frame {n:03}', flush=True)\n    (out / f'{n:03}.raw').write_bytes(bytes(100_000))\n"}, limits=small, proof=proof)
    yield Case("sqlite", "python3 load.py", {"load.py": "import sqlite3\nlink = sqlite3.connect('plants.db')\nlink.execute('create table plant (name, notes)')\nfor n in range(5000):\n    link.execute('insert into plant values (?, ?)', (f'fern {n}', 'x' * 2000))\n    if n % 500 == 0:\n        link.commit(); print(n, 'rows')\n"}, limits=small, proof=proof)
    yield Case("pytest-junit", "pytest -v --basetemp=tmp --junitxml=out/report.xml", {**NOISE, "tests/test_zcache.py": "def test_spill(tmp_path):\n    (tmp_path / 'spill').write_bytes(bytes(6_000_000))\n"}, path_of("test"), _TEST, r"^E   +OSError|^FAILED|No space left", Limits(disk_mb=4))
    yield Case("archive", "set -x\npython3 -m zipfile -c backup.zip /usr/lib/python3/dist-packages\n", limits=Limits(disk_mb=1), proof=proof)
    yield Case("shutil", "python3 -c 'import shutil; shutil.copytree(\"/usr/share/doc\", \"docs\")'", limits=Limits(disk_mb=2), proof=proof)


@scenario("python/temp-full", label="disk_full", heals="move_temp", needs=_NEEDS, root=True)
def _temp() -> Iterator[Case]:
    sort = "import tempfile\nprint('sorting in runs of 1 MiB')\nruns = []\nfor n in range(8):\n    run = tempfile.NamedTemporaryFile(prefix='run-')\n    run.write(bytes(1 << 20)); run.flush()\n    runs.append(run)\nprint('merged', len(runs), 'runs')\n"
    yield Case("runs", "python3 extsort.py", {"extsort.py": sort}, limits=Limits(temp_mb=3), proof="No space left on device")
    yield Case("pytest", "pytest -v", {**NOISE, "tests/test_zz.py": "def test_export(tmp_path):\n    (tmp_path / 'export.bin').write_bytes(bytes(9_000_000))\n"}, path_of("test"), _TEST, r"^E   +OSError|^FAILED", Limits(temp_mb=5))


@scenario("python/address-in-use", label="stale_state", needs=_NEEDS)
def _port() -> Iterator[Case]:
    # A server of an earlier run still holds the port.
    hold = "(setsid python3 -c \"import socket,time; s=socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1); s.bind(('127.0.0.1', {0})); s.listen(); time.sleep(60)\" >/dev/null 2>&1 & echo $! > ../holder); sleep 1\n"
    end = "\n{{ kill $(cat ../holder); exit 1; }}"
    for name, port, command, files in (
        ("http-server", 48731, "python3 -m http.server --bind 127.0.0.1 48731", {}),
        ("socketserver", 48732, "python3 depot.py", {"depot.py": "import socketserver\nprint('depot starts on 48732', flush=True)\nsocketserver.TCPServer(('127.0.0.1', 48732), socketserver.BaseRequestHandler).serve_forever()\n"}),
        ("asyncio", 48733, "python3 -u hub.py", {"hub.py": "import asyncio\n\nasync def main():\n    server = await asyncio.start_server(lambda r, w: None, '127.0.0.1', 48733)\n    await server.serve_forever()\n\nasyncio.run(main())\n"}),
    ):
        yield Case(name, hold.format(port) + command + " ||" + end.format(), files, proof=r"Address already in use|address already in use")
    flask = {"shop.py": "from flask import Flask\napp = Flask(__name__)\n\n@app.get('/')\ndef home():\n    return 'open'\n"}
    yield Case("flask", hold.format(48734) + "flask --app shop run --port 48734 ||" + end.format(), flask, path_of("test"), _TEST, r"Address already in use|is in use by another program")
    yield Case("gunicorn", hold.format(48735) + "gunicorn --bind 127.0.0.1:48735 shop:app ||" + end.format(), flask, path_of("test"), _TEST, r"[Cc]onnection in use|Can't connect|Address already in use")
    yield Case("fixture", hold.format(48736) + "echo 'leftover server of job 4411:'; cat ../holder; pytest -v ||" + end.format(), {**NOISE, "tests/conftest.py": "import socket, pytest\n\n@pytest.fixture(scope='session', autouse=True)\ndef broker():\n    server = socket.socket()\n    server.bind(('127.0.0.1', 48736))\n    yield server\n    server.close()\n"}, path_of("test"), _TEST, r"^E   +OSError: .*in use")
