"""The engine: makes patterns of one opened model, and keeps what it has built and compiled for further requests."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from filterviz.engine import device
from filterviz.engine.kernels import kernels
from filterviz.engine.network import Network, build
from filterviz.engine.outputs import Outputs
from filterviz.engine.recipes import IMPLEMENTATIONS, CompiledRecipe, Conditions, optimise
from filterviz.engine.seeds import filter_seed
from filterviz.errors import BadRequest, Stopped
from filterviz.imaging import mosaic
from filterviz.reader import OpenedModel
from filterviz.settings import MIB, Settings
from filterviz.spec import Flag, Pattern, PixelRange, Precision, Progress, Recipe, Request, Unfinished

LARGEST_BATCH = 32
"""Most images in one batch. More are no faster on a processor, and the first previews would come later."""

KEPT_FOR_GRADIENT = 3
"""Bytes of memory for each byte of activations: the values, their gradients, and workspace."""

GREY = 128
"""The pixel value of a tile that could not be made."""


class Engine:
    """Makes patterns for the layers of one model, and computes the outputs of the whole network.

    Args:
        model: A model from ``reader.open_model``. It must stay open as long as the engine is used.
        settings: The limits.

    Attributes:
        outputs: Computes the outputs of the whole network.
    """

    def __init__(self, model: OpenedModel, settings: Settings) -> None:
        self._model = model
        self._settings = settings
        self._compiled: dict[Conditions, tuple[Network, CompiledRecipe]] = {}
        self.outputs = Outputs(model, settings)

    def run(
        self,
        request: Request,
        *,
        start: NDArray[np.float32] | None = None,
        stop: Callable[[], bool] = lambda: False,
        pause: Callable[[], bool] = lambda: False,
        resume: Sequence[Unfinished] = (),
    ) -> Iterator[Progress | Pattern | Unfinished]:
        """Make the patterns of one request, batch after batch.

        Args:
            request: Which filters of which layer, and how.
            start: Start images ``[n, height, width, channels]``, one for each filter in order, in place of those the
                seeds give. They are in the units of the recipe: 0-255 for ``classic``, 0-1 for ``natural``.
            stop: Asked between steps whether to stop.
            pause: Asked between steps whether to leave the rest for later.
            resume: Tiles of an earlier run of the same request that were left. They are gone on with first.

        Yields:
            :class:`Progress`, and one :class:`Pattern` for every filter; after a pause, one :class:`Unfinished` for
            every filter whose tile had been begun.

        Raises:
            BadRequest: If the size does not fit the network, or the start images do not fit the request.
            Stopped: If ``stop`` or ``pause`` said so.
        """
        conditions = self._conditions(request)
        network, compiled = self._compile(conditions)
        size = _tile_size(network, request)
        if start is not None:
            _check_start(start, (len(request.filters), *size, network.input_channels), request.recipe)

        # A filter whose weights are not finite has no gradient to follow, and would spoil the others in its batch.
        sound = [row for row, channel in enumerate(request.filters) if channel not in network.not_finite]
        yield from _not_finite(request, network, size, conditions)
        batch = self._batch_size(network, size, request.recipe.pictures)
        kernel = kernels(self._model, request.layer, conditions.pixel_range)
        left = {tile.filter: tile for tile in resume}
        taken = {row: len(left[request.filters[row]].curve) if request.filters[row] in left else 0 for row in sound}
        for number, rows in enumerate(_batches(taken, batch)):
            if number > 0 and pause():
                raise Stopped("Left between two batches.")
            filters = [request.filters[row] for row in rows]
            ascent = compiled.begin(filters, size, request.recipe.seed, None if start is None else start[rows])
            resumed = [left[channel] for channel in filters if channel in left]
            for event in optimise(ascent, conditions, filters, request.recipe.seed, stop, pause, resumed):
                yield replace(event, kernel=kernel(event.filter)) if isinstance(event, Pattern) else event

    def _conditions(self, request: Request) -> Conditions:
        """Decide what the request leaves open: the recipe's own choice first, then the model's and the machine's."""
        recipe = request.recipe
        pixel_range: PixelRange | None = request.pixel_range
        if pixel_range is PixelRange.AUTO:
            pixel_range = recipe.spec.pixel_range
        if pixel_range is PixelRange.AUTO:
            pixel_range = self._model.spec.pixel_range
        precision = request.precision
        if precision is Precision.AUTO:
            precision = recipe.spec.precision
        if precision is Precision.AUTO:
            precision = device.best_precision()
        return Conditions(request.layer, replace(recipe, size=0, seed=0), pixel_range, precision)

    def _compile(self, conditions: Conditions) -> tuple[Network, CompiledRecipe]:
        if conditions not in self._compiled:
            implementation = IMPLEMENTATIONS[conditions.recipe.name]
            network = build(
                self._model,
                conditions.layer,
                pre_activation=implementation.pre_activation,
                dtype=conditions.precision.value,
            )
            self._compiled[conditions] = (network, implementation(network, conditions))
        return self._compiled[conditions]

    def _batch_size(self, network: Network, size: tuple[int, int], pictures: int) -> int:
        """How many tiles fit into the memory for one batch, 1 to :data:`LARGEST_BATCH`.

        A single image is tried even if it does not fit.

        Raises:
            BadRequest: If the images of one filter do not fit. They cannot be made one by one.
        """
        kept = network.activation_bytes(size) + (network.features_bytes(size) if pictures > 1 else 0)
        fitting = self._settings.batch_bytes // (KEPT_FOR_GRADIENT * max(kept, 1) * pictures)
        if pictures > 1 and fitting < 1:
            message = (
                f"{pictures} different images of {size[1]} x {size[0]} pixels have to be made together, but do not "
                f"fit into the {self._settings.batch_bytes // MIB} MiB for one batch. Choose a smaller size or fewer "
                "images."
            )
            raise BadRequest(message)
        return int(np.clip(fitting, 1, max(1, LARGEST_BATCH // pictures)))


def _batches(taken: Mapping[int, int], most: int) -> Iterator[list[int]]:
    """Rows in batches of at most ``most``, those that were furthest first: tiles of a batch take the same steps.

    ``taken`` holds, for each row, the steps that its tile has taken already.

    Example:
        >>> list(_batches({0: 0, 1: 7, 2: 0, 3: 0, 4: 7}, 2))
        [[1, 4], [0, 2], [3]]
    """
    for steps in sorted(set(taken.values()), reverse=True):
        alike = [row for row in taken if taken[row] == steps]
        yield from (alike[first : first + most] for first in range(0, len(alike), most))


def _check_start(start: NDArray[np.float32], shape: tuple[int, ...], recipe: Recipe) -> None:
    """Check start images against the shape that the request needs.

    Raises:
        BadRequest: If they do not fit.
    """
    if start.shape != shape:
        raise BadRequest(f"The start images are {list(start.shape)}, but this request needs {list(shape)}.")
    if recipe.pictures > 1:
        raise BadRequest("Start images can be given where one image is made of each filter, not several.")


def _not_finite(request: Request, network: Network, size: tuple[int, int], conditions: Conditions) -> Iterator[Pattern]:
    """A flagged grey tile for each filter whose own or earlier weights are NaN or infinite."""
    nothing, pictures = float("nan"), request.recipe.pictures
    grey = np.full((*size, 1 if network.input_channels == 1 else 3), GREY, np.uint8)
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
    """Height and width of the images in pixels.

    Raises:
        BadRequest: If the layer has no output at that size, or its branches come out at different sizes. The sentence
            says which size would do.
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
