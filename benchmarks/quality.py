"""How good the pictures of ``natural`` are for their time: against Lucid's recipe, and against ``classic``.

    python -m benchmarks.quality VGG16_WEIGHTS.h5 [MODEL ...] [--filters 8] [--steps 512] [--only lucid|robust|diverse]

*Lucid*: its recipe (Fourier coefficients, decorrelated colours, Adam 0.05, its standard transformations, one tile
after another, float32) takes ``--steps`` steps; the mean pre-activation its pictures reach is the mark, and the time in
which ``natural`` gets to 90 % of it is looked for. Lucid's pictures may become as loud as they like, and a loud picture
excites a filter more; ours all have one contrast. So the comparison is made twice more: with the same pictures of
Lucid's at our contrast, and with pictures of ours made at Lucid's. The share of the mark is taken filter by filter, and
the mean of these shares has to reach 90 %.

*Robust*: what is left of a filter's response, when its finished picture is shifted, turned and scaled in ways that no
optimisation saw, for ``natural`` and for ``classic`` in the same time. The further files, Keras models of any kind,
take part in this and in the last. What comes into view beyond the border is the picture's mirror image, for both.

*Diverse*: how alike four pictures of one filter are (the mean cosine of the Gram matrices that its layer makes of them,
1 is all the same), made together to differ and made apart from four seeds, and what the difference costs in response.

Lucid: https://github.com/tensorflow/lucid, Apache-2.0; the defaults of ``optvis.render`` written anew for TensorFlow 2.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from filterviz.engine import parametrisation
from filterviz.engine.engine import Engine
from filterviz.engine.network import Network, build
from filterviz.engine.objectives import channel_mean, gram, own_channel, response, sameness
from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.recipes.natural import Natural
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import RECIPES, LayerSpec, Recipe, Request

SHARE = 0.9
"""Of the mark: what natural has to reach."""

LADDER = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)
"""How many steps natural is given, until it reaches the share."""

HELD_OUT = 20_240_229
"""Seed of the views that pictures are judged by; those of the optimisation come from the run's, 0."""

SHIFT, TURN, ZOOM = 1 / 8, 15.0, 0.15
"""Of the side; degrees; share. Either way."""

LUCID_LAYERS = ("block4_conv1", "block5_conv1")
FOUR = 4
"""Pictures of one filter."""

