"""HDF5 files that hold no Keras model: what they hold instead."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.hdf5 import Hdf5
from filterviz.reader.signatures import CHOOSE, MATLAB, SAVE_WHOLE

MOST_LISTED = 4
LONGEST_LISTED = 30

TRAINED_ON_IT = "Choose the network that was trained on it, as Keras saved it: a .keras or an .h5 file."

_MARKS: Sequence[tuple[str, str]] = (
    ("PYTABLES_FORMAT_VERSION", "tables of pandas or PyTables"),
    ("_NCProperties", "a NetCDF dataset"),
    ("encoding-type", "annotated data (AnnData)"),
)
"""Attributes of the outermost group, and what a file that has them holds."""


def refusal(file: Hdf5) -> Refused:
    """The refusal of an HDF5 file without a network and without Keras weights; it says what is in the file.

    Raises:
        Refused: The file cannot be read, or has far too many members.
    """
    names = file.members("/")
    if {"#refs#", "#subsystem#"} & set(names) or any(file.text(name, "MATLAB_class", 256) for name in names[:1]):
        return _no_model(f"This HDF5 file is {MATLAB.what}, not a Keras model.", MATLAB.hint)
    for mark, what in _MARKS:
        if file.text("/", mark, 4096) is not None:
            return _no_model(f"This HDF5 file holds {what}, but no Keras model.", TRAINED_ON_IT)
    if not names:
        return _no_model("This HDF5 file is empty: no Keras model is in it.", SAVE_WHOLE)
    listed = ", ".join(f"{name[:LONGEST_LISTED]!r}" for name in names[:MOST_LISTED])
    rest = len(names) - MOST_LISTED
    more = f" and {rest} more" if rest > 0 else ""
    if any(file.is_array(name) for name in names[:MOST_LISTED]):
        what = f"This HDF5 file holds arrays ({listed}{more}), as a dataset does, but no Keras model."
        return _no_model(what, TRAINED_ON_IT)
    return _no_model(f"This HDF5 file holds {listed}{more}, but no Keras model.", CHOOSE)


def _no_model(what: str, hint: str) -> Refused:
    return Refused(RefusalCode.NOT_A_MODEL, what, "", hint)
