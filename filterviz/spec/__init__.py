"""Frozen data that all packages share: networks, requests, recipes and patterns.

Everything here can be written as JSON and read back without loss, except arrays, which are stored as raw bytes.
"""

from filterviz.spec.load_options import DEFAULT_LOAD, LoadOptions
from filterviz.spec.network import (
    DeclaredOutput,
    LayerSpec,
    ModelSpec,
    NodeSpec,
    OutputSpec,
    ancestors,
)
from filterviz.spec.pattern import KERNEL_NUMBERS, Pattern, Progress, is_kernel
from filterviz.spec.recipes import (
    DEFAULT_RECIPE,
    OBJECTIVES,
    PICTURES,
    RECIPE_SPECS,
    RECIPES,
    Recipe,
    RecipeSpec,
    WallOrder,
)
from filterviz.spec.request import Request
from filterviz.spec.terms import Flag, Json, PixelRange, Precision, Shape

__all__ = [
    "DEFAULT_LOAD",
    "DEFAULT_RECIPE",
    "KERNEL_NUMBERS",
    "OBJECTIVES",
    "PICTURES",
    "RECIPES",
    "RECIPE_SPECS",
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
    "RecipeSpec",
    "Request",
    "Shape",
    "WallOrder",
    "ancestors",
    "is_kernel",
]
