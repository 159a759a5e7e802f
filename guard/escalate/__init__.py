"""Whom to tell when a run stays red: one file per target, its key in the settings → how to tell it."""

from __future__ import annotations

from guard.escalate import github_comment, github_issue, gitlab_issue, gitlab_note, slack, webhook
from guard.escalate.protocol import Target

TARGETS: dict[str, Target] = {
    "github_issue": github_issue,
    "gitlab_issue": gitlab_issue,
    "pr_comment": github_comment,
    "mr_comment": gitlab_note,
    "slack": slack,
    "webhook": webhook,
}
