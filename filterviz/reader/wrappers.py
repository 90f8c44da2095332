"""Wrappers around one layer that change its weights and nothing else."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar

import numpy as np

from filterviz.layers import Trait, kind_of
from filterviz.layers.kind import NOT_NEEDED
from filterviz.layers.passing import TIME_DISTRIBUTED
from filterviz.reader.config import Layer
from filterviz.reader.hdf5 import Array
from filterviz.reader.packed import Numbers, Packed, Packing, Params, Shapes, Unfit, Unpacked, need

SMALLEST = 1e-12
"""The least sum of squares by whose root ``tf.nn.l2_normalize`` divides."""


class _Wrapper:
    """What all wrappers have in common; see :class:`~filterviz.reader.packed.Packing`.

    Attributes:
        whole: ``False``, since the arrays of the layer inside lie as they do without a wrapper.
        roles: Pattern of the name of one of the wrapper's own arrays -> its role.
    """

    whole = False
    roles: ClassVar[Mapping[str, str]] = {}

    def role(self, name: str) -> str | None:
        for pattern, role in self.roles.items():
            if re.fullmatch(pattern, name):
                return role
        return None


class _Spectral(_Wrapper):
    """``SpectralNormalization``: each training step divides the kernel by its largest singular value and stores it.

    At inference the kernel is used as it is in the file, in Keras and in tensorflow-addons alike. Miyato et al. 2018
    (arXiv:1802.05957).
    """

    roles: ClassVar[Mapping[str, str]] = {"vector_u|sn_u": "u"}

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:
        found = [array for array in own if array.shape == (1, shapes[0][-1])] if shapes else []
        return {"u": found[-1]} if found else {}

    def unpack(self, usual: Sequence[Array], roles: Mapping[str, Array], shapes: Shapes, params: Params) -> Unpacked:  # noqa: ARG002
        if shapes:
            # Classes of the same name that keep other arrays also normalise at inference.
            need(roles, "u", (1, shapes[0][-1]))
        return list(usual)


class _WeightNorm(_Wrapper):
    """``Addons>WeightNormalization``: a direction for each output unit, and apart from it its length.

    Salimans and Kingma 2016 (arXiv:1602.07868).
    """

    roles: ClassVar[Mapping[str, str]] = {"g": "g", "initialized": "initialized", "data_dep_init.*": NOT_NEEDED}

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:
        lengths = [array for array in own if shapes and array.shape == shapes[0][-1:]]
        flags = [array for array in own if array.shape == ()]
        return {name: found[0] for name, found in (("g", lengths), ("initialized", flags)) if found}

    def unpack(self, usual: Sequence[Array], roles: Mapping[str, Array], shapes: Shapes, params: Params) -> Unpacked:  # noqa: ARG002
        if not shapes or not usual or usual[0].shape != shapes[0]:
            raise Unfit
        lengths, started = need(roles, "g", shapes[0][-1:]), need(roles, "initialized", ())
        return [Packed((usual[0], lengths, started), _lengthened, shapes[0]), *usual[1:]]


def _lengthened(directions: Numbers, lengths: Numbers, started: Numbers) -> Numbers:
    """Return directions, each scaled to its length.

    Raises:
        Unfit: The layer was never called, so that its lengths would be computed from the first data.
    """
    if not started:
        raise Unfit
    axes = tuple(range(directions.ndim - 1))
    squares = np.sum(directions**2, axes, keepdims=True)
    made: Numbers = directions / np.sqrt(np.maximum(squares, SMALLEST)) * lengths
    return made


class _Pruned(_Wrapper):
    """``PruneLowMagnitude``: whenever it is called, it sets the weights that its mask leaves out to zero."""

    roles: ClassVar[Mapping[str, str]] = {"mask": "mask", r"threshold|pruning_step|mask_\d+|threshold_\d+": NOT_NEEDED}

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:  # noqa: ARG002
        # The first array of the size of a kernel is the kernel itself, which the wrapper keeps as well.
        masks = [array for array in own if len(array.shape) > 1]
        return {"mask": masks[1]} if len(masks) == 2 else {}

    def unpack(self, usual: Sequence[Array], roles: Mapping[str, Array], shapes: Shapes, params: Params) -> Unpacked:  # noqa: ARG002
        mask = roles.get("mask")
        if mask is None:
            return list(usual)  # The layer has nothing to prune, as a DepthwiseConv2D.
        alike = [at for at, shape in enumerate(shapes) if len(shape) > 1 and shape == mask.shape]
        if not alike or alike[-1] >= len(usual):
            raise Unfit
        found: Unpacked = list(usual)
        found[alike[-1]] = Packed((usual[alike[-1]], mask), _masked, mask.shape)
        return found


def _masked(weights: Numbers, mask: Numbers) -> Numbers:
    if not np.isin(mask, (0, 1)).all():
        raise Unfit
    return weights * mask


WRAPPERS: Mapping[str, tuple[Callable[[], Packing], tuple[str, ...] | None, str]] = {
    "SpectralNormalization": (_Spectral, ("", "Addons"), "power_iterations"),
    "WeightNormalization": (_WeightNorm, ("Addons",), "data_init"),
    "PruneLowMagnitude": (_Pruned, None, "pruning_schedule"),
}
"""Class -> its rule; the packages that have this class, or ``None`` where only one has a class of that name; a setting
that it has. A class of the same name may well be the user's own and do something else."""


def not_followed_inside(class_name: str) -> bool:
    """Return whether a layer has several kernels or a layer inside, so that what a wrapper does to it is not known."""
    return class_name == TIME_DISTRIBUTED or kind_of(class_name, Trait.SEVERAL_KERNELS)


def packing(layer: Layer) -> Packing | None:
    """Return the rule of a wrapper; ``None`` for all other layers."""
    known = WRAPPERS.get(layer.stored_class)
    if known is None or layer.wrapped is None or layer.wrapped.model is not None:
        return None
    rule, packages, setting = known
    if (packages is not None and layer.package not in packages) or setting not in layer.config:
        return None
    return rule()
