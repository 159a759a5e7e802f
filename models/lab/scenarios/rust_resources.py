"""Rust builds and tests that run out of memory, disk or descriptors."""

from __future__ import annotations

from collections.abc import Iterator

from models.lab.scenario import Case, Limits, scenario
from models.lab.scenarios.rust_projects import (
    COLOUR,
    QUIET_CI,
    TOKENS,
    noisy_crates,
    noisy_tests,
    package,
    under,
    workspace,
)

# A table that the compiler must evaluate and keep, to make rustc hungry.
TABLE = "pub static TABLE_{n}: [u64; 3_000_000] = {{ let mut t = [0u64; 3_000_000]; let mut i = 0; while i < 40_000 {{ t[i] = i as u64; i += 1; }} t }};\n"
HUNGRY = "".join(TABLE.format(n=number) for number in range(6))
EATER = "pub fn load(megabytes: usize) -> usize { let mut all = Vec::new(); for i in 0..megabytes { all.push(vec![(i % 250) as u8 + 1; 1 << 20]); } all.len() }\n"


@scenario("cargo/compiler-killed", label="out_of_memory", needs=("cargo",), root=True)
def _killed() -> Iterator[Case]:
    killed = r"\(signal: 9, SIGKILL: kill\)|^Killed"
    yield Case("rustc", "cargo build", package("tables", HUNGRY), limits=Limits(memory_mb=100), proof=killed)
    yield Case("release", "cargo build --release -v", package("tables", HUNGRY), env=QUIET_CI, limits=Limits(memory_mb=110), proof=killed)
    members, parts = noisy_crates(14)
    files = workspace(*members, "tables") | parts | under("tables", package("tables", HUNGRY, 'part-13 = { path = "../crates/part-13" }'))
    yield Case("after-many", "set -x\nfree -m\ncargo check -p part-03\ncargo test -p part-03\ncargo build --workspace -j1\ncargo test --workspace", files, limits=Limits(memory_mb=120), proof=killed)


@scenario("cargo/compilers-together-killed", label="out_of_memory", heals="fewer_workers", needs=("cargo",), root=True)
def _together() -> Iterator[Case]:
    names = [f"table{number}" for number in range(6)]
    files = workspace(*names)
    for name in names:
        files |= under(name, package(name, "".join(TABLE.format(n=number) for number in range(3))))
    yield Case("six", "cargo build -j6", files, env=COLOUR, limits=Limits(memory_mb=270), proof=r"\(signal: 9, SIGKILL: kill\)")


@scenario("cargo/program-out-of-memory", label="out_of_memory", needs=("cargo",), root=True)
def _program() -> Iterator[Case]:
    run = package("loader", EATER + "fn main() { println!(\"loading tiles\"); println!(\"{}\", load(900)); }\n", main=True)
    yield Case("run", "cargo build\ncargo run\necho loaded", run, limits=Limits(memory_mb=300), proof=r" Killed |SIGKILL")
    test = EATER + noisy_tests(30, "tile") + "#[cfg(test)]\nmod big { #[test] fn loads_a_planet() { assert_eq!(super::load(900), 900); } }\n"
    yield Case("test", "cargo test", package("loader", test), limits=Limits(memory_mb=300), proof=r"\(signal: 9, SIGKILL: kill\)")
    yield Case("abort", "cargo build\nulimit -v 600000\n./target/debug/loader", run, proof=r"^memory allocation of 1048576 bytes failed")
    huge = "#[cfg(test)]\nmod tests { #[test] fn map_fits() { let all: Vec<u64> = Vec::with_capacity(1 << 45); assert!(all.is_empty()); } }\n" + noisy_tests(80, "map")
    yield Case("allocation", "cargo test -- --test-threads=1", package("maps", huge), env=COLOUR, proof=r"memory allocation of \d+ bytes failed")
    yield Case("build-script", "cargo build", package("assets", "") | {"build.rs": EATER + "fn main() { load(900); }\n"}, limits=Limits(memory_mb=300), proof=r"SIGKILL: kill")


@scenario("cargo/disk-full", label="disk_full", needs=("cargo",), root=True)
def _disk() -> Iterator[Case]:
    full = r"No space left on device"
    members, parts = noisy_crates(12)
    yield Case("target", "cargo build", workspace(*members) | parts, limits=Limits(disk_mb=1), proof=full)
    yield Case("tests", "RUSTFLAGS='-C linker-features=-lld' cargo test --workspace", workspace(*members) | parts, limits=Limits(disk_mb=24), env=COLOUR, proof=full)
    writer = 'use std::{fs::File, io::Write};\nfn main() {\n    let mut report = File::create("report.bin").unwrap();\n    for page in 0..64 {\n        println!("page {page}");\n        report.write_all(&vec![page; 1 << 20]).expect("the report could not be written");\n    }\n}\n'
    yield Case("program", "CARGO_TARGET_DIR=$HOME/target cargo run --quiet", package("reporter", writer, main=True), limits=Limits(disk_mb=8), proof=r"the report could not be written.*No space left|StorageFull")
    temp = 'use std::{env, fs, io};\npub fn spill() -> io::Result<()> { for n in 0..40 { fs::write(env::temp_dir().join(format!("spill{n}")), vec![1u8; 1 << 20])?; } Ok(()) }\n'
    temp += "#[cfg(test)]\nmod tests { #[test] fn sorts_more_than_memory() { super::spill().unwrap(); } }\n" + noisy_tests(50, "merge")
    yield Case("temp", "cargo test", package("sorter", temp), limits=Limits(temp_mb=12), proof=full)
    yield Case("inodes", "cargo build --workspace", workspace(*members) | parts, limits=Limits(disk_mb=300, inodes=150), proof=full)
    yield Case("crates", "export CARGO_HOME=$PWD/cargo-home\ncargo fetch\ncargo build", package("till", TOKENS, 'libc = "0.2"\nfnv = "1"\nregex = "1"'), limits=Limits(disk_mb=4), proof=full)


