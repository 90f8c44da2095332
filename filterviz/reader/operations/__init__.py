"""Operations on tensors that Keras saved as if they were layers: ``x / 255``, ``tf.concat``, ``keras.ops.mean``.

Keras 2 wraps them as ``TFOpLambda`` or ``SlicingOpLambda`` (before that as ``TensorFlowOpLayer``), which name a
function of TensorFlow; Keras 3 gives each a class. A name is looked up in a table here, and becomes one kind of layer
or several with parameters like any other; nothing is imported or called by it. The two libraries differ in names and
defaults (``gelu`` is approximated in one and exact in the other), so each has a table of its own.

Every argument is read by its operation or refused by name: none is ignored because nobody looked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from filterviz.errors import Refused
from filterviz.layers import LAYERS
from filterviz.layers.config_values import Unsupported
from filterviz.reader.config import Call, Layer
from filterviz.reader.operations import (
    along_axis,
    arithmetic,
    elementwise,
    flips,
    images,
    legacy,
    reducing,
    reshaping,
    slicing,
)
from filterviz.reader.operations.arguments import Arguments, Operation, Several, Source, Steps, declined
from filterviz.reader.operations.names import GRAPH_NODE, NAMELESS, WRAPPERS, plain_name
from filterviz.reader.operations.unknown import DECLARED, OTHER_CODE

FAMILIES = (elementwise, along_axis, arithmetic, reducing, reshaping, flips, slicing, images)

KERAS: Mapping[str, Operation] = dict(chain.from_iterable(family.KERAS.items() for family in FAMILIES))
"""Class of Keras 3 without capitals -> how it is read."""

TENSORFLOW: Mapping[str, Operation] = dict(chain.from_iterable(family.TENSORFLOW.items() for family in FAMILIES))
"""Function without prefix, capitals and underscores -> how it is read."""

MODULES = ("keras.src.ops", "keras.ops")
"""Modules in which Keras 3 keeps its operations on tensors."""

SHARED = frozenset(name for name in LAYERS if name.lower() in KERAS and name == name.capitalize())
"""Names that both a layer and an operation of Keras 3 have, such as ``Add``. The layer ``ELU`` is not among them, since
the operation is written ``Elu``. A file says less of an operation than of a layer: not how it trains."""

TRUTHS = elementwise.TRUTHS | arithmetic.COMPARISONS | arithmetic.LOGICAL
"""Functions that give truth values."""

NO_EFFECT = frozenset({"name", "trainable"})
"""Settings in an operation's configuration that change nothing of what it computes."""

TAKES_TRUTH = frozenset(
    {*("where", "select", "selectv2", "wherev2", "cast"), *("logicaland", "logicalor", "logicalxor", "logicalnot")}
)
"""Operations that take truth values here; elsewhere these would become numbers by rules of their own."""


def is_operation(layer: Layer) -> bool:
    """Return whether what a file lists as a layer is an operation on tensors."""
    name = layer.class_name
    if name in WRAPPERS:
        return True
    if layer.module:
        return layer.module.startswith(MODULES)
    known = name.lower() in KERAS or name.lower() in DECLARED
    return layer.untrainable and known and (name in SHARED or name not in LAYERS)


def read(layer: Layer, call: Call, sources: Sequence[Source]) -> tuple[Steps, ...]:
    """Return what an operation is rebuilt as: for each tensor that it gives, the steps that lead to it.

    Args:
        layer: The operation as described.
        call: The call with its arguments.
        sources: The tensors it is called on.

    Raises:
        Unsupported: It is not one of those known here, or is called in a way that is not.
    """
    keras = layer.class_name not in WRAPPERS
    function, arguments, settings = _called(layer, call)
    name = function.lower() if keras else plain_name(function)
    found = (KERAS if keras else TENSORFLOW).get(name)
    if found is None:
        raise _unknown(function, DECLARED.get(name) if keras else None)
    if not sources:
        raise declined(function, "is called on no tensor")
    if any(source.truth for source in sources) and name not in TAKES_TRUTH:
        raise declined(function, "is called on truth values, which is not rebuilt here")
    given = Arguments(function, _bound(found, function, arguments, settings), sources, keras)
    try:
        result = found.reading(given)
        given.check()
    except Refused as refusal:  # The network can still be shown up to it.
        raise Unsupported(f"The operation {function[:60]!r} is not rebuilt as it is called. {refusal.what}") from None
    if isinstance(result, Several):
        return tuple(result.parts)
    return (result if isinstance(result, list) else [result],)


def _unknown(function: str, why: str | None) -> Unsupported:
    """Return the error for an operation that is in no table.

    Args:
        function: Name of the operation as the file has it.
        why: Why it is known and not rebuilt; ``None`` where it is not known.
    """
    if why == OTHER_CODE:
        return declined(function, "carries program code, which is never run", code=True)
    return declined(function, f"is not rebuilt here: {why or 'it is not known'}")


def _called(layer: Layer, call: Call) -> tuple[str, Sequence[Any], Mapping[str, Any]]:
    """Return the function, its positional arguments and those by name."""
    config = layer.config
    if layer.class_name == GRAPH_NODE:
        return legacy.unpacked(config, call)
    settings = {key: value for key, value in call.settings.items() if key not in NO_EFFECT}
    if layer.class_name in WRAPPERS:
        function = config.get("function")
        if not isinstance(function, str):
            raise Unsupported(NAMELESS)
        return function, call.arguments, settings
    stated = {key: value for key, value in config.items() if key not in NO_EFFECT and not _is_policy(key, value)}
    return layer.class_name, call.arguments, {**stated, **settings}


def _is_policy(key: str, value: Any) -> bool:
    """Return whether a setting is the precision of a layer, and not the type that an operation converts to."""
    return key == "dtype" and isinstance(value, Mapping)


def _bound(
    operation: Operation, function: str, arguments: Sequence[Any], settings: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments by name.

    Raises:
        Unsupported: There are more than the operation is known to take.
    """
    if len(arguments) > len(operation.positions):
        raise declined(function, "is called with more arguments than are known here")
    return {**dict(zip(operation.positions, arguments, strict=False)), **settings}


__all__ = ["KERAS", "SHARED", "TENSORFLOW", "TRUTHS", "Source", "Steps", "is_operation", "read"]
