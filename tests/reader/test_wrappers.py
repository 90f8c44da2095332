"""Wrappers whose rule is known: which classes they are, and what becomes of the arrays."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.errors import Refused
from filterviz.layers.kind import NOT_NEEDED
from filterviz.reader.config import Layer, Model
from filterviz.reader.hdf5 import Array
from filterviz.reader.packed import Packed, Packing, Unfit
from filterviz.reader.wrappers import not_followed_inside, packing

SHAPES = ((3, 3, 2, 4), (4,))
INNER = Layer("inner", "Conv2D", {})


@dataclass(frozen=True)
class Stored:
    """Stands for an array of a file."""

    numbers: NDArray[np.float32]
    path: str = "kernel"

    @property
    def shape(self) -> tuple[int, ...]:
        return self.numbers.shape

    def read(self) -> NDArray[np.float32]:
        return self.numbers


def stored(*shape: int, value: float | None = None) -> Array:
    random = np.random.default_rng(sum(shape))
    numbers = random.normal(size=shape) if value is None else np.full(shape, value)
    return cast(Array, Stored(numbers.astype(np.float32)))


USUAL = [stored(*shape) for shape in SHAPES]


def wrapper(class_name: str, setting: str, package: str = "") -> Layer:
    return Layer("outer", class_name, {setting: 1}, wrapped=INNER, stored_class=class_name, package=package)


SPECTRAL = wrapper("SpectralNormalization", "power_iterations")
WEIGHT_NORM = wrapper("WeightNormalization", "data_init", "Addons")
PRUNED = wrapper("PruneLowMagnitude", "pruning_schedule")


def rule(layer: Layer) -> Packing:
    found = packing(layer)
    assert found is not None
    return found


def numbers(array: Any) -> NDArray[np.float32]:
    return array.read()


@pytest.mark.parametrize(
    ("layer", "known"),
    [
        (SPECTRAL, True),
        (replace(SPECTRAL, package="Addons"), True),
        (replace(SPECTRAL, package="Own"), False),
        (replace(SPECTRAL, config={}), False),
        (replace(SPECTRAL, wrapped=None), False),
        (replace(SPECTRAL, wrapped=replace(INNER, model=Model("m", True, ()))), False),
        (replace(SPECTRAL, stored_class="Conv2D"), False),
        (WEIGHT_NORM, True),
        (replace(WEIGHT_NORM, package=""), False),
        (PRUNED, True),
        (replace(PRUNED, package="any"), True),
    ],
)
def test_a_wrapper_is_known_by_its_class_its_package_and_a_setting(layer: Layer, known: bool) -> None:
    assert (packing(layer) is not None) is known


@pytest.mark.parametrize(
    ("inside", "right"), [("Conv2D", False), ("TimeDistributed", True), ("Bidirectional", True), ("LSTM", True)]
)
def test_layers_with_several_kernels_are_not_followed(inside: str, right: bool) -> None:
    assert not_followed_inside(inside) is right


@pytest.mark.parametrize(
    ("layer", "name", "role"),
    [
        (SPECTRAL, "vector_u", "u"),
        (SPECTRAL, "sn_u", "u"),
        (SPECTRAL, "kernel", None),
        (WEIGHT_NORM, "g", "g"),
        (WEIGHT_NORM, "gamma", None),
        (WEIGHT_NORM, "data_dep_init/kernel", NOT_NEEDED),
        (PRUNED, "mask", "mask"),
        (PRUNED, "mask_1", NOT_NEEDED),
        (PRUNED, "threshold", NOT_NEEDED),
        (PRUNED, "masked", None),
    ],
)
def test_roles_of_the_wrappers_own_arrays(layer: Layer, name: str, role: str | None) -> None:
    assert rule(layer).role(name) == role


def test_spectral_normalisation_leaves_the_kernel_as_it_is() -> None:
    vector = stored(1, 4)
    assert rule(SPECTRAL).from_archive([stored(4), vector], SHAPES) == {"u": vector}
    assert rule(SPECTRAL).from_archive([stored(4)], SHAPES) == {}
    assert rule(SPECTRAL).unpack(USUAL, {"u": vector}, SHAPES, {}) == USUAL
    for roles in ({}, {"u": stored(1, 5)}):
        with pytest.raises(Unfit):
            rule(SPECTRAL).unpack(USUAL, roles, SHAPES, {})


def test_weight_normalisation_gives_each_unit_its_length() -> None:
    lengths, started = stored(4, value=2.0), stored(value=1.0)
    assert rule(WEIGHT_NORM).from_archive([started, lengths], SHAPES) == {"g": lengths, "initialized": started}
    kernel, bias = rule(WEIGHT_NORM).unpack(USUAL, {"g": lengths, "initialized": started}, SHAPES, {})
    assert bias is USUAL[1]
    made = numbers(kernel)
    np.testing.assert_allclose(np.sqrt((made**2).sum((0, 1, 2))), 2, rtol=1e-6)
    np.testing.assert_allclose(
        made / np.abs(made).max((0, 1, 2)), numbers(USUAL[0]) / np.abs(numbers(USUAL[0])).max((0, 1, 2)), rtol=1e-5
    )


def test_weight_normalisation_that_was_never_called_is_refused() -> None:
    roles = {"g": stored(4, value=2.0), "initialized": stored(value=0.0)}
    kernel, _ = rule(WEIGHT_NORM).unpack(USUAL, roles, SHAPES, {})
    assert isinstance(kernel, Packed)
    with pytest.raises(Refused, match="make no sense"):
        kernel.read()
    for usual in ([], [stored(3, 3, 2, 5)]):
        with pytest.raises(Unfit):
            rule(WEIGHT_NORM).unpack(usual, roles, SHAPES, {})


def test_pruned_weights_are_zero() -> None:
    mask = cast(Array, Stored((np.arange(72).reshape(SHAPES[0]) % 2).astype(np.float32)))
    kernel, bias = rule(PRUNED).unpack(USUAL, {"mask": mask}, SHAPES, {})
    assert bias is USUAL[1]
    np.testing.assert_array_equal(numbers(kernel), numbers(USUAL[0]) * numbers(mask))
    assert rule(PRUNED).unpack(USUAL, {}, SHAPES, {}) == USUAL


def test_the_mask_of_an_archive_comes_after_the_kernel() -> None:
    kernel, mask = stored(*SHAPES[0]), stored(*SHAPES[0], value=1.0)
    assert rule(PRUNED).from_archive([kernel, stored(4), mask, stored()], SHAPES) == {"mask": mask}
    assert rule(PRUNED).from_archive([kernel], SHAPES) == {}


def test_a_mask_that_is_none() -> None:
    half = stored(*SHAPES[0], value=0.5)
    kernel, _ = rule(PRUNED).unpack(USUAL, {"mask": half}, SHAPES, {})
    with pytest.raises(Refused, match="make no sense"):
        numbers(kernel)
    for mask in (stored(3, 3, 2, 5), stored(4)):
        with pytest.raises(Unfit):
            rule(PRUNED).unpack(USUAL, {"mask": mask}, SHAPES, {})
