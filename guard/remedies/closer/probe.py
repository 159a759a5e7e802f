"""`probes: on`: ask the very index that pip's own configuration names whether it is up and has the package."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from time import monotonic
from urllib.parse import urlsplit

TOTAL_S = 5.0
"""Seconds for all questions together."""
_MOST_BYTES = 1 << 20
_FILE = re.compile(rb"<a\s[^>]*href|\"files\"\s*:\s*\[\s*\{", re.IGNORECASE)


@dataclass(frozen=True)
class Answer:
    """What an index said of one project."""

    host: str
    label: str
    """What stands behind the failure by this answer; "" for `it is there`: then the log still hides the cause."""
    text: str
    """One sentence for the report, without credentials."""
    retry_after_s: str = ""


Get = Callable[[str, float], tuple[int, bytes, str]]
"""(address, seconds) → status, beginning of the body, Retry-After; raises OSError where nothing answers."""


def ask(indexes: Sequence[str], package: str, get: Get | None = None) -> tuple[Answer, ...]:
    """The answer of each index about a package (its plain name), in their order; those that time did not allow are left out."""
    name = re.sub(r"[-_.]+", "-", package).lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", name):
        return ()
    until = monotonic() + TOTAL_S
    answers = []
    for index in indexes:
        left = until - monotonic()
        if left <= 0.1:
            break
        answers.append(_one(index, name, left, get or _get))
    return tuple(answers)


def _one(index: str, name: str, seconds: float, get: Get) -> Answer:
    host = urlsplit(index).hostname or ""
    about = f"asked the index at {host} for {name}"
    try:
        status, body, wait = get(f"{index}{name}/", seconds)
    except TimeoutError:
        return Answer(host, "network_timeout", f"{about}: no answer in {seconds:.0f} s")
    except OSError as error:
        return Answer(host, _unreachable(error), f"{about}: {_words(error)}")
    return Answer(host, _label(status, body), f"{about}: it answers {status}{_more(status, body)}", wait if wait.isdigit() else "")


def _label(status: int, body: bytes) -> str:
    if status in (404, 410):
        return "dependency_not_found"
    if status in (401, 403, 407):
        return "auth_failure"
    if status == 429:
        return "rate_limited"
    if status >= 500:
        return "service_unavailable"
    if status == 200:
        return "" if _FILE.search(body) else "dependency_not_found"
    return ""


def _more(status: int, body: bytes) -> str:
    if status == 200:
        return ", with files" if _FILE.search(body) else ", with no file"
    return ": it is up and has no such package" if status in (404, 410) else ""


def _get(address: str, seconds: float) -> tuple[int, bytes, str]:
    import requests

    try:
        headers = {"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5", "User-Agent": "pipeguard"}
        with requests.get(address, headers=headers, timeout=(min(seconds, 3.0), seconds), stream=True) as answer:
            until = monotonic() + seconds
            body = b""
            for part in answer.iter_content(65536):
                body += part
                if len(body) >= _MOST_BYTES or monotonic() > until:
                    break
            return answer.status_code, body, answer.headers.get("Retry-After", "")
    except requests.Timeout as error:
        raise TimeoutError from error
    except requests.RequestException as error:
        raise OSError(str(error)) from error


def _unreachable(error: OSError) -> str:
    text = str(error).lower()
    if "name or service" in text or "name resolution" in text or "nameresolution" in text or "getaddrinfo" in text:
        return "dns_failure"
    return "tls_error" if "certificate" in text or "sslerror" in text else "connection_failure"


def _words(error: OSError) -> str:
    """What went wrong in a few words; never the address, which may hold a password."""
    return {
        "dns_failure": "its name cannot be resolved",
        "tls_error": "its certificate is not accepted",
    }.get(_unreachable(error), "it cannot be reached")
