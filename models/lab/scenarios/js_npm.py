"""npm: what cannot be resolved, what does not exist, what the manifest or the machine has wrong."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.js_kit import manifest, passing, tools

_PLAIN = {"package.json": manifest("invoice-api", dependencies={"ms": "2.1.3", "he": "1.2.0"}), "index.js": "module.exports = 1;\n"}


@scenario("npm/peer-conflict", label="dependency_conflict", needs=("npm",))
def _peer_conflict() -> Iterator[Case]:
    proof = r"ERESOLVE (could not resolve|unable to resolve dependency tree)|^npm (error|ERR!) (Conflicting|Could not resolve|peer .* from)"
    react = manifest("storefront", dependencies={"react": "18.2.0", "react-dom": "17.0.2"})
    yield Case("react-dom", "npm install --no-audit --no-fund", {"package.json": react}, proof=proof)
    yield Case("react-dom-verbose", "npm install --loglevel verbose --no-color", {"package.json": react}, proof=proof)
    vue = manifest("kiosk-ui", dependencies={"vue": "2.7.14", "vuex": "4.1.0"})
    yield Case("vuex-ci", "export CI=true\nset -x\nnode --version\nnpm install --package-lock-only", {"package.json": vue}, proof=proof)
    plugin = manifest("linting", devDependencies={"eslint": "9.10.0", "eslint-config-airbnb-base": "15.0.0"})
    yield Case("eslint-config", "npm i --no-progress --color=false", {"package.json": plugin}, proof=proof)
    added = manifest("chat-client", dependencies={"react": "16.14.0"})
    yield Case("adding-one", "npm install\nnpm install react-router-dom@6.20.0", {"package.json": added}, proof=proof)


@scenario("npm/override-conflict", label="dependency_conflict", needs=("npm",))
def _override() -> Iterator[Case]:
    text = manifest("mail-sender", dependencies={"ms": "2.1.3"}, overrides={"ms": "2.0.0"})
    yield Case("direct", "npm install", {"package.json": text}, proof="EOVERRIDE")


@scenario("npm/lock-out-of-date", label="dependency_conflict", needs=("npm",))
def _lock() -> Iterator[Case]:
    proof = r"(Missing|Invalid): .* (from lock file|does not satisfy)|can only install packages when your package.json and|are in sync"
    lock = "npm install --package-lock-only --no-audit\n"
    more = lock + "npm pkg set dependencies.nanoid=3.3.7\n"
    yield Case("added", "npm ci", _PLAIN, prepare=more, proof=proof)
    yield Case("added-verbose", "npm ci --verbose --no-color", _PLAIN, prepare=more, proof=proof)
    bumped = lock + "npm pkg set dependencies.ms=2.0.0 devDependencies.he=1.1.1\n"
    yield Case("bumped", "export CI=1\necho '::group::install'\nnpm ci --no-audit --no-fund\necho '::endgroup::'", _PLAIN, prepare=bumped, proof=proof)
    gone = "npm pkg set dependencies.semver=^7.0.0\n"
    yield Case("after-tests", "npm test --prefix tools\nnpm ci --prefix app", {
        "tools/package.json": manifest("tools", scripts={"test": "node --test"}), **{f"tools/{name}": text for name, text in passing(["ledger", "parser", "memory-pool", "retry-policy"], "node").items()},
        "app/package.json": _PLAIN["package.json"]}, prepare=f"cd app\n{lock}{gone}", proof=proof)
    nested = manifest("monorepo", workspaces=["packages/*"])
    yield Case("workspace", "npm ci", {"package.json": nested, "packages/core/package.json": manifest("@shop/core", dependencies={"ms": "2.1.3"})},
        prepare=lock + "cd packages/core && npm pkg set dependencies.he=1.2.0\n", proof=proof)


@scenario("npm/no-such-package", label="dependency_not_found", needs=("npm",))
def _no_such_package() -> Iterator[Case]:
    proof = r"^npm (error|ERR!) (404 {1,2}(Not Found -|'|The requested)|code E404)"
    for name, package, flags in (
        ("typo", "left-padding-for-invoices-zq", ""),
        ("scoped", "@invoice-corp-internal-zq/design-tokens", "--loglevel=http"),
        ("silly", "express-sesion-storage-zq", "--loglevel silly --no-color"),
        ("quiet", "winston-tranport-zq", "--quiet"),
    ):
        text = manifest("billing", dependencies={"ms": "2.1.3", package: "^1.0.0"})
        yield Case(name, f"npm install {flags} --no-audit", {"package.json": text}, proof=proof)
    yield Case("npx", "npx --yes create-invoice-app-zq my-app", {"package.json": manifest("x")}, proof=proof)
    yield Case("global", "set -x\nnpm config set prefix ~/.npm-global\nnpm install -g @zq-tools-none/deployer@2", proof=proof)


@scenario("npm/no-such-version", label="dependency_not_found", needs=("npm",))
def _no_such_version() -> Iterator[Case]:
    proof = r"No matching version found|No versions available|^npm (error|ERR!) code ETARGET"
    yield Case("future", "npm install", {"package.json": manifest("clock", dependencies={"ms": "^91.0.0"})}, proof=proof)
    yield Case("tag", "npm install he@nightly-build --no-fund", _PLAIN, proof=proof)
    yield Case("before", "npm install nanoid@3.3.7 --before=2016-01-01 --no-audit", {"package.json": manifest("ids")}, proof=proof)
    yield Case("nested-dev", "npm install --include=dev --loglevel=info", {"package.json": manifest("game", devDependencies={"he": "1.2.99"}), ".npmrc": "fund=false\naudit=false\n"}, proof=proof)


@scenario("npm/wrong-engine", label="configuration_error", needs=("npm",))
def _engine() -> Iterator[Case]:
    proof = r"^npm (error|ERR!) (code EBADENGINE|notsup )"
    text = manifest("renderer", engines={"node": ">=99.1"}, dependencies={"ms": "2.1.3"})
    yield Case("own", "npm install", {"package.json": text, ".npmrc": "engine-strict=true\n"}, proof=proof)
    yield Case("npm-version", "npm ci --engine-strict --no-color", {"package.json": manifest("renderer", engines={"npm": "^6"})}, prepare="npm i --package-lock-only\n", proof=proof)
    local = {"package.json": manifest("site", dependencies={"native-map": "file:./native-map"}), "native-map/package.json": manifest("native-map", engines={"node": "12.x"})}
    yield Case("dependency", "npm config set engine-strict true\nnpm install --install-links --verbose", local, proof=proof)
    platform = {**local, "native-map/package.json": manifest("native-map", os=["darwin"], cpu=["arm64"])}
    yield Case("platform", "npm install --install-links", platform, proof=r"EBADPLATFORM|notsup (Unsupported|Valid|Actual)")


@scenario("npm/missing-script", label="configuration_error", needs=("npm",))
def _missing_script() -> Iterator[Case]:
    proof = r"Missing script:? |Missing script$|errors?: missing script"
    files = {"package.json": manifest("parser", scripts={"test": "node --test", "lint:js": "node --check index.js"}), "index.js": "exports.parse = JSON.parse;\n"}
    yield Case("typo", "npm run tests", files, proof=proof)
    yield Case("none", "npm test", {"package.json": manifest("blank")}, proof=proof)
    yield Case("after-install", "set -x\nnpm install --no-audit\nnpm run lint:js\nnpm run build:prod -- --mode production", files, proof=proof)
    yield Case("silent", "npm run --silent lint:js\nnpm run --no-color deploy", files, proof=proof)
    spaces = {"package.json": manifest("root", workspaces=["apps/*"]), "apps/web/package.json": manifest("web", scripts={"build": "echo web built"}), "apps/api/package.json": manifest("api")}
    yield Case("one-workspace", "npm run build --workspaces", spaces, proof=proof)
    parallel = {"package.json": manifest("site", scripts={"all": "run-s clean styles scripts", "clean": "rm -rf dist", "styles": "mkdir -p dist && echo styled"})}
    yield Case("run-s", "npm run all", parallel, prepare=tools("nrall", "npm-run-all@4 concurrently@9 wait-on@8 start-server-and-test@2"), proof=r"Task not found")


@scenario("npm/bad-usage", label="configuration_error", needs=("npm",))
def _usage() -> Iterator[Case]:
    yield Case("ci-without-lock", "npm ci", _PLAIN, proof=r"can only install with an existing package-lock|code EUSAGE")
    yield Case("no-manifest", "npm run build --if-present\nnpm test", proof=r"ENOENT.*package\.json|Could not read package\.json|enoent ENOENT")
    yield Case("wrong-folder", "set -x\nmkdir -p build\ncd build\nnpm version patch", _PLAIN, prepare="touch package.json.bak; mv package.json package.json.txt\n", proof=r"ENOENT.*package\.json|Could not read package\.json")
    yield Case("unknown-command", "npm instal-all", _PLAIN, proof=r"Unknown command")
    yield Case("no-workspace", "npm run build --workspace=@shop/checkout", {"package.json": manifest("m", workspaces=["packages/*"]), "packages/core/package.json": manifest("@shop/core")}, proof="No workspaces found")
    twins = {"package.json": manifest("m", workspaces=["a", "b"]), "a/package.json": manifest("@shop/same"), "b/package.json": manifest("@shop/same")}
    yield Case("twin-workspaces", "npm install", twins, proof="EDUPLICATEWORKSPACE|must not have multiple workspaces")


@scenario("npm/bad-manifest", label="configuration_error", needs=("npm",))
def _manifest() -> Iterator[Case]:
    proof = r"EJSONPARSE|(JSON\.parse|Failed to parse|Invalid) .*package\.json|Unexpected token|Expected .* in JSON"
    comma = '{\n  "name": "till",\n  "version": "1.0.0",\n  "dependencies": {\n    "ms": "2.1.3",\n  }\n}\n'
    yield Case("comma", "npm install", {"package.json": comma}, proof=proof)
    merge = '{\n  "name": "till",\n<<<<<<< HEAD\n  "version": "1.0.0"\n=======\n  "version": "1.1.0"\n>>>>>>> release\n}\n'
    yield Case("merge-marks", "npm install --verbose", {"package.json": merge}, proof=proof)
    yield Case("name", "npm install --no-color", {"package.json": manifest("till", dependencies={"Cash Drawer!": "2.1.3"})}, proof="EINVALIDPACKAGENAME|Invalid package name")
    yield Case("tag-name", "npm install", {"package.json": manifest("till", dependencies={"ms": "next release!"})}, proof="EINVALIDTAGNAME|Invalid tag name|EINVALIDPACKAGENAME")
    yield Case("local-dep-gone", "npm install --install-links", {"package.json": manifest("till", dependencies={"receipt": "file:../receipt"})}, proof=r"ENOENT|Could not read package")
    yield Case("protocol", "npm install", {"package.json": manifest("till", dependencies={"receipt": "workspace:*"})}, proof="EUNSUPPORTEDPROTOCOL|Unsupported URL Type")


@scenario("npm/lifecycle-script", label="configuration_error", needs=("npm",))
def _lifecycle() -> Iterator[Case]:
    """The script of the install step is what fails; npm only reports it."""
    def project(line: str) -> dict[str, str]:
        return {"package.json": manifest("dashboard", scripts={"prepare": line, "postinstall": "echo ready"}, dependencies={"ms": "2.1.3"})}

    yield Case("husky", "npm install", project("husky install"), proof=r"husky: (not found|command not found)")
    yield Case("husky-verbose", "npm install --foreground-scripts --loglevel verbose", project("husky"), proof=r"husky: (not found|command not found)")
    yield Case("missing-file", "npm ci", project("node scripts/setup-hooks.js"), prepare="npm i --package-lock-only --ignore-scripts\n", proof=r"Cannot find module '.*setup-hooks\.js'")
    yield Case("variable", "npm install --no-audit", {**project("node tools/env.js"), "tools/env.js": "if (!process.env.SIGNING_KEY_FILE) {\n  console.error('SIGNING_KEY_FILE is not set, cannot prepare the release assets');\n  process.exit(78);\n}\n"}, proof="SIGNING_KEY_FILE is not set")
    yield Case("not-executable", "npm run setup", {"package.json": manifest("dashboard", scripts={"setup": "./bin/setup.sh"}), "bin/setup.sh": "#!/bin/sh\necho set up\n"}, proof="Permission denied|EACCES", exit_code=126)


_ADDON = {
    "package.json": manifest("fast-hash", scripts={"install": "node-gyp rebuild"}, gypfile=True),
    "binding.gyp": '{"targets": [{"target_name": "fasthash", "sources": ["src/hash.cc"]}]}\n',
    "src/hash.cc": '#include <node_api.h>\nstatic napi_value Init(napi_env env, napi_value exports) { return exports; }\nNAPI_MODULE(fasthash, Init)\n',
}


@scenario("node-gyp/machine-lacks", label="configuration_error", needs=("npm", "python3"))
def _gyp() -> Iterator[Case]:
    gyp = 'GYP="$(npm root -g)/npm/node_modules/node-gyp/bin/node-gyp.js"\n'
    lean = "mkdir -p bin; for t in node npm sh bash env uname make dirname basename sed printf mkdir cp rm cat touch ln echo; do ln -sf \"$(type -P $t)\" bin/$t; done; ln -s /usr/bin/python3 bin/python3\n"
    yield Case("no-python", gyp + 'set -x\nexport PATH="$PWD/bin"\nnode "$GYP" configure --python=python2.7', _ADDON, prepare=lean + "rm bin/python3\n", proof=r"Could not find any Python|find Python$|You need to install the latest version of Python")
    node = "/usr"
    yield Case("no-compiler", gyp + f'export PATH="$PWD/bin"\nnode "$GYP" rebuild --nodedir={node}', _ADDON, prepare=lean, proof=r"(g\+\+|cc|c\+\+): (No such file|not found|command not found)|not found: make|g\+\+: not found")
    yield Case("no-make", gyp + f'export PATH="$PWD/bin"\nnode "$GYP" rebuild --nodedir={node} --verbose', _ADDON, prepare=lean + "rm bin/make\n", proof=r"not found: make")
    broken = {**_ADDON, "src/hash.cc": _ADDON["src/hash.cc"].replace("return exports;", "return export_table;")}
    yield Case("own-bug", gyp + f'node "$GYP" rebuild --nodedir={node}', broken, proof=r"error: .*export_table", label="compile_error")


@scenario("npm/install-memory", label="out_of_memory", heals="", needs=("npm",), root=True)
def _memory() -> Iterator[Case]:
    text = {"package.json": manifest("portal", dependencies={"webpack": "5.90.0", "eslint": "8.57.0", "jest": "29.7.0"})}
    yield Case("killed", "npm install --no-audit --no-progress\nnpm test", text, limits=Limits(memory_mb=90), proof=r"Killed")
    yield Case("killed-verbose", "set -x\nnpm --version\nnpm install --loglevel http\nnpm run build", text, limits=Limits(memory_mb=110), proof=r"Killed")
