from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

import motionprep
from motionprep.formats.c3d import read_c3d
from motionprep.maths import retiming, spaces
from motionprep.maths.alignment import CMU_UNIT
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.take import Take
from motionprep.stages.align import Align
from motionprep.stages.base import Dropped

UNUSED = np.random.default_rng(0)


@pytest.fixture(scope="module")
def sampled(tmp_path_factory: pytest.TempPathFactory) -> Take:
    """Return a generated take with a T-pose before its motion, and its markers in millimetres."""
    folder = tmp_path_factory.mktemp("align")
    motionprep.write_sample(folder, subjects=1, motions=1, frames=240, markers=True)
    (bvh,), (c3d,) = folder.rglob("*.bvh"), folder.rglob("*.c3d")
    motion = motionprep.read_bvh(bvh)
    return Take("02_01", motion, read_c3d(c3d), of_file=range(motion.frames))


@pytest.fixture(scope="module")
def recorded(real_data: Path) -> Take:
    """Return CMU's 01_01."""
    motion = motionprep.read_bvh(real_data / "cmu-bvh" / "01_01.bvh")
    return Take("01_01", motion, read_c3d(real_data / "cmu-c3d" / "01_01.c3d"), of_file=range(motion.frames))


def aligned(take: Take, **settings: Any) -> Take:
    made = Align(**settings).apply(take, UNUSED)
    assert isinstance(made, Take), made
    return made


def markers_of(take: Take) -> Markers:
    assert take.markers is not None
    return take.markers


def reason(take: Take, **settings: Any) -> str:
    made = Align(**settings).apply(take, UNUSED)
    assert isinstance(made, Dropped)
    return made.reason


@pytest.mark.parametrize("method", ["cmu", "estimate"])
def test_a_take_of_cmus_kind_is_brought_together(sampled: Take, method: Any) -> None:
    made = aligned(sampled, method=method)
    assert made.motion is not None
    markers, motion = markers_of(made), made.motion
    assert markers.frames == motion.frames == sampled.frames - 1
    assert made.of_file == range(1, sampled.frames)
    assert (made.facts["align_lag"], made.facts["align_axes"]) == (1, "yzx")
    assert made.facts["align_scale"] == pytest.approx(0.45 / 25.4, rel=2e-3)
    assert made.facts["metres_per_unit"] == pytest.approx(CMU_UNIT, rel=2e-3)


def test_the_markers_of_the_waist_are_around_the_hips(sampled: Take) -> None:
    made = aligned(sampled, method="cmu")
    markers = markers_of(made)
    waist = [markers.names.index(name) for name in ("LFWT", "RFWT", "LBWT", "RBWT")]
    seen = markers.visible[:, waist].all(axis=1)
    middle = markers.positions[:, waist].mean(axis=1)
    assert made.motion is not None
    assert np.linalg.norm(middle - spaces_root(made), axis=1)[seen].max() < 1.5


def spaces_root(take: Take) -> np.ndarray[Any, np.dtype[np.float64]]:
    from motionprep.motion import kinematics

    assert take.motion is not None
    return kinematics.features(take.motion, ("root_position",))["root_position"]


def test_the_skeleton_stays_as_it_is(sampled: Take) -> None:
    made = aligned(sampled)
    assert isinstance(sampled.motion, Motion)
    assert made.motion is not None
    assert made.motion.skeleton == sampled.motion.skeleton
    assert made.motion.rate == sampled.motion.rate
    np.testing.assert_allclose(spaces_root(made), sampled.motion.root_position()[1:], atol=1e-12)


def test_what_was_done_to_the_markers_can_be_undone(sampled: Take) -> None:
    markers = markers_of(aligned(sampled))
    (step,) = aligned(sampled).steps
    assert step.on == ("markers",)
    back = np.where(markers.visible[..., None], spaces.points_back(markers.positions, step), 0.0)
    before = markers_of(sampled)
    np.testing.assert_allclose(back, before.positions, atol=1e-9)
    np.testing.assert_array_equal(markers.visible, before.visible)


