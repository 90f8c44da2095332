from __future__ import annotations

import numpy as np
import pytest

from filterviz.imaging import mosaic
from filterviz.ui.sections.variants import VARIANTS, alike, relative_responses
from tests.imaging.images import pattern


def stripes(turned: bool) -> np.ndarray:
    wave = np.where(np.arange(64) // 4 % 2, 230, 20).astype(np.uint8)
    picture = np.repeat(wave[:, np.newaxis], 64, axis=1)
    return np.repeat((picture.T if turned else picture)[..., np.newaxis], 3, axis=2)


def test_responses_are_compared_with_that_to_the_filters_one_picture() -> None:
    several = pattern(responses=(2.0, 1.0, 0.0, 4.0))
    assert relative_responses(pattern(response_end=4.0), several) == [0.5, 0.25, 0.0, 1.0]


@pytest.mark.parametrize("response", [0.0, -1.0, float("nan"), float("inf")])
def test_nothing_is_compared_with_no_response(response: float) -> None:
    assert relative_responses(pattern(response_end=response), pattern(responses=(1.0, 1.0, 1.0, 1.0))) == []


@pytest.mark.parametrize(("turned", "same"), [([False] * VARIANTS, True), ([False, False, False, True], False)])
def test_pictures_of_the_same_thing_are_called_alike_wherever_they_begin(turned: list[bool], same: bool) -> None:
    pictures = [np.roll(stripes(way), 3 * number, axis=(0, 1)) for number, way in enumerate(turned)]
    assert alike(pattern(tile=mosaic.join(pictures))) is same
