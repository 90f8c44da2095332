"""Open a file: from a path to a :class:`~filterviz.spec.ModelSpec`, and its weights layer by layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import Trait, kind_of
from filterviz.layers.passing import START
from filterviz.reader import applications, datasets
from filterviz.reader import untrained as untrained_weights
from filterviz.reader.assumptions import Assumptions
from filterviz.reader.config import Model
from filterviz.reader.config_parser import parse
from filterviz.reader.container import Container, open_container
from filterviz.reader.description import described, refuse_without_filters
from filterviz.reader.graph import Graph
from filterviz.reader.hdf5 import Hdf5
from filterviz.reader.layout import graph_of
from filterviz.reader.signatures import SAVE_WHOLE
from filterviz.reader.stored import Arrays, Unreadable
from filterviz.reader.weights import assign, missing
from filterviz.settings import Settings
from filterviz.spec import LayerSpec, ModelSpec

WEIGHT_GROUPS = ("layers", "_layer_checkpoint_dependencies", "vars")
"""Where ``save_weights`` of Keras 3 puts the arrays; earlier versions list the groups as ``layer_names``."""


class OpenedModel:
    """A network whose file is open. It is a context manager that closes the file.

    Attributes:
        spec: What the network consists of.
    """

    def __init__(
        self,
        spec: ModelSpec,
        weights: Hdf5,
        stored: dict[str, Arrays],
        fresh: Callable[[str], tuple[NDArray[np.float32], ...]] | None = None,
    ) -> None:
        self.spec = spec
        self._fresh = fresh
        self._weights = weights
        self._stored = stored

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._weights.close()

    def weights(self, layer: LayerSpec) -> tuple[NDArray[np.float32], ...]:
        """The arrays of a layer, float32, in Keras 3's order and layout.

        Raises:
            Refused: They cannot be read.
        """
        if self._fresh is not None and not kind_of(layer.kind, Trait.MEASURED):
            return self._fresh(layer.name)
        return tuple(stored.read() for stored in self._stored.get(layer.name, ()))


def open_model(
    path: Path, settings: Settings, architecture: str | None = None, untrained: int | None = None
) -> OpenedModel:
    """Open a Keras file.

    Args:
        path: Path of the file.
        settings: The limits.
        architecture: The network of ``keras.applications`` as which a file of bare weights is opened, such as ``vgg16``
            or ``mobilenetv2-0.35``, in upper or lower case.
        untrained: Seed of fresh weights in place of the file's (:mod:`~filterviz.reader.untrained`).

    Raises:
        Refused: The file will not be opened; the sentence says why and what to do.
        EngineFailed: The installed pyfive cannot be kept within limits.
        OSError: The file cannot be read.
    """
    container = open_container(path, settings)
    if container.description is None:
        container = _weights_only(container)
        model = _known_network(container, settings, architecture)
    else:
        model = parse(
            container.description,
            max_layers=settings.max_layers,
            max_depth=settings.max_depth,
            keras_3=container.keras_version.startswith("3."),
        )
    graph, stored = _connected(container, model, settings)
    spec = described(model, graph, container, stored)
    refuse_without_filters(model, graph, spec)
    fresh = None if untrained is None else partial(_fresh, graph, untrained)
    by_name = {graph.records[index].name: arrays for index, arrays in stored.items()}
    return OpenedModel(spec, container.weights, by_name, fresh)


def _weights_only(container: Container) -> Container:
    """A file without a description, with how its arrays lie: Keras 3 writes them as in an archive, earlier ones do not.

    Raises:
        Refused: It holds no Keras weights at all.
    """
    if container.weights.names(container.root, "layer_names"):
        return container
    if any(holder in container.weights for holder in WEIGHT_GROUPS):
        return replace(container, archive=True)
    raise datasets.refusal(container.weights)


def _known_network(container: Container, settings: Settings, architecture: str | None) -> Model:
    """The description of the network that bare weights belong to, where it was asked for by its name.

    Raises:
        Refused: ``weights-only``, with the name of the network where the weights are known.
    """
    known = applications.recognise(container, settings)
    if known is None:
        what, where = "This file holds weights, but not the network they belong to.", ""
    else:
        where, model = known
        if architecture is not None and where.casefold() == architecture.casefold():
            return model
        what = f"This file holds the weights of {where} alone, without the network."
    raise Refused(RefusalCode.WEIGHTS_ONLY, what, where, SAVE_WHOLE)


ENTERED: tuple[Assumptions, ...] = (
    Assumptions(),
    Assumptions(sizes_after_start=False),
    Assumptions(sizes_after_start=False, channels_after_start=1),
    Assumptions(sizes_after_start=False, channels_after_start=3),
)
"""What a first layer that cannot be rebuilt may make of images: the same, another size, grey ones, coloured ones."""


def _connected(container: Container, model: Model, settings: Settings) -> tuple[Graph, dict[int, Arrays]]:
    """The graph, and arrays that fit it.

    Raises:
        Refused: There are none.
    """
    unreadable: dict[str, str] = {}
    for entered in ENTERED:
        assumed = replace(entered, archive=container.archive, unreadable=unreadable)
        graph = graph_of(model, settings, assumed)
        try:
            try:
                return graph, _weights(container, graph, settings)
            except Unreadable as error:
                unreadable.update(error.layers)
            graph = graph_of(model, settings, assumed)
            try:
                return graph, _weights(container, graph, settings)
            except Unreadable as error:  # without the first ones, others do not find theirs: nothing here fits
                name, reason = next(iter(error.layers.items()))
                raise Refused(RefusalCode.MISMATCHED_WEIGHTS, f"{reason} ({name!r})", name, SAVE_WHOLE) from None
        except Refused as refusal:
            if not graph.started or refusal.code is not RefusalCode.MISMATCHED_WEIGHTS:
                raise
    record = next(record for record in graph.records if record.kind == START)
    what = f"The layer {record.name!r} stands first, makes no images for those after it, and cannot be rebuilt."
    hint = (
        "Save the part of the network after that layer as a model of its own, or rebuild the network without it, "
        "load its weights and save it."
    )
    raise Refused(RefusalCode.CODE_IN_FILE, f"{what} {record.reason}", record.name, hint)


def _weights(container: Container, graph: Graph, settings: Settings) -> dict[int, Arrays]:
    """The arrays of all layers, none missing and all within the limits.

    Raises:
        Refused: One is missing or does not fit, or all together are too large.
    """
    parameters = graph.parameters
    if parameters > settings.max_parameters or 4 * parameters > settings.weight_bytes:
        limit = min(settings.max_parameters, settings.weight_bytes // 4)
        message = f"The network would have {parameters / 1e6:,.0f} million weights; the limit is {limit / 1e6:,.0f}."
        raise Refused(RefusalCode.TOO_LARGE, message, "", "Open a smaller network.")
    stored = assign(container, graph)
    for record in missing(graph, stored):
        message = f"The weights of the layer {record.name!r} are not in the file."
        raise Refused(RefusalCode.MISMATCHED_WEIGHTS, message, record.name, SAVE_WHOLE)
    return stored


def _fresh(graph: Graph, seed: int, name: str) -> tuple[NDArray[np.float32], ...]:
    """The arrays that a layer had before training, were it to begin with this seed."""
    index = next(number for number, record in enumerate(graph.records) if record.name == name)
    return untrained_weights.fresh(graph.records[index], seed, index)
