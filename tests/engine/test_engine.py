"""The engine on files: VGG16 with its real weights, and small networks with something wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import h5py
import keras
import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine import Engine
from filterviz.engine.device import best_precision
from filterviz.engine.network import build
from filterviz.engine.objectives import gram, mean_similarity
from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.recipes.classic import start_images
from filterviz.engine.seeds import filter_seeds
from filterviz.errors import BadRequest, Stopped
from filterviz.imaging.mosaic import split
from filterviz.reader import open_model
from filterviz.service.model import DEMO
from filterviz.settings import Settings
from filterviz.spec import RECIPES, Flag, Pattern, PixelRange, Precision, Progress, Recipe, Request
from filterviz.storage.bundled import FOLDER
from tests import keras_files
from tests.engine import script

CLASSIC = RECIPES["classic"]
QUICK = CLASSIC.with_(size=16, steps=3)


@pytest.fixture(scope="module")
def vgg16(vgg16_weights: Path) -> Iterator[Engine]:
    with open_model(vgg16_weights, Settings(), architecture="vgg16") as model:
        yield Engine(model, Settings())


def patterns(engine: Engine, request: Request, **options: object) -> list[Pattern]:
    return [event for event in engine.run(request, **options) if isinstance(event, Pattern)]  # type: ignore[arg-type]


def test_classic_is_the_scripts_arithmetic_on_vgg16s_real_weights(vgg16: Engine, vgg16_weights: Path) -> None:
    """An early layer: in deeper ones the script itself, begun 0.00001 brighter, ends up to 22 grey levels away."""
    filters = (0, 17, 40)
    starts = start_images(filter_seeds(0, filters), (64, 64), 3)

    def block1_conv2(picture: tf.Tensor) -> tf.Tensor:
        with h5py.File(vgg16_weights) as file:
            for name in ("block1_conv1", "block1_conv2"):
                kernel, bias = (file[name][weight][()] for weight in file[name].attrs["weight_names"])
                picture = tf.nn.relu(tf.nn.conv2d(picture, kernel, 1, "SAME") + bias)
        return picture

    tiles, curves = script.render(block1_conv2, filters, starts)
    made = patterns(vgg16, Request("block1_conv2", filters, CLASSIC))
    for pattern, tile, curve in zip(made, tiles, curves, strict=True):
        np.testing.assert_allclose(pattern.curve, curve, rtol=1e-3, atol=1e-4)
        assert np.abs(pattern.tile.astype(int) - tile).max() <= 2
        assert pattern.precision is Precision.FLOAT32
        assert pattern.pixel_range is None


def test_no_deep_filter_of_vgg16_is_silent_in_natural(vgg16: Engine) -> None:
    """The script leaves most of these as noise: their ReLU is silent on its start image."""
    filters = tuple(range(8))
    natural = patterns(vgg16, Request("block5_conv3", filters, RECIPES["natural"].with_(size=64, steps=24)))
    assert [pattern.filter for pattern in natural if Flag.SILENT in pattern.flags] == []
    assert {pattern.pixel_range for pattern in natural} == {PixelRange.CAFFE}
    classic = patterns(vgg16, Request("block5_conv3", filters, CLASSIC.with_(steps=2)))
    assert sum(Flag.SILENT in pattern.flags for pattern in classic) >= 4


def test_a_filter_that_wants_one_colour_everywhere_gets_it(vgg16: Engine) -> None:
    """Blue and black: no patches of the opposite colour are left over from the noise at the start."""
    for pattern in patterns(vgg16, Request("block1_conv1", (5, 61), RECIPES["natural"].with_(size=96))):
        coarse = pattern.tile.reshape(12, 8, 12, 8, 3).mean(axis=(1, 3))
        assert coarse.std(axis=(0, 1)).max() < 8


def test_bfloat16_and_float32_agree_in_what_they_show(vgg16: Engine) -> None:
    """Images made in bfloat16 excite the filters as much as those made in float32, within a tenth."""
    recipe = RECIPES["natural"].with_(size=48, steps=24)
    request = Request("block3_conv1", tuple(range(6)), recipe, precision=Precision.FLOAT32)
    exact = patterns(vgg16, request)
    rough = patterns(vgg16, Request(request.layer, request.filters, recipe, precision=Precision.BFLOAT16))
    ratios = [two.response_end / one.response_end for one, two in zip(exact, rough, strict=True)]
    assert 0.9 < np.median(ratios) < 1.1
    assert {pattern.precision for pattern in rough} == {Precision.BFLOAT16}


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own way of saving
def test_filters_of_many_channels_that_look_at_single_pixels_are_told_apart(tmp_path: Path) -> None:
    """Each wants one mixture of channels everywhere: its tile is one colour, and another than its neighbours'."""
    keras.utils.set_random_seed(0)
    keras.Sequential([keras.Input((32, 32, 12)), keras.layers.Conv2D(6, 1, name="mix")]).save(tmp_path / "model.keras")
    with open_model(tmp_path / "model.keras", Settings()) as model:
        made = patterns(Engine(model, Settings()), Request("mix", tuple(range(6)), Recipe(size=32, steps=96)))
        alone = patterns(Engine(model, Settings()), Request("mix", (4,), Recipe(size=32, steps=96)))
    tiles = np.array([pattern.tile for pattern in made], np.float64)
    colours = tiles.mean(axis=(1, 2))
    apart = np.linalg.norm(colours[:, np.newaxis] - colours, axis=-1) + 1000 * np.eye(6)
    assert apart.min() > 5 * tiles.std(axis=(1, 2)).max()
    np.testing.assert_array_equal(alone[0].tile, made[4].tile)


