"""One program that makes patterns, timed on request: ``speed.py`` starts each in a process of its own.

    python benchmarks/contenders.py NAME LAYER SIZE WEIGHTS

Prints ``ready``. Then, for each number of steps on a line of the input, makes tiles of that many steps for VGG16's
layer and prints the seconds they took per tile and step. Costs that do not depend on the number of steps are not
counted: imports, reading the weights, tracing and compiling. filterviz makes a batch of :data:`OUR_TILES` and is timed
from the start images to the finished tiles, previews included; the others make one tile after another, so
:data:`THEIR_TILES` stand for all and are timed from step to step. The others are asked only for what ``filterviz``
does too.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OUR_TILES = 25
THEIR_TILES = 2

Measure = Callable[[int], float]
"""From a number of steps to the seconds per tile and step."""


@dataclass(frozen=True, slots=True)
class Work:
    """What is made: a layer of VGG16, the side of the tiles in pixels, and the file of the weights."""

    layer: str
    size: int
    weights: str


class Clock:
    """Measures the time of a step; it is stamped once in each."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    def stamp(self) -> None:
        self.stamps.append(time.perf_counter())

    def seconds_per_step(self) -> float:
        """Seconds per step, without the first two stamps, before which functions are traced and memory is allocated."""
        return (self.stamps[-1] - self.stamps[1]) / (len(self.stamps) - 2)


def ours(work: Work, recipe: str, precision: str) -> Measure:
    """The engine, as the dashboard uses it."""
    from filterviz.engine.engine import Engine
    from filterviz.reader import open_model
    from filterviz.settings import Settings
    from filterviz.spec import Precision, Recipe, Request

    engine = Engine(open_model(Path(work.weights), Settings(), "vgg16"), Settings())
    compiled: set[int] = set()

    def seconds(steps: int) -> float:
        wanted = Recipe(recipe, size=work.size, steps=steps)
        request = Request(work.layer, tuple(range(OUR_TILES)), wanted, precision=Precision(precision))
        began = time.perf_counter()
        for _ in engine.run(request):
            pass
        return time.perf_counter() - began

    def measure(steps: int) -> float:
        if steps not in compiled:
            seconds(steps)
            compiled.add(steps)
        return seconds(steps) / (OUR_TILES * steps)

    return measure


def each_tile(tile: Callable[[int, int, Clock], None]) -> Measure:
    """The measure of a program that makes one tile after another; ``tile`` makes the tile of a filter."""

    def measure(steps: int) -> float:
        total = 0.0
        for channel in range(THEIR_TILES):
            clock = Clock()
            tile(channel, steps + 2, clock)
            total += clock.seconds_per_step()
        return total / THEIR_TILES

    return measure


def vgg16(work: Work, *, fixed: bool) -> Any:
    """VGG16 from Keras, with a fixed input size where a library requires one."""
    import tensorflow as tf

    shape = (work.size, work.size, 3) if fixed else None
    return tf.keras.applications.VGG16(include_top=False, weights=work.weights, input_shape=shape)


def script(work: Work) -> Measure:
    """The original script: a graph for the loss and its gradient, and the image in NumPy."""
    import numpy as np
    import tensorflow as tf

    model = vgg16(work, fixed=False)
    network = tf.keras.Model(model.inputs, model.get_layer(work.layer).output)

    def graph(channel: int) -> Any:
        def iterate(picture: Any) -> Any:
            loss = tf.reduce_mean(network(picture)[..., channel])
            gradient = tf.gradients(loss, picture)[0]
            return loss, gradient / (tf.sqrt(tf.reduce_mean(tf.square(gradient))) + 1e-5)

        return tf.function(iterate, input_signature=[tf.TensorSpec([1, work.size, work.size, 3])], autograph=False)

    graphs = [graph(channel) for channel in range(THEIR_TILES)]

    def tile(channel: int, steps: int, clock: Clock) -> None:
        data = np.random.default_rng(channel).random((1, work.size, work.size, 3)) * 20 + 128
        for _ in range(steps):
            _, gradient = graphs[channel](tf.constant(data, tf.float32))
            data += gradient.numpy() * 1.0
            clock.stamp()

    return each_tile(tile)


