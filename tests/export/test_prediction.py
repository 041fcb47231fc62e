from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionprep import Dataset, RecipeError
from motionprep.errors import PredictionError
from motionprep.export.prediction import Prediction, read_prediction


def read(dataset: Dataset, folder: Path, values: Any, *fields: str) -> Prediction:
    np.save(folder / "pred.npy", values)
    return read_prediction(folder / "pred.npy", dataset["test"].motion("07_01"), fields)


def test_numbers_go_where_their_fields_are(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"])
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
        (np.zeros((5, 7)), (), "has 7 numbers a frame; --fields says what they are, of positions 114, rotations 279"),
        (np.zeros((5, 7)), ("positions[Hips]",), r"has 7 numbers a frame; expected 3: positions\[Hips\] 3"),
        (np.zeros(5), (), r"expected frames \(F, K\) of floats, found shape \(5,\) of float64"),
        (np.zeros((5, 3), int), (), r"expected frames \(F, K\) of floats, found shape \(5, 3\) of int64"),
        (np.array([[0, 0, 0], [0, np.nan, 0.0]]), (), "frame 1 has a number that is not finite"),
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
def test_a_field_that_is_not_stored_is_told(dataset: Dataset, tmp_path: Path, field: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        read(dataset, tmp_path, np.zeros((5, 3)), field)


def test_another_number_of_frames_is_refused(dataset: Dataset, tmp_path: Path) -> None:
    motions = list(dataset["test"])
    frames = sum(motion.frames for motion in motions)
    prediction = read(dataset, tmp_path, np.zeros((frames - 1, 3)), "root_position")

    with pytest.raises(PredictionError, match=f"has {frames - 1} frames; expected {frames}, those of 07_01, 07_02"):
        next(prediction.deal(motions))


@pytest.mark.parametrize("content", [b"", b"PK nothing", b"\x93NUMPY"])
def test_what_is_no_npy_file_is_told_as_such(dataset: Dataset, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pred.npy").write_bytes(content)
    with pytest.raises(PredictionError, match=r"pred.npy: is no whole .npy file of numbers"):
        read_prediction(tmp_path / "pred.npy", dataset["test"].motion("07_01"), ())


def test_a_file_that_is_not_there_is_told_as_such(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match=r"pred.npy: cannot be read: No such file"):
        read_prediction(tmp_path / "pred.npy", dataset["test"].motion("07_01"), ())
