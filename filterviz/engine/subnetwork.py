"""What must be computed to get from a picture to one layer, and at which picture sizes that can be done."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from filterviz.errors import BadRequest
from filterviz.reader.axes import turned
from filterviz.reader.graph import FOLD, INPUT, START, UNFOLD, is_picture
from filterviz.reader.layers import KINDS, ShapeError
from filterviz.reader.turning import sizes_free
from filterviz.spec import LayerSpec, ModelSpec, NodeSpec, Shape

LARGEST_SIDE = 1024
"""No picture larger than this is looked for when a network needs pictures of certain sizes."""

PICTURES = (INPUT, START, FOLD)


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of a network between a picture and a layer.

    Attributes:
        spec: of the whole network.
        nodes: to compute, in order; the last is the layer's.
        source: the node the picture takes the place of.
        others: input nodes beside it, held at zero.
    """

    spec: ModelSpec
    nodes: tuple[int, ...]
    source: int
    others: tuple[int, ...]

    @property
    def target(self) -> LayerSpec:
        """The layer."""
        return self.layer(self.nodes[-1])

    @property
    def picture(self) -> Shape:
        """The shape of the picture, as the file has it."""
        return self.spec.nodes[self.source].output_shape or ()

    @property
    def free(self) -> bool:
        """Whether pictures of other sizes than the file's can be used."""
        last = self.spec.nodes[self.nodes[-1]].output_shape or ()
        turned_around = any(any(self.spec.nodes[node].permutations) for node in self.nodes if node != self.source)
        return len(last) == 4 and not turned_around and all(_free(self.layer(node)) for node in self.nodes)

    @property
    def features(self) -> int:
        """The last node on the way whose output has places, not only channels: what a picture's texture is read from.

        That is the layer itself but for a Dense layer.
        """
        for node in reversed(self.nodes):
            places = (self.spec.nodes[node].output_shape or ())[1:-1]
            if node not in self.others and any(side != 1 for side in places):
                return node
        return self.source

    @property
    def computed(self) -> tuple[int, ...]:
        """The nodes that take something: all but the inputs."""
        return tuple(node for node in self.nodes if node != self.source and node not in self.others)

    @property
    def rectified_late(self) -> dict[int, int]:
        """ReLUs that can as well follow the maximum pooling behind them: the pooling's node -> the node with the ReLU.

        The maximum of what a ReLU let through is what a ReLU lets through of the maximum, and so are the gradients,
        but behind the pooling there is a quarter of the numbers. Where a processor multiplies bfloat16 in tiles, a
        ReLU's gradient takes as long as a convolution.
        """
        takers: dict[int, list[int]] = {}
        for node in self.computed:
            for before, _ in self.inputs(node):
                takers.setdefault(before, []).append(node)
        return {
            found[0]: node
            for node, found in takers.items()
            if len(found) == 1
            and self.layer(found[0]).rebuilt_as == "MaxPooling2D"
            and node not in (self.source, self.features)
            and _is_rectified(self.layer(node))
        }

    def layer(self, node: int) -> LayerSpec:
        """The layer that a node calls."""
        return self.spec.layers[self.spec.nodes[node].layer]

    def inputs(self, node: int) -> list[tuple[int, tuple[int, ...] | None]]:
        """What a node takes. Pictures that were made frames and are made pictures again stay pictures."""
        return _inputs(self.spec, node)

    def shapes(self, height: int, width: int) -> dict[int, Shape]:
        """The shape of each node's output for a picture of that size.

        Raises:
            ShapeError: the picture is too small, or of a size at which branches do not meet.
        """
        found: dict[int, Shape] = {self.source: (None, height, width, self.picture[-1])}
        for node in self.others:
            found[node] = self.spec.nodes[node].output_shape or ()
        for node in self.nodes:
            if node in found:
                continue
            layer = self.layer(node)
            inputs = [turned(found[source], turn) for source, turn in self.inputs(node)]
            passing = layer.rebuilt_as in PICTURES
            found[node] = inputs[0] if passing else KINDS[layer.rebuilt_as].shape(dict(layer.params), inputs)
        return found

    def fits(self, size: int) -> bool:
        """Whether a square picture of that side can be used."""
        try:
            return 0 not in [side for shape in self.shapes(size, size).values() for side in shape]
        except ShapeError:
            return False

    def next_size(self, size: int) -> int | None:
        """The smallest side from ``size`` on that can be used."""
        return next((side for side in range(size, LARGEST_SIDE + 1) if self.fits(side)), None)

    def activation_bytes(self, height: int, width: int) -> int:
        """Memory of all outputs for one picture, in float32."""
        shapes = self.shapes(height, width).values()
        return 4 * sum(prod(side or 1 for side in shape[1:]) for shape in shapes)


