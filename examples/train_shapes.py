"""Train a small network to tell shapes apart, on images that this script draws, in about three minutes.

    python -m examples.train_shapes build/shapes

Each image shows one shape, filled or in outline, of any colour, size and angle, before a background of another colour,
with some noise: neither colour nor place tells which shape it is.
"""

from __future__ import annotations

import math
import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image, ImageDraw

from examples.training import train, write

SIDE = 64
SHAPES = ("circle", "square", "triangle", "star", "cross")
LEARNED, NEW = 6000, 1000
EPOCHS = 16
SEED = 1

FINE = 4
"""Shapes are drawn so many times as large and then made smaller, which smooths their edges."""


def main() -> None:
    keras.utils.set_random_seed(SEED)
    random = np.random.default_rng(SEED)
    images, classes = drawn(LEARNED + NEW, random)
    network = shapes_network()
    curve = train(
        network,
        images[:LEARNED],
        classes[:LEARNED],
        images[LEARNED:],
        classes[LEARNED:],
        epochs=EPOCHS,
        mirrored=True,
        shift=0.05,
    )
    write(Path(sys.argv[1]), "shapes", network, SHAPES, NEW, curve)


def drawn(count: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """So many images, float32 ``[count, SIDE, SIDE, 3]`` from 0 to 1, and which of :data:`SHAPES` each shows."""
    classes = random.integers(0, len(SHAPES), count)
    return np.stack([draw(SHAPES[shape], random) for shape in classes]), classes


def draw(shape: str, random: np.random.Generator) -> np.ndarray:
    """One shape somewhere in an image."""
    paper, ink = colours(random)
    image = Image.new("RGB", (SIDE * FINE, SIDE * FINE), paper)
    radius = random.uniform(0.2, 0.36) * SIDE * FINE
    middle = random.uniform(radius, SIDE * FINE - radius, 2)
    corners = [tuple(middle + radius * corner) for corner in outline(shape, random.uniform(0, 2 * math.pi))]
    if random.random() < 0.5:
        ImageDraw.Draw(image).polygon(corners, fill=ink)
    else:
        ImageDraw.Draw(image).line([*corners, *corners[:2]], fill=ink, width=3 * FINE, joint="curve")
    small = np.asarray(image.resize((SIDE, SIDE), Image.Resampling.BOX), np.float32) / 255
    return np.clip(small + random.normal(0, 0.04, small.shape).astype(np.float32), 0, 1)


def colours(random: np.random.Generator) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A colour for the background and one for the shape that can be told from it."""
    while True:
        paper, ink = random.integers(0, 256, (2, 3))
        if np.abs(paper - ink).max() > 100:
            return tuple(map(int, paper)), tuple(map(int, ink))


def outline(shape: str, angle: float) -> list[np.ndarray]:
    """The corners of a shape, at most 1 away from its middle, turned by an angle."""
    if shape == "cross":
        arm = 0.32
        quarter = np.array([[arm, arm], [arm, 1.0], [-arm, 1.0]])
        points = [rotated(corner, number * math.pi / 2) for number in range(4) for corner in quarter]
        return [rotated(corner / math.hypot(arm, 1), angle) for corner in points]
    corners, inner = {"circle": (60, 1.0), "square": (4, 1.0), "triangle": (3, 1.0), "star": (10, 0.45)}[shape]
    return [
        rotated(np.array([1.0 if number % 2 == 0 else inner, 0.0]), angle + 2 * math.pi * number / corners)
        for number in range(corners)
    ]


def rotated(point: np.ndarray, angle: float) -> np.ndarray:
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([point[0] * cos - point[1] * sin, point[0] * sin + point[1] * cos])


def shapes_network() -> keras.Model:
    """Four convolutions, the largest response of each filter of the last, and one filter for each shape."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 3)),
            layers.Conv2D(24, 5, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_1"),
            layers.MaxPooling2D(name="pool_1"),
            layers.Conv2D(48, 3, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_2"),
            layers.MaxPooling2D(name="pool_2"),
            layers.Conv2D(64, 3, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_3"),
            layers.MaxPooling2D(name="pool_3"),
            layers.Conv2D(96, 3, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_4"),
            layers.GlobalMaxPooling2D(name="most"),
            layers.Dropout(0.2, name="dropout"),
            layers.Dense(len(SHAPES), activation="softmax", name="shape"),
        ],
        name="shapes",
    )


if __name__ == "__main__":
    main()