def test_markers_off_their_place_come_back_with_a_step_that_says_so(sampled: Take) -> None:
    before = markers_of(sampled)
    moved = np.where(before.visible[..., None], np.add(before.positions, (4000.0, -3000.0, 500.0)), 0.0)
    take = replace(sampled, markers=replace(before, positions=moved))
    assert sampled.motion is not None
    # As long a while as it takes to tell how far they are off.
    slow = replace(take, motion=replace(sampled.motion, rate=60.0), markers=replace(markers_of(take), rate=60.0))
    made = aligned(slow)
    (step,) = made.steps
    assert step.origin is not None
    there = markers_of(aligned(sampled))
    assert np.abs(markers_of(made).positions - there.positions).max() < 0.2
    assert reason(take) == "align: too little motion to find them; say lag, axes and scale where they are known"


@pytest.mark.parametrize("slow", ["motion", "markers"])
def test_the_higher_rate_is_brought_to_the_lower_one(sampled: Take, slow: str) -> None:
    part = getattr(sampled, slow)
    made = aligned(replace(sampled, **{slow: part.at(range(0, part.frames, 2))}))
    assert made.motion is not None
    assert made.motion.rate == markers_of(made).rate == 60
    assert made.motion.frames == markers_of(made).frames
    first = markers_of(made).first_frame - markers_of(sampled).first_frame
    assert made.of_file is not None
    # Frames of the file: of a motion at 60 a second the first is the second of the markers' at 120.
    assert (list(made.of_file[:3]), first) == (([1, 2, 3], 1) if slow == "motion" else ([1, 3, 5], 0))


def test_corrupt_markers_go_along(sampled: Take) -> None:
    made = aligned(replace(sampled, corrupt=sampled.markers))
    assert made.corrupt is not None
    np.testing.assert_array_equal(made.corrupt.positions, markers_of(made).positions)


def test_the_unit_of_the_file_is_put_down_though_the_skeleton_was_scaled(sampled: Take) -> None:
    from motionprep.motion.step import Step

    scaled = spaces.change(sampled, Step(scale=3.0, on=("joints", "root")))
    made = aligned(scaled)
    assert made.facts["metres_per_unit"] == pytest.approx(CMU_UNIT, rel=2e-3)
    assert spaces.metres(made, "joints") == pytest.approx(spaces.metres(made, "markers"))


def test_what_is_known_is_taken(sampled: Take) -> None:
    made = aligned(sampled, lag=2, axes="yzx", scale=0.0175, most_residual=1)
    assert (made.facts["align_lag"], made.facts["align_scale"]) == (2, 0.0175)
    assert aligned(sampled, method="cmu", lag=3, most_residual=1).of_file == range(3, sampled.frames)


def test_unknown_units_are_found_but_not_known(sampled: Take) -> None:
    take = replace(sampled, markers=replace(markers_of(sampled), units="feet or so"))
    assert "metres_per_unit" not in aligned(take).facts
    assert "'feet or so'" in reason(take, method="cmu")
    assert "metres_per_unit" not in aligned(take, method="cmu", scale=0.45 / 25.4).facts


def test_units_of_the_file_are_minded(sampled: Take) -> None:
    before = markers_of(sampled)
    take = replace(sampled, markers=replace(before, positions=before.positions / 1000, units="m"))
    assert aligned(take, method="cmu").facts["align_scale"] == pytest.approx(1 / CMU_UNIT)


def test_modalities_that_are_missing_drop_the_take(make_take: Callable[..., Take]) -> None:
    assert reason(make_take()) == "align: no markers"
    assert reason(replace(make_take(markers=True), motion=None)) == "align: no skeleton"


def test_markers_that_are_mirrored_drop_the_take(sampled: Take) -> None:
    before = markers_of(sampled)
    take = replace(sampled, markers=replace(before, positions=before.positions * [-1.0, 1.0, 1.0]))
    assert reason(take) == "align: the markers are a mirror image of the skeleton"


@pytest.mark.parametrize("method", ["cmu", "estimate"])
def test_markers_of_another_time_drop_the_take(sampled: Take, method: Any) -> None:
    late = replace(sampled, markers=markers_of(sampled).at(range(90, sampled.frames - 1)))
    assert reason(late, method=method, most_lag=10) == "align: the markers do not move with the skeleton"


