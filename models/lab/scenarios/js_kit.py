"""What the JavaScript scenarios share: tools installed once, a small registry of our own, and made-up passing work."""

from __future__ import annotations

import json
import shlex


def tools(name: str, packages: str, *, private: bool = False, folder: str = "node_modules") -> str:
    """Prepares node_modules with these packages, from the cache after the first time.

    Hard links, not a symlink: stack traces then name files in the project, as they do elsewhere. `private`: real
    copies, for scenarios that damage them. `folder`: elsewhere, for package managers that own node_modules.
    """
    copy = "cp -a" if private else "cp -al"
    return (
        f'D="$LAB_CACHE/js-{name}"\n'
        'if [ ! -d "$D" ]; then T="$D.tmp.$$"; mkdir -p "$T"; (cd "$T" && echo \'{"private": true}\' > package.json && '
        f'npm install --no-audit --no-fund --loglevel=error {packages} && mv "$T" "$D"); fi\n'
        f'mkdir -p {folder} && {{ {copy} -n "$D/node_modules/." {folder}/ 2>/dev/null || cp -a "$D/node_modules/." {folder}/; }}\n'
    )


def manifest(name: str, version: str = "1.0.0", **fields: object) -> str:
    """A package.json."""
    return json.dumps({"name": name, "version": version, "private": True, **fields}, indent=2) + "\n"


def named(hosts: str, script: str) -> tuple[str, dict[str, str]]:
    """A script, and the file it needs, that runs where these host names mean this machine: logs then read as elsewhere.

    Needs root, for a mount name space.
    """
    outer = (
        f'{{ cat /etc/hosts; echo "127.0.0.1 {hosts}"; }} > .ci/hosts\n'
        "exec unshare -m --propagation private bash -c "
        + shlex.quote("mount --bind .ci/hosts /etc/hosts && exec bash --noprofile --norc -eo pipefail .ci/job.sh")
    )
    return outer, {".ci/job.sh": script}


UP = '[ -s .ci/port ] && (exec 3<>/dev/tcp/127.0.0.1/$(cat .ci/port)) 2> /dev/null || { rm -f .ci/port; setsid node .ci/registry.mjs > .ci/registry.log 2>&1 & for i in $(seq 100); do [ -s .ci/port ] && break; sleep 0.05; done; }\nPORT=$(cat .ci/port)\n'
"""Starts our registry unless it already runs; its port is then in $PORT."""

REGISTRY = r"""// A registry of our own packages that behaves as badly as .ci/mode.json says: {"kind", "hits", "path", "retryAfter", "tls"}.
import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';

const mode = JSON.parse(fs.readFileSync('.ci/mode.json', 'utf8'));
const packages = JSON.parse(fs.readFileSync('.ci/packages.json', 'utf8'));
// On disk, so that the weather also clears for a registry that was ended and started again.
let left = fs.existsSync('.ci/left') ? Number(fs.readFileSync('.ci/left', 'utf8')) : (mode.hits ?? Infinity);

const texts = { 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 429: 'Too Many Requests', 500: 'Internal Server Error', 502: 'Bad Gateway', 503: 'Service Unavailable', 504: 'Gateway Timeout' };

function serve(request, response) {
  const path = decodeURIComponent(request.url.split('?')[0]);
  const hit = left > 0 && new RegExp(mode.path ?? '.').test(path);
  if (hit && mode.kind !== 'calm') {
    left -= 1;
    if (mode.hits) fs.writeFileSync('.ci/left', String(left));
    if (mode.kind === 'hang') return undefined;
    if (mode.kind === 'reset') return request.socket.resetAndDestroy();
    if (mode.kind === 'close') return request.socket.destroy();
    if (texts[mode.kind]) {
      if (mode.retryAfter) response.setHeader('retry-after', mode.retryAfter);
      response.writeHead(mode.kind, { 'content-type': mode.type ?? 'application/json' });
      return response.end(mode.body ?? JSON.stringify({ error: texts[mode.kind] }));
    }
  }
  const tarball = path.match(/^\/files\/(.*)$/);
  if (tarball && fs.existsSync(`.ci/${tarball[1]}`)) {
    let body = fs.readFileSync(`.ci/${tarball[1]}`);
    if (hit && mode.kind === 'flip') { body = Buffer.from(body); body[body.length >> 1] ^= 0x40; }
    if (hit && mode.kind === 'short') body = body.subarray(0, body.length >> 1);
    if (hit && mode.kind === 'cut') {
      response.writeHead(200, { 'content-length': body.length });
      response.write(body.subarray(0, body.length >> 1));
      return setTimeout(() => request.socket.destroy(), 50);
    }
    if (hit && mode.kind === 'stall') {
      response.writeHead(200, { 'content-length': body.length });
      return response.write(body.subarray(0, 100));
    }
    response.writeHead(200, { 'content-type': 'application/octet-stream' });
    return response.end(body);
  }
  const name = path.slice(1);
  const versions = packages[name];
  if (!versions) {
    response.writeHead(404, { 'content-type': 'application/json' });
    return response.end(JSON.stringify({ error: 'not_found', reason: 'document not found' }));
  }
  const base = `${mode.tls ? 'https' : 'http'}://${request.headers.host}`;
  const all = {};
  for (const [version, extra] of Object.entries(versions)) {
    const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
    const body = fs.readFileSync(`.ci/${file}`);
    const integrity = extra.integrity ?? `sha512-${crypto.createHash('sha512').update(body).digest('base64')}`;
    all[version] = { name, version, ...extra, dist: { tarball: `${base}/files/${extra.file ?? file}`, integrity, shasum: crypto.createHash('sha1').update(body).digest('hex') } };
    if (extra.integrity) delete all[version].dist.shasum;
  }
  response.writeHead(200, { 'content-type': 'application/json' });
  return response.end(JSON.stringify({ name, 'dist-tags': { latest: Object.keys(all).at(-1) }, versions: all, time: {} }));
}

const server = mode.tls
  ? https.createServer({ key: fs.readFileSync('.ci/key.pem'), cert: fs.readFileSync('.ci/cert.pem') }, serve)
  : http.createServer(serve);
server.listen(mode.port ?? 0, '127.0.0.1', () => {
  fs.writeFileSync('.ci/port.new', String(server.address().port));
  fs.renameSync('.ci/port.new', '.ci/port');
});
// Nobody ends it: it goes with its folder, or after two minutes.
setInterval(() => fs.existsSync('.ci/mode.json') || process.exit(), 500);
setTimeout(() => process.exit(), 120_000);
"""


