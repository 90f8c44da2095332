"""Files come in as long as there is room for them."""

from __future__ import annotations

import pytest

from filterviz.ui.upload_budget import FRAMING, UploadBudget

MB = 10**6


@pytest.fixture
def held() -> dict[str, int]:
    return {}


@pytest.fixture
def budget(held: dict[str, int]) -> UploadBudget:
    return UploadBudget(10 * MB, 25 * MB, lambda: held)


def test_the_largest_file_comes_in_with_its_framing(budget: UploadBudget) -> None:
    assert budget.begin("a", 10 * MB + FRAMING) == 0
    assert UploadBudget(10 * MB, 25 * MB, dict).begin("a", 10 * MB + FRAMING + 1) == 413


def test_a_session_has_room_for_so_much_at_a_time(budget: UploadBudget, held: dict[str, int]) -> None:
    assert budget.begin("a", 6 * MB) == 0
    assert budget.begin("a", 6 * MB) == 413, "on its way beside another"
    budget.end("a", 6 * MB)
    held["a"] = 6 * MB
    assert budget.begin("a", 6 * MB) == 413, "beside one that no page has taken"
    held.clear()
    assert budget.begin("a", 6 * MB) == 0


def test_all_sessions_together_have_room_for_so_much(budget: UploadBudget, held: dict[str, int]) -> None:
    held["away"] = 9 * MB
    assert budget.begin("a", 9 * MB) == 0
    assert budget.begin("b", 9 * MB) == 503
    budget.end("a", 9 * MB)
    assert budget.begin("b", 9 * MB) == 0


def test_nothing_is_remembered_of_sessions_that_are_done(budget: UploadBudget) -> None:
    budget.begin("a", MB)
    budget.end("a", MB)
    assert not budget._coming
