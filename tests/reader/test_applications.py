"""Bare weights of ``keras.applications`` are recognised and, when asked, opened as the network they belong to."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import keras
import numpy as np
import pytest
from keras.src.legacy.saving import legacy_h5_format

from filterviz.engine.whole_network import build_whole
from filterviz.errors import RefusalCode, Refused
from filterviz.reader import open_model
from filterviz.reader.applications import _index
from filterviz.settings import Settings
from tests.networks import randomise

# Keras's own way of saving
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

SIDE = 64
Writer = Callable[[Any, Path], None]


def keras_3(network: Any, path: Path) -> None:
    network.save_weights(path)


def before_keras_3(network: Any, path: Path) -> None:
    with h5py.File(path, "w") as file:
        legacy_h5_format.save_weights_to_hdf5_group(file, network)


def with_other_names(network: Any, path: Path) -> None:
    """As official files of years ago: the same layers in the same order, called something else."""
    before_keras_3(network, path)
    with h5py.File(path, "r+") as file:
        names = [str(name) for name in file.attrs["layer_names"]]
        for number, name in enumerate(names):
            file.move(name, f"old_{number}")
        file.attrs["layer_names"] = [f"old_{number}".encode() for number in range(len(names))]


def with_a_new_head(network: Any, path: Path) -> None:
    before_keras_3(keras.Sequential([network, keras.layers.Flatten(), keras.layers.Dense(2)]), path)


def with_a_new_head_keras_3(network: Any, path: Path) -> None:
    keras.Sequential([network, keras.layers.Flatten(), keras.layers.Dense(2)]).save_weights(path)


WRITERS = (keras_3, before_keras_3, with_other_names, with_a_new_head, with_a_new_head_keras_3)


@pytest.fixture(scope="module")
def network() -> Any:
    return random_network("MobileNetV2", alpha=0.35, include_top=False)


def random_network(name: str, **arguments: Any) -> Any:
    keras.utils.set_random_seed(0)
    arguments = {"input_shape": (SIDE, SIDE, 3), **arguments}
    network = getattr(keras.applications, name)(weights=None, **arguments)
    randomise(network, high=0.05)
    return network


@pytest.mark.parametrize("write", WRITERS)
def test_recognised_and_computes_the_same(write: Writer, network: Any, tmp_path: Path) -> None:
    path = tmp_path / "file.weights.h5"
    write(network, path)
    with pytest.raises(Refused) as refused:
        open_model(path, Settings())
    assert (refused.value.code, refused.value.where) == (RefusalCode.WEIGHTS_ONLY, "MobileNetV2-0.35")
    check(network, path, "mobilenetv2-0.35")


@pytest.mark.parametrize("name", ["ResNet50", "ResNet50V2", "EfficientNetB0"])
def test_with_its_classifier(name: str, tmp_path: Path) -> None:
    whole = random_network(name, input_shape=(224, 224, 3))
    path = tmp_path / "file.weights.h5"
    keras_3(whole, path)
    check(whole, path, name)
    with open_model(path, Settings(), architecture=name) as model:
        assert model.spec.layers[-1].output_shape == (None, 1000)


def check(network: Any, path: Path, name: str) -> None:
    picture = np.random.default_rng(1).random((1, *network.input_shape[1:]), np.float32) * 255
    with open_model(path, Settings(), architecture=name) as model:
        (output,) = build_whole(model)([picture])
    np.testing.assert_allclose(output, network(picture, training=False).numpy(), rtol=1e-4, atol=1e-5)


def test_as_another_network_than_it_is(network: Any, tmp_path: Path) -> None:
    keras_3(network, tmp_path / "file.weights.h5")
    with pytest.raises(Refused, match=r"the weights of MobileNetV2-0\.35 alone"):
        open_model(tmp_path / "file.weights.h5", Settings(), architecture="resnet50")


def test_weights_of_something_else(tmp_path: Path) -> None:
    own = keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(4, 3)])
    for number, write in enumerate((keras_3, before_keras_3)):
        write(own, tmp_path / f"{number}.weights.h5")
        with pytest.raises(Refused, match="not the network they belong to") as refused:
            open_model(tmp_path / f"{number}.weights.h5", Settings(), architecture="vgg16")
        assert refused.value.where == ""


def test_the_same_shapes_elsewhere_are_no_match(network: Any, tmp_path: Path) -> None:
    """All kernels in one layer that is called something else and lacks the other weights."""
    with h5py.File(tmp_path / "file.h5", "w") as file:
        group = file.create_group("layer")
        kernels = [weight for weight in network.weights if len(weight.shape) == 4]
        for number, kernel in enumerate(kernels):
            group[f"{number}"] = np.zeros(kernel.shape, np.float32)
        group.attrs["weight_names"] = [f"{number}".encode() for number in range(len(kernels))]
        file.attrs["layer_names"] = [b"layer"]
    with pytest.raises(Refused, match="not the network they belong to"):
        open_model(tmp_path / "file.h5", Settings())


def test_groups_that_hold_themselves_end(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "file.h5", "w") as file:
        top = file.create_group("layers")
        for number in range(20):
            top[f"again_{number}"] = top
    with pytest.raises(Refused) as refused:
        open_model(tmp_path / "file.h5", Settings())
    assert refused.value.code is RefusalCode.WEIGHTS_ONLY


def test_every_network_of_keras_is_known() -> None:
    known = {member.split("-")[0].split("/")[0] for members in _index().values() for member in members}
    assert known == {name for name in dir(keras.applications) if name[0].isupper()}
