"""Every kind is complete, and what is known about it stands in filterviz/layers alone."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import filterviz
from filterviz.engine.constructors import CONSTRUCTORS, FUNCTIONS, SLICED
from filterviz.engine.layer_builder import BY_HAND
from filterviz.layers import ALIASES, FAMILIES, KINDS, LAYERS, NOT_REBUILT, OPERATION_KINDS, Trait, modernise
from filterviz.layers.passing import CODE, NOTHING_AT_INFERENCE

PACKAGE = Path(filterviz.__file__).parent

KNOWN_ELSEWHERE = {
    "engine/constructors.py": "the table of constructors",
    "engine/layer_builder.py": "the kinds that are made of several parts",
    "engine/layer_functions.py": "functions for kinds without a constructor",
    "engine/tensor_functions.py": "functions for kinds without a constructor",
    "reader/operations": "operations are read into kinds by naming them",
}
"""Where names of kinds may stand beside filterviz/layers, and why."""


def test_no_kind_is_listed_twice() -> None:
    listed = [kind.name for family in FAMILIES for kind in family.KINDS]
    assert len(listed) == len(set(listed)) == len(KINDS)
    assert {path.stem for path in (PACKAGE / "layers").glob("*.py")} >= {
        family.__name__.rpartition(".")[2] for family in FAMILIES
    }


def test_every_kind_can_be_made() -> None:
    made = set(CONSTRUCTORS) | set(FUNCTIONS) | set(BY_HAND)
    assert made == set(KINDS)
    assert not set(CONSTRUCTORS) & set(FUNCTIONS)
    assert set(FUNCTIONS) >= OPERATION_KINDS
    assert set(SLICED) <= set(KINDS)


def test_the_lists_of_layers_do_not_overlap() -> None:
    for one, other in ((LAYERS, NOT_REBUILT), (LAYERS, CODE), (NOTHING_AT_INFERENCE, NOT_REBUILT), (CODE, NOT_REBUILT)):
        assert not one & other


@pytest.mark.parametrize("alias", sorted(set(ALIASES) - {"Model"}))
def test_an_older_name_leads_to_a_kind(alias: str) -> None:
    name, _ = modernise(alias, {}, keras_3=False)
    assert name in KINDS
    assert alias not in KINDS


def test_every_trait_is_some_kinds_and_no_kind_has_all() -> None:
    for trait in Trait:
        having = [kind.name for kind in KINDS.values() if kind.has(trait)]
        assert 0 < len(having) < len(KINDS), trait


def names_of_kinds(path: Path) -> list[tuple[int, str]]:
    """The string literals of a module that are the name of a kind, with their lines."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    words = {"Layer", "Masking", "Identity"} - set(KINDS)
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value in set(KINDS) - words
    ]


def modules() -> list[Path]:
    found = []
    for path in sorted(PACKAGE.rglob("*.py")):
        place = path.relative_to(PACKAGE).as_posix()
        if not place.startswith(("layers/", *KNOWN_ELSEWHERE)):
            found.append(path)
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_no_other_module_knows_a_layer_by_its_class(path: Path) -> None:
    assert names_of_kinds(path) == []


def test_the_search_finds_what_it_looks_for(tmp_path: Path) -> None:
    module = tmp_path / "module.py"
    module.write_text('if layer.kind == "Conv2D" or layer.kind in {"ReLU": 1}:\n    pass\n', encoding="utf-8")
    assert names_of_kinds(module) == [(1, "Conv2D"), (1, "ReLU")]
