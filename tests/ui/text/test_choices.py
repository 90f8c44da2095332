"""Every choice has words."""

from __future__ import annotations

from filterviz.spec import Flag, PixelRange
from filterviz.ui.text import captions, choices


def test_every_choice_has_words() -> None:
    for choice in PixelRange:
        assert choices.pixel_range(choice)
    for flag in Flag:
        assert captions.flag(flag).endswith(".")
