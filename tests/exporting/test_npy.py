from __future__ import annotations

import json
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import Dataset, RecipeError, exporting
from motionprep.building import assign
from motionprep.errors import ExportError
from motionprep.exporting import stream
from motionprep.recipe.recipe import recipe_from_json


def exported(dataset: Dataset, folder: Path, **settings: Any) -> dict[str, Any]:
    exporting.export("npy", dataset, folder, **settings)
    return {path.stem: np.load(path) for path in folder.glob("*.npy")}


def positions(dataset: Dataset, side: str) -> list[Any]:
    return [motion["positions"] for motion in dataset[side].values()]


def test_the_task_of_the_recipe_says_what_is_exported(dataset: Dataset, tmp_path: Path) -> None:
    arrays = exported(dataset, tmp_path / "dest")

    assert set(arrays) == {"input_batch", "label_batch", "test_input_batch", "test_label_batch"}
    for side, stem in (("train", ""), ("test", "test_")):
        whole = np.concatenate(positions(dataset, side))
        np.testing.assert_array_equal(arrays[f"{stem}input_batch"], whole[:, 1:].reshape(len(whole), 111))
        np.testing.assert_array_equal(arrays[f"{stem}label_batch"], whole[:, 0])


def test_settings_say_otherwise(dataset: Dataset, tmp_path: Path) -> None:
    arrays = exported(
        dataset,
        tmp_path / "dest",
        inputs=("positions[Hips,Head].xz", "root_position"),
        targets=("quaternions",),
        length=5,
        stride=3,
        step=2,
        splits=("test",),
    )

    expected: dict[str, list[Any]] = {"test_input_batch": [], "test_label_batch": []}
    for motion in dataset["test"].values():
        nodes = [motion.skeleton.nodes.index(name) for name in ("Hips", "Head")]
        joined = np.concatenate(
            [motion["positions"][:, nodes][..., [0, 2]].reshape(motion.frames, 4), motion["root_position"]], axis=1
        )
        for start in range(0, motion.frames - 8, 3):
            expected["test_input_batch"].append(joined[start : start + 9 : 2])
            expected["test_label_batch"].append(motion["quaternions"][start : start + 9 : 2].reshape(5, -1))
    assert set(arrays) == set(expected)
    for name, windows in expected.items():
        np.testing.assert_array_equal(arrays[name], np.stack(windows))


def test_labels_are_classes_if_asked_for(dataset: Dataset, tmp_path: Path) -> None:
    arrays = exported(dataset, tmp_path / "dest", label=True)

    names = json.loads((tmp_path / "dest" / "classes.json").read_text())
    expected = [name for motion in dataset["test"].values() for name in [motion.label] * motion.frames]
    assert arrays["test_label_batch"].dtype == np.int64
    assert [names[number] for number in arrays["test_label_batch"]] == expected
    assert len(arrays["input_batch"]) == len(arrays["label_batch"]) < dataset["train"].frames


def test_frames_come_in_the_order_of_motions_where_skeletons_take_turns(corpus: Path, tmp_path: Path) -> None:
    recipe = recipe_from_json({"split": {"train": ["07_01", "02_01", "07_02", "02_02"]}})
    motionprep.build(corpus, tmp_path / "out", recipe=recipe)
    dataset = motionprep.open(tmp_path / "out")

    arrays = exported(dataset, tmp_path / "dest", inputs=("positions",), targets=("root_position",))

    np.testing.assert_array_equal(
        arrays["input_batch"], np.concatenate(positions(dataset, "train")).reshape(dataset["train"].frames, -1)
    )


def test_numbers_are_normalized_as_the_recipe_says(changed: Dataset, tmp_path: Path) -> None:
    settings = {"inputs": ("positions",), "targets": ("root_position",)}
    for normalize in (True, False):
        arrays = exported(changed, tmp_path / str(normalize), normalize=normalize, **settings)
        expected = [
            motion["positions"] if normalize else motion.stored("positions") for motion in changed["test"].values()
        ]
        np.testing.assert_array_equal(
            arrays["test_input_batch"], np.concatenate(expected).reshape(changed["test"].frames, -1)
        )


