"""Files that are no Keras model: what they are, and what to do instead."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import IO

from filterviz.errors import RefusalCode, Refused
from filterviz.reader import protobuf
from filterviz.reader.signatures import (
    CAFFE,
    CHOOSE,
    CORE_ML,
    GRAPH,
    IMAGE,
    NUMPY,
    OFFICE,
    ONNX,
    PROGRAM,
    PYTORCH,
    SAVED_MODEL,
    Mistaken,
    by_signature,
)
from filterviz.reader.texts import LIBRARY, TEXT, TFJS, by_text

HEAD = 1 << 16
"""How many bytes of a file are looked at."""

PROTOBUFS = {"onnx": ONNX, "saved-model": SAVED_MODEL, "graph": GRAPH, "core-ml": CORE_ML, "caffe": CAFFE}


def recognise(head: bytes, size: int, tail: bytes = b"") -> Mistaken | None:
    """What a file is, by its bytes; ``None`` where they are of no known kind.

    Args:
        head: Its first bytes.
        size: Size of the file in bytes.
        tail: Its last bytes, where they are at hand.
    """
    return by_signature(head, size, tail) or by_text(head) or PROTOBUFS.get(protobuf.kind(head, size) or "")


def refusal(file: IO[bytes], size: int) -> Refused:
    """The refusal of a file that is neither HDF5 nor a zip archive.

    Args:
        file: The file, open for reading.
        size: Its size in bytes.
    """
    if not size:
        return Refused(RefusalCode.NOT_A_MODEL, "The file is empty.", "", "Download or copy it again.")
    file.seek(0)
    head = file.read(HEAD)
    file.seek(max(0, size - 64))
    found = recognise(head, size, file.read(64))
    if found is TEXT:  # nothing more is known, and whoever chose the file may know that much
        hint = "It is a text file; choose the file that Keras saved: it most often ends in .keras or .h5."
        return Refused(RefusalCode.NOT_A_MODEL, "This is no Keras model.", "", hint)
    if found is None:
        return Refused(RefusalCode.NOT_A_MODEL, "This is no Keras model.", "", CHOOSE)
    return Refused(RefusalCode.NOT_A_MODEL, f"This is no Keras model but {found.what}.", "", found.hint)


ARCHIVES: tuple[tuple[str, Mistaken], ...] = (
    (r"(?:.*/)?data\.pkl", PYTORCH),
    (r"(?:.*/)?constants\.pkl", PYTORCH),
    (r"(?:.*/)?saved_model\.pb(?:txt)?", Mistaken("a zipped SavedModel folder", SAVED_MODEL.hint, model=True)),
    (r"(?:word|xl|ppt)/.*|content\.xml", OFFICE),
    (r"AndroidManifest\.xml|META-INF/MANIFEST\.MF|.*\.dist-info/WHEEL", PROGRAM),
    (r"(?:.*/)?coefficients\.bin", Mistaken("a Deeplearning4j model", CHOOSE, model=True)),
    (r"(?:.*/)?Manifest\.json|.*\.mlmodel", CORE_ML),
)
"""What an archive is, by a pattern of the name of a file in it; the first pattern that fits decides."""

_IMAGES = re.compile(r".*\.(?:png|jpe?g|gif|bmp|webp|tiff?)", re.IGNORECASE)


def archive(names: Iterable[str]) -> Mistaken | None:
    """What a zip archive without a Keras file is, by the names in it; ``None`` where they do not say."""
    names = list(names)
    for pattern, found in ARCHIVES:
        if any(re.fullmatch(pattern, name) for name in names):
            return found
    if names and all(name.endswith(".npy") for name in names):
        return NUMPY
    plain = {name.rsplit("/", 1)[-1] for name in names}
    if "model.json" in plain and any(name.endswith(".bin") for name in plain):
        return Mistaken("a zipped TensorFlow.js model", TFJS.hint, model=True)
    if "config.json" in plain and any(name.endswith((".safetensors", ".bin")) for name in plain):
        return LIBRARY
    if names and sum(_IMAGES.fullmatch(name) is not None for name in names) * 2 > len(names):
        return Mistaken("a zip archive of images", IMAGE.hint)
    return None
