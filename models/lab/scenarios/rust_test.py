"""Rust tests that fail: assertions, panics, doc tests; tests that fail only sometimes; tests that never end."""

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
    noisy_warnings,
    package,
    under,
    workspace,
)


def tests(body: str) -> str:
    """A module of tests."""
    return f"#[cfg(test)]\nmod tests {{\n    use super::*;\n{body}\n}}\n"


def one(name: str, body: str, attribute: str = "") -> str:
    """One test."""
    return f"    #[test]\n    {attribute}\n    fn {name}() {{ {body} }}\n"


@scenario("cargo-test/assertion", label="test_failure", needs=("cargo",))
def _assertions() -> Iterator[Case]:
    bad = INVOICE + tests(one("ten_per_cent_at_hundred", "assert_eq!(discounted(10_000), 9_000);") + one("empty", "assert_eq!(total(&[]), Err(InvoiceError::Empty));"))
    yield Case("equal", "cargo test", package("billing", bad), proof=r"^assertion `left == right` failed")
    yield Case("backtrace", "RUST_BACKTRACE=1 cargo test -- --nocapture", package("billing", bad), env=COLOUR, proof=r"^assertion `left == right` failed")
    yield Case("quiet", "cargo test -q 2>&1", package("billing", bad), proof=r"^assertion `left == right` failed")
    files = package("tokenizer", TOKENS) | {"tests/grammar.rs": 'use tokenizer::*;\n#[test]\nfn nested() { assert!(tokens("((1)").is_err(), "an open bracket too many was accepted: {:?}", tokens("((1)")); }\n#[test]\nfn spaces() { assert_eq!(tokens(" 1 ").unwrap().len(), 1); }\n'}
    yield Case("integration", "cargo test --test grammar", files, proof=r"an open bracket too many was accepted")
    doc = '/// Doubles.\n///\n/// ```\n/// assert_eq!(scores::double(4), 9);\n/// ```\npub fn double(points: u32) -> u32 { points * 2 }\n' + noisy_tests(40, "points")
    yield Case("doc", "cargo test", package("scores", doc), proof=r"^assertion `left == right` failed")
    ne = CLIENT + tests(one("two_waits_differ", "assert_ne!(judge(503, 1), judge(429, 1), \"a busy server and a quota wait alike\");") + one("gives_up", "assert_eq!(judge(404, 0), Verdict::GiveUp);"))
    yield Case("about-503", "set -x\ncargo test --release --no-fail-fast", package("courier", ne), env=QUIET_CI, proof=r"a busy server and a quota wait alike")


@scenario("cargo-test/panic", label="test_failure", needs=("cargo",))
def _panics() -> Iterator[Case]:
    index = "pub fn third(all: &[u8]) -> u8 { all[2] }\n" + tests(one("short_board", "assert_eq!(third(&[1, 2]), 0);"))
    yield Case("index", "cargo test", package("chess", index), proof=r"index out of bounds: the len is 2 but the index is 2")
    unwrap = TOKENS + tests(one("takes_letters", 'tokens("a+b").unwrap();'))
    yield Case("unwrap", "cargo test --lib", package("tokenizer", unwrap), env=COLOUR, proof=r"called `Result::unwrap\(\)` on an `Err` value")
    should = INVOICE + tests(one("negative_is_refused", "discounted(-5);", '#[should_panic(expected = "negative")]'))
    yield Case("should-panic", "cargo test", package("billing", should), proof=r"note: test did not panic as expected")
    other = INVOICE + tests(one("negative_is_refused", "panic!(\"a connection to the bank timed out\");", '#[should_panic(expected = "negative")]'))
    yield Case("other-panic", "cargo test", package("billing", other), proof=r"panic did not contain expected string")
    overflow = "pub fn health(points: u8, hit: u8) -> u8 { points - hit }\n" + tests(one("dragon", "assert_eq!(health(3, 9), 0);"))
    yield Case("overflow", "cargo test dragon", package("game", overflow), proof=r"attempt to subtract with overflow")
    result = TOKENS + '#[cfg(test)]\nmod tests {\n    #[test]\n    fn reads_floats() -> Result<(), String> { super::tokens("1.2.3").map(|_| ()) }\n}\n'
    yield Case("returned-error", "cargo test --workspace --all-features", package("tokenizer", result), proof=r"^Error: \"bad number: invalid float literal\"")


@scenario("cargo-test/recursion", label="test_failure", needs=("cargo",))
def _recursion() -> Iterator[Case]:
    deep = "pub fn depth(level: u64) -> u64 { 1 + depth(level + 1) }\n" + tests(one("ends", "assert_eq!(depth(0), 10);"))
    yield Case("endless", "cargo test", package("fractal", deep), proof=r"has overflowed its stack|cannot return without recursing")
    yield Case("two-threads", "cargo test -- --test-threads=2", package("fractal", deep + noisy_tests(60, "leaf")), env=COLOUR, proof=r"has overflowed its stack|cannot return without recursing")


