"""Whatever a parser raises when it meets damaged bytes becomes a refusal, so that no other module knows its errors."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from filterviz.errors import RefusalCode, Refused

DAMAGED = "The file is damaged or was cut short."
DAMAGED_HINT = "Download or copy it again, or save the model once more."
NO_ROOM = "Reading this file takes more memory than it may."
NO_ROOM_HINT = "If it is not damaged, save the model without its optimizer: include_optimizer=False."


@contextmanager
def damage_refused(where: str = "", errors: tuple[type[Exception], ...] = (Exception,)) -> Iterator[None]:
    """Turn the errors of a parser into refusals.

    Args:
        where: Member, array or attribute that is being read.
        errors: What the parser raises when the bytes make no sense; all other exceptions pass.

    Raises:
        Refused: ``too-large`` where memory ran out, otherwise ``damaged``. Refusals from inside pass as they are.
    """
    try:
        yield
    except Refused:
        raise
    except MemoryError as error:
        raise Refused(RefusalCode.TOO_LARGE, NO_ROOM, where, NO_ROOM_HINT) from error
    except errors as error:
        raise Refused(RefusalCode.DAMAGED, DAMAGED, where, DAMAGED_HINT) from error


def outside(path: str = "") -> Refused:
    """The refusal of data that lies, or claims to lie, in another file.

    Args:
        path: Path of the array in the file; empty where it is not known.
    """
    which = f"The weights {path!r}" if path else "The weights"
    message = f"{which} are not in this file: it points to another place for them."
    return Refused(RefusalCode.OUTSIDE_DATA, message, path, 'Save the model again with model.save("file.h5").')
