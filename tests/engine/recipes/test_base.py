"""The loop that all recipes share, with an ascent whose numbers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.engine.recipes import Conditions, base, optimise
from filterviz.engine.seeds import filter_seed
from filterviz.errors import Stopped
from filterviz.spec import Flag, Pattern, PixelRange, Precision, Progress, Recipe, Unfinished

FILTERS = (7, 2)


class Counting:
    """Before step ``k``, image ``i`` has the response ``10 * i + k``; its tile is as bright as steps were taken."""

    def __init__(self, images: int) -> None:
        self.images = images
        self.taken = 0

    def responses(self) -> NDArray[np.float32]:
        return np.arange(self.images, dtype=np.float32) * 10 + self.taken

    def step(self) -> NDArray[np.float32]:
        before = self.responses()
        self.taken += 1
        return before

    def tiles(self) -> NDArray[np.uint8]:
        return np.full((len(FILTERS), 2, 2, 3), self.taken, np.uint8)

    def state(self) -> tuple[NDArray[np.floating], ...]:
        return (np.full((self.images, 3), self.taken, np.float64),)

    def restore(self, state: Sequence[NDArray[np.floating]], step: int) -> None:
        assert (state[0] == np.full((self.images, 3), step)).all()
        self.taken = step


Event = Progress | Pattern | Unfinished | Stopped


def run(
    ascent: Counting,
    steps: int = 3,
    stop: Callable[[], bool] = lambda: False,
    pause: Callable[[], bool] = lambda: False,
    resumed: Sequence[Unfinished] = (),
) -> list[Event]:
    events: list[Event] = []
    conditions = Conditions("conv", Recipe(steps=steps), PixelRange.UNIT, Precision.BFLOAT16)
    made = optimise(ascent, conditions, FILTERS, 5, stop, pause, resumed)
    try:
        for event in made:
            events.append(event)
    except Stopped as stopped:
        events.append(stopped)
    return events


def test_a_pattern_has_the_responses_before_each_step_and_after_the_last() -> None:
    one, other = (event for event in run(Counting(2)) if isinstance(event, Pattern))
    assert (one.filter, other.filter) == FILTERS
    assert [pattern.curve for pattern in (one, other)] == [(0, 1, 2, 3), (10, 11, 12, 13)]
    assert (other.response_start, other.response_end) == (10, 13)
    assert one.flags == (Flag.UNCONVERGED,)
    assert [pattern.seed for pattern in (one, other)] == [filter_seed(5, channel) for channel in FILTERS]
    assert {pattern.tile.max() for pattern in (one, other)} == {3}
    assert (one.layer, one.precision, one.pixel_range) == ("conv", Precision.BFLOAT16, PixelRange.UNIT)
    assert one.responses == ()


def test_several_images_share_a_tile_and_count_by_their_mean() -> None:
    one, other = (event for event in run(Counting(8)) if isinstance(event, Pattern))
    assert [pattern.responses for pattern in (one, other)] == [(3, 13, 23, 33), (43, 53, 63, 73)]
    assert one.response_end == np.mean(one.responses)
    assert other.curve[0] == np.mean([40, 50, 60, 70])


def test_progress_comes_after_the_first_step_and_then_when_it_is_due(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [event.step for event in run(Counting(2)) if isinstance(event, Progress)]
    assert shown == [1]
    monkeypatch.setattr(base, "SECONDS_BETWEEN_PREVIEWS", 0.0)
    shown = [event.step for event in run(Counting(2), steps=4) if isinstance(event, Progress)]
    assert shown == [1, 2, 3], "after the last step the patterns come instead"


def test_stopping_before_the_first_step_shows_nothing() -> None:
    (stopped,) = run(Counting(2), stop=lambda: True)
    assert isinstance(stopped, Stopped)
    assert str(stopped) == "Stopped after 0 of 3 steps."


def test_stopping_later_shows_what_there_is() -> None:
    ascent = Counting(2)
    *_, last, stopped = run(ascent, stop=lambda: ascent.taken == 2)
    assert isinstance(stopped, Stopped)
    assert isinstance(last, Progress)
    assert (last.step, last.tiles.max()) == (2, 2)


def test_tiles_that_are_left_go_on_from_where_they_were() -> None:
    *_, shown, one, other, stopped = run(Counting(8), steps=4, pause=lambda: True)
    assert isinstance(shown, Progress)
    assert isinstance(one, Unfinished)
    assert isinstance(other, Unfinished)
    assert isinstance(stopped, Stopped)
    assert str(stopped) == "Left after 1 of 4 steps.", "whoever pauses at once still takes a step in each turn"
    assert (one.filter, other.filter) == FILTERS
    assert one.curve.tolist() == [15.0]
    *_, one, other, _ = run(Counting(8), steps=4, pause=lambda: True, resumed=(one, other))
    assert isinstance(one, Unfinished)
    assert isinstance(other, Unfinished)
    assert other.curve.tolist() == [55.0, 56.0]
    left = [event for event in run(Counting(8), steps=4, resumed=(one, other)) if isinstance(event, Pattern)]
    whole = [event for event in run(Counting(8), steps=4) if isinstance(event, Pattern)]
    assert [pattern.curve for pattern in left] == [pattern.curve for pattern in whole]
    assert all(pattern.seconds > tile.seconds > 0 for pattern, tile in zip(left, (one, other), strict=True))
