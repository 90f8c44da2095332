"""The patterns that come with the program, computed from real networks, so that the page can show them at once.

For each network there is a folder with ``model.json.gz``, which describes the network and lists its sheets, and for
each sheet a ``.json.gz`` with the numbers of its tiles and a ``.webp`` with the tiles side by side. Like an entry of
the store, a bundled pattern answers exactly the question that it was made for. But WebP is not lossless, so its tile
differs from a newly computed one by a little noise.
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

FILE_ENDINGS = (".zip", ".h5")
"""How the name of a network's file ends; a zip holds the names of its classes too."""

COLUMNS, TILES = 8, 64
"""Columns and tiles of a sheet. A sheet is decoded as a whole, so it holds no more than a wall or two."""

BLOCK = 16
"""Pixels along a side of the blocks that WebP encodes. Each tile begins on a block and does not bleed into another."""

QUALITY = 82
"""The quality of the WebP files, 0 to 100."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """The tiles of consecutive filters of one layer, made by one recipe.

    Attributes:
        layer: Name of the layer.
        recipe: The recipe.
        first, last: The first and the last filter.
        size: Height and width of a tile in pixels.
        stem: The name of its two files without their endings.
    """

    layer: str
    recipe: Recipe
    first: int
    last: int
    size: tuple[int, int]
    stem: str

    def to_json(self) -> dict[str, Json]:
        """The sheet as JSON data."""
        return {
            "layer": self.layer,
            "recipe": self.recipe.to_json(),
            "first": self.first,
            "last": self.last,
            "size": list(self.size),
            "stem": self.stem,
        }


class BundledModel:
    """A network whose patterns come with the program, whether its file is on this machine or not.

    Args:
        folder: Folder of its patterns.

    Attributes:
        folder: Folder of its patterns.
        name: The name to show.
        sha256: The sha256 of its file.
        architecture: The ``keras.applications`` network that its file is opened as, if it holds bare weights.
        licence: The attribution that its licence asks for; may be empty.
        facts: Further facts, such as how well it was trained.

    Raises:
        ValueError: The patterns were made by another version of the engine.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        data = _read(folder / "model.json.gz")
        if data["engine"] != ENGINE_VERSION:
            message = f"{folder} was made by engine {data['engine']}, but this is {ENGINE_VERSION}: build it again."
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
        """The network."""
        return ModelSpec.from_json(self._spec)

    @property
    def file(self) -> Path | None:
        """The network's file, if it comes with the program."""
        found = (self.folder / f"{self.folder.name}{ending}" for ending in FILE_ENDINGS)
        return next((path for path in found if path.is_file()), None)

    def find(self, request: Request, channel: int) -> Pattern | None:
        """The pattern of one filter if it was made exactly as the request asks for."""
        if request.pixel_range is not PixelRange.AUTO or request.precision is not Precision.AUTO:
            return None
        for sheet in self.sheets:
            if sheet.layer == request.layer and sheet.recipe == request.recipe and sheet.first <= channel <= sheet.last:
                position = channel - sheet.first
                numbers = _numbers(self.folder / f"{sheet.stem}.json.gz")
                tile = _cut(_sheet_image(self.folder / f"{sheet.stem}.webp"), position, sheet.size)
                return Pattern.from_numbers(numbers[position], tile)
        return None


class BundledPatterns:
    """All networks whose patterns come with the program. Safe to use from several threads.

    Args:
        folder: A folder with one folder for each network; it may be empty.

    Attributes:
        models: The networks by the name of their folder.
    """

    def __init__(self, folder: Path = FOLDER) -> None:
        self._lock = threading.Lock()
        self.models: dict[str, BundledModel] = {}
        for path in sorted(folder.glob("*/model.json.gz")):
            try:
                self.models[path.parent.name] = BundledModel(path.parent)
            except (ValueError, TypeError, KeyError, OSError, EOFError) as error:
                # Without them the patterns are computed again, which is slower but otherwise the same.
                log.warning("The patterns in %s cannot be used: %s", path.parent, error)
        self._by_file = {
            LoadOptions(model.architecture).identity(model.sha256): model for model in self.models.values()
        }

    def find(self, identity: str, request: Request, channel: int) -> Pattern | None:
        """The pattern of one filter if it comes with the program.

        Args:
            identity: The network, as ``LoadOptions.identity`` gives it.
            request: How the pattern is made.
            channel: The index of the filter.
        """
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
    """Write the patterns of a network as :class:`BundledModel` reads them.

    Args:
        folder: Folder to write to, which is made if need be.
        name: The name of the network to show.
        sha256: The sha256 of its file.
        architecture: See :class:`BundledModel`.
        spec: The network.
        sheets: Requests for consecutive filters, with their patterns.
        licence: See :class:`BundledModel`.
        facts: See :class:`BundledModel`.
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
        # The space between tiles repeats their edges: a hard border would cost bytes and cause ringing in the tiles.
        padded = np.pad(tile, ((0, height - tile.shape[0]), (0, width - tile.shape[1]), (0, 0)), mode="edge")
        canvas[row * height : (row + 1) * height, column * width : (column + 1) * width] = padded
    return canvas


def _cut(sheet: NDArray[np.uint8], position: int, size: tuple[int, int]) -> NDArray[np.uint8]:
    row, column = divmod(position, COLUMNS)
    top, left = row * _cell(size[0]), column * _cell(size[1])
    return np.ascontiguousarray(sheet[top : top + size[0], left : left + size[1]])


def _rounded(numbers: dict[str, Json]) -> dict[str, Json]:
    """The numbers with the curve rounded to four digits, which is more than can be drawn."""
    curve = [None if value is None else float(f"{value:.4g}") for value in numbers["curve"]]
    return {**numbers, "curve": curve, "seconds": round(numbers["seconds"], 3)}


@lru_cache(maxsize=12)
def _sheet_image(path: Path) -> NDArray[np.uint8]:
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@lru_cache(maxsize=64)
def _numbers(path: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = _read(path)
    return found


def _read(path: Path) -> Any:
    return json.loads(gzip.decompress(path.read_bytes()))


def _write(path: Path, data: Json) -> None:
    """Write compressed JSON. The same data gives the same bytes."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"))
    path.write_bytes(gzip.compress(text.encode(), compresslevel=9, mtime=0))
