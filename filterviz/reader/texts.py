"""Text files that people choose by mistake: web pages, descriptions of networks, notebooks, tables."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from filterviz.reader.signatures import CAFFE, CHECKPOINT, CONVERTED, DATA, IMAGE, SAVE_WHOLE, TFLITE, Mistaken

WEB_PAGE = "a web page"

PAGES: Sequence[tuple[str, Mistaken]] = tuple(
    (site.lower(), Mistaken(f"{WEB_PAGE} of {site}", f"Open it, press {button} there, and choose the file that comes."))
    for site, button in (
        ("Kaggle", "Download"),
        ("Google Drive", "Download anyway"),
        ("GitHub", "Download raw file"),
        ("Hugging Face", "Download"),
        ("Dropbox", "Download"),
        ("OneDrive", "Download"),
    )
)
"""Pages that people save in place of the file they show, by a word that they contain."""

PAGE = Mistaken(
    f"{WEB_PAGE} that was saved in place of a file", "Open it, download the file from there, and choose that."
)
SERVER_ERROR = Mistaken("the message of a server that could not send a file", "Download the file once more.")

LFS = Mistaken(
    "a pointer that Git LFS left in place of the real file",
    "Fetch that with git lfs pull, or with Download raw file on the web page of the repository.",
)

CONFIG = Mistaken("the description of a network without its weights", SAVE_WHOLE, model=True)
TFJS = Mistaken("a TensorFlow.js model", TFLITE.hint, model=True)
SHARDS = Mistaken(
    "the table of contents of weights that were saved in several parts, without the network", SAVE_WHOLE, model=True
)
NOTEBOOK = Mistaken(
    "a notebook", 'Run it, let it save the network with model.save("model.keras"), and choose that file.'
)
PYTHON = Mistaken(
    "a Python program", 'Run it, let it save the network with model.save("model.keras"), and choose that file.'
)
METADATA = Mistaken("a part of a Keras archive", "Choose the whole .keras file, without unpacking it.", model=True)
TEACHABLE = Mistaken(
    "the list of classes of a Teachable Machine project", "Export it there as Tensorflow, Keras, and choose that file."
)
LIBRARY = Mistaken(
    "the settings of a network without its weights",
    "Choose the network as Keras saved it, as a .keras or an .h5 file.",
    model=True,
)
OPENVINO = Mistaken("an OpenVINO model", CONVERTED, model=True)
NCNN = Mistaken("an ncnn model", CONVERTED, model=True)
JSON = Mistaken("a JSON file")
XML = Mistaken("an XML file")
TEXT = Mistaken("a text file")

_KEYS: Sequence[tuple[str, Mistaken]] = (
    ("modelTopology", TFJS),
    ("weightsManifest", TFJS),
    ("weight_map", SHARDS),
    ("cell_type", NOTEBOOK),
    ("cells", NOTEBOOK),
    ("nbformat", NOTEBOOK),
    ("tmVersion", TEACHABLE),
    ("tfjsVersion", TEACHABLE),
    ("class_name", CONFIG),
    ("date_saved", METADATA),
    ("architectures", LIBRARY),
    ("model_type", LIBRARY),
)
_KEY = re.compile(rf'(?<!\\)"({"|".join(name for name, _ in _KEYS)})"\s*:')
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")


def by_text(head: bytes) -> Mistaken | None:
    """What a text file is; ``None`` where it is no text.

    Args:
        head: The first bytes of the file.
    """
    text = _decoded(head)
    if text is None:
        return None
    start = text.lstrip("\ufeff \t\r\n\f")
    low = start[:4096].lower()
    if low.startswith("version https://git-lfs"):
        return LFS
    if low.startswith("<"):
        return _marked_up(low)
    if low.startswith(("{", "[")):
        found = _KEY.search(start)
        return JSON if found is None else dict(_KEYS)[found[1]]
    if low.startswith('"{') and '\\"class_name\\"' in low:
        return CONFIG  # written with json.dump(model.to_json())
    if re.search(r"^class_name: \w+$", start, re.MULTILINE):
        return CONFIG  # of model.to_yaml()
    if "model_checkpoint_path:" in low[:200]:
        return CHECKPOINT
    if low.startswith("7767517\n"):
        return NCNN
    if re.match(r'(?:name:\s*"[^"\n]*"\s*)?(?:layers?|input)\s*[:{]', start):
        return CAFFE
    if re.search(r"^(?:import \w|from [\w.]+ import )", start, re.MULTILINE):
        return PYTHON
    return DATA if _is_table(start) else TEXT


def _decoded(head: bytes) -> str | None:
    """The text, in UTF-8 or UTF-16; ``None`` where the bytes are no text."""
    if not head.strip():
        return None
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        text = head[: len(head) & ~1].decode("utf-16", "replace")
    else:
        # A character may be cut in two at the end.
        text = head.decode("utf-8", "replace")
        if text[:-3].count("\N{REPLACEMENT CHARACTER}") * 20 > len(text):
            return None
    return None if _CONTROL.search(text) else text


def _marked_up(low: str) -> Mistaken:
    """What a text in HTML or XML is, by its beginning in lower case."""
    html = re.search(r"<(?:!doctype\s+html|html|head|body)\b", low)
    if html is not None:
        return next((page for word, page in PAGES if word in low), PAGE)
    if "<error>" in low or "<listbucketresult" in low:
        return SERVER_ERROR
    if "<svg" in low:
        return IMAGE
    if re.search(r"<net\s+name=", low):
        return OPENVINO
    return XML


def _is_table(text: str) -> bool:
    """Whether the first lines have the same number of columns."""
    lines = text.splitlines()[:5]
    return len(lines) > 1 and any(
        len(set(counts)) == 1 and counts[0] > 0 for counts in ([line.count(sign) for line in lines] for sign in ",;\t")
    )
