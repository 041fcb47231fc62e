"""Words for units of length."""

from __future__ import annotations

import pytest

from motionprep.naming.units import metres_of


@pytest.mark.parametrize(
    ("word", "metres"),
    [
        ("m", 1.0),
        ("mete", 1.0),
        ("Meters", 1.0),
        ("METRES", 1.0),
        ("cm", 0.01),
        ("[MM]", 0.001),
        ("mill", 0.001),
        ("millimeters", 0.001),
        ("inches", 0.0254),
        ("in.", 0.0254),
        ("feet", 0.3048),
    ],
)
def test_a_unit_is_understood_in_each_way_that_programs_write_it(word: str, metres: float) -> None:
    assert metres_of(word) == metres


@pytest.mark.parametrize("word", ["", "furlong", "me", "deg", "N", "x" * 10_000])
def test_any_other_word_is_no_unit(word: str) -> None:
    assert metres_of(word) is None
