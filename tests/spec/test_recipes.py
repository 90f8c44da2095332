"""The registry of recipes and objectives, and that no other module decides by their names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import filterviz
from filterviz.spec import DEFAULT_RECIPE, OBJECTIVES, PICTURES, RECIPE_SPECS, RECIPES, Recipe, RecipeSpec

PACKAGE = Path(filterviz.__file__).parent
REGISTRY = PACKAGE / "spec" / "recipes.py"

OTHER_LANGUAGE = {"reader", "layers"}
"""Packages that know nothing of recipes; there ``negative`` is an operation of TensorFlow."""


@pytest.mark.parametrize("spec", RECIPE_SPECS.values(), ids=RECIPE_SPECS)
def test_a_row_of_the_registry_fits_together(spec: RecipeSpec) -> None:
    assert spec.objectives
    assert set(spec.objectives) <= set(OBJECTIVES)
    assert spec.pictures[0] == 1
    assert set(spec.pictures) <= set(PICTURES)
    recipe = RECIPES[spec.name]
    assert recipe.spec is spec
    assert (recipe.name, recipe.size, recipe.steps, recipe.seed) == (spec.name, spec.size, spec.steps, 0)
    assert recipe.objective in spec.objectives
    assert recipe.pictures in spec.pictures


def test_the_default_recipe_is_the_first_row() -> None:
    assert Recipe() == DEFAULT_RECIPE == next(iter(RECIPES.values()))
    assert list(RECIPES) == list(RECIPE_SPECS)


def test_the_numbers_of_the_recipes_are_those_that_addresses_and_keys_were_written_with() -> None:
    """An address leaves out what is at its default, so a default that changes would change old addresses."""
    assert RECIPES["natural"] == Recipe("natural", 128, 48, 0, "channel", 1)
    assert RECIPES["classic"] == Recipe("classic", 64, 40, 0, "channel", 1)


def test_a_recipe_that_is_not_registered_has_no_row() -> None:
    with pytest.raises(KeyError):
        Recipe("dream").spec  # noqa: B018


def decided_by_name(source: str) -> Iterator[int]:
    """The lines that compare something with the name of a recipe or an objective."""
    names = {*RECIPES, *OBJECTIVES}
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Compare | ast.MatchValue):
            continue
        sides = [node.left, *node.comparators] if isinstance(node, ast.Compare) else [node.value]
        constants = [each for side in sides for each in ast.walk(side) if isinstance(each, ast.Constant)]
        if any(constant.value in names for constant in constants if isinstance(constant.value, str)):
            yield node.lineno


def test_no_module_outside_the_registry_decides_by_a_name() -> None:
    found = {
        str(path.relative_to(PACKAGE)): lines
        for path in sorted(PACKAGE.rglob("*.py"))
        if path != REGISTRY and path.relative_to(PACKAGE).parts[0] not in OTHER_LANGUAGE
        if (lines := list(decided_by_name(path.read_text(encoding="utf-8"))))
    }
    assert found == {}


def test_a_decision_by_name_would_be_found() -> None:
    for line in ('if recipe == "natural": ...', 'x = 1 if "neuron" != name else 2', 'y = name in ("a", "classic")'):
        assert list(decided_by_name(line)) == [1]
    assert list(decided_by_name('match name:\n    case "classic":\n        ...')) == [2]
    assert not list(decided_by_name('words = {"natural": 1}["natural"]'))
