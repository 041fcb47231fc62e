from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from motionprep import DatasetError
from motionprep.files import replacing
from motionprep.recipe.recipe import FORMAT
from motionprep.storage import shard_files, store

FILES = {"manifest": b"rows", "skeletons": b"{}", "stats": b"[]"}


def named(out: Path) -> list[str]:
    return sorted(path.name for path in out.iterdir())


def commit(out: Path, *keys: str, files: dict[str, bytes] | None = None) -> dict[str, Any]:
    """Save a dataset of shards with these keys."""
    for key in keys:
        (out / "shards" / key).mkdir(parents=True, exist_ok=True)
    side = {"motions": 1, "subjects": 1, "frames": 9, "seconds": 0.1, "shards": list(keys)}
    facts = {"inputs": "", "recipe": {}, "source": {}, "splits": {"train": side}, "left_out": {}, "features": {}}
    return store.save(out, {**facts, "shards": dict.fromkeys(keys, 7)}, FILES if files is None else files)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """Return an empty folder, claimed."""
    store.prepare(tmp_path / "out")
    return tmp_path / "out"


# Claiming


def test_a_new_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    store.prepare(tmp_path / "a" / "b")
    assert named(tmp_path / "a" / "b") == [".cache", "shards"]


def test_an_empty_folder_may_be_claimed(tmp_path: Path) -> None:
    store.prepare(tmp_path)
    assert named(tmp_path) == [".cache", "shards"]


def test_a_dataset_may_be_claimed_again(out: Path) -> None:
    commit(out)
    before = named(out)
    store.prepare(out)
    assert named(out) == before


def test_a_dataset_without_its_caches_may_be_claimed(out: Path) -> None:
    commit(out)
    (out / ".cache").rmdir()
    store.prepare(out)
    assert (out / ".cache").is_dir()


def test_a_dataset_that_lost_its_dataset_json_may_be_claimed(out: Path) -> None:
    with store.lock(out):
        commit(out, "0123")
    (out / "dataset.json").unlink()
    store.prepare(out)
    assert (out / "shards" / "0123").is_dir()


def test_a_file_cannot_be_claimed(tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    with pytest.raises(DatasetError, match=r"out: is a file; expected a folder for the dataset"):
        store.prepare(tmp_path / "out")


@pytest.mark.parametrize(
    "paths",
    [
        ["notes.txt"],
        ["src/main.py"],
        [".cache/pip/wheels", "notes.txt"],
        [".cache/pip/wheels"],
        ["shards/mine"],
        [".cache/lock", "shards/mine"],
    ],
    ids=" ".join,
)
def test_a_folder_with_anything_else_in_it_cannot_be_claimed(tmp_path: Path, paths: list[str]) -> None:
    for path in paths:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).touch()
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(
        DatasetError, match=r"is no motionprep dataset; it holds .*: choose an empty folder or a new one"
    ):
        store.prepare(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_refusal_names_three_of_many_files(tmp_path: Path) -> None:
    for name in "abcdef":
        (tmp_path / name).touch()
    with pytest.raises(DatasetError, match=r"it holds a, b, c, \.\.\.: choose"):
        store.prepare(tmp_path)


# Holding


def test_two_cannot_hold_a_dataset_at_once(out: Path) -> None:
    with store.lock(out), pytest.raises(DatasetError, match=rf"is being built by process {os.getpid()} since"):
        store.lock(out).__enter__()


def test_a_dataset_can_be_held_one_after_the_other(out: Path) -> None:
    with store.lock(out):
        pass
    with store.lock(out):
        pass


def test_an_unknown_holder_is_called_another_process(out: Path) -> None:
    with store.lock(out):
        (out / ".cache" / "holder").unlink()
        with pytest.raises(DatasetError, match="is being built by another process; wait for it or stop it"):
            store.lock(out).__enter__()


# Reading and writing


def test_what_was_saved_is_loaded(out: Path) -> None:
    saved = commit(out, "0123")
    assert store.load(out) == saved


def test_there_is_nothing_to_load_where_nothing_was_saved(out: Path) -> None:
    assert store.load(out) is None


def test_the_format_comes_first_in_dataset_json(out: Path) -> None:
    commit(out)
    assert next(iter(json.loads((out / "dataset.json").read_text()).items())) == ("motionprep", FORMAT)


def test_named_files_are_called_by_their_content(out: Path) -> None:
    first, second = commit(out), commit(out, files=FILES | {"stats": b"[0]"})
    assert first["manifest"] == second["manifest"]
    assert first["stats"] != second["stats"]


def test_equal_datasets_are_saved_as_equal_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        store.prepare(tmp_path / name)
        commit(tmp_path / name)
    assert (tmp_path / "one" / "dataset.json").read_bytes() == (tmp_path / "two" / "dataset.json").read_bytes()


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff\xfe", b'{"motionprep": 1}'])
def test_a_damaged_dataset_json_is_none(out: Path, damage: bytes) -> None:
    commit(out)
    (out / "dataset.json").write_bytes(damage)
    assert store.load(out) is None


def test_a_changed_value_in_dataset_json_is_damage(out: Path) -> None:
    commit(out, "0123")
    text = (out / "dataset.json").read_text()
    (out / "dataset.json").write_text(text.replace("0123", "0124"))
    assert store.load(out) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("splits", []), ("shards", {"0123": "7"}), ("shards", {}), ("features", None), ("manifest", 5), ("recipe", "x")],
)
def test_a_sealed_dataset_json_that_lacks_what_readers_rely_on_is_none(out: Path, field: str, value: Any) -> None:
    changed = {**commit(out, "0123"), field: value}
    replacing.write_flushed(out / store.DATASET, json.dumps({**changed, "sha256": store._seal(changed)}).encode())
    assert store.load(out) is None


