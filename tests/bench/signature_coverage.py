"""`python tests/bench/signature_coverage.py [--markdown]`: how many signatures each tool has for each label.

Tools and labels without a signature of kind cause show where a diagnosis can only guess.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Sequence

from guard.signatures.load import read, sources
from guard.signatures.signature import KINDS, Signature
from guard.types import LABELS


def table(signatures: Iterable[Signature]) -> tuple[list[str], list[list[str]]]:
    """The head and the rows: a tool, its count for each label (empty for none), its total; the last row sums up."""
    labels = [label for label in LABELS if label != "unknown"]
    counts = Counter((one.tool, one.label) for one in signatures)
    tools = sorted({tool for tool, _ in counts}, key=str.lower)
    rows = [
        [tool, *(str(counts[tool, label] or "") for label in labels), str(sum(counts[tool, label] for label in labels))]
        for tool in tools
    ]
    sums = [sum(counts[tool, label] for tool in tools) for label in labels]
    return ["tool", *labels, "total"], [*rows, ["total", *map(str, sums), str(sum(sums))]]


def plain(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table to read in a terminal: its columns are numbered, as the names of labels are long."""
    width = max(len(row[0]) for row in rows)
    legend = [f"{number:3} {label}" for number, label in enumerate(head[1:], 1)]
    numbered = ["tool", *(str(number) for number in range(1, len(head)))]
    lines = [" ".join([f"{row[0]:{width}}", *(f"{one:>4}" for one in row[1:])]) for row in (numbered, *rows)]
    return "\n".join([*legend, "", *lines])


def markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """The same as a table of Markdown."""
    lines = [head, ["---", *("---:" for _ in head[1:])], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main(arguments: Sequence[str]) -> None:
    """Print the table and the totals."""
    signatures = [one for path in sources() for one in read(path)]
    head, rows = table(signatures)
    print(markdown(head, rows) if "--markdown" in arguments else plain(head, rows))
    kinds = Counter(one.kind for one in signatures)
    told = ", ".join(f"{kinds[kind]} of kind {kind}" for kind in KINDS)
    print(f"\n{len(signatures)} signatures of {len(rows) - 1} tools: {told}; {sum(len(one.match) for one in signatures)} examples")


if __name__ == "__main__":
    main(sys.argv[1:])
