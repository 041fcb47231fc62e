"""The recipes that ship, built on a generated corpus in which subject 69 has as many motions and frames as CMU's."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import Dataset, build, exporting, load_recipe, write_sample

#: Frames of motions of subject 69 that recipes cut, or test on.
FRAMES = {1: 469, 2: 343, 3: 430, 75: 1099}
OTHERS = 41


def with_frames(text: str, frames: int) -> str:
    """Return the text of a BVH file with so many frames, its own again and again."""
    head, _, rows = re.sub(r"Frames:\s*\d+", f"Frames: {frames}", text).partition("MOTION")
    first, second, *lines = rows.strip().splitlines()
    return "\n".join([f"{head}MOTION", first, second, *(lines[at % len(lines)] for at in range(frames)), ""])


@pytest.fixture(scope="module")
def subject_69(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("subject_69")
    write_sample(folder / "made", subjects=6, motions=1, frames=60)
    text = (folder / "made" / "69" / "69_01.bvh").read_text(encoding="utf-8")
    for number in range(1, 76):
        (folder / f"69_{number:02d}.bvh").write_text(with_frames(text, FRAMES.get(number, OTHERS)), encoding="utf-8")
    (folder / "made").rename(tmp_path_factory.mktemp("aside") / "made")
    return folder


def built(data: Path, tmp_path: Path, recipe: str) -> Dataset:
    build(data, tmp_path / recipe, recipe=recipe)
    return motionprep.open(tmp_path / recipe)


def every(step: int, numbers: range) -> int:
    return sum(FRAMES.get(number, OTHERS) // step for number in numbers)


@pytest.mark.parametrize(
    ("recipe", "train", "test"),
    [
        ("cmu-exp1", 400, 69),
        ("cmu-exp2-1", 300, 43),
        ("cmu-exp2-2", 300 + 469, 43),
        ("cmu-exp2-3", 300 + 469 + 430, 43),
        ("cmu-exp3", every(8, range(2, 76)), 469),
        ("cmu-exp3-16th", every(16, range(2, 76)), 469),
        ("cmu-exp4", every(8, range(3, 75)), 469 + 343 + 1099),
        ("cmu-locomotion", 469 + 343 + 430 + 61 * OTHERS, 3 * OTHERS),
    ],
)
def test_an_experiment_has_the_frames_of_its_table_and_says_the_root_from_all_other_nodes(
    subject_69: Path, tmp_path: Path, recipe: str, train: int, test: int
) -> None:
    dataset = built(subject_69, tmp_path, recipe)
    for side, frames in (("train", train), ("test", test)):
        windows = dataset[side].windows()
        assert len(windows) == dataset[side].frames == frames
        assert windows.shapes == {"inputs": (1, 111), "targets": (1, 3)}
    exporting.export("npy", dataset, tmp_path / "npy")
    shapes = {path.stem: np.load(path, mmap_mode="r").shape for path in (tmp_path / "npy").glob("*.npy")}
    assert shapes == {
        "input_batch": (train, 111),
        "label_batch": (train, 3),
        "test_input_batch": (test, 111),
        "test_label_batch": (test, 3),
    }
    assert {name.split("[")[1].split("]")[0] for name in windows.columns("targets")} == {"Hips"}
    assert not any("[Hips]" in name for name in windows.columns("inputs"))


def test_a_recipe_whose_log_contradicts_itself_says_which_reading_it_takes() -> None:
    assert "769 frames; the log says 643" in load_recipe("cmu-exp2-2").description
    assert "1,199 frames; the log says 1,073" in load_recipe("cmu-exp2-3").description


def test_exp6_has_the_data_of_exp5() -> None:
    assert load_recipe("cmu-exp6").identity() == load_recipe("cmu-exp5").identity()


def test_subject_16_is_split_within_its_own_motions(subject_69: Path, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    for number in (1, 2, 52, 53, 58):
        shutil.copy(subject_69 / f"69_{number:02d}.bvh", tmp_path / "data" / f"16_{number:02d}.bvh")
    dataset = built(tmp_path / "data", tmp_path, "cmu-subject-16")
    assert [[*dataset[side]] for side in ("train", "test")] == [["16_01", "16_02", "16_52"], ["16_53", "16_58"]]


@pytest.mark.slow
def test_exp5_has_the_frames_that_were_published(tmp_path: Path) -> None:
    write_sample(tmp_path / "data", like="cmu")
    dataset = built(tmp_path / "data", tmp_path, "cmu-exp5")
    assert len(dataset["train"].windows()) == 479_984
    assert len(dataset["test"].windows()) == 413_825
    assert dataset["test"].windows().shapes == {"inputs": (1, 111), "targets": (1, 3)}


@pytest.mark.parametrize(
    ("recipe", "inputs", "targets"),
    [
        ("cmu-markers", 41 * 4, 31 * 9 + 3 + 9),
        ("cmu-markers-height", 41 * 4, 31 * 9 + 3 + 9),
        ("cmu-markers-denoise", 41 * 3 + 41, 38 * 3 + 31 * 9),
    ],
)
def test_a_recipe_of_markers_takes_41_of_them_to_31_joints(
    tmp_path: Path, recipe: str, inputs: int, targets: int
) -> None:
    write_sample(tmp_path / "data", subjects=2, motions=2, frames=60, markers=True)
    windows = built(tmp_path / "data", tmp_path, recipe)["train"].windows()
    assert windows.shapes == {"inputs": (1, inputs), "targets": (1, targets)}


@pytest.fixture(scope="module")
def of_six(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus of six subjects with an index of labels."""
    folder = tmp_path_factory.mktemp("of_six") / "data"
    write_sample(folder, subjects=6, motions=4, frames=240)
    return folder


