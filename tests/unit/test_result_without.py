"""What a change takes away from the environment stands in the result file, by name and never by value."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema

from guard.diagnosis.mask import Masker
from guard.report.result import remedy_object
from guard.types import UNSET, Around, Change

SCHEMA = json.loads((Path(__file__).parents[2] / "guard/schema/run.schema.json").read_text())
REMEDY = {"$schema": SCHEMA["$schema"], "$defs": SCHEMA["$defs"], "$ref": "#/$defs/remedy"}
MASKER = Masker.from_environment({}, ())


def test_names_of_what_is_taken_away() -> None:
    change = Change("x", "does", env={"B": UNSET, "A": UNSET, "C": "1", "D": Around("", " -x")})
    found = remedy_object(change, None, MASKER)
    assert found["details"]["without"] == ["A", "B"]
    jsonschema.validate(found, REMEDY)


def test_nothing_taken_away_says_nothing() -> None:
    found = remedy_object(Change("x", "does", env={"C": "1"}), None, MASKER)
    assert "without" not in found["details"]


def test_the_schema_wants_names() -> None:
    found = {"name": "x", "details": {"summary": "does", "without": [1]}, "wait_s": 0}
    assert not jsonschema.Draft202012Validator(REMEDY).is_valid(found)
