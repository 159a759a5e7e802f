"""Requests to one server, bounded in time and size: what it answered, or why it could not be told.

A token goes to the origin it belongs to and nowhere else: redirects to another host, port or protocol are not
followed. `.netrc` is not read, proxies and certificates are those of the environment. No address appears in an
error: that of a webhook is a secret. Of the standard library alone: a guard that travels as text has no other.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode, urljoin, urlsplit

import tenacity

from guard import __version__

CONNECT_S = 2.0
IN_ALL_S = 10.0
_LARGEST_ANSWER = 8 << 20
_MOST_REDIRECTS = 3
_MOST_PAGES = 5
_SHORTEST_WAIT_S = 1.0
_NEXT = re.compile(r"<([^<>]*)>\s*;[^,<]*\brel=\"?next\b")


class Undelivered(Exception):
    """Why a target could not be told, in one clause without secrets."""


@dataclass(frozen=True)
class Answer:
    """What a server said."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes

    @property
    def fine(self) -> bool:
        """Whether it did what it was asked."""
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON. Raises Undelivered."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError) as error:
            raise Undelivered("the answer is no JSON") from error

    def objects(self) -> list[dict[str, Any]]:
        """The objects of a JSON list. Raises Undelivered."""
        found = self.json()
        if not isinstance(found, list):
            raise Undelivered("the answer is no list")
        return [one for one in found if isinstance(one, dict)]

    @property
    def next_page(self) -> str:
        """The address of the next page by the header `Link` (RFC 8288); "" on the last."""
        match = _NEXT.search(self.headers.get("link", ""))
        return match[1] if match else ""

    @property
    def wait_s(self) -> float | None:
        """How long to wait before asking again; None: asking again is of no use.

        5xx, 429, and GitHub's 403 of a rate limit, which has `retry-after` (docs.github.com, "Rate limits for the REST API").
        """
        after = self.headers.get("retry-after", "").strip()
        limited = self.status == 429 or (self.status == 403 and (after or self.headers.get("x-ratelimit-remaining") == "0"))
        if not limited and self.status < 500:
            return None
        if after.isascii() and after.isdigit() and len(after) < 7:
            return max(float(after), _SHORTEST_WAIT_S)
        # A limit without a date is one of minutes at the least.
        return 60.0 if limited and self.status == 403 else _SHORTEST_WAIT_S


class Connection:
    """Requests to one base address until a deadline."""

    def __init__(
        self, base: str, secret: Mapping[str, str] | None = None, in_all_s: float = IN_ALL_S, ca_file: str = ""
    ) -> None:
        """`secret`: headers that only the base's own origin sees; `ca_file`: certificates to accept besides.

        Raises Undelivered for a base that is no address.
        """
        try:
            parts = urlsplit(base)
            sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        except ValueError:
            sound = False
        if not sound:
            raise Undelivered("its address is no http(s) address")
        self.base = base
        self.origin = _origin(base)
        self.deadline = time.monotonic() + in_all_s
        self.headers = {"User-Agent": f"pipeguard/{__version__}", **(secret or {})}
        self.opener = _opener(ca_file)

    def close(self) -> None:
        """Let go of what is open."""
        self.opener.close()

    def get(self, path: str, **query: str | int) -> Answer:
        """GET below the base, or at an address of its origin."""
        return self.ask("GET", path, query=query)

    def send(self, method: str, path: str, document: Mapping[str, Any]) -> Answer:
        """Send JSON."""
        return self.ask(method, path, json.dumps(document).encode(), {"Content-Type": "application/json"})

    def pages(self, path: str, **query: str | int) -> Iterator[dict[str, Any]]:
        """The objects of a list, a hundred a page, the first five pages at most. Raises Undelivered."""
        answer = self.get(path, per_page=100, **query)
        for _ in range(_MOST_PAGES):
            if not answer.fine:
                raise refused(answer)
            yield from answer.objects()
            if not answer.next_page:
                return
            answer = self.get(answer.next_page)

    def write(self, method: str, path: str, document: Mapping[str, Any]) -> dict[str, Any]:
        """Create or change something: what it is now. Raises Undelivered."""
        answer = self.send(method, path, document)
        if not answer.fine:
            raise refused(answer)
        found = answer.json()
        return found if isinstance(found, dict) else {}

    def ask(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None, query: Mapping[str, str | int] | None = None
    ) -> Answer:
        """One request, repeated once where the server is busy or could not be reached. Raises Undelivered."""
        url = self._url(path)
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(2),
            retry=tenacity.retry_if_exception_type(_Again),
            wait=_pause,
            reraise=True,
        )
        try:
            return retrying(self._once, method, url, body, headers or {}, query or {})
        except _Again as busy:
            if busy.answer is not None:
                return busy.answer
            raise Undelivered(str(busy)) from busy

    def _once(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], query: Mapping[str, str | int]
    ) -> Answer:
        answer = self._follow(method, url, body, headers, query)
        wait = answer.wait_s
        if wait is not None and wait < self._left():
            raise _Again("the server is busy", wait, answer)
        return answer

    def _follow(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], query: Mapping[str, str | int]
    ) -> Answer:
        for _ in range(_MOST_REDIRECTS + 1):
            answer = self._exchange(method, url, body, headers, query)
            kept = answer.status in (307, 308) or (answer.status in (301, 302) and method == "GET")
            if not kept:
                return answer
            url = urljoin(url, answer.headers.get("location", ""))
            query = {}
            if _origin(url) != self.origin:
                raise Undelivered("it redirects to another host, which is not followed")
        raise Undelivered("it redirects without end")

    def _exchange(
        self, method: str, url: str, body: bytes | None, headers: Mapping[str, str], query: Mapping[str, str | int]
    ) -> Answer:
        left = self._left()
        if left <= 0:
            raise Undelivered("the time for it is used up")
        address = f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url
        try:
            request = urllib.request.Request(address, body, {**self.headers, **headers}, method=method)
            with self.opener.open(request, timeout=left) as response:
                names = {name.lower(): value for name, value in response.headers.items()}
                return Answer(response.status, names, self._content(response))
        except URLError as error:
            raise _unreachable(error.reason) from error
        except (OSError, http.client.HTTPException) as error:
            raise _broken(error) from error
        except ValueError as error:
            raise Undelivered(f"the request cannot be made ({type(error).__name__})") from error

    def _content(self, response: http.client.HTTPResponse) -> bytes:
        """The body, no longer and no slower than it may be."""
        found = bytearray()
        while chunk := response.read1(1 << 16):
            found += chunk
            if len(found) > _LARGEST_ANSWER:
                raise Undelivered("the answer is too large")
            if self._left() <= 0:
                raise Undelivered("no answer in time")
        return bytes(found)

    def _left(self) -> float:
        return self.deadline - time.monotonic()

    def _url(self, path: str) -> str:
        url = path if "://" in path else f"{self.base.rstrip('/')}/{path.lstrip('/')}" if path else self.base
        if _origin(url) != self.origin:
            raise Undelivered("it points to another host, which is not followed")
        return url


