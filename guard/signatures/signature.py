"""One signature: the line that a tool prints when it fails for one reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from guard.types import LABELS

KINDS = ("cause", "symptom", "warning")
FIELDS = frozenset(
    {
        "id",
        "label",
        "tool",
        "note",
        "pattern",
        "prefilter",
        "entities",
        "kind",
        "probability",
        "near",
        "unless",
        "match",
        "no_match",
    }
)
REQUIRED = ("id", "label", "tool", "pattern")
SHORTEST_LITERAL = 4


@dataclass(frozen=True)
class Nearby:
    """A line that must (or must not) stand within so many lines of the one that matches."""

    pattern: str
    within: int = 15


@dataclass(frozen=True)
class Signature:
    """A pattern searched in one cleaned line, the label it means and how surely."""

    id: str
    label: str
    tool: str
    pattern: str
    prefilter: tuple[str, ...]
    """Literals of which every line that can match holds one, compared without case."""
    entities: Mapping[str, str] = field(default_factory=dict)
    kind: str = "cause"
    """cause: decides alone; symptom: a consequence; warning: printed also by runs that survive it."""
    probability: float = 0.9
    near: Nearby | None = None
    unless: Nearby | None = None
    note: str = ""
    match: tuple[str, ...] = ()
    no_match: tuple[str, ...] = ()


def from_mapping(row: Mapping[str, object]) -> Signature:
    """The signature of one row of a file. Raises ValueError that says what is wrong."""
    unknown = sorted(set(row) - FIELDS)
    if unknown:
        raise ValueError(f"unknown key {unknown[0]!r}")
    for key in REQUIRED:
        if not isinstance(row.get(key), str) or not row[key]:
            raise ValueError(f"{key!r} is missing or no text")
    label, kind = str(row["label"]), row.get("kind", "cause")
    if label not in LABELS:
        raise ValueError(f"unknown label {label!r}")
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is none of {', '.join(KINDS)}")
    probability = row.get("probability", 0.9)
    if not isinstance(probability, (int, float)) or not 0 < probability <= 1:
        raise ValueError("probability is no number above 0 and at most 1")
    entities = row.get("entities") or {}
    if not isinstance(entities, dict):
        raise ValueError("entities is no mapping")
    return Signature(
        id=str(row["id"]),
        label=label,
        tool=str(row["tool"]),
        pattern=str(row["pattern"]),
        prefilter=_literals(row.get("prefilter")),
        entities={str(name): str(group) for name, group in entities.items()},
        kind=str(kind),
        probability=float(probability),
        near=_nearby(row.get("near")),
        unless=_nearby(row.get("unless")),
        note=str(row.get("note", "")),
        match=_texts(row, "match"),
        no_match=_texts(row, "no_match"),
    )


def _literals(value: object) -> tuple[str, ...]:
    literals = [value] if isinstance(value, str) else value
    if not isinstance(literals, list) or not literals or not all(isinstance(one, str) for one in literals):
        raise ValueError("'prefilter' is missing, or no text or list of texts")
    if any(len(one) < SHORTEST_LITERAL for one in literals):
        raise ValueError(f"a literal of 'prefilter' is shorter than {SHORTEST_LITERAL} characters")
    return tuple(literals)


def _nearby(value: object) -> Nearby | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("pattern"), str):
        raise ValueError("near and unless want a pattern (and `within`: lines)")
    return Nearby(value["pattern"], int(value.get("within", 15)))


def _texts(row: Mapping[str, object], key: str) -> tuple[str, ...]:
    texts = row.get(key) or []
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError(f"{key!r} is no list of texts")
    return tuple(texts)
