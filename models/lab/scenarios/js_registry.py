"""Package clients against a registry of our own packages that refuses, fails, stalls or lies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from models.lab.scenario import Case, scenario
from models.lab.scenarios.js_kit import PACK, UP, WORDS, manifest, named, passing, registry, tools

_HOST = "npm.acme.example"
_PACKAGES: dict[str, dict[str, dict[str, object]]] = {
    "@acme/rates": {"1.2.0": {}, "1.3.0": {"dependencies": {"@acme/money": "^2.0.0"}}},
    "@acme/money": {"2.0.1": {}},
    "@acme/forms": {"0.9.4": {}},
}
_PNPM = tools("pm3", "pnpm@9", folder=".tools")
_YARN = tools("pm1", "yarn@1", folder=".tools")
_BUN = tools("bun", "bun@1", folder=".tools")


def _case(name: str, client: str, mode: dict[str, object], proof: str, *, flags: str = "", url: str = "", before: str = "", files: Mapping[str, str] | None = None, prepare: str = "", npmrc: str = "", tail: str = "", label: str = "") -> Case:
    """One client's install, with a host name of its own for the registry."""
    where = url or f"{'https' if mode.get('tls') else 'http'}://{_HOST}:$PORT"
    install = {
        "npm": f"npm install --no-audit --no-fund --fetch-retries=1 --fetch-retry-mintimeout=200 --fetch-retry-maxtimeout=400 {flags}",
        "pnpm": f"export PATH=$PWD/.tools/.bin:$PATH\npnpm install --fetch-retries=1 --fetch-retry-mintimeout=200 --fetch-retry-maxtimeout=400 {flags}",
        "yarn": f"export PATH=$PWD/.tools/.bin:$PATH\nyarn install --network-timeout 2500 {flags}",
        "bun": f"export PATH=$PWD/.tools/.bin:$PATH\nbun install {flags}",
    }[client]
    job = f'{UP}printf "@acme:registry={where}/\\nupdate-notifier=false\\n{npmrc}" > .npmrc\n{before}{install}\n{tail}'
    script, job_file = named(_HOST, job)
    setup = {"pnpm": _PNPM, "yarn": _YARN, "bun": _BUN}.get(client, "")
    project = {"package.json": manifest("tariff-site", dependencies={"@acme/rates": "^1.2.0", "@acme/forms": "0.9.4"})}
    return Case(name, script, {**registry(mode, _PACKAGES), **project, **job_file, **(files or {})}, prepare=PACK + setup + prepare, proof=proof, label=label)


_LONG = {f"tools/{name}": text for name, text in passing(WORDS, "node", 7).items()}
_BEFORE = "node --test tools/test/\n"


@scenario("registry/unavailable", label="service_unavailable", heals="wait", needs=("npm",), root=True)
def _unavailable() -> Iterator[Case]:
    proof = r"\b50[0234] (Service Unavailable|Internal Server Error|Bad Gateway|Gateway Time-?out)|(: |\"| )50[0234]\b"
    yield _case("npm-503", "npm", {"kind": 503, "hits": 6}, r"E503|503 Service Unavailable")
    yield _case("npm-500-http", "npm", {"kind": 500, "hits": 8, "path": "money"}, r"E500|500 Internal Server Error", flags="--loglevel http --no-color")
    yield _case("npm-502-tarball", "npm", {"kind": 502, "hits": 6, "path": "files/", "type": "text/html", "body": "<html><h1>502 Bad Gateway</h1></html>"}, r"E502|502 Bad Gateway", before=_BEFORE, files=_LONG)
    yield _case("pnpm-503", "pnpm", {"kind": 503, "hits": 8}, r"ERR_PNPM_FETCH_503|Service Unavailable - 503|50[03]\b.*(Service Unavailable|retry)")
    yield _case("pnpm-504", "pnpm", {"kind": 504, "hits": 8, "path": "files/"}, r"ERR_PNPM_FETCH_504|Gateway Timeout - 504|504", flags="--reporter=append-only")
    yield _case("yarn-503", "yarn", {"kind": 503, "hits": 30}, proof, flags="--verbose")
    yield _case("bun-503", "bun", {"kind": 503, "hits": 30}, proof)


@scenario("registry/rate-limit", label="rate_limited", heals="wait", needs=("npm",), root=True)
def _limited() -> Iterator[Case]:
    proof = r"\b429\b|E429|Too Many Requests"
    yield _case("npm", "npm", {"kind": 429, "hits": 6, "retryAfter": "1"}, proof)
    yield _case("npm-long", "npm", {"kind": 429, "hits": 6}, proof, flags="--verbose", before=_BEFORE, files=_LONG)
    yield _case("pnpm", "pnpm", {"kind": 429, "hits": 6}, proof)
    yield _case("yarn", "yarn", {"kind": 429, "hits": 20, "body": '{"error": "rate limit exceeded, slow down"}'}, proof + "|rate limit exceeded")
    yield _case("npm-403-words", "npm", {"kind": 403, "hits": 6, "body": '{"error": "API rate limit exceeded for 10.2.3.4, try again in 3 minutes"}'}, r"rate limit exceeded")


