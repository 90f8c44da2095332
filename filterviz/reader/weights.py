"""Which array in the file is which layer's. Shapes are compared with what the layer needs before any byte is read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import KINDS, Trait, kind_of
from filterviz.reader.archive import arrays_in, numbered, places
from filterviz.reader.container import Container
from filterviz.reader.graph import Graph
from filterviz.reader.hdf5 import Array, Hdf5
from filterviz.reader.packed import NEW_MODEL, NOT_NEEDED, Packed, Unfit
from filterviz.reader.records import Branch, Record


@dataclass(frozen=True, slots=True)
class Stored:
    """An array in the file, and how it becomes the layer's.

    Attributes:
        array: in the file.
        axes: the order its axes are to be brought into, or ``None``.
        flip: whether the kernel is turned by half a turn, as Theano convolved rather than correlated.
        reshape: the shape it is to have after that, where it has axes of length one too many or too few.
    """

    array: Array
    axes: tuple[int, ...] | None = None
    flip: bool = False
    reshape: tuple[int, ...] | None = None

    def read(self) -> NDArray[np.float32]:
        """The numbers as the layer wants them."""
        values = self.array.read()
        if self.axes is not None:
            values = values.transpose(self.axes)
        if self.reshape is not None:
            values = values.reshape(self.reshape)
        if self.flip:
            values = values[(slice(None, None, -1),) * (values.ndim - 2)]
        return np.ascontiguousarray(values)


INCOMPLETE = "The file does not have all that it takes to work out its weights."


class Unreadable(Exception):
    """The arrays of some layers are there, and not what their rule asks for.

    Args:
        layers: why, by name.
    """

    def __init__(self, layers: dict[str, str]) -> None:
        super().__init__(layers)
        self.layers = layers


@dataclass(frozen=True, slots=True)
class Found:
    """What lies in the file for each layer, by the index of its record.

    Attributes:
        arrays: those that lie as they always do, in the layer's order.
        roles: those of packed layers that go by what they are.
    """

    arrays: dict[int, list[Array]]
    roles: dict[int, dict[str, Array]]


def assign(container: Container, graph: Graph) -> dict[int, tuple[Stored | Packed, ...]]:
    """The arrays of each layer, by the index of its record.

    Raises:
        Refused: ``mismatched-weights`` or ``outside-data``.
        Unreadable: those of some layers cannot be worked out from what the file has; the others may still be shown.
    """
    found = Found({}, {})
    if container.archive:
        _from_archive(container, graph, found)
    else:
        for branch in graph.branches:
            _from_group(container, branch, graph.records, found)
    flip = container.backend.lower() == "theano"
    stored: dict[int, tuple[Stored | Packed, ...]] = {}
    unreadable: dict[str, str] = {}
    for index, arrays in found.arrays.items():
        if graph.records[index].weight_shapes:
            try:
                stored[index] = _fitted(graph.records[index], arrays, found.roles.get(index, {}), flip)
            except Unreadable as error:
                unreadable.update(error.layers)
    if unreadable:
        raise Unreadable(unreadable)
    return stored


def missing(graph: Graph, stored: Mapping[int, object]) -> Iterator[Record]:
    """The layers that need arrays the file does not have."""
    for index, record in enumerate(graph.records):
        if record.weight_shapes and index not in stored:
            yield record


@dataclass(frozen=True, slots=True)
class Leaf:
    """A layer as it stands in a group of an HDF5 file.

    Attributes:
        record: its index.
        number: which layer it is, as the description says.
        names: its own, and that of the wrapper around it.
        stored_class: as the file has it.
        trainable: whether it is, and all models around it.
    """

    record: int
    number: int
    names: frozenset[str]
    stored_class: str
    trainable: bool


Key = Callable[[Leaf], object]

SAME: tuple[Key, ...] = (
    lambda leaf: leaf.record,
    lambda leaf: leaf.number,
    lambda leaf: (leaf.names, leaf.stored_class),
)
"""When two leaves are one layer: never; if the description says so; if they are called the same, as that is all that an
HDF5 file of Keras 3 says. The first that agrees with the number and the shapes of the arrays is taken."""


# HDF5 ---------------------------------------------------------------------------------------------------------------


def _from_group(container: Container, branch: Branch, records: Sequence[Record], found: Found) -> None:
    """The arrays of one layer of the outermost model, in the order Keras writes them: trainable ones first."""
    group = f"{container.root}/{branch.name}"
    names = container.weights.names(group, "weight_names")
    arrays = [(name, container.weights.array(f"{group}/{name}")) for name in names]
    present = [(name, array) for name, array in arrays if array is not None and "seed_generator" not in name]
    leaves = list(_leaves((branch,), trainable=True))
    present = _without_packed(present, leaves, records, found)
    for key in SAME:
        once = _once(leaves, key)
        for slots in _orders(once, records):
            chosen = _chosen(slots, present, records)
            if chosen is not None:
                found.arrays.update(chosen)
                _same_again(leaves, found, key)
                return
    if present and any(records[leaf.record].weight_shapes for leaf in leaves):
        if len(leaves) == 1:
            found.arrays[leaves[0].record] = [array for _, array in present]
        else:
            _by_name(present, leaves, records, found.arrays)
    _same_again(leaves, found, SAME[1])


def _chosen(
    slots: Slots, present: Sequence[tuple[str, Array]], records: Sequence[Record]
) -> dict[int, list[Array]] | None:
    """The arrays of each layer, if they lie in this order; ``None`` if they do not."""
    if len(slots) != len(present):
        return None
    chosen = dict(zip(slots, (array for _, array in present), strict=True))
    if any(prod(array.shape) != prod(records[i].weight_shapes[at]) for (i, at), array in chosen.items()):
        return None
    own: dict[int, list[Array]] = {}
    for index, position in sorted(chosen):
        own.setdefault(index, []).append(chosen[index, position])
    return own


def _without_packed(
    present: Sequence[tuple[str, Array]], leaves: Sequence[Leaf], records: Sequence[Record], found: Found
) -> list[tuple[str, Array]]:
    """Take out what belongs to packed layers and goes by its name."""
    left = list(present)
    for leaf in leaves:
        packing = records[leaf.record].packing
        if packing is None or not records[leaf.record].weight_shapes:
            continue
        own = found.roles.setdefault(leaf.record, {})
        others = []
        for name, array in left:
            *above, last = name.split("/")
            last = last.rsplit(":", 1)[0]
            mine = len(leaves) == 1 or bool(leaf.names.intersection(above))
            role = next((role for part in (*above, last) if (role := packing.role(part)) is not None), None)
            if not mine or role is None or role in own:
                others.append((name, array))
            elif role != NOT_NEEDED:
                own[role] = array
        left = others
        if packing.whole and own:
            found.arrays[leaf.record] = []
    return left


def _once(leaves: Sequence[Leaf], key: Key) -> list[Leaf]:
    """Without those that are the same layer as one before, as Keras lists the arrays of a model once."""
    first: dict[object, Leaf] = {}
    for leaf in leaves:
        first.setdefault(key(leaf), leaf)
    return list(first.values())


def _same_again(leaves: Sequence[Leaf], found: Found, key: Key) -> None:
    """Where a layer is described twice, both descriptions have the arrays that were found for one."""
    known = {key(leaf): leaf.record for leaf in reversed(leaves) if leaf.record in found.arrays}
    for leaf in leaves:
        if leaf.record not in found.arrays and key(leaf) in known:
            found.arrays[leaf.record] = found.arrays[known[key(leaf)]]
            found.roles[leaf.record] = found.roles.get(known[key(leaf)], {})


def _by_name(
    present: Sequence[tuple[str, Array]],
    leaves: Sequence[Leaf],
    records: Sequence[Record],
    found: dict[int, list[Array]],
) -> None:
    """By the layer's name in the array's, for models of which only a part could be described."""
    for leaf in leaves:
        own = records[leaf.record].name.rsplit("/", 1)[-1]
        arrays = [array for name, array in present if own in name.split("/")]
        if arrays:
            found[leaf.record] = arrays


def _leaves(branches: Sequence[Branch], trainable: bool, names: frozenset[str] = frozenset()) -> Iterator[Leaf]:
    for branch in branches:
        can_learn = trainable and branch.trainable
        if branch.inside:
            yield from _leaves(branch.inside, can_learn)
        elif branch.wrapped is not None and branch.wrapped.record == branch.record is not None:
            yield from _leaves((branch.wrapped,), can_learn, frozenset({branch.name}))
        elif branch.record is not None:
            yield Leaf(branch.record, branch.number, names | {branch.name}, branch.stored_class, can_learn)
        elif branch.wrapped is not None:
            yield from _leaves((branch.wrapped,), can_learn)


Slots = list[tuple[int, int]]
"""Layer and position among its arrays, in the order of the file."""


def _orders(leaves: Sequence[Leaf], records: Sequence[Record]) -> Iterator[Slots]:
    """The orders in which arrays may lie."""
    yield _trainable_first(leaves, records, frozen=True)
    yield _trainable_first(leaves, records, frozen=False)
    yield [(index, at) for index in (leaf.record for leaf in leaves) for at in range(_usual(records[index]))]


def _usual(record: Record) -> int:
    """How many arrays of a layer lie as they always do."""
    return 0 if record.packing is not None and record.packing.whole else len(record.weight_shapes)


def _trainable_first(leaves: Sequence[Leaf], records: Sequence[Record], frozen: bool) -> Slots:
    """All trainable arrays, then all others; with ``frozen``, those of frozen layers are among the others."""
    early: Slots = []
    late: Slots = []
    for leaf in leaves:
        record = records[leaf.record]
        count = _usual(record)
        fixed = min(KINDS[record.kind].untrainable if record.kind in KINDS else 0, count)
        for position in range(count):
            keep = position < count - fixed and (leaf.trainable or not frozen)
            (early if keep else late).append((leaf.record, position))
    return early + late


# Archives -----------------------------------------------------------------------------------------------------------


def _from_archive(container: Container, graph: Graph, found: Found) -> None:
    """The arrays of the layers of all models: a folder for each."""
    weights = container.weights
    folders = places(weights, graph.branches, graph.records, container.keras_version)
    for index, folder in folders.items():
        record = graph.records[index]
        if not record.weight_shapes:
            continue
        arrays = arrays_in(weights, folder)
        if record.packing is not None and arrays:
            own = arrays if record.packing.whole else list(numbered(weights, f"{folder.rpartition('/')[0]}/vars"))
            found.roles[index] = record.packing.from_archive(own, record.weight_shapes)
            arrays = [] if record.packing.whole else arrays
            found.arrays[index] = arrays
        elif arrays:
            found.arrays[index] = arrays
    _activations_shared(weights, folders, graph, found)


def _activations_shared(weights: Hdf5, folders: Mapping[int, str], graph: Graph, found: Found) -> None:
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
        name = record.activation or (
            record.name.rpartition("/")[2] if kind_of(record.kind, Trait.SHARED_SLOPES) else ""
        )
        arrays = found.arrays.get(index, [])
        if name in known and len(arrays) + len(known[name]) == len(record.weight_shapes):
            found.arrays[index] = [*arrays, *known[name]]


# Fitting ------------------------------------------------------------------------------------------------------------


def _fitted(
    record: Record, lying: Sequence[Array], roles: Mapping[str, Array], flip: bool
) -> tuple[Stored | Packed, ...]:
    """The arrays of one layer as it wants them.

    Raises:
        Refused: they are not those of this layer.
    """
    wanted = record.weight_shapes
    arrays: Sequence[Array | Packed] = lying
    if record.packing is not None:
        try:
            arrays = record.packing.unpack(lying, roles, wanted, record.params)
        except Unfit:
            raise Unreadable({record.name: INCOMPLETE}) from None
    if kind_of(record.kind, Trait.MEASURED) and len(arrays) == 2:
        wanted = wanted[:2]
    if len(arrays) != len(wanted):
        message = f"The layer {record.name!r} needs {len(wanted)} arrays of weights; the file has {len(arrays)} for it."
        raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, record.name, NEW_MODEL)
    turned = flip and kind_of(record.kind, Trait.CONVOLVES)
    return tuple(
        array if isinstance(array, Packed) else _fit(record, array, shape, turned and len(shape) > 2)
        for array, shape in zip(arrays, wanted, strict=True)
    )


def _fit(record: Record, array: Array, wanted: tuple[int, ...], flip: bool) -> Stored:
    shape = array.shape
    if shape == wanted:
        return Stored(array, flip=flip)
    rank = len(wanted)
    if kind_of(record.kind, Trait.SORTS_AXES) and sorted(shape) == sorted(wanted):
        return Stored(array, reshape=wanted)  # Keras 2 keeps its axes as they were named, and takes them as they lie
    if len(shape) == rank > 2 and (shape[2:], shape[1], shape[0]) == (wanted[:-2], wanted[-2], wanted[-1]):
        return Stored(array, (*range(2, rank), 1, 0), flip=flip)  # Keras 1 kept filters and channels first
    if len(shape) == 4 and rank == 3 and prod(shape) == prod(wanted):
        if shape == (wanted[0], 1, wanted[1], wanted[2]):  # Keras 1 kept one-dimensional kernels in two
            return Stored(array, reshape=wanted, flip=flip)
        if shape == (wanted[2], wanted[1], wanted[0], 1):
            return Stored(array, (2, 3, 1, 0), reshape=wanted, flip=flip)
    if prod(shape) == prod(wanted) and (rank == 1 or prod(wanted) == max(wanted, default=1)):
        return Stored(array, reshape=wanted)
    message = (
        f"The weights of the layer {record.name!r} have the shape {list(shape)}, but the network's description "
        f"asks for {list(wanted)}."
    )
    raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, record.name, NEW_MODEL)
