"""How a layer's configuration says that Keras has quantised it, and how the layer rounds its inputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from filterviz.layers.config_values import Unsupported

MODES = ("int8", "int4", "float8", "gptq", "awq")

ABS_MAX = {"low": -127, "high": 127, "epsilon": 1e-7}
"""How Keras rounds inputs unless the file says otherwise: its ``AbsMaxQuantizer``."""

UNKNOWN_ROUNDING = "its inputs are rounded by a rule that is not known here."


def mode_of(config: Mapping[str, Any]) -> str | None:
    """How a layer is quantised, by its dtype policy: one of :data:`MODES`, or ``None`` where it is not.

    Example:
        >>> mode_of({"dtype": "int8_from_float32"}), mode_of({"dtype": "float32"})
        ('int8', None)
    """
    policy: Any = config.get("dtype")
    settings = policy.get("config") if isinstance(policy, Mapping) else None
    if isinstance(settings, Mapping):
        policy = settings.get("mode") or settings.get("name")
    if not isinstance(policy, str) or ("_from_" not in policy and not isinstance(settings, Mapping)):
        return None
    mode = policy.split("_from_")[0].split("/")[0]
    return mode if mode in MODES else None


def rounding_of(config: Mapping[str, Any]) -> Mapping[str, float] | None:
    """How the file says that a layer rounds its inputs; ``None`` where it does not.

    Returns:
        ``low``, ``high`` and ``epsilon`` of ``keras.quantizers.abs_max_quantize``.

    Raises:
        Unsupported: The layer rounds them by a rule that is not known.
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
        raise Unsupported(UNKNOWN_ROUNDING)
    bounds = own.get("value_range", (ABS_MAX["low"], ABS_MAX["high"]))
    epsilon = own.get("epsilon", ABS_MAX["epsilon"])
    numbers = [*bounds, epsilon] if isinstance(bounds, list | tuple) and len(bounds) == 2 else [None]
    if not all(isinstance(one, int | float) and abs(one) < 1e9 for one in numbers):
        raise Unsupported(UNKNOWN_ROUNDING)
    return {"low": bounds[0], "high": bounds[1], "epsilon": epsilon}
