"""How far each layer sees, and which layers patterns can be made for.

The receptive field of a value is what it depends on: the side of a square of pixels, as in Araujo, Norris and Sim,
"Computing Receptive Fields of Convolutional Neural Networks", Distill 2019 (10.23915/distill.00021). Their formulas are
for windows and strides in a chain; here the first and the last pixel that each place depends on are followed along a
line, which holds for branches, for pictures that are made larger again, and for whatever else keeps places in order.

Where a gate over the whole picture weighs the channels (squeeze-and-excitation: J. Hu et al., arXiv:1709.01507), the
field is that of the way through space, with the gates held still, and it is said that there is a gate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from filterviz.reader.axes import Turn, turned
from filterviz.reader.graph import FOLD, INPUT, START, UNFOLD, UNSUPPORTED, Graph, Node, Record
from filterviz.reader.layers import CODE, IDENTITY, Params
from filterviz.reader.operation_shapes import slices

POINTWISE = frozenset(
    {
        *("Activation", "ReLU", "LeakyReLU", "ELU", "Rescaling", IDENTITY),
        *("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Divide"),
        *("Elementwise", "Power", "Clip", "Binary", "Where"),
    }
)
"""Kinds that work on each value alone, or on values in the same place, whatever the axes mean."""

IN_PLACE = frozenset(
    {
        *("Dense", "PReLU", "BatchNormalization", "LayerNormalization", "GroupNormalization", "Normalization"),
        *("LayerScale", "LocalResponse", "InstanceNormalization", "Masking"),
    }
)
"""Kinds of which each place of a picture depends on that place alone, but for statistics of the whole."""

CHANNELWISE = frozenset(
    {
        *("Softmax", "Along", "Normalize", "RootMeanSquare", "Concatenate", "Take"),
        *("RMSNormalization", "UnitNormalization"),
    }
)
"""Kinds that work along axes which their parameters name: in place where those are the channels'."""

MOVED = frozenset(
    {
        *("Conv2D", "DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose", "MaxPooling2D", "AveragePooling2D"),
        *(
            "UpSampling2D",
            "DepthToSpace",
            "SpaceToDepth",
            "ZeroPadding2D",
            "ReflectionPadding2D",
            "Cropping2D",
            "Slice",
            "Pad",
            "Repeat",
        ),
        *("Reduce", "Stack", "ExpandDims", "Squeeze", "Tile", "Roll", "MatMul"),
    }
)
"""Kinds whose places depend on certain others, which is worked out here."""

