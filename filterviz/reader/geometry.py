"""How far each layer sees, and which layers patterns can be made for.

The receptive field of a value is the square of pixels that it depends on. What each kind of layer makes of receptive
fields stands with the kind (:mod:`filterviz.layers.receptive_field`). Here it is followed through the graph, which
works for branches, for images that are enlarged again, and for whatever else keeps positions in order.

Where a gate over the whole image weighs the channels (squeeze-and-excitation: J. Hu et al., arXiv:1709.01507), the
field is that of the way through space with the gates held still, and the layer is marked as gated.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from filterviz.layers import KINDS, Trait, kind_of
from filterviz.layers.axes import Turn, turned
from filterviz.layers.passing import CODE, FOLD, IMAGES, INPUT, START, UNFOLD, UNSUPPORTED
from filterviz.layers.receptive_field import Line, union
from filterviz.reader.graph import Graph
from filterviz.reader.records import Node, Record

SPAN = 4096
"""Pixels of the line on which fields are measured. A field that does not fit on it is that of the whole image."""


@dataclass(frozen=True, slots=True)
class Field:
    """What the values of a layer's output depend on, along the height and along the width.

    Attributes:
        lines: The lines of the two sides.
        gated: Whether a gate over the whole image also weighs the channels.
        sides: The axes on which the sides lie; others than 1 and 2 where the axes are turned.
    """

    lines: tuple[Line, Line]
    gated: bool = False
    sides: tuple[int, int] = (1, 2)

    @property
    def size(self) -> int | None:
        """The longer side of the receptive field in pixels; ``None`` where it is larger than any image here."""
        longest = max(int((last - first).max(initial=-1)) + 1 for first, last in self.lines)
        return longest if 0 < longest < SPAN else None

    def turned(self, turn: Turn | None) -> Field:
        """Return the field with the axes permuted."""
        if turn is None:
            return self
        one, two = (turn.index(side) for side in self.sides)
        if one < two:
            return replace(self, sides=(one, two))
        return replace(self, lines=self.lines[::-1], sides=(two, one))


def fields(graph: Graph) -> list[Field | None]:
    """Return the receptive field of each node; ``None`` for the whole image, or where there is none."""
    pixels = np.arange(SPAN, dtype=np.int32)
    found: list[Field | None] = []
    seeing: list[bool] = []  # whether an image leads to the node
    for position, node in enumerate(graph.nodes):
        record = graph.records[node.spec.layer]
        shape, inputs = node.spec.output_shape, node.spec.inputs
        seeing.append(graph.is_image(position) or any(seeing[source] for source in inputs))
        if shape is None or len(shape) not in (3, 4):
            found.append(None)
        elif record.kind in IMAGES:
            found.append(Field(((pixels, pixels), (pixels, pixels))) if len(shape) == 4 else None)
        else:
            gates = _gates(graph, node, found) if kind_of(record.kind, Trait.GATES) else []
            ways = [(source, turn) for source, turn in node.spec.turned_inputs if source not in gates]
            ranks = {len(graph.nodes[source].spec.output_shape or ()) for source, _ in ways}
            sources = [(found[source], turn) for source, turn in ways]
            field = _after(record, [one and one.turned(turn) for one, turn in sources], ranks, len(shape))
            if field is not None and any(seeing[gate] for gate in gates):
                field = replace(field, gated=True)
            found.append(field)
    return found


def _gates(graph: Graph, node: Node, found: Sequence[Field | None]) -> list[int]:
    """Return the inputs of a node that hold one number per channel, where others hold one per position.

    Where the image has shrunk to a single position, these are the inputs that see all of it, where others do not.
    """
    single = (node.spec.output_shape or ())[1:3] == (1, 1)
    gates = []
    for source, turn in node.spec.turned_inputs:
        shape = turned(graph.nodes[source].spec.output_shape or (), turn)
        if len(shape) == 4 and shape[1:3] == (1, 1) and (found[source] is None or not single):
            gates.append(source)
    return gates if len(gates) < len(node.spec.inputs) else []


def _after(record: Record, sources: Sequence[Field | None], ranks: set[int], rank: int) -> Field | None:
    """Return the field of what a layer makes of its inputs.

    Args:
        record: The layer.
        sources: Fields of its inputs.
        ranks: Numbers of axes that they have: 4, or 3 for one channel without an axis of its own.
        rank: Number of axes of its output.
    """
    kind = KINDS.get(record.kind)
    ways = [source for source in sources if source is not None]
    if kind is None or kind.receptive_field is None or not ways or len(ways) < len(sources) or len(ranks) != 1:
        return None
    if not kind.receptive_field.applies(record.params, ranks.pop(), rank):
        return None
    if any(way.sides != (1, 2) for way in ways):
        return ways[0] if kind.has(Trait.TURNS_FREELY) and len(ways) == 1 else None
    lines = [union([way.lines[axis] for way in ways]) for axis in (0, 1)]
    side = kind.receptive_field.side
    height, width = lines if side is None else (side(record.params, axis, line) for axis, line in enumerate(lines))
    return Field((height, width), any(way.gated for way in ways)) if len(height[0]) and len(width[0]) else None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether patterns can be made for a layer.

    Attributes:
        channels: The number of filters; ``None`` where there are none.
        reason: Why none can be made, as a sentence; ``None`` where they can.
    """

    channels: int | None
    reason: str | None


def verdicts(graph: Graph) -> list[Verdict]:
    """Say for each layer whether patterns can be made for it, judged at its first call."""
    first = graph.first_calls()
    reach = _reach(graph)
    return [
        _verdict(record, graph.nodes[first[index]], *reach[first[index]])
        if index in first
        else Verdict(None, "Nothing in the network leads to it.")
        for index, record in enumerate(graph.records)
    ]


def _reach(graph: Graph) -> list[tuple[str, bool, bool]]:
    """Return for each node what leads to it, whether a learned layer does, and whether the image's size is known.

    What leads to it is ``picture``, ``frames`` or nothing.
    """
    found: list[tuple[str, bool, bool]] = []
    for position, node in enumerate(graph.nodes):
        record, shape = graph.records[node.spec.layer], node.spec.output_shape or ()
        sources = [found[source] for source in node.spec.inputs]
        ways = {source[0] for source in sources}
        way = "picture" if "picture" in ways else "frames" if "frames" in ways else ""
        fixed = all(source[2] for source in sources)
        if graph.is_image(position):
            way, fixed = "picture", None not in shape[1:]
        elif record.kind == UNFOLD:
            way = "frames" if "picture" in ways else ""
        elif record.kind == FOLD:
            before = graph.record_of(node.spec.inputs[0])
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
        return Verdict(None, "It is the image itself." if way else "It is an input, but no image.")
    if record.kind == UNFOLD or len(shape) == 5:
        return Verdict(None, "It is over volumes or sequences of images, not over single images.")
    if len(shape) == 3:
        return Verdict(None, "It is over sequences, not over images.")
    if way == "frames":
        return Verdict(None, "It is over sequences of images, not over single images.")
    if not way:
        return Verdict(None, "No image leads to it.")
    if not learned:
        return Verdict(None, "It only prepares the image, before anything that was learned.")
    if len(shape) == 4 and channels is not None:
        return Verdict(channels, None)
    if kind_of(record.kind, Trait.DENSE) and len(shape) == 2:
        if fixed:
            return Verdict(channels, None)
        return Verdict(None, "The file leaves open how large its image is.")
    return Verdict(None, "It is a list of numbers, not an image.")
