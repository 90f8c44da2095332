"""A file, opened: what is in it as a :class:`~filterviz.spec.ModelSpec`, and its weights layer by layer."""

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
from filterviz.layers.passing import IDENTITY, START, UNSUPPORTED
from filterviz.reader import applications, classes, datasets, geometry, pixels
from filterviz.reader import untrained as untrained_weights
from filterviz.reader.config import Model, bad
from filterviz.reader.config_parser import parse
from filterviz.reader.container import SAVE_WHOLE, Container, open_container
from filterviz.reader.graph import Graph
from filterviz.reader.graph_builder import Assumptions
from filterviz.reader.hdf5 import Hdf5
from filterviz.reader.layout import graph_of
from filterviz.reader.packed import Packed
from filterviz.reader.weights import Stored, Unreadable, assign, missing
from filterviz.settings import Settings
from filterviz.spec import DeclaredOutput, LayerSpec, ModelSpec

Arrays = tuple[Stored | Packed, ...]
"""Of one layer."""

WEIGHT_GROUPS = ("layers", "_layer_checkpoint_dependencies", "vars")
"""Where ``save_weights`` of Keras 3 puts the arrays; earlier versions list the groups as ``layer_names``."""


class OpenedModel:
    """A network whose file is open. A context manager.

    Attributes:
        spec: what is in it.
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
            Refused: they cannot be read.
        """
        if self._fresh is not None and not kind_of(layer.kind, Trait.MEASURED):
            return self._fresh(layer.name)
        return tuple(stored.read() for stored in self._stored.get(layer.name, ()))


def open_model(
    path: Path, settings: Settings, architecture: str | None = None, untrained: int | None = None
) -> OpenedModel:
    """Open a Keras file.

    Args:
        path: of the file.
        settings: the limits.
        architecture: the network of ``keras.applications`` that a file of bare weights is to be opened as, such as
            ``vgg16`` or ``mobilenetv2-0.35``, in any case.
        untrained: the seed of fresh weights in place of the file's (:mod:`~filterviz.reader.untrained`).

    Raises:
        Refused: it will not be opened; the sentence says why and what to do.
        OSError: it cannot be read.
    """
    container = open_container(path, settings)
    if container.description is None:
        container = _layout(container)
        model = _bare_weights(container, settings, architecture)
    else:
        model = parse(
            container.description,
            max_layers=settings.max_layers,
            max_depth=settings.max_depth,
            keras_3=container.keras_version.startswith("3."),
        )
    graph, stored = _connected(container, model, settings)
    spec = _spec(model, graph, container, stored)
    _refuse_what_cannot_be_shown(model, graph, spec)
    fresh = None if untrained is None else partial(_fresh, graph, untrained)
    by_name = {graph.records[index].name: arrays for index, arrays in stored.items()}
    return OpenedModel(spec, container.weights, by_name, fresh)


ENTERED: tuple[Assumptions, ...] = (
    Assumptions(),
    Assumptions(sizes_after_start=False),
    Assumptions(sizes_after_start=False, channels_after_start=1),
    Assumptions(sizes_after_start=False, channels_after_start=3),
)
"""What a layer that stands first and cannot be rebuilt may make of pictures: the same, another size, grey, colours."""


def _connected(container: Container, model: Model, settings: Settings) -> tuple[Graph, dict[int, Arrays]]:
    """The graph, and arrays that fit it.

    Raises:
        Refused: there are none.
    """
    unreadable: dict[str, str] = {}
    for entered in ENTERED:
        graph = graph_of(model, settings, replace(entered, archive=container.archive, unreadable=unreadable))
        try:
            try:
                return graph, _weights(container, graph, settings)
            except Unreadable as error:
                unreadable.update(error.layers)
            graph = graph_of(model, settings, replace(entered, archive=container.archive, unreadable=unreadable))
            try:
                return graph, _weights(container, graph, settings)
            except Unreadable as error:  # without the first, others do not find theirs: nothing here fits
                name, reason = next(iter(error.layers.items()))
                raise Refused(RefusalCode.MISMATCHED_WEIGHTS, f"{reason} ({name!r})", name, SAVE_WHOLE) from None
        except Refused as refusal:
            if not graph.started or refusal.code is not RefusalCode.MISMATCHED_WEIGHTS:
                raise
    record = next(record for record in graph.records if record.kind == START)
    what = f"The layer {record.name!r} stands first, makes no pictures for those after it, and cannot be rebuilt."
    hint = (
        "Save the part of the network after that layer as a model of its own, or rebuild the network without it, "
        "load its weights and save it."
    )
    raise Refused(RefusalCode.CODE_IN_FILE, f"{what} {record.reason}", record.name, hint)


