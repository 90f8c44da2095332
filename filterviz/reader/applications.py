"""Networks of ``keras.applications`` that a file of bare weights can be opened as.

A file of weights alone does not describe the network. So the descriptions of the networks of ``keras.applications``
are shipped here, as Keras itself wrote them for ``benchmarks/describe_applications.py``. A file is recognised by the
shapes of all its kernels. The names of its layers do not matter: they have changed over the years, and Keras too loads
such files in order and not by name. Nor do dense layers behind a known network matter, as after ``save_weights`` of a
network with a new classifier: it is opened without them.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from filterviz.errors import Refused
from filterviz.reader.config import FUNCTIONAL, SEQUENTIAL, Call, Layer, Model, Reference
from filterviz.reader.config_parser import parse
from filterviz.reader.container import Container
from filterviz.reader.graph_builder import build_graph
from filterviz.reader.stored import Unreadable
from filterviz.reader.weights import assign, missing
from filterviz.settings import Settings

ARCHIVE = Path(__file__).with_suffix(".zip")
INDEX = "index.json"

# Read at import: a process that has opened a file may open no other.
_DESCRIPTIONS = zipfile.ZipFile(io.BytesIO(ARCHIVE.read_bytes() if ARCHIVE.exists() else b"PK\5\6" + bytes(18)))

DEEPEST, MOST = 8, 10_000
"""How deep groups may lie in groups, and how many names there may be in all of them, to be searched for kernels."""


def fingerprint(shapes: Sequence[tuple[int, ...]]) -> str:
    """A short text that is the same for the same shapes of four-dimensional arrays, in any order.

    Example:
        >>> fingerprint([(3, 3, 3, 64), (64,)]) == fingerprint([(3, 3, 3, 64)])
        True
    """
    kernels = sorted(shape for shape in shapes if len(shape) == 4)
    return hashlib.sha256(repr(kernels).encode()).hexdigest()[:32]


def recognise(container: Container, settings: Settings) -> tuple[str, Model] | None:
    """The network that has the file's weights, with its layers named as in the file, or ``None``.

    Returns:
        Its name in ``keras.applications``, with the width after a hyphen where it is not 1, and its description.

    Raises:
        Refused: The file cannot be read.
    """
    shapes = [shape for holder in _holders(container) for shape in holder[1]]
    for member in _index().get(fingerprint(shapes), ()):
        for model in _named(container, _described(member), settings):
            if _fits(container, model, settings):
                return member.removesuffix("/no-top"), model
    return None


@cache
def _index() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(_DESCRIPTIONS.read(INDEX)) if INDEX in _DESCRIPTIONS.namelist() else {}
    return found


def _described(member: str) -> Model:
    text = _DESCRIPTIONS.read(f"{member}.json").decode()
    return parse(text, max_layers=10_000, max_depth=4, only_layers=True)


def _fits(container: Container, model: Model, settings: Settings) -> bool:
    graph = build_graph(model, settings)
    try:
        stored = assign(container, graph)
    except (Refused, Unreadable):
        return False
    return not any(True for _ in missing(graph, stored))


def _holders(container: Container) -> Iterator[tuple[str, list[tuple[int, ...]]]]:
    """The groups that each hold the arrays of one layer, in order, with the shapes of the arrays."""
    weights = container.weights
    if container.archive:
        yield "", list(_shapes_below(container, "", itertools.count()))
        return
    for name in weights.names(container.root, "layer_names"):
        group = f"{container.root}/{name}"
        arrays = [weights.array(f"{group}/{array}") for array in weights.names(group, "weight_names")]
        yield name, [array.shape for array in arrays if array is not None]


def _shapes_below(container: Container, group: str, seen: Iterator[int]) -> Iterator[tuple[int, ...]]:
    for name in container.weights.members(group):
        path = f"{group}/{name}"
        if path.count("/") > DEEPEST or next(seen) > MOST:
            return
        array = container.weights.array(path)
        if array is not None:
            yield array.shape
        else:
            yield from _shapes_below(container, path, seen)


def _named(container: Container, model: Model, settings: Settings) -> Iterator[Model]:
    """The network in each form in which the file may hold it: as it is, inside another network, or with other names."""
    yield model
    if container.archive:
        yield _inside("functional", model)
        return
    holders = [(name, shapes) for name, shapes in _holders(container) if shapes]
    kernels = [name for name, shapes in holders if any(len(shape) == 4 for shape in shapes)]
    if len(kernels) == 1:
        yield _inside(kernels[0], model)
    own = [record.name for record in build_graph(model, settings).records if record.weight_shapes]
    order = [layer.name for layer in model.layers if layer.name in set(own)]
    if len(holders) >= len(order):
        yield _renamed(model, dict(zip(order, (name for name, _ in holders), strict=False)))


def _inside(name: str, model: Model) -> Model:
    """Return the network as the only layer of another network."""
    layer = Layer(name, SEQUENTIAL if model.sequential else FUNCTIONAL, {}, model=model)
    return Model(name, True, (layer,))


def _renamed(model: Model, names: dict[str, str]) -> Model:
    """The network with other names for its layers."""

    def reference(item: Reference) -> Reference:
        return replace(item, layer=names.get(item.layer, item.layer))

    def call(item: Call) -> Call:
        return replace(item, inputs=tuple(map(reference, item.inputs)))

    return replace(
        model,
        layers=tuple(
            replace(layer, name=names.get(layer.name, layer.name), calls=tuple(map(call, layer.calls)))
            for layer in model.layers
        ),
        inputs=tuple(map(reference, model.inputs)),
        outputs=tuple(map(reference, model.outputs)),
    )
