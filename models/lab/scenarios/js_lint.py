"""Linters, formatters and checks of commit messages, licences and docs."""

from __future__ import annotations

import json
from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_ESLINT = tools("eslint9", "eslint@9 @eslint/js@9")
_ESLINT8 = tools("eslint8", "eslint@8")
_FORMAT = tools("fmt", "prettier@3 stylelint@16 stylelint-config-standard@36")
_BIOME = tools("biome", "@biomejs/biome@1")
_BASE = {"package.json": manifest("shop-web", scripts={"lint": "eslint .", "format:check": "prettier --check ."})}
_FLAT = "const js = require('@eslint/js');\nmodule.exports = [js.configs.recommended, { languageOptions: { globals: { console: 'readonly', fetch: 'readonly', setTimeout: 'readonly', require: 'readonly', module: 'writable', exports: 'writable', test: 'readonly', describe: 'readonly', expect: 'readonly' } }, rules: {%s} }];\n"
_NET = {
    **_BASE,
    "eslint.config.js": _FLAT % "eqeqeq: 'error', 'no-console': 'warn'",
    "src/net.js": "exports.onTimeout = (error) => {\n  const retries = 3;\n  if (error.code == 'ETIMEDOUT') console.log('connection timed out, 503 Service Unavailable');\n  throw new Errror('ECONNREFUSED');\n};\n",
}
_WARNINGS = {f"src/{word}.js": f"exports.{word.replace('-', '_')} = () => {{ console.log('error: out of memory'); console.warn('no space left on device'); }};\n" for word in WORDS}


@scenario("eslint/findings", label="lint_error", needs=("npm",))
def _eslint() -> Iterator[Case]:
    proof = r"^\s+\d+:\d+\s+error\s|: line \d+, col \d+, Error|: error: |\d+:\d+: .*\[Error"
    yield Case("net", "npm run lint", _NET, prepare=_ESLINT, proof=proof)
    yield Case("among-warnings", "npx eslint src --no-color", {**_NET, **_WARNINGS}, prepare=_ESLINT, proof=proof)
    yield Case("max-warnings", "npx eslint src --max-warnings 5", {**_BASE, **_WARNINGS, "eslint.config.js": _FLAT % "'no-console': 'warn'"}, prepare=_ESLINT, proof="too many warnings")
    yield Case("json", "npx eslint src -f json", _NET, prepare=_ESLINT, proof=r'"severity":2')
    old = {**_BASE, ".eslintrc.json": json.dumps({"root": True, "env": {"node": True, "es2022": True}, "extends": "eslint:recommended", "rules": {"indent": ["error", 2], "quotes": ["error", "single"]}}), "src/pool.js": "const memory = 'heap limit'\nfunction allocate(bytes) {\n    if (bytes > limit) throw new Error(\"out of memory\")\n}\n"}
    yield Case("v8-unix", "npx eslint src --format unix", old, prepare=_ESLINT8, proof=r"\[Error/")
    yield Case("v8-compact", "export CI=true\nset -x\nnpx eslint --format compact --report-unused-disable-directives src", old, prepare=_ESLINT8, proof=r", Error - ")
    yield Case("v8-tap-debug", "npx eslint --format visualstudio src", old, prepare=_ESLINT8, proof=r"\): error ")


@scenario("eslint/setup", label="configuration_error", needs=("npm",))
def _eslint_setup() -> Iterator[Case]:
    yield Case("no-config", "npx eslint .", {**_BASE, "a.js": "1;\n"}, prepare=_ESLINT, proof=r"couldn't find an eslint\.config")
    yield Case("plugin", "npx eslint .", {**_BASE, ".eslintrc.json": '{"root": true, "extends": ["plugin:react/recommended"]}', "a.js": "1;\n"}, prepare=_ESLINT8, proof=r"couldn't find the plugin \"eslint-plugin-react\"")
    yield Case("shared", "npm run lint", {**_BASE, ".eslintrc.json": '{"root": true, "extends": ["airbnb-base"]}', "a.js": "1;\n"}, prepare=_ESLINT8, proof=r"couldn't find the config \"airbnb-base\"")
    yield Case("parser", "npx eslint . --debug", {**_BASE, ".eslintrc.json": '{"root": true, "parser": "@typescript-eslint/parser"}', "a.js": "1;\n"}, prepare=_ESLINT8, proof=r"Failed to load parser|Cannot find module '@typescript-eslint/parser'")
    yield Case("rule", "npx eslint .", {**_BASE, "eslint.config.js": _FLAT % "'no-timeout': 'error'", "a.js": "exports.a = 1;\n"}, prepare=_ESLINT, proof=r"Could not find \"no-timeout\"")
    yield Case("option", "set -x\nnpx eslint --rulesdir rules src", _NET, prepare=_ESLINT, proof=r"Invalid option '--rulesdir'")
    yield Case("pattern", "npx eslint lib", _NET, prepare=_ESLINT, proof=r"No files matching the pattern")
    yield Case("config-module", "npx eslint src", {**_NET, "eslint.config.js": "import globals from 'globals-of-acme';\nexport default [{ languageOptions: { globals } }];\n", "package.json": manifest("m", type="module")}, prepare=_ESLINT, proof="Cannot find package 'globals-of-acme'")


