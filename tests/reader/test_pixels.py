"""The pixels a network was trained on, guessed from what its first batch normalisation kept."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.engine import parametrisation
from filterviz.engine.preprocessing import PixelScaling
from filterviz.reader import open_model
from filterviz.settings import Settings
from filterviz.spec import PixelRange

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import tf_keras

# Keras's own way of saving.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning", "ignore::UserWarning")

TRAINED = "the means and variances its first normalisation kept in training fit these"


@pytest.fixture(scope="module")
def photographs() -> NDArray[np.float32]:
    """Noise with the spectrum and the colours of photographs, 0-1."""
    pictures: NDArray[np.float32] = parametrisation.render(
        parametrisation.start_spectra(range(32), (32, 32), 3), (32, 32)
    ).numpy()
    return pictures


def trained(layers: list[Any], photographs: NDArray[np.float32], pixel_range: PixelRange, path: Path) -> Path:
    """A network whose normalisation has seen images in a range, and nothing else has changed."""
    keras.utils.set_random_seed(1)
    network = keras.Sequential([keras.Input((32, 32, 3)), *layers, keras.layers.Conv2D(4, 3)])
    pictures = PixelScaling.of(pixel_range, 3).from_unit(keras.ops.convert_to_tensor(photographs))
    for _ in range(40):
        network(pictures, training=True)
    network.save(path)
    return path


@pytest.mark.parametrize("pixel_range", [PixelRange.UNIT, PixelRange.SIGNED, PixelRange.BYTE, PixelRange.CAFFE])
def test_a_convolution_and_its_normalisation(
    pixel_range: PixelRange, photographs: NDArray[np.float32], tmp_path: Path
) -> None:
    layers = [keras.layers.Conv2D(16, 3), keras.layers.BatchNormalization(momentum=0.8)]
    path = trained(layers, photographs, pixel_range, tmp_path / "model.keras")
    with open_model(path, Settings()) as model:
        assert (model.spec.pixel_range, model.spec.pixel_range_reason) == (pixel_range, TRAINED)


@pytest.mark.parametrize("pixel_range", [PixelRange.UNIT, PixelRange.SIGNED, PixelRange.BYTE])
def test_a_normalisation_of_the_pixels(
    pixel_range: PixelRange, photographs: NDArray[np.float32], tmp_path: Path
) -> None:
    path = trained([keras.layers.BatchNormalization(momentum=0.8)], photographs, pixel_range, tmp_path / "model.keras")
    with open_model(path, Settings()) as model:
        assert (model.spec.pixel_range, model.spec.pixel_range_reason) == (pixel_range, TRAINED)


def test_a_rectified_convolution_tells_large_pixels_only(photographs: NDArray[np.float32], tmp_path: Path) -> None:
    for pixel_range in (PixelRange.UNIT, PixelRange.BYTE):
        layers = [keras.layers.Conv2D(16, 3, activation="relu"), keras.layers.BatchNormalization(momentum=0.8)]
        path = trained(layers, photographs, pixel_range, tmp_path / f"{pixel_range.value}.keras")
        with open_model(path, Settings()) as model:
            assert model.spec.pixel_range is pixel_range


def test_a_network_that_was_never_trained_says_nothing(tmp_path: Path) -> None:
    network = keras.Sequential([keras.Input((32, 32, 3)), keras.layers.Conv2D(8, 3), keras.layers.BatchNormalization()])
    network.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.pixel_range is PixelRange.UNIT
        assert model.spec.pixel_range_reason != TRAINED


# What a network does to its pixels itself ---------------------------------------------------------------------------

CAFFE_MEANS = (103.939, 116.779, 123.68)
MEANS, DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
L = keras.layers


def normalization(mean: Any, variance: Any, **settings: Any) -> Any:
    return L.Normalization(mean=mean, variance=variance, **settings)


def adapted(pictures: NDArray[np.float32], **settings: Any) -> Any:
    layer = L.Normalization(**settings)
    layer.adapt(pictures)
    return layer


def rising(low: float, high: float) -> NDArray[np.float32]:
    """Pixels of all values of a range, as many of each, with colours that differ a little."""
    values = np.linspace(low, high, 8 * 16 * 16 * 3, dtype=np.float32)
    return np.random.default_rng(0).permutation(values).reshape(8, 16, 16, 3)


def digits() -> NDArray[np.float32]:
    """Mostly black, a little white, 0-1."""
    return (np.random.default_rng(0).random((8, 16, 16, 3)) < 0.13).astype(np.float32)


PREPARED: dict[str, tuple[Any, PixelRange]] = {
    "adapted to 0-255": (lambda: [adapted(rising(0, 255))], PixelRange.BYTE),
    "adapted to 0-1": (lambda: [adapted(rising(0, 1))], PixelRange.UNIT),
    "adapted to -1-1": (lambda: [adapted(rising(-1, 1))], PixelRange.SIGNED),
    "adapted to digits in 0-1": (lambda: [adapted(digits())], PixelRange.UNIT),
    "adapted to digits in -1-1": (lambda: [adapted(2 * digits() - 1)], PixelRange.SIGNED),
    "adapted to digits in 0-255": (lambda: [adapted(255 * digits())], PixelRange.BYTE),
    "adapted to means subtracted": (lambda: [adapted(rising(-127, 127))], PixelRange.CAFFE),
    "adapted to nothing": (lambda: [L.Normalization()], PixelRange.UNIT),
    "ImageNet's mean, 0-255": (
        lambda: [normalization([255 * mean for mean in MEANS], [(255 * sd) ** 2 for sd in DEVIATIONS])],
        PixelRange.BYTE,
    ),
    "ImageNet's mean, 0-1": (lambda: [normalization(MEANS, [sd**2 for sd in DEVIATIONS])], PixelRange.UNIT),
    "given the middle and half of 0-255": (lambda: [normalization(127.5, 127.5**2)], PixelRange.BYTE),
    "given the middle and half of 0-1": (lambda: [normalization(0.5, 0.25)], PixelRange.UNIT),
    "scaled, then adapted": (lambda: [L.Rescaling(1 / 255), normalization(0.45, 0.06)], PixelRange.BYTE),
    "inverted to 0-255": (lambda: [normalization(127.5, 127.5**2, invert=True)], PixelRange.SIGNED),
    "inverted to 0-1": (lambda: [normalization(0.5, 0.25, invert=True)], PixelRange.SIGNED),
    "rescaled to 0-1": (lambda: [L.Rescaling(1 / 255)], PixelRange.BYTE),
    "rescaled to -1-1": (lambda: [L.Rescaling(1 / 127.5, -1)], PixelRange.BYTE),
    "rescaled from 0-1 to -1-1": (lambda: [L.Rescaling(2, -1)], PixelRange.UNIT),
    "rescaled from 0-1 to 0-255": (lambda: [L.Rescaling(255)], PixelRange.UNIT),
    "rescaled from -1-1 to 0-1": (lambda: [L.Rescaling(0.5, 0.5)], PixelRange.SIGNED),
    "rescaled from -1-1 to 0-255": (lambda: [L.Rescaling(127.5, 127.5)], PixelRange.SIGNED),
    "rescaled channel by channel": (
        lambda: [L.Rescaling([1 / 58, 1 / 57, 1 / 57], [-2.1, -2.0, -1.8])],
        PixelRange.BYTE,
    ),
    "rescaled in two steps": (lambda: [L.Rescaling(1 / 127.5), L.Rescaling(1, -1)], PixelRange.BYTE),
    "moved about in between": (
        lambda: [L.Resizing(24, 24), L.RandomFlip(), L.Rescaling(1 / 255), L.ZeroPadding2D(2)],
        PixelRange.BYTE,
    ),
    "adapted along no axis": (lambda: [adapted(rising(0, 255), axis=None)], PixelRange.BYTE),
    "adapted place by place": (lambda: [adapted(rising(0, 255), axis=(1, 2, 3))], PixelRange.BYTE),
    "adapted place by place to 0-1": (lambda: [adapted(rising(0, 1), axis=(1, 2, 3))], PixelRange.UNIT),
    "batch-normalised": (lambda: [L.BatchNormalization()], PixelRange.UNIT),
}


@pytest.mark.parametrize("name", PREPARED)
def test_what_it_does_to_its_pixels_tells_the_range(name: str, tmp_path: Path) -> None:
    """Whatever the layers behind are called: these are called as VGG's are, which take another range."""
    layers, expected = PREPARED[name]
    for named_as_vgg in (False, True):
        if named_as_vgg and name in ("adapted to nothing", "batch-normalised"):
            continue  # then the names are all there is
        names = ("block1_conv1", "block5_conv1") if named_as_vgg else ("one", "two")
        convolutions = [L.Conv2D(4, 3, name=own) for own in names]
        keras.Sequential([keras.Input((16, 16, 3)), *layers(), *convolutions]).save(tmp_path / "model.keras")
        with open_model(tmp_path / "model.keras", Settings()) as model:
            assert model.spec.pixel_range is expected, model.spec.pixel_range_reason


