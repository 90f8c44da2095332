"""What is known about a kind of layer, as one value.

Each family file of this package lists its kinds. A kind says how its settings are read, what it makes of a shape, which
arrays it has, how it treats axes, receptive fields and colours, and what else the program asks about it. Nothing
outside this package, apart from the table of constructors in the engine, compares the names of classes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.layers.affine import AffineRule
from filterviz.layers.config_values import ConfigValues
from filterviz.layers.receptive_field import FieldRule
from filterviz.layers.shapes import Shapes
from filterviz.spec import Shape

Params = dict[str, Any]
WeightShapes = tuple[tuple[int, ...], ...]
Weights = Sequence[NDArray[np.float32]]
Kernel = NDArray[np.float32]
NOT_NEEDED = ""
"""The role of an array that only training needs."""

Turned = tuple[Params, bool]
"""Parameters for channels last, and whether the channels of the result come first in the file's own terms."""


class AxisOrder(Enum):
    """How a layer treats the order of axes, which matters where a file keeps channels first."""

    CHANNELS = "has channels, and its setting data_format says where"
    ANY = "works on each value alone, or on values at the same position"
    AXIS = "works along an axis that its settings name"
    AS_WRITTEN = "depends on the order of axes in the file"


class Trait(Enum):
    """What the program asks about a kind of layer, with a yes as the answer."""

    IMAGE_CONVOLUTION = "its filters were learned from images, and its patterns are worth showing first"
    WEIGHTED_SUM = "each of its channels is a weighted sum over a window of the image"
    SHARED_SLOPES = "its slopes may lie with another layer, whose activation it is"
    DENSE = "each of its channels is a unit that looks at all of its input"
    LOOKUP = "it chooses rows of its array, and each row has a scale of its own where it is quantised"
    ROUNDS_INPUTS = "it rounds its inputs where it is quantised, and its kernel may then be packed along them"
    ACTIVATION = "it applies an activation and does nothing else"
    OPERATION = "only operations on tensors become it: Keras has no layer of this name"
    MERGES = "it brings its inputs to one number of axes, as the merging layers of Keras do"
    GATES = "it can combine one number per channel with every position of an image"
    STACKS = "it puts tensors beside each other on a new axis"
    LISTS = "it only arranges values anew: an image of a single pixel becomes a list"
    CHANNELS_LAST_FIRST = "where its setting data_format says channels first, it brings them last before anything else"
    TRANSPOSED = "it is a transposed convolution: its multiplications happen at the positions of its input"
    KEEPS_AXES = "it depends on the order of the axes, and leaves each of them where it is"
    TURNS_FREELY = "it makes each value of the one at its position, in whatever order the axes lie"
    UNIT_BY_UNIT = "each number that comes out is about the same unit as the number that went in"
    LEAVES_PIXELS = "it leaves every pixel beside its neighbours and every channel separate"
    MAXIMUM = "it takes a maximum of positions, which commutes with an activation that never falls"
    MOMENTS = "its last two arrays are the mean and the variance of what it was given in training"
    MEASURED = "its arrays were measured on data and not learned"
    USES_MASKS = "it computes something else where a part of its input is masked"
    STARTS_MASKS = "it masks a part of its input"
    JOINS_MASKS = "it joins the masks of its inputs, by another rule in Keras 2 than in Keras 3"
    SEVERAL_KERNELS = "it has several kernels or a layer inside, so wrappers around it are not followed"
    CONVOLVES = "it slides a kernel along axes, which Theano kept turned by half a turn"
    SORTS_AXES = "its arrays lie in the order of its sorted axes in one version and as named in another"
    ONE_PER_AXIS_VALUE = "numbers in its settings may be meant for its channels or for its columns"


def no_params(_: ConfigValues) -> Params:
    """Read nothing: the kind has no parameters."""
    return {}


def same_shape(_: Mapping[str, Any], shapes: Shapes) -> Shape:
    """Return the shape of the first input: the kind does not change it."""
    return shapes[0]


