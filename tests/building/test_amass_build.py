"""Datasets of AMASS's motions: with and without a body model, among bodies, damaged files and arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from bodies import write_amass, write_body

import motionprep
from motionprep.errors import BuildError, SourceError
from motionprep.formats import amass, body_models
from motionprep.sources.find import find


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(1, 4):
        write_amass(folder / f"walk_0{number}.npz", frames=20 + number, seed=number)
    return folder


def test_rotations_and_translation_are_stored_without_a_body_model(tmp_path: Path, data: Path) -> None:
    motionprep.build(data, tmp_path / "out", split="100", features="quaternions,root_position")
    split = motionprep.open(tmp_path / "out")["train"]
    for key in ("walk_01", "walk_03"):
        motion = amass.parse_amass((data / f"{key}.npz").read_bytes(), key)
        np.testing.assert_allclose(split[key]["quaternions"], motion.quaternions(), atol=1e-6)
        np.testing.assert_allclose(split[key]["root_position"], motion.root_position(), atol=1e-6)


def test_positions_are_refused_without_a_body_model(tmp_path: Path, data: Path) -> None:
    with pytest.raises(BuildError, match=r"positions: bone lengths are needed.*body model"):
        motionprep.build(data, tmp_path / "out", split="100", features="positions")


@pytest.mark.parametrize("stage", ["acceleration", "velocity"])
def test_what_is_differentiated_of_positions_is_refused_without_a_body_model(
    tmp_path: Path, data: Path, stage: str
) -> None:
    recipe = {
        "split": {"percent": "100"},
        "stages": [{"stage": stage}, {"stage": "features", "arrays": [f"positions_{stage}"]}],
    }
    with pytest.raises(BuildError, match=rf"positions_{stage}: bone lengths are needed"):
        motionprep.build(data, tmp_path / "out", recipe=recipe)


def test_the_heading_of_hips_is_refused_without_a_body_model(tmp_path: Path, data: Path) -> None:
    recipe = {
        "split": {"percent": "100"},
        "stages": [{"stage": "root_motion"}, {"stage": "features", "arrays": ["root_motion"]}],
    }
    with pytest.raises(BuildError, match=r"root_motion: bone lengths are needed"):
        motionprep.build(data, tmp_path / "out", recipe=recipe)


def test_another_body_model_makes_shards_anew_and_the_same_one_makes_none(tmp_path: Path, data: Path) -> None:
    body, out = write_body(tmp_path / "body.npz"), tmp_path / "out"

    def build() -> int:
        return motionprep.build(data, out, split="100", features="positions", body_model=body).made

    assert build() > 0
    assert build() == 0
    motion = amass.parse_amass((data / "walk_02.npz").read_bytes(), "a", model=body_models.load(body))
    stored = motionprep.open(out)["train"]["walk_02"]["positions"]
    np.testing.assert_allclose(stored, motion.positions(), atol=1e-5)
    write_body(body, v_template=np.ones((200, 3)))
    assert build() > 0


def test_a_damaged_file_fails_alone(tmp_path: Path, data: Path) -> None:
    whole = (data / "walk_02.npz").read_bytes()
    (data / "walk_02.npz").write_bytes(whole[: len(whole) // 2])
    write_amass(data / "walk_04.npz", trans=np.full((12, 3), np.nan))
    motionprep.build(data, tmp_path / "out", split="100", features="quaternions")
    rows = motionprep.open(tmp_path / "out").manifest
    failed = " ".join(rows[rows.status == "failed"].reason)
    assert "walk_02.npz: is no good .npz file" in failed
    assert "array 'trans'" in failed
    assert sorted(rows[rows.status == "ok"].key) == ["walk_01", "walk_03"]


def test_bodies_beside_motions_are_counted_and_do_not_fail(data: Path) -> None:
    np.savez(data / "shape.npz", betas=np.zeros(16), gender="male")
    np.savez(data / "walk_01_stagei.npz", betas=np.zeros(16), latent_labels=np.array(["LFHD"]))
    write_body(data / "model.npz")
    notes: list[str] = []
    assert [source.key for source in find([data], notes=notes)] == ["walk_01", "walk_02", "walk_03"]
    assert any(note.startswith("3 .npz files are not motions") for note in notes)
    with pytest.raises(SourceError, match="is not a motion"):
        find([data / "shape.npz"])


def test_a_file_with_markers_has_both_modalities(tmp_path: Path, data: Path) -> None:
    points = np.random.default_rng(3).normal(size=(12, 4, 3))
    labels = np.array(["LFHD", "RFHD", "LBHD", "RBHD"])
    write_amass(data / "walk_01.npz", marker_data=points, marker_labels=labels)
    assert [one.modality for one in find([data]) if one.key == "walk_01"] == ["motion", "markers"]
    with pytest.warns(motionprep.MotionPrepWarning, match="they have no markers: 2"):
        motionprep.build(data, tmp_path / "out", split="100", features="markers")
    split = motionprep.open(tmp_path / "out")["train"]
    assert [*split] == ["walk_01"]
    np.testing.assert_allclose(split["walk_01"]["markers"], points, atol=1e-6)


def test_arrays_of_positions_are_still_told_apart_by_their_names(tmp_path: Path, data: Path) -> None:
    np.savez(data / "clip.npz", joints=np.zeros((5, 2, 3)))
    (data / "clip.toml").write_text('names = ["a", "b"]\nrate = 30\n', encoding="utf-8")
    found = {source.key: source.metadata is not None for source in find([data])}
    assert found == {"clip": True, "walk_01": False, "walk_02": False, "walk_03": False}
