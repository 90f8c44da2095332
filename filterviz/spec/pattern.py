"""A finished pattern with its numbers, an unfinished one as it can be gone on with, and the progress of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.spec.terms import Flag, Json, PixelRange, Precision


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """How far a batch of tiles is.

    Attributes:
        filters: Indices of the ``n`` filters in the batch.
        step: Steps taken so far, 0 to ``steps``.
        steps: Steps to take in all.
        tiles: The tiles as they are now, uint8 ``[n, height, width, 1 or 3]``, one per filter.
        seconds: Wall-clock time spent on this batch so far.
    """

    filters: tuple[int, ...]
    step: int
    steps: int
    tiles: NDArray[np.uint8]
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Unfinished:
    """A tile that was left before its last step, with all that is needed to go on as if it had not been.

    Attributes:
        filter: Index of the filter.
        curve: The response before each step so far, float32 ``[steps taken]``, at least one.
        seconds: The tile's share of the wall-clock time of its batches so far.
        state: What the recipe has computed, as bytes, uint8 ``[length]``. The same recipe for the same layer of the
            same network at the same size can go on with it.
    """

    filter: int
    curve: NDArray[np.float32]
    seconds: float
    state: tuple[NDArray[np.uint8], ...]


KERNEL_NUMBERS = 1024
"""Most weights of a kernel that is kept and shown. A larger one is no useful image and takes much space."""


def is_kernel(kernel: NDArray[np.float32]) -> bool:
    """Whether weights can be a pattern's kernel: three axes, at most :data:`KERNEL_NUMBERS` numbers, all finite."""
    return kernel.ndim == 3 and 0 < kernel.size <= KERNEL_NUMBERS and bool(np.isfinite(kernel).all())


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Pattern:
    """The finished tile of one filter, with its numbers.

    Attributes:
        layer, filter: Name of the layer, and index of its filter.
        tile: uint8 ``[height, width, 1 or 3]``.
        response_start, response_end: The response to the start image and to the finished one. Where a tile holds
            several images, this is the mean of their responses.
        curve: The response before each step and after the last, ``steps + 1`` numbers.
        flags: What must be shown along with the tile.
        seed: Seed of the filter.
        seconds: The tile's share of the wall-clock time of its batch.
        precision: Number format of the computation, never ``AUTO``.
        pixel_range: Pixel range of the computation; ``None`` if pixel values of 0-255 were fed unchanged.
        kernel: Weights of the filter, float32 ``[height, width, channels]`` with the channels in the order of the tile,
            if it is a convolution on the input image and has at most :data:`KERNEL_NUMBERS` of them; else ``None``.
        responses: The final response to each image of the tile, row by row; empty if the tile is a single image.
    """

    layer: str
    filter: int
    tile: NDArray[np.uint8]
    response_start: float
    response_end: float
    curve: tuple[float, ...]
    flags: tuple[Flag, ...]
    seed: int
    seconds: float
    precision: Precision
    pixel_range: PixelRange | None = None
    kernel: NDArray[np.float32] | None = None
    responses: tuple[float, ...] = ()

    def numbers(self) -> dict[str, Json]:
        """Everything except the tile, as plain data: NaN becomes ``None``, and weights keep six significant digits."""
        return {
            "layer": self.layer,
            "filter": self.filter,
            "response_start": _finite(self.response_start),
            "response_end": _finite(self.response_end),
            "curve": [_finite(value) for value in self.curve],
            "flags": [flag.value for flag in self.flags],
            "seed": self.seed,
            "seconds": self.seconds,
            "precision": self.precision.value,
            "pixel_range": None if self.pixel_range is None else self.pixel_range.value,
            "kernel": _weights(self.kernel),
            "responses": [_finite(value) for value in self.responses],
        }

    @classmethod
    def from_numbers(cls, data: Mapping[str, Json], tile: NDArray[np.uint8]) -> Self:
        """The inverse of :meth:`numbers`. Fields that an earlier version did not write may be absent.

        Raises:
            ValueError: If the kernel's lists are ragged, too long or too deep, or a flag is unknown.
        """
        return cls(
            layer=data["layer"],
            filter=data["filter"],
            tile=tile,
            response_start=_number(data["response_start"]),
            response_end=_number(data["response_end"]),
            curve=tuple(_number(value) for value in data["curve"]),
            flags=tuple(Flag(flag) for flag in data["flags"]),
            seed=data["seed"],
            seconds=data["seconds"],
            precision=Precision(data["precision"]),
            pixel_range=None if data["pixel_range"] is None else PixelRange(data["pixel_range"]),
            kernel=_kernel(data.get("kernel")),
            responses=tuple(_number(value) for value in data.get("responses", ())),
        )


def _weights(kernel: NDArray[np.float32] | None) -> Json:
    """A kernel as nested lists, row by row."""
    if kernel is None or not is_kernel(kernel):
        return None
    # Every float32 holds six digits, so they are the same however often they are written and read.
    return [[[float(f"{weight:.6g}") for weight in position] for position in row] for row in kernel.tolist()]


def _kernel(data: Json) -> NDArray[np.float32] | None:
    if data is None:
        return None
    kernel = np.asarray(data, np.float32)
    if not is_kernel(kernel):
        raise ValueError(f"weights of the shape {kernel.shape} cannot be a kernel")
    return kernel


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where somebody's work stands.

    Attributes:
        place: Their place among the people who wait, 1 for whoever is next; 0 for work that is being done.
        others: How many other people wait or compute.
        seconds: Seconds until their turn if turns are as long as those of late; ``None`` where none has ended yet, and
            for work that is being done.
    """

    place: int
    others: int
    seconds: float | None = None
