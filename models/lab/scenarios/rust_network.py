"""Cargo and its registries when the network or the far end fails."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.jvm_remote import SERVER, alone, certificate
from models.lab.scenarios.rust_projects import (
    COLOUR,
    INVOICE,
    QUIET_CI,
    noisy_crates,
    package,
    under,
    workspace,
)

HOST = "crates.acme.example"
NEEDS = ("cargo", "unshare", "python3")


def sources(scheme: str = "http", more: str = "") -> dict[str, str]:
    """A project whose crates come from a mirror of the company's own."""
    config = f'[source.crates-io]\nreplace-with = "acme"\n[source.acme]\nregistry = "sparse+{scheme}://{HOST}/index/"\n[net]\nretry = 1\n{more}'
    return package("till", INVOICE, 'serde = "1"') | {".cargo/config.toml": config, "ci/serve.py": SERVER}


# Only the index answers; the crate itself is asked of the bad server.
INDEX = """mkdir -p www/index/se/rd
echo '{"dl":"http://crates.acme.example/dl"}' > www/index/config.json
echo '{"name":"serde","vers":"1.0.7","deps":[],"cksum":"0000000000000000000000000000000000000000000000000000000000000000","features":{},"yanked":false}' > www/index/se/rd/serde
"""


@scenario("cargo/registry-down", label="service_unavailable", needs=NEEDS, root=True)
def _down() -> Iterator[Case]:
    yield Case("503", alone("cargo build", HOST, "503 80"), sources(), proof=r"got(?: HTTP)? 503")
    yield Case("502", alone("cargo fetch -v", HOST, "502 80"), sources(), env=COLOUR, proof=r"got(?: HTTP)? 502")
    yield Case("500-crate", alone("cargo build --release", HOST, "500 80 www"), sources(), prepare=INDEX, proof=r"got(?: HTTP)? 500")
    members, parts = noisy_crates(12)
    files = workspace(*members, "late") | parts | sources() | {"Cargo.toml": workspace(*members)["Cargo.toml"]} | under("extra", package("extra", "", 'serde = "1"') | {"Cargo.toml": package("extra", "", 'serde = "1"')["Cargo.toml"] + "[workspace]\n"})
    yield Case("late", alone("set -x\ncargo test --workspace\ncd extra\ncargo test", HOST, "503 80"), files, env=QUIET_CI, proof=r"got(?: HTTP)? 503")


@scenario("cargo/registry-limits", label="rate_limited", needs=NEEDS, root=True)
def _limits() -> Iterator[Case]:
    yield Case("429", alone("cargo build", HOST, "429 80"), sources(), proof=r"got(?: HTTP)? 429")
    yield Case("429-crate", alone("cargo fetch --color always", HOST, "429 80 www"), sources(), prepare=INDEX, proof=r"got(?: HTTP)? 429")


@scenario("cargo/registry-silent", label="network_timeout", needs=NEEDS, root=True)
def _silent() -> Iterator[Case]:
    slow = "[http]\ntimeout = 2\nlow-speed-limit = 10\n"
    yield Case("stalled", alone("cargo build", HOST, "stall 80"), sources(more=slow), proof=r"Operation too slow|Timeout was reached|timed out|failed to transfer more than")
    yield Case("connect", alone("cargo fetch", HOST, "hole 80"), sources(more=slow), env=COLOUR, proof=r"\[28\] |Timeout was reached|Connection timed out|Failed to connect|Could not connect")
    yield Case("git", alone("cargo update", HOST, "hole 443"), package("till", INVOICE, f'ink = {{ git = "https://{HOST}/acme/ink.git" }}') | {".cargo/config.toml": "[net]\nretry = 0\n[http]\ntimeout = 3\n", "ci/serve.py": SERVER}, proof=r"failed to connect to .*: Connection timed out|[Tt]imed? ?out|\[28\]")


@scenario("cargo/host-unknown", label="dns_failure", needs=NEEDS, root=True)
def _dns() -> Iterator[Case]:
    wants = r"Could not resolve host(?:name)?|failed to resolve address|Temporary failure in name resolution"
    yield Case("registry", alone("cargo build", HOST, resolvable=False), sources(), proof=wants)
    yield Case("registry-verbose", alone("cargo fetch -vv", HOST, resolvable=False), sources("https"), env=COLOUR, proof=wants)
    yield Case("git", alone("cargo build", HOST, resolvable=False), package("till", INVOICE, f'ink = {{ git = "https://{HOST}/acme/ink.git", branch = "main" }}') | {".cargo/config.toml": "[net]\nretry = 1\n"}, proof=wants)
    yield Case("git-cli", alone("CARGO_NET_GIT_FETCH_WITH_CLI=true cargo build", HOST, resolvable=False), package("till", INVOICE, f'ink = {{ git = "https://{HOST}/acme/ink.git" }}'), proof=wants)


