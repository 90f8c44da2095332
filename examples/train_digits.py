"""Train a small network to read handwritten digits, in half a minute.

    python -m examples.train_digits build/digits

The data are scikit-learn's: 1,797 digits of 8 x 8 pixels with values from 0 to 16 (E. Alpaydin and C. Kaynak, "Optical
Recognition of Handwritten Digits", UCI, 1998), made four times as large here, so that a filter has something to see.
A third of them is kept apart for the stated accuracy.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from PIL import Image
from sklearn.datasets import load_digits

from examples.training import train, write

SIDE = 32
EPOCHS = 30
SEED = 1


def main() -> None:
    keras.utils.set_random_seed(SEED)
    data = load_digits()
    images = np.stack([enlarged(image) for image in data.images])
    order = np.random.default_rng(SEED).permutation(len(images))
    kept_apart, learned = np.split(order, [len(order) // 3])
    network = digits_network()
    curve = train(
        network,
        images[learned],
        data.target[learned],
        images[kept_apart],
        data.target[kept_apart],
        epochs=EPOCHS,
        mirrored=False,
        shift=0.1,
    )
    write(Path(sys.argv[1]), "digits", network, [str(digit) for digit in range(10)], len(kept_apart), curve)


def enlarged(image: np.ndarray) -> np.ndarray:
    """A digit of 8 x 8 values from 0 to 16 as ``SIDE`` x ``SIDE`` x 1 values from 0 to 1."""
    large = Image.fromarray(image.astype(np.float32) / 16).resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return np.asarray(large)[:, :, None]


def digits_network() -> keras.Model:
    """Three convolutions, each seeing further than the one before, and one filter for each digit."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 1)),
            layers.Conv2D(16, 5, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_1"),
            layers.MaxPooling2D(name="pool_1"),
            layers.Conv2D(32, 5, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_2"),
            layers.MaxPooling2D(name="pool_2"),
            layers.Conv2D(64, 3, padding="same", activation="relu", kernel_initializer="he_normal", name="conv2d_3"),
            layers.MaxPooling2D(name="pool_3"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.4, name="dropout"),
            layers.Dense(10, activation="softmax", name="digit"),
        ],
        name="digits",
    )


if __name__ == "__main__":
    main()
