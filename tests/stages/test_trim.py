from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.stages import Dropped, Trim


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 60), st.integers(0, 9), st.integers(1, 30), st.integers(0, 30))
def test_frames_after_the_t_pose_and_within_the_range_are_kept(
    frames: int, t_pose: int, first: int, length: int
) -> None:
    last = first + length - 1 if length else 0
    kept = [k for k in range(frames) if k >= t_pose and first <= k + 1 <= (last or frames)]

    chosen = Trim(t_pose=t_pose, first=first, last=last).pick(frames, 120.0)

    assert (list(chosen) if isinstance(chosen, range) else []) == kept


def test_by_default_every_frame_is_kept() -> None:
    assert Trim().pick(5, 120.0) == range(5)


def test_the_t_pose_of_cmu_is_the_first_frame() -> None:
    assert Trim(t_pose=1).pick(2752, 120.0) == range(1, 2752)


def test_a_range_takes_both_ends_and_counts_from_1() -> None:
    assert Trim(first=401, last=469).pick(469, 120.0) == range(400, 469)


def test_a_range_may_reach_beyond_the_end() -> None:
    assert Trim(first=3, last=100).pick(5, 120.0) == range(2, 5)


@pytest.mark.parametrize("stage", [Trim(t_pose=5), Trim(first=6), Trim(t_pose=3, last=3)], ids=str)
def test_a_take_of_which_nothing_is_left_is_dropped_with_the_reason(stage: Trim) -> None:
    assert stage.pick(5, 120.0) == Dropped("trim: nothing is left of 5 frames")


def test_the_rate_stays(make_take) -> None:
    assert Trim(t_pose=1).apply(make_take(rate=59.94), np.random.default_rng()).motion.rate == 59.94


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"t_pose": -1}, "t_pose is -1; it must be at least 0"),
        ({"first": 0}, "first is 0; frames are counted from 1"),
        ({"last": -1}, "last is -1; it must be 0 (the end) or at least first, 1"),
        ({"first": 5, "last": 4}, "last is 4; it must be 0 (the end) or at least first, 5"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=r"\d") as error:
        Trim(**wrong)

    assert str(error.value) == message


def test_a_t_pose_is_the_files_and_not_that_of_a_later_range() -> None:
    assert Trim(t_pose=1).pick(43, 120.0, (300, 1)) == range(43)
    assert Trim(t_pose=3).pick(10, 120.0, (1, 1)) == range(2, 10)


def test_frames_are_those_of_the_file_after_frames_were_left_out_or_a_change_of_speed() -> None:
    assert Trim(t_pose=4).pick(10, 15.0, (0, 8)) == range(1, 10)
    assert Trim(first=9, last=33).pick(10, 15.0, (0, 8)) == range(1, 5)
    assert Trim(t_pose=1, last=4).pick(10, 120.0, (0.25, 0.75)) == range(1, 4)
