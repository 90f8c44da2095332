"""The order in which a layer takes the axes of its inputs, where a file keeps channels first."""

from __future__ import annotations

from collections.abc import Sequence

from filterviz.layers import KINDS, Trait
from filterviz.layers import axes as axis_orders
from filterviz.layers.activations import mixes_channels
from filterviz.layers.kind import AxisOrder, LayerKind, Params
from filterviz.layers.older_names import Config
from filterviz.layers.shapes import ShapeError
from filterviz.reader.records import Node, Record
from filterviz.spec import Shape

Permutations = tuple[tuple[int, ...] | None, ...]


def arranged(
    record: Record, config: Config, sources: Sequence[Node], *, images_first: bool
) -> tuple[Permutations, list[Shape], bool]:
    """Bring the axes of the inputs into the order in which the layer takes them.

    Args:
        record: The layer. Its parameters are turned with the axes.
        config: Its configuration.
        sources: The calls whose outputs it takes.
        images_first: Whether the file keeps the channels of images first.

    Returns:
        How each input is turned, the shapes that it then has, and whether the file keeps the channels of the
        output first.
    """
    kind, order = KINDS[record.kind], KINDS[record.kind].axis_order
    if isinstance(record.params.get("axis"), tuple):
        order = AxisOrder.AS_WRITTEN  # the arrays of several axes lie in the file's order
        if kind.has(Trait.SORTS_AXES):
            # Keras sorts them before it knows how many there are: -1 comes before 1, and so do the arrays.
            rank = len(sources[0].spec.output_shape or ())
            record.params["axis"] = tuple(sorted(axis % rank for axis in record.params["axis"]))
    mixing = mixes_channels(record.params.get("activation"))
    shapes = [source.spec.output_shape or () for source in sources]
    alike = len({len(shape) for shape in shapes}) == 1
    wanted = alike and any(source.first for source in sources)
    written_first = config.get("data_format") == "channels_first"
    if order is AxisOrder.CHANNELS or (kind.has(Trait.CHANNELS_LAST_FIRST) and written_first):
        wanted = (sources[0].first if record.operation else written_first) and len(shapes[0]) > 2
        if wanted and mixing:
            raise ShapeError("its activation works along the last axis, which is not that of its channels")
    elif order is AxisOrder.AS_WRITTEN or mixing:
        wanted = False
        if record.operation and (found := _turned(record, kind, sources, images_first)) is not None:
            return (None,) * len(sources), shapes, found
    elif order is AxisOrder.AXIS and record.axis_first is not None:
        wanted = record.axis_first  # its setting was read when it was called first
    permutations: list[tuple[int, ...] | None] = []
    for position, (source, shape) in enumerate(zip(sources, shapes, strict=True)):
        rank = len(shape)
        if source.first == wanted or rank < 3:
            permutations.append(None)
            continue
        turn = axis_orders.channels_last(rank) if wanted else axis_orders.channels_first(rank)
        permutations.append(turn)
        shapes[position] = axis_orders.turned(shape, turn)
    axis = record.params.get("axis")
    if order is AxisOrder.AXIS and record.axis_first is None and isinstance(axis, int):
        record.axis_first = wanted
        record.params["axis"] = axis_orders.axis_of(axis, len(shapes[0])) if wanted else axis
    if wanted and kind.has(Trait.ONE_PER_AXIS_VALUE) and not record.operation:
        _are_for_channels(record.params, shapes[0])
    return tuple(permutations), shapes, wanted


def _turned(record: Record, kind: LayerKind, sources: Sequence[Node], images_first: bool) -> bool | None:
    """Turn the parameters of an operation for channels last.

    Returns:
        Whether the file keeps the channels of the result first; ``None`` where the operation works on tensors in
        the file's own order.
    """
    ranks = {len(source.spec.output_shape or ()) for source in sources}
    rank = ranks.pop()
    if ranks:
        return None
    if not any(source.first for source in sources):
        # Channels of an image are put together where they came from: first.
        if kind.has(Trait.STACKS) and images_first and (rank, record.stated["axis"]) == (3, 1):
            record.params = {"axis": -1}
            return True
        return None
    if kind.turn is None or not all(source.first for source in sources):
        return None
    found = kind.turn(record.stated, rank)
    if found is None:
        return None
    record.params, first = found
    return first


def _are_for_channels(params: Params, shape: Shape) -> None:
    """Make sure that numbers of a layer are meant for channels, which come first, and not for columns.

    Raises:
        ShapeError: They may be meant for either.
    """
    counts = {len(one) for one in (params["scale"], params["offset"]) if isinstance(one, tuple)}
    if counts and (counts != {shape[-1]} or shape[-2] == shape[-1]):
        raise ShapeError("its numbers may be meant for its channels or for its columns")
