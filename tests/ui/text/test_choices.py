"""Every choice has words."""

from __future__ import annotations

from filterviz.spec import OBJECTIVES, RECIPES, Flag, ModelSpec, PixelRange
from filterviz.ui.text import captions, choices


def test_every_choice_has_words() -> None:
    for choice in PixelRange:
        assert choices.pixel_range(choice)
    for flag in Flag:
        assert captions.flag(flag).endswith(".")
    assert len({choices.recipe(name) for name in RECIPES}) == len(RECIPES)
    assert len({choices.objective(name) for name in OBJECTIVES}) == len(OBJECTIVES)


def test_the_guess_of_the_pixel_range_says_where_a_recipe_does_not_follow_it() -> None:
    spec = ModelSpec("m", (), (), (), (), pixel_range=PixelRange.SIGNED, pixel_range_reason="it says so")
    guess = "Our guess for this network: -1 to 1, since it says so."
    assert choices.pixel_range_guess(spec, RECIPES["natural"]) == guess
    assert choices.pixel_range_guess(spec, RECIPES["classic"]).startswith(
        f"{guess} Automatic feeds the classic recipe's"
    )
