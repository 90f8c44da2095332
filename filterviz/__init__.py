"""See what a Keras image network has learned, filter by filter.

Example::

    import filterviz

    model = filterviz.open_model("cats_and_dogs.h5")
    print([layer.name for layer in model.spec.visualisable])
    patterns = filterviz.generate(model, "conv2d_1", filters=range(25))
    filterviz.save_wall(patterns, "conv2d_1_pattern.png")

Files are read and networks are computed in child processes with limits (see SECURITY.md). No code from a file is run.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from filterviz._version import __version__
from filterviz.errors import (
    BadRequest,
    EngineFailed,
    FiltervizError,
    RefusalCode,
    Refused,
    Stopped,
    TimedOut,
    WeightsUnavailable,
)
from filterviz.settings import Settings
from filterviz.spec import Flag, LayerSpec, ModelSpec, Pattern, PixelRange, Precision, Recipe

if TYPE_CHECKING:
    from filterviz.api import generate, open_model, open_untrained, open_vgg16, save_wall
    from filterviz.service.model import Model

if sys.version_info >= (3, 14):
    # Whoever installs the wheel is told by pip; this is for those who take the folder as it is.
    _message = (
        f"filterviz runs on Python 3.11, 3.12 and 3.13, and this is Python {sys.version.split()[0]}, for which "
        "TensorFlow is not yet published. Install one of those beside it, from https://www.python.org/downloads/."
    )
    raise ImportError(_message)

__all__ = ["open_model", "open_vgg16", "open_untrained", "generate", "save_wall", "Model"]
__all__ += ["ModelSpec", "LayerSpec", "Recipe", "PixelRange", "Precision", "Pattern", "Flag", "Settings"]
__all__ += ["FiltervizError", "Refused", "RefusalCode", "BadRequest", "WeightsUnavailable", "EngineFailed"]
__all__ += ["TimedOut", "Stopped", "__version__"]


def __getattr__(name: str) -> Any:
    # The child processes import this package too and must not load what only their parent needs.
    if name in __all__:
        from filterviz import api

        return getattr(api, name)
    raise AttributeError(f"module 'filterviz' has no attribute {name!r}")
