"""Pictures that come with the program: made from real networks on our machines, so that a page shows them at once.

For each network there is a folder with ``model.json.gz`` (what the network is, and which sheets there are), and for
each sheet a ``.json.gz`` with the numbers of its tiles and a ``.webp`` with the tiles themselves, side by side. They
answer the very questions they were made for and no others, like an entry of the store, but for one thing: WebP is not
lossless, so a tile differs from the one made anew by a little noise.
"""

from __future__ import annotations

import gzip
import json
import logging
import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filterviz._version import ENGINE_VERSION
from filterviz.spec import Json, LoadOptions, ModelSpec, Pattern, PixelRange, Precision, Recipe, Request

log = logging.getLogger(__name__)

FOLDER = Path(__file__).parent.parent / "bundled"

COLUMNS, TILES = 8, 64
"""Of one sheet: it is decoded as a whole, so it holds no more than a wall or two."""

BLOCK = 16
"""WebP codes blocks of so many pixels; tiles begin on one, so that none bleeds into its neighbour."""

QUALITY = 82


@dataclass(frozen=True, slots=True)
class Sheet:
    """Some filters of one layer, made in one way.

    Attributes:
        layer: its name.
        recipe: how they were made.
        first, last: the filters, one after another.
        size: height and width of a tile in pixels.
        stem: of its two files.
    """

    layer: str
    recipe: Recipe
    first: int
    last: int
    size: tuple[int, int]
    stem: str

    def to_json(self) -> dict[str, Json]:
        """Plain data."""
        return {
            "layer": self.layer,
            "recipe": self.recipe.to_json(),
            "first": self.first,
            "last": self.last,
            "size": list(self.size),
            "stem": self.stem,
        }


class BundledModel:
    """A network whose pictures come with the program, whether its file is here or not.

    Attributes:
        folder: of its pictures.
        name: what to call it.
        sha256: of its file.
        architecture: the ``keras.applications`` network its file is opened as, if it holds bare weights.
        licence: what must be said of where it comes from; empty where there is nothing.
        facts: further facts, such as how well it was trained.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        data = _read(folder / "model.json.gz")
        if data["engine"] != ENGINE_VERSION:
            message = f"{folder} was made by engine {data['engine']}, but this is {ENGINE_VERSION}: build it anew."
            raise ValueError(message)
        self.name: str = data["name"]
        self.sha256: str = data["sha256"]
        self.architecture: str | None = data["architecture"]
        self.licence: str = data["licence"]
        self.facts: dict[str, Any] = data["facts"]
        self._spec: dict[str, Any] = data["spec"]
        self.sheets = tuple(
            Sheet(s["layer"], Recipe(**s["recipe"]), s["first"], s["last"], (s["size"][0], s["size"][1]), s["stem"])
            for s in data["sheets"]
        )

    @cached_property
    def spec(self) -> ModelSpec:
        """What is in the network."""
        return ModelSpec.from_json(self._spec)

    def find(self, request: Request, channel: int) -> Pattern | None:
        """The picture of one filter, if it was made in exactly the way that is asked for."""
        if request.pixel_range is not PixelRange.AUTO or request.precision is not Precision.AUTO:
            return None
        for sheet in self.sheets:
            if sheet.layer == request.layer and sheet.recipe == request.recipe and sheet.first <= channel <= sheet.last:
                position = channel - sheet.first
                numbers = _numbers(self.folder / f"{sheet.stem}.json.gz")
                tile = _cut(_picture(self.folder / f"{sheet.stem}.webp"), position, sheet.size)
                return Pattern.from_numbers(numbers[position], tile)
        return None


class BundledPatterns:
    """All networks whose pictures come with the program. Safe in threads.

    Args:
        folder: holds one folder for each; there may be none.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._lock = threading.Lock()
        self.models: dict[str, BundledModel] = {}
        for path in sorted(folder.glob("*/model.json.gz")):
            try:
                self.models[path.parent.name] = BundledModel(path.parent)
            except (ValueError, TypeError, KeyError, OSError, EOFError) as error:
                # Without them the pictures are made anew, which is slower and nothing worse.
                log.warning("The pictures in %s cannot be used: %s", path.parent, error)
        self._by_file = {
            LoadOptions(model.architecture).identity(model.sha256): model for model in self.models.values()
        }

    def find(self, identity: str, request: Request, channel: int) -> Pattern | None:
        """The picture of one filter of a network, by its name in the store, if it comes with the program."""
        model = self._by_file.get(identity)
        if model is None:
            return None
        with self._lock:
            return model.find(request, channel)