@pytest.fixture
def small(family_files: dict[str, Path]) -> Iterator[Engine]:
    with open_model(family_files["keras_2_1.h5"], Settings()) as model:
        yield Engine(model, Settings())


@pytest.mark.parametrize(
    ("recipe", "asked", "used"),
    [
        ("natural", (PixelRange.AUTO, Precision.AUTO), (PixelRange.UNIT, best_precision())),
        ("natural", (PixelRange.BYTE, Precision.FLOAT32), (PixelRange.BYTE, Precision.FLOAT32)),
        ("classic", (PixelRange.AUTO, Precision.AUTO), (None, Precision.FLOAT32)),
        ("classic", (PixelRange.SIGNED, Precision.BFLOAT16), (PixelRange.SIGNED, Precision.BFLOAT16)),
    ],
)
def test_what_a_request_leaves_open_is_decided_by_its_recipe(
    small: Engine, recipe: str, asked: tuple[PixelRange, Precision], used: tuple[PixelRange | None, Precision]
) -> None:
    (made,) = patterns(small, Request("conv2d_1", (0,), RECIPES[recipe].with_(size=16, steps=1), *asked))
    assert (made.pixel_range, made.precision) == used


def test_requests_that_differ_in_size_or_seed_share_what_was_compiled(small: Engine) -> None:
    for change in ({"size": 16}, {"size": 24}, {"seed": 3}):
        patterns(small, Request("conv2d_1", (0,), QUICK.with_(**change)))
    assert len(small._compiled) == 1
    patterns(small, Request("conv2d_1", (0,), QUICK.with_(steps=2)))
    assert len(small._compiled) == 2


def test_many_filters_are_made_in_batches_that_fit_the_memory(family_files: dict[str, Path]) -> None:
    settings = Settings(batch_bytes=3 * 16 * 16 * 4 * (3 + 4) * 2)
    with open_model(family_files["keras_2_1.h5"], settings) as model:
        events = list(Engine(model, settings).run(Request("conv2d_1", (3, 0, 2), QUICK)))
    assert [event.filter for event in events if isinstance(event, Pattern)] == [3, 0, 2]
    assert [event.filters for event in events if isinstance(event, Progress)] == [(3, 0), (2,)]


def test_stopping_shows_the_tiles_as_they_were_left(small: Engine) -> None:
    steps = iter([False, False, False, True])
    events: list[object] = []
    run = small.run(Request("conv2d_2", (0,), CLASSIC), stop=lambda: next(steps))

    def take_all() -> None:
        for event in run:
            events.append(event)

    with pytest.raises(Stopped, match="Stopped after 3 of 40 steps"):
        take_all()
    assert isinstance(events[-1], Progress)
    assert events[-1].step == 3


def test_a_dense_layer_gets_tiles_of_the_networks_own_size(small: Engine) -> None:
    made = patterns(small, Request("dense_1", (0, 1), RECIPES["natural"].with_(steps=4)))
    assert {pattern.tile.shape for pattern in made} == {(16, 16, 3)}


def test_tiles_too_small_for_the_layer_are_refused_with_the_size_that_would_do(tmp_path: Path) -> None:
    layers = keras_files.keras_2_layers()
    for layer in layers:
        if "padding" in layer["config"]:
            layer["config"]["padding"] = "valid"
    weights = dict(keras_files.weights_of(("conv2d_1", "conv2d_2", "dense_1")))
    flat = 5 * 5 * keras_files.SECOND
    weights["dense_1"] = [(name, array[:flat] if array.ndim == 2 else array) for name, array in weights["dense_1"]]
    path = keras_files.write_h5(tmp_path / "valid.h5", {"class_name": "Sequential", "config": layers}, weights)
    with open_model(path, Settings()) as model, pytest.raises(BadRequest, match="at least 8 pixels"):
        patterns(Engine(model, Settings()), Request("conv2d_2", (0,), CLASSIC.with_(size=7)))


@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")  # Keras's own way of saving
def test_tiles_whose_branches_do_not_meet_are_refused_with_the_next_size_that_would_do(tmp_path: Path) -> None:
    picture = keras.Input((32, 32, 3))
    before = keras.layers.Conv2D(4, 3, padding="same", name="before")(picture)
    around = keras.layers.UpSampling2D(4)(keras.layers.MaxPooling2D(4)(before))
    met = keras.layers.Conv2D(2, 3, padding="same", name="met")(keras.layers.Concatenate()([before, around]))
    keras.Model(picture, met).save(tmp_path / "unet.keras")
    with open_model(tmp_path / "unet.keras", Settings()) as model:
        engine = Engine(model, Settings())
        with pytest.raises(BadRequest, match=r"Tiles of 18 pixels do not fit the layer 'met'.* Choose 20 pixels\."):
            patterns(engine, Request("met", (0,), CLASSIC.with_(size=18, steps=1)))
        assert patterns(engine, Request("met", (0,), CLASSIC.with_(size=20, steps=1)))[0].tile.shape == (20, 20, 3)
        assert patterns(engine, Request("before", (0,), CLASSIC.with_(size=18, steps=1)))[0].tile.shape == (18, 18, 3)


