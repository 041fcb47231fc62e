"""Jumps are found at their frames, in generated and in recorded motions, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import faults
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import Finding, as_take
from motionprep.quality.body import of_motion
from motionprep.quality.jumps import Jumps


@pytest.fixture(params=["walk", "recorded"])
def motion(request: pytest.FixtureRequest) -> Motion:
    """Return a generated and a recorded motion."""
    found: Motion = request.getfixturevalue(request.param)
    return found


def jumps(motion: Motion, code: str) -> list[Finding]:
    found = Jumps().of_take(as_take("a", motion))
    return [finding for finding in found if finding.code == code]


def test_a_clean_motion_has_no_jump(motion: Motion) -> None:
    assert [found for found in Jumps().of_take(as_take("a", motion)) if found.severity != "note"] == []


@pytest.mark.parametrize("frames", [(200, 200), (200, 230), (101, 103)])
def test_a_teleport_of_the_root_is_found_at_its_frames(motion: Motion, frames: tuple[int, int]) -> None:
    found = jumps(faults.moved_root(motion, frames, (8.0, 0.0, 0.0)), "jump-root")

    reached = {frame for one in found for frame in one.frames or ()}
    assert min(abs(frame - frames[0]) for frame in reached) <= 1
    assert min(abs(frame - frames[1]) for frame in reached) <= 1
    assert all(frames[0] - 1 <= frame <= frames[1] + 1 for frame in reached)
    assert {one.severity for one in found} == {"warning"}


def test_a_spike_of_one_joint_names_the_joint(motion: Motion) -> None:
    knee = "LeftLeg"
    (found,) = jumps(faults.turned_joint(motion, knee, (150, 150), 70.0), "jump-rotation")

    assert (found.joint, found.frames, found.severity) == (knee, (150, 150), "warning")
    assert found.value is not None
    assert found.limit is not None
    assert found.value > found.limit


def test_a_rotation_that_flips_and_stays_is_found_where_it_flips(motion: Motion) -> None:
    found = jumps(faults.turned_joint(motion, "RightArm", (180, motion.frames), 90.0), "jump-rotation")

    assert [(one.joint, one.frames) for one in found] == [("RightArm", (180, 180))]


@pytest.mark.parametrize("joint", ["Hips", "LeftArm", "RightUpLeg", "Neck"])
@pytest.mark.parametrize("axis", ["Z", "X"])
def test_one_angle_that_flips_by_half_a_turn_in_one_frame_is_found(motion: Motion, joint: str, axis: str) -> None:
    found = Jumps().of_take(as_take("a", faults.flipped(motion, joint, axis, 150)))
    (flip,) = [one for one in found if one.code == "jump-rotation" and one.severity == "warning"]

    assert (flip.joint, flip.frames) == (joint, (150, 150))
    assert flip.value == pytest.approx(180, abs=2)


def test_a_spike_in_an_array_of_positions_is_found(motion: Motion) -> None:
    body = of_motion(motion)
    positions = body.positions.copy()
    positions[200, body.names.index("LeftHand")] += 0.2 * body.height
    found = Jumps().of_take(faults.take_of("a", faults.as_points(body, positions)))

    assert [(one.code, one.severity, one.joint, one.frames) for one in found] == [
        ("jump-joint", "warning", "LeftHand", (201, 201))
    ]


def test_an_angle_that_wraps_is_a_note_and_no_flip(walk: Motion) -> None:
    wrapped = faults.turned_joint(walk, "Hips", (200, walk.frames), 0.0)
    channels = wrapped.channels.copy()
    column = faults.columns(wrapped, "Hips", "Yrotation")
    channels[199:, column] += 360.0
    found = Jumps().of_take(as_take("a", faults.with_channels(wrapped, channels)))

    assert [(one.code, one.severity, one.joint) for one in found] == [("jump-wrap", "note", "Hips")]


def test_frozen_frames_are_found(motion: Motion) -> None:
    (found,) = jumps(faults.frozen(motion, (120, 134)), "jump-frozen")

    assert (found.frames, found.value) == ((120, 134), 15.0)


def test_dropped_frames_are_found(walk: Motion) -> None:
    (found,) = jumps(faults.dropped(walk, 200, 3), "jump-dropped")

    assert found.frames == (200, 200)
    assert found.value == pytest.approx(4.0, abs=0.5)


@pytest.mark.parametrize(("frame", "count"), [(200, 1), (200, 3), (300, 3), (300, 5)])
def test_dropped_frames_of_a_recording_are_found(motion: Motion, frame: int, count: int) -> None:
    (found,) = jumps(faults.dropped(motion, frame, count), "jump-dropped")

    assert (found.frames, found.severity) == ((frame, frame), "warning")
    assert found.value == pytest.approx(count + 1, rel=0.15)


def test_no_frame_is_missing_beside_frames_that_repeat_each_other(motion: Motion) -> None:
    assert jumps(faults.frozen(motion, (120, 134)), "jump-dropped") == []


def test_a_motion_in_which_nothing_moves_is_found(walk: Motion) -> None:
    (found,) = jumps(faults.frozen(walk.at(range(100)), (2, 100)), "jump-frozen")

    assert found.frames == (1, 100)


def test_jumps_are_found_in_any_unit_and_at_other_rates(recorded_walk: Motion) -> None:
    small = faults.scaled(recorded_walk, 0.056444)
    halved = small.at(range(0, small.frames, 4))
    found = jumps(faults.moved_root(halved, (60, 60), (0.4, 0.0, 0.0)), "jump-root")

    assert [one.frames for one in found] == [(60, 60)]


def test_a_marker_that_jumps_is_found(recorded_markers: Markers) -> None:
    positions = recorded_markers.positions.copy()
    marker = recorded_markers.names.index("LWRA")
    positions[499, marker] += 150.0
    found = Jumps().of_take(as_take("a", markers=replace(recorded_markers, positions=positions)))

    assert [(one.code, one.joint, one.frames) for one in found] == [("jump-marker", "LWRA", (500, 500))]
