from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial.transform import Rotation, Slerp

from motionprep.motion.root import Root
from motionprep.stages.base import Dropped
from motionprep.stages.resample import Resample

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("rate_in", [119.88, 100.0, 60.0, 50.0])
@pytest.mark.parametrize("rate", [20.0, 25.0, 30.0, 240.0])
def test_rotations_are_those_of_slerp_and_translations_those_of_interp(rate_in: float, rate: float, make_take) -> None:
    take = make_take(60, markers=True)
    take = replace(take, motion=replace(take.motion.poses(), rate=rate_in), markers=replace(take.markers, rate=rate_in))

    found = Resample(rate=rate, lowpass="none").apply(take, RNG)

    times = np.arange(60) / rate_in
    wanted = np.arange(found.frames) / rate
    poses = take.motion
    for joint in range(poses.rotations.shape[1]):
        expected = Slerp(times, Rotation.from_matrix(poses.rotations[:, joint]))(np.minimum(wanted, times[-1]))
        np.testing.assert_allclose(found.motion.rotations[:, joint], expected.as_matrix(), atol=1e-7)
    flat = poses.translations.reshape(60, -1).T
    expected = np.stack([np.interp(wanted, times, row) for row in flat], axis=1)
    np.testing.assert_allclose(found.motion.translations.reshape(found.frames, -1), expected, atol=1e-7)
    assert found.rate == found.markers.rate == rate
    assert wanted[-1] <= times[-1] + 1e-7 < wanted[-1] + 1 / rate + 1e-6


def test_what_a_lower_rate_cannot_show_is_taken_out_and_what_it_can_stays(make_take) -> None:
    take = make_take(600, markers=True)
    seconds = np.arange(600) / 120
    slow, quick = np.sin(2 * np.pi * seconds), np.sin(2 * np.pi * 19 * seconds)

    def left(way: np.ndarray) -> np.ndarray:
        positions = np.broadcast_to(way[:, None, None], take.markers.positions.shape).copy()
        markers = replace(take.markers, positions=positions, visible=np.ones(positions.shape[:2], bool))
        return Resample(rate=25).apply(replace(take, motion=None, markers=markers), RNG).markers.positions[20:-20, 0, 0]

    np.testing.assert_allclose(
        left(slow), np.sin(2 * np.pi * np.arange(125) / 25)[20 : 20 + len(left(slow))], atol=0.01
    )
    assert np.abs(left(quick)).max() < 0.05


def test_a_marker_beside_a_gap_is_missing(make_take) -> None:
    take = make_take(13, markers=True)
    visible = np.ones(take.markers.visible.shape, bool)
    visible[6] = False
    take = replace(take, motion=None, markers=replace(take.markers, visible=visible))

    found = Resample(rate=50).apply(take, RNG)

    # At 50 of 120 a second, frame k is at 2.4 k: 4.8 is between seen ones, 7.2 too.
    np.testing.assert_array_equal(found.markers.visible[:, 0], [True] * 6)
    assert not Resample(rate=144).apply(take, RNG).markers.visible[[7, 8], 0].any()  # at 5.83 and 6.67
    assert Resample(rate=144).apply(take, RNG).markers.visible[[6, 9], 0].all()  # at 5 and 7.5


def test_where_its_frames_were_in_the_file_is_known(make_take) -> None:
    take = replace(make_take(60), of_file=range(10, 70)).at(range(4, 60))

    assert Resample(rate=50).apply(take, RNG).in_file == pytest.approx((14, 2.4))


def test_a_take_that_has_the_rate_is_left_as_it_is(make_take) -> None:
    take = make_take(60)

    assert Resample(rate=120).apply(take, RNG) is take


def test_a_take_whose_root_is_kept_apart_is_dropped_with_what_to_do(make_take) -> None:
    take = make_take(4)
    late = replace(take, root=Root(np.zeros((4, 3)), np.broadcast_to(np.eye(3), (4, 3, 3))))

    found = Resample(rate=50).apply(late, RNG)

    assert isinstance(found, Dropped)
    assert "put resample first" in found.reason


@pytest.mark.parametrize("settings", [{"rate": 0}, {"rate": -1}, {"rate": 20, "lowpass": "other"}])
def test_settings_that_cannot_be_are_refused_with_what_can(settings) -> None:
    with pytest.raises(ValueError, match=r"must be above 0|'sinc' or 'none'"):
        Resample(**settings)
