"""How far each layer sees, and which layers patterns can be made for.

The receptive field of a value is what it depends on: the side of a square of pixels, as in Araujo, Norris and Sim,
"Computing Receptive Fields of Convolutional Neural Networks", Distill 2019 (10.23915/distill.00021). Their formulas are
for windows and strides in a chain; here the first and the last pixel that each place depends on are followed along a
line, which holds for branches, for pictures that are made larger again, and for whatever else keeps places in order.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from filterviz.reader.axes import Turn
from filterviz.reader.graph import FOLD, INPUT, START, UNFOLD, UNSUPPORTED, Graph, Node, Record
from filterviz.reader.layers import IDENTITY, Params, slices

WHOLE = (
    "Bidirectional",
    "Flatten",
    "Reshape",
    "RepeatVector",
    "Resizing",
    "LSTM",
    "GRU",
    "SimpleRNN",
    "ConvLSTM2D",
)
"""Kinds after which a value may depend on any part of the picture."""

VALUE_BY_VALUE = (IDENTITY, "PReLU", "Activation")
"""Kinds that make each value of the one in its place, however the axes lie. Not all: those that are met turned."""

SPAN = 4096
"""Pixels of the line on which fields are measured; a field that does not fit on it is that of the whole picture."""

Line = tuple[NDArray[np.int32], NDArray[np.int32]]
"""For each place along one side of a layer's output, the first and the last pixel it depends on; neither ever falls."""


@dataclass(frozen=True, slots=True)
class Field:
    """What the values of a layer's output depend on, along the height and along the width.

    Attributes:
        lines: of the two sides.
        sides: the axes on which they lie; others than 1 and 2 where the axes are turned.
    """

    lines: tuple[Line, Line]
    sides: tuple[int, int] = (1, 2)

    @property
    def size(self) -> int | None:
        """The longer side of the receptive field in pixels; ``None`` where it is larger than any picture here."""
        longest = max(int((last - first).max(initial=-1)) + 1 for first, last in self.lines)
        return longest if 0 < longest < SPAN else None

    def turned(self, turn: Turn | None) -> Field:
        """The same with the axes permuted."""
        if turn is None:
            return self
        one, two = (turn.index(side) for side in self.sides)
        return Field(self.lines, (one, two)) if one < two else Field(self.lines[::-1], (two, one))


def fields(graph: Graph) -> list[Field | None]:
    """The receptive field of each node; ``None`` for the whole picture, or where there is none."""
    pixels = np.arange(SPAN, dtype=np.int32)
    found: list[Field | None] = []
    for node in graph.nodes:
        record = graph.records[node.spec.layer]
        shape = node.spec.output_shape
        if shape is None or len(shape) != 4:
            found.append(None)
        elif record.kind in (INPUT, START, FOLD):
            found.append(Field(((pixels, pixels), (pixels, pixels))))
        else:
            turns = node.spec.permutations or (None,) * len(node.spec.inputs)
            sources = [(found[source], turn) for source, turn in zip(node.spec.inputs, turns, strict=True)]
            found.append(_after(record, [field and field.turned(turn) for field, turn in sources]))
    return found


def _after(record: Record, sources: Sequence[Field | None]) -> Field | None:
    if record.kind in WHOLE or record.kind.startswith("Global") or not sources or None in sources:
        return None
    if record.kind == "Reduce" and {axis % 4 for axis in record.params["axes"]} != {3}:
        return None
    taken = [source for source in sources if source is not None]
    if any(source.sides != (1, 2) for source in taken):
        return taken[0] if record.kind in VALUE_BY_VALUE and len(taken) == 1 else None
    height, width = (_side(record, axis, _joined([source.lines[axis] for source in taken])) for axis in (0, 1))
    return Field((height, width)) if len(height[0]) and len(width[0]) else None


def _joined(lines: Sequence[Line]) -> Line:
    """Branches that meet: of each place whatever any of them depends on."""
    length = min(len(first) for first, _ in lines)
    firsts, lasts = (np.stack([line[end][:length] for line in lines]) for end in (0, 1))
    return firsts.min(axis=0), lasts.max(axis=0)


def _side(record: Record, axis: int, line: Line) -> Line:
    """What a layer makes of one side."""
    params, kind, length = record.params, record.kind, len(line[0])
    if kind == "Conv2DTranspose":
        return _transposed(params, axis, line)
    if kind == "UpSampling2D":
        size = params["size"][axis]
        place = np.arange(length * size)
        # A place between two others depends on both, and in cubic interpolation on their neighbours too.
        before, after = {"nearest": (0, 0), "bilinear": (0, 1), "bicubic": (1, 2)}[params["interpolation"]]
        middle = place // size if after == 0 else (2 * place + 1 - size) // (2 * size)
        return _picked(line, middle - before, middle + after)
    if kind == "DepthToSpace":
        place = np.arange(length * params["block_size"]) // params["block_size"]
        return _picked(line, place, place)
    if kind == "ZeroPadding2D":
        before, after = params["padding"][axis]
        place = np.arange(-before, length + after)
        return _picked(line, place, place)
    if kind in ("Cropping2D", "Slice"):
        part = slices(params["parts"], 4)[1 + axis] if kind == "Slice" else None
        if kind == "Cropping2D":
            before, after = params["cropping"][axis]
            part = slice(before, max(before, length - after))
        place = np.sort(np.arange(length)[part if isinstance(part, slice) else slice(None)])
        return _picked(line, place, place)
    window = params.get("kernel_size") or params.get("pool_size")
    return line if window is None else _windowed(params, axis, window[axis], line)


