"""Operations along one axis of a tensor or several that leave its shape as it is: softmax, sums so far, normalising."""

from __future__ import annotations

from filterviz.reader.operations.arguments import Arguments, Found, Operation, Reading, rows
from filterviz.reader.operations.elementwise import FLOATS


def _along(function: str, axis: int | None = -1) -> Reading:
    """Return what reads a function along one axis.

    Args:
        function: Name of the function.
        axis: The axis where the file names none; ``None`` for all axes, which is not rebuilt.
    """

    def reading(given: Arguments) -> Found:
        rank = given.one().rank
        value = given.raw("axis", "dim")
        if value is None and (axis is None or (given.keras and given.named("axis"))):
            # ``axis=None`` flattens the tensor first, with the whole batch.
            raise given.unsupported("axis", None)
        found = given.axis(axis if value is None else value, rank)
        if function in ("cumsum", "cumprod"):
            for name in ("exclusive", "reverse"):
                given.only(name, False)
            given.only("dtype", *FLOATS)
        return _along_axis(function, found, rank)

    return reading


def _along_axis(function: str, axis: int, rank: int) -> Found:
    axis = -1 if axis == rank - 1 else axis
    if function == "softmax":
        return "Softmax", {"axis": axis}
    return "Along", {"function": function, "axis": axis}


def _normalize(given: Arguments) -> Found:
    """Read ``keras.ops.normalize``: division by the length along some axes, but by no less than ``epsilon``."""
    rank = given.one().rank
    axes = given.axes(given.raw("axis", default=-1), rank)
    if given.named("axis") and not given.given("axis"):
        raise given.unsupported("axis", None)
    order = given.whole("order", low=1, high=64, default=2)
    epsilon = given.number("epsilon", default=1e-7)
    if len(axes) > 1 and order != 2:  # A norm of matrices is something else.
        raise given.unsupported("order", order)
    return "Normalize", {"axis": axes, "order": order, "epsilon": epsilon}


def _l2_normalize(given: Arguments) -> Found:
    """Read ``tf.math.l2_normalize``: division by the root of the sum of squares, which is at least ``epsilon``."""
    rank = given.one().rank
    value = given.raw("axis", "dim")
    if value is None:
        raise given.unsupported("axis", None)
    epsilon = given.number("epsilon", default=1e-12)
    return "Normalize", {"axis": given.axes(value, rank), "order": 2, "epsilon": max(epsilon, 0.0) ** 0.5}


def _rms(given: Arguments) -> Found:
    rank = given.one().rank
    given.only("scale")
    axes = given.axes(given.raw("axis", default=-1), rank)
    return "RootMeanSquare", {"axis": axes, "epsilon": given.number("epsilon", default=1e-7)}


def _local_response(given: Arguments) -> Found:
    """Read ``tf.nn.local_response_normalization``, which AlexNet (Krizhevsky et al. 2012) and GoogLeNet have."""
    source = given.one()
    if source.rank != 4 or source.first:
        raise given.decline("is not rebuilt for channels that come first")
    return "LocalResponse", {
        "depth_radius": given.whole("depth_radius", low=0, high=4096, default=5),
        "bias": given.number("bias", default=1.0),
        "alpha": given.number("alpha", default=1.0),
        "beta": given.number("beta", default=0.5),
    }


KERAS: dict[str, Operation] = {
    **rows("softmax", _along("softmax"), "x | axis"),
    **rows("logsoftmax", _along("log_softmax"), "x | axis"),
    **rows("sparsemax", _along("sparsemax"), "x | axis"),
    **rows("cumsum", _along("cumsum", None), "x | axis dtype"),
    **rows("cumprod", _along("cumprod", None), "x | axis dtype"),
    **rows("normalize", _normalize, "x | axis order epsilon"),
    **rows("rmsnorm rmsnormalization", _rms, "x scale | axis epsilon"),
}

TENSORFLOW: dict[str, Operation] = {
    **rows("softmax", _along("softmax"), "logits axis | dim"),
    **rows("logsoftmax", _along("log_softmax"), "logits axis | dim"),
    **rows("cumsum", _along("cumsum", 0), "x axis exclusive reverse"),
    **rows("cumprod", _along("cumprod", 0), "x axis exclusive reverse"),
    **rows("l2normalize", _l2_normalize, "x axis epsilon | dim"),
    **rows("localresponsenormalization lrn", _local_response, "input depth_radius bias alpha beta"),
}
