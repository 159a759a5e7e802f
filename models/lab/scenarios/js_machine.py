"""What the machine gives a Node job: watches, processes, a container runtime, locks and leftovers of earlier runs."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_GIT = "git init -q . && git config user.email dev@garden.example && git config user.name Dev && git add -A && git commit -qm start\n"


@scenario("node/watches", label="resource_limit", needs=("node", "unshare"), root=True)
def _watches() -> Iterator[Case]:
    """A user name space has a limit of its own for inotify."""
    watch = "const fs = require('node:fs');\nfor (let i = 0; i < 90; i += 1) {\n  fs.mkdirSync(`src/part${i}`, { recursive: true });\n  fs.watch(`src/part${i}`, () => {});\n}\nconsole.log('watching');\nprocess.exit();\n"
    proof = r"ENOSPC: System limit for number of file watchers reached"
    limited = "unshare -Ur bash -c 'echo {n} > /proc/sys/user/max_inotify_watches && {run}'"
    yield Case("dev-server", limited.format(n=40, run="node dev.js"), {"dev.js": watch}, proof=proof)
    yield Case("node-watch", "node --test test/\n" + limited.format(n=8, run="npm run dev"), {"dev.js": watch, "package.json": manifest("garden", scripts={"dev": "node --trace-uncaught dev.js"}), **passing(WORDS[:12], "node")}, proof=proof)
    instances = "const fs = require('node:fs');\nfs.watch('.', () => {});\nconsole.log('watching');\nprocess.exit();\n"
    yield Case("instances", "unshare -Ur bash -c 'echo 0 > /proc/sys/user/max_inotify_instances && node dev.js'", {"dev.js": instances}, proof=r"EMFILE: too many open files, watch|EMFILE")


@scenario("node/processes", label="resource_limit", needs=("node", "setpriv", "prlimit"), root=True)
def _processes() -> Iterator[Case]:
    spawn = "const { spawn } = require('node:child_process');\nfor (let i = 0; i < 40; i += 1) {\n  const child = spawn('sleep', ['1']);\n  child.on('error', (error) => { console.error(`worker ${i} could not be started:`, error.message); process.exitCode = 1; });\n}\n"
    user = "chmod a+rx . ..\nsetpriv --reuid=61{n} --regid=61{n} --clear-groups prlimit --nproc={m} "
    yield Case("spawn", user.format(n=201, m=22) + "node farm.js", {"farm.js": spawn}, proof=r"spawn sleep EAGAIN")
    tests = passing(WORDS[:13], "node")
    yield Case("spawn-long", "node --test test/\n" + user.format(n=205, m=18) + "node farm.js", {"farm.js": spawn.replace("process.exitCode = 1;", "process.exit(1);"), **tests}, proof=r"spawn sleep EAGAIN")


@scenario("testcontainers/no-daemon", label="infrastructure", needs=("npm",))
def _containers() -> Iterator[Case]:
    ready = tools("tc", "testcontainers@10 dockerode@4")
    start = "const { GenericContainer } = require('testcontainers');\nconst { test } = require('node:test');\ntest('queue keeps messages', async () => {\n  const box = await new GenericContainer('redis:7').withExposedPorts(6379).start();\n  await box.stop();\n});\n"
    proof = r"Could not find a working container runtime strategy|connect (ENOENT|ECONNREFUSED) .*docker\.sock"
    yield Case("test", "node --test", {"test/queue.test.js": start, "package.json": manifest("q")}, prepare=ready, proof=proof)
    yield Case("debug-long", "export DEBUG='testcontainers*'\nnode --test --test-reporter=spec test/*.js", {"test/queue.test.js": start, **passing(WORDS[:14], "node")}, prepare=ready, proof=proof)
    direct = "const Docker = require('dockerode');\nnew Docker().ping().then(() => console.log('docker is there'), (error) => { console.error('Cannot reach the Docker daemon:', error.message); process.exit(1); });\n"
    yield Case("ping", "set -x\nnode check-docker.js", {"check-docker.js": direct, "package.json": manifest("q")}, env={"DOCKER_HOST": "unix:///var/run/docker-of-runner.sock"}, prepare=ready, proof=r"Cannot reach the Docker daemon")


@scenario("npm/git-lock", label="stale_state", needs=("npm", "git"))
def _git_lock() -> Iterator[Case]:
    base = {"package.json": manifest("garden"), ".gitignore": "node_modules\n"}
    lock = _GIT + "touch -d '3 hours ago' .git/index.lock\n"
    proof = r"index\.lock': File exists"
    yield Case("version", "npm version patch -m 'release %s'", base, prepare=lock, proof=proof)
    yield Case("version-verbose", "node --test test/\nset -x\nnpm version minor --loglevel verbose", {**base, **passing(WORDS[:11], "node")}, prepare=lock, proof=proof)


@scenario("npm/left-over-link", label="stale_state", needs=("npm",))
def _left_over() -> Iterator[Case]:
    """A file of an earlier run is where npm, or the build, wants to put its own."""
    tool = {"tool/package.json": manifest("garden-cli", bin={"garden": "cli.js"}), "tool/cli.js": "#!/usr/bin/env node\nconsole.log('garden');\n"}
    exists = "mkdir -p ~/.global/bin && echo '#!/bin/sh' > ~/.global/bin/garden\n"
    yield Case("global-bin", "npm install -g ./tool --prefix ~/.global", tool, prepare=exists, proof=r"EEXIST: file already exists|File exists: ")
    lock = "const fs = require('node:fs');\nconsole.log('building garden docs');\ntry { fs.writeFileSync('.build.lock', String(process.pid), { flag: 'wx' }); } catch (error) {\n  console.error(`Another build seems to be running: ${error.message} (started by pid ${fs.readFileSync('.build.lock', 'utf8').trim()})`);\n  process.exit(1);\n}\nfs.rmSync('.build.lock');\n"
    yield Case("build-lock", "npm run build", {"build.js": lock, ".build.lock": "40711\n", "package.json": manifest("garden", scripts={"build": "node build.js"})}, proof=r"Another build seems to be running")
    made = "import { mkdirSync, writeFileSync } from 'node:fs';\nmkdirSync('release');\nwriteFileSync('release/garden.js', '1');\n"
    yield Case("mkdir", "node --test test/\nnode pack.mjs", {"pack.mjs": made, "release/old.js": "0\n", **passing(WORDS[:9], "node")}, proof=r"EEXIST: file already exists, mkdir 'release'")
    rmdir = "const fs = require('node:fs');\nfs.rmdirSync('dist');\nfs.mkdirSync('dist');\n"
    yield Case("rmdir", "set -x\nnode clean.js", {"clean.js": rmdir, "dist/chunk.old.js": "0\n"}, proof=r"ENOTEMPTY: directory not empty, rmdir 'dist'")


@scenario("pnpm/left-over-modules", label="stale_state", needs=("npm",))
def _modules() -> Iterator[Case]:
    """node_modules were made with another store or layout."""
    pnpm = tools("pm3", "pnpm@9", folder=".tools") + "export PATH=$PWD/.tools/.bin:$PATH\n"
    app = {"package.json": manifest("garden", dependencies={"ms": "2.1.3"})}
    yield Case("store", "export PATH=$PWD/.tools/.bin:$PATH\npnpm add he@1.2.0 --store-dir ~/other-store", app, prepare=pnpm + "pnpm install\n", proof=r"ERR_PNPM_UNEXPECTED_STORE|ERR_PNPM_ABORT_REMOVE_MODULES_DIR_NO_TTY")


@scenario("npm/lost-output", label="unknown", needs=("npm",))
def _lost() -> Iterator[Case]:
    tests = passing(WORDS[:3], "node")
    broken = {"package.json": manifest("garden", scripts={"ci": "node --test > test.log 2>&1"}), **tests, "test/z.test.js": "throw new Error('soil too dry');\n"}
    yield Case("to-a-file", "npm run ci", broken)
    yield Case("grep", "npm run ci 2>/dev/null | grep -v '^>' || true\ntest -e dist/garden.js", broken)
    yield Case("make", "make -s all", {**broken, "Makefile": "all:\n\t@npm run -s ci\n"}, proof=r"make: \*\*\* \[")
    yield Case("exit-only", "node -e 'process.exit(7)' || { echo \"Process completed with exit code $?.\"; exit 7; }")