def write(
    folder: Path,
    *,
    name: str,
    sha256: str,
    architecture: str | None,
    spec: ModelSpec,
    sheets: Sequence[tuple[Request, Sequence[Pattern]]],
    licence: str = "",
    facts: dict[str, Json] | None = None,
) -> None:
    """Write the pictures of a network, as :class:`BundledModel` reads them.

    Args:
        folder: where; made if need be.
        name: what to call the network.
        sha256: of its file.
        architecture: see :class:`BundledModel`.
        spec: what is in it.
        sheets: requests for filters one after another, with their patterns.
        licence: see :class:`BundledModel`.
        facts: see :class:`BundledModel`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    listed: list[Json] = []
    for number, (request, patterns) in enumerate(sheets):
        for start in range(0, len(patterns), TILES):
            part = patterns[start : start + TILES]
            stem = f"{number:02}-{request.recipe.name}-{start // TILES}"
            height, width = part[0].tile.shape[:2]
            sheet = Sheet(request.layer, request.recipe, part[0].filter, part[-1].filter, (height, width), stem)
            Image.fromarray(_joined([pattern.tile for pattern in part])).save(
                folder / f"{stem}.webp", quality=QUALITY, method=6
            )
            _write(folder / f"{stem}.json.gz", [_rounded(pattern.numbers()) for pattern in part])
            listed.append(sheet.to_json())
    model = {
        "engine": ENGINE_VERSION,
        "name": name,
        "sha256": sha256,
        "architecture": architecture,
        "licence": licence,
        "facts": facts or {},
        "spec": spec.to_json(),
        "sheets": listed,
    }
    _write(folder / "model.json.gz", model)


def _cell(side: int) -> int:
    return math.ceil(side / BLOCK) * BLOCK


def _joined(tiles: Sequence[NDArray[np.uint8]]) -> NDArray[np.uint8]:
    height, width = (_cell(side) for side in tiles[0].shape[:2])
    rows = math.ceil(len(tiles) / COLUMNS)
    canvas = np.zeros((rows * height, min(len(tiles), COLUMNS) * width, 3), np.uint8)
    for position, tile in enumerate(tiles):
        row, column = divmod(position, COLUMNS)
        # What lies between tiles is filled with their edge: a hard border would cost bytes and ring into them.
        padded = np.pad(tile, ((0, height - tile.shape[0]), (0, width - tile.shape[1]), (0, 0)), mode="edge")
        canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = padded
    return canvas


def _cut(picture: NDArray[np.uint8], position: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    row, column = divmod(position, COLUMNS)
    top, left = row * _cell(size[0]), column * _cell(size[1])
    return np.ascontiguousarray(picture[top : top + size[0], left : left + size[1]])


def _rounded(numbers: dict[str, Json]) -> dict[str, Json]:
    """The numbers with a curve of four digits, which is more than can be drawn."""
    curve = [None if value is None else float(f"{value:.4g}") for value in numbers["curve"]]
    return {**numbers, "curve": curve, "seconds": round(numbers["seconds"], 3)}


@lru_cache(maxsize=12)
def _picture(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


@lru_cache(maxsize=64)
def _numbers(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _read(path)
    return found


def _read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def _write(path: Path, data: Json) -> None:
    """JSON, packed the same way every time."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