def test_a_dataset_json_that_names_a_shard_elsewhere_is_none(out: Path) -> None:
    changed = {**commit(out, "0123"), "shards": {"0123": 7, "../../0123": 7}}
    replacing.write_flushed(out / store.DATASET, json.dumps({**changed, "sha256": store._seal(changed)}).encode())
    assert store.load(out) is None


@pytest.mark.parametrize("text", ["[]", "{}", '{"motionprep": "one"}', '{"name": "other"}'])
def test_a_dataset_json_of_another_program_is_refused(out: Path, text: str) -> None:
    (out / "dataset.json").write_text(text)
    with pytest.raises(DatasetError, match=r"dataset.json: is not motionprep's; choose another folder"):
        store.load(out)


def test_a_newer_format_is_refused_with_what_would_read_it(out: Path) -> None:
    (out / "dataset.json").write_text('{"motionprep": 99}')
    with pytest.raises(DatasetError, match=r"has format 99; .*: install a newer one"):
        store.load(out)


@pytest.mark.parametrize("word", FILES)
def test_a_named_file_is_read_as_it_was_saved(out: Path, word: str) -> None:
    assert store.read_named(out, commit(out), word) == FILES[word]


@pytest.mark.parametrize("word", FILES)
def test_a_changed_named_file_is_damaged(out: Path, word: str) -> None:
    dataset = commit(out)
    (out / dataset[word]).write_bytes(FILES[word] + b" ")
    with pytest.raises(DatasetError, match=rf"{dataset[word]}: is damaged; build again to mend it"):
        store.read_named(out, dataset, word)


@pytest.mark.parametrize("word", FILES)
def test_a_missing_named_file_cannot_be_read(out: Path, word: str) -> None:
    dataset = commit(out)
    (out / dataset[word]).unlink()
    with pytest.raises(DatasetError, match=rf"{dataset[word]}: cannot be read: No such file or directory; .* anew"):
        store.read_named(out, dataset, word)


@pytest.mark.parametrize("word", FILES)
def test_named_files_are_whole_only_if_each_is(out: Path, word: str) -> None:
    dataset = commit(out)
    assert store.named_are_whole(out, dataset)
    (out / dataset[word]).write_bytes(b"")
    assert not store.named_are_whole(out, dataset)


def test_dataset_json_is_written_last(out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = replacing.write_flushed

    def note(path: Path, data: bytes) -> None:
        written.append(path.name)
        write(path, data)

    monkeypatch.setattr(replacing, "write_flushed", note)
    dataset = commit(out)
    assert written == [*(dataset[word] for word in FILES), "dataset.json"]


def test_a_file_keeps_its_content_until_all_of_the_new_one_is_on_the_disk(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = out / "file"
    path.write_bytes(b"old")
    seen: list[tuple[str, bytes]] = []
    monkeypatch.setattr(replacing, "flush", lambda flushed: seen.append((flushed.name, path.read_bytes())))
    replacing.write_flushed(path, b"new")
    assert seen == [(".file.part", b"old"), (out.name, b"new")]


# Tidying


def test_what_no_generation_refers_to_is_removed(out: Path) -> None:
    commit(out, "old")
    new = commit(out, "new", files=FILES | {"stats": b"[0]"})
    store.tidy(out, new)
    assert shard_files.keys(out / "shards") == {"new"}
    assert named(out) == sorted(
        ["shards", ".cache", "dataset.json", "manifest.parquet", *(new[word] for word in FILES)]
    )


def test_what_the_generation_before_refers_to_is_kept(out: Path) -> None:
    old = commit(out, "old")
    new = commit(out, "new", files=FILES | {"stats": b"[0]"})
    store.tidy(out, new, old)
    assert shard_files.keys(out / "shards") == {"old", "new"}
    assert {old["stats"], new["stats"]} <= set(named(out))


def test_unfinished_files_are_removed(out: Path) -> None:
    dataset = commit(out)
    (out / ".dataset.json.part").touch()
    store.tidy(out, dataset, None)
    assert ".dataset.json.part" not in named(out)


def test_files_that_are_not_ours_are_left_alone(out: Path) -> None:
    dataset = commit(out)
    (out / "README.txt").touch()
    (out / "shards" / "Thumbs.db").touch()
    store.tidy(out, dataset)
    assert (out / "README.txt").exists()
    assert (out / "shards" / "Thumbs.db").exists()
