from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from motionprep.maths import spaces
from motionprep.motion import kinematics
from motionprep.motion.root import Root
from motionprep.motion.take import Take
from motionprep.stages.base import Bodies, Dropped
from motionprep.stages.translate import Translate


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


def positions(take: Take) -> np.ndarray:
    return kinematics.features(take.motion, ("positions",))["positions"]


def test_joints_and_markers_move_by_the_same_in_every_frame(make_take) -> None:
    take = make_take(markers=True)

    found = Translate(reach=0.3).apply(take, rng())

    joints = positions(found) - positions(take)
    markers = (found.markers.positions - take.markers.positions)[take.markers.visible]
    np.testing.assert_allclose(joints, np.broadcast_to(joints[0, 0], joints.shape), atol=1e-9)
    np.testing.assert_allclose(markers, np.broadcast_to(joints[0, 0], markers.shape), atol=1e-9)
    assert (joints[0, 0, 1], abs(joints[0, 0]).max() <= 300, joints[0, 0, 0] != joints[0, 0, 2]) == (0, True, True)


def test_markers_that_are_not_visible_stay_at_the_origin(make_take) -> None:
    found = Translate().apply(make_take(markers=True), rng()).markers

    assert not found.positions[~found.visible].any()


def test_rotations_stay(make_take) -> None:
    take = make_take()

    found = Translate(unit="take").apply(take, rng())

    np.testing.assert_array_equal(found.motion.rotations, take.motion.poses().rotations)


def test_it_can_be_undone(make_take) -> None:
    take = make_take(markers=True)
    found = Translate().apply(take, rng())

    back = spaces.change(found, spaces.inverse(found.steps[-1]))

    np.testing.assert_allclose(positions(back), positions(take), atol=1e-9)
    np.testing.assert_allclose(back.markers.positions, take.markers.positions, atol=1e-9)


def test_distances_are_uniform_on_the_axes_that_are_named() -> None:
    origins = Translate(reach=2, axes=("x", "y")).draw(rng(), Bodies(5000, 1.0, None, None)).step.origin

    assert not origins[:, 2].any()
    for axis in (0, 1):
        assert stats.kstest(origins[:, axis], stats.uniform(-2, 4).cdf).pvalue > 0.01


@pytest.mark.parametrize(("reach", "unit"), [(0.2, "m"), (20, "cm"), (200, "mm"), (200, "take")])
def test_a_reach_in_any_unit_is_the_same(reach: float, unit: str, make_take) -> None:
    take = make_take(markers=True)
    one, other = (stage.apply(take, rng()) for stage in (Translate(reach=reach, unit=unit), Translate(reach=0.2)))

    np.testing.assert_allclose(one.markers.positions, other.markers.positions, atol=1e-9)


def test_a_skeleton_alone_is_moved_where_its_unit_is_known(make_take) -> None:
    take = make_take()
    known = replace(take, facts={"metres_per_unit": 0.05})

    moved = abs(positions(Translate(reach=1).apply(known, rng())) - positions(take)).max()

    assert 0 < moved <= 20


def test_a_skeleton_of_an_unknown_unit_is_dropped(make_take) -> None:
    found = Translate().apply(make_take(), rng())

    assert found == Dropped("translate: it is not known how many m a unit of the take is")


def test_a_take_whose_root_is_kept_apart_is_dropped(make_take) -> None:
    take = replace(make_take(4), root=Root(np.zeros((4, 3)), np.broadcast_to(np.eye(3), (4, 3, 3))))

    assert Translate(unit="take").apply(take, rng()) == Dropped(
        "translate: the root is kept apart or features are made already; put translate before that"
    )


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"reach": 0.0}, "reach is 0.0; it must be above 0"),
        ({"unit": "ft"}, "unit is 'ft'; it is 'm', 'cm', 'mm' or 'take'"),
        ({"axes": ()}, "axes is []; name each of x, y and z at most once, and at least one"),
        ({"axes": ("x", "x")}, "axes is ['x', 'x']; name each of x, y and z at most once, and at least one"),
        ({"axes": ("w",)}, "axes is ['w']; name each of x, y and z at most once, and at least one"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong, message) -> None:
    with pytest.raises(ValueError, match=r"reach|unit|axes") as error:
        Translate(**wrong)

    assert str(error.value) == message
