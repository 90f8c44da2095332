from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from filterviz.engine import parametrisation
from filterviz.engine.recipes.base import Conditions, optimise
from filterviz.engine.recipes.natural import NaturalRecipe, _direction, _normalised
from filterviz.engine.seeds import filter_seeds
from filterviz.imaging.mosaic import GAP, split
from filterviz.spec import Flag, Pattern, PixelRange, Precision, Recipe
from tests.engine.networks import TwoConvolutions

SIZE = (32, 32)


def made(
    network: TwoConvolutions,
    filters: tuple[int, ...] = (0, 1, 2, 3, 4, 5),
    steps: int = 32,
    seed: int = 0,
    objective: str = "channel",
    pictures: int = 1,
    **options: object,
) -> list[Pattern]:
    recipe = Recipe(steps=steps, objective=objective, pictures=pictures)
    conditions = Conditions("second", recipe, PixelRange.UNIT, Precision.FLOAT32)
    compiled = NaturalRecipe(network, conditions)  # type: ignore[arg-type]
    ascent = compiled.begin(filters, SIZE, seed, **options)  # type: ignore[arg-type]
    events = optimise(ascent, conditions, filters, seed, stop=lambda: False)
    return [event for event in events if isinstance(event, Pattern)]


def test_every_filter_of_a_healthy_network_gets_a_pattern_that_excites_it_far_more_than_noise() -> None:
    for pattern in made(TwoConvolutions(pre_activation=True)):
        assert Flag.SILENT not in pattern.flags
        assert pattern.response_end > 1.5 * pattern.response_start


def test_filters_that_are_silent_at_the_start_are_woken() -> None:
    network = TwoConvolutions(pre_activation=True)
    noise = parametrisation.render(parametrisation.start_spectra(filter_seeds(0, range(6)), SIZE, 3), SIZE)
    network.bias -= network.output(noise).numpy().max(axis=(0, 1, 2)) * 1.01
    patterns = made(network)
    assert all(pattern.response_start == 0 for pattern in patterns)
    assert all(Flag.SILENT not in pattern.flags for pattern in patterns)


def test_a_filter_that_cannot_fire_is_called_silent() -> None:
    network = TwoConvolutions(pre_activation=True)
    network.bias[2] = -1e6
    assert [Flag.SILENT in pattern.flags for pattern in made(network)] == [False, False, True, False, False, False]


def test_a_filter_with_vanishing_weights_shows_its_pattern_and_not_its_noise() -> None:
    """Pruned filters of real networks have weights of 1e-20, whose squared gradients are zero in float32."""
    network = TwoConvolutions(pre_activation=True)
    network.second[..., 3] *= 1e-20
    network.bias[3] = 0
    (pattern,) = made(network, filters=(3,))
    assert pattern.response_end > 1.5 * pattern.response_start > 0
    assert pattern.flags == (Flag.SILENT,), "so little is nothing, and is said to be"


def test_a_tile_does_not_depend_on_its_neighbours() -> None:
    network = TwoConvolutions(pre_activation=True)
    alone, together = made(network, filters=(4,))[0], made(network)[4]
    assert alone.response_end == pytest.approx(together.response_end, rel=1e-4)
    assert np.abs(alone.tile.astype(int) - together.tile).max() <= 1


def test_the_same_seed_gives_the_same_bytes_and_another_seed_another_picture() -> None:
    network = TwoConvolutions(pre_activation=True)
    first, again, other = made(network), made(network), made(network, seed=1)
    for one, two, three in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(one.tile, two.tile)
        assert one.curve == two.curve
        assert np.abs(one.tile.astype(int) - three.tile).max() > 10


def test_it_can_begin_from_given_pictures() -> None:
    network = TwoConvolutions(pre_activation=True)
    finished = made(network)
    start = np.stack([pattern.tile for pattern in finished]).astype(np.float32) / 255
    for before, after in zip(finished, made(network, start=start, steps=8), strict=True):
        assert after.response_start > 0.6 * before.response_end


@pytest.mark.parametrize("channels", [1, 2, 4])
def test_other_numbers_of_channels(channels: int) -> None:
    patterns = made(TwoConvolutions(channels=channels, pre_activation=True))
    assert {pattern.tile.shape for pattern in patterns} == {(*SIZE, 1 if channels == 1 else 3)}
    risen = [pattern for pattern in patterns if pattern.response_end > pattern.response_start]
    silent = [pattern for pattern in patterns if Flag.SILENT in pattern.flags]
    assert len(risen) + len(silent) == 6
    assert len(silent) <= 1


