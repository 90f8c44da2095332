"""Messages survive the wire; bytes that are no message do not get past it."""

from __future__ import annotations

import io
import json
import os
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from filterviz.errors import RefusalCode
from filterviz.settings import Settings
from filterviz.spec import (
    DeclaredOutput,
    Flag,
    LayerSpec,
    LoadOptions,
    ModelSpec,
    NodeSpec,
    Pattern,
    PixelRange,
    Precision,
    Progress,
    Recipe,
    Request,
    Unfinished,
)
from filterviz.workers.wire import protocol as wire
from filterviz.workers.wire.codec import Malformed

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
whole = st.integers(-(2**62), 2**62)
sides = st.none() | st.integers(0, 2**31)
shapes = st.none() | st.lists(sides, max_size=5).map(tuple)
params = st.dictionaries(texts, st.none() | st.booleans() | whole | texts | st.lists(whole, max_size=3), max_size=3)
layers = st.builds(
    LayerSpec,
    name=texts,
    kind=texts,
    params=params,
    weight_shapes=st.lists(st.lists(st.integers(0, 99), max_size=4).map(tuple), max_size=3).map(tuple),
    output_shape=shapes,
    channels=sides,
    receptive_field=sides,
    visualisable=st.booleans(),
    reason=st.none() | texts,
)
nodes = st.builds(
    NodeSpec,
    layer=whole,
    inputs=st.lists(whole, max_size=3).map(tuple),
    output_shape=shapes,
    permutations=st.lists(st.none() | st.permutations(range(4)).map(tuple), max_size=2).map(tuple),
    channels_first=st.booleans(),
)
declared = st.builds(DeclaredOutput, node=st.none() | whole, reason=st.none() | texts)
specs = st.builds(
    ModelSpec,
    name=texts,
    layers=st.lists(layers, max_size=4).map(tuple),
    nodes=st.lists(nodes, max_size=4).map(tuple),
    inputs=st.lists(whole, max_size=2).map(tuple),
    outputs=st.lists(whole, max_size=2).map(tuple),
    pixel_range=st.sampled_from(PixelRange),
    keras_version=texts,
    notes=st.lists(texts, max_size=2).map(tuple),
    declared_outputs=st.lists(
        st.builds(DeclaredOutput, node=st.none() | whole, reason=st.none() | texts), max_size=2
    ).map(tuple),
    whole_batch=st.booleans(),
)
requests = st.builds(
    Request,
    layer=texts,
    filters=st.lists(st.integers(0, 4096), max_size=5).map(tuple),
    recipe=st.builds(Recipe, name=texts, size=whole, steps=whole, seed=whole, objective=texts, pictures=whole),
    pixel_range=st.sampled_from(PixelRange),
    precision=st.sampled_from(Precision),
)
pictures = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=4, max_dims=4, max_side=4))
starts = arrays.arrays(np.float32, arrays.array_shapes(min_dims=4, max_dims=4, max_side=3))
tiles = arrays.arrays(np.uint8, arrays.array_shapes(min_dims=3, max_dims=3, max_side=5))
batches = st.lists(arrays.arrays(np.float32, arrays.array_shapes(min_dims=1, max_dims=6, max_side=3)), max_size=3).map(
    tuple
)
kernels = arrays.arrays(np.float32, arrays.array_shapes(min_dims=3, max_dims=3, max_side=5))
numbers = st.floats(width=32)
tickets = st.integers(0, 2**31)
unfinished = st.builds(
    Unfinished,
    filter=whole,
    curve=arrays.arrays(np.float32, st.integers(0, 5)),
    seconds=numbers,
    state=st.lists(arrays.arrays(np.uint8, st.integers(0, 9)), max_size=3).map(tuple),
)

few = settings(max_examples=60, deadline=None)

QUESTIONS = st.one_of(
    st.builds(
        wire.Hello,
        role=st.sampled_from(wire.Role),
        settings=st.sampled_from([Settings(), Settings(vgg16_weights=Path("/x.h5"), workers=3)]),
        record=st.none() | st.just(Path("/tmp/record")),
    ),
    st.builds(
        wire.Open,
        path=st.just(Path("/data/ö x.h5")),
        load_options=st.builds(
            LoadOptions, architecture=st.none() | texts, untrained=st.none() | st.integers(0, 2**31)
        ),
    ),
    st.builds(
        wire.Run,
        ticket=tickets,
        request=requests,
        start=st.none() | starts,
        resume=st.lists(unfinished, max_size=2).map(tuple),
    ),
    st.builds(wire.Compute, ticket=tickets, inputs=batches),
    st.builds(wire.Halt, ticket=tickets),
    st.builds(wire.Pause, ticket=tickets),
)
ANSWERS = st.one_of(
    unfinished,
    st.builds(wire.Ready, holds=st.lists(texts, max_size=3).map(tuple)),
    st.builds(wire.Opened, spec=specs),
    st.builds(
        Progress,
        filters=st.lists(st.integers(0, 4096), max_size=5).map(tuple),
        step=whole,
        steps=whole,
        tiles=pictures,
        seconds=numbers,
    ),
    st.builds(
        Pattern,
        layer=texts,
        filter=whole,
        tile=tiles,
        response_start=numbers,
        response_end=numbers,
        curve=st.lists(numbers, max_size=6).map(tuple),
        flags=st.lists(st.sampled_from(Flag), max_size=3).map(tuple),
        seed=whole,
        seconds=numbers,
        precision=st.sampled_from(Precision),
        pixel_range=st.none() | st.sampled_from(PixelRange),
        kernel=st.none() | kernels,
    ),
    st.builds(wire.Outputs, ticket=tickets, arrays=batches),
    st.builds(wire.Done, ticket=tickets),
    st.builds(wire.Halted, ticket=tickets, sentence=texts),
    st.builds(wire.Refusal, code=st.sampled_from(RefusalCode), what=texts, where=texts, hint=texts),
    st.builds(wire.Failed, kind=st.sampled_from(wire.FailureKind), sentence=texts),
)


