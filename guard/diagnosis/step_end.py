"""The line at which a log shows that the command had failed: what comes after it is clean-up, whose own failures end nothing."""

from __future__ import annotations

import re

from guard.diagnosis.lines import Log

# What runners print when the step's own command has failed.
_FAILED = re.compile(
    r"Process completed with exit code [1-9]|The command \".{0,400}\" (?:failed and )?exited with [1-9]|ERROR: Job failed: "
    r"|script returned exit code [1-9]|Exited with code (?:exit status )?[1-9]|Bash exited with code '[1-9]"
    r"|Error: The command exited with status [1-9]"  # Buildkite
    r"|^Uploading artifacts for failed job"  # GitLab
    r"|^Running after[_ ]script"  # GitLab: once a job, after its script
)
_WORDS = (
    b"Process completed with", b"exited with ", b"ERROR: Job failed", b"script returned exit", b"Exited with code",
    b"artifacts for failed job", b"Running after",
)  # fmt: skip
_MOST = 200
_JENKINS_BLOCK = re.compile(rb"\[Pipeline\] \{ \(([^\n]{0,200})\)")
_POST = b"Declarative: Post Actions"


def step_end(log: Log) -> int:
    """The line (by index) at which the runner says that the command failed, or at which its after-scripts begin; else the last one."""
    first = len(log) - 1
    for words in _WORDS:
        at = log.data.find(words)
        for _ in range(_MOST):
            if at < 0:
                break
            index = log.index_of(at)
            if _FAILED.search(log.text(index)):
                first = min(first, index)
                break
            at = log.data.find(words, at + 1)
    return min(first, _post_actions(log, first))


def _post_actions(log: Log, last: int) -> int:
    """Where the last of Jenkins's stages has ended and only blocks of post actions follow."""
    if _POST not in log.data:
        return last
    begin = last
    for match in reversed(list(_JENKINS_BLOCK.finditer(log.data))):
        if match.group(1) != _POST:
            break
        begin = log.index_of(match.start())
    return begin
