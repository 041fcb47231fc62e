"""What the tests of exports share: a dataset with a task, and one whose numbers were changed in every way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import motionprep
from motionprep import Dataset
from motionprep.recipe.recipe import recipe_from_json

SPLIT = {
    "train": ["02_*", {"motions": "09_01", "frames": "1-20"}, {"motions": "09_01", "frames": "31-45"}],
    "test": ["07_01", "07_02"],
}
TASK = {"inputs": ["positions[*-Hips]"], "targets": ["positions[Hips]"]}


@pytest.fixture(scope="session")
def built(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of plain motions, one of them there twice, with a task."""
    out = tmp_path_factory.mktemp("export") / "out"
    labels = {
        "02_01": "walk",
        "02_02": "run",
        "02_03": [[1, 10, "walk"], [15, 30, "run"]],
        "02_04": "run",
        "07_01": "walk",
        "07_02": "run",
    }
    recipe = {"description": "Walks", "split": SPLIT, "task": TASK, "reading": {"labels": labels}}
    motionprep.build(corpus, out, recipe=recipe_from_json(recipe))
    return out


@pytest.fixture
def dataset(built: Path) -> Dataset:
    return motionprep.open(built)


@pytest.fixture(scope="session")
def posed(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset of SMPL's poses."""
    out = tmp_path_factory.mktemp("export") / "posed"
    stages = [
        {"stage": "scale", "unit": "m", "metres_per_unit": 0.0564444},
        {"stage": "smpl"},
        {"stage": "features", "arrays": ["smpl"]},
    ]
    motionprep.build(corpus, out, recipe={"description": "Walks", "split": SPLIT, "stages": stages})
    return motionprep.open(out)


@pytest.fixture
def fitting(dataset: Dataset, posed: Dataset) -> Callable[[str], Dataset]:
    """Return a function from a kind of export to a dataset that fits into it."""
    return lambda kind: posed if kind == "amass" else dataset


@pytest.fixture(scope="session")
def changed(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """Return a dataset scaled, in a local frame, with 6D rotations apart from the root's, and normalized."""
    out = tmp_path_factory.mktemp("export") / "changed"
    stages = [
        {"stage": "downsample", "factor": 4},
        {"stage": "select_joints", "joints": ["!Spine1"]},
        {"stage": "local_frame", "method": "heading"},
        {"stage": "scale", "thigh": 1},
        {"stage": "permute_axes", "axes": "yzx"},
        {"stage": "represent", "rotations": "6d", "root": "apart", "flat": True},
        {"stage": "normalize"},
        {"stage": "features", "arrays": ["rotations", "root_rotation", "root_position", "positions"]},
    ]
    split = {"train": ["02_*", "07_03", "07_04"], "test": ["07_01", "07_02"]}
    motionprep.build(corpus, out, recipe=recipe_from_json({"split": split, "stages": stages}))
    return motionprep.open(out)
