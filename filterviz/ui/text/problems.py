"""What went wrong, and what to do next, in the visitor's language."""

from __future__ import annotations

from filterviz.errors import EngineFailed, FiltervizError, RefusalCode, Refused, TimedOut, WeightsUnavailable
from filterviz.spec import LayerSpec
from filterviz.spec.names import plain
from filterviz.ui.i18n import _, language


def problem(error: FiltervizError) -> tuple[list[str], str]:
    """What went wrong, and what to do next.

    Returns:
        Sentences, and a detail in English. The sentence of the error itself is English and precise; in other languages
        the kind of problem is said in its place, and it is the detail.
    """
    what, hint = (error.what, error.hint) if isinstance(error, Refused) else (str(error), "")
    if language() == "en":
        return [what, hint], ""
    return [_kind(error)], " ".join(part for part in (what, hint) if part)


def reason(layer: LayerSpec) -> str:
    """Why a layer cannot be shown, as :mod:`filterviz.reader.geometry` says; empty where it can."""
    if layer.visualisable or not layer.reason:
        return ""
    if language() == "en":
        return plain(layer.reason, 200)
    known = {
        "It is the image itself.": _("It is the image itself."),
        "It is an input, but no image.": _("It is an input, but no image."),
        "It is a list of numbers, not an image.": _("It is a list of numbers, not an image."),
        "No image leads to it.": _("No image leads to it."),
        "It only prepares the image, before anything that was learned.": _("It only prepares the image."),
    }
    return known.get(layer.reason) or _("What it computes cannot be shown as an image.")


def _kind(error: FiltervizError) -> str:
    if isinstance(error, Refused):
        return {
            RefusalCode.NOT_A_MODEL: _("This file is not a Keras model. Save yours with model.save('model.keras')."),
            RefusalCode.DAMAGED: _("The file is damaged or was cut short. Copy or download it again."),
            RefusalCode.WEIGHTS_ONLY: _(
                "The file holds weights alone. Save the whole model: model.save('model.keras')."
            ),
            RefusalCode.NO_IMAGE_LAYERS: _("No layer of this network looks at images, so there is nothing to show."),
            RefusalCode.CODE_IN_FILE: _(
                "The file holds program code, which we never run. Save it without Lambda layers."
            ),
            RefusalCode.UNSUPPORTED_LAYER: _("The network begins with a layer that we do not know."),
            RefusalCode.OUTSIDE_DATA: _(
                "The file points to data outside itself, which we never follow. Save it whole."
            ),
            RefusalCode.TOO_LARGE: _("The file is too large. Save it without the optimizer: include_optimizer=False."),
            RefusalCode.TOO_DEEP: _("The network is nested too deeply. Save the model again."),
            RefusalCode.BAD_CONFIG: _("The description of the network contradicts itself. Save the model again."),
            RefusalCode.MISMATCHED_WEIGHTS: _("The weights do not fit the network. Save the model again."),
        }[error.code]
    if isinstance(error, TimedOut):
        return _("This took too long and was ended. Choose smaller tiles or fewer filters.")
    if isinstance(error, EngineFailed):
        return _("The work on this network failed. Try again; if it fails once more, choose smaller tiles.")
    if isinstance(error, WeightsUnavailable):
        return _("VGG16's weights are not here. The patterns that come with the program are still shown.")
    return _("This cannot be done as asked.")
