"""How good the patterns of ``natural`` are for their time, compared with Lucid's recipe and with ``classic``.

    python -m benchmarks.quality VGG16_WEIGHTS.h5 [MODEL ...] [--filters 8] [--steps 512] [--only lucid|robust|diverse]

*Lucid*: its recipe (Fourier coefficients, decorrelated colours, Adam 0.05, its standard transformations, one tile
after another, float32) runs for ``--steps`` steps. The mean pre-activation that its patterns reach is the target, and
the time is measured in which ``natural`` reaches 90 % of it. The contrast of Lucid's patterns is not limited, and a
pattern of higher contrast excites a filter more; all of ours have the same contrast. So the comparison is made twice
more: with Lucid's patterns brought to our contrast, and with patterns of ours made at Lucid's. The fraction of the
target is taken filter by filter, and the mean of these fractions has to reach 90 %.

*Robust*: how much of a filter's response remains when its finished pattern is shifted, rotated and scaled in ways that
the optimisation never saw, for ``natural`` and for ``classic`` in the same time. The further files, Keras models of any
kind, are used in this and in the last comparison. Beyond the border the pattern is mirrored, for both.

*Diverse*: how similar four patterns of one filter are (the mean cosine of the Gram matrices of its layer's outputs; 1
means that they are the same), made together so that they differ, and made separately from four seeds, and how much
response the difference costs.

Lucid: https://github.com/tensorflow/lucid, Apache-2.0; the defaults of ``optvis.render``, rewritten for TensorFlow 2.
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
from filterviz.engine.objectives import channel_mean, gram, mean_similarity, own_channel, response
from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.recipes.classic import ClassicAscent
from filterviz.engine.recipes.natural import NaturalRecipe
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import RECIPES, LayerSpec, Recipe, Request

SHARE = 0.9
"""Of the mark: what natural has to reach."""

LADDER = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)
"""How many steps natural is given, until it reaches the share."""

HELD_OUT = 20_240_229
"""Seed of the views by which patterns are judged; the optimisation uses the seed of the run, 0."""

SHIFT, TURN, ZOOM = 1 / 8, 15.0, 0.15
"""Of the side; degrees; share. Either way."""

LUCID_LAYERS = ("block4_conv1", "block5_conv1")
FOUR = 4
"""Images of one filter."""

ROBUST_LAYERS = ("block2_conv1", "block4_conv1", "block5_conv1")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("models", type=Path, nargs="*")
    parser.add_argument("--filters", type=int, default=8)
    parser.add_argument("--steps", type=int, default=512, help="of Lucid's recipe")
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--views", type=int, default=32, help="number of views by which a finished pattern is judged")
    parser.add_argument("--only", choices=("lucid", "robust", "diverse"))
    arguments = parser.parse_args()
    with open_model(arguments.weights, Settings(), "vgg16") as vgg16:
        if arguments.only in (None, "lucid"):
            print("natural against Lucid's recipe")
            for layer in map(vgg16.spec.layer, LUCID_LAYERS):
                against_lucid(vgg16, layer, arguments.filters, arguments.steps, arguments.size)
        if arguments.only in (None, "robust"):
            print("response under unseen views, relative to the unchanged pattern: medians over the filters")
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
            print("four patterns of a filter, their similarity and the response to them: medians over the filters")
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
    """A number of a layer's filters, spread from the first to the last."""
    channels = layer.channels or 1
    return tuple(int(channel) for channel in np.linspace(0, channels - 1, min(count, channels)))


