"""Images of tiles as the browser fetches them: each under the hash of its bytes, once, and kept by the browser.

In a page's own messages an image would be sent again whenever its wall is drawn.
"""

from __future__ import annotations

import hashlib
import io
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filterviz.imaging import png
from filterviz.spec import Pattern

PATH = "filterviz/image/"
"""Where images are, below the address of the page. Links are relative, so that they hold behind a proxy's path too."""

SMALL = 48
"""The longer side of a small image in pixels: about twice what it takes on the page, for fine screens."""

KEPT_BYTES = 64_000_000
"""How much is kept for browsers that have yet to fetch it: some 15,000 tiles."""


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """An image for the browser.

    Attributes:
        name: The hash of the bytes, 32 characters.
        content: WebP.
    """

    name: str
    content: bytes

    @property
    def link(self) -> str:
        """Its address relative to that of the page."""
        return f"{PATH}{self.name}.webp"


class ImageStore:
    """The images that pages link to, by name; those that were linked to longest ago are dropped first.

    Safe to use from several threads.
    """

    def __init__(self, kept_bytes: int = KEPT_BYTES) -> None:
        self._most = kept_bytes
        self._size = 0
        self._lock = threading.Lock()
        self._images: OrderedDict[str, bytes] = OrderedDict()

    def link(self, image: EncodedImage) -> str:
        """Keep an image and return its address."""
        with self._lock:
            if image.name not in self._images:
                self._images[image.name] = image.content
                self._size += len(image.content)
            self._images.move_to_end(image.name)
            while self._size > self._most and len(self._images) > 1:
                _, dropped = self._images.popitem(last=False)
                self._size -= len(dropped)
        return image.link

    def find(self, name: str) -> bytes | None:
        """The bytes of an image; ``None`` where it is not kept any more."""
        with self._lock:
            return self._images.get(name)


IMAGES = ImageStore()
"""The images of this process."""


def of_pattern(pattern: Pattern, *, small: bool = False) -> str:
    """A link to the tile of a finished pattern, or to one of :data:`SMALL` pixels."""
    return IMAGES.link(_finished(pattern, small))


def of_preview(tile: NDArray[np.uint8], *, small: bool = False) -> str:
    """A link to an unfinished tile, or to one of :data:`SMALL` pixels. It is encoded once for all who look at it."""
    return IMAGES.link(_PREVIEWS[small].get(tile))


# Patterns are compared by identity, and a wall keeps its own, so this remembers what is on somebody's page.


@lru_cache(maxsize=4096)
def _finished(pattern: Pattern, small: bool) -> EncodedImage:
    return encoded(reduced(pattern.tile) if small else pattern.tile, quality=85 if small else 92)


def reduced(tile: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A tile, made smaller where a side is longer than :data:`SMALL`.

    Args:
        tile: uint8 ``[height, width, 1 or 3]``.

    Returns:
        uint8 ``[height, width, 3]``.
    """
    image = Image.fromarray(png.as_rgb(tile))
    image.thumbnail((SMALL, SMALL))
    return np.asarray(image)


def encoded(tile: NDArray[np.uint8], quality: int) -> EncodedImage:
    """A tile as WebP, which takes a fifth of a PNG's bytes; nobody sees the difference on the page.

    Args:
        tile: uint8 ``[height, width, 1 or 3]``.
        quality: 0 to 100.
    """
    stream = io.BytesIO()
    grey = tile.shape[2] == 1
    Image.fromarray(tile[:, :, 0] if grey else tile).save(stream, "WEBP", quality=quality, method=1)
    content = stream.getvalue()
    return EncodedImage(hashlib.sha256(content).hexdigest()[:32], content)


class _Previews:
    """Encoded previews by the array, for as long as it lives: arrays cannot be keys of a dictionary."""

    def __init__(self, prepare: Callable[[NDArray[np.uint8]], NDArray[np.uint8]]) -> None:
        self._prepare = prepare
        self._found: dict[int, tuple[weakref.ref[NDArray[np.uint8]], EncodedImage]] = {}

    def get(self, tile: NDArray[np.uint8]) -> EncodedImage:
        key = id(tile)
        known = self._found.get(key)
        if known is not None and known[0]() is tile:
            return known[1]
        image = encoded(self._prepare(tile), quality=75)
        self._found[key] = weakref.ref(tile, lambda gone: self._forget(key, gone)), image
        return image

    def _forget(self, key: int, gone: weakref.ref[NDArray[np.uint8]]) -> None:
        known = self._found.get(key)
        if known is not None and known[0] is gone:  # another array may have the same number by now
            del self._found[key]


_PREVIEWS = {True: _Previews(reduced), False: _Previews(lambda tile: tile)}
