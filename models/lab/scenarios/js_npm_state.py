"""npm: damaged downloads and caches, full disks, folders left by earlier runs, rights; and installs that pass."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.js_kit import WORDS, manifest, passing

_APP = {"package.json": manifest("weather-widget", dependencies={"ms": "2.1.3", "he": "1.2.0", "nanoid": "3.3.7"})}
_LOCK = "npm install --no-audit --no-fund\n"
_QUICK = {".npmrc": "fetch-retries=1\nfetch-retry-mintimeout=100\nfetch-retry-maxtimeout=300\n"}
_TOOLS = {f"tools/{name}": text for name, text in passing(WORDS, "node", 6).items()}


@scenario("npm/integrity", label="corrupt_artifact", needs=("npm",))
def _integrity() -> Iterator[Case]:
    proof = r"EINTEGRITY|integrity checksum failed"
    wrong = "npm install --package-lock-only\nsed -i -E 's/(\"integrity\": \"sha512-)..../\\1AAAA/' package-lock.json\n"
    yield Case("lock", "npm ci", {**_APP, **_QUICK}, prepare=wrong, proof=proof)
    yield Case("lock-verbose", "npm ci --loglevel verbose --no-color", {**_APP, **_QUICK}, prepare=wrong, proof=proof)
    yield Case("lock-after-tests", "export CI=true\nset -x\nnode --test tools/test/\nnpm ci --no-audit", {**_APP, **_QUICK, **_TOOLS}, prepare=wrong, proof=proof)


@scenario("npm/cache-damaged", label="corrupt_artifact", needs=("npm",))
def _cache() -> Iterator[Case]:
    """Offline, so that npm cannot fetch again by itself what its cache has lost; an emptied cache would not help either."""
    flip = _LOCK + "rm -rf node_modules\nfor f in $(find ~/.npm/_cacache/content-v2 -type f); do printf xx | dd of=$f bs=1 seek=40 conv=notrunc 2>/dev/null; done\n"
    yield Case("flipped", "npm ci --offline", _APP, prepare=flip, proof=r"EINTEGRITY|EBADSIZE|TAR_BAD_ARCHIVE|zlib|integrity")
    cut = _LOCK + "for f in $(find ~/.npm/_cacache/content-v2 -type f); do truncate -s 30 $f; done\n"
    yield Case("verify", "npm cache verify\nrm -rf node_modules\nnpm ci --offline", _APP, prepare=cut, proof=r"^Corrupted content removed: [1-9]")
    yield Case("truncated-tarball", "npm install ./vendor/charts-2.0.0.tgz", {**_APP, "charts/package.json": manifest("charts", "2.0.0"), "charts/data.json": "[1, 2, 3]\n"}, prepare="mkdir vendor && tar -czf vendor/charts-2.0.0.tgz charts && truncate -s 120 vendor/charts-2.0.0.tgz\n", proof=r"TAR_BAD_ARCHIVE|zlib: unexpected end of file|Z_BUF_ERROR|unexpected end")
    yield Case("not-a-tarball", "npm install ./vendor/charts-2.0.0.tgz --verbose", _APP, prepare="mkdir vendor && echo '<html><body>Please sign in</body></html>' > vendor/charts-2.0.0.tgz\n", proof=r"TAR_BAD_ARCHIVE|Unrecognized archive format")


@scenario("npm/disk-full", label="disk_full", needs=("npm",), root=True)
def _disk() -> Iterator[Case]:
    big = {"package.json": manifest("weather-widget", dependencies={"typescript": "5.6.3", "webpack": "5.95.0"})}
    proof = r"ENOSPC|no space left on device"
    yield Case("workspace", "npm install", big, limits=Limits(disk_mb=8), proof=proof)
    yield Case("workspace-verbose", "set -x\ndf -h . || true\nnpm install --loglevel http --no-color", big, limits=Limits(disk_mb=14), proof=proof)
    yield Case("inodes", "npm install --no-audit --no-progress", big, limits=Limits(disk_mb=200, inodes=300), proof=proof)
    yield Case("cache", "npm install --cache $PWD/.cache/npm", big, limits=Limits(disk_mb=5), proof=proof)


@scenario("npm/rights", label="configuration_error", needs=("npm", "setpriv"), root=True)
def _rights() -> Iterator[Case]:
    """Another user than the folder's owner: root itself may write everywhere."""
    user = "setpriv --reuid=65534 --regid=65534 --clear-groups env HOME=$TMPDIR/nobody "
    yield Case("workspace", "chmod 755 . ..; chmod 777 $TMPDIR\n" + user + "npm_config_cache=$TMPDIR/nobody/cache npm install --no-audit", _APP, prepare="mkdir node_modules && chmod 755 node_modules && chmod a+rx .. .\n", proof=r"EACCES|permission denied")
    yield Case("global", "chmod 755 . ..; chmod 777 $TMPDIR\nset -x\n" + user + "npm install -g ./x --prefix /usr --install-links", {**_APP, "x/package.json": manifest("serve-weather")}, proof=r"EACCES|permission denied|ENOTCACHED|EPERM")
    yield Case("script", "chmod 755 . ..; chmod 777 $TMPDIR\n" + user + "npm run build", {"package.json": manifest("w", scripts={"build": "node build.js"}), "build.js": "require('fs').writeFileSync('dist.js', '1');\n"}, proof=r"EACCES: permission denied, open")


@scenario("npm/fails-after-survived-trouble", label="test_failure", needs=("npm",))
def _survived() -> Iterator[Case]:
    """Warnings and a failed try come first; what breaks the job is the assertion."""
    app = {"package.json": manifest("weather-widget", scripts={"test": "node --test"}, dependencies={"react": "18.2.0", "react-dom": "17.0.2", "request": "2.88.2"}), **passing(WORDS[:7], "node"), "test/zz.test.js": "const assert = require('node:assert');\nrequire('node:test')('degrees', () => { assert.equal(Math.round(17.6), 17); });\n"}
    proof = r"AssertionError|ERR_ASSERTION|18 !== 17"
    yield Case("peer-warnings", "npm install --legacy-peer-deps --no-audit\nnpm test", app, proof=proof)
    yield Case("retried-install", "npm install --no-audit || { echo 'install failed, once more without strict peers'; npm install --force --no-audit; }\nnpm test", app, proof=proof)
    yield Case("tar-warning", "for try in 1 2 3; do node fetch.js $try && break; echo \"download failed (try $try), waiting\"; done\nnode --test", {**app, "fetch.js": "if (process.argv[2] < 3) { console.error('Error: read ECONNRESET\\n    at TLSWrap.onStreamRead (node:internal/stream_base_commons:217:20)'); process.exit(1); }\nconsole.log('download ok');\n"}, proof=proof)


@scenario("npm/passes", label=PASSED, needs=("npm",))
def _passes() -> Iterator[Case]:
    old = {"package.json": manifest("legacy", dependencies={"request": "2.88.2", "glob": "7.2.0", "rimraf": "2.7.1"}, scripts={"test": "node --test", "build": "echo 'build finished with 0 errors, 2 warnings'"}), **passing(WORDS[:6], "node")}
    yield Case("verbose-install", "set -x\nnpm install --loglevel silly --no-audit\nnpm run build\nnpm test", old)
    yield Case("ci-and-list", "npm ci --loglevel http\nnpm ls --all\nnpm test --if-present\nnpm run lint --if-present", old, prepare="npm i --package-lock-only\n")
    yield Case("retry", "npm install --registry http://127.0.0.1:9 --fetch-retries=0 --no-audit || npm install --no-audit --no-fund", old)
