from __future__ import annotations

import pytest

from filterviz.errors import RefusalCode, Refused
from filterviz.workers.parent.quarantine import Quarantine


def test_two_deaths_and_no_more() -> None:
    quarantine = Quarantine()
    quarantine.check("a")
    quarantine.record_death("a")
    quarantine.check("a")
    quarantine.record_death("a")
    quarantine.check("b")
    with pytest.raises(Refused, match="2 times") as refusal:
        quarantine.check("a")
    assert refusal.value.code is RefusalCode.DAMAGED
    assert refusal.value.hint