@scenario("prettier/check", label="lint_error", needs=("npm",))
def _prettier() -> Iterator[Case]:
    bad = {**_BASE, "src/menu.js": "const menu = {open:true,items:[ 'a','b' ]}\nmodule.exports=menu\n", "styles/a.css": "a{color:red}\n", "README.md": "# Shop\n* a\n* b\n", ".prettierignore": "node_modules\npackage.json\n"}
    proof = r"^\[warn\] (src/|styles/|README)|Code style issues"
    yield Case("check", "npm run format:check", bad, prepare=_FORMAT, proof=proof)
    yield Case("debug", "npx prettier --check . --log-level debug --no-color", {**bad, **_WARNINGS}, prepare=_FORMAT, proof=proof)
    yield Case("list", "npx prettier -l 'src/**' styles || { echo 'These files are not formatted, run npm run format'; exit 1; }", bad, prepare=_FORMAT, proof=r"^(src/menu\.js|styles/a\.css)$|These files are not formatted")
    yield Case("no-parser-plugin", "npx prettier --check src --plugin prettier-plugin-svelte", bad, prepare=_FORMAT, proof=r"Cannot find (package|module) 'prettier-plugin-svelte'", label="configuration_error")
    yield Case("config", "npx prettier --check src", {**bad, ".prettierrc": "{\n  semi: false,\n  tabWidth: two\n"}, prepare=_FORMAT, proof=r"Invalid configuration|YAMLSyntax|SyntaxError|Failed to parse|JSON", label="configuration_error")


@scenario("stylelint/findings", label="lint_error", needs=("npm",))
def _stylelint() -> Iterator[Case]:
    bad = {**_BASE, ".stylelintrc.json": '{"extends": "stylelint-config-standard"}\n', "css/site.css": "a { color: #FFFFFF; colr: red; }\n.Timeout-Error { }\n#a::before { content: 'x'; margin: 0px }\n"}
    yield Case("standard", "npx stylelint 'css/**/*.css'", bad, prepare=_FORMAT, proof=r"✖ |× ")
    yield Case("unix", "npx stylelint css/site.css -f unix --no-color", bad, prepare=_FORMAT, proof=r"\[error\]")
    yield Case("no-config", "npx stylelint css/site.css", {"css/site.css": "a { color: red; }\n"}, prepare=_FORMAT, proof=r"ConfigurationError|No configuration provided", label="configuration_error")
    yield Case("shared-config", "npx stylelint css/site.css", {**bad, ".stylelintrc.json": '{"extends": "stylelint-config-recess-order"}\n'}, prepare=_FORMAT, proof=r"Could not find \"stylelint-config-recess-order\"", label="configuration_error")


@scenario("biome/findings", label="lint_error", needs=("npm",))
def _biome() -> Iterator[Case]:
    bad = {"src/retry.ts": "export function retry(n: any) {\n  if (n == 503) debugger\n  var timeout = 5\n  return n\n}\n", "src/ok.ts": "export const a = 1;\n", "package.json": manifest("x")}
    yield Case("ci", "npx biome ci src", bad, prepare=_BIOME, proof=r"lint/|━ .*format|File content differs")
    yield Case("lint", "npx biome lint src --colors=off", {**bad, **_WARNINGS}, prepare=_BIOME, proof=r"lint/")
    yield Case("format", "npx biome format src", {"src/a.ts": "export const a   =  {b:1}\n"}, prepare=_BIOME, proof=r"differ|format ━")
    yield Case("config", "npx biome check src", {**bad, "biome.json": '{"lintr": {"enabled": true}}\n'}, prepare=_BIOME, proof=r"unknown key|Found an unknown key|deserialize", label="configuration_error")


