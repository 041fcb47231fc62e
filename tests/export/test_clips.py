from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from motionprep import Dataset, export
from motionprep.errors import DatasetError


def test_clips_are_windows_of_positions_that_can_be_mapped(dataset: Dataset, tmp_path: Path) -> None:
    export.write("clips", dataset, tmp_path / "dest", length=8, stride=4)

    clips = np.load(tmp_path / "dest" / "test.npy", mmap_mode="r")
    expected = [
        motion["positions"][start : start + 8] for motion in dataset["test"] for start in range(0, motion.frames - 7, 4)
    ]
    np.testing.assert_array_equal(clips, np.stack(expected))
    assert isinstance(clips, np.memmap)


def test_clips_of_one_frame_keep_its_axis(dataset: Dataset, tmp_path: Path) -> None:
    export.write("clips", dataset, tmp_path / "dest", length=1)
    assert np.load(tmp_path / "dest" / "test.npy").shape == (len(dataset["test"]), 1, 38, 3)


def test_a_field_may_be_given(dataset: Dataset, tmp_path: Path) -> None:
    export.write("clips", dataset, tmp_path / "dest", length=8, feature="positions[Hips,Head].xz")
    assert np.load(tmp_path / "dest" / "train.npy").shape[1:] == (8, 2, 2)


def test_labels_lie_beside(dataset: Dataset, tmp_path: Path) -> None:
    export.write("clips", dataset, tmp_path / "dest", length=8, label=True)

    names = json.loads((tmp_path / "dest" / "classes.json").read_text())
    labels = np.load(tmp_path / "dest" / "test_labels.npy")
    expected = [motion.label for motion in dataset["test"] for _ in range(motion.frames - 7)]
    assert [names[number] for number in labels] == expected
    assert len(labels) == len(np.load(tmp_path / "dest" / "test.npy"))


def test_a_length_is_needed(changed: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="give a length"):
        export.write("clips", changed, tmp_path / "dest")
