"""The engine: one opened model, asked for patterns again and again. What was built and compiled for it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from filterviz.engine.ascent import climb
from filterviz.engine.build import Network, build
from filterviz.engine.classic import Classic, start_pictures
from filterviz.errors import BadRequest
from filterviz.settings import Settings
from filterviz.spec import Pattern, PixelRange, Precision, Progress, Request

if TYPE_CHECKING:
    from filterviz.reader import OpenedModel

LARGEST_BATCH = 32
"""Tiles in one batch. Beyond this nothing is gained on a processor, and the first picture only comes later."""

KEPT_FOR_GRADIENT = 3
"""Bytes of memory for each byte of activations: the values, their gradients, and workspace."""


def filter_seed(seed: int, filter_: int) -> int:
    """A filter's own seed: the same whatever other filters are asked for.

    Example:
        >>> filter_seed(0, 7) == filter_seed(0, 7) != filter_seed(1, 7)
        True
    """
    return int(np.random.SeedSequence([seed, filter_]).generate_state(1)[0])


class Engine:
    """Makes patterns for the layers of one model.

    Args:
        model: opened by ``reader.open_model``; must stay open as long as the engine is used.
        settings: the limits.
    """

    def __init__(self, model: OpenedModel, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._compiled: dict[tuple[str, PixelRange | None], tuple[Network, Classic]] = {}

    def run(
        self,
        request: Request,
        *,
        start: NDArray[np.float32] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> Iterator[Progress | Pattern]:
        """Make the patterns of one request, batch after batch.

        Args:
            request: which filters of which layer, and how.
            start: the start pictures in pixel values (0-255), ``[n, height, width, channels]``, one for each filter in
                order, in place of those the seeds give.
            stop: asked between steps.

        Yields:
            :class:`Progress` and :class:`Pattern`; every filter's pattern once, in the order asked for.

        Raises:
            BadRequest: the size does not fit the network, or the start pictures do not fit the request.
            Stopped: ``stop`` said so.
        """
        # The script knew no pixel range and fed 0-255; a range that is asked for is honoured.
        pixel_range = None if request.pixel_range is PixelRange.AUTO else request.pixel_range
        network, recipe = self._prepare(request.layer, pixel_range)
        size = _tile_size(network, request)
        shape = (len(request.filters), *size, network.input_channels)
        if start is not None and start.shape != shape:
            message = f"The start pictures are {list(start.shape)}, but this request needs {list(shape)}."
            raise BadRequest(message)

        batch = self._batch(network, size)
        for first in range(0, len(request.filters), batch):
            filters = request.filters[first : first + batch]
            seeds = [filter_seed(request.recipe.seed, filter_) for filter_ in filters]
            pictures: NDArray[np.floating]
            if start is None:
                pictures = start_pictures(seeds, size, network.input_channels)
            else:
                pictures = start[first : first + batch]
            yield from climb(
                recipe.begin(filters, pictures),
                layer=request.layer,
                filters=filters,
                seeds=seeds,
                steps=request.recipe.steps,
                precision=Precision.FLOAT32,
                pixel_range=pixel_range,
                stop=stop,
            )

    def _prepare(self, layer: str, pixel_range: PixelRange | None) -> tuple[Network, Classic]:
        key = (layer, pixel_range)
        if key not in self._compiled:
            network = build(self._model, layer)
            self._compiled[key] = (network, Classic(network, pixel_range))
        return self._compiled[key]

    def _batch(self, network: Network, size: tuple[int, int]) -> int:
        """How many tiles fit into the memory for one batch."""
        each = KEPT_FOR_GRADIENT * network.activation_bytes(size)
        return int(np.clip(self._settings.batch_bytes // max(each, 1), 1, LARGEST_BATCH))


def _tile_size(network: Network, request: Request) -> tuple[int, int]:
    """The height and width of the tiles.

    Raises:
        BadRequest: the layer has no output at the size asked for.
    """
    if network.input_size is not None:
        return network.input_size
    size = request.recipe.size
    if size < network.minimum_size:
        message = (
            f"Tiles of {size} pixels are too small for the layer {request.layer!r}: nothing is left of them there. "
            f"It needs at least {network.minimum_size} pixels."
        )
        raise BadRequest(message)
    return (size, size)
