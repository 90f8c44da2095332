"""Train the demo network: the small convnet of the original script, on 2,000 photographs of cats and dogs.

    python -m examples.train_cats_and_dogs ../shared/data/cats_and_dogs_small.zip build/demo

The network is that of F. Chollet, "Deep Learning with Python" (2017), listing 5.5 with the dropout of 5.13: four
convolutions of 32, 64, 128 and 128 filters, each followed by max pooling, then Flatten, Dropout 0.5, Dense 512 and a
sigmoid, over 150 x 150 pixels scaled to 0-1. The zip holds ``train/`` and ``validation/``, each with ``cats/`` and
``dogs/``. The last epoch is kept (a moving average over the weights, a learning rate that falls to zero): no epoch is
chosen by its validation accuracy, so the stated accuracy is that of photographs on which nothing was chosen.

Writes ``epoch-000.h5`` (before training), one file for each epoch in KEEP, ``cats_and_dogs.h5`` (the end) and
``training.json`` (the curve). One seed decides the order, the augmentation and the initial weights; because threads sum
in any order, two runs come close but are not equal to the bit.
"""

from __future__ import annotations

import argparse
import io
import json
import math
import time
import zipfile
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
from PIL import Image

SIDE = 150
SEED = 20180101
KEEP = (1, 2, 5, 10, 20, 40)
"""The epochs whose weights are written down, beside the first and the last."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--epochs", type=int, default=80)
    arguments = parser.parse_args()
    folder: Path = arguments.folder
    folder.mkdir(parents=True, exist_ok=True)
    keras.utils.set_random_seed(SEED)
    train, validation = pictures(arguments.data, "train"), pictures(arguments.data, "validation")
    steps = math.ceil(len(train[0]) / 32)
    network = demo_network()
    network.compile(
        optimizer=keras.optimizers.AdamW(
            keras.optimizers.schedules.CosineDecay(
                1e-4, arguments.epochs * steps, warmup_target=1e-3, warmup_steps=2 * steps
            ),
            weight_decay=1e-3,
            use_ema=True,
            ema_momentum=0.995,
        ),
        loss=keras.losses.BinaryCrossentropy(label_smoothing=0.05),
        metrics=["accuracy"],
        jit_compile=False,
    )
    save(network, folder / "epoch-000.h5")
    curve: list[dict[str, float]] = []
    began = time.perf_counter()

    def note(epoch: int, logs: dict[str, float] | None) -> None:
        curve.append({"epoch": epoch + 1, "seconds": round(time.perf_counter() - began, 1), **(logs or {})})
        (folder / "training.json").write_text(json.dumps(curve, indent=1), encoding="utf-8")
        if epoch + 1 in KEEP:
            save(network, folder / f"epoch-{epoch + 1:03}.h5")

    network.fit(
        augmented(*train),
        epochs=arguments.epochs,
        validation_data=plain(*validation),
        callbacks=[
            keras.callbacks.SwapEMAWeights(swap_on_epoch=True),
            keras.callbacks.LambdaCallback(on_epoch_end=note),
        ],
        verbose=2,
    )
    network.optimizer.finalize_variable_values(network.trainable_variables)
    loss, accuracy = network.evaluate(plain(*validation), verbose=0)
    save(network, folder / "cats_and_dogs.h5")
    (folder / "training.json").write_text(
        json.dumps({"seed": SEED, "loss": loss, "accuracy": accuracy, "epochs": curve}, indent=1), encoding="utf-8"
    )
    print(f"{accuracy:.2%} of {len(validation[0])} validation images")


def demo_network() -> keras.Model:
    """The book's network, with the first weights that the seed gives."""
    layers = keras.layers
    return keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 3)),
            layers.Conv2D(32, 3, activation="relu", name="conv2d_1"),
            layers.MaxPooling2D(name="max_pooling2d_1"),
            layers.Conv2D(64, 3, activation="relu", name="conv2d_2"),
            layers.MaxPooling2D(name="max_pooling2d_2"),
            layers.Conv2D(128, 3, activation="relu", name="conv2d_3"),
            layers.MaxPooling2D(name="max_pooling2d_3"),
            layers.Conv2D(128, 3, activation="relu", name="conv2d_4"),
            layers.MaxPooling2D(name="max_pooling2d_4"),
            layers.Flatten(name="flatten"),
            layers.Dropout(0.5, name="dropout"),
            layers.Dense(512, activation="relu", name="dense_1"),
            layers.Dense(1, activation="sigmoid", name="dense_2"),
        ],
        name="cats_and_dogs",
    )


