"""A network as read from a file: its layers, the graph in which they are called, its outputs, and how it is opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Self

from filterviz._version import FRESH_WEIGHTS_VERSION
from filterviz.spec.terms import Json, PixelRange, Shape


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer of a network, as it will be rebuilt and as it is listed.

    Attributes:
        name: Its name, unique in the model; nested layers are paths such as ``vgg16/block5_conv1``. It comes from the
            file: escape it.
        kind: Its class, as Keras 3 calls it (``Conv2D``).
        rebuilt_as: The kind it is rebuilt as: the same, or another of :data:`filterviz.layers.KINDS` or of
            :mod:`filterviz.layers.passing`.
        params: The keyword arguments of that class's constructor, validated, always channels-last.
        weight_shapes: The shapes of its arrays in Keras 3's order (trainable, then not), channels-last.
        output_shape: The shape of its first call's output; ``None`` where it cannot be known.
        channels: The number of channels that can be shown; ``None`` where the layer has none.
        receptive_field: Side in pixels of the square of input that one output value depends on; ``None`` where it is
            the whole image or has no meaning.
        visualisable: Whether patterns can be made for it.
        reason: Why no patterns can be made for it, as a sentence; ``None`` where they can.
        gated: Whether a gate that depends on the whole image (squeeze-and-excitation, Hu et al. 2018, arXiv:1709.01507)
            scales the channels on the way to it; the receptive field is then the one with constant gates.
    """

    name: str
    kind: str
    rebuilt_as: str = ""
    params: Mapping[str, Json] = field(default_factory=dict)
    weight_shapes: tuple[tuple[int, ...], ...] = ()
    output_shape: Shape | None = None
    channels: int | None = None
    receptive_field: int | None = None
    visualisable: bool = False
    reason: str | None = None
    gated: bool = False

    def first_filters(self) -> tuple[int, ...]:
        """Return the channels that the original script's wall showed: the first 25, or all if there are fewer."""
        return tuple(range(min(25, self.channels or 0)))

    def listing(self) -> dict[str, Json]:
        """Return the layer as ``filterviz layers --json`` prints it."""
        printed = ("name", "kind", "channels", "output_shape", "receptive_field", "gated", "visualisable", "reason")
        return {name: getattr(self, name) for name in printed}


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One call of one layer. Nested models are inlined, so a node has one output tensor.

    Attributes:
        layer: Index into ``ModelSpec.layers``; a shared layer is called by several nodes.
        inputs: Indices of the nodes whose outputs it takes, each smaller than its own.
        output_shape: The shape of its output, channels last; ``None`` where it cannot be known.
        permutations: For each input, how its axes are turned first (a file that keeps channels first is rebuilt
            channels last); empty where none are.
        channels_first: Whether the file has the channels of this output first, which are last here.
    """

    layer: int
    inputs: tuple[int, ...] = ()
    output_shape: Shape | None = None
    permutations: tuple[tuple[int, ...] | None, ...] = ()
    channels_first: bool = False

    @property
    def turned_inputs(self) -> list[tuple[int, tuple[int, ...] | None]]:
        """The nodes it takes, each with the permutation of its axes; ``None`` where they stay as they are."""
        return list(zip(self.inputs, self.permutations or (None,) * len(self.inputs), strict=True))

    @property
    def file_shape(self) -> Shape | None:
        """The shape of the output in the file's own order of the axes; ``None`` where it cannot be known.

        Example:
            >>> NodeSpec(0, output_shape=(None, 32, 24, 3), channels_first=True).file_shape
            (None, 3, 32, 24)
        """
        shape = self.output_shape
        return shape if shape is None or not self.channels_first else (shape[0], shape[-1], *shape[1:-1])


@dataclass(frozen=True, slots=True)
class DeclaredOutput:
    """One output that the file says the network has.

    Attributes:
        node: Index of the node that gives it; ``None`` where the file does not say which does.
        reason: Why it cannot be computed, as a sentence; ``None`` where it can.
    """

    node: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """An output of a network that is a list of numbers, most often one for each class.

    Attributes:
        layer: Name of the layer that gives it.
        units: Number of units.
        labels: What each unit stands for, as a ``labels.txt`` beside the model says; empty where that is not known.
            They come from outside: escape them.
        shown_by: Names of the layers that patterns can be made for and whose channels are these units, one for one: a
            Dense layer with nothing but an activation after it.
    """

    layer: str
    units: int
    labels: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()

    def listing(self) -> dict[str, Json]:
        """Return the output as ``filterviz layers --json`` prints it."""
        return {"layer": self.layer, "units": self.units, "labels": list(self.labels)}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A network read from a file: every name checked against the allow-list, every number in range.

    Attributes:
        name: Name of the model in the file; escape it.
        layers: Its layers, in the order of the network.
        nodes: Their calls, in an order in which they can be computed.
        inputs: Indices of the nodes that are inputs of the whole model.
        outputs: Indices of the nodes that are its outputs, without those that cannot be computed.
        pixel_range: The pixel range that is assumed, never ``AUTO``.
        pixel_range_reason: The reason for that, as a short phrase.
        keras_version: Version of the library that saved the file; empty where the file does not say.
        notes: Sentences about what was skipped or assumed in opening it.
        parameters: The number of weights in the file that belong to the network.
        channels_first: Whether the network in the file takes images with channels first.
        classes: Its outputs that are lists of numbers, with the names of these where they are known.
        false_colours: Whether some of its images have neither one nor three channels, so that tiles are shown in false
            colours.
        declared_outputs: All outputs that the file names, in its order, each with what keeps it from being computed.
        whole_batch: Whether what is computed for one image depends on the others in its batch, so that a batch must
            not be divided.
    """

    name: str
    layers: tuple[LayerSpec, ...]
    nodes: tuple[NodeSpec, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    pixel_range: PixelRange = PixelRange.UNIT
    pixel_range_reason: str = "most networks are trained on 0-1"
    keras_version: str = ""
    notes: tuple[str, ...] = ()
    parameters: int = 0
    channels_first: bool = False
    classes: tuple[OutputSpec, ...] = ()
    false_colours: bool = False
    declared_outputs: tuple[DeclaredOutput, ...] = ()
    whole_batch: bool = False

    @property
    def input_shape(self) -> Shape | None:
        """The shape of the first input, channels last; ``None`` where the file does not say."""
        return self.nodes[self.inputs[0]].output_shape if self.inputs else None

    @property
    def visualisable(self) -> tuple[LayerSpec, ...]:
        """The layers that patterns can be made for, in the order of the network."""
        return tuple(layer for layer in self.layers if layer.visualisable)

    def layer(self, name: str) -> LayerSpec:
        """Return the layer of a name.

        Raises:
            KeyError: There is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    def labels(self, layer: str) -> tuple[str, ...]:
        """Return what the channels of a layer stand for, in their order; empty where that is not known."""
        return next((output.labels for output in self.classes if layer in output.shown_by), ())

    def to_json(self) -> dict[str, Json]:
        """Return plain data; :meth:`from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """Return a network from the data of :meth:`to_json`, in which fields of newer versions may be absent."""
        given = _fields(data)
        parts = {"layers": LayerSpec, "nodes": NodeSpec, "classes": OutputSpec, "declared_outputs": DeclaredOutput}
        for name, kind in parts.items():
            if name in data:
                given[name] = tuple(kind(**_fields(item)) for item in data[name])
        return cls(**{**given, "pixel_range": PixelRange(data["pixel_range"])})


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is opened. Together with the file's bytes it identifies a network.

    Attributes:
        architecture: The ``keras.applications`` network that a file of bare weights is opened as, in small letters;
            ``None`` for a file that describes its network.
        untrained: The seed of fresh weights that take the place of the file's, for the same network before any
            training; ``None`` for the weights of the file.
    """

    architecture: str | None = None
    untrained: int | None = None

    def identity(self, sha256: str) -> str:
        """Return the name of a network in the store: the sha256 of its file, and how it differs from what that holds.

        Example:
            >>> LoadOptions().identity("f00d"), LoadOptions("vgg16").identity("f00d")
            ('f00d', 'f00d:vgg16')
            >>> LoadOptions(untrained=0).identity("f00d")
            'f00d:untrained-0-v2'
        """
        fresh = None if self.untrained is None else f"untrained-{self.untrained}-v{FRESH_WEIGHTS_VERSION}"
        return ":".join(filter(None, [sha256, self.architecture, fresh]))


DEFAULT_LOAD = LoadOptions()
"""Opens a file that describes its network, with the weights that it was trained to."""


def ancestors(nodes: Sequence[NodeSpec], wanted: Iterable[int]) -> list[int]:
    """Return the nodes that some nodes are computed from, and these nodes themselves, in order.

    Example:
        >>> ancestors([NodeSpec(0), NodeSpec(1), NodeSpec(2, (0,)), NodeSpec(3, (2,))], [3])
        [0, 2, 3]
    """
    found: set[int] = set()
    waiting = list(wanted)
    while waiting:
        node = waiting.pop()
        if node not in found:
            found.add(node)
            waiting.extend(nodes[node].inputs)
    return sorted(found)


def _fields(data: Mapping[str, Json]) -> dict[str, Json]:
    """The fields of a dataclass from JSON, which has lists in place of tuples."""
    return {name: _tuples(value) for name, value in data.items()}


def _tuples(value: Json) -> Json:
    return tuple(map(_tuples, value)) if isinstance(value, list) else value
