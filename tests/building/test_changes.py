"""What a build says before it changes a dataset, and when it asks first."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import motionprep
from motionprep import BuildError, DatasetError, RecipeError, SourceError, build, write_sample
from motionprep.errors import ReplaceError


@pytest.fixture
def data(corpus: Path, tmp_path: Path) -> Path:
    shutil.copytree(corpus, tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    write_sample(tmp_path / "other", subjects=1, motions=2, frames=40)
    for path in (tmp_path / "other").rglob("*.bvh"):
        path.rename(path.with_name(f"x{path.name}"))
    (tmp_path / "other" / "index.txt").unlink()
    return tmp_path / "other"


def test_other_data_and_another_recipe_ask_first_and_leave_the_dataset_as_it_was(
    data: Path, other: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    build(data, out, recipe={"split": {"percent": "75/25"}})
    before = (out / "dataset.json").read_bytes()

    with pytest.raises(ReplaceError, match="none of which would remain: 16 of 16 motions leave"):
        build(other, out, recipe={"split": {"percent": "50/50"}})
    with pytest.raises(ReplaceError, match=r"another recipe.*downsample.*factor = 8"):
        build(data, out, recipe={"split": {"percent": "75/25"}, "stages": [{"stage": "downsample", "factor": 8}]})

    assert (out / "dataset.json").read_bytes() == before
    made = build(other, out, recipe={"split": {"percent": "50/50"}}, replace=True)
    assert any("16 of 16 motions leave" in note for note in made.notes)
    assert len(motionprep.open(out).manifest) == 2


def test_what_changes_is_noted_and_needs_no_leave_where_something_remains(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(data, out, recipe={"split": {"percent": "75/25"}})
    next(iter(sorted(data.rglob("*.bvh")))).unlink()

    made = build(data, out, recipe={"split": {"percent": "60/40"}})

    assert any("1 of 16 motions leave" in note for note in made.notes)
    assert any("change their split" in note and "from train to test" in note for note in made.notes)


def test_a_changed_file_alone_asks_nothing(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build(data, out)
    path = next(iter(sorted(data.rglob("*.bvh"))))
    path.write_bytes(path.read_bytes() + b"\n")

    assert build(data, out).notes == ()


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"recipe": {"stages": [{"stage": "downsampel", "factor": 8}]}}, RecipeError),
        ({"recipe": {"split": {"train": [{"motions": "nobody"}]}}}, RecipeError),
        ({"strict": True}, BuildError),
    ],
)
def test_a_build_that_is_refused_leaves_nothing(
    data: Path, tmp_path: Path, arguments: dict[str, object], error: type[Exception]
) -> None:
    next(iter(sorted(data.rglob("*.bvh")))).write_bytes(b"HIERARCHY")

    with pytest.raises(error):
        build(data, tmp_path / "out", **arguments)  # type: ignore[arg-type]

    assert not (tmp_path / "out").exists()


def test_data_that_is_not_there_leaves_nothing_either(tmp_path: Path) -> None:
    with pytest.raises(SourceError):
        build(tmp_path / "nope", tmp_path / "out")

    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("workers", [0, -1])
def test_a_number_of_workers_below_1_is_refused(data: Path, tmp_path: Path, workers: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        build(data, tmp_path / "out", workers=workers)


def test_a_dataset_that_is_being_built_says_so_when_it_is_opened(data: Path, tmp_path: Path) -> None:
    from motionprep.storage import store

    with store.locked(tmp_path / "out"), pytest.raises(DatasetError, match="is being built by process"):
        motionprep.open(tmp_path / "out")


def test_a_joint_in_a_task_that_no_motion_has_is_refused_with_one_that_is_near(data: Path, tmp_path: Path) -> None:
    task = {"inputs": ["positions[Hipz]"], "targets": ["positions[Hips]"]}
    with pytest.raises(RecipeError, match=r"positions\[Hipz\].*Hips"):
        build(data, tmp_path / "out", recipe={"task": task})
