"""Shards as docs/format.md tells of them, read by programs that know nothing of motionprep."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest
import zarr

import motionprep
from motionprep import build


@pytest.fixture(scope="module")
def out(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("format") / "out"
    build(corpus, folder)
    return folder


def rows(out: Path) -> list[dict]:
    """Return the manifest as any program that reads Parquet has it."""
    dataset = json.loads((out / "dataset.json").read_text(encoding="utf-8"))
    return pyarrow.parquet.read_table(out / dataset["manifest"]).to_pylist()


@pytest.mark.parametrize("pipeline", ["zarr.core.codec_pipeline.BatchedCodecPipeline", "zarrs.ZarrsCodecPipeline"])
def test_zarr_reads_a_shard_with_its_own_codecs_and_with_those_of_zarrs(out: Path, pipeline: str) -> None:
    train = motionprep.open(out)["train"]
    with zarr.config.set({"codec_pipeline.path": pipeline}):
        for row, motion in zip(rows(out), train.values(), strict=True):
            shard = zarr.open_group(out / "shards" / row["shard"], mode="r")
            for feature in motion:
                assert np.array_equal(shard[feature][row["start"] : row["stop"]], motion[feature])


def test_tensorstore_reads_a_shard(out: Path) -> None:
    tensorstore = pytest.importorskip("tensorstore")
    motion = next(iter(motionprep.open(out)["train"].values()))
    row = rows(out)[0]
    for feature in motion:
        store = {"driver": "file", "path": str(out / "shards" / row["shard"] / feature)}
        array = tensorstore.open({"driver": "zarr3", "kvstore": store}, read=True).result()
        assert np.array_equal(array[row["start"] : row["stop"]].read().result(), motion[feature])


def test_numpy_alone_reads_a_chunk(out: Path) -> None:
    motion = next(iter(motionprep.open(out)["train"].values()))
    array = out / "shards" / motion.row["shard"] / "positions"
    chunk, *frame = json.loads((array / "zarr.json").read_text())["chunk_grid"]["configuration"]["chunk_shape"]
    first = np.frombuffer((array / "c.0.0.0").read_bytes()[:-4], "<f4").reshape(chunk, *frame)
    assert np.array_equal(first[: motion.frames], motion["positions"][:chunk])


def test_xarray_opens_a_shard_with_named_axes_and_no_warning(out: Path) -> None:
    xarray = pytest.importorskip("xarray")
    motion = next(iter(motionprep.open(out)["train"].values()))
    shard = xarray.open_zarr(out / "shards" / motion.row["shard"])
    assert shard["positions"].dims == ("frame", "node", "axis")
    assert shard["rotations"].dims == ("frame", "joint", "row", "column")
    assert tuple(shard.attrs["joints"]) == motion.skeleton.joints
    assert tuple(shard.attrs["nodes"]) == motion.skeleton.nodes


def test_the_manifest_has_a_copy_under_a_name_that_stays(out: Path) -> None:
    named = out / json.loads((out / "dataset.json").read_text())["manifest"]
    assert (out / "manifest.parquet").read_bytes() == named.read_bytes()


def test_a_lost_copy_of_the_manifest_comes_back_with_the_next_build(corpus: Path, out: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(out, tmp_path / "out"))
    (copied / "manifest.parquet").unlink()
    assert build(corpus, copied).made == 0
    assert (copied / "manifest.parquet").read_bytes() == (out / "manifest.parquet").read_bytes()


def test_what_stages_found_is_a_column_of_the_manifest(corpus: Path, tmp_path: Path) -> None:
    build(corpus, tmp_path / "out", recipe={"stages": [{"stage": "yaw"}]})
    table = motionprep.open(tmp_path / "out").manifest
    assert table.yaw.between(-180, 360).all()
    assert table.yaw.nunique() > 1
