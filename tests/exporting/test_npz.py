from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import Dataset, build, exporting, write_sample
from motionprep.recipe.recipe import recipe_from_json


def test_a_file_has_all_of_a_motion(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("npz", dataset, tmp_path / "dest")

    motion = dataset["test"]["07_01"]
    file = np.load(tmp_path / "dest" / "test" / "07_01.npz")
    for feature in motion:
        np.testing.assert_array_equal(file[feature], motion[feature])
    assert (file["key"], file["label"], file["rate"]) == ("07_01", "walk", motion.rate)
    assert tuple(file["joints"]) == motion.skeleton.joints
    assert tuple(file["nodes"]) == motion.skeleton.nodes
    assert tuple(file["parents"]) == motion.skeleton.node_parents
    np.testing.assert_array_equal(file["offsets"], motion.skeleton.node_offsets)


def test_a_motion_that_is_there_twice_has_two_files(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("npz", dataset, tmp_path / "dest", splits=("train",), features=("root_position",))

    for name in ("09_01", "09_01@2"):
        file = np.load(tmp_path / "dest" / "train" / f"{name}.npz")
        np.testing.assert_array_equal(file["root_position"], dataset["train"][name]["root_position"])
        assert "positions" not in file


def test_labels_of_ranges_are_there(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("npz", dataset, tmp_path / "dest", features=("root_position",))

    file = np.load(tmp_path / "dest" / "train" / "02_03.npz")
    assert file["labels"].tolist() == ["walk", "run"]
    assert file["label_frames"].tolist() == [[0, 10], [14, 30]]
    assert np.load(tmp_path / "dest" / "train" / "09_01.npz")["label_frames"].shape == (0, 2)


@pytest.mark.parametrize("stored_normalized", [False, True])
def test_normalized_numbers_are_those_before_on_request(corpus: Path, tmp_path: Path, stored_normalized: bool) -> None:
    stages = [{"stage": "normalize", "stored": stored_normalized}, {"stage": "features", "arrays": ["positions"]}]
    recipe = recipe_from_json({"split": {"train": ["02_01", "02_02"]}, "stages": stages})
    motionprep.build(corpus, tmp_path / "out", recipe=recipe)
    for normalize in (True, False):
        exporting.export("npz", tmp_path / "out", tmp_path / str(normalize), normalize=normalize)

    true = motionprep.read_bvh(corpus / "02" / "02_01.bvh").positions()
    normalized, before = (np.load(tmp_path / name / "train" / "02_01.npz")["positions"] for name in ("True", "False"))
    np.testing.assert_allclose(before, true, atol=1e-3)
    assert np.abs(normalized - true).max() > 1


def test_markers_and_their_names_are_both_there(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", subjects=1, motions=1, frames=40, markers=True)
    recipe = {"stages": [{"stage": "features", "arrays": ["markers", "markers_visible"]}]}
    build(tmp_path / "data", tmp_path / "out", recipe=recipe_from_json(recipe))
    exporting.export("npz", tmp_path / "out", tmp_path / "dest")
    (motion,) = motionprep.open(tmp_path / "out")["train"].values()
    with np.load(next((tmp_path / "dest").rglob("*.npz"))) as file:
        np.testing.assert_array_equal(file["markers"], motion["markers"])
        assert tuple(file["marker_names"]) == motion.marker_names