ROBUST_LAYERS = ("block2_conv1", "block4_conv1", "block5_conv1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("models", type=Path, nargs="*")
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--steps", type=int, default=512, help="of Lucid's recipe")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--views", type=int, default=32, help="a finished picture is judged by")
    parser.add_argument("--only", choices=("lucid", "robust", "diverse"))
    arguments = parser.parse_args()
    with open_model(arguments.weights, Settings(), "vgg16") as vgg16:
        if arguments.only in (None, "lucid"):
            print("natural against Lucid's recipe")
            for layer in map(vgg16.spec.layer, LUCID_LAYERS):
                against_lucid(vgg16, layer, arguments.filters, arguments.steps, arguments.size)
        if arguments.only in (None, "robust"):
            print("response left under unseen views, of that to the picture as it is: medians of the filters")
            print(f"{'model':28}{'layer':22}{'seconds':>8}{'natural':>9}{'classic':>9}{'natural / classic':>19}")
            for layer in map(vgg16.spec.layer, ROBUST_LAYERS):
                robust("VGG16", vgg16, layer, arguments.filters, arguments.size, arguments.views)
            each_of(
                arguments.models,
                lambda name, model, layer: robust(
                    name, model, layer, arguments.filters, arguments.size, arguments.views
                ),
            )
        if arguments.only in (None, "diverse"):
            print("four pictures of a filter, how alike they are and what they excite: medians of the filters")
            print(f"{'model':28}{'layer':22}{'together':>9}{'apart':>8}{'response kept: mean':>21}{'least':>7}")
            for layer in map(vgg16.spec.layer, ROBUST_LAYERS):
                diverse("VGG16", vgg16, layer, arguments.filters, arguments.size)
            each_of(
                arguments.models,
                lambda name, model, layer: diverse(name, model, layer, arguments.filters, arguments.size),
            )


def each_of(paths: Sequence[Path], measure: Callable[[str, OpenedModel, LayerSpec], None]) -> None:
    """Measure three layers of each file."""
    for path in paths:
        with open_model(path, Settings()) as model:
            for layer in three_of(model):
                measure(path.name, model, layer)


def spread(layer: LayerSpec, count: int) -> tuple[int, ...]:
    """So many of a layer's filters, from the first to the last."""
    channels = layer.channels or 1
    return tuple(int(channel) for channel in np.linspace(0, channels - 1, min(count, channels)))


def three_of(model: OpenedModel) -> list[LayerSpec]:
    """The first, the middle and the last convolution that can be shown."""
    layers = [layer for layer in model.spec.visualisable if layer.rebuilt_as == "Conv2D"]
    return [layers[index] for index in sorted({0, len(layers) // 2, len(layers) - 1})] if layers else []


class Judge:
    """What filters answer, before their activation and in float32, whatever a picture was made in."""

    def __init__(self, network: Network, filters: Sequence[int]) -> None:
        self._network = network
        self._filters = tf.constant(filters, tf.int32)
        self._answers = tf.function(
            lambda values: own_channel(self._network(values, self._filters)), reduce_retracing=True, autograph=False
        )

    def mean(self, values: tf.Tensor) -> NDArray[np.float64]:
        """Of each filter, to its own picture in the network's units: the mean pre-activation."""
        return np.asarray(channel_mean(self._answers(tf.cast(values, tf.float32))).numpy(), np.float64)

    def response(self, values: tf.Tensor) -> NDArray[np.float64]:
        """The mean of what is above zero."""
        return np.asarray(response(self._answers(tf.cast(values, tf.float32))).numpy(), np.float64)


@dataclass(frozen=True, slots=True)
class Made:
    """Finished pictures in the network's own units, and the seconds they took once the recipe was compiled."""

    values: tf.Tensor
    seconds: float


def natural(
    model: OpenedModel,
    layer: str,
    filters: tuple[int, ...],
    sides: tuple[int, int],
    steps: int = RECIPES["natural"].steps,
    contrast: float = parametrisation.CONTRAST,
) -> Made:
    """What natural makes, at a contrast that need not be its own."""
    engine = Engine(model, Settings())
    recipe_given = Recipe("natural", size=max(sides), steps=steps)
    network, recipe = engine._prepare(engine._conditions(Request(layer, filters, recipe_given)))
    assert isinstance(recipe, Natural)
    compiling = recipe.begin(filters, sides, 0)
    compiling.step(), recipe.render(compiling._state[0], sides, compiling._state[1])
    began = time.perf_counter()
    ascent = recipe.begin(filters, sides, 0)
    spectra, _contrast, *moments = ascent._state
    ascent._state = (spectra, tf.fill([len(filters)], contrast), *moments)
    for _ in range(steps):
        ascent.step()
    pictures = recipe.render(ascent._state[0], sides, ascent._state[1])
    seconds = time.perf_counter() - began
    return Made(PixelScaling.of(model.spec.pixel_range, network.input_channels).from_unit(pictures), seconds)


# --------------------------------------------------------------------------------------------------------------- Lucid


def against_lucid(model: OpenedModel, layer: LayerSpec, count: int, steps: int, size: int) -> None:
    filters = spread(layer, count)
    network = build(model, layer.name, pre_activation=True)
    units = PixelScaling.of(model.spec.pixel_range, network.input_channels)
    judge = Judge(network, filters)
    lucid = Lucid(network, units, size)
    made = [lucid.render(channel, steps) for channel in filters]
    logits = tf.concat([tile for tile, _ in made], 0)
    lucid_seconds = sum(seconds for _, seconds in made)
    loudness = np.sqrt(np.mean(np.square(logits.numpy()), axis=(1, 2, 3)))
    held = logits / tf.reshape(tf.constant(loudness, tf.float32), [-1, 1, 1, 1]) * parametrisation.CONTRAST
    loud = float(np.median(loudness))
    print(f"{layer.name}, {len(filters)} filters, {size} px: Lucid's recipe, {steps} steps: {lucid_seconds:.1f} s")
    print(f"  contrast of Lucid's pictures: {loud:.2f} ({parametrisation.CONTRAST} is ours)")
    for name, contrast, mark in (
        (
            "ours as it is, Lucid's as loud as it likes",
            parametrisation.CONTRAST,
            judge.mean(units.from_unit(colours(logits))),
        ),
        ("both at our contrast", parametrisation.CONTRAST, judge.mean(units.from_unit(colours(held)))),
        ("both at Lucid's contrast", loud, judge.mean(units.from_unit(colours(logits)))),
    ):
        shares: dict[int, float] = {}
        seconds: dict[int, float] = {}
        for given in LADDER:
            made_ours = natural(model, layer.name, filters, (size, size), given, contrast)
            shares[given] = share_of(judge.mean(made_ours.values), mark)
            seconds[given] = made_ours.seconds
            if shares[given] >= SHARE and given >= RECIPES["natural"].steps:
                break
        enough = [given for given, share in shares.items() if share >= SHARE]
        best = enough[0] if enough else max(shares, key=lambda given: shares[given])
        verdict = "reached" if enough else f"{SHARE:.0%} NOT reached; at best"
        print(
            f"  {name + ':':44}{verdict} {shares[best]:.0%} of its response after {best} steps, {seconds[best]:.2f} s: "
            f"{lucid_seconds / seconds[best]:.1f}x faster"
        )
        if (mark <= 0).any():
            print(f"  {'':44}left out: {np.sum(mark <= 0)} filters whose mark is below zero")
        usual = RECIPES["natural"].steps
        if usual != best:
            print(f"  {'':44}the usual {usual} steps: {shares[usual]:.0%} in {seconds[usual]:.2f} s")
    print(end="", flush=True)


def share_of(reached: NDArray[np.float64], mark: NDArray[np.float64]) -> float:
    """The mean of the filters' shares. Of a mark below zero nothing can be a share; such a filter is left out."""
    return float(np.mean((reached / mark)[mark > 0]))


def colours(logits: tf.Tensor) -> tf.Tensor:
    """Decorrelated logits ``[n, height, width, 3]`` as pictures in 0-1. Lucid's matrix is ours."""
    return tf.sigmoid(tf.einsum("nhwc,cd->nhwd", logits, parametrisation.colour_matrix(3)))


class Lucid:
    """``lucid.optvis.render.render_vis`` of one channel with its defaults.

    Args:
        network: answers with the layer's pre-activation.
        units: the network's.
        size: side of the pictures.
    """

    def __init__(self, network: Network, units: PixelScaling, size: int) -> None:
        self._network = network
        self._units = units
        self._size = size
        # As ``param.fft_image`` scales them; the frequencies' weights are those that ours have.
        self._scale = tf.constant(parametrisation.spectrum_scale(size, size) * size, tf.complex64)
        self._spectrum = tf.Variable(tf.zeros((2, 1, 3, size, size // 2 + 1)))
        self._optimiser = keras.optimizers.Adam(0.05)
        self._optimiser.build([self._spectrum])
        self._fresh = [variable.numpy() for variable in self._optimiser.variables]
        self._step = tf.function(self._ascend, autograph=False)
        # The first step compiles, and does not count.
        self._step(tf.constant([0]))

    def render(self, channel: int, steps: int) -> tuple[tf.Tensor, float]:
        """The decorrelated logits of the finished picture ``[1, height, width, 3]``, and the seconds it took."""
        tf.random.set_seed(channel)
        index = tf.constant([channel])
        for variable, value in zip(self._optimiser.variables, self._fresh, strict=True):
            variable.assign(value)
        self._spectrum.assign(tf.random.normal(self._spectrum.shape, stddev=0.01))
        began = time.perf_counter()
        for _ in range(steps):
            self._step(index)
        return self._logits(), time.perf_counter() - began

    def _logits(self) -> tf.Tensor:
        spectrum = tf.complex(self._spectrum[0], self._spectrum[1]) * self._scale
        values = tf.signal.irfft2d(spectrum, fft_length=[self._size, self._size])
        return tf.transpose(values, [0, 2, 3, 1]) / 4

    def _ascend(self, index: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            seen = transformed(colours(self._logits()))
            loss = -channel_mean(own_channel(self._network(self._units.from_unit(seen), index)))
        self._optimiser.apply([tape.gradient(loss, self._spectrum)], [self._spectrum])


def transformed(pictures: tf.Tensor) -> tf.Tensor:
    """Lucid's ``standard_transforms``: pad 12, jitter 8, scale by 0.9 to 1.1, turn by up to 10 degrees, jitter 4."""
    padded = tf.pad(pictures, [(0, 0), (12, 12), (12, 12), (0, 0)], constant_values=0.5)
    jittered = jitter(padded, 8)
    scale = tf.constant([1 + (step - 5) / 50 for step in range(11)])[tf.random.uniform((), 0, 11, tf.int32)]
    sides = tf.cast(scale * tf.cast(tf.shape(jittered)[1:3], tf.float32), tf.int32)
    scaled = tf.image.resize(jittered, sides)
    angles = [*range(-10, 11), *5 * [0]]
    angle = tf.constant(angles, tf.float32)[tf.random.uniform((), 0, len(angles), tf.int32)] * (np.pi / 180)
    height, width = tf.unstack(tf.cast(sides, tf.float32))
    matrix = affine(tf.stack([tf.cos(angle), tf.sin(angle), 0.0, 0.0]), height, width)
    turned = resampled(scaled, matrix, sides, "NEAREST", "CONSTANT")
    return tf.ensure_shape(jitter(turned, 4), [1, None, None, 3])


def jitter(pictures: tf.Tensor, by: int) -> tf.Tensor:
    shape = tf.shape(pictures)
    return tf.image.random_crop(pictures, shape - [0, by, by, 0])


# -------------------------------------------------------------------------------------------------------------- robust


def robust(name: str, model: OpenedModel, layer: LayerSpec, count: int, size: int, views: int) -> None:
    filters = spread(layer, count)
    network = build(model, layer.name, pre_activation=True)
    judge = Judge(network, filters)
    sides = network.input_size or (network.next_size(size) or size,) * 2
    ours = natural(model, layer.name, filters, sides)
    theirs = classic_for(model, layer.name, filters, sides, ours.seconds)
    kept_natural, kept_classic = (kept(judge, made.values, views) for made in (ours, theirs))
    natural_share, classic_share = np.nanmedian(kept_natural), np.nanmedian(kept_classic)
    silent = {"natural": np.isnan(kept_natural).sum(), "classic": np.isnan(kept_classic).sum()}
    notes = "".join(f"  {number} silent in {recipe}" for recipe, number in silent.items() if number)
    print(
        f"{name[:26]:28}{layer.name[:20]:22}{ours.seconds:8.2f}{natural_share:9.2f}{classic_share:9.2f}"
        f"{natural_share / classic_share:18.2f}x{notes}",
        flush=True,
    )


def classic_for(
    model: OpenedModel, layer: str, filters: tuple[int, ...], sides: tuple[int, int], seconds: float
) -> Made:
    """As many steps of classic as fit into the time. Its pictures are in the network's units already."""
    engine = Engine(model, Settings())
    _, recipe = engine._prepare(engine._conditions(Request(layer, filters, RECIPES["classic"])))
    assert not isinstance(recipe, Natural)
    recipe.begin(filters, sides, 0).step()
    began = time.perf_counter()
    ascent = recipe.begin(filters, sides, 0)
    while time.perf_counter() - began < seconds:
        ascent.step()
    return Made(ascent._pictures, time.perf_counter() - began)


def kept(judge: Judge, values: tf.Tensor, views: int) -> NDArray[np.float64]:
    """The mean response over unseen views by that to the picture as it is; NaN for a filter silent on that."""
    values = tf.cast(values, tf.float32)
    whole = judge.response(values)
    height, width = values.shape[1:3]
    limits = np.array([np.radians(TURN), ZOOM, SHIFT, SHIFT])
    drawn = np.random.default_rng(HELD_OUT).uniform(-limits, limits, (views, 4))
    seen = np.zeros_like(whole)
    for angle, zoom, down, right in drawn:
        # Made larger by 1 + zoom: what is seen at a place comes from one nearer to the middle.
        step = 1 / (1 + zoom)
        turn = tf.constant([step * np.cos(angle), step * np.sin(angle), down * height, right * width], tf.float32)
        matrix = affine(turn, float(height), float(width))
        seen += judge.response(resampled(values, matrix, (height, width), "BILINEAR", "REFLECT")) / views
    return np.where(whole > 0, seen / np.where(whole > 0, whole, 1), np.nan)


# ------------------------------------------------------------------------------------------------------------- diverse


def diverse(name: str, model: OpenedModel, layer: LayerSpec, count: int, size: int) -> None:
    filters = spread(layer, count)
    engine = Engine(model, Settings())
    network, _ = engine._prepare(engine._conditions(Request(layer.name, filters)))
    sides = network.input_size or (network.next_size(size) or size,) * 2
    # One filter after the other, so that networks of any size fit.
    together = [ends(engine, layer, channel, sides, FOUR) for channel in filters]
    apart = [ends(engine, layer, channel, sides, 1) for channel in filters]
    alike = [float(np.median([likeness(network, made) for made, _ in way])) for way in (together, apart)]
    reached, possible = (np.array([responses for _, responses in way]) for way in (together, apart))
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = reached / np.median(possible, axis=1, keepdims=True)
    print(
        f"{name[:26]:28}{layer.name[:20]:22}{alike[0]:9.2f}{alike[1]:8.2f}"
        f"{np.nanmedian(shares.mean(axis=1)):21.2f}{np.nanmedian(shares.min(axis=1)):7.2f}",
        flush=True,
    )


def ends(
    engine: Engine, layer: LayerSpec, channel: int, sides: tuple[int, int], pictures: int
) -> tuple[tf.Tensor, NDArray[np.float32]]:
    """Four pictures of a filter in the network's own units, and its responses to them."""
    made, responses = [], []
    for seed in range(FOUR // pictures):
        given = Recipe("natural", size=max(sides), seed=seed, pictures=pictures)
        network, recipe = engine._prepare(engine._conditions(Request(layer.name, (channel,), given)))
        assert isinstance(recipe, Natural)
        ascent = recipe.begin((channel,), sides, seed)
        for _ in range(given.steps):
            ascent.step()
        made.append(recipe.render(ascent._state[0], sides, ascent._state[1]))
        responses.append(ascent.responses())
    values = PixelScaling.of(engine._model.spec.pixel_range, network.input_channels).from_unit(tf.concat(made, 0))
    return values, np.concatenate(responses)


def likeness(network: Network, values: tf.Tensor) -> float:
    """How alike four pictures of one filter are."""
    _, features = network.with_features(values, tf.constant([0]))
    return float(tf.reduce_mean(sameness(gram(features), FOUR)).numpy())


def affine(turn: tf.Tensor, height: tf.Tensor | float, width: tf.Tensor | float) -> tf.Tensor:
    """Where each place of the result comes from: turned about the middle, then shifted. ``[1, 8]``."""
    cosine, sine, down, right = tf.unstack(turn)
    middle_row, middle_column = (height - 1) / 2, (width - 1) / 2
    first = [cosine, -sine, middle_column - cosine * middle_column + sine * middle_row + right]
    second = [sine, cosine, middle_row - sine * middle_column - cosine * middle_row + down]
    return tf.stack([*first, *second, 0.0, 0.0])[tf.newaxis]


def resampled(
    pictures: tf.Tensor, matrix: tf.Tensor, sides: tf.Tensor | tuple[int, int], interpolation: str, beyond: str
) -> tf.Tensor:
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=pictures,
        transforms=matrix,
        output_shape=sides,
        fill_value=0.0,
        interpolation=interpolation,
        fill_mode=beyond,
    )


if __name__ == "__main__":
    main()
