"""GitHub, GitLab, Slack, a webhook and a Pushgateway as far as an escalation asks them, on this machine.

Each keeps what it was told, changes nothing it was not asked to, pages its lists, refuses a wrong token with the
host's own status, and can be told to fail: `fail = [503, 200]` answers the next request with 503 and then as usual.
"""

from __future__ import annotations

import json
import re
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

GITHUB_TOKEN = "ghs_" + "a1B2c3D4e5F6" * 3
GITLAB_TOKEN = "glpat-" + "x9Y8z7W6v5U4" + "w3V2"
BOT = {"login": "github-actions[bot]", "type": "Bot", "id": 1}


@dataclass
class Asked:
    """One request."""

    method: str
    path: str
    query: dict[str, list[str]]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Host:
    """What it holds and how it behaves."""

    port: int = 0
    asked: list[Asked] = field(default_factory=list)
    fail: list[int] = field(default_factory=list)
    retry_after: str = ""
    delay_s: float = 0.0
    redirect: str = ""
    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues_are_off: bool = False

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def wrote(self) -> list[Asked]:
        """What was asked to be changed."""
        return [one for one in self.asked if one.method != "GET"]

    def issue(self, body: str, **given: Any) -> dict[str, Any]:
        """An issue that is there already."""
        number = len(self.issues) + 1
        made = {
            "number": number, "iid": number, "state": "open", "title": "t", "body": body, "description": body, "user": BOT,
            "author": {"id": 1}, "author_association": "NONE", "labels": [{"name": "pipeguard"}], **given,
        }  # fmt: skip
        self.issues.append(made)
        return made

    def comment(self, body: str, **given: Any) -> dict[str, Any]:
        """A comment that is there already."""
        made = {"id": 100 + len(self.comments), "body": body, "user": BOT, "author": {"id": 1}, "author_association": "NONE", "system": False, **given}
        self.comments.append(made)
        return made


class _Handler(BaseHTTPRequestHandler):
    host: Host
    protocol_version = "HTTP/1.1"

    def _answer(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(self.command, parts.path, parse_qs(parts.query), {name.lower(): value for name, value in self.headers.items()}, body)
        self.host.asked.append(asked)
        time.sleep(self.host.delay_s)
        if self.host.redirect:
            self._send(307, {}, {"Location": self.host.redirect})
            return
        status = self.host.fail.pop(0) if self.host.fail else 200
        if status != 200:
            self._send(status, {"message": "no"}, {"Retry-After": self.host.retry_after} if self.host.retry_after else {})
            return
        self._send(*self._serve(asked))

    do_GET = do_POST = do_PATCH = do_PUT = _answer  # noqa: N815

    def _serve(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        del asked
        raise NotImplementedError

    def _page(self, found: list[Any], asked: Asked) -> tuple[int, Any, dict[str, str]]:
        size, page = int(asked.query.get("per_page", ["30"])[0]), int(asked.query.get("page", ["1"])[0])
        begin = (page - 1) * size
        more = f'<{self.host.url}{asked.path}?per_page={size}&page={page + 1}>; rel="next", <{self.host.url}/last>; rel="last"'
        return 200, found[begin : begin + size], {"Link": more} if begin + size < len(found) else {}

    def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        data = document.encode() if isinstance(document, str) else json.dumps(document).encode()
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *words: object) -> None:
        del words


class GitHub(_Handler):
    """docs.github.com, "REST API endpoints for issues" and "… for issue comments"."""

    def _serve(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        host = self.host
        if asked.headers.get("authorization") != f"Bearer {GITHUB_TOKEN}":
            return 401, {"message": "Bad credentials"}, {}
        path = asked.path.removeprefix("/repos/o/shop/")
        if path == asked.path:
            return 404, {"message": "Not Found"}, {}
        if path == "issues" and host.issues_are_off:
            return 410, {"message": "Issues has been disabled in this repository."}, {}
        if path == "issues" and asked.method == "GET":
            labels = set(asked.query.get("labels", []))
            found = [one for one in host.issues if one["state"] == "open" and labels <= {label["name"] for label in one["labels"]}]
            return self._page(found, asked)
        if path == "issues" and asked.method == "POST":
            given = asked.json
            made = host.issue(given["body"], title=given["title"], labels=[{"name": name} for name in given.get("labels", [])])
            return 201, made, {}
        if match := re.fullmatch(r"issues/(\d+)/comments", path):
            if asked.method == "GET":
                return self._page([one for one in host.comments if one.get("on", int(match[1])) == int(match[1])], asked)
            return 201, host.comment(asked.json["body"], on=int(match[1])), {}
        if (match := re.fullmatch(r"issues/comments/(\d+)", path)) and asked.method == "PATCH":
            one = next(one for one in host.comments if one["id"] == int(match[1]))
            one["body"] = asked.json["body"]
            return 200, one, {}
        return 404, {"message": "Not Found"}, {}


class GitLab(_Handler):
    """docs.gitlab.com, "Issues API", "Notes API"."""

    def _serve(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        host = self.host
        if asked.headers.get("private-token") != GITLAB_TOKEN:
            return 401, {"message": "401 Unauthorized"}, {}
        path = unquote(asked.path).removeprefix("/api/v4/")
        if path == "user":
            return 200, {"id": 1, "username": "project_7_bot"}, {}
        path = path.removeprefix("projects/7/")
        if path == "issues" and asked.method == "GET":
            word = asked.query["search"][0]
            return self._page([one for one in host.issues if one["state"] == "open" and word in one["description"]], asked)
        if path == "issues" and asked.method == "POST":
            given = asked.json
            return 201, host.issue(given["description"], title=given["title"], labels=given["labels"]), {}
        if re.fullmatch(r"(?:issues|merge_requests)/\d+/notes", path):
            return self._page(host.comments, asked) if asked.method == "GET" else (201, host.comment(asked.json["body"]), {})
        if match := re.fullmatch(r"merge_requests/\d+/notes/(\d+)", path):
            one = next(one for one in host.comments if one["id"] == int(match[1]))
            one["body"] = asked.json["body"]
            return 200, one, {}
        return 404, {"message": "404 Not found"}, {}


class Slack(_Handler):
    """Answers as Slack's incoming webhooks do: `ok`, or a word and a status."""

    def _serve(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        given = asked.json
        if any(len(block.get("text", {}).get("text", "")) > 3000 for block in given.get("blocks", ())):
            return 400, "invalid_blocks", {}
        return (200, "ok", {}) if given.get("text") else (400, "no_text", {})


class Hook(_Handler):
    """Takes anything."""

    def _serve(self, asked: Asked) -> tuple[int, Any, dict[str, str]]:
        del asked
        return 204, "", {}


@contextmanager
def serving(handler: type[_Handler], certificate: str = "") -> Iterator[Host]:
    """The host, as long as it is needed; `certificate`: a file with it and its key, for TLS."""
    host = Host()
    with ThreadingHTTPServer(("127.0.0.1", 0), type("Bound", (handler,), {"host": host})) as server:
        server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        host.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield host
        server.shutdown()
