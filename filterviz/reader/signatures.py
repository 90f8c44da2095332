"""Files that people choose by mistake and that a signature in their bytes gives away: what they are, and what to do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

SAVE_WHOLE = 'Save the whole network with model.save("model.keras") or model.save("model.h5"), and choose that file.'
CONVERTED = "It was converted: choose the Keras file (.h5 or .keras) that it was made from."
NOT_PYTORCH = "Networks of PyTorch cannot be shown here; choose a network that Keras saved, as a .keras or an .h5 file."
UNPACK = "Unpack it, and choose the Keras file (.h5 or .keras) in it."
CHOOSE = "Choose the file that Keras saved: it most often ends in .keras or .h5."
BARE = 'Build the network in Python, load these weights into it, and save it whole with model.save("model.keras").'


@dataclass(frozen=True, slots=True)
class Mistaken:
    """What a file is that is no Keras model.

    Attributes:
        what: What it is, in a few words with an article.
        hint: What to do, as a sentence.
        model: Whether it holds a network of some kind, or the weights of one.
    """

    what: str
    hint: str = CHOOSE
    model: bool = False


PYTORCH = Mistaken("a PyTorch model", NOT_PYTORCH, model=True)
PICKLE = Mistaken(
    "a Python pickle, which is program code and never run here",
    'If there is a Keras network in it, save that where it was made, with model.save("model.keras").',
    model=True,
)
TFLITE = Mistaken(
    "a TensorFlow Lite model",
    "It was converted: choose the Keras file (.h5 or .keras) that it was made from; Teachable Machine offers that as "
    "Tensorflow, Keras.",
    model=True,
)
ONNX = Mistaken(
    "an ONNX model",
    "It was converted: choose the Keras file (.h5 or .keras) that it was made from; a network of PyTorch has none.",
    model=True,
)
SAVED_MODEL = Mistaken(
    "a part of a SavedModel folder",
    'Load the folder in Python with tf_keras.models.load_model, save it with model.save("model.h5"), and choose that.',
    model=True,
)
CHECKPOINT = Mistaken("a part of a TensorFlow checkpoint, which holds weights without a network", BARE, model=True)
GRAPH = Mistaken("a frozen TensorFlow graph", CONVERTED, model=True)
CORE_ML = Mistaken("a Core ML model", CONVERTED, model=True)
CAFFE = Mistaken(
    "a Caffe model", "Networks of Caffe cannot be shown here; choose a network that Keras saved.", model=True
)
SAFETENSORS = Mistaken(
    "a safetensors file, which holds weights without a network",
    "Choose a network that Keras saved whole, as a .keras or an .h5 file; one of PyTorch cannot be shown here.",
    model=True,
)
MATLAB = Mistaken(
    "a MATLAB file", "Networks of MATLAB cannot be shown here; choose a network that Keras saved.", model=True
)
HDF5_BEHIND = Mistaken("HDF5 behind a block of its own, as MATLAB writes it (.mat)", MATLAB.hint, model=True)
"""HDF5 may begin at one of several positions (specification 3.0, section II.A); Keras always takes the first."""
NUMPY = Mistaken("a file of NumPy arrays", f"It holds no network. {BARE}", model=True)
DARKNET = Mistaken(
    "a file of Darknet weights (YOLO)", "Convert it to Keras, and choose the .h5 file that comes out.", model=True
)
IMAGE = Mistaken("an image", "Choose a network here: the file that Keras saved, most often .keras or .h5.")
RECORDING = Mistaken("a sound or a film", "Choose a network here: the file that Keras saved, most often .keras or .h5.")
PACKED = Mistaken("a packed archive", UNPACK)
PROGRAM = Mistaken("a program")
OFFICE = Mistaken("an Office document")
DATA = Mistaken("a table of data", "Choose the network that was trained on it: the file that Keras saved.")
DATABASE = Mistaken("a database")
PDF = Mistaken("a PDF document")

SIGNATURES: Sequence[tuple[int, bytes, Mistaken]] = (
    (4, b"TFL3", TFLITE),
    (0, b"\x80\x02\x8a\nl\xfc", PYTORCH),  # the magic number of torch.save before PyTorch 1.6
    (0, b"MATLAB 5.0 MAT-file", MATLAB),
    (0, b"MATLAB 7.3 MAT-file", MATLAB),
    *((at, b"\x89HDF\r\n\x1a\n", HDF5_BEHIND) for at in (512, 1024, 2048, 4096)),
    (0, b"\x93NUMPY", NUMPY),
    (0, b"GGUF", Mistaken("a language model (GGUF)", model=True)),
    (0, b"\x89PNG\r\n\x1a\n", IMAGE),
    (0, b"\xff\xd8\xff", IMAGE),
    (0, b"GIF8", IMAGE),
    (0, b"II*\0", IMAGE),
    (0, b"MM\0*", IMAGE),
    (0, b"8BPS", IMAGE),
    (0, b"\0\0\1\0\1\0", IMAGE),
    (8, b"WEBP", IMAGE),
    *((4, b"ftyp" + brand, IMAGE) for brand in (b"heic", b"heix", b"mif1", b"avif")),
    (4, b"ftyp", RECORDING),
    (4, b"moov", RECORDING),
    (8, b"WAVE", RECORDING),
    (8, b"AVI ", RECORDING),
    (0, b"ID3", RECORDING),
    (0, b"OggS", RECORDING),
    (0, b"fLaC", RECORDING),
    (0, b"FLV\1", RECORDING),
    (0, b"MThd", RECORDING),
    (0, b"\x1aE\xdf\xa3", RECORDING),
    (0, b"%PDF", PDF),
    (0, b"%!PS", Mistaken("a PostScript document")),
    (0, b"{\\rtf", OFFICE),
    (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OFFICE),
    (0, b"\x1f\x8b", PACKED),
    (0, b"7z\xbc\xaf\x27\x1c", PACKED),
    (0, b"Rar!\x1a\7", PACKED),
    (0, b"\xfd7zXZ\0", PACKED),
    (0, b"BZh", PACKED),
    (0, b"\x28\xb5\x2f\xfd", PACKED),
    (257, b"ustar", PACKED),
    (0, b"PAR1", DATA),
    (0, b"ARROW1", DATA),
    (0, b"FEA1", DATA),
    (0, b"CDF\1", DATA),
    (0, b"CDF\2", DATA),
    (0, b"\x0e\x03\x13\x01", DATA),  # HDF4
    (0, b"SQLite format 3\0", DATABASE),
    (0, b"\x7fELF", PROGRAM),
    (0, b"\xcf\xfa\xed\xfe", PROGRAM),
    (0, b"\xca\xfe\xba\xbe", PROGRAM),
    (0, b"bplist00", Mistaken("a list of settings of macOS")),
)
"""Position in a file, bytes at that position, and what the file then is; the first that fits decides."""

_PATTERNS: Sequence[tuple[re.Pattern[bytes], Mistaken]] = (
    # The version and the number of images seen; then float32 numbers.
    (re.compile(rb"\0\0\0\0[\1\2]\0\0\0[\0-\5]\0\0\0", re.DOTALL), DARKNET),
    # The first entry of the index: an empty key and a BundleHeaderProto.
    (re.compile(rb"\0\0.(?:.?)\x08.[\x12\x1a]", re.DOTALL), CHECKPOINT),
    (re.compile(rb"MZ.{58}.{4}", re.DOTALL), PROGRAM),
    (re.compile(rb"BM.{4}\0\0\0\0.\0\0\0", re.DOTALL), IMAGE),
    (re.compile(rb"\xff[\xfb\xf3\xf2][\x10-\xef]", re.DOTALL), RECORDING),
    (re.compile(rb"\x80[\2-\5][\x95\x28\x5d\x7d\x63\x8c\x4b\x4d\x58\x4e\x88\x89\x47\x8a\x29\x2e]", re.DOTALL), PICKLE),
    (re.compile(rb"(?:c[\w.]+\n[\w.]+\n|\((?:d|l)p[01]\n)"), PICKLE),
)

TABLE_END = b"\x57\xfb\x80\x8b\x24\x75\x47\xdb"
"""The last bytes of a sorted string table, the format of a checkpoint's index."""


def by_signature(head: bytes, size: int, tail: bytes = b"") -> Mistaken | None:
    """What a file is, by a signature in its bytes; ``None`` where it has none of those that are known.

    Args:
        head: Its first bytes.
        size: Size of the file in bytes.
        tail: Its last bytes, where they are at hand.
    """
    for at, magic, mistaken in SIGNATURES:
        if head.startswith(magic, at):
            return mistaken
    if tail.endswith(TABLE_END):
        return CHECKPOINT
    length = int.from_bytes(head[:8], "little")
    if len(head) > 8 and head[8:9] == b"{" and 2 <= length <= size - 8:
        return SAFETENSORS
    for pattern, mistaken in _PATTERNS:
        if pattern.match(head):
            return PYTORCH if mistaken is PICKLE and b"torch" in head else mistaken
    return None