def between(markers: Markers, rate: float, first: float = 0.0) -> Markers:
    """Return markers as a camera of another rate would have seen them, a plain twin: along lines, marker by marker."""
    last = markers.frames - 1
    times = np.arange(first, last + 1e-9, markers.rate / rate)
    before = np.minimum(times.astype(int), last - 1)
    part = (times - before)[:, None]
    visible = (markers.visible[before] | (part == 1)) & (markers.visible[before + 1] | (part == 0))
    places = markers.positions[before] * (1 - part[..., None]) + markers.positions[before + 1] * part[..., None]
    return replace(markers, positions=np.where(visible[..., None], places, 0.0), visible=visible, rate=rate)


@pytest.mark.parametrize("rate", [50.0, 100.0, 48.0])
def test_a_skeleton_is_resampled_to_a_lower_rate_that_does_not_divide_its_own(sampled: Take, rate: float) -> None:
    seen = markers_of(sampled)
    take = replace(sampled, markers=between(seen, rate))
    made = aligned(take, method="cmu")
    assert made.motion is not None
    count = markers_of(take).frames
    assert (made.motion.rate, markers_of(made).rate, made.frames, markers_of(made).frames) == (rate, rate, count, count)
    assert (made.facts["align_lag"], made.facts["align_resampled"]) == (1, "motion")
    # So that a stage which leaves out the T-pose knows that it is gone.
    assert made.of_file is not None
    assert made.of_file.start == 1
    assert made.in_file == pytest.approx((1, 120 / rate))
    # The skeleton is where it was when the markers were seen: one frame, the T-pose, later.
    times = 1 + np.arange(count) * 120 / rate
    whole = spaces_root(sampled)
    expected = np.column_stack([np.interp(times, np.arange(len(whole)), column) for column in whole.T])
    np.testing.assert_allclose(spaces_root(made), expected, atol=1e-9)
    # The markers are the camera's own.
    np.testing.assert_array_equal(markers_of(made).visible, markers_of(take).visible)


@pytest.mark.parametrize("rate", [50.0, 100.0])
def test_markers_are_resampled_to_a_lower_rate_that_does_not_divide_their_own(sampled: Take, rate: float) -> None:
    from motionprep.maths import retiming

    assert sampled.motion is not None
    seen = markers_of(sampled)
    frames = np.arange(1.0, sampled.frames - 1e-9, 120 / rate)
    motion = replace(retiming.retime(Take("02_01", sampled.motion), frames).motion, rate=rate)
    made = aligned(replace(sampled, motion=motion, of_file=range(len(frames))), method="cmu", lag=0)
    expected = between(seen, rate)
    (step,) = made.steps
    count = markers_of(made).frames
    assert count in (expected.frames, expected.frames - 1)
    assert (made.of_file, made.facts["align_resampled"]) == (range(count), "markers")
    np.testing.assert_array_equal(markers_of(made).visible, expected.visible[:count])
    places = np.where(expected.visible[..., None], spaces.points(expected.positions, step), 0.0)
    np.testing.assert_allclose(markers_of(made).positions, places[:count], atol=1e-9)


@pytest.mark.parametrize(("rate", "first"), [(50.0, 0.0), (50.0, 24.0), (100.0, 12.0), (48.0, 7.0)])
def test_the_lag_between_rates_is_found(sampled: Take, rate: float, first: float) -> None:
    made = aligned(replace(sampled, markers=between(markers_of(sampled), rate, first)))
    # To half of what a frame lasts at the nearest multiple of the lower rate.
    assert made.facts["align_lag"] == pytest.approx(1 + first, abs=0.63)
    assert made.facts["align_axes"] == "yzx"
    assert made.facts["align_scale"] == pytest.approx(0.45 / 25.4, rel=3e-3)


@pytest.mark.parametrize("rates", [(120.0, 120.0), (120.0, 60.0), (60.0, 120.0), (120.0, 59.94)])
def test_rates_that_go_together_are_not_resampled(sampled: Take, rates: tuple[float, float]) -> None:
    take = replace(sampled, markers=replace(markers_of(sampled), rate=rates[1]))
    assert take.motion is not None
    found = Align(method="cmu", lag=0).find(replace(take, motion=replace(take.motion, rate=rates[0])))
    assert not isinstance(found, Dropped)
    assert "align_resampled" not in found[0].facts


