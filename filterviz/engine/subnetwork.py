"""What must be computed to get from an image to one layer, and for which sizes of images that can be done."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

from filterviz.errors import BadRequest
from filterviz.layers import KINDS, Trait, kind_of
from filterviz.layers.axes import turned
from filterviz.layers.passing import FOLD, IMAGES, INPUT, UNFOLD
from filterviz.layers.shapes import ShapeError
from filterviz.reader.graph import is_image
from filterviz.spec import LayerSpec, ModelSpec, Shape

LARGEST_SIDE = 1024
"""The largest image that is tried where a network needs images of certain sizes."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The part of a network between an image and a layer.

    Attributes:
        spec: The whole network.
        nodes: Nodes to compute, in order; the last is the layer's.
        source: Node that the image takes the place of.
        others: Other input nodes, which are held at zero.
    """

    spec: ModelSpec
    nodes: tuple[int, ...]
    source: int
    others: tuple[int, ...]

    @property
    def target(self) -> LayerSpec:
        """The layer whose output is wanted."""
        return self.layer(self.nodes[-1])

    @property
    def image(self) -> Shape:
        """The shape of the image, as the file has it."""
        return self.spec.nodes[self.source].output_shape or ()

    @property
    def free(self) -> bool:
        """Whether images of other sizes than the file's can be used."""
        last = self.spec.nodes[self.nodes[-1]].output_shape or ()
        turned_around = any(any(self.spec.nodes[node].permutations) for node in self.nodes if node != self.source)
        return len(last) == 4 and not turned_around and all(_free(self.layer(node)) for node in self.nodes)

    @property
    def features(self) -> int:
        """The last node on the way whose output has positions, not only channels.

        The texture of an image is read from it. It is the layer itself unless that is a Dense layer.
        """
        for node in reversed(self.nodes):
            sides = (self.spec.nodes[node].output_shape or ())[1:-1]
            if node not in self.others and any(side != 1 for side in sides):
                return node
        return self.source

    @property
    def computed(self) -> tuple[int, ...]:
        """The nodes that take something: all except the inputs."""
        return tuple(node for node in self.nodes if node != self.source and node not in self.others)

    @property
    def rectified_late(self) -> dict[int, int]:
        """ReLUs that may follow the max pooling after them instead: node of the pooling -> node with the ReLU.

        A ReLU and a maximum can change places without changing values or gradients, and after the pooling there is a
        quarter of the numbers. Where a processor multiplies bfloat16 in tiles, the gradient of a ReLU takes as long as
        a convolution.
        """
        takers: dict[int, list[int]] = {}
        for node in self.computed:
            for before, _ in self.inputs(node):
                takers.setdefault(before, []).append(node)
        return {
            found[0]: node
            for node, found in takers.items()
            if len(found) == 1
            and kind_of(self.layer(found[0]).rebuilt_as, Trait.MAXIMUM)
            and node not in (self.source, self.features)
            and _is_rectified(self.layer(node))
        }

    def layer(self, node: int) -> LayerSpec:
        """Return the layer that a node calls."""
        return self.spec.layers[self.spec.nodes[node].layer]

    def inputs(self, node: int) -> list[tuple[int, tuple[int, ...] | None]]:
        """Return what a node takes. Images that were made frames and are made images again stay images."""
        return _inputs(self.spec, node)

    def shapes(self, height: int, width: int) -> dict[int, Shape]:
        """Return the shape of each node's output for an image of that size.

        Raises:
            ShapeError: The image is too small, or of a size at which branches do not fit together.
        """
        found: dict[int, Shape] = {self.source: (None, height, width, self.image[-1])}
        for node in self.others:
            found[node] = self.spec.nodes[node].output_shape or ()
        for node in self.nodes:
            if node in found:
                continue
            layer = self.layer(node)
            inputs = [turned(found[source], turn) for source, turn in self.inputs(node)]
            passing = layer.rebuilt_as in IMAGES
            found[node] = inputs[0] if passing else KINDS[layer.rebuilt_as].shape(dict(layer.params), inputs)
        return found

    def fits(self, size: int) -> bool:
        """Return whether a square image of that side can be used."""
        try:
            return 0 not in [side for shape in self.shapes(size, size).values() for side in shape]
        except ShapeError:
            return False

    def next_size(self, size: int) -> int | None:
        """Return the smallest side from ``size`` on that can be used; ``None`` where there is none."""
        return next((side for side in range(size, LARGEST_SIDE + 1) if self.fits(side)), None)

    def activation_bytes(self, height: int, width: int) -> int:
        """Return the memory of all outputs for one image, in float32."""
        shapes = self.shapes(height, width).values()
        return 4 * sum(prod(side or 1 for side in shape[1:]) for shape in shapes)


def plan(spec: ModelSpec, name: str) -> Plan:
    """Return how to get from an image to the layer of that name.

    Raises:
        BadRequest: No image leads to it.
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
        if _starts_here(spec, node) and node != target:
            sources.append(node)
        elif kind == INPUT:
            others.append(node)
        else:
            waiting.extend(source for source, _ in _inputs(spec, node))
    if not sources:
        raise BadRequest(f"No image leads to the layer {name!r}.")
    source = min(sources)
    return Plan(spec, tuple(sorted(needed)), source, tuple(sorted({*others, *sources} - {source})))


def _starts_here(spec: ModelSpec, node: int) -> bool:
    call = spec.nodes[node]
    before = spec.nodes[call.inputs[0]] if len(call.inputs) == 1 else None
    return is_image(
        spec.layers[call.layer].rebuilt_as,
        call.output_shape,
        None if before is None else spec.layers[before.layer].rebuilt_as,
        None if before is None else before.output_shape,
    )


def _inputs(spec: ModelSpec, node: int) -> list[tuple[int, tuple[int, ...] | None]]:
    call = spec.nodes[node]
    if spec.layers[call.layer].rebuilt_as == FOLD:
        before = spec.nodes[call.inputs[0]]
        if spec.layers[before.layer].rebuilt_as == UNFOLD:
            return [(before.inputs[0], None)]
    return call.turned_inputs


def _is_rectified(layer: LayerSpec) -> bool:
    """Return whether a layer ends in a plain ReLU that it can also be computed without."""
    return layer.rebuilt_as in KINDS and KINDS[layer.rebuilt_as].rectifies(layer.params)


def _free(layer: LayerSpec) -> bool:
    """Return whether a layer takes images of any size."""
    if layer.rebuilt_as in (*IMAGES, UNFOLD):
        return True
    return KINDS[layer.rebuilt_as].sizes_free(layer.params, layer.weight_shapes)
