from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import motionprep
from motionprep import DatasetError, build
from motionprep.building import plan
from motionprep.recipe.recipe import recipe_from_json
from motionprep.storage import store

SPLIT = recipe_from_json({"split": {"percent": "75/25"}})
FEATURES = ("positions", "rotations", "quaternions", "root_position")


def tree(out: Path) -> dict[str, str]:
    """Return the digest of each file of a dataset; caches are no part of it."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.relative_to(out).parts[0] != ".cache"
    }


def first_shard(out: Path) -> Path:
    return min((out / "shards").iterdir())


def named(out: Path, word: str) -> Path:
    (path,) = out.glob(f"{word}-*")
    return path


def flip(path: Path, at: int) -> str:
    """Change a bit and return how the file is called in its dataset."""
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    return path.name


def flip_silently(path: Path, at: int) -> str:
    """Change a bit, but neither size nor time."""
    stat = path.stat()
    name = flip(path, at)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    return name


def chunk(out: Path) -> str:
    flip(first_shard(out) / "rotations" / "c.0.0.0.0", 1000)
    return "is damaged"


def checksum_of_a_chunk(out: Path) -> str:
    flip(first_shard(out) / "rotations" / "c.0.0.0.0", -1)
    return "is damaged"


def chunk_cut(out: Path) -> str:
    path = first_shard(out) / "quaternions" / "c.0.0.0"
    os.truncate(path, path.stat().st_size // 2)
    return path.name


def chunk_missing(out: Path) -> str:
    path = first_shard(out) / "positions" / "c.0.0.0"
    path.unlink()
    return path.name


def file_too_many(out: Path) -> str:
    (first_shard(out) / "positions" / "notes.txt").write_text("mine")
    return "notes.txt"


def metadata_of_an_array(out: Path) -> str:
    return flip(first_shard(out) / "positions" / "zarr.json", 20)


def metadata_of_a_group(out: Path) -> str:
    path = first_shard(out) / "zarr.json"
    path.write_text(path.read_text().replace('"zarr_format": 3', '"zarr_format": 2'))
    return path.parent.name


def record(out: Path) -> str:
    path = first_shard(out) / "zarr.json"
    path.write_text(path.read_text().replace('"fps": 120.0', '"fps": 120.5', 1))
    return path.parent.name


def shard_missing(out: Path) -> str:
    shutil.rmtree(first_shard(out))
    return "its record cannot be read"


def shard_emptied(out: Path) -> str:
    shard = first_shard(out)
    shutil.rmtree(shard)
    shard.mkdir()
    return shard.name


def shard_exchanged(out: Path) -> str:
    one, other = sorted((out / "shards").iterdir())[:2]
    shutil.rmtree(one)
    shutil.copytree(other, one)
    return one.name


def manifest(out: Path) -> str:
    path = named(out, "manifest")
    return flip(path, path.stat().st_size // 2)


def manifest_missing(out: Path) -> str:
    path = named(out, "manifest")
    path.unlink()
    return path.name


def copy_of_the_manifest(out: Path) -> str:
    return flip(out / "manifest.parquet", 200)


def copy_of_the_manifest_missing(out: Path) -> str:
    (out / "manifest.parquet").unlink()
    return "manifest.parquet"


def skeletons(out: Path) -> str:
    return flip(named(out, "skeletons"), 100)


def stats(out: Path) -> str:
    return flip(named(out, "stats"), 100)


def dataset_json(out: Path) -> str:
    return flip(out / "dataset.json", -100)


def dataset_json_cut(out: Path) -> str:
    os.truncate(out / "dataset.json", 100)
    return "dataset.json"


OF_SHARDS = [
    chunk,
    checksum_of_a_chunk,
    chunk_cut,
    chunk_missing,
    file_too_many,
    metadata_of_an_array,
    metadata_of_a_group,
    record,
    shard_missing,
    shard_emptied,
    shard_exchanged,
]
DAMAGES = [*OF_SHARDS, manifest, manifest_missing, skeletons, stats, dataset_json, dataset_json_cut]
Damage = Callable[[Path], str]


@pytest.fixture(scope="module")
def whole(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("whole") / "out"
    build(corpus, out, recipe=SPLIT)
    return out


@pytest.fixture
def out(whole: Path, tmp_path: Path) -> Path:
    """Return a dataset that may be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "out"))


