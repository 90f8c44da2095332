"""How far each layer sees, and which layers patterns can be made for.

Receptive fields follow Araujo, Norris and Sim, "Computing Receptive Fields of Convolutional Neural Networks", Distill
2019 (10.23915/distill.00021): going forward, a window of ``k`` adds ``(k - 1)`` times the distance in input pixels
between neighbouring values, and a stride multiplies that distance. Where branches meet, the widest counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from filterviz.reader.graph import FOLD, INPUT, START, UNFOLD, UNSUPPORTED, Graph, Node, Record
from filterviz.reader.layers import slices

WHOLE = (
    "Bidirectional",
    "Flatten",
    "Reshape",
    "Permute",
    "RepeatVector",
    "Resizing",
    "LSTM",
    "GRU",
    "SimpleRNN",
    "ConvLSTM2D",
)
"""Kinds after which a value may depend on any part of the picture."""


@dataclass(frozen=True, slots=True)
class Field:
    """What one value of a layer's output depends on.

    Attributes:
        sides: of the receptive field, height and width, in pixels.
        jumps: distance in pixels between what neighbouring values look at.
    """

    sides: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1))
    jumps: tuple[Fraction, Fraction] = (Fraction(1), Fraction(1))

    @property
    def size(self) -> int:
        """The longer side, in whole pixels."""
        return ceil(max(self.sides))


def fields(graph: Graph) -> list[Field | None]:
    """The receptive field of each node; ``None`` for the whole picture, or where there is none."""
    found: list[Field | None] = []
    for node in graph.nodes:
        record = graph.records[node.spec.layer]
        shape = node.spec.output_shape
        if shape is None or len(shape) != 4:
            found.append(None)
        elif record.kind in (INPUT, START, FOLD):
            found.append(Field())
        else:
            found.append(_after(record, [found[source] for source in node.spec.inputs]))
    return found


def _after(record: Record, sources: Sequence[Field | None]) -> Field | None:
    if record.kind in WHOLE or record.kind.startswith("Global") or not sources or None in sources:
        return None
    known = [source for source in sources if source is not None]
    sides = tuple(max(source.sides[axis] for source in known) for axis in (0, 1))
    jumps = tuple(max(source.jumps[axis] for source in known) for axis in (0, 1))
    params = record.params
    window = params.get("kernel_size") or params.get("pool_size") or (1, 1)
    strides = params.get("strides", (1, 1))
    dilation = params.get("dilation_rate", (1, 1))
    if record.kind == "Conv2DTranspose":
        reached = [ceil(((k - 1) * d + 1) / s) for k, s, d in zip(window, strides, dilation, strict=True)]
        sides = tuple(side + (count - 1) * jump for side, count, jump in zip(sides, reached, jumps, strict=True))
        return _field(sides, tuple(jump / stride for jump, stride in zip(jumps, strides, strict=True)))
    if record.kind == "UpSampling2D":
        if params["interpolation"] != "nearest":
            sides = tuple(side + jump for side, jump in zip(sides, jumps, strict=True))
        return _field(sides, tuple(jump / size for jump, size in zip(jumps, params["size"], strict=True)))
    if record.kind == "Reduce":
        return _field(sides, jumps) if {axis % 4 for axis in params["axes"]} == {3} else None
    if record.kind == "Slice":
        steps = [part.step or 1 if isinstance(part, slice) else 1 for part in slices(params["parts"], 4)[1:3]]
        return _field(sides, tuple(jump * abs(step) for jump, step in zip(jumps, steps, strict=True)))
    if record.kind == "DepthToSpace":
        return _field(sides, tuple(jump / params["block_size"] for jump in jumps))
    sides = tuple(s + (k - 1) * d * j for s, k, d, j in zip(sides, window, dilation, jumps, strict=True))
    return _field(sides, tuple(jump * stride for jump, stride in zip(jumps, strides, strict=True)))


def _field(sides: Sequence[Fraction], jumps: Sequence[Fraction]) -> Field:
    return Field((sides[0], sides[1]), (jumps[0], jumps[1]))


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