@scenario("cargo/too-many-open-files", label="resource_limit", needs=("cargo",))
def _files() -> Iterator[Case]:
    opener = 'use std::{fs::File, io};\npub fn open_all(count: usize) -> io::Result<Vec<File>> { (0..count).map(|_| File::open("Cargo.toml")).collect() }\n'
    test = opener + noisy_tests(40, "shard") + "#[cfg(test)]\nmod tests { #[test] fn three_hundred_shards() { assert_eq!(super::open_all(300).unwrap().len(), 300); } }\n"
    yield Case("test", "cargo test --no-run\nulimit -n 120\ncargo test", package("shards", test), proof=r"Too many open files")
    main = opener + 'fn main() -> io::Result<()> { println!("{} opened", open_all(600)?.len()); Ok(()) }\n'
    yield Case("program", "cargo build --release\nulimit -n 64\n./target/release/opener", package("opener", main, main=True), env=COLOUR, proof=r"Too many open files")
    net = 'use std::net::UdpSocket;\n#[test]\nfn five_hundred_players() { let all: Vec<_> = (0..500).map(|n| UdpSocket::bind("127.0.0.1:0").unwrap_or_else(|e| panic!("player {n} got no socket: {e}"))).collect(); assert_eq!(all.len(), 500); }\n'
    yield Case("sockets", "set -x\ncargo test -q --no-run\nulimit -n 200\ncargo test", package("arcade", "") | {"tests/lobby.rs": net}, proof=r"player \d+ got no socket: Too many open files")
    yield Case("cargo", "ulimit -n 12\ncargo build", package("tokenizer", TOKENS), proof=r"Too many open files|os error 24")


@scenario("cargo/file-size-limit", label="resource_limit", needs=("cargo",))
def _size() -> Iterator[Case]:
    log = 'use std::{fs::File, io::Write};\nfn main() { let mut log = File::create("trace.log").unwrap(); for i in 0..9000 { log.write_all(&[b\'x\'; 1024]).unwrap_or_else(|e| panic!("cannot write line {i} of the trace: {e}")); } }\n'
    yield Case("trace", "cargo build\ntrap '' XFSZ\nulimit -f 2000\n./target/debug/tracer", package("tracer", log, main=True), proof=r"File too large \(os error 27\)")


@scenario("cargo/port-in-use", label="stale_state", needs=("cargo", "python3"))
def _port() -> Iterator[Case]:
    left = "python3 -c 'import socket, time; s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(); open(\"port\", \"w\").write(str(s.getsockname()[1])); time.sleep(90)' &\nwhile [ ! -s port ]; do sleep 0.1; done\nexport PORT=$(cat port)\n"
    server = 'use std::{env, net::TcpListener};\nfn main() {\n    let address = format!("127.0.0.1:{}", env::var("PORT").unwrap());\n    println!("starting on {address}");\n    let _server = TcpListener::bind(&address).unwrap_or_else(|e| { eprintln!("cannot bind {address}: {e}"); std::process::exit(98) });\n}\n'
    yield Case("server", left + "cargo run", package("server", server, main=True), proof=r"cannot bind 127\.0\.0\.1:\d+: Address already in use")
    test = 'use std::{env, net::TcpListener};\n#[test]\nfn serves_health() { let port = env::var("PORT").unwrap(); TcpListener::bind(format!("127.0.0.1:{port}")).unwrap(); }\n'
    yield Case("test", left + "cargo test --test health", package("server", noisy_tests(20, "route")) | {"tests/health.rs": test}, env=COLOUR, proof=r"AddrInUse|Address already in use")
    lock = 'use std::fs::OpenOptions;\nfn main() {\n    if OpenOptions::new().write(true).create_new(true).open("migrate.lock").is_err() {\n        eprintln!("error: migrate.lock exists: another migration is running or was interrupted (left by pid 4113)");\n        std::process::exit(75);\n    }\n}\n'
    yield Case("lock-file", "cargo run --release", package("migrate", lock, main=True), prepare="touch migrate.lock", proof=r"migrate\.lock exists")
