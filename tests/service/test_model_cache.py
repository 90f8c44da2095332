"""A model is opened once, whoever asks and however; failures that may have passed are tried again."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from filterviz.errors import BadRequest, EngineFailed, FiltervizError, RefusalCode, Refused, WeightsUnavailable
from filterviz.service.model import Model
from filterviz.service.model_cache import KEPT_MODELS, RETRY_SECONDS, ModelCache
from filterviz.spec import ModelSpec

KEY = ("f00d", "")
BROKEN = EngineFailed("The process that read it died.")
REFUSED = Refused(RefusalCode.DAMAGED, "The file is damaged.")


@dataclass
class Opening:
    """Opens a model, after so many failures; it may be kept from ending."""

    name: str = "theirs.h5"
    failures: list[Exception] = field(default_factory=list)
    calls: int = 0
    may_end: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_end.set()

    def __call__(self) -> Model:
        self.calls += 1
        self.may_end.wait(20)
        if self.failures:
            raise self.failures.pop(0)
        return Model(None, "f00d", self.name, ModelSpec("m", (), (), (), ()))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still until its one number is changed."""
    now = [1000.0]
    monkeypatch.setattr("filterviz.service.model_cache.time.monotonic", lambda: now[0])
    return now


def failure(cache: ModelCache, work: Opening, **options: float) -> BaseException | None:
    return cache.open_in_background(KEY, "it", work, **options).exception(20)  # type: ignore[arg-type]


@pytest.mark.parametrize("error", [BROKEN, WeightsUnavailable("It is gone."), BadRequest("It cannot be read.")])
def test_opening_tries_again_what_failed_in_the_background(error: FiltervizError) -> None:
    cache, work = ModelCache(), Opening(failures=[error])
    assert failure(cache, work) is error
    assert cache.open(KEY, "mine.h5", work).name == "mine.h5"
    assert work.calls == 2


def test_opening_tries_again_what_failed_while_it_was_opened() -> None:
    cache, work = ModelCache(), Opening(failures=[BROKEN])
    with pytest.raises(EngineFailed):
        cache.open(KEY, "mine.h5", work)
    assert cache.open(KEY, "mine.h5", work).sha256 == "f00d"


def test_the_background_tries_again_after_a_pause(clock: list[float]) -> None:
    """At once, a page that is drawn anew when an attempt ends would begin the next one without end."""
    cache, work = ModelCache(), Opening(failures=[BROKEN])
    assert failure(cache, work) is BROKEN
    clock[0] += RETRY_SECONDS - 0.1
    assert failure(cache, work) is BROKEN
    assert work.calls == 1
    clock[0] += 0.2
    assert failure(cache, work) is None
    assert work.calls == 2


def test_another_pause_can_be_asked_for(clock: list[float]) -> None:
    cache, work = ModelCache(), Opening(failures=[BROKEN, REFUSED])
    assert failure(cache, work, retry_after=60) is BROKEN
    clock[0] += 59
    assert failure(cache, work, retry_after=60) is BROKEN
    clock[0] += 2
    assert failure(cache, work, retry_after=60) is REFUSED
    clock[0] += 61
    assert failure(cache, work, retry_after=60, retry_refused=True) is None


def test_a_refusal_is_final(clock: list[float]) -> None:
    cache, work = ModelCache(), Opening(failures=[REFUSED])
    assert failure(cache, work) is REFUSED
    clock[0] += 1000
    assert failure(cache, work) is REFUSED
    with pytest.raises(Refused):
        cache.open(KEY, "mine.h5", work)
    assert work.calls == 1


def test_a_bug_is_a_sentence() -> None:
    error = failure(ModelCache(), Opening(failures=[ZeroDivisionError()]))
    assert isinstance(error, EngineFailed)
    assert str(error).endswith(".")


def test_everybody_gets_a_model_under_their_own_name() -> None:
    cache, work = ModelCache(), Opening("theirs.h5")
    assert cache.open_in_background(KEY, "theirs.h5", work).result(20).name == "theirs.h5"
    assert cache.open_in_background(KEY, "mine.h5", work).result(20).name == "mine.h5"
    assert cache.open(KEY, "ours.h5", work).name == "ours.h5"
    assert work.calls == 1


def test_who_comes_while_a_model_is_being_opened_waits_for_it() -> None:
    cache, work = ModelCache(), Opening()
    work.may_end.clear()
    pending = cache.open_in_background(KEY, "one.h5", work)
    again = cache.open_in_background(KEY, "two.h5", work)
    with ThreadPoolExecutor() as threads:
        opened = threads.submit(cache.open, KEY, "three.h5", work)
        assert [one.done() for one in (pending, again, opened)] == [False] * 3
        work.may_end.set()
        assert [one.result(20).name for one in (pending, again, opened)] == ["one.h5", "two.h5", "three.h5"]
    assert work.calls == 1


@pytest.mark.parametrize("background", [False, True])
def test_only_the_last_models_are_kept(background: bool) -> None:
    cache = ModelCache()
    for number in range(KEPT_MODELS + 36):
        key = (str(number), "")
        if background:
            cache.open_in_background(key, "it", Opening()).result(20)
        else:
            cache.open(key, "it", Opening())
    assert len(cache) == KEPT_MODELS


def test_what_was_used_last_is_kept() -> None:
    cache, first, second = ModelCache(limit=2), Opening(), Opening()
    cache.open(("first", ""), "it", first)
    cache.open(("second", ""), "it", second)
    cache.open(("first", ""), "it", first)
    cache.open(("third", ""), "it", Opening())
    cache.open(("first", ""), "it", first)
    cache.open(("second", ""), "it", second)
    assert (first.calls, second.calls) == (1, 2)