def test_start_pictures_of_the_wrong_shape_are_refused(small: Engine) -> None:
    with pytest.raises(BadRequest, match=r"\[1, 8, 8, 3\], but this request needs \[1, 16, 16, 3\]"):
        patterns(small, Request("conv2d_1", (0,), QUICK), start=np.zeros((1, 8, 8, 3), np.float32))


@pytest.mark.parametrize("layer", ["conv2d_2", "dense_1"])
def test_several_pictures_of_a_filter_share_a_tile(small: Engine, layer: str) -> None:
    """The texture of a Dense unit's images is read from the last layer before it that has places."""
    (made,) = patterns(small, Request(layer, (1,), RECIPES["natural"].with_(size=16, steps=8, pictures=4)))
    assert made.tile.shape == (36, 36, 3)
    assert len(made.responses) == 4
    assert len({picture.tobytes() for picture in split(made.tile, 4)}) == 4


def test_several_pictures_of_a_filter_are_less_alike_than_those_of_as_many_seeds() -> None:
    """On the cats-and-dogs network, by what its own layer makes of them."""
    recipe, filters, layer = RECIPES["natural"].with_(size=48, steps=32), (3, 9, 17, 30), "conv2d_3"
    with open_model(FOLDER / DEMO / f"{DEMO}.h5", Settings()) as model:
        engine = Engine(model, Settings())
        together = patterns(engine, Request(layer, filters, recipe.with_(pictures=4)))
        seeds = [patterns(engine, Request(layer, filters, recipe.with_(seed=seed))) for seed in range(4)]
        network = build(model, layer, pre_activation=True)
        units = PixelScaling.of(model.spec.pixel_range, 3)

        def likeness(pictures: list[np.ndarray]) -> float:
            values = units.from_unit(tf.constant(np.stack(pictures), tf.float32) / 255)
            return float(mean_similarity(gram(network(values)), 4).numpy().mean())

        pairs = []
        for at, pattern in enumerate(together):
            pairs.append((likeness(split(pattern.tile, 4)), likeness([run[at].tile for run in seeds])))
    unlike, alike = np.mean(pairs, axis=0)
    assert unlike < alike - 0.2, pairs


def test_several_pictures_that_do_not_fit_together_are_refused(family_files: dict[str, Path]) -> None:
    settings = Settings(batch_bytes=10**6)
    with (
        open_model(family_files["keras_2_1.h5"], settings) as model,
        pytest.raises(BadRequest, match=r"9 different images of 64 x 64 pixels .* fewer images\."),
    ):
        patterns(Engine(model, settings), Request("conv2d_1", (0,), RECIPES["natural"].with_(size=64, pictures=9)))


def test_start_pictures_are_refused_where_several_are_made_of_a_filter(small: Engine) -> None:
    request = Request("conv2d_1", (0,), RECIPES["natural"].with_(size=16, pictures=4))
    with pytest.raises(BadRequest, match="one image is made of each filter"):
        patterns(small, request, start=np.zeros((1, 16, 16, 3), np.float32))


@pytest.mark.parametrize("recipe", ["classic", "natural"])
def test_weights_that_are_no_numbers_are_flagged_and_spare_the_other_filters(recipe: str, tmp_path: Path) -> None:
    with open_model(keras_files.with_nan(tmp_path / "nan.h5", "conv2d_2", 2), Settings()) as model:
        made = patterns(
            Engine(model, Settings()), Request("conv2d_2", (1, 2, 3), RECIPES[recipe].with_(size=16, steps=3))
        )
    flagged = {pattern.filter: Flag.NOT_FINITE in pattern.flags for pattern in made}
    assert flagged == {1: False, 2: True, 3: False}
    grey = next(pattern for pattern in made if pattern.filter == 2)
    assert np.unique(grey.tile).tolist() == [128]


def test_weights_that_are_no_numbers_spare_several_pictures_of_other_filters(tmp_path: Path) -> None:
    """All channels of the layer say what a texture is: one that is NaN must not make every likeness NaN."""
    recipe = RECIPES["natural"].with_(size=16, steps=16, pictures=4)
    with open_model(keras_files.with_nan(tmp_path / "nan.h5", "conv2d_2", 2), Settings()) as model:
        sound, broken = patterns(Engine(model, Settings()), Request("conv2d_2", (1, 2), recipe))[::-1]
    assert broken.tile.shape == sound.tile.shape
    assert broken.flags == (Flag.NOT_FINITE,)
    assert np.isnan(broken.responses).tolist() == [True] * 4
    assert sound.response_end > 1.2 * sound.response_start > 0
