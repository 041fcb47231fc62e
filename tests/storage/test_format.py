"""Shards as docs/format.md tells of them, read by programs that know nothing of motionprep."""

from __future__ import annotations

import json
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
