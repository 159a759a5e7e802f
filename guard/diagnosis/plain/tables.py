"""classifier.onnx → its tables by name, as they lie in the file.

Reads as much of the format as that takes (onnx.proto of the ONNX project: ModelProto.graph = 7, GraphProto.node = 1 and
initializer = 5, NodeProto.op_type = 4, TensorProto.dims = 1, data_type = 2, name = 8, raw_data = 9).
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# TensorProto.DataType → the letter that memoryview.cast knows it by.
_LETTERS = {1: "f", 3: "b", 4: "H", 6: "i", 7: "q"}


class Unreadable(ValueError):
    """The bytes are no file of this format."""


@dataclass(frozen=True)
class Tables:
    """What a model file holds."""

    shapes: dict[str, tuple[int, ...]]
    numbers: dict[str, Any]
    """Name → the numbers in order, row by row, as a memoryview that copies nothing."""
    steps: str
    """A digest of the kinds of computation in their order: another model computes otherwise."""

    def row(self, name: str, index: int) -> Any:
        """One row of a table."""
        width = self.shapes[name][1]
        return self.numbers[name][index * width : (index + 1) * width]

    def columns(self, name: str) -> list[list[float]]:
        """The columns of a table, each as a list: what a row is multiplied by."""
        width = self.shapes[name][1]
        flat = self.numbers[name].tolist()
        return [flat[column::width] for column in range(width)]


def read(data: bytes) -> Tables:
    """The tables of a model file. Raises Unreadable."""
    if sys.byteorder != "little":
        raise Unreadable("its numbers are stored the other way round than this machine's")
    shapes: dict[str, tuple[int, ...]] = {}
    numbers: dict[str, Any] = {}
    kinds = []
    try:
        for field, graph in _fields(memoryview(data)):
            if field != 7:
                continue
            for part, content in _fields(graph):
                if part == 1:
                    kinds += [bytes(value) for number, value in _fields(content) if number == 4]
                elif part == 5:
                    name, shape, values = _tensor(content)
                    shapes[name], numbers[name] = shape, values
    except (IndexError, TypeError, ValueError, KeyError) as error:
        raise Unreadable("it is damaged") from error
    return Tables(shapes, numbers, hashlib.sha256(b" ".join(kinds)).hexdigest()[:16])


def _tensor(content: memoryview) -> tuple[str, tuple[int, ...], Any]:
    shape: list[int] = []
    kind, name, raw = 0, "", memoryview(b"")
    for number, value in _fields(content):
        if number == 1:
            shape += [value] if isinstance(value, int) else _packed(value)
        elif number == 2:
            kind = int(value)
        elif number == 8:
            name = bytes(value).decode()
        elif number == 9:
            raw = value
    return name, tuple(shape), raw.cast(_LETTERS[kind])  # type: ignore[call-overload]


def _fields(data: memoryview) -> Iterator[tuple[int, Any]]:
    """Number and value of each field: a whole number, or the bytes of a text, message or list."""
    at, size = 0, len(data)
    while at < size:
        key, at = _whole(data, at)
        wire = key & 7
        if wire == 0:
            value, at = _whole(data, at)
            yield key >> 3, value
        elif wire == 2:
            length, at = _whole(data, at)
            if at + length > size:
                raise ValueError("cut off")
            yield key >> 3, data[at : at + length]
            at += length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise ValueError("no such kind of field")


def _whole(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value, at
        shift += 7


def _packed(data: memoryview) -> list[int]:
    found, at = [], 0
    while at < len(data):
        value, at = _whole(data, at)
        found.append(value)
    return found
