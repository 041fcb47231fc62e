"""Skeletons that are not rigid, or not those of their corpus."""

from __future__ import annotations

import faults
import numpy as np
import pytest

from motionprep.motion.motion import Motion
from motionprep.quality import as_take
from motionprep.quality.body import of_motion
from motionprep.quality.checking import summarize
from motionprep.quality.skeleton import Bones


def test_rigid_bones_are_no_finding(recorded: Motion) -> None:
    assert Bones().of_take(faults.take_of("a", faults.as_points(of_motion(recorded)))) == []


def test_a_bone_that_changes_its_length_is_found_at_its_frames(recorded: Motion) -> None:
    body = of_motion(recorded)
    positions = body.positions.copy()
    knee, ankle = (body.names.index(name) for name in ("LeftLeg", "LeftFoot"))
    positions[99:120, ankle] += 0.2 * (positions[99:120, ankle] - positions[99:120, knee])
    found = Bones().of_take(faults.take_of("a", faults.as_points(body, positions)))

    shank = next(one for one in found if one.joint == "LeftFoot")
    assert (shank.code, shank.frames) == ("skeleton-length", (100, 120))
    assert shank.value == np.float64(shank.value or 0)
    assert abs((shank.value or 0) - 0.2) < 1e-3


def test_a_missing_joint_is_found_by_the_majority(walk: Motion) -> None:
    takes = [summarize(as_take(key, walk)) for key in ("a", "b", "c")]
    takes.append(summarize(as_take("d", faults.without_joint(walk, "LThumb"))))
    (found,) = [one for one in Bones().of_corpus(takes) if one.code == "skeleton-differs"]

    assert (found.motion, found.severity, found.joint) == ("d", "warning", "LThumb")


def test_where_no_two_takes_have_one_skeleton_nothing_is_said_of_most(walk: Motion) -> None:
    takes = [summarize(as_take("a", walk)), summarize(as_take("b", faults.without_joint(walk, "LThumb")))]
    (found,) = [one for one in Bones().of_corpus(takes) if one.code == "skeleton-differs"]

    assert found.message.startswith(
        "No skeleton is that of most of the 2 motions, and this one differs from that of a:"
    )


def test_a_joint_that_most_do_not_have_is_found(walk: Motion) -> None:
    less = faults.without_joint(walk, "LThumb")
    takes = [summarize(as_take(key, less)) for key in ("a", "b", "c")]
    takes.append(summarize(as_take("d", walk)))
    (found,) = [one for one in Bones().of_corpus(takes) if one.code == "skeleton-differs"]

    assert (found.motion, found.severity, found.joint) == ("d", "warning", "LThumb")


def test_other_names_for_the_same_places_are_a_note(walk: Motion) -> None:
    finger = next(name for name in walk.skeleton.joints if name in ("LFingers", "LeftHandIndex1"))
    other = {"LFingers": "LeftHandIndex1", "LeftHandIndex1": "LFingers"}[finger]
    takes = [summarize(as_take(key, walk)) for key in ("a", "b", "c")]
    takes.append(summarize(as_take("d", faults.renamed(walk, {finger: other}))))

    assert [(one.motion, one.severity) for one in Bones().of_corpus(takes)] == [("d", "note")]


def test_a_knee_that_never_turns_is_found(recorded: Motion) -> None:
    found = Bones().of_take(as_take("a", faults.still(recorded, "LeftLeg")))

    assert [one.joint for one in found if one.code == "skeleton-dead-joint"] == ["LeftLeg"]


@pytest.mark.parametrize("joint", ["RightUpLeg", "LeftLeg", "LeftArm", "RightForeArm"])
def test_a_joint_of_a_generated_body_whose_channels_are_dead_is_found(walk: Motion, joint: str) -> None:
    (found,) = [one for one in Bones().of_take(as_take("a", faults.still(walk, joint))) if one.severity != "note"]

    assert (found.code, found.joint, found.frames) == ("skeleton-dead-joint", joint, (1, walk.frames))


def test_arms_whose_sides_are_exchanged_are_an_error(recorded: Motion) -> None:
    arms = faults.exchanged(recorded.skeleton.joints, ("Shoulder", "Arm", "Hand"))
    found = Bones().of_take(as_take("a", faults.renamed(recorded, arms)))

    assert [(one.code, one.severity) for one in found if one.severity != "note"] == [("skeleton-sides", "error")]
