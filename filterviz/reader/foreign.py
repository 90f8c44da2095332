"""Layers of other packages, by name: what they are, and what a person can do who has such a file.

They cannot be rebuilt, since what they compute is not in the file, or not in a form that is known for certain. A class
that is not listed here is the user's own: its code is not in the file either, and would never be run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from filterviz.layers import NOT_REBUILT
from filterviz.reader.config import Layer


@dataclass(frozen=True, slots=True)
class Foreign:
    """What is known of a class of another package.

    Attributes:
        what: A sentence about a layer of this class.
        hint: A sentence that says what to do.
    """

    what: str
    hint: str


STRIP_PRUNING = "Save what tfmot.sparsity.keras.strip_pruning(model) returns, and choose that file."
STRIP_CLUSTERING = "Save what tfmot.clustering.keras.strip_clustering(model) returns, and choose that file."
BEFORE_QUANTISING = (
    "Choose the network as it was before quantize_model or quantize_apply, or copy the weights into it "
    "(layer.set_weights) and save that."
)
INSTEAD_OF_HUB = (
    "Build the network on one of keras.applications instead, such as MobileNetV2, train it again, and save that."
)
PLAIN_TWIN = "Build the network with Keras's own layers, Conv2D for example, copy the weights into it, and save that."

PRUNED = Foreign("It is a wrapper of tensorflow-model-optimization that prunes the layer inside.", STRIP_PRUNING)
CLUSTERED = Foreign("It is a wrapper of tensorflow-model-optimization that clusters weights.", STRIP_CLUSTERING)
SIMULATED = Foreign(
    "It belongs to tensorflow-model-optimization and imitates a network that computes with whole numbers.",
    BEFORE_QUANTISING,
)
HUB = Foreign("It stands for a network of TensorFlow Hub, which is not in the file.", INSTEAD_OF_HUB)
QKERAS = Foreign("It is a layer of QKeras, which rounds what it computes in a way of its own.", PLAIN_TWIN)
HGQ = Foreign("It is a layer of HGQ, which rounds what it computes in a way of its own.", PLAIN_TWIN)
LARQ = Foreign("It is a layer of Larq, which computes with plus and minus one.", PLAIN_TWIN)
ADDONS = Foreign(
    "It is a layer of tensorflow-addons that is not known here.",
    "Rebuild the network without that layer or with Keras's own, load its weights and save it.",
)
HUB_MODEL = Foreign(
    "It is a whole network of a class of its own, which does not list its layers.",
    "Save the part you want to see as a keras.Sequential or functional model.",
)


def _each(known: Foreign, names: str) -> dict[str, Foreign]:
    return dict.fromkeys(names.split(), known)


CLASSES: Mapping[str, Foreign] = {
    "prunelowmagnitude": PRUNED,
    **_each(CLUSTERED, "clusterweights clusterweightsmha"),
    **_each(SIMULATED, "quantizewrapper quantizewrapperv2 quantizelayer quantizeannotate"),
    "keraslayer": HUB,
    **_each(
        QKERAS,
        "qactivation qadaptiveactivation qinitializer qbatchnormalization qconv1d qconv2d qconv2dtranspose "
        "qdepthwiseconv2d qmobilenetseparableconv2d qseparableconv1d qseparableconv2d qconv2dbatchnorm "
        "qdepthwiseconv2dbatchnorm qdense qdensebatchnorm qlstm qgru qsimplernn qbidirectional qaveragepooling2d "
        "qglobalaveragepooling2d",
    ),
    **_each(
        HGQ,
        "hquantize hconv2d hconv1d hdense hactivation hadd hdensebatchnorm hconv1dbatchnorm hconv2dbatchnorm "
        "pmaxpooling1d pmaxpooling2d pflatten pconcatenate preshape paveragepooling1d paveragepooling2d signature",
    ),
    **_each(
        LARQ,
        "quantconv1d quantconv2d quantconv3d quantdense quantseparableconv1d quantseparableconv2d "
        "quantdepthwiseconv2d quantconv2dtranspose quantconv3dtranspose quantlocallyconnected1d "
        "quantlocallyconnected2d",
    ),
}
"""Class in lower case, without the package it is registered under -> what is known of it."""

PACKAGES: Mapping[str, Foreign] = {
    **_each(ADDONS, "addons tensorflow_addons"),
    "tensorflow_model_optimization": SIMULATED,
    "tensorflow_hub": HUB,
    "qkeras": QKERAS,
    **_each(HGQ, "hgq squark"),
    "larq": LARQ,
    **_each(HUB_MODEL, "keras_hub keras_nlp keras_cv"),
}
"""Package in lower case, as a class is registered under it or as its module begins -> what is known of its classes."""


def known(layer: Layer) -> Foreign | None:
    """Return what is known of a layer's class, by its own name or its package; ``None`` where nothing is."""
    package = layer.package.lower().split(".")[0]
    return CLASSES.get(layer.stored_class.lower()) or PACKAGES.get(package)


def sentence(layer: Layer) -> str:
    """Return the reason why a layer of a class that is not known is not rebuilt."""
    found = known(layer)
    if found is not None:
        return found.what
    if not layer.package and layer.stored_class in NOT_REBUILT:
        return f"Keras's layers of the type {layer.stored_class!r} are not rebuilt here."
    name = f"{layer.package}>{layer.stored_class}" if layer.package else layer.stored_class
    return f"Layers of the type {name[:60]!r} are not known here, and a file's own code is never run."
