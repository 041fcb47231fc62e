"""Six numbers of a rotation are two columns or two rows of its matrix, and everything that reads them knows which."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

import motionprep
from motionprep.errors import RecipeError
from motionprep.stages.features import Features
from motionprep.stages.represent import Represent

ARRAYS = ["rotations", "rotations_6d", "root_position", "positions"]


def built(corpus: Path, out: Path, *, by: str, stages: tuple[dict, ...] = ()) -> motionprep.Dataset:
    features = {"stage": "features", "arrays": ARRAYS, "by": by}
    motionprep.build(corpus, out, recipe={"split": {"percent": "100"}, "stages": [*stages, features]})
    return motionprep.open(out)


@pytest.fixture
def corpus(tmp_path: Path, make_take) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    motionprep.write_bvh(make_take().motion, folder / "69_01.bvh")
    return folder


@pytest.mark.parametrize("by", ["columns", "rows"])
def test_the_stored_numbers_are_the_lines_of_scipys_matrices(corpus: Path, tmp_path: Path, by: str) -> None:
    motion = built(corpus, tmp_path / "out", by=by)["train"]["69_01"]

    matrices = Rotation.from_matrix(motion["rotations"].reshape(-1, 3, 3)).as_matrix().reshape(24, -1, 3, 3)
    lines = matrices[..., :2, :] if by == "rows" else np.moveaxis(matrices[..., :2], -1, -2)
    np.testing.assert_allclose(motion["rotations_6d"], lines.reshape(24, -1, 6), atol=1e-6)


@pytest.mark.parametrize("by", ["columns", "rows"])
def test_attributes_and_statistics_say_which_lines_they_are(corpus: Path, tmp_path: Path, by: str) -> None:
    dataset = built(corpus, tmp_path / "out", by=by)

    (array,) = (tmp_path / "out" / "shards").glob("*/rotations_6d/zarr.json")
    assert json.loads(array.read_bytes())["attributes"] == {"by": by}
    assert dataset["train"]["69_01"].stats("rotations_6d").by == by


def test_two_rows_come_back_from_other_axes_as_two_rows(corpus: Path, tmp_path: Path) -> None:
    turned = built(corpus, tmp_path / "turned", by="rows", stages=({"stage": "permute_axes", "axes": "zxy"},))
    plain = built(corpus, tmp_path / "plain", by="rows")

    back = motionprep.invert(turned["train"]["69_01"])["rotations_6d"]

    np.testing.assert_allclose(back, plain["train"]["69_01"]["rotations_6d"], atol=1e-5)


def test_only_shards_with_six_numbers_are_made_anew_for_it() -> None:
    assert "by" not in Features().identity()
    assert "by" not in Represent(rotations="quaternion").identity()
    assert Features(arrays=("rotations_6d",)).identity()["by"] == "columns"
    assert Represent(rotations="6d").identity()["by"] == "columns"


def test_both_in_one_dataset_are_refused() -> None:
    stages = [
        {"stage": "represent", "rotations": "6d"},
        {"stage": "features", "arrays": ["rotations", "rotations_6d"], "by": "rows"},
    ]
    with pytest.raises(RecipeError, match="two columns of matrices and rotations_6d of split 'train' two rows"):
        motionprep.plan("unused", recipe={"stages": stages})
