"""Scripts of shell, and what they call: missing commands, rights, variables, and steps that never end."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import CLEANUP, behind, in_steps, listening, noisy, port


@scenario("shell/command", label="configuration_error", needs=("bash", "dash"))
@in_steps
def _command() -> Iterator[Case]:
    yield Case("not-found", "echo 'Deploying docs'\nmkdocs-material build --strict", proof=r"mkdocs-material: command not found", exit_code=127)
    yield Case("not-found-dash", "sh -c 'set -eu; echo build; yarnpkg-berry install; echo done'", proof=r"yarnpkg-berry: not found", exit_code=127)
    yield Case("in-script", "bash ci/build.sh release", {"ci/build.sh": "#!/usr/bin/env bash\nset -euo pipefail\nfunction stage() { echo \"::group::$1\"; shift; \"$@\"; echo '::endgroup::'; }\nstage env uname -s\nstage package fpm-cook package\n"}, proof=r"fpm-cook: command not found", exit_code=127)
    yield Case("not-executable", "./gradle-wrapper.sh assemble", {"gradle-wrapper.sh": "#!/bin/sh\necho ok\n"}, proof=r"Permission denied", exit_code=126)
    yield Case("interpreter", "./tools/gen.py", {"tools/gen.py": "#!/usr/local/bin/python4\nprint(1)\n"}, prepare="chmod +x tools/gen.py", proof=r"bad interpreter|cannot execute: required file not found|required file not found")
    yield Case("carriage-return", "./setup.sh", prepare="printf '#!/bin/bash\\r\\necho hi\\r\\n' > setup.sh; chmod +x setup.sh", proof=r"bad interpreter|\^M|required file not found")
    yield Case("env-interpreter", "./report.pl --all", {"report.pl": "#!/usr/bin/env perl7\nprint 1;\n"}, prepare="chmod +x report.pl", proof=r"perl7.*No such file")
    yield Case("wrong-architecture", "./bin/agent --version", prepare="mkdir bin; printf '\\177ELF\\2\\1\\1\\0\\0\\0\\0\\0\\0\\0\\0\\0\\2\\0\\xb7\\0\\1\\0\\0\\0' > bin/agent; head -c 4000 /dev/zero >> bin/agent; chmod +x bin/agent", proof=r"Exec format error")
    yield Case("mach-o", "set -x; chmod +x protoc-gen; ./protoc-gen --out=. api.proto", {"api.proto": ""}, prepare="printf '\\xcf\\xfa\\xed\\xfe\\7\\0\\0\\1' > protoc-gen; head -c 900 /dev/zero >> protoc-gen", proof=r"Exec format error|cannot execute binary file")
    yield Case("directory", "./scripts", {"scripts/a.sh": ""}, proof=r"Is a directory")
    yield noisy(Case("old-tool", "need=9.0; have=$(bash --version | sed -n '1s/.*version \\([0-9.]*\\).*/\\1/p')\nif [ \"$(printf '%s\\n' $need $have | sort -V | head -1)\" != \"$need\" ]; then echo \"bash >= $need is required, found $have\" >&2; exit 69; fi", proof=r"is required, found"), "unittest", after=CLEANUP)


@scenario("shell/variable", label="configuration_error", needs=("bash",))
@in_steps
def _variable() -> Iterator[Case]:
    yield Case("unbound", "set -u\necho \"Releasing $RELEASE_CHANNEL\"", proof=r"RELEASE_CHANNEL: unbound variable")
    yield Case("required", ": \"${AWS_ACCOUNT_ID:?must be set in the project settings}\"", proof=r"AWS_ACCOUNT_ID: must be set")
    yield Case("own-words", "if [ -z \"${SIGNING_KEY:-}\" ]; then echo 'Error: secret SIGNING_KEY is empty; forks do not get secrets' >&2; exit 1; fi", proof=r"secret SIGNING_KEY is empty")
    yield noisy(Case("unbound-late", "set -euo pipefail\nfor target in linux darwin; do echo \"pack $target\"; tar -cf $target.tar test_service.py; done\ncp linux.tar \"$PUBLISH_DIR/\"", proof=r"PUBLISH_DIR: unbound variable"), "unittest", "unpack")
    yield Case("numeric", "set -e\n[ \"$COVERAGE\" -ge 80 ] && echo fine", env={"COVERAGE": "n/a"}, proof=r"integer expression expected")


@scenario("shell/script", label="compile_error", needs=("bash", "dash"))
@in_steps
def _script() -> Iterator[Case]:
    yield Case("syntax", "bash build.sh", {"build.sh": "set -e\nif [ -f Makefile ]; then\n  make\nelse\n  echo none\n"}, proof=r"syntax error: unexpected end of file")
    yield Case("token", "bash -n ci/env.sh && . ci/env.sh", {"ci/env.sh": "export A=1\nfor f in *.txt; do echo $f; done)\n"}, proof=r"syntax error near unexpected token")
    yield Case("bad-substitution", "sh publish.sh v1.2", {"publish.sh": "v=$1\necho \"${v/v/}\"\n"}, proof=r"Bad substitution")
    yield Case("bashism", "sh -e check.sh", {"check.sh": "files=(a b c)\necho ${files[1]}\n"}, proof=r"Syntax error: \"\(\" unexpected")
    yield Case("quote", "bash notes.sh", {"notes.sh": "echo \"release notes\ncat CHANGES | head\n"}, proof=r"unexpected EOF while looking for matching")
    yield Case("awk", "printf 'a 1\\nb 2\\n' | awk '{ sum += $2 } END { print sum '", proof=r"syntax error|unexpected newline|unterminated")
    yield Case("jq", "echo '{\"version\": \"1.0\", }' > package.info\nv=$(jq -r .version package.info)\necho $v", proof=r"parse error|jq: error", label="configuration_error")
    yield Case("sed", "sed -i 's/@VERSION@/$(cat VERSION)' app.conf", {"app.conf": "v=@VERSION@\n", "VERSION": "2"}, proof=r"unterminated `s' command")


@scenario("shell/files", label="configuration_error", needs=("bash", "cp"))
@in_steps
def _files() -> Iterator[Case]:
    yield Case("cd", "cd frontend/app\nmake", proof=r"frontend/app: No such file")
    yield Case("cp", "set -ex\nmkdir -p out\ncp dist/*.whl out/", proof=r"cannot stat 'dist/\*\.whl'")
    yield Case("source", ". ./ci/common.sh\nprepare", proof=r"ci/common.sh: No such file")
    yield Case("glob-tar", "tar -czf release.tgz build/release LICENSE", {"LICENSE": "MIT\n"}, proof=r"build/release: Cannot stat")
    yield Case("other-user", "setpriv --reuid=65534 --regid=65534 --clear-groups mkdir -p /opt/render/bin", prepare="chmod 755 .. .", env={"HOME": "/"}, proof=r"Permission denied")
    yield Case("owner", "setpriv --reuid=65534 --regid=65534 --clear-groups sh -c 'echo build > out/log.txt'", {"out/.keep": ""}, prepare="chmod 755 .. . out", proof=r"Permission denied|cannot create")
    yield Case("symlink-loop", "cat config/settings.ini", prepare="mkdir config; ln -s b.ini config/settings.ini; ln -s settings.ini config/b.ini", proof=r"Too many levels of symbolic links")
    yield Case("not-a-terminal", "read -rp 'Continue with the release? [y/N] ' a || { echo 'error: stdin is not a terminal, cannot ask'; exit 1; }", proof=r"stdin is not a terminal")


@scenario("shell/says-nothing", label="unknown", needs=("bash",))
@in_steps
def _nothing() -> Iterator[Case]:
    yield Case("exit-1", "exit 1")
    yield Case("grep", "set -e\necho 'Checking the change log'\ngrep -q '^## 4.2' CHANGES.md\necho fine", {"CHANGES.md": "## 4.1\n"})
    yield noisy(Case("python-exit", "echo 'Publishing summary'\npython3 -c 'import os; os._exit(3)'", proof=""), "unittest", after=CLEANUP)
    yield noisy(Case("pipe", "seq 30000 | head -n 1 > /dev/null\ndate +%Y > year", proof=""), "environment")
    yield Case("output-to-file", "make > build.log 2>&1 || { echo 'Build failed, see build.log in the artifacts'; exit 1; }", {"Makefile": "all:\n\tfalse\n"})
    yield Case("killed-15", "sh -c 'kill -TERM $$'", exit_code=143)
    yield Case("usr-signal", "set -x\nsh -c 'kill -HUP $$'; echo unreachable")


@scenario("shell/never-ends", label="hang", needs=("timeout", "bash"))
@in_steps
def _hang() -> Iterator[Case]:
    yield Case("timeout-verbose", "timeout --verbose 3 sh -c 'while :; do sleep 1; done'", proof=r"timeout: sending signal TERM", exit_code=124)
    yield Case("kill-after", "set -x\ntimeout -v -k 1 2 bash -c 'trap \"\" TERM; while :; do sleep 0.2; done'", proof=r"timeout: sending signal (?:TERM|KILL)")
    yield Case("own-words", "timeout 3 sleep 60 || { code=$?; if [ $code -eq 124 ]; then echo \"Error: the migration step took longer than 3 s and was stopped\"; fi; exit $code; }", proof=r"took longer than 3 s")
    yield Case("silent-124", "echo 'Running the end-to-end suite'\ntimeout 2 tail -f /dev/null", exit_code=124, label="unknown")
    dots = "python3 -u - <<'E'\nimport subprocess, sys, time, threading\nchild = subprocess.Popen(['sh', '-c', 'echo indexing documents; sleep 120'], stdout=subprocess.PIPE, text=True)\nlast = [time.time()]\ndef read():\n    for line in child.stdout:\n        print(line, end=''); last[0] = time.time()\nthreading.Thread(target=read, daemon=True).start()\nwhile child.poll() is None:\n    time.sleep(0.3)\n    if time.time() - last[0] > 3:\n        child.kill(); print('watchdog: no output has been received in the last 3s, this potentially indicates a stalled build; terminating'); sys.exit(1)\nE"
    yield Case("no-output", dots, proof=r"no output has been received")
    yield noisy(Case("late", "echo 'Uploading coverage'\ntimeout -v 3 bash -c 'exec 3<>/dev/null; sleep 50'", proof=r"timeout: sending signal"), "make", "unittest")
    yield Case("lab-kills", "echo 'Starting the soak test'\nwhile :; do sleep 1; echo '. still running'; done", timeout_s=6, ends_by_limit=True, label="unknown")
    yield Case("expect-input", "rm_old() { read -r -t 3 -p 'Remove build/ from the last run? ' answer < <(sleep 20) || { echo; echo 'No answer within 3 seconds: step aborted by its time limit'; exit 142; }; }\nrm_old", proof=r"aborted by its time limit")


@scenario("shell/left-over", label="stale_state", heals="", needs=("bash", "flock", "python3"))
@in_steps
def _left_over() -> Iterator[Case]:
    number = port("shell-held")
    hold = behind(f"python3 -m http.server --bind 127.0.0.1 {number}") + listening(number)
    yield Case("port-python", f"python3 -m http.server --bind 127.0.0.1 {number}", prepare=hold, proof=r"Address already in use")
    yield Case("port-socat", f"set -x\nsocat TCP-LISTEN:{port('shell-socat')},fork,bind=127.0.0.1 EXEC:cat", prepare=behind(f"socat TCP-LISTEN:{port('shell-socat')},bind=127.0.0.1,fork EXEC:cat") + listening(port("shell-socat")), proof=r"Address already in use")
    yield Case("port-nginx", "nginx -p $PWD -c ci.conf -g 'daemon off; error_log stderr;'", {"ci.conf": f"pid nginx.pid;\nevents {{}}\nhttp {{ access_log off; server {{ listen 127.0.0.1:{port('shell-nginx')}; }} }}\n"}, prepare=behind(f"python3 -m http.server --bind 127.0.0.1 {port('shell-nginx')}") + listening(port("shell-nginx")), proof=r"bind\(\) to .* failed|Address already in use")
    yield Case("flock", "exec 9> deploy.lock\nflock -n 9 || { echo 'another deployment holds deploy.lock, giving up'; exit 75; }\necho deploying", prepare=behind("flock deploy.lock sleep 60") + "sleep 0.5", proof=r"another deployment holds")
    yield Case("pid-file", "if [ -e run/worker.pid ]; then echo \"worker.pid exists (pid $(cat run/worker.pid)): is the worker of the last run still active? remove it first\" >&2; exit 3; fi", {"run/worker.pid": "4711\n"}, proof=r"worker\.pid exists")
    yield Case("mkdir-lock", "mkdir .build-lock\ntrap 'rmdir .build-lock' EXIT\nmake", prepare="mkdir .build-lock", proof=r"File exists")
    yield Case("mv", "mv dist/new releases", {"dist/new/1.txt": "1", "releases/new/old.txt": "0"}, proof=r"Directory not empty|File exists|inter-device")
    yield Case("rmdir", "rmdir build/tmp && mkdir build/tmp", {"build/tmp/cache.db": "x"}, proof=r"Directory not empty")
    yield Case("symlink", "set -e; ln -s ../config.ci config/current", {"config/current": "old\n"}, proof=r"File exists")


@scenario("browser/display", label="configuration_error", needs=("xterm",))
@in_steps
def _display() -> Iterator[Case]:
    yield Case("xterm", "xterm -e ./run-gui-tests.sh", env={"DISPLAY": ""}, proof=r"DISPLAY|Can't open display")
    yield Case("xterm-99", "export DISPLAY=:99\nxterm -geometry 80x24 -e true", proof=r"Can't open display")
    yield Case("xvfb-missing", "xvfb-run -a ./test-ui", proof=r"xvfb-run: command not found")


@scenario("chromium/start", label="configuration_error", needs=("chromium",))
@in_steps
def _chromium() -> Iterator[Case]:
    yield Case("sandbox", "chromium --headless --disable-gpu --dump-dom about:blank", proof=r"no-sandbox is not supported|without --no-sandbox|No usable sandbox")
    yield Case("display", "timeout 30 chromium --no-sandbox about:blank", env={"DISPLAY": ""}, proof=r"Missing X server|cannot open display|platform failed to initialize")


@scenario("shell/limits", label="resource_limit", heals="raise_limit", needs=("bash", "python3"))
@in_steps
def _limits() -> Iterator[Case]:
    yield Case("open-files", "for n in $(seq 20); do cat test_*.txt > /dev/null; done; python3 -c \"f=[open('a.txt') for _ in range(200)]\"", {"a.txt": "x", "test_a.txt": ""}, limits=Limits(open_files=60, soft=True), proof=r"Too many open files")
    yield Case("file-size", "head -c 8000000 /dev/zero > disk.img; ls -l disk.img", limits=Limits(file_size_kb=2000, soft=True), proof=r"File size limit exceeded|File too large")
    yield Case("tar-file-size", "tar -cf backup.tar /usr/include/linux\nls -l backup.tar", limits=Limits(file_size_kb=1000, soft=True), proof=r"File too large|Wrote only|File size limit")
    yield Case("dd", "set -x\ndd if=/dev/zero of=swap.img bs=1M count=12\nls -l swap.img", limits=Limits(file_size_kb=3000, soft=True), proof=r"File size limit exceeded|File too large")
    yield Case("fork", "setpriv --reuid=61234 --regid=61234 --clear-groups bash -c 'ulimit -u 12; for n in $(seq 40); do sleep 45 & done; wait'", prepare="chmod 755 .. .", env={"HOME": "/"}, proof=r"fork: (?:retry: )?Resource temporarily unavailable", heals="")
    yield Case("fork-dash", "setpriv --reuid=61237 --regid=61237 --clear-groups dash -c 'ulimit -u 9 2>/dev/null || ulimit -p 9; for n in 1 2 3 4 5 6 7 8 9 10 11 12; do sleep 20 & done; wait'", prepare="chmod 755 .. .", env={"HOME": "/"}, proof=r"Cannot fork", heals="")
    yield Case("make-fork", "setpriv --reuid=61235 --regid=61235 --clear-groups bash -c 'ulimit -u 6; make -j30'", {"Makefile": "all: " + " ".join(f"u{n}" for n in range(30)) + "\nu%:\n\t@sleep 1; echo built $@\n"}, prepare="chmod -R a+rX .. .", env={"HOME": "/"}, proof=r"(?:v?fork|Resource temporarily unavailable)", heals="")
    threads = "import threading, time\nts = []\nfor n in range(200):\n    t = threading.Thread(target=time.sleep, args=(2,), daemon=True); t.start(); ts.append(t)\n"
    yield Case("threads", "setpriv --reuid=61236 --regid=61236 --clear-groups bash -c 'ulimit -u 20; exec /usr/bin/python3 crawl.py'", {"crawl.py": threads}, prepare="chmod -R a+rX .. .", env={"HOME": "/"}, proof=r"can't start new thread", heals="")
    watch = "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\nfor n in range(100000):\n    fd = libc.inotify_init1(0)\n    if fd < 0:\n        e = ctypes.get_errno(); raise SystemExit(f'watcher: inotify_init1: {os.strerror(e)} (limit of inotify instances, fs.inotify.max_user_instances)')\n"
    yield Case("inotify", "python3 watch.py", {"watch.py": watch}, proof=r"inotify_init1: Too many open files", heals="")


@scenario("shell/memory", label="out_of_memory", needs=("bash", "python3"), root=True)
@in_steps
def _memory() -> Iterator[Case]:
    yield Case("sort-killed", "set +e\npython3 -c \"import sys; d=[]\nwhile True: d.append(bytearray(1<<20))\"\ncode=$?; echo \"index step exited with $code\"; exit $code", limits=Limits(memory_mb=80), proof=r"Killed|exited with 137")
    yield Case("only-137", "python3 -c \"d=[bytearray(1<<20) for _ in range(4000)]\"", limits=Limits(memory_mb=80), exit_code=137, label="unknown")
    yield Case("fork-memory", "x=$(head -c 300000000 /dev/zero | tr '\\0' x); echo ${#x}", limits=Limits(address_space_mb=250), proof=r"xrealloc: cannot allocate|Cannot allocate memory|cannot allocate")
    yield Case("sort", "seq 3000000 | sort --parallel=1 -S 90% > sorted.txt; python3 -c \"open('sorted.txt').read() * 90\"", limits=Limits(address_space_mb=300), proof=r"memory exhausted|Cannot allocate|MemoryError")
    yield noisy(Case("late", "set +e; tail -c 900000000 /dev/zero | tail > /dev/null; code=$?; [ $code = 0 ] || { echo \"compress step failed: exit code $code\"; exit $code; }", limits=Limits(memory_mb=90), proof=r"Killed|exit code 137"), "unittest")
    yield Case("xz", "xz -9 -k --memlimit-compress=20MiB --no-adjust big.bin", prepare="head -c 3000000 /dev/urandom > big.bin", proof=r"Memory usage limit|Cannot allocate")


@scenario("shell/passes", label=PASSED, needs=("bash",))
def _passes() -> Iterator[Case]:
    words = "Timeout Killed 'No space left on device' 'Connection refused' 'permission denied' 'segmentation fault'"
    yield noisy(Case("words", f"set -x\nfor w in {words}; do printf 'checking that the parser knows: %s ... ok\\n' \"$w\"; done\nfalse || true\nunknown-tool 2>&1 || echo 'optional tool missing, skipped'\ngrep -c error test_service.py || true"), "unittest", "make", "environment", after=CLEANUP)
    yield noisy(Case("waits", "for n in 1 2 3; do echo \"attempt $n: service not ready (connection refused)\"; [ $n = 3 ] && break; sleep 0.2; done; echo ready"), "git", "unpack")
