"""The phase says where in its gait a body is."""

from __future__ import annotations

import numpy as np

from motionprep.maths.gait import phases


def steps(*landings: tuple[int, str], frames: int = 60) -> np.ndarray:
    """Return contacts in which feet come down at some frames and touch the floor for four."""
    contacts = np.zeros((frames, 4), bool)
    for frame, side in landings:
        contacts[frame : frame + 4, 0 if side == "left" else 3] = True
    return contacts


def test_the_right_foot_comes_down_at_whole_turns_and_the_left_at_halves() -> None:
    found = phases(steps((10, "right"), (20, "left"), (30, "right"), (45, "left")))

    np.testing.assert_allclose(found[[10, 20, 30, 45]], np.array([0, 1, 2, 3]) * np.pi)


def test_it_goes_on_evenly_between_and_beyond_the_steps() -> None:
    found = phases(steps((10, "left"), (20, "right")))

    np.testing.assert_allclose(found, np.pi + (np.arange(60) - 10) * np.pi / 10)


def test_the_same_foot_again_is_a_whole_turn() -> None:
    found = phases(steps((10, "right"), (40, "right")))

    np.testing.assert_allclose(found[[10, 25, 40]], [0, np.pi, 2 * np.pi])


def test_who_takes_no_two_steps_has_no_phase() -> None:
    assert phases(steps((10, "right"))) is None
    assert phases(np.ones((60, 4), bool)) is None
