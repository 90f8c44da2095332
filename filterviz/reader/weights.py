"""Which array in the file is which layer's. Shapes are compared with what the layer needs before any byte is read."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.container import Container
from filterviz.reader.graph import Branch, Graph, Record
from filterviz.reader.hdf5 import Array, Hdf5

FOR_INFERENCE = {"BatchNormalization": 2, "Normalization": 3}
"""How many arrays at the end of a layer's are not trainable."""

NEW_MODEL = "The file does not fit together; save the model again."


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


def assign(container: Container, graph: Graph) -> dict[int, tuple[Stored, ...]]:
    """The arrays of each layer, by the index of its record.

    Raises:
        Refused: ``mismatched-weights`` or ``outside-data``.
    """
    found: dict[int, list[Array]] = {}
    if container.archive:
        _from_archive(container.weights, _archive_root(container.weights), graph.branches, found)
    else:
        for branch in graph.branches:
            _from_group(container, branch, graph.records, found)
    flip = container.backend.lower() == "theano"
    return {
        index: _fitted(graph.records[index], arrays, flip)
        for index, arrays in found.items()
        if graph.records[index].weight_shapes
    }


def missing(graph: Graph, stored: dict[int, tuple[Stored, ...]]) -> Iterator[Record]:
    """The layers that need arrays the file does not have."""
    for index, record in enumerate(graph.records):
        if record.weight_shapes and index not in stored:
            yield record


# HDF5 ---------------------------------------------------------------------------------------------------------------


def _from_group(container: Container, branch: Branch, records: Sequence[Record], found: dict[int, list[Array]]) -> None:
    """The arrays of one layer of the outermost model, in the order Keras writes them: trainable ones first."""
    group = f"{container.root}/{branch.name}"
    names = container.weights.names(group, "weight_names")
    arrays = [(name, container.weights.array(f"{group}/{name}")) for name in names]
    present = [(name, array) for name, array in arrays if array is not None and "seed_generator" not in name]
    leaves = list(_leaves((branch,), trainable=True))
    for slots in (
        _trainable_first(leaves, records, frozen=True),
        _trainable_first(leaves, records, frozen=False),
        _in_turn(leaves, records),
    ):
        if len(slots) != len(present):
            continue
        chosen = dict(zip(slots, (array for _, array in present), strict=True))
        if all(prod(array.shape) == prod(records[i].weight_shapes[at]) for (i, at), array in chosen.items()):
            own: dict[int, list[Array]] = {}
            for index, position in sorted(chosen):
                own.setdefault(index, []).append(chosen[index, position])
            found.update(own)
            return
    if present and any(records[index].weight_shapes for index, _ in leaves):
        if len(leaves) == 1:
            found[leaves[0][0]] = [array for _, array in present]
        else:
            _by_name(present, leaves, records, found)


def _by_name(
    present: Sequence[tuple[str, Array]],
    leaves: Sequence[tuple[int, bool]],
    records: Sequence[Record],
    found: dict[int, list[Array]],
) -> None:
    """By the layer's name in the array's, for models of which only a part could be described."""
    for index, _ in leaves:
        own = records[index].name.rsplit("/", 1)[-1]
        arrays = [array for name, array in present if own in name.split("/")]
        if arrays:
            found[index] = arrays


def _leaves(branches: Sequence[Branch], trainable: bool) -> Iterator[tuple[int, bool]]:
    for branch in branches:
        if branch.inside:
            yield from _leaves(branch.inside, trainable and branch.trainable)
        elif branch.record is not None:
            yield branch.record, trainable and branch.trainable


Slots = list[tuple[int, int]]
"""Layer and position among its arrays, in the order of the file."""


def _trainable_first(leaves: Sequence[tuple[int, bool]], records: Sequence[Record], frozen: bool) -> Slots:
    """All trainable arrays, then all others; with ``frozen``, those of frozen layers are among the others."""
    early: Slots = []
    late: Slots = []
    for index, trainable in leaves:
        record = records[index]
        count = len(record.weight_shapes)
        fixed = min(FOR_INFERENCE.get(record.kind, 0), count)
        for position in range(count):
            keep = position < count - fixed and (trainable or not frozen)
            (early if keep else late).append((index, position))
    return early + late


