"""Frames between frames: lines, arcs and masks."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from motionprep.maths import retiming
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.skeleton import EndSite, Skeleton
from motionprep.motion.take import Take

TURNS = ("Zrotation", "Xrotation", "Yrotation")
SKELETON = Skeleton(
    ("Hips", "Spine"),
    (-1, 0),
    ((0.0, 0.0, 0.0), (0.0, 2.0, 0.5)),
    (EndSite(1, (0.0, 1.0, 0.0)),),
    (("Xposition", "Yposition", "Zposition", *TURNS), TURNS),
)


def retimed(times: list[float], frames: int = 10) -> tuple[Take, Take]:
    """Return a take with spoilt markers, and the same at other times."""
    draws = np.random.default_rng(4)
    seen = draws.random((frames, 3)) > 0.2
    places = np.where(seen[..., None], draws.normal(size=(frames, 3, 3)), 0)
    markers = Markers(("C7", "T10", "STRN"), places, seen, 120.0)
    take = Take("1_01", Motion(SKELETON, draws.uniform(-90, 90, (frames, 9)), 120.0), markers, corrupt=markers)
    return take, retiming.retime(take, np.array(times))


def quaternions(count: int, seed: int) -> np.ndarray:
    values = np.random.default_rng(seed).normal(size=(count, 4))
    return values / np.linalg.norm(values, axis=-1, keepdims=True)


def matrices(wxyz: np.ndarray) -> np.ndarray:
    return Rotation.from_quat(wxyz, scalar_first=True).as_matrix()


def test_an_arc_is_that_of_scipy() -> None:
    one, other, parts = quaternions(200, 1), quaternions(200, 2), np.linspace(0, 1, 200)

    found = retiming.slerp(one, other, parts)

    for k in range(200):
        ends = Rotation.from_quat(np.stack([one[k], other[k]]), scalar_first=True)
        np.testing.assert_allclose(matrices(found[k]), Slerp([0, 1], ends)(parts[k]).as_matrix(), atol=1e-12)


@pytest.mark.parametrize("angle", [0.0, 1e-12, 1e-7, 1e-5, 1e-3])
def test_a_small_arc_is_divided_as_finely(angle: float) -> None:
    one, other = np.array([1.0, 0, 0, 0]), np.array([np.cos(angle), np.sin(angle), 0, 0])

    found = retiming.slerp(one, other, np.array(0.25))

    np.testing.assert_allclose(found[1], np.sin(angle / 4), rtol=1e-9, atol=1e-30)


def test_opposite_quaternions_are_the_same_rotation() -> None:
    one = quaternions(50, 3)

    found = retiming.slerp(one, -one, np.linspace(0, 1, 50))

    np.testing.assert_allclose(found, one, atol=1e-15)


def test_a_time_on_a_frame_is_that_frame() -> None:
    take, found = retimed([0.0, 3.0, 9.0])

    before, after = take.motion.poses(), found.motion
    np.testing.assert_allclose(after.rotations, before.rotations[[0, 3, 9]], atol=1e-12)
    np.testing.assert_allclose(after.translations, before.translations[[0, 3, 9]], atol=1e-12)
    np.testing.assert_array_equal(found.markers.positions, take.markers.positions[[0, 3, 9]])
    np.testing.assert_array_equal(found.markers.visible, take.markers.visible[[0, 3, 9]])


def test_positions_go_along_lines() -> None:
    take, found = retimed([2.25])

    before = take.motion.poses().translations
    np.testing.assert_allclose(found.motion.translations[0], 0.75 * before[2] + 0.25 * before[3], atol=1e-12)


def test_rotations_go_along_arcs() -> None:
    take, found = retimed([2.25])

    before = take.motion.poses().rotations
    for joint in range(before.shape[1]):
        arc = Slerp([2, 3], Rotation.from_matrix(before[2:4, joint]))
        np.testing.assert_allclose(found.motion.rotations[0, joint], arc(2.25).as_matrix(), atol=1e-12)


@pytest.mark.parametrize(
    ("time", "visible", "position"),
    [(0.5, True, 1.5), (1.0, True, 2.0), (1.5, False, 0.0), (2.5, False, 0.0), (3.0, True, 4.0)],
)
def test_a_marker_is_visible_where_it_is_in_both_frames(time: float, visible: bool, position: float) -> None:
    seen = np.array([True, True, False, True])[:, None]
    places = np.where(seen, np.arange(1.0, 5.0)[:, None], 0)[..., None] * np.ones(3)
    take = Take("1_01", None, Markers(("C7",), places, seen, 120.0))

    found = retiming.retime(take, np.array([time])).markers

    assert found.visible.tolist() == [[visible]]
    assert found.positions.tolist() == [[[position] * 3]]


def test_corrupted_markers_go_along() -> None:
    _, found = retimed([0.5, 1.5])

    np.testing.assert_array_equal(found.corrupt.positions, found.markers.positions)


def test_a_single_frame_stays() -> None:
    take, found = retimed([0.0], frames=1)

    np.testing.assert_allclose(found.motion.rotations, take.motion.poses().rotations, atol=1e-12)
    np.testing.assert_array_equal(found.markers.positions, take.markers.positions)


@given(
    rates=st.sampled_from([(120.0, 50.0), (50.0, 120.0), (100.0, 120.0), (120.0, 100.0), (30.0, 50.0), (250.0, 59.5)]),
    lag=st.none() | st.floats(-20, 20),
    frames=st.integers(60, 90),
)
def test_the_faster_half_is_put_where_the_slower_one_has_its_frames(rates, lag, frames: int) -> None:
    motion_rate, markers_rate = rates
    counts = np.arange(float(frames))
    channels = np.column_stack([counts, np.zeros((frames, 8))])
    points = np.tile(counts[:, None, None], (1, 1, 3))
    motion = Motion(SKELETON, channels, motion_rate)
    markers = Markers(("C7",), points, np.ones((frames, 1), dtype=bool), markers_rate)

    found = retiming.paced(motion, markers, lag)

    slow, fast = sorted((found.motion.rate, found.markers.rate))
    assert slow == min(rates)
    assert fast / slow == pytest.approx(round(fast / slow))
    # Each frame of the faster half says which one it was, and so when it was; the last one may be a millionth early.
    if found.resampled == "motion":
        assert found.markers is markers
        times, before = found.motion.translations[:, 0, 0], motion
        np.testing.assert_allclose(times, found.start + found.step * np.arange(len(times)), atol=1e-5)
    else:
        assert found.motion is motion
        times, before = found.markers.positions[:, 0, 0], markers
    np.testing.assert_allclose(np.diff(times), before.rate / fast, atol=1e-5)
    assert 0 <= times[0] <= before.rate / fast
    assert frames - 1 - before.rate / fast - 1e-6 < times[-1] <= frames - 1
    if lag is not None:
        # Frames of the one fall on frames of the other, where the lag says that the markers begin.
        now = (lag - found.start) / found.step
        ticks = now * fast / found.motion.rate
        assert ticks == pytest.approx(round(ticks), abs=1e-6)
    elif found.resampled == "motion":
        assert found.start == 0.0
    assert math.isfinite(found.start)


def test_a_resampled_marker_is_visible_where_it_is_on_both_sides() -> None:
    seen = np.ones((25, 1), dtype=bool)
    seen[10] = False
    markers = Markers(("C7",), np.where(seen[..., None], 1.0, 0.0) * np.ones(3), seen, 120.0)
    motion = Motion(SKELETON, np.zeros((11, 9)), 50.0)

    found = retiming.paced(motion, markers, 0.0).markers

    times = np.arange(21) * 1.2
    expected = np.abs(times - 10) >= 1 - 1e-9
    assert found.rate == 100.0
    assert found.visible[:, 0].tolist() == expected.tolist()
    assert not found.positions[~found.visible].any()
