"""``TensorFlowOpLayer``, as TensorFlow 1.13 to 2.3 wrote an operation: a node of its graph, and constants by place."""

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

LISTED = {"ConcatV2": False, "Concat": True, "Pack": None, "AddN": None}
"""Operations that take their tensors one by one and not as a list; whether the axis comes first, last or apart."""

AXIS_FIRST = frozenset({"Split", "SplitV"})
TYPES = frozenset({"N", "num_outs", "Index", "SrcT", "Truncate"})
"""Attributes that only repeat what the tensors say."""


PLACE = re.compile(r"[0-9]{1,6}")
"""A place among the arguments of an operation, of which none has a million."""


def unpacked(config: Config, call: Call) -> tuple[str, list[Any], Config]:
    """The function, its positional arguments and those by name.

    Raises:
        Unsupported: it is not written in any known way.
    """
    definition = config.get("node_def")
    if isinstance(definition, str):
        try:
            definition = json.loads(definition)
        except (ValueError, RecursionError):
            definition = None
    function = definition.get("op") if isinstance(definition, Mapping) else None
    attributes = definition.get("attr", {}) if isinstance(definition, Mapping) else None
    stored = config.get("constants")
    if not isinstance(function, str) or not isinstance(attributes, Mapping):
        message = "It is an operation of TensorFlow that does not say which."
        raise Unsupported(message)
    constants = _by_place(stored)
    tensors = iter(range(len(call.inputs)))
    total = len(call.inputs) + len(constants)
    arguments: list[Any] = [
        constants[place] if place in constants else Slot(next(tensors, 0)) for place in range(total)
    ]
    named = {name: _attribute(value) for name, value in attributes.items() if name not in TYPES and not _is_type(name)}
    if function == "Cast":
        named["DstT"] = _attribute(attributes.get("DstT"))
    if function in LISTED:
        first = LISTED[function]
        if first is None:
            arguments = [arguments]
        else:
            arguments = [arguments[1:], arguments[0]] if first else [arguments[:-1], arguments[-1]]
    if function == "Split" and len(arguments) == 2:
        arguments = [arguments[1], named.pop("num_split", None), arguments[0]]
    named.pop("num_split", None)
    return function, arguments, named


def _by_place(stored: Any) -> dict[int, Any]:
    """The constants by their place among the arguments, which JSON has as text."""
    items = stored.items() if isinstance(stored, Mapping) else ()
    return {int(place): value for place, value in items if isinstance(place, str) and PLACE.fullmatch(place)}


def _is_type(name: str) -> bool:
    return name.startswith(("T", "_"))


def _attribute(value: Any) -> Any:
    """What stands in a node's attribute: text is written in base64, whole numbers as text."""
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
