"""Operations that combine all values along one or several axes of a tensor: means, sums, norms."""

from __future__ import annotations

from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, Several, Source, rows
from filterviz.reader.operations.elementwise import FLOATS


def _axes(given: Arguments, source: Source) -> tuple[int, ...]:
    """Return the axes along which values are combined.

    Raises:
        Unsupported: None is named, so that they are combined along all, that of the batch too.
    """
    value = given.raw("axis", "axes", "reduction_indices", "dim")
    if value is None:
        raise given.decline("takes the images of a batch together")
    return given.axes(value, source.rank)


def _reduced(how: str) -> Reading:
    def reading(given: Arguments) -> Found:
        axes = _axes(given, given.one())
        keepdims = given.flag("keepdims", "keep_dims", default=False)
        given.only("initial")
        given.only("dtype", *FLOATS)
        return "Reduce", {"how": how, "axes": axes, "keepdims": keepdims}

    return reading


def _average(given: Arguments) -> Found:
    """Read ``keras.ops.average``, which can take weights."""
    axes = _axes(given, given.one())
    given.only("weights")
    return "Reduce", {"how": "mean", "axes": axes, "keepdims": False}


def _norm(given: Arguments) -> Found:
    """Read the length of vectors; a norm of matrices only where it is the same number."""
    axes = _axes(given, given.one())
    keepdims = given.flag("keepdims", "keep_dims", default=False)
    order = given.raw("ord")
    if order in (None, "euclidean", "fro") or (order == 2 and len(axes) == 1):
        return "Reduce", {"how": "euclidean_norm", "axes": axes, "keepdims": keepdims}
    if order == 1 and len(axes) == 1:
        return [("Elementwise", {"function": "abs"}), ("Reduce", {"how": "sum", "axes": axes, "keepdims": keepdims})]
    raise given.unsupported("ord", order)


def _moments(given: Arguments) -> Found:
    """Read the mean and the variance, which are two tensors."""
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
