"""Scores of predictions, against the metrics of all windows at once and against what is known by hand."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import build, scoring
from motionprep.errors import PredictionError
from motionprep.recipe.recipe import recipe_from_json
from motionprep.scoring import load_predictions, metrics, score
from motionprep.scoring.comparison import Comparison, millimetres

SPLIT = {
    "train": ["02_*"],
    "test": ["07_01", {"motions": "09_01", "frames": "1-20"}, {"motions": "09_01", "frames": "31-50"}],
}
CMU_MM = 56.444


@pytest.fixture(scope="module")
def make(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., motionprep.Dataset]:
    """Return a function that builds a dataset by these stages and opens it."""

    def make_dataset(*stages: dict[str, object]) -> motionprep.Dataset:
        out = tmp_path_factory.mktemp("scoring") / "out"
        build(corpus, out, recipe=recipe_from_json({"split": SPLIT, "stages": list(stages)}))
        return motionprep.open(out)

    return make_dataset


@pytest.fixture(scope="module")
def plain(make):
    arrays = ["positions", "rotations", "quaternions", "rotations_6d", "root_position", "global_rotations"]
    return make({"stage": "features", "arrays": arrays})


def all_of(windows):
    """Return the targets (S, T, K) of all windows."""
    return np.asarray(windows[:]["targets"], dtype=np.float64)


def points(windows):
    targets = all_of(windows)
    return targets.reshape(*targets.shape[:2], -1, 3)


def noisy(windows, size=0.1):
    targets = points(windows)
    return targets + size * np.random.default_rng(3).normal(size=targets.shape)


@pytest.fixture(scope="module")
def windows(plain):
    return plain["test"].windows(5, 2, targets=["positions"])


@pytest.fixture(scope="module")
def scored(windows):
    (field,) = score(noisy(windows), windows, threshold=0.15, unit_mm=CMU_MM).fields
    return field


# Points


def test_a_perfect_prediction_has_no_error(windows):
    (field,) = score(all_of(windows), windows, unit_mm=CMU_MM).fields
    assert field.mean() == pytest.approx(
        {"ed": 0, "mpjpe_mm": 0, "pa_mpjpe_mm": 0, "pck": 1, "velocity_error": 0, "acceleration_error": 0}, abs=1e-10
    )


def test_a_prediction_beside_the_truth_is_off_by_as_much_and_moves_rightly(windows):
    (field,) = score(points(windows) + np.array([3, 4, 0]), windows, unit_mm=CMU_MM).fields
    assert field.mean() == pytest.approx(
        {"ed": 5, "mpjpe_mm": 5 * CMU_MM, "pa_mpjpe_mm": 0, "pck": 0, "velocity_error": 0, "acceleration_error": 0},
        abs=1e-9,
    )


def test_each_metric_is_that_of_all_windows_at_once(windows, scored):
    one, other = noisy(windows), points(windows)
    assert scored.mean() == pytest.approx(
        {
            "ed": metrics.euclidean_distance(one, other).mean(),
            "mpjpe_mm": metrics.mpjpe(one, other, metres_per_unit=CMU_MM / 1000),
            "pa_mpjpe_mm": metrics.pa_mpjpe(one, other, metres_per_unit=CMU_MM / 1000),
            "pck": metrics.pck(one, other, 0.15),
            "velocity_error": metrics.velocity_error(one, other, 120),
            "acceleration_error": metrics.acceleration_error(one, other, 120),
        },
        rel=1e-12,
    )


def test_a_step_between_frames_makes_the_rate_of_velocities_lower(plain):
    windows = plain["test"].windows(3, step=4, targets=["positions"])
    (field,) = score(noisy(windows), windows).fields
    assert field.mean()["velocity_error"] == pytest.approx(metrics.velocity_error(noisy(windows), points(windows), 30))


def test_by_joint_each_joint_has_its_own_by_its_name(plain, windows, scored):
    distances = metrics.euclidean_distance(noisy(windows), points(windows))
    found = {name: means["ed"] for name, means in scored.by("joint").items()}
    one, other = (plain["test"][key].skeleton.nodes for key in ("07_01", "09_01"))
    first = windows.motions[0][1].stop
    assert found["Hips"] == pytest.approx(distances[..., 0].mean())
    # The two skeletons call a joint of the hand by other names.
    (place,) = [at for at, (mine, theirs) in enumerate(zip(one, other, strict=True)) if mine != theirs][:1]
    assert found[one[place]] == pytest.approx(distances[:first, :, place].mean())
    assert found[other[place]] == pytest.approx(distances[first:, :, place].mean())


def test_by_motion_parts_of_one_motion_are_kept_apart(windows, scored):
    distances = metrics.euclidean_distance(noisy(windows), points(windows))
    expected = {
        name: distances[span].mean()
        for name, (_, span) in zip(["07_01", "09_01", "09_01@2"], windows.motions, strict=True)
    }
    assert {name: means["ed"] for name, means in scored.by("motion").items()} == pytest.approx(expected)


def test_by_subject_motions_are_put_together(windows, scored):
    distances = metrics.euclidean_distance(noisy(windows), points(windows))
    first = windows.motions[0][1].stop
    assert {name: means["ed"] for name, means in scored.by("subject").items()} == pytest.approx(
        {"07": distances[:first].mean(), "09": distances[first:].mean()}
    )


def test_by_anything_else_is_refused(scored):
    with pytest.raises(ValueError, match="by is 'colour'; it is joint, subject or motion"):
        scored.by("colour")


def test_frames_have_the_mean_of_all_windows_that_hold_them(windows, scored):
    distances = metrics.euclidean_distance(noisy(windows), points(windows)).mean(axis=2)
    total, count = np.zeros(20), np.zeros(20)
    span = windows.motions[1][1]
    for row in range(span.start, span.stop):
        frames = list(windows.where(row)[1])
        total[frames] += distances[row]
        count[frames] += 1
    assert count[:4].tolist() == [1, 1, 2, 2]
    # The last frame is in no window: 5 frames every 2 end at frame 18.
    assert np.isnan(scored.motions[1].frames[19])
    np.testing.assert_allclose(scored.motions[1].frames[:19], (total / count.clip(1))[:19])


def test_windows_are_looked_at_some_at_a_time_and_none_is_lost(windows, scored, monkeypatch):
    monkeypatch.setattr(scoring, "_AT_ONCE", 2 * 5 * 38 * 3)
    (field,) = score(noisy(windows), windows, threshold=0.15, unit_mm=CMU_MM).fields
    assert field.mean() == pytest.approx(scored.mean(), rel=1e-12)


def test_a_window_of_one_frame_has_no_velocity(plain):
    windows = plain["test"].windows(1, targets=["positions"])
    (field,) = score(noisy(windows), windows).fields
    assert set(field.mean()) == {"ed", "pck"}


def test_one_point_is_not_laid_on_its_target(plain):
    windows = plain["test"].windows(1, targets=["positions[Hips]"])
    (field,) = score(noisy(windows), windows, unit_mm=CMU_MM).fields
    assert set(field.mean()) == {"ed", "mpjpe_mm", "pck"}
    assert list(field.by("joint")) == ["Hips"]


def test_two_axes_have_the_distance_in_their_plane(plain):
    windows = plain["test"].windows(1, targets=["positions[RightFoot].xz"])
    (field,) = score(all_of(windows) + np.array([3, 4]), windows).fields
    assert field.mean()["ed"] == pytest.approx(5)


def test_the_root_is_a_point(plain):
    windows = plain["test"].windows(1, targets=["root_position"])
    (field,) = score(all_of(windows) + np.array([0, 5, 12]), windows).fields
    assert (field.mean()["ed"], list(field.by("joint"))) == (pytest.approx(13), ["root_position"])


def test_several_targets_are_scored_each_by_its_own(plain):
    windows = plain["test"].windows(2, targets=["root_position", "quaternions"])
    off = np.concatenate([np.full(3, 1.0), np.zeros(31 * 4)])
    first, second = score(all_of(windows) + off, windows).fields
    assert (first.field, first.metric, first.mean()["ed"]) == ("root_position", "ed", pytest.approx(np.sqrt(3)))
    assert (second.field, second.metric) == ("quaternions", "angle_degrees")
    assert second.mean() == {"angle_degrees": pytest.approx(0, abs=1e-4)}


# Units


@pytest.mark.parametrize(
    ("stages", "given", "mm"),
    [
        ([], None, None),
        ([], CMU_MM, CMU_MM),
        ([{"stage": "scale", "unit": "m", "metres_per_unit": 0.056444}], None, 1000),
        ([{"stage": "scale", "unit": "cm", "metres_per_unit": 0.056444}], None, 10),
        ([{"stage": "scale", "unit": "m", "metres_per_unit": 0.056444}], 2 * CMU_MM, 2000),
    ],
)
def test_the_unit_is_known_where_a_stage_or_the_user_says_it(make, stages, given, mm):
    motion = make(*stages, {"stage": "features", "arrays": ["positions"]})["test"]["07_01"]
    assert millimetres(motion, unit_mm=given) == (mm if mm is None else pytest.approx(mm))


def test_of_a_body_that_is_scaled_to_its_thigh_the_mm_are_those_of_its_file(make, plain):
    scaled = make({"stage": "scale", "thigh": 1}, {"stage": "features", "arrays": ["positions"]})
    fields = []
    for dataset in (plain, scaled):
        windows = dataset["test"].windows(1, targets=["positions"])
        scales = [motion.row["scale"] for motion, span in windows.motions for _ in range(span.start, span.stop)]
        off = np.array([2.0, 0, 0]) * np.array(scales)[:, None, None, None]
        fields += score(points(windows) + off, windows, unit_mm=CMU_MM).fields
    assert fields[0].mean()["ed"] != pytest.approx(fields[1].mean()["ed"])
    assert [field.mean()["mpjpe_mm"] for field in fields] == pytest.approx([2 * CMU_MM] * 2, rel=1e-5)


# Rotations


@pytest.mark.parametrize("feature", ["rotations", "quaternions", "rotations_6d", "global_rotations"])
def test_rotations_of_any_form_are_measured_by_the_angle(plain, feature):
    windows = plain["test"].windows(1, targets=[f"{feature}[LeftArm]"])
    frames = np.concatenate([plain["test"][key]["rotations"] for key in ("07_01", "09_01", "09_01@2")])
    place = plain["test"]["07_01"].skeleton.joints.index("LeftArm")
    assert len(windows) == len(frames)
    one = all_of(windows)
    still = np.broadcast_to(one[:1], one.shape)
    (field,) = score(still, windows).fields
    if feature != "global_rotations":
        expected = np.rad2deg(metrics.rotation_geodesic(frames[0, place], frames[:, place]))
        np.testing.assert_allclose(np.concatenate([motion.frames for motion in field.motions]), expected, atol=1e-3)
    assert (list(field.by("joint")), field.mean()["angle_degrees"] > 1) == (["LeftArm"], True)


@pytest.mark.parametrize(
    ("form", "flat"), [("matrix", True), ("quaternion", False), ("6d", True), ("axis_angle", False), ("euler", True)]
)
def test_a_form_that_the_recipe_represents_rotations_in_is_known(make, form, flat):
    dataset = make(
        {"stage": "represent", "rotations": form, "root": "apart", "flat": flat},
        {"stage": "features", "arrays": ["rotations", "root_rotation"]},
    )
    windows = dataset["test"].windows(2, targets=["rotations", "root_rotation"])
    body, root = score(all_of(windows), windows).fields
    assert body.mean() == root.mean() == {"angle_degrees": pytest.approx(0, abs=1e-4)}
    assert body.motions[0].names == dataset["test"]["07_01"].skeleton.joints[1:]


def test_nine_numbers_that_are_no_rotation_are_read_as_the_nearest(plain):
    windows = plain["test"].windows(1, targets=["rotations"])
    (field,) = score(3 * all_of(windows), windows).fields
    assert field.mean()["angle_degrees"] == pytest.approx(0, abs=1e-4)


@pytest.mark.parametrize(("feature", "size"), [("quaternions", 4), ("rotations_6d", 6), ("rotations", 9)])
def test_a_rotation_of_zeros_is_refused_with_its_window(plain, feature, size):
    windows = plain["test"].windows(1, targets=[feature])
    predicted = all_of(windows)
    predicted[7, 0, size : 2 * size] = 0
    with pytest.raises(PredictionError, match=r"window 7: a rotation of zeros, .*; it has no direction"):
        score(predicted, windows)


@pytest.mark.parametrize("numbers", [np.ones(9), np.diag([1, 0, 0]).ravel(), -np.eye(3).ravel()])
def test_nine_numbers_as_near_to_many_rotations_are_refused(plain, numbers):
    windows = plain["test"].windows(1, targets=["rotations"])
    predicted = all_of(windows)
    predicted[7, 0, 9:18] = numbers
    with pytest.raises(PredictionError, match=r"window 7: .* numbers as near to many rotations; it has no direction"):
        score(predicted, windows)


# What is masked, normalized, or neither point nor rotation


def test_markers_that_were_not_seen_do_not_count(tmp_path):
    motionprep.write_sample(tmp_path / "data", subjects=1, motions=1, frames=120, markers=True)
    build(tmp_path / "data", tmp_path / "out", recipe=recipe_from_json({"split": {"percent": "100"}}))
    split = motionprep.open(tmp_path / "out")["train"]
    windows = split.windows(1, targets=["markers", "markers_visible"])
    (motion,) = split.values()
    visible = motion["markers_visible"]
    assert not visible.all()
    predicted = all_of(windows)
    predicted[..., : 41 * 3].reshape(-1, 41, 3)[~visible] = 1e6
    seen, mask = score(predicted, windows).fields
    assert seen.mean()["ed"] == 0
    assert seen.motions[0].counts["ed"].sum() == visible.sum()
    assert mask.mean() == {"absolute_error": 0}


def test_frames_in_which_two_points_are_seen_are_not_laid_on_their_targets():
    generator = np.random.default_rng(4)
    target, predicted = generator.normal(size=(2, 2, 4, 3))
    visible = np.array([[True, True, True, False], [False, True, True, False]])
    comparison = Comparison(
        names=("C7", "T10", "CLAV", "STRN"),
        shape=(4, 3),
        target=target,
        kind="points",
        visible=visible,
        stats=None,
        rotation=("", ""),
        rate=120.0,
        threshold=0.1,
        mm=1000.0,
    )
    found = comparison.measure(predicted.reshape(1, 2, 12), np.array([[0, 1]]))
    expected = metrics.pa_mpjpe(predicted[0, :3], target[0, :3])
    assert np.isnan(found["pa_mpjpe_mm"][0]).tolist() == [[False, False, False, True], [True] * 4]
    assert np.nanmean(found["pa_mpjpe_mm"]) == pytest.approx(expected)
    assert np.isnan(found["mpjpe_mm"][0]).tolist() == (~visible).tolist()


def test_predictions_are_read_as_normalized_where_the_targets_are(make):
    # The corpus has hands of two kinds, each with statistics of its own; this makes one of them.
    alike = {"stage": "select_joints", "set": "cmu-31"}
    dataset = make(alike, {"stage": "normalize"}, {"stage": "features", "arrays": ["positions", "root_position"]})
    targets = ["positions[*-Hips].xz", "root_position"]
    windows = dataset["test"].windows(3, targets=targets)
    # One deviation of train off, number by number.
    body, root = score(all_of(windows) + np.array([1.0] * 30 * 2 + [0, 1, 0]), windows, unit_mm=CMU_MM).fields
    deviations = dataset.stats["positions"][0].std[1:][:, [0, 2]]
    assert body.mean()["ed"] == pytest.approx(np.linalg.norm(deviations, axis=1).mean(), rel=1e-4)
    assert root.mean()["ed"] == pytest.approx(dataset.stats["root_position"][0].std[1], rel=1e-4)
    assert body.mean()["pa_mpjpe_mm"] > 0


def test_predictions_for_targets_as_stored_are_read_as_stored(make):
    dataset = make({"stage": "normalize"}, {"stage": "features", "arrays": ["positions"]})
    windows = dataset["test"].windows(3, targets=["positions"], normalize=False)
    (field,) = score(points(windows) + np.array([3, 4, 0]), windows).fields
    assert field.mean()["ed"] == pytest.approx(5)


def test_other_numbers_are_reported_each_by_its_name(make):
    dataset = make(
        {"stage": "velocity", "of": ["root_position"]}, {"stage": "features", "arrays": ["positions", "root_velocity"]}
    )
    windows = dataset["test"].windows(1, targets=["root_velocity"])
    (field,) = score(all_of(windows) + np.array([1, -2, 3]), windows).fields
    assert {name: means["absolute_error"] for name, means in field.by("joint").items()} == pytest.approx(
        {"root_velocity.x": 1, "root_velocity.y": 2, "root_velocity.z": 3}
    )


# What cannot be scored


@pytest.mark.parametrize("shape", [(-1, 5, 114), (-1, 5, 38, 3)])
def test_a_single_target_may_be_flat_or_in_its_shape(windows, shape):
    (field,) = score(all_of(windows).reshape(shape), windows).fields
    assert field.mean()["ed"] == 0


@pytest.mark.parametrize("shape", [(-1, 1, 114), (-1, 114), (-1, 1, 38, 3), (-1, 38, 3)])
def test_the_axis_of_one_frame_may_be_left_out(plain, shape):
    windows = plain["test"].windows(1, targets=["positions"])
    (field,) = score(all_of(windows).reshape(shape), windows).fields
    assert field.mean()["ed"] == 0


def test_predictions_of_another_shape_are_reported_with_what_was_asked(windows):
    count = len(windows)
    with pytest.raises(PredictionError) as error:
        score(np.zeros((count, 114)), windows)
    assert str(error.value) == (
        f"predictions have shape ({count}, 114); expected ({count}, 5, 114) or ({count}, 5, 38, 3): "
        f"{count} windows, of length 5, with 114 numbers a frame (114 of positions)"
    )


def test_as_many_numbers_in_another_order_of_axes_are_refused(windows):
    with pytest.raises(PredictionError, match="expected"):
        score(np.swapaxes(all_of(windows), 1, 2), windows)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39, -1.5e308])
def test_what_is_not_finite_is_reported_with_its_window(windows, value):
    predicted = all_of(windows)
    predicted[11, 2, 7] = value
    with pytest.raises(
        PredictionError, match=rf"window 11: predictions have {re.escape(str(value))} at \[2, 7\]; expected numbers"
    ):
        score(predicted, windows)


def test_a_signalling_nan_is_reported_and_warns_of_nothing(windows):
    predicted = all_of(windows).astype(np.float32)
    predicted.view(np.uint32)[11, 2, 7] = 0x7FA00000
    with pytest.raises(PredictionError, match=r"window 11: predictions have nan at \[2, 7\]"):
        score(predicted, windows)


@pytest.mark.parametrize("dtype", [bool, complex, "U3"])
def test_what_is_no_number_is_refused(windows, dtype):
    with pytest.raises(PredictionError, match="expected numbers such as float32"):
        score(all_of(windows).astype(dtype), windows)


def test_a_threshold_below_0_is_refused(windows):
    with pytest.raises(PredictionError, match="threshold is -1; it must be 0 or above"):
        score(all_of(windows), windows, threshold=-1)


def test_windows_without_targets_are_refused(plain):
    with pytest.raises(
        PredictionError, match=r"the windows have no targets to compare predictions with; name them by `targets`"
    ):
        score(np.zeros(3), plain["test"].windows(1, features=["positions"]))


# Files


def test_predictions_are_mapped_and_not_read(tmp_path):
    np.save(tmp_path / "pred.npy", np.ones((3, 4), np.float32))
    assert isinstance(load_predictions(tmp_path / "pred.npy"), np.memmap)


def test_predictions_that_are_pickled_are_refused(tmp_path):
    np.save(tmp_path / "pred.npy", np.array([{}], dtype=object))
    with pytest.raises(PredictionError, match=r"pred.npy: is no whole .npy file of numbers"):
        load_predictions(tmp_path / "pred.npy")


@pytest.mark.parametrize("data", [b"", b"hello", b"\x93NUMPY"])
def test_a_file_of_something_else_is_refused(tmp_path, data):
    (tmp_path / "pred.npy").write_bytes(data)
    with pytest.raises(PredictionError, match=r"pred.npy: is no whole .npy file of numbers"):
        load_predictions(tmp_path / "pred.npy")


def test_an_archive_is_refused(tmp_path):
    np.savez(tmp_path / "pred.npz", np.ones(3))
    with pytest.raises(PredictionError, match=r"pred.npz: is an archive \(\.npz\); save one array by numpy\.save"):
        load_predictions(tmp_path / "pred.npz")


def test_a_file_that_is_not_there_is_reported(tmp_path):
    with pytest.raises(PredictionError, match=r"pred.npy: cannot be read: No such file"):
        load_predictions(tmp_path / "pred.npy")


def test_the_csv_has_a_row_for_each_frame_of_each_window(windows, scored, tmp_path):
    score(noisy(windows), windows, frames_csv=tmp_path / "frames.csv")
    with (tmp_path / "frames.csv").open() as file:
        rows = list(csv.DictReader(file))
    distances = metrics.euclidean_distance(noisy(windows), points(windows))
    assert len(rows) == 5 * len(windows)
    assert list(rows[0])[:6] == ["motion", "subject", "window", "frame", "positions", "positions[Hips]"]
    for number in (0, 7, len(rows) - 1):
        row, window = rows[number], number // 5
        motion, frames = windows.where(window)
        assert [row[name] for name in ("subject", "window", "frame")] == [
            motion.row["subject"],
            str(window),
            str(frames[number % 5]),
        ]
        assert float(row["positions"]) == pytest.approx(distances[window, number % 5].mean(), rel=1e-5)
        assert float(row["positions[Hips]"]) == pytest.approx(distances[window, number % 5, 0], rel=1e-5)
    assert {row["motion"] for row in rows} == {"07_01", "09_01", "09_01@2"}
    assert sum(row["positions[LeftHandIndex1]"] == "" for row in rows) == 5 * windows.motions[0][1].stop


@pytest.mark.parametrize(
    ("target", "columns"),
    [
        ("positions[Hips]", ["positions[Hips]"]),
        ("root_position", ["root_position"]),
        ("positions[Hips,Head].xz", ["positions[Hips,Head].xz", "positions[Hips]", "positions[Head]"]),
        ("quaternions[Hips].wx", ["quaternions[Hips].wx", "quaternions[Hips].w", "quaternions[Hips].x"]),
    ],
)
def test_no_column_of_the_csv_stands_twice(plain, tmp_path, target, columns):
    windows = plain["test"].windows(1, targets=[target])
    score(all_of(windows), windows, frames_csv=tmp_path / "frames.csv")
    with (tmp_path / "frames.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0][4:] == columns
    assert {len(row) for row in rows} == {4 + len(columns)}


def test_a_csv_that_could_not_be_finished_is_not_there(windows, tmp_path):
    predicted = all_of(windows)
    predicted[-1] = np.nan
    with pytest.raises(PredictionError):
        score(predicted, windows, frames_csv=tmp_path / "frames.csv")
    assert list(tmp_path.iterdir()) == []


def test_a_target_that_is_named_twice_is_refused(plain):
    windows = plain["test"].windows(1, targets=["root_position", "root_position"])
    with pytest.raises(PredictionError, match="the target root_position is named twice"):
        score(all_of(windows), windows)


@pytest.mark.parametrize("unit", [0.0, -1.0, float("nan"), float("inf")])
def test_a_unit_that_is_no_length_is_refused(windows, unit):
    with pytest.raises(PredictionError, match="it must be above 0"):
        score(all_of(windows), windows, unit_mm=unit)


def test_each_column_of_the_csv_has_a_name_of_its_own(plain, tmp_path):
    windows = plain["test"].windows(1, targets=["positions", "positions[Hips]"])
    score(all_of(windows), windows, frames_csv=tmp_path / "frames.csv")
    with (tmp_path / "frames.csv").open(newline="") as file:
        head = next(csv.reader(file))
    assert len(head) == len(set(head))
    assert "positions[Hips] of positions[Hips]" in head


def test_a_shape_that_is_asked_for_is_reported_once(plain):
    windows = plain["test"].windows(1, targets=["root_position"])
    with pytest.raises(PredictionError) as refused:
        score(np.zeros((2, 5)), windows)
    shapes = str(refused.value).partition("expected ")[2].partition(":")[0].split(" or ")
    assert len(shapes) == len(set(shapes))
