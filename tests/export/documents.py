"""Walls beside each other for the tests of what is made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from filterviz.export.document import ReportData, Row, Wall
from filterviz.spec import Flag, LayerSpec, Recipe, Request
from tests.imaging.images import pattern


def wall(side: str = "cats.h5", name: str = "conv2d_1", count: int = 6, missing: int = 0) -> Wall:
    request = Request(name, tuple(range(count)), Recipe("natural", size=8, steps=4))
    patterns = {
        channel: replace(pattern(channel, flags=(Flag.SILENT,) if channel == 1 else ()), layer=name)
        for channel in range(count - missing)
    }
    return Wall(side, LayerSpec(name, "Conv2D", channels=count, receptive_field=7), request, patterns)


def spread(name: str = "conv2d_1", side: str = "cats.h5", remark: str = "A remark.") -> ReportData:
    rows = [Row(wall(side, name), wall("VGG16", "block1_conv1"), [remark]), Row(wall(side, "conv2d_2", 25, missing=3))]
    models: list[dict[str, Any]] = [
        {
            "name": side,
            "sha256": "f00d",
            "keras_version": "2.1.6",
            "input_shape": [None, 150, 150, 3],
            "notes": [remark],
        },
        {"name": "VGG16", "sha256": "beef", "architecture": "vgg16", "parameters": 14714688},
    ]
    return ReportData(rows, models, {"filterviz": "1", "keras": "3"}, ["VGG16: CC BY 4.0."])
