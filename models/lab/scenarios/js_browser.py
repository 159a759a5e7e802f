"""Tests in a real browser: Playwright and Puppeteer with the system's Chromium."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, tools

_PLAY = tools("play", "@playwright/test@1.49")
_PPTR = tools("pptr", "puppeteer-core@23")
_NEEDS = ("npm", "chromium")
_CONFIG = "const { defineConfig } = require('@playwright/test');\nmodule.exports = defineConfig({ testDir: 'e2e', workers: 1, timeout: %d, expect: { timeout: 1500 }, retries: %d, reporter: process.env.REPORTER || 'list', use: { browserName: 'chromium', launchOptions: { executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] } }, %s });\n"
_TEST = "const { test, expect } = require('@playwright/test');\nconst fs = require('fs');\nconst page1 = (body) => `data:text/html,<title>Shop</title>${encodeURIComponent(body)}`;\n"


def _suite(body: str, *, timeout: int = 15000, retries: int = 0, more: str = "", others: int = 0) -> dict[str, str]:
    files = {"package.json": manifest("shop-e2e", scripts={"e2e": "playwright test"}), "playwright.config.js": _CONFIG % (timeout, retries, more), "e2e/shop.spec.js": _TEST + body}
    if others:
        files["e2e/a-units.spec.js"] = _TEST + "".join(f"test('formats {WORDS[i % len(WORDS)]} {i}', () => {{ console.log('rendered error page {i} in {i} ms'); expect(`{i}`).toBe('{i}'); }});\n" for i in range(others))
    return files


@scenario("playwright/wrong-page", label="test_failure", needs=_NEEDS)
def _wrong() -> Iterator[Case]:
    title = "test('cart has a title', async ({ page }) => {\n  await page.goto(page1('<h1>Your basket</h1>'));\n  expect(await page.textContent('h1')).toBe('Your cart');\n});\n"
    yield Case("title", "npx playwright test", _suite(title), prepare=_PLAY, proof=r'Expected: .*"Your|Received: .*"Your')
    total = "test('total is shown', async ({ page }) => {\n  await page.goto(page1('<p id=t>17.00</p>'));\n  const total = Number(await page.textContent('#t'));\n  expect(total, 'sum of the 503 items').toBe(18);\n});\ntest('message of a lost connection', async ({ page }) => { await page.goto(page1('net::ERR_CONNECTION_REFUSED')); await page.waitForSelector('text=REFUSED'); });\n"
    yield Case("total-long", "export CI=true\nset -x\nnpm run e2e -- --reporter=line", _suite(total, others=60), prepare=_PLAY, proof=r"Expected: .*18|Received: .*17")
    both = _suite(total, retries=1)
    yield Case("fails-again-on-retry", "npx playwright test --reporter=dot", both, prepare=_PLAY, proof=r"Expected: .*18|Received: .*17")


@scenario("playwright/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=_NEEDS)
def _flaky() -> Iterator[Case]:
    # in a hook: the file itself is loaded twice, by the runner and by its worker
    cold = "let cold;\ntest.beforeAll(() => {\n  cold = !fs.existsSync('.warm');\n  fs.writeFileSync('.warm', '');\n});\n"
    hidden = cold + "test('opens the menu', async ({ page }) => {\n  await page.goto(page1(`<button id=menu style=\"visibility:${cold ? 'hidden' : 'visible'}\">Menu</button>`));\n  await page.click('#menu', { timeout: 1200 });\n});\n"
    yield Case("not-visible", "npx playwright test", _suite(hidden), prepare=_PLAY, proof=r"Timeout 1200ms exceeded|element is not visible")
    covered = cold + "test('buys', async ({ page }) => {\n  await page.goto(page1(`<button id=buy>Buy</button>${cold ? '<div style=\"position:fixed;inset:0\">loading</div>' : ''}`));\n  await page.click('#buy', { timeout: 1200 });\n});\n"
    yield Case("covered", "set -x\nnpm run e2e -- --reporter=list,dot", _suite(covered, others=40).copy(), prepare=_PLAY + "sed -i 's/list,dot/list/' package.json\n", proof=r"intercepts pointer events|Timeout 1200ms exceeded")
    text = cold + "test('shows the price', async ({ page }) => {\n  await page.goto(page1(`<p id=p>loading</p><script>setTimeout(() => p.textContent = '9 EUR', ${cold ? 9000 : 10})</script>`));\n  await expect(page.locator('#p')).toHaveText('9 EUR');\n});\n"
    yield Case("expect-waits", "REPORTER=line npx playwright test", _suite(text), prepare=_PLAY, proof=r"Timed out 1500ms waiting for")
    strict = cold + "test('passes at second sight', async ({ page }, info) => {\n  await page.goto(page1('<p>x</p>'));\n  if (cold && info.retry === 0) await page.waitForSelector('#spinner-gone', { timeout: 700 });\n});\n"
    yield Case("fail-on-flaky", "npx playwright test --fail-on-flaky-tests", _suite(strict, retries=2, others=12), prepare=_PLAY, proof=r"^\s+1 flaky|waiting for locator\('#spinner-gone'\)|Timeout 700ms")
    whole = cold + "test('checks out', async ({ page }) => {\n  await page.goto(page1('<p>x</p>'));\n  if (cold) await page.waitForFunction(() => window.done);\n});\n"
    yield Case("test-timeout", "npx playwright test --no-deps", _suite(whole, timeout=2500), prepare=_PLAY, proof=r"Test timeout of 2500ms exceeded")


@scenario("playwright/setup", label="configuration_error", needs=_NEEDS)
def _setup() -> Iterator[Case]:
    body = "test('opens', async ({ page }) => { await page.goto(page1('x')); });\n"
    plain = {**_suite(body), "playwright.config.js": "module.exports = { testDir: 'e2e', timeout: 9000 };\n"}
    yield Case("no-browser", "npx playwright test", plain, prepare=_PLAY, proof=r"Executable doesn't exist at|Please run the following command to download new browsers")
    yield Case("no-browser-ci", "export CI=1\nnpm run e2e -- --reporter=github", {**plain, **{k: v for k, v in _suite(body, others=30).items() if "a-units" in k}}, prepare=_PLAY, proof=r"Executable doesn't exist at")
    yield Case("no-tests", "npx playwright test checkout", _suite(body), prepare=_PLAY, proof="No tests found")
    yield Case("project", "npx playwright test --project=webkit-mobile", _suite(body), prepare=_PLAY, proof=r"Project\(s\) \"webkit-mobile\" not found")
    yield Case("sandbox", "npx playwright test", {**plain, "playwright.config.js": "module.exports = { testDir: 'e2e', use: { launchOptions: { executablePath: '/usr/bin/chromium', chromiumSandbox: true } } };\n"}, prepare=_PLAY, proof=r"Running as root without --no-sandbox|No usable sandbox")
    yield Case("server", "npx playwright test", _suite(body, more="webServer: { command: 'node dist/server.js', url: 'http://127.0.0.1:39561', timeout: 4000 }"), prepare=_PLAY, proof=r"Cannot find module '.*dist/server\.js'")
    yield Case("pptr-path", "node shot.js", {"shot.js": "const p = require('puppeteer-core');\np.launch({ executablePath: '/opt/chrome/chrome' }).then((b) => b.close());\n"}, prepare=_PPTR, proof=r"Browser was not found at the configured executablePath|ENOENT")
    yield Case("pptr-channel", "set -x\nnode shot.js", {"shot.js": "const p = require('puppeteer-core');\np.launch({ channel: 'chrome' }).then((b) => b.close());\n"}, prepare=_PPTR, proof=r"Could not find Google Chrome|Browser was not found")


@scenario("playwright/server-never-up", label="hang", needs=_NEEDS)
def _server() -> Iterator[Case]:
    body = "test('opens', async ({ page }) => { await page.goto('/'); });\n"
    files = _suite(body, more="webServer: { command: 'node server.js', url: 'http://127.0.0.1:39562', timeout: 4000, stdout: 'pipe' }")
    yield Case("waits", "npx playwright test", {**files, "server.js": "console.log('connecting to the queue ...');\nsetInterval(() => {}, 1000);\n"}, prepare=_PLAY, proof="Timed out waiting 4000ms from config.webServer")
    loop = _suite("test('plays the whole film', async ({ page }) => { test.setTimeout(0); await page.goto(page1('x')); await page.evaluate(() => new Promise(() => {})); });\n", more="globalTimeout: 6000")
    yield Case("global-timeout", "npx playwright test", loop, prepare=_PLAY, proof=r"Timed out waiting 6s for the (test suite|entire test run)|Timed out waiting")


@scenario("playwright/code", label="compile_error", needs=_NEEDS)
def _code() -> Iterator[Case]:
    yield Case("syntax", "npx playwright test", _suite("test('opens', async ({ page } => { });\n"), prepare=_PLAY, proof=r"SyntaxError: ")
    yield Case("own-module", "npx playwright test --list", _suite("const { login } = require('./steps/login');\ntest('x', () => login());\n"), prepare=_PLAY, proof=r"Cannot find module '\./steps/login'")


@scenario("playwright/page-refused", label="test_failure", needs=_NEEDS)
def _refused() -> Iterator[Case]:
    body = "test('start page', async ({ page }) => { await page.goto('http://127.0.0.1:39563/'); });\n"
    yield Case("refused", "npx playwright test", _suite(body), prepare=_PLAY, proof=r"net::ERR_CONNECTION_REFUSED at http://127\.0\.0\.1:39563")
    pptr = "const p = require('puppeteer-core');\nconst assert = require('node:assert');\n(async () => {\n  const b = await p.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });\n  try {\n    const page = await b.newPage();\n    await page.setContent('<ul><li>a</li></ul>');\n    const n = (await page.$$('li')).length;\n    console.log('items:', n);\n    assert.strictEqual(n, 2, 'expected two items in the list');\n  } finally { await b.close(); }\n})().catch((e) => { console.error(e); process.exit(1); });\n"
    yield Case("pptr-assert", "node check.js", {"check.js": pptr}, prepare=_PPTR, proof=r"AssertionError.*expected two items")
    wait = pptr.replace("await page.setContent('<ul><li>a</li></ul>');", "await page.setContent('<p>loading</p>');\n    await page.waitForSelector('li', { timeout: 800 });")
    yield Case("pptr-wait", "node check.js", {"check.js": wait}, prepare=_PPTR, proof=r"TimeoutError: Waiting for selector `li` failed", label="flaky_test")


@scenario("playwright/passes", label=PASSED, needs=_NEEDS)
def _passes() -> Iterator[Case]:
    flaky = "test('second try', async ({ page }, info) => { await page.goto(page1('<p>x</p>')); expect(info.retry).toBe(1); });\n"
    yield Case("one-flaky", "set -x\nnpx playwright test", _suite(flaky, retries=2, others=70), prepare=_PLAY)