def _fresh(graph: Graph, seed: int, name: str) -> tuple[NDArray[np.float32], ...]:
    index = next(number for number, record in enumerate(graph.records) if record.name == name)
    return untrained_weights.fresh(graph.records[index], seed, index)


def _layout(container: Container) -> Container:
    """A file of bare weights, with how its arrays lie: Keras 3 writes them as in an archive, earlier versions in lists.

    Raises:
        Refused: it holds no Keras weights at all.
    """
    if container.weights.names(container.root, "layer_names"):
        return container
    if any(holder in container.weights for holder in WEIGHT_GROUPS):
        return replace(container, archive=True)
    raise datasets.refusal(container.weights)


def _bare_weights(container: Container, settings: Settings, architecture: str | None) -> Model:
    known = applications.recognise(container, settings)
    if known is None:
        what, where = "This file holds weights, but not the network they belong to.", ""
    else:
        where, model = known
        if architecture is not None and where.casefold() == architecture.casefold():
            return model
        what = f"This file holds the weights of {where} alone, without the network."
    raise Refused(RefusalCode.WEIGHTS_ONLY, what, where, SAVE_WHOLE)


def _weights(container: Container, graph: Graph, settings: Settings) -> dict[int, Arrays]:
    """The arrays of all layers, all in place and within the limits.

    Raises:
        Refused: one is missing or does not fit, or all together are too large.
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


def _spec(model: Model, graph: Graph, container: Container, stored: dict[int, Arrays]) -> ModelSpec:
    fields, verdicts = geometry.fields(graph), geometry.verdicts(graph)
    first = graph.first_calls()
    layers = []
    for index, (record, verdict) in enumerate(zip(graph.records, verdicts, strict=True)):
        at = first.get(index)
        field = None if at is None or verdict.reason is not None else fields[at]
        layers.append(
            LayerSpec(
                name=record.name,
                kind=record.class_name if record.kind in (UNSUPPORTED, START, IDENTITY) else record.kind,
                rebuilt_as=record.kind,
                params=record.params,
                weight_shapes=record.weight_shapes,
                output_shape=None if at is None else graph.nodes[at].spec.output_shape,
                channels=verdict.channels,
                receptive_field=None if field is None else field.size,
                visualisable=verdict.reason is None,
                reason=verdict.reason,
                gated=field is not None and field.size is not None and field.gated,
            )
        )
    pixel_range, reason = pixels.guess(graph, lambda index: [item.read() for item in stored.get(index, ())])
    outputs, left_out = classes.labelled(classes.outputs(graph, layers), container.labels)
    return ModelSpec(
        name=model.name,
        layers=tuple(layers),
        nodes=tuple(node.spec for node in graph.nodes),
        inputs=tuple(graph.inputs),
        outputs=tuple(graph.outputs),
        pixel_range=pixel_range,
        pixel_range_reason=reason,
        keras_version=container.keras_version,
        notes=(*graph.notes, *_notes(graph, container), *([] if left_out is None else [left_out])),
        parameters=graph.parameters,
        channels_first=_channels_first(graph),
        classes=outputs,
        false_colours=bool(_picture_channels(graph) - {1, 3}),
        declared_outputs=tuple(_output(graph, node) for node in graph.declared),
        whole_batch=any(record.params.get("batch_moments") for record in graph.records),
    )


def _channels_first(graph: Graph) -> bool:
    """Whether the network's own pictures come channels first."""
    pictures = (graph.nodes[node] for node in graph.inputs if len(graph.nodes[node].spec.output_shape or ()) >= 4)
    return next((node.first for node in pictures), graph.channels_first)


