from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionprep import Dataset, RecipeError
from motionprep.errors import PredictionError
from motionprep.exporting.prediction import Prediction, cut, read_prediction
from motionprep.recipe.recipe import Task


def read(dataset: Dataset, folder: Path, values: Any, *fields: str) -> Prediction:
    np.save(folder / "pred.npy", values)
    return read_prediction(folder / "pred.npy", dataset["test"]["07_01"], fields)


def test_numbers_go_where_their_fields_are(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    frames = sum(motion.frames for motion in motions)
    values = np.arange(frames * 6, dtype=np.float32).reshape(frames, 6)
    prediction = read(dataset, tmp_path, values, "positions[Hips,Head].xz", "root_position.zx")

    start = 0
    for motion, said in zip(motions, prediction.deal(motions), strict=True):
        rows = values[start : start + motion.frames]
        nodes = [motion.skeleton.nodes.index(name) for name in ("Hips", "Head")]
        expected = motion["positions"].copy()
        expected[np.ix_(range(motion.frames), nodes, [0, 2])] = rows[:, :4].reshape(-1, 2, 2)
        np.testing.assert_array_equal(said["positions"], expected)
        np.testing.assert_array_equal(said["root_position"][:, [2, 0]], rows[:, 4:])
        np.testing.assert_array_equal(said["root_position"][:, 1], motion["root_position"][:, 1])
        start += motion.frames


def test_a_feature_is_known_by_its_shape_and_then_by_its_numbers(dataset: Dataset, tmp_path: Path) -> None:
    for shape, feature in (
        ((31, 3, 3), "rotations"),
        ((279,), "rotations"),
        ((38, 3), "positions"),
        ((31, 4), "quaternions"),
    ):
        (field,) = read(dataset, tmp_path, np.zeros((5, *shape))).fields
        assert str(field) == feature


@pytest.mark.parametrize(
    ("values", "fields", "message"),
    [
        (
            np.zeros((5, 7)),
            (),
            "has 7 numbers a frame; name what they are by `fields`, of positions 114, rotations 279",
        ),
        (np.zeros((5, 7)), ("positions[Hips]",), r"has 7 numbers a frame; expected 3: positions\[Hips\] 3"),
        (np.zeros(5), (), r"expected frames \(F, K\) of numbers such as float32, found shape \(5,\) of float64"),
        (np.zeros((5, 3), bool), (), r"expected frames .* such as float32, found shape \(5, 3\) of bool"),
        (np.array([[0, 0, 0], [0, np.nan, 0.0]]), (), r"frame 1: predictions have nan at \[1\]; expected numbers"),
        (
            np.array([[0, 0, 0], [0, 0, 1e300]]),
            (),
            r"frame 1: predictions have 1e\+300 at \[2\]; expected numbers that",
        ),
    ],
)
def test_what_fits_nothing_is_refused_with_what_there_is(
    dataset: Dataset, tmp_path: Path, values: Any, fields: tuple[str, ...], message: str
) -> None:
    with pytest.raises(PredictionError, match=f"pred.npy: {message}"):
        read(dataset, tmp_path, values, *fields)


@pytest.mark.parametrize(
    ("field", "message"),
    [
        ("speed", "there is no feature 'speed'; stored are positions, rotations, quaternions, root_position"),
        ("positions[Nose]", r"07_01: positions\[Nose\]: no Nose"),
        ("positions[", "is no field"),
    ],
)
def test_a_field_that_is_not_stored_is_reported(dataset: Dataset, tmp_path: Path, field: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read(dataset, tmp_path, np.zeros((5, 3)), field)


def test_another_number_of_frames_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    frames = sum(motion.frames for motion in motions)
    prediction = read(dataset, tmp_path, np.zeros((frames - 1, 3)), "root_position")

    with pytest.raises(PredictionError, match=f"has {frames - 1} frames; expected {frames}, those of 07_01, 07_02"):
        next(prediction.deal(motions))


@pytest.mark.parametrize("shape", [(114,), (38, 3)])
def test_windows_that_lie_end_to_end_are_frames_end_to_end(
    dataset: Dataset, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    task = Task(inputs=("positions.xy",), targets=("positions",), length=8, stride=8)
    windows = dataset["test"].windows(8, 8, targets=["positions"])
    motions = list(dataset["test"].values())
    values = np.random.default_rng(0).normal(size=(len(windows), 8, *shape)).astype(np.float32)
    np.save(tmp_path / "pred.npy", values)
    read = read_prediction(tmp_path / "pred.npy", motions[0], (), task.targets, cut(motions, task))

    said = {motion.key: arrays["positions"] for motion, arrays in zip(motions, read.deal(motions), strict=True)}
    for number in range(len(windows)):
        motion, frames = windows.where(number)
        np.testing.assert_array_equal(said[motion.key][frames], values[number].reshape(8, 38, 3))
    for motion in motions:
        rest = motion.frames // 8 * 8
        np.testing.assert_array_equal(said[motion.key][rest:], motion["positions"][rest:])


def test_a_number_that_float32_cannot_hold_is_reported_with_its_window(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    cuts = cut(motions, Task(inputs=("positions.xy",), targets=("positions",), length=8, stride=8))
    values = np.zeros((cuts.count, 8, 38, 3))
    values[3, 2, 5, 1] = -np.inf
    np.save(tmp_path / "pred.npy", values)
    with pytest.raises(PredictionError, match=r"pred.npy: window 3: predictions have -inf at \[2, 5, 1\]; expected"):
        read_prediction(tmp_path / "pred.npy", motions[0], (), ("positions",), cuts)


def test_whole_numbers_are_numbers(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    values = np.arange(3 * sum(motion.frames for motion in motions)).reshape(-1, 3)

    said = next(read(dataset, tmp_path, values, "root_position").deal(motions))
    np.testing.assert_array_equal(said["root_position"], values[: motions[0].frames])


@pytest.mark.parametrize(
    ("length", "stride", "step"), [(8, 4, 1), (8, 9, 1), (4, 8, 2), (1, 3, 1), (1, 1, 1), (5, 5, 1)]
)
@pytest.mark.parametrize("label", [False, True])
def test_motions_are_cut_as_windows_are(dataset: Dataset, length: int, stride: int, step: int, label: bool) -> None:
    task = Task(inputs=("positions",), targets=("positions",), length=length, stride=stride, step=step, label=label)
    windows = dataset["train"].windows(length, stride, step, targets=["root_position"], inputs=[], label=label)

    cuts = cut(list(dataset["train"].values()), task)
    assert cuts.count == len(windows)
    expected = [list(windows.where(number)[1]) for number in range(len(windows))]
    assert np.concatenate(cuts.frames).reshape(-1, length).tolist() == expected


def test_windows_that_do_not_lie_end_to_end_are_refused(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    cuts = cut(motions, Task(inputs=("positions",), targets=("positions",), length=8, stride=4))
    np.save(tmp_path / "pred.npy", np.zeros((cuts.count, 8, 114)))

    message = r"has windows of length 8 with stride 4 and step 1, .*; expected stride 8 and step 1, or frames \(F, K\)"
    with pytest.raises(PredictionError, match=message):
        read_prediction(tmp_path / "pred.npy", motions[0], (), ("positions",), cuts)


@pytest.mark.parametrize("shape", [(114,), (1, 114), (38, 3), (1, 38, 3)])
def test_windows_of_one_frame_may_do_without_an_axis_for_it(
    dataset: Dataset, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    motions = list(dataset["train"].values())
    task = Task(inputs=("positions",), targets=("positions",), step=6, label=True)
    cuts = cut(motions, task)
    assert cuts.count < sum(motion.frames for motion in motions)
    np.save(tmp_path / "pred.npy", np.arange(cuts.count).reshape(-1, *(1 for _ in shape)) + np.zeros(shape))

    said = read_prediction(tmp_path / "pred.npy", motions[0], (), task.targets, cuts).deal(motions)
    first = 0
    for arrays, frames in zip(said, cuts.frames, strict=True):
        assert arrays["positions"][frames, 5, 1].tolist() == list(range(first, first + len(frames)))
        first += len(frames)


@pytest.mark.parametrize("shape", [(114,), (1, 38, 3)])
def test_windows_of_one_frame_that_pass_over_some_are_refused(
    dataset: Dataset, tmp_path: Path, shape: tuple[int, ...]
) -> None:
    motions = list(dataset["test"].values())
    cuts = cut(motions, Task(inputs=("positions",), targets=("positions",), stride=3))
    np.save(tmp_path / "pred.npy", np.zeros((cuts.count, *shape)))

    with pytest.raises(PredictionError, match="has windows of length 1 with stride 3 and step 1, which do not lie end"):
        read_prediction(tmp_path / "pred.npy", motions[0], (), ("positions",), cuts)


def test_windows_in_one_row_of_frames_are_refused_with_how_to_give_them(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    cuts = cut(motions, Task(inputs=("positions",), targets=("positions",), length=8, stride=8))
    np.save(tmp_path / "pred.npy", np.zeros((8 * cuts.count, 114)))
    prediction = read_prediction(tmp_path / "pred.npy", motions[0], (), ("positions",), cuts)

    total = sum(motion.frames for motion in motions)
    message = rf"has {8 * cuts.count} frames; expected {total}, .*, and windows of the task are given as \(S, T, K\)"
    with pytest.raises(PredictionError, match=message):
        next(prediction.deal(motions))


def test_another_number_of_windows_is_reported_with_what_is_expected(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"].values())
    cuts = cut(motions, Task(inputs=("positions",), targets=("positions",), length=8, stride=8))
    np.save(tmp_path / "pred.npy", np.zeros((3, 8, 114)))

    message = rf"its shape is \(3, 8, 114\): expected \(frames, K\), or the task's windows, \({cuts.count}, 8, K\)"
    for fields in ((), ("positions",)):
        with pytest.raises(PredictionError, match=message):
            read_prediction(tmp_path / "pred.npy", motions[0], fields, ("positions",), cuts)
    with pytest.raises(PredictionError, match=r"its shape is \(3, 8, 114\): expected \(frames, K\)$"):
        read_prediction(tmp_path / "pred.npy", motions[0])


@pytest.mark.parametrize("content", [b"", b"PK nothing", b"\x93NUMPY"])
def test_what_is_no_npy_file_is_reported_as_such(dataset: Dataset, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pred.npy").write_bytes(content)
    with pytest.raises(PredictionError, match=r"pred.npy: is no whole .npy file of numbers"):
        read_prediction(tmp_path / "pred.npy", dataset["test"]["07_01"], ())


def test_a_file_that_is_not_there_is_reported_as_such(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"pred.npy: cannot be read: No such file"):
        read_prediction(tmp_path / "pred.npy", dataset["test"]["07_01"], ())
