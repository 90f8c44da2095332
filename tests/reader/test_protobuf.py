"""Protocol buffers are told apart by their outermost fields, from the first bytes alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.reader.protobuf import BYTES, FIXED32, FIXED64, VARINT, fields, kind

NUMBERS = st.integers(0, 2**63 - 1)
FIELD_NUMBERS = st.integers(1, (1 << 29) - 1)
FIELDS = st.lists(
    st.one_of(
        st.tuples(FIELD_NUMBERS, st.just(VARINT), NUMBERS),
        st.tuples(FIELD_NUMBERS, st.just(BYTES), st.binary(max_size=300)),
        st.tuples(FIELD_NUMBERS, st.just(FIXED64), st.binary(min_size=8, max_size=8)),
        st.tuples(FIELD_NUMBERS, st.just(FIXED32), st.binary(min_size=4, max_size=4)),
    ),
    min_size=1,
    max_size=20,
)


def varint(value: int) -> bytes:
    found = b""
    while value > 127:
        found += bytes([value & 127 | 128])
        value >>= 7
    return found + bytes([value])


def message(*items: tuple[int, int, int | bytes]) -> bytes:
    content = b""
    for number, wire, value in items:
        content += varint(number << 3 | wire)
        if isinstance(value, int):
            content += varint(value)
        else:
            content += (varint(len(value)) if wire == BYTES else b"") + value
    return content


@given(FIELDS)
def test_fields_come_out_as_they_went_in(items: list[tuple[int, int, int | bytes]]) -> None:
    content = message(*items)
    found = fields(content, len(content))
    assert found is not None
    assert [(field.number, field.wire) for field in found] == [(number, wire) for number, wire, _ in items]
    for field, (_, wire, value) in zip(found, items, strict=True):
        if isinstance(value, int):
            assert field.value == value
        else:
            assert field.content == value
            assert field.value == (len(value) if wire == BYTES else 0)


@given(FIELDS, st.data())
def test_a_beginning_has_the_first_fields(items: list[tuple[int, int, int | bytes]], data: st.DataObject) -> None:
    content = message(*items)
    cut = data.draw(st.integers(1, len(content)))
    numbers = [field.number for field in fields(content[:cut], len(content)) or ()]
    assert numbers == [number for number, _, _ in items][: len(numbers)]


@given(st.binary(max_size=400))
def test_any_bytes_have_fields_or_none(content: bytes) -> None:
    found = fields(content, len(content))
    assert found is None or len(found) <= 200
    assert kind(content, len(content)) in ("onnx", "saved-model", "graph", "core-ml", "caffe", None)


@pytest.mark.parametrize(
    "content",
    [
        message((1, BYTES, b"abc"))[:-1],  # a field that ends behind the file
        varint(0 << 3),  # no field has the number 0
        varint(1 << 3 | 3),  # a group, which none of the formats has
    ],
)
def test_these_are_no_messages(content: bytes) -> None:
    assert fields(content, len(content)) is None


NODE = message((1, BYTES, b"conv1/Conv2D"), (2, BYTES, b"Conv2D"))

MODELS: dict[str, tuple[bytes, str | None]] = {
    "ONNX": (message((1, VARINT, 8), (2, BYTES, b"pytorch"), (7, BYTES, b"graph")), "onnx"),
    "ONNX without a producer": (message((1, VARINT, 8), (8, BYTES, b"")), "onnx"),
    "a wire type that ONNX does not have there": (message((1, VARINT, 8), (7, VARINT, 1)), None),
    "a SavedModel": (message((1, VARINT, 1), (2, BYTES, b"\n\0")), "saved-model"),
    "another version of it": (message((1, VARINT, 2), (2, BYTES, b"\n\0")), None),
    "Core ML": (message((1, VARINT, 4), (2, BYTES, b""), (500, BYTES, b"")), "core-ml"),
    "a frozen graph": (message((1, BYTES, NODE), (1, BYTES, NODE)), "graph"),
    "operations in lower case": (message((1, BYTES, message((1, BYTES, b"a"), (2, BYTES, b"conv")))), None),
    "Caffe": (message((1, BYTES, b"AlexNet"), (100, BYTES, b"layer")), "caffe"),
    "a field that Caffe does not have": (message((1, BYTES, b"AlexNet"), (101, BYTES, b"layer")), None),
    "a name alone": (message((1, BYTES, b"AlexNet")), None),
}


@pytest.mark.parametrize("name", MODELS)
def test_models_of_other_programs_are_told_apart(name: str) -> None:
    content, expected = MODELS[name]
    assert kind(content, len(content)) == expected