def _windowed(params: Params, axis: int, window: int, line: Line) -> Line:
    stride, dilation = params.get("strides", (1, 1))[axis], params.get("dilation_rate", (1, 1))[axis]
    length, reach = len(line[0]), (window - 1) * dilation + 1
    if params.get("padding") == "same":
        count = -(-length // stride)
        before = max((count - 1) * stride + reach - length, 0) // 2
    else:
        count, before = max(0, (length - reach) // stride + 1), 0
    start = np.arange(count) * stride - before
    return _picked(line, start, start + reach - 1)


def _transposed(params: Params, axis: int, line: Line) -> Line:
    stride, dilation = params["strides"][axis], params["dilation_rate"][axis]
    length, reach = len(line[0]), (params["kernel_size"][axis] - 1) * dilation + 1
    excess = max(reach - stride, 0)
    same = params["padding"] == "same"
    place = np.arange(length * stride + (0 if same else excess)) + (excess // 2 if same else 0)
    last = place // stride
    return _picked(line, np.minimum(-(-(place - reach + 1) // stride), last), last)


def _picked(line: Line, first: NDArray[np.integer], last: NDArray[np.integer]) -> Line:
    """A line of which each place depends on all places from one to another of a line before; there are none outside."""
    end = len(line[0]) - 1
    return line[0][np.clip(first, 0, end)], line[1][np.clip(last, 0, end)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether patterns can be made for a layer.

    Attributes:
        channels: the number of filters, if there are any.
        reason: why not, as a sentence; ``None`` if so.
    """

    channels: int | None
    reason: str | None


def verdicts(graph: Graph) -> list[Verdict]:
    """For each layer, whether patterns can be made for it: judged at its first call."""
    first = graph.first_calls()
    reach = _reach(graph)
    return [
        _verdict(record, graph.nodes[first[index]], *reach[first[index]])
        if index in first
        else Verdict(None, "Nothing in the network leads to it.")
        for index, record in enumerate(graph.records)
    ]


def _reach(graph: Graph) -> list[tuple[str, bool, bool]]:
    """For each node: what leads to it, whether anything that was learned does, whether the picture's size is known.

    What leads to it is a ``picture``, ``frames`` or nothing.
    """
    found: list[tuple[str, bool, bool]] = []
    for position, node in enumerate(graph.nodes):
        record, shape = graph.records[node.spec.layer], node.spec.output_shape or ()
        sources = [found[source] for source in node.spec.inputs]
        ways = {source[0] for source in sources}
        way = "picture" if "picture" in ways else "frames" if "frames" in ways else ""
        fixed = all(source[2] for source in sources)
        if graph.is_picture(position):
            way, fixed = "picture", None not in shape[1:]
        elif record.kind == UNFOLD:
            way = "frames" if "picture" in ways else ""
        elif record.kind == FOLD:
            before = graph.records[graph.nodes[node.spec.inputs[0]].spec.layer]
            way = "picture" if way == "frames" and before.kind == UNFOLD else ""
        learned = bool(record.weight_shapes) or any(source[1] for source in sources)
        found.append((way, learned, fixed))
    return found


def _verdict(record: Record, node: Node, way: str, learned: bool, fixed: bool) -> Verdict:
    shape = node.spec.output_shape
    channels = shape[-1] if shape is not None and len(shape) >= 2 else None
    if record.kind == START:
        return Verdict(None, "It carries program code, which is never run; the network is entered after it.")
    if record.kind == UNSUPPORTED:
        return Verdict(None, record.reason or "It cannot be rebuilt.")
    if shape is None:
        blame = node.blame or "before it"
        return Verdict(None, f"It comes after the layer {blame!r}, which cannot be rebuilt.")
    if record.kind in (INPUT, FOLD):
        return Verdict(None, "It is the picture itself." if way else "It is an input, but no picture.")
    if record.kind == UNFOLD or len(shape) == 5:
        return Verdict(None, "It is over volumes or sequences of pictures, not over single pictures.")
    if len(shape) == 3:
        return Verdict(None, "It is over sequences, not over pictures.")
    if way == "frames":
        return Verdict(None, "It is over sequences of pictures, not over single pictures.")
    if not way:
        return Verdict(None, "No picture leads to it.")
    if not learned:
        return Verdict(None, "It only prepares the picture, before anything that was learned.")
    if len(shape) == 4 and channels is not None:
        return Verdict(channels, None)
    if record.kind == "Dense" and len(shape) == 2:
        if fixed:
            return Verdict(channels, None)
        return Verdict(None, "The file leaves open how large its picture is.")
    return Verdict(None, "It is a list of numbers, not a picture.")
