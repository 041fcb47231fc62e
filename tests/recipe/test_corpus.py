"""Recipes for published corpora, on generated corpora that are named like them; and what of a corpus is missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import motionprep
from motionprep import Dataset
from motionprep.errors import MotionPrepWarning
from motionprep.motion.motion import Motion
from motionprep.recipe.corpus import Corpus
from motionprep.sample import body, performance, plan_corpus

LAFAN1 = ["walk1_subject1", "fallAndGetUp2_subject3", "run1_subject4", "dance2_subject5"]
BANDAI = [
    f"dataset-{data}_{content}_active_{number:03}"
    for data, content in ((1, "walk"), (2, "walk-turn-left"))
    for number in range(1, 11)
]
STYLES = [f"{style}_{gait}" for style in ("Neutral", "Zombie") for gait in ("FW", "BW", "SW", "FR", "BR", "SR", "ID")]
MIXAMO = ["Walking", "Walking (1)", "Hip Hop Dancing", "Sword And Shield Run", *(f"Idle ({n})" for n in range(1, 17))]
AMASS = [
    "CMU/01/01_01_poses",
    "KIT/3/walk_poses",
    "BMLrub/rub001/a_poses",
    "HumanEva/S1/Box_poses",
    "SSM/20/x_poses",
]


@pytest.fixture(scope="module")
def walk() -> Motion:
    planned = plan_corpus(subjects=1, motions=1, frames=400)[0]
    return performance(body(planned.subject, 0), planned).at(range(1, 400))


def corpus(folder: Path, walk: Motion, names: list[str]) -> Path:
    for name in names:
        path = folder / f"{name}.bvh"
        path.parent.mkdir(parents=True, exist_ok=True)
        motionprep.write_bvh(walk, path)
    return folder


def built(data: Path, out: Path, recipe: str) -> Dataset:
    motionprep.build(data, out, recipe=recipe)
    return motionprep.open(out)


def labels(dataset: Dataset) -> set[str | None]:
    return {motion.label for split in dataset.splits for motion in dataset[split].values()}


def test_lafan1_tests_on_subject_5_and_labels_actions(walk: Motion, tmp_path: Path) -> None:
    dataset = built(corpus(tmp_path / "data", walk, LAFAN1), tmp_path / "out", "lafan1")

    assert {name: sorted(dataset[name]) for name in dataset.splits} == {
        "train": ["fallAndGetUp2_subject3", "run1_subject4", "walk1_subject1"],
        "test": ["dance2_subject5"],
    }
    assert labels(dataset) == {"walk", "fallAndGetUp", "run", "dance"}
    motion = dataset["test"]["dance2_subject5"]
    assert (motion.rate, motion["positions"].shape[1:]) == (30, (22, 3))
    assert len(dataset["train"].windows()) == 3 * ((motion.frames - 50) // 20 + 1)
    assert motion.is_normalized("positions")


def test_bandai_namco_labels_contents(walk: Motion, tmp_path: Path) -> None:
    dataset = built(corpus(tmp_path / "data", walk, BANDAI), tmp_path / "out", "bandai-namco")

    assert labels(dataset) == {"walk", "walk-turn-left"}
    assert [len(dataset[split]) for split in dataset.splits] == [18, 2]
    assert {motion.row["subject"] for motion in dataset["train"].values()} == {"dataset-1", "dataset-2"}


def test_100style_labels_styles_and_has_the_roots_motion(walk: Motion, tmp_path: Path) -> None:
    dataset = built(corpus(tmp_path / "data", walk, STYLES), tmp_path / "out", "100style")

    assert labels(dataset) == {"Neutral", "Zombie"}
    motion = next(iter(dataset["train"].values()))
    assert (motion.rate, motion.row["subject"], motion["root_motion"].shape[1]) == (60, "100style", 22)


def test_mixamo_labels_by_names_without_numbers(walk: Motion, tmp_path: Path) -> None:
    dataset = built(corpus(tmp_path / "data", walk, MIXAMO), tmp_path / "out", "mixamo")

    assert labels(dataset) == {"Walking", "Hip Hop Dancing", "Sword And Shield Run", "Idle"}
    assert next(iter(dataset["train"].values()))["positions"].shape[1:] == (22, 3)


def test_amass_splits_by_whole_datasets(walk: Motion, tmp_path: Path) -> None:
    skeleton = walk.skeleton
    metres = type(skeleton)(
        joints=skeleton.joints,
        parents=skeleton.parents,
        offsets=tuple(tuple(0.0564444 * number for number in offset) for offset in skeleton.offsets),
        end_sites=skeleton.end_sites,
        channels=skeleton.channels,
    )
    small = Motion(metres, walk.channels, walk.rate)

    dataset = built(corpus(tmp_path / "data", small, AMASS), tmp_path / "out", "amass")

    assert {name: sorted(dataset[name]) for name in dataset.splits} == {
        "train": ["BMLrub/rub001/a_poses", "CMU/01/01_01_poses", "KIT/3/walk_poses"],
        "val": ["HumanEva/S1/Box_poses"],
        "test": ["SSM/20/x_poses"],
    }
    motion = dataset["val"]["HumanEva/S1/Box_poses"]
    assert (motion.rate, motion["smpl"].shape[1], motion.row["subject"]) == (20, 75, "HumanEva/S1")


def test_humanml3d_is_made_of_joints_and_normalized_by_blocks(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    (tmp_path / "data").mkdir()
    rest = np.zeros((22, 3))
    rest[1], rest[2], rest[16], rest[17] = [0.1, 0, 0], [-0.1, 0, 0], [0.2, 0.5, 0], [-0.2, 0.5, 0]
    rest[[4, 5]], rest[[7, 8]] = [0, -0.4, 0], [0, -0.8, 0]
    for number in range(40):
        joints = rest + 1 + rng.normal(0, 0.01, (60, 22, 3))
        np.save(tmp_path / "data" / f"{number:06}.npy", joints.astype(np.float32))
    np.save(tmp_path / "data" / "000099.npy", (rest + np.zeros((40, 1, 1))).astype(np.float32))

    dataset = built(tmp_path / "data", tmp_path / "out", "humanml3d")

    motion = next(iter(dataset["train"].values()))
    assert (motion.rate, motion["humanml3d"].shape) == (20, (59, 263))
    assert np.ptp(motion.stats("humanml3d").std[4:67]) == 0
    assert "000099" not in {key for split in dataset.splits for key in dataset[split]}


def test_plan_says_in_a_sentence_what_of_a_corpus_is_missing(walk: Motion, tmp_path: Path) -> None:
    data = corpus(tmp_path / "data", walk, LAFAN1)

    assert motionprep.plan(data, recipe="lafan1").notes == (
        "LAFAN1 has 77 motions, of which 4 are here; nothing is named *_subject2",
    )


def test_a_split_whose_motions_are_missing_is_empty_and_the_others_are_built(walk: Motion, tmp_path: Path) -> None:
    with pytest.warns(MotionPrepWarning, match="split 'test' is empty: nothing of LAFAN1 that is here goes to it"):
        dataset = built(corpus(tmp_path / "data", walk, LAFAN1[:3]), tmp_path / "out", "lafan1")

    assert [len(dataset[name]) for name in dataset.splits] == [3, 0]


def test_a_whole_corpus_misses_nothing() -> None:
    whole = Corpus(name="it", motions=2, parts=("a*", "b*|c*"))

    assert not whole.missing(["a1", "c1"])
    assert whole.missing(["a1"]) == "it has 2 motions, of which 1 is here; nothing is named b* or c*"
    assert Corpus(name="it", parts=("a*",)).missing(["b"]) == "of it not all is here: nothing is named a*"


def test_the_corpus_decides_no_array() -> None:
    plain = motionprep.recipe.recipe.recipe_from_json({})
    named = motionprep.recipe.recipe.recipe_from_json({"corpus": {"name": "it"}})

    assert plain.identity() == named.identity()
    assert motionprep.recipe.recipe.recipe_from_json(named.to_json()) == named