def written(message: Any) -> bytes:
    stream = io.BytesIO()
    wire.write_message(stream, message)
    return stream.getvalue()


def same(one: Any, other: Any) -> bool:
    """Equal, with arrays and NaN."""
    if is_dataclass(one):
        return type(one) is type(other) and all(
            same(getattr(one, item.name), getattr(other, item.name)) for item in fields(one)
        )
    if isinstance(one, tuple):
        return isinstance(other, tuple) and len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, np.ndarray):
        return isinstance(other, np.ndarray) and one.dtype == other.dtype and np.array_equal(one, other, equal_nan=True)
    return type(one) is type(other) and (one == other or (one != one and other != other))


@few
@given(QUESTIONS)
def test_questions_survive(question: wire.Question) -> None:
    assert same(question, wire.read_question(io.BytesIO(written(question))))


@few
@given(st.lists(ANSWERS, max_size=3))
def test_answers_survive_one_after_the_other(answers: list[wire.Answer]) -> None:
    stream = io.BytesIO(b"".join(map(written, answers)))
    for answer in answers:
        assert same(answer, wire.read_answer(stream))
    assert wire.read_answer(stream) is None


def test_every_message_is_tried() -> None:
    assert wire.QUESTIONS.keys() | wire.ANSWERS.keys() == {
        "Hello", "Open", "Run", "Compute", "Halt", "Pause",
        "Ready", "Opened", "Progress", "Pattern", "Unfinished", "Outputs", "Done", "Halted", "Refusal", "Failed",
    }  # fmt: skip


def read_or_refuse(data: bytes) -> Any:
    """What a hostile child's bytes become: an answer, the end, or :class:`Malformed`; any other exception fails."""
    try:
        return wire.read_answer(io.BytesIO(data), max_payload=1 << 20)
    except Malformed as error:
        return error


@few
@given(st.binary(max_size=200))
def test_any_bytes(data: bytes) -> None:
    assert data == b"" or isinstance(read_or_refuse(data), Malformed)


@few
@given(ANSWERS, st.data())
def test_damaged_answers(answer: wire.Answer, data: st.DataObject) -> None:
    frame = bytearray(written(answer))
    for _ in range(data.draw(st.integers(1, 4))):
        frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    outcome = read_or_refuse(bytes(frame[: data.draw(st.integers(1, len(frame)))]))
    assert isinstance(outcome, Malformed | wire.Answer)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=20,
)


@few
@given(st.sampled_from(sorted(wire.ANSWERS)), json_values, st.binary(max_size=20))
def test_any_json_under_a_known_name(name: str, content: Any, payload: bytes) -> None:
    assert isinstance(read_or_refuse(frame({name: content}, payload)), Malformed)


def frame(header: Any, payload: bytes = b"") -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return wire.HEAD.pack(wire.MAGIC, wire.VERSION, len(text), len(payload)) + text + payload


def progress(**changes: Any) -> bytes:
    content = {
        "filters": [0],
        "step": 1,
        "steps": 2,
        "tiles": {"dtype": "uint8", "shape": [1, 2, 2, 1]},
        "seconds": 1.0,
    }
    return frame({"Progress": content | changes}, b"abcd")


def test_the_example_is_sound() -> None:
    assert isinstance(read_or_refuse(progress()), Progress)


