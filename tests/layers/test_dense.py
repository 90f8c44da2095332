from __future__ import annotations

import keras
import pytest

from filterviz.layers import KINDS, modernise
from tests.layers.against_keras import agrees


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("shape", [(None, 5), (None, 3, 4, 5)])
def test_dense(bias: bool, shape: tuple[int | None, ...]) -> None:
    agrees(keras.layers.Dense(7, use_bias=bias), shape)


def test_embedding() -> None:
    agrees(keras.layers.Embedding(11, 3, mask_zero=True), (None, 6))


def test_keras_1_calls_the_units_output_dim_and_an_embedding_keeps_the_word() -> None:
    assert modernise("Dense", {"output_dim": 3}, keras_3=False) == ("Dense", {"units": 3})
    assert modernise("Embedding", {"output_dim": 3}, keras_3=False) == ("Embedding", {"output_dim": 3})


def test_the_shape_of_an_input_that_only_its_first_layer_tells() -> None:
    dense, embedding = KINDS["Dense"].input_shape, KINDS["Embedding"].input_shape
    assert dense is not None
    assert embedding is not None
    assert (dense({"input_dim": 4}), dense({}), dense({"input_dim": "4"})) == ([None, 4], None, None)
    assert embedding({"input_length": 9}) == [None, 9]
