"""Operations on tensors that Keras saved as if they were layers: ``x / 255``, ``tf.concat``, ``keras.ops.mean``.

Keras 2 wraps them as ``TFOpLambda`` or ``SlicingOpLambda`` (before that as ``TensorFlowOpLayer``), which name a
function of TensorFlow; Keras 3 gives each a class. A name is looked up in a table here, and becomes one kind of layer
or several with parameters like any other; nothing is imported or called by it. The two libraries differ in names and
defaults (``gelu`` is approximated in one and exact in the other), so each has a table of its own.

Every argument is read by its operation or refused by name: none is ignored because nobody looked.
"""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from itertools import chain
from typing import Any

from filterviz.errors import Refused
from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Call, Layer
from filterviz.reader.operations import arithmetic, elementwise, legacy, pictures, reducing, reshaping, slicing
from filterviz.reader.operations.arguments import Arguments, KindAndParams, Operation, Several, Source, Steps
from filterviz.reader.operations.names import WRAPPERS, plain
from filterviz.reader.operations.unknown import DECLARED, OTHER_CODE

FAMILIES = (elementwise, arithmetic, reducing, reshaping, slicing, pictures)

KERAS: Mapping[str, Operation] = dict(chain.from_iterable(family.KERAS.items() for family in FAMILIES))
"""Class of Keras 3 without capitals -> how it is read."""

TENSORFLOW: Mapping[str, Operation] = dict(chain.from_iterable(family.TENSORFLOW.items() for family in FAMILIES))
"""Function without prefix, capitals and underscores -> how it is read."""

MODULES = ("keras.src.ops", "keras.ops")
"""Where Keras 3 keeps its operations on tensors."""

SHARED = frozenset(
    {"Add", "Subtract", "Multiply", "Maximum", "Minimum", "Average", "Concatenate", "Dot", "Reshape", "Softmax"}
)
"""Names that both a layer and an operation of Keras 3 have. Of an operation the file says less: not how it trains."""

TRUTHS = elementwise.TRUTHS | arithmetic.COMPARISONS | arithmetic.LOGICAL
"""Functions that give truth values."""

NO_EFFECT = frozenset({"name", "trainable"})
"""What stands in an operation's configuration and changes nothing of what it computes."""

TAKES_TRUTH = frozenset(
    {*("where", "select", "selectv2", "wherev2", "cast"), *("logicaland", "logicalor", "logicalxor", "logicalnot")}
)
"""Operations that take truth values here; elsewhere these would become numbers by rules of their own."""


def is_operation(layer: Layer, layers: Container[str]) -> bool:
    """Whether what a file lists as a layer is one of these.

    Args:
        layer: as described.
        layers: the classes of layers that are known; some of them share their name with an operation.
    """
    name = layer.class_name
    if name in WRAPPERS:
        return True
    if layer.module:
        return layer.module.startswith(MODULES)
    if not layer.untrainable:
        return False
    return name in SHARED or (name not in layers and (name.lower() in KERAS or name.lower() in DECLARED))


def read(layer: Layer, call: Call, sources: Sequence[Source]) -> tuple[Steps, ...]:
    """What an operation is rebuilt as: for each tensor that it gives, the steps that lead to it.

    Args:
        layer: as described.
        call: with its arguments.
        sources: the tensors it is called on.

    Raises:
        Unsupported: it is not one of those known here, or is called in a way that is not.
    """
    keras = layer.class_name not in WRAPPERS
    function, arguments, settings = _called(layer, call)
    name = function.lower() if keras else plain(function)
    found = (KERAS if keras else TENSORFLOW).get(name)
    if found is None:
        why = DECLARED.get(name) if keras else None
        if why == OTHER_CODE:
            message = f"The operation {function[:60]!r} carries program code, which is never run."
            raise Unsupported(message, code=True)
        what = f"The operation {function[:60]!r} is not rebuilt here"
        raise Unsupported(f"{what}: {why}." if why else f"{what}: it is not known.")
    if not sources:
        message = f"The operation {function[:60]!r} is called on no tensor."
        raise Unsupported(message)
    if any(source.truth for source in sources) and name not in TAKES_TRUTH:
        message = f"The operation {function[:60]!r} is called on truth values, which is not rebuilt here."
        raise Unsupported(message)
    given = Arguments(function, _bound(found, function, arguments, settings), sources, keras)
    try:
        result = found.reading(given)
        given.check()
    except Refused as refusal:  # the network can still be shown up to it
        message = f"The operation {function[:60]!r} is not rebuilt as it is called. {refusal.what}"
        raise Unsupported(message) from None
    if isinstance(result, Several):
        return tuple(result.parts)
    return (result if isinstance(result, list) else [result],)


def _called(layer: Layer, call: Call) -> tuple[str, Sequence[Any], Mapping[str, Any]]:
    """The function, its positional arguments and those by name."""
    config = layer.config
    if layer.class_name == "TensorFlowOpLayer":
        return legacy.unpacked(config, call)
    settings = {key: value for key, value in call.settings.items() if key not in NO_EFFECT}
    if layer.class_name in WRAPPERS:
        function = config.get("function")
        if not isinstance(function, str):
            message = "It is an operation of TensorFlow that does not say which."
            raise Unsupported(message)
        return function, call.arguments, settings
    stated = {key: value for key, value in config.items() if key not in NO_EFFECT and not _is_policy(key, value)}
    return layer.class_name, call.arguments, {**stated, **settings}


def _is_policy(key: str, value: Any) -> bool:
    """Whether this is the precision of a layer, and not the type that an operation converts to."""
    return key == "dtype" and isinstance(value, Mapping)


def _bound(
    operation: Operation, function: str, arguments: Sequence[Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """The arguments by name.

    Raises:
        Unsupported: there are more than the operation is known to take.
    """
    if len(arguments) > len(operation.positions):
        message = f"The operation {function[:60]!r} is called with more arguments than are known here."
        raise Unsupported(message)
    return {**dict(zip(operation.positions, arguments, strict=False)), **settings}


__all__ = ["KERAS", "TENSORFLOW", "TRUTHS", "KindAndParams", "Source", "Steps", "is_operation", "plain", "read"]