def save(network: keras.Model, path: Path) -> None:
    """Save a copy of the network without the state of the optimizer."""
    copy = demo_network()
    copy.set_weights(network.get_weights())
    copy.save(path, include_optimizer=False)


def pictures(data: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """The photographs ``(n, SIDE, SIDE, 3)`` as uint8 and 1 for each dog, 0 for each cat."""
    images, labels = [], []
    with zipfile.ZipFile(data) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(f"{part}/") and name.endswith(".jpg"):
                picture = Image.open(io.BytesIO(archive.read(name))).convert("RGB")
                images.append(np.asarray(picture.resize((SIDE, SIDE), Image.Resampling.BILINEAR)))
                labels.append(float("/dogs/" in name))
    return np.stack(images), np.asarray(labels, np.float32)


def plain(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    """Batches as they are, scaled to 0-1."""
    data = tf.data.Dataset.from_tensor_slices((images, labels)).batch(100)
    return data.map(lambda x, y: (tf.cast(x, tf.float32) / 255, y)).prefetch(2)


def augmented(images: np.ndarray, labels: np.ndarray) -> tf.data.Dataset:
    """Batches of 32 in a new order each epoch, each image randomly mirrored, rotated, scaled, shifted and relit."""
    data = tf.data.Dataset.from_tensor_slices((images, labels)).shuffle(len(images), seed=SEED).batch(32)
    return data.map(lambda x, y: (relit(moved(tf.cast(x, tf.float32) / 255)), y)).prefetch(2)


def moved(images: tf.Tensor) -> tf.Tensor:
    """One affine map per image: mirror, up to 25 degrees, a scale of 0.8 to 1.2, a shift by a tenth of the side."""
    count = tf.shape(images)[0]

    def between(low: float, high: float) -> tf.Tensor:
        return tf.random.uniform((count,), low, high)

    angle, scale = between(-0.44, 0.44), between(0.8, 1.2)
    mirror = tf.where(between(0, 1) < 0.5, -1.0, 1.0)
    cos, sin = tf.cos(angle) * scale, tf.sin(angle) * scale
    a, b, d, e = cos * mirror, -sin, sin * mirror, cos
    middle = (SIDE - 1) / 2
    right, down = between(-0.1, 0.1) * SIDE, between(-0.1, 0.1) * SIDE
    c, f = middle - a * middle - b * middle + right, middle - d * middle - e * middle + down
    zero = tf.zeros_like(a)
    return tf.raw_ops.ImageProjectiveTransformV3(
        images=images,
        transforms=tf.stack([a, b, c, d, e, f, zero, zero], axis=1),
        output_shape=[SIDE, SIDE],
        fill_value=0.0,
        interpolation="BILINEAR",
        fill_mode="REFLECT",
    )


def relit(images: tf.Tensor) -> tf.Tensor:
    """Change brightness, contrast and colour balance a little."""
    count = tf.shape(images)[0]
    mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)
    contrast = tf.random.uniform((count, 1, 1, 1), 0.8, 1.25)
    tint = tf.random.uniform((count, 1, 1, 3), 0.9, 1.1)
    light = tf.random.uniform((count, 1, 1, 1), -0.1, 0.1)
    return tf.clip_by_value(((images - mean) * contrast + mean) * tint + light, 0, 1)


if __name__ == "__main__":
    main()
