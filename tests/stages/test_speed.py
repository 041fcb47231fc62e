from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from motionprep.maths import retiming
from motionprep.motion.root import Root
from motionprep.motion.step import Step
from motionprep.stages.base import Dropped
from motionprep.stages.speed import Speed

LATE = Dropped("speed: a stage before it made features or a frame of reference that moves; put speed first")


def rng(seed: int = 1) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize(("least", "most"), [(0.4, 0.6), (1.7, 2.4)])
def test_a_frame_is_that_at_its_number_times_the_speed(least: float, most: float, make_take) -> None:
    take = make_take(60, markers=True)

    found = Speed(least=least, most=most).apply(take, rng())

    times = np.arange(found.frames) * found.facts["speed"]
    expected = retiming.retime(take, times)
    np.testing.assert_array_equal(found.motion.rotations, expected.motion.rotations)
    np.testing.assert_array_equal(found.markers.positions, expected.markers.positions)
    assert least <= found.facts["speed"] <= most
    assert times[-1] <= 59 < times[-1] + found.facts["speed"]


def test_all_parts_have_the_same_frames_and_the_rate_they_had(make_take) -> None:
    take = make_take(60, markers=True)

    found = Speed(least=0.5, most=0.6).apply(replace(take, corrupt=take.markers, of_file=range(5, 65)), rng())

    assert {found.motion.frames, found.markers.frames, found.corrupt.frames, len(found.of_file)} == {found.frames}
    assert (found.motion.rate, found.markers.rate, found.of_file.start) == (120.0, 120.0, 5)


def test_where_its_frames_were_in_the_file_is_known_after_frames_were_left_out_before_and_after(make_take) -> None:
    take = replace(make_take(60), of_file=range(10, 70)).at(range(4, 60, 2))

    found = Speed().apply(take, rng()).at(range(3, 12, 3))

    factor = found.facts["speed"]
    assert found.in_file == pytest.approx((14 + 3 * 2 * factor, 3 * 2 * factor))


def test_twice_as_fast_is_as_likely_as_half_as_fast(make_take) -> None:
    take, draws = make_take(2), rng()

    speeds = [Speed(least=0.5, most=2.0).apply(take, draws).facts["speed"] for _ in range(1000)]

    assert stats.kstest(np.log2(speeds), stats.uniform(-1, 2).cdf).pvalue > 0.01


@pytest.mark.parametrize("frames", [0, 1])
def test_a_take_of_a_frame_or_none_stays(frames: int, make_take) -> None:
    take = make_take(frames, markers=True)

    found = Speed().apply(take, rng())

    assert (found.frames, found.markers.frames) == (frames, frames)
    np.testing.assert_allclose(found.motion.rotations, take.motion.poses().rotations, atol=1e-12)


def test_markers_alone_are_played_too(make_take) -> None:
    found = Speed(least=1.9, most=2.1).apply(replace(make_take(60, markers=True), motion=None), rng())

    assert found.frames in (29, 30, 31, 32)


def test_a_step_that_is_the_same_in_all_frames_stays(make_take) -> None:
    step = Step(scale=2.0, origin=np.ones(3))

    assert Speed().apply(replace(make_take(), steps=(step,)), rng()).steps == (step,)


@pytest.mark.parametrize(
    "late",
    [
        {"root": Root(np.zeros((24, 3)), np.broadcast_to(np.eye(3), (24, 3, 3)))},
        {"arrays": {"root_velocity": np.zeros((24, 3))}},
        {"steps": (Step(origin=np.zeros((24, 3))),)},
        {"steps": (Step(axes=np.broadcast_to(np.eye(3), (24, 3, 3))),)},
    ],
    ids=lambda late: next(iter(late)),
)
def test_a_take_in_a_frame_of_its_own_or_with_features_is_dropped(late, make_take) -> None:
    assert Speed().apply(replace(make_take(24), **late), rng()) == LATE


@pytest.mark.parametrize(("least", "most"), [(0.0, 1.0), (1.0, 1.0), (2.0, 1.0), (1.0, float("inf"))])
def test_settings_that_cannot_be_are_refused(least: float, most: float) -> None:
    with pytest.raises(ValueError, match=f"least is {least} and most {most}; least must be above 0 and below most"):
        Speed(least=least, most=most)