def three_of(model: OpenedModel) -> list[LayerSpec]:
    """The first, the middle and the last convolution that can be shown."""
    layers = [layer for layer in model.spec.visualisable if layer.rebuilt_as == "Conv2D"]
    return [layers[index] for index in sorted({0, len(layers) // 2, len(layers) - 1})] if layers else []


class Judge:
    """The responses of filters before their activation, in float32 whatever precision a pattern was made in."""

    def __init__(self, network: Network, filters: Sequence[int]) -> None:
        self._network = network
        self._filters = tf.constant(filters, tf.int32)
        self._answers = tf.function(
            lambda values: own_channel(self._network(values, self._filters)), reduce_retracing=True, autograph=False
        )

    def mean(self, values: tf.Tensor) -> NDArray[np.float64]:
        """The mean pre-activation of each filter for its own pattern, which is given in the network's units."""
        return np.asarray(channel_mean(self._answers(tf.cast(values, tf.float32))).numpy(), np.float64)

    def response(self, values: tf.Tensor) -> NDArray[np.float64]:
        """The mean of the responses after a ReLU."""
        return np.asarray(response(self._answers(tf.cast(values, tf.float32))).numpy(), np.float64)


@dataclass(frozen=True, slots=True)
class Made:
    """Finished patterns in the network's own units, and the seconds they took after the recipe was compiled."""

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
    """Make patterns with ``natural``, at a contrast that need not be its own."""
    engine = Engine(model, Settings())
    recipe_given = Recipe("natural", size=max(sides), steps=steps)
    network, recipe = engine._compile(engine._conditions(Request(layer, filters, recipe_given)))
    assert isinstance(recipe, NaturalRecipe)
    compiling = recipe.begin(filters, sides, 0)
    compiling.step(), compiling.render()
    began = time.perf_counter()
    ascent = recipe.begin(filters, sides, 0)
    spectra, _contrast, *moments = ascent.tensors
    ascent.tensors = (spectra, tf.fill([len(filters)], contrast), *moments)
    for _ in range(steps):
        ascent.step()
    pictures = ascent.render()
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
    print(f"  contrast of Lucid's patterns: {loud:.2f} ({parametrisation.CONTRAST} is ours)")
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
    """The mean of the filters' fractions of the target. Filters whose target is below zero are left out."""
    return float(np.mean((reached / mark)[mark > 0]))


def colours(logits: tf.Tensor) -> tf.Tensor:
    """Decorrelated logits ``[n, height, width, 3]`` as images in 0-1. Lucid's matrix is ours."""
    return tf.sigmoid(tf.einsum("nhwc,cd->nhwd", logits, parametrisation.colour_matrix(3)))


class Lucid:
    """``lucid.optvis.render.render_vis`` of one channel with its defaults.

    Args:
        network: Network that gives the layer's pre-activation.
        units: Scaling of the network's pixels.
        size: Side of the patterns in pixels.
    """

    def __init__(self, network: Network, units: PixelScaling, size: int) -> None:
        self._network = network
        self._units = units
        self._size = size
        # Scaled as in ``param.fft_image``, with the same weights of the frequencies as ours.
        self._scale = tf.constant(parametrisation.frequency_weights(size, size) * size, tf.complex64)
        self._spectrum = tf.Variable(tf.zeros((2, 1, 3, size, size // 2 + 1)))
        self._optimiser = keras.optimizers.Adam(0.05)
        self._optimiser.build([self._spectrum])
        self._fresh = [variable.numpy() for variable in self._optimiser.variables]
        self._step = tf.function(self._ascend, autograph=False)
        # The first step compiles and is not counted.
        self._step(tf.constant([0]))

    def render(self, channel: int, steps: int) -> tuple[tf.Tensor, float]:
        """The decorrelated logits of the finished pattern ``[1, height, width, 3]``, and the seconds it took."""
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
    """Lucid's ``standard_transforms``: pad 12, jitter 8, scale by 0.9 to 1.1, rotate by up to 10 degrees, jitter 4."""
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
    """Run as many steps of ``classic`` as fit into the time. Its patterns are in the network's units already."""
    engine = Engine(model, Settings())
    _, recipe = engine._compile(engine._conditions(Request(layer, filters, RECIPES["classic"])))
    assert not isinstance(recipe, NaturalRecipe)
    recipe.begin(filters, sides, 0).step()
    began = time.perf_counter()
    ascent = recipe.begin(filters, sides, 0)
    assert isinstance(ascent, ClassicAscent)
    while time.perf_counter() - began < seconds:
        ascent.step()
    return Made(ascent.images, time.perf_counter() - began)


def kept(judge: Judge, values: tf.Tensor, views: int) -> NDArray[np.float64]:
    """The mean response over unseen views, divided by that to the unchanged pattern; NaN where that is not positive."""
    values = tf.cast(values, tf.float32)
    whole = judge.response(values)
    height, width = values.shape[1:3]
    limits = np.array([np.radians(TURN), ZOOM, SHIFT, SHIFT])
    drawn = np.random.default_rng(HELD_OUT).uniform(-limits, limits, (views, 4))
    seen = np.zeros_like(whole)
    for angle, zoom, down, right in drawn:
        # Enlarged by 1 + zoom: each position shows one that is nearer to the centre.
        step = 1 / (1 + zoom)
        turn = tf.constant([step * np.cos(angle), step * np.sin(angle), down * height, right * width], tf.float32)
        matrix = affine(turn, float(height), float(width))
        seen += judge.response(resampled(values, matrix, (height, width), "BILINEAR", "REFLECT")) / views
    return np.where(whole > 0, seen / np.where(whole > 0, whole, 1), np.nan)


# ------------------------------------------------------------------------------------------------------------- diverse


def diverse(name: str, model: OpenedModel, layer: LayerSpec, count: int, size: int) -> None:
    filters = spread(layer, count)
    engine = Engine(model, Settings())
    network, _ = engine._compile(engine._conditions(Request(layer.name, filters)))
    sides = network.input_size or (network.next_size(size) or size,) * 2
    # One filter after the other, so that networks of any size fit into memory.
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
    """Four patterns of a filter in the network's own units, and its responses to them."""
    made, responses = [], []
    for seed in range(FOUR // pictures):
        given = Recipe("natural", size=max(sides), seed=seed, pictures=pictures)
        network, recipe = engine._compile(engine._conditions(Request(layer.name, (channel,), given)))
        assert isinstance(recipe, NaturalRecipe)
        ascent = recipe.begin((channel,), sides, seed)
        for _ in range(given.steps):
            ascent.step()
        made.append(ascent.render())
        responses.append(ascent.responses())
    values = PixelScaling.of(engine._model.spec.pixel_range, network.input_channels).from_unit(tf.concat(made, 0))
    return values, np.concatenate(responses)


def likeness(network: Network, values: tf.Tensor) -> float:
    """The similarity of four patterns of one filter."""
    _, features = network.with_features(values, tf.constant([0]))
    return float(tf.reduce_mean(mean_similarity(gram(features), FOUR)).numpy())


def affine(turn: tf.Tensor, height: tf.Tensor | float, width: tf.Tensor | float) -> tf.Tensor:
    """The projective map ``[1, 8]`` from each position of the result: rotated about the centre, then shifted."""
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
