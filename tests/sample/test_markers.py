"""The markers of a generated corpus against its skeletons."""

from __future__ import annotations

import dataclasses
import hashlib
import subprocess
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from motionprep import read_bvh, write_sample
from motionprep.formats.c3d import read_c3d
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.sample import PlannedMotion, body, performance, plan_corpus
from motionprep.sample.markers import capture

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ezc3d  # type: ignore[import-untyped]

CMU_41 = (
    "C7 CLAV LANK LBHD LBWT LELB LFHD LFIN LFRM LFWT LHEE LKNE LMT5 LSHN LSHO LTHI LTOE LUPA LWRA LWRB RANK RBAC RBHD "
    "RBWT RELB RFHD RFIN RFRM RFWT RHEE RKNE RMT5 RSHN RSHO RTHI RTOE RUPA RWRA RWRB STRN T10"
)
MM = 25.4 / 0.45
SIZES = {"motions": 2, "frames": 240}
GOLDEN = "a7947b995f421287725bb70855b29d621270449a783df5eb22e1c21f046e9f80"


@dataclass(frozen=True)
class Pair:
    """A take's two files as they are read; markers in the skeleton's axes, ``x`` (F, M, 3), in mm."""

    motion: Motion
    markers: Markers

    @property
    def x(self) -> np.ndarray:
        return self.markers.positions[..., [1, 2, 0]]

    def joints(self, lag: int = 1) -> tuple[np.ndarray, np.ndarray]:
        """Places (F, J, 3) in mm and rotations (F, J, 3, 3) of the joints, ``lag`` frames after the markers."""
        frames = np.clip(np.arange(self.markers.frames) + lag, 0, self.motion.frames - 1)
        count = len(self.motion.skeleton.joints)
        return MM * self.motion.positions()[frames, :count], self.motion.rotations("global")[frames]

    def drift(self, marker: str, lag: int = 1) -> float:
        """How far a marker moves, as an RMS in mm, in the frame of the joint where it moves least."""
        column = self.markers.names.index(marker)
        seen = self.markers.visible[:, column]
        places, turns = (array[seen] for array in self.joints(lag))
        local = np.einsum("fjba,fjb->fja", turns, self.x[seen, column, None] - places)
        return float(np.sqrt(local.var(axis=0).sum(axis=-1)).min())


def gaps(markers: Markers) -> list[int]:
    """How many frames each occlusion lasts."""
    ends = np.diff(np.pad(~markers.visible, ((1, 1), (0, 0))).astype(int), axis=0)
    return [
        stop - start
        for column in ends.T
        for start, stop in zip(np.flatnonzero(column == 1), np.flatnonzero(column == -1), strict=True)
    ]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("markers")
    write_sample(folder, **SIZES, markers=True)
    return folder


@pytest.fixture(scope="module")
def pairs(corpus: Path) -> list[Pair]:
    return [Pair(read_bvh(path), read_c3d(path.with_suffix(".c3d"))) for path in sorted(corpus.rglob("*.bvh"))]


def test_each_motion_has_its_markers_beside_it(corpus: Path) -> None:
    names = sorted(path.relative_to(corpus) for path in corpus.rglob("*.c3d"))
    assert names == sorted(motion.path.with_suffix(".c3d") for motion in plan_corpus(**SIZES))


def test_the_markers_are_cmus_41(pairs: list[Pair]) -> None:
    assert {pair.markers.names for pair in pairs} == {tuple(CMU_41.split())}


def test_they_are_in_millimetres_at_120_frames_a_second(pairs: list[Pair]) -> None:
    assert {(pair.markers.units, pair.markers.rate, pair.markers.first_frame) for pair in pairs} == {("mm", 120.0, 1)}


def test_nothing_about_the_files_is_odd(pairs: list[Pair]) -> None:
    assert {pair.markers.notes for pair in pairs} == {()}


def test_knee_markers_are_within_8_cm_of_the_knees_in_every_frame(pairs: list[Pair]) -> None:
    for pair in pairs:
        places, _ = pair.joints()
        for marker, joint in (("LKNE", "LeftLeg"), ("RKNE", "RightLeg")):
            column = pair.markers.names.index(marker)
            seen = pair.markers.visible[:, column]
            way = pair.x[seen, column] - places[seen, pair.motion.skeleton.joints.index(joint)]
            assert 40.0 < np.linalg.norm(way, axis=1).max() < 80.0


