"""Which tool's log hides the cause of this failure: it prints the same for several, or nothing at all.

What hides was found by running the tools: pip prints "No matching distribution found" for an index that answers
404, 403, 429, 502 or 503 alike; `curl -sf` prints nothing and ends with 22 for each of them, `wget -q` with 8;
`npm --silent` prints nothing; Poetry 2 prints "All attempts to connect failed" for a certificate that is refused, a name
that does not resolve and a server that is down alike, unless told to say more. git, cargo, Maven, Gradle, uv, pnpm and Yarn name the status even when told to be quiet.
"""

from __future__ import annotations

import re

from guard.remedies.probing.configured import download, pip
from guard.remedies.tools_in_play import files_text, programs, typed
from guard.types import Diagnosis, Outcome

_NO_VERSIONS = re.compile(rb"Could not find a version that satisfies the requirement ([A-Za-z0-9][\w.\[\],-]*).*\(from versions: (?:none)?\)")
_TOLD = re.compile(
    rb"Could not fetch URL|HTTP error \d{3}|after connection broken by|\d{3} (?:Client|Server) Error|problem confirming the ssl"
)
"""What pip says of an index where it says more: then nothing is hidden."""
_CURL_SAID, _WGET_SAID = re.compile(rb"curl: \(\d+\)"), re.compile(rb"ERROR \d{3}|HTTP/\d\S* \d{3}|\.\.\. \d{3} ")
_HTTP_ERROR = {"curl": 22, "wget": 8}
"""Their exit codes for an answer of 400 or more, which they do not tell when silent."""
_POETRY = re.compile(rb"^All attempts to connect to \S+ failed", re.MULTILINE)
_POETRY_TOLD = re.compile(rb"^Exception:\s*$", re.MULTILINE)


def hiding(diagnosis: Diagnosis, outcome: Outcome) -> str:
    """The tool whose log hides the cause: pip, curl, wget, npm or poetry; "" where none does, or where the log has said it."""
    if outcome.ended != "exited" or diagnosis.label not in ("dependency_not_found", "unknown", "connection_failure"):
        return ""
    log = outcome.window.head + b"\n" + outcome.window.tail
    if diagnosis.label == "connection_failure":
        return "poetry" if diagnosis.entities.get("tool") == "poetry" and _POETRY.search(log) and not _POETRY_TOLD.search(log) else ""
    used = programs(outcome.command)
    if diagnosis.label == "dependency_not_found":
        # Also of a log whose command is not known nothing more can be learned.
        asked = diagnosis.entities.get("tool", "pip") == "pip" and bool(used & pip.PROGRAMS)
        return "pip" if asked and _NO_VERSIONS.search(log) and not _TOLD.search(log) else ""
    words = f"{typed(outcome.command)}\n{files_text(outcome.command)}"
    for tool, code in _HTTP_ERROR.items():
        said = (_CURL_SAID if tool == "curl" else _WGET_SAID).search(log)
        if tool in used and outcome.exit_code == code and not said and not download.SENDS.search(words):
            return tool
    if log.strip():
        return ""
    # Not a word at all: told to be silent.
    if outcome.exit_code == 1 and re.search(r"\bpip3?\s+(?:install|download|wheel)\b[^\n;&|]*\s-(?:qqq|q\s+-q\s+-q)", words):
        return "pip"
    return "npm" if "npm" in used else ""


def wanted(outcome: Outcome) -> str:
    """The name of the package for which pip knew no version; "" where it names none."""
    found = _NO_VERSIONS.search(outcome.window.head + b"\n" + outcome.window.tail)
    return found.group(1).decode("ascii", "ignore").partition("[")[0] if found else ""