WHOLE = frozenset(
    {
        *("Bidirectional", "Flatten", "Reshape", "Permute", "RepeatVector", "Resizing", "CenterCrop", "Resize"),
        *("LSTM", "GRU", "SimpleRNN", "ConvLSTM2D", "Embedding", "BroadcastTo"),
        *("GlobalMaxPooling1D", "GlobalMaxPooling2D", "GlobalMaxPooling3D"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalAveragePooling3D"),
        *(f"{name}{rank}D" for name in ("Conv", "MaxPooling", "AveragePooling") for rank in (1, 3)),
        *(f"Adaptive{how}Pooling{rank}D" for how in ("Average", "Max") for rank in (1, 2, 3)),
        *("DepthwiseConv1D", "SeparableConv1D", "Conv1DTranspose", "Conv3DTranspose"),
        *(f"{name}{rank}D" for name in ("ZeroPadding", "Cropping", "UpSampling") for rank in (1, 3)),
    }
)
"""Kinds after which a value may depend on any part of the picture, or that work on other things than pictures. A kind
that stands in none of these tables is taken for one of them."""


REACH = {
    "nearest": (0, 0),
    "area": (0, 0),
    "bilinear": (0, 1),
    "bicubic": (1, 2),
    "mitchellcubic": (1, 2),
    "gaussian": (1, 2),
    "lanczos3": (2, 3),
    "lanczos5": (4, 5),
}
"""Places before and after one that an interpolation looks at where pictures are made larger."""

GATING = ("Multiply", "Divide", "Add", "Subtract")
"""Kinds by which one number for each channel, the same in all places, is brought to bear on a picture's places."""

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
        gated: whether a gate over the whole picture weighs the channels besides.
        sides: the axes on which they lie; others than 1 and 2 where the axes are turned.
    """

    lines: tuple[Line, Line]
    gated: bool = False
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
        if one < two:
            return replace(self, sides=(one, two))
        return replace(self, lines=self.lines[::-1], sides=(two, one))


def fields(graph: Graph) -> list[Field | None]:
    """The receptive field of each node; ``None`` for the whole picture, or where there is none."""
    pixels = np.arange(SPAN, dtype=np.int32)
    found: list[Field | None] = []
    seeing: list[bool] = []  # whether a picture leads to the node
    for position, node in enumerate(graph.nodes):
        record = graph.records[node.spec.layer]
        shape, inputs = node.spec.output_shape, node.spec.inputs
        seeing.append(graph.is_picture(position) or any(seeing[source] for source in inputs))
        if shape is None or len(shape) not in (3, 4):
            found.append(None)
        elif record.kind in (INPUT, START, FOLD):
            found.append(Field(((pixels, pixels), (pixels, pixels))) if len(shape) == 4 else None)
        else:
            gates = _gates(graph, node, found) if record.kind in GATING else []
            turns = node.spec.permutations or (None,) * len(inputs)
            ways = [(source, turn) for source, turn in zip(inputs, turns, strict=True) if source not in gates]
            ranks = {len(graph.nodes[source].spec.output_shape or ()) for source, _ in ways}
            sources = [(found[source], turn) for source, turn in ways]
            field = _after(record, [one and one.turned(turn) for one, turn in sources], ranks, len(shape))
            if field is not None and any(seeing[gate] for gate in gates):
                field = replace(field, gated=True)
            found.append(field)
    return found


def _gates(graph: Graph, node: Node, found: Sequence[Field | None]) -> list[int]:
    """The inputs of a node that hold one number for each channel, where others hold one for each place.

    Where the picture has shrunk to a single place, those that see all of it, where others do not.
    """
    single = (node.spec.output_shape or ())[1:3] == (1, 1)
    turns = node.spec.permutations or (None,) * len(node.spec.inputs)
    gates = []
    for source, turn in zip(node.spec.inputs, turns, strict=True):
        shape = turned(graph.nodes[source].spec.output_shape or (), turn)
        if len(shape) == 4 and shape[1:3] == (1, 1) and (found[source] is None or not single):
            gates.append(source)
    return gates if len(gates) < len(node.spec.inputs) else []


def _after(record: Record, sources: Sequence[Field | None], ranks: set[int], rank: int) -> Field | None:
    """The field of what a layer makes of its inputs.

    Args:
        record: the layer.
        sources: the fields of its inputs.
        ranks: the numbers of axes that they have: 4, or 3 for one channel without an axis of its own.
        rank: the same of its output.
    """
    ways = [source for source in sources if source is not None]
    if not ways or len(ways) < len(sources) or len(ranks) != 1 or not _keeps_places(record, ranks.pop(), rank):
        return None
    if any(way.sides != (1, 2) for way in ways):
        return ways[0] if record.kind in VALUE_BY_VALUE and len(ways) == 1 else None
    height, width = (_side(record, axis, _joined([way.lines[axis] for way in ways])) for axis in (0, 1))
    return Field((height, width), any(way.gated for way in ways)) if len(height[0]) and len(width[0]) else None


def _keeps_places(record: Record, before: int, after: int) -> bool:
    """Whether what a layer's places depend on can be told from its parameters."""
    kind, params = record.kind, record.params
    if kind in POINTWISE:
        return True
    if kind == "Stack":
        return (before, after) == (3, 4) and bool(params["axis"] % 4 == 3)
    if kind == "ExpandDims":
        return (before, after) == (3, 4) and tuple(params["axis"]) == (3,)
    if before != 4:
        return False
    if kind in CHANNELWISE:
        axes = params["axis"]
        return {axis % 4 for axis in (axes if isinstance(axes, list | tuple) else [axes])} == {3}
    if kind == "Reduce":
        return {axis % 4 for axis in params["axes"]} == {3}
    if kind == "Squeeze":
        return tuple(params["axis"]) == (3,)
    if kind == "Slice":
        return all(isinstance(part, slice) and (part.step or 1) > 0 for part in slices(params["parts"], 4)[1:3])
    if kind == "Tile":
        return tuple(params["repeats"][1:3]) == (1, 1)
    if kind == "Roll":
        return set(params["axis"]) == {3}
    if kind == "MatMul":
        return "constant" in params and params["transpose_a"] is False
    return kind in IN_PLACE or kind in MOVED


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
        # A place between two others depends on both, and in wider interpolations on their neighbours too.
        before, after = REACH[params["interpolation"]]
        middle = place // size if after == 0 else (2 * place + 1 - size) // (2 * size)
        return _picked(line, middle - before, middle + after)
    if kind == "DepthToSpace":
        place = np.arange(length * params["block_size"]) // params["block_size"]
        return _picked(line, place, place)
    if kind == "SpaceToDepth":
        block = params["block_size"]
        place = np.arange(length // block) * block
        return _picked(line, place, place + block - 1)
    if kind == "Repeat":
        times = params["repeats"] if params["axis"] == 1 + axis else 1
        place = np.arange(length * times) // times
        return _picked(line, place, place)
    if kind == "ReflectionPadding2D" or (kind == "Pad" and params["mode"] != "constant"):
        # Mirrored edges run backwards; the field of each is widened so that both ends still never fall.
        amounts, mode = params["padding"][axis + (kind == "Pad")], params.get("mode", "reflect")
        place = np.pad(np.arange(length), amounts, mode=mode)
        first = np.minimum.accumulate(place[::-1])[::-1]
        return _picked(line, first, np.maximum.accumulate(place))
    if kind in ("ZeroPadding2D", "Pad"):
        before, after = params["padding"][axis + (kind == "Pad")]
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
        what = "It carries program code, which is never run" if record.class_name in CODE else "It is not known here"
        return Verdict(None, f"{what}; the network is entered after it.")
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
