"""Models of other programs that are protocol buffers: these have no signature, but fields that tell them apart.

Only the numbers and the lengths of the outermost fields are read, in the first bytes of a file. The formats are
``onnx.proto`` (ModelProto), ``saved_model.proto``, ``graph.proto`` (GraphDef), ``caffe.proto`` (NetParameter) and
Core ML's ``Model.proto``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types: how the value of a field is encoded."""

MOST_FIELDS = 200

ONNX_FIELDS: Mapping[int, int] = {1: VARINT, 5: VARINT, **dict.fromkeys((2, 3, 4, 6, 7, 8, 14, 20, 25, 26), BYTES)}
"""Fields of a ModelProto, with their wire types; 7 is the graph, 8 the operator sets."""

CORE_ML_NETWORKS = range(200, 4000)
"""Numbers of the fields of Core ML's Model, of which one holds the network."""

_NAME = re.compile(rb"[\w.\-/ :+@]{1,200}")


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a message.

    Attributes:
        number: Number of the field.
        wire: Wire type of the field.
        value: Value of a number, or length of bytes; 0 for numbers of fixed size.
        content: The bytes, as far as they were given.
    """

    number: int
    wire: int
    value: int
    content: bytes = b""


def fields(head: bytes, size: int) -> list[Field] | None:
    """The outermost fields of a message, up to the end of the bytes given; ``None`` where they are no message.

    Args:
        head: The beginning of the message.
        size: Size of the whole message in bytes.

    Example:
        >>> [(field.number, field.value) for field in fields(bytes([0x08, 0x07, 0x12, 0x02, 0x68, 0x69]), 6) or ()]
        [(1, 7), (2, 2)]
    """
    found: list[Field] = []
    at = 0
    while at < len(head) and len(found) < MOST_FIELDS:
        tag, start = _varint(head, at)
        wire, number = tag & 7, tag >> 3
        if start is None:
            break
        if not 1 <= number < 1 << 29:
            return None
        if wire in (VARINT, BYTES):
            value, start = _varint(head, start)
            if start is None:
                break
            end = start + (value if wire == BYTES else 0)
            found.append(Field(number, wire, value, head[start:end]))
        elif wire in (FIXED64, FIXED32):
            end = start + (8 if wire == FIXED64 else 4)
            found.append(Field(number, wire, 0, head[start:end]))
        else:
            return None
        if end > size:
            return None
        at = end
    return found or None


def kind(head: bytes, size: int) -> str | None:
    """The format of a model: ``onnx``, ``saved-model``, ``graph``, ``core-ml``, ``caffe``, or ``None`` if unknown.

    Args:
        head: The first bytes of the file.
        size: Size of the file in bytes.
    """
    found = fields(head, size)
    if not found:
        return None
    first = found[0]
    by_number = {field.number: field for field in reversed(found)}
    if first.number == 1 and first.wire == VARINT and len(found) > 1:
        if _is_onnx(found, by_number):
            return "onnx"
        second = found[1]
        if second.number == 2 and second.wire == BYTES and set(by_number) <= {1, 2}:
            # A MetaGraphDef, whose first field is a message; ONNX has the producer's name here.
            return "saved-model" if first.value == 1 and second.content[:1] == b"\n" else None
        if 0 < first.value < 50 and any(number in CORE_ML_NETWORKS for number in by_number):
            return "core-ml"
        return None
    if first.number == 1 and first.wire == BYTES:
        inner = fields(first.content, first.value)
        if inner and _is_node(inner):
            return "graph"
        layers = {field.number for field in found[1:]} & {2, 100}
        if _NAME.fullmatch(first.content) and layers and all(field.number in range(1, 101) for field in found):
            return "caffe"
    return None


def _is_onnx(found: list[Field], by_number: Mapping[int, Field]) -> bool:
    """Whether these are the fields of an ONNX ModelProto, at least with a graph or operator sets."""
    if any(ONNX_FIELDS.get(field.number) != field.wire for field in found) or not 0 < found[0].value < 100:
        return False
    producer = by_number.get(2)
    named = producer is None or not producer.content or _NAME.fullmatch(producer.content) is not None
    return named and not {7, 8}.isdisjoint(by_number)


def _is_node(inner: list[Field]) -> bool:
    """Whether these are the fields of a TensorFlow node: its name, and the name of its operation."""
    return (
        len(inner) > 1
        and [field.number for field in inner[:2]] == [1, 2]
        and all(field.wire == BYTES and _NAME.fullmatch(field.content) for field in inner[:2])
        and inner[1].content[:1].isupper()
    )


def _varint(content: bytes, at: int) -> tuple[int, int | None]:
    """A number of variable length and the position behind it; that is ``None`` where the bytes end too early."""
    value = shift = 0
    while at < len(content) and shift < 64:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at += 1
        if byte < 0x80:
            return value, at
        shift += 7
    return value, None
