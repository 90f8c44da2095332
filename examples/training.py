"""What the scripts for the two smallest networks share: training, and what is written of it."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np

BATCH = 64


def train(
    network: keras.Model,
    images: np.ndarray,
    classes: np.ndarray,
    new_images: np.ndarray,
    new_classes: np.ndarray,
    *,
    epochs: int,
    mirrored: bool,
    shift: float,
) -> list[dict[str, float]]:
    """Train a network on images that are moved a little each time, with a learning rate that falls to zero.

    No epoch is chosen by its accuracy on the new images: the last one is kept.

    Args:
        network: Ends in a softmax.
        images: float32 ``[n, height, width, channels]``.
        classes: int, ``[n]``.
        new_images: Images that the network is not trained on.
        new_classes: Their classes.
        epochs: How often each image is seen.
        mirrored: Whether images may be mirrored from left to right.
        shift: The longest shift, as a share of a side.

    Returns:
        For each epoch the loss and the accuracy, and with ``val_`` those on the new images.
    """
    steps = epochs * -(-len(images) // BATCH)
    network.compile(
        optimizer=keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(1e-3, steps), weight_decay=1e-2),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
        jit_compile=False,
    )
    random = np.random.default_rng(0)
    curve = []
    for epoch in range(epochs):
        order = random.permutation(len(images))
        moved = np.stack([_moved(image, random, mirrored, shift) for image in images[order]])
        history = network.fit(
            moved, classes[order], batch_size=BATCH, verbose=0, validation_data=(new_images, new_classes)
        ).history
        curve.append({"epoch": epoch + 1, **{name: round(values[-1], 4) for name, values in history.items()}})
        print(curve[-1], flush=True)
    return curve


def _moved(image: np.ndarray, random: np.random.Generator, mirrored: bool, shift: float) -> np.ndarray:
    """An image moved by up to a share of its sides; what comes in at the border repeats the border."""
    most = max(1, round(shift * image.shape[0]))
    down, right = random.integers(-most, most + 1, 2)
    padded = np.pad(image, ((most, most), (most, most), (0, 0)), mode="edge")
    cut = padded[most + down : most + down + image.shape[0], most + right : most + right + image.shape[1]]
    return cut[:, ::-1] if mirrored and random.random() < 0.5 else cut


def write(
    folder: Path, slug: str, network: keras.Model, classes: Sequence[str], new: int, curve: list[dict[str, float]]
) -> None:
    """Write the network with the names of its classes as a zip, and what the training was like."""
    folder.mkdir(parents=True, exist_ok=True)
    bare = keras.models.clone_model(network)  # without the state of the optimizer
    bare.set_weights(network.get_weights())
    model = folder / f"{slug}.h5"
    bare.save(model)
    with zipfile.ZipFile(folder / f"{slug}.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(model, model.name)
        archive.writestr("labels.txt", "".join(f"{number} {name}\n" for number, name in enumerate(classes)))
    facts = {"accuracy": curve[-1]["val_accuracy"], "new": new, "epochs": curve}
    (folder / "training.json").write_text(json.dumps(facts, indent=1), encoding="utf-8")
    print(f"{facts['accuracy']:.2%} of {new} new images")
