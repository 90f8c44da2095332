"""Frozen data that all packages share: networks, requests, recipes and patterns.

Everything here can be written as JSON and read back without loss, except arrays, which are stored as raw bytes.
"""

from filterviz.spec.network import (
    DEFAULT_LOAD,
    DeclaredOutput,
    LayerSpec,
    LoadOptions,
    ModelSpec,
    NodeSpec,
    OutputSpec,
    ancestors,
)
from filterviz.spec.pattern import KERNEL_NUMBERS, Pattern, Progress, Standing, Unfinished, is_kernel
from filterviz.spec.recipes import (
    DEFAULT_RECIPE,
    OBJECTIVES,
    PICTURES,
    RECIPE_SPECS,
    RECIPES,
    Recipe,
    RecipeSpec,
    Request,
    WallOrder,
)
from filterviz.spec.terms import Flag, Json, PixelRange, Precision, Shape

__all__ = ["DEFAULT_LOAD", "DeclaredOutput", "LayerSpec", "LoadOptions", "ModelSpec", "NodeSpec", "OutputSpec"]
__all__ += ["ancestors", "KERNEL_NUMBERS", "Pattern", "Progress", "Standing", "Unfinished", "is_kernel"]
__all__ += ["DEFAULT_RECIPE", "OBJECTIVES", "PICTURES", "RECIPE_SPECS", "RECIPES"]
__all__ += ["Recipe", "RecipeSpec", "Request", "WallOrder"]
__all__ += ["Flag", "Json", "PixelRange", "Precision", "Shape"]
