"""``TensorFlowOpLayer``, as TensorFlow 1.13 to 2.3 wrote an operation: a node of its graph, and constants.

The constants stand apart from the tensors, each under its position among the arguments.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from typing import Any

from filterviz.layers.config_values import Unsupported
from filterviz.layers.older_names import Config
from filterviz.reader.config import Call, Slot
from filterviz.reader.operations.names import NAMELESS

LISTED = {"ConcatV2": False, "Concat": True, "Pack": None, "AddN": None}
"""Operations that take their tensors one by one and not as a list -> whether the axis comes before them (``True``),
after them (``False``) or among the attributes (``None``)."""

REPEATING = frozenset({"N", "num_outs", "Index", "SrcT", "Truncate"})
"""Attributes that only repeat what the tensors say."""

POSITION = re.compile(r"[0-9]{1,6}")
"""A position among the arguments of an operation, of which none has a million."""


def unpacked(config: Config, call: Call) -> tuple[str, list[Any], Config]:
    """Return the function, its positional arguments and those by name.

    Args:
        config: The configuration of the layer.
        call: Its call, on tensors alone.

    Raises:
        Unsupported: It is not written in any known way.
    """
    function, attributes = _node(config.get("node_def"))
    arguments = _arguments(_by_position(config.get("constants")), len(call.inputs))
    named = {name: _attribute(value) for name, value in attributes.items() if not _repeats_the_tensors(name)}
    if function in LISTED and arguments:
        first = LISTED[function]
        if first is None:
            arguments = [arguments]
        else:
            arguments = [arguments[1:], arguments[0]] if first else [arguments[:-1], arguments[-1]]
    if function == "Split" and len(arguments) == 2:
        arguments = [arguments[1], named.pop("num_split", None), arguments[0]]
    named.pop("num_split", None)
    return function, arguments, named


def _node(definition: Any) -> tuple[str, Mapping[str, Any]]:
    """Return the function of a node and its attributes; the node may be written as JSON in a text.

    Raises:
        Unsupported: It names no function.
    """
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except (ValueError, RecursionError):
            definition = None
    function = definition.get("op") if isinstance(definition, Mapping) else None
    attributes = definition.get("attr", {}) if isinstance(definition, Mapping) else None
    if not isinstance(function, str) or not isinstance(attributes, Mapping):
        raise Unsupported(NAMELESS)
    return function, attributes


def _arguments(constants: Mapping[int, Any], tensors: int) -> list[Any]:
    """Return the positional arguments: constants at their positions, and tensors in order at all others."""
    slots = iter(range(tensors))
    total = tensors + len(constants)
    return [constants[at] if at in constants else Slot(next(slots, 0)) for at in range(total)]


def _by_position(stored: Any) -> dict[int, Any]:
    """Return the constants by their position among the arguments, which JSON has as text."""
    items = stored.items() if isinstance(stored, Mapping) else ()
    return {int(key): value for key, value in items if isinstance(key, str) and POSITION.fullmatch(key)}


def _repeats_the_tensors(attribute: str) -> bool:
    return attribute in REPEATING or attribute.startswith(("T", "_"))


def _attribute(value: Any) -> Any:
    """Return what an attribute of a node holds: text is written in base64, whole numbers as text."""
    if not isinstance(value, Mapping) or len(value) != 1:
        return value
    ((kind, inner),) = value.items()
    if kind == "s" and isinstance(inner, str):
        try:
            return base64.b64decode(inner, validate=True).decode("utf-8")
        except (binascii.Error, UnicodeDecodeError):
            return inner
    if kind == "i":
        try:
            return int(inner)
        except (TypeError, ValueError, OverflowError):
            return inner
    if kind == "list" and isinstance(inner, Mapping):
        if not inner:
            return None
        ((item, listed),) = list(inner.items())[:1]
        return [_attribute({item: one}) for one in listed] if isinstance(listed, list) else None
    return inner
