"""The go command and its proxy or git host when the network or the far end fails."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.go_projects import WARM, module, noisy_packages
from models.lab.scenarios.jvm_remote import SERVER, alone, certificate

HOST = "goproxy.acme.example"
GIT = "git.acme.example"
NEEDS = ("go", "unshare", "python3")
FILES = module("acme.example/ids", "\nrequire acme.example/ink v1.2.0\n") | {"main.go": 'package main\n\nimport "acme.example/ink"\n\nfunc main() { ink.Write() }\n', "ci/serve.py": SERVER}
PLAIN = module("acme.example/ids") | {"main.go": "package main\n\nfunc main() {}\n", "ci/serve.py": SERVER}
PROXY = {"GOPROXY": f"http://{HOST}", "GONOSUMDB": "*", "GOFLAGS": "-mod=mod"}
SECURE = {**PROXY, "GOPROXY": f"https://{HOST}"}
DIRECT = {"GOPROXY": "direct", "GOPRIVATE": GIT, "GOINSECURE": GIT, "GIT_TERMINAL_PROMPT": "0"}
GET = f"go get {GIT}/team/ink@latest"
META = '<meta name="go-import" content="git.acme.example/team/ink git ADDRESS">'


def found_at(address: str) -> dict[str, str]:
    """A project, and the page that tells the go command where the repository of team/ink is."""
    return PLAIN | {"www/team/ink": META.replace("ADDRESS", address)}


HERE = found_at(f"http://{GIT}/ink.git")


@scenario("go-proxy/down", label="service_unavailable", needs=NEEDS, root=True)
def _down() -> Iterator[Case]:
    yield Case("503", alone("go build ./...", HOST, "503 80"), FILES, env=PROXY, prepare=WARM, proof=r"503 Service Unavailable")
    yield Case("502", alone("go mod download -x", HOST, "502 80"), FILES, env=PROXY, prepare=WARM, proof=r"502 Bad Gateway$")
    yield Case("500-late", alone("set -x\ngo test -v ./internal/...\ngo mod tidy", HOST, "500 80"), FILES | noisy_packages(10), env=PROXY, prepare=WARM, proof=r"500 Internal Server Error")
    yield Case("git", alone(GET, GIT, "503 80 www"), HERE, env=DIRECT, prepare=WARM, proof=r"The requested URL returned error: 503|503 Service Unavailable")


@scenario("go-proxy/limits", label="rate_limited", needs=NEEDS, root=True)
def _limits() -> Iterator[Case]:
    yield Case("429", alone("go mod download", HOST, "429 80"), FILES, env=PROXY, prepare=WARM, proof=r"429 Too Many Requests")
    yield Case("429-verbose", alone("go get -v acme.example/ink@v1.2.0", HOST, "429 80"), FILES, env=PROXY, prepare=WARM, proof=r"429 Too Many Requests")
    yield Case("git", alone(GET, GIT, "429 80 www"), HERE, env=DIRECT, prepare=WARM, proof=r"returned error: 429")


@scenario("go-proxy/silent", label="network_timeout", needs=NEEDS, root=True)
def _silent() -> Iterator[Case]:
    yield Case("connect", alone("go build ./...", HOST, "hole 80"), FILES, env=PROXY, prepare=WARM, proof=r"connect: connection timed out|i/o timeout")
    yield Case("connect-https", alone("go mod download", HOST, "hole 443"), FILES, env=SECURE, prepare=WARM, proof=r"connect: connection timed out|i/o timeout")
    yield Case("git", alone(GET, GIT, "hole 443"), PLAIN, env={**DIRECT, "GOINSECURE": ""}, prepare=WARM, proof=r"[Cc]onnection timed out|i/o timeout|Failed to connect|Couldn't connect|Could not connect")


@scenario("go-proxy/unknown-host", label="dns_failure", needs=NEEDS, root=True)
def _dns() -> Iterator[Case]:
    wants = r"dial tcp: lookup \S+.*|Could not resolve host|Temporary failure in name resolution"
    yield Case("proxy", alone("go build ./...", HOST, resolvable=False), FILES, env=SECURE, prepare=WARM, proof=wants)
    yield Case("git", alone(GET, GIT, "503 80 www"), found_at("http://scm.acme.example/ink.git"), env=DIRECT, prepare=WARM, proof=wants)
    yield Case("late", alone("go vet ./internal/...\ngo test -v ./internal/...\ngo install acme.example/ink/cmd/inkd@latest", HOST, resolvable=False), FILES | noisy_packages(8), env=PROXY, prepare=WARM, proof=wants)
    yield Case("cgo-resolver", alone("GODEBUG=netdns=cgo go mod download", HOST, resolvable=False), FILES, env=PROXY, prepare=WARM, proof=wants)


@scenario("go-proxy/hangs-up", label="connection_failure", needs=NEEDS, root=True)
def _closes() -> Iterator[Case]:
    yield Case("refused", alone("go build ./...", HOST), FILES, env=PROXY, prepare=WARM, proof=r"connect: connection refused")
    yield Case("reset", alone("go mod download", HOST, "reset 80"), FILES, env=PROXY, prepare=WARM, proof=r"connection reset by peer")
    yield Case("eof", alone("go mod tidy", HOST, "close 80"), FILES, env=PROXY, prepare=WARM, proof=r": EOF$")
    yield Case("cut", alone("go get acme.example/ink@v1.2.0", HOST, "cut 80"), FILES, env=PROXY, prepare=WARM, proof=r"unexpected EOF")
    yield Case("git-refused", alone(GET, f"{GIT} scm.acme.example", "503 80 www"), found_at("http://scm.acme.example:8080/ink.git"), env=DIRECT, prepare=WARM, proof=r"Failed to connect to|connection refused|Couldn't connect|Could not connect")


@scenario("go-proxy/certificate", label="tls_error", needs=(*NEEDS, "openssl"), root=True)
def _tls() -> Iterator[Case]:
    yield Case("unknown-authority", alone("go build ./...", HOST, "503 443"), FILES, env=SECURE, prepare=WARM + certificate(HOST), proof=r"x509: certificate signed by unknown authority")
    yield Case("git", alone(GET, GIT, "503 443"), PLAIN, env={**DIRECT, "GOINSECURE": ""}, prepare=WARM + certificate(GIT), proof=r"server certificate verification failed|SSL certificate problem|x509")
    yield Case("plain-http", alone("go mod download", HOST, "503 443"), FILES, env=SECURE, prepare=WARM, proof=r"http: server gave HTTP response to HTTPS client|tls: first record does not look like a TLS handshake")


@scenario("go-proxy/refuses", label="auth_failure", needs=NEEDS, root=True)
def _auth() -> Iterator[Case]:
    yield Case("401", alone("go build ./...", HOST, "401 80"), FILES, env=PROXY, prepare=WARM, proof=r"401 Unauthorized")
    yield Case("403", alone("go mod download -json", HOST, "403 80"), FILES, env=PROXY, prepare=WARM, proof=r"403 Forbidden")
    yield Case("prompt", alone(GET, GIT, "401 80 www"), HERE, env=DIRECT, prepare=WARM, proof=r"could not read Username for .*terminal prompts disabled")
    yield Case("prompt-late", alone("set -x\ngo test -v ./internal/...\n" + GET, GIT, "401 80 www"), HERE | noisy_packages(9), env=DIRECT, prepare=WARM, proof=r"could not read Username for .*terminal prompts disabled")
    yield Case("git-403", alone(GET, GIT, "403 80 www"), HERE, env=DIRECT, prepare=WARM, proof=r"The requested URL returned error: 403|403 Forbidden")


@scenario("go-proxy/not-found", label="dependency_not_found", needs=NEEDS, root=True)
def _missing() -> Iterator[Case]:
    wants = r"404 Not Found|unknown revision v1\.2\.0|does not contain package"
    yield Case("build", alone("go build ./...", HOST, "404 80"), FILES, env=PROXY, prepare=WARM, proof=wants)
    yield Case("get", alone("go get -x acme.example/ink@v1.2.0", HOST, "404 80"), FILES, env=PROXY, prepare=WARM, proof=wants)
    yield Case("late", alone("set -x\ngo vet ./internal/...\ngo test -v ./internal/...\ngo mod tidy", HOST, "404 80"), FILES | noisy_packages(12), env=PROXY, prepare=WARM, proof=wants)
    yield Case("install", alone("go install acme.example/ink/cmd/inkd@latest", HOST, "404 80"), FILES, env=PROXY, prepare=WARM, proof=wants)
    yield Case("repository", alone(GET, GIT, "404 80 www"), HERE, env=DIRECT, prepare=WARM, proof=r"repository .* not found|404 Not Found")
    folder = "git init -q -b main $HOME/ink && cd $HOME/ink && git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m first && cd -\ngit config --global url.$HOME/ink.insteadOf https://git.acme.example/team/ink\n"
    yield Case("tag", f"go get {GIT}/team/ink.git@v3.0.1", PLAIN, env={**DIRECT, "GOINSECURE": ""}, prepare=WARM + folder, proof=r"invalid version|unknown revision v3\.0\.1|does not exist")
