"""Poses of other joints against a plain twin: means of positions, and rotations of one node, in the world."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.maths.assembly import assemble
from motionprep.motion import kinematics
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import POSITION_CHANNELS, EndSite, Skeleton
from motionprep.naming.canonical import Part

WORLD = ("positions", "global_rotations")


@st.composite
def parts_of(draw: st.DrawFn, skeleton: Skeleton) -> tuple[Part, ...]:
    node = st.integers(0, len(skeleton.nodes) - 1)
    count = draw(st.integers(1, 5))
    return tuple(
        Part(
            f"joint {row}",
            draw(st.integers(0, row - 1)) if row else -1,
            tuple(draw(st.lists(node, min_size=1, max_size=3, unique=True))),
            draw(node),
        )
        for row in range(count)
    )


@settings(max_examples=60)
@given(st.data())
def test_joints_are_in_the_middle_of_their_nodes_and_turned_like_one(motions, data: st.DataObject) -> None:
    motion: Motion = data.draw(motions)
    parts = data.draw(parts_of(motion.skeleton))
    before = kinematics.features(motion, WORLD)
    joints = [
        motion.skeleton.node_parents[n] if n >= len(motion.skeleton.joints) else n for n in (p.turn for p in parts)
    ]

    after = kinematics.features(assemble(motion, parts), WORLD)

    reach = max(1.0, float(np.abs(before["positions"]).max()))
    for row, (part, joint) in enumerate(zip(parts, joints, strict=True)):
        middle = sum(before["positions"][:, node] for node in part.nodes) / len(part.nodes)
        np.testing.assert_allclose(after["positions"][:, row], middle, rtol=0, atol=1e-11 * reach)
        np.testing.assert_allclose(after["global_rotations"][:, row], before["global_rotations"][:, joint], atol=1e-12)


@settings(max_examples=40)
@given(st.data())
def test_offsets_and_rotations_suffice_for_joints_that_have_no_position_channels(motions, data: st.DataObject) -> None:
    motion: Motion = data.draw(motions)
    poses = assemble(motion, data.draw(parts_of(motion.skeleton)))
    reach = max(1.0, float(np.abs(motion.positions()).max()))

    for row, channels in enumerate(poses.skeleton.channels):
        if not {*channels} & {*POSITION_CHANNELS}:
            steps = np.broadcast_to(poses.skeleton.offsets[row], (poses.frames, 3))
            np.testing.assert_allclose(poses.translations[:, row], steps, rtol=0, atol=1e-11 * reach)


def test_the_rest_pose_is_that_of_the_file(make_take) -> None:
    motion = make_take().motion
    rest = Motion(motion.skeleton, np.zeros((1, len(motion.skeleton.channel_names))), 120.0)
    parts = (Part("Root", -1, (1, 3), 0), Part("Tip", 0, (5,), 2))

    skeleton = assemble(motion, parts).skeleton

    # LeftLeg has an Xposition channel, which takes the place of its offset in the zeros of `rest`.
    places = rest.positions()[0] + np.array(
        [(0, 0, 0), (0, 0, 0), (0, 0, 0), (1, 0, 0), (1, 0, 0), (0, 0, 0), (1, 0, 0)]
    )
    assert skeleton.offsets == (tuple(places[[1, 3]].mean(axis=0)), tuple(places[5] - places[[1, 3]].mean(axis=0)))
    assert skeleton.end_sites == ()


@pytest.mark.parametrize(
    ("parts", "moves"),
    [
        pytest.param([Part("A", -1, (0,), 0), Part("B", 0, (1,), 1)], False, id="a child"),
        pytest.param([Part("A", -1, (0,), 0), Part("B", 0, (0,), 1)], False, id="the same"),
        pytest.param([Part("A", -1, (2,), 2), Part("B", 0, (5,), 5)], False, id="an End Site"),
        pytest.param([Part("A", -1, (0, 1), 0), Part("B", 0, (1,), 1)], False, id="on the way to a child"),
        pytest.param([Part("A", -1, (0,), 0), Part("B", 0, (2,), 2)], True, id="a grandchild"),
        pytest.param([Part("A", -1, (0,), 1), Part("B", 0, (1,), 1)], True, id="a parent that turns with another"),
        pytest.param([Part("A", -1, (0,), 0), Part("B", 0, (3,), 3)], True, id="a child with position channels"),
    ],
)
def test_a_joint_that_does_not_stay_in_its_parents_frame_has_position_channels(
    make_take, parts: list[Part], moves: bool
) -> None:
    skeleton = assemble(make_take().motion, parts).skeleton

    assert ({*POSITION_CHANNELS} <= {*skeleton.channels[1]}) == moves


def test_poses_are_taken_as_motions_are(make_take) -> None:
    motion = make_take().motion
    parts = [Part("A", -1, (0,), 0), Part("B", 0, (2, 4), 4)]

    poses, found = assemble(motion, parts), assemble(motion.poses(), parts)

    np.testing.assert_allclose(found.translations, poses.translations, atol=1e-12)
    np.testing.assert_allclose(found.rotations, poses.rotations, atol=1e-12)


def test_it_can_be_done_again(make_take) -> None:
    parts = [Part("Hips", -1, (0,), 0), Part("Head", 0, (2,), 2)]
    first = assemble(make_take().motion, parts)

    again = assemble(first, [Part("Hips", -1, (0,), 0), Part("Head", 0, (1,), 1)])

    np.testing.assert_allclose(again.translations, first.translations, atol=1e-12)


def test_a_skeleton_of_one_joint_and_tips_is_enough() -> None:
    skeleton = Skeleton(("Root",), (-1,), ((0.0, 0.0, 0.0),), (EndSite(0, (0.0, 1.0, 0.0)),), ((),))
    poses = Poses(skeleton, np.ones((1, 1, 3)), np.eye(3)[None, None], 30.0)

    made = assemble(poses, [Part("Tip", -1, (1,), 1)])

    assert made.translations.tolist() == [[[1.0, 2.0, 1.0]]]
