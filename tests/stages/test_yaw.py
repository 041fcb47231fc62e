from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.transform import Rotation

from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.root import Root
from motionprep.motion.take import Take
from motionprep.stages.base import Bodies, Dropped
from motionprep.stages.yaw import Yaw


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def positions(take: Take) -> np.ndarray:
    return kinematics.features(take.motion, ("positions",))["positions"]


@pytest.mark.parametrize("up", ["x", "y", "z"])
def test_joints_root_and_markers_turn_by_the_angle_that_is_written_down(up: str, make_take) -> None:
    take = make_take(markers=True)

    found = Yaw(up=up).apply(take, rng())

    turn = Rotation.from_euler(up, found.facts["yaw"], degrees=True).as_matrix()
    before, after = take.motion.poses(), found.motion
    np.testing.assert_allclose(positions(found), positions(take) @ turn.T, atol=1e-9)
    np.testing.assert_allclose(after.rotations[:, 0], turn @ before.rotations[:, 0], atol=1e-12)
    np.testing.assert_array_equal(after.rotations[:, 1:], before.rotations[:, 1:])
    np.testing.assert_allclose(found.markers.positions, take.markers.positions @ turn.T, atol=1e-9)


def test_corrupted_markers_turn_too(make_take) -> None:
    take = make_take(markers=True)

    found = Yaw().apply(replace(take, corrupt=take.markers), rng())

    np.testing.assert_array_equal(found.corrupt.positions, found.markers.positions)


def test_it_can_be_undone(make_take) -> None:
    take = make_take(markers=True)
    found = Yaw().apply(take, rng())

    back = spaces.change(found, spaces.inverse(found.steps[-1]))

    np.testing.assert_allclose(positions(back), positions(take), atol=1e-9)
    np.testing.assert_allclose(back.markers.positions, take.markers.positions, atol=1e-9)


@pytest.mark.parametrize("most", [180.0, 30.0])
def test_any_angle_is_as_likely_as_any_other(most: float) -> None:
    axes = Yaw(most=most).draw(rng(), Bodies(5000, None, None, None)).step.axes
    angles = np.degrees(np.arctan2(axes[:, 2, 0], axes[:, 0, 0]))

    assert stats.kstest(angles, stats.uniform(-most, 2 * most).cdf).pvalue > 0.01


def test_copies_differ(make_take) -> None:
    one, other = (Yaw().apply(make_take(), rng(seed)).facts["yaw"] for seed in (1, 2))

    assert one != other


def test_a_take_whose_root_is_kept_apart_is_dropped(make_take) -> None:
    take = replace(make_take(4), root=Root(np.zeros((4, 3)), np.broadcast_to(np.eye(3), (4, 3, 3))))

    assert Yaw().apply(take, rng()) == Dropped(
        "yaw: the root is kept apart or features are made already; put yaw before that"
    )


def test_a_take_with_features_is_dropped(make_take) -> None:
    assert isinstance(Yaw().apply(replace(make_take(4), arrays={"root_velocity": np.zeros((4, 3))}), rng()), Dropped)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"most": 0.0}, "most is 0.0; it must be above 0 and at most 180 degrees"),
        ({"most": 181.0}, "most is 181.0; it must be above 0 and at most 180 degrees"),
        ({"up": "w"}, "up is 'w'; it is 'x', 'y' or 'z'"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"most|up") as error:
        Yaw(**wrong)

    assert str(error.value) == message
