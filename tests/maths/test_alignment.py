from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

import motionprep
from motionprep.formats.c3d import read_c3d
from motionprep.maths.alignment import CMU_UNIT, _Bones, _Guess, _solve, align_pair
from motionprep.maths.axes import AXES, matrix, mirrors
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.take import Take
from motionprep.stages.align import Align

PROPER = [axes for axes in AXES if not mirrors(axes)]
MIRRORED = [axes for axes in AXES if mirrors(axes)]
CMU: dict[str, Any] = {"lag": 1, "axes": "yzx", "scale": 0.001 / CMU_UNIT, "offset": False}

Attach = Callable[..., Markers]


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Motion:
    """Return a generated motion of about 300 frames."""
    folder = tmp_path_factory.mktemp("walk")
    motionprep.write_sample(folder, subjects=1, motions=1, frames=300)
    (path,) = folder.rglob("*.bvh")
    return motionprep.read_bvh(path)


@pytest.fixture(scope="module")
def attach(walk: Motion) -> Attach:
    """Return a function that puts three markers on each joint and says where a stranger would have seen them."""
    found = kinematics.features(walk, ("positions", "global_rotations"))
    joints = np.repeat(np.arange(len(walk.skeleton.joints)), 3)
    skin = np.random.default_rng(0).normal(0, 1.5, (len(joints), 3))
    world = found["positions"][:, joints] + np.einsum("fmij,mj->fmi", found["global_rotations"][:, joints], skin)

    def seen(
        axes: str = "yzx", scale: float = 0.02, offset: tuple[float, ...] = (0, 0, 0), hidden: float = 0
    ) -> Markers:
        points = (world - offset) @ matrix(axes).T / scale
        visible = np.random.default_rng(1).random(points.shape[:2]) >= hidden
        names = tuple(f"M{number}" for number in range(points.shape[1]))
        return Markers(names, np.where(visible[..., None], points, 0.0), visible, walk.rate)

    return seen


@pytest.fixture(scope="module")
def recorded(real_data: Path) -> tuple[Motion, Markers]:
    """Return both halves of CMU's 01_01."""
    return motionprep.read_bvh(real_data / "cmu-bvh" / "01_01.bvh"), read_c3d(real_data / "cmu-c3d" / "01_01.c3d")


def test_there_are_48_axes_of_which_half_are_rotations() -> None:
    rotations = [axes for axes in AXES if np.isclose(np.linalg.det(matrix(axes)), 1)]
    groups = {tuple(np.rint(turn).astype(int).ravel()) for turn in Rotation.create_group("O").as_matrix()}
    assert (len(set(AXES)), len(rotations)) == (48, 24)
    assert {tuple(matrix(axes).astype(int).ravel()) for axes in rotations} == groups
    assert rotations == PROPER


def test_new_axes_are_named_by_the_old_ones_that_become_them() -> None:
    assert (np.array([1.0, 2.0, 3.0]) @ matrix("yzx")).tolist() == [2, 3, 1]
    assert (np.array([1.0, 2.0, 3.0]) @ matrix("x-zy")).tolist() == [1, -3, 2]


@settings(max_examples=20)
@given(
    axes=st.sampled_from(PROPER),
    lag=st.integers(-40, 40),
    scale=st.floats(0.01, 100),
    hidden=st.sampled_from([0.0, 0.1, 0.4]),
)
def test_lag_axes_and_scale_are_found(
    walk: Motion, attach: Attach, axes: str, lag: int, scale: float, hidden: float
) -> None:
    markers = attach(axes, scale, hidden=hidden)
    found = align_pair(walk.at(range(max(0, -lag), walk.frames)), markers.at(range(max(0, lag), markers.frames)))
    assert (found.lag, found.axes, found.offset) == (lag, axes, (0, 0, 0))
    assert found.scale == pytest.approx(scale, rel=2e-3)
    assert found.share < 1e-3


