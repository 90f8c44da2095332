"""A curve goes through its values, and through nothing else."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from filterviz.ui.curve import WIDTH, points
from filterviz.ui.templates import render


@given(st.lists(st.floats(width=32), max_size=30), st.integers(10, 100))
def test_every_finite_value_is_a_point_within_the_box(values: list[float], height: int) -> None:
    found = points(values, height)
    finite = [index for index, value in enumerate(values) if math.isfinite(value)]
    assert list(found) == (finite if len(finite) > 1 else [])
    assert all(0 <= x <= WIDTH and 0 <= y <= height for x, y in found.values())


def test_larger_values_are_higher_and_what_lies_beyond_is_at_the_border() -> None:
    assert points([1.0, 3.0, 2.0], 80) == {0: (0.0, 80.0), 1: (160.0, 0.0), 2: (320.0, 40.0)}
    assert points([0.0, 9.0, 0.75], 80, 0.5, 1.0) == {0: (0.0, 80.0), 1: (160.0, 0.0), 2: (320.0, 40.0)}
    assert points([5.0, 5.0], 80) == {0: (0.0, 80.0), 1: (320.0, 80.0)}, "a flat line is no division by zero"


def test_the_image_is_well_formed_and_marks_what_is_to_be_marked() -> None:
    space = "{http://www.w3.org/2000/svg}"
    marked = ET.fromstring(render("curve.svg", "curve", WIDTH, 80, [(0.0, 80.0), (320.0, 0.04)], (320.0, 0.04)))
    line, circle = marked.find(f"{space}polyline"), marked.find(f"{space}circle")
    assert line is not None
    assert line.attrib["points"].split() == ["0.0,80.0", "320.0,0.0"]
    assert circle is not None
    assert (circle.attrib["cx"], circle.attrib["cy"]) == ("320.0", "0.0")
    bare = ET.fromstring(render("curve.svg", "curve", WIDTH, 80, [(0.0, 80.0), (320.0, 0.0)], None))
    assert bare.find(f"{space}circle") is None