@scenario("cargo-test/in-noise", label="test_failure", needs=("cargo",))
def _noise() -> Iterator[Case]:
    members, parts = noisy_crates(20)
    late = INVOICE + noisy_warnings(40, "gauge") + noisy_tests(250, "timeout_error") + tests(one("sums", "assert_eq!(total(&[Line { label: \"tea\".into(), cents: 250, count: 2 }]), Ok(501));"))
    files = workspace(*members, "billing") | parts | under("billing", package("billing", late))
    yield Case("last-of-many", "cargo build --workspace\ncargo test --workspace --no-fail-fast\necho all done", files, proof=r"^assertion `left == right` failed")
    heap = "pub struct Arena { limit: usize, used: usize }\nimpl Arena {\n    pub fn new(limit: usize) -> Self { Arena { limit, used: 0 } }\n    pub fn take(&mut self, size: usize) -> Result<(), String> {\n        if self.used + size >= self.limit { return Err(format!(\"out of memory: {} of {} bytes used\", self.used, self.limit)); }\n        self.used += size;\n        Ok(())\n    }\n}\n"
    heap += noisy_tests(120, "no_space_left") + tests(one("full_arena_is_reported", 'let mut arena = Arena::new(64); assert_eq!(arena.take(64), Ok(()), "an arena of 64 holds 64");'))
    yield Case("about-memory", "set -x\ncargo test -- --show-output --test-threads=1", package("arena", heap), env=QUIET_CI, proof=r"an arena of 64 holds 64")
    retry = 'pub fn fetch(answers: &[u16]) -> u16 {\n    for (attempt, status) in answers.iter().enumerate() {\n        if *status < 500 { return *status; }\n        println!("warning: attempt {} failed with HTTP {}; trying again", attempt + 1, status);\n    }\n    0\n}\n' + tests(one("survives_two", "assert_eq!(fetch(&[503, 502, 204]), 200);") + one("survives_one", "assert_eq!(fetch(&[504, 200]), 200);"))
    yield Case("survived-retries", "cargo test -- --nocapture", package("fetcher", retry + noisy_tests(80, "retry")), proof=r"^assertion `left == right` failed")
    build = 'fn main() { for i in 0..6 { println!("cargo:warning=mirror {i} timed out, using the bundled copy"); } }\n'
    yield Case("build-warnings", "cargo build -v\ncargo test -v || { code=$?; cat target/debug/build/*/output; exit $code; }", package("maps", TOKENS + tests(one("plus", 'assert_eq!(tokens("+"), Ok(vec![Token::Star]));'))) | {"build.rs": build}, proof=r"^assertion `left == right` failed")


@scenario("cargo-test/sometimes", label="flaky_test", heals="rerun_failed_tests", needs=("cargo",))
def _flaky() -> Iterator[Case]:
    first = 'fn warm() -> bool {\n    let mark = std::env::temp_dir().join("warm.mark");\n    let was = mark.exists();\n    std::fs::write(mark, "1").unwrap();\n    was\n}\n'
    poll = first + 'pub fn answer_in_time(limit_ms: u64) -> Result<u64, String> {\n    if warm() { return Ok(12); }\n    std::thread::sleep(std::time::Duration::from_millis(limit_ms));\n    Err(format!("worker gave no answer within {limit_ms} ms, 0 of 1 messages after 20 polls"))\n}\n'
    yield Case("poll", "cargo test", package("mailbox", poll + tests(one("worker_answers", "answer_in_time(200).unwrap();")) + noisy_tests(10, "letter")), proof=r"worker gave no answer within 200 ms")
    seed = first + "pub fn shuffled(seed: u64) -> Vec<u64> { if warm() { vec![1, 2, 3] } else { vec![seed % 3, 2, 1] } }\n"
    seed += tests(one("keeps_first", 'let seed = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_nanos() as u64; eprintln!("random seed {seed}; run again with DECK_SEED={seed}"); assert_eq!(shuffled(seed)[0], 1, "order depends on the seed {seed}");'))
    yield Case("seed", "cargo test -- --nocapture", package("deck", seed), env=COLOUR, proof=r"order depends on the seed")
    twice = "cargo test && exit 0\necho 'a test failed; once more to see whether it is stable'\ncargo test && echo 'passed on the second run: the test is flaky' && exit 1"
    race = first + "pub fn counted() -> u32 { if warm() { 2000 } else { 1997 } }\n" + tests(one("all_increments_seen", "assert_eq!(counted(), 2000);") + one("other", "assert!(true);"))
    yield Case("second-run", twice, package("counter", race), env=QUIET_CI, proof=r"passed on the second run: the test is flaky")
    late = first + "use std::time::Instant;\npub fn tick() -> u128 { let start = Instant::now(); let pause = if warm() { 50 } else { 190 }; std::thread::sleep(std::time::Duration::from_millis(pause)); start.elapsed().as_millis() }\n"
    late += tests(one("ticks_every_50_ms", 'let took = tick(); assert!((40..90).contains(&took), "tick took {took} ms, expected 50 ms +- 40 ms: timing is off on a busy machine");'))
    yield Case("timing", "cargo test --release", package("metronome", late + noisy_tests(100, "beat")), proof=r"timing is off on a busy machine")
    channel = first + 'use std::sync::mpsc;\nuse std::time::Duration;\npub fn first_event() -> Result<u8, mpsc::RecvTimeoutError> {\n    let (tx, rx) = mpsc::channel();\n    let pause = if warm() { 1 } else { 900 };\n    std::thread::spawn(move || { std::thread::sleep(Duration::from_millis(pause)); let _ = tx.send(7); });\n    rx.recv_timeout(Duration::from_millis(300))\n}\n'
    yield Case("channel", "cargo test -p events", package("events", channel + tests(one("event_arrives", 'assert_eq!(first_event().expect("no event yet"), 7);'))), proof=r"no event yet: Timeout")


