"""The TypeScript compiler, in several versions and set-ups."""

from __future__ import annotations

import json
from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, tools

_TS = tools("ts5", "typescript@5.6 @types/node@20")
_TS4 = tools("ts4", "typescript@4.9 @types/node@18 ts-node@10")


def _config(**options: object) -> str:
    return json.dumps({"compilerOptions": {"strict": True, "target": "ES2021", "module": "commonjs", "outDir": "dist", **options}, "include": ["src"]}, indent=2) + "\n"


def _many(count: int) -> dict[str, str]:
    return {f"src/gen/{WORDS[i % len(WORDS)]}-{i}.ts": f"export interface Row{i} {{ id: number; label: string }}\nexport const row{i}: Row{i} = {{ id: {i}, label: 'row {i}' }};\n" for i in range(count)}


_BASE = {"tsconfig.json": _config(), "package.json": manifest("fleet", scripts={"build": "tsc -p .", "typecheck": "tsc --noEmit", "prebuild": "rm -rf dist"})}
_PRICE = {**_BASE, "src/price.ts": "export interface Price { net: number; currency: 'EUR' | 'USD' }\nexport const show = (p: Price): string => p.net.toFixed(2) + p.currency;\nshow({ net: '12', currency: 'EUR' });\n"}
_NULL = {**_BASE, "src/fleet.ts": "class Truck { plate?: string; load(kg: number): void { this.weight += kg; } }\nexport const plates = (all: Truck[]): string[] => all.map((t) => t.plate.toUpperCase());\n"}
_SOCKET = {**_BASE, "src/socket.ts": "export class TimeoutError extends Error {}\nexport const connectTimeout = (ms: number): TimeoutError => new TimeoutError(ms);\nexport const outOfMemory: boolean = 'heap out of memory';\n"}


@scenario("tsc/type-error", label="compile_error", needs=("npm",))
def _types() -> Iterator[Case]:
    proof = r"error.*TS\d{4}"
    yield Case("price", "npm run build", _PRICE, prepare=_TS, proof=proof)
    yield Case("pretty", "npx tsc -p . --pretty", _NULL, prepare=_TS, proof=r"TS\d{4}: ")
    yield Case("network-words", "export CI=true\nset -x\nnpm run typecheck", _SOCKET, prepare=_TS, proof=proof)
    yield Case("list-files", "npx tsc --listFiles --extendedDiagnostics", {**_NULL, **_many(60)}, prepare=_TS, proof=proof)
    yield Case("old-version", "npx tsc --version\nnpx tsc -p tsconfig.json --noEmit --traceResolution", {**_PRICE, **_SOCKET, "src/use.ts": "import { show } from './price';\nimport { TimeoutError } from './socket';\nexport const x: number = show({ net: 1, currency: 'USD' });\nexport const y = TimeoutError;\n"}, prepare=_TS4, proof=proof)
    yield Case("german", "npx tsc -p . --locale de", _PRICE, prepare=_TS, proof=proof)
    unused = {**_BASE, "tsconfig.json": _config(noUnusedLocals=True, noImplicitReturns=True), "src/route.ts": "export function route(path: string): string {\n  const parts = path.split('/');\n  if (path === '/') return 'home';\n}\n"}
    yield Case("unused", "npx tsc", unused, prepare=_TS, proof=proof)


@scenario("tsc/unknown-module", label="compile_error", needs=("npm",))
def _module() -> Iterator[Case]:
    yield Case("own", "npm run typecheck", {**_BASE, "src/main.ts": "import { plan } from './planer';\nplan();\n", "src/planner.ts": "export const plan = (): void => {};\n"}, prepare=_TS, proof=r"error TS2307: Cannot find module '\./planer'")
    yield Case("export", "npx tsc --noEmit --pretty false", {**_BASE, **_many(20), "src/main.ts": "import { plans } from './planner';\nplans();\n", "src/planner.ts": "export const plan = (): void => {};\n"}, prepare=_TS, proof=r"error TS2\d{3}: ")
    yield Case("syntax", "npx tsc -p .", {**_BASE, "src/main.ts": "export function drive(km: number {\n  return km * 2;\n}\n"}, prepare=_TS, proof=r"error TS1\d{3}")
    yield Case("references", "npx tsc --build --verbose", {
        "tsconfig.json": '{"files": [], "references": [{"path": "core"}, {"path": "web"}]}\n',
        "core/tsconfig.json": '{"compilerOptions": {"composite": true, "outDir": "out", "strict": true}, "include": ["*.ts"]}\n',
        "core/unit.ts": "export const km = (m: number): number => m / 1000;\n",
        "web/tsconfig.json": '{"compilerOptions": {"composite": true, "outDir": "out", "strict": true}, "references": [{"path": "../core"}], "include": ["*.ts"]}\n',
        "web/page.ts": "import { km } from '../core/unit';\nexport const text: string = km('5');\n"}, prepare=_TS, proof=r"error TS2\d{3}")


