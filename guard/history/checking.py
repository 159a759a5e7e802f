"""Untrusted lines → `pipeguard.run/1` objects that are safe to keep, by the published schema, with bounds on every size.

The schema is a file (guard/schema/run.schema.json); this reads of JSON Schema what that file uses, so that no package
is needed at run time and nothing is said twice.
"""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timezone
from functools import lru_cache
from typing import Any

from guard import packed

LONGEST_LINE = 4 << 20
"""Characters of one run."""
_LONGEST_TEXT = 1 << 20
_KEPT_TEXT = 8 << 10
"""Characters of a text that are kept; a script given as text may be long."""
_KEPT_ITEMS = 500
_MOST_ITEMS = 2_000
_LARGEST_NUMBER = 1e15
_DEEPEST = 24
UNKEEPABLE = re.compile("[\ud800-\udfff\x00]")
"""What one store or another cannot hold: half characters, and NUL."""
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "boolean": (bool,),
}


class Unsound(ValueError):
    """What is wrong with a document, and where in it."""


def parsed(line: str) -> dict[str, Any]:
    """The run that a line holds. Raises Unsound."""
    if len(line) > LONGEST_LINE:
        raise Unsound(f"longer than {LONGEST_LINE >> 20} MiB")
    try:
        document = json.loads(line, parse_constant=_no_constant)
    except RecursionError as error:
        raise Unsound("nested too deep") from error
    except ValueError as error:
        raise Unsound(f"no JSON: {error}") from error
    return checked(document)


def checked(document: Any) -> dict[str, Any]:
    """The document itself, cleaned of what no store can hold. Raises Unsound where it is no `pipeguard.run/1`."""
    document = _clean(document, 0)
    if not isinstance(document, dict):
        raise Unsound("no JSON object")
    if document.get("schema") != "pipeguard.run/1":
        raise Unsound(f"schema: {_told(document.get('schema'))} is not pipeguard.run/1")
    schema = _schema()
    _check(document, schema, schema["$defs"], "")
    if len(document["id"]) > 200 or not document["id"].isprintable():
        raise Unsound("id: is longer than 200 characters or not printable")
    document["started_at"] = utc(document["started_at"])
    return document


def shortened(value: Any) -> Any:
    """A JSON value as it is kept: long texts and lists cut, what has no end in sight left out."""
    return _shortened(value, 0)


def _shortened(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return value if len(value) <= _KEPT_TEXT else value[: _KEPT_TEXT - 1] + "…"
    if isinstance(value, (list, dict)) and depth >= _DEEPEST:
        return None
    if isinstance(value, list):
        return [_shortened(one, depth + 1) for one in value[:_KEPT_ITEMS]]
    if isinstance(value, dict):
        return {key[:_KEPT_TEXT]: _shortened(one, depth + 1) for key, one in list(value.items())[:_KEPT_ITEMS]}
    return value


def utc(text: str) -> str:
    """A moment in ISO 8601 → the same in UTC to the millisecond: runs that began in one second keep their order. Raises Unsound."""
    try:
        # Python 3.10 reads three or six digits after the point, and nothing else.
        whole = re.sub(r"\.([0-9]{1,6})[0-9]*", lambda found: f".{found[1]:0<6}", text.replace("Z", "+00:00"))
        moment = datetime.fromisoformat(whole)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=timezone.utc)
        return moment.astimezone(timezone.utc).isoformat(timespec="milliseconds" if moment.microsecond else "seconds")
    except (ValueError, OverflowError) as error:
        raise Unsound(f"started_at: {_told(text)} is no date in ISO 8601") from error


@lru_cache(maxsize=1)
def _schema() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(packed.data("schema", "run.schema.json"))
    return found


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")


