"""curl and wget against local servers that misbehave: what comes, what does not, and what comes damaged."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, Limits, scenario
from models.lab.scenarios.sys_common import (
    CERTIFICATES,
    SERVER,
    answers_curl,
    behind,
    in_steps,
    listening,
    port,
    serve,
)

FILES = {"../server.py": SERVER}
MADE = "mkdir -p ../www/tools && head -c 200000 /dev/urandom > ../www/tools/lint-1.4.2.tar.gz\n"
HOST = "downloads.example.com"


def _curl(name: str, moods: str, script: str, proof: str, **more: object) -> Case:
    """One with `curl`, which finds the host by its own configuration."""
    prepare = MADE + str(more.pop("also", "")) + serve(f"curl-{name}", moods) + answers_curl(HOST, f"curl-{name}", 80) + answers_curl("api.example.com", f"curl-{name}", 80)
    return Case(name, script, files=FILES, prepare=prepare, proof=proof, **more)  # type: ignore[arg-type]


def _wget(name: str, moods: str, script: str, proof: str, **more: object) -> Case:
    """One with `wget`, by a proxy."""
    prepare = MADE + serve(f"wget-{name}", moods) + f"echo 'http_proxy = http://127.0.0.1:{port(f'wget-{name}')}' > ../home/.wgetrc\n"
    return Case(name, script, files=FILES, prepare=prepare, proof=proof, **more)  # type: ignore[arg-type]


@scenario("curl/server-error", label="service_unavailable", heals="wait", needs=("curl", "python3"))
@in_steps
def _server_error() -> Iterator[Case]:
    yield _curl("503", "503*1", f"curl -fsSL http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(22\).*503")
    yield _curl(
        "502-with-body",
        "502*1",
        f'code=$(curl -sS -o reply -w "%{{http_code}}" http://{HOST}/tools/lint-1.4.2.tar.gz)\necho "HTTP $code"\n[ "$code" = 200 ] || {{ cat reply; exit 1; }}',
        r"HTTP 502|502 Bad Gateway",
    )
    yield _curl("504-verbose", "504*1", f"set -x\ncurl -v --fail -o lint.tgz http://{HOST}/tools/lint-1.4.2.tar.gz", r"curl: \(22\).*504|HTTP/1\.1 504")
    yield _curl(
        "500-own-retries",
        "500*4",
        f"curl --fail --retry 3 --retry-delay 1 --show-error --silent http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz",
        r"returned error: 500",
    )
    yield _wget("503-wget", "503*1", f"wget http://{HOST}/tools/lint-1.4.2.tar.gz", r"503.*Service Unavailable")
    yield _wget("502-quiet", "502*1", f"echo 'Fetching tool ...'\nwget -nv -t1 http://{HOST}/tools/lint-1.4.2.tar.gz", r"502")


@scenario("curl/rate-limited", label="rate_limited", heals="wait", needs=("curl", "python3"))
@in_steps
def _rate() -> Iterator[Case]:
    yield _curl("429", "429*1", f"curl --fail-with-body -sS http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz || {{ cat lint.tgz; exit 22; }}", r"error: 429|exceeded your quota")
    yield _curl(
        "403-of-an-api",
        "403json*1",
        "set -euo pipefail\ntag=$(curl -sS http://api.example.com/repos/acme/lint/releases/latest | tee reply.json | jq -er .tag_name) || { cat reply.json; exit 1; }\necho $tag",
        r"rate limit exceeded",
        also="mkdir -p ../www/repos/acme/lint/releases && echo '{\"tag_name\":\"v1\"}' > ../www/repos/acme/lint/releases/latest\n",
    )
    yield _wget("429-wget", "429*1", f"wget --tries=1 http://{HOST}/tools/lint-1.4.2.tar.gz -O lint.tgz", r"429")
    yield _curl("429-verbose", "429*1", f"curl -fv http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"HTTP/1\.1 429|error: 429")


@scenario("curl/refused-or-cut", label="connection_failure", heals="wait", needs=("curl", "python3"))
@in_steps
def _cut() -> Iterator[Case]:
    yield _curl("reset", "reset*1", f"curl -fsSL http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \((?:56|52)\)")
    yield _curl("empty-reply", "empty*1", f"curl -fL --no-progress-meter http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(52\)")
    yield _curl("body-cut", "cut*1", f"curl -fL http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(18\)")
    yield _curl("body-reset", "cutreset*1", f"set -x; curl -fSL http://{HOST}/tools/lint-1.4.2.tar.gz | tar -tz", r"curl: \((?:18|56)\)")
    yield _wget("wget-reset", "reset*2", f"wget -t 2 --waitretry=1 http://{HOST}/tools/lint-1.4.2.tar.gz", r"Connection reset by peer|Read error|No data received")
    for name, words in (("refused", f"curl -fsS http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz"), ("wget-refused", f"wget --tries=1 http://{HOST}/tools/lint-1.4.2.tar.gz")):
        # What serves comes up after some seconds.
        number = port(name)
        late = MADE + f"late() {{ sleep 6; exec python3 ../server.py {number} ../www ''; }}; export -f late\n" + behind("late")
        found = answers_curl(HOST, name, 80) + f"echo 'http_proxy = http://127.0.0.1:{number}' > ../home/.wgetrc\n"
        yield Case(name, words, files=FILES, prepare=late + found, proof=r"curl: \(7\)|Connection refused")


@scenario("curl/never-answers", label="network_timeout", heals="wait", needs=("curl", "python3"))
@in_steps
def _stall() -> Iterator[Case]:
    yield _curl("max-time", "stall*1", f"curl -fsS --max-time 3 http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(28\)")
    yield _curl("body-stalls", "slow*1", f"curl -f -m 4 http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(28\)")
    yield _curl("too-slow", "slow*1", f"curl -fsS -Y 1000 -y 3 http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(28\) Operation too slow")
    yield _wget("wget-read", "stall*1", f"wget -T 3 -t 1 http://{HOST}/tools/lint-1.4.2.tar.gz", r"Read error \(Connection timed out\)|timed out")
    yield _wget("wget-twice", "stall*2", f"wget -nv --timeout=2 --tries=2 --waitretry=1 http://{HOST}/tools/lint-1.4.2.tar.gz -O lint.tgz", r"timed out")


@scenario("curl/no-such-host", label="dns_failure", heals="wait", needs=("curl",))
@in_steps
def _dns() -> Iterator[Case]:
    url = "http://mirror.build.invalid/tools/lint-1.4.2.tar.gz"
    for name, script, proof in (
        ("curl", f"curl -fsSL {url} -o lint.tgz", r"curl: \(6\)"),
        ("progress", f"set -ex\nmkdir -p bin\ncurl -L {url} -o bin/lint", r"curl: \(6\)"),
        ("wget", f"wget -q {url} || {{ echo 'wget failed, once more with its output'; wget {url}; }}", r"unable to resolve host"),
    ):
        # The host can be found after some seconds.
        number = port(f"dns-{name}")
        soon = f"sleep 5; echo 'http_proxy = http://127.0.0.1:{number}' > ../home/.wgetrc; {answers_curl('mirror.build.invalid', f'dns-{name}', 80).strip()}"
        prepare = MADE + serve(f"dns-{name}") + f"later() {{ {soon}; }}; export -f later\n" + behind("later")
        yield Case(name, script, files=FILES, prepare=prepare, proof=proof)


@scenario("curl/gone", label="dependency_not_found", needs=("curl", "python3"))
@in_steps
def _gone() -> Iterator[Case]:
    yield _curl("tool-version", "", f'VERSION=1.9.0\ncurl -fsSL "http://{HOST}/tools/lint-$VERSION.tar.gz" | tar -xz -C /tmp', r"error: 404")
    yield _wget("wget", "", f"wget http://{HOST}/archive/libgeo-3.2.zip", r"ERROR 404")
    yield _curl("body-is-html", "404*9", f"set -x\ncurl -sSfL -o jre.tar.gz http://{HOST}/jre/21.0.9/jre-linux-x64.tar.gz\ntar xf jre.tar.gz", r"error: 404")
    yield _curl("410", "410*9", f"curl --fail --location --remote-name http://{HOST}/tools/codegen-0.3.jar", r"error: 410")


@scenario("curl/refused-by-rights", label="auth_failure", needs=("curl", "python3"))
@in_steps
def _rights() -> Iterator[Case]:
    yield _curl("401", "401*9", f'curl -fsS -u "ci:$ARTIFACTS_TOKEN" http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz', r"error: 401", env={"ARTIFACTS_TOKEN": "expired-0f"})
    yield _curl("403", "403*9", f"set -e; curl -f -H 'PRIVATE-TOKEN: x' -T README.md http://{HOST}/generic/app/1.0/README.md", r"error: 403", also="echo app > README.md\n")
    yield _wget("wget-401", "401*9", f"wget --user ci --password wrong http://{HOST}/tools/lint-1.4.2.tar.gz", r"Username/Password Authentication Failed")
    yield _wget("wget-403", "403*9", f"wget -nv http://{HOST}/private/keys.tar", r"ERROR 403")


@scenario("curl/damaged", label="corrupt_artifact", heals="", needs=("curl", "python3", "sha256sum"))
@in_steps
def _damaged() -> Iterator[Case]:
    summed = "(cd ../www/tools && sha256sum lint-1.4.2.tar.gz) > lint.sha256\n"
    yield _curl("sha256", "flip*9", f"curl -fsSLO http://{HOST}/tools/lint-1.4.2.tar.gz\nsha256sum -c lint.sha256", r"lint-1.4.2.tar.gz: FAILED|did NOT match", also=summed)
    yield _curl(
        "shasum-by-hand",
        "short*9",
        f'curl -sSfL http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz\nwant=$(cut -d" " -f1 lint.sha256); got=$(sha256sum lint.tgz | cut -d" " -f1)\nif [ "$want" != "$got" ]; then\n  echo "::error::checksum mismatch for lint 1.4.2: expected $want, got $got"; exit 1\nfi',
        r"::error::checksum mismatch",
        also=summed,
    )
    real = "mkdir -p ../www/tools t && cp -r /usr/include/linux t/ && tar -czf ../www/tools/lint-1.4.2.tar.gz t && rm -r t\n"
    yield _curl("gzip-short", "short*9", f"curl -fsSL http://{HOST}/tools/lint-1.4.2.tar.gz | tar -xz", r"gzip: stdin: unexpected end of file|Unexpected EOF in archive", also=real)
    yield _wget("md5", "flip*9", f"wget -q http://{HOST}/tools/lint-1.4.2.tar.gz\necho 'd41d8cd98f00b204e9800998ecf8427e  lint-1.4.2.tar.gz' | md5sum --check", r"lint-1.4.2.tar.gz: FAILED|did NOT match")


@scenario("curl/tls", label="tls_error", needs=("curl", "openssl", "python3"))
@in_steps
def _tls() -> Iterator[Case]:
    day = "20200101000000Z 20210101000000Z"
    good = "20200101000000Z 20400101000000Z"

    def one(name: str, host: str, days: str, script: str, proof: str, *, trusted: bool, more: str = "") -> Case:
        trust = "echo 'cacert = \"'$(realpath ../ca.pem)'\"' >> ../home/.curlrc\n" if trusted else ""
        prepare = MADE + CERTIFICATES + f"sign web {host} {days}\n" + trust + answers_curl(HOST, f"tls-{name}")
        return Case(name, script, files=FILES, prepare=prepare + serve(f"tls-{name}", env=f"TLS_CERT=../web.pem TLS_KEY=../web.key {more}"), proof=proof)

    yield one("expired", HOST, day, f"curl -fsSL https://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(60\).*expired", trusted=True)
    yield one("unknown-issuer", HOST, good, f"curl -fL https://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(60\)", trusted=False)
    yield one("other-name", "cdn.other.example", good, f"set -x\ncurl -fv https://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(60\)|does not match target", trusted=True)
    yield one("old-protocol", HOST, good, f"curl --tlsv1.2 -sSf https://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz", r"curl: \(35\)", trusted=True, more="TLS_MAX=1.1")
    name = "openssl-verify"
    yield Case(
        name,
        "echo '== verifying the chain of the deployment certificate'\nopenssl verify -CAfile ca.pem web.pem",
        files=FILES,
        prepare=CERTIFICATES + f"sign web {HOST} {day}\ncp ../ca.pem ../web.pem .\n",
        proof=r"certificate has expired",
    )
    plain = port("tls-plain")
    yield Case(
        "plain-http-there",
        f"curl -fsSL https://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz",
        files=FILES,
        prepare=MADE + serve("tls-plain") + answers_curl(HOST, "tls-plain"),
        proof=r"curl: \(35\).*wrong version number",
    )
    yield Case(
        "wget-self-signed",
        f"wget https://localhost:{plain + 1}/tools/lint-1.4.2.tar.gz",
        files=FILES,
        prepare=MADE + CERTIFICATES + f"sign web localhost {good}\n"
        + behind(f"TLS_CERT=../web.pem TLS_KEY=../web.key python3 ../server.py {plain + 1} ../www ''") + listening(plain + 1),
        proof=r"not trusted|have a known issuer|cannot verify localhost's certificate",
    )


@scenario("curl/local-side", label="configuration_error", needs=("curl",))
@in_steps
def _local() -> Iterator[Case]:
    yield Case("bad-flag", "curl --fail --retries 5 http://downloads.example.com/x -o x", proof=r"option --retries: is unknown")
    yield Case("no-url", 'set -x\ncurl -fsSL "$ARTIFACT_URL" -o app.tar', env={"ARTIFACT_URL": ""}, proof=r"curl: \(3\)|no URL specified|blank")
    yield Case("empty-host", 'set -eux\ncurl -fsS "https://:$MIRROR_PORT/list.txt" -o list.txt', env={"MIRROR_PORT": ""}, proof=r"curl: \(3\)")
    yield _curl("no-such-folder", "", f"curl -fsSL http://{HOST}/tools/lint-1.4.2.tar.gz -o out/bin/lint.tgz", r"out/bin/lint.tgz|\(23\)")
    yield Case("bad-scheme", "curl -fsS htps://downloads.example.com/list.txt -o list.txt", proof=r"curl: \(1\)")


@scenario("curl/disk-full", label="disk_full", heals="", needs=("curl", "python3"), root=True)
@in_steps
def _disk() -> Iterator[Case]:
    big = "head -c 9000000 /dev/zero > ../www/tools/image.qcow2\n"
    yield _curl("curl", "", f"curl -fL http://{HOST}/tools/image.qcow2 -o image.qcow2", r"curl: \(23\)", limits=Limits(disk_mb=3), also=big, label="unknown")
    prepare = MADE + big + serve("wget-disk") + f"echo 'http_proxy = http://127.0.0.1:{port('wget-disk')}' > ../home/.wgetrc\n"
    yield Case("wget", f"wget --progress=dot:mega http://{HOST}/tools/image.qcow2", files=FILES, prepare=prepare, proof="No space left on device", limits=Limits(disk_mb=3))


@scenario("curl/passes", label=PASSED, needs=("curl", "python3"))
def _passes() -> Iterator[Case]:
    yield _curl("survived-503", "503*2", f"curl -fL --retry 4 --retry-delay 1 http://{HOST}/tools/lint-1.4.2.tar.gz -o lint.tgz\nsha256sum lint.tgz", "")
    yield _wget("survived-504", "504*2", f"wget --retry-on-http-error=503,504 --waitretry=1 http://{HOST}/tools/lint-1.4.2.tar.gz", "")
    yield _curl("survived-404", "", f"for m in mirror-a tools; do\n  echo \"trying $m\"\n  if curl -fSL http://{HOST}/$m/lint-1.4.2.tar.gz -o lint.tgz; then break; fi\n  echo 'failed, next mirror'\ndone\nls -l lint.tgz | wc -l", "")
