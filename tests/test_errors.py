from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

import filterviz
from filterviz import errors
from filterviz.errors import FiltervizError


def tree(error: type[FiltervizError], indent: str = "    ") -> Iterator[str]:
    """The public errors below one, drawn as in the docstring, each with its parents before it."""
    below = [child for child in error.__subclasses__() if child.__module__ == errors.__name__]
    for child in below:
        last = child is below[-1]
        yield f"{indent}{'└' if last else '├'}── {child.__name__}"
        yield from tree(child, indent + ("    " if last else "│   "))


def test_the_tree_in_the_docstring_is_the_tree_there_is() -> None:
    documented = (errors.__doc__ or "").split("FiltervizError\n")[1].splitlines()
    drawn = list(tree(FiltervizError))
    assert len(drawn) >= 6
    assert [line[: len(expected)] for line, expected in zip(documented, drawn, strict=True)] == drawn
    assert all(line[len(expected)] == " " for line, expected in zip(documented, drawn, strict=True))


def descendants(error: type[FiltervizError]) -> Iterator[type[FiltervizError]]:
    for child in error.__subclasses__():
        yield child
        yield from descendants(child)


def test_every_error_of_the_tree_is_public_and_says_what_it_is() -> None:
    public = [error for error in descendants(FiltervizError) if error.__module__ == errors.__name__]
    assert {error.__name__ for error in public} <= set(filterviz.__all__)
    assert all(inspect.getdoc(error) for error in public)


def test_errors_that_other_modules_add_are_special_cases_of_public_ones() -> None:
    """Whoever catches the public errors catches all of them; the sources are read, as not every module is loaded."""
    names = {error.__name__ for error in descendants(FiltervizError)} | {FiltervizError.__name__}
    package = Path(errors.__file__).parent
    found = {}
    for path in package.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and names & {ast.unparse(base) for base in node.bases}:
                found[node.name] = ([ast.unparse(base) for base in node.bases], path)
    assert found.keys() >= {"Refused", "TimedOut"}
    elsewhere = {name: bases for name, (bases, path) in found.items() if path != Path(errors.__file__)}
    assert all(FiltervizError.__name__ not in bases for bases in elsewhere.values())


@pytest.mark.parametrize("code", errors.RefusalCode)
def test_a_refusal_as_plain_data(code: errors.RefusalCode) -> None:
    refusal = errors.Refused(code, "It is broken.", "model_config", "Save it again.")
    assert json.loads(json.dumps(refusal.to_json())) == {
        "code": code.value,
        "message": "It is broken.",
        "where": "model_config",
        "hint": "Save it again.",
    }
    assert str(refusal) == "It is broken. Save it again."
