"""Whether one hit stands behind another: a cause explains what comes after it only where the two are seen to belong together.

That a network *can* bring about a compile error (a header that was not fetched) does not make it the cause of a missing
semicolon. What belongs together: the words of one command; a thing that is missing after it could not be fetched; a file that
is cut off after the disk was full; a tool that was killed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from guard.diagnosis.explains import explains
from guard.types import LABELS

if TYPE_CHECKING:
    from guard.diagnosis.weigh import Weighed

NEAR = 150
"""Lines between a cause and what it explains."""
BESIDE = 4
"""Lines between a cause and a failure in the code that it explains."""
_BEFORE = 8
"""Lines by which a cause may stand below what it explains, where output is written side by side."""
_CALLED_FOR = 12
"""Lines after which a missing thing has no more to do with what was not fetched."""
_REPORT = 12
"""Lines between a cause and a tool's own totals that it explains."""

_LACKS = re.compile(
    r"(?i)no such file|not found|cannot find|can't find|could ?n[o']t find|unable to find|no module named|cannot open|can't open|could not open"
    r"|cannot stat|does not exist|doesn't exist|\bmissing\b|unresolved (?:import|module)|can't resolve|could not resolve|cannot resolve|not installed|is not in (?:std|GOROOT)"
    r"|no required module|undefined reference|cannot load|could not (?:read|import|load)|package \S+ is not|file format not recognized|unable to (?:resolve|locate|load)"
)
_CUT_OFF = re.compile(
    r"(?i)\bkilled\b|signal (?:9|kill)|terminated|internal compiler error|truncated|unexpected (?:end|eof)|not recognized|premature|cannot allocate"
    r"|write error|error writing|can't write|cannot write|could not write|at end of (?:input|file)|empty file|crashed|exited unexpectedly|no such file"
)
_AFTERMATH = 40
"""Lines in which a machine's fault brings about another one."""
_NAME = re.compile(r"[A-Za-z0-9_][\w+-]{2,}(?:\.[\w+-]+)*\.\w+|[A-Za-z][\w]*[-_][\w-]+")
_MOST_NAMES = 30
_TOOLS_OF_ALL = ("system", "any")


def lacks(text: str) -> bool:
    """Whether the line says that something is not there."""
    return _LACKS.search(text) is not None


def names(text: str) -> frozenset[str]:
    """Names of files and packages in the line."""
    return frozenset(match.group().lower() for match, _ in zip(_NAME.finditer(text), range(_MOST_NAMES), strict=False))


def cut_off(text: str) -> bool:
    """Whether the line says that something was killed, or a file ends too early."""
    return _CUT_OFF.search(text) is not None


def stands_behind(one: Weighed, best: Weighed) -> bool:
    """Whether the first hit explains the second."""
    distance = best.hit.index - one.hit.index
    if not explains(one.label, best.label) or not -_BEFORE <= distance <= NEAR:
        return False
    if distance == 0:
        return True
    same_command = one.command == best.command
    if distance < 0 and not same_command:
        return False
    family, symptom_of = LABELS[one.label], LABELS[best.label]
    if _one_tool(one, best) and symptom_of not in ("code", "tests"):
        return True
    if one.retried or not same_command:
        # Survived as far as can be seen: it counts where what is missing then is what it was about.
        return best.lacks and bool(one.names & best.names)
    if symptom_of in ("tests", "code"):
        if family in ("network", "infrastructure"):
            # What could not be fetched is missing afterwards; nothing else in the code comes of it.
            return best.lacks and distance <= _CALLED_FOR
        if symptom_of == "code" and family == "resources" and one.label != "disk_full" and not (best.cut_off or best.symptom):
            return False
        return distance <= (NEAR if _anyones(best) and best.symptom else _REPORT if best.symptom else BESIDE)
    if symptom_of == "configuration" and not best.symptom:
        return distance <= (_CALLED_FOR if best.lacks else BESIDE)
    return best.symptom or distance <= (_REPORT if symptom_of == "dependencies" else _AFTERMATH)


def _anyones(one: Weighed) -> bool:
    return one.hit.signature.tool in _TOOLS_OF_ALL


def _one_tool(one: Weighed, best: Weighed) -> bool:
    tool = one.hit.signature.tool
    return tool not in _TOOLS_OF_ALL and tool == best.hit.signature.tool
