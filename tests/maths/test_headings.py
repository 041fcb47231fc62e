"""Headings turn with the body, and are those of a body that was built to face a known way."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from motionprep.maths import headings

#: Left and right hip, left and right shoulder of a body that has y up and faces along z.
FACING_Z = np.array([[0.1, 1, 0], [-0.1, 1, 0], [0.2, 1.5, 0.1], [-0.2, 1.5, 0.1]])


@given(angle=st.floats(-3.1, 3.1))
def test_a_heading_turns_with_the_body(angle: float) -> None:
    turned = Rotation.from_euler("y", angle).apply(FACING_Z)

    assert headings.angles(turned[None], 1) == pytest.approx([angle], abs=1e-9)


@pytest.mark.parametrize("up", [0, 1, 2])
def test_the_axis_after_up_has_the_heading_zero(up: int) -> None:
    places = np.roll(FACING_Z, up - 1, axis=1)
    after = "xyz"[(up + 1) % 3]

    assert headings.angles(places[None], up) == pytest.approx([headings.of_axis(after, up)], abs=1e-12)
    assert headings.of_axis(f"-{after}", up) == pytest.approx(math.pi)
    assert headings.of_axis("xyz"[(up + 2) % 3], up) == pytest.approx(math.pi / 2)


def test_frames_without_all_landmarks_or_on_the_side_have_none() -> None:
    lying = Rotation.from_euler("z", 90, degrees=True).apply(FACING_Z)
    hidden = FACING_Z.copy()
    hidden[2] = np.nan

    assert headings.angles(np.stack([hidden, lying, FACING_Z]), 1) == pytest.approx([0.0], abs=1e-9)


def test_the_mean_goes_across_half_a_turn() -> None:
    found = headings.mean(np.radians([170.0, -170.0]))

    assert found is not None
    assert abs(found) == pytest.approx(math.pi)
    assert headings.mean(np.radians([0.0, 120.0, 240.0])) is None


@given(one=st.floats(-10, 10), other=st.floats(-10, 10))
def test_a_difference_is_the_shortest_turn(one: float, other: float) -> None:
    turn = headings.difference(one, other)

    assert abs(turn) <= math.pi
    assert math.cos(other + turn - one) == pytest.approx(1)
