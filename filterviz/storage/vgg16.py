"""Where VGG16's weights are: named by the user, in Keras's cache, or on the server of ``keras.applications``.

The weights are those of the Visual Geometry Group, University of Oxford (CC BY 4.0), converted by the authors of Keras.
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
"""As ``keras.applications.vgg16`` of Keras 3.15 names it: the convolutional part only."""

SMALLEST = 14_714_688 * 4
"""VGG16's convolutions have this many float32 weights, so a file with fewer bytes is a download that broke off."""


def locate(settings: Settings, progress: Callable[[int, int], None] | None = None, *, source: Source = VGG16) -> Path:
    """The file with VGG16's weights, downloaded into Keras's cache where it is nowhere yet.

    Args:
        settings: may name the file; it is then taken as it is.
        progress: called with the bytes received and the bytes in all while downloading; an exception it raises ends the
            download, which goes on from there the next time.
        source: what to download.

    Raises:
        WeightsUnavailable: the named file is not there, or the download failed; says what to do.
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
    """The folder where Keras keeps the weights it downloads: ``$KERAS_HOME/models`` or ``~/.keras/models``."""
    home = os.environ.get("KERAS_HOME")
    return (Path(home) if home else Path.home() / ".keras") / "models"