@scenario("cargo/registry-hangs-up", label="connection_failure", needs=NEEDS, root=True)
def _closes() -> Iterator[Case]:
    yield Case("refused", alone("cargo build", HOST), sources(), proof=r"Could not connect to server|Failed to connect|Connection refused")
    yield Case("reset", alone("cargo build", HOST, "reset 80"), sources(), env=COLOUR, proof=r"Connection reset by peer|Recv failure|Failure when receiving data from the peer|\[56\]")
    yield Case("empty", alone("cargo fetch", HOST, "close 80"), sources(), proof=r"Empty reply from server|\[52\]|returned nothing")
    yield Case("cut", alone("cargo fetch --quiet", HOST, "cut 80 www"), sources(), prepare=INDEX, proof=r"\[18\]|transfer closed with|partial file|end of response with .* bytes missing")
    yield Case("git-refused", alone("cargo build", HOST), package("till", INVOICE, f'ink = {{ git = "http://{HOST}/acme/ink.git" }}') | {".cargo/config.toml": "[net]\nretry = 0\n"}, proof=r"failed to connect to .*Connection refused|Could not connect|Connection refused")


@scenario("cargo/certificate", label="tls_error", needs=(*NEEDS, "openssl"), root=True)
def _tls() -> Iterator[Case]:
    wants = r"SSL certificate|certificate verify failed|self[- ]signed|SSL peer certificate|\[60\]|SSL certificate is invalid"
    yield Case("self-signed", alone("cargo build", HOST, "503 443"), sources("https"), prepare=certificate(HOST), proof=wants)
    yield Case("other-host", alone("cargo fetch", HOST, "503 443"), sources("https"), env=COLOUR, prepare=certificate("old.acme.example"), proof=wants)
    yield Case("git", alone("cargo build", HOST, "503 443"), package("till", INVOICE, f'ink = {{ git = "https://{HOST}/acme/ink.git" }}') | {".cargo/config.toml": "[net]\nretry = 0\n", "ci/serve.py": SERVER}, prepare=certificate(HOST), proof=wants)


@scenario("cargo/registry-refuses", label="auth_failure", needs=NEEDS, root=True)
def _auth() -> Iterator[Case]:
    yield Case("401", alone("cargo build", HOST, "401 80"), sources(), proof=r"got(?: HTTP)? 401|authenticated registries require a credential-provider")
    yield Case("403-crate", alone("cargo build", HOST, "403 80 www"), sources(), prepare=INDEX, env=COLOUR, proof=r"got(?: HTTP)? 403")
    private = package("till", INVOICE, 'ink = { version = "1", registry = "acme" }') | {".cargo/config.toml": f'[registries.acme]\nindex = "sparse+http://{HOST}/index/"\n', "ci/serve.py": SERVER}
    ready = "mkdir -p www/index && echo '{\"dl\":\"http://crates.acme.example/dl\",\"auth-required\":true}' > www/index/config.json\n"
    yield Case("no-token", alone("cargo build", HOST, "401 80 www"), private, prepare=ready, proof=r"no token found for `acme`|authenticated registries require a credential-provider|requires? authentication")
    yield Case("git", alone("cargo fetch", HOST, "401 80"), package("till", INVOICE, f'ink = {{ git = "http://{HOST}/acme/ink.git" }}') | {".cargo/config.toml": "[net]\nretry = 0\n", "ci/serve.py": SERVER}, proof=r"failed to authenticate when downloading repository|authentication required|no authentication")
    yield Case("git-cli", alone("export GIT_TERMINAL_PROMPT=0\nCARGO_NET_GIT_FETCH_WITH_CLI=true cargo build", HOST, "401 80"), package("till", INVOICE, f'ink = {{ git = "http://{HOST}/acme/ink.git" }}') | {"ci/serve.py": SERVER}, proof=r"could not read Username|terminal prompts disabled|Authentication failed")
    yield Case("publish", "cargo publish --allow-dirty --no-verify", package("till-of-acme", INVOICE, more='description = "tills"\nlicense = "MIT"'), proof=r"no token found, please run `cargo login`")
