"""The weights of VGG16: in the file that the user names, in Keras's cache, or downloaded as Keras does.

They come from the Visual Geometry Group, University of Oxford (CC BY 4.0), and were converted by the authors of Keras.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from filterviz.errors import WeightsUnavailable
from filterviz.settings import Settings
from filterviz.storage.download import DownloadFailed, Source, fetch

VGG16 = Source(
    url="https://storage.googleapis.com/tensorflow/keras-applications/vgg16/"
    "vgg16_weights_tf_dim_ordering_tf_kernels_notop.h5",
    md5="6d6bbae143d832006294945121d1f1fc",
    largest=64 * 10**6,
)
"""The convolutional part of VGG16, as ``keras.applications.vgg16`` of Keras 3.15 downloads it."""

SMALLEST = 14_714_688 * 4
"""The bytes of the float32 weights of VGG16's convolutions. A smaller file is an incomplete download."""


def locate(settings: Settings, progress: Callable[[int, int], None] | None = None, *, source: Source = VGG16) -> Path:
    """The path of the file with VGG16's weights, which is downloaded into Keras's cache if it is nowhere yet.

    Args:
        settings: May name the file, which is then used without a check.
        progress: Called with the bytes received and the total in bytes while downloading. An exception that it raises
            ends the download, which is resumed the next time.
        source: The file to download.

    Raises:
        WeightsUnavailable: The named file does not exist, or the download failed. The message says what to do.
    """
    if settings.vgg16_weights is not None:
        if settings.vgg16_weights.is_file():
            return settings.vgg16_weights
        message = f"FILTERVIZ_VGG16_WEIGHTS names {str(settings.vgg16_weights)!r}, where there is no file."
        raise WeightsUnavailable(message)
    cached = keras_cache() / source.name
    if cached.is_file() and cached.stat().st_size >= SMALLEST:
        return cached
    try:
        return fetch(source, cached, progress)
    except DownloadFailed as error:
        message = (
            f"VGG16's weights could not be downloaded: {error}. Try again when the internet can be reached, or put the "
            f"file {source.name} at {str(cached)!r}."
        )
        raise WeightsUnavailable(message) from None


def keras_cache() -> Path:
    """The folder in which Keras keeps downloaded weights: ``$KERAS_HOME/models`` or ``~/.keras/models``."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"


def vgg16_licence(say: Callable[[str], str] = str) -> str:
    """The attribution that CC BY 4.0 asks of whoever shows VGG16's weights or what was made from them.

    Args:
        say: Translates a sentence.
    """
    return say("VGG16's weights: Visual Geometry Group, University of Oxford, CC BY 4.0.")
