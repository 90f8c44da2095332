"""Dense and Embedding layers that Keras has quantised, and layers that LoRA has adapted, brought back to float32.

In int8 a weight is a whole number divided by a scale for each unit. In int4 two such numbers share a byte, and each
block of inputs may have a scale and a zero point of its own. LoRA adds the product of two small matrices to the kernel
(Hu et al. 2021, arXiv:2106.09685).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.layers import KINDS, LayerKind, Trait
from filterviz.layers.config_values import Unsupported
from filterviz.layers.kind import NOT_NEEDED
from filterviz.reader.hdf5 import Array
from filterviz.reader.packed import Numbers, Packed, Packing, Params, Shapes, Unfit, Unpacked, need
from filterviz.reader.quantisation_config import mode_of, rounding_of
from filterviz.reader.small_floats import to_bfloat16, to_e4m3

Make = Callable[..., Numbers]
Rule = tuple[Sequence[Array], Make]
"""The arrays from which a kernel is made, and the function that makes it."""

ROUNDING = "input_rounding"
"""Parameter of a Dense layer that says how it rounds its inputs: ``low``, ``high`` and ``epsilon`` of
``keras.quantizers.abs_max_quantize`` along the last axis, or the scale ``float8``."""

NAMES: Mapping[str, str] = {
    "kernel": "kernel",
    "depthwise_kernel": "kernel",
    "embeddings": "kernel",
    "bias": "bias",
    "kernel_scale": "scale",
    "embeddings_scale": "scale",
    "kernel_zero": "zero",
    "embeddings_zero": "zero",
    "g_idx": "groups",
    "awq_scales": "awq_scales",
    "inputs_scale": "inputs_scale",
    "lora_kernel_a": "lora_a",
    "lora_embeddings_a": "lora_a",
    "lora_kernel_b": "lora_b",
    "lora_embeddings_b": "lora_b",
    **dict.fromkeys(("inputs_amax_history", "kernel_amax_history"), NOT_NEEDED),
    **dict.fromkeys(("outputs_grad_scale", "outputs_grad_amax_history"), NOT_NEEDED),
}
"""What an array of an HDF5 file is, by its name."""

HIGHEST_RANK = 1 << 20


def unpack_int4(packed: Numbers, length: int, axis: int, signed: bool = True) -> Numbers:
    """Numbers of four bits that share bytes, two along an axis, with the first in the lower half.

    Args:
        packed: Bytes as numbers of -128..127 or 0..255.
        length: Length of the axis after unpacking; an odd one leaves half a byte over.
        axis: Axis along which they were packed.
        signed: Whether they are -8..7 rather than 0..15.
    """
    whole = packed.astype(np.int32) & 0xFF
    halves = np.stack([whole & 15, whole >> 4], axis % packed.ndim + 1)
    if signed:
        halves = (halves ^ 8) - 8
    shape = list(packed.shape)
    shape[axis] *= 2
    return np.take(halves.reshape(shape), range(length), axis).astype(np.float32)


def packing(kind: str, config: Mapping[str, Any], archive: bool) -> Packing | None:
    """The rule by which a quantised or adapted layer is unpacked; ``None`` for all other layers.

    Args:
        kind: Kind as which the layer is rebuilt.
        config: Configuration of the layer.
        archive: Whether it is in an archive, where Keras has merged what LoRA adds into the kernel.

    Raises:
        Unsupported: The layer is both quantised and adapted: Keras rounds the inputs of one part and not of the other.
    """
    mode = mode_of(config) if kind in KINDS and KINDS[kind].quantised else None
    rank, alpha = config.get("lora_rank"), config.get("lora_alpha")
    lora = None
    if not archive and isinstance(rank, int) and 0 < rank <= HIGHEST_RANK:
        lora = (float(alpha) if isinstance(alpha, int | float) and abs(alpha) < 1e30 else float(rank)) / rank
    if mode is None and lora is None:
        return None
    if mode in ("int8", "int4") and lora is not None:
        raise Unsupported("its weights are quantised and adapted by LoRA at once, which is not rebuilt here.")
    return _Quantised(KINDS.get(kind), mode, lora, rounding_of(config), config.get("quantization_config") is not None)


class _Quantised:
    """The rule of one layer, all of whose arrays are known by their names.

    Args:
        kind: Kind of the layer; ``None`` where it is not known.
        mode: How it is quantised; ``None`` where it is not.
        lora: Factor of the product of LoRA's matrices; ``None`` where it has none.
        rounding: How the layer rounds its inputs, where its mode rounds them.
        stated: Whether the file says how, or leaves it to the version of Keras.
    """

    whole = True

    def __init__(
        self,
        kind: LayerKind | None,
        mode: str | None,
        lora: float | None,
        rounding: Mapping[str, float] | None,
        stated: bool,
    ) -> None:
        self._kind, self._mode, self._lora, self._rounding, self._stated = kind, mode, lora, rounding, stated

    def _has(self, trait: Trait) -> bool:
        return self._kind is not None and self._kind.has(trait)

    def role(self, name: str) -> str | None:
        return NAMES.get(name)

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:
        absent = set() if len(shapes) > 1 else {"bias"}
        listed = () if self._kind is None else self._kind.quantised.get(self._mode or "", ())
        order = [name for name in listed if name not in absent]
        return {name: array for name, array in zip(order, own, strict=False) if name != NOT_NEEDED}

    def unpack(self, usual: Sequence[Array], roles: Mapping[str, Array], shapes: Shapes, params: Params) -> Unpacked:
        if usual:
            raise Unfit
        rule = getattr(self, f"_{self._mode}") if self._mode is not None else self._plain
        sources, make = rule(roles, shapes[0], params)
        if self._lora is not None:
            sources, make = self._adapted(sources, make, roles, shapes[0])
        found: Unpacked = [Packed(tuple(sources), make, shapes[0])]
        if len(shapes) > 1:
            bias = need(roles, "bias", shapes[1])
            found.append(Packed((bias,), to_bfloat16, shapes[1]) if self._mode == "float8" else bias)
        return found

    def _adapted(
        self, sources: Sequence[Array], make: Make, roles: Mapping[str, Array], shape: tuple[int, ...]
    ) -> Rule:
        """A kernel with what LoRA adds to it."""
        rank = roles["lora_b"].shape[0] if "lora_b" in roles and roles["lora_b"].shape else 0
        one, two = need(roles, "lora_a", (*shape[:-1], rank)), need(roles, "lora_b", (rank, shape[-1]))

        def adapted(*values: Numbers) -> Numbers:
            made: Numbers = make(*values[:-2]) + np.float32(self._lora or 0) * np.matmul(values[-2], values[-1])
            return made

        return [*sources, one, two], adapted

    def _plain(self, roles: Mapping[str, Array], shape: tuple[int, ...], _: Params) -> Rule:
        return [need(roles, "kernel", shape)], lambda kernel: kernel

    def _rounds(self, params: Params, rounding: Mapping[str, float] | None) -> None:
        if rounding is not None and self._has(Trait.ROUNDS_INPUTS):
            params[ROUNDING] = dict(rounding)

    def _int8(self, roles: Mapping[str, Array], shape: tuple[int, ...], params: Params) -> Rule:
        self._rounds(params, self._rounding)
        sources = [need(roles, "kernel", shape), need(roles, "scale", (shape[self._scaled],))]
        return sources, lambda kernel, scale: kernel / self._along(scale)

    def _int4(self, roles: Mapping[str, Array], shape: tuple[int, ...], params: Params) -> Rule:
        (rows, columns), scaled = shape, shape[self._scaled]
        by_rows, by_columns = ((rows + 1) // 2, columns), (rows, (columns + 1) // 2)
        kernel = need(roles, "kernel", by_columns, *((by_rows,) if self._has(Trait.ROUNDS_INPUTS) else ()))
        # Up to Keras 3.13 a Dense kernel was packed along its inputs, and its inputs were rounded by default.
        axis = 1 if kernel.shape == by_columns else 0
        self._rounds(params, self._rounding if self._stated or axis == 0 else None)

        def whole(packed: Numbers) -> Numbers:
            return unpack_int4(packed, shape[axis], axis)

        if "groups" not in roles:
            scale = need(roles, "scale", (scaled,))
            return [kernel, scale], lambda packed, scale: whole(packed) / self._along(scale)
        grouped, grid = 1 - self._scaled % 2, roles["scale"].shape if "scale" in roles else ()
        if len(grid) != 2 or grid[1 - grouped] != scaled or axis == 0:
            raise Unfit
        sources = [kernel, roles["scale"], need(roles, "zero", grid), need(roles, "groups", (shape[grouped],))]

        def dequantised(packed: Numbers, scale: Numbers, zero: Numbers, groups: Numbers) -> Numbers:
            block = _block_of(groups, grid[grouped])
            return (whole(packed) - np.take(zero, block, grouped)) * np.take(scale, block, grouped)

        return sources, dequantised

    def _gptq(self, roles: Mapping[str, Array], shape: tuple[int, ...], _: Params) -> Rule:
        (inputs, units), grid = shape, roles["scale"].shape if "scale" in roles else ()
        if len(grid) != 2 or grid[0] != units:
            raise Unfit
        kernel = need(roles, "kernel", ((units + 1) // 2, inputs), (units, inputs))
        shared = kernel.shape[0] != units or self._mode == "awq"
        if units == 1 and self._mode == "gptq":
            raise Unfit  # with a single unit it is not known whether two numbers share a byte
        sources = [kernel, roles["scale"], need(roles, "zero", grid), need(roles, "groups", (inputs,))]

        def dequantised(packed: Numbers, scale: Numbers, zero: Numbers, groups: Numbers) -> Numbers:
            whole = unpack_int4(packed, units, 0, signed=False) if shared else packed
            block = _block_of(groups, grid[1])
            made: Numbers = (whole - zero[:, block]) * scale[:, block]
            return made.T

        return sources, dequantised

    def _awq(self, roles: Mapping[str, Array], shape: tuple[int, ...], params: Params) -> Rule:
        sources, dequantised = self._gptq(roles, shape, params)
        salient = need(roles, "awq_scales", shape[:1])
        return [*sources, salient], lambda *values: dequantised(*values[:-1]) / values[-1][:, None]

    def _float8(self, roles: Mapping[str, Array], shape: tuple[int, ...], params: Params) -> Rule:
        params[ROUNDING] = {"float8": float(need(roles, "inputs_scale", ()).read())}
        sources = [need(roles, "kernel", shape), need(roles, "scale", ())]
        return sources, lambda kernel, scale: to_e4m3(kernel / scale) * scale

    @property
    def _scaled(self) -> int:
        """The axis along which the scales lie: the units of a Dense layer, the words of an Embedding."""
        return 0 if self._has(Trait.LOOKUP) else -1

    def _along(self, scale: Numbers) -> Numbers:
        return scale[:, None] if self._has(Trait.LOOKUP) else scale


def _block_of(groups: Numbers, count: int) -> NDArray[np.int64]:
    """The block to which each input belongs.

    Args:
        groups: Numbers of the blocks, as floats.
        count: How many blocks there are.

    Raises:
        Unfit: Some belong to a block that does not exist.
    """
    if not ((groups >= 0) & (groups < count)).all():
        raise Unfit
    return groups.astype(np.int64)
