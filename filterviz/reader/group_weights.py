"""The arrays of each layer in an HDF5 file, which has a group for each layer of the outermost model.

A group lists the arrays of its layer and of all layers inside it. Keras has changed their order over the years, so
every order that it used is tried, and the first that agrees with the number and the shapes of the arrays is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod

from filterviz.layers import KINDS
from filterviz.layers.kind import NOT_NEEDED
from filterviz.reader.container import Container
from filterviz.reader.hdf5 import Array
from filterviz.reader.records import Branch, Record
from filterviz.reader.stored import Found


@dataclass(frozen=True, slots=True)
class Leaf:
    """A layer without layers inside, as it stands in a group of an HDF5 file.

    Attributes:
        record: Index of its record.
        number: Which layer it is, as the description says.
        names: Its own name, and that of the wrapper around it.
        stored_class: Its class as the file has it.
        trainable: Whether it and all models around it are trainable.
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

Named = Sequence[tuple[str, Array]]
"""Arrays with their names in the file, in its order."""

Slots = list[tuple[int, int]]
"""Layer and position among its arrays, in the order of the file."""


def find(container: Container, branch: Branch, records: Sequence[Record], found: Found) -> None:
    """Find the arrays of one layer of the outermost model and of what is inside it, and put them into ``found``.

    Raises:
        Refused: Some are no plain arrays inside the file.
    """
    group = f"{container.root}/{branch.name}"
    names = container.weights.names(group, "weight_names")
    arrays = [(name, container.weights.array(f"{group}/{name}")) for name in names]
    present: Named = [(name, array) for name, array in arrays if array is not None and "seed_generator" not in name]
    leaves = list(_leaves((branch,), trainable=True))
    present = _without_packed(present, leaves, records, found)
    for key in SAME:
        once = _once(leaves, key)
        for slots in _orders(once, records):
            chosen = _chosen(slots, present, records)
            if chosen is not None:
                found.arrays.update(chosen)
                _share(leaves, found, key)
                return
    if present and any(records[leaf.record].weight_shapes for leaf in leaves):
        if len(leaves) == 1:
            found.arrays[leaves[0].record] = [array for _, array in present]
        else:
            _by_name(present, leaves, records, found.arrays)
    _share(leaves, found, SAME[1])


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


def _without_packed(present: Named, leaves: Sequence[Leaf], records: Sequence[Record], found: Found) -> Named:
    """Take out what belongs to packed layers and is known by its name."""
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
    """Each layer once, where it is described first: Keras lists the arrays of a model once."""
    first: dict[object, Leaf] = {}
    for leaf in leaves:
        first.setdefault(key(leaf), leaf)
    return list(first.values())


def _orders(leaves: Sequence[Leaf], records: Sequence[Record]) -> Iterator[Slots]:
    """The orders in which arrays may lie."""
    yield _trainable_first(leaves, records, frozen=True)
    yield _trainable_first(leaves, records, frozen=False)
    yield [(leaf.record, at) for leaf in leaves for at in range(_in_order(records[leaf.record]))]


def _in_order(record: Record) -> int:
    """How many arrays of a layer lie in its own order, and are not known by their names."""
    return 0 if record.packing is not None and record.packing.whole else len(record.weight_shapes)


def _trainable_first(leaves: Sequence[Leaf], records: Sequence[Record], frozen: bool) -> Slots:
    """All trainable arrays, then all others; with ``frozen``, those of frozen layers are among the others."""
    early: Slots = []
    late: Slots = []
    for leaf in leaves:
        record = records[leaf.record]
        count = _in_order(record)
        fixed = min(KINDS[record.kind].untrainable if record.kind in KINDS else 0, count)
        for position in range(count):
            learns = position < count - fixed and (leaf.trainable or not frozen)
            (early if learns else late).append((leaf.record, position))
    return early + late


def _chosen(slots: Slots, present: Named, records: Sequence[Record]) -> dict[int, list[Array]] | None:
    """The arrays of each layer if they lie in this order; ``None`` if their number or shapes say otherwise."""
    if len(slots) != len(present):
        return None
    chosen = dict(zip(slots, (array for _, array in present), strict=True))
    if any(prod(array.shape) != prod(records[i].weight_shapes[at]) for (i, at), array in chosen.items()):
        return None
    own: dict[int, list[Array]] = {}
    for index, position in sorted(chosen):
        own.setdefault(index, []).append(chosen[index, position])
    return own


def _share(leaves: Sequence[Leaf], found: Found, key: Key) -> None:
    """Where a layer is described twice, give both descriptions the arrays that were found for one."""
    known = {key(leaf): leaf.record for leaf in reversed(leaves) if leaf.record in found.arrays}
    for leaf in leaves:
        if leaf.record not in found.arrays and key(leaf) in known:
            found.arrays[leaf.record] = found.arrays[known[key(leaf)]]
            found.roles[leaf.record] = found.roles.get(known[key(leaf)], {})


def _by_name(present: Named, leaves: Sequence[Leaf], records: Sequence[Record], found: dict[int, list[Array]]) -> None:
    """Take the arrays whose names have the layer's in them, for models of which only a part could be described."""
    for leaf in leaves:
        own = records[leaf.record].name.rsplit("/", 1)[-1]
        arrays = [array for name, array in present if own in name.split("/")]
        if arrays:
            found[leaf.record] = arrays
