from __future__ import annotations

import keras
import pytest

from filterviz.layers import KINDS
from filterviz.layers.config_values import ConfigValues, Unsupported
from tests.layers.against_keras import agrees


@pytest.mark.parametrize("name", ["SimpleRNN", "GRU", "LSTM"])
@pytest.mark.parametrize("sequences", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_over_vectors(name: str, sequences: bool, bias: bool) -> None:
    agrees(getattr(keras.layers, name)(4, return_sequences=sequences, use_bias=bias), (None, 6, 5))


@pytest.mark.parametrize("after", [True, False])
def test_a_gru_has_two_biases_where_it_resets_after_the_product(after: bool) -> None:
    agrees(keras.layers.GRU(4, reset_after=after), (None, 6, 5))


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("sequences", [True, False])
def test_over_vectors_images_and_volumes(sequences: bool, rank: int) -> None:
    layer = getattr(keras.layers, f"ConvLSTM{rank}D")(4, 3, return_sequences=sequences, padding="same")
    agrees(layer, (None, 6, *(8,) * rank, 3))


@pytest.mark.parametrize(("mode", "units"), [("concat", 8), ("sum", 4), ("mul", 4), ("ave", 4)])
def test_both_directions(mode: str, units: int) -> None:
    kind = KINDS["Bidirectional"]
    params = kind.read(ConfigValues("b", {"cell": "LSTM", "units": 4, "merge_mode": mode}))
    assert kind.shape(params, [(None, 6, 5)]) == (None, units)
    assert kind.weights(params, [(None, 6, 5)]) == 2 * ((5, 16), (4, 16), (16,))
    assert kind.roles(params) == 2 * ("kernel", "recurrent", "bias")


@pytest.mark.parametrize("config", [{"return_state": True}, {"stateful": True}, {"time_major": True}])
def test_state_is_not_rebuilt(config: dict[str, object]) -> None:
    with pytest.raises(Unsupported):
        KINDS["LSTM"].read(ConfigValues("l", {"units": 3, **config}))


@pytest.mark.parametrize("config", [{"merge_mode": None}, {"merge_mode": "sum", "go_backwards": True}])
def test_two_directions_that_are_not_rebuilt(config: dict[str, object]) -> None:
    with pytest.raises(Unsupported):
        KINDS["Bidirectional"].read(ConfigValues("b", {"cell": "GRU", "units": 3, **config}))