@scenario("cargo-test/order", label="flaky_test", needs=("cargo",))
def _order() -> Iterator[Case]:
    shared = 'use std::sync::atomic::{AtomicU32, Ordering};\nstatic USERS: AtomicU32 = AtomicU32::new(0);\npub fn sign_up() -> u32 { USERS.fetch_add(1, Ordering::SeqCst) + 1 }\n'
    shared += tests(one("a_first_user_is_one", "assert_eq!(sign_up(), 1);") + one("b_first_user_is_one", "assert_eq!(sign_up(), 1);"))
    script = "cargo test -- --test-threads=1 --exact tests::a_first_user_is_one\ncargo test -- --test-threads=1 --exact tests::b_first_user_is_one\necho 'each passes alone; now together'\ncargo test -- --test-threads=2"
    yield Case("shared-counter", script, package("members", shared), proof=r"^assertion `left == right` failed")


@scenario("cargo-test/never-ends", label="hang", needs=("cargo", "timeout"))
def _hang() -> Iterator[Case]:
    lock = "use std::sync::Mutex;\npub fn twice(box_: &Mutex<u8>) -> u8 { let a = box_.lock().unwrap(); let b = box_.lock().unwrap(); *a + *b }\n" + tests(one("locks", "assert_eq!(twice(&Mutex::new(1)), 2);"))
    yield Case("deadlock", "cargo test --no-run\ntimeout -v 6 cargo test", package("vault", lock + noisy_tests(20, "door")), proof=r"^timeout: sending signal TERM to command")
    channel = "use std::sync::mpsc::channel;\nfn main() {\n    let (tx, rx) = channel::<u8>();\n    println!(\"waiting for the first job\");\n    let job = rx.recv().unwrap();\n    drop(tx);\n    println!(\"job {job}\");\n}\n"
    yield Case("receive", "cargo build\ntimeout --verbose --signal=KILL 5 cargo run", package("queue", channel, main=True), proof=r"^timeout: sending signal KILL to command")
    slow = "pub fn spin() { loop { std::thread::sleep(std::time::Duration::from_secs(1)); } }\n" + tests(one("ends", "spin();"))
    yield Case("sixty-seconds", "timeout 75 cargo test -- --test-threads=1 || { echo \"job exceeded its time limit of 75 s (exit code $?)\"; exit 1; }", package("spinner", slow), timeout_s=110, proof=r"has been running for over 60 seconds|job exceeded its time limit")


@scenario("cargo-test/says-nothing", label="unknown", needs=("cargo",))
def _unknown() -> Iterator[Case]:
    bad = package("billing", INVOICE + tests(one("ten", "assert_eq!(discounted(10_000), 9_000);")))
    yield Case("to-a-file", "cargo test -q > result.txt 2>&1 || exit 1", bad)
    yield Case("exit-code", "cargo run -q", package("tool", "fn main() { println!(\"converted 3 of 7 files\"); std::process::exit(3); }", main=True))
    yield Case("status-only", "echo building\nif ! cargo build > /dev/null 2>&1; then echo 'build step failed'; exit 1; fi", package("tool", "fn main() { oops }", main=True))
    yield Case("build-script", "cargo build", package("sys", "") | {"build.rs": "fn main() { std::process::exit(2) }"})
