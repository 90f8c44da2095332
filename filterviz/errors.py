"""Every error that filterviz raises on purpose, as one tree.

``str(error)`` is a sentence for a person who does not program: what is wrong, and what to do.

::

    FiltervizError
    ├── Refused              the file cannot be opened (a code, what is wrong, where, what to do)
    ├── BadRequest           the request does not fit the model or the machine: no such layer, filter, size, folder
    ├── WeightsUnavailable   VGG16's weights are not on this machine and cannot be downloaded
    ├── EngineFailed         the computation failed, or its process died
    │   └── TimedOut         the computation passed its deadline
    └── Stopped              somebody pressed Stop
"""

from __future__ import annotations

from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a file was refused. The command line prints the value, and README.md explains each."""

    NOT_A_MODEL = "not-a-model"
    DAMAGED = "damaged"
    WEIGHTS_ONLY = "weights-only"
    NO_IMAGE_LAYERS = "no-image-layers"
    CODE_IN_FILE = "code-in-file"
    UNSUPPORTED_LAYER = "unsupported-layer"
    OUTSIDE_DATA = "outside-data"
    TOO_LARGE = "too-large"
    TOO_DEEP = "too-deep"
    BAD_CONFIG = "bad-config"
    MISMATCHED_WEIGHTS = "mismatched-weights"


class FiltervizError(Exception):
    """The base of all errors that filterviz raises on purpose."""


class Refused(FiltervizError):
    """A file that is not opened, and what its owner can do about it.

    Args:
        code: The kind of refusal.
        what: One sentence that says what is wrong, with a full stop.
        where: The layer, archive member or attribute at which it was found. For bare weights that were recognised, the
            architecture they can be opened as. Empty if there is nothing to name.
        hint: One sentence that says what to do next, with a full stop.

    Example:
        >>> print(Refused(RefusalCode.DAMAGED, "The file ends too early.", hint="Download it again."))
        The file ends too early. Download it again.
    """

    def __init__(self, code: RefusalCode, what: str, where: str = "", hint: str = "") -> None:
        super().__init__(" ".join(part for part in (what, hint) if part))
        self.code = RefusalCode(code)
        self.what = what
        self.where = where
        self.hint = hint

    def to_json(self) -> dict[str, str]:
        """The refusal as plain data: ``code``, ``message``, ``where``, ``hint``."""
        return {"code": self.code.value, "message": self.what, "where": self.where, "hint": self.hint}


class BadRequest(FiltervizError):
    """The request cannot be fulfilled as it stands; the sentence says what can."""


class WeightsUnavailable(FiltervizError):
    """VGG16's weights are not on this machine and cannot be downloaded."""


class EngineFailed(FiltervizError):
    """The computation failed, or its process died. The page and all other jobs go on."""


class TimedOut(EngineFailed):
    """The computation passed its deadline, and its process was ended."""


class Stopped(FiltervizError):
    """The person who asked for the work stopped it. What was finished is kept."""
