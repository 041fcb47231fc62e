from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import motionprep
from motionprep import Dataset, RecipeError, exporting
from motionprep.errors import ExportError
from motionprep.recipe.recipe import load_recipe

Fitting = Callable[[str], Dataset]
_NO_RERUN = pytest.mark.skipif(importlib.util.find_spec("rerun") is None, reason="rerun-sdk is not installed")
KINDS = [pytest.param(kind, marks=_NO_RERUN if kind == "rrd" else ()) for kind in exporting.KINDS]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_readme_and_the_recipe_beside(fitting: Fitting, tmp_path: Path, kind: str) -> None:
    dataset = fitting(kind)
    settings = {"length": 8} if kind == "clips" else {}
    report = exporting.export(kind, dataset, tmp_path / "dest", **settings)

    readme = (tmp_path / "dest" / "README.md").read_text()
    assert readme.startswith(f"# motionprep export {kind}\n\nWalks\n")
    assert dataset.facts["sha256"] in readme
    assert all(f"| `{name}` |" in readme for name in (*report.files, *report.features))
    assert load_recipe(tmp_path / "dest" / "recipe.json") == dataset.recipe
    assert not (tmp_path / "dest" / "stats.json").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_every_file_that_is_listed_is_there_and_no_other(fitting: Fitting, tmp_path: Path, kind: str) -> None:
    report = exporting.export(kind, fitting(kind), tmp_path / "dest", **({"length": 8} if kind == "clips" else {}))

    patterns = [name.replace("{000000..000000}", "000000") for name in report.files]
    told = {path for pattern in patterns for path in (tmp_path / "dest").glob(pattern)}
    there = {path for path in (tmp_path / "dest").rglob("*") if path.is_file()}
    assert {path.name for path in there - told} == {"README.md", "recipe.json", "export.json"}


@pytest.mark.parametrize("kind", ["npy", "clips", "npz", "bvh"])
def test_the_readme_reports_how_to_read_it(
    dataset: Dataset, tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = exporting.export(kind, dataset, tmp_path / "dest", **({"length": 8} if kind == "clips" else {}))
    monkeypatch.chdir(tmp_path / "dest")

    exec(report.reading, {})  # it runs as written


def test_the_same_dataset_gives_the_same_bytes(fitting: Fitting, tmp_path: Path) -> None:
    # Rerun numbers the pieces of a recording at random.
    for kind in {*exporting.KINDS} - {"rrd"}:
        settings = {"length": 8} if kind == "clips" else {}
        one, other = (
            exporting.export(kind, fitting(kind), tmp_path / kind / name, **settings) and tmp_path / kind / name
            for name in ("one", "other")
        )
        for path in one.rglob("*.*"):
            assert path.read_bytes() == (other / path.relative_to(one)).read_bytes(), path


def test_statistics_are_beside_what_is_normalized(changed: Dataset, tmp_path: Path) -> None:
    exporting.export("npz", changed, tmp_path / "normalized")
    exporting.export("npz", changed, tmp_path / "stored", normalize=False)

    assert (tmp_path / "normalized" / "stats.json").exists()
    assert "`positions` of train, test is normalized" in (tmp_path / "normalized" / "README.md").read_text()
    assert not (tmp_path / "stored" / "stats.json").exists()
    assert "is normalized" not in (tmp_path / "stored" / "README.md").read_text()


def test_the_readme_of_animations_says_nothing_of_numbers_that_they_have_not(changed: Dataset, tmp_path: Path) -> None:
    exporting.export("bvh", changed, tmp_path / "dest", splits=("test",))

    readme = (tmp_path / "dest" / "README.md").read_text()
    assert "Places are in the world, units and axes of the files" in readme
    assert not any(
        words in readme for words in ("is normalized:", "multiplied by `scale`", "in a frame that goes along")
    )
    assert not (tmp_path / "dest" / "stats.json").exists()


def test_the_readme_says_where_a_local_frame_takes_the_place_of_the_world(
    changed: Dataset, dataset: Dataset, tmp_path: Path
) -> None:
    for name, some in (("changed", changed), ("dataset", dataset)):
        exporting.export("npz", some, tmp_path / name)

    readmes = [(tmp_path / name / "README.md").read_text() for name in ("changed", "dataset")]
    local = "Joints and markers of train, test are in a frame that goes along with the body"
    assert [local in readme for readme in readmes] == [True, False]
    assert ["multiplied by `scale`" in readme for readme in readmes] == [True, True]
    assert not any("to the world" in readme for readme in readmes)


def test_lengths_are_given_where_there_are_any(dataset: Dataset, tmp_path: Path) -> None:
    exporting.export("npz", dataset, tmp_path / "dest", features=("quaternions",))
    assert "Lengths are" not in (tmp_path / "dest" / "README.md").read_text()


def test_a_dataset_may_be_given_by_its_folder(built: Path, tmp_path: Path) -> None:
    exporting.export("npz", built, tmp_path / "dest", splits=("test",))
    assert sorted(path.name for path in (tmp_path / "dest" / "test").iterdir()) == ["07_01.npz", "07_02.npz"]


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        ("np", {}, "there is no export 'np'; did you mean 'np[yz]'"),
        ("pickle", {}, "there is no export 'pickle'; there are npy, clips, npz, parquet, webdataset, bvh"),
        ("npz", {"lenght": 3}, "export npz has no setting 'lenght'; there are splits, features, normalize"),
        ("npz", {"splits": ("val",)}, "there is no split 'val'; there are train, test"),
        ("npz", {"features": ("marker",)}, "there is no feature 'marker'; stored are positions, rotations,"),
        ("parquet", {"file_bytes": 0}, "file_bytes is 0; expected a number above 0"),
        ("webdataset", {"file_bytes": 0}, "file_bytes is 0; expected a number above 0"),
    ],
)
def test_what_cannot_be_asked_for_is_reported_with_what_there_is(
    dataset: Dataset, tmp_path: Path, kind: str, settings: dict[str, object], message: str
) -> None:
    with pytest.raises(RecipeError, match=message):
        exporting.export(kind, dataset, tmp_path / "dest", **settings)
    assert list(tmp_path.iterdir()) == []