def plan(spec: ModelSpec, name: str) -> Plan:
    """How to get from a picture to the layer of that name.

    Raises:
        BadRequest: no picture leads to it.
    """
    index = next(number for number, layer in enumerate(spec.layers) if layer.name == name)
    target = next(number for number, node in enumerate(spec.nodes) if node.layer == index)
    needed: set[int] = set()
    sources: list[int] = []
    others: list[int] = []
    waiting = [target]
    while waiting:
        node = waiting.pop()
        if node in needed:
            continue
        needed.add(node)
        call = spec.nodes[node]
        kind = spec.layers[call.layer].rebuilt_as
        if _is_picture(spec, node) and node != target:
            sources.append(node)
        elif kind == INPUT:
            others.append(node)
        else:
            waiting.extend(source for source, _ in _inputs(spec, node))
    if not sources:
        message = f"No picture leads to the layer {name!r}."
        raise BadRequest(message)
    source = min(sources)
    return Plan(spec, tuple(sorted(needed)), source, tuple(sorted({*others, *sources} - {source})))


def needed(spec: ModelSpec) -> list[int]:
    """The nodes that the outputs of the whole network are computed from, and the outputs, in order."""
    found: set[int] = set()
    waiting = list(spec.outputs)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(spec.nodes[node].inputs)
    return sorted(found)


def _is_picture(spec: ModelSpec, node: int) -> bool:
    call = spec.nodes[node]
    before = spec.nodes[call.inputs[0]] if len(call.inputs) == 1 else None
    return is_picture(
        spec.layers[call.layer].rebuilt_as,
        call.output_shape,
        None if before is None else spec.layers[before.layer].rebuilt_as,
        None if before is None else before.output_shape,
    )


def inputs_of(call: NodeSpec) -> list[tuple[int, tuple[int, ...] | None]]:
    """The inputs of a call, each with the permutation its axes want."""
    turns = call.permutations or (None,) * len(call.inputs)
    return list(zip(call.inputs, turns, strict=True))


def _inputs(spec: ModelSpec, node: int) -> list[tuple[int, tuple[int, ...] | None]]:
    call = spec.nodes[node]
    if spec.layers[call.layer].rebuilt_as == FOLD:
        before = spec.nodes[call.inputs[0]]
        if spec.layers[before.layer].rebuilt_as == UNFOLD:
            return [(before.inputs[0], None)]
    return inputs_of(call)


def _is_rectified(layer: LayerSpec) -> bool:
    """Whether a layer ends in a plain ReLU that it can also be called without."""
    if layer.rebuilt_as == "ReLU":
        params = layer.params
        return params["max_value"] is None and not params["negative_slope"] and not params["threshold"]
    return layer.params.get("activation") == "relu" and layer.rebuilt_as in ("Activation", "Conv2D", "DepthwiseConv2D")


def _free(layer: LayerSpec) -> bool:
    if layer.rebuilt_as in (*PICTURES, UNFOLD):
        return True
    if layer.rebuilt_as == "PReLU":
        return layer.weight_shapes[0][:2] == (1, 1)
    return KINDS[layer.rebuilt_as].sizes_free and sizes_free(layer.rebuilt_as, layer.params)
