"""What the graph of a network consists of while it is being built: layers, calls, and branches of the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from filterviz.layers.kind import Params, WeightShapes
from filterviz.layers.older_names import Config
from filterviz.reader.packed import Packing
from filterviz.spec import NodeSpec


@dataclass
class Record:
    """A layer of the graph.

    Attributes:
        name: Unique in the network; nested layers are paths.
        class_name: Class as the file has it, in the words of Keras 2 and later.
        kind: Name of the kind it is rebuilt as.
        params: Its parameters.
        weight_shapes: Shapes of its arrays, in the order of Keras 3.
        reason: Why it cannot be rebuilt, as a sentence; ``None`` where it can.
        code: Whether it carries program code.
        initial: What the file says of how its weights began.
        operation: Whether it is an operation on tensors.
        stated: Parameters of an operation in the file's own order of axes.
        called: What an operation was called with.
        packing: How its arrays lie in the file, where they do not lie as they are used.
        hint: What to do about a layer that cannot be rebuilt, where that is known.
        dims: Axes of a Permute, which is rebuilt by turning its input: see :mod:`~filterviz.layers.axes`.
        axis_first: Of a layer that works along one axis, whether the file keeps the channels first in the input of its
            first call; its setting was read so.
        activation: Name of the layer that stands in place of an activation's name; empty where there is none.
        channels_first: Whether the file says that the layer takes its channels first; ``None`` where it says nothing.
    """

    name: str
    class_name: str
    kind: str
    params: Params = field(default_factory=dict)
    weight_shapes: WeightShapes = ()
    reason: str | None = None
    code: bool = False
    initial: Config = field(default_factory=dict)
    operation: bool = False
    stated: Params = field(default_factory=dict)
    called: Any = None
    packing: Packing | None = None
    hint: str | None = None
    dims: tuple[int, ...] = ()
    axis_first: bool | None = None
    activation: str = ""
    channels_first: bool | None = None


@dataclass(frozen=True)
class Branch:
    """Where a layer stands among the models of the file. Its weights are found by this.

    Attributes:
        name: Name in its model.
        stored_class: Class as the file has it.
        number: Which layer it is; two branches with one number are one layer.
        alike: Which layer it is, if all layers that are described in the same words are one.
        record: Index of its record, if it is a layer that was called.
        inside: The layers inside, if it is a model.
        wrapped: The layer inside, if it is a wrapper.
        trainable: Whether the file says that it can be trained.
    """

    name: str
    stored_class: str
    number: int
    alike: int
    record: int | None
    inside: tuple[Branch, ...] = ()
    wrapped: Branch | None = None
    trainable: bool = True


@dataclass(frozen=True)
class Node:
    """One call of a layer.

    Attributes:
        spec: The call as it goes into the network's description.
        blame: Name of the layer that keeps it from being computed; ``None`` where nothing does.
    """

    spec: NodeSpec
    blame: str | None = None

    @property
    def first(self) -> bool:
        """Whether the file keeps the channels of its output first."""
        return self.spec.channels_first
