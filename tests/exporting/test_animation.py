from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.exporting import animation
from motionprep.motion import kinematics, rotations
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.take import Take


def poses(make_take: Callable[..., Take]) -> Poses:
    motion = make_take().motion
    assert motion is not None
    return motion.poses()


def test_places_in_parents_frames_are_those_that_gave_the_positions(make_take: Callable[..., Take]) -> None:
    body = poses(make_take)
    positions = kinematics.features(body, ("positions",))["positions"]

    found = animation.translations(body.skeleton, body.rotations, positions)

    np.testing.assert_allclose(found, body.translations, atol=1e-9)


@pytest.mark.parametrize("form", ["rotations", "quaternions", "rotations_6d", "global_rotations", "apart"])
def test_local_rotations_come_from_any_form(make_take: Callable[..., Take], form: str) -> None:
    body = poses(make_take)
    local = body.rotations
    arrays = {
        "rotations": {"rotations": local.reshape(len(local), -1)},
        "quaternions": {"quaternions": 2 * rotations.to_quaternion(local)},
        "rotations_6d": {"rotations_6d": rotations.to_6d(local)},
        "global_rotations": kinematics.features(body, ("global_rotations",)),
        "apart": {"rotations": local[:, 1:], "root_rotation": local[:, 0]},
    }

    found = animation.local_rotations(arrays[form], body.skeleton)

    np.testing.assert_allclose(found, local, atol=1e-9)


def test_rotations_without_the_roots_are_none(make_take: Callable[..., Take]) -> None:
    body = poses(make_take)
    assert animation.local_rotations({"rotations": body.rotations[:, 1:]}, body.skeleton) is None


@given(st.data())
def test_any_rotation_and_place_can_be_expressed_by_channels(
    motions: st.SearchStrategy[Motion], data: st.DataObject
) -> None:
    motion = data.draw(motions)
    shape = (motion.frames, len(motion.skeleton.joints))
    rng = np.random.default_rng(data.draw(st.integers(0, 100)))
    matrices = rotations.nearest(rng.normal(size=(*shape, 3, 3)))
    places = rng.normal(0, 50, (*shape, 3))

    made, expected = animation.turning(motion.skeleton, motion.rate, matrices, places)

    np.testing.assert_allclose(made.rotations(), matrices, atol=1e-9)
    np.testing.assert_allclose(made.positions(), expected, atol=1e-6)
    told = kinematics.features(Poses(motion.skeleton, places, matrices, motion.rate), ("positions",))["positions"]
    np.testing.assert_allclose(expected, told, atol=1e-2)


def test_angles_do_not_jump_by_whole_turns(make_take: Callable[..., Take]) -> None:
    body = poses(make_take)
    angles = np.linspace(0, 3 * np.pi, 200)
    turn = rotations.from_euler(angles[:, None], [2])
    matrices = np.broadcast_to(np.eye(3), (200, 5, 3, 3)).copy()
    matrices[:, 1] = turn
    places = np.broadcast_to(body.skeleton.node_offsets[:5], (200, 5, 3))

    made, _ = animation.turning(body.skeleton, 120, matrices, places)

    assert np.abs(np.diff(made.channels, axis=0)).max() < 10


def test_positions_alone_come_back_from_joints_that_move(make_take: Callable[..., Take]) -> None:
    body = poses(make_take)
    positions = kinematics.features(body, ("positions",))["positions"]

    made = animation.moving(body.skeleton, 120, positions)

    assert made.skeleton.joints == body.skeleton.nodes
    np.testing.assert_allclose(made.positions()[:, : len(body.skeleton.nodes)], positions, atol=1e-9)


def test_positions_of_other_nodes_are_refused(make_take: Callable[..., Take]) -> None:
    with pytest.raises(ValueError, match=r"positions have shape \(4, 3, 3\); expected \(frames, 7, 3\)"):
        animation.moving(poses(make_take).skeleton, 120, np.zeros((4, 3, 3)))
