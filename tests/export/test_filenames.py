from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from filterviz.export.filenames import slug, slugs


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("block1_conv1", "block1_conv1"),
        ("vgg16/block5_conv1", "vgg16_block5_conv1"),
        ("a\\b:c", "a_b_c"),
        (".hidden", "hidden"),
        ("..", "layer"),
        ("\u202egnp.exe", "gnp.exe"),
        ("tab\tnew\nline\x00nul", "tab_new_line_nul"),
        ("卷积层", "卷积层"),
        ("con", "_con"),
        ("NUL.png", "_NUL.png"),
        ("\ud800", "layer"),
    ],
)
def test_hostile_names_become_plain_ones(name: str, safe: str) -> None:
    assert slug(name) == safe


@given(st.lists(st.text(max_size=12) | st.text("aA/_\\.", max_size=4), max_size=20))
def test_no_two_layers_share_a_file_and_every_file_can_be_made(names: list[str]) -> None:
    given = slugs([*names, "long/" * 1000])
    made = list(given.values())
    assert len({name.casefold() for name in made}) == len(given)
    for name in made:
        assert 0 < len(f"{name}_pattern.png".encode()) <= 255
        assert not set(name) & set('/\\:*?"<>|\0')
        assert name.isprintable()
        assert not name.startswith((".", "-"))
