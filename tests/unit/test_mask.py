"""A secret in any form never survives; what is no secret stays readable."""

from __future__ import annotations

import base64
import json
import re
import time
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from guard.diagnosis.mask import MASK, Masker, is_secret_name
from guard.types import LogWindow

SECRET = st.text(
    alphabet=st.characters(min_codepoint=33, max_codepoint=126) | st.sampled_from("äß€ "), min_size=9, max_size=60
).filter(lambda text: len(set(text.strip())) > 4 and text == text.strip())
AROUND = st.text(alphabet="abcXYZ 019:=/&?\"'-+_%\n", max_size=40)


def masker(secret: str) -> Masker:
    return Masker.from_environment({"DB_PASSWORD": secret}, ())


def usable(secret: str) -> bool:
    return masker(secret).forms != ()


FORMS = {
    "plain": lambda secret: secret,
    "percent": lambda secret: quote(secret, safe=""),
    "percent, lower case": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    "form": quote_plus,
    "hex": lambda secret: secret.encode().hex(),
    "hex, upper case": lambda secret: secret.encode().hex().upper(),
    "hex with colons": lambda secret: secret.encode().hex(":"),
    "hex with spaces, upper case": lambda secret: secret.encode().hex(" ").upper(),
    "json": lambda secret: json.dumps(secret)[1:-1],
    "json, unicode": lambda secret: json.dumps(secret, ensure_ascii=False)[1:-1],
}


@pytest.mark.parametrize("form", FORMS, ids=str)
@given(secret=SECRET, before=AROUND, after=AROUND)
@settings(max_examples=60, deadline=None)
def test_a_secret_does_not_survive(form: str, secret: str, before: str, after: str) -> None:
    assume(usable(secret))
    shown = FORMS[form](secret)
    assume(shown not in before + "|" + after)
    masked = masker(secret).text(before + shown + after)
    assert shown not in masked
    assert MASK in masked


def test_each_line_of_a_hex_dump_and_no_short_hash() -> None:
    secret = "a-rather-long-secret-of-more-than-thirty-bytes"
    digits = secret.encode().hex()
    # As `xxd -p` breaks it.
    dump = "\n".join(digits[at : at + 60] for at in range(0, len(digits), 60))
    assert masker(secret).text(dump) == f"{MASK}\n{MASK}"
    assert masker(secret).text(f"x{digits}{digits.upper()}y") == f"x{MASK}{MASK}y"
    # Two bytes that are left over on the last line stand in every commit's name.
    rest = "a-rather-long-secret-of-32-bytes"
    assert masker(rest).text(f"commit {rest.encode().hex()[60:]}00") == f"commit {rest.encode().hex()[60:]}00"


@given(secret=SECRET, before=st.binary(max_size=12), after=st.binary(max_size=12), urlsafe=st.booleans())
@settings(max_examples=150, deadline=None)
def test_no_base64_text_gives_the_secret_away(secret: str, before: bytes, after: bytes, urlsafe: bool) -> None:
    assume(usable(secret))
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    text = encode(before + secret.encode() + after).decode()
    masked = masker(secret).text(f"x {text} y")
    # At most the letters that the secret shares with its neighbours are left.
    left = sum(len(piece) for piece in masked[2:-2].split(MASK))
    assert MASK in masked
    assert left <= len(encode(before)) + len(encode(after)) + 4


@pytest.mark.parametrize("secret", ["s3cr3t!value", "s3cr3t!value1", "s3cr3t!value12"])
def test_base64_of_the_secret_alone_leaves_nothing(secret: str) -> None:
    whole = base64.b64encode(secret.encode()).decode()
    assert masker(secret).text(f"x {whole} y") == "x *** y"
    assert masker(secret).text(f"x {whole.rstrip('=')} y") == "x *** y"


@given(secrets=st.lists(SECRET, min_size=2, max_size=4, unique=True), joint=st.integers(0, 5))
@settings(max_examples=60, deadline=None)
def test_overlapping_secrets(secrets: list[str], joint: int) -> None:
    # A secret that ends in the mask's own letter looks whole when it is cut off before a mask.
    assume(not any("*" in secret for secret in secrets))
    env = {f"S{number}_TOKEN": secret for number, secret in enumerate(secrets)}
    text = secrets[0][: len(secrets[0]) - joint] + "".join(secrets)
    masked = Masker.from_environment(env, ()).text(text)
    for secret in secrets:
        if any(secret == form for form in Masker.from_environment(env, ()).forms):
            assert secret not in masked


@given(secret=SECRET, cut=st.integers(8, 59))
@settings(max_examples=60, deadline=None)
def test_a_text_cut_off_inside_a_secret(secret: str, cut: int) -> None:
    assume(usable(secret) and cut < len(secret) and not secret[:cut].endswith((".", "…")))
    assert secret[:cut] not in masker(secret).text("login failed for " + secret[:cut] + "…")


@given(text=st.text(max_size=300))
@settings(max_examples=100, deadline=None)
def test_any_text_is_taken(text: str) -> None:
    once = masker("correct horse battery").text(text)
    assert masker("correct horse battery").text(once).count(MASK) >= once.count(MASK)


