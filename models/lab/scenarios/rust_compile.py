"""Rust code that rustc refuses: types, borrows, names, syntax, macros, and what its linker does not find."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, scenario
from models.lab.scenarios.rust_projects import (
    CLIENT,
    COLOUR,
    INVOICE,
    QUIET_CI,
    TOKENS,
    manifest,
    noisy_crates,
    noisy_tests,
    noisy_warnings,
    package,
    under,
    workspace,
)


@scenario("cargo/type-error", label="compile_error", needs=("cargo",))
def _types() -> Iterator[Case]:
    bad = INVOICE + '\npub fn tax(cents: i64) -> i64 { "19".len() }\n'
    yield Case("mismatched", "cargo build", package("ledger", bad), proof=r"^error\[E0308\]: mismatched types")
    bad = INVOICE + "\npub fn show(line: &Line) -> String { line.to_json() }\n"
    yield Case("no-method", "cargo check --message-format short", package("ledger", bad), proof=r"error\[E0599\]: no method named")
    bad = TOKENS + "\npub fn dedup(all: Vec<Token>) -> std::collections::HashSet<Token> { all.into_iter().collect() }\n"
    yield Case("trait-bound", "cargo check -q", package("tokenizer", bad), env=COLOUR, proof=r"error\[E0277\].*Hash")
    bad = CLIENT + "\npub fn text(verdict: Verdict) -> &'static str { match verdict { Verdict::Fine => \"ok\", Verdict::GiveUp => \"no\" } }\n"
    yield Case("not-exhaustive", "set -x\ncargo build --release", package("courier", bad), env=QUIET_CI, proof=r"^error\[E0004\]: non-exhaustive patterns")
    bad = CLIENT + "\npub fn first() -> Verdict { judge(503) }\n"
    yield Case("arguments", "cargo test --all-targets", package("courier", bad), proof=r"^error\[E0061\]: this function takes 2 arguments")
    files = package("tokenizer", TOKENS) | {"tests/sums.rs": "use tokenizer::tokens;\n#[test]\nfn sums() { let n: usize = tokens(\"1+2\"); assert_eq!(n, 3); }\n"}
    yield Case("in-tests", "cargo test 2>&1 | tee test.log", files, proof=r"^error\[E0308\]: mismatched types")


@scenario("cargo/borrow-checker", label="compile_error", needs=("cargo",))
def _borrows() -> Iterator[Case]:
    moved = 'fn main() {\n    let playlist = vec![String::from("intro")];\n    let copy = playlist;\n    println!("{} {:?}", playlist.len(), copy);\n}\n'
    yield Case("moved", "cargo run", package("jukebox", moved, main=True), proof=r"^error\[E0382\]: borrow of moved value")
    twice = "pub fn grow(board: &mut Vec<u8>) {\n    let first = &board[0];\n    board.push(1);\n    println!(\"{first}\");\n}\n"
    yield Case("twice", "cargo check", package("chess", twice), env=COLOUR, proof=r"error\[E0502\]")
    lifetime = "pub fn longer(a: &str, b: &str) -> &str { if a.len() > b.len() { a } else { b } }\n"
    yield Case("lifetime", "rustc --crate-type lib --edition 2021 src/lib.rs", package("words", lifetime), proof=r"^error\[E0106\]: missing lifetime specifier")
    thread = "use std::{rc::Rc, thread};\npub fn spread() {\n    let score = Rc::new(3);\n    thread::spawn(move || println!(\"{score}\")).join().unwrap();\n}\n"
    yield Case("thread", "cargo build --verbose", package("game", thread), proof=r"^error\[E0277\]: `Rc<i32>` cannot be sent between threads safely")


@scenario("cargo/name-not-found", label="compile_error", needs=("cargo",))
def _names() -> Iterator[Case]:
    yield Case("module", "cargo build", package("atlas", "pub mod rivers;\npub mod borders;\n") | {"src/rivers.rs": "pub const LONGEST: &str = \"Nile\";\n"}, proof=r"^error\[E0583\]: file not found for module `borders`")
    yield Case("import", "cargo build --color always", package("atlas", "use crate::projections::Mercator;\npub fn p() -> Mercator { Mercator }\n"), proof=r"error.*E0432.*unresolved import")
    yield Case("value", "cargo check --workspace", package("atlas", "pub fn area(w: f64) -> f64 { w * heigth }\n"), proof=r"^error\[E0425\]: cannot find value `heigth`")
    yield Case("macro", "cargo check", package("atlas", "pub fn log_it() { info!(\"loaded {}\", 3); }\n"), proof=r"^error: cannot find macro `info` in this scope")
    yield Case("private", "cargo test", package("atlas", "pub mod store { pub struct Key(u64); fn secret() -> Key { Key(1) } }\npub fn k() -> store::Key { store::secret() }\n"), proof=r"^error\[E0603\]: function `secret` is private")


@scenario("cargo/syntax", label="compile_error", needs=("cargo",))
def _syntax() -> Iterator[Case]:
    yield Case("unclosed", "cargo build", package("weather", "pub fn mean(all: &[f32]) -> f32 {\n    if all.is_empty() {\n        return 0.0;\n    all.iter().sum::<f32>() / all.len() as f32\n}\n"), proof=r"^error: this file contains an unclosed delimiter")
    yield Case("conflict-marks", "cargo test --no-fail-fast", package("weather", "<<<<<<< HEAD\npub const UNIT: &str = \"C\";\n=======\npub const UNIT: &str = \"K\";\n>>>>>>> kelvin\n"), proof=r"^error: encountered diff marker")
    yield Case("const-overflow", "cargo build", package("weather", "pub const LIMIT: u8 = 200 + 100;\n"), proof=r"^error\[E0080\]: attempt to compute `200_u8 \+ 100_u8`")
    yield Case("format", "RUSTFLAGS='-C debuginfo=0' cargo build", package("weather", "pub fn line(t: f32) -> String { format!(\"{} of {}\", t) }\n"), proof=r"^error: 2 positional arguments in format string")
    yield Case("compile-error-macro", "cargo build --features metric,imperial", package("weather", "#[cfg(all(feature = \"metric\", feature = \"imperial\"))]\ncompile_error!(\"metric and imperial exclude each other\");\n", more="[features]\nmetric = []\nimperial = []\n"), proof=r"^error: metric and imperial exclude each other")


@scenario("cargo/undefined-symbol", label="compile_error", needs=("cargo", "gcc"))
def _symbols() -> Iterator[Case]:
    source = 'unsafe extern "C" { fn checksum_v2(data: *const u8, size: usize) -> u32; }\nfn main() {\n    let text = b"abc";\n    println!("{}", unsafe { checksum_v2(text.as_ptr(), text.len()) });\n}\n'
    yield Case("extern", "cargo build", package("summer", source, main=True), proof=r"undefined symbol: checksum_v2|undefined reference to `checksum_v2'")
    yield Case("bfd", "RUSTFLAGS='-C linker-features=-lld' cargo build --release -v 2>&1", package("summer", source, main=True), env=QUIET_CI, proof=r"undefined reference to `checksum_v2'")


@scenario("cargo/proc-macro-panics", label="compile_error", needs=("cargo",))
def _macros() -> Iterator[Case]:
    macro = 'use proc_macro::TokenStream;\n#[proc_macro_derive(Table)]\npub fn table(input: TokenStream) -> TokenStream {\n    if input.to_string().contains("enum") { panic!("Table can only be derived for structs with named fields"); }\n    TokenStream::new()\n}\n'
    files = workspace("derive", "app") | under("derive", package("table-derive", macro, more="[lib]\nproc-macro = true\n"))
    files |= under("app", package("app", "#[derive(table_derive::Table)]\npub enum Mood { Happy, Tired }\n", 'table-derive = { path = "../derive" }'))
    yield Case("derive", "cargo build --workspace", files, proof=r"^error: proc-macro derive panicked|Table can only be derived")
    yield Case("colour", "cargo check --workspace --keep-going", files, env=COLOUR, proof=r"proc-macro derive panicked|Table can only be derived")


@scenario("cargo/compile-error-in-noise", label="compile_error", needs=("cargo",))
def _noise() -> Iterator[Case]:
    members, parts = noisy_crates(24)
    source = noisy_warnings(60, "probe") + "pub fn last(all: &[u32]) -> u32 { all.last() }\n"
    files = workspace(*members, "app", more='[workspace.package]\nedition = "2021"\n') | parts | under("app", package("app", source, 'part-23 = { path = "../crates/part-23" }'))
    yield Case("after-warnings", "set -x\nrustc -vV\ncargo --version\ncargo build --workspace\ncargo test --workspace", files, proof=r"^error\[E0308\]: mismatched types")
    bad = CLIENT + noisy_tests(300, "answers") + "#[cfg(test)]\nmod late { #[test] fn status_503_is_retried() { assert_eq!(super::judge(503, 0), super::Verdict::Retry); } }\n"
    script = "cargo build\necho '::group::unit tests'\ncargo test -p part-03 -p part-04\necho '::endgroup::'\ncargo test -p courier"
    files = workspace(*members, "courier") | parts | under("courier", package("courier", bad))
    yield Case("names-of-http", script, files, env=QUIET_CI, proof=r"^error\[E0599\]: no variant.*`Retry`")
    script = "trap 'echo cleaning up; cargo clean -v; du -sh . ; echo finished with errors' EXIT\ncargo build -vv --workspace\ncargo doc --no-deps\ncargo build --example demo"
    files = workspace(*members, "app") | parts | under("app", package("app", "pub struct Quota;\nimpl Quota { pub fn exceeded(&self) -> bool { false } }\n"))
    files["app/examples/demo.rs"] = "fn main() {\n    let disk = app::Quota { limit: 3 };\n    println!(\"No space left on device: {}\", disk.exceeded());\n}\n"
    yield Case("example-about-disks", script, files, proof=r"^error\[E0560\]: struct `Quota` has no field named `limit`")
    old = manifest("crate-2015", edition="2018")
    yield Case("edition-keyword", "cargo build\ncargo fix --edition --allow-no-vcs\nsed -i s/2018/2021/ Cargo.toml\ncargo build", {"Cargo.toml": old, "src/lib.rs": noisy_warnings(30, "early") + "pub fn run(async_: u8) -> u8 { let gen = async_; r#async(gen) }\npub fn r#async(v: u8) -> u8 { v }\npub fn broken() -> impl Fn(u8) { |v: u16| () }\n"}, proof=r"^error\[E0631\]: type mismatch in closure arguments")