@dataclass(frozen=True, slots=True)
class LayerKind:
    """A kind of layer.

    Attributes:
        name: Class name in Keras 3, or a name of our own for what operations become.
        read: Reads the parameters from a layer's configuration: the keyword arguments of the Keras 3 constructor.
        shape: Gives the shape of the output, from the parameters and the shapes of the inputs.
        weights: Gives the shapes of the arrays, in the order of Keras 3.
        roles: Gives what the arrays are, in the same order (``kernel``, ``bias``, ``gamma``, ...), from the parameters.
        aliases: Names under which older versions of Keras know the class.
        merge_mode: ``mode`` of Keras 1's layer ``Merge`` that means this kind.
        axis_order: How it treats the order of axes.
        rank: The number of axes of its input, batch included; ``None`` for any.
        sizes_free: Whether it takes images of any size without its weights or its meaning changing, from its
            parameters and the shapes of its arrays.
        several: Whether it may be called on several inputs.
        no_effect: Settings of this kind alone that change nothing once a network is trained.
        receptive_field: What it makes of receptive fields; ``None`` where each output may depend on the whole image.
        affine: What it makes of affine maps of the image's channels; ``None`` where that is no such map.
        turn: Turns its parameters, as the file has them, for tensors whose channels now come last; ``None`` where it
            then works on tensors in the file's own order.
        growth: By which factor it changes the number of positions; from its parameters.
        untrainable: How many arrays at the end of its list are not trainable.
        kernel: Gives the kernel of one channel, float32 ``[height, width, channels]``, from the parameters, the
            arrays, the number of input channels and the index of the channel.
        rectifies: Whether it ends in a plain ReLU that it can also be computed without; from its parameters.
        input_shape: Gives the shape of its input from its configuration, where nothing else in the file says it.
        own_settings: Settings whose name is not modernised, since this kind uses them in another meaning.
        quantised: For each way in which Keras quantises it, the roles of its arrays in the order of an archive, as
            ``variable_serialization_spec`` of Keras lists them.
        traits: What else holds for it.
    """

    name: str
    read: Callable[[ConfigValues], Params] = no_params
    shape: Callable[[Params, Shapes], Shape] = same_shape
    weights: Callable[[Params, Shapes], WeightShapes] = lambda params, shapes: ()
    roles: Callable[[Params], tuple[str, ...]] = lambda params: ()
    aliases: tuple[str, ...] = ()
    merge_mode: str = ""
    axis_order: AxisOrder = AxisOrder.ANY
    rank: int | None = None
    sizes_free: Callable[[Mapping[str, Any], WeightShapes], bool] = lambda params, weights: True
    several: bool = False
    no_effect: frozenset[str] = frozenset()
    receptive_field: FieldRule | None = None
    affine: AffineRule | None = None
    turn: Callable[[Params, int], Turned | None] | None = None
    growth: Callable[[Mapping[str, Any]], float] = lambda params: 1.0
    untrainable: int = 0
    kernel: Callable[[Mapping[str, Any], Weights, int, int], Kernel] | None = None
    rectifies: Callable[[Mapping[str, Any]], bool] = lambda params: False
    input_shape: Callable[[Mapping[str, Any]], Any] | None = None
    own_settings: frozenset[str] = frozenset()
    quantised: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    traits: frozenset[Trait] = frozenset()

    def has(self, trait: Trait) -> bool:
        """Return whether something holds for this kind."""
        return trait in self.traits


FOR_TRAINING = ("_initializer", "_regularizer", "_constraint", "_init")
"""Endings of settings that say how weights begin and how they are held in bounds during training."""

COMMON = frozenset(
    {
        *("name", "trainable", "weights", "init", "activity_regularizer", "synchronized"),
        *("batch_input_shape", "batch_shape", "input_shape", "batch_size", "input_dim", "input_length", "input_dtype"),
        # These say how something is computed, not what.
        *("autocast", "dynamic", "sparse", "ragged", "implementation", "consume_less", "unroll", "use_cudnn", "fused"),
        *("seed", "rng_type", "force_generator", "bounding_box_format"),
        # These are read by the graph, which turns axes, and with the weights.
        *("data_format", "output_shape", "lora_rank", "lora_alpha", "quantization_config", "quantization_mode"),
    }
)
"""Settings of any layer that change nothing once its weights are trained, or that are read elsewhere."""


def has_no_effect(kind: LayerKind, setting: str) -> bool:
    """Return whether a setting changes nothing once a network is trained, or is read elsewhere in the reader."""
    return setting in COMMON or setting in kind.no_effect or setting.endswith(FOR_TRAINING)


def nothing_is_ignored(kind: LayerKind, values: ConfigValues) -> None:
    """Make sure that every setting of a layer has been read or is known to change nothing.

    Raises:
        Unsupported: There is another setting, or the layer computes in whole numbers.
    """
    dtype = values.raw("dtype")
    if isinstance(dtype, Mapping):
        # A policy. That of a quantised layer says how it is quantised, which is read with its weights.
        inner = dtype.get("config")
        dtype = inner.get("name") if isinstance(inner, Mapping) and "mode" not in inner else None
    if isinstance(dtype, str) and "float" not in dtype:
        raise values.decline("dtype")
    for setting in values.unread(()):
        if not has_no_effect(kind, setting):
            raise values.decline(setting)


def needs_its_size(params: Mapping[str, Any], weights: WeightShapes) -> bool:  # noqa: ARG001
    """Return that a kind is bound to images of the size that the file gives."""
    return False
