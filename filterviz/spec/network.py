"""A network as read from a file: its layers, the graph in which they are called, and its outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Self

from filterviz.spec.terms import Json, PixelRange, Shape


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer of a network, as it will be rebuilt and as it is listed.

    Attributes:
        name: unique in the model; nested layers are paths such as ``vgg16/block5_conv1``. It comes from the file:
            escape it.
        kind: its class, as Keras 3 calls it (``Conv2D``).
        rebuilt_as: the kind it is rebuilt as: the same, or ``Identity`` or another of the kinds of ``reader.graph``.
        params: the keyword arguments of that class's constructor, validated, always channels-last.
        weight_shapes: the shapes of its arrays in Keras 3's order (trainable, then not), channels-last.
        output_shape: of its first call; ``None`` where it cannot be known.
        channels: the number of filters that can be shown; ``None`` where the layer has none.
        receptive_field: side in pixels of the square of input that one output value depends on; ``None`` where it is
            the whole picture or makes no sense.
        gated: whether a gate over the whole picture (squeeze-and-excitation) weighs the channels on the way to it; the
            receptive field is that with the gates held still.
        visualisable: whether patterns can be made for it.
        reason: why not, as a sentence; ``None`` where it can.
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
        """As many of its filters as the original script's wall had: the first 25, or all if there are fewer."""
        return tuple(range(min(25, self.channels or 0)))

    def listing(self) -> dict[str, Json]:
        """The layer as ``filterviz layers --json`` prints it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "channels": self.channels,
            "output_shape": None if self.output_shape is None else list(self.output_shape),
            "receptive_field": self.receptive_field,
            "gated": self.gated,
            "visualisable": self.visualisable,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class NodeSpec:
    """One call of one layer. Nested models are inlined, so a node has one output tensor.

    Attributes:
        layer: index into ``ModelSpec.layers``; a shared layer is called by several nodes.
        inputs: indices of the nodes whose outputs it takes, each smaller than its own.
        output_shape: ``None`` where it cannot be known.
        permutations: for each input, how its axes are to be turned first (a file that keeps channels first is rebuilt
            channels last); empty where none are.
        channels_first: whether the file has the channels of this output first, which are last here.
    """

    layer: int
    inputs: tuple[int, ...] = ()
    output_shape: Shape | None = None
    permutations: tuple[tuple[int, ...] | None, ...] = ()
    channels_first: bool = False

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
        node: that gives it; ``None`` where the file does not say what does.
        reason: why it cannot be computed, as a sentence; ``None`` where it can.
    """

    node: int | None
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """An output of a network that is a list of numbers: one for each class, most often.

    Attributes:
        layer: the name of the layer that gives it.
        units: how many numbers.
        labels: what each of them stands for, as a ``labels.txt`` beside the model says; empty where that is not known.
            They come from outside: escape them.
        shown_by: the names of the layers whose filters are these units, one for one, and that patterns can be made
            for: a Dense layer, with nothing but an activation behind it.
    """

    layer: str
    units: int
    labels: tuple[str, ...] = ()
    shown_by: tuple[str, ...] = ()

    def listing(self) -> dict[str, Json]:
        """The output as ``filterviz layers --json`` prints it."""
        return {"layer": self.layer, "units": self.units, "labels": list(self.labels)}


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A network read from a file: every name checked against the allow-list, every number in range.

    Attributes:
        name: what the file calls the model; escape it.
        layers: in the order of the network.
        nodes: the calls, in an order in which they can be computed.
        inputs: nodes that are inputs of the whole model.
        outputs: nodes that are its outputs, without those that could not be reached.
        pixel_range: the guess, never ``AUTO``.
        pixel_range_reason: what the guess rests on, as a short phrase.
        keras_version: of the library that saved the file; empty where the file does not say.
        notes: sentences about what was skipped or assumed in opening it.
        parameters: the number of weights in the file that belong to the network.
        channels_first: whether the file's own pictures come channels first.
        classes: its outputs that are lists of numbers, with the names of these where they are known.
        false_colours: whether some of its pictures have neither one nor three channels, so that tiles come in colours
            that are not theirs.
        declared_outputs: all the outputs the file names, in its order, each with what keeps it from being computed.
        whole_batch: whether what is computed for one picture depends on the others in its batch, so that a batch must
            not be cut in parts.
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
        """The layers patterns can be made for, in the order of the network."""
        return tuple(layer for layer in self.layers if layer.visualisable)

    def layer(self, name: str) -> LayerSpec:
        """The layer of that name.

        Raises:
            KeyError: there is none.
        """
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise KeyError(name)

    def labels(self, layer: str) -> tuple[str, ...]:
        """What the filters of a layer stand for, by their numbers; empty where that is not known."""
        return next((output.labels for output in self.classes if layer in output.shown_by), ())

    def to_json(self) -> dict[str, Json]:
        """Plain data; :meth:`from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """Rebuild from :meth:`to_json`'s data, as it comes out of a JSON parser. What was not known yet is absent."""
        layers = tuple(
            LayerSpec(
                **{
                    **layer,
                    "weight_shapes": tuple(tuple(shape) for shape in layer["weight_shapes"]),
                    "output_shape": _shape(layer["output_shape"]),
                }
            )
            for layer in data["layers"]
        )
        nodes = tuple(
            NodeSpec(
                node["layer"],
                tuple(node["inputs"]),
                _shape(node["output_shape"]),
                tuple(None if turn is None else tuple(turn) for turn in node["permutations"]),
                node.get("channels_first", False),  # what comes with the program was written before there was any
            )
            for node in data["nodes"]
        )
        classes = tuple(
            OutputSpec(output["layer"], output["units"], tuple(output["labels"]), tuple(output["shown_by"]))
            for output in data.get("classes", ())
        )
        return cls(
            **{
                **data,
                "classes": classes,
                "layers": layers,
                "nodes": nodes,
                "inputs": tuple(data["inputs"]),
                "outputs": tuple(data["outputs"]),
                "pixel_range": PixelRange(data["pixel_range"]),
                "notes": tuple(data["notes"]),
                "declared_outputs": tuple(DeclaredOutput(**output) for output in data.get("declared_outputs", ())),
            }
        )


def _shape(data: list[int | None] | None) -> Shape | None:
    return None if data is None else tuple(data)


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a file is opened. With the file's bytes it identifies a network.

    Attributes:
        architecture: the ``keras.applications`` network that a file of bare weights is opened as, in small letters.
        untrained: the seed of fresh weights to put in place of the file's: the same network before any training.
    """

    architecture: str | None = None
    untrained: int | None = None

    def identity(self, sha256: str) -> str:
        """The network's name in the store: its file's sha256, with what makes it another network than the file's.

        Example:
            >>> LoadOptions().identity("f00d"), LoadOptions("vgg16").identity("f00d")
            ('f00d', 'f00d:vgg16')
            >>> LoadOptions(untrained=0).identity("f00d")
            'f00d:untrained-0'
        """
        parts = [sha256, *filter(None, [self.architecture])]
        return ":".join([*parts, *([] if self.untrained is None else [f"untrained-{self.untrained}"])])


DEFAULT_LOAD = LoadOptions()
"""A whole model with the weights it was trained to."""
