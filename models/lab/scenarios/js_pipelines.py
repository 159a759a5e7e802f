"""Whole CI scripts: many steps that pass and print much, one that fails, and the cleaning up after it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_TOOLS = tools("jest29", "jest@29") + tools("eslint9", "eslint@9 @eslint/js@9") + tools("ts5", "typescript@5.6 @types/node@20")
_FORMAT = tools("fmt", "prettier@3 stylelint@16 stylelint-config-standard@36")

_SOURCES = {f"src/{word}.js": f"/** {word}: reads, checks and writes. */\nexports.run = (input) => {{\n  if (!input) throw new Error('no {word} given');\n  console.log('{word}: 0 errors, 0 failures, timeout 30 s');\n  return input.length;\n}};\n" for word in WORDS}
_PROJECT = {
    "package.json": manifest("hotel-booking", scripts={"lint": "eslint src", "types": "tsc -p . --listFiles", "unit": "jest --verbose", "build": "node tools/build.js"}, jest={"testEnvironment": "node"}),
    "eslint.config.js": "module.exports = [{ files: ['src/**'], rules: { 'no-console': 'warn', 'no-undef': 'off' } }];\n",
    "tsconfig.json": '{"compilerOptions": {"allowJs": true, "noEmit": true, "strict": false, "types": ["node"], "skipLibCheck": true}, "include": ["src"]}\n',
    "tools/build.js": "const fs = require('node:fs');\nfs.mkdirSync('dist', { recursive: true });\nfor (const name of fs.readdirSync('src')) {\n  fs.writeFileSync('dist/' + name, fs.readFileSync('src/' + name, 'utf8').replace(/\\s+/g, ' '));\n  console.log(`  ${name} -> dist/${name} (minified, 0 errors)`);\n}\n",
    "tools/summary.js": "console.log('\\n===== Job summary =====');\nfor (const step of ['checkout', 'install', 'lint', 'types', 'unit', 'build']) console.log(`${step.padEnd(10)} ${'.'.repeat(20)} see above`);\nconsole.log('Post job cleanup.');\n",
    ".prettierrc": '{"singleQuote": true, "printWidth": 160}\n',
    **_SOURCES,
}

_STEPS = {
    "lint": "npm run lint",
    "types": "npm run types",
    "unit": "npx jest --verbose --runInBand test/",
    "build": "npm run build",
    "format": "npx prettier --check src --log-level debug",
    "pack": "tar -cvf /dev/null node_modules/typescript node_modules/@types src",
    "list": "npm ls --all || true",
}
_AFTER = {
    "none": "",
    "summary": "trap 'node tools/summary.js; tar -cvf /dev/null src test 2>/dev/null || true; echo \"Cleaning up orphan processes\"' EXIT\n",
    "logs": "trap 'echo \"##[group]Uploading logs\"; find node_modules/@babel/core node_modules/@babel/generator -name \"*.js\"; echo \"##[endgroup]\"' EXIT\n",
}


def _case(name: str, steps: list[str], fails: str, proof: str, files: Mapping[str, str] | None = None, *, after: str = "summary", head: str = "set -x\n", limits: Limits = Limits(), prepare: str = "", env: Mapping[str, str] | None = None) -> Case:  # noqa: B008
    """Steps that pass, the one that fails, and what a runner prints after it."""
    need = _TOOLS + (_FORMAT if "format" in steps else "")
    script = _AFTER[after] + head + "\n".join([*(_STEPS[step] for step in steps), fails])
    tests = passing(WORDS[:8] if "unit" in steps else [], each=9)
    return Case(name, script, {**_PROJECT, **tests, **(files or {})}, env=env or {}, prepare=need + prepare, proof=proof, limits=limits)


@scenario("ci-script/tests-fail", label="test_failure", needs=("npm",))
def _tests() -> Iterator[Case]:
    price = {"test/price.test.js": "test('weekend price', () => { expect({ nights: 2, total: 180 }).toEqual({ nights: 2, total: 198 }); });\n"}
    yield _case("late", ["lint", "types", "build"], "npx jest --verbose test/", r"^ +[-+] +\"total\": 1", {**price, **passing(WORDS, each=8)})
    yield _case("early-then-noise", [], "npx jest --ci test/price.test.js || status=$?\nnpm run lint\nnpm run types\nnpm run build\nexit $status", r"^ +[-+] +\"total\": 1", price, after="logs")
    words = {"test/alerts.test.js": "const text = (e) => `${e.code}: ${e.message}`;\ntest('alert for a full disk', () => { expect(text({ code: 'ENOSPC', message: 'no space left on device' })).toBe('ENOSPC - no space left on device'); });\ntest('alert for the OOM killer', () => { expect(text({ code: 137, message: 'Killed' })).toBe('exit code 137 (OOMKilled)'); });\n"}
    yield _case("alert-words", ["lint", "build"], "npm run unit", r"^ +(Expected|Received): \"(ENOSPC|exit code|137)", {**words, **passing(WORDS[:10])}, head="export CI=true\n")


@scenario("ci-script/types-fail", label="compile_error", needs=("npm",))
def _types() -> Iterator[Case]:
    room = {"src/room.ts": "export interface Room { beds: number; view?: 'sea' | 'yard' }\nexport const best: Room = { beds: 'two', view: 'lake' };\n"}
    yield _case("after-unit", ["unit", "lint"], "npm run types", r"src/room\.ts.*TS2322", room)
    yield _case("pretty", ["build", "lint", "list"], "npx tsc -p . --pretty --listFiles", r"TS2322: ", room, after="logs", head="")
    yield _case("node-check", ["lint", "unit", "build"], "for f in dist/*.js; do node --check $f; done\nnode tools/release.js", r"SyntaxError: ", {"tools/release.js": "const steps = ['tag', 'push'\nsteps.forEach(console.log);\n"})


@scenario("ci-script/lint-fails", label="lint_error", needs=("npm",))
def _lint() -> Iterator[Case]:
    bad = {"src/checkout.js": "exports.pay = (card) => {\n  if (card.network == null) debugger;\n  return eval(card.amount);\n};\n", "eslint.config.js": _PROJECT["eslint.config.js"].replace("'no-undef': 'off'", "'no-debugger': 'error', 'no-eval': 'error'")}
    yield _case("late", ["unit", "build", "types"], "npm run lint", r"^\s+\d+:\d+\s+error", bad)
    yield _case("format", ["build", "lint"], "npx prettier --check src --log-level debug", r"^\[warn\] src/late|Code style issues", {"src/late.js": "exports.a = ( b )=>b\n"}, after="logs", prepare=_FORMAT)


@scenario("ci-script/memory", label="out_of_memory", heals="raise_heap", needs=("npm",))
def _memory() -> Iterator[Case]:
    report = {"tools/report.js": "const rows = [];\nfor (let i = 0; i < 2_500_000; i += 1) rows.push({ night: i, guest: `guest ${i}`, rooms: [i] });\nconsole.log('report of', rows.length);\n"}
    env = {"NODE_OPTIONS": "--max-old-space-size=128"}
    proof = r"JavaScript heap out of memory|Reached heap limit"
    yield _case("heap", ["lint", "build"], "node tools/report.js", proof, report, env=env)
    yield _case("heap-in-npm", ["build", "pack"], "npm pkg set scripts.report='node tools/report.js'\nnpm run report", proof, report, env=env, after="logs")


@scenario("ci-script/killed", label="out_of_memory", needs=("npm",), root=True)
def _killed() -> Iterator[Case]:
    render = {"tools/render.js": "const pages = [];\nfor (let i = 0; i < 100; i += 1) { pages.push(Buffer.alloc(12 << 20, i + 1)); if (i % 5 === 0) console.log(`rendered page ${i}`); }\n"}
    yield _case("render", ["build", "pack", "lint"], "node tools/render.js\necho rendered", r"Killed", render, limits=Limits(memory_mb=330))


@scenario("ci-script/disk", label="disk_full", needs=("npm",), root=True)
def _disk() -> Iterator[Case]:
    full = "mkdir -p out && mount -t tmpfs -o size=2m tmpfs out\n"
    yield _case("archive", ["lint", "build"], "tar -cvf out/modules.tar node_modules/@babel node_modules/typescript/lib 2>&1", r"tar: out/modules\.tar: (Wrote only|Cannot write)|No space left on device", after="none", head=full)
    yield _case("copy", ["unit", "build"], "node -e \"require('fs').cpSync('node_modules/typescript', 'out/ts', { recursive: true })\"", r"ENOSPC", head=full)


@scenario("ci-script/setup", label="configuration_error", needs=("npm",))
def _setup() -> Iterator[Case]:
    yield _case("no-command", ["lint", "unit"], "sentry-uploader --release 1.4.0 dist", r"sentry-uploader: command not found")
    yield _case("no-secret", ["build", "types"], ": \"${DEPLOY_KEY:?must be set by the runner}\"\nnode tools/deploy.js", r"DEPLOY_KEY: must be set by the runner", head="", after="logs")
    yield _case("no-script", ["unit", "lint", "build"], "npm run e2e:ci", r"Missing script: \"e2e:ci\"")
    yield _case("no-file", ["build"], "npm run types\nnode tools/upload.js --manifest dist/manifest.json", r"ENOENT: no such file or directory, open 'dist/manifest\.json'", {"tools/upload.js": "console.log(JSON.parse(require('fs').readFileSync('dist/manifest.json')));\n"})


@scenario("ci-script/dependencies", label="dependency_not_found", needs=("npm",))
def _dependencies() -> Iterator[Case]:
    proof = r"^npm (error|ERR!) (404 {1,2}(Not Found -|'|The requested)|code E404)|No matching version|code ETARGET"
    yield _case("package", ["lint", "build", "types"], "npm install --no-save --no-audit @hotel-zq/calendar-core@^3", proof)
    yield _case("version", ["unit"], "npm install --no-save --loglevel http he@8.8.8", proof, after="logs")


@scenario("ci-script/conflict", label="dependency_conflict", needs=("npm",))
def _conflict() -> Iterator[Case]:
    app = {"app/package.json": manifest("app", dependencies={"react": "18.2.0", "react-dom": "17.0.2"})}
    yield _case("peer", ["build", "lint"], "cd app && npm install --no-audit", r"ERESOLVE|^npm error (Could not resolve|Found:|peer )", app)


@scenario("ci-script/port", label="stale_state", needs=("npm",))
def _port() -> Iterator[Case]:
    hold = {"tools/hold.js": "require('http').createServer(() => {}).listen(39588, () => console.log('up'));\nsetInterval(() => require('fs').existsSync('tools/hold.js') || process.exit(), 300);\nsetTimeout(() => process.exit(), 110000);\n", "tools/preview.js": "require('http').createServer((q, s) => s.end()).listen(39588);\n"}
    yield _case("preview", ["lint", "build", "unit"], "node tools/preview.js", r"EADDRINUSE: address already in use", hold, prepare="setsid node tools/hold.js > hold.log 2>&1 &\nfor i in $(seq 80); do grep -q up hold.log && break; sleep 0.05; done\n")


@scenario("ci-script/hang", label="hang", needs=("npm", "timeout"))
def _hang() -> Iterator[Case]:
    stuck = {"tools/sync.js": "console.log('syncing rooms: 12 of 40');\nsetInterval(() => {}, 1000);\n"}
    yield _case("sync", ["lint", "build"], "timeout -v 5 node tools/sync.js || { echo '##[error]The operation was canceled: step \"sync\" exceeded its limit of 5 s'; exit 1; }", r"sending signal TERM|exceeded its limit", stuck)


@scenario("ci-script/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=("npm",))
def _sometimes() -> Iterator[Case]:
    slow = {"test/socket.test.js": "const fs = require('fs');\ntest('pushes a booking to all clients', async () => {\n  const cold = !fs.existsSync('.warm');\n  fs.writeFileSync('.warm', '');\n  await new Promise((done) => setTimeout(done, cold ? 3000 : 1));\n}, 1200);\n"}
    yield _case("timeout", ["lint", "types"], "npx jest --verbose", r"Exceeded timeout of \d+ ms", {**slow, **passing(WORDS[:9])})
    once = "npx jest --verbose --ci || { echo '::warning::first run failed, running the failed tests again'; npx jest --onlyFailures --ci && { echo 'the failed tests passed on the second run'; exit 1; }; }"
    yield _case("second-run", ["build", "lint"], once, r"the failed tests passed on the second run", slow, after="logs")


@scenario("ci-script/nothing-said", label="unknown", needs=("npm",))
def _nothing() -> Iterator[Case]:
    yield _case("silent-step", ["lint", "build"], "node tools/finish.js", "", {"tools/finish.js": "process.exit(1);\n"})
    yield _case("hidden", ["unit"], "npm run types > types.log 2>&1 || { echo 'types: failed'; exit 2; }", "", {"src/x.ts": "export const a: string = 1;\n"}, after="none")


@scenario("ci-script/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    yield _case("all", ["lint", "types", "unit", "build", "format"], "node tools/summary.js", "")
    yield _case("with-retry", ["build", "list"], "for i in 1 2 3; do [ $i = 3 ] && break; node -e \"console.error('Error: connect ETIMEDOUT 10.4.0.7:443'); process.exit(1)\" || echo \"try $i failed, once more\"; done\nnpm run unit -- --silent=false", "", passing(WORDS[:6]), after="logs")
