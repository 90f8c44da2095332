"""No operation of Keras is left out because nobody looked: each is rebuilt, or declared not to be, with the reason."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from typing import Any

import keras
import keras.src.ops
import pytest
from keras.src.ops.operation import Operation

from filterviz.engine.constructors import FUNCTIONS as OPERATIONS
from filterviz.engine.function_tables import ALONG, FUNCTIONS, PAIRS, REDUCTIONS
from filterviz.layers import KINDS, LAYERS, OPERATION_KINDS
from filterviz.reader.operations import KERAS, SHARED, TENSORFLOW
from filterviz.reader.operations.arithmetic import COMPARISONS, LOGICAL
from filterviz.reader.operations.elementwise import TRUTHS
from filterviz.reader.operations.names import plain_name
from filterviz.reader.operations.unknown import DECLARED, NO_OPERATIONS, WHY

SPACES = ("ops", "ops.nn", "ops.numpy", "ops.image", "ops.linalg")
NOT_BY_ARGUMENT = {"name", "self", "args", "kwargs"}


def classes() -> dict[str, Any]:
    """Return the classes that Keras writes into files for its operations."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(keras.src.ops.__path__, "keras.src.ops."):
        if module.name.endswith("_test"):
            continue
        members = vars(importlib.import_module(module.name))
        found |= {
            name: member
            for name, member in members.items()
            if inspect.isclass(member) and issubclass(member, Operation) and member.__module__ == module.name
        }
    return found


CLASSES = classes()


def functions() -> list[str]:
    spaces = [keras.ops, keras.ops.nn, keras.ops.numpy, keras.ops.image, keras.ops.linalg]
    return sorted({name for space in spaces for name in dir(space) if not name.startswith("_")})


@pytest.mark.parametrize("name", functions())
def test_every_function_is_rebuilt_or_declared_not_to_be(name: str) -> None:
    lists = [plain_name(name) in KERAS, plain_name(name) in DECLARED, name in NO_OPERATIONS]
    assert sum(lists) == 1, "a new operation of Keras: rebuild it, or declare it in reader/operations/unknown.py"


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_class_is_rebuilt_or_declared_not_to_be(name: str) -> None:
    assert (name.lower() in KERAS) + (name.lower() in DECLARED) == 1


@pytest.mark.parametrize("name", sorted(name for name in CLASSES if name.lower() in KERAS))
def test_every_argument_is_known(name: str) -> None:
    """All arguments of a class and of its call are in the operation's own list; any other would cut the network."""
    known = KERAS[name.lower()]
    names = {*known.positions, *known.others}
    made = inspect.signature(CLASSES[name].__init__).parameters
    called = inspect.signature(CLASSES[name].call).parameters
    assert {*made, *called} - NOT_BY_ARGUMENT <= names
    positional = [one for one in called if one != "self"]
    assert positional == list(known.positions[: len(positional)])


def test_names_that_layers_and_operations_share() -> None:
    assert {name for name in CLASSES if name in LAYERS} == SHARED


def test_what_is_declared_exists() -> None:
    """A few names are left, which some versions of Keras no longer have, or do not have yet."""
    known = {plain_name(name) for name in (*functions(), *CLASSES)}
    assert len([name for name in DECLARED if name not in known]) <= 12
    assert not {name for name in WHY if not WHY[name]}


def test_nothing_is_rebuilt_and_declared() -> None:
    assert not set(KERAS) & set(DECLARED)


def test_the_engine_has_a_function_for_every_kind() -> None:
    assert set(OPERATIONS) >= OPERATION_KINDS
    assert set(KINDS) >= OPERATION_KINDS
    assert not OPERATION_KINDS & LAYERS
    assert set(FUNCTIONS) >= TRUTHS
    assert set(PAIRS) >= COMPARISONS | LOGICAL
    assert {"cumsum", "cumprod", "log_softmax", "sparsemax"} == set(ALONG)
    assert {"mean", "max", "min", "sum", "prod", "std", "var", "logsumexp"} <= set(REDUCTIONS)


def test_names_of_tensorflow_are_plain() -> None:
    assert [name for name in TENSORFLOW if name != name.lower() or "_" in name] == []
