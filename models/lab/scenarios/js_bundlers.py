"""Bundlers and compilers: webpack, Vite, Rollup, esbuild, Babel, SWC, Parcel; and task runners above them."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_WEBPACK = tools("webpack5", "webpack@5 webpack-cli@5 babel-loader@9 @babel/core@7 @babel/preset-env@7")
_VITE = tools("vite5", "vite@5")
_ROLLUP = tools("rollup4", "rollup@4")
_ESBUILD = tools("esb", "esbuild@0.24")
_BABEL = tools("babel", "@babel/cli@7 @babel/core@7 @babel/preset-env@7")
_SWC = tools("swc", "@swc/cli@0.5 @swc/core@1")
_PARCEL = tools("parcel", "parcel@2.12")
_TURBO = tools("turbo", "turbo@2")
_LERNA = tools("lerna", "lerna@8")


def _scenes(count: int) -> dict[str, str]:
    """A game of many small modules, all imported by src/scenes.js."""
    files = {f"src/scenes/{WORDS[i % len(WORDS)]}{i}.js": f"export const scene{i} = {{ id: {i}, title: '{WORDS[i % len(WORDS)]}', enter() {{ return 'error-free {i}'; }} }};\n" for i in range(count)}
    files["src/scenes.js"] = "".join(f"export * from './scenes/{WORDS[i % len(WORDS)]}{i}.js';\n" for i in range(count))
    return files


_GAME = {"package.json": manifest("maze-game", scripts={"build": "webpack --mode production", "build:vite": "vite build"}), "src/index.js": "import * as scenes from './scenes.js';\nconsole.log(Object.keys(scenes));\n", **_scenes(6)}
_LOST = {**_GAME, "src/index.js": "import { scene0 } from './scenes.js';\nimport { Player } from './player.js';\nnew Player(scene0);\n"}
_BROKEN = {**_GAME, "src/scenes.js": "export const open = (door => {\n  return door.open;\n};\n", "src/index.js": "import { open } from './scenes.js';\nopen();\n"}


@scenario("webpack/code", label="compile_error", needs=("npm",))
def _webpack() -> Iterator[Case]:
    lost = r"Module not found: Error: Can't resolve '\./player"
    yield Case("own-module", "npm run build", _LOST, prepare=_WEBPACK, proof=lost)
    yield Case("own-module-verbose", "export CI=1\nset -x\nnpx webpack --mode development --stats verbose --no-color", {**_LOST, **_scenes(25)}, prepare=_WEBPACK, proof=lost)
    yield Case("syntax", "npx webpack --mode production --progress", _BROKEN, prepare=_WEBPACK, proof=r"Module parse failed: Unexpected token")
    babel = {**_BROKEN, "webpack.config.js": "module.exports = { mode: 'production', module: { rules: [{ test: /\\.js$/, use: 'babel-loader' }] } };\n", "babel.config.json": '{"presets": ["@babel/preset-env"]}\n'}
    yield Case("babel-loader", "npx webpack", babel, prepare=_WEBPACK, proof=r"SyntaxError: .*(Unexpected token|Missing|Unterminated)")
    export = {**_GAME, "src/index.js": "import { finalScene } from './scenes.js';\nfinalScene.enter();\n", "webpack.config.js": "module.exports = { mode: 'production', module: { parser: { javascript: { exportsPresence: 'error' } } } };\n"}
    yield Case("export", "npx webpack --stats-error-details", export, prepare=_WEBPACK, proof=r"export 'finalScene' .* was not found")
    css = {**_GAME, "src/index.js": "import './look.styl';\n", "src/look.styl": "body\n  color teal\n"}
    yield Case("no-loader", "npx webpack --mode none", css, prepare=_WEBPACK, proof="You may need an appropriate loader", label="configuration_error")
    yield Case("package", "npx webpack --mode production --json", {**_GAME, "src/index.js": "import pixi from 'pixi-of-acme';\npixi();\n"}, prepare=_WEBPACK, proof=r"Can't resolve 'pixi-of-acme'", label="configuration_error")
    yield Case("schema", "npx webpack", {**_GAME, "webpack.config.js": "module.exports = { mode: 'production', entry: './src/index.js', outptu: { path: __dirname } };\n"}, prepare=_WEBPACK, proof=r"has an unknown property 'outptu'", label="configuration_error")
    yield Case("plugin", "npm run build", {**_GAME, "webpack.config.js": "const Html = require('html-webpack-plugin');\nmodule.exports = { plugins: [new Html()] };\n"}, prepare=_WEBPACK, proof="Cannot find module 'html-webpack-plugin'", label="configuration_error")


@scenario("webpack/heap", label="out_of_memory", heals="raise_heap", needs=("npm",))
def _webpack_heap() -> Iterator[Case]:
    big = {**_GAME, **_scenes(500)}
    proof = r"JavaScript heap out of memory|Reached heap limit"
    yield Case("production", "npm run build", big, env={"NODE_OPTIONS": "--max-old-space-size=40"}, prepare=_WEBPACK, proof=proof)
    yield Case("source-maps", "set -x\nnpx webpack --mode development --devtool source-map --progress\necho built", big, env={"NODE_OPTIONS": "--max-old-space-size=36"}, prepare=_WEBPACK, proof=proof)


@scenario("webpack/killed", label="out_of_memory", needs=("npm",), root=True)
def _webpack_killed() -> Iterator[Case]:
    big = {**_GAME, **_scenes(600)}
    yield Case("production", "npx webpack --mode production --progress=profile\necho built", big, prepare=_WEBPACK, limits=Limits(memory_mb=90), proof="Killed")
    yield Case("npm", "npm run build || { code=$?; echo \"build exited with $code\"; exit $code; }", big, prepare=_WEBPACK, limits=Limits(memory_mb=110), proof="Killed|SIGKILL")


@scenario("webpack/disk", label="disk_full", needs=("npm",), root=True)
def _webpack_disk() -> Iterator[Case]:
    full = "mkdir dist && mount -t tmpfs -o size=64k tmpfs dist\ntrap 'umount -l dist' EXIT\n"
    yield Case("emit", full + "npx webpack --mode development --devtool source-map", {**_GAME, **_scenes(150)}, prepare=_WEBPACK, proof="ENOSPC")


@scenario("vite/code", label="compile_error", needs=("npm",))
def _vite() -> Iterator[Case]:
    page = {"index.html": "<!doctype html>\n<title>Maze</title>\n<script type=\"module\" src=\"/src/index.js\"></script>\n"}
    yield Case("own-module", "npm run build:vite", {**_LOST, **page}, prepare=_VITE, proof=r"Could not resolve \"\./player\.js\"")
    yield Case("syntax-debug", "npx vite build --debug transform", {**_BROKEN, **page}, prepare=_VITE, proof=r"Failed to parse source|Parse ?error")
    yield Case("export", "set -x\nnpx vite build --logLevel info", {**_GAME, **page, **_scenes(30), "src/index.js": "import { finalScene } from './scenes.js';\nfinalScene.enter();\n"}, prepare=_VITE, proof=r"\"finalScene\" is not exported by")
    yield Case("package", "npx vite build", {**_GAME, **page, "src/index.js": "import { createApp } from 'vue';\ncreateApp({});\n"}, prepare=_VITE, proof=r"failed to resolve import \"vue\"", label="configuration_error")
    yield Case("no-entry", "npx vite build", _GAME, prepare=_VITE, proof=r"Could not resolve entry module", label="configuration_error")
    yield Case("plugin", "npx vite build", {**_GAME, **page, "vite.config.mjs": "import vue from '@vitejs/plugin-vue';\nexport default { plugins: [vue()] };\n"}, prepare=_VITE, proof=r"Cannot find (package|module) '@vitejs/plugin-vue'", label="configuration_error")
    yield Case("strict-port", "npx vite --port 39544 --strictPort --host 127.0.0.1", {**_GAME, **page, "hold.js": "require('http').createServer(() => {}).listen(39544, '127.0.0.1', () => console.log('up'));\nsetInterval(() => require('fs').existsSync('hold.js') || process.exit(), 300);\nsetTimeout(() => process.exit(), 100000);\n"}, prepare=_VITE + "setsid node hold.js > hold.log 2>&1 &\nfor i in $(seq 60); do grep -q up hold.log && break; sleep 0.05; done\n", proof=r"Port 39544 is already in use", label="stale_state")


@scenario("rollup/code", label="compile_error", needs=("npm",))
def _rollup() -> Iterator[Case]:
    yield Case("own-module", "npx rollup src/index.js --file dist/maze.js", _LOST, prepare=_ROLLUP, proof=r"Could not resolve \"\./player\.js\"")
    yield Case("syntax", "npx rollup -i src/index.js -d dist -f cjs --silent", _BROKEN, prepare=_ROLLUP, proof=r"RollupError|Expected|Unexpected")
    yield Case("config", "npx rollup -c --no-treeshake", {**_GAME, "rollup.config.mjs": "import terser from '@rollup/plugin-terser';\nexport default { input: 'src/index.js', plugins: [terser()] };\n"}, prepare=_ROLLUP, proof="Cannot find package '@rollup/plugin-terser'", label="configuration_error")
    yield Case("warnings-first", "npx rollup src/index.js -f iife --failAfterWarnings", {**_GAME, "src/index.js": "import fs from 'fs';\nimport { a } from './cycle.js';\nexport const x = [fs, a];\n", "src/cycle.js": "import { x } from './index.js';\nexport const a = () => x;\n"}, prepare=_ROLLUP, proof=r"failAfterWarnings|Warnings occurred", label="lint_error")


@scenario("esbuild/code", label="compile_error", needs=("npm",))
def _esbuild() -> Iterator[Case]:
    yield Case("own-module", "npx esbuild src/index.js --bundle --outdir=dist", _LOST, prepare=_ESBUILD, proof=r"Could not resolve \"\./player\.js\"")
    yield Case("syntax", "npx esbuild src/index.js --bundle --log-level=debug --color=false", _BROKEN, prepare=_ESBUILD, proof=r"\[ERROR\] ")
    yield Case("package", "set -x\nnpx esbuild src/index.js --bundle --platform=browser --log-limit=0", {**_GAME, "src/index.js": "import * as THREE from 'three';\nnew THREE.Scene();\n"}, prepare=_ESBUILD, proof="Could not resolve \"three\"", label="configuration_error")
    yield Case("loader", "npx esbuild src/index.js --bundle --outfile=o.js", {**_GAME, "src/index.js": "import map from './level.tmx';\nconsole.log(map);\n", "src/level.tmx": "<map/>\n"}, prepare=_ESBUILD, proof=r"No loader is configured for", label="configuration_error")
    yield Case("flag", "npx esbuild --bundel src/index.js", _GAME, prepare=_ESBUILD, proof=r"Invalid build flag", label="configuration_error")


@scenario("babel/code", label="compile_error", needs=("npm",))
def _babel() -> Iterator[Case]:
    config = {"babel.config.json": '{"presets": ["@babel/preset-env"]}\n'}
    yield Case("syntax", "npx babel src --out-dir lib --verbose", {**_BROKEN, **config}, prepare=_BABEL, proof=r"SyntaxError: ")
    yield Case("jsx", "npx babel src -d lib", {**_GAME, **config, "src/hud.js": "export const Hud = ({ lives }) => <b>{lives}</b>;\n"}, prepare=_BABEL, proof=r"SyntaxError: .*Support for the experimental syntax 'jsx'", label="configuration_error")
    yield Case("preset", "npx babel src -d lib", {**_GAME, "babel.config.json": '{"presets": ["@babel/preset-typescript"]}\n'}, prepare=_BABEL, proof=r"Cannot find (package|module) '@babel/preset-typescript'", label="configuration_error")
    yield Case("swc-syntax", "npx swc src -d lib", _BROKEN, prepare=_SWC, proof=r"Syntax Error|x Expected|× Expected|Unexpected")
    yield Case("swc-config", "npx swc src -d lib", {**_GAME, ".swcrc": '{"jsc": {"parser": {"syntax": "coffee"}}}\n'}, prepare=_SWC, proof=r"unknown variant|failed to (read|parse|deserialize)|\.swcrc", label="configuration_error")


@scenario("parcel/code", label="compile_error", needs=("npm",))
def _parcel() -> Iterator[Case]:
    page = {**_GAME, "index.html": "<!doctype html>\n<script type=\"module\" src=\"src/index.js\"></script>\n"}
    yield Case("own-module", "npx parcel build index.html --no-cache", {**page, "src/index.js": "import { Player } from './player.js';\nnew Player();\n"}, prepare=_PARCEL, proof=r"Failed to resolve '\./player\.js'")
    yield Case("syntax", "npx parcel build index.html --no-cache --log-level verbose", {**page, "src/index.js": "export const a = (b => { return b;\n"}, prepare=_PARCEL, proof=r"Unexpected|Expected|expected")


@scenario("turbo/tasks", label="test_failure", needs=("npm", "git"))
def _turbo() -> Iterator[Case]:
    git = "git init -q . && git config user.email a@b.example && git config user.name A && printf 'node_modules\\n.turbo\\n' > .gitignore && git add -A && git commit -qm start\n"
    spaces = {"package.json": manifest("maze", packageManager="npm@10.0.0", workspaces=["packages/*"]), "turbo.json": '{"tasks": {"build": {"outputs": []}, "test": {"dependsOn": ["build"]}}}\n'}
    for word in WORDS[:4]:
        spaces[f"packages/{word}/package.json"] = manifest(f"@maze/{word}", scripts={"build": f"echo building {word}", "test": "node --test"})
        spaces |= {f"packages/{word}/{name}": text for name, text in passing([word], "node", 4).items()}
    bad = {**spaces, "packages/tokens/test/door.test.js": "const assert = require('node:assert');\nrequire('node:test')('the door opens', () => { assert.deepEqual({ open: false }, { open: true }); });\n"}
    lock = "npm install --package-lock-only\n"
    if_workspace = bad if "packages/tokens/package.json" in bad else {**bad, "packages/tokens/package.json": manifest("@maze/tokens", scripts={"build": "true", "test": "node --test"})}
    proof = r"AssertionError|ERR_ASSERTION|Expected values to be"
    yield Case("turbo", "export TURBO_TELEMETRY_DISABLED=1\nnpx turbo run test", if_workspace, prepare=lock + _TURBO + git, proof=proof)
    yield Case("turbo-stream", "export TURBO_TELEMETRY_DISABLED=1\nnpx turbo run build test --ui=stream --continue --log-order=grouped --no-color", if_workspace, prepare=lock + _TURBO + git, proof=proof)
    yield Case("turbo-config", "npx turbo run deploy", spaces, prepare=lock + _TURBO + git, proof=r"Could not find task|Missing tasks", label="configuration_error")
    lerna = {**if_workspace, "lerna.json": '{"version": "1.0.0", "packages": ["packages/*"]}\n'}
    yield Case("lerna", "export NX_DAEMON=false\nnpx lerna run test --stream", lerna, prepare=lock + _LERNA + git, proof=proof)


@scenario("webpack/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    big = {**_GAME, **_scenes(120)}
    yield Case("verbose", "set -x\nnpx webpack --mode development --stats verbose --progress", big, prepare=_WEBPACK)
    yield Case("vite", "npx vite build --logLevel info --debug", {**big, "index.html": "<script type=\"module\" src=\"/src/index.js\"></script>\n"}, prepare=_VITE)
    yield Case("rollup-warnings", "npx rollup src/index.js -d dist -f es --no-treeshake\nnpx rollup src/index.js -f iife | head -300", {**big, "src/index.js": "import fs from 'fs';\nimport * as s from './scenes.js';\nexport const error = [fs, s];\n"}, prepare=_ROLLUP)
