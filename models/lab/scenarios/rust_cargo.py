"""What cargo refuses before it compiles: versions, features, lock files, settings, tools that are missing, damaged caches."""

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
    package,
    under,
    workspace,
)

# A registry in a folder: an index and packed crates, one of them yanked.
LOCAL = r"""
mkdir -p shop/index/mo/ne shop/index/ti/nt src .cargo
make() { rm -rf w && mkdir -p w/$1-$2/src && printf '[package]\nname = "%s"\nversion = "%s"\nedition = "2021"\n[features]\nfast = []\n[dependencies]\n%s\n' $1 $2 "$5" > w/$1-$2/Cargo.toml
  echo "pub fn one() -> u8 { 1 }" > w/$1-$2/src/lib.rs; tar -C w -czf shop/$1-$2.crate $1-$2
  printf '{"name":"%s","vers":"%s","deps":[%s],"cksum":"%s","features":{"fast":[]},"yanked":%s}\n' $1 $2 "$4" $(sha256sum shop/$1-$2.crate | cut -d' ' -f1) $3 >> shop/index/${1:0:2}/${1:2:2}/$1; rm -rf w; }
make moneta 1.0.0 false '' ''; make moneta 1.4.0 false '' ''; make moneta 2.0.0 true '' ''
make tintin 0.3.1 false '{"name":"moneta","req":"=1.0.0","features":[],"optional":false,"default_features":true,"target":null,"kind":"normal"}' 'moneta = "=1.0.0"'
printf '[source.crates-io]\nreplace-with = "shop"\n[source.shop]\nlocal-registry = "shop"\n' > .cargo/config.toml
"""


@scenario("cargo/crate-not-found", label="dependency_not_found", needs=("cargo",))
def _missing() -> Iterator[Case]:
    yield Case("local-index", "cargo build", package("till", INVOICE, 'monetta = "1"'), prepare=LOCAL, proof=r"^error: no matching package(?: named `monetta` found|.* found)")
    yield Case("registry", "cargo fetch\ncargo build", package("till", INVOICE, 'zz-no-such-crate-of-ours-41 = "0.2"'), proof=r"^error: no matching package named `zz-no-such-crate-of-ours-41` found")
    yield Case("registry-colour", "cargo check", package("till", INVOICE, 'zz-no-such-crate-of-ours-41 = "0.2"'), env=COLOUR, proof=r"no matching package named `zz-no-such-crate-of-ours-41` found")
    yield Case("version", "cargo generate-lockfile", package("till", INVOICE, 'moneta = "3.1"'), prepare=LOCAL, proof=r"^error: failed to select a version for the requirement `moneta = \"\^3\.1\"`")
    yield Case("version-registry", "cargo update --verbose", package("till", INVOICE, 'itoa = "77"'), proof=r"^error: failed to select a version for the requirement `itoa = \"\^77\"`")
    yield Case("yanked", "cargo build", package("till", INVOICE, 'moneta = "2.0"'), prepare=LOCAL, proof=r"^error: failed to select a version for the requirement `moneta|version 2\.0\.0 is yanked")
    members, parts = noisy_crates(14)
    files = workspace(*members) | parts
    yield Case("install", "cargo test --workspace\ncargo install zz-no-such-crate-of-ours-41 --locked", files, proof=r"could not find `zz-no-such-crate-of-ours-41` in registry")
    yield Case("git-tag", "cargo build", package("till", INVOICE, 'stamps = { git = "file:///$HOME/stamps", tag = "v9.9.9" }'), prepare='git init -q $HOME/stamps && cd $HOME/stamps && git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m first && cd - && sed -i "s#/$HOME#$HOME#;s#file:///.HOME#file://$HOME#" Cargo.toml', proof=r"failed to find tag `v9\.9\.9`|reference.*v9\.9\.9")