def test_left_markers_are_on_the_left(pairs: list[Pair]) -> None:
    for pair in pairs:
        _, turns = pair.joints()
        for marker in ("FWT", "BWT", "SHO", "FHD", "KNE"):
            left, right = (pair.markers.names.index(side + marker) for side in "LR")
            both = pair.markers.visible[:, left] & pair.markers.visible[:, right]
            to_the_left = np.einsum("fb,fb->f", turns[:, 0, :, 0], pair.x[:, left] - pair.x[:, right])
            assert to_the_left[both].min() > 0.0, marker


def test_no_marker_is_further_than_16_cm_from_every_bone(pairs: list[Pair]) -> None:
    for pair in pairs:
        nodes = MM * pair.motion.positions()[1:]
        start = nodes[:, pair.motion.skeleton.node_parents[1:]]
        along = nodes[:, 1:] - start
        for column in range(41):
            way = pair.x[:, column, None] - start
            share = np.clip((way * along).sum(-1) / np.maximum((along * along).sum(-1), 1e-9), 0.0, 1.0)
            distance = np.linalg.norm(way - share[..., None] * along, axis=-1).min(axis=1)
            assert distance[pair.markers.visible[:, column]].max() < 160.0, pair.markers.names[column]


@pytest.mark.parametrize("marker", CMU_41.split())
def test_a_marker_moves_with_a_bone(pairs: list[Pair], marker: str) -> None:
    assert max(pair.drift(marker) for pair in pairs) < 0.02


def test_markers_lag_one_frame_behind_the_skeleton_as_the_t_pose_was_not_recorded(pairs: list[Pair]) -> None:
    for pair in pairs:
        assert pair.markers.frames == pair.motion.frames - 1
        assert min(pair.drift("LFWT", lag) for lag in (-1, 0, 2, 3)) > 20.0 * pair.drift("LFWT", 1)


def test_no_marker_is_below_the_floor(pairs: list[Pair]) -> None:
    assert min(pair.markers.positions[pair.markers.visible][:, 2].min() for pair in pairs) > 10.0


def test_a_few_percent_of_the_samples_are_occluded(pairs: list[Pair]) -> None:
    hidden = np.concatenate([~pair.markers.visible.ravel() for pair in pairs])
    assert 0.015 < hidden.mean() < 0.05


def test_occlusion_comes_in_bursts(pairs: list[Pair]) -> None:
    lengths = [length for pair in pairs for length in gaps(pair.markers)]
    assert len(lengths) > 50
    assert 8.0 < np.mean(lengths) < 30.0
    assert len(set(lengths)) > 20


def test_an_occluded_sample_has_residual_minus_1_and_stands_at_0(corpus: Path, pairs: list[Pair]) -> None:
    for path, pair in zip(sorted(corpus.rglob("*.c3d")), pairs, strict=True):
        words = np.frombuffer(path.read_bytes(), "<f4")
        points = pair.markers.frames * len(read_c3d(path, unlabelled=True).names)
        start = 128 * (int(np.frombuffer(path.read_bytes(), "<u2")[8]) - 1)
        hidden = words[start : start + 4 * points].reshape(-1, 4)
        hidden = hidden[hidden[:, 3] < 0]
        assert len(hidden) >= np.count_nonzero(~pair.markers.visible)
        np.testing.assert_array_equal(hidden, np.broadcast_to([0, 0, 0, -1], hidden.shape))


def test_ezc3d_reads_the_same_markers(corpus: Path) -> None:
    for path in corpus.rglob("*.c3d"):
        markers = read_c3d(path, unlabelled=True)
        file = ezc3d.c3d(str(path))
        points = file["data"]["points"][:3].transpose(2, 1, 0)
        np.testing.assert_array_equal(markers.visible, file["data"]["meta_points"]["residuals"][0].T >= 0)
        np.testing.assert_array_equal(markers.positions[markers.visible], points[markers.visible])
        assert list(markers.raw_names) == file["parameters"]["POINT"]["LABELS"]["value"]
        assert file["parameters"]["POINT"]["UNITS"]["value"] == ["mm"]
        assert file["header"]["points"]["frame_rate"] == 120.0