def _in_turn(leaves: Sequence[tuple[int, bool]], records: Sequence[Record]) -> Slots:
    """Layer by layer."""
    return [(index, position) for index, _ in leaves for position in range(len(records[index].weight_shapes))]


# Archives -----------------------------------------------------------------------------------------------------------


def snake_case(name: str) -> str:
    """The class name as ``.keras`` archives write it, by the rule of ``keras.utils.naming.to_snake_case``.

    Example:
        >>> snake_case("Conv2DTranspose"), snake_case("LSTM"), snake_case("BatchNormalization")
        ('conv2d_transpose', 'lstm', 'batch_normalization')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def _archive_root(weights: Hdf5) -> str:
    for name in ("layers", "_layer_checkpoint_dependencies", "_self_tracked_trackables"):
        if weights.members(name):
            return name
    return "layers"


def _from_archive(weights: Hdf5, root: str, branches: Sequence[Branch], found: dict[int, list[Array]]) -> None:
    """The arrays of the layers of one model: a folder for each, numbered within its class."""
    folders = _folders(weights, root)
    counts: dict[str, int] = {}
    for branch in branches:
        name = snake_case(branch.class_name)
        number = counts.get(name, 0)
        counts[name] = number + 1
        own = folders.get(name, [])
        folder = (
            f"{root}/{own[number]}" if number < len(own) else f"{root}/{name}_{number}" if number else f"{root}/{name}"
        )
        if branch.inside and branch.class_name == "TimeDistributed":
            inner = branch.inside[0]
            if inner.inside:
                _from_archive(weights, _inner_root(weights, f"{folder}/layer"), inner.inside, found)
            elif inner.record is not None:
                _keep(weights, f"{folder}/layer", inner.record, found)
        elif branch.inside:
            _from_archive(weights, _inner_root(weights, folder), branch.inside, found)
        elif branch.record is not None:
            _keep(weights, folder, branch.record, found)


def _folders(weights: Hdf5, root: str) -> dict[str, list[str]]:
    """The folders of each class in order. Their numbers may have gaps: tf_keras 2.13 counted each layer twice."""
    found: dict[str, list[tuple[int, str]]] = {}
    for member in weights.members(root):
        match = re.fullmatch(r"(.*?)(?:_(\d+))?", member)
        if match:
            found.setdefault(match[1], []).append((int(match[2] or 0), member))
    return {name: [member for _, member in sorted(members)] for name, members in found.items()}


def _inner_root(weights: Hdf5, folder: str) -> str:
    for name in ("layers", "_layer_checkpoint_dependencies"):
        if weights.members(f"{folder}/{name}"):
            return f"{folder}/{name}"
    return f"{folder}/layers"


def _keep(weights: Hdf5, folder: str, record: int, found: dict[int, list[Array]]) -> None:
    arrays: list[Array] = []
    for holders in (("vars",), ("cell/vars",), ("forward_layer/cell/vars", "backward_layer/cell/vars")):
        for holder in holders:
            for number in itertools.count():
                array = weights.array(f"{folder}/{holder}/{number}")
                if array is None:
                    break
                arrays.append(array)
        if arrays:
            break
    if arrays:
        found[record] = arrays


# Fitting ------------------------------------------------------------------------------------------------------------


def _fitted(record: Record, arrays: Sequence[Array], flip: bool) -> tuple[Stored, ...]:
    """The arrays of one layer as it wants them.

    Raises:
        Refused: they are not those of this layer.
    """
    wanted = record.weight_shapes
    if record.kind == "Normalization" and len(arrays) == 2:
        wanted = wanted[:2]
    if len(arrays) != len(wanted):
        message = f"The layer {record.name!r} needs {len(wanted)} arrays of weights; the file has {len(arrays)} for it."
        raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, record.name, NEW_MODEL)
    turned = flip and record.kind.startswith(("Conv", "SeparableConv", "DepthwiseConv"))
    return tuple(
        _fit(record, array, shape, turned and len(shape) > 2) for array, shape in zip(arrays, wanted, strict=True)
    )


def _fit(record: Record, array: Array, wanted: tuple[int, ...], flip: bool) -> Stored:
    shape = array.shape
    if shape == wanted:
        return Stored(array, flip=flip)
    rank = len(wanted)
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
