"""The loop: it takes the steps of a recipe, keeps the curves, shows how far it is, and stops when told to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.finish import flags_of
from filterviz.errors import Stopped
from filterviz.spec import Pattern, PixelRange, Precision, Progress

SECONDS_BETWEEN_PREVIEWS = 0.2
"""A person sees no more than about five pictures a second; showing more would only cost steps."""


class Ascent(Protocol):
    """A batch of tiles being made: what a recipe has to offer to the loop."""

    def step(self) -> NDArray[np.float32]:
        """Take one step; returns the responses before it, ``[n]``, or ``[n * pictures]`` where a tile holds several."""

    def responses(self) -> NDArray[np.float32]:
        """The responses as they are now, as many as :meth:`step` returns."""

    def tiles(self) -> NDArray[np.uint8]:
        """The tiles as they are now, ``[n, height, width, 1 or 3]``."""


def climb(
    ascent: Ascent,
    *,
    layer: str,
    filters: Sequence[int],
    seeds: Sequence[int],
    steps: int,
    precision: Precision,
    pixel_range: PixelRange | None,
    stop: Callable[[], bool],
) -> Iterator[Progress | Pattern]:
    """Take ``steps`` steps and yield a pattern for each tile, with progress on the way.

    Args:
        ascent: ``n`` tiles at their start.
        layer: the layer the tiles are of.
        filters: the filter each tile is of, ``n``.
        seeds: the filters' own, ``n``; recorded in the patterns.
        steps: to take.
        precision: recorded in the patterns.
        pixel_range: recorded in the patterns.
        stop: asked between steps.

    Yields:
        :class:`Progress` after the first step and then at most five times a second; at the end ``n`` times
        :class:`Pattern`, in the order of ``filters``.

    Raises:
        Stopped: ``stop`` said so. The last progress shows the tiles as they were left.
    """
    began = time.perf_counter()
    shown = -SECONDS_BETWEEN_PREVIEWS
    curve: list[NDArray[np.float32]] = []

    def by_tile(responses: NDArray[np.float32]) -> NDArray[np.float32]:
        return responses.reshape(len(filters), -1)

    def progress() -> Progress:
        return Progress(tuple(filters), len(curve), steps, ascent.tiles(), time.perf_counter() - began)

    while len(curve) < steps:
        if stop():
            if curve:
                yield progress()
            message = f"Stopped after {len(curve)} of {steps} steps."
            raise Stopped(message)
        curve.append(by_tile(ascent.step()).mean(axis=1))
        now = time.perf_counter()
        if now - shown >= SECONDS_BETWEEN_PREVIEWS and len(curve) < steps:
            shown = now
            yield progress()

    last = by_tile(ascent.responses())
    curve.append(last.mean(axis=1))
    tiles = ascent.tiles()
    share = (time.perf_counter() - began) / len(filters)
    for index, (number, seed) in enumerate(zip(filters, seeds, strict=True)):
        responses = tuple(float(values[index]) for values in curve)
        yield Pattern(
            layer=layer,
            filter=number,
            tile=tiles[index],
            response_start=responses[0],
            response_end=responses[-1],
            curve=responses,
            flags=flags_of(responses),
            seed=seed,
            seconds=share,
            precision=precision,
            pixel_range=pixel_range,
            responses=tuple(last[index].tolist()) if last.shape[1] > 1 else (),
        )
