"""The errors of parsers become refusals, and nothing else does."""

from __future__ import annotations

import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.reader.damage import damage_refused, outside


@pytest.mark.parametrize("error", [ValueError("x"), KeyError("x"), RecursionError(), AssertionError()])
def test_whatever_a_parser_raises_is_damage(error: Exception) -> None:
    with pytest.raises(Refused) as refused, damage_refused("conv/kernel"):
        raise error
    assert (refused.value.code, refused.value.where) == (RefusalCode.DAMAGED, "conv/kernel")
    assert refused.value.__cause__ is error


def test_a_lack_of_memory_is_no_damage() -> None:
    with pytest.raises(Refused) as refused, damage_refused(errors=(ValueError,)):
        raise MemoryError
    assert refused.value.code is RefusalCode.TOO_LARGE


def test_refusals_pass_as_they_are() -> None:
    with pytest.raises(Refused) as refused, damage_refused():
        raise outside("conv/kernel")
    assert refused.value.code is RefusalCode.OUTSIDE_DATA
    assert "'conv/kernel'" in refused.value.what


def test_other_errors_pass_where_the_parsers_are_listed() -> None:
    with pytest.raises(KeyError), damage_refused(errors=(ValueError,)):
        raise KeyError("x")
