"""Write ``filterviz/reader/applications.zip``: descriptions of the networks of ``keras.applications``.

    python -m benchmarks.describe_applications

A file of bare weights does not say which network it belongs to. Such files are compared with the descriptions written
here, by Keras itself and without weights, and are opened with them. Run this again when Keras adds a network.
"""

from __future__ import annotations

import argparse
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras

from filterviz.reader.applications import ARCHIVE, INDEX, fingerprint

WIDTHS = {
    "MobileNet": (0.25, 0.5, 0.75, 1.0),
    "MobileNetV2": (0.35, 0.5, 0.75, 1.0, 1.3, 1.4),
    "MobileNetV3Small": (0.75, 1.0),
    "MobileNetV3Large": (0.75, 1.0),
}
"""Networks that come in several widths (``alpha``)."""

NEEDED = {"layers", "input_layers", "output_layers", "name", "class_name", "config", "inbound_nodes"}
NOT_NEEDED = {
    "trainable", "dtype", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "activity_regularizer", "kernel_constraint", "bias_constraint", "beta_initializer", "gamma_initializer",
    "moving_mean_initializer", "moving_variance_initializer", "beta_regularizer", "gamma_regularizer",
    "beta_constraint", "gamma_constraint", "depthwise_initializer", "depthwise_regularizer", "depthwise_constraint",
    "pointwise_initializer", "pointwise_regularizer", "pointwise_constraint", "synchronized", "momentum",
    "noise_shape", "seed", "quantization_config", "renorm",
}  # fmt: skip
"""Settings of training, and of nothing that decides a shape or a number at inference."""


def main() -> None:
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    keras.initializers.GlorotUniform.__call__ = keras.initializers.Zeros.__call__  # no numbers are needed, only shapes
    index: dict[str, list[str]] = {}
    members: dict[str, bytes] = {}
    for name, arguments in networks():
        for top in (True, False):
            keras.utils.clear_session()
            settings = {} if top else {"input_shape": (None, None, 3)}
            try:
                network = getattr(keras.applications, name)(weights=None, include_top=top, **arguments, **settings)
            except ValueError:  # NASNet wants a size
                network = getattr(keras.applications, name)(weights=None, include_top=top, **arguments)
            width = arguments.get("alpha", 1.0)
            member = name + ("" if width == 1.0 else f"-{width}") + ("" if top else "/no-top")
            description = trimmed(json.loads(network.to_json()))
            members[f"{member}.json"] = json.dumps(description, separators=(",", ":")).encode()
            index.setdefault(fingerprint([tuple(weight.shape) for weight in network.weights]), []).append(member)
            print(member, len(members[f"{member}.json"]))
    with zipfile.ZipFile(ARCHIVE, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for member, content in {INDEX: json.dumps(index, indent=1).encode(), **members}.items():
            archive.writestr(zipfile.ZipInfo(member), content, zipfile.ZIP_DEFLATED)
    print(f"{Path(ARCHIVE).stat().st_size / 1e3:.0f} kB")


def networks() -> Iterator[tuple[str, dict[str, Any]]]:
    for name in sorted(dir(keras.applications)):
        if name[0].isupper():
            for alpha in WIDTHS.get(name, (1.0,)):
                yield name, {"alpha": alpha} if name in WIDTHS else {}


def trimmed(value: Any) -> Any:
    """The description without settings that change nothing here."""
    if isinstance(value, list):
        return [trimmed(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("class_name") == "__keras_tensor__":
        return {"class_name": "__keras_tensor__", "config": {"keras_history": value["config"]["keras_history"]}}
    if "inbound_nodes" in value or "layers" in value:
        value = {key: item for key, item in value.items() if key in NEEDED}
    return {key: trimmed(item) for key, item in value.items() if key not in NOT_NEEDED}


if __name__ == "__main__":
    main()
