"""The low-pass filter: what is slow stays, what is quick goes, and what it gives is still a motion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from motionprep.maths.filters import lowpass
from motionprep.motion import rotations
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.skeleton import Skeleton
from motionprep.motion.take import Take

FRAMES = 600
TIMES = np.arange(FRAMES)
FACTORS = pytest.mark.parametrize("factor", [2, 3, 4, 8])
CHANNELS = ("Xposition", "Yposition", "Zposition", "Xrotation", "Yrotation", "Zrotation")
SKELETON = Skeleton(("Hips",), (-1,), ((0.0, 0.0, 0.0),), (), (CHANNELS,))


def sine(factor, of_the_new_limit):
    """Return a sine of a frequency that is given in parts of half the rate that is to come."""
    return np.sin(np.pi * of_the_new_limit / factor * TIMES + 0.3)


def inner(values, factor):
    """Return the frames that the held ends do not reach."""
    return values[4 * factor : len(values) - 4 * factor]


def motion(**columns):
    """Return a motion of one joint whose channels are 0 but for those given."""
    length = max(len(values) for values in columns.values())
    return Motion(SKELETON, np.stack([columns.get(name, np.zeros(length)) for name in CHANNELS], axis=-1), 120.0)


def filtered(motion, factor):
    return lowpass(Take("a", motion), factor).motion


def markers(positions, visible=None):
    visible = np.ones(positions.shape[:2], dtype=bool) if visible is None else visible
    return Markers(tuple("abcd"[: positions.shape[1]]), np.where(visible[..., None], positions, 0), visible, 120.0)


def filtered_markers(markers, factor):
    return lowpass(Take("a", None, markers), factor).markers


@FACTORS
def test_a_slow_translation_keeps_its_size(factor):
    slow = sine(factor, 0.5)
    found = filtered(motion(Yposition=slow), factor).translations[:, 0, 1]
    np.testing.assert_allclose(inner(found, factor), inner(slow, factor), rtol=0, atol=0.01)


@FACTORS
def test_a_translation_that_the_new_rate_cannot_show_is_removed(factor):
    found = filtered(motion(Yposition=sine(factor, 1.5)), factor).translations[:, 0, 1]
    assert np.abs(inner(found, factor)).max() < 0.01


@FACTORS
def test_a_slow_rotation_keeps_its_size(factor):
    slow = motion(Zrotation=10 * sine(factor, 0.5))
    found = filtered(slow, factor).rotations
    np.testing.assert_allclose(
        inner(found, factor), inner(slow.rotations(), factor), rtol=0, atol=0.01 * np.radians(10)
    )


@FACTORS
def test_a_rotation_that_the_new_rate_cannot_show_is_removed(factor):
    found = inner(filtered(motion(Zrotation=10 * sine(factor, 1.5)), factor).rotations, factor)
    np.testing.assert_allclose(found, np.broadcast_to(np.eye(3), found.shape), rtol=0, atol=0.01 * np.radians(10))


@FACTORS
def test_a_joint_that_turns_on_and_on_keeps_turning(factor):
    turning = motion(Yrotation=5.0 * TIMES)
    found = filtered(turning, factor).rotations
    np.testing.assert_allclose(inner(found, factor), inner(turning.rotations(), factor), rtol=0, atol=1e-3)


@FACTORS
def test_what_is_constant_stays_constant_to_its_ends(factor):
    still = motion(**{name: np.full(20, 10.0 + k) for k, name in enumerate(CHANNELS)})
    found, before = filtered(still, factor), still.poses()
    np.testing.assert_allclose(found.translations, before.translations, rtol=1e-14)
    np.testing.assert_allclose(found.rotations, before.rotations, atol=1e-14)


@settings(max_examples=30)
@given(arrays.arrays(np.float64, (30, 6), elements=st.floats(-180, 180)), st.integers(1, 5))
def test_rotations_stay_rotations(channels, factor):
    found = filtered(Motion(SKELETON, channels, 30.0), factor).rotations
    np.testing.assert_allclose(found @ np.swapaxes(found, -1, -2), np.broadcast_to(np.eye(3), found.shape), atol=1e-12)


def plain(values, factor):
    """Return values (F,) filtered, a frame at a time: the twin of the fast way."""
    reach = 4 * factor
    offsets = range(-reach, reach + 1)
    weights = [np.sinc(t / factor) * (0.54 + 0.46 * np.cos(np.pi * t / reach)) for t in offsets]
    found = np.empty(len(values))
    for frame in range(len(values)):
        held = [values[min(max(frame + t, 0), len(values) - 1)] for t in offsets]
        found[frame] = np.dot(weights, held) / sum(weights)
    return found


@pytest.mark.parametrize("length", [1, 2, 7, 40])
@FACTORS
def test_translations_are_those_of_the_plain_twin(factor, length):
    noise = np.random.default_rng(1).standard_normal(length)
    found = filtered(motion(Xposition=noise), factor).translations[:, 0, 0]
    np.testing.assert_allclose(found, plain(noise, factor), rtol=0, atol=1e-14)


@pytest.mark.parametrize("length", [1, 2, 7, 40])
@FACTORS
def test_rotations_are_those_of_the_plain_twin(factor, length):
    noise = motion(Zrotation=40 * np.random.default_rng(1).standard_normal(length))
    quaternions = np.stack([plain(column, factor) for column in noise.quaternions()[:, 0].T], axis=-1)
    quaternions /= np.linalg.norm(quaternions, axis=-1, keepdims=True)
    found = filtered(noise, factor).rotations[:, 0]
    np.testing.assert_allclose(found, rotations.from_quaternion(quaternions), rtol=0, atol=1e-14)


def test_a_factor_of_one_changes_nothing():
    noise = np.random.default_rng(1).standard_normal(50)
    np.testing.assert_allclose(filtered(motion(Xposition=noise), 1).translations[:, 0, 0], noise, atol=1e-15)


def test_poses_are_filtered_as_the_motion_they_came_from():
    noise = motion(Xposition=np.random.default_rng(1).standard_normal(50))
    found = filtered(noise.poses(), 4)
    np.testing.assert_array_equal(found.translations, filtered(noise, 4).translations)


def test_key_rate_and_skeleton_stay():
    found = lowpass(Take("69_01", motion(Xposition=np.zeros(9))), 4)
    assert isinstance(found.motion, Poses)
    assert (found.key, found.motion.rate, found.motion.skeleton) == ("69_01", 120.0, SKELETON)


def test_a_take_without_markers_gets_none():
    assert lowpass(Take("a", motion(Xposition=np.zeros(9))), 4).markers is None


def test_a_take_without_a_motion_gets_none():
    assert lowpass(Take("a", None, markers(np.zeros((9, 1, 3)))), 4).motion is None


# Markers


def test_a_marker_that_is_always_visible_is_filtered_as_a_translation_is():
    noise = np.random.default_rng(1).standard_normal((50, 2, 3))
    expected = filtered(motion(Xposition=noise[:, 1, 2]), 4).translations[:, 0, 0]
    np.testing.assert_array_equal(filtered_markers(markers(noise), 4).positions[:, 1, 2], expected)


@FACTORS
def test_a_marker_keeps_what_is_slow_and_loses_what_is_quick(factor):
    slow = sine(factor, 0.5)
    found = filtered_markers(markers(np.tile((slow + sine(factor, 1.5))[:, None, None], (1, 1, 3))), factor)
    np.testing.assert_allclose(inner(found.positions[:, 0, 0], factor), inner(slow, factor), rtol=0, atol=0.01)


GAPS = arrays.arrays(np.bool_, (30, 2))


@given(GAPS, st.integers(1, 5))
def test_a_gap_stays_a_gap(visible, factor):
    found = filtered_markers(markers(np.full((30, 2, 3), 100.0), visible), factor)
    np.testing.assert_array_equal(found.visible, visible)
    np.testing.assert_array_equal(found.positions[~visible], 0)


@given(GAPS, st.integers(1, 5))
def test_a_marker_that_rests_is_not_drawn_to_the_zeros_of_its_gaps(visible, factor):
    found = filtered_markers(markers(np.full((30, 2, 3), 100.0), visible), factor)
    np.testing.assert_allclose(found.positions[visible], 100)


def test_a_marker_that_goes_straight_goes_straight_past_its_gaps():
    line = np.arange(100.0)[:, None, None] * [1, 2, -3]
    visible = np.ones((100, 1), dtype=bool)
    visible[40:60] = visible[70] = False
    found = filtered_markers(markers(line, visible), 4)
    seen = inner(visible[:, 0], 4)
    np.testing.assert_allclose(inner(found.positions, 4)[seen], inner(line, 4)[seen], atol=1e-12)


def test_names_rate_units_and_notes_of_markers_stay():
    before = Markers(("a",), np.zeros((9, 1, 3)), np.ones((9, 1), bool), 120.0, "cm", 7, ("s:a",), ("odd",))
    found = filtered_markers(before, 4)
    kept = ("names", "rate", "units", "first_frame", "raw_names", "notes")
    assert [getattr(found, name) for name in kept] == [getattr(before, name) for name in kept]