@scenario("cargo/no-version-fits", label="dependency_conflict", needs=("cargo",))
def _conflict() -> Iterator[Case]:
    yield Case("exact-pins", "cargo build", package("till", INVOICE, 'moneta = "=1.4.0"\ntintin = "0.3"'), prepare=LOCAL, proof=r"^error: failed to select a version for `moneta`")
    yield Case("exact-pins-offline", "cargo tree --offline", package("till", INVOICE, 'moneta = "=1.4.0"\ntintin = "0.3"'), env=COLOUR, prepare=LOCAL, proof=r"failed to select a version for `moneta`")
    link = 'links = "zmix"\nbuild = "build.rs"'
    files = workspace("old", "new", "app") | {"app/src/lib.rs": INVOICE, "old/src/lib.rs": "", "new/src/lib.rs": "", "old/build.rs": "fn main() {}", "new/build.rs": "fn main() {}"}
    files |= {"app/Cargo.toml": manifest("app", 'zmix-old = { path = "../old" }\nzmix-new = { path = "../new" }'), "old/Cargo.toml": manifest("zmix-old", more=link), "new/Cargo.toml": manifest("zmix-new", more=link)}
    yield Case("links", "cargo check --workspace", files, proof=r"^error: Attempting to resolve a dependency with more than one crate with links=zmix|^error: failed to select a version for `zmix-")
    yield Case("registry-pins", "set -x\ncargo generate-lockfile\ncargo build", package("dice", "pub fn roll() -> u8 { 4 }\n", 'serde = "=1.0.100"\nserde_json = "=1.0.140"'), proof=r"^error: failed to select a version for")


@scenario("cargo/lock-out-of-date", label="dependency_conflict", needs=("cargo",))
def _lock() -> Iterator[Case]:
    ready = LOCAL + "cargo generate-lockfile -q\n"
    wants = 'cannot update the lock file|the lock file .* needs to be updated but'
    bump = 'sed -i \'s/^moneta.*/moneta = "1.4"\\ntintin = "0.3"/\' Cargo.toml\n'
    yield Case("locked", "cargo build --locked", package("till", INVOICE, 'moneta = "=1.0.0"'), prepare=ready + bump.replace("1.4", "=1.0.0"), proof=wants)
    yield Case("frozen", "set -x\ncargo clippy --version\ncargo test --frozen", package("till", INVOICE, 'moneta = "=1.0.0"'), prepare=ready + bump.replace("1.4", "=1.0.0"), env=QUIET_CI, proof=wants)
    yield Case("no-lock", "cargo check --locked", package("till", INVOICE), proof=wants + "|cannot create the lock file")
    yield Case("version-bumped", "cargo run --locked --quiet", package("tokenize", "fn main() {}\n", main=True), env=COLOUR, prepare="cargo generate-lockfile -q && sed -i s/0.1.0/0.2.0/ Cargo.toml", proof=wants)
    members, parts = noisy_crates(10)
    files = workspace(*members) | parts
    yield Case("new-member", "cargo build -v\ncargo test -q\nmkdir -p crates/part-99/src\nprintf '[package]\\nname = \"part-99\"\\nversion = \"0.1.0\"\\n' > crates/part-99/Cargo.toml\ntouch crates/part-99/src/lib.rs\nsed -i 's#\\[.crates#[\"crates/part-99\", '\"'\"'crates#' Cargo.toml\ncargo test --workspace --locked", files, proof=wants)


@scenario("cargo/unknown-feature", label="dependency_conflict", needs=("cargo",))
def _features() -> Iterator[Case]:
    yield Case("of-dependency", "cargo build", package("till", INVOICE, 'moneta = { version = "1", features = ["turbo"] }'), prepare=LOCAL, proof=r"does not have (?:these features|that feature)|with features? `turbo`")


