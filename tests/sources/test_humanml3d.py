"""Folders of HumanML3D: clips, mirrored copies, captions and lists."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep.errors import ReadError, RecipeError
from motionprep.sources.find import find
from motionprep.sources.humanml3d import captions_beside, parse_captions, splits_beside, unmirrored

KEYS = ["000001", "000002", "000003", "M000001", "M000002", "M000003"]
LISTS = {"train": ["000001", "M000001"], "val": ["000002", "M000002"], "test": ["000003", "M000003"]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of three clips and their mirrored copies."""
    folder = tmp_path / "HumanML3D"
    for name in ("new_joints", "new_joint_vecs", "texts"):
        (folder / name).mkdir(parents=True)
    draw = np.random.default_rng(0)
    for key in KEYS:
        np.save(folder / "new_joints" / f"{key}.npy", draw.normal(size=(40, 22, 3)).astype(np.float32))
        np.save(folder / "new_joint_vecs" / f"{key}.npy", np.zeros((39, 263), np.float32))
        (folder / "texts" / f"{key}.txt").write_text(f"clip {key} walks#clip/NOUN walk/VERB#0.0#0.0\n")
    (folder / "texts" / "000002.txt").write_text(
        "turns#turn/VERB#0.0#1.0\nspins#spin/VERB#0.0#1.0\nsits#sit/VERB#1.0#2.0\n"
    )
    for split, keys in LISTS.items():
        (folder / f"{split}.txt").write_text("\n".join(keys) + "\n")
    np.save(folder / "Mean.npy", np.zeros(263))
    return folder


def test_clips_are_joints_of_smpl_in_metres_and_vectors_are_passed_over(folder: Path) -> None:
    notes: list[str] = []
    found = find([folder], notes=notes)
    assert sorted(source.key for source in found) == KEYS
    assert {(one.metadata.rate, one.metadata.units, len(one.metadata.names)) for one in found if one.metadata} == {
        (20.0, "m", 22)
    }
    assert any(note.startswith("new_joint_vecs: is passed over") for note in notes)


def test_a_mirrored_copy_has_the_subject_of_its_source(folder: Path) -> None:
    assert {source.key: source.subject for source in find([folder])} == {key: key[-6:] for key in KEYS}
    assert (unmirrored("M012314"), unmirrored("Mary_1")) == ("012314", "Mary_1")


@pytest.mark.parametrize("where", ["HumanML3D", "."])
def test_lists_are_splits_and_captions_are_labels(tmp_path: Path, folder: Path, where: str) -> None:
    motionprep.build(folder.parent / where, tmp_path / "out", split="60/20/20")
    data = motionprep.open(tmp_path / "out")
    assert {split: sorted(data[split]) for split in data} == LISTS
    rows = data.manifest.set_index("key")
    assert rows.label["000001"] == "clip 000001 walks"
    assert rows.labels["000002"] == '[[0,20,"turns\\nspins"],[20,40,"sits"]]'
    joints = np.load(folder / "new_joints" / "M000003.npy")
    np.testing.assert_array_equal(data["test"]["M000003"]["positions"], joints)


def test_clips_for_validation_test_where_a_split_has_no_val(tmp_path: Path, folder: Path) -> None:
    motionprep.build(folder, tmp_path / "out", split="80/20")
    data = motionprep.open(tmp_path / "out")
    assert sorted(data["test"]) == sorted(LISTS["val"] + LISTS["test"])


def test_a_caption_beyond_its_clip_is_refused_with_both_numbers(tmp_path: Path, folder: Path) -> None:
    (folder / "texts" / "000002.txt").write_text("turns#turn/VERB#1.0#3.0\n")
    with pytest.raises(RecipeError, match=r"frames 21-60 of '000002' .* has 40 frames"):
        motionprep.build(folder, tmp_path / "out", split="60/20/20")


@pytest.mark.parametrize("line", ["walks", "walks#walk/VERB#0.0", "walks#walk/VERB#x#1", "walks##2.0#1.0"])
def test_a_line_that_is_no_caption_is_named(line: str) -> None:
    with pytest.raises(ReadError, match=r"a\.txt:2"):
        parse_captions(f"stands#stand/VERB#0.0#0.0\n{line}\n", "a.txt")


def test_a_file_that_is_no_captions_leaves_its_clip_without_one(folder: Path) -> None:
    (folder / "texts" / "000001.txt").write_text("walks\n")
    notes: list[str] = []
    assert captions_beside([folder], ["000001", "000003"], notes) == {"000003": "clip 000003 walks"}
    assert len(notes) == 1


def test_captions_of_the_whole_clip_go_before_those_of_ranges() -> None:
    text = "walks#a#0.0#0.0\nruns#b#nan#nan\nsits#c#1.0#2.0\n"
    assert parse_captions(text, "a.txt") == "walks\nruns"


def test_a_clip_in_two_lists_is_noted(folder: Path) -> None:
    (folder / "test.txt").write_text("000003\n000001\n")
    notes: list[str] = []
    assert splits_beside([folder], notes)["000001"] == "train"
    assert notes == ["test.txt: '000001' is in train.txt too; it is in train"]


def test_the_published_clip_is_read(tmp_path: Path, real_data: Path) -> None:
    for name in ("new_joints", "texts"):
        (tmp_path / "data" / name).mkdir(parents=True)
    joints = np.load(real_data / "humanml3d" / "012314.joints.npy")
    np.save(tmp_path / "data" / "new_joints" / "012314.npy", joints)
    motionprep.build(tmp_path / "data", tmp_path / "out", split="100")
    np.testing.assert_array_equal(motionprep.open(tmp_path / "out")["train"]["012314"]["positions"], joints)