@pytest.mark.parametrize(
    "changes",
    [
        {"tiles": {"dtype": "uint8", "shape": [1, 2, 2, 2]}},  # more than there is
        {"tiles": {"dtype": "uint8", "shape": [1, 2, 1, 1]}},  # less than there is
        {"tiles": {"dtype": "float32", "shape": [1, 1, 1, 1]}},  # not what is expected
        {"tiles": {"dtype": "object", "shape": [1]}},
        {"tiles": {"dtype": "uint8", "shape": [-1, 2, -2, 1]}},
        {"tiles": {"dtype": "uint8", "shape": [1 << 40, 1 << 40, 0, 1]}},
        {"tiles": {"dtype": "uint8", "shape": [1, 1, 1, 1, 1, 1, 4]}},
        {"tiles": {"dtype": ["uint8"], "shape": [1, 2, 2, 1]}},
        {"tiles": [97, 98, 99, 100]},
        {"filters": [True]},
        {"filters": ["0"]},
        {"step": 1.5},
        {"step": 10**30},
        {"seconds": None},
        {"more": 1},
    ],
)
def test_what_is_not_as_declared_is_refused(changes: dict[str, Any]) -> None:
    assert isinstance(read_or_refuse(progress(**changes)), Malformed)


def outputs(*arrays_declared: Any, payload: bytes = b"abcdefgh") -> bytes:
    return frame({"Outputs": {"ticket": 1, "arrays": list(arrays_declared)}}, payload)


def test_the_example_of_outputs_is_sound() -> None:
    answer = read_or_refuse(outputs({"dtype": "float32", "shape": [1, 2]}))
    assert isinstance(answer, wire.Outputs)
    assert [array.shape for array in answer.arrays] == [(1, 2)]


@pytest.mark.parametrize(
    "data",
    [
        outputs({"dtype": "float32", "shape": [1, 3]}),  # more than there is
        outputs({"dtype": "float32", "shape": [1, 1]}),  # less
        outputs({"dtype": "uint8", "shape": [8]}),
        outputs({"dtype": "object", "shape": [1]}),
        outputs({"dtype": "float32", "shape": [-1, -2]}),
        outputs({"dtype": "float32", "shape": [1, 1, 1, 1, 1, 1, 2]}),
        outputs({"dtype": "float32", "shape": [1 << 40, 1 << 40, 0]}),
        outputs({"dtype": "float32"}),
        outputs([1.0, 2.0]),
        outputs(payload=b"abcd"),
        frame({"Outputs": {"ticket": 1, "arrays": {"0": {"dtype": "float32", "shape": [0]}}}}),
        frame({"Outputs": {"ticket": True, "arrays": []}}),
        frame({"Compute": {"ticket": 1, "inputs": []}}),  # a question
    ],
    ids=lambda data: repr(data[16:90]),
)
def test_outputs_that_are_not_as_declared_are_refused(data: bytes) -> None:
    assert isinstance(read_or_refuse(data), Malformed)


@pytest.mark.parametrize(
    "data",
    [
        frame(b"[" * 200_000),
        frame(b'{"Done": {"ticket": ' + b"9" * 10_000 + b"}}"),
        frame({"Done": {"ticket": 1}, "Ready": {"holds": []}}),
        frame({"Hello": {}}),  # a question
        frame({"Opened": {"spec": {"__class__": "os.system"}}}),
        frame({"Failed": {"kind": "engine", "sentence": "\ud800"}}),
        frame({"Failed": {"kind": "nonsense", "sentence": ""}}),
        wire.HEAD.pack(wire.MAGIC, wire.VERSION, 1 << 31, 0),
        wire.HEAD.pack(wire.MAGIC, wire.VERSION, 2, 1 << 62) + b"{}",
        wire.HEAD.pack(wire.MAGIC, wire.VERSION + 1, 2, 0) + b"{}",
    ],
    ids=lambda data: repr(data[16:40]),
)
def test_hostile_frames(data: bytes) -> None:
    assert isinstance(read_or_refuse(data), Malformed)


def test_a_length_that_is_a_lie_costs_no_memory() -> None:
    """A pipe that promises 256 MiB and ends: only what came is held."""
    import tracemalloc

    receiving, sending = os.pipe()
    with os.fdopen(sending, "wb") as writer:
        writer.write(wire.HEAD.pack(wire.MAGIC, wire.VERSION, 2, 255 << 20) + b"{}")
    tracemalloc.start()
    with os.fdopen(receiving, "rb") as reader, pytest.raises(Malformed, match="ends within"):
        wire.read_answer(reader, 256 << 20)
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 1 << 20


def test_too_large_a_message_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "MAX_PAYLOAD", 10)
    with pytest.raises(Malformed, match="bytes"):
        written(wire.Run(1, Request("conv", (0,)), np.zeros((1, 8, 8, 3), np.float32)))


def test_names_no_screen_can_show_are_mended_on_the_way() -> None:
    spec = ModelSpec("half \ud83d", (), (), (), ())
    answer = wire.read_answer(io.BytesIO(written(wire.Opened(spec))))
    assert isinstance(answer, wire.Opened)
    assert answer.spec.name == "half ?"


def test_numpy_numbers_travel_as_numbers() -> None:
    answer = wire.read_answer(io.BytesIO(written(wire.Done(np.int64(7)))))  # type: ignore[arg-type]
    assert answer == wire.Done(7)
