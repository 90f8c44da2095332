"""The machine under TensorFlow: woken before any file is read, and asked what it computes on."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import keras
import tensorflow as tf

from filterviz.spec import Precision


def warm_up() -> None:
    """Take one step up the gradient of a toy network, so that what TensorFlow and Keras load late is loaded.

    Later a child may not load anything any more, and the first picture of a real network comes sooner.
    """
    picture = keras.Input((None, None, 3))
    hidden = keras.layers.Conv2D(2, 3, activation="relu")(picture)
    network = keras.Model(picture, keras.layers.BatchNormalization()(hidden))

    def ascend(pictures: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(pictures)
            response = tf.reduce_mean(network(pictures))
        return tape.gradient(response, pictures)

    tf.function(ascend, autograph=False)(tf.zeros((1, 8, 8, 3))).numpy()
    best_precision()


def has_graphics_card() -> bool:
    """Whether TensorFlow sees a graphics card it can compute on."""
    return bool(tf.config.list_physical_devices("GPU"))


@cache
def best_precision() -> Precision:
    """The number format this machine computes convolutions fastest in.

    bfloat16 where the processor multiplies it in hardware (AVX512-BF16 or AMX), float32 elsewhere. Asked for once
    before a file is read, since a child may not look at the machine afterwards.
    """
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return Precision.FLOAT32
    return Precision.BFLOAT16 if re.search(r"\b(avx512_bf16|amx_bf16)\b", flags) else Precision.FLOAT32
