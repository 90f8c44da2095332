"""Images for the browser: encoded once, kept within bounds."""

from __future__ import annotations

import gc
import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from filterviz.ui import images
from filterviz.ui.images import EncodedImage, ImageStore
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


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 60)), min_size=1, max_size=40))
def test_a_store_keeps_the_latest_within_its_bounds(asked: list[tuple[int, int]]) -> None:
    store = ImageStore(kept_bytes=100)
    sizes: dict[str, int] = {}
    for number, size in asked:
        name = f"{number:032x}"
        sizes.setdefault(name, size)
        image = EncodedImage(name, bytes(sizes[name]))
        assert name_of(store.link(image)) == name
        assert store.find(name) == image.content, "what was linked to last is there"
        kept = [name for name in sizes if store.find(name) is not None]
        assert sum(sizes[name] for name in kept) <= 100
        assert store._size == sum(sizes[name] for name in kept)
