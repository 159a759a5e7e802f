"""Node programs that fetch something in a build step, in bad weather: fetch, https, axios, got."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Weather, scenario
from models.lab.weather_clients import TOOLS_JS, Client
from models.lab.weather_noise import LISTING, NODE_RUN, NODE_TEST

_FILES = {
    "package.json": '{"name": "atlas-site", "private": true, "type": "commonjs", "scripts": {"tiles": "node scripts/tiles.js", "rates": "node scripts/rates.mjs"}}\n',
    "scripts/rates.mjs": """import { writeFile } from 'node:fs/promises';

const response = await fetch(`${process.env.LAB_HTTPS}/files/releases/exchange-rates.json`, { signal: AbortSignal.timeout(3000) });
if (!response.ok) throw new Error(`rates: ${response.status} ${response.statusText}`);
await writeFile('rates.json', JSON.stringify(await response.json()));
console.log('rates written');
""",
    "scripts/tiles.js": """const https = require('node:https');
const fs = require('node:fs');

const request = https.get(`${process.env.LAB_HTTPS}/files/releases/fixtures.zip`, { timeout: 3000 }, (res) => {
  if (res.statusCode !== 200) {
    console.error(`tiles: server said ${res.statusCode} ${res.statusMessage}`);
    process.exit(1);
  }
  res.pipe(fs.createWriteStream('tiles.zip'));
  res.on('error', (error) => { console.error('tiles: download broke off:', error.message); process.exit(1); });
});
request.on('timeout', () => request.destroy(new Error('tiles: no answer within 3000 ms')));
""",
    "scripts/weights.js": """const axios = require('axios');

axios.get(`${process.env.LAB_HTTPS}/files/releases/weights-v3.tar.gz`, { responseType: 'arraybuffer', timeout: 3000 })
  .then((answer) => console.log('weights', answer.data.length));
""",
    "scripts/sums.js": """const got = require('got');

(async () => {
  const text = await got(`${process.env.LAB_HTTPS}/files/releases/SHA256SUMS`, { retry: { limit: 1 }, timeout: { request: 3000 } }).text();
  console.log(text);
})();
""",
}
CODE = Client("node", "node scripts/rates.mjs", "releases", files=_FILES, prepare=TOOLS_JS + '\nln -s "$LAB_CACHE/net-js/berry/node_modules" node_modules', needs=("node", "npm"))
_NEEDS = ("node", "npm")


@scenario("node/weather-server-error", label="service_unavailable", heals="wait", needs=_NEEDS)
def _server_error() -> Iterator[Case]:
    yield CODE.case("fetch-503", Weather("503", hits=1), proof=r"Error: rates: 503 Service Unavailable")
    yield CODE.case("https-502", Weather("502", hits=1, seed=2), f"{NODE_RUN}\nnpm run tiles", files=NODE_TEST, proof=r"server said 502")
    yield CODE.case("axios-500", Weather("500", hits=1, seed=3), "node scripts/weights.js", proof=r"AxiosError: Request failed with status code 500")
    yield CODE.case("got-504", Weather("504", hits=2, seed=4), "node scripts/sums.js", proof=r"HTTPError: Response code 504")


@scenario("node/weather-limited", label="rate_limited", heals="wait", needs=_NEEDS)
def _limited() -> Iterator[Case]:
    yield CODE.case("fetch-429", Weather("429", hits=1), proof=r"rates: 429 Too Many")
    yield CODE.case("axios-429", Weather("429", hits=1, seed=2, retry_after="2"), "node scripts/weights.js", proof=r"status code 429")
    yield CODE.case("got-429", Weather("429", hits=3, seed=3), "node scripts/sums.js", proof=r"HTTPError: Response code 429")


@scenario("node/weather-connection", label="connection_failure", heals="wait", needs=_NEEDS)
def _connection() -> Iterator[Case]:
    yield CODE.case("fetch-refused", Weather("refused", seconds=3), proof=r"ECONNREFUSED")
    yield CODE.case("https-reset", Weather("reset", hits=1, seed=2), "npm run tiles", proof=r"ECONNRESET|socket hang up")
    yield CODE.case("axios-hang-up", Weather("close", hits=1, seed=3), "node scripts/weights.js", proof=r"AxiosError: socket hang up|ECONNRESET")
    yield CODE.case("fetch-broken-body", Weather("truncate", hits=1, seed=4), f"{LISTING}\nnpm run rates", proof=r"other side closed|terminated")
    yield CODE.case("unreachable", Weather("unreachable", seed=5), "node scripts/sums.js", proof=r"ENETUNREACH")


@scenario("node/weather-time-out", label="network_timeout", heals="wait", needs=_NEEDS)
def _time_out() -> Iterator[Case]:
    yield CODE.case("fetch-abort", Weather("silent", hits=1), proof=r"TimeoutError|aborted due to timeout")
    yield CODE.case("https-idle", Weather("silent", hits=1, seed=2), "npm run tiles", proof=r"no answer within 3000 ms")
    yield CODE.case("axios-stall", Weather("stall", hits=1, seed=3), "node scripts/weights.js", proof=r"AxiosError: |timeout of 3000ms exceeded")
    yield CODE.case("got-connect", Weather("no_answer", seconds=14, seed=4), "node scripts/sums.js", proof=r"TimeoutError: Timeout awaiting|ETIMEDOUT")


@scenario("node/weather-name", label="dns_failure", heals="wait", needs=_NEEDS, root=True)
def _name() -> Iterator[Case]:
    yield CODE.case("fetch", Weather("dns", seconds=3), proof=r"ENOTFOUND")
    yield CODE.case("axios-again", Weather("dns_again", seconds=4, seed=2), "node scripts/weights.js", proof=r"EAI_AGAIN")


@scenario("node/weather-certificate", label="tls_error", needs=_NEEDS)
def _certificate() -> Iterator[Case]:
    yield CODE.case("fetch-self-signed", Weather("tls"), proof=r"DEPTH_ZERO_SELF_SIGNED_CERT|self-signed certificate")
    yield CODE.case("https-expired", Weather("tls_expired", seed=2), "npm run tiles", proof=r"CERT_HAS_EXPIRED|certificate has expired")
    yield CODE.case("axios-host", Weather("tls_host", seed=3), "node scripts/weights.js", proof=r"ERR_TLS_CERT_ALTNAME_INVALID|does not match certificate")


@scenario("node/weather-denied", label="auth_failure", needs=_NEEDS)
def _denied() -> Iterator[Case]:
    yield CODE.case("fetch-401", Weather("401"), proof=r"rates: 401")
    yield CODE.case("axios-403", Weather("403", seed=2), "node scripts/weights.js", proof=r"status code 403")


@scenario("node/weather-passed", label=PASSED, needs=_NEEDS)
def _passed() -> Iterator[Case]:
    yield CODE.case("got-retries", Weather("503", hits=1), f"node scripts/sums.js\n{NODE_RUN}\n{LISTING}", files=NODE_TEST)
