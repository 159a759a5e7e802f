"""Long Rust runs that pass, with warnings, survived retries and frightening words."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import PASSED, Case, scenario
from models.lab.scenarios.rust_projects import (
    CLIENT,
    COLOUR,
    INVOICE,
    QUIET_CI,
    TOKENS,
    noisy_crates,
    noisy_tests,
    noisy_warnings,
    package,
    under,
    workspace,
)


@scenario("cargo-passes/workspace", label=PASSED, needs=("cargo",))
def _workspace() -> Iterator[Case]:
    members, parts = noisy_crates(20)
    files = workspace(*members, "billing") | parts | under("billing", package("billing", INVOICE + noisy_warnings(50, "error") + noisy_tests(200, "connection_refused")))
    yield Case("test", "set -x\nrustc -vV\ncargo build --workspace\ncargo test --workspace", files, env=QUIET_CI)
    yield Case("verbose", "cargo check --workspace -vv\ncargo test -p billing -- --list", files, env=COLOUR)
    yield Case("one-crate", "cargo test -p billing -- --nocapture", files)


@scenario("cargo-passes/frightening-words", label=PASSED, needs=("cargo",))
def _words() -> Iterator[Case]:
    retry = CLIENT + 'pub fn fetch(answers: &[u16]) -> u16 { for s in answers { if *s < 500 { return *s; } eprintln!("error: HTTP {s} {}: retrying in 100 ms", describe(*s)); } 0 }\n'
    retry += '#[cfg(test)]\nmod tests { use super::*;\n #[test] fn survives_503() { assert_eq!(fetch(&[503, 503, 200]), 200); }\n #[test] #[should_panic(expected = "out of memory")] fn panics_out_of_memory() { panic!("out of memory"); }\n #[test] #[ignore = "needs a disk that is full: No space left on device"] fn full() {} }\n'
    yield Case("survived", "cargo test -- --nocapture --test-threads=1\necho '0 failed'", package("courier", retry + noisy_tests(60, "failure")))
    lock = 'fn main() { println!("cargo:warning=could not reach the mirror: Connection timed out; using the bundled copy"); }\n'
    yield Case("build-warnings", "cargo build -vv\ncargo test -v\ncargo doc --no-deps", package("maps", TOKENS + noisy_tests(30, "error")) | {"build.rs": lock}, env=QUIET_CI)
    yield Case("lint", "cargo fmt --version\ncargo clippy\ncargo clippy -- -W clippy::pedantic", package("courier", CLIENT + noisy_warnings(20, "panic")), env=COLOUR)
    yield Case("allowed-failure", "cargo build --features none-such || echo 'that may fail: allowed'\ncargo test", package("billing", INVOICE + noisy_tests(40, "timeout")))
