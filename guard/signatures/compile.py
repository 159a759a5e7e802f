"""`python -m guard.signatures.compile`: the YAML files → compiled.json, which a failing run loads in a blink."""

from __future__ import annotations

import json
import sys

from guard.signatures.load import COMPILED, read, sources
from guard.signatures.signature import Signature


def compiled_text() -> str:
    """The text of compiled.json for the YAML files as they are; examples and notes stay in the YAML."""
    rows = [_row(signature) for path in sources() for signature in read(path)]
    return "[\n" + ",\n".join(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows) + "\n]\n"


def _row(signature: Signature) -> dict[str, object]:
    row: dict[str, object] = {
        "id": signature.id,
        "label": signature.label,
        "tool": signature.tool,
        "pattern": signature.pattern,
        "prefilter": signature.prefilter[0] if len(signature.prefilter) == 1 else list(signature.prefilter),
    }
    if signature.entities:
        row["entities"] = dict(signature.entities)
    if signature.kind != "cause":
        row["kind"] = signature.kind
    if signature.probability != 0.9:
        row["probability"] = signature.probability
    for name, nearby in (("near", signature.near), ("unless", signature.unless)):
        if nearby is not None:
            row[name] = {"pattern": nearby.pattern, "within": nearby.within}
    return row


if __name__ == "__main__":
    COMPILED.write_text(compiled_text(), encoding="utf-8")
    sys.exit(0)
