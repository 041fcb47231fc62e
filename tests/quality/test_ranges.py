"""Numbers and angles that no body has."""

from __future__ import annotations

import faults
import numpy as np
import pytest

from motionprep import read_bvh
from motionprep.motion.motion import Motion
from motionprep.quality import as_take
from motionprep.quality.body import of_motion
from motionprep.quality.ranges import Ranges


def test_a_recorded_body_is_within_its_ranges(recorded: Motion, recorded_walk: Motion) -> None:
    assert [*Ranges().of_take(as_take("a", recorded)), *Ranges().of_take(as_take("b", recorded_walk))] == []


def test_numbers_that_are_not_finite_are_an_error_at_their_frames(walk: Motion) -> None:
    body = of_motion(walk)
    positions = body.positions.copy()
    positions[99:103, 5, 1] = np.nan
    positions[200, 7] = np.inf
    found = Ranges().of_take(faults.take_of("a", faults.as_points(body, positions)))

    assert [(one.code, one.severity, one.joint, one.frames) for one in found] == [
        ("range-not-finite", "error", body.names[5], (100, 103)),
        ("range-not-finite", "error", body.names[7], (201, 201)),
    ]


def test_a_t_pose_that_was_not_trimmed_is_a_note(clean) -> None:
    motion = read_bvh(sorted(clean.rglob("*.bvh"))[0])
    (found,) = Ranges().of_take(as_take("a", motion))

    assert (found.code, found.severity, found.frames) == ("range-t-pose", "note", (1, 1))


def test_a_t_pose_at_the_end_is_found(clean) -> None:
    motion = read_bvh(sorted(clean.rglob("*.bvh"))[0])
    backwards = faults.with_channels(motion, motion.channels[::-1])
    (found,) = Ranges().of_take(as_take("a", backwards))

    assert found.frames == (motion.frames, motion.frames)


@pytest.mark.parametrize("count", [2, 20])
def test_a_t_pose_that_is_held_at_the_end_is_found_at_all_its_frames(clean, count: int) -> None:
    motion = read_bvh(sorted(clean.rglob("*.bvh"))[0])
    channels = np.concatenate([motion.channels[1:], np.repeat(motion.channels[:1], count, axis=0)])
    (found,) = Ranges().of_take(as_take("a", faults.with_channels(motion, channels)))

    assert (found.code, found.severity) == ("range-t-pose", "note")
    assert found.frames == (motion.frames, motion.frames - 1 + count)


def test_an_elbow_that_is_folded_flat_is_found(walk: Motion) -> None:
    body = of_motion(walk)
    positions = body.positions.copy()
    arm, elbow, wrist = (positions[:, body.names.index(name)] for name in ("LeftArm", "LeftForeArm", "LeftHand"))
    wrist[99:180] = elbow[99:180] + 0.9 * (arm[99:180] - elbow[99:180])
    (found,) = Ranges().of_take(faults.take_of("a", faults.as_points(body, positions)))

    assert (found.code, found.joint) == ("range-angle", "LeftForeArm")
    assert found.frames is not None
    assert abs(found.frames[0] - 100) <= 6
    assert abs(found.frames[1] - 180) <= 6


def test_a_knee_that_bends_the_wrong_way_is_found(recorded_walk: Motion) -> None:
    (column,) = faults.columns(recorded_walk, "LeftLeg", "Xrotation")
    channels = recorded_walk.channels.copy()
    channels[100:150, column] = -70.0
    found = Ranges().of_take(as_take("a", faults.with_channels(recorded_walk, channels)))

    assert [(one.code, one.joint) for one in found] == [("range-angle", "LeftLeg")]
    assert found[0].frames is not None
    assert abs(found[0].frames[0] - 101) <= 4
    assert abs(found[0].frames[1] - 150) <= 4


def test_bones_without_length_have_no_angle(walk: Motion) -> None:
    body = of_motion(walk)

    assert Ranges().of_take(faults.take_of("a", faults.as_points(body, np.zeros_like(body.positions)))) == []


def test_a_single_frame_in_a_t_pose_is_a_note_alone(clean) -> None:
    motion = read_bvh(sorted(clean.rglob("*.bvh"))[0])

    assert [one.code for one in Ranges().of_take(as_take("a", motion.at(range(1))))] == ["range-t-pose"]


@pytest.mark.parametrize("limits", [{"knee_back": 8.0}, {"neck": 8.0}], ids=str)
def test_a_limit_that_is_as_large_as_another_one_keeps_its_direction(walk: Motion, limits: dict[str, float]) -> None:
    usual = {one.value for one in Ranges(**dict.fromkeys(limits, 8.01)).of_take(as_take("a", walk))}

    assert {one.value for one in Ranges(**limits).of_take(as_take("a", walk))} >= usual - {None}
    assert all(
        (one.value or 0) >= 8 for one in Ranges(**limits).of_take(as_take("a", walk)) if one.code == "range-angle"
    )