def test_labels_have_the_subject_as_a_prefix_in_some_takes(pairs: list[Pair]) -> None:
    plans = plan_corpus(**SIZES)
    prefixed = 0
    for plan, pair in zip(plans, pairs, strict=True):
        prefixes = {
            raw.removesuffix(name) for raw, name in zip(pair.markers.raw_names, pair.markers.names, strict=True)
        }
        assert prefixes in ({""}, {f"subject{plan.subject}:"})
        prefixed += prefixes != {""}
    assert 0 < prefixed < len(plans)


def test_some_takes_have_a_point_that_nobody_named(corpus: Path) -> None:
    counts = []
    for path in corpus.rglob("*.c3d"):
        markers = read_c3d(path, unlabelled=True)
        extra = [name for name in markers.names if name.startswith("*")]
        counts.append(len(extra))
        assert set(markers.raw_names) >= set(extra)
        assert len(markers.names) == 41 + len(extra)
        assert all(markers.visible[:, markers.names.index(name)].mean() < 0.8 for name in extra)
    assert set(counts) == {0, 1}


def test_a_larger_body_has_its_markers_further_apart() -> None:
    planned, small = PlannedMotion(69, 1, 2, 0), body(69)
    offsets = [tuple(1.25 * value for value in offset) for offset in small.offsets]
    large = dataclasses.replace(small, offsets=tuple(offsets))

    def width(skeleton, pair):
        markers = capture(performance(skeleton, planned), planned)
        left, right = (markers.positions[0, markers.names.index(side + pair)] for side in "LR")
        return np.linalg.norm(left - right)

    for pair in ("FWT", "FHD", "SHO", "BWT"):
        assert width(large, pair) == pytest.approx(1.25 * width(small, pair), rel=0.04)


def test_two_subjects_have_their_markers_at_other_places() -> None:
    motion = performance(body(69), PlannedMotion(69, 1, 2, 0))
    first, second = (capture(motion, PlannedMotion(subject, 1, 2, 0)).positions[0] for subject in (69, 70))
    assert 2.0 < np.median(np.linalg.norm(first - second, axis=-1)) < 12.0


def test_markers_are_what_they_are_on_every_other_machine() -> None:
    planned = PlannedMotion(69, 3, 160, 0)
    markers = capture(performance(body(69), planned), planned)
    assert hashlib.sha256(markers.positions.astype("<f4").tobytes()).hexdigest() == GOLDEN


def test_the_same_seed_writes_the_same_markers(corpus: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, **SIZES, markers=True)
    for path in corpus.rglob("*.c3d"):
        assert (tmp_path / path.relative_to(corpus)).read_bytes() == path.read_bytes()


def test_another_seed_writes_other_markers_and_occlusions() -> None:
    plans = [PlannedMotion(69, 1, 400, seed) for seed in (0, 1)]
    first, second = (capture(performance(body(69), PlannedMotion(69, 1, 400, 0)), plan) for plan in plans)
    assert (first.visible != second.visible).any()
    assert (first.positions[0] != second.positions[0]).any()


def test_skeletons_are_the_same_bytes_with_and_without_markers(corpus: Path, tmp_path: Path) -> None:
    write_sample(tmp_path, **SIZES)
    written = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*")}
    beside = {path.relative_to(corpus): path.read_bytes() for path in corpus.rglob("*.*") if path.suffix != ".c3d"}
    assert written == beside


def test_a_motion_of_two_frames_has_markers_of_one(tmp_path: Path) -> None:
    write_sample(tmp_path, subjects=1, motions=1, frames=2, markers=True)
    assert read_c3d(tmp_path / "02" / "02_01.c3d").frames == 1


def test_the_summary_counts_the_bytes_of_both_files(tmp_path: Path) -> None:
    summary = write_sample(tmp_path, subjects=1, motions=2, frames=20, markers=True)
    sizes = [path.stat().st_size for path in tmp_path.rglob("*_*.*")]
    assert (summary.files, len(sizes), summary.bytes) == (2, 4, sum(sizes))


@pytest.mark.parametrize(("markers", "loaded"), [(False, set()), (True, {"ezc3d"})])
def test_ezc3d_is_imported_for_markers_alone_and_numba_never(tmp_path: Path, markers: bool, loaded: set[str]) -> None:
    code = (
        "import sys; from motionprep.sample import write_sample\n"
        f"write_sample({str(tmp_path)!r}, subjects=1, motions=1, frames=9, markers={markers})\n"
        "print(*({'ezc3d', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) == loaded
