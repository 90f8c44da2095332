from __future__ import annotations

import numpy as np
import pytest

from filterviz.engine.recipes.base import Conditions, optimise
from filterviz.engine.recipes.classic import ClassicRecipe, start_images
from filterviz.engine.seeds import filter_seeds
from filterviz.spec import RECIPES, Flag, Pattern, PixelRange, Precision, Progress
from tests.engine import script
from tests.engine.networks import TwoConvolutions

FILTERS = (5, 0, 3, 1)
SIZE = (32, 32)


def conditions(pixel_range: PixelRange | None = None, steps: int = 40) -> Conditions:
    return Conditions("second", RECIPES["classic"].with_(steps=steps), pixel_range, Precision.FLOAT32)


def compiled(network: TwoConvolutions, pixel_range: PixelRange | None = None) -> ClassicRecipe:
    return ClassicRecipe(network, conditions(pixel_range))  # type: ignore[arg-type]


def made(
    recipe: ClassicRecipe, filters: tuple[int, ...] = FILTERS, steps: int = 40, **options: object
) -> list[Pattern]:
    ascent = recipe.begin(filters, SIZE, seed=0, **options)  # type: ignore[arg-type]
    events = optimise(ascent, conditions(steps=steps), filters, seed=0, stop=lambda: False)
    return [event for event in events if isinstance(event, Pattern)]


def test_it_is_the_scripts_arithmetic() -> None:
    network = TwoConvolutions()
    starts = start_images(filter_seeds(0, FILTERS), SIZE, 3)
    tiles, curves = script.render(network.output, FILTERS, starts)

    patterns = made(compiled(network))

    for pattern, tile, curve in zip(patterns, tiles, curves, strict=True):
        np.testing.assert_allclose(pattern.curve, curve, rtol=1e-3, atol=1e-6)
        assert np.abs(pattern.tile.astype(int) - tile).max() <= 2


def test_start_pictures_are_grey_with_a_little_noise_and_depend_on_their_own_seed_alone() -> None:
    pictures = start_images([1, 2], (16, 8), 3)
    assert pictures.shape == (2, 16, 8, 3)
    assert pictures.min() >= 128
    assert pictures.max() < 148
    np.testing.assert_array_equal(pictures[1], start_images([2], (16, 8), 3)[0])


def test_given_start_pictures_are_used() -> None:
    network = TwoConvolutions()
    start = np.random.default_rng(7).uniform(0, 255, (4, *SIZE, 3)).astype(np.float32)
    tiles, _ = script.render(network.output, FILTERS, start.astype(np.float64))
    for pattern, tile in zip(made(compiled(network), start=start), tiles, strict=True):
        assert np.abs(pattern.tile.astype(int) - tile).max() <= 2


@pytest.mark.parametrize("pixel_range", [PixelRange.UNIT, PixelRange.SIGNED, PixelRange.CAFFE])
def test_a_pixel_range_scales_start_and_step(pixel_range: PixelRange) -> None:
    """A network that undoes the scaling first must be given the image that the plain network is given."""

    class Loud(TwoConvolutions):
        """Its gradients are far above the recipe's epsilon, which is the same in all units."""

        def __call__(self, pictures, filters):  # type: ignore[no-untyped-def]
            return 1e4 * super().__call__(pictures, filters)

    class Undone(Loud):
        def __call__(self, pictures, filters):  # type: ignore[no-untyped-def]
            if pixel_range is PixelRange.UNIT:
                pictures = pictures * 255
            elif pixel_range is PixelRange.SIGNED:
                pictures = (pictures + 1) * 127.5
            else:
                pictures = (pictures + np.array([103.939, 116.779, 123.68], np.float32))[..., ::-1]
            return super().__call__(pictures, filters)

    for scaled, unscaled in zip(made(compiled(Undone(), pixel_range)), made(compiled(Loud())), strict=True):
        assert scaled.response_end == pytest.approx(unscaled.response_end, rel=1e-3)
        assert np.abs(scaled.tile.astype(int) - unscaled.tile).max() <= 2


def test_a_filter_that_never_fires_is_called_silent() -> None:
    network = TwoConvolutions()
    network.bias[:] = 1e4
    network.bias[3] = -1e6
    patterns = made(compiled(network))
    assert [Flag.SILENT in pattern.flags for pattern in patterns] == [False, False, True, False]
    assert patterns[2].response_end == 0


def test_progress_shows_the_tiles_on_their_way() -> None:
    recipe = compiled(TwoConvolutions())
    events = list(optimise(recipe.begin(FILTERS, SIZE, seed=0), conditions(steps=3), FILTERS, 0, lambda: False))
    first = events[0]
    assert isinstance(first, Progress)
    assert first.step == 1
    assert first.tiles.shape == (4, *SIZE, 3)
    assert [type(event) for event in events[-4:]] == [Pattern] * 4