def keras_io(work: Work) -> Measure:
    """keras.io's "Visualizing what convnets learn" (F. Chollet, 2020)."""
    import tensorflow as tf

    model = vgg16(work, fixed=False)
    extractor = tf.keras.Model(model.inputs, model.get_layer(work.layer).output)
    # The example leaves out two positions on every side; nothing would remain of the smallest outputs.
    side = extractor.compute_output_shape((1, work.size, work.size, 3))[1]
    inner = slice(2, -2) if side > 4 else slice(None)

    @tf.function
    def gradient_ascent_step(picture: Any, channel: Any, learning_rate: float) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(picture)
            loss = tf.reduce_mean(extractor(picture)[:, inner, inner, channel])
        gradient = tf.math.l2_normalize(tape.gradient(loss, picture))
        return loss, picture + learning_rate * gradient

    def tile(channel: int, steps: int, clock: Clock) -> None:
        picture = (tf.random.uniform((1, work.size, work.size, 3)) - 0.5) * 0.25
        # A tensor, so that the step is traced once and not for every filter, as it is in the example.
        index = tf.constant(channel)
        for _ in range(steps):
            _, picture = gradient_ascent_step(picture, index, 10.0)
            clock.stamp()

    return each_tile(tile)


def tf_keras_vis(work: Work) -> Measure:
    """tf-keras-vis: ``ActivationMaximization`` with its defaults."""
    from tf_keras_vis.activation_maximization import ActivationMaximization
    from tf_keras_vis.utils.model_modifiers import ExtractIntermediateLayer
    from tf_keras_vis.utils.scores import CategoricalScore

    maximise = ActivationMaximization(vgg16(work, fixed=True), ExtractIntermediateLayer(work.layer), clone=False)

    def tile(channel: int, steps: int, clock: Clock) -> None:
        def stamped(gradient: Any) -> Any:
            clock.stamp()
            return gradient

        maximise(CategoricalScore(channel), steps=steps, gradient_modifier=stamped)

    return each_tile(tile)


def xplique(work: Work, picture: int | None) -> Measure:
    """Xplique: ``optimize`` with its defaults except the side of the image (by default 512, which it scales down)."""
    import tensorflow as tf
    from xplique.features_visualizations import Objective, optimize

    model = vgg16(work, fixed=True)
    side = picture or work.size

    def tile(channel: int, steps: int, clock: Clock) -> None:
        class Stamped(tf.keras.optimizers.Adam):  # type: ignore[misc]
            def apply_gradients(self, *arguments: Any, **options: Any) -> Any:
                clock.stamp()
                return super().apply_gradients(*arguments, **options)

        objective = Objective.channel(model, work.layer, channel)
        optimize(objective, Stamped(0.05), nb_steps=steps, custom_shape=(side, side))

    return each_tile(tile)


CONTENDERS: Mapping[str, Callable[[Work], Measure]] = {
    "natural": lambda work: ours(work, "natural", "auto"),
    "classic": lambda work: ours(work, "classic", "auto"),
    "natural-float32": lambda work: ours(work, "natural", "float32"),
    "classic-float32": lambda work: ours(work, "classic", "float32"),
    "script": script,
    "keras.io": keras_io,
    "tf-keras-vis": tf_keras_vis,
    "xplique": lambda work: xplique(work, None),
    "xplique-512": lambda work: xplique(work, 512),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=CONTENDERS)
    parser.add_argument("layer")
    parser.add_argument("size", type=int)
    parser.add_argument("weights")
    arguments = parser.parse_args()
    # Libraries print; what they print must not come between the numbers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    measure = CONTENDERS[arguments.name](Work(arguments.layer, arguments.size, arguments.weights))
    print("ready", file=answers)
    for line in sys.stdin:
        print(measure(int(line)), file=answers)


if __name__ == "__main__":
    main()
