"""Other test runners: node's own, AVA, Jasmine, tape, uvu and QUnit."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_AVA = tools("ava", "ava@6")
_SMALL = tools("small", "tape@5 uvu@0.5 jasmine@5 qunit@2")
_NODE = "const { test, describe } = require('node:test');\nconst assert = require('node:assert');\n"
_COLD = "const fs = require('node:fs');\nconst cold = !fs.existsSync('.warm');\nfs.writeFileSync('.warm', '');\n"

_GEO = {"src/geo.js": "exports.area = (w, h) => w + h;\nexports.center = (points) => points[0];\n", "test/geo.test.js": _NODE + "const { area, center } = require('../src/geo');\ndescribe('geometry', () => {\n  test('area', () => { assert.strictEqual(area(3, 4), 12); });\n  test('center', () => { assert.deepStrictEqual(center([[0, 0], [2, 2]]), [1, 1]); });\n});\n"}
_QUOTA = {"src/quota.js": "exports.message = (used, limit) => used >= limit ? 'Disk quota exceeded' : 'ok';\n", "test/quota.test.js": _NODE + "const { message } = require('../src/quota');\ntest('no space left on device at the limit', () => { assert.equal(message(10, 10), 'No space left on device'); });\ntest('ENOMEM: out of memory', () => { assert.match(message(1, 10), /out of memory/); });\n"}


@scenario("node-test/wrong-value", label="test_failure", needs=("node",))
def _node() -> Iterator[Case]:
    proof = r"AssertionError|ERR_ASSERTION|Expected values to be|did not match the regular expression"
    yield Case("spec", "node --test --test-reporter=spec", _GEO, proof=proof)
    yield Case("tap-long", "set -x\nnode --test --test-reporter=tap", {**_QUOTA, **passing(WORDS, "node", 6)}, proof=proof)
    yield Case("dot", "node --test --test-reporter=dot test/", {**_GEO, **passing(WORDS[:9], "node")}, proof=proof)
    yield Case("quota-words", "npm test", {**_QUOTA, "package.json": manifest("quota", scripts={"test": "node --test --test-concurrency=1"})}, proof=proof)
    yield Case("coverage", "node --test --experimental-test-coverage", {**_GEO, **passing(WORDS[:5], "node")}, proof=proof)
    deno = {"sum_test.ts": "import { strictEqual } from 'node:assert';\nconst sum = (l: number[]) => l.reduce((a, b) => a * b, 1);\nDeno.test('sums a basket', () => { strictEqual(sum([2, 3]), 5); });\nDeno.test('retries after a connection reset', () => { strictEqual(sum([]), 1); });\n"}
    yield Case("deno", "npx deno test --no-check", deno, prepare=tools("deno", "deno@2"), proof="AssertionError")
    bun = {"sum.test.ts": "import { expect, test } from 'bun:test';\nconst sum = (l: number[]) => l.reduce((a, b) => a * b, 1);\ntest('sums a basket', () => { expect(sum([2, 3])).toBe(5); });\ntest('times out politely', () => { expect(sum([])).toBe(1); });\n"}
    yield Case("bun", "npx bun test", bun, prepare=tools("bun", "bun@1"), proof=r"error: expect\(received\)|Expected: 5|Received: 6")


@scenario("deno/code", label="compile_error", needs=("npm",))
def _deno() -> Iterator[Case]:
    deno = tools("deno", "deno@2")
    yield Case("check", "npx deno check main.ts", {"main.ts": "const port: number = 'eight';\nexport { port };\n"}, prepare=deno, proof="TS2322")
    yield Case("run-syntax", "NO_COLOR=1 npx deno run main.ts", {"main.ts": "const list = [1, 2;\nconsole.log(list);\n"}, prepare=deno, proof="error: .*(Expected|Unexpected|parse)|syntax")
    yield Case("own-module", "npx deno run main.ts", {"main.ts": "import { draw } from './draw.ts';\ndraw();\n"}, prepare=deno, proof="Module not found")
    yield Case("permission", "npx deno run --no-prompt main.ts", {"main.ts": "console.log(Deno.readTextFileSync('deno.json'));\n", "deno.json": "{}\n"}, prepare=deno, proof="NotCapable|Requires read access", label="configuration_error")
    yield Case("fmt", "npx deno fmt --check", {"main.ts": "const a={b:1}\nexport {a}\n"}, prepare=deno, proof="not formatted", label="lint_error")
    yield Case("lint", "NO_COLOR=1 npx deno lint", {"main.ts": "let retries = 503;\nexport const f = (x: any) => x + retries;\n"}, prepare=deno, proof=r"error\[", label="lint_error")


@scenario("bun/code", label="compile_error", needs=("npm",))
def _bun() -> Iterator[Case]:
    bun = tools("bun", "bun@1")
    yield Case("syntax", "npx bun run main.ts", {"main.ts": "export const menu = { open: true, items: [1, 2 };\n"}, prepare=bun, proof=r"error: ")
    yield Case("build", "npx bun build ./main.ts --outdir dist", {"main.ts": "import { lights } from './lights';\nlights();\n"}, prepare=bun, proof=r"Could not resolve: \"\./lights\"")
    yield Case("missing-package", "npx bun run main.ts", {"main.ts": "import h from 'hono-of-acme/x';\nh();\n", "package.json": manifest("x"), "node_modules/.keep": ""}, prepare=bun, proof=r"Cannot find (package|module)", label="configuration_error")
    yield Case("missing-script", "npx bun run deploy", {"package.json": manifest("x", scripts={"dev": "bun main.ts"})}, prepare=bun, proof="Script not found", label="configuration_error")
    frozen = "npx bun install && sed -i 's/\"ms\": \"2.1.3\"/\"ms\": \"2.1.2\"/' package.json\n"
    yield Case("frozen", "npx bun install --frozen-lockfile", {"package.json": manifest("x", dependencies={"ms": "2.1.3"})}, prepare=tools("bun", "bun@1", folder="tools/node_modules") + frozen.replace("npx bun", "tools/node_modules/.bin/bun") + "ln -s ../../tools/node_modules/.bin/bun node_modules/.bin/bun || (mkdir -p node_modules/.bin && ln -s ../../tools/node_modules/.bin/bun node_modules/.bin/bun)\n", proof="lockfile had changes, but lockfile is frozen", label="dependency_conflict")


@scenario("node-test/time", label="flaky_test", heals="", needs=("node",))
def _node_time() -> Iterator[Case]:
    slow = {"test/feed.test.js": _NODE + _COLD + "test('feed opens', { timeout: 400 }, async () => { await new Promise((r) => setTimeout(r, cold ? 1500 : 1)); });\n"}
    yield Case("timeout", "node --test", slow, proof=r"test timed out after 400ms")
    yield Case("timeout-long", "node --test --test-reporter=tap", {**slow, **passing(WORDS[:15], "node", 5)}, proof=r"test timed out after 400ms")
    rerun = {"test/order.test.js": _NODE + _COLD + "test('writes arrive in order', () => { assert.deepEqual(cold ? [2, 1] : [1, 2], [1, 2]); });\n"}
    yield Case("rerun", "node --test || { echo '-- retrying once --'; node --test && { echo 'second run passed: flaky'; exit 1; }; }", {**rerun, **passing(WORDS[:3], "node")}, proof="second run passed: flaky")


@scenario("ava/failures", label="test_failure", needs=("npm",))
def _ava() -> Iterator[Case]:
    files = {"package.json": manifest("mixer", type="module"), "lib.js": "export const mix = (a, b) => ({ ...a, ...b });\n", "test.js": "import test from 'ava';\nimport { mix } from './lib.js';\ntest('left wins', (t) => { t.deepEqual(mix({ a: 1 }, { a: 2 }), { a: 1 }); });\ntest('handles connection refused text', (t) => { t.is('ECONNREFUSED'.length, 12); });\n"}
    yield Case("difference", "npx ava", files, prepare=_AVA, proof=r"Difference \(|\[fail\]: left wins")
    yield Case("tap", "npx ava --tap", files, prepare=_AVA, proof=r"^not ok")
    yield Case("no-assertions", "npx ava --verbose", {**files, "test.js": "import test from 'ava';\ntest('plays', async () => { await 1; });\n"}, prepare=_AVA, proof="Test finished without running any assertions")
    yield Case("throws", "CI=1 npx ava --no-color", {**files, "test.js": "import test from 'ava';\nimport { mix } from './lib.js';\ntest('null is fine', (t) => { t.is(mix(null, { a: 1 }).b.c, 1); });\n"}, prepare=_AVA, proof=r"TypeError|Error thrown in test")
    yield Case("timeout", "npx ava --timeout=2s", {**files, "test.js": "import fs from 'node:fs';\nimport test from 'ava';\nconst cold = !fs.existsSync('.warm');\nfs.writeFileSync('.warm', '');\ntest('plays the intro', async (t) => { await new Promise((r) => setTimeout(r, cold ? 15000 : 1)); t.pass(); });\n"}, prepare=_AVA, proof="Timed out while running tests|Exited because no new tests completed", label="flaky_test")
    yield Case("own-module", "npx ava", {**files, "test.js": "import test from 'ava';\nimport { fade } from './fade.js';\ntest('fade', (t) => { t.truthy(fade); });\n"}, prepare=_AVA, proof=r"Cannot find module|ERR_MODULE_NOT_FOUND|Uncaught exception", label="compile_error")
    yield Case("no-tests", "npx ava 'spec/**'", files, prepare=_AVA, proof=r"Couldn.t find any files to test|did not match the filters", label="configuration_error")


@scenario("small-runners/failures", label="test_failure", needs=("npm",))
def _small() -> Iterator[Case]:
    base = {"package.json": manifest("words"), "words.js": "exports.plural = (w) => w + 's';\n"}
    jasmine = {**base, "spec/words.spec.js": "const { plural } = require('../words');\ndescribe('plural', () => {\n  it('of box', () => { expect(plural('box')).toBe('boxes'); });\n  it('of timeout', () => { expect(plural('timeout')).toBe('timeouts'); });\n});\n"}
    yield Case("jasmine", "npx jasmine 'spec/*.spec.js'", jasmine, prepare=_SMALL, proof="Expected 'boxs' to be 'boxes'")
    slow = {**base, "spec/slow.spec.js": "const fs = require('fs');\nit('loads the dictionary', async () => {\n  const cold = !fs.existsSync('.warm');\n  fs.writeFileSync('.warm', '');\n  await new Promise((r) => setTimeout(r, cold ? 9000 : 1));\n  expect(1).toBe(1);\n});\n"}
    yield Case("jasmine-time", "npx jasmine --no-color 'spec/*.spec.js'", slow, prepare=_SMALL, proof=r"Async function did not complete within \d+ms", label="flaky_test")
    tape = {**base, "test/words.js": "const test = require('tape');\nconst { plural } = require('../words');\ntest('plural', (t) => {\n  t.equal(plural('cat'), 'cats');\n  t.equal(plural('city'), 'cities', 'y becomes ies');\n  t.end();\n});\n"}
    yield Case("tape", "npx tape 'test/*.js'", tape, prepare=_SMALL, proof=r"^not ok|expected: +'cities'|actual: +'citys'")
    yield Case("tape-plan", "npx tape test/plan.js", {**base, "test/plan.js": "const test = require('tape');\ntest('calls back three times', (t) => { t.plan(3); t.ok(true); t.ok(true); });\n"}, prepare=_SMALL, proof=r"plan != count|test exited without ending")
    uvu = {**base, "tests/words.js": "const { test } = require('uvu');\nconst assert = require('uvu/assert');\nconst { plural } = require('../words');\ntest('plural of memory', () => { assert.is(plural('memory'), 'memories'); });\ntest('plural of disk', () => { assert.is(plural('disk'), 'disks'); });\ntest.run();\n"}
    yield Case("uvu", "npx uvu tests", uvu, prepare=_SMALL, proof=r'FAIL|Expected values to be strictly equal')
    qunit = {**base, "test/q.js": "const { plural } = require('../words');\nQUnit.module('plural');\nQUnit.test('of sheep', (assert) => { assert.equal(plural('sheep'), 'sheep'); });\nQUnit.test('of error', (assert) => { assert.equal(plural('error'), 'errors'); });\n"}
    yield Case("qunit", "npx qunit", qunit, prepare=_SMALL, proof=r"^not ok|actual +: sheeps|expected: sheep")


@scenario("concurrently/one-fails", label="test_failure", needs=("npm",))
def _concurrently() -> Iterator[Case]:
    many = tools("nrall", "npm-run-all@4 concurrently@9 wait-on@8 start-server-and-test@2")
    files = {**_GEO, **passing(WORDS[:4], "node"), "types.js": "console.log('types: 0 errors');\n"}
    yield Case("concurrently", "npx concurrently --names types,unit,docs 'node types.js' 'node --test' 'echo docs built'", files, prepare=many, proof=r"AssertionError|ERR_ASSERTION|Expected values to be")
    yield Case("run-p", "npm run check", {**files, "package.json": manifest("geo", scripts={"check": "run-p --print-label check:*", "check:types": "node types.js", "check:unit": "node --test --test-reporter=spec"})}, prepare=many, proof=r"AssertionError|ERR_ASSERTION|Expected values to be")
    yield Case("wait-on", "npx wait-on -t 3000 -v http-get://127.0.0.1:39876/health", files, prepare=many, proof=r"Timed out waiting for", label="hang")
    yield Case("server-crashes", "npx start-server-and-test 'node server.js' http://127.0.0.1:39877 'node --test'", {**files, "server.js": "console.log('reading settings');\nthrow new Error('Invalid configuration: \"cacheDir\" must be a path');\n"}, prepare=many, proof=r'Invalid configuration: "cacheDir"', label="configuration_error")


@scenario("node-test/memory", label="out_of_memory", needs=("node",), root=True)
def _memory() -> Iterator[Case]:
    grow = {"test/map.test.js": _NODE + "test('renders all tiles', () => {\n  const tiles = [];\n  for (let i = 0; i < 90; i += 1) tiles.push(Buffer.alloc(12 << 20, i + 1));\n  assert.equal(tiles.length, 90);\n});\n", **passing(WORDS[:6], "node")}
    yield Case("killed-file", "node --test --test-concurrency=1\necho done", grow, limits=Limits(memory_mb=240), proof=r"SIGKILL|Killed")


@scenario("small-runners/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    ava = {"package.json": manifest("mixer", type="module"), "test.js": "import test from 'ava';\nfor (let i = 0; i < 120; i += 1) test(`channel ${i} survives error ${i}`, (t) => { t.log(`retry after ETIMEDOUT #${i}`); t.pass(); });\ntest.failing('known bug: fails', (t) => { t.fail(); });\n"}
    yield Case("ava", "npx ava --verbose", ava, prepare=_AVA)
    tape = {"test/a.js": "const test = require('tape');\ntest('many', (t) => { for (let i = 0; i < 400; i += 1) t.ok(true, `packet ${i}: no error, 0 failed`); t.end(); });\ntest('known', { todo: true }, (t) => { t.equal(1, 2, 'to be done'); t.end(); });\n"}
    yield Case("tape", "npx tape 'test/*.js'", tape, prepare=_SMALL)
