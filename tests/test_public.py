"""The public namespace: what ``import filterviz`` offers is what ``__all__`` lists, no more and no less."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import filterviz
from filterviz import api

PACKAGE = Path(filterviz.__file__)


def test_nothing_is_listed_twice() -> None:
    assert len(set(filterviz.__all__)) == len(filterviz.__all__)


@pytest.mark.parametrize("name", filterviz.__all__)
def test_every_name_is_there_and_documented(name: str) -> None:
    value = getattr(filterviz, name)
    if name == "__version__":
        assert isinstance(value, str)
    else:
        assert value.__module__.startswith("filterviz.")
        assert (value.__doc__ or "").strip()


def test_nothing_else_is_offered() -> None:
    """Names that the module needs for itself are underscored, or belong to Python."""
    own = {"annotations", "Any", "TYPE_CHECKING"}
    offered = {
        name
        for name, value in vars(filterviz).items()
        if not name.startswith("_") and not isinstance(value, ModuleType) and name not in own
    }
    late = {"open_model", "open_vgg16", "open_untrained", "generate", "save_wall", "Model"}
    assert offered | late | {"__version__"} == set(filterviz.__all__)


def test_every_function_of_the_interface_is_offered() -> None:
    functions = {
        name
        for name, value in vars(api).items()
        if getattr(value, "__module__", "") == api.__name__ and not name.startswith("_")
    }
    assert functions
    assert functions <= set(filterviz.__all__)
    assert all(getattr(filterviz, name) is getattr(api, name) for name in functions)


def test_a_type_checker_sees_every_name() -> None:
    """Names that are looked up late are imported for type checkers too; ``__getattr__`` alone would make them Any."""
    tree = ast.parse(PACKAGE.read_text(encoding="utf-8"))
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    assert set(filterviz.__all__) <= imported


def test_the_package_alone_loads_neither_the_service_nor_the_workers() -> None:
    """Child processes import the package too and must not load what only their parent needs."""
    program = "import sys, filterviz; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    rooms = {name.split(".")[1] for name in loaded if name.startswith("filterviz.")}
    assert rooms == {"_version", "errors", "settings", "spec"}


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="module 'filterviz' has no attribute 'open_modell'"):
        _ = filterviz.open_modell
