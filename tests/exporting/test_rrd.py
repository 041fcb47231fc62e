"""Recordings for the viewer Rerun, read back by Rerun's own reader."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import Dataset, ExportError, build, exporting, write_sample

chunk = pytest.importorskip("rerun.chunk", reason="rerun-sdk is not installed")


def columns(path: Path) -> dict[tuple[str, str], Any]:
    """Return the columns that change over time, by entity and name."""
    found = {}
    for part in chunk.RrdReader(path).stream().to_chunks():
        batch = part.to_record_batch()
        if not part.is_static:
            found |= {(part.entity_path, name): batch.column(name) for name in batch.schema.names}
    return found


def test_joints_and_bones_are_where_the_dataset_has_them(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("rrd", dataset, tmp_path / "dest", splits=("test",))

    motion = dataset["test"]["07_01"]
    positions = motion["positions"]
    found = columns(tmp_path / "dest" / "test" / "07_01.rrd")
    joints = np.array(found["/skeleton/joints", "Points3D:positions"].to_pylist())
    np.testing.assert_array_equal(joints, positions)
    bones = np.array(found["/skeleton/bones", "LineStrips3D:strips"].to_pylist())
    parents = np.array(motion.skeleton.node_parents)
    np.testing.assert_array_equal(bones[:, :, 1], positions[:, parents >= 0])
    np.testing.assert_array_equal(bones[:, :, 0], positions[:, parents[parents >= 0]])
    assert found["/skeleton/joints", "frame"].to_pylist() == list(range(1, motion.frames + 1))


def test_markers_are_there_where_they_are_seen_and_contacts_by_foot(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", subjects=1, motions=1, frames=60, markers=True)
    recipe = {
        "stages": [
            {"stage": "align", "method": "cmu"},
            {"stage": "contacts"},
            {"stage": "features", "arrays": ["markers", "markers_visible", "contacts"]},
        ]
    }
    build(tmp_path / "data", tmp_path / "out", recipe=recipe)
    dataset = motionprep.open(tmp_path / "out")
    exporting.export("rrd", dataset, tmp_path / "dest")

    (motion,) = dataset["train"].values()
    found = columns(tmp_path / "dest" / "train" / f"{motion.key}.rrd")
    markers = found["/markers", "Points3D:positions"].to_pylist()
    assert [len(frame) for frame in markers] == motion["markers_visible"].sum(axis=1).tolist()
    np.testing.assert_array_equal(markers[5], motion["markers"][5][motion["markers_visible"][5].astype(bool)])
    left = found["/contacts/left_ankle", "Scalars:scalars"].to_pylist()
    assert [value for (value,) in left] == motion["contacts"][:, 0].tolist()


def test_a_dataset_without_places_has_nothing_to_show(corpus: Path, tmp_path: Path) -> None:
    build(corpus, tmp_path / "out", features="rotations")
    with pytest.raises(ExportError, match="neither positions nor markers"):
        exporting.export("rrd", motionprep.open(tmp_path / "out"), tmp_path / "dest")
    assert not (tmp_path / "dest").exists()