@scenario("registry/denied", label="auth_failure", needs=("npm",), root=True)
def _denied() -> Iterator[Case]:
    yield _case("npm-401", "npm", {"kind": 401}, r"E401|401 Unauthorized|Unable to authenticate")
    yield _case("npm-403", "npm", {"kind": 403}, r"E403|403 Forbidden", flags="--loglevel http")
    yield _case("npm-token", "npm", {"kind": 401, "body": '{"error": "token expired"}'}, r"E401|token expired|401 Unauthorized", npmrc="//" + _HOST + ":$PORT/:_authToken=npm_0000", before=_BEFORE, files=_LONG)
    yield _case("pnpm-403", "pnpm", {"kind": 403}, r"ERR_PNPM_FETCH_403|Forbidden - 403")
    yield _case("pnpm-401", "pnpm", {"kind": 401}, r"ERR_PNPM_FETCH_401|Unauthorized - 401", flags="--reporter=append-only --no-color")
    yield _case("yarn-401", "yarn", {"kind": 401}, r"401|[Uu]nauthorized")
    yield _case("bun-403", "bun", {"kind": 403}, r"\b403\b")
    yield _case("need-auth", "npm", {"kind": "calm"}, r"ENEEDAUTH|need auth", tail=f"npm publish --access restricted --registry http://{_HOST}:$PORT/", before="npm pkg delete private\nnpm pkg set name=@acme/tariff-site\n")
    yield _case("publish-403", "npm", {"kind": 403, "path": "tariff"}, r"E403|403 Forbidden|403 In most cases", tail="npm publish --access restricted", before="npm pkg delete private\nnpm pkg set name=@acme/tariff-site\n", npmrc="//" + _HOST + ":$PORT/:_authToken=npm_0000\\n")


@scenario("registry/gone", label="dependency_not_found", needs=("npm",), root=True)
def _gone() -> Iterator[Case]:
    want = {"package.json": manifest("tariff-site", dependencies={"@acme/rates": "^1.2.0", "@acme/charts": "^4.0.0"})}
    yield _case("npm", "npm", {"kind": "calm"}, r"^npm error (404 {2}'|code E404|404 Not Found)", files=want)
    yield _case("pnpm", "pnpm", {"kind": "calm"}, r"ERR_PNPM_FETCH_404|is not in the npm registry", files=want)
    yield _case("yarn", "yarn", {"kind": "calm"}, r"charts: [Nn]ot.?[Ff]ound|Request failed \"404|Couldn't find package", files=want)
    yield _case("bun", "bun", {"kind": "calm"}, r"charts.*(404|failed to resolve|not found)|404", files=want)
    yield _case("tarball", "npm", {"kind": 404, "path": "files/acme-forms"}, r"E404|404 Not Found", flags="--no-color")
    old = {"package.json": manifest("tariff-site", dependencies={"@acme/rates": "^7.0.0"})}
    yield _case("pnpm-version", "pnpm", {"kind": "calm"}, r"ERR_PNPM_NO_MATCHING_VERSION", files=old)
    yield _case("yarn-version", "yarn", {"kind": "calm"}, r"Couldn't find any versions for", files=old)
    yield _case("bun-version", "bun", {"kind": "calm"}, r"No version matching", files=old)


@scenario("registry/silent", label="network_timeout", heals="wait", needs=("npm",), root=True)
def _silent() -> Iterator[Case]:
    yield _case("npm", "npm", {"kind": "hang", "hits": 4}, r"ERR_SOCKET_TIMEOUT|ETIMEDOUT|network timeout|Socket timeout|idle", flags="--fetch-timeout=900")
    yield _case("npm-tarball", "npm", {"kind": "stall", "hits": 6, "path": "files/"}, r"EIDLETIMEOUT|Idle timeout reached|ERR_SOCKET_TIMEOUT", flags="--fetch-timeout=900 --verbose")
    yield _case("pnpm", "pnpm", {"kind": "hang", "hits": 6}, r"ERR_SOCKET_TIMEOUT|Socket timeout|ETIMEDOUT|network timeout", flags="--fetch-timeout=900")
    yield _case("yarn", "yarn", {"kind": "hang", "hits": 40}, r"ESOCKETTIMEDOUT|ETIMEDOUT|trouble with your network", flags="--verbose")