@pytest.mark.parametrize("length", [1, 4])
def test_parts_of_any_size_give_the_same_files(
    dataset: Dataset, tmp_path: Path, length: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = exported(dataset, tmp_path / "whole", length=length, step=2)
    monkeypatch.setattr(stream, "_AT_ONCE", 1000)
    monkeypatch.setattr(stream, "_KEPT", 0)

    for name, array in exported(dataset, tmp_path / "parts", length=length, step=2).items():
        np.testing.assert_array_equal(array, whole[name])


def test_memory_does_not_grow_with_the_windows(dataset: Dataset, tmp_path: Path) -> None:
    settings = {"inputs": ("positions",) * 20, "targets": ("positions",)}
    exported(dataset, tmp_path / "warm", **settings, splits=("test",))
    tracemalloc.start()
    exporting.export("npy", dataset, tmp_path / "dest", **settings, length=30)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    written = sum(path.stat().st_size for path in (tmp_path / "dest").glob("*.npy"))
    assert written > 48 << 20
    assert peak < written / 2


def test_the_readme_names_each_column(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("npy", dataset, tmp_path / "dest")

    readme = (tmp_path / "dest" / "README.md").read_text()
    assert "## Columns of inputs\n\n| column | what |\n| --- | --- |\n| 0 | `positions[LHipJoint].x` |\n" in readme
    assert "## Columns of targets\n\n| column | what |\n| --- | --- |\n| 0 | `positions[Hips].x` |\n" in readme


def test_a_motion_too_short_for_a_window_may_be_alone_in_its_shard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assign.cut, "__defaults__", (1,))
    for number, frames in enumerate((3, 12, 4, 11, 2)):
        points = np.full((frames, 2, 3), float(number))
        (tmp_path / "data").mkdir(exist_ok=True)
        np.save(tmp_path / "data" / f"{number}.npy", points)
    (tmp_path / "data" / "arrays.toml").write_text('names = ["a", "b"]\nrate = 30\nunits = "m"\n', encoding="utf-8")
    motionprep.build(tmp_path / "data", tmp_path / "out")
    dataset = motionprep.open(tmp_path / "out")
    assert len({row["shard"] for row in dataset["train"].rows}) == 5

    arrays = exported(dataset, tmp_path / "dest", inputs=("positions",), targets=("positions[a].x",), length=10)

    assert arrays["label_batch"][:, 0, 0].tolist() == [1, 1, 1, 3, 3]


def test_what_to_give_is_reported_where_the_recipe_has_no_task(changed: Dataset, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="has no task that says what to export; give `inputs`"):
        exporting.export("npy", changed, tmp_path / "dest")


def test_what_to_give_is_reported_where_the_task_has_classes_that_are_not_wanted(corpus: Path, tmp_path: Path) -> None:
    task = {"inputs": ["positions"], "length": 5, "label": True}
    motionprep.build(corpus, tmp_path / "out", recipe={"reading": {"labels": {"02_01": "walk"}}, "task": task})

    with pytest.raises(RecipeError, match="has a task that says not all of what to export; give `inputs`"):
        exporting.export("npy", tmp_path / "out", tmp_path / "dest", label=False)


def test_targets_and_classes_are_not_both_labels(dataset: Dataset, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"label_batch.npy holds targets or classes; give `targets` or `label`"):
        exporting.export("npy", dataset, tmp_path / "dest", targets=("positions",), label=True)


def test_splits_of_other_shapes_are_refused(corpus: Path, tmp_path: Path) -> None:
    stages = [{"stage": "select_joints", "joints": ["!*_Nub"], "splits": ["test"]}]
    recipe = recipe_from_json({"split": {"train": ["02_*"], "test": ["07_*"]}, "stages": stages})
    motionprep.build(corpus, tmp_path / "out", recipe=recipe)

    with pytest.raises(ExportError, match=r"a window has shapes .*114.* in train and .*93.* in test; pick nodes that"):
        exporting.export("npy", tmp_path / "out", tmp_path / "dest", inputs=("positions",), targets=("root_position",))
