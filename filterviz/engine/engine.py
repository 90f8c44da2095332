"""The engine: one opened model, asked again and again. What was built and compiled for it is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filterviz.engine import device
from filterviz.engine.kernels import kernels
from filterviz.engine.network import Network, build
from filterviz.engine.outputs import Outputs
from filterviz.engine.recipes.base import climb
from filterviz.engine.recipes.classic import Classic
from filterviz.engine.recipes.natural import Natural
from filterviz.engine.seeds import filter_seed, filter_seeds
from filterviz.errors import BadRequest
from filterviz.imaging import mosaic
from filterviz.reader import OpenedModel
from filterviz.settings import MIB, Settings
from filterviz.spec import Flag, Pattern, PixelRange, Precision, Progress, Request

LARGEST_BATCH = 32
"""Tiles in one batch. Beyond this nothing is gained on a processor, and the first picture only comes later."""

KEPT_FOR_GRADIENT = 3
"""Bytes of memory for each byte of activations: the values, their gradients, and workspace."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a compiled recipe depends on; nothing in it is left open.

    Attributes:
        layer: the layer's name.
        recipe: the recipe's name.
        steps: there will be.
        objective: what is sought.
        pictures: of each filter.
        pixel_range: the network's; ``None`` feeds 0-255 as it is.
        precision: of the computation.
    """

    layer: str
    recipe: str
    steps: int
    objective: str
    pictures: int
    pixel_range: PixelRange | None
    precision: Precision


class Engine:
    """Makes patterns for the layers of one model, and computes its outputs.

    Args:
        model: opened by ``reader.open_model``; must stay open as long as the engine is used.
        settings: the limits.

    Attributes:
        outputs: what the whole network computes.
    """

    def __init__(self, model: OpenedModel, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._compiled: dict[Conditions, tuple[Network, Classic | Natural]] = {}
        self.outputs = Outputs(model, settings)

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
            start: the start pictures in the recipe's units (``classic`` 0-255, ``natural`` 0-1),
                ``[n, height, width, channels]``, one for each filter in order, in place of those the seeds give.
            stop: asked between steps.

        Yields:
            :class:`Progress` and :class:`Pattern`; every filter's pattern once.

        Raises:
            BadRequest: the size does not fit the network, or the start pictures do not fit the request.
            Stopped: ``stop`` said so.
        """
        conditions = self._conditions(request)
        network, recipe = self._prepare(conditions)
        size = _tile_size(network, request)
        shape = (len(request.filters), *size, network.input_channels)
        if start is not None and start.shape != shape:
            message = f"The start pictures are {list(start.shape)}, but this request needs {list(shape)}."
            raise BadRequest(message)
        if start is not None and request.recipe.pictures > 1:
            message = "Start pictures can be given where one picture is made of each filter, not several."
            raise BadRequest(message)

        # A filter whose weights are not numbers has no gradient to follow, and would spoil that of its neighbours.
        sound = [row for row, channel in enumerate(request.filters) if channel not in network.not_finite]
        yield from _without_picture(request, network, size, conditions)
        batch = self._batch(network, size, request.recipe.pictures)
        kernel = kernels(self._model, request.layer, conditions.pixel_range)
        for first in range(0, len(sound), batch):
            rows = sound[first : first + batch]
            filters = [request.filters[row] for row in rows]
            pictures = None if start is None else start[rows]
            for event in climb(
                recipe.begin(filters, size, request.recipe.seed, pictures),
                layer=request.layer,
                filters=filters,
                seeds=filter_seeds(request.recipe.seed, filters),
                steps=request.recipe.steps,
                precision=conditions.precision,
                pixel_range=conditions.pixel_range,
                stop=stop,
            ):
                yield replace(event, kernel=kernel(event.filter)) if isinstance(event, Pattern) else event

    def _conditions(self, request: Request) -> Conditions:
        """What a request leaves open, decided for this model and this machine."""
        pixel_range: PixelRange | None = request.pixel_range
        precision = request.precision
        if request.recipe.name == "classic":
            # The script knew no pixel range and computed in float32; what is asked for is honoured.
            pixel_range = None if pixel_range is PixelRange.AUTO else pixel_range
            precision = Precision.FLOAT32 if precision is Precision.AUTO else precision
        else:
            pixel_range = self._model.spec.pixel_range if pixel_range is PixelRange.AUTO else pixel_range
            precision = device.best_precision() if precision is Precision.AUTO else precision
        recipe = request.recipe
        return Conditions(
            request.layer, recipe.name, recipe.steps, recipe.objective, recipe.pictures, pixel_range, precision
        )

    def _prepare(self, conditions: Conditions) -> tuple[Network, Classic | Natural]:
        if conditions not in self._compiled:
            natural = conditions.recipe == "natural"
            network = build(self._model, conditions.layer, pre_activation=natural, dtype=conditions.precision.value)
            recipe: Classic | Natural
            if natural:
                assert conditions.pixel_range is not None
                recipe = Natural(
                    network, conditions.pixel_range, conditions.steps, conditions.objective, conditions.pictures
                )
            else:
                recipe = Classic(network, conditions.pixel_range)
            self._compiled[conditions] = (network, recipe)
        return self._compiled[conditions]

    def _batch(self, network: Network, size: tuple[int, int], pictures: int) -> int:
        """How many tiles fit into the memory for one batch.

        Raises:
            BadRequest: not even the pictures of one filter do, and they cannot be made one by one.
        """
        kept = network.activation_bytes(size) + (network.features_bytes(size) if pictures > 1 else 0)
        fitting = self._settings.batch_bytes // (KEPT_FOR_GRADIENT * max(kept, 1) * pictures)
        if pictures > 1 and fitting < 1:
            message = (
                f"{pictures} different pictures of {size[1]} x {size[0]} pixels have to be made together, but do not "
                f"fit into the {self._settings.batch_bytes // MIB} MiB for one batch. Choose a smaller size or fewer "
                "pictures."
            )
            raise BadRequest(message)
        return int(np.clip(fitting, 1, max(1, LARGEST_BATCH // pictures)))


def _without_picture(
    request: Request, network: Network, size: tuple[int, int], conditions: Conditions
) -> Iterator[Pattern]:
    """A grey tile, flagged, for each filter whose own or earlier weights are NaN or infinite."""
    nothing, pictures = float("nan"), request.recipe.pictures
    grey = np.full((*size, 1 if network.input_channels == 1 else 3), 128, np.uint8)
    for channel in request.filters:
        if channel in network.not_finite:
            yield Pattern(
                layer=request.layer,
                filter=channel,
                tile=mosaic.join([grey] * pictures),
                response_start=nothing,
                response_end=nothing,
                curve=(nothing,),
                flags=(Flag.NOT_FINITE,),
                seed=filter_seed(request.recipe.seed, channel),
                seconds=0.0,
                precision=conditions.precision,
                pixel_range=conditions.pixel_range,
                responses=(nothing,) * pictures if pictures > 1 else (),
            )


def _tile_size(network: Network, request: Request) -> tuple[int, int]:
    """The height and width of the tiles.

    Raises:
        BadRequest: the layer has no output at that size, or its branches do not meet; says which size would do.
    """
    if network.input_size is not None:
        return network.input_size
    size = request.recipe.size
    fitting = network.next_size(size)
    if fitting == size:
        return (size, size)
    if size < network.minimum_size:
        message = (
            f"Tiles of {size} pixels are too small for the layer {request.layer!r}: nothing is left of them there. "
            f"It needs at least {network.minimum_size} pixels."
        )
    else:
        other = "another size" if fitting is None else f"{fitting} pixels"
        message = (
            f"Tiles of {size} pixels do not fit the layer {request.layer!r}: its branches come out at different sizes. "
            f"Choose {other}."
        )
    raise BadRequest(message)
