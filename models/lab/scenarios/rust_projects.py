"""Small Rust projects that scenarios break: manifests, sources, and much honest output to hide a failure in."""

from __future__ import annotations

from collections.abc import Mapping

COLOUR = {"CARGO_TERM_COLOR": "always"}
QUIET_CI = {"CI": "true", "CARGO_TERM_COLOR": "never", "CARGO_INCREMENTAL": "0"}


def manifest(name: str, deps: str = "", more: str = "", edition: str = "2021", version: str = "0.1.0") -> str:
    """A package's Cargo.toml."""
    return f'[package]\nname = "{name}"\nversion = "{version}"\nedition = "{edition}"\n{more}\n[dependencies]\n{deps}\n'


def package(name: str, source: str, deps: str = "", more: str = "", edition: str = "2021", main: bool = False) -> dict[str, str]:
    """The files of a package of one source file."""
    return {"Cargo.toml": manifest(name, deps, more, edition), "src/main.rs" if main else "src/lib.rs": source}


def workspace(*members: str, more: str = "") -> dict[str, str]:
    """The root manifest of a workspace."""
    return {"Cargo.toml": f"[workspace]\nresolver = \"2\"\nmembers = [{', '.join(repr(one) for one in members)}]\n{more}"}


def under(folder: str, files: Mapping[str, str]) -> dict[str, str]:
    """The files in a folder."""
    return {f"{folder}/{name}": text for name, text in files.items()}


def noisy_tests(count: int, stem: str) -> str:
    """A test module of many tests that pass."""
    body = "".join(
        f"    #[test]\n    fn {stem}_{number:03}() {{ assert_eq!({number} * 2, {number} + {number}); }}\n" for number in range(count)
    )
    return f"#[cfg(test)]\nmod {stem} {{\n{body}}}\n"


def noisy_warnings(count: int, stem: str) -> str:
    """Functions whose compilation warns: unused variables, needless mut, dead code."""
    return "".join(
        f"fn {stem}_{number}(retries: u32) -> u32 {{\n    let mut timeout_ms = {number}u32;\n    let error_text = \"none\";\n    timeout_ms + 1\n}}\n"
        for number in range(count)
    )


def noisy_crates(count: int, stem: str = "part") -> tuple[list[str], dict[str, str]]:
    """Members and files of local crates that build one after the other."""
    members, files = [], {}
    for number in range(count):
        name = f"{stem}-{number:02}"
        members.append(f"crates/{name}")
        deps = f'{stem}-{number - 1:02} = {{ path = "../{stem}-{number - 1:02}" }}' if number % 3 else ""
        source = f"//! Part {number}.\npub fn step_{number}(value: u64) -> u64 {{ value.rotate_left({number % 60}) }}\n"
        files |= under(f"crates/{name}", package(name, source + noisy_tests(4, f"step{number}"), deps))
    return members, files


INVOICE = '''\
//! Invoices: lines, totals and discounts in cents.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    pub label: String,
    pub cents: i64,
    pub count: u32,
}

#[derive(Debug, PartialEq)]
pub enum InvoiceError {
    Empty,
    Overdrawn { by: i64 },
}

pub fn total(lines: &[Line]) -> Result<i64, InvoiceError> {
    if lines.is_empty() {
        return Err(InvoiceError::Empty);
    }
    let sum: i64 = lines.iter().map(|line| line.cents * i64::from(line.count)).sum();
    if sum < 0 { Err(InvoiceError::Overdrawn { by: -sum }) } else { Ok(sum) }
}

/// Ten per cent off above a hundred.
pub fn discounted(cents: i64) -> i64 {
    if cents > 10_000 { cents - cents / 10 } else { cents }
}
'''

TOKENS = '''\
//! A tokenizer for arithmetic.
#[derive(Debug, Clone, PartialEq)]
pub enum Token { Number(f64), Plus, Star, Open, Close }

pub fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '+' => { found.push(Token::Plus); 1 }
            '*' => { found.push(Token::Star); 1 }
            '(' => { found.push(Token::Open); 1 }
            ')' => { found.push(Token::Close); 1 }
            digit if digit.is_ascii_digit() => {
                let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
                found.push(Token::Number(rest[..end].parse().map_err(|e| format!("bad number: {e}"))?));
                end
            }
            other => return Err(format!("unexpected character {other:?}")),
        };
        rest = rest[end..].trim_start();
    }
    Ok(found)
}
'''

CLIENT = '''\
//! What a client does with the answers of a server: when to try again and how long to wait.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Verdict { Fine, Again { after_ms: u64 }, GiveUp }

pub fn judge(status: u16, attempt: u32) -> Verdict {
    match status {
        200..=299 => Verdict::Fine,
        429 | 502 | 503 | 504 if attempt < 3 => Verdict::Again { after_ms: 100 << attempt },
        _ => Verdict::GiveUp,
    }
}

pub fn describe(status: u16) -> &'static str {
    match status {
        429 => "too many requests",
        503 => "service unavailable",
        504 => "gateway timeout",
        _ => "other",
    }
}
'''
