from __future__ import annotations

import errno
import json
import os
import resource
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr

from motionprep import DatasetError
from motionprep.storage import moments, shard_files, shard_reader, shard_writer

KEY = "0123456789abcdef"


def walk(frames: int, start: float = 0.0) -> dict[str, np.ndarray]:
    """Return features of so many frames, each number of them another one."""
    steps = np.arange(start, start + frames, dtype=np.float32)
    return {"root": np.stack([steps, steps / 4, -steps], axis=1), "angles": np.stack([steps, steps + 0.5], axis=1)}


class Given:
    """Frames that are there already."""

    def __init__(self, arrays: Mapping[str, np.ndarray], **known: np.ndarray) -> None:
        self.arrays, self.known, self.at = arrays, known, 0
        self.frames = len(next(iter(arrays.values())))
        self.kinds = {name: (array.dtype, array.shape[1:]) for name, array in arrays.items()}

    def fill(self, out: Mapping[str, np.ndarray]) -> None:
        for name, part in out.items():
            part[:] = self.arrays[name][self.at : self.at + len(part)]
        self.at += len(next(iter(out.values())))


def write(folder: Path, *motions: Mapping[str, np.ndarray], capacity: int = 0, key: str = KEY) -> None:
    """Write and publish a shard of motions."""
    with shard_writer.ShardWriter(folder, capacity or sum(len(motion["root"]) for motion in motions)) as writer:
        for motion in motions:
            writer.append(Given(motion))
        sealed = writer.seal(key, {"motions": [], "skeletons": {}})
    sealed.publish()


def flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "shards").mkdir()
    return tmp_path / "shards"


