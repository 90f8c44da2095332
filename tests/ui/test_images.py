"""Images for the browser: encoded once, kept within bounds."""

from __future__ import annotations

import gc
import io
import weakref

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from filterviz.ui import images
from filterviz.ui.images import EncodedImage, ImageStore
from filterviz.ui.text import captions
from tests.imaging.images import pattern


def name_of(link: str) -> str:
    return link.removeprefix(images.PATH).removesuffix(".webp")


def test_a_pattern_is_encoded_once() -> None:
    one, same_image = pattern(3), pattern(3)
    assert images.of_pattern(one) == images.of_pattern(one) == images.of_pattern(same_image)
    content = images.IMAGES.find(name_of(images.of_pattern(one)))
    assert content is not None
    with Image.open(io.BytesIO(content)) as image:
        assert image.format == "WEBP"


def test_a_preview_is_encoded_once_while_it_lives(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty visitors who waited had the same unfinished tiles encoded again twice a second each."""
    made: list[int] = []
    encode = images.encoded

    def counted(tile: NDArray[np.uint8], quality: int) -> EncodedImage:
        made.append(quality)
        return encode(tile, quality)

    monkeypatch.setattr(images, "encoded", counted)
    tile = np.full((16, 16, 3), 90, np.uint8)
    links = {images.of_preview(tile) for _ in range(5)}
    assert (len(links), len(made)) == (1, 1)
    number = id(tile)
    assert number in images._PREVIEWS[False]._found
    del tile
    gc.collect()
    assert number not in images._PREVIEWS[False]._found


def test_an_image_goes_with_its_tile() -> None:
    """As when a visitor has their files deleted; others with the same bytes keep it."""
    store = ImageStore(recent_seconds=0)
    one, other = store.keep(b"bytes"), store.keep(b"bytes")
    assert one is other
    assert name_of(store.link(one)) == one.name
    assert store.find(one.name) == b"bytes"
    name = one.name
    del one
    store.link(store.keep(b"the next"))
    gc.collect()
    assert store.find(name) == b"bytes"
    del other
    store.link(store.keep(b"another"))
    gc.collect()
    assert store.find(name) is None


def test_an_image_that_was_linked_to_waits_for_the_browser() -> None:
    store = ImageStore(recent_seconds=60)
    name = name_of(store.link(store.keep(b"unfinished")))
    gc.collect()
    assert store.find(name) == b"unfinished"


def test_no_pattern_is_kept_in_memory_by_its_image() -> None:
    """Four thousand of them would be 200 MB."""
    shown = pattern(3)
    images.of_pattern(shown)
    images.of_pattern(shown, small=True)
    captions.tile_mark(shown)
    gone = weakref.ref(shown)
    del shown
    gc.collect()
    assert gone() is None