WRITTEN: dict[str, tuple[Any, PixelRange]] = {
    "caffe": (lambda x: x[..., ::-1] - np.array(CAFFE_MEANS), PixelRange.BYTE),
    "means alone": (lambda x: x - np.array(CAFFE_MEANS[::-1]), PixelRange.BYTE),
    "one mean": (lambda x: x - 128.0, PixelRange.BYTE),
    "the middle of 0-1": (lambda x: x - 0.5, PixelRange.UNIT),
    "tf": (lambda x: x / 127.5 - 1.0, PixelRange.BYTE),
    "torch": (lambda x: (x / 255.0 - np.array(MEANS)) / np.array(DEVIATIONS), PixelRange.BYTE),
    "torch from 0-1": (lambda x: (x - np.array(MEANS)) / np.array(DEVIATIONS), PixelRange.UNIT),
    "negative": (lambda x: 1.0 - x / 255.0, PixelRange.BYTE),
    "scaled back": (lambda x: x * 255.0 - 128.0, PixelRange.UNIT),
    "blue first, one by one": (
        lambda x: [x[..., 2:] - 103.9, x[..., 1:2] - 116.8, x[..., :1] - 123.7],
        PixelRange.BYTE,
    ),
}


@pytest.mark.parametrize("library", ["keras", "tf_keras"])
@pytest.mark.parametrize("name", WRITTEN)
def test_preparing_that_is_written_into_the_graph_tells_the_range(name: str, library: str, tmp_path: Path) -> None:
    write, expected = WRITTEN[name]
    k = keras if library == "keras" else tf_keras
    start = k.Input((16, 16, 3))
    x = write(start)
    x = k.layers.Concatenate()(x) if isinstance(x, list) else x
    x = k.layers.Conv2D(4, 3, name="block5_conv1")(k.layers.Conv2D(4, 3, name="block1_conv1")(x))
    k.Model(start, x).save(tmp_path / "model.h5")
    with open_model(tmp_path / "model.h5", Settings()) as model:
        assert model.spec.pixel_range is expected, model.spec.pixel_range_reason


