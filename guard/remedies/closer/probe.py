"""`probes: on`: ask the very index that pip's own configuration names whether it is up and has the package."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from time import monotonic
from urllib.parse import unquote, urljoin, urlsplit, urlunsplit

from guard.remedies.probing.configured.protocol import Named
from guard.remedies.probing.service import service

TOTAL_S = 5.0
"""Seconds for all questions together."""
_MOST_BYTES = 1 << 20
_MOST_REDIRECTS = 4
_HEADERS = {"Accept": "application/vnd.pypi.simple.v1+json, text/html;q=0.5", "User-Agent": "pipeguard"}
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


def ask(indexes: Named, package: str, env: Mapping[str, str], get: Get | None = None) -> tuple[Answer, ...]:
    """The answer of each index about a package (its plain name), in their order; those that time did not allow are left out.

    `env`: where proxies and trusted certificates are named.
    """
    name = re.sub(r"[-_.]+", "-", package).lower()
    if not re.fullmatch(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?", name):
        return ()
    until = monotonic() + TOTAL_S
    answers = []
    for index in indexes.addresses:
        left = until - monotonic()
        if left <= 0.1:
            break
        answers.append(_one(index, name, left, get or partial(_get, env=env, proxy=indexes.proxy)))
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


def _body(parts: Iterable[bytes], until: float) -> bytes:
    """What fits in the time and in _MOST_BYTES."""
    body = b""
    for part in parts:
        body += part
        if len(body) >= _MOST_BYTES or monotonic() > until:
            break
    return body


def _credentials(address: str, url: str) -> tuple[str, str] | None:
    """What pip itself would send to this very host: the address's own, else those of ~/.netrc. Without them a 401 would tell nothing."""
    import requests

    parts = urlsplit(address)
    if parts.username is not None:
        return unquote(parts.username), unquote(parts.password or "")
    return requests.utils.get_netrc_auth(url)


def _trusted(env: Mapping[str, str]) -> str | bool:
    """The bundle of certificates that pip itself would trust, where a variable names one."""
    named = (env.get(name, "") for name in ("PIP_CERT", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"))
    return next((file for file in named if os.path.isfile(file)), True)


def _get(address: str, seconds: float, env: Mapping[str, str], proxy: str) -> tuple[int, bytes, str]:
    import requests

    until = monotonic() + seconds
    try:
        with requests.Session() as session:
            session.trust_env = False  # what counts is the attempt's environment, not guard's own
            for _ in range(_MOST_REDIRECTS):
                place = service(address, env=env, proxy=proxy)
                if place is None:
                    raise requests.ConnectionError("not to be asked")
                url = f"{place.scheme}://{place.told}{place.path}"
                answer = session.get(
                    url, auth=_credentials(address, url), headers=_HEADERS, timeout=(min(seconds, 3.0), seconds), stream=True, allow_redirects=False,
                    proxies={place.scheme: place.proxy} if place.proxy else {}, verify=_trusted(env),
                )  # fmt: skip
                with answer:
                    # A redirect is followed on the same host alone: another one is not configured.
                    further = urljoin(url, answer.headers["Location"]) if answer.is_redirect else ""
                    if not further or urlsplit(further).netloc.lower() != urlsplit(url).netloc.lower():
                        return answer.status_code, _body(answer.iter_content(65536), until), answer.headers.get("Retry-After", "")
                    address = urlunsplit(urlsplit(further)._replace(netloc=urlsplit(address).netloc))
            raise requests.TooManyRedirects("in circles")
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