@scenario("commitlint/message", label="lint_error", needs=("npm", "git"))
def _commit() -> Iterator[Case]:
    lint = tools("commit", "@commitlint/cli@19 @commitlint/config-conventional@19")
    rules = {"commitlint.config.js": "module.exports = { extends: ['@commitlint/config-conventional'] };\n", "package.json": manifest("x")}
    yield Case("one", "echo 'Fixed the timeout of the http client.' | npx commitlint --verbose", rules, prepare=lint, proof=r"✖ +(?!found)\w.* \[|may not be empty")
    git = "git init -q . && git config user.email a@b.example && git config user.name A && git commit -q --allow-empty -m 'chore: start' && git commit -q --allow-empty -m 'WIP disk full again' && git commit -q --allow-empty -m 'feat: add a retry'\n"
    yield Case("range", "npx commitlint --from HEAD~2 --to HEAD --color=false", rules, prepare=lint + git, proof=r"may not be empty")
    yield Case("no-rules", "echo 'feat: x' | npx commitlint", {"package.json": manifest("x")}, prepare=lint, proof="Please add rules|empty-rules", label="configuration_error")


@scenario("docs/checks", label="lint_error", needs=("npm",))
def _docs() -> Iterator[Case]:
    mark = tools("md", "markdownlint-cli@0.43")
    pages = {f"docs/{word}.md": f"# {word}\n\nText about errors and timeouts.\n" for word in WORDS}
    yield Case("markdownlint", "npx markdownlint docs", {**pages, "docs/install.md": "#Install\n\n\n\n* run `npm ci`   \n## Next\n"}, prepare=mark, proof=r"^docs/\S+:\d+.* MD\d{3}/")
    doc = tools("typedoc", "typedoc@0.26 typescript@5.6")
    ts = {"tsconfig.json": '{"compilerOptions": {"strict": true, "skipLibCheck": true, "types": []}, "include": ["src"]}\n', "src/index.ts": "/** See {@link Missing}. */\nexport function run(port: number): void { void port; }\nexport interface Options { hidden: Secret }\ninterface Secret { key: string }\n", "package.json": manifest("x")}
    yield Case("typedoc-warnings", "npx typedoc --treatWarningsAsErrors src/index.ts", ts, prepare=doc, proof=r"\[warning\]|warning")
    knip = tools("knip", "knip@5 typescript@5.6 @types/node@20")
    yield Case("knip", "npx knip", {"package.json": manifest("x", main="index.js", dependencies={"lodash": "4"}), "index.js": "require('./used');\n", "used.js": "exports.a = 1;\n", "orphan.js": "exports.b = 2;\n"}, prepare=knip, proof=r"orphan\.js|Unused (files|dependencies)")
    lic = tools("lic", "license-checker@25")
    yield Case("licences", "npx license-checker --onlyAllow 'MIT;ISC' --summary", {"package.json": manifest("x", license="MIT", dependencies={"gpl-thing": "1.0.0"}), "node_modules/gpl-thing/package.json": '{"name": "gpl-thing", "version": "1.0.0", "license": "GPL-3.0-only"}\n'}, prepare=lic, proof=r"is licensed under .* which is not permitted")


@scenario("lint/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    yield Case("eslint-warnings", "set -x\nnpx eslint src --no-color\nnpx eslint --version", {**_BASE, **_WARNINGS, "eslint.config.js": _FLAT % "'no-console': 'warn'"}, prepare=_ESLINT)
    yield Case("debug", "DEBUG=eslint:cli-engine,eslint:languages* npx eslint src --quiet && npx eslint --print-config src/ledger.js | head -200", {**_BASE, **_WARNINGS, "eslint.config.js": _FLAT % "'no-console': 'warn'"}, prepare=_ESLINT)
    yield Case("format", "npx prettier --check . --log-level debug", {**_BASE, **passing([]), "src/a.js": "module.exports = 1;\n"}, prepare=_FORMAT)
