from __future__ import annotations

import keras
import numpy as np
import pytest

from filterviz.layers import KINDS
from filterviz.layers.affine import Preparation, Step
from filterviz.layers.config_values import ConfigValues, Unsupported
from filterviz.layers.shapes import ShapeError
from tests.layers.against_keras import agrees, read

IMAGE = (None, 6, 7, 4)


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("center", [True, False])
@pytest.mark.parametrize("name", ["BatchNormalization", "LayerNormalization", "GroupNormalization"])
def test_scale_and_offset_are_optional(name: str, center: bool, scale: bool) -> None:
    options = {"groups": 2} if name == "GroupNormalization" else {}
    agrees(getattr(keras.layers, name)(center=center, scale=scale, **options), IMAGE)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], [-1, 1], [3, 2, 1]])
def test_layer_normalisation_over_any_axes(axis: int | list[int]) -> None:
    kind, params = read(keras.layers.LayerNormalization(axis=axis))
    layer = keras.layers.LayerNormalization(axis=axis)
    layer.build(IMAGE)
    shapes = kind.weights(params, [IMAGE])
    assert [sorted(shape) for shape in shapes] == [sorted(one.shape) for one in layer.weights]


@pytest.mark.parametrize(
    "layer",
    [keras.layers.RMSNormalization(), keras.layers.UnitNormalization(), keras.layers.Rescaling(0.5, [1.0, 2, 3, 4])],
    ids=lambda layer: type(layer).__name__,
)
def test_others(layer: keras.layers.Layer) -> None:
    agrees(layer, IMAGE)


def test_normalization_keeps_its_moments_as_arrays() -> None:
    layer = keras.layers.Normalization()
    layer.build(IMAGE)
    kind, params = read(layer)
    assert kind.roles(params) == ("mean", "variance", "count")
    assert kind.weights(params, [IMAGE]) == tuple(tuple(one.shape) for one in layer.weights)


@pytest.mark.parametrize("mean", [0.5, [0.1, 0.2, 0.3, 0.4], [[[[0.1, 0.2, 0.3, 0.4]]]], [[0.1], [0.2], [0.3], [0.4]]])
def test_moments_that_were_given_need_no_arrays(mean: object) -> None:
    kind = KINDS["Normalization"]
    params = kind.read(ConfigValues("n", {"axis": -1, "mean": mean, "variance": mean}))
    assert kind.weights(params, [IMAGE]) == ()
    assert kind.roles(params) == ()


@pytest.mark.timeout(20)
@pytest.mark.parametrize("empty", [[], [[]], [[], []]])
def test_an_empty_list_of_means_is_refused_and_keeps_nobody_waiting(empty: object) -> None:
    kind = KINDS["Normalization"]
    with pytest.raises((ShapeError, Unsupported)):
        kind.weights(kind.read(ConfigValues("n", {"axis": -1, "mean": empty, "variance": empty})), [IMAGE])


@pytest.mark.parametrize("name", ["BatchNormalization", "GroupNormalization"])
def test_several_axes_are_rebuilt_for_layer_normalisation_alone(name: str) -> None:
    with pytest.raises(Unsupported, match="several axes"):
        KINDS[name].read(ConfigValues("n", {"axis": [1, 2], "groups": 2}))


def test_what_a_normalization_measured_is_an_affine_map() -> None:
    kind = KINDS["Normalization"]
    params = kind.read(ConfigValues("n", {"axis": -1, "mean": [10, 20, 30], "variance": [4, 9, 16]}))
    assert kind.affine is not None
    found = kind.affine(Step(params, (None, 8, 8, 3), list), [Preparation.nothing(3)])
    assert found is not None
    np.testing.assert_allclose(found.matrix, np.diag([1 / 2, 1 / 3, 1 / 4]))
    np.testing.assert_allclose(found.offset, [-5, -20 / 3, -7.5])
    assert found.measured is not None
    assert found.measured.mean == pytest.approx(20)


def test_instance_normalisation_without_groups_is_another_packages() -> None:
    with pytest.raises(Unsupported):
        KINDS["InstanceNormalization"].read(ConfigValues("n", {"axis": 3}))
