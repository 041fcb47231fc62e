"""Compiled loops agree with a few lines of NumPy."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.quality import kernels
from motionprep.quality.body import runs


def tracks(seed: int, samples: int, count: int = 5) -> np.ndarray:
    """Return smooth tracks (K, S)."""
    noise = np.random.default_rng(seed).normal(size=(count, samples + 20))
    return np.stack([np.convolve(row, np.hanning(21), "valid") for row in noise]).astype(np.float32)


def mismatch(one: np.ndarray, other: np.ndarray, order: np.ndarray, first: int, stop: int, lag: float) -> np.ndarray:
    at = np.arange(other.shape[1])
    there = np.stack([np.interp(np.arange(first, stop) + lag, at, row) for row in other.astype(float)])
    apart = one[order, first:stop] - there
    means = [apart[:, max(0, t - 3) : t + 4].mean(axis=1) for t in range(stop - first)]
    return np.asarray((np.stack(means) ** 2).mean(axis=1))


@given(seed=st.integers(0, 99), lag=st.floats(-30, 30), lengths=st.tuples(*[st.integers(3, 80)] * 2))
def test_a_mismatch_is_the_mean_square_of_a_smoothed_difference(
    seed: int, lag: float, lengths: tuple[int, int]
) -> None:
    one, other = tracks(seed, lengths[0]), tracks(seed + 1, lengths[1])
    order = np.random.default_rng(seed).permutation(5)
    first, stop = kernels.shared(*lengths, lag)
    if stop <= first:
        return

    assert first + lag >= 0
    assert stop - 1 + lag <= lengths[1] - 1
    np.testing.assert_allclose(
        kernels.mismatch(one, other, order, first, stop, lag), mismatch(one, other, order, first, stop, lag), atol=1e-6
    )


@pytest.mark.parametrize("lag", [-7.0, 0.25, 12.4])
def test_the_lag_of_a_copy_is_found_to_a_fiftieth_of_a_sample(lag: float) -> None:
    other = tracks(3, 120)
    times = np.arange(-min(0, int(lag)) + 1, 100) if lag < 0 else np.arange(100)
    one = np.zeros((5, 100), np.float32)
    one[:, times] = np.stack([np.interp(times + lag, np.arange(120), row) for row in other])

    found = kernels.best_lag(one, other, np.arange(5), lag + 0.3, 0.02**2 * 400)

    assert found == pytest.approx(lag, abs=0.02)


@given(values=st.lists(st.floats(0, 2), max_size=60), gap=st.integers(0, 4), least=st.integers(1, 8))
def test_low_runs_are_those_of_a_mask(values: list[float], gap: int, least: int) -> None:
    found = kernels.low_runs(np.array(values, float), 1.0, gap, float(least))
    expected = [(first, last) for first, last in runs(np.array(values, float) <= 1, gap) if last - first + 1 >= least]

    assert [tuple(row) for row in found.tolist()] == expected


@given(seed=st.integers(0, 99), ends=st.tuples(st.integers(0, 30), st.integers(1, 30)))
def test_movement_is_the_deviation_from_the_mean(seed: int, ends: tuple[int, int]) -> None:
    values = tracks(seed, 60)
    first, stop = ends[0], ends[0] + ends[1]
    part = values[:, first:stop].astype(float)

    assert kernels.movement(values, first, stop) == pytest.approx(
        np.sqrt(((part - part.mean(axis=1, keepdims=True)) ** 2).mean()), abs=1e-9
    )


def test_moments_are_where_the_sum_of_smoothed_tracks_turns() -> None:
    values = tracks(4, 300)
    weights = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    weights /= weights.sum()
    around = np.array([-12, -3, 0, 5, 12])
    padded = np.pad(values.astype(float), ((0, 0), (6, 6)), "edge")
    smooth = np.stack([np.convolve(row, weights, "valid") for row in padded])
    signal = smooth.sum(axis=0)
    turns = [t for t in range(13, 300 - 14) if (signal[t] > signal[t - 1]) != (signal[t + 1] > signal[t])]

    times, points = kernels.moments(values, weights, around)

    assert np.abs(times - turns).max() <= 0.5
    for time, point in zip(times, points, strict=True):
        expected = [[np.interp(time + step, np.arange(300), row) for row in smooth] for step in around]
        np.testing.assert_allclose(point, np.ravel(expected), rtol=1e-5, atol=1e-5)


def test_motions_that_are_too_short_have_no_moment() -> None:
    times, points = kernels.moments(tracks(1, 20), np.ones(13) / 13, np.array([-12, 0, 12]))

    assert (times.size, points.shape) == (0, (0, 15))


def test_near_pairs_are_kept_once_and_of_other_motions() -> None:
    rng = np.random.default_rng(5)
    points = rng.integers(0, 3, (40, 2)).astype(np.float32)
    motion = np.repeat(np.arange(8), 5)
    near = np.tile(np.arange(41), (40, 1))
    swapped = np.array([1, 0])
    for order in (np.arange(2), swapped):
        found = {tuple(row) for row in kernels.near_pairs(points, motion, near, order, 0.5).tolist()}
        expected = {
            (row, there)
            for row in range(40)
            for there in range(40)
            if motion[row] < motion[there] and ((points[row, order] - points[there]) ** 2).mean() <= 0.5
        }

        assert found == expected


def test_median_lengths_leave_out_what_is_not_known() -> None:
    points = np.random.default_rng(6).normal(size=(30, 4, 3))
    points[3:9, 1] = np.nan
    points[:, 3] = np.nan
    pairs = np.array([[0, 1], [1, 2], [0, 3]])
    expected = [np.nanmedian(np.linalg.norm(points[:, one] - points[:, other], axis=1)) for one, other in pairs[:2]]

    np.testing.assert_allclose(kernels.median_lengths(points, pairs), [*expected, 0])


@pytest.mark.parametrize(("axis", "sign"), [(1, 1), (2, -1)])
def test_t_poses_have_level_arms_and_straight_limbs(axis: int, sign: int) -> None:
    rng = np.random.default_rng(7)
    bones = np.zeros((200, 2, 4, 3))
    bones[:, 0, :2, 0], bones[:, 1, :2, 0] = 1, -1
    bones[:, :, 2:, axis] = -sign
    bones += rng.normal(scale=0.12, size=bones.shape)
    bones[7] = np.nan
    limbs = np.zeros((200, 2, 6, 3))
    for place, (start, end) in enumerate(pairwise([0, 1, 2])):
        limbs[:, :, end] = limbs[:, :, start] + bones[:, :, place]
        limbs[:, :, 3 + end] = limbs[:, :, 3 + start] + bones[:, :, 2 + place]
    unit = bones / np.linalg.norm(bones, axis=-1, keepdims=True)
    expected = (
        (np.abs(unit[:, :, :2, axis]) <= 0.26).all(axis=(1, 2))
        & (-sign * unit[:, :, 2:, axis] >= 0.94).all(axis=(1, 2))
        & ((unit[:, :, 0] * unit[:, :, 1]).sum(axis=-1) >= 0.94).all(axis=1)
    )

    found = kernels.t_poses(limbs, axis, sign, 0.26, 0.94)

    assert 0 < expected.sum() < 200
    np.testing.assert_array_equal(found, expected)


def test_changes_are_those_relative_to_the_root() -> None:
    rng = np.random.default_rng(8)
    points, root = rng.normal(size=(20, 3, 3)), rng.normal(size=(20, 3))
    places = points - root[:, None]
    bends, slides = kernels.changes(points, root, 30.0)

    np.testing.assert_allclose(bends.T, ((np.diff(places, n=2, axis=0) * 900) ** 2).sum(axis=2))
    np.testing.assert_allclose(slides.T, (((places[2:] - places[:-2]) * 15) ** 2).sum(axis=2))


def test_a_trimmed_mean_leaves_out_the_largest_of_each_row() -> None:
    values = np.random.default_rng(10).exponential(size=(3, 101))
    values[1, 50] = np.nan
    known = np.delete(values, 50, axis=1)

    assert kernels.trimmed_mean(values, 0.98) == pytest.approx(np.sort(known, axis=1)[:, :98].mean())
    assert kernels.trimmed_mean(np.full((2, 4), np.nan), 0.98) == 0


def test_knees_are_bent_by_the_angle_about_the_line_through_the_hips() -> None:
    points = np.random.default_rng(11).normal(size=(50, 6, 3))
    points[3, 2] = points[3, 1]
    found = kernels.bent_forwards(points)
    right = points[:, 3] - points[:, 0]
    for leg in range(2):
        thigh, shank = (points[:, 3 * leg + at + 1] - points[:, 3 * leg + at] for at in (0, 1))
        lengths = np.prod([np.linalg.norm(one, axis=1) for one in (thigh, shank, right)], axis=0)
        across = (np.cross(thigh, shank) * right).sum(axis=1)
        expected = np.degrees(np.arcsin(np.divide(across, lengths, out=np.full(50, np.nan), where=lengths > 0)))

        np.testing.assert_allclose(found[:, leg], expected)


@pytest.mark.parametrize("frames", [2, 20])
@pytest.mark.parametrize("axis", [0, 1, 2])
def test_velocities_are_the_gradient(frames: int, axis: int) -> None:
    points = np.random.default_rng(9).normal(size=(frames, 4, 3))
    found, level, whole = kernels.velocities(points, axis, 30.0)
    expected = np.gradient(points, axis=0) * 30.0

    np.testing.assert_allclose(found, expected)
    np.testing.assert_allclose(whole, np.linalg.norm(expected, axis=2))
    np.testing.assert_allclose(level, np.linalg.norm(np.delete(expected, axis, axis=2), axis=2))
