"""Arrays that do not lie where one would look first: of shared, quantised, adapted and wrapped layers."""

from __future__ import annotations

import io
import json
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import open_model
from filterviz.reader.stored import INCOMPLETE
from filterviz.settings import Settings
from tests.networks import largest_difference

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

SIDE = 8
Keras = Any
Network = Any

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning")


def randomised(network: Network) -> Network:
    """The network, no two of its arrays alike."""
    random = np.random.default_rng(3)
    for variable in network.weights:
        if variable.shape and "int" not in str(variable.dtype):
            variable.assign(random.uniform(0.05, 0.5, variable.shape).astype(np.float32))
    return network


def difference(network: Network, path: Path) -> float:
    """The largest between what Keras and the rebuilt network compute, as a share of the largest output."""
    random = np.random.default_rng(4)
    inputs = [random.uniform(-1, 1, (2, *one.shape[1:])).astype(np.float32) for one in network.inputs]
    return largest_difference(network, path, inputs)


# Shared layers ------------------------------------------------------------------------------------------------------

SHARING: dict[str, Callable[[Keras], Network]] = {}


def sharing(make: Callable[[Keras], Network]) -> Callable[[Keras], Network]:
    SHARING[make.__name__] = make
    return make


def convolution(k: Keras, filters: int = 3, size: int = 3, **more: Any) -> Any:
    return k.layers.Conv2D(filters, size, padding="same", **more)


def picture(k: Keras, channels: int = 3) -> Any:
    return k.Input((SIDE, SIDE, channels))


@sharing
def in_a_model_and_after_it(k: Keras) -> Network:
    shared, inside, outside = convolution(k), picture(k), picture(k)
    inner = k.Model(inside, shared(inside))
    return k.Model(outside, convolution(k)(shared(inner(outside))))


@sharing
def before_a_model_and_in_it(k: Keras) -> Network:
    shared, inside, outside = convolution(k), picture(k), picture(k)
    inner = k.Model(inside, convolution(k)(shared(inside)))
    return k.Model(outside, convolution(k)(inner(convolution(k)(shared(outside)))))


@sharing
def of_other_shapes(k: Keras) -> Network:
    shared, inside, outside = convolution(k, 3), picture(k), picture(k)
    inner = k.Model(inside, convolution(k, 3, 5)(convolution(k, 4)(shared(inside))))
    x = convolution(k, 3, 1)(convolution(k, 5)(shared(inner(convolution(k, 3, 1)(outside)))))
    return k.Model(outside, x)


@sharing
def in_two_models(k: Keras) -> Network:
    shared, first, second, outside = convolution(k), picture(k), picture(k), picture(k)
    one = k.Model(first, shared(convolution(k)(first)))
    two = k.Model(second, convolution(k)(shared(convolution(k)(second))))
    return k.Model(outside, convolution(k)(two(one(outside))))


@sharing
def a_model_in_two_places(k: Keras) -> Network:
    within = picture(k)
    shared = k.Model(within, k.layers.BatchNormalization()(convolution(k)(within)))
    inside, outside = picture(k), picture(k)
    inner = k.Model(inside, convolution(k)(shared(inside)))
    other = k.Sequential([picture(k), convolution(k), convolution(k)])
    return k.Model(outside, k.layers.BatchNormalization()(convolution(k)(other(shared(inner(outside))))))


@sharing
def three_deep(k: Keras) -> Network:
    shared, norm = convolution(k), k.layers.BatchNormalization()
    start = picture(k)
    one = k.Model(start, norm(shared(start)))
    start = picture(k)
    two = k.Model(start, convolution(k)(norm(shared(one(start)))))
    start = picture(k)
    three = k.Model(start, shared(convolution(k)(two(start))))
    start = picture(k)
    x = k.layers.BatchNormalization()(norm(one(shared(three(start)))))
    return k.Model(start, convolution(k)(x))


@sharing
def a_chain_of_shared_layers(k: Keras) -> Network:
    first, second = convolution(k), convolution(k)
    chain = k.Sequential([picture(k), first, convolution(k), second])
    start = picture(k)
    return k.Model(start, convolution(k)(second(convolution(k)(first(chain(start))))))