def test_clips_are_of_8_frames_of_17_joints_in_metres(of_six: Path, tmp_path: Path) -> None:
    dataset = built(of_six, tmp_path, "h36m-clips")
    windows = dataset["train"].windows(features=["positions"])
    assert windows.shapes == {"positions": (8, 17, 3)}
    assert len(windows) == sum(motion.frames // 8 for motion in dataset["train"].values())
    thigh = windows[0]["positions"][:, 1] - windows[0]["positions"][:, 2]  # RHip and RKnee
    assert ((thigh**2).sum(-1) ** 0.5 > 0.3).all()
    assert ((thigh**2).sum(-1) ** 0.5 < 0.6).all()
    assert dataset["train"].windows().shapes == {"inputs": (8, 34), "targets": (8, 51)}
    exporting.export("clips", dataset, tmp_path / "clips")
    assert np.load(tmp_path / "clips" / "train.npy", mmap_mode="r").shape == (len(windows), 8, 17, 3)


def test_clips_and_keypoints_may_be_arrays(tmp_path: Path) -> None:
    values = np.random.default_rng(0).normal(1000, 300, (5, 8, 17, 3)).astype(np.float32)
    (tmp_path / "data").mkdir()
    for subject in range(10):
        np.save(tmp_path / "data" / f"S{subject}_walk.npy", values)
    said = tmp_path / "data" / "arrays.toml"
    said.write_text('names = "h36m-17"\nrate = 50\nunits = "mm"')

    windows = built(tmp_path / "data", tmp_path, "h36m-clips")["train"].windows(features=["positions"])

    assert len(windows) == 9 * 5
    assert np.allclose(windows[:5]["positions"], values / 1000, atol=1e-6)

    for subject in range(10):
        np.save(tmp_path / "data" / f"S{subject}_walk.npy", values.reshape(40, 17, 3)[:, :15, :2])
    said.write_text('names = "keypoints-15"\nrate = 30')
    (tmp_path / "data" / "index.txt").write_text("".join(f"S{subject}_walk\twalk\n" for subject in range(10)))

    windows = built(tmp_path / "data", tmp_path, "keypoint-lstm")["train"].windows()

    expected = values.reshape(40, 17, 3)[0:30:6, :15, :2].reshape(5, 30)
    assert np.allclose(windows[0]["inputs"], expected, atol=1e-3)


def test_keypoints_are_30_numbers_in_5_steps_with_one_label_a_window(of_six: Path, tmp_path: Path) -> None:
    dataset = built(of_six, tmp_path, "keypoint-lstm")
    windows = dataset["train"].windows()
    assert windows.shapes == {"inputs": (5, 30), "label": ()}
    motion, frames = windows.where(1)
    assert motion.rate == 30
    assert frames == range(6, 36, 6)
    assert dataset.classes[int(windows[1]["label"])] == motion.label
    exporting.export("npy", dataset, tmp_path / "npy")
    assert np.load(tmp_path / "npy" / "input_batch.npy").shape == (len(windows), 5, 30)
    assert np.load(tmp_path / "npy" / "label_batch.npy").shape == (len(windows),)


def test_four_parts_are_equal_in_size_and_together_all_of_train(of_six: Path, tmp_path: Path) -> None:
    dataset = built(of_six, tmp_path, "parts")
    parts = [dataset[f"train/{number}"] for number in (1, 2, 3, 4)]
    keys = [key for part in parts for key in tuple(part)]
    assert sorted(keys) == sorted(dataset["train"])
    sizes = [len(part) for part in parts]
    assert max(sizes) - min(sizes) <= max(motion.frames for motion in dataset["train"].values())
    assert parts[0].windows().shapes == {"inputs": (1, 111), "targets": (1, 3)}


@pytest.fixture(scope="module")
def recorded(subject_69: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return data for recipes by their kind."""
    folder = tmp_path_factory.mktemp("recorded")
    write_sample(folder / "markers", subjects=2, motions=3, frames=60, markers=True)
    write_sample(folder / "many", subjects=6, motions=2, frames=48)
    return {"69": subject_69, "markers": folder / "markers", "many": folder / "many"}


def shown(dataset: Dataset, dest: Path, values: np.ndarray) -> list[np.ndarray]:
    """Return where nodes are in animations of predictions."""
    np.save(dest.with_suffix(".npy"), values)
    exporting.export("bvh", dataset, dest, prediction=str(dest.with_suffix(".npy")))
    nodes = next(iter(dataset["test"].values())).skeleton.nodes
    motions = [motionprep.read_bvh(path) for path in sorted((dest / "test").glob("*.bvh"))]
    return [motion.positions()[:, [motion.skeleton.nodes.index(name) for name in nodes]] for motion in motions]


@pytest.mark.parametrize(
    ("recipe", "kind"),
    [
        ("cmu-exp1", "69"),
        ("cmu-exp2-1", "69"),
        ("cmu-exp2-2", "69"),
        ("cmu-exp2-3", "69"),
        ("cmu-exp3", "69"),
        ("cmu-exp4", "69"),
        ("cmu-exp5", "many"),
        ("cmu-locomotion", "69"),
        ("cmu-markers", "markers"),
        ("cmu-markers-height", "markers"),
        ("cmu-markers-denoise", "markers"),
        ("h36m-clips", "many"),
        ("parts", "many"),
    ],
)
def test_every_predicted_target_shows_in_the_animation(
    recorded: dict[str, Path], tmp_path: Path, recipe: str, kind: str
) -> None:
    dataset = built(recorded[kind], tmp_path, recipe)
    windows = dataset["test"].windows()
    true = windows[:]["targets"]
    if windows.length == 1:
        true = true.reshape(len(true), -1)
    stored = shown(dataset, tmp_path / "stored", true)
    rng = np.random.default_rng(0)
    features = [field.feature for field in windows.outputs["targets"].fields]
    owners = np.array([column.split("[")[0].split(".")[0] for column in windows.columns("targets")])
    assert {*owners} == {*features}
    for feature in features:
        values = true.copy()
        values[..., owners == feature] += rng.normal(0, 1, values[..., owners == feature].shape)

        noisy = shown(dataset, tmp_path / feature, values)

        assert all(np.abs(one - other).max() > 1e-2 for one, other in zip(stored, noisy, strict=True)), feature


@pytest.mark.parametrize("recipe", ["cmu-markers", "cmu-markers-height"])
def test_a_root_that_is_predicted_turns_the_body_and_the_recorded_one_does_not(
    recorded: dict[str, Path], tmp_path: Path, recipe: str
) -> None:
    dataset = built(recorded["markers"], tmp_path, recipe)
    windows = dataset["test"].windows()
    said = windows[:]["targets"][:, 0].copy()
    said[:, -9:] = np.eye(3).ravel()
    shown(dataset, tmp_path / "dest", said)

    for path in (tmp_path / "dest" / "test").glob("*.bvh"):
        turns = motionprep.read_bvh(path).rotations()[:, 0]
        np.testing.assert_allclose(turns, np.broadcast_to(np.eye(3), turns.shape), atol=1e-4)
