"""How a pattern is made: a recipe per file, and what all recipes share in :mod:`~filterviz.engine.recipes.base`."""