def test_each_line_of_a_value() -> None:
    key = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAAC3NzaC1lZDI\n-----END OPENSSH PRIVATE KEY-----\n"
    known = Masker.from_environment({"DEPLOY_KEY": key}, ())
    assert known.text("line: AAAAC3NzaC1lZDI!") == "line: ***!"
    assert known.text(f"a {key} b") == "a ***\n b"


def test_wrapped_base64_of_a_long_secret() -> None:
    secret = "".join(chr(33 + (7 * n) % 90) for n in range(200))
    known = masker(secret)
    for line in base64.encodebytes(secret.encode()).decode().splitlines():
        assert line[:60] not in known.text(line)


@pytest.mark.parametrize(
    ("argv", "secret"),
    [
        (["mysql", "--password", "sup3rsecret"], "sup3rsecret"),
        (["mysql", "--password=sup3rsecret"], "sup3rsecret"),
        (["x", "--api-key", "sup3rsecret"], "sup3rsecret"),
        (["x", "-token", "sup3rsecret"], "sup3rsecret"),
        (["x", "--registry-token=sup3rsecret"], "sup3rsecret"),
        (["curl", "-u", "me:sup3rsecret"], "sup3rsecret"),
        (["curl", "-H", "X-Api-Key: sup3rsecret"], "sup3rsecret"),
        (["curl", "https://me:sup3rsecret@host.example/"], "sup3rsecret"),
        (["env", "DB_PASSWORD=sup3rsecret", "make"], "sup3rsecret"),
        (["mvn", "-Ddb.password=sup3rsecret"], "sup3rsecret"),
        (["bash", "-c", "login --token 'sup3rsecret' && make"], "sup3rsecret"),
        (["bash", "-c", "export NPM_TOKEN=\"sup3rsecret\"\nnpm ci"], "sup3rsecret"),
    ],
)
def test_values_in_the_command(argv: list[str], secret: str) -> None:
    known = Masker.from_environment({}, argv)
    assert secret not in known.text(f"it printed {secret} here")
    assert all(secret not in known.text(word) for word in argv)


@pytest.mark.parametrize(
    "argv",
    [
        ["git", "commit", "--author", "Some Body"], ["docker", "login", "--password-stdin", "registry.example"],
        ["x", "--token-file", "tokens.txt"], ["mkdir", "-p", "folder-name"], ["x", "--no-auth", "folder-name"],
        ["make", "PASSWORD_LENGTH=12345678"], ["x", "--token", "--verbose-mode"],
    ],
)  # fmt: skip
def test_what_is_no_secret_in_the_command(argv: list[str]) -> None:
    assert Masker.from_environment({}, argv).forms == ()


SHAPES = [
    "ghp_" + "a1B2c3D4e5" * 4, "ghs_" + "a1B2c3D4e5" * 4, "github_pat_" + "11AAAA" * 10, "glpat-" + "x1Y2z3-_" * 3,
    "AKIA" + "ABCDEFGH12345678", "xoxb-" + "123456789012-" * 2 + "abcDEF", "npm_" + "a1B2c3D4e5" * 4,
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcDEF123_-", "AIza" + "a1B2c3D" * 5, "ya29." + "a1B2c3D4e5" * 4,
    "sk_live_" + "a1B2" * 6, "SG." + "a1B2c3D4e5" * 2 + "." + "a1B2c3D4e5" * 4, "hvs." + "a1B2c3D4e5" * 3,
    "dckr_pat_" + "a1B2c3D4e5" * 3, "hf_" + "a1B2c3D4e5" * 4, "glrt-" + "x1Y2z3-_" * 3, "abc8Q~" + "a1B2c3D4e5" * 3 + "abcd",
]  # fmt: skip


@pytest.mark.parametrize("token", SHAPES)
@pytest.mark.parametrize("frame", ["{}", "token is {}.", "x={}&y", '"{}"', "https://h.example/?t={}", "_{}"])
def test_known_token_shapes(token: str, frame: str) -> None:
    assert token[6:] not in Masker().text(frame.format(token))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("fatal: https://user:pw@host.example/x", "fatal: https://***@host.example/x"),
        ("https://user:p@ss:w0rd@host.example/x", "https://***@host.example/x"),
        ("> Authorization: Basic dXNlcjpwYXNz", "> Authorization: Basic ***"),
        ('"authorization":"Bearer abcdef"', '"authorization":"Bearer ***"'),
        ("curl --token abcdefgh x", "curl --token *** x"),
        ("token password=hunter22", "token password=***"),
        ("{'client_secret': 'abcdefgh'}", "{'client_secret': '***'}"),
        ("?sv=1&sig=abc%2Fdef%3D&se=2", "?sv=1&sig=***&se=2"),
        ("Set-Cookie: sid=abcdef; Path=/", "Set-Cookie: ***"),
        ("https://hooks.slack.example/services/T0/B0/abcdefghij", "https://hooks.slack.example/services/***"),
    ],
)
def test_shapes_around_a_value(text: str, expected: str) -> None:
    assert Masker().text(text) == expected