IN_KERAS_3: dict[str, Any] = {
    "preprocess_input of VGG": keras.applications.vgg16.preprocess_input,
    "preprocess_input of DenseNet": keras.applications.densenet.preprocess_input,
    "preprocess_input of ResNetV2": keras.applications.resnet_v2.preprocess_input,
    "taken": lambda x: keras.ops.take(x, [2, 1, 0], axis=-1) - np.array(CAFFE_MEANS, np.float32),
    "turned": lambda x: keras.ops.flip(x, axis=-1) - np.array(CAFFE_MEANS, np.float32).reshape(1, 1, 1, 3),
    "split": lambda x: keras.ops.concatenate(keras.ops.split(x, 3, axis=-1)[::-1], axis=-1) - 116.0,
    "unstacked": lambda x: keras.ops.stack(keras.ops.unstack(x, 3, axis=-1)[::-1], axis=-1) - 116.0,
    "mixed": lambda x: keras.ops.matmul(x / 255.0, np.full((3, 3), 0.3, np.float32)),
}


@pytest.mark.parametrize("name", IN_KERAS_3)
def test_preparing_by_operations_of_keras_3_takes_0_to_255(name: str, tmp_path: Path) -> None:
    start = keras.Input((16, 16, 3))
    x = L.Conv2D(4, 3, name="block5_conv1")(L.Conv2D(4, 3, name="block1_conv1")(IN_KERAS_3[name](start)))
    keras.Model(start, x).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.pixel_range is PixelRange.BYTE, model.spec.pixel_range_reason


def test_channels_turned_and_nothing_more_leave_a_network_its_name(tmp_path: Path) -> None:
    """-1-1 is the same in either order of colours. VGG takes blue first, and gets it from 0-255 with red first."""
    for names, expected in (
        (("conv1_conv", "conv2_block1_preact_bn"), PixelRange.SIGNED),
        (("one", "two"), PixelRange.UNIT),
        (("block1_conv1", "block5_conv1"), PixelRange.BYTE),
    ):
        start = keras.Input((16, 16, 3))
        x = L.Conv2D(4, 3, name=names[1])(L.Conv2D(4, 3, name=names[0])(start[..., ::-1]))
        keras.Model(start, x).save(tmp_path / "model.keras")
        with open_model(tmp_path / "model.keras", Settings()) as model:
            assert model.spec.pixel_range is expected, names


@pytest.mark.parametrize("channels", [1, 2, 12, 200])
def test_any_number_of_channels_can_be_prepared(channels: int, tmp_path: Path) -> None:
    layers = [L.Rescaling(1 / 127.5, -1), L.Conv2D(4, 3)]
    keras.Sequential([keras.Input((16, 16, channels)), *layers]).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.pixel_range is PixelRange.BYTE


def test_preparing_before_what_cannot_be_followed_tells_the_range(tmp_path: Path) -> None:
    """The root of pixels is no affine map; that they are scaled before it says what they were."""
    start = keras.Input((16, 16, 3))
    keras.Model(start, L.Conv2D(4, 3)(keras.ops.sqrt(L.Rescaling(1 / 255)(start)))).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.pixel_range is PixelRange.BYTE


def test_preparing_does_not_hide_what_the_first_normalisation_kept(tmp_path: Path) -> None:
    start = keras.Input((16, 16, 3))
    norm = L.BatchNormalization()
    network = keras.Model(start, L.Conv2D(4, 3)(norm(start[..., ::-1])))
    norm.moving_mean.assign([115.0, 116.0, 117.0])
    norm.moving_variance.assign([4000.0, 4100.0, 4200.0])
    network.save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert (model.spec.pixel_range, model.spec.pixel_range_reason) == (PixelRange.BYTE, TRAINED)


@pytest.mark.parametrize("numbers", [1e30, -1e30, 1e-30, 0.0])
def test_numbers_that_no_pixels_have_do_no_harm(numbers: float, tmp_path: Path) -> None:
    layers = [L.Rescaling(numbers, numbers), L.Rescaling(numbers, -numbers), L.Conv2D(4, 3)]
    keras.Sequential([keras.Input((16, 16, 3)), *layers]).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        assert model.spec.pixel_range in list(PixelRange)
