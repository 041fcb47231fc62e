from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import savgol_filter
from scipy.spatial.transform import Rotation

from motionprep import smooth
from motionprep.maths.smoothing import FORMS, METHODS
from motionprep.motion import rotations

RATE = 60.0


def walk(frames: int = 180) -> np.ndarray:
    """Return two points that move slowly (F, 2, 3)."""
    times = np.arange(frames)[:, None, None] / RATE
    return np.sin(times * np.array([1.0, 2.0, 3.0]) + np.arange(2)[:, None])


def turns(frames: int = 180) -> Rotation:
    angles = np.sin(np.arange(frames)[:, None] / RATE * np.array([1.0, 2.0, 0.5]))
    return Rotation.from_euler("ZXY", angles)


def in_form(matrices: np.ndarray, form: str) -> np.ndarray:
    if form == "rotations":
        return matrices
    return rotations.to_6d(matrices) if form == "rotations_6d" else rotations.to_quaternion(matrices)


@pytest.mark.parametrize("method", METHODS)
def test_what_stands_still_stays_where_it_is(method: str) -> None:
    still = np.broadcast_to([[1.0, -2.0, 3.0]], (40, 1, 3))
    assert smooth(still, method, RATE) == pytest.approx(still)


@pytest.mark.parametrize("method", ["savitzky-golay", "one-euro", "slerp"])
def test_noise_on_points_becomes_less_and_so_does_jerk(method: str) -> None:
    rng = np.random.default_rng(0)
    noisy = walk() + rng.normal(scale=0.02, size=(180, 2, 3))
    better = smooth(noisy, method, RATE, **({"cutoff": 6.0} if method == "one-euro" else {}))
    assert np.std(np.diff(better, n=3, axis=0)) < 0.5 * np.std(np.diff(noisy, n=3, axis=0))
    if method != "one-euro":  # which lags a little
        assert np.abs(better - walk()).mean() < 0.8 * np.abs(noisy - walk()).mean()


@pytest.mark.parametrize("form", [form for form in FORMS if form != "points"])
@pytest.mark.parametrize("method", ["savitzky-golay", "one-euro", "slerp"])
def test_noise_on_rotations_becomes_less_and_they_stay_rotations(method: str, form: str) -> None:
    rng = np.random.default_rng(0)
    noisy = turns() * Rotation.from_rotvec(rng.normal(scale=0.03, size=(180, 3)))
    found = smooth(in_form(noisy.as_matrix()[:, None], form), method, RATE, form=form)
    matrices = {
        "rotations": lambda: found,
        "rotations_6d": lambda: rotations.from_6d(found),
        "quaternions": lambda: rotations.from_quaternion(found),
    }[form]()
    better = Rotation.from_matrix(matrices[:, 0])
    assert found.shape == in_form(noisy.as_matrix()[:, None], form).shape
    assert matrices @ np.swapaxes(matrices, -1, -2) == pytest.approx(np.broadcast_to(np.eye(3), matrices.shape))
    steps = [(one[1:] * one[:-1].inv()).magnitude() for one in (better, noisy)]
    assert steps[0].std() < 0.7 * steps[1].std()


def test_savitzky_golay_is_that_of_scipy() -> None:
    values = np.random.default_rng(1).normal(size=(50, 4, 3))
    assert np.array_equal(
        smooth(values, "savitzky-golay", RATE, seconds=0.15, order=3), savgol_filter(values, 9, 3, axis=0)
    )


def test_one_euro_is_that_of_the_paper() -> None:
    values = np.random.default_rng(2).normal(size=30)
    cutoff, beta, speed_cutoff = 1.2, 0.4, 0.9

    def alpha(frequency: float) -> float:
        tau = 1 / (2 * math.pi * frequency)
        return 1 / (1 + tau * RATE)

    expected, speed = [values[0]], 0.0
    for value in values[1:]:
        change = (value - expected[-1]) * RATE
        speed = alpha(speed_cutoff) * change + (1 - alpha(speed_cutoff)) * speed
        share = alpha(cutoff + beta * abs(speed))
        expected.append(share * value + (1 - share) * expected[-1])
    found = smooth(values[:, None], "one-euro", RATE, cutoff=cutoff, beta=beta, speed_cutoff=speed_cutoff)
    assert found[:, 0] == pytest.approx(np.array(expected))


@pytest.mark.parametrize("method", METHODS)
@given(signs=st.lists(st.sampled_from([-1.0, 1.0]), min_size=20, max_size=20))
def test_quaternions_of_either_sign_are_the_same_rotations(method: str, signs: list[float]) -> None:
    quaternions = turns(20).as_quat(scalar_first=True)
    flipped = quaternions * np.array(signs)[:, None]
    expected = smooth(quaternions, method, RATE, form="quaternions")
    found = smooth(flipped, method, RATE, form="quaternions")
    assert np.abs(np.sum(found * expected, axis=-1)) == pytest.approx(np.ones(20))
    assert (np.sum(found[1:] * found[:-1], axis=-1) > 0).all()


def test_hold_last_keeps_what_was_there_before_a_jump_or_a_gap() -> None:
    values = np.zeros((10, 1, 3))
    values[:, 0, 0] = np.arange(10)
    values[4, 0] = 50
    values[6:8, 0] = np.nan
    found = smooth(values, "hold-last", limit=1.5)
    assert found[:, 0, 0].tolist() == [0, 1, 2, 3, 3, 5, 5, 5, 8, 9]


def test_hold_last_comes_back_to_what_has_moved_on_in_the_meantime() -> None:
    values = np.r_[np.zeros(5), np.full(20, 4.0)][:, None]
    assert smooth(values, "hold-last", limit=1.0)[:, 0].tolist() == [0.0] * 8 + [4.0] * 17


def test_hold_last_fills_what_comes_before_the_first_value_with_it() -> None:
    assert smooth([[math.nan], [math.nan], [7.0]], "hold-last").tolist() == [[7.0], [7.0], [7.0]]


def test_hold_last_leaves_out_a_rotation_that_flips() -> None:
    quaternions = turns(20).as_quat(scalar_first=True)
    flipped = quaternions.copy()
    flipped[10] = [0, 1, 0, 0]
    found = smooth(flipped, "hold-last", form="quaternions")
    assert np.abs(np.sum(found[10] * quaternions[9])) == pytest.approx(1)
    assert np.abs(np.sum(found[11] * quaternions[11])) == pytest.approx(1)


@pytest.mark.parametrize("frames", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("method", METHODS)
def test_a_few_frames_are_no_trouble(method: str, frames: int) -> None:
    assert smooth(walk(frames), method, RATE).shape == (frames, 2, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"method": "median"}, "method is 'median'; it is one of hold-last, savitzky-golay, one-euro, slerp"),
        ({"form": "euler"}, "form is 'euler'; it is one of points"),
        ({"window": 5}, "one-euro has no setting window; it has cutoff, beta, speed_cutoff"),
        ({"rate": 0.0}, "rate is 0.0; it must be above zero"),
        ({"form": "quaternions"}, r"quaternions have shape \(180, 2, 3\); expected \(frames, ..., 4\)"),
        ({"method": "slerp", "share": 0.0}, "share is 0.0; it must be above 0 and at most 1"),
    ],
)
def test_wrong_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        smooth(walk(), **arguments)


def test_numbers_that_are_not_finite_are_refused_with_their_place() -> None:
    values = walk()
    values[7, 1, 2] = np.nan
    with pytest.raises(ValueError, match=r"nan at \(7, 1, 2\); expected a finite number: hold-last alone takes others"):
        smooth(values)