def test_key_block() -> None:
    block = "-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----"
    assert Masker().text(f"a\n{block}\nb") == "a\n***\nb"
    assert Masker().text(f"a\n{block[:40]}") == "a\n***"
    assert Masker().text(json.dumps({"k": block})) == '{"k": "***"}'


@pytest.mark.parametrize(
    "text",
    [
        "SyntaxError: Unexpected token: identifier", "Expected password: string, got number", "fatal: password authentication failed",
        "git@github.com:owner/repository.git", "std::collections::HashMap", "https://host.example:8443/a@2x.png",
        "error: secret \"db-creds\" not found", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "integrity sha512-9f86d081884c7d659a2feaa0c55ad015", "commit 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b",
        "/usr/lib/python3/dist-packages/x.py:12", "bearer token missing", "tests/test_token.py::test_secret PASSED",
        "-----BEGIN CERTIFICATE-----", "main: on branch main", "sk-learn-contrib-estimator-package-name",
        "password: ", "token=${TOKEN_FROM_VAULT}", "429 Too Many Requests", "--password is required",
    ],
)  # fmt: skip
def test_plain_text_stays(text: str) -> None:
    env = {
        "CI_TOKEN": "true", "BRANCH_SECRET": "main", "KEY_PASSWORD": "short", "SSH_KEY": "/usr/lib/python3", "API_KEY": "1.2.3",
        "CACHE_KEY": "packages", "PWD": "/usr/lib/python3/dist-packages", "MY_TOKEN_FILE": "test_secret", "X_TOKEN": "production",
        "AUTH_URL": "https://host.example:8443", "SSH_AUTH_SOCK": "branch",
    }  # fmt: skip
    assert Masker.from_environment(env, ()).text(text) == text


def test_secret_inside_a_json_value() -> None:
    env = {"DOCKER_AUTH_CONFIG": json.dumps({"auths": {"registry.example": {"auth": "bWU6cGFzc3dvcmQx"}}})}
    assert Masker.from_environment(env, ()).text("sent bWU6cGFzc3dvcmQx to registry.example") == "sent *** to registry.example"


def test_password_of_a_url_in_any_variable() -> None:
    assert "w0rdpass" not in Masker.from_environment({"CACHE": "redis://:w0rdpass@h"}, ()).text("got w0rdpass")


@pytest.mark.parametrize(
    ("name", "secret"),
    [
        ("DB_PASSWORD", True), ("NPM_TOKEN", True), ("npmToken", True), ("PGPASSWORD", True), ("MYSQL_PWD", True),
        ("AWS_SECRET_ACCESS_KEY", True), ("GH_PAT", True), ("STRIPE_KEY", True), ("SLACK_WEBHOOK_URL", True),
        ("SECRET_KEY_BASE", True), ("TF_VAR_db_password", True), ("NPM_CONFIG__AUTH", True), ("PWD", False),
        ("AUTHOR", False), ("GIT_AUTHOR_NAME", False), ("CACHE_KEY", False), ("TOKEN_TTL", False), ("PATH", False),
        ("AWS_ACCESS_KEY_ID", False), ("SSH_AUTH_SOCK", False), ("KEYBOARD", False), ("COMPATIBILITY", False),
    ],
)  # fmt: skip
def test_names(name: str, secret: bool) -> None:
    assert is_secret_name(name) is secret


@pytest.mark.parametrize("unit", ["eyJ-", "x-", "token", "-", "password-", " ", "-----BEGIN PRIVATE KEY-----", "sk-", "a://", '"', "cookie:", "aaaaaaaa"])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    known = masker("aaaaaaab")
    sizes = [len(unit) * count for count in (30_000 // len(unit), 240_000 // len(unit))]
    times = []
    for size in sizes:
        text = unit * (size // len(unit))
        since = time.process_time()
        known.text(text)
        times.append(time.process_time() - since)
    # Eight times the text: quadratic time would be 64 times as much.
    assert times[1] < max(times[0] * 30, 0.5)


@pytest.mark.parametrize(
    "line",
    ["::add-mask::hunter2hunter2", "::ADD-MASK::hunter2hunter2", "##vso[task.setsecret]hunter2hunter2", "##vso[task.setvariable variable=a;issecret=true]hunter2hunter2"],
)
def test_what_the_command_told_the_ci_to_hide(line: str) -> None:
    masker = Masker().and_announced(LogWindow(f"x\n{line}\nlogin hunter2hunter2\n".encode()))
    assert masker.text("a hunter2hunter2 b") == "a *** b"
    assert Masker().and_announced(LogWindow(b"see ::add-mask::hunter2hunter2\n")).forms == ()


def test_a_log_cannot_have_everything_hidden() -> None:
    log = b"".join(b"::add-mask::value%05d\n" % number for number in range(5000)) + b"::add-mask::a\n"
    assert Masker().and_announced(LogWindow(log)).text("value00001 value04999") == "*** value04999"
    assert Masker().and_announced(LogWindow(log)).text("a b") == "a b"