def _clean(value: Any, depth: int) -> Any:
    """The value in bounds, without NUL and half characters (PostgreSQL holds no NUL, UTF-8 no half ones)."""
    if depth > _DEEPEST:
        raise Unsound("nested too deep")
    if isinstance(value, str):
        if len(value) > _LONGEST_TEXT:
            raise Unsound(f"a text is longer than {_LONGEST_TEXT >> 10} KiB")
        return UNKEEPABLE.sub("\ufffd", value)
    if isinstance(value, (list, dict)) and len(value) > _MOST_ITEMS:
        raise Unsound(f"a list or object has more than {_MOST_ITEMS} entries")
    if isinstance(value, list):
        return [_clean(one, depth + 1) for one in value]
    if isinstance(value, dict):
        return {_clean(str(key), depth + 1): _clean(one, depth + 1) for key, one in value.items()}
    # Not a number is not below anything; of `isfinite` a long integer asks too much.
    if isinstance(value, (int, float)) and not abs(value) <= _LARGEST_NUMBER:
        raise Unsound("a number is too large")
    return value


def _check(value: Any, schema: dict[str, Any], definitions: dict[str, Any], where: str) -> None:
    if "$ref" in schema:
        return _check(value, definitions[schema["$ref"].removeprefix("#/$defs/")], definitions, where)
    if "oneOf" in schema:
        return _one_of(value, schema["oneOf"], definitions, where)
    _check_type(value, schema, where)
    if "const" in schema and value != schema["const"]:
        raise _unsound(where, f"{_told(value)} is not {schema['const']}")
    if "enum" in schema and value not in schema["enum"]:
        raise _unsound(where, f"{_told(value)} is none of {', '.join(map(str, schema['enum'][:8]))}")
    if isinstance(value, str):
        _check_text(value, schema, where)
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        if value < schema.get("minimum", -math.inf) or value > schema.get("maximum", math.inf):
            raise _unsound(where, f"{value} is out of bounds")
    elif isinstance(value, list):
        if not schema.get("minItems", 0) <= len(value) <= schema.get("maxItems", _MOST_ITEMS):
            raise _unsound(where, f"{len(value)} entries")
        for position, one in enumerate(value):
            _check(one, schema.get("items", {}), definitions, f"{where}[{position}]")
    elif isinstance(value, dict):
        _check_object(value, schema, definitions, where)
    return None


def _check_type(value: Any, schema: dict[str, Any], where: str) -> None:
    wanted = schema.get("type")
    if wanted is None:
        return
    names = [wanted] if isinstance(wanted, str) else wanted
    if isinstance(value, bool):
        fits = "boolean" in names
    else:
        fits = any(isinstance(value, _TYPES[name]) for name in names)
        # A float without a fraction is an integer (JSON Schema core, 6.1).
        fits = fits or ("integer" in names and isinstance(value, float) and value.is_integer())
    if not fits:
        raise _unsound(where, f"{_told(value)} is no {' or '.join(names)}")


def _check_text(value: str, schema: dict[str, Any], where: str) -> None:
    if len(value) < schema.get("minLength", 0) or len(value) > schema.get("maxLength", _LONGEST_TEXT):
        raise _unsound(where, f"{len(value)} characters")
    if "pattern" in schema and re.search(schema["pattern"], value) is None:
        raise _unsound(where, f"{_told(value)} has not the form {schema['pattern']}")


def _check_object(value: dict[str, Any], schema: dict[str, Any], definitions: dict[str, Any], where: str) -> None:
    for name in schema.get("required", ()):
        if name not in value:
            raise _unsound(where, f"{name} is missing")
    known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
    for name, one in value.items():
        inside = f"{where}.{name}" if where else name
        if name in known:
            _check(one, known[name], definitions, inside)
        elif more is False:
            raise _unsound(where, f"{_told(name)} is no known key")
        elif isinstance(more, dict):
            _check(one, more, definitions, inside)


def _one_of(value: Any, choices: list[dict[str, Any]], definitions: dict[str, Any], where: str) -> None:
    problems = []
    for choice in choices:
        try:
            return _check(value, choice, definitions, where)
        except Unsound as problem:
            problems.append(problem)
    # Of `null or object` the second says what is wrong with an object.
    raise problems[-1]


def _unsound(where: str, problem: str) -> Unsound:
    return Unsound(f"{where}: {problem}" if where else problem)


def _told(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=True, default=str)
    return text if len(text) <= 60 else text[:57] + "…"
