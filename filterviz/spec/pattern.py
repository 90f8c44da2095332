"""A finished pattern with its numbers, and the progress of a batch of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.spec.terms import Flag, Json, PixelRange, Precision


@dataclass(frozen=True, slots=True, eq=False)
class Progress:
    """Where a batch of tiles stands.

    Attributes:
        filters: the filters being worked on.
        step: steps taken so far, 0 to ``steps``.
        steps: steps there will be.
        tiles: the pictures as they are now, uint8 ``[n, height, width, 1 or 3]``, one per filter.
        seconds: spent on this batch so far.
    """

    filters: tuple[int, ...]
    step: int
    steps: int
    tiles: NDArray[np.uint8]
    seconds: float


KERNEL_NUMBERS = 1024
"""The most weights of a kernel that is shown; more would be no picture to look at, and no small thing to keep."""


def is_kernel(kernel: NDArray[np.float32]) -> bool:
    """Whether these weights can be a pattern's kernel: three axes, not too many numbers, all of them finite."""
    return kernel.ndim == 3 and 0 < kernel.size <= KERNEL_NUMBERS and bool(np.isfinite(kernel).all())


@dataclass(frozen=True, slots=True, eq=False)
class Pattern:
    """The finished picture of one filter, with its numbers.

    Attributes:
        layer, filter: whose pattern it is.
        tile: uint8 ``[height, width, 1 or 3]``.
        response_start, response_end: the objective at the start picture and at the end; where the tile holds several
            pictures, their mean.
        curve: the objective before each step and after the last, ``steps + 1`` numbers.
        flags: what must be said about it.
        seed: the filter's own.
        seconds: its share of its batch's wall-clock time.
        precision: the number format it was computed in, never ``AUTO``.
        pixel_range: the range it was computed in; ``None`` for ``classic`` fed as it is.
        kernel: the filter's own weights, float32 ``[height, width, channels]``, where it is a convolution that looks
            straight at the picture and they are few; else ``None``. The channels are in the order of the tile's.
        responses: at the end to each of the tile's pictures, row by row; empty where there is one alone.
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
        """Everything but the picture, as plain data: NaN becomes ``None``, weights keep six significant digits."""
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
        """The inverse of :meth:`numbers`, with the picture. What was not kept yet when the data was written is absent.

        Raises:
            ValueError: the kernel is none, as its lists are ragged, too long or too deep.
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
    # Six digits are what every float32 holds: they come back the same however often they are written and read.
    return [[[float(f"{weight:.6g}") for weight in place] for place in row] for row in kernel.tolist()]


def _kernel(data: Json) -> NDArray[np.float32] | None:
    if data is None:
        return None
    kernel = np.asarray(data, np.float32)
    if not is_kernel(kernel):
        message = f"weights of the shape {kernel.shape} are no kernel"
        raise ValueError(message)
    return kernel


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _number(value: float | None) -> float:
    return float("nan") if value is None else float(value)