@scenario("cargo/manifest-invalid", label="configuration_error", needs=("cargo",))
def _manifest() -> Iterator[Case]:
    yield Case("toml", "cargo build", {"Cargo.toml": '[package\nname = "radio"\n', "src/lib.rs": ""}, proof=r"^error: (?:unclosed table|invalid table header|.*expected)")
    yield Case("edition", "cargo check", package("radio", "", edition="2031"), proof=r"supported edition values are|failed to parse the `edition` key")
    yield Case("no-target", "cargo build --release", {"Cargo.toml": manifest("radio")}, proof=r"no targets specified in the manifest")
    yield Case("no-manifest", "cd services/api && cargo test --all", {"services/api/README.md": "moved\n"}, proof=r"^error: could not find `Cargo.toml`")
    yield Case("member", "cargo metadata --format-version 1", workspace("core", "plugins/missing") | under("core", package("core-lib", TOKENS)), proof=r"failed to (?:load manifest for workspace member|read).*missing")
    yield Case("feature-of-own", "cargo test --features gpu", package("radio", TOKENS), proof=r"does not contain (?:this|these) feature|does not have.*feature `gpu`")
    yield Case("bin", "cargo run --bin server", package("radio", "fn main() {}", main=True), env=COLOUR, proof=r"no bin target named `server`")
    yield Case("profile", "cargo build --profile release-lto", package("radio", TOKENS), proof=r"profile `release-lto` is not defined")
    yield Case("config", "cargo build", package("radio", TOKENS) | {".cargo/config.toml": "[build]\njobs = \"many\"\n"}, proof=r"error in .*config\.toml|could not load Cargo configuration|^error: could not parse `many`")


@scenario("cargo/wrong-toolchain", label="configuration_error", needs=("cargo", "rustup"))
def _toolchain() -> Iterator[Case]:
    yield Case("msrv", "cargo build", package("orbit", TOKENS, more='rust-version = "1.199"'), proof=r"requires rustc 1\.199")
    files = workspace("core", "app", more="") | under("core", package("orbit-core", TOKENS, more='rust-version = "1.150.0"')) | under("app", package("app", "fn main() {}", 'orbit-core = { path = "../core" }', main=True))
    yield Case("msrv-dependency", "cargo test -p app", files, env=COLOUR, proof=r"orbit-core@0\.1\.0 requires rustc 1\.150")
    yield Case("custom", "cargo build", package("orbit", TOKENS), prepare="printf '[toolchain]\\npath = \"/opt/rust/esp\"\\n' > rust-toolchain.toml", proof=r"^error:.*(?:/opt/rust/esp|custom toolchain|toolchain)")
    yield Case("nightly-flag", "cargo build -Z build-std", package("orbit", TOKENS), proof=r"the `-Z` flag is only accepted on the nightly channel")
    yield Case("nightly-feature", "cargo check", package("orbit", "#![feature(never_type)]\npub fn stop() -> ! { panic!() }\n"), proof=r"^error\[E0554\]: `#!\[feature\]` may not be used on the stable release channel")
    yield Case("target-missing", "cargo build --target wasm32-unknown-unknown", package("orbit", TOKENS), proof=r"the `wasm32-unknown-unknown` target may not be installed")
    yield Case("target-missing-in-noise", "cargo build --release\ncargo test --release\ncargo build --release --target aarch64-unknown-linux-musl", workspace(*noisy_crates(20)[0]) | noisy_crates(20)[1], env=QUIET_CI, proof=r"the `aarch64-unknown-linux-musl` target may not be installed")
    yield Case("no-such-target", "cargo build --target sparc128-unknown-none", package("orbit", TOKENS), proof=r"could not find specification for target|error loading target specification")
    yield Case("subcommand", "cargo build\ncargo llvm-cov --workspace --lcov --output-path lcov.info", package("orbit", TOKENS), proof=r"^error: no such command: `llvm-cov`")


