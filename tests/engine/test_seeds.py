from __future__ import annotations

from filterviz.engine.seeds import filter_seed, filter_seeds, image_seeds


def test_seeds_are_the_ones_that_kept_patterns_were_made_with() -> None:
    """Keys of the store hold the seed of the run, so the seeds of its filters must not change."""
    assert filter_seeds(0, (0, 7)) == (2968811710, 1369798745)
    assert image_seeds(3, 5, 4) == (3746004709, 1541264006, 819723952, 1087665895)


def test_filters_and_images_have_seeds_of_their_own() -> None:
    assert len({filter_seed(seed, channel) for seed in range(8) for channel in range(64)}) == 8 * 64
    assert len({seed for channel in range(64) for seed in image_seeds(0, channel, 9)}) == 9 * 64


def test_fewer_images_have_the_first_of_the_seeds_of_more() -> None:
    assert image_seeds(1, 2, 9)[:4] == image_seeds(1, 2, 4)
    assert image_seeds(1, 2, 1) == (filter_seed(1, 2),)
