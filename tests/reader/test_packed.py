"""Arrays made from several in the file: what does not fit together is refused."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.packed import Packed, Unfit, need


def array(values: Any, path: str = "weights") -> Any:
    found = np.asarray(values, np.float32)
    return SimpleNamespace(path=path, shape=found.shape, read=lambda: found)


def unfit(*_: object) -> NDArray[np.float32]:
    raise Unfit


def test_the_sources_are_handed_over_in_their_order() -> None:
    packed = Packed((array([6, 8]), array(2)), lambda values, scale: values / scale, (2,))
    found = packed.read()
    assert found.tolist() == [3, 4]
    assert found.dtype == np.float32
    assert found.flags.c_contiguous


@pytest.mark.parametrize("make", [unfit, lambda values: values[:1]])
def test_what_makes_no_sense_is_refused_with_the_path(make: Callable[..., NDArray[np.float32]]) -> None:
    with pytest.raises(Refused, match="'dense/kernel'") as refused:
        Packed((array([1, 2], "dense/kernel"),), make, (2,)).read()
    assert refused.value.code is RefusalCode.MISMATCHED_WEIGHTS


def test_numbers_that_are_not_finite_are_no_error_here() -> None:
    assert np.isinf(Packed((array([1.0]), array([0.0])), lambda one, two: one / two, (1,)).read()).all()


def test_an_array_is_needed_in_one_of_its_shapes() -> None:
    roles = {"kernel": array(np.zeros((2, 3)))}
    assert need(roles, "kernel", (3, 2), (2, 3)) is roles["kernel"]
    for name, shape in (("kernel", (3, 2)), ("bias", (2, 3))):
        with pytest.raises(Unfit):
            need(roles, name, shape)