@settings(max_examples=8)
@given(axes=st.sampled_from(MIRRORED))
def test_markers_that_are_a_mirror_image_are_reported(walk: Motion, attach: Attach, axes: str) -> None:
    found = align_pair(walk, attach(axes))
    assert (found.axes, found.mirrored) == (axes, True)


@settings(max_examples=8)
@given(axes=st.sampled_from(PROPER), offset=st.tuples(*[st.floats(30, 300)] * 3))
def test_markers_off_their_place_are_found_with_the_way_back(
    walk: Motion, attach: Attach, axes: str, offset: tuple[float, float, float]
) -> None:
    markers = attach(axes, 0.02, offset)
    found = align_pair(walk, markers)
    assert found.axes == axes
    assert found.offset == pytest.approx(offset, abs=1.0)
    assert found.origin is not None
    back = (markers.positions - found.origin) @ matrix(found.axes) * found.scale
    there = markers.positions @ matrix(axes) * 0.02 + offset
    assert np.abs(back - there).max() < 0.5


def test_the_frames_are_those_that_are_the_same(walk: Motion, attach: Attach) -> None:
    markers = attach().at(range(7, 200))
    found = align_pair(walk, markers)
    assert (found.motion_frames, found.marker_frames) == (range(7, 200), range(193))


@pytest.mark.parametrize("lag", [-9, -4, 0, 10])
@pytest.mark.parametrize("step", [2, 3])
@pytest.mark.parametrize("slow", ["motion", "markers"])
def test_of_two_rates_the_frames_at_the_lower_one_are_found(
    walk: Motion, attach: Attach, lag: int, step: int, slow: str
) -> None:
    clock = range(walk.frames)
    ours, theirs = clock[max(0, -lag) :], clock[max(0, lag) :]
    ours, theirs = (ours[::step], theirs) if slow == "motion" else (ours, theirs[::step])
    found = align_pair(walk.at(ours), attach().at(theirs))
    same = [ours[frame] for frame in found.motion_frames]
    assert same == [theirs[frame] for frame in found.marker_frames]
    assert same == sorted(set(ours) & set(theirs))
    assert found.lag == pytest.approx(lag / (step if slow == "motion" else 1))


def test_a_t_pose_and_markers_that_jump_do_no_harm(walk: Motion, attach: Attach) -> None:
    markers = attach(hidden=0.1)
    positions = markers.positions.copy()
    positions[100:110, :3] += 3000.0
    positions[200:, 50] = positions[200:, 20]
    posed = Motion(walk.skeleton, np.vstack([np.zeros_like(walk.channels[:1]), walk.channels]), walk.rate)
    found = align_pair(posed, replace(markers, positions=positions))
    assert (found.lag, found.axes, found.offset) == (1, "yzx", (0, 0, 0))
    assert found.scale == pytest.approx(0.02, rel=5e-3)


def test_few_markers_are_enough(walk: Motion, attach: Attach) -> None:
    whole = attach()
    waist = Markers(whole.names[:4], whole.positions[:, :4], whole.visible[:, :4], whole.rate)
    found = align_pair(walk, waist)
    assert (found.lag, found.axes) == (0, "yzx")


def test_what_is_known_is_not_searched_for(walk: Motion, attach: Attach) -> None:
    found = align_pair(walk, attach(), lag=2, axes="zxy", scale=0.03)
    assert (found.lag, found.axes, found.scale) == (2, "zxy", 0.03)
    assert align_pair(walk, attach(), lag=0, axes="yzx").scale == pytest.approx(0.02, rel=2e-3)
    assert align_pair(walk, attach(), scale=0.02).axes == "yzx"


