"""Operations on tensors that Keras saved as if they were layers: ``x / 255``, ``tf.concat``, ``keras.ops.mean``.

Keras 2 wraps them as ``TFOpLambda`` or ``SlicingOpLambda`` (before that as ``TensorFlowOpLayer``), which name a
function of TensorFlow; Keras 3 gives each a class. A name is looked up in one table here, and becomes a kind of layer
with parameters like any other; nothing is imported or called by it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from filterviz.reader.config import Call, Number, number
from filterviz.reader.legacy import Config
from filterviz.reader.values import ACTIVATIONS, Unsupported, Values

WRAPPERS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})
PREFIXES = ("compat.v1.", "nn.", "math.", "image.", "__operators__.")

MERGING = ("Add", "Subtract", "Multiply", "Divide", "Maximum", "Minimum")
"""Kinds that are operations where they have one input and a number, and layers where they have several inputs."""

NO_LAYERS = frozenset({"Elementwise", "Power", "Clip", "Reduce", "Slice", "Divide"})
"""Kinds that operations alone become. Keras has no layers of these names, and a file's are not taken for them."""

KindAndParams = tuple[str, Config]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What an operation was called with.

    Attributes:
        inputs: how many tensors.
        constants: numbers and lists of numbers among its positional arguments.
        number_first: whether one of them stands before the first tensor.
        settings: the arguments by name.
    """

    inputs: int
    constants: tuple[Number, ...]
    number_first: bool
    settings: Config

    def values(self, **settings: Any) -> Values:
        """Settings to be read with all checks."""
        return Values("operation", settings or self.settings)

    def get(self, *names: str) -> Any:
        """The first setting of these names that is there, else the first constant."""
        for name in names:
            if self.settings.get(name) is not None:
                return self.settings[name]
        constant = self.constants[0] if self.constants else None
        return list(constant) if isinstance(constant, tuple) else constant


Reading = Callable[[Arguments], KindAndParams | None]


def is_operation(class_name: str, config: Config, inputs: int, kinds: Mapping[str, Any]) -> bool:
    """Whether what a file lists as a layer is one of these.

    Args:
        class_name: of the layer.
        config: its settings.
        inputs: how many tensors it is called on.
        kinds: the layers that are known; some of them share their name with an operation.
    """
    if class_name in WRAPPERS or class_name in NO_LAYERS:
        return True
    if class_name in kinds:
        return (class_name in MERGING and inputs == 1) or (class_name == "Reshape" and "newshape" in config)
    return _plain(class_name) in OPERATIONS


def read(class_name: str, config: Config, call: Call, inputs: int) -> KindAndParams:
    """The kind of layer that an operation is, with its parameters.

    Raises:
        Unsupported: it is not one of those known here.
        Refused: its arguments make no sense.
    """
    definition = config.get("node_def")
    function = config.get("function") or (definition.get("op") if isinstance(definition, Mapping) else class_name)
    stored = config.get("constants")
    constants = [*call.constants]
    constants += filter(None, map(number, stored.values() if isinstance(stored, Mapping) else ()))
    arguments = Arguments(inputs, tuple(constants), call.constant_first, {**config, **call.settings})
    reading = OPERATIONS.get(_plain(function)) if isinstance(function, str) else None
    found = reading(arguments) if reading is not None else None
    if found is None:
        raise Unsupported(f"The operation {str(function)[:60]!r} is not known here.", code=True)
    return found


def _plain(name: str) -> str:
    """A name as the table has it: ``tf.math.reduce_mean``, ``ReduceMean`` -> ``reducemean``.

    Example:
        >>> _plain("math.reduce_mean"), _plain("LeakyRelu"), _plain("__operators__.getitem")
        ('reducemean', 'leakyrelu', 'getitem')
    """
    for prefix in PREFIXES:
        name = name.removeprefix(prefix)
    return name.replace("_", "").lower()


# One input ----------------------------------------------------------------------------------------------------------


def _activation(name: str) -> Reading:
    assert name in ACTIVATIONS

    def reading(given: Arguments) -> KindAndParams | None:
        return ("Activation", {"activation": name}) if given.inputs == 1 else None

    return reading


def _softmax(given: Arguments) -> KindAndParams:
    axis = given.get("axis")
    return "Softmax", {"axis": -1 if axis is None else given.values(axis=axis).whole("axis", -8, 8)}


def _elu(given: Arguments) -> KindAndParams:
    return "ELU", {"alpha": given.values().number("alpha", 1.0)}


def _leaky_relu(given: Arguments) -> KindAndParams:
    values = given.values()
    return "LeakyReLU", {"negative_slope": values.number("negative_slope", values.number("alpha", 0.2))}


def _identity(given: Arguments) -> KindAndParams | None:
    return ("Identity", {}) if given.inputs == 1 else None


def _elementwise(name: str) -> Reading:
    def reading(given: Arguments) -> KindAndParams | None:
        return ("Elementwise", {"function": name}) if given.inputs == 1 and not given.constants else None

    return reading


def _power(given: Arguments) -> KindAndParams | None:
    exponent = given.get("y", "x2")
    if given.inputs != 1 or given.number_first or not isinstance(exponent, int | float):
        return None
    return "Power", {"exponent": given.values(y=exponent).number("y", 1.0, limit=64)}


def _clip(given: Arguments) -> KindAndParams | None:
    values = given.values()
    low = values.number("clip_value_min", values.number("x_min", -1e30))
    high = values.number("clip_value_max", values.number("x_max", 1e30))
    if given.inputs != 1 or (len(given.constants) not in (0, 2)):
        return None
    if given.constants:
        if not all(isinstance(item, float) for item in given.constants):
            return None
        low, high = (float(item) for item in given.constants if isinstance(item, float))
    return "Clip", {"low": low, "high": high}


def _reduction(how: str) -> Reading:
    def reading(given: Arguments) -> KindAndParams | None:
        axes = given.get("axis", "reduction_indices")
        if given.inputs != 1 or axes is None:
            return None
        axes = axes if isinstance(axes, list) else [axes]
        values = given.values()
        wholes = tuple(given.values(axis=axis).whole("axis", -8, 8) for axis in axes[:8])
        keepdims = values.flag("keepdims", values.flag("keep_dims", False))
        return "Reduce", {"how": how, "axes": wholes, "keepdims": keepdims}

    return reading


def _resize(given: Arguments) -> KindAndParams | None:
    size = given.get("size")
    settings = given.settings
    plain = not any(settings.get(key) for key in ("antialias", "crop_to_aspect_ratio", "pad_to_aspect_ratio"))
    if given.inputs != 1 or not plain or not isinstance(size, list) or len(size) != 2:
        return None
    height, width = given.values(size=size).wholes("size", 2, 1, 8192)
    method = settings.get("interpolation") or settings.get("method") or "bilinear"
    if method not in ("bilinear", "nearest", "bicubic"):
        return None
    return "Resizing", {"height": height, "width": width, "interpolation": method, "crop_to_aspect_ratio": False}


def _pad(given: Arguments) -> KindAndParams | None:
    amounts = given.settings.get("pad_width", given.settings.get("paddings"))
    mode, filled = given.settings.get("mode") or "constant", given.settings.get("constant_values")
    if str(mode).lower() != "constant" or filled not in (None, 0) or given.inputs != 1:
        return None
    if not isinstance(amounts, list) or len(amounts) != 4 or amounts[0] != [0, 0] or amounts[3] != [0, 0]:
        return None
    return "ZeroPadding2D", {"padding": given.values(padding=amounts[1:3]).pairs("padding", 2, 4096)}


def _reshape(given: Arguments) -> KindAndParams | None:
    shape = given.get("newshape", "shape")
    if given.inputs != 1 or not isinstance(shape, list) or not 1 < len(shape) <= 7:
        return None
    sides = [-1 if side is None else side for side in shape[1:]]
    whole = tuple(given.values(shape=side).whole("shape", -1, 2**31) for side in sides)
    return ("Reshape", {"target_shape": whole}) if whole.count(-1) <= 1 and 0 not in whole else None


def _slice(given: Arguments) -> KindAndParams | None:
    """``x[:, ::2, 1:, ...]``: for each axis start, stop and step, or one place."""
    spec = given.settings.get("slice_spec", given.settings.get("key"))
    if given.inputs != 1 or not isinstance(spec, list) or not 0 < len(spec) <= 8:
        return None
    parts: list[Any] = []
    for item in spec:
        parts.append(_slice_part(given, item))
    if parts[0] not in ((None, None, None), "...") or parts.count("...") > 1 or None in parts:
        return None
    return "Slice", {"parts": tuple(parts)}


def _slice_part(given: Arguments, item: Any) -> Any:
    if isinstance(item, Mapping):
        if item.get("class_name") == "__ellipsis__":
            return "..."
        inner = item.get("config") if item.get("class_name") == "__slice__" else item
        if not isinstance(inner, Mapping) or not {"start", "stop", "step"} >= set(inner):
            return None
        sides = [inner.get(key) for key in ("start", "stop", "step")]
        return tuple(None if side is None else given.values(slice=side).whole("slice", -65536, 65536) for side in sides)
    return given.values(slice=item).whole("slice", -65536, 65536)


# Several inputs, or one and a number --------------------------------------------------------------------------------


def _number(given: Arguments, *names: str) -> float | tuple[float, ...] | None:
    """The one number, or list of numbers for the channels, beside one tensor."""
    value = given.get(*names)
    if given.inputs != 1 or value is None or len(given.constants) > 1:
        return None
    return given.values(number=value).numbers("number", 0.0)


def _scaled(scale: float | tuple[float, ...], offset: float | tuple[float, ...]) -> KindAndParams:
    return "Rescaling", {"scale": scale, "offset": offset}


def _add(given: Arguments) -> KindAndParams | None:
    if given.inputs == 2:
        return "Add", {}
    number = _number(given, "bias")
    return None if number is None else _scaled(1.0, number)


def _subtract(given: Arguments) -> KindAndParams | None:
    if given.inputs == 2:
        return "Subtract", {}
    number = _number(given)
    if number is None:
        return None
    if given.number_first:
        return _scaled(-1.0, number)
    return _scaled(1.0, -number if isinstance(number, float) else tuple(-item for item in number))


def _multiply(given: Arguments) -> KindAndParams | None:
    if given.inputs == 2:
        return "Multiply", {}
    number = _number(given)
    return None if number is None else _scaled(number, 0.0)


def _divide(given: Arguments) -> KindAndParams | None:
    if given.inputs == 2:
        return "Divide", {}
    number = _number(given)
    if number is None or given.number_first or 0.0 in (number if isinstance(number, tuple) else (number,)):
        return None
    return _scaled(1 / number if isinstance(number, float) else tuple(1 / item for item in number), 0.0)


def _bound(kind: str, **bound: float) -> Reading:
    """``maximum`` and ``minimum``, of two tensors or with a number."""

    def reading(given: Arguments) -> KindAndParams | None:
        if given.inputs == 2:
            return kind, {}
        number = _number(given)
        return (
            ("Clip", {**bound, ("low" if "high" in bound else "high"): number}) if isinstance(number, float) else None
        )

    return reading


def _concatenate(given: Arguments) -> KindAndParams | None:
    axis = given.get("axis")
    if given.inputs < 2 or axis is None:
        return None
    return "Concatenate", {"axis": given.values(axis=axis).whole("axis", -8, 8)}


def _depth_to_space(given: Arguments) -> KindAndParams:
    block = given.values(block_size=given.get("block_size")).whole("block_size", 2, 64)
    return "DepthToSpace", {"block_size": block}


def _named(readings: Mapping[str, Reading]) -> dict[str, Reading]:
    return {name: reading for names, reading in readings.items() for name in names.split()}


OPERATIONS: Mapping[str, Reading] = _named(
    {
        **{name.replace("_", ""): _activation(name) for name in ("relu", "relu6", "sigmoid", "tanh", "selu", "gelu")},
        **{name.replace("_", ""): _activation(name) for name in ("softplus", "softsign", "mish", "log_sigmoid")},
        "silu swish swishf32": _activation("silu"),
        "hardsilu hardswish": _activation("hard_silu"),
        "hardsigmoid": _activation("hard_sigmoid"),
        "logsoftmax": _activation("log_softmax"),
        "softmax": _softmax,
        "elu": _elu,
        "leakyrelu": _leaky_relu,
        "cast identity stopgradient": _identity,
        **{name: _elementwise(name) for name in ("abs", "exp", "log", "negative", "sqrt", "rsqrt", "square")},
        "absolute": _elementwise("abs"),
        "neg": _elementwise("negative"),
        "pow power": _power,
        "clip clipbyvalue": _clip,
        "mean reducemean": _reduction("mean"),
        "max amax reducemax": _reduction("max"),
        "min amin reducemin": _reduction("min"),
        "sum reducesum": _reduction("sum"),
        "resize": _resize,
        "pad padv2": _pad,
        "reshape": _reshape,
        "getitem": _slice,
        "add addv2 biasadd": _add,
        "subtract sub": _subtract,
        "multiply mul": _multiply,
        "divide truediv realdiv truedivide": _divide,
        "maximum": _bound("Maximum", high=1e30),
        "minimum": _bound("Minimum", low=-1e30),
        "concat concatenate concatv2": _concatenate,
        "depthtospace": _depth_to_space,
    }
)
"""Name without prefix, capitals and underscores -> how it is read."""
