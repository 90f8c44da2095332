"""The data that all rooms share: networks, requests, recipes and patterns, frozen and without behaviour.

Everything here turns into JSON and back without loss. Arrays travel beside it as raw bytes.
"""

from filterviz.spec.load_options import DEFAULT_LOAD, LoadOptions
from filterviz.spec.network import (
    DeclaredOutput,
    LayerSpec,
    ModelSpec,
    NodeSpec,
    OutputSpec,
)
from filterviz.spec.pattern import KERNEL_NUMBERS, Pattern, Progress, is_kernel
from filterviz.spec.recipes import OBJECTIVES, PICTURES, RECIPES, Recipe, objectives, pictures
from filterviz.spec.request import Request
from filterviz.spec.terms import Flag, Json, PixelRange, Precision, Shape

__all__ = [
    "DEFAULT_LOAD",
    "KERNEL_NUMBERS",
    "OBJECTIVES",
    "PICTURES",
    "RECIPES",
    "DeclaredOutput",
    "Flag",
    "Json",
    "LayerSpec",
    "LoadOptions",
    "ModelSpec",
    "NodeSpec",
    "OutputSpec",
    "Pattern",
    "PixelRange",
    "Precision",
    "Progress",
    "Recipe",
    "Request",
    "Shape",
    "is_kernel",
    "objectives",
    "pictures",
]
