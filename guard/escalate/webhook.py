"""The whole run as JSON to an address of the user's own (guard/schema/escalation.schema.json)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from guard.escalate.connection import Connection, Undelivered, refused
from guard.escalate.notice import Notice, ends_red

NAME = "webhook"
SCHEMA = "pipeguard.escalation/1"


def check(options: Any, env: Mapping[str, str]) -> None:
    """The address, and the token where one is named."""
    _connection(options, env).close()


def tell(notice: Notice, options: Any, env: Mapping[str, str]) -> str:
    """POST to `url`, or to what the variable `url_env` holds, with the token of `token_env` where it is named."""
    with closing(_connection(options, env)) as connection:
        # A receiver that sees the same key twice has seen the same run twice: a try that was answered too late.
        body, headers = json.dumps(document(notice)).encode(), {"Content-Type": "application/json", "Idempotency-Key": str(notice.document["id"])}
        answer = connection.ask("POST", "", body, headers)
        if not answer.fine:
            raise refused(answer)
    return "told the webhook"


def _connection(options: Any, env: Mapping[str, str]) -> Connection:
    address = env.get(options["url_env"], "").strip() if "url_env" in options else options["url"]
    if not address:
        raise Undelivered(f"the variable {options['url_env']} is empty")
    secret = {}
    if "token_env" in options:
        token = env.get(options["token_env"], "").strip()
        if not token:
            raise Undelivered(f"the variable {options['token_env']} is empty")
        secret["Authorization"] = f"Bearer {token}"
    return Connection(address, secret)


def document(notice: Notice) -> dict[str, Any]:
    """`pipeguard.escalation/1`."""
    return {
        "schema": SCHEMA,
        "title": notice.title,
        "red": ends_red(notice.document),
        "fingerprint": notice.fingerprint,
        "job": {"name": notice.job.name, "url": notice.job.url},
        "run": dict(notice.document),
    }