def test_an_export_may_not_lie_in_the_dataset(dataset: Dataset) -> None:
    with pytest.raises(ExportError, match="is in the dataset; choose a folder outside of"):
        exporting.export("npz", dataset, dataset.path / "shards" / "npz")


def test_what_is_read_may_not_lie_in_the_export(built: Path, tmp_path: Path) -> None:
    shutil.copytree(built, tmp_path / "dest" / "out")
    with pytest.raises(ExportError, match=r"dest: has .*out, which is read; choose another folder"):
        exporting.export("npz", tmp_path / "dest" / "out", tmp_path / "dest", overwrite=True)

    exporting.export("npy", built, tmp_path / "arrays")
    prediction = tmp_path / "arrays" / "test_label_batch.npy"
    with pytest.raises(ExportError, match=r"arrays: has .*test_label_batch.npy, which is read; choose another folder"):
        exporting.export("bvh", built, tmp_path / "arrays", overwrite=True, prediction=str(prediction))
    assert prediction.exists()


def test_it_reports_how_far_it_is(dataset: Dataset, tmp_path: Path) -> None:
    for kind, total in (("npz", 8), ("npy", sum(dataset[side].frames for side in dataset.splits))):
        told: list[tuple[int, int]] = []
        exporting.export(kind, dataset, tmp_path / kind, on_progress=lambda *now, told=told: told.append(now))
        assert told[-1] == (total, total)
        assert told == sorted(told)


def test_damage_in_the_dataset_stops_it_and_leaves_nothing(dataset: Dataset, tmp_path: Path) -> None:
    out = tmp_path / "out"
    shutil.copytree(dataset.path, out)
    copy = motionprep.open(out)
    for chunk in out.glob("shards/*/positions/c.*"):
        data = bytearray(chunk.read_bytes())
        data[0] ^= 1
        chunk.write_bytes(data)

    for kind in ("npy", "npz", "parquet", "webdataset", "bvh"):
        with pytest.raises(motionprep.DatasetError, match="damaged"):
            exporting.export(kind, copy, tmp_path / "dest")
        assert sorted(path.name for path in tmp_path.iterdir()) == ["out"]