@pytest.mark.parametrize("hidden", [0.0, 0.3])
@pytest.mark.parametrize("name", ["walk", "recorded"])
def test_where_all_is_known_the_fit_is_that_of_the_general_solution(
    walk: Motion, attach: Attach, recorded: tuple[Motion, Markers], name: str, hidden: float
) -> None:
    motion, markers = (walk, attach(hidden=hidden)) if name == "walk" else recorded
    frames = range(min(motion.frames, markers.frames))
    bones, guess = _Bones.of(motion, markers, frames, frames), _Guess(0, "yzx", 0.018)

    found = bones.fit(guess, scale=False, offset=False)

    expected = _solve(*bones._products(matrix(guess.axes)), guess, False, None)
    assert found.guess == expected.guess
    assert found.cost == pytest.approx(expected.cost, rel=1e-9)
    assert found.residual == pytest.approx(expected.residual, rel=1e-9)
    assert found.offset.tolist() == [0, 0, 0]


def test_a_lag_is_not_searched_beyond_its_limit(walk: Motion, attach: Attach) -> None:
    assert abs(align_pair(walk, attach().at(range(30, 250)), most_lag=5).lag) <= 5


def test_the_residual_is_how_far_markers_move_on_their_joints(walk: Motion, attach: Attach) -> None:
    markers = attach()
    noise = np.random.default_rng(2).normal(0, 10.0, markers.positions.shape)
    found = align_pair(walk, replace(markers, positions=markers.positions + noise))
    # Of a marker's noise along three axes; its least noisy half is a little less.
    assert found.residual == pytest.approx(0.02 * 10.0 * np.sqrt(3), rel=0.1)
    assert found.size == pytest.approx(2 * longest_way(walk), rel=1e-6)


def longest_way(motion: Motion) -> float:
    """Return the longest way from the root along the rest pose's bones."""
    ways = [0.0]
    for parent, offset in zip(motion.skeleton.node_parents[1:], motion.skeleton.node_offsets[1:], strict=True):
        ways.append(ways[parent] + float(np.linalg.norm(offset)))
    return max(ways)


def test_the_same_numbers_come_out_again(walk: Motion, attach: Attach) -> None:
    assert align_pair(walk, attach(hidden=0.2)) == align_pair(walk, attach(hidden=0.2))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda markers: replace(markers, rate=50.0), "neither of the rates 120 and 50 is a whole multiple"),
        (lambda markers: markers.at(range(9)), "too few frames"),
        (lambda markers: markers.at(range(0)), "too few frames"),
        (lambda markers: replace(markers, visible=np.zeros_like(markers.visible)), "do not move alike"),
        (lambda markers: replace(markers, positions=np.zeros_like(markers.positions)), "do not move alike"),
        (lambda markers: Markers((), np.zeros((300, 0, 3)), np.zeros((300, 0), bool), 120.0), "do not move alike"),
        (
            lambda markers: Markers(("A", "B"), markers.positions[:, :2], markers.visible[:, :2], markers.rate),
            "too few markers",
        ),
    ],
)
def test_what_cannot_be_aligned_says_why(
    walk: Motion, attach: Attach, change: Callable[[Markers], Markers], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        align_pair(walk, change(attach()))


def test_half_a_second_of_a_body_that_bends_is_enough(walk: Motion, attach: Attach) -> None:
    found = align_pair(walk.at(range(100, 190)), attach().at(range(105, 195)))

    assert (found.lag, found.axes, found.clear) == (5, "yzx", True)


def test_less_than_half_a_second_is_too_little(walk: Motion, attach: Attach) -> None:
    assert not align_pair(walk.at(range(100, 159)), attach().at(range(100, 159))).clear


def test_how_far_markers_are_off_their_place_takes_longer_to_find(walk: Motion, attach: Attach) -> None:
    markers = attach(offset=(100.0, 50.0, 200.0))

    assert not align_pair(walk, markers).clear
    # The same, and said to take twice as long.
    assert align_pair(replace(walk, rate=60.0), replace(markers, rate=60.0)).clear


def test_a_body_that_goes_without_bending_is_too_little(walk: Motion, attach: Attach) -> None:
    stiff = walk.channels.copy()
    stiff[:, 6:] = 0.0
    motion = Motion(walk.skeleton, stiff, walk.rate)
    solved = kinematics.features(motion, ("positions",))["positions"]
    points = solved @ matrix("yzx").T / 0.02
    names = tuple(map(str, range(points.shape[1])))

    found = align_pair(motion, Markers(names, points, np.ones(points.shape[:2], dtype=bool), walk.rate))

    assert (found.share < 1e-3, found.clear) == (True, False)


def test_what_is_known_needs_nothing_to_find_it(walk: Motion, attach: Attach) -> None:
    assert align_pair(walk.at(range(20)), attach().at(range(20)), lag=0, axes="yzx", scale=0.02).clear


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Motion, Markers]]:
    """Return eight generated takes of four bodies, without their T-poses."""
    folder = tmp_path_factory.mktemp("others")
    motionprep.write_sample(folder, subjects=4, motions=2, frames=300, markers=True, seed=5)
    paths = sorted(folder.rglob("*.bvh"))
    return [(motionprep.read_bvh(path).at(range(1, 280)), read_c3d(path.with_suffix(".c3d"))) for path in paths]


