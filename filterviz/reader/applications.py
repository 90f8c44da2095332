"""Networks of ``keras.applications`` that a file of bare weights can be opened as.

Keras writes no network into a file of weights alone. Here is what each network of ``keras.applications`` looks like, as
``benchmarks/describe_applications.py`` had Keras itself write it down, and how a file is recognised as one: by the
shapes of all its kernels, whatever its layers are called, as they were called differently over the years and Keras too
loads such files in order and not by name. Layers with their own numbers behind a known network, as after
``save_weights`` of a network with a new classifier, do not matter: it is opened without them.
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
from filterviz.reader.weights import Unreadable, assign, missing
from filterviz.settings import Settings

ARCHIVE = Path(__file__).with_suffix(".zip")
INDEX = "index.json"

# Read here and now: a process that has opened a file opens no other.
_DESCRIPTIONS = zipfile.ZipFile(io.BytesIO(ARCHIVE.read_bytes() if ARCHIVE.exists() else b"PK\5\6" + bytes(18)))

DEEPEST, MOST = 8, 10_000
"""Groups within groups, and names in all of them, that are looked through for kernels."""


def fingerprint(shapes: Sequence[tuple[int, ...]]) -> str:
    """What is compared: the shapes of the four-dimensional arrays, in any order.

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
        Refused: the file cannot be read.
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
    """The groups that hold a layer's arrays each, in order, with the arrays' shapes."""
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
    """The network as the file may hold it: as it is, with other names, or inside another network."""
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
    """The network as one layer of another."""
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
