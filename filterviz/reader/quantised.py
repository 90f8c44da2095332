"""Dense and Embedding layers that Keras has quantised, and layers that LoRA has adapted, brought back to float32.

Quantised to int8, a kernel is a whole number divided by a scale for each unit; to int4, two such numbers share a byte,
and the scale may be another for each block of inputs, with a zero point. LoRA adds the product of two small matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from filterviz.layers.config_values import Unsupported
from filterviz.reader.hdf5 import Array
from filterviz.reader.packed import NOT_NEEDED, Numbers, Packed, Packing, Params, Shapes, Unfit, Unpacked, need
from filterviz.reader.small_floats import to_bfloat16, to_e4m3

Make = Callable[..., Numbers]
Rule = tuple[Sequence[Array], Make]
"""What a kernel is made from, and how."""

ROUNDING = "input_rounding"
"""The parameter of a Dense layer that says how its inputs are rounded before it takes them: ``low``, ``high`` and
``epsilon`` of ``keras.quantizers.abs_max_quantize`` along the last axis, or the ``float8`` scale."""

MODES = ("int8", "int4", "float8", "gptq", "awq")

ORDER: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("Dense", "int8"): ("kernel", "bias", "scale"),
    ("Dense", "int4"): ("kernel", "bias", "scale", "zero", "groups"),
    ("Dense", "float8"): ("kernel", "bias", "inputs_scale", NOT_NEEDED, "scale", *[NOT_NEEDED] * 3),
    ("Dense", "gptq"): ("bias", "kernel", "scale", "zero", "groups"),
    ("Dense", "awq"): ("bias", "kernel", "scale", "zero", "awq_scales", "groups"),
    ("Embedding", "int8"): ("kernel", "scale"),
    ("Embedding", "int4"): ("kernel", "scale", "zero", "groups"),
}
"""The arrays in the order of an archive, as ``variable_serialization_spec`` has it."""

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
"""What an HDF5 file calls them."""

HIGHEST_RANK = 1 << 20

ROUNDED_OTHERWISE = "its inputs are rounded by a rule that is not known here."

ABS_MAX = {"low": -127, "high": 127, "epsilon": 1e-7}
"""How Keras rounds inputs, unless the file says otherwise: ``AbsMaxQuantizer``."""


def unpack_int4(packed: Numbers, length: int, axis: int, signed: bool = True) -> Numbers:
    """The numbers that share bytes, two by two along an axis: the first in the lower half.

    Args:
        packed: whole numbers of -128..127, or 0..255.
        length: of the axis once unpacked; an odd one leaves half a byte over.
        axis: along which they were packed.
        signed: whether they are -8..7, and not 0..15.
    """
    whole = packed.astype(np.int32) & 0xFF
    halves = np.stack([whole & 15, whole >> 4], axis % packed.ndim + 1)
    if signed:
        halves = (halves ^ 8) - 8
    shape = list(packed.shape)
    shape[axis] *= 2
    return np.take(halves.reshape(shape), range(length), axis).astype(np.float32)


def mode_of(config: Mapping[str, Any]) -> str | None:
    """How a layer is quantised, by its policy: ``int8``, ``int4`` and so on; ``None`` where it is not."""
    policy: Any = config.get("dtype")
    settings = policy.get("config") if isinstance(policy, Mapping) else None
    if isinstance(settings, Mapping):
        policy = settings.get("mode") or settings.get("name")
    if not isinstance(policy, str) or ("_from_" not in policy and not isinstance(settings, Mapping)):
        return None
    mode = policy.split("_from_")[0].split("/")[0]
    return mode if mode in MODES else None


def packing(kind: str, config: Mapping[str, Any], archive: bool) -> Packing | None:
    """The rule of a quantised or adapted layer; ``None`` for all others.

    Args:
        kind: what it is rebuilt as.
        config: of the layer.
        archive: whether it is in an archive; there Keras has merged what LoRA adds into the kernel.

    Raises:
        Unsupported: it is quantised and adapted at once: Keras rounds the inputs of the one part and not the other's.
    """
    mode = mode_of(config) if kind in ("Dense", "Embedding") else None
    rank, alpha = config.get("lora_rank"), config.get("lora_alpha")
    lora = None
    if not archive and isinstance(rank, int) and 0 < rank <= HIGHEST_RANK:
        lora = (float(alpha) if isinstance(alpha, int | float) and abs(alpha) < 1e30 else float(rank)) / rank
    if mode is None and lora is None:
        return None
    if mode in ("int8", "int4") and lora is not None:
        message = "its weights are quantised and adapted by LoRA at once, which is not rebuilt here."
        raise Unsupported(message)
    return _Quantised(kind, mode, lora, _rounding(config), config.get("quantization_config") is not None)


def _rounding(config: Mapping[str, Any]) -> Mapping[str, float] | None:
    """How the file says that inputs are rounded: ``None`` for not at all.

    Raises:
        Unsupported: by a rule that is not known.
    """
    given = config.get("quantization_config")
    settings = given.get("config") if isinstance(given, Mapping) else None
    if not isinstance(settings, Mapping) or "activation_quantizer" not in settings:
        return ABS_MAX
    quantizer = settings["activation_quantizer"]
    if quantizer is None:
        return None
    own = quantizer.get("config") if isinstance(quantizer, Mapping) else None
    if not isinstance(own, Mapping) or quantizer.get("class_name") != "AbsMaxQuantizer":
        raise Unsupported(ROUNDED_OTHERWISE)
    bounds, epsilon = own.get("value_range", (-127, 127)), own.get("epsilon", 1e-7)
    numbers = [*bounds, epsilon] if isinstance(bounds, list | tuple) and len(bounds) == 2 else [None]
    if not all(isinstance(one, int | float) and abs(one) < 1e9 for one in numbers):
        raise Unsupported(ROUNDED_OTHERWISE)
    return {"low": bounds[0], "high": bounds[1], "epsilon": epsilon}


class _Quantised:
    """The rule of one layer; all its arrays go by their names.

    Args:
        kind: ``Dense``, ``Embedding`` or a convolution.
        mode: how it is quantised, if it is.
        lora: what the product of LoRA's matrices is multiplied by, if it has any.
        rounding: how the layer rounds its inputs, where its mode does.
        stated: whether the file says so, and it is not left to the version of Keras.
    """

    whole = True

    def __init__(
        self, kind: str, mode: str | None, lora: float | None, rounding: Mapping[str, float] | None, stated: bool
    ) -> None:
        self._kind, self._mode, self._lora, self._rounding, self._stated = kind, mode, lora, rounding, stated

    def role(self, name: str) -> str | None:
        return NAMES.get(name)

    def from_archive(self, own: Sequence[Array], shapes: Shapes) -> dict[str, Array]:
        absent = set() if len(shapes) > 1 else {"bias"}
        order = [name for name in ORDER.get((self._kind, self._mode or ""), ()) if name not in absent]
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
        """With what LoRA adds."""
        rank = roles["lora_b"].shape[0] if "lora_b" in roles and roles["lora_b"].shape else 0
        one, two = need(roles, "lora_a", (*shape[:-1], rank)), need(roles, "lora_b", (rank, shape[-1]))

        def adapted(*values: Numbers) -> Numbers:
            made: Numbers = make(*values[:-2]) + np.float32(self._lora or 0) * np.matmul(values[-2], values[-1])
            return made

        return [*sources, one, two], adapted

    def _plain(self, roles: Mapping[str, Array], shape: tuple[int, ...], _: Params) -> Rule:
        return [need(roles, "kernel", shape)], lambda kernel: kernel

    def _rounds(self, params: Params, rounding: Mapping[str, float] | None) -> None:
        if rounding is not None and self._kind == "Dense":
            params[ROUNDING] = dict(rounding)

    def _int8(self, roles: Mapping[str, Array], shape: tuple[int, ...], params: Params) -> Rule:
        self._rounds(params, self._rounding)
        sources = [need(roles, "kernel", shape), need(roles, "scale", (shape[self._scaled],))]
        return sources, lambda kernel, scale: kernel / self._along(scale)

    def _int4(self, roles: Mapping[str, Array], shape: tuple[int, ...], params: Params) -> Rule:
        (rows, columns), scaled = shape, shape[self._scaled]
        by_rows, by_columns = ((rows + 1) // 2, columns), (rows, (columns + 1) // 2)
        kernel = need(roles, "kernel", by_columns, *((by_rows,) if self._kind == "Dense" else ()))
        # Up to Keras 3.13 a Dense kernel was packed along its inputs, and its inputs were rounded by default.
        axis = 1 if kernel.shape == by_columns else 0
        self._rounds(params, self._rounding if self._stated or axis == 0 else None)

        def whole(packed: Numbers) -> Numbers:
            return unpack_int4(packed, shape[axis], axis)

        if "groups" not in roles:
            scale = need(roles, "scale", (scaled,))
            return [kernel, scale], lambda packed, scale: whole(packed) / self._along(scale)
        grouped, blocks = 1 - self._scaled % 2, roles["scale"].shape if "scale" in roles else ()
        if len(blocks) != 2 or blocks[1 - grouped] != scaled or axis == 0:
            raise Unfit
        sources = [kernel, roles["scale"], need(roles, "zero", blocks), need(roles, "groups", (shape[grouped],))]

        def dequantised(packed: Numbers, scale: Numbers, zero: Numbers, groups: Numbers) -> Numbers:
            places = _places(groups, blocks[grouped])
            return (whole(packed) - np.take(zero, places, grouped)) * np.take(scale, places, grouped)

        return sources, dequantised

    def _gptq(self, roles: Mapping[str, Array], shape: tuple[int, ...], _: Params) -> Rule:
        (inputs, units), blocks = shape, roles["scale"].shape if "scale" in roles else ()
        if len(blocks) != 2 or blocks[0] != units:
            raise Unfit
        kernel = need(roles, "kernel", ((units + 1) // 2, inputs), (units, inputs))
        shared = kernel.shape[0] != units or self._mode == "awq"
        if units == 1 and self._mode == "gptq":
            raise Unfit  # of a single unit nobody can tell whether two numbers share a byte
        sources = [kernel, roles["scale"], need(roles, "zero", blocks), need(roles, "groups", (inputs,))]

        def dequantised(packed: Numbers, scale: Numbers, zero: Numbers, groups: Numbers) -> Numbers:
            whole = unpack_int4(packed, units, 0, signed=False) if shared else packed
            places = _places(groups, blocks[1])
            made: Numbers = (whole - zero[:, places]) * scale[:, places]
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
        """The axis along which each place has a scale of its own: the units, or the words of an Embedding."""
        return 0 if self._kind == "Embedding" else -1

    def _along(self, scale: Numbers) -> Numbers:
        return scale[:, None] if self._kind == "Embedding" else scale


def _places(groups: Numbers, count: int) -> NDArray[np.int64]:
    """Which block each place belongs to.

    Raises:
        Unfit: to one that there is not.
    """
    if not ((groups >= 0) & (groups < count)).all():
        raise Unfit
    return groups.astype(np.int64)
