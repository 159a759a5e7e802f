"""Jest: wrong values, snapshots, coverage, memory, tests that fail only sometimes, and runs that never end."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_JEST = tools("jest29", "jest@29")
_BASE = {"package.json": manifest("till", scripts={"test": "jest"}, jest={"testEnvironment": "node"})}

_TAX = {
    **_BASE,
    "src/tax.js": "exports.gross = (net, rate) => Math.round(net * (1 + rate) * 100) / 100;\nexports.split = (text) => text.split(';');\n",
    "test/tax.test.js": "const { gross, split } = require('../src/tax');\ntest('adds the reduced rate', () => {\n  expect(gross(100, 0.07)).toBe(107.5);\n});\ntest('splits lines', () => {\n  expect(split('a;b')).toEqual(['a', 'b']);\n});\n",
}
_QUEUE = {
    **_BASE,
    "src/queue.js": "class Queue {\n  constructor() { this.items = []; }\n  push(item) { this.items.push(item); }\n  next() { return this.items.pop(); }\n}\nmodule.exports = { Queue };\n",
    "test/queue.test.js": "const { Queue } = require('../src/queue');\ndescribe('Queue', () => {\n  it('hands out the oldest first', () => {\n    const queue = new Queue();\n    queue.push({ id: 1, to: 'ann' });\n    queue.push({ id: 2, to: 'bob' });\n    expect(queue.next()).toEqual({ id: 1, to: 'ann' });\n  });\n  it('throws on nothing', () => {\n    expect(() => new Queue().next()).toThrow('empty');\n  });\n});\n",
}
_RETRY = {
    **_BASE,
    "src/policy.js": "exports.shouldRetry = (status) => status > 500;\nexports.describe = (e) => `upstream said ${e.status}: ${e.text}`;\n",
    "test/policy.test.js": "const policy = require('../src/policy');\ndescribe('retry policy', () => {\n  test.each([502, 503, 504])('retries on %i', (status) => { expect(policy.shouldRetry(status)).toBe(true); });\n  test('500 Internal Server Error is retried', () => { expect(policy.shouldRetry(500)).toBe(true); });\n  test('describes 503 Service Unavailable', () => {\n    expect(policy.describe({ status: 503, text: 'Service Unavailable' })).toBe('upstream said 503: Bad Gateway');\n  });\n  test('ETIMEDOUT and ECONNRESET are transient', () => { expect(['ETIMEDOUT', 'ECONNRESET']).toContain('ETIMEDOUT'); });\n});\n",
}
_TROUBLE = {
    **_BASE,
    "src/report.js": "exports.explain = (code) => ({ ENOSPC: 'no space left on device', ENOMEM: 'out of memory', EMFILE: 'too many open files' })[code] ?? 'unknown';\n",
    "test/report.test.js": "const { explain } = require('../src/report');\nit('explains ENOSPC', () => expect(explain('ENOSPC')).toBe('disk full'));\nit('explains ENOMEM', () => expect(explain('ENOMEM')).toMatch(/heap out of memory/));\nit('explains EMFILE', () => expect(explain('EMFILE')).toBe('too many open files'));\n",
}


@scenario("jest/wrong-value", label="test_failure", needs=("npm",))
def _wrong() -> Iterator[Case]:
    def case(name: str, script: str, files: dict[str, str], proof: str) -> Case:
        return Case(name, script, files, prepare=_JEST, proof=proof)

    yield case("tax", "npm test", _TAX, r"Expected: 107\.5|Received: +107$")
    yield case("queue-verbose", "npx jest --verbose --no-color", _QUEUE, r'"id": [12]|Received function did not throw')
    yield case("retry-words", "export CI=true\nnpx jest --ci", _RETRY, r"Expected: (true|\"upstream)|Received: (false|\"upstream)")
    yield case("trouble-words", "npm test -- --verbose=false --silent", _TROUBLE, r'Expected( pattern|: "disk)|Received( string|: "no space)')
    many = {**_TAX, **passing(WORDS, each=10)}
    yield case("among-many", "npm ls --all || true\nnpx jest --verbose --runInBand\necho never reached", many, r"Expected: 107\.5|Received: +107$")
    colour = {**_QUEUE, **passing(WORDS[:6])}
    yield case("colour", "FORCE_COLOR=1 npx jest --maxWorkers=2 --bail", colour, r'"id": [12]|Received function did not throw')


@scenario("jest/throws", label="test_failure", needs=("npm",))
def _throws() -> Iterator[Case]:
    deep = {**_BASE, "src/menu.js": "exports.walk = (node) => [node.label, ...exports.walk(node.child ?? node)];\n", "test/menu.test.js": "const { walk } = require('../src/menu');\ntest('walks the menu', () => { expect(walk({ label: 'File', child: { label: 'Open' } })).toEqual(['File', 'Open']); });\n"}
    yield Case("recursion", "npx jest", deep, prepare=_JEST, proof="RangeError: Maximum call stack size exceeded")
    null = {**_BASE, "src/cart.js": "exports.total = (cart) => cart.items.reduce((sum, item) => sum + item.price.amount, 0);\n", "test/cart.test.js": "const { total } = require('../src/cart');\ntest('free items', () => { expect(total({ items: [{ price: { amount: 3 } }, {}] })).toBe(3); });\n", **passing(WORDS[6:12])}
    yield Case("undefined", "npx jest --verbose --expand", null, prepare=_JEST, proof="TypeError: Cannot read properties of undefined")
    promise = {**_BASE, "src/client.js": "exports.load = async (fetch) => (await fetch('/orders')).json();\n", "test/client.test.js": "const { load } = require('../src/client');\ntest('loads orders', async () => {\n  const fetch = async () => ({ json() { throw new Error('Gateway answered 502 with an HTML page'); } });\n  await expect(load(fetch)).resolves.toEqual([]);\n});\n"}
    yield Case("rejected", "npx jest --ci --no-color", promise, prepare=_JEST, proof=r"Received promise rejected|^\s+Rejected to value")
    empty = {**_BASE, "test/todo.test.js": "// the tests of the importer come here\n"}
    yield Case("no-test-in-file", "npx jest", empty, prepare=_JEST, proof="must contain at least one test")


@scenario("jest/snapshot", label="test_failure", needs=("npm",))
def _snapshot() -> Iterator[Case]:
    files = {**_BASE, "src/mail.js": "exports.mail = (name) => ({ subject: `Welcome, ${name}`, lines: ['Dear ' + name, 'Your order is on its way.'] });\n", "test/mail.test.js": "const { mail } = require('../src/mail');\ntest('mail to a customer', () => { expect(mail('Ada')).toMatchSnapshot(); });\ntest('mail to nobody', () => { expect(mail('').subject).toMatchInlineSnapshot('\"Welcome, \"'); });\n"}
    first = _JEST + "npx jest\n"
    changed = first + "sed -i 's/on its way/delayed/' src/mail.js\n"
    yield Case("mismatch", "npm test", files, prepare=changed, proof=r"Your order is (on its way|delayed)")
    yield Case("mismatch-ci", "export CI=true\nnpx jest --ci --verbose --no-color", {**files, **passing(WORDS[:9])}, prepare=changed, proof=r"Your order is (on its way|delayed)")
    yield Case("unwritten", "npx jest --ci", files, prepare=_JEST, proof="New snapshot was not written")
    yield Case("obsolete-survived", "npx jest --ci --verbose\n", {**files, "test/sum.test.js": "test('sums', () => { expect([1, 2].length).toBe(3); });\n"}, prepare=_JEST + "npx jest || true\nsed -i 's/mail to a customer/mail to a client/' test/mail.test.js test/__snapshots__/*\nsed -i 's/client/buyer/' test/mail.test.js\nnpx jest test/mail || true\n", proof=r"Expected: 3|Received: 2")


@scenario("jest/coverage", label="test_failure", needs=("npm",))
def _coverage() -> Iterator[Case]:
    files = {
        "package.json": manifest("till", jest={"collectCoverage": True, "coverageThreshold": {"global": {"lines": 90, "branches": 80}}}),
        "src/zones.js": "exports.zone = (country) => {\n  if (country === 'de') return 'eu';\n  if (country === 'fr') return 'eu';\n  if (country === 'us') return 'na';\n  if (country === 'jp') return 'asia';\n  return 'rest';\n};\n",
        "test/zones.test.js": "const { zone } = require('../src/zones');\ntest('german', () => { expect(zone('de')).toBe('eu'); });\n",
    }
    proof = r"coverage threshold for .* not met"
    yield Case("global", "npx jest", files, prepare=_JEST, proof=proof)
    yield Case("ci", "export CI=true\nnpx jest --coverage --coverageReporters=text --coverageReporters=lcov --verbose", {**files, **passing(WORDS)}, prepare=_JEST, proof=proof)


@scenario("jest/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=("npm",))
def _flaky() -> Iterator[Case]:
    slow = {**_BASE, "test/upload.test.js": "const fs = require('fs');\ntest('uploads a large file', async () => {\n  // only the first run in a workspace finds the cache cold\n  const cold = !fs.existsSync('.warm');\n  fs.writeFileSync('.warm', '');\n  await new Promise((done) => setTimeout(done, cold ? 7000 : 5));\n});\n"}
    proof = r"Exceeded timeout of \d+ ms|thrown: \"Exceeded timeout"
    yield Case("timeout", "npx jest", slow, prepare=_JEST, proof=proof)
    yield Case("timeout-ci", "export CI=true\nnpx jest --ci --verbose --testTimeout=1500", {**slow, **passing(WORDS[:10])}, prepare=_JEST, proof=proof)
    hook = {**_BASE, "test/database.test.js": "const fs = require('fs');\nlet db;\nbeforeAll(async () => {\n  const wait = fs.existsSync('.warm') ? 0 : 2500;\n  fs.writeFileSync('.warm', '');\n  await new Promise((done) => setTimeout(done, wait));\n  db = new Map([['ann', 1]]);\n}, 800);\ntest('finds a user', () => { expect(db.get('ann')).toBe(1); });\n"}
    yield Case("hook-timeout", "npm test -- --no-color", hook, prepare=_JEST, proof=proof)
    again = {
        "package.json": manifest("feed", jest={"testEnvironment": "node"}),
        "test/stream.test.js": "jest.retryTimes(2, { logErrorsBeforeRetry: true });\nlet run = 0;\ntest('events come in order', () => {\n  run += 1;\n  expect(run === 2 ? ['open', 'data'] : ['data', 'open']).toEqual(['open', 'data']);\n});\n",
        "test/race.test.js": "const fs = require('fs');\ntest('two writers do not meet', async () => {\n  const won = fs.existsSync('.second') ? 'a' : 'b';\n  fs.writeFileSync('.second', '');\n  await Promise.race([new Promise((done) => setTimeout(done, 5)), new Promise((done) => setTimeout(done, 6))]);\n  if (won !== 'a') throw new Error('race: writer b finished before writer a (timing dependent)');\n});\n",
    }
    yield Case("race", "npx jest --verbose", again, prepare=_JEST, proof=r"^\s+race: writer")
    script = "npx jest --ci --json --outputFile=report.json || { echo 'Retrying the failed tests once'; npx jest --ci --onlyFailures --no-color && echo 'passed on the second try: marking the job as flaky' && exit 1; }"
    seeded = {**_BASE, "test/random.test.js": "const fs = require('fs');\ntest('shuffled deck keeps its order rule', () => {\n  const seed = fs.existsSync('.seeded') ? 7 : 4712;\n  fs.writeFileSync('.seeded', '');\n  console.log(`random seed ${seed}`);\n  expect(seed % 7).toBe(0);\n});\n"}
    yield Case("passes-on-rerun", script, seeded, prepare=_JEST, proof="passed on the second try")


@scenario("jest/heap", label="out_of_memory", heals="raise_heap", needs=("npm",))
def _heap() -> Iterator[Case]:
    files = {**_BASE, "test/report.test.js": "test('builds the yearly report', () => {\n  const rows = [];\n  for (let i = 0; i < 1_500_000; i += 1) rows.push({ day: i, total: `row ${i}` });\n  expect(rows.length).toBe(1_500_000);\n});\n", **passing(WORDS[:4])}
    proof = r"JavaScript heap out of memory|Reached heap limit|terminated due to reaching memory limit"
    yield Case("in-band", "npx jest --runInBand --verbose", files, env={"NODE_OPTIONS": "--max-old-space-size=80"}, prepare=_JEST, proof=proof)
    yield Case("workers", "npx jest --maxWorkers=2\necho done", files, env={"NODE_OPTIONS": "--max-old-space-size=96"}, prepare=_JEST, proof=proof)


@scenario("jest/killed-worker", label="out_of_memory", needs=("npm",), root=True)
def _killed() -> Iterator[Case]:
    files = {**_BASE, "test/image.test.js": "test('decodes a panorama', () => {\n  const tiles = [];\n  for (let i = 0; i < 60; i += 1) tiles.push(Buffer.alloc(20 << 20, i));\n  expect(tiles.length).toBe(60);\n});\n", **passing(WORDS[:5])}
    yield Case("worker", "npx jest --maxWorkers=2 --verbose\necho done", files, prepare=_JEST, limits=Limits(memory_mb=420), proof=r"signal=SIGKILL|Killed")
    yield Case("in-band", "set -x\nnpx jest -i\necho done", files, prepare=_JEST, limits=Limits(memory_mb=300), proof=r"Killed$|Killed +npx")


@scenario("jest/never-ends", label="hang", needs=("npm", "timeout"))
def _hang() -> Iterator[Case]:
    leak = {**_BASE, "test/server.test.js": "const http = require('http');\ntest('starts', async () => {\n  const server = http.createServer(() => {});\n  await new Promise((done) => server.listen(0, done));\n  expect(server.address().port).toBeGreaterThan(0);\n});\n", **passing(WORDS[:5])}
    yield Case("did-not-exit", "timeout --verbose 9 npx jest --verbose\n", leak, prepare=_JEST, proof=r"sending signal TERM to command|did not exit one second after")
    loop = {**_BASE, "test/solver.test.js": "test('solves the maze', () => {\n  let steps = 0;\n  while (steps >= 0) steps = (steps + 1) % 1000;\n});\n", **passing(WORDS[:4])}
    yield Case("endless-loop", "echo 'step limit: 8 s'\ntimeout -v -k 2 8 npx jest --runInBand || { code=$?; echo \"The tests did not finish within 8 s and were ended (exit code $code)\"; exit $code; }", loop, prepare=_JEST, proof="did not finish within|sending signal")


@scenario("jest/setup", label="configuration_error", needs=("npm",))
def _setup() -> Iterator[Case]:
    yield Case("environment", "npx jest --env=jsdom", _TAX, prepare=_JEST, proof=r"jest-environment-jsdom cannot be found")
    yield Case("preset", "npm test", {**_TAX, "package.json": manifest("till", scripts={"test": "jest"}, jest={"preset": "ts-jest"})}, prepare=_JEST, proof="Preset ts-jest not found")
    yield Case("third-party", "npx jest --verbose", {**_BASE, "src/day.js": "const dayjs = require('dayjs');\nmodule.exports = () => dayjs();\n", "test/day.test.js": "const day = require('../src/day');\ntest('today', () => { expect(day()).toBeDefined(); });\n"}, prepare=_JEST, proof="Cannot find module 'dayjs'")
    yield Case("option", "npx jest --ci --rnInBand", _TAX, prepare=_JEST, proof=r"Unrecognized CLI Parameter|Unrecognized option")
    yield Case("nothing-found", "npx jest --testPathPattern integration/", _TAX, prepare=_JEST, proof="No tests found, exiting with code 1")
    yield Case("setup-file", "npx jest", {**_TAX, "jest.config.js": "module.exports = { setupFilesAfterEnv: ['<rootDir>/test/setup.js'] };\n", "package.json": manifest("till")}, prepare=_JEST, proof=r"Module <rootDir>/test/setup\.js in the setupFilesAfterEnv")


@scenario("jest/code", label="compile_error", needs=("npm",))
def _code() -> Iterator[Case]:
    yield Case("own-module", "npx jest", {**_BASE, "test/tax.test.js": "const { gross } = require('../src/taxes');\ntest('x', () => { expect(gross(1, 0)).toBe(1); });\n"}, prepare=_JEST, proof=r"Cannot find module '\.\./src/taxes'")
    yield Case("syntax", "npx jest --verbose --no-color", {**_BASE, **passing(WORDS[:8]), "src/tax.js": "exports.gross = (net => net * 1.19;\n", "test/tax.test.js": "const { gross } = require('../src/tax');\ntest('x', () => { expect(gross(1)).toBe(1.19); });\n"}, prepare=_JEST, proof=r"SyntaxError: .*Unexpected token")
    ts = {"package.json": manifest("till", jest={"preset": "ts-jest"}), "src/tax.ts": "export function gross(net: number): string {\n  return net * 1.19;\n}\n", "test/tax.test.ts": "import { gross } from '../src/tax';\ntest('gross', () => { expect(gross(1)).toBe('1.19'); });\n", "tsconfig.json": '{"compilerOptions": {"strict": true, "esModuleInterop": true, "types": ["jest"]}}\n'}
    yield Case("ts-jest", "npx jest", ts, prepare=tools("tsj", "jest@29 ts-jest@29 typescript@5.6 @types/jest@29"), proof="error.*TS2322")


@scenario("jest/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    yield Case("verbose", "npm test -- --verbose", {**_BASE, **passing(WORDS, each=12)}, prepare=_JEST)
    noisy = {**_BASE, "test/log.test.js": "jest.retryTimes(3, { logErrorsBeforeRetry: true });\nlet run = 0;\ntest('second try works', () => {\n  run += 1;\n  console.error(`attempt ${run}: connect ETIMEDOUT 10.1.2.3:443`);\n  console.warn('heap at 90 %, error budget low');\n  if (run < 2) throw new Error('503 Service Unavailable');\n});\ntest('throws out of memory', () => { expect(() => { throw new Error('JavaScript heap out of memory'); }).toThrow('memory'); });\n", **passing(WORDS[8:])}
    yield Case("survived-retry", "export CI=true\nset -x\nnpx jest --ci --coverage", noisy, prepare=_JEST)
