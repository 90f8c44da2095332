from __future__ import annotations

import argparse

import pytest

from filterviz.cli.arguments import filter_numbers, join_pixel_range


@pytest.mark.parametrize(("text", "filters"), [("0-3,7", (0, 1, 2, 3, 7)), ("5", (5,)), ("all", ()), ("1,1", (1,))])
def test_filters(text: str, filters: tuple[int, ...]) -> None:
    assert filter_numbers(text) == filters


@pytest.mark.parametrize("text", ["", "a", "3-1", "-2", "1;2", "1-"])
def test_filters_that_make_no_sense(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="does not say which filters"):
        filter_numbers(text)


@pytest.mark.parametrize(
    ("given", "joined"),
    [
        ([], []),
        (["--pixel-range", "-1-1"], ["--pixel-range=-1-1"]),
        (["--pixel-range"], ["--pixel-range"]),
        (["a.h5", "--pixel-range", "0-1", "--json"], ["a.h5", "--pixel-range=0-1", "--json"]),
    ],
)
def test_the_value_of_the_pixel_range_is_joined_to_it(given: list[str], joined: list[str]) -> None:
    assert join_pixel_range(given) == joined
