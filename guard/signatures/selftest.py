"""A signature against its own examples: it fires on each `match`, on no `no_match`, and quickly."""

from __future__ import annotations

from guard.diagnosis.lines import Log
from guard.diagnosis.match import Matcher
from guard.patterns import BadPattern, compiled
from guard.signatures.signature import Signature
from guard.types import LogWindow

# A cleaned line has at most 4,000 characters; a pattern that is slow on such a line is slow by its form.
_HOSTILE = ("a" * 4000, " " * 4000, "x=" * 2000, "error: " * 570, "1.2.3/" * 660, '("' * 2000)


def faults(signature: Signature) -> list[str]:
    """What is wrong with the signature, in words; empty when nothing is."""
    try:
        pattern = compiled(signature.pattern)
        for nearby in (signature.near, signature.unless):
            if nearby is not None:
                compiled(nearby.pattern)
    except BadPattern as error:
        return [f"the pattern does not compile: {error}"]
    found = [f"entity group {g!r} is not in the pattern" for g in signature.entities.values() if g not in pattern.groupindex]
    if not signature.match:
        found.append("has no `match` example")
    if not signature.no_match:
        found.append("has no `no_match` example")
    found += [f"does not fire on its example {text[:80]!r}" for text in signature.match if not fires(signature, text)]
    found += [f"fires on its counter-example {text[:80]!r}" for text in signature.no_match if fires(signature, text)]
    for text in _HOSTILE:
        try:
            pattern.search(signature.prefilter[0] + text, timeout=0.5)
        except TimeoutError:
            found.append("the pattern is too slow")
            break
    return found


def fires(signature: Signature, text: str) -> bool:
    """Whether the signature fires on some line of a text, by the matcher that diagnoses use."""
    log = Log(LogWindow(head=text.encode()))
    return bool(Matcher((signature,)).hits(log))
