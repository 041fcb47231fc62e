"""Numbers of the root are those of a walk that a formula describes, and lead back to it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.maths import root_motion

RATE = 50.0


def circle(frames: int = 100) -> tuple[np.ndarray, np.ndarray]:
    """Return a walk with y up on a circle of radius 2 at 0.5 radians a second, facing along it."""
    angles = 0.5 * np.arange(frames) / RATE
    # A heading is measured from z to x.
    places = np.stack([-2 * np.cos(angles), np.full(frames, 0.9), 2 * np.sin(angles)], axis=1)
    return places, angles


def test_a_walk_in_a_circle_goes_ahead_and_turns_evenly() -> None:
    found = root_motion.vectors(*circle(), 1, RATE, [])

    chord = 4 * np.sin(0.25 / RATE) * RATE
    np.testing.assert_allclose(found[:-1, 2], 0.5, atol=1e-9)
    np.testing.assert_allclose(found[:-1, 3], chord * np.cos(0.25 / RATE), atol=1e-9)
    np.testing.assert_allclose(found[:-1, 4], chord * np.sin(0.25 / RATE), atol=1e-9)
    np.testing.assert_allclose(found[:, 5], 0.9)


def test_the_trajectory_is_where_the_walk_is_then_as_seen_from_now() -> None:
    found = root_motion.vectors(*circle(), 1, RATE, [-0.4, 0.6])

    for at, time in ((6, -0.4), (10, 0.6)):
        turn = 0.5 * time
        seen = [2 * np.sin(turn), 2 - 2 * np.cos(turn), np.cos(turn), np.sin(turn)]
        np.testing.assert_allclose(found[30:60, at : at + 4], np.tile(seen, (30, 1)), atol=1e-9)


def test_before_the_first_and_after_the_last_frame_the_root_stands() -> None:
    found = root_motion.vectors(*circle(), 1, RATE, [-0.5, 0.5])

    np.testing.assert_allclose(found[0, 6:10], [0, 0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(found[-1, 10:14], [0, 0, 1, 0], atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1), up=st.integers(0, 2))
def test_places_and_headings_come_back(seed: int, up: int) -> None:
    rng = np.random.default_rng(seed)
    places, headings = np.cumsum(rng.normal(size=(40, 3)), axis=0), np.cumsum(rng.uniform(-2, 2, 40))
    start = float(places[0, (up + 1) % 3]), float(places[0, (up + 2) % 3])

    back, turned = root_motion.places(
        root_motion.vectors(places, headings, up, RATE, [0.1]), up, RATE, start, float(headings[0])
    )

    np.testing.assert_allclose(back, places, atol=1e-9)
    np.testing.assert_allclose(np.cos(turned - headings), 1, atol=1e-9)


@pytest.mark.parametrize("jump", [0.0, 2 * np.pi, -4 * np.pi])
def test_whole_turns_of_a_heading_do_not_matter(jump: float) -> None:
    places, headings = circle()
    jumping = headings + np.where(np.arange(100) > 50, jump, 0.0)

    np.testing.assert_allclose(
        root_motion.vectors(places, jumping, 1, RATE, [0.2]), root_motion.vectors(places, headings, 1, RATE, [0.2])
    )
