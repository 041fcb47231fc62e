"""Bodies whose root stands still, and the joint that carries them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.maths.rooting import first_that_moves, rooted
from motionprep.motion import kinematics
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Skeleton

SIX = POSITION_CHANNELS + ROTATION_CHANNELS
SKELETON = Skeleton(
    ("Root", "Hips", "Spine", "Leg"),
    (-1, 0, 1, 1),
    ((0.0, 0.0, 0.0), (0.0, 9.0, 0.0), (0.0, 1.0, 0.0), (1.0, -1.0, 0.0)),
    (EndSite(2, (0.0, 2.0, 0.0)), EndSite(0, (5.0, 0.0, 0.0))),
    (SIX, SIX, ROTATION_CHANNELS, ROTATION_CHANNELS),
)


def motion(*moving: int, frames: int = 5, skeleton: Skeleton = SKELETON) -> Motion:
    """Return a motion in which some joints move and the others keep a place and turn of their own."""
    rng = np.random.default_rng(3)
    values = np.tile(rng.normal(scale=30, size=len(skeleton.channel_names)), (frames, 1))
    starts = np.cumsum([0, *map(len, skeleton.channels)])
    for joint in moving:
        values[:, starts[joint] : starts[joint + 1]] += rng.normal(
            scale=9, size=(frames, len(skeleton.channels[joint]))
        )
    return Motion(skeleton, values, 30.0)


@pytest.mark.parametrize(
    ("moving", "first"),
    [((0, 1, 2, 3), "Root"), ((0,), "Root"), ((1, 2), "Hips"), ((1,), "Hips"), ((2, 3), "Root"), ((), "Root")],
)
def test_the_first_joint_that_moves_is_looked_for_down_to_where_the_skeleton_branches(
    moving: tuple[int, ...], first: str
) -> None:
    assert first_that_moves(motion(*moving)) == first
    assert first_that_moves(motion(*moving).poses()) == first


def test_a_joint_that_comes_back_to_where_it_began_has_moved() -> None:
    there = motion(1).channels
    assert first_that_moves(Motion(SKELETON, np.concatenate([there, there[::-1]]), 30.0)) == "Hips"


def test_one_frame_moves_nothing() -> None:
    assert first_that_moves(motion(1, frames=1)) == "Root"


@settings(max_examples=25)
@given(st.sampled_from(["Root", "Hips", "Spine", "Leg"]))
def test_what_hangs_from_the_new_root_stays_where_it_was_in_the_world(root: str) -> None:
    whole = motion(0, 1, 2, 3)
    some = rooted(whole.poses(), root)
    assert some.skeleton.joints[0] == root
    rows = [SKELETON.nodes.index(node) for node in some.skeleton.nodes]
    joints = [SKELETON.joints.index(joint) for joint in some.skeleton.joints]
    names = ("positions", "global_rotations")
    now, before = kinematics.features(some, names), kinematics.features(whole, names)
    np.testing.assert_allclose(now["positions"], before["positions"][:, rows], atol=1e-9)
    np.testing.assert_allclose(now["global_rotations"], before["global_rotations"][:, joints], atol=1e-12)


def test_what_does_not_hang_from_the_new_root_is_left_out() -> None:
    assert rooted(motion(1).poses(), "Hips").skeleton.nodes == ("Hips", "Spine", "Leg", "Spine_Nub")


def test_a_new_root_has_the_channels_to_be_anywhere() -> None:
    some = rooted(motion(1).poses(), "Spine").skeleton
    assert {*some.channels[0]} == {*SIX}
