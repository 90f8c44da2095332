"""Images of tiles as the browser fetches them: each under the hash of its bytes, once, and kept by the browser.

In a page's own messages an image would be sent again whenever its wall is drawn.
"""

from __future__ import annotations

import base64
import hashlib
import io
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from filterviz.imaging import png
from filterviz.spec import Pattern

PATH = "filterviz/image/"
"""Where images are, below the address of the page. Links are relative, so that they hold behind a proxy's path too."""

SMALL = 48
"""The longer side of a small image in pixels: about twice what it takes on the page, for fine screens."""

RECENT_SECONDS = 30.0
"""An image that was linked to is there for so long at least: an unfinished tile is soon replaced, and a browser on a
slow line may ask for it later than that."""


@dataclass(frozen=True, slots=True, weakref_slot=True, eq=False)
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
    """The images that pages link to, by name. Safe to use from several threads.

    An image is there for as long as the tile that it shows is in memory, and a moment longer: it goes when the tile
    does, as when a visitor has their files deleted.
    """

    def __init__(self, recent_seconds: float = RECENT_SECONDS) -> None:
        self._seconds = recent_seconds
        self._lock = threading.Lock()
        self._images: weakref.WeakValueDictionary[str, EncodedImage] = weakref.WeakValueDictionary()
        self._recent: deque[tuple[float, EncodedImage]] = deque()

    def keep(self, content: bytes) -> EncodedImage:
        """The image of some bytes; the same object for the same bytes, while there is one."""
        name = hashlib.sha256(content).hexdigest()[:32]
        with self._lock:
            found = self._images.get(name)
            if found is None:
                found = self._images[name] = EncodedImage(name, content)
            return found

    def link(self, image: EncodedImage) -> str:
        """The address of an image, which is there for a moment whatever becomes of its tile."""
        now = time.monotonic()
        with self._lock:
            while self._recent and self._recent[0][0] < now - self._seconds:
                self._recent.popleft()
            self._recent.append((now, image))
        return image.link

    def find(self, name: str) -> bytes | None:
        """The bytes of an image; ``None`` where it is not kept any more."""
        with self._lock:
            found = self._images.get(name)
            return None if found is None else found.content


IMAGES = ImageStore()
"""The images of this process."""


def of_pattern(pattern: Pattern, *, small: bool = False) -> str:
    """A link to the tile of a finished pattern, or to one of :data:`SMALL` pixels."""
    found = _PATTERNS[small].get(pattern)
    if found is None:
        tile = reduced(pattern.tile) if small else pattern.tile
        found = _PATTERNS[small][pattern] = encoded(tile, quality=85 if small else 92)
    return IMAGES.link(found)


def of_preview(tile: NDArray[np.uint8], *, small: bool = False) -> str:
    """A link to an unfinished tile, or to one of :data:`SMALL` pixels. It is encoded once for all who look at it."""
    return IMAGES.link(_PREVIEWS[small].get(tile))


def of_tile(tile: NDArray[np.uint8]) -> str:
    """A link to an array that is drawn once, which is there for :data:`RECENT_SECONDS`."""
    return IMAGES.link(encoded(tile, quality=92))


def inline(content: bytes, kind: str) -> str:
    """A small image as a link that holds it.

    Args:
        content: Its bytes.
        kind: Their media type, such as ``image/png``.
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


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
    return IMAGES.keep(stream.getvalue())


_Encoded = weakref.WeakKeyDictionary[Pattern, EncodedImage]

# Patterns are compared by identity, and a wall keeps its own. Small or not:
_PATTERNS: dict[bool, _Encoded] = {True: weakref.WeakKeyDictionary(), False: weakref.WeakKeyDictionary()}


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
