"""Arguments of operations: read by name and in range, or refused; none is left unread."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from filterviz.errors import Refused
from filterviz.layers import KINDS
from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Call, Layer, Reference, Slot
from filterviz.reader.operations import KERAS, TENSORFLOW, is_operation, read
from filterviz.reader.operations.arguments import Arguments, Source, rows
from filterviz.reader.operations.constants import Constant

IMAGE = Source((None, 8, 6, 4))


def arguments(sources: int = 1, keras: bool = True, **values: Any) -> Arguments:
    return Arguments("Some", values, [IMAGE] * sources, keras)


def test_an_argument_that_nobody_reads_is_refused_by_name() -> None:
    given = arguments(x=Slot(0), axis=1, odd=[Slot(0)], none=None)
    given.one()
    assert given.raw("axis") == 1
    with pytest.raises(Unsupported, match="'Some' with odd = a tensor is not rebuilt"):
        given.check()
    given.only("odd", [Slot(0)])
    given.check()


def test_the_first_name_that_is_given_counts_and_all_are_read() -> None:
    given = arguments(axis=None, dim=2)
    assert (given.given("axis"), given.named("axis"), given.given("axis", "dim")) == (False, True, True)
    assert given.raw("axis", "dim", default=7) == 2
    assert given.raw("other", default=7) == 7
    given.check()


@pytest.mark.parametrize("value", [0, False, "", []])
def test_an_unread_argument_may_be_zero(value: Any) -> None:
    with pytest.raises(Unsupported, match="with odd ="):
        arguments(odd=value).check()


@pytest.mark.parametrize("value", [1, 1.0, "True", [True]])
def test_a_number_is_not_taken_for_a_truth_value(value: Any) -> None:
    with pytest.raises(Unsupported, match="flag ="):
        arguments(flag=value).only("flag", True)
    arguments(flag=True).only("flag", True)
    arguments(flag=None).only("flag", True)


def test_values_have_their_ranges() -> None:
    assert arguments(k={"class_name": "__numpy__", "config": {"value": 3}}).whole("k", low=0, high=3) == 3
    with pytest.raises(Refused):
        arguments(k=4).whole("k", low=0, high=3)
    assert arguments(alpha=2).number("negative_slope", "alpha", default=0.2) == 2.0
    assert arguments().number("negative_slope", "alpha", default=0.2) == 0.2
    assert arguments(keep_dims=True).flag("keepdims", "keep_dims", default=False) is True


@pytest.mark.parametrize("given", [arguments(x=3.0), arguments(x=Slot(0), y=Slot(0)), arguments(2, x=Slot(0))])
def test_an_operation_of_one_tensor(given: Arguments) -> None:
    with pytest.raises(Unsupported, match="other things than one tensor"):
        given.one()
    assert arguments(x=Slot(0)).one() is IMAGE


def test_an_operation_of_a_list_of_tensors() -> None:
    assert arguments(2, values=[Slot(1), Slot(0)], axis=[1]).several() == [IMAGE, IMAGE]
    for values in ([Slot(0), 1.0], [], Slot(0)):
        with pytest.raises(Unsupported, match="a list of tensors"):
            arguments(2, values=values).several()


def test_operands_are_tensors_or_constants() -> None:
    one, other = arguments(x=Slot(0), y=[1.0, 2.0]).operands(("x1", "x"), ("x2", "y"))
    assert one is IMAGE
    assert isinstance(other, Constant)
    with pytest.raises(Unsupported, match="x2 = None"):
        arguments(x=Slot(0)).operands(("x1", "x"), ("x2", "y"))


@pytest.mark.parametrize(("value", "axis"), [(1, 1), (-1, 3), (-3, 1), ([2], 2), (2.0, 2)])
def test_an_axis_is_counted_from_the_beginning(value: Any, axis: int) -> None:
    assert arguments().axis(value, 4) == axis


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (0, "images of a batch"),
        (-4, "images of a batch"),
        (4, "the axis 4 of 4"),
        (-5, "the axis -5 of 4"),
        ([1, 2], "axis ="),
        ("1", "axis ="),
        (None, "axis ="),
        (Slot(0), "axis ="),
    ],
)
def test_an_axis_that_is_none(value: Any, reason: str) -> None:
    with pytest.raises(Unsupported, match=reason):
        arguments().axis(value, 4)


def test_axes_are_named_once_each() -> None:
    assert arguments().axes([-1, 1], 4) == (3, 1)
    assert arguments().axes(2, 4) == (2,)
    for value in ([1, -3], []):
        with pytest.raises(Unsupported, match="names an axis twice, or none"):
            arguments().axes(value, 4)


def test_the_axis_of_channels() -> None:
    assert (IMAGE.rank, IMAGE.channel_axis) == (4, 3)
    assert Source((None, 4, 8, 6), first=True).channel_axis == 1


def test_rows_name_positional_arguments_first() -> None:
    made = rows("one two", lambda given: ("Identity", {}), "x axis | keepdims")
    assert list(made) == ["one", "two"]
    assert made["one"] is made["two"]
    assert made["one"].positions == ("x", "axis")
    assert made["one"].others == {"keepdims"}


@pytest.mark.parametrize(
    ("layer", "right"),
    [
        (Layer("a", "TFOpLambda", {}), True),
        (Layer("a", "Add", {}, module="keras.src.ops.numpy"), True),
        (Layer("a", "Add", {}, module="keras.layers"), False),
        (Layer("a", "Add", {}, untrainable=True), True),
        (Layer("a", "Add", {}), False),
        (Layer("a", "Dot", {}, untrainable=True), True),
        (Layer("a", "Elu", {}, untrainable=True), True),
        (Layer("a", "ELU", {}, untrainable=True), False),
        (Layer("a", "BatchNormalization", {}, untrainable=True), False),
        (Layer("a", "Sort", {}, untrainable=True), True),
        (Layer("a", "Own", {}, untrainable=True), False),
    ],
)
def test_what_tells_an_operation_from_a_layer(layer: Layer, right: bool) -> None:
    assert is_operation(layer) is right


def reason_of(layer: Layer, call: Call, *sources: Source) -> str:
    with pytest.raises(Unsupported) as error:
        read(layer, call, sources)
    return error.value.reason


def test_reasons_of_calls_that_are_not_rebuilt() -> None:
    call, absolute = Call((Reference("a", 0),), (Slot(0),)), Layer("a", "Abs", {})
    assert reason_of(absolute, Call(())) == "The operation 'Abs' is called on no tensor."
    truth = Source(IMAGE.shape, truth=True)
    assert "'Abs' is called on truth values" in reason_of(absolute, call, truth)
    many = Call((Reference("a", 0),), (Slot(0), 1, 2, 3))
    assert "'Abs' is called with more arguments" in reason_of(absolute, many, IMAGE)
    assert (
        reason_of(Layer("a", "Glub", {}), call, IMAGE) == "The operation 'Glub' is not rebuilt here: it is not known."
    )
    assert "'Sort' is not rebuilt here: it sorts" in reason_of(Layer("a", "Sort", {}), call, IMAGE)
    assert "carries program code" in reason_of(Layer("a", "Map", {}), call, IMAGE)
    assert "does not say which" in reason_of(Layer("a", "TFOpLambda", {"function": 3}), call, IMAGE)
    setting = reason_of(Layer("a", "Roll", {"shift": 10**9, "axis": 1}), call, IMAGE)
    assert setting.startswith("The operation 'Roll' is not rebuilt as it is called.")


@pytest.mark.parametrize("axes", [[1], [1, 2, 3]])
def test_a_quarter_turn_in_a_plane_of_other_than_two_axes(axes: list[int]) -> None:
    """One axis alone once raised a ValueError."""
    call = Call((Reference("a", 0),), (Slot(0),))
    assert "axes =" in reason_of(Layer("a", "Rot90", {"axes": axes}), call, IMAGE)


TABLE = [*((True, name) for name in KERAS), *((False, name) for name in TENSORFLOW)]
SHAPES = [(None, 8, 6, 4), (None, 8, 8, 4), (None, 4, 6, 3), (None, None, None, 3), (None, 6, 4), (None, 5), (None,)]
SCALARS = [None, True, False, -2, -1, 0, 1, 2, 3, 4, 2**31, 2**70, 0.5, -1.0, float("inf"), float("nan"), Slot(0)]
WORDS = ["same", "fro", "reflect", "channels_first", "NHWC", "nearest", "float32", "int32", ""]


def anything(random: Random, depth: int = 0) -> Any:
    """Return a value that may stand for an argument: most often a usual one."""
    kind = random.random()
    if kind < 0.45 or depth > 2:
        return random.choice(SCALARS)
    if kind < 0.55:
        return random.choice(WORDS)
    if kind < 0.65:
        return {"start": anything(random, 3), "stop": anything(random, 3), "step": anything(random, 3)}
    return [anything(random, depth + random.randint(1, 3)) for _ in range(random.randint(0, 4))]


@pytest.mark.parametrize("seed", range(40))
def test_any_arguments_give_known_kinds_or_a_reason(seed: int) -> None:
    """Whatever a file holds, an operation becomes kinds that are known, or is refused in a sentence."""
    random, rebuilt = Random(seed), 0
    for keras, name in TABLE * 5:
        operation = (KERAS if keras else TENSORFLOW)[name]
        several = random.random() < 0.3
        tensors: Any = [Slot(0), Slot(1)] if several and random.random() < 0.5 else Slot(0)
        count = random.randint(0, max(0, len(operation.positions) - 1))
        positional = (tensors, *(anything(random) for _ in range(count)))
        names = [*operation.positions[len(positional) :], *sorted(operation.others)]
        named = {key: anything(random) for key in names if random.random() < 0.5}
        layer = Layer("it", name if keras else "TFOpLambda", {} if keras else {"function": name})
        call = Call((Reference("a", 0), Reference("b", 0))[: 1 + several], positional, named)
        source = Source(random.choice(SHAPES), first=random.random() < 0.2, truth=random.random() < 0.1)
        try:
            found = read(layer, call, [source] * (1 + several))
        except Unsupported:
            continue
        except Exception as error:
            pytest.fail(f"{name} of {source} with {positional}, {named}: {error!r}")
        rebuilt += 1
        assert {kind for steps in found for kind, _ in steps} <= set(KINDS)
    assert rebuilt > 50, "hardly an operation got as far as being rebuilt"
