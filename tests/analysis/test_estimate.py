"""How long work will still take."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from filterviz.analysis.estimate import Estimator


def test_nothing_is_promised_before_there_is_a_rate() -> None:
    watched = Estimator()
    assert watched.left(0, 0, 100) is None
    assert watched.left(60, 0, 100) is None, "a model that takes a minute to open is no rate"
    assert watched.left(61, 1, 100) is None
    assert watched.left(62, 3, 100) is None, "three seconds are too few"


@given(rate=st.floats(0.01, 1000), start=st.floats(0, 300))
def test_a_steady_rate_is_found(rate: float, start: float) -> None:
    """Whatever came before the first step."""
    watched = Estimator()
    total = rate * 100
    for second in range(0, int(start), 5):
        watched.left(second, 0.0, total)
    for tenth in range(600):
        left = watched.left(start + tenth / 10, rate * tenth / 10, total)
        if tenth >= 100:
            assert left is not None
            least, most = left
            assert least <= 100 - tenth / 10 <= most


def test_it_follows_when_others_come() -> None:
    """Half as fast from the middle on, as when somebody else is served too."""
    watched = Estimator()
    done = 0.0
    for second in range(150):
        done += 1.0 if second < 50 else 0.5
        left = watched.left(second, done, 120)
    assert left is not None
    truth = (120 - done) / 0.5
    assert left[0] <= truth <= left[1]
    assert watched.left(201, 130, 120) == (0, 0)
    assert watched.left(202, 0, 120) is None, "other work begins with nothing known"


def test_a_program_that_is_compiled_in_between() -> None:
    """Within a factor of 1.5 all the same, where that takes a tenth of the time."""
    watched, course = Estimator(), []
    clock = done = 0.0
    for layer in range(2):
        clock += 3.0 if layer else 8.0  # compiled
        for _ in range(150):
            clock, done = clock + 0.1, done + 1
            course.append((clock, done, watched.left(clock, done, 300)))
    for now, made, left in course:
        if 40 <= made < 285:
            assert left is not None
            truth = clock - now
            assert left[0] / 1.5 <= truth <= left[1] * 1.5, (now, made, left, truth)
