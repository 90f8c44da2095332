from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from filterviz.spec.names import LONGEST_NAME, plain, printable

HARMFUL = "\u202e\u2066\u200b\n\r\t\0\x1b\x9b\ud800\ufeff\u2028\ue000"


@given(st.text(st.characters() | st.sampled_from(HARMFUL), max_size=200), st.integers(1, 100))
def test_a_plain_name_is_bounded_and_has_no_character_that_hides_or_commands(name: str, longest: int) -> None:
    made = plain(name, longest)
    assert len(made) == min(len(name), longest)
    assert not {unicodedata.category(character)[0] for character in made} & {"C"}
    assert not set(made) & set(HARMFUL)


def test_a_long_name_says_that_it_goes_on() -> None:
    assert plain("x" * LONGEST_NAME) == "x" * LONGEST_NAME
    assert plain("x" * (LONGEST_NAME + 1)) == "x" * (LONGEST_NAME - 1) + "…"


@given(st.text(st.characters() | st.sampled_from(HARMFUL), max_size=200))
def test_printable_text_is_as_long_as_it_was_and_printable(text: str) -> None:
    assert len(printable(text)) == len(text)
    assert printable(text).isprintable()


def test_what_is_harmless_stays() -> None:
    assert plain("卷积 conv-1 ✓") == printable("卷积 conv-1 ✓") == "卷积 conv-1 ✓"