@sharing
def in_frames_and_after_them(k: Keras) -> Network:
    shared = convolution(k)
    frames, start = k.Input((2, SIDE, SIDE, 3)), picture(k)
    return k.Model([frames, start], [k.layers.TimeDistributed(shared)(frames), convolution(k)(shared(start))])


@sharing
def in_frames_after_others(k: Keras) -> Network:
    shared = convolution(k)
    start = picture(k)
    x = convolution(k)(shared(start))
    x = k.layers.Reshape((2, SIDE // 2, SIDE, 3))(x)
    x = k.layers.TimeDistributed(convolution(k))(k.layers.TimeDistributed(shared)(x))
    return k.Model(start, x)


@sharing
def frames_before_the_layer(k: Keras) -> Network:
    shared = convolution(k)
    frames = k.Input((2, SIDE, SIDE, 3))
    x = k.layers.Reshape((2 * SIDE, SIDE, 3))(k.layers.TimeDistributed(shared)(frames))
    return k.Model(frames, convolution(k)(shared(convolution(k)(x))))


@sharing
def a_shared_model_in_frames(k: Keras) -> Network:
    shared = k.Sequential([picture(k), convolution(k), k.layers.ReLU()])
    frames = k.Input((2, SIDE, SIDE, 3))
    x = k.layers.Reshape((2 * SIDE, SIDE, 3))(k.layers.TimeDistributed(shared)(frames))
    return k.Model(frames, convolution(k)(k.layers.Cropping2D(((0, SIDE), (0, 0)))(x)))


def sequence(k: Keras) -> tuple[Any, Any]:
    start = picture(k)
    return start, k.layers.Reshape((SIDE * SIDE, 3))(convolution(k)(start))


@sharing
def both_ways_and_one_way(k: Keras) -> Network:
    shared = k.layers.LSTM(3, return_sequences=True)
    start, x = sequence(k)
    x = k.layers.Bidirectional(shared, merge_mode="sum")(x)
    return k.Model(start, k.layers.LSTM(3)(shared(k.layers.LSTM(3, return_sequences=True)(x))))


@sharing
def one_way_and_both_ways(k: Keras) -> Network:
    shared = k.layers.LSTM(3, return_sequences=True)
    start, x = sequence(k)
    x = k.layers.Bidirectional(k.layers.LSTM(3, return_sequences=True), merge_mode="sum")(shared(x))
    return k.Model(start, k.layers.LSTM(3)(k.layers.Bidirectional(shared, merge_mode="sum")(x)))


@sharing
def frozen_in_one_of_them(k: Keras) -> Network:
    shared, inside, outside = convolution(k), picture(k), picture(k)
    norm = k.layers.BatchNormalization()
    inner = k.Model(inside, convolution(k)(norm(shared(inside))))
    inner.trainable = False
    start = k.Model(outside, convolution(k)(norm(shared(inner(outside)))))
    again = picture(k)
    return k.Model(again, k.layers.BatchNormalization()(start(again)))


def own_slopes(k: Keras) -> Any:
    return k.layers.PReLU(shared_axes=[1, 2])


def called(network: Network) -> Network:
    """Keras 3 makes the weights of an activation when it is first called."""
    network(np.zeros((1, SIDE, SIDE, 3), np.float32))
    return network


@sharing
def an_activation_of_two_layers(k: Keras) -> Network:
    """Two activations, each a layer with weights, each in two layers."""
    start, one, two = picture(k), own_slopes(k), own_slopes(k)
    x = start
    for activation in (one, two, one, two):
        x = convolution(k, activation=activation)(x)
    return called(k.Model(start, convolution(k)(x)))


@sharing
def an_activation_that_is_a_layer_too(k: Keras) -> Network:
    start, one, two = picture(k), own_slopes(k), own_slopes(k)
    x = one(convolution(k, activation=two)(start))
    return called(k.Model(start, convolution(k)(two(convolution(k, activation=one)(x)))))


LOST_BY_KERAS = {(tf_keras, ".h5", name) for name in ("before_a_model_and_in_it", "three_deep")}
"""Keras 2 describes a layer wrongly in an HDF5 file where an inner model comes after it; it cannot read that itself."""


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("package", [keras, tf_keras], ids=["keras", "tf_keras"])
@pytest.mark.parametrize("make", SHARING.values(), ids=SHARING)
def test_a_shared_layer_has_the_arrays_that_were_stored_once(
    make: Callable[[Keras], Network], package: Keras, suffix: str, tmp_path: Path
) -> None:
    package.backend.clear_session()
    network = randomised(make(package))
    path = tmp_path / f"network{suffix}"
    network.save(path)
    if (package, suffix, make.__name__) in LOST_BY_KERAS:
        with pytest.raises(KeyError):
            tf_keras.models.load_model(path)
        return
    assert difference(network, path) < 1e-5


@pytest.mark.parametrize("make", SHARING.values(), ids=SHARING)
def test_without_marks_the_arrays_tell_what_is_shared(make: Callable[[Keras], Network], tmp_path: Path) -> None:
    """tf_keras leaves the marks out of an archive where the same network was saved as HDF5 before."""
    tf_keras.backend.clear_session()
    network = randomised(make(tf_keras))
    network.save(tmp_path / "network.h5")
    path = tmp_path / "network.keras"
    network.save(path)
    assert difference(network, path) < 1e-5


@pytest.mark.parametrize("make", SHARING.values(), ids=SHARING)
def test_as_tensorflow_2_13_wrote_it(
    make: Callable[[Keras], Network], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its saver went through the attributes in order, and counted a layer that stood twice in a list twice."""
    library = tf_keras.src.saving.saving_lib

    def in_order(trackable: Any) -> Any:
        for name in sorted(dir(trackable)):
            if not name.startswith("__") and name not in library.ATTR_SKIPLIST:
                try:
                    yield name, getattr(trackable, name)
                except Exception:
                    continue

    def container(items: Any, weights_store: Any, assets_store: Any, inner_path: str, visited_trackables: Any) -> None:
        counts: dict[str, int] = {}
        for item in items.values() if isinstance(items, dict) else items:
            if library._is_keras_trackable(item):
                name = library.generic_utils.to_snake_case(type(item).__name__)
                counts[name] = counts.get(name, -1) + 1
                name = f"{name}_{counts[name]}" if counts[name] else name
                library._save_state(item, weights_store, assets_store, f"{inner_path}/{name}", visited_trackables)

    monkeypatch.setattr(library, "_walk_trackable", in_order)
    monkeypatch.setattr(library, "_save_container_state", container)
    tf_keras.backend.clear_session()
    network = randomised(make(tf_keras))
    path = tmp_path / "network.keras"
    network.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["metadata.json"] = json.dumps({"keras_version": "2.13.1"}).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    assert difference(network, path) < 1e-5


@pytest.mark.parametrize("package", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_where_two_layers_may_be_the_shared_one_nobody_guesses(package: Keras, tmp_path: Path) -> None:
    """Two models with a layer of one name each; the outer network shares the second."""
    k = package
    shared, outside = convolution(k, name="c"), picture(k)
    first, second = picture(k), picture(k)
    one = k.Model(first, convolution(k, name="c")(first))
    two = k.Model(second, shared(second))
    network = randomised(k.Model(outside, convolution(k, name="last")(shared(two(one(outside))))))
    path = tmp_path / "network.keras"
    network.save(path)
    with pytest.raises(Refused) as refused:
        open_model(path, Settings())
    assert refused.value.code is RefusalCode.MISMATCHED_WEIGHTS


# Quantised and adapted layers ---------------------------------------------------------------------------------------


def with_a_classifier(*layers: Any, side: int = 3) -> Network:
    """A convolution over an image of ``side``, and the layers after it on what comes out, flattened."""
    start = keras.Input((side, side, 3))
    x = keras.layers.Flatten()(keras.layers.Conv2D(3, 1, activation="relu")(start))
    for layer in layers:
        x = layer(x)
    return randomised(keras.Model(start, x))


def no_rounding(mode: str) -> Any:
    config = {"int8": keras.quantizers.Int8QuantizationConfig, "int4": keras.quantizers.Int4QuantizationConfig}[mode]
    return config(activation_quantizer=None, **({"block_size": -1} if mode == "int4" else {}))


def narrow(mode: str) -> Any:
    """Inputs rounded to 15 steps on each side."""
    quantizer = keras.quantizers.AbsMaxQuantizer(axis=-1, value_range=(-15, 15), epsilon=1e-3)
    config = {"int8": keras.quantizers.Int8QuantizationConfig, "int4": keras.quantizers.Int4QuantizationConfig}[mode]
    return config(activation_quantizer=quantizer, **({"block_size": -1} if mode == "int4" else {}))


QUANTISED: dict[str, Callable[[Network], None]] = {
    "int8": lambda network: network.quantize("int8"),
    "int8_weights_only": lambda network: network.quantize("int8", config=no_rounding("int8")),
    "int8_narrow": lambda network: network.quantize("int8", config=narrow("int8")),
    "int4_blocks_of_128": lambda network: network.quantize("int4"),
    "int4_blocks_of_5": lambda network: network.quantize(
        "int4", config=keras.quantizers.Int4QuantizationConfig(block_size=5)
    ),
    "int4_by_unit": lambda network: network.quantize("int4", config=no_rounding("int4")),
    "int4_narrow": lambda network: network.quantize("int4", config=narrow("int4")),
    "float8": lambda network: network.quantize("float8"),
}


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("how", QUANTISED.values(), ids=QUANTISED)
def test_a_quantised_dense_layer_computes_the_same(how: Callable[[Network], None], suffix: str, tmp_path: Path) -> None:
    """Units and inputs in odd numbers, with and without a bias."""
    network = with_a_classifier(
        keras.layers.Dense(7, activation="relu"), keras.layers.Dense(5, use_bias=False), keras.layers.Dense(1)
    )
    how(network)
    for layer in network.layers:
        if hasattr(layer, "inputs_amax_history"):
            layer.inputs_scale.assign(0.01)
            layer.kernel_scale.assign(0.002)
    path = tmp_path / f"network{suffix}"
    network.save(path)
    assert difference(network, path) < 1e-5


@pytest.mark.parametrize("mode", ["gptq/4/4", "gptq/4/-1", "gptq/8/4", "gptq/2/-1", "awq/4/4", "awq/4/-1"])
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_layer_quantised_on_data_computes_the_same(mode: str, suffix: str, tmp_path: Path) -> None:
    dense = keras.layers.Dense(7, dtype=f"{mode}_from_float32")
    network = with_a_classifier(dense)
    random = np.random.default_rng(1)
    for variable in (dense.quantized_kernel, dense.kernel_zero):
        variable.assign(random.integers(0, 16, variable.shape))
    size = int(mode.rsplit("/", 1)[-1])
    dense.g_idx.assign(np.arange(27) // size if size > 0 else np.zeros(27))
    dense.is_gptq_calibrated = dense.is_awq_calibrated = True
    path = tmp_path / f"network{suffix}"
    network.save(path)
    if suffix == ".h5":
        assert difference(network, path) < 1e-5
        return
    # Keras 3.15 leaves the zero points out of an archive.
    with open_model(path, Settings()) as model:
        assert [layer.visualisable for layer in model.spec.layers] == [False, True, False, False]
        assert model.spec.layers[-1].reason == INCOMPLETE
    zero = np.asarray(dense.kernel_zero)
    with_zeros = {f"layers/dense/vars/{at}": np.asarray(one) for at, one in enumerate(after_scale(dense), start=4)}
    rewrite(path, {"layers/dense/vars/3": zero, **with_zeros})
    assert difference(network, path) < 1e-5


def after_scale(dense: Any) -> list[Any]:
    return [*([dense.awq_scales] if hasattr(dense, "awq_scales") else []), dense.g_idx]


@pytest.mark.parametrize("mode", [None, "int8", "int4"])
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_what_lora_adds_is_added(mode: str | None, suffix: str, tmp_path: Path) -> None:
    start = keras.Input((4, 4, 3))
    convolution_, dense = keras.layers.Conv2D(5, 3), keras.layers.Dense(6)
    other = keras.layers.Conv2D(4, 1, use_bias=False)
    network = randomised(keras.Model(start, keras.layers.Dense(2)(dense(other(convolution_(start))))))
    if mode is not None:
        network.quantize(mode)
    for layer, alpha in ((convolution_, 3), (dense, 1), (other, None)):
        layer.enable_lora(2, lora_alpha=alpha)
        for variable in (layer.lora_kernel_a, layer.lora_kernel_b):
            variable.assign(np.random.default_rng(0).uniform(-0.1, 0.1, variable.shape))
    path = tmp_path / f"network{suffix}"
    network.save(path)
    if mode is None:
        assert difference(network, path) < 1e-5
    elif suffix == ".h5":  # Keras rounds what the kernel is given, and not what LoRA is given
        with open_model(path, Settings()) as model:
            assert [one.name for one in model.spec.visualisable] == [convolution_.name, other.name]
            assert "adapted by LoRA at once" in (model.spec.layer(dense.name).reason or "")
    else:
        assert difference(keras.models.load_model(path), path) < 1e-5  # merged and quantised once more as it was saved


@pytest.mark.parametrize("units", [6, 7])
def test_as_keras_3_12_packed_it(units: int, tmp_path: Path) -> None:
    """Two inputs in a byte and not two units, and the inputs rounded although nothing says so."""
    network = with_a_classifier(keras.layers.Dense(units))
    network.quantize("int8")
    path = tmp_path / "network.keras"
    network.save(path)
    dense = network.layers[-1]
    kernel = np.clip(np.asarray(dense._kernel), -8, 7)
    packed = np.asarray(keras.quantizers.pack_int4(keras.ops.convert_to_tensor(kernel), axis=0)[0])
    dense._kernel.assign(kernel)
    rewrite(path, {"layers/dense/vars/0": packed}, ('"mode": "int8"', '"mode": "int4"'))
    assert difference(network, path) < 1e-5


def rewrite(path: Path, arrays: dict[str, Any], words: tuple[str, str] = ("", "")) -> None:
    """Put other arrays and words into an archive."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    content = io.BytesIO(members["model.weights.h5"])
    with h5py.File(content, "r+") as file:
        for name, array in arrays.items():
            if name in file:
                del file[name]
            file[name] = array
    members["model.weights.h5"] = content.getvalue()
    if words[0]:
        members["config.json"] = members["config.json"].replace(words[0].encode(), words[1].encode())
    with zipfile.ZipFile(path, "w") as archive:
        for name, member in members.items():
            archive.writestr(name, member)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("block", [None, -1, 3])
def test_a_quantised_embedding_computes_the_same(block: int | None, suffix: str, tmp_path: Path) -> None:
    start, words = keras.Input((4, 4, 3)), keras.Input((4,))
    x = keras.layers.Embedding(9, 5)(words)
    y = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(5, 3)(start))
    network = randomised(keras.Model([start, words], keras.layers.Add()([keras.layers.GlobalMaxPooling1D()(x), y])))
    if block is None:
        network.quantize("int8")
    else:
        network.quantize("int4", config=keras.quantizers.Int4QuantizationConfig(block_size=block))
    path = tmp_path / f"network{suffix}"
    network.save(path)
    inputs = [np.random.default_rng(0).uniform(size=(2, 4, 4, 3)).astype(np.float32), np.array([[1, 2, 8, 0]] * 2)]
    with open_model(path, Settings()) as model:
        weights = model.weights(next(layer for layer in model.spec.layers if layer.kind == "Embedding"))
    embedding = next(layer for layer in network.layers if "embedding" in layer.name)
    np.testing.assert_allclose(np.asarray(embedding(inputs[1])), weights[0][inputs[1]], rtol=1e-6)


# Wrappers -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("package", [keras, tf_keras], ids=["keras", "tf_keras"])
def test_spectral_normalisation_leaves_the_kernel_in_the_file(
    package: Keras, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone, in a model, frozen, around what is no convolution, and around a layer that is used elsewhere too."""
    k = package
    if k is tf_keras:  # that of tf_keras 2.21 takes tf.keras for itself
        monkeypatch.setattr(tf.keras.layers, "InputSpec", tf_keras.layers.InputSpec)
    spectral = k.layers.SpectralNormalization
    inside = picture(k)
    frozen = spectral(convolution(k, 3, use_bias=False))
    frozen.trainable = False
    x = k.layers.BatchNormalization()(frozen(convolution(k)(spectral(convolution(k))(inside))))
    inner = k.Model(inside, x)
    start, shared = picture(k), convolution(k)
    x = shared(spectral(shared)(inner(spectral(convolution(k), power_iterations=2)(start))))
    x = spectral(k.layers.Conv2DTranspose(2, 3, strides=2))(x)
    network = randomised(k.Model(start, spectral(k.layers.Dense(2))(k.layers.Flatten()(x))))
    path = tmp_path / f"network{suffix}"
    network.save(path)
    assert difference(network, path) < 1e-5
    with open_model(path, Settings()) as model:
        assert sum(layer.visualisable for layer in model.spec.layers if layer.kind == "Conv2D") == 6


@tf_keras.saving.register_keras_serializable("Addons")
class WeightNormalization(tf_keras.layers.Wrapper):  # type: ignore[misc]
    """What ``tensorflow_addons.layers.WeightNormalization`` keeps and computes."""

    def __init__(self, layer: Any, data_init: bool = True, **kwargs: Any) -> None:
        super().__init__(layer, **kwargs)
        self.data_init = data_init

    def build(self, input_shape: Any) -> None:
        super().build(input_shape)
        self.g = self.add_weight(name="g", shape=self.layer.kernel.shape[-1:])
        self.v = self.layer.kernel
        self._initialized = self.add_weight(name="initialized", dtype="bool", initializer="ones", trainable=False)

    def call(self, inputs: Any) -> Any:
        stored = self.layer.kernel
        axes = list(range(stored.shape.rank - 1))
        self.layer.__dict__["kernel"] = tf.nn.l2_normalize(stored, axis=axes) * self.g
        outputs = self.layer(inputs)
        self.layer.__dict__["kernel"] = stored
        return outputs

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_init": self.data_init}


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_weight_normalisation_of_addons_is_put_together(suffix: str, tmp_path: Path) -> None:
    k = tf_keras
    start, inside = picture(k), picture(k)
    inner = k.Model(inside, WeightNormalization(convolution(k))(convolution(k)(inside)))
    x = inner(WeightNormalization(convolution(k, activation="relu"))(start))
    network = randomised(k.Model(start, WeightNormalization(k.layers.Dense(2))(k.layers.Flatten()(x))))
    path = tmp_path / f"network{suffix}"
    network.save(path)
    assert difference(network, path) < 1e-5


@tf_keras.saving.register_keras_serializable("Own")
class SpectralNormalization(tf_keras.layers.Wrapper):  # type: ignore[misc]
    """Somebody's own: of the name of Keras's, but it divides at inference too."""

    def call(self, inputs: Any) -> Any:
        return self.layer(inputs) / 2

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "power_iterations": 1}


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_a_wrapper_that_only_bears_the_name_is_not_believed(suffix: str, tmp_path: Path) -> None:
    k = tf_keras
    start = picture(k)
    network = randomised(k.Model(start, convolution(k)(SpectralNormalization(convolution(k))(convolution(k)(start)))))
    path = tmp_path / f"network{suffix}"
    network.save(path)
    with open_model(path, Settings()) as model:
        shown = [layer.visualisable for layer in model.spec.layers]
        reasons = " ".join(layer.reason or "" for layer in model.spec.layers)
    assert shown == [False, True, False, False]
    assert "'Own>SpectralNormalization' are not known here, and a file's own code is never run" in reasons
