from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.maths import filters
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.take import Take
from motionprep.stages import Downsample, Dropped

RNG = np.random.default_rng(0)
FACTORS = st.integers(1, 40)


@settings(deadline=None, max_examples=100)
@given(FACTORS, st.integers(0, 5000))
def test_floor_of_the_frames_by_the_factor_are_kept(factor: int, frames: int) -> None:
    chosen = Downsample(factor=factor).pick(frames, 120.0)

    assert (len(chosen) if isinstance(chosen, range) else 0) == frames // factor


@settings(deadline=None, max_examples=100)
@given(FACTORS, st.integers(0, 5000))
def test_with_partial_steps_the_number_is_rounded_up(factor: int, frames: int) -> None:
    chosen = Downsample(factor=factor, partial=True).pick(frames, 120.0)

    assert (len(chosen) if isinstance(chosen, range) else 0) == -(-frames // factor)


@settings(deadline=None, max_examples=100)
@given(FACTORS, st.integers(1, 5000), st.booleans())
def test_no_frame_beyond_the_last_is_spoken_of(factor: int, frames: int, partial: bool) -> None:
    chosen = Downsample(factor=factor, partial=partial).pick(frames, 120.0)

    assert isinstance(chosen, Dropped) or chosen.stop <= frames


@settings(deadline=None, max_examples=100)
@given(FACTORS, st.integers(1, 5000), st.booleans())
def test_every_frame_kept_is_the_first_of_its_step(factor: int, frames: int, partial: bool) -> None:
    chosen = Downsample(factor=factor, partial=partial).pick(frames, 120.0)

    assert isinstance(chosen, Dropped) or list(chosen) == list(range(frames))[::factor][: len(chosen)]


@settings(deadline=None, max_examples=100)
@given(st.integers(1, 12), st.integers(1, 5000), st.sampled_from([24.0, 30.0, 59.94, 60.0, 120.0]), st.booleans())
def test_a_rate_is_reached_by_its_factor(factor: int, frames: int, rate: float, partial: bool) -> None:
    by_rate = Downsample(rate=rate, partial=partial).pick(frames, rate * factor)

    assert by_rate == Downsample(factor=factor, partial=partial).pick(frames, rate * factor)


@pytest.mark.parametrize(("have", "want", "factor"), [(119.88, 60, 2), (59.94, 60, 1), (60.1, 60, 1), (240.4, 15, 16)])
def test_a_rate_within_two_thousandths_is_reached(have: float, want: float, factor: int) -> None:
    assert Downsample(rate=want).pick(80, have) == range(0, 80, factor)


@pytest.mark.parametrize(
    ("have", "want", "reason"),
    [
        (120.0, 50.0, "downsample: 120 fps is not a whole multiple of 50"),
        (30.0, 120.0, "downsample: 30 fps is not a whole multiple of 120"),
        (100.0, 99.0, "downsample: 100 fps is not a whole multiple of 99"),
        (62.5, 60.0, "downsample: 62.5 fps is not a whole multiple of 60"),
        (60.13, 60.0, "downsample: 60.13 fps is not a whole multiple of 60"),
    ],
)
def test_a_take_whose_rate_is_no_multiple_is_dropped_with_both_rates(have: float, want: float, reason: str) -> None:
    assert Downsample(rate=want).pick(100, have) == Dropped(reason)


def test_a_take_shorter_than_a_step_is_dropped_with_the_reason() -> None:
    assert Downsample(factor=8).pick(7, 120.0) == Dropped("downsample: nothing is left of 7 frames at every 8th")


def test_a_take_shorter_than_a_step_keeps_one_frame_of_a_partial_step() -> None:
    assert list(Downsample(factor=8, partial=True).pick(7, 120.0)) == [0]


@pytest.mark.parametrize(
    "stage", [Downsample(factor=8), Downsample(rate=15), Downsample(factor=8, lowpass=True)], ids=str
)
def test_the_rate_that_comes_out_is_written_down(stage: Downsample, make_take) -> None:
    assert stage.apply(make_take(24, rate=120.0), RNG).motion.rate == 15.0


def moving(speed: float, frames: int = 240) -> Take:
    """Return a root that swings along x so many times a frame."""
    from motionprep.motion.skeleton import Skeleton

    skeleton = Skeleton(("Hips",), (-1,), ((0, 0, 0),), (), (("Xposition",),))
    return Take("1_01", Motion(skeleton, np.sin(2 * np.pi * speed * np.arange(frames))[:, None], 120.0))


class TestLowpass:
    def test_makes_it_more_than_a_choice_of_frames(self) -> None:
        assert not Downsample(factor=8, lowpass=True).picks

    def test_filters_by_the_factor_and_then_picks(self, make_take) -> None:
        take = make_take(40)
        filtered = filters.lowpass(take, 4).motion

        found = Downsample(rate=30, lowpass=True).apply(take, RNG).motion

        assert isinstance(found, Poses)
        np.testing.assert_array_equal(found.rotations, filtered.rotations[::4])
        np.testing.assert_array_equal(found.translations, filtered.translations[::4])

    @pytest.mark.parametrize("partial", [False, True])
    def test_keeps_the_frames_that_are_kept_without_it(self, partial: bool, make_take) -> None:
        plain, filtered = (
            Downsample(factor=7, partial=partial, lowpass=lowpass).apply(make_take(24), RNG)
            for lowpass in (False, True)
        )

        assert plain.frames == filtered.frames

    def test_keeps_what_the_new_rate_can_show(self) -> None:
        slow = moving(speed=0.01)

        found = Downsample(factor=8, lowpass=True).apply(slow, RNG).motion.translations[:, 0, 0]

        np.testing.assert_allclose(found[5:-5], slow.motion.channels[::8, 0][5:-5], atol=0.02)

    def test_takes_out_what_would_turn_up_as_something_slow(self) -> None:
        quick = moving(speed=0.12)
        plain = Downsample(factor=8).apply(quick, RNG).motion.channels

        found = Downsample(factor=8, lowpass=True).apply(quick, RNG).motion.translations[:, 0, 0]

        assert (abs(plain).max() > 0.9, abs(found[5:-5]).max() < 0.02) == (True, True)

    def test_drops_what_is_dropped_without_it(self, make_take) -> None:
        stage = Downsample(rate=50, lowpass=True)

        assert stage.apply(make_take(24), RNG) == Dropped("downsample: 120 fps is not a whole multiple of 50")

    def test_drops_a_take_shorter_than_a_step(self, make_take) -> None:
        stage = Downsample(factor=8, lowpass=True)

        assert stage.apply(make_take(7), RNG) == Dropped("downsample: nothing is left of 7 frames at every 8th")


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({}, "factor is 0; it must be at least 1, or a rate in frames a second, above 0, is given in its place"),
        ({"factor": 8, "rate": 15}, "give either factor or rate"),
        (
            {"factor": -1},
            "factor is -1; it must be at least 1, or a rate in frames a second, above 0, is given in its place",
        ),
        ({"rate": -1.0}, "rate is -1.0; it must be above 0 and what float32 can hold"),
        ({"rate": 1e-309}, "rate is 1e-309; it must be above 0 and what float32 can hold"),
        ({"rate": float("inf")}, "rate is inf; it must be above 0 and what float32 can hold"),
        ({"rate": float("nan")}, "rate is nan; it must be above 0 and what float32 can hold"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=r"factor|rate") as error:
        Downsample(**wrong)

    assert str(error.value) == message