@pytest.mark.parametrize("frames", [40, 100])
def test_markers_of_another_take_are_not_believed_however_short_it_is(
    others: list[tuple[Motion, Markers]], frames: int
) -> None:
    believed = []
    for one, (motion, own) in enumerate(others):
        start = 20 + 15 * one
        while start + frames > motion.frames:
            start -= 60
        clip = range(start, start + frames)
        stage, right = Align(), Take("right", motion.at(clip), own.at(clip))
        if frames >= 70:
            assert isinstance(stage.apply(right, np.random.default_rng(0)), Take)
        for other in (1, 3):
            markers = others[(one + other) % len(others)][1].at(clip)
            made = stage.apply(Take("wrong", motion.at(clip), markers), np.random.default_rng(0))
            believed += [made] if isinstance(made, Take) else []

    assert believed == []


def test_a_body_that_stands_still_is_reported(walk: Motion, attach: Attach) -> None:
    still = Motion(walk.skeleton, np.repeat(walk.channels[50:51], 200, axis=0), walk.rate)
    with pytest.raises(ValueError, match="do not move alike"):
        align_pair(still, attach())


def test_cmu_01_01_is_as_it_was_measured(recorded: tuple[Motion, Markers]) -> None:
    found = align_pair(*recorded)
    assert (found.lag, found.axes, found.offset) == (1, "yzx", (0, 0, 0))
    assert found.scale == pytest.approx(0.0177, abs=0.0002)
    assert (found.motion_frames, found.marker_frames) == (range(1, 2752), range(2751))
    assert found.residual == pytest.approx(0.22, abs=0.03)


def test_cmu_01_01_needs_no_names_and_not_all_markers(recorded: tuple[Motion, Markers]) -> None:
    motion, markers = recorded
    visible = markers.visible & (np.random.default_rng(0).random(markers.visible.shape) > 0.3)
    positions = np.where(visible[..., None], markers.positions, 0.0)[:, ::-1]
    names = tuple(f"P{number}" for number in range(len(markers.names)))
    found = align_pair(motion, Markers(names, positions, visible[:, ::-1], markers.rate))
    assert (found.lag, found.axes) == (1, "yzx")
    assert found.scale == pytest.approx(0.0177, abs=0.0002)


def test_the_residual_of_cmu_01_01_is_least_at_its_lag(recorded: tuple[Motion, Markers]) -> None:
    residuals = {lag: align_pair(*recorded, **{**CMU, "lag": lag}).residual for lag in range(-8, 11)}
    assert min(residuals, key=residuals.__getitem__) == 1
    assert residuals[2] > 1.1 * residuals[1]
    assert residuals[0] > 1.1 * residuals[1]


@pytest.mark.parametrize("name", ["12_01", "131_01", "131_02", "131_03"])
def test_other_files_of_cmu_are_far_from_its_markers(
    recorded: tuple[Motion, Markers], real_data: Path, name: str
) -> None:
    other = motionprep.read_bvh(real_data / "cmu-bvh" / f"{name}.bvh")
    assert align_pair(other, recorded[1], **CMU).share > 0.1
    assert align_pair(other, recorded[1]).share > 0.03
