"""How a pattern is made: each recipe has a module, and :mod:`~filterviz.engine.recipes.base` holds what they share."""

from collections.abc import Mapping

from filterviz.engine.recipes.base import CompiledRecipe, Conditions, optimise
from filterviz.engine.recipes.classic import ClassicRecipe
from filterviz.engine.recipes.natural import NaturalRecipe

IMPLEMENTATIONS: Mapping[str, type[CompiledRecipe]] = {"natural": NaturalRecipe, "classic": ClassicRecipe}
"""The implementation of every recipe in ``spec.RECIPE_SPECS``, by name."""

__all__ = ["IMPLEMENTATIONS", "CompiledRecipe", "Conditions", "optimise"]
