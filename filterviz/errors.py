"""Everything that can go wrong, as one tree.

Every error carries a sentence that a person who does not program can act on; ``str(error)`` is that sentence.

::

    FiltervizError
    ├── Refused              the file cannot be opened (a code, what is wrong, where, what to do next)
    ├── BadRequest           the question does not fit the model or the machine: no such layer, filter, size, folder
    ├── WeightsUnavailable   VGG16's weights are neither on this machine nor to be had by download
    ├── EngineFailed         the computation broke, or its process died
    │   └── TimedOut         ... because it passed its deadline
    └── Stopped              somebody pressed Stop
"""

from __future__ import annotations

from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a file was refused. The value is what the command line prints."""

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
    """Base of all errors that filterviz raises on purpose."""


class Refused(FiltervizError):
    """A file that will not be opened, and what its owner can do about it.

    Args:
        code: the kind of refusal.
        what: one sentence that says what is wrong, with a full stop.
        where: the layer, member or attribute it was found at; for bare weights that were recognised, the architecture
            they can be opened as; empty where that says nothing.
        hint: one sentence that says what to do next, with a full stop.

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

    @classmethod
    def from_json(cls, data: dict[str, str]) -> Refused:
        """The inverse of :meth:`to_json`."""
        return cls(RefusalCode(data["code"]), data["message"], data.get("where", ""), data.get("hint", ""))


class BadRequest(FiltervizError):
    """The question cannot be answered as asked; the sentence says which questions can."""


class WeightsUnavailable(FiltervizError):
    """VGG16's weights are not on this machine and could not be downloaded."""


class EngineFailed(FiltervizError):
    """The computation broke or its process died. The page and the other jobs go on."""


class TimedOut(EngineFailed):
    """The computation passed its deadline and was ended."""


class Stopped(FiltervizError):
    """The work was stopped by the person who asked for it. What was finished is kept."""
