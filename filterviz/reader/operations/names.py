"""What operations are called: the classes that wrap functions of TensorFlow, and those functions without prefixes."""

from __future__ import annotations

GRAPH_NODE = "TensorFlowOpLayer"
"""The class by which TensorFlow 1.13 to 2.3 kept a node of its graph."""

WRAPPERS = frozenset({"TFOpLambda", "SlicingOpLambda", GRAPH_NODE})
"""Classes of Keras 2 that stand around a function of TensorFlow."""

PREFIXES = ("compat.v1.", "nn.", "math.", "linalg.", "__operators__.")

NAMELESS = "It is an operation of TensorFlow that does not say which."
"""The reason why a wrapper without the name of its function is not rebuilt."""


def plain_name(name: str) -> str:
    """Return the name of a function of TensorFlow as the table has it: ``math.reduce_mean`` becomes ``reducemean``.

    Those of ``tf.image`` keep their prefix: ``image.transpose`` is another thing than ``transpose``.

    Example:
        >>> plain_name("math.reduce_mean"), plain_name("LeakyRelu"), plain_name("__operators__.getitem")
        ('reducemean', 'leakyrelu', 'getitem')
        >>> plain_name("image.resize")
        'image.resize'
    """
    if not name.startswith("compat.v1.image."):
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
    return name.replace("_", "").lower()
