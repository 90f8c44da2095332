"""The machine that TensorFlow computes on: which number format is fastest, and whether there is a graphics card."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import keras
import tensorflow as tf

from filterviz.spec import Precision


def warm_up() -> None:
    """Take one gradient step on a toy network, so that everything TensorFlow and Keras load lazily is loaded.

    A worker process calls this before it reads a file, because afterwards it may not load anything any more. It also
    makes the first image of a real network appear sooner.
    """
    image = keras.Input((None, None, 3))
    hidden = keras.layers.Conv2D(2, 3, activation="relu")(image)
    network = keras.Model(image, keras.layers.BatchNormalization()(hidden))

    def gradient(images: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(images)
            response = tf.reduce_mean(network(images))
        return tape.gradient(response, images)

    tf.function(gradient, autograph=False)(tf.zeros((1, 8, 8, 3))).numpy()
    best_precision()


def has_graphics_card() -> bool:
    """Whether TensorFlow sees a graphics card that it can compute on."""
    return bool(tf.config.list_physical_devices("GPU"))


@cache
def best_precision() -> Precision:
    """The number format in which this machine computes convolutions fastest.

    That is bfloat16 where the processor multiplies it in hardware (AVX512-BF16 or AMX), and float32 elsewhere. The
    answer is kept, because a worker process that has read a file may not read ``/proc`` any more.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return Precision.FLOAT32
    return Precision.BFLOAT16 if re.search(r"\b(avx512_bf16|amx_bf16)\b", flags) else Precision.FLOAT32