def test_a_rate_that_is_wrong_is_asked_after(sampled: Take) -> None:
    take = replace(sampled, markers=replace(markers_of(sampled), rate=100.0))
    assert reason(take) in [
        f"align: {what}; they are said to have 100 and 120 frames a second: if a rate is wrong, give the right one in "
        "`rates`"
        for what in ("the markers do not move with the skeleton", "skeleton and markers do not move alike")
    ]


def test_nothing_in_common_drops_the_take(sampled: Take) -> None:
    assert reason(sampled, method="cmu", lag=1000) == "align: skeleton and markers have too few frames in common"


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"axes": "xxz"}, "axes"),
        ({"axes": "yz"}, "axes"),
        ({"axes": "yxz"}, "mirror"),
        ({"axes": "-xyz"}, "mirror"),
        ({"scale": -1.0}, "scale"),
        ({"scale": float("nan")}, "scale"),
        ({"lag": float("inf")}, "lag"),
        ({"most_lag": -1}, "most_lag"),
        ({"most_residual": 0.0}, "most_residual"),
        ({"method": "guess"}, "method"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], word: str) -> None:
    with pytest.raises(ValueError, match=word):
        Align(**settings)


def test_every_rotation_of_the_axes_is_taken() -> None:
    from motionprep.maths.axes import AXES, mirrors

    taken = []
    for axes in AXES:
        try:
            taken.append(Align(axes=axes).axes)
        except ValueError:
            assert mirrors(axes)
    assert taken == [axes for axes in AXES if not mirrors(axes)]


def test_settings_survive_json() -> None:
    stage = Align(method="cmu", lag=2, axes="x-zy", scale=0.5, most_lag=5, most_residual=0.1)
    assert msgspec.json.decode(msgspec.json.encode(stage), type=Align) == stage


@pytest.mark.parametrize("method", ["cmu", "estimate"])
def test_cmu_01_01_has_2751_pairs_on_one_body(recorded: Take, method: Any) -> None:
    made = aligned(recorded, method=method)
    assert (made.frames, markers_of(made).frames, made.of_file) == (2751, 2751, range(1, 2752))
    assert (made.facts["align_lag"], made.facts["align_axes"]) == (1, "yzx")
    assert made.facts["align_scale"] == pytest.approx(0.0177, abs=0.0002)
    assert made.facts["metres_per_unit"] == pytest.approx(CMU_UNIT, rel=2e-3)


def test_the_knee_markers_of_cmu_01_01_are_at_the_knees(recorded: Take) -> None:
    from motionprep.motion import kinematics

    made = aligned(recorded)
    assert made.motion is not None
    places, markers = kinematics.features(made.motion, ("positions",))["positions"], markers_of(made)
    for marker, joint in (("LKNE", "LeftLeg"), ("RKNE", "RightLeg")):
        column = markers.names.index(marker)
        apart = markers.positions[:, column] - places[:, made.motion.skeleton.nodes.index(joint)]
        rms = np.sqrt(np.mean(np.sum(apart[markers.visible[:, column]] ** 2, axis=1)))
        # Knee markers sit on the outside of a joint that is some 5 to 7 cm below the skin; a unit is 5.6 cm.
        assert 0.7 < rms < 1.5


@pytest.mark.parametrize("method", ["cmu", "estimate"])
@pytest.mark.parametrize("name", ["12_01", "131_01", "131_02", "131_03"])
def test_the_wrong_file_is_dropped(recorded: Take, real_data: Path, name: str, method: Any) -> None:
    other = motionprep.read_bvh(real_data / "cmu-bvh" / f"{name}.bvh")
    assert reason(replace(recorded, motion=other), method=method) in (
        "align: the markers do not move with the skeleton",
        "align: skeleton and markers do not move alike",
    )


@pytest.mark.parametrize("lag", [0.0, 7.4])
@pytest.mark.parametrize("rate", [50.0, 80.0, 90.0, 100.0, 150.0, 200.0, 250.0])
def test_a_lag_between_frames_is_found_where_no_rate_is_a_multiple_of_the_other(
    sampled: Take, rate: float, lag: float
) -> None:
    true = aligned(sampled).facts["align_lag"]
    assert isinstance(true, float)
    markers = retiming.resampled(markers_of(sampled), rate, lag)

    found = aligned(replace(sampled, markers=markers))

    assert found.facts["align_lag"] == pytest.approx(true + lag, abs=0.05)
