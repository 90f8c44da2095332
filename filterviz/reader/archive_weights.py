"""The arrays of each layer in a ``.keras`` archive, which has a folder for each."""

from __future__ import annotations

from collections.abc import Mapping

from filterviz.layers import Trait, kind_of
from filterviz.reader.archive_folders import arrays_in, folders_of, numbered
from filterviz.reader.container import Container
from filterviz.reader.graph import Graph
from filterviz.reader.hdf5 import Array, Hdf5
from filterviz.reader.stored import Found


def find(container: Container, graph: Graph, found: Found) -> None:
    """Find the arrays of the layers of all models, and put them into ``found``.

    Raises:
        Refused: Some are no plain arrays inside the file.
    """
    weights = container.weights
    folders = folders_of(weights, graph.branches, graph.records, container.keras_version)
    for index, folder in folders.items():
        record = graph.records[index]
        arrays = arrays_in(weights, folder) if record.weight_shapes else []
        if not arrays:
            continue
        if record.packing is not None:
            own = arrays if record.packing.whole else list(numbered(weights, f"{folder.rpartition('/')[0]}/vars"))
            found.roles[index] = record.packing.from_archive(own, record.weight_shapes)
        found.arrays[index] = [] if record.packing is not None and record.packing.whole else arrays
    _share_activations(weights, folders, graph, found)


def _share_activations(weights: Hdf5, folders: Mapping[int, str], graph: Graph, found: Found) -> None:
    """Give layers the arrays of their activation, where it is a layer with weights that lie with another layer.

    It is known by its name: Keras numbers such names, and writes the arrays of one object once.
    """
    known: dict[str, list[Array]] = {}
    for index, folder in folders.items():
        record = graph.records[index]
        inside = [*numbered(weights, f"{folder}/activation/vars")]
        if inside and record.activation:
            known.setdefault(record.activation, inside)
        elif kind_of(record.kind, Trait.SHARED_SLOPES) and index in found.arrays:
            known.setdefault(record.name.rpartition("/")[2], found.arrays[index])
    for index in folders:
        record = graph.records[index]
        own = record.name.rpartition("/")[2] if kind_of(record.kind, Trait.SHARED_SLOPES) else ""
        name = record.activation or own
        arrays = found.arrays.get(index, [])
        if name in known and len(arrays) + len(known[name]) == len(record.weight_shapes):
            found.arrays[index] = [*arrays, *known[name]]
