"""A message to Slack's incoming webhook (docs.slack.dev, "Sending messages using incoming webhooks")."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from guard.escalate.connection import Connection, Undelivered, refused
from guard.escalate.notice import Notice, ends_red
from guard.report import attempt_words
from guard.report.amounts import clean, duration

NAME = "slack"
_LONGEST = 2_800
"""Characters of a section; Slack refuses more than 3,000."""
_EVIDENCE_LINES = 5


def check(options: Any, env: Mapping[str, str]) -> None:
    """The webhook's address."""
    _connection(options, env).close()


def tell(notice: Notice, options: Any, env: Mapping[str, str]) -> str:
    """Post to the webhook that the variable `webhook_env` holds."""
    with closing(_connection(options, env)) as connection:
        answer = connection.send("POST", "", message(notice, options.get("channel", "")))
        if not answer.fine:
            raise refused(answer)
    return "told Slack"


def _connection(options: Any, env: Mapping[str, str]) -> Connection:
    address = env.get(options["webhook_env"], "").strip()
    if not address:
        raise Undelivered(f"the variable {options['webhook_env']} is empty")
    return Connection(address)


def message(notice: Notice, channel: str = "") -> dict[str, Any]:
    """The message: a headline, the cause with its evidence, where to look."""
    document = notice.document
    found = [attempt for attempt in document["attempts"] if attempt["diagnosis"]]
    head = f"{':red_circle:' if ends_red(document) else ':large_green_circle:'} *{_text(notice.title)}*"
    if notice.job.url:
        head += f"\n<{_text(notice.job.url)}|the job>"
    blocks = [_section(head)]
    if found:
        blocks.append(_section(_cause(found[-1])))
    blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _context(document)}]})
    made: dict[str, Any] = {"text": _text(notice.title), "blocks": blocks, "unfurl_links": False, "unfurl_media": False}
    return {**made, "channel": channel} if channel else made


def _cause(attempt: Mapping[str, Any]) -> str:
    found, plan = attempt["diagnosis"], attempt["plan"] or {}
    lines = [f"Cause: *{_text(found['label'])}* ({found['probability']:.0%}); {_text(attempt_words.how_it_ended(attempt))}"]
    evidence = "\n".join(_text(one["text"], 300) for one in found["evidence"][:_EVIDENCE_LINES])
    if evidence:
        lines.append(f"```\n{evidence}\n```")
    if plan.get("reason"):
        lines.append(_text(plan["reason"], 300))
    return "\n".join(lines)


def _context(document: Mapping[str, Any]) -> str:
    words = [f"{len(document['attempts'])} attempts, {duration(document['duration_s'])}"]
    words += [_text(f"{name} {document[name]}", 100) for name in ("project", "branch") if document.get(name)]
    return " · ".join(words)


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text[:_LONGEST], "verbatim": True}}


def _text(text: str, most: int = 200) -> str:
    """Text as text: no mention, link or markup (docs.slack.dev, "Escaping text"), no end of a code block."""
    shown = clean(text, most).replace("`", "\u2019")
    # A mark of emphasis needs a word on its other side; what joins nothing keeps it from having one.
    shown = "".join(f"{letter}\u2060" if letter in "*_~" else letter for letter in shown)
    return shown.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