@scenario("tsc/configuration", label="configuration_error", needs=("npm",))
def _configuration() -> Iterator[Case]:
    yield Case("no-inputs", "npx tsc -p .", {"tsconfig.json": _config(), "package.json": manifest("x")}, prepare=_TS, proof=r"error TS18003: No inputs were found")
    yield Case("no-config", "set -x\nnpx tsc -p tsconfig.build.json", _PRICE, prepare=_TS, proof=r"error TS5058: The specified path does not exist")
    yield Case("extends", "npx tsc --noEmit", {**_PRICE, "tsconfig.json": '{"extends": "@tsconfig/node20/tsconfig.json", "include": ["src"]}\n', "src/price.ts": "export const a = 1;\n"}, prepare=_TS, proof=r"error TS6053|File '@tsconfig/node20/tsconfig.json' not found")
    yield Case("option", "npx tsc -p .", {**_BASE, "tsconfig.json": _config(moduleResolution="bundlr", verbatimSyntax=True), "src/a.ts": "export const a = 1;\n"}, prepare=_TS, proof=r"error TS(6046|5023|5025)")
    yield Case("third-party", "npm run build", {**_BASE, "src/web.ts": "import express from 'express';\nexport const app = express();\n"}, prepare=_TS, proof=r"error TS2307: Cannot find module 'express'")
    yield Case("types", "npx tsc -p . --types node,jest", {**_BASE, "src/a.ts": "export const a = 1;\n"}, prepare=_TS, proof=r"error TS2688: Cannot find type definition file for 'jest'")
    yield Case("not-installed", "npm run build", _PRICE, proof=r"tsc: (not found|command not found)", exit_code=127)
    yield Case("flag", "npx tsc --noEmitt -p .", _PRICE, prepare=_TS, proof=r"error TS5(023|025)")


@scenario("tsc/ts-node", label="compile_error", needs=("npm",))
def _ts_node() -> Iterator[Case]:
    yield Case("script", "npx ts-node src/price.ts", _PRICE, prepare=_TS4, proof=r"error TS2322")
    yield Case("node-strips", "node --experimental-strip-types src/price.ts || npx ts-node --transpile-only -e 'const a: = 1'", {**_BASE, "src/price.ts": "console.log(1)\n"}, prepare=_TS4, proof=r"TSError|error TS1|SyntaxError|Type expected")


@scenario("tsc/heap", label="out_of_memory", heals="raise_heap", needs=("npm",))
def _heap() -> Iterator[Case]:
    unions = "export type Key = " + " | ".join(f"'k{i}'" for i in range(400)) + ";\nexport type Pair = `${Key}-${Key}`;\nexport const x: Pair[] = ['k1-k2', 'k3-k4'];\n"
    files = {**_BASE, "src/keys.ts": unions, **_many(80)}
    proof = r"JavaScript heap out of memory|Reached heap limit"
    yield Case("template-types", "npm run typecheck", {**files, "src/keys.ts": unions.replace("range", "range")}, env={"NODE_OPTIONS": "--max-old-space-size=48"}, prepare=_TS, proof=proof, stays=True)
    yield Case("build", "set -x\nnpx tsc --build --verbose\necho built", files, env={"NODE_OPTIONS": "--max-old-space-size=40"}, prepare=_TS, proof=proof, stays=True)


@scenario("tsc/killed", label="out_of_memory", needs=("npm",), root=True)
def _killed() -> Iterator[Case]:
    yield Case("typecheck", "npx tsc --noEmit --extendedDiagnostics\necho ok", {**_BASE, **_many(400)}, prepare=_TS, limits=Limits(memory_mb=75), proof="Killed")


@scenario("tsc/disk", label="disk_full", needs=("npm",), root=True)
def _disk() -> Iterator[Case]:
    rows = {f"src/t{i}.ts": "export const rows = [" + ", ".join(f"'row {j} of table {i}'" for j in range(3000)) + "];\n" for i in range(12)}
    yield Case("emit", "mkdir out && mount -t tmpfs -o size=300k tmpfs out\ntrap 'umount out' EXIT\nnpx tsc -p . --outDir out --listEmittedFiles", {**_BASE, **rows}, prepare=_TS, proof=r"ENOSPC|Could not write file|no space left")


@scenario("tsc/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    yield Case("diagnostics", "npx tsc --listEmittedFiles --extendedDiagnostics --noEmitOnError", {**_BASE, **_many(150), "src/errors.ts": "export class FatalError extends Error {}\nexport const failed = 0;\n"}, prepare=_TS)
    yield Case("trace", "set -x\nnpx tsc --noEmit --traceResolution", {**_BASE, **_many(10), "src/a.ts": "import { x } from './b';\nimport fs from 'fs';\nexport const y = [x, fs];\n", "tsconfig.json": _config(esModuleInterop=True), "src/b.ts": "export const x = 1;\n"}, prepare=_TS)