def test_broken_weights_do_not_break_the_run() -> None:
    network = TwoConvolutions(pre_activation=True)
    network.second[0, 0, 0, 3] = np.inf
    assert Flag.NOT_FINITE in made(network, filters=(3,))[0].flags


def test_the_opposite_of_a_filter_is_what_it_answers_to_least() -> None:
    network = TwoConvolutions(pre_activation=True)
    filters = (0, 1, 2, 3)
    excites, opposes = (made(network, filters, objective=objective) for objective in ("channel", "negative"))
    for one, other in zip(excites, opposes, strict=True):
        high, low = (
            network.output(pattern.tile[np.newaxis] / np.float32(255)).numpy()[..., pattern.filter].mean()
            for pattern in (one, other)
        )
        assert high > low


def test_a_neuron_is_excited_at_the_middle_alone() -> None:
    network = TwoConvolutions(pre_activation=True)
    for pattern in made(network, (0, 1), objective="neuron"):
        answers = network.output(pattern.tile[np.newaxis] / np.float32(255)).numpy()[0, ..., pattern.filter]
        height, width = answers.shape
        middle = answers[height // 2 - 1 : height // 2 + 2, width // 2 - 1 : width // 2 + 2].max()
        assert middle > 3 * np.abs(answers).mean()


def test_a_filter_that_answers_to_pure_black_alone_is_woken() -> None:
    """All weights below zero and a small bias: the answer is above zero only where pixels are closer to black than a
    photograph's contrast comes."""
    network = TwoConvolutions(pre_activation=True)
    network.first[...] = np.abs(network.first)
    network.second[..., 1] = -np.abs(network.second[..., 1])
    black = network.output(np.zeros((1, *SIZE, 3), np.float32)).numpy()[..., 1].max()
    dark = network.output(np.full((1, *SIZE, 3), 0.05, np.float32)).numpy()[..., 1].max()
    network.bias[1] -= (black + dark) / 2
    pattern = made(network, filters=(0, 1), steps=48)[1]
    assert pattern.curve[23] == 0, "not with the contrast of a photograph"
    assert Flag.SILENT not in pattern.flags


def test_each_of_several_pictures_excites_its_filter_and_its_response_is_told() -> None:
    network = TwoConvolutions(pre_activation=True)
    filters = (0, 1, 2, 3)
    for pattern, (one, *_) in zip(
        made(network, filters, pictures=4), (made(network, (channel,)) for channel in filters), strict=True
    ):
        assert len(pattern.responses) == 4
        assert min(pattern.responses) > 0.4 * one.response_end > 0
        assert pattern.response_end == pytest.approx(np.mean(pattern.responses))
        assert pattern.tile.shape == (2 * SIZE[0] + GAP, 2 * SIZE[1] + GAP, 3)
        answers = network.output(np.stack(split(pattern.tile, 4)) / np.float32(255)).numpy()[..., pattern.filter]
        np.testing.assert_allclose(np.maximum(answers, 0).mean(axis=(1, 2)), pattern.responses, rtol=0.05)


def test_several_pictures_do_not_depend_on_the_other_filters_of_the_batch() -> None:
    network = TwoConvolutions(pre_activation=True)
    alone, together = made(network, (4,), pictures=4)[0], made(network, (1, 4), pictures=4)[1]
    assert alone.responses == pytest.approx(together.responses, rel=1e-3)
    assert np.abs(alone.tile.astype(int) - together.tile).mean() < 2


def test_one_picture_has_no_list_of_responses() -> None:
    assert made(TwoConvolutions(pre_activation=True), (0,), steps=2)[0].responses == ()


def test_what_is_made_of_a_gradient_does_not_depend_on_how_many_there_are() -> None:
    values, some = tf.constant(np.random.default_rng(0).normal(size=(25, 3, 32, 17, 2)), tf.float32), [4, 7, 11]
    for make in (_direction, _normalised):
        compiled = tf.function(make)
        np.testing.assert_array_equal(tf.gather(compiled(values), some), compiled(tf.gather(values, some)))
