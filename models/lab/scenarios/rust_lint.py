"""What rustfmt, clippy and rustdoc reject."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.rust_projects import (
    CLIENT,
    COLOUR,
    INVOICE,
    QUIET_CI,
    TOKENS,
    noisy_crates,
    noisy_tests,
    package,
    under,
    workspace,
)


@scenario("rustfmt/not-formatted", label="lint_error", needs=("cargo", "rustfmt"))
def _format() -> Iterator[Case]:
    yield Case("check", "cargo fmt --check", package("billing", INVOICE), proof=r"^Diff in ")
    yield Case("all", "cargo fmt --all -- --check --color always", package("tokenizer", TOKENS), proof=r"Diff in ")
    yield Case("list", "rustfmt --check --edition 2021 -l src/lib.rs && echo formatted", package("courier", CLIENT), proof=r"/src/lib\.rs$")
    plain = "pub fn add(a: i32, b: i32) -> i32 {\n    a + b\n}\n"
    members, parts = noisy_crates(16)
    files = workspace(*members, "sums") | parts | under("sums", package("sums", plain + "pub fn timeout( ms:u64 )->u64{ ms*2 }\n"))
    yield Case("after-tests", "cargo test --workspace\ncargo fmt -p sums -- --check", files, proof=r"^Diff in ")


@scenario("clippy/denied", label="lint_error", needs=("cargo", "cargo-clippy"))
def _clippy() -> Iterator[Case]:
    deny = "cargo clippy -- -D warnings"
    yield Case("needless-return", deny, package("sums", "pub fn add(a: i32, b: i32) -> i32 {\n    return a + b;\n}\n"), proof=r"^error: unneeded `return` statement")
    yield Case("len-zero", "cargo clippy --all-targets --all-features -- -D warnings", package("sums", "pub fn none(all: &[u8]) -> bool { all.len() == 0 }\n"), env=COLOUR, proof=r"length comparison to zero")
    yield Case("unwrap", "cargo clippy --workspace -- -D clippy::unwrap_used", package("ports", 'pub fn port(text: &str) -> u16 { text.parse().unwrap() }\n'), proof=r"^error: used `unwrap\(\)` on a `Result` value")
    yield Case("many", "cargo clippy -q -- -W clippy::pedantic -D warnings", package("courier", CLIENT), proof=r"^error: (?:this|more than|missing|unnested|.*must_use)")
    network = "pub struct Socket { pub timeout_ms: u64 }\nimpl Socket {\n    pub fn new() -> Self { Socket { timeout_ms: 5000 } }\n    pub fn connection_refused(&self) -> bool { if self.timeout_ms == 0 { true } else { false } }\n}\n"
    yield Case("network-code", "set -x\ncargo clippy --message-format short -- -D warnings", package("sockets", network), env=QUIET_CI, proof=r"error: this if-then-else expression returns a bool literal|error: you should consider adding a `Default`")
    table = package("board", "pub fn row(b: &Vec<u8>) -> usize { b.len() }\n", more='[lints.clippy]\nptr_arg = "deny"\n[lints.rust]\nmissing_docs = "deny"\n')
    yield Case("lints-table", "cargo clippy", table, proof=r"^error: writing `&Vec` instead of|^error: missing documentation")
    members, parts = noisy_crates(18)
    files = workspace(*members, "app") | parts | under("app", package("app", CLIENT + noisy_tests(60, "http_503") + "pub fn wait(all: Vec<u64>) -> u64 { let mut sum = 0; for i in 0..all.len() { sum += all[i]; } sum }\n"))
    yield Case("after-tests", "cargo build -v --workspace\ncargo test --workspace\ncargo clippy --workspace -- -D warnings", files, proof=r"^error: the loop variable `i` is only used to index `all`")
    yield Case("disallowed", deny, package("clocks", "pub fn rest() { std::thread::sleep(std::time::Duration::from_secs(1)); }\n") | {"clippy.toml": 'disallowed-methods = ["std::thread::sleep"]\n'}, proof=r"^error: use of a disallowed method `std::thread::sleep`")


@scenario("rustdoc/denied", label="lint_error", needs=("cargo", "rustdoc"))
def _docs() -> Iterator[Case]:
    link = "//! See [`Engine::ignite`] and [the manual](manual.md).\npub struct Engine;\n"
    yield Case("broken-link", "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps", package("engine", link), proof=r"^error: unresolved link to `Engine::ignite`")
    yield Case("broken-link-colour", "export RUSTDOCFLAGS='-D rustdoc::broken_intra_doc_links'\ncargo doc --document-private-items --no-deps", package("engine", link), env=COLOUR, proof=r"unresolved link to `Engine::ignite`")
    html = "/// Holds a <T of anything and http://example.org/503 too.\npub struct Crate503;\n/// ```text\n/// connection timed out\n/// ```\npub fn timed_out() {}\n"
    yield Case("bare-url", "cargo test --doc\nRUSTDOCFLAGS='-D warnings' cargo doc", package("boxes", html), env=QUIET_CI, proof=r"^error: (?:this URL is not a hyperlink|unclosed HTML tag)")
    yield Case("missing", "cargo rustdoc -- -D missing-docs", package("boxes", "pub struct Lid;\npub fn close() {}\n"), proof=r"^error: missing documentation for")