class _Again(Exception):
    """A failure worth one more try."""

    def __init__(self, text: str, wait_s: float, answer: Answer | None = None) -> None:
        super().__init__(text)
        self.wait_s = wait_s
        self.answer = answer


class _Plain(http.client.HTTPConnection):
    """Two seconds to connect, what is left of the time to answer."""

    def connect(self) -> None:
        """Connect."""
        _connect(self, super().connect)


class _Secure(http.client.HTTPSConnection):
    """The same over TLS."""

    def connect(self) -> None:
        """Connect."""
        _connect(self, super().connect)


def _connect(connection: http.client.HTTPConnection, connect: Callable[[], None]) -> None:
    whole = connection.timeout
    connection.timeout = CONNECT_S if whole is None else min(CONNECT_S, whole)
    connect()
    connection.sock.settimeout(whole)


class _Handler(urllib.request.HTTPSHandler):
    """Opens both kinds of address; what comes back is handed over as it is, redirects and errors too."""

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(context=context)
        self.context = context

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Open http://."""
        return self.do_open(_Plain, request)

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Open https://."""
        return self.do_open(_Secure, request, context=self.context)

    http_request = urllib.request.AbstractHTTPHandler.do_request_
    https_request = urllib.request.AbstractHTTPHandler.do_request_


def _opener(ca_file: str) -> urllib.request.OpenerDirector:
    context = ssl.create_default_context()
    if ca_file:
        with contextlib.suppress(OSError):
            context.load_verify_locations(ca_file)
    opener = urllib.request.OpenerDirector()
    # No handler of redirects, errors or passwords: none of them acts by itself.
    opener.add_handler(urllib.request.ProxyHandler())
    opener.add_handler(_Handler(context))
    return opener


def _unreachable(reason: object) -> Exception:
    """What keeps a connection from being made; nothing was sent, so asking again cannot do it twice."""
    if isinstance(reason, ssl.SSLCertVerificationError):
        return Undelivered("its certificate is not accepted")
    if isinstance(reason, TimeoutError):
        return _Again("no connection in time", _SHORTEST_WAIT_S)
    return _Again("it cannot be reached", _SHORTEST_WAIT_S)


def _broken(error: BaseException) -> Undelivered:
    """What breaks while the answer is awaited."""
    return Undelivered("no answer in time" if isinstance(error, TimeoutError) else "the connection broke")


def _pause(state: tenacity.RetryCallState) -> float:
    failure = state.outcome.exception() if state.outcome is not None else None
    return failure.wait_s if isinstance(failure, _Again) else 0.0


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ("", "", None)
    return (parts.scheme, (parts.hostname or "").lower(), port or {"http": 80, "https": 443}.get(parts.scheme))


def refused(answer: Answer) -> Undelivered:
    """Why a server did not do it, by its status and by its own words."""
    reasons = {
        401: "the token is not accepted", 403: "the token may not do that", 404: "not found, or the token may not see it",
        410: "that is switched off there", 422: "it refuses the content", 429: "its rate limit is used up",
    }  # fmt: skip
    if answer.status == 403 and answer.wait_s is not None:
        return Undelivered("its rate limit is used up (403)")
    return Undelivered(f"{reasons.get(answer.status, 'it answered with an error')} ({answer.status})")
