from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import motionprep
from motionprep import Dataset, exporting
from motionprep.errors import ExportError
from motionprep.exporting import parquet
from motionprep.recipe.recipe import recipe_from_json


@pytest.fixture(scope="module")
def folder(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    dest = tmp_path_factory.mktemp("parquet") / "dest"
    exporting.export("parquet", built, dest)
    return dest


def test_a_row_is_a_frame_with_its_motion(folder: Path, dataset: Dataset) -> None:
    table = pd.read_parquet(folder / "train-00000-of-00001.parquet")

    motions = list(dataset["train"].values())
    assert table.key.tolist() == [motion.key for motion in motions for _ in range(motion.frames)]
    assert table.frame.tolist() == [frame for motion in motions for frame in range(motion.frames)]
    assert set(table.split) == {"train"}
    assert table.groupby("key").size()[["09_01", "09_01@2"]].tolist() == [20, 15]


def test_each_frame_has_its_own_label(folder: Path) -> None:
    table = pd.read_parquet(folder / "train-00000-of-00001.parquet").set_index("key")

    found = {key: table.loc[key, "label"].replace({np.nan: None}).tolist() for key in ("02_01", "02_03", "09_01")}
    assert (set(found["02_01"]), set(found["09_01"])) == ({"walk"}, {None})
    rest = len(found["02_03"]) - 30
    assert found["02_03"] == ["walk"] * 10 + [None] * 4 + ["run"] * 16 + [None] * rest


def test_pandas_has_the_numbers(folder: Path, dataset: Dataset) -> None:
    table = pd.read_parquet(folder / "test-00000-of-00001.parquet")

    for feature in ("root_position", "positions"):
        expected = np.concatenate([motion[feature] for motion in dataset["test"].values()])
        column = [np.array(frame.tolist(), np.float32) for frame in table[feature]]
        found = np.array([[list(row) for row in frame] for frame in column]) if feature == "positions" else column
        np.testing.assert_array_equal(found, expected)


def test_polars_sees_fixed_shapes(folder: Path, dataset: Dataset) -> None:
    polars = pytest.importorskip("polars")
    table = polars.read_parquet(folder / "test-*.parquet")

    for feature, shape in (("rotations", (31, 3, 3)), ("positions", (38, 3)), ("root_position", (3,))):
        assert table.schema[feature] == polars.Array(polars.Float32, shape)
        expected = np.concatenate([motion[feature] for motion in dataset["test"].values()])
        np.testing.assert_array_equal(table[feature].to_numpy(), expected)


def test_hugging_face_datasets_sees_fixed_shapes(folder: Path, dataset: Dataset, tmp_path: Path) -> None:
    datasets = pytest.importorskip("datasets")
    datasets.disable_progress_bars()
    files = {"train": str(folder / "train-*.parquet"), "test": str(folder / "test-*.parquet")}
    loaded = datasets.load_dataset("parquet", data_files=files, cache_dir=str(tmp_path))

    assert {name: len(split) for name, split in loaded.items()} == {
        name: dataset[name].frames for name in dataset.splits
    }
    expected = np.concatenate([motion["positions"] for motion in dataset["test"].values()])[:10]
    np.testing.assert_array_equal(loaded["test"].with_format("numpy")[:10]["positions"], expected)


def test_a_large_split_is_cut_into_files_and_row_groups(
    dataset: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet, "_ROWS", 50)
    frame = 38 * 3 * 4
    exporting.export("parquet", dataset, tmp_path / "dest", features=("positions",), file_bytes=100 * frame)

    files = sorted((tmp_path / "dest").glob("train-*.parquet"))
    assert [path.name[-20:] for path in files] == [
        f"{n:05d}-of-{len(files):05d}.parquet"[-20:] for n in range(len(files))
    ]
    assert len(files) > 1
    rows = [pq.ParquetFile(path).metadata for path in files]
    assert sum(row.num_rows for row in rows) == dataset["train"].frames
    assert all(row.row_group(0).num_rows <= 50 for row in rows)


@pytest.fixture(scope="module")
def unlike(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset whose motions of test have no End Sites."""
    out = tmp_path_factory.mktemp("parquet") / "out"
    stages = [{"stage": "select_joints", "joints": ["!*_Nub"], "splits": ["test"]}]
    recipe = recipe_from_json({"split": {"train": ["02_*"], "test": ["07_*"]}, "stages": stages})
    motionprep.build(corpus, out, recipe=recipe)
    return out


def test_motions_of_other_sizes_are_refused_with_what_to_do(unlike: Path, tmp_path: Path) -> None:
    with pytest.raises(
        ExportError, match=r"positions has shape \(38, 3\) in 02_01 and \(31, 3\) in 07_01; parquet gives"
    ):
        exporting.export("parquet", unlike, tmp_path / "dest")


def test_motions_of_other_sizes_may_have_features_that_are_alike(unlike: Path, tmp_path: Path) -> None:
    exporting.export("parquet", unlike, tmp_path / "dest", features=("root_position", "rotations"))

    tables = [pd.read_parquet(tmp_path / "dest" / f"{side}-00000-of-00001.parquet") for side in ("train", "test")]
    assert [np.array(table.root_position.tolist()).shape[1] for table in tables] == [3, 3]


def test_a_note_says_where_motions_call_nodes_otherwise(dataset: Dataset, tmp_path: Path) -> None:
    report = exporting.export("parquet", dataset, tmp_path / "dest")
    assert report.notes == (
        "2 motions call nodes otherwise than the first does: LeftHandIndex1 of 02_01 is LFingers in 07_01",
    )