def test_a_good_dataset_is_whole(whole: Path) -> None:
    assert motionprep.verify(whole) == []


def test_a_dataset_without_its_caches_is_whole(out: Path) -> None:
    shutil.rmtree(out / ".cache")
    assert motionprep.verify(out) == []


@pytest.mark.parametrize("damage", [*DAMAGES, copy_of_the_manifest, copy_of_the_manifest_missing])
def test_damage_is_named(damage: Damage, out: Path) -> None:
    name = damage(out)
    (problem,) = motionprep.verify(out)
    assert name in problem


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_dataset_is_not_opened(damage: Damage, out: Path) -> None:
    damage(out)
    with pytest.raises(DatasetError):
        motionprep.open(out)


@pytest.mark.parametrize("damage", [*DAMAGES, copy_of_the_manifest, copy_of_the_manifest_missing])
def test_a_build_mends_damage(damage: Damage, corpus: Path, out: Path, whole: Path) -> None:
    damage(out)
    build(corpus, out, recipe=SPLIT)
    assert tree(out) == tree(whole)


@pytest.mark.parametrize("damage", OF_SHARDS)
def test_only_the_damaged_shard_is_made_again(damage: Damage, corpus: Path, out: Path) -> None:
    damage(out)
    summary = build(corpus, out, recipe=SPLIT)
    assert (summary.changed, summary.made) == (True, 1)


@pytest.mark.parametrize("damage", DAMAGES)
def test_after_mending_there_is_nothing_to_do(damage: Damage, corpus: Path, out: Path) -> None:
    damage(out)
    build(corpus, out, recipe=SPLIT)
    assert plan.make_plan([corpus], out, SPLIT).complete


@pytest.mark.parametrize("feature", FEATURES)
def test_damage_that_changes_neither_size_nor_time_is_found(feature: str, out: Path) -> None:
    path = next((first_shard(out) / feature).glob("c.*"))
    flip_silently(path, 7)
    (problem,) = motionprep.verify(out)
    assert problem.startswith(f"shard {first_shard(out).name}: {feature}/c.0.")


@pytest.mark.parametrize("name", ["positions/c.0.0.0", "positions/zarr.json", "zarr.json"])
def test_damage_that_was_found_is_mended_by_the_next_build(name: str, corpus: Path, out: Path, whole: Path) -> None:
    flip_silently(first_shard(out) / name, 40)
    motionprep.verify(out)
    build(corpus, out, recipe=SPLIT)
    assert tree(out) == tree(whole)


def test_damage_is_named_though_its_finding_cannot_be_written_down(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(store, "save_signatures", denied)
    name = chunk(out)
    assert len(motionprep.verify(out)) == 1, name


def test_every_damage_is_named(out: Path) -> None:
    shards = sorted((out / "shards").iterdir())
    for shard in shards:
        (shard / "positions" / "c.0.0.0").unlink()
    named(out, "stats").unlink()
    problems = motionprep.verify(out)
    assert [sum(shard.name in problem for problem in problems) for shard in shards] == [1] * len(shards)
    assert len(problems) == len(shards) + 1


def test_verifying_changes_nothing_in_a_good_dataset(out: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*")}
    motionprep.verify(out)
    assert {path: path.stat().st_mtime_ns for path in out.rglob("*")} == before


def test_shards_of_the_generation_before_are_not_looked_at(corpus: Path, out: Path) -> None:
    old = set((out / "shards").iterdir())
    build(corpus, out, recipe=recipe_from_json({"stages": [{"stage": "downsample", "factor": 2}]}), replace=True)
    for shard in old:
        (shard / "positions" / "c.0.0.0").unlink()
    assert motionprep.verify(out) == []


def test_progress_is_reported_after_each_shard(out: Path) -> None:
    told: list[tuple[int, int]] = []
    motionprep.verify(out, on_progress=lambda done, of: told.append((done, of)))
    count = len(list((out / "shards").iterdir()))
    assert told == [(number, count) for number in range(1, count + 1)]


def test_what_is_no_dataset_cannot_be_verified(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is no motionprep dataset: it has no dataset\.json"):
        motionprep.verify(tmp_path)


def test_a_newer_dataset_cannot_be_verified(out: Path) -> None:
    (out / "dataset.json").write_text('{"motionprep": 7}')
    with pytest.raises(DatasetError, match="has format 7"):
        motionprep.verify(out)
