"""What operations are called: the classes that wrap functions of TensorFlow, and those functions without prefixes."""

from __future__ import annotations

WRAPPERS = frozenset({"TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"})
PREFIXES = ("compat.v1.", "nn.", "math.", "linalg.", "__operators__.")


def plain(name: str) -> str:
    """A function of TensorFlow as the table has it: ``tf.math.reduce_mean``, ``Mean`` -> ``reducemean``, ``mean``.

    Those of ``tf.image`` keep their prefix: ``image.transpose`` is another thing than ``transpose``.

    Example:
        >>> plain("math.reduce_mean"), plain("LeakyRelu"), plain("__operators__.getitem"), plain("image.resize")
        ('reducemean', 'leakyrelu', 'getitem', 'image.resize')
    """
    if not name.startswith("compat.v1.image."):
        for prefix in PREFIXES:
            name = name.removeprefix(prefix)
    return name.replace("_", "").lower()
