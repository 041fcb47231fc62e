from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from motionprep import Dataset, exporting
from motionprep.exporting.base import sample_name


def test_samples_are_motions_in_order(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("webdataset", dataset, tmp_path / "dest", features=("positions",))

    with tarfile.open(tmp_path / "dest" / "train-000000.tar") as tar:
        assert tar.getnames() == [
            name
            for key in ("02_01", "02_02", "02_03", "02_04", "09_01", "09_01@2")
            for name in (f"{key}.json", f"{key}.positions.npy")
        ]
        facts = json.load(tar.extractfile("09_01@2.json"))
        assert json.load(tar.extractfile("02_03.json"))["labels"] == [[0, 10, "walk"], [14, 30, "run"]]
        found = np.load(io.BytesIO(tar.extractfile("09_01@2.positions.npy").read()))
        assert {(entry.mtime, entry.uid, entry.gid, entry.uname) for entry in tar} == {(0, 0, 0, "")}
    motion = dataset["train"]["09_01@2"]
    np.testing.assert_array_equal(found, motion["positions"])
    told = ("key", "split", "subject", "frames", "rate", "nodes")
    assert [facts[name] for name in told] == ["09_01@2", "train", "09", 15, motion.rate, list(motion.skeleton.nodes)]


def test_shards_hold_about_so_many_bytes(dataset: Dataset, tmp_path: Path) -> None:
    report = exporting.export("webdataset", dataset, tmp_path / "dest", features=("positions",), file_bytes=1)

    assert len(list((tmp_path / "dest").glob("train-*.tar"))) == len(dataset["train"])
    assert "train-{000000..000005}.tar" in report.files


def test_the_package_of_that_name_reads_it(dataset: Dataset, tmp_path: Path) -> None:
    tariterators = pytest.importorskip("webdataset.tariterators")
    autodecode = pytest.importorskip("webdataset.autodecode")
    exporting.export("webdataset", dataset, tmp_path / "dest")

    with (tmp_path / "dest" / "test-000000.tar").open("rb") as file:
        groups = tariterators.group_by_keys(tariterators.tar_file_expander([{"url": "", "stream": file}]))
        samples = [autodecode.Decoder([])(sample) for sample in groups]

    assert [sample["__key__"] for sample in samples] == ["07_01", "07_02"]
    for sample, motion in zip(samples, dataset["test"].values(), strict=True):
        np.testing.assert_array_equal(sample["quaternions.npy"], motion["quaternions"])
        assert sample["json"]["label"] == motion.label


def test_names_hold_no_sign_at_which_a_reader_would_cut_them(dataset: Dataset) -> None:
    row = {**dataset["test"]["07_01"].row, "motion": "walk/v1.2 @ü", "key": "walk/v1.2 @ü@2"}
    assert sample_name(dataset["test"], dataset["test"].stored(row)) == "walk%2Fv1%2E2 %40ü@2"
