"""The plain data that travels between the parts: no TensorFlow, no Streamlit, no behaviour.

A *model* is described by a :class:`ModelSpec`: its layers, and the graph in which they are called. A question about it
is a :class:`Request`: one layer, some filters, a :class:`Recipe`. The answer is one :class:`Pattern` for each filter,
with :class:`Progress` on the way. Everything here turns into JSON and back without loss (arrays travel beside it as raw
bytes), because it crosses process borders.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Json = Any
"""What :func:`json.loads` returns."""

Shape = tuple[int | None, ...]
"""As in Keras: the batch axis first (``None``), channels last, ``None`` for a free size."""


class PixelRange(StrEnum):
    """The numbers a network was trained on to mean black and white.

    ``CAFFE`` is what ``keras.applications`` does for VGG16 and ResNet50: 0-255, blue-green-red, minus ImageNet's mean.
    """

    AUTO = "auto"
    UNIT = "0-1"
    SIGNED = "-1-1"
    BYTE = "0-255"
    CAFFE = "caffe"


class Precision(StrEnum):
    """The number format of the computation. ``AUTO`` is resolved by the engine on the machine it runs on."""

    AUTO = "auto"
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Flag(StrEnum):
    """What a tile must not keep quiet about.

    ``SILENT``: the filter does not respond to the picture, which shows nothing of it then. ``UNCONVERGED``: it was
    still rising when the steps ended. ``NOT_FINITE``: NaN or infinity met on the way; the picture is that of the last
    finite step.
    """

    SILENT = "silent"
    UNCONVERGED = "unconverged"
    NOT_FINITE = "not-finite"


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


PICTURES = (1, 4, 9)
"""How many different pictures may be made of one filter: as many as fill a square, for they share a tile."""

OBJECTIVES = ("channel", "negative", "neuron")
"""What a pattern may be made for: ``channel``, what excites the filter wherever it is; ``negative``, what the filter
answers to least; ``neuron``, what excites the filter at the middle of the picture alone."""


@dataclass(frozen=True, slots=True)
class Opening:
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
            >>> Opening().identity("f00d"), Opening("vgg16").identity("f00d"), Opening(untrained=0).identity("f00d")
            ('f00d', 'f00d:vgg16', 'f00d:untrained-0')
        """
        parts = [sha256, *filter(None, [self.architecture])]
        return ":".join([*parts, *([] if self.untrained is None else [f"untrained-{self.untrained}"])])


AS_IT_IS = Opening()
"""A whole model with the weights it was trained to."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """How a pattern is made.

    Attributes:
        name: ``natural``, a picture a person can read (see ``engine.natural``), or ``classic``, the original script's
            arithmetic (see ``engine.classic``).
        size: side of the tile in pixels. A layer whose input size is fixed overrides it.
        steps: of gradient ascent.
        seed: of the start picture; a filter's own seed is derived from it and the filter's index.
        objective: what is sought, one of :data:`OBJECTIVES`; ``classic`` knows ``channel`` alone.
        pictures: how many of each filter, one of :data:`PICTURES`; ``classic`` makes one. Several are made to differ
            from each other and share a tile, row by row, each of them ``size`` pixels wide.
    """

    name: str = "natural"
    size: int = 128
    steps: int = 48
    seed: int = 0
    objective: str = "channel"
    pictures: int = 1

    def to_json(self) -> dict[str, Json]:
        """Plain data; ``Recipe(**data)`` is the inverse."""
        return asdict(self)

    def with_(self, **changes: Json) -> Recipe:
        """A copy with some fields changed; those given as ``None`` stay as they are."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})


RECIPES: Mapping[str, Recipe] = {"natural": Recipe(), "classic": Recipe("classic", size=64, steps=40)}
"""The recipes there are, the default first, each with the size and steps it was made for."""


def objectives(recipe: str) -> tuple[str, ...]:
    """What a recipe may be asked to look for."""
    return OBJECTIVES if recipe == "natural" else OBJECTIVES[:1]


def pictures(recipe: str) -> tuple[int, ...]:
    """How many different pictures of one filter a recipe can make."""
    return PICTURES if recipe == "natural" else PICTURES[:1]


@dataclass(frozen=True, slots=True)
class Request:
    """One question: these filters of this layer, made so.

    Attributes:
        layer: the name of a visualisable layer.
        filters: indices of its channels, in the order the tiles are wanted.
        recipe: how.
        pixel_range: ``AUTO`` leaves it to the recipe and the model.
        precision: ``AUTO`` leaves it to the engine.
    """

    layer: str
    filters: tuple[int, ...]
    recipe: Recipe = Recipe()
    pixel_range: PixelRange = PixelRange.AUTO
    precision: Precision = Precision.AUTO

    def to_json(self) -> dict[str, Json]:
        """Plain data; :meth:`from_json` is the inverse."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Json]) -> Self:
        """Rebuild from :meth:`to_json`'s data, as it comes out of a JSON parser."""
        return cls(
            layer=data["layer"],
            filters=tuple(data["filters"]),
            recipe=Recipe(**data["recipe"]),
            pixel_range=PixelRange(data["pixel_range"]),
            precision=Precision(data["precision"]),
        )


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
