"""Differences of frames are the derivatives of motions that a formula describes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from motionprep.maths import differences

RATE = 30.0
TIME = np.arange(20) / RATE
SCHEMES = ["backward", "central", "forward"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_moves_evenly_has_one_velocity(scheme: str) -> None:
    places = TIME[:, None] * [2.0, -1.0, 0.5] + 3

    np.testing.assert_allclose(differences.first(places, RATE, scheme), np.tile([2.0, -1.0, 0.5], (20, 1)), atol=1e-12)


@pytest.mark.parametrize(("scheme", "lag"), [("backward", -0.5), ("central", 0.0), ("forward", 0.5)])
def test_the_velocity_of_a_fall_is_that_between_the_frames_it_is_of(scheme: str, lag: float) -> None:
    found = differences.first((-4.905 * TIME**2)[:, None], RATE, scheme)

    np.testing.assert_allclose(found[1:-1, 0], -9.81 * (TIME + lag / RATE)[1:-1], atol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_acceleration_of_a_fall_is_that_of_gravity_in_all_frames(scheme: str) -> None:
    found = differences.second((-4.905 * TIME**2)[:, None], RATE, scheme)

    np.testing.assert_allclose(found, np.full((20, 1), -9.81), atol=1e-9)


@pytest.mark.parametrize(("scheme", "lag"), [("backward", -1), ("central", 0), ("forward", 1)])
def test_the_acceleration_of_a_cube_is_that_of_the_frame_in_the_middle(scheme: str, lag: int) -> None:
    found = differences.second((TIME**3)[:, None], RATE, scheme)

    np.testing.assert_allclose(found[2:-2, 0], 6 * (TIME + lag / RATE)[2:-2], atol=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("axis", [[0.0, 3.0, 0.0], [1.0, -2.0, 0.5]])
def test_a_top_spins_about_its_axis_at_its_speed(scheme: str, axis: list[float]) -> None:
    tilted = Rotation.from_euler("xz", [0.3, -1.0])
    matrices = (Rotation.from_rotvec(TIME[:, None] * axis) * tilted).as_matrix()[:, None]

    np.testing.assert_allclose(differences.spins(matrices, RATE, scheme), np.tile([axis], (20, 1, 1)), atol=1e-9)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_clips_are_each_by_themselves(scheme: str) -> None:
    one, other = np.sin(TIME)[:, None], np.cos(3 * TIME)[:, None]
    both = np.concatenate([one, other])

    for derivative in (differences.first, differences.second):
        apart = np.concatenate([derivative(part, RATE, scheme) for part in (one, other)])
        np.testing.assert_array_equal(derivative(both, RATE, scheme, 20), apart)
