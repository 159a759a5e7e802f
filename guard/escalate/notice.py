"""A masked run document → what is told: a title, a body in Markdown that nothing of the log can escape from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from guard.escalate.job import Job
from guard.report.amounts import clean
from guard.report.markdown_summary import summary

_LONGEST_TITLE = 120
_FINGERPRINT = re.compile(r"[0-9a-f]{8,64}")
# Behind a backslash a mark means nothing to Markdown; hosts look for mentions and references afterwards, in the text.
_REFERENCES = re.compile(r"\\([@#!~$&%^])")
# GitLab takes a line that begins with a slash for a command (docs.gitlab.com, "Quick actions").
_QUICK_ACTION = re.compile(r"^(\s*)/(?=\w)", re.MULTILINE)
_JOINER = "\u2060"


@dataclass(frozen=True)
class Notice:
    """One run, ready to be told."""

    document: Mapping[str, Any]
    """`pipeguard.run/1`, masked, with project, branch and commit."""
    job: Job
    fingerprint: str
    """The failure's short name: the same failure in another run has the same."""
    job_mark: str
    """The same for the same job, whatever it says."""
    title: str
    body: str

    @property
    def marker(self) -> str:
        """Stands in the body, unseen: by it the same failure is found again."""
        return f"<!-- pipeguard:failure={self.fingerprint} -->"

    @property
    def job_marker(self) -> str:
        """By it the comment of the same job is found again."""
        return f"<!-- pipeguard:job={self.job_mark} -->"


def notice(document: Mapping[str, Any], job: Job) -> Notice:
    """The notice of a run that is over."""
    found = [attempt["diagnosis"] for attempt in document["attempts"] if attempt["diagnosis"]]
    last: Mapping[str, Any] = found[-1] if found else {}
    command = " ".join(document["command"])
    fingerprint = str(last.get("fingerprint", ""))
    if not _FINGERPRINT.fullmatch(fingerprint):
        fingerprint = _digest(document.get("project", ""), command)
    made = Notice(
        document=document,
        job=job,
        fingerprint=fingerprint,
        job_mark=_digest(document.get("project", ""), job.name, command),
        title=_title(document, job, str(last.get("label", "unknown"))),
        body="",
    )
    return Notice(**{**vars(made), "body": _body(made)})


def ends_red(document: Mapping[str, Any]) -> bool:
    """Whether the job is red: the command stayed so, or settings do not take a heal for green."""
    return document["status"] == "failed" or (document["status"] == "healed" and bool(document["exit_code"]))


def inert(markdown: str) -> str:
    """Markdown in which no mention, reference or quick action works, wherever it is shown, and nothing is unseen."""
    markdown = "".join(letter if letter.isprintable() or letter == "\n" else "\ufffd" for letter in markdown)
    return _QUICK_ACTION.sub(rf"\1{_JOINER}/", _REFERENCES.sub(rf"\\\1{_JOINER}", markdown))


def _title(document: Mapping[str, Any], job: Job, label: str) -> str:
    state = "Build red" if ends_red(document) else "Build healed"
    where = job.name or " ".join(document["command"])
    return clean(f"{state}: {label} in {' '.join(where.split())}", _LONGEST_TITLE)


def _body(made: Notice) -> str:
    document = made.document
    parts = [made.marker, made.job_marker, inert(summary(document)).rstrip(), "", *_where(made)]
    if document["status"] == "failed":
        parts += ["", f"Wrong cause? `guard feedback {clean(str(document['id']), 64)} --label LABEL` corrects it for the next time."]
    return "\n".join(parts) + "\n"


def _where(made: Notice) -> list[str]:
    document = made.document
    words = []
    if made.job.url:
        words.append(f"[the job]({made.job.url})")
    for name in ("branch", "commit"):
        value = clean(str(document.get(name) or ""), 100).replace("`", "'")
        if value:
            words.append(f"{name} `{value[:12] if name == 'commit' else value}`")
    return [", ".join(words)] if words else []


def _digest(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8", "replace")).hexdigest()[:16]