@scenario("cargo/no-linker", label="configuration_error", needs=("cargo",))
def _linker() -> Iterator[Case]:
    hide = 'mkdir -p tools && for t in cargo rustc; do ln -sf "$(dirname "$(rustup which cargo)")/$t" tools/$t; done'
    yield Case("cc", "PATH=$PWD/tools cargo build", package("hello", "fn main() {}", main=True), prepare=hide, proof=r"^error: linker `cc` not found")
    yield Case("cross", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-musl-gcc cargo build --release", package("hello", "fn main() {}", main=True), env=COLOUR, proof=r"linker `aarch64-linux-musl-gcc` not found")
    source = '#[link(name = "zmagick9")]\nunsafe extern "C" { fn zm_open() -> i32; }\nfn main() { unsafe { zm_open(); } }\n'
    yield Case("library", "cargo build", package("thumbnail", source, main=True), proof=r"unable to find library -lzmagick9|cannot find -lzmagick9")
    yield Case("library-bfd", "RUSTFLAGS='-C linker-features=-lld' cargo build --tests", package("thumbnail", source, main=True), proof=r"cannot find -lzmagick9")


@scenario("cargo/system-library-missing", label="configuration_error", needs=("cargo", "pkg-config", "gcc"))
def _library() -> Iterator[Case]:
    probe = 'use std::process::Command;\nfn main() {\n    println!("cargo:rerun-if-changed=build.rs");\n    let out = Command::new("pkg-config").args(["--libs", "--cflags", "LIB"]).output().expect("failed to run pkg-config");\n    if !out.status.success() {\n        eprintln!("{}", String::from_utf8_lossy(&out.stderr));\n        panic!("LIB was not found by pkg-config; install its development package");\n    }\n}\n'
    yield Case("probe", "cargo build", package("sensor-sys", "") | {"build.rs": probe.replace("LIB", "libzsensor")}, proof=r"Package libzsensor was not found in the pkg-config search path")
    yield Case("probe-vv", "cargo build -vv --release", package("scanner-sys", "") | {"build.rs": probe.replace("LIB", "libzscan >= 2.1")}, env=QUIET_CI, proof=r"Package libzscan was not found in the pkg-config search path")
    real = 'fn main() { pkg_config::Config::new().atleast_version("3.4").probe("libzcam").unwrap(); }\n'
    yield Case("pkg-config-crate", "cargo test", {"Cargo.toml": manifest("camera-sys") + '[build-dependencies]\npkg-config = "0.3"\n', "src/lib.rs": "", "build.rs": real}, proof=r"The system library `libzcam` required by crate `camera-sys` was not found")
    header = 'fn main() { cc::Build::new().file("c/reader.c").compile("reader"); }\n'
    yield Case("header", "cargo build", {"Cargo.toml": manifest("card-sys") + '[build-dependencies]\ncc = "1"\n', "src/lib.rs": "", "build.rs": header, "c/reader.c": "#include <zcard/winscard9.h>\nint r(void) { return 1; }\n"}, proof=r"fatal error: zcard/winscard9\.h: No such file or directory")
    env = 'fn main() { let key = std::env::var("MAPS_TOKEN").expect("MAPS_TOKEN must be set at build time"); println!("cargo:rustc-env=KEY={key}"); }\n'
    yield Case("variable", "cargo build", package("maps", "") | {"build.rs": env}, proof=r"MAPS_TOKEN must be set at build time")
    yield Case("variable-env-macro", "cargo build", package("maps", 'pub const KEY: &str = env!("MAPS_TOKEN");\n'), proof=r"^error: environment variable `MAPS_TOKEN` not defined at compile time")
    members, parts = noisy_crates(12)
    files = workspace(*members, "sys") | parts | under("sys", package("sensor-sys", "") | {"build.rs": probe.replace("LIB", "libzsensor")})
    yield Case("in-noise", "cargo test -p part-03 -p part-07 -- --nocapture\ncargo build --workspace --keep-going --timings || { ls -la target; find . -name Cargo.toml; echo build failed; exit 1; }", files, proof=r"Package libzsensor was not found in the pkg-config search path")


@scenario("cargo/damaged-cache", label="corrupt_artifact", heals="purge_cache", needs=("cargo",))
def _damaged() -> Iterator[Case]:
    two = 'itoa = "1"\nfnv = "1"'
    spoil = 'cargo fetch -q\nfor f in $HOME/.cargo/registry/cache/*/fnv*.crate; do head -c 3000 $f > $f.x; mv $f.x $f; done\nrm -rf $HOME/.cargo/registry/src\n'
    yield Case("truncated-crate", "cargo build", package("till", INVOICE, two), prepare=spoil, proof=r"failed to (?:unpack|untar)|^error: failed to .*fnv|corrupt|invalid gzip")
    spoil = spoil.replace("head -c 3000 $f > $f.x", "(head -c 200 /dev/zero; cat $f) > $f.x")
    yield Case("zeros", "cargo test --offline", package("till", INVOICE, two), env=COLOUR, prepare=spoil, proof=r"failed to (?:unpack|untar)|invalid gzip header")


@scenario("cargo/checksum-changed", label="corrupt_artifact", needs=("cargo",))
def _checksum() -> Iterator[Case]:
    ready = LOCAL + "cargo generate-lockfile -q\n"
    lock = "sed -i '/^checksum/s/\"[0-9a-f]\\{8\\}/\"deadbeef/' Cargo.lock"
    one = package("till", INVOICE, 'moneta = "1"')
    yield Case("lock", "cargo build", one, prepare=ready + lock, proof=r"^error: checksum for `moneta v1\.4\.0` changed between lock files")
    yield Case("lock-registry", "cargo fetch --locked\ncargo test", package("till", CLIENT, 'fnv = "1"'), prepare="cargo generate-lockfile -q\n" + lock, proof=r"^error: checksum for `fnv v1[\d.]+` changed between lock files")
    yield Case("crate", "cargo check --locked", one, env=COLOUR, prepare=ready + "echo x >> shop/moneta-1.4.0.crate", proof=r"failed to verify the checksum of `moneta v1\.4\.0")
    vendor = "cargo vendor 2>/dev/null > vendored.toml && mkdir -p .cargo && mv vendored.toml .cargo/config.toml && echo '// patched' >> vendor/fnv/lib.rs"
    yield Case("vendored", "cargo build --release --offline", package("till", CLIENT, 'fnv = "1"'), prepare=vendor, proof=r"the listed checksum of `.*vendor/fnv/lib\.rs` has changed")


@scenario("cargo/damaged-build-tree", label="corrupt_artifact", needs=("cargo",))
def _tree() -> Iterator[Case]:
    files = workspace("core", "app") | under("core", package("core-lib", TOKENS)) | under("app", package("app", "fn main() { println!(\"{:?}\", core_lib::tokens(\"1+1\")); }\n", 'core-lib = { path = "../core" }', main=True))
    spoil = "cargo build -q\nfor f in target/debug/deps/libcore_lib*.rlib target/debug/deps/libcore_lib*.rmeta; do head -c 500 $f > x; touch -r $f x; mv x $f; done\nrm -rf target/debug/.fingerprint/app-* target/debug/incremental\n"
    yield Case("truncated-rlib", "cargo build", files, prepare=spoil, proof=r"found invalid metadata files for crate `core_lib`|failed to (?:mmap|decode)|E0786|corrupt")
    yield Case("truncated-rlib-short", "cargo build --message-format short", files, prepare=spoil, env=COLOUR, proof=r"invalid metadata files for crate `core_lib`|E0786|corrupt")


@scenario("cargo/lock-held", label="stale_state", heals="kill_stragglers", needs=("cargo", "flock", "timeout"))
def _held() -> Iterator[Case]:
    hold = "mkdir -p target/debug && touch target/debug/.cargo-lock && (flock target/debug/.cargo-lock sleep 300 >/dev/null 2>&1 &)\nsleep 0.5\n"
    yield Case("build-folder", hold + "timeout 8 cargo build", package("till", TOKENS), prepare="cargo generate-lockfile -q", proof=r"Blocking waiting for file lock on (?:build|artifact) directory", stays=True)
    hold = "mkdir -p ~/.cargo && touch ~/.cargo/.package-cache && (flock ~/.cargo/.package-cache sleep 300 >/dev/null 2>&1 &)\nsleep 0.5\n"
    yield Case("package-cache", hold + "timeout -v 8 cargo fetch", package("till", TOKENS, 'fnv = "1"'), proof=r"Blocking waiting for file lock on package cache", stays=True)
