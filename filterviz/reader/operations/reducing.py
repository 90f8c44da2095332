"""Operations that take one or several axes of a tensor together: means, sums, norms."""

from __future__ import annotations

from filterviz.layers.config_values import Unsupported
from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, Several, Source, rows
from filterviz.reader.operations.elementwise import FLOATS


def _axes(given: Arguments, source: Source) -> tuple[int, ...]:
    """The axes it takes together; without any it takes all, those of the batch too."""
    value = given.raw("axis", "axes", "reduction_indices", "dim")
    if value is None:
        message = f"The operation {given.function[:60]!r} takes the pictures of a batch together."
        raise Unsupported(message)
    return given.axes(value, len(source.shape))


def _reduced(how: str) -> Reading:
    def reading(given: Arguments) -> Found:
        axes = _axes(given, given.one())
        keepdims = given.flag("keepdims", "keep_dims", default=False)
        given.only("initial")
        given.only("dtype", *FLOATS)
        return "Reduce", {"how": how, "axes": axes, "keepdims": keepdims}

    return reading


def _average(given: Arguments) -> Found:
    """``keras.ops.average``, which can weigh."""
    axes = _axes(given, given.one())
    given.only("weights")
    return "Reduce", {"how": "mean", "axes": axes, "keepdims": False}


def _norm(given: Arguments) -> Found:
    """The length of vectors; a norm of matrices only where it is the same thing."""
    axes = _axes(given, given.one())
    keepdims = given.flag("keepdims", "keep_dims", default=False)
    order = given.raw("ord")
    if order in (None, "euclidean", "fro") or (order == 2 and len(axes) == 1):
        return "Reduce", {"how": "euclidean_norm", "axes": axes, "keepdims": keepdims}
    if order == 1 and len(axes) == 1:
        return [("Elementwise", {"function": "abs"}), ("Reduce", {"how": "sum", "axes": axes, "keepdims": keepdims})]
    raise given.unsupported("ord", order)


def _moments(given: Arguments) -> Found:
    """The mean and the variance."""
    axes = _axes(given, given.one())
    keepdims = given.flag("keepdims", default=False)
    given.only("synchronized", False)
    given.only("shift")
    return Several([[("Reduce", {"how": how, "axes": axes, "keepdims": keepdims})] for how in ("mean", "var")])


KERAS: dict[str, Operation] = {
    **rows("mean", _reduced("mean"), "x | axis keepdims"),
    **rows("max amax", _reduced("max"), "x | axis keepdims initial"),
    **rows("min amin", _reduced("min"), "x | axis keepdims initial"),
    **rows("sum", _reduced("sum"), "x | axis keepdims"),
    **rows("prod", _reduced("prod"), "x | axis keepdims dtype"),
    **rows("std", _reduced("std"), "x | axis keepdims"),
    **rows("var", _reduced("var"), "x | axis keepdims"),
    **rows("ptp", _reduced("ptp"), "x | axis keepdims"),
    **rows("logsumexp", _reduced("logsumexp"), "x | axis keepdims"),
    **rows("average", _average, "x weights | axis"),
    **rows("norm", _norm, "x | ord axis keepdims"),
    **rows("moments", _moments, "x | axes keepdims synchronized"),
}

_NAMES = "input axis keepdims | reduction_indices keep_dims"

TENSORFLOW: dict[str, Operation] = {
    **rows("reducemean mean", _reduced("mean"), _NAMES),
    **rows("reducemax max", _reduced("max"), _NAMES),
    **rows("reducemin min", _reduced("min"), _NAMES),
    **rows("reducesum sum", _reduced("sum"), _NAMES),
    **rows("reduceprod prod", _reduced("prod"), _NAMES),
    **rows("reducestd", _reduced("std"), _NAMES),
    **rows("reducevariance", _reduced("var"), _NAMES),
    **rows("reducelogsumexp", _reduced("logsumexp"), _NAMES),
    **rows("reduceeuclideannorm", _reduced("euclidean_norm"), _NAMES),
    **rows("norm", _norm, "tensor ord axis keepdims | keep_dims"),
    **rows("moments", _moments, "x axes shift keepdims"),
}
