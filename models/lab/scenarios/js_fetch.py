"""Scripts of a project that speak with remote services, and dependencies that come from git, when the other side fails."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.js_kit import UP, WORDS, manifest, named, passing, registry

_HOST = "api.release-hub.example"
_FETCH = "const url = process.env.HUB_URL + '/v1/releases';\nconst answer = await fetch(url, { method: 'POST', body: '{}', signal: AbortSignal.timeout(1800) });\nif (!answer.ok) throw new Error(`upload failed: ${answer.status} ${answer.statusText} from ${url}: ${await answer.text()}`);\nconsole.log('release published');\n"
_HTTPS = "const { get } = require(process.env.HUB_URL.split(':')[0]);\nconst request = get(process.env.HUB_URL + '/fixtures/maps.tar', { timeout: 1500 }, (answer) => {\n  if (answer.statusCode !== 200) { console.error(`GET ${answer.req.path} answered ${answer.statusCode} ${answer.statusMessage}`); process.exit(1); }\n  answer.on('error', (e) => { throw e; });\n  answer.resume().on('end', () => console.log('fixtures ready'));\n});\nrequest.on('timeout', () => request.destroy(Object.assign(new Error('no answer from the fixtures server within 1500 ms'), { code: 'ETIMEDOUT' })));\n"
_RETRY = "let last;\nfor (let i = 1; i <= 3; i += 1) {\n  try {\n    const answer = await fetch(process.env.HUB_URL + '/translations.json');\n    if (!answer.ok) throw new Error(`HTTP ${answer.status} ${answer.statusText}`);\n    console.log('translations:', (await answer.text()).length);\n    last = undefined;\n    break;\n  } catch (error) {\n    last = error;\n    console.warn(`[sync] attempt ${i} of 3 failed: ${error.message}${error.cause ? ` (${error.cause.code ?? error.cause.message})` : ''}`);\n  }\n}\nif (last) { console.error('[sync] giving up'); console.error(last); process.exit(1); }\n"


def _case(name: str, program: str, mode: dict[str, object], proof: str, *, url: str = "", long: bool = False, prepare: str = "", label: str = "", after: str = "") -> Case:
    where = url or f"{'https' if mode.get('tls') else 'http'}://{_HOST}:$PORT"
    tests = passing(WORDS, "node", 6) if long else {}
    before = "node --test --test-reporter=spec test/\n" if long else ""
    script, job = named(_HOST, f"{UP}export HUB_URL={where}\n{before}npm run publish-release\n{after}")
    suffix = "js" if "require(" in program else "mjs"
    files = {"package.json": manifest("map-tiles", scripts={"publish-release": f"node scripts/remote.{suffix}"}), f"scripts/remote.{suffix}": program}
    return Case(name, script, {**registry(mode, {}), **files, **tests, **job}, proof=proof, prepare=prepare, label=label)


@scenario("fetch/unavailable", label="service_unavailable", needs=("npm",), root=True)
def _unavailable() -> Iterator[Case]:
    yield _case("upload-503", _FETCH, {"kind": 503, "hits": 1, "body": "upstream connect error or disconnect/reset before headers"}, r"upload failed: 503")
    yield _case("download-502", _HTTPS, {"kind": 502, "hits": 1}, r"answered 502 Bad Gateway", long=True)
    yield _case("retried-500", _RETRY, {"kind": 500, "hits": 3}, r"HTTP 500 Internal Server Error")
    yield _case("upload-504", _FETCH, {"kind": 504, "hits": 1, "body": "<html><head><title>504 Gateway Time-out</title></head></html>"}, r"upload failed: 504")


@scenario("fetch/rate-limit", label="rate_limited", needs=("npm",), root=True)
def _limited() -> Iterator[Case]:
    yield _case("upload-429", _FETCH, {"kind": 429, "hits": 1, "retryAfter": "2"}, r"upload failed: 429")
    yield _case("secondary", _FETCH, {"kind": 403, "hits": 1, "body": '{"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}'}, r"secondary rate limit", long=True)
    yield _case("retried", _RETRY, {"kind": 429, "hits": 3}, r"HTTP 429 Too Many Requests")


@scenario("fetch/denied", label="auth_failure", needs=("npm",), root=True)
def _denied() -> Iterator[Case]:
    yield _case("upload-401", _FETCH, {"kind": 401, "body": '{"error": "invalid_token", "hint": "the deploy token has expired"}'}, r"upload failed: 401")
    yield _case("download-403", _HTTPS, {"kind": 403}, r"answered 403 Forbidden", long=True)


@scenario("fetch/hangs-up", label="connection_failure", needs=("npm",), root=True)
def _hangs_up() -> Iterator[Case]:
    proof = r"ECONNRESET|socket hang up|other side closed|ECONNREFUSED|UND_ERR_SOCKET"
    yield _case("upload-reset", _FETCH, {"kind": "reset", "hits": 1}, proof)
    yield _case("download-closed", _HTTPS, {"kind": "close", "hits": 1}, proof, long=True)
    yield _case("retried-closed", _RETRY, {"kind": "close", "hits": 3}, proof)
    yield _case("upload-refused", _FETCH, {"kind": "calm"}, proof, url=f"http://{_HOST}:3999")


@scenario("fetch/silent", label="network_timeout", needs=("npm",), root=True)
def _silent() -> Iterator[Case]:
    yield _case("upload", _FETCH, {"kind": "hang", "hits": 1}, r"aborted due to timeout|TimeoutError")
    yield _case("download", _HTTPS, {"kind": "hang", "hits": 1}, r"no answer from the fixtures server|ETIMEDOUT", long=True)


@scenario("fetch/no-name", label="dns_failure", needs=("npm",), root=True)
def _no_name() -> Iterator[Case]:
    proof = r"getaddrinfo (ENOTFOUND|EAI_AGAIN)|ENOTFOUND|EAI_AGAIN"
    yield _case("upload", _FETCH, {"kind": "calm"}, proof, url="https://hub.map-tiles.invalid")
    yield _case("download", _HTTPS, {"kind": "calm"}, proof, url="https://cdn.map-tiles.invalid", long=True)
    yield _case("retried", _RETRY, {"kind": "calm"}, proof, url="http://i18n.map-tiles.invalid")


@scenario("fetch/certificate", label="tls_error", needs=("npm", "openssl"), root=True)
def _certificate() -> Iterator[Case]:
    key = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout .ci/key.pem -out .ci/cert.pem -days 2 -subj /CN={_HOST} -addext subjectAltName=DNS:{_HOST} 2>/dev/null\n"
    tls: dict[str, object] = {"kind": "calm", "tls": True}
    yield _case("upload", _FETCH, tls, r"DEPTH_ZERO_SELF_SIGNED_CERT|self-signed certificate", prepare=key)
    yield _case("download", _HTTPS, tls, r"DEPTH_ZERO_SELF_SIGNED_CERT|self-signed certificate", prepare=key, long=True)
    yield _case("plain-port", _FETCH, {"kind": "calm"}, r"wrong version number|ERR_SSL|packet length too long|EPROTO", url=f"https://{_HOST}:$PORT")


_GIT_HOST = "git.map-tiles.example"


def _git(name: str, mode: dict[str, object], proof: str, *, url: str = "", flags: str = "", label: str = "", path: str = "team/projections.git") -> Case:
    where = url or f"git+http://{_GIT_HOST}:$PORT"
    job = f"{UP}export GIT_TERMINAL_PROMPT=0\nnpm pkg set \"dependencies.projections={where}/{path}#v2.1.0\"\nnpm install --no-audit {flags}\n"
    script, files = named(_GIT_HOST, job)
    return Case(name, script, {**registry(mode, {}), "package.json": manifest("map-tiles", dependencies={}), **files}, proof=proof, label=label)


@scenario("npm-git/source-fails", label="auth_failure", needs=("npm", "git"), root=True)
def _git_source() -> Iterator[Case]:
    yield _git("denied", {"kind": 401}, r"could not read Username|Authentication failed|terminal prompts disabled")
    yield _git("forbidden", {"kind": 403}, r"returned error: 403|The requested URL returned error", flags="--loglevel verbose")
    yield _git("gone", {"kind": "calm"}, r"repository '.*' not found", label="dependency_not_found")
    yield _git("unavailable", {"kind": 503}, r"returned error: 503", label="service_unavailable")
    yield _git("refused", {"kind": "calm"}, r"Failed to connect|Couldn't connect|[Cc]onnection refused", url=f"git+http://{_GIT_HOST}:3999", label="connection_failure")
    yield _git("no-name", {"kind": "calm"}, r"Could not resolve host", url="git+https://git.map-tiles.invalid", label="dns_failure", flags="--no-color")


@scenario("fetch/survived-then-fails", label="compile_error", needs=("npm",), root=True)
def _survived() -> Iterator[Case]:
    """The network was bad and got better; the code is what is wrong."""
    after = "set -x\nfor f in lib/*.js; do node --check $f; done\n"
    case = _case("reset-then-syntax", _RETRY, {"kind": "reset", "hits": 2}, r"SyntaxError: ", after=after, url="http://" + _HOST + ":$PORT/files/..")
    yield Case(case.name, case.script, {**case.files, ".ci/translations.json": "{}", "scripts/remote.mjs": _RETRY.replace("'/translations.json'", "''").replace("process.env.HUB_URL + ''", "process.env.HUB_URL.replace('/files/..', '/files/translations.json')"), "lib/a.js": "module.exports = 1;\n", "lib/b.js": "module.exports = { zoom: 4, tiles: [ };\n"}, proof=case.proof)


@scenario("fetch/passes", label=PASSED, needs=("npm",), root=True)
def _passes() -> Iterator[Case]:
    case = _case("retried", _RETRY, {"kind": 503, "hits": 2}, "", long=True)
    yield Case(case.name, case.script, {**case.files, ".ci/translations.json": "{}", "scripts/remote.mjs": _RETRY.replace("'/translations.json'", "'/files/translations.json'")})
