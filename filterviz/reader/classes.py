"""The outputs of a network that are lists of numbers, with the names of the classes that the numbers stand for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from filterviz.layers import Trait, kind_of
from filterviz.reader import labels
from filterviz.reader.graph import Graph
from filterviz.spec import LayerSpec, OutputSpec


def outputs(graph: Graph, layers: Sequence[LayerSpec]) -> tuple[OutputSpec, ...]:
    """The network's outputs that are lists of numbers, without names for the numbers.

    Args:
        graph: Graph of the network.
        layers: The layers, in the order of its records.
    """
    found: dict[int, OutputSpec] = {}
    for node in graph.outputs:
        call = graph.nodes[node].spec
        shape = call.output_shape
        if shape is None or len(shape) != 2 or shape[1] is None:
            continue
        units = shape[1]
        shown = (layers[index] for index in _unit_by_unit(graph, node))
        names = tuple(layer.name for layer in shown if layer.visualisable and layer.channels == units)
        found.setdefault(node, OutputSpec(layers[call.layer].name, units, shown_by=names))
    return tuple(found.values())


def _unit_by_unit(graph: Graph, node: int) -> Iterator[int]:
    """The layers whose filters are the units of an output, backwards from the output, by the index of their record."""
    while True:
        call = graph.nodes[node].spec
        yield call.layer
        kind, shape = graph.records[call.layer].kind, call.output_shape or ()
        if len(call.inputs) != 1 or any(turn is not None for turn in call.permutations):
            return
        before = graph.nodes[call.inputs[0]].spec.output_shape or ()
        # An image of a single pixel is a list.
        single = kind_of(kind, Trait.LISTS) and len(before) > 2 and set(before[1:-1]) == {1}
        if not (kind_of(kind, Trait.UNIT_BY_UNIT) or single) or not shape or before[-1:] != shape[-1:]:
            return
        node = call.inputs[0]


def labelled(found: Sequence[OutputSpec], content: bytes | None) -> tuple[tuple[OutputSpec, ...], str | None]:
    """The outputs with the names of their units, from a ``labels.txt``.

    Args:
        found: The outputs, from :func:`outputs`.
        content: Bytes of the ``labels.txt``; ``None`` where there is none.

    Returns:
        The outputs, and a sentence where the names are left out because it is not certain which unit a name is for.
    """
    if content is None:
        return tuple(found), None
    try:
        names = labels.parse(content)
    except ValueError as error:
        return tuple(found), f"The labels.txt beside the model {error} and was left out."
    fitting = [output for output in found if output.units == len(names)]
    if len(fitting) == 1:
        return tuple(replace(output, labels=names) if output is fitting[0] else output for output in found), None
    units = " and ".join(str(output.units) for output in found[:5]) or "none"
    sentence = f"The labels.txt beside the model holds {len(names)} names, and the network's outputs have {units} units"
    return tuple(found), f"{sentence}: the names were left out."
