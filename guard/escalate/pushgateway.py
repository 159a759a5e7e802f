"""Metrics → a Prometheus Pushgateway (github.com/prometheus/pushgateway, "API")."""

from __future__ import annotations

import base64
import hashlib
from contextlib import closing
from urllib.parse import unquote, urlsplit, urlunsplit

from guard.escalate.connection import Connection, refused
from guard.report.prometheus import CONTENT_TYPE


def push(address: str, project: str | None, store: str, text: str) -> None:
    """Replace the group of this history: job `pipeguard`, instance the one project, or the store. Raises Undelivered.

    PUT, not POST: a project or cause that is no longer there must not stay for ever.
    """
    base, secret = _without_user(address)
    instance = project or hashlib.sha256(store.encode()).hexdigest()[:12]
    # As base64 a name may hold slashes (ibid.).
    name = base64.urlsafe_b64encode(instance.encode()).decode().rstrip("=")
    with closing(Connection(base, secret)) as gateway:
        answer = gateway.ask("PUT", f"metrics/job/pipeguard/instance@base64/{name}", text.encode(), {"Content-Type": CONTENT_TYPE})
        if not answer.fine:
            raise refused(answer)


def _without_user(address: str) -> tuple[str, dict[str, str]]:
    """The address without user and password, and these as the header that they stand for."""
    parts = urlsplit(address)
    user, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, {}
    return urlunsplit(parts._replace(netloc=host)), {"Authorization": f"Basic {base64.b64encode(unquote(user).encode()).decode()}"}