@pytest.fixture
def shard(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a shard of 25 frames in chunks of 9."""
    monkeypatch.setattr(shard_writer, "MOST_CHUNK", 10)
    write(folder, walk(7), walk(18, start=7))
    return folder / KEY


# Writing


def test_frames_are_read_as_they_were_appended(folder: Path, shard: Path) -> None:
    assert np.array_equal(shard_reader.read_rows(folder, KEY, "root", 0, 25), walk(25)["root"])


def test_a_header_that_promises_too_much_costs_neither_time_nor_memory(folder: Path) -> None:
    write(folder, walk(7), capacity=10**15)

    assert np.array_equal(shard_reader.read_rows(folder, KEY, "root", 0, 7), walk(7)["root"])


@pytest.mark.parametrize(("start", "stop"), [(0, 1), (3, 9), (8, 10), (9, 18), (5, 23), (24, 25)])
def test_any_range_of_frames_can_be_read(folder: Path, shard: Path, start: int, stop: int) -> None:
    assert np.array_equal(shard_reader.read_rows(folder, KEY, "angles", start, stop), walk(25)["angles"][start:stop])


def test_frames_are_spread_evenly_over_chunks(shard: Path) -> None:
    assert sorted(path.name for path in (shard / "root").iterdir()) == ["c.0.0", "c.1.0", "c.2.0", "zarr.json"]
    assert zarr.open_array(shard / "root", mode="r").chunks == (9, 3)


def test_more_frames_than_were_foreseen_are_kept(folder: Path) -> None:
    write(folder, walk(7), walk(18, start=7), capacity=5)
    assert np.array_equal(shard_reader.read_rows(folder, KEY, "root", 0, 25), walk(25)["root"])


def test_an_array_ends_with_the_last_frame_where_fewer_came_than_were_foreseen(folder: Path) -> None:
    write(folder, walk(7), capacity=100)
    assert zarr.open_array(folder / KEY / "root", mode="r").shape == (7, 3)


def test_a_shard_of_no_frames_can_be_written_and_checked(folder: Path) -> None:
    write(folder)
    shard_reader.check(folder, KEY)
    assert shard_reader.read_record(folder, KEY)["frames"] == 0


def test_zarr_alone_reads_a_shard_as_a_group_of_arrays(shard: Path) -> None:
    group = zarr.open_group(shard, mode="r")
    assert {name: array.shape for name, array in group.arrays()} == {"root": (25, 3), "angles": (25, 2)}


def test_the_first_axis_is_named_frame(shard: Path) -> None:
    assert json.loads((shard / "root" / "zarr.json").read_text())["dimension_names"] == ["frame", "root_1"]


def test_a_shard_may_be_read_by_whom_its_folder_may(folder: Path, shard: Path) -> None:
    assert shard.stat().st_mode == folder.stat().st_mode


def test_a_writer_that_fails_leaves_nothing(folder: Path) -> None:
    with suppress(KeyboardInterrupt), shard_writer.ShardWriter(folder, 7) as writer:
        writer.append(Given(walk(7)))
        raise KeyboardInterrupt
    assert list(folder.iterdir()) == []


def test_a_shard_has_no_name_before_it_is_published(folder: Path) -> None:
    with shard_writer.ShardWriter(folder, 7) as writer:
        writer.append(Given(walk(7)))
        writer.seal(KEY, {})
    assert shard_files.keys(folder) == set()


def test_the_second_of_two_equal_shards_gives_way(folder: Path, shard: Path) -> None:
    before = (shard.stat().st_ino, shard.stat().st_mtime_ns)
    write(folder, walk(25))
    assert (shard.stat().st_ino, shard.stat().st_mtime_ns) == before
    assert [path.name for path in folder.iterdir()] == [KEY]


@pytest.mark.parametrize("at", [0, 1, 2])
def test_frames_of_another_kind_are_refused_and_leave_the_others_as_they_are(folder: Path, at: int) -> None:
    bad = {**walk(7), "angles": np.zeros((7, 3), np.float32)}
    motions = [walk(7), walk(18, start=7)]
    motions.insert(at or 1, bad)
    with shard_writer.ShardWriter(folder, 25) as writer:
        for motion in motions:
            if motion is bad:
                with pytest.raises(
                    ValueError, match=r"has root \(3,\), angles \(3,\); the motions before it have .* \(2,\)"
                ):
                    writer.append(Given(motion))
            else:
                writer.append(Given(motion))
        writer.seal(KEY, {}).publish()
    assert np.array_equal(shard_reader.read_rows(folder, KEY, "root", 0, 25), walk(25)["root"])
    assert shard_reader.read_record(folder, KEY)["sums"]["root"]["mean"] == pytest.approx([12, 3, -12])


@pytest.mark.parametrize("number", [0, 1, 0.5])
def test_frames_that_are_all_alike_are_written_like_any(folder: Path, number: float) -> None:
    features = {"x": np.full((7, 3), number, np.float32), "seen": np.full((7, 2), number > 0, np.uint8)}
    with shard_writer.ShardWriter(folder, 10) as writer:
        writer.append(Given(features))
        writer.seal(KEY, {}).publish()
    shard_reader.check(folder, KEY)
    for name, array in features.items():
        assert np.array_equal(shard_reader.read_rows(folder, KEY, name, 0, 7), array)


def test_a_mask_is_stored_as_one_and_has_no_statistics(folder: Path) -> None:
    seen = (np.arange(14).reshape(7, 2) % 3 > 0).astype(np.uint8)
    with shard_writer.ShardWriter(folder, 7) as writer:
        writer.append(Given({**walk(7), "seen": seen}))
        writer.seal(KEY, {}).publish()
    assert np.array_equal(shard_reader.read_rows(folder, KEY, "seen", 0, 7), seen)
    assert set(shard_reader.read_record(folder, KEY)["sums"]) == {"root", "angles"}


@pytest.fixture
def _files_stay_small() -> Iterator[None]:
    """Let the system refuse to write more than a few kilobytes into a file."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.usefixtures("_files_stay_small")
def test_what_the_system_refuses_to_write_is_an_error_of_the_system_that_names_the_folder(folder: Path) -> None:
    with shard_writer.fast_zarr(), shard_writer.ShardWriter(folder, 1000) as writer:
        writer.append(Given(walk(1000)))
        with pytest.raises(OSError, match="File too large") as caught:
            writer.seal(KEY, {})
    assert (caught.value.errno, caught.value.filename) == (errno.EFBIG, os.fspath(folder))


# Sums


@pytest.mark.parametrize("seed", range(12))
def test_sums_of_motions_of_which_some_hide_points_are_those_of_a_plain_twin(
    folder: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    monkeypatch.setattr(shard_writer, "MOST_CHUNK", int(rng.integers(1, 40)))
    points: list[np.ndarray] = []
    seen: list[np.ndarray] = []
    with shard_writer.ShardWriter(folder, 150) as writer:
        for _ in range(8):
            points.append(rng.normal(1e6, 1, (rng.integers(1, 40), 3, 3)).astype(np.float32))
            seen.append(rng.random(points[-1].shape[:2]) < rng.choice([0, 0.5, 1]))
            if hides := rng.random() < 0.6:
                points[-1][~seen[-1]] = 0
            seen[-1] |= not hides
            writer.append(Given({"markers": points[-1]}, **({"markers": seen[-1]} if hides else {})))
        writer.seal(KEY, {"motions": [], "skeletons": {}}).publish()

    sums = shard_reader.read_record(folder, KEY)["sums"]["markers"]
    masked = np.ma.array(np.concatenate(points), dtype=np.float64)
    masked.mask = np.repeat(~np.concatenate(seen)[..., None], 3, axis=2)
    assert sums["count"] == masked.count(axis=0).ravel().tolist()
    np.testing.assert_allclose(sums["mean"], masked.mean(axis=0).filled(0).ravel(), rtol=1e-12)
    scatter = (masked.var(axis=0) * masked.count(axis=0)).filled(0).ravel()
    np.testing.assert_allclose(sums["scatter"], scatter, rtol=1e-6, atol=1e-6)


def test_sums_of_parts_are_those_of_the_whole() -> None:
    values = np.random.default_rng(0).normal(1000, 1e-3, (500, 4)).astype(np.float32)
    found = moments.Moments.starting_at(values).plus(values[:123]).plus(values[123:]).to_json()
    exact = values.astype(np.float64)
    assert found["count"] == [500] * 4
    np.testing.assert_allclose(found["mean"], exact.mean(axis=0), rtol=1e-14)
    np.testing.assert_allclose(found["scatter"], exact.var(axis=0) * 500, rtol=1e-9)


def test_a_number_that_never_changes_has_no_scatter() -> None:
    values = np.full((1000, 3), 0.1, dtype=np.float32)
    assert moments.Moments.starting_at(values).plus(values).to_json()["scatter"] == [0, 0, 0]


def test_sums_of_points_are_of_the_frames_in_which_they_are_known(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard_writer, "MOST_CHUNK", 10)
    rng = np.random.default_rng(0)
    points, known = rng.normal(1000, 1, (25, 3, 4)).astype(np.float32), rng.random((25, 3)) < 0.5
    points[~known, :3] = 0
    known[:, 2] = False
    with shard_writer.ShardWriter(folder, 25) as writer:
        writer.append(Given({"markers_seen": points[:7]}, markers_seen=known[:7]))
        writer.append(Given({"markers_seen": points[7:]}, markers_seen=known[7:]))
        writer.seal(KEY, {}).publish()
    sums = shard_reader.read_record(folder, KEY)["sums"]["markers_seen"]
    for marker in (0, 1):
        seen = points[known[:, marker], marker, :3].astype(np.float64)
        columns = slice(4 * marker, 4 * marker + 3)
        assert sums["count"][columns] == [len(seen)] * 3
        np.testing.assert_allclose(sums["mean"][columns], seen.mean(axis=0), rtol=1e-12)
        np.testing.assert_allclose(sums["scatter"][columns], seen.var(axis=0) * len(seen), rtol=1e-9)
    assert (sums["count"][8:], sums["mean"][8:11], sums["scatter"][8:11]) == ([0, 0, 0, 25], [0] * 3, [0] * 3)
    assert sums["mean"][3::4] == pytest.approx(points[..., 3].mean(axis=0))


# Reading and checking


def test_a_good_shard_passes(folder: Path, shard: Path) -> None:
    shard_reader.check(folder, KEY)


def test_an_array_that_is_read_is_the_readers_own(folder: Path, shard: Path) -> None:
    rows = shard_reader.read_rows(folder, KEY, "root", 3, 5)
    assert rows.base is None


@pytest.mark.parametrize(("start", "stop"), [(9, 10), (12, 14), (0, 25)])
def test_a_damaged_chunk_is_noticed_though_only_a_part_of_it_is_read(
    folder: Path, shard: Path, start: int, stop: int
) -> None:
    flip(shard / "root" / "c.1.0", -5)
    with pytest.raises(DatasetError, match=rf"shard {KEY}: root/c.1.0 is damaged; build again to mend it"):
        shard_reader.read_rows(folder, KEY, "root", start, stop)


def test_damage_in_a_last_chunk_that_is_not_full_is_noticed(folder: Path, shard: Path) -> None:
    flip(shard / "root" / "c.2.0", 0)
    with pytest.raises(DatasetError, match=r"root/c\.2\.0 is damaged"):
        shard_reader.read_rows(folder, KEY, "root", 18, 25)


def test_whole_chunks_beside_a_damaged_one_are_read(folder: Path, shard: Path) -> None:
    flip(shard / "root" / "c.1.0", 0)
    assert np.array_equal(shard_reader.read_rows(folder, KEY, "root", 0, 9), walk(9)["root"])


def test_a_missing_chunk_is_no_zeros(folder: Path, shard: Path) -> None:
    (shard / "root" / "c.1.0").unlink()
    with pytest.raises(DatasetError, match=rf"shard {KEY}: root/c.1.0 is missing; build again to mend it"):
        shard_reader.read_rows(folder, KEY, "root", 5, 12)


def test_a_feature_that_is_not_there_cannot_be_opened(folder: Path, shard: Path) -> None:
    with pytest.raises(DatasetError, match=rf"shard {KEY}: feet is missing"):
        shard_reader.open_array(folder, KEY, "feet")


def test_features_are_named_in_the_order_in_which_they_came(folder: Path, shard: Path) -> None:
    assert shard_reader.read_features(folder, KEY) == ("root", "angles")


def test_features_of_a_shard_with_damaged_metadata_are_not_named(folder: Path, shard: Path) -> None:
    path = shard / "angles" / "zarr.json"
    path.write_text(path.read_text().replace('"separator": "."', '"separator": "/"'))
    with pytest.raises(DatasetError, match=rf"shard {KEY}: angles/zarr.json is damaged"):
        shard_reader.read_features(folder, KEY)


def test_a_shard_that_is_not_there_has_no_record(folder: Path) -> None:
    with pytest.raises(DatasetError, match=rf"shard {KEY}: its record cannot be read"):
        shard_reader.read_record(folder, KEY)


def test_a_record_is_found_out_under_another_name(folder: Path, shard: Path) -> None:
    shard.rename(folder / "fedcba")
    with pytest.raises(DatasetError, match="shard fedcba: its record is damaged"):
        shard_reader.read_record(folder, "fedcba")


@pytest.mark.parametrize("name", ["zarr.json", "root/zarr.json", "root/c.0.0", "root/c.2.0", "angles/c.1.0"])
def test_a_damaged_byte_anywhere_in_a_shard_is_noticed(folder: Path, shard: Path, name: str) -> None:
    path = shard / name
    data = path.read_bytes()
    # The blanks between the words of a JSON file say nothing.
    places = [at for at in range(len(data)) if name != "zarr.json" or not data[at : at + 1].isspace()]
    for at in places[:: 1 + len(places) // 50]:
        flip(path, at)
        with pytest.raises(DatasetError):
            shard_reader.check(folder, KEY)
        path.write_bytes(data)


def test_a_check_names_a_missing_file(folder: Path, shard: Path) -> None:
    (shard / "angles" / "c.0.0").unlink()
    with pytest.raises(DatasetError, match=rf"shard {KEY}: angles/c.0.0 is missing"):
        shard_reader.check(folder, KEY)


def test_a_check_names_a_file_too_many(folder: Path, shard: Path) -> None:
    (shard / "angles" / "c.9.0").touch()
    with pytest.raises(DatasetError, match=rf"shard {KEY}: angles/c.9.0 does not belong there"):
        shard_reader.check(folder, KEY)


def test_a_check_names_a_file_that_was_cut(folder: Path, shard: Path) -> None:
    os.truncate(shard / "root" / "c.0.0", 50)
    with pytest.raises(DatasetError, match=rf"shard {KEY}: root/c.0.0 is damaged"):
        shard_reader.check(folder, KEY)


def test_a_measure_is_the_size_of_all_files(folder: Path, shard: Path) -> None:
    assert shard_files.measure(folder, KEY)[0] == sum(
        path.stat().st_size for path in shard.rglob("*") if path.is_file()
    )


def test_a_signature_changes_when_a_file_is_touched(folder: Path, shard: Path) -> None:
    before = shard_files.measure(folder, KEY)[1]
    os.utime(shard / "root" / "c.0.0", (1, 1))
    assert shard_files.measure(folder, KEY)[1] != before


@pytest.mark.parametrize("empty", [True, False])
def test_a_shard_without_files_cannot_be_measured(folder: Path, empty: bool) -> None:
    if empty:
        (folder / KEY).mkdir()
    with pytest.raises(FileNotFoundError):
        shard_files.measure(folder, KEY)


# The folder


def test_keys_are_the_folders_that_are_shards(folder: Path, shard: Path) -> None:
    (folder / ".part-x").mkdir()
    (folder / "Thumbs.db").touch()
    assert shard_files.keys(folder) == {KEY}


def test_there_are_no_keys_where_there_is_no_folder(tmp_path: Path) -> None:
    assert shard_files.keys(tmp_path / "nowhere") == set()


def test_a_shard_loses_its_name_before_its_files(folder: Path, shard: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(_path: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shard_files.shutil, "rmtree", killed)
    with pytest.raises(KeyboardInterrupt):
        shard_files.remove(folder, KEY)
    assert shard_files.keys(folder) == set()


def test_a_shard_that_is_removed_is_gone(folder: Path, shard: Path) -> None:
    shard_files.remove(folder, KEY)
    assert list(folder.iterdir()) == []


# Zarr's configuration


def test_zarr_is_as_it_was_after_one_of_two_threads_was_longer_at_it() -> None:
    before = zarr.config.get("codec_pipeline.path")
    inside, outside = threading.Event(), threading.Event()

    def long() -> None:
        with shard_writer.fast_zarr():
            inside.set()
            outside.wait(10)

    with ThreadPoolExecutor(1) as pool:
        with shard_writer.fast_zarr():
            job = pool.submit(long)
            inside.wait(10)
        outside.set()
        job.result()
    assert zarr.config.get("codec_pipeline.path") == before


def test_zarr_is_fast_as_long_as_anybody_needs_it() -> None:
    with shard_writer.fast_zarr():
        with shard_writer.fast_zarr():
            pass
        assert zarr.config.get("codec_pipeline.path") == "zarrs.ZarrsCodecPipeline"