def registry(mode: dict[str, object], packages: dict[str, dict[str, dict[str, object]]]) -> dict[str, str]:
    """The files of our registry: name → version → what its manifest adds."""
    return {
        ".ci/registry.mjs": REGISTRY,
        ".ci/mode.json": json.dumps(mode),
        ".ci/packages.json": json.dumps(packages),
        ".ci/pack.mjs": _PACK,
    }


PACK = "node .ci/pack.mjs\n"
"""Makes the tarballs of the registry's packages; belongs into `prepare`."""

_PACK = r"""import fs from 'node:fs';
import { execFileSync } from 'node:child_process';

for (const [name, versions] of Object.entries(JSON.parse(fs.readFileSync('.ci/packages.json', 'utf8')))) {
  for (const [version, extra] of Object.entries(versions)) {
    fs.rmSync('.ci/pack', { recursive: true, force: true });
    fs.mkdirSync('.ci/pack/package', { recursive: true });
    fs.writeFileSync('.ci/pack/package/package.json', JSON.stringify({ name, version, main: 'index.js', ...extra, integrity: undefined, file: undefined }));
    fs.writeFileSync('.ci/pack/package/index.js', `module.exports = ${JSON.stringify(name + version)};\n${'// '.padEnd(900, name)}\n`);
    execFileSync('tar', ['-czf', `.ci/${name.replace('@', '').replace('/', '-')}-${version}.tgz`, '-C', '.ci/pack', 'package']);
  }
}
"""


def passing(names: list[str], style: str = "jest", each: int = 8) -> dict[str, str]:
    """Test files that pass, one for each name, in the dialect of a runner."""
    heads = {
        "jest": "",
        "vitest": "import { describe, expect, test } from 'vitest';\n",
        "mocha": "const { expect } = require('chai');\nconst test = it;\n",
        "node": "const { describe, test } = require('node:test');\nconst assert = require('node:assert');\n",
    }
    check = {"mocha": "expect(sum).to.equal({0});", "node": "assert.equal(sum, {0});"}.get(style, "expect(sum).toBe({0});")
    verbs = ("adds up", "keeps the order of", "ignores empty", "rounds", "merges", "prints", "reads back", "rejects a failed", "caches")
    files = {}
    for number, name in enumerate(names):
        tests = "".join(
            f"  test('{verbs[(index + number) % len(verbs)]} {name} {index}', () => {{\n"
            f"    const sum = [{number}, {index}, 1].reduce((a, b) => a + b);\n    {check.replace('{0}', str(number + index + 1))}\n  }});\n"
            for index in range(each)
        )
        suffix = {"node": "test.js", "mocha": "spec.js", "vitest": "test.ts"}.get(style, "test.js")
        files[f"test/{name}.{suffix}"] = f"{heads[style]}describe('{name}', () => {{\n{tests}}});\n"
    return files


WORDS = ["accounts", "ledger", "parser", "router", "tokens", "timeline", "sprites", "coupons", "geometry", "mailer", "schedule", "inventory", "currency", "sessions", "uploads", "memory-pool", "retry-policy", "disk-quota", "socket-errors", "search"]
