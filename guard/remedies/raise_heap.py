"""A larger heap for Node, the JVM or PHP, within the memory that is really there."""

from __future__ import annotations

import re

from guard.remedies import own_files
from guard.remedies.heap import jvm, node, php
from guard.types import Change, Diagnosis, Outcome, Refusal, Surroundings

NAME = "raise_heap"
LABELS = frozenset({"out_of_memory"})
# Words and variables are the next attempt's own; only stand-ins and what PHP reads are files.
apply = own_files.apply
undo = own_files.undo

# What V8 and Node print when a heap, theirs or a worker's, is at its limit
_NODE_SAID = re.compile(
    r"JavaScript heap out of memory|JS heap out of memory|Reached heap limit|Ineffective mark-compacts"
    r"|ERR_WORKER_OUT_OF_MEMORY|CALL_AND_RETRY_LAST"
)
# HotSpot, Gradle ("Expiring Daemon because JVM heap space is exhausted") and the Kotlin compiler
_JVM_SAID = re.compile(
    r"OutOfMemoryError|GC overhead limit exceeded|Java heap space|JVM heap space|JVM Metaspace|\bMetaspace\b"
    r"|Compressed class space|Direct buffer memory|Not enough memory to run compilation"
)
# The machine had no memory or no thread to give: a larger heap makes that worse.
_NOT_THE_HEAP = re.compile(
    r"unable to create (?:new )?native thread|insufficient memory for the Java Runtime|Out of swap space"
    r"|Requested array size exceeds VM limit|Cannot reserve enough memory|Could not reserve enough space"
)


def propose(diagnosis: Diagnosis, outcome: Outcome, surroundings: Surroundings) -> Change | Refusal | None:
    """Applies where a runtime itself said that its heap was full, not where the kernel killed for memory.

    A kill that was counted for the whole machine may have been another job's: then the runtime's own words decide.
    """
    if diagnosis.label not in LABELS or (diagnosis.source.startswith("telemetry:") and outcome.telemetry.oom_kills):
        return None
    said = "\n".join(evidence.text for evidence in diagnosis.evidence)
    if not any(pattern.search(said) for pattern in (_NODE_SAID, _JVM_SAID, php.SAID)):
        # The telling line need not be among the evidence (`Aborted`, exit code 134).
        window = outcome.window
        said += "\n" + (window.tail or window.head)[-(1 << 16) :].decode("utf-8", "replace")
    if _NODE_SAID.search(said):
        return node.larger(NAME, outcome, surroundings)
    if _JVM_SAID.search(said) and not _NOT_THE_HEAP.search(said):
        return jvm.larger(NAME, said, outcome, surroundings)
    return php.larger(NAME, said, outcome, surroundings)
