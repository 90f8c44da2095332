from __future__ import annotations

import json

import pytest

from filterviz import errors


def test_the_tree_in_the_docstring_is_the_tree_there_is() -> None:
    assert errors.__doc__ is not None
    for name in ("Refused", "BadRequest", "WeightsUnavailable", "EngineFailed", "TimedOut", "Stopped"):
        assert issubclass(getattr(errors, name), errors.FiltervizError)
        assert name in errors.__doc__
    assert issubclass(errors.TimedOut, errors.EngineFailed)


@pytest.mark.parametrize("code", errors.RefusalCode)
def test_a_refusal_survives_json(code: errors.RefusalCode) -> None:
    refusal = errors.Refused(code, "It is broken.", "model_config", "Save it again.")
    again = errors.Refused.from_json(json.loads(json.dumps(refusal.to_json())))
    assert (again.code, again.what, again.where, again.hint) == (
        code,
        "It is broken.",
        "model_config",
        "Save it again.",
    )
    assert str(again) == "It is broken. Save it again."
