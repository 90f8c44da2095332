"""What all recipes share: the compiled recipe, a batch of tiles in the making, and the loop that takes the steps."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.finish import flags_of
from filterviz.engine.network import Network
from filterviz.engine.objectives import OBJECTIVES
from filterviz.engine.preprocessing import PixelScaling
from filterviz.engine.seeds import filter_seed
from filterviz.errors import Stopped
from filterviz.spec import Pattern, PixelRange, Precision, Progress, Recipe, Unfinished

SECONDS_BETWEEN_PREVIEWS = 0.2
"""Previews are made at most five times a second: more could not be followed by eye and would cost steps."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a compiled recipe depends on. Nothing is left to be decided.

    Attributes:
        layer: Name of the layer.
        recipe: The recipe, with size and seed set to 0: they are given to each batch.
        pixel_range: The pixel range of the network; ``None`` feeds pixel values of 0-255 unchanged.
        precision: Number format of the computation, never ``AUTO``.
    """

    layer: str
    recipe: Recipe
    pixel_range: PixelRange | None
    precision: Precision


class Ascent(Protocol):
    """A batch of tiles in the making, whose images climb the gradient of their objective step by step.

    A response belongs to one image. Where a tile holds several images, a batch of ``n`` tiles has ``n * pictures``
    responses, those of one tile adjacent.
    """

    def step(self) -> NDArray[np.float32]:
        """Take one step and return the responses before it, ``[n * pictures]``."""

    def responses(self) -> NDArray[np.float32]:
        """The responses to the images as they are now, ``[n * pictures]``."""

    def tiles(self) -> NDArray[np.uint8]:
        """The tiles as they are now, ``[n, height, width, 1 or 3]``."""

    def state(self) -> tuple[NDArray[np.floating], ...]:
        """Everything that the steps so far have computed: arrays whose first axis is that of the responses."""

    def restore(self, state: Sequence[NDArray[np.floating]], step: int) -> None:
        """Go on from what :meth:`state` returned after so many steps, for the same tiles in any batch."""


class CompiledRecipe(ABC):
    """A recipe compiled for one layer of one network. Batches of the same shape share the compiled step.

    Args:
        network: The network up to the layer, built as :attr:`pre_activation` says.
        conditions: The steps, objective and images of the recipe, and the pixel range of the network.
    """

    pre_activation: ClassVar[bool]
    """Whether the recipe needs the layer's output before the layer's own activation."""

    def __init__(self, network: Network, conditions: Conditions) -> None:
        recipe = conditions.recipe
        self.channels = network.input_channels
        self.scaling = PixelScaling.of(conditions.pixel_range, self.channels)
        self.objective = OBJECTIVES[recipe.objective]
        self.steps = recipe.steps
        self.pictures = recipe.pictures
        self.network = network

    @abstractmethod
    def begin(
        self, filters: Sequence[int], size: tuple[int, int], seed: int, start: NDArray[np.floating] | None = None
    ) -> Ascent:
        """A batch of tiles at their start.

        Args:
            filters: The ``n`` channels of the layer that the tiles are for.
            size: Height and width of an image in pixels.
            seed: The seed of the run.
            start: Start images ``[n, height, width, channels]`` in the units of the recipe, in place of seeded noise.
        """


def optimise(
    ascent: Ascent,
    conditions: Conditions,
    filters: Sequence[int],
    seed: int,
    stop: Callable[[], bool],
    pause: Callable[[], bool] = lambda: False,
    resumed: Sequence[Unfinished] = (),
) -> Iterator[Progress | Pattern | Unfinished]:
    """Take all steps of a batch, with progress on the way, and make a pattern of each tile.

    Args:
        ascent: A batch of ``n`` tiles at their start.
        conditions: The number of steps, and what is recorded in the patterns.
        filters: The channels that the ``n`` tiles are for.
        seed: The seed of the run. The seed of each filter is recorded in its pattern.
        stop: Asked between steps whether to stop.
        pause: Asked between steps whether to leave the tiles for later; at least one step is taken.
        resumed: The ``n`` tiles as they were left after the same number of steps; empty to begin them.

    Yields:
        :class:`Progress` after the first step and then at most five times a second. At the end one :class:`Pattern` for
        each tile, in the order of ``filters``; after a pause one :class:`Unfinished` for each instead.

    Raises:
        Stopped: If ``stop`` or ``pause`` said so. The last progress shows the tiles as they were left.
    """
    steps = conditions.recipe.steps
    began = time.perf_counter() - sum(tile.seconds for tile in resumed)
    shown = -SECONDS_BETWEEN_PREVIEWS
    curve: list[NDArray[np.float32]] = []
    if resumed:
        curve = list(np.stack([tile.curve for tile in resumed], axis=1))
        ascent.restore(_joined(resumed, like=ascent.state()), len(curve))
    already = len(curve)

    def by_tile(responses: NDArray[np.float32]) -> NDArray[np.float32]:
        return responses.reshape(len(filters), -1)

    def progress() -> Progress:
        return Progress(tuple(filters), len(curve), steps, ascent.tiles(), time.perf_counter() - began)

    while len(curve) < steps:
        if stop():
            if curve:
                yield progress()
            raise Stopped(f"Stopped after {len(curve)} of {steps} steps.")
        if len(curve) > already and pause():
            yield progress()
            yield from _left(ascent, filters, curve, time.perf_counter() - began)
            raise Stopped(f"Left after {len(curve)} of {steps} steps.")
        curve.append(by_tile(ascent.step()).mean(axis=1))
        now = time.perf_counter()
        if now - shown >= SECONDS_BETWEEN_PREVIEWS and len(curve) < steps:
            shown = now
            yield progress()

    last = by_tile(ascent.responses())
    curve.append(last.mean(axis=1))
    tiles = ascent.tiles()
    share = (time.perf_counter() - began) / len(filters)
    for index, channel in enumerate(filters):
        responses = tuple(float(values[index]) for values in curve)
        yield Pattern(
            layer=conditions.layer,
            filter=channel,
            tile=tiles[index],
            response_start=responses[0],
            response_end=responses[-1],
            curve=responses,
            flags=flags_of(responses),
            seed=filter_seed(seed, channel),
            seconds=share,
            precision=conditions.precision,
            pixel_range=conditions.pixel_range,
            responses=tuple(last[index].tolist()) if last.shape[1] > 1 else (),
        )


def _left(
    ascent: Ascent, filters: Sequence[int], curve: Sequence[NDArray[np.float32]], seconds: float
) -> Iterator[Unfinished]:
    """The tiles of a batch one by one, as they are left after the steps of ``curve``, ``[steps][n]``."""
    curves = np.stack(curve, axis=1)
    parts = [np.split(array, len(filters)) for array in ascent.state()]
    for index, channel in enumerate(filters):
        state = tuple(np.frombuffer(part[index].tobytes(), np.uint8) for part in parts)
        yield Unfinished(channel, curves[index], seconds / len(filters), state)


def _joined(tiles: Sequence[Unfinished], like: Sequence[NDArray[np.floating]]) -> list[NDArray[np.floating]]:
    """The state of a batch from those of its tiles, in arrays as ``like``. The inverse of :func:`_left`."""
    return [
        np.concatenate([tile.state[number] for tile in tiles]).view(array.dtype).reshape(array.shape)
        for number, array in enumerate(like)
    ]