def _output(graph: Graph, node: int | None) -> DeclaredOutput:
    """One of the network's outputs, with what keeps it from being computed from the inputs as the file takes them."""
    if node is None:
        return DeclaredOutput(None, "Nothing in the file leads to it.")
    waiting, needed = [node], {node}
    while waiting:
        before = set(graph.nodes[waiting.pop()].spec.inputs) - needed
        needed |= before
        waiting += before
    for record in (graph.records[graph.nodes[position].spec.layer] for position in sorted(needed)):
        if record.kind in (UNSUPPORTED, START):
            reason = record.reason or "It cannot be rebuilt."
            return DeclaredOutput(node, f"The layer {record.name!r} stands in the way. {reason}")
    blame = graph.nodes[node].blame
    return DeclaredOutput(node, None if blame is None else f"The layer {blame!r} stands in the way.")


def _notes(graph: Graph, container: Container) -> list[str]:
    cut = [record for record in graph.records if record.kind == UNSUPPORTED]
    cut.sort(key=lambda record: record.hint is None)  # one that something can be done about is named first
    notes = []
    if cut:
        more = f" {len(cut) - 1} more cannot either; each says why." if len(cut) > 1 else ""
        notes.append(
            f"The layer {cut[0].name!r} cannot be rebuilt. {cut[0].reason} {cut[0].hint or ''}".rstrip() + more
        )
    if graph.precisions:
        notes.append(
            f"The network computes in {' and '.join(sorted(graph.precisions))}; it is rebuilt in float32, "
            "so its outputs may differ from the third digit on."
        )
    if container.backend.lower() == "theano":
        notes.append("The network was trained with Theano, which turns its kernels; they were turned back.")
    elif container.keras_version.startswith("1.") and graph.channels_first and not container.backend:
        notes.append("The file does not say whether it was trained with Theano; it was opened as if with TensorFlow.")
    if odd := sorted(_picture_channels(graph) - {1, 3}):
        notes.append(
            f"Its pictures have {' or '.join(map(str, odd))} channels, which a screen cannot show as they are. "
            "Its tiles come in false colours: each channel has one of its own, round the colour circle from red, and "
            "they are added up. What differs in colour differs, but different channels may add up to the same."
        )
    return notes


def _picture_channels(graph: Graph) -> set[int]:
    """How many channels the pictures have that patterns are painted on."""
    shapes = [node.spec.output_shape or () for at, node in enumerate(graph.nodes) if graph.is_image(at)]
    return {shape[-1] or 0 for shape in shapes}


def _refuse_what_cannot_be_shown(model: Model, graph: Graph, spec: ModelSpec) -> None:
    """A network without a single convolution that can be reached is of no use here.

    Raises:
        Refused: the network is one.
    """
    if spec.visualisable:
        return
    convolutions = [layer for layer in spec.layers if kind_of(layer.rebuilt_as, Trait.CONVOLVES)]
    if any(layer.output_shape is not None for layer in convolutions):
        return  # its layers are listed, each with the reason
    blocking = [record for record in graph.records if record.kind == UNSUPPORTED]
    if not any(record.weight_shapes for record in graph.records):
        blocking += [record for record in graph.records if record.kind == START]  # there is nothing but code
    described = any(kind_of(layer.class_name, Trait.CONVOLVES) for layer in model.walk())
    if blocking and (convolutions or described or blocking[0].code or blocking[0].hint):
        record = blocking[0]
        code = RefusalCode.CODE_IN_FILE if record.code else RefusalCode.UNSUPPORTED_LAYER
        what = f"The layer {record.name!r} stands in the way. {record.reason}"
        hint = record.hint or (
            "Rebuild the network without that layer (a Rescaling layer can scale pixels), load its weights and save it."
        )
        raise Refused(code, what, record.name, hint)
    if described:
        raise bad("its layers are not connected with its input")
    what = "There is no convolution in this network, so there are no filters to show."
    raise Refused(RefusalCode.NO_IMAGE_LAYERS, what, "", "Choose a network that looks at pictures with Conv2D layers.")
