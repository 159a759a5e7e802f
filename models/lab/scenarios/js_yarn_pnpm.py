"""Yarn, classic and Berry, and pnpm: what they find wrong with a project, its lock file or the machine."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing, tools

_YARN = tools("pm1", "yarn@1", folder=".tools") + 'export PATH=$PWD/.tools/.bin:$PATH\nyarn config set registry "$(npm config get registry)" > /dev/null\n'
_BERRY = tools("pm2", "@yarnpkg/cli-dist@4", folder=".tools") + 'export PATH=$PWD/.tools/.bin:$PATH YARN_ENABLE_TELEMETRY=0\nyarn config set -H npmRegistryServer "$(npm config get registry)" > /dev/null\nyarn config set -H httpsCaFilePath /etc/ssl/certs/ca-certificates.crt > /dev/null\nyarn config set -H enableGlobalCache false >/dev/null\n'
_PNPM = tools("pm3", "pnpm@9", folder=".tools") + "export PATH=$PWD/.tools/.bin:$PATH\n"
_PNPM8 = tools("pm4", "pnpm@8", folder=".tools") + "export PATH=$PWD/.tools/.bin:$PATH\n"
_PATH = "export PATH=$PWD/.tools/.bin:$PATH\n"
_BERRY_PATH = _PATH + "export YARN_ENABLE_TELEMETRY=0\n"
_APP = {"package.json": manifest("podcast-player", scripts={"build": "node build.js", "test": "node --test"}, dependencies={"ms": "2.1.3", "he": "1.2.0"}), "build.js": "console.log('built');\n", **passing(WORDS[:4], "node")}


def _with(**fields: object) -> dict[str, str]:
    return {"package.json": manifest("podcast-player", **fields)}


@scenario("pnpm/lock", label="dependency_conflict", needs=("npm",))
def _pnpm_lock() -> Iterator[Case]:
    old = "pnpm install --lockfile-only\nnpm pkg set dependencies.nanoid=3.3.7\n"
    proof = r"ERR_PNPM_OUTDATED_LOCKFILE|is not up to date with|ERR_PNPM_NO_LOCKFILE"
    yield Case("outdated", _PATH + "pnpm install --frozen-lockfile", _APP, prepare=_PNPM + old, proof=proof)
    yield Case("outdated-ci-v8", _PATH + "export CI=true\nset -x\npnpm --version\npnpm install", _APP, prepare=_PNPM8 + old, proof=proof)
    yield Case("after-tests", _PATH + "node --test --test-reporter=spec\npnpm i --frozen-lockfile --reporter=append-only --no-color", _APP, prepare=_PNPM + old, proof=proof)
    peers = _with(dependencies={"react": "18.2.0", "react-dom": "17.0.2"})
    yield Case("strict-peers", _PATH + "pnpm install --strict-peer-dependencies", peers, prepare=_PNPM, proof=r"ERR_PNPM_PEER_DEP_ISSUES|unmet peer")


@scenario("pnpm/not-found", label="dependency_not_found", needs=("npm",))
def _pnpm_gone() -> Iterator[Case]:
    yield Case("package", _PATH + "pnpm install", _with(dependencies={"podcast-waveform-zq": "1.0.0"}), prepare=_PNPM, proof=r"ERR_PNPM_FETCH_404|is not in the npm registry")
    yield Case("version", _PATH + "pnpm add ms@77 --no-color", _APP, prepare=_PNPM, proof="ERR_PNPM_NO_MATCHING_VERSION")
    yield Case("v8-ndjson", _PATH + "pnpm install --reporter=ndjson", _with(dependencies={"podcast-waveform-zq": "1.0.0"}), prepare=_PNPM8, proof=r"ERR_PNPM_FETCH_404")


@scenario("pnpm/setup", label="configuration_error", needs=("npm",))
def _pnpm_setup() -> Iterator[Case]:
    yield Case("no-script", _PATH + "pnpm run build:prod", _APP, prepare=_PNPM, proof="ERR_PNPM_NO_SCRIPT|Missing script")
    yield Case("engine", _PATH + "pnpm install --config.engine-strict=true", _with(engines={"node": ">=42"}), prepare=_PNPM, proof=r"ERR_PNPM_UNSUPPORTED_ENGINE|Expected version: >=42")
    yield Case("package-manager", _PATH + "pnpm install", _with(packageManager="yarn@4.1.0"), prepare=_PNPM, proof=r"This project is configured to use yarn")
    yield Case("manifest", _PATH + "pnpm install", {"package.json": '{"name": "x", "dependencies": {"ms": "2.1.3",}}'}, prepare=_PNPM, proof=r"ERR_PNPM_JSON_PARSE|JSON")
    yield Case("filter", _PATH + "pnpm --filter @podcast/web --fail-if-no-match build", {**_APP, "pnpm-workspace.yaml": "packages:\n  - 'apps/*'\n", "apps/web/package.json": manifest("@podcast/site")}, prepare=_PNPM + "sed -i s/@podcast.site/@podcast-site/ apps/web/package.json\n", proof=r"No projects matched the filters|ERR_PNPM")
    yield Case("no-workspace-package", _PATH + "pnpm install", {**_with(dependencies={"@podcast/core": "workspace:^"}), "pnpm-workspace.yaml": "packages:\n  - 'libs/*'\n", "libs/audio/package.json": manifest("@podcast/audio")}, prepare=_PNPM, proof="ERR_PNPM_WORKSPACE_PKG_NOT_FOUND")
    yield Case("no-manifest", _PATH + "cd .tools\npnpm test", prepare=_PNPM, proof="ERR_PNPM_NO_IMPORTER_MANIFEST_FOUND|No package.json")


@scenario("pnpm/recursive", label="test_failure", needs=("npm",))
def _recursive() -> Iterator[Case]:
    spaces = {"pnpm-workspace.yaml": "packages:\n  - 'libs/*'\n", "package.json": manifest("root")}
    for word in WORDS[:5]:
        spaces[f"libs/{word}/package.json"] = manifest(f"@podcast/{word}", scripts={"test": "node --test"})
        spaces |= {f"libs/{word}/{name}": text for name, text in passing([word, "timeline"], "node", 4).items()}
    spaces["libs/router/test/volume.test.js"] = "const assert = require('node:assert');\nrequire('node:test')('volume is clamped', () => { assert.equal(Math.min(1, 1.4), 1.4); });\n"
    proof = r"AssertionError|ERR_ASSERTION|1 !== 1\.4|Expected values to be"
    yield Case("r-test", _PATH + "pnpm -r test", spaces, prepare=_PNPM, proof=proof)
    yield Case("stream", _PATH + "pnpm -r --stream --no-color --workspace-concurrency=1 test", spaces, prepare=_PNPM, proof=proof)


@scenario("yarn/lock", label="dependency_conflict", needs=("npm",))
def _yarn_lock() -> Iterator[Case]:
    old = "yarn install --ignore-scripts\nrm -rf node_modules\nnpm pkg set dependencies.nanoid=3.3.7\n"
    yield Case("classic", _PATH + "yarn install --frozen-lockfile", _APP, prepare=_YARN + old, proof="Your lockfile needs to be updated")
    yield Case("classic-verbose", _PATH + "set -x\nyarn install --frozen-lockfile --verbose --non-interactive", _APP, prepare=_YARN + old, proof="Your lockfile needs to be updated")
    berry = _BERRY + "yarn config set nodeLinker node-modules\nyarn install --mode=skip-build\nnpm pkg set dependencies.nanoid=3.3.7\n"
    yield Case("berry", _BERRY_PATH + "yarn install --immutable", _APP, prepare="touch yarn.lock\n" + berry, proof=r"YN0028")
    yield Case("berry-ci", _BERRY_PATH + "export CI=true\nnode --test --test-reporter=spec\nyarn install", _APP, prepare="touch yarn.lock\n" + berry, proof=r"YN0028")
    flat = _with(dependencies={"ms": "2.1.3"}, resolutions={"ms": "2.0.0"})
    yield Case("berry-constraint", _BERRY_PATH + "yarn install --immutable --check-resolutions", {**flat, ".yarnrc.yml": "nodeLinker: node-modules\n"}, prepare="touch yarn.lock\n" + _BERRY, proof=r"YN0028")


@scenario("yarn/not-found", label="dependency_not_found", needs=("npm",))
def _yarn_gone() -> Iterator[Case]:
    yield Case("classic-package", _PATH + "yarn install", _with(dependencies={"podcast-waveform-zq": "1.0.0"}), prepare=_YARN, proof=r"Couldn't find package|[Nn]ot.?[Ff]ound|404")
    yield Case("classic-version", _PATH + "yarn add ms@77", _APP, prepare=_YARN, proof="Couldn't find any versions for")
    yield Case("berry-package", _BERRY_PATH + "yarn install", _with(dependencies={"podcast-waveform-zq": "1.0.0"}), prepare="touch yarn.lock\n" + _BERRY, proof=r"YN0035|404")
    yield Case("berry-version", _BERRY_PATH + "yarn add ms@77", _APP, prepare="touch yarn.lock\n" + _BERRY, proof=r"YN0082|No candidates found")


@scenario("yarn/setup", label="configuration_error", needs=("npm",))
def _yarn_setup() -> Iterator[Case]:
    yield Case("classic-command", _PATH + "yarn build:prod", _APP, prepare=_YARN, proof=r"Command \"build:prod\" not found")
    yield Case("classic-manifest", _PATH + "yarn install --no-progress", {"package.json": '{"name": "x",\n "version": 1.0.0}\n'}, prepare=tools("pm1", "yarn@1", folder=".tools"), proof=r"Unexpected token|JSON")
    yield Case("classic-workspace-private", _PATH + "yarn workspace @podcast/api build", {"package.json": manifest("m", workspaces=["apps/*"]), "apps/web/package.json": manifest("@podcast/web")}, prepare=_YARN, proof="Unknown workspace")
    yield Case("berry-not-installed", _BERRY_PATH + "yarn build", {**_APP, "yarn.lock": ""}, prepare=_BERRY, proof=r"isn't registered in your lockfile|run \"?yarn install|lockfile")
    yield Case("berry-settings", _BERRY_PATH + "yarn install", {**_APP, "yarn.lock": "", ".yarnrc.yml": "nodeLinkr: node-modules\nnetwork-timeout: 60000\n"}, prepare=tools("pm2", "@yarnpkg/cli-dist@4", folder=".tools"), proof=r"Unrecognized or legacy configuration settings found")
    yield Case("berry-script", _BERRY_PATH + "yarn install\nyarn run deploy", {**_APP, "yarn.lock": "", ".yarnrc.yml": "nodeLinker: node-modules\n"}, prepare=_BERRY, proof=r"Couldn't find a script named")
    yield Case("berry-pnp", _BERRY_PATH + "yarn install\nyarn node app.cjs", {**_APP, "yarn.lock": "", "app.cjs": "require('he');\nrequire('left-of-field');\n"}, prepare=_BERRY, proof=r"Your application tried to access left-of-field")


@scenario("yarn/checksum", label="corrupt_artifact", needs=("npm",))
def _yarn_checksum() -> Iterator[Case]:
    classic = _YARN + "yarn install --ignore-scripts\nyarn cache clean\nrm -rf node_modules\nsed -i -E 's/(integrity sha512-)..../\\1AAAA/' yarn.lock\n"
    yield Case("classic", _PATH + "yarn install --frozen-lockfile", _APP, prepare=classic, proof=r"Integrity check failed|integrity")
    berry = "touch yarn.lock\n" + _BERRY + "yarn config set nodeLinker node-modules\nyarn install --mode=skip-build\nrm -rf node_modules\n"
    lock = berry + "sed -i -E 's#(checksum: 10/?c?[0-9]*/)....#\\10000#' yarn.lock; sed -i -E 's#(checksum: [^/]*/)....#\\10000#' yarn.lock\nrm -rf .yarn/cache\n"
    yield Case("berry-lock", _BERRY_PATH + "yarn install --immutable", _APP, prepare=lock, proof=r"YN0018")


@scenario("yarn/cache-damaged", label="corrupt_artifact", heals="purge_cache", needs=("npm",))
def _yarn_cache() -> Iterator[Case]:
    berry = "touch yarn.lock\n" + _BERRY + "yarn config set nodeLinker node-modules\nyarn install --mode=skip-build\nrm -rf node_modules\n"
    cache = berry + "for f in .yarn/cache/*.zip; do printf 'xx' | dd of=$f bs=1 seek=300 conv=notrunc 2>/dev/null; done\n"
    yield Case("berry-cache", _BERRY_PATH + "yarn install --immutable --check-cache || yarn install --immutable", _APP, prepare=cache, proof=r"YN0018|[Ii]nvalid zip|malformed|Libzip")


@scenario("pnpm/checksum", label="corrupt_artifact", needs=("npm",))
def _pnpm_checksum() -> Iterator[Case]:
    lock = _PNPM + "pnpm install --lockfile-only\nsed -i -E 's/(integrity: sha512-)..../\\1AAAA/' pnpm-lock.yaml\n"
    yield Case("lock", _PATH + "pnpm install --frozen-lockfile", _APP, prepare=lock, proof=r"ERR_PNPM_TARBALL_INTEGRITY")
    yield Case("lock-long", _PATH + "node --test\npnpm i --frozen-lockfile --reporter=append-only", _APP, prepare=lock, proof=r"ERR_PNPM_TARBALL_INTEGRITY")


@scenario("pnpm/disk", label="disk_full", needs=("npm",), root=True)
def _disk() -> Iterator[Case]:
    big = _with(dependencies={"typescript": "5.6.3"})
    full = "mkdir -p store && mount -t tmpfs -o size=3m tmpfs store\ntrap 'umount -l store' EXIT\n"
    yield Case("store", _PATH + full + "pnpm install --store-dir store/v3 --package-import-method=copy", big, prepare=_PNPM, proof=r"ENOSPC")
    yield Case("yarn-cache", _PATH + full + "yarn install --cache-folder store --network-concurrency 1", big, prepare=_YARN, proof=r"ENOSPC")
    yield Case("workspace", "npm install --no-audit", big, limits=Limits(disk_mb=6), proof=r"ENOSPC")


@scenario("pnpm/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    warn = _with(dependencies={"request": "2.88.2", "react-dom": "17.0.2", "react": "18.2.0"})
    yield Case("deprecated", _PATH + "set -x\npnpm install --reporter=append-only\npnpm list --depth 3", warn, prepare=_PNPM)
    yield Case("yarn-verbose", _PATH + "yarn install --verbose --no-progress\nyarn list\nyarn check --integrity", warn, prepare=_YARN)
    yield Case("berry", _BERRY_PATH + "yarn install\nyarn node -p 1+1\nyarn test", {**_APP, "yarn.lock": "", ".yarnrc.yml": "nodeLinker: node-modules\n"}, prepare=_BERRY)
