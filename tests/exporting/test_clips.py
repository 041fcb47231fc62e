from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import Dataset, exporting
from motionprep.errors import DatasetError, ExportError
from motionprep.recipe.recipe import recipe_from_json


def test_clips_are_windows_of_positions_that_can_be_mapped(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("clips", dataset, tmp_path / "dest", length=8, stride=4)

    clips = np.load(tmp_path / "dest" / "test.npy", mmap_mode="r")
    expected = [
        motion["positions"][start : start + 8]
        for motion in dataset["test"].values()
        for start in range(0, motion.frames - 7, 4)
    ]
    np.testing.assert_array_equal(clips, np.stack(expected))
    assert isinstance(clips, np.memmap)


def test_clips_of_one_frame_keep_its_axis(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("clips", dataset, tmp_path / "dest", length=1)
    assert np.load(tmp_path / "dest" / "test.npy").shape == (dataset["test"].frames, 1, 38, 3)


def test_a_field_may_be_given(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("clips", dataset, tmp_path / "dest", length=8, feature="positions[Hips,Head].xz")
    assert np.load(tmp_path / "dest" / "train.npy").shape[1:] == (8, 2, 2)


def test_labels_lie_beside(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("clips", dataset, tmp_path / "dest", length=8, label=True)

    names = json.loads((tmp_path / "dest" / "classes.json").read_text())
    labels = np.load(tmp_path / "dest" / "test_labels.npy")
    expected = [motion.label for motion in dataset["test"].values() for _ in range(motion.frames - 7)]
    assert [names[number] for number in labels] == expected
    assert len(labels) == len(np.load(tmp_path / "dest" / "test.npy"))


def test_a_length_is_needed(changed: Dataset, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="give a length"):
        exporting.export("clips", changed, tmp_path / "dest")


class TestOfClips:
    @pytest.fixture
    def out(self, tmp_path: Path) -> Path:
        """Return a dataset of clips of 17 joints, which have no rotations."""
        (tmp_path / "data").mkdir()
        for name in ("a_01", "a_02"):
            np.save(tmp_path / "data" / f"{name}.npy", np.random.default_rng(0).normal(size=(5, 8, 17, 3)))
        arrays = {"names": "h36m-17", "rate": 50}
        recipe = {"reading": {"arrays": arrays}, "split": {"train": ["a_01"], "test": ["a_02"]}}
        motionprep.build(tmp_path / "data", tmp_path / "out", recipe=recipe_from_json(recipe))
        return tmp_path / "out"

    def test_they_come_as_they_went_in(self, out: Path, tmp_path: Path) -> None:
        exporting.export("clips", out, tmp_path / "dest")

        given = np.load(tmp_path / "data" / "a_02.npy").astype(np.float32)
        np.testing.assert_array_equal(np.load(tmp_path / "dest" / "test.npy"), given)

    def test_bare_points_are_no_animation(self, out: Path, tmp_path: Path) -> None:
        with pytest.raises(ExportError, match="a_01: nothing says which joint hangs from which"):
            exporting.export("bvh", out, tmp_path / "dest")
