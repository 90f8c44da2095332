"""What work costs before it is done, and how much of it a person may ask for."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from filterviz.analysis.cost import cost
from filterviz.errors import BadRequest
from filterviz.settings import Settings
from filterviz.spec import ModelSpec, Progress, Request
from filterviz.workers.parent.shares import person_of

OWN_WORK = 25_000.0
"""What a step costs for each pixel of a tile beside the network, as if it were multiplications: making the image from
its parameters, and changing those. ``benchmarks/estimates.py`` measures it and the rate."""

FIRST_RATE = 5e10
"""Multiplications in a second that a worker is taken to do before any was measured."""

RECENT = 0.2
"""The weight of the latest steps in the measured rate."""

LEAST_WORK = 1e9
"""Steps of less work than this, in multiplications, teach nothing about the rate: most of their time is for beginning
them."""

WINDOW_SECONDS = 24 * 3600.0
"""A person's computing counts for so long."""

BINS = 96
"""Parts of the window; what was computed in one of them is forgotten together."""

TOO_MUCH = "This would take about {asked} of computing, and {limit} is the most that one page may ask for."
TOO_MUCH_TODAY = (
    "This would take about {asked} of computing. One person may use {limit} in 24 hours, and you have used {used}. "
    "What is finished stays."
)
FEWER = "Choose fewer filters or layers, smaller tiles or fewer steps: {tiles} tiles of this kind would do."
SMALLER = "Choose smaller tiles or fewer steps."


@dataclass(frozen=True, slots=True)
class Wanted:
    """Tiles that have to be made.

    Attributes:
        model: The network.
        request: How they are wanted.
        tiles: How many of them are missing.
    """

    model: ModelSpec
    request: Request
    tiles: int


def work(model: ModelSpec, request: Request) -> float:
    """The work of one tile in multiplications, from the shapes of the network.

    Args:
        model: The network.
        request: How the tile is wanted.
    """
    recipe, layer = request.recipe, model.layer(request.layer)
    sides = [side for side in (model.input_shape or ())[1:3] if side]
    # Behind a Dense layer a network takes images of one size alone.
    is_fixed = layer.output_shape is not None and len(layer.output_shape) == 2 and len(sides) == 2
    pixels = sides[0] * sides[1] if is_fixed else recipe.size**2
    return recipe.steps * recipe.pictures * pixels * (OWN_WORK + cost(model, layer))


class Budget:
    """Estimates work in seconds of one worker, and counts what each person has had. Safe to use from several threads.

    Args:
        settings: The limits.
        clock: Tells the time in seconds.
    """

    def __init__(self, settings: Settings, clock: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._clock = clock
        self._rate = FIRST_RATE
        self._measured = False
        self._used: defaultdict[str, deque[tuple[float, float]]] = defaultdict(deque)
        self._lock = threading.Lock()

    def seconds(self, wanted: Iterable[Wanted]) -> float:
        """How long work takes one worker, at the rate of late."""
        return sum(work(item.model, item.request) * item.tiles for item in wanted if item.tiles) / self._rate

    def learn(self, model: ModelSpec, request: Request, before: Progress, now: Progress) -> None:
        """Learn the rate from the steps between two moments of a batch of tiles."""
        steps, seconds = now.step - before.step, now.seconds - before.seconds
        if before.filters != now.filters or before.step < 1 or steps < 1 or seconds <= 0:
            return  # the first step includes the compilation
        done = work(model, request) * len(now.filters) / now.steps
        if done < LEAST_WORK:
            return
        rate = done * steps / seconds
        with self._lock:
            self._rate = self._rate + RECENT * (rate - self._rate) if self._measured else rate
            self._measured = True

    def spend(self, owner: str, seconds: float) -> None:
        """Count what was computed for an owner, ``"PERSON"`` or ``"PERSON WHAT"``."""
        width = WINDOW_SECONDS / BINS
        begin = self._clock() // width * width
        with self._lock:
            bins = self._used[person_of(owner)]
            if not bins or bins[-1][0] != begin:
                bins.append((begin, 0.0))
            bins[-1] = (begin, bins[-1][1] + seconds)

    def used(self, person: str) -> float:
        """Seconds of computing that a person has had in the last 24 hours."""
        oldest = self._clock() - WINDOW_SECONDS
        with self._lock:
            for name in list(self._used):
                bins = self._used[name]
                while bins and bins[0][0] < oldest:
                    bins.popleft()
                if not bins:
                    del self._used[name]
            return sum(seconds for _, seconds in self._used.get(person, ()))

    def check(self, person: str, wanted: Iterable[Wanted]) -> None:
        """Check that a person may ask for work.

        Args:
            person: Who asks.
            wanted: What has to be made.

        Raises:
            BadRequest: It is too much; the sentence says what would do.
        """
        wanted = [item for item in wanted if item.tiles]
        asked, used = self.seconds(wanted), self.used(person)
        of_request, of_person = self._settings.request_seconds, self._settings.person_seconds
        if of_request and asked > of_request:
            sentence = TOO_MUCH.format(asked=_time(asked), limit=_time(of_request))
            raise BadRequest(f"{sentence} {_advice(wanted, of_request / asked)}")
        if of_person and wanted and used + asked > of_person:
            sentence = TOO_MUCH_TODAY.format(asked=_time(asked), limit=_time(of_person), used=_time(used))
            raise BadRequest(f"{sentence} {_advice(wanted, (of_person - used) / asked)}")


def _advice(wanted: Iterable[Wanted], share: float) -> str:
    tiles = int(sum(item.tiles for item in wanted) * share)
    return FEWER.format(tiles=tiles) if tiles > 0 else SMALLER


def _time(seconds: float) -> str:
    """A time in English, as errors are.

    Example:
        >>> _time(20), _time(600), _time(3 * 3600)
        ('20 s', '10 min', '3.0 h')
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"
