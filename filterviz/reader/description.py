"""What is said of a network that was opened: its layers, inputs and outputs, notes, and whether it can be shown."""

from __future__ import annotations

from collections.abc import Mapping

from filterviz.errors import RefusalCode, Refused
from filterviz.layers import Trait, kind_of
from filterviz.layers.passing import IDENTITY, START, UNSUPPORTED
from filterviz.reader import classes, geometry, pixels
from filterviz.reader.config import Model, bad
from filterviz.reader.container import Container
from filterviz.reader.graph import Graph
from filterviz.reader.stored import Arrays
from filterviz.spec import DeclaredOutput, LayerSpec, ModelSpec, ancestors


def described(model: Model, graph: Graph, container: Container, stored: Mapping[int, Arrays]) -> ModelSpec:
    """The network as the rest of the program knows it.

    Args:
        model: The description in the file.
        graph: The graph made from it.
        container: The file.
        stored: The arrays of each layer, by the index of its record.
    """
    layers = _layers(graph)
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
        false_colours=bool(_image_channels(graph) - {1, 3}),
        declared_outputs=tuple(_output(graph, node) for node in graph.declared),
        whole_batch=any(record.params.get("batch_moments") for record in graph.records),
    )


def _layers(graph: Graph) -> list[LayerSpec]:
    """The layers of the network, in the order of their records."""
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
    return layers


def _channels_first(graph: Graph) -> bool:
    """Whether the images that the network takes have their channels first."""
    images = (graph.nodes[node] for node in graph.inputs if len(graph.nodes[node].spec.output_shape or ()) >= 4)
    return next((node.first for node in images), graph.channels_first)


def _output(graph: Graph, node: int | None) -> DeclaredOutput:
    """One of the network's outputs, with what keeps it from being computed from the inputs as the file takes them."""
    if node is None:
        return DeclaredOutput(None, "Nothing in the file leads to it.")
    nodes = [call.spec for call in graph.nodes]
    for record in (graph.records[nodes[before].layer] for before in ancestors(nodes, [node])):
        if record.kind in (UNSUPPORTED, START):
            reason = record.reason or "It cannot be rebuilt."
            return DeclaredOutput(node, f"The layer {record.name!r} stands in the way. {reason}")
    blame = graph.nodes[node].blame
    return DeclaredOutput(node, None if blame is None else f"The layer {blame!r} stands in the way.")


def _notes(graph: Graph, container: Container) -> list[str]:
    """What differs from the network in the file, or may surprise, a sentence or two each."""
    cut = [record for record in graph.records if record.kind == UNSUPPORTED]
    cut.sort(key=lambda record: record.hint is None)  # a layer for which something can be done is named first
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
    if odd := sorted(_image_channels(graph) - {1, 3}):
        notes.append(
            f"Its images have {' or '.join(map(str, odd))} channels, which a screen cannot show as they are. "
            "Its tiles come in false colours: each channel has one of its own, round the colour circle from red, and "
            "they are added up. What differs in colour differs, but different channels may add up to the same."
        )
    return notes


def _image_channels(graph: Graph) -> set[int]:
    """How many channels the images have for which patterns are made."""
    shapes = [node.spec.output_shape or () for at, node in enumerate(graph.nodes) if graph.is_image(at)]
    return {shape[-1] or 0 for shape in shapes}


def refuse_without_filters(model: Model, graph: Graph, spec: ModelSpec) -> None:
    """Refuse a network that has no convolution an image can reach.

    Raises:
        Refused: With the layer that stands in the way, where one does.
    """
    if spec.visualisable:
        return
    convolutions = [layer for layer in spec.layers if kind_of(layer.rebuilt_as, Trait.CONVOLVES)]
    if any(layer.output_shape is not None for layer in convolutions):
        return  # its layers are listed, each with the reason
    blocking = [record for record in graph.records if record.kind == UNSUPPORTED]
    if not any(record.weight_shapes for record in graph.records):
        blocking += [record for record in graph.records if record.kind == START]  # there is nothing but code
    in_file = any(kind_of(layer.class_name, Trait.CONVOLVES) for layer in model.walk())
    if blocking and (convolutions or in_file or blocking[0].code or blocking[0].hint):
        record = blocking[0]
        code = RefusalCode.CODE_IN_FILE if record.code else RefusalCode.UNSUPPORTED_LAYER
        what = f"The layer {record.name!r} stands in the way. {record.reason}"
        hint = record.hint or (
            "Rebuild the network without that layer (a Rescaling layer can scale pixels), load its weights and save it."
        )
        raise Refused(code, what, record.name, hint)
    if in_file:
        raise bad("its layers are not connected with its input")
    what = "There is no convolution in this network, so there are no filters to show."
    raise Refused(RefusalCode.NO_IMAGE_LAYERS, what, "", "Choose a network that looks at images with Conv2D layers.")
