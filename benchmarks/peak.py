"""Which fraction of the processor's peak rate of multiplication the convolutions reach.

    python -m benchmarks.peak VGG16_WEIGHTS.h5 [--pairs 5]

Useful operations are counted from the shapes: every convolution once for the forward pass and once for its gradient
with respect to its input; in the last layer only each tile's own filter counts. Their rate during the ascent is divided
by the rate of one large matrix product of the same precision, measured in alternation. ``network`` is the forward pass
and the gradient alone, ``natural`` the whole step of the recipe: the difference is spent on the images themselves.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import tensorflow as tf

from filterviz.engine.network import Network, build
from filterviz.engine.objectives import channel_mean, own_channel
from filterviz.engine.recipes import Conditions
from filterviz.engine.recipes.natural import NaturalRecipe
from filterviz.reader import OpenedModel, open_model
from filterviz.settings import Settings
from filterviz.spec import ModelSpec, Precision, Recipe

LAYERS = ("block3_conv1", "block4_conv1", "block5_conv1")
TARGETS = {"float32": 0.85, "bfloat16": 0.75}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=4, help="in one turn")
    parser.add_argument("--tiles", type=int, default=25)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--side", type=int, default=4096, help="of the matrices")
    parser.add_argument("--layers", nargs="+", default=LAYERS)
    parser.add_argument("--precisions", nargs="+", default=list(TARGETS), choices=TARGETS)
    arguments = parser.parse_args()
    print(f"billions of operations a second; medians of {arguments.pairs} pairs; [least - most of the shares]")
    print(f"{'precision':11}{'layer':14}{'':9}{'ascent':>8}{'product':>9}{'share':>8}  {'spread':15}{'target':>6}")
    with open_model(arguments.weights, Settings(), "vgg16") as model:
        for precision in arguments.precisions:
            multiply = product(arguments.side, precision)
            for layer in arguments.layers:
                work = useful(model.spec, layer, arguments.size) * arguments.tiles
                for name, ascend in ascents(model, layer, precision, arguments.tiles, arguments.size).items():
                    pairs = []
                    # The first turn of each compiles, and does not count.
                    for _ in range(arguments.pairs + 1):
                        rate = work * arguments.steps / seconds(ascend, arguments.steps)
                        pairs.append((rate, 2 * arguments.side**3 / seconds(multiply, 1)))
                    row = told(pairs[1:], TARGETS[precision])
                    print(f"{precision:11}{layer:14}{name:9}{row}", flush=True)


def useful(spec: ModelSpec, layer: str, size: int) -> int:
    """Operations of forward pass and gradient for one tile; this count is right only for plain chains such as VGG16."""
    operations, side = 0, size
    for passed in spec.layers:
        if passed.rebuilt_as == "MaxPooling2D":
            side //= 2
        if passed.rebuilt_as == "Conv2D":
            height, width, channels, filters = passed.weight_shapes[0]
            wanted = 1 if passed.name == layer else filters
            operations += 2 * height * width * channels * wanted * side * side
        if passed.name == layer:
            return 2 * operations
    raise KeyError(layer)


def product(side: int, precision: str) -> Callable[[], object]:
    """A function that multiplies two large matrices."""
    left = tf.cast(tf.random.stateless_normal((side, side), (0, 1)), precision)
    right = tf.cast(tf.random.stateless_normal((side, side), (0, 2)), precision)
    # Only a part of the result is fetched, so that no time is spent on copying it.
    multiply = tf.function(lambda: tf.matmul(left, right)[0, 0], autograph=False)
    return lambda: multiply().numpy()


def ascents(
    model: OpenedModel, layer: str, precision: str, tiles: int, size: int
) -> Mapping[str, Callable[[], object]]:
    """Functions for one step of the network alone, and for one of the whole recipe."""
    network = build(model, layer, pre_activation=True, dtype=precision)
    recipe = NaturalRecipe(
        network, Conditions(layer, Recipe(steps=1_000_000), model.spec.pixel_range, Precision(precision))
    )
    return {"network": alone(network, tiles, size), "natural": recipe.begin(range(tiles), (size, size), 0, None).step}


def alone(network: Network, tiles: int, size: int) -> Callable[[], object]:
    pictures = tf.random.stateless_uniform((tiles, size, size, 3), (0, 3), -100, 100)
    filters = tf.range(tiles)

    def gradient(values: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(values)
            score = channel_mean(own_channel(network(values, filters)))
        return tape.gradient(score, values)

    compiled = tf.function(gradient, autograph=False)
    return lambda: compiled(pictures).numpy()


def seconds(act: Callable[[], object], times: int) -> float:
    began = time.perf_counter()
    for _ in range(times):
        act()
    return time.perf_counter() - began


def told(pairs: list[tuple[float, float]], target: float) -> str:
    """The columns of the results."""
    shares = [ascent / multiplied for ascent, multiplied in pairs]
    ascent, multiplied = (statistics.median(rates) / 1e9 for rates in zip(*pairs, strict=True))
    share = statistics.median(shares)
    spread = f"[{min(shares):.2f} - {max(shares):.2f}]"
    verdict = "reached" if share >= target else "missed"
    return f"{ascent:8.0f}{multiplied:9.0f}{share:8.2f}  {spread:15}{target:6.2f}  {verdict}"


if __name__ == "__main__":
    main()
