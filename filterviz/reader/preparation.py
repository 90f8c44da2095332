"""What a network does to its pixels itself, before anything it learned: scaling, means subtracted, channels turned.

All of that is one affine map from the channels of the picture to those that the first learned layer takes. It is
followed here through the graph, symbolically and channel by channel; what moves pixels about without mixing their
channels (padding, resizing) leaves it as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import Refused
from filterviz.reader import channels
from filterviz.reader.channels import MOST_CHANNELS, Preparation
from filterviz.reader.graph import Graph, Node, Record
from filterviz.reader.layers import IDENTITY
from filterviz.spec import Shape

Reading = Callable[[int], Sequence[NDArray[np.float32]]]
"""Reads the arrays of a record, by its index."""

MOVING = frozenset(
    {
        *(IDENTITY, "ZeroPadding2D", "Cropping2D", "CenterCrop", "Resizing", "UpSampling2D", "AveragePooling2D"),
        *("MaxPooling2D", "Clip", "Pad", "Resize", "ReflectionPadding2D", "Roll"),
    }
)
"""Kinds after which the values of a channel still lie where they lay, or nearly: a clip only cuts off strays."""

MOST_STEPS = 256
"""Preparing layers that are followed; no network has as many."""

EPSILON = 1e-7
"""The smallest deviation that Normalization divides by, Keras's ``epsilon()``."""


def first_learned(graph: Graph, read: Reading) -> tuple[int | None, Preparation] | None:
    """The node of the first learned layer that takes a picture, and how that was prepared for it.

    Where more happens to the pixels before it than an affine map, there is no such node, and the preparation is that
    which could be followed. ``None`` where there is no picture.

    Args:
        graph: of the network.
        read: the arrays of its Normalization layers, which are measured and not learned.
    """
    found: dict[int, Preparation] = {}
    for position, node in enumerate(graph.nodes):
        record, shape = graph.records[node.spec.layer], node.spec.output_shape
        if shape is None:
            continue
        if graph.is_picture(position):
            count = shape[-1] or 0
            found[position] = Preparation.nothing(count if count <= MOST_CHANNELS else 1)
            continue
        if len(found) > MOST_STEPS or not node.spec.inputs or any(source not in found for source in node.spec.inputs):
            continue
        turns = node.spec.permutations or (None,) * len(node.spec.inputs)
        sources = [channels.turned(found[source], turn) for source, turn in zip(node.spec.inputs, turns, strict=True)]
        if record.weight_shapes and record.kind != "Normalization":
            return position, sources[0]
        prepared = _prepared(node, record, sources, lambda index=node.spec.layer: read(index))  # type: ignore[misc]
        if prepared is not None and np.isfinite(prepared.matrix).all() and np.isfinite(prepared.offset).all():
            found[position] = prepared
    return (None, found[max(found)]) if found else None


def _prepared(
    node: Node, record: Record, sources: list[Preparation], read: Callable[[], Sequence[NDArray[np.float32]]]
) -> Preparation | None:
    """What a node makes of its inputs; ``None`` where that is no affine map of channels, or not known here."""
    one, kind, params = sources[0], record.kind, record.params
    rank = len(node.spec.output_shape or ())
    if kind in ("Stack", "Concatenate"):
        return channels.joined(sources, params["axis"] % rank, kind == "Stack")
    if kind in ("Add", "Subtract", "Average"):
        return channels.summed(kind, sources)
    if len(sources) > 1:
        return None
    if kind in MOVING:
        side = None if one.axis is None else (node.spec.output_shape or ())[one.axis]
        return one if side is None or len(one.offset) in (1, side) else None
    if kind == "Rescaling":
        scale, offset = (np.asarray(params[key], np.float64) for key in ("scale", "offset"))
        return channels.rescaled(one, scale, offset, rank)
    if kind == "Normalization":
        try:
            return _normalised(one, record, read, node.spec.output_shape or ())
        except (Refused, ValueError):  # what cannot be read is said where it is needed
            return None
    if kind == "Slice":
        return channels.sliced(one, params["parts"], rank)
    if kind == "Take":
        return channels.taken(one, list(params["indices"])) if params["axis"] == one.axis else None
    if kind in ("Repeat", "Tile") and one.axis is not None:
        return channels.repeated(one, kind, params)
    if kind == "ExpandDims" and one.axis is None and len(params["axis"]) == 1:
        return replace(one, axis=params["axis"][0] % rank)
    if kind == "Squeeze" and tuple(params["axis"]) == (one.axis,):
        return replace(one, axis=None)
    if kind in ("Binary", "MatMul") and "constant" in params:
        constant = params["constant"]
        values = np.asarray(constant["values"], np.float64).reshape(constant["shape"])
        function = channels.mixed if kind == "MatMul" else channels.computed
        return function(one, params, values, rank)
    if kind == "Permute":
        return channels.turned(one, (0, *params["dims"]))
    if kind == "Elementwise" and params["function"] == "negative":
        return one.after(-1.0, 0.0)
    if kind == "Reduce" and params["how"] in ("mean", "sum") and one.axis is not None:
        return channels.reduced(one, params["how"] == "mean", [axis % 4 for axis in params["axes"]], params["keepdims"])
    return None


def _normalised(
    one: Preparation, record: Record, read: Callable[[], Sequence[NDArray[np.float32]]], shape: Shape
) -> Preparation | None:
    """A Normalization: what it subtracts and divides by was measured on the pixels, or given to it."""
    params, rank = record.params, len(shape)
    given: list[Any] = [params["mean"], params["variance"]] if "mean" in params else list(read())[:2]
    if len(given) < 2:
        return None
    axes = params["axis"] if isinstance(params["axis"], list | tuple) else [params["axis"]]
    kept = sorted(axis % rank for axis in axes if axis is not None)
    apart = one.axis is not None and one.axis in kept
    sides = [side for axis in kept if (side := shape[axis]) is not None]
    if len(sides) == len(kept) > 1:
        given = [np.reshape(values, sides) if np.size(values) > 1 else values for values in given]
    mean, variance = (channels.by_channel(np.asarray(values, np.float64), one, apart) for values in given)
    if mean is None or variance is None or (variance < 0).any():
        return None
    if not mean.any() and (variance == 1).all():
        return one  # as it began: it has measured nothing
    deviation = np.maximum(np.sqrt(variance), EPSILON)
    if params.get("invert"):
        return one.after(deviation, mean)
    prepared = one.after(1 / deviation, -mean / deviation)
    return replace(prepared, measured=one.measured or one.undone(mean, variance))
