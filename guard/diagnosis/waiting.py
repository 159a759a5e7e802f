"""A failed test whose own report says that waiting ran out: the sign of nondeterminism that every framework words alike."""

from __future__ import annotations

import re

from guard.diagnosis.first_named import opens
from guard.diagnosis.lines import Log

_REPORT_LINES = 25
_WIDE = 600
_RAN_OUT = re.compile(
    r"(?i)\btimed out (?:after|waiting|while|in \d)|\btimetrap_timeout\b|\btime-?out (?:of|after|exceeded|expired|reached)\b|\btimeout: ?\d"
    r"|\bexceed(?:ed|s) (?:the |its )?time-?out\b|^\W*(?:\w+[.:])*\w*(?:Timeout|TimedOut)\w*(?:Error|Exception|Expired)?(?:: |$|\()"
    r"|\b(?:did(?:n't| not)|never|failed to|has not|was not|were not|not) (?:finish(?:ed)?|complete[d]?|become|became|appear(?:ed)?|arrive[d]?|"
    r"settle[d]?|ready|reach(?:ed)?|met|satisf(?:y|ied)|fulfilled|respond(?:ed)?|start(?:ed)?|stop(?:ped)?|connect(?:ed)?|called|received?|seen|happen(?:ed)?)"
    r"(?: \w+){0,3} (?:with)?in (?:[\d.]+|time|the )|\bgave up (?:waiting|after \d)|\bwait(?:ed|ing) (?:for )?(?:more than |over )?[\d.]+ ?(?:m?s\b|sec|min)"
    r"|\bdeadline exceeded\b|\bno (?:messages?|events?|responses?|repl(?:y|ies)|answers?)(?: \w+){0,2} (?:after|with?in|in) [\d.]+"
)
_ASKED_FOR = re.compile(r"(?i)\bexpected\b.*\b(?:to (?:throw|raise|be|equal|contain|match|include)|but)\b|did not raise|should (?:throw|raise)|\btoThrow|raises?\(|!= |==|\bassert(?:Equal|That|Raises)?\(")


def ran_out(first: int, log: Log) -> int | None:
    """The line (by index) of the report that opens at `first` which says that waiting ran out; None where none does."""
    for at in range(first, min(first + _REPORT_LINES, len(log))):
        if at != first and opens(at, log):
            return None
        text = log.text(at)[:_WIDE]
        if _RAN_OUT.search(text) and not _ASKED_FOR.search(text):
            return at
    return None