@scenario("registry/hangs-up", label="connection_failure", heals="wait", needs=("npm",), root=True)
def _hangs_up() -> Iterator[Case]:
    proof = r"ECONNRESET|socket hang up|ECONNREFUSED|Connection(Closed|Reset|Refused)|other side closed"
    yield _case("npm-reset", "npm", {"kind": "reset", "hits": 4}, proof)
    yield _case("npm-close", "npm", {"kind": "close", "hits": 4}, proof, flags="--loglevel silly --no-color")
    yield _case("npm-cut", "npm", {"kind": "cut", "hits": 8, "path": "files/"}, r"ECONNRESET|network aborted|Premature close|Invalid response body", before=_BEFORE, files=_LONG)
    yield _case("pnpm-reset", "pnpm", {"kind": "reset", "hits": 8}, proof)
    yield _case("yarn-close", "yarn", {"kind": "close", "hits": 40}, proof)
    yield _case("bun-close", "bun", {"kind": "close", "hits": 40}, proof + "|Connection|closed")
    yield _case("npm-refused", "npm", {"kind": "calm"}, r"ECONNREFUSED", url=f"http://{_HOST}:9")
    yield _case("pnpm-refused", "pnpm", {"kind": "calm"}, r"ECONNREFUSED", url=f"http://{_HOST}:9")


@scenario("registry/no-name", label="dns_failure", needs=("npm",), root=True)
def _no_name() -> Iterator[Case]:
    proof = r"ENOTFOUND|EAI_AGAIN|getaddrinfo"
    url = "https://npm.acme-mirror.invalid"
    yield _case("npm", "npm", {"kind": "calm"}, proof, url=url)
    yield _case("npm-long", "npm", {"kind": "calm"}, proof, url=url, flags="--loglevel http", before=_BEFORE, files=_LONG)
    yield _case("pnpm", "pnpm", {"kind": "calm"}, proof, url=url)
    yield _case("yarn", "yarn", {"kind": "calm"}, proof, url=url)


_SELF = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout .ci/key.pem -out .ci/cert.pem -days 3 -subj /CN={_HOST} -addext subjectAltName=DNS:{_HOST} 2>/dev/null\n"
_OTHER = _SELF.replace(f"DNS:{_HOST}", "DNS:cache.acme.example").replace(f"CN={_HOST}", "CN=cache.acme.example")


@scenario("registry/certificate", label="tls_error", needs=("npm", "openssl"), root=True)
def _certificate() -> Iterator[Case]:
    tls: dict[str, object] = {"kind": "calm", "tls": True}
    proof = r"SELF_SIGNED|self[- ]signed certificate|ALTNAME|does not match certificate|wrong version number|EPROTO|ERR_SSL|packet length too long"
    yield _case("npm", "npm", tls, proof, prepare=_SELF)
    yield _case("npm-verbose", "npm", tls, proof, prepare=_SELF, flags="--verbose", before=_BEFORE, files=_LONG)
    yield _case("pnpm", "pnpm", tls, proof, prepare=_SELF)
    yield _case("yarn", "yarn", tls, proof, prepare=_SELF)
    yield _case("bun", "bun", tls, proof, prepare=_SELF)
    yield _case("other-name", "npm", tls, proof, prepare=_OTHER, before="export NODE_EXTRA_CA_CERTS=$PWD/.ci/cert.pem npm_config_cafile=$PWD/.ci/cert.pem\n")
    yield _case("plain-port", "npm", {"kind": "calm"}, proof, url=f"https://{_HOST}:$PORT")


@scenario("registry/damaged", label="corrupt_artifact", heals="wait", needs=("npm",), root=True)
def _damaged() -> Iterator[Case]:
    proof = r"EINTEGRITY|integrity checksum failed|[Ii]ntegrity check failed|ERR_PNPM_TARBALL_INTEGRITY|TAR_BAD_ARCHIVE|ERR_PNPM_BAD_TARBALL|incorrect data check|unexpected end of file|IntegrityCheckFailed"
    yield _case("npm-flip", "npm", {"kind": "flip", "hits": 40, "path": "files/"}, proof)
    yield _case("npm-short", "npm", {"kind": "short", "hits": 40, "path": "files/"}, proof, flags="--loglevel http", before=_BEFORE, files=_LONG)
    yield _case("pnpm-flip", "pnpm", {"kind": "flip", "hits": 9, "path": "files/"}, proof)
    yield _case("yarn-flip", "yarn", {"kind": "flip", "hits": 9, "path": "files/"}, proof)
    yield _case("bun-flip", "bun", {"kind": "flip", "hits": 9, "path": "files/"}, r"Integrity ?[Cc]heck ?[Ff]ailed")
