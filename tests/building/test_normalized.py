from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

import motionprep
from motionprep import BuildError, build, invert, verify
from motionprep.building.plan import make_plan
from motionprep.dataset.dataset import Dataset
from motionprep.recipe.recipe import Recipe, recipe_from_json
from motionprep.scoring import score
from motionprep.storage import shard_files, shard_writer


def recipe(stored_normalized: bool | None = True, **split: Any) -> Recipe:
    stages = (
        []
        if stored_normalized is None
        else [{"stage": "normalize", "arrays": ["positions", "rotations"], "stored": stored_normalized}]
    )
    return recipe_from_json({"split": split or {"train": ["02_*", "07_*"], "test": ["09_*"]}, "stages": stages})


def built(data: Path, out: Path, how: Recipe, **options: Any) -> Dataset:
    build(data, out, recipe=how, **options)
    return motionprep.open(out)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("baking")
    motionprep.write_sample(folder, subjects=3, motions=2, frames=40)
    yesterday = time.time() - 86_400
    for path in folder.rglob("*.*"):  # what was written just now is looked at again
        os.utime(path, (yesterday, yesterday))
    return folder


@pytest.fixture(scope="module")
def stored_normalized(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return built(data, tmp_path_factory.mktemp("normalized") / "out", recipe())


@pytest.fixture
def copied(data: Path, stored_normalized: Dataset, tmp_path: Path) -> tuple[Path, Path]:
    """Return copies of the data and of the dataset that may be changed."""
    return Path(shutil.copytree(data, tmp_path / "data")), Path(
        shutil.copytree(stored_normalized.path, tmp_path / "out")
    )


def content(out: Path) -> dict[str, bytes]:
    """Return all files of a dataset but those of this machine."""
    files = (path for path in out.rglob("*") if path.is_file())
    return {str(path.relative_to(out)): path.read_bytes() for path in files if ".cache" not in path.parts}


def shorten(path: Path) -> None:
    """Leave out the last frame of a BVH file."""
    count = motionprep.read_bvh(path).frames
    text = path.read_text().rstrip().rpartition("\n")[0]
    path.write_text(text.replace(f"Frames: {count}", f"Frames: {count - 1}") + "\n")


def raw(out: Path) -> set[str]:
    """Return the shards that the stages made."""
    return shard_files.keys(out / ".cache" / "raw" / "shards")


# What is in it


def test_a_program_that_knows_only_zarr_gets_normalized_numbers(stored_normalized: Dataset) -> None:
    keys = stored_normalized.facts["splits"]["train"]["shards"]
    groups = [zarr.open_group(stored_normalized.path / "shards" / key, mode="r") for key in keys]
    values = np.concatenate([group["positions"][:] for group in groups]).astype(np.float64)

    np.testing.assert_allclose(values.mean(axis=0), 0, atol=1e-4)
    deviation = values.std(axis=0)
    assert ((np.abs(deviation - 1) < 1e-3) | (deviation < 1e-5)).all()


def test_no_other_shard_lies_beside_them(stored_normalized: Dataset) -> None:
    assert shard_files.keys(stored_normalized.path / "shards") == set(stored_normalized.facts["shards"])


@pytest.mark.parametrize("split", ["train", "test"])
def test_the_numbers_are_those_that_are_normalized_on_reading(
    data: Path, stored_normalized: Dataset, split: str, tmp_path: Path
) -> None:
    for motion, other in zip(
        stored_normalized[split].values(), built(data, tmp_path, recipe(False))[split].values(), strict=True
    ):
        assert motion.key == other.key
        for feature in motion:
            assert np.array_equal(motion[feature], other[feature])
        assert np.array_equal(motion["positions"], motion.stored("positions"))


def test_what_was_normalized_can_be_had_as_it_was(data: Path, stored_normalized: Dataset, tmp_path: Path) -> None:
    plain = built(data, tmp_path, recipe(None))
    motion = next(iter(stored_normalized["test"].values()))
    before = plain["test"][motion.key]

    assert (motion.is_stored_normalized("positions"), motion.is_stored_normalized("quaternions")) == (True, False)
    for feature in motion:
        np.testing.assert_allclose(motion.unnormalized(feature), before[feature], atol=1e-4)
    np.testing.assert_allclose(motion.stats("positions").restore(motion["positions"]), before["positions"], atol=1e-4)
    assert (tmp_path / plain.facts["stats"]).read_bytes() == (
        stored_normalized.path / stored_normalized.facts["stats"]
    ).read_bytes()


@pytest.mark.parametrize("normalize", [True, False, ["quaternions"]])
def test_windows_come_as_if_they_were_normalized_on_reading(
    data: Path, stored_normalized: Dataset, normalize: bool | list[str], tmp_path: Path
) -> None:
    whole, other = (
        dataset["test"].windows(20, normalize=normalize)[[0]]
        for dataset in (stored_normalized, built(data, tmp_path, recipe(False)))
    )

    for feature in whole:
        np.testing.assert_allclose(whole[feature], other[feature], atol=1e-4)


@pytest.mark.parametrize("normalize", [True, False])
def test_predictions_are_scored_as_if_they_were_normalized_on_reading(
    data: Path, stored_normalized: Dataset, normalize: bool, tmp_path: Path
) -> None:
    found = []
    for dataset in (stored_normalized, built(data, tmp_path, recipe(False))):
        windows = dataset["test"].windows(8, targets=["positions"], normalize=normalize)
        scores = score(windows[:]["targets"] + np.float32(0.5), windows)
        found.append(scores.fields[0].mean()["ed"])

    assert found[0] == pytest.approx(found[1], rel=1e-3)


def test_inverting_takes_it_off_first(data: Path, stored_normalized: Dataset) -> None:
    motion = next(iter(stored_normalized["test"].values()))
    file = motionprep.read_bvh(next(data.rglob(f"{motion.key}.bvh")))

    for back in (invert(motion), invert(motion, {"positions": motion["positions"]})):
        np.testing.assert_allclose(back["positions"], file.positions(), atol=1e-4)


def test_a_motion_of_joints_that_train_has_not_is_dropped(data: Path, tmp_path: Path) -> None:
    Path(shutil.copytree(data, tmp_path / "data"))
    odd = tmp_path / "data" / "09" / "09_01.bvh"
    odd.write_text(odd.read_text().replace("JOINT Head", "JOINT Skull"))

    dataset = built(tmp_path / "data", tmp_path / "out", recipe())

    row = dataset.manifest.set_index("key").loc["09_01"]
    assert (row.status, row.reason) == ("dropped", "normalize: no motion of train has the same joints or markers")
    assert (row.split, isinstance(row.shard, str), row.frames_in > 0) == ("test", False, True)
    assert tuple(dataset["test"]) == ("09_02",)
    assert dataset.facts["left_out"]["dropped"] == {row.reason: 1}
    assert not build(tmp_path / "data", tmp_path / "out", recipe=recipe()).changed


# Building again


def test_nothing_to_do_writes_nothing_and_takes_no_lock(
    copied: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, out = copied
    build(data, out, recipe=recipe())
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    monkeypatch.setattr("motionprep.storage.store.lock", lambda out: pytest.fail("took the lock"))

    assert not build(data, out, recipe=recipe()).changed
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


@pytest.mark.parametrize("workers", [1, 3])
def test_the_same_bytes_come_out_whatever_the_workers(
    data: Path, stored_normalized: Dataset, workers: int, tmp_path: Path
) -> None:
    assert content(built(data, tmp_path / "out", recipe(), workers=workers).path) == content(stored_normalized.path)


def test_a_plan_looks_at_the_shards_that_the_stages_made_and_at_the_normalized_ones(
    copied: tuple[Path, Path],
) -> None:
    data, out = copied
    assert make_plan([data], out, recipe(), digests=True).complete

    shutil.rmtree(out / "shards" / min(motionprep.open(out).facts["shards"]))
    lost = make_plan([data], out, recipe(), digests=True)

    assert (lost.complete, all(shard.present for shard in lost.shards)) == (False, True)


def test_a_change_on_test_touches_its_shard_alone(copied: tuple[Path, Path]) -> None:
    data, out = copied
    before = motionprep.open(out).facts["splits"]
    shorten(data / "09" / "09_01.bvh")

    summary = build(data, out, recipe=recipe())

    assert summary.made == 1
    assert summary.dataset["splits"]["train"] == before["train"]
    assert summary.dataset["splits"]["test"]["shards"] != before["test"]["shards"]


def test_a_change_on_train_changes_the_statistics_and_so_all_shards(copied: tuple[Path, Path], tmp_path: Path) -> None:
    data, out = copied
    before = set(motionprep.open(out).facts["shards"])
    shorten(data / "02" / "02_01.bvh")

    summary = build(data, out, recipe=recipe())

    assert summary.made == 1
    assert not before & set(summary.dataset["shards"])
    assert content(built(data, tmp_path / "new", recipe()).path).items() <= content(out).items()


def test_what_no_dataset_refers_to_is_swept_by_the_next_build(copied: tuple[Path, Path]) -> None:
    data, out = copied
    shorten(data / "02" / "02_01.bvh")

    for _ in range(2):
        build(data, out, recipe=recipe())

    dataset = motionprep.open(out).facts
    assert shard_files.keys(out / "shards") == set(dataset["shards"])
    assert raw(out) == set(dataset["raw"])
    assert len(raw(out)) == len(dataset["shards"])


def test_a_build_that_normalizes_no_more_sweeps_what_it_kept_for_it(copied: tuple[Path, Path]) -> None:
    data, out = copied

    for _ in range(2):
        build(data, out, recipe=recipe(False))

    assert raw(out) == set()
    assert shard_files.keys(out / "shards") == set(motionprep.open(out).facts["shards"])


@pytest.mark.parametrize("at", [1, 2])
def test_a_killed_build_changes_nothing_and_the_next_goes_on_where_it_was(
    data: Path, stored_normalized: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    publish, count = shard_writer.Sealed.publish, 0

    def killed(sealed: shard_writer.Sealed) -> None:
        nonlocal count
        count += ".cache" not in sealed.place.parts
        if count == at:
            raise KeyboardInterrupt
        publish(sealed)

    with monkeypatch.context() as patched:
        patched.setattr(shard_writer.Sealed, "publish", killed)
        with pytest.raises(KeyboardInterrupt):
            build(data, tmp_path / "out", recipe=recipe(), workers=1)
    assert not (tmp_path / "out" / "dataset.json").exists()
    folder = tmp_path / "out" / "shards"
    there = {key: (folder / key).stat().st_ino for key in shard_files.keys(folder)}
    assert 0 < len(there) < len(stored_normalized.facts["shards"])

    assert build(data, tmp_path / "out", recipe=recipe()).made == 0

    assert {key: (folder / key).stat().st_ino for key in there} == there
    assert content(tmp_path / "out") == content(stored_normalized.path)


# Damage


def damage(shard: Path) -> None:
    """Change a byte of a shard's positions and leave size and time as they are."""
    path = next((shard / "positions").glob("c.*"))
    stat, content = path.stat(), bytearray(path.read_bytes())
    content[9] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def test_damage_is_found_and_mended(copied: tuple[Path, Path], stored_normalized: Dataset) -> None:
    data, out = copied
    build(data, out, recipe=recipe())
    damage(out / "shards" / min(stored_normalized.facts["shards"]))

    problems = verify(out)
    summary = build(data, out, recipe=recipe())

    assert len(problems) == 1
    assert (summary.changed, summary.made, verify(out)) == (True, 0, [])
    assert content(out) == content(stored_normalized.path)


def test_damage_to_what_is_to_be_normalized_is_reported_and_mended_by_the_next_build(copied: tuple[Path, Path]) -> None:
    data, out = copied
    build(data, out, recipe=recipe())
    for key in raw(out):
        damage(out / ".cache" / "raw" / "shards" / key)
    shutil.rmtree(out / "shards" / min(motionprep.open(out).facts["shards"]))

    with pytest.raises(BuildError, match=r"is damaged; .*; it has been removed, so that the next build makes it"):
        build(data, out, recipe=recipe())

    assert build(data, out, recipe=recipe()).made == 1
    assert verify(out) == []


@pytest.mark.parametrize("lose", [lambda out: shutil.rmtree(out / ".cache"), lambda out: None], ids=["lost", "there"])
def test_a_dataset_is_whole_and_built_alike_without_what_it_keeps_for_itself(
    copied: tuple[Path, Path], stored_normalized: Dataset, lose: Callable[[Path], None]
) -> None:
    data, out = copied
    lose(out)

    assert verify(out) == []
    assert next(iter(motionprep.open(out)["test"].values()))["positions"].any()
    build(data, out, recipe=recipe())
    assert content(out) == content(stored_normalized.path)


def test_a_motion_that_overflows_when_it_is_normalized_is_named(data: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(data, tmp_path / "data"))
    for path in folder.rglob("*.bvh"):
        head, time_line, rows = path.read_text().partition("Frame Time: ")
        rate, *lines = rows.rstrip().split("\n")
        # The root of train hardly moves along x; that of one motion of test is as far away as float32 can hold.
        lines = [" ".join([f"{0.001 * number:.4f}", *line.split()[1:]]) for number, line in enumerate(lines)]
        if path.stem == "09_02":
            lines[-1] = " ".join(["3e38", *lines[-1].split()[1:]])
        path.write_text("\n".join([f"{head}{time_line}{rate}", *lines, ""]))
    stages = [
        {"stage": "normalize", "arrays": ["root_position"], "stored": True},
        {"stage": "features", "arrays": ["root_position"]},
    ]
    how = {"split": {"train": ["02_*", "07_*"], "test": ["09_*"]}, "stages": stages}

    with pytest.raises(BuildError, match=r"^09_02: root_position: numbers of .* are so far from those of train"):
        build(folder, tmp_path / "out", recipe=recipe_from_json(how))
