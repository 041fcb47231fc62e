from __future__ import annotations

import errno
import hashlib
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import motionprep
from motionprep import DatasetError, build
from motionprep.building import assign, commit, planned
from motionprep.files import replacing
from motionprep.sources.fingerprints import SourceCache
from motionprep.storage import shard_files, shard_reader, shard_writer, store

#: Source bytes that a shard has on average, and at most: less than most motions of the corpus have.
SMALL = (40_000,)
#: Builds, and says when all is imported that takes time and when a shard is published.
CHILD = f"""
import sys
import joblib, zarr, zarrs
import motionprep.building.commit, motionprep.building.shard_job
from motionprep import build
from motionprep.building import assign
from motionprep.files import replacing
from motionprep.storage import shard_files, shard_reader, shard_writer

publish = shard_writer.Sealed.publish

def tell(sealed):
    publish(sealed)
    print("published", flush=True)

assign.cut.__defaults__ = {SMALL}
shard_writer.Sealed.publish = tell
print("ready", flush=True)
build(sys.argv[1], sys.argv[2])
"""


class Killed(BaseException):
    """Stands for the end of the process: nothing catches it."""


def tree(out: Path) -> dict[str, str]:
    """Return the digest of each file of a dataset; caches are no part of it."""
    return {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in out.rglob("*")
        if path.is_file() and path.relative_to(out).parts[0] != ".cache"
    }


def leftovers(out: Path) -> list[Path]:
    return [path for path in out.rglob(".*") if ".part" in path.name]


def shard_times(out: Path) -> dict[str, tuple[int, int]]:
    return {key: ((out / "shards" / key).stat().st_ino, (out / "shards" / key).stat().st_mtime_ns) for key in keys(out)}


def keys(out: Path) -> set[str]:
    return shard_files.keys(out / "shards")


def rotate_rows(path: Path) -> None:
    """Let the last frame of a motion be the first."""
    head, _, motion = path.read_text().partition("MOTION\n")
    count, rate, *rows = motion.splitlines()
    path.write_text(head + "\n".join(["MOTION", count, rate, rows[-1], *rows[:-1]]) + "\n")


def failing(call: Callable[..., Any], error: BaseException, at: int = 1) -> Callable[..., Any]:
    """Return a function that does what ``call`` does until it is called for the ``at``-th time, and then raises."""
    lock, calls = threading.Lock(), iter(range(1, 10_000))

    def instead(*args: Any, **named: Any) -> Any:
        with lock:
            number = next(calls)
        if number >= at:
            raise error
        return call(*args, **named)

    return instead


def full() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.fixture(autouse=True, scope="module")
def _small_shards() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign.cut, "__defaults__", SMALL)
        yield


@pytest.fixture(scope="module")
def data(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two subjects of the corpus."""
    folder = tmp_path_factory.mktemp("data")
    for subject in ("02", "07"):
        shutil.copytree(corpus / subject, folder / subject)
    return folder


@pytest.fixture(scope="module")
def changed(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the same with four motions changed."""
    folder = shutil.copytree(data, tmp_path_factory.mktemp("changed") / "data")
    for path in folder.glob("*/*_0[23].bvh"):
        rotate_rows(path)
    return Path(folder)


@pytest.fixture(scope="module")
def whole(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of the data whose build nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    build(data, out)
    return out


@pytest.fixture(scope="module")
def whole_changed(changed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a dataset of the changed data whose build nothing disturbed."""
    out = tmp_path_factory.mktemp("whole") / "out"
    build(changed, out)
    return out


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


@pytest.fixture
def old(whole: Path, out: Path) -> Path:
    """Return a dataset of the data that may be changed."""
    return Path(shutil.copytree(whole, out))


# Killed by the system


def kill(data: Path, out: Path, published: int, after: float) -> int:
    """Run a build, kill it a while after it published some shards, and return its exit status."""
    with subprocess.Popen([sys.executable, "-c", CHILD, data, out], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        for _ in range(1 + published):
            child.stdout.readline()
        time.sleep(after)
        child.kill()
        return child.wait()


@pytest.mark.parametrize("times", [2, pytest.param(20, marks=pytest.mark.slow)])
def test_a_build_that_is_killed_again_and_again_ends_as_an_undisturbed_one(
    data: Path, out: Path, whole: Path, times: int
) -> None:
    moment = random.Random(0)
    codes = {kill(data, out, moment.randrange(3), moment.uniform(0, 0.02)) for _ in range(times)}
    build(data, out)
    assert -9 in codes
    assert tree(out) == tree(whole)


def test_shards_that_were_published_before_a_kill_are_kept(data: Path, out: Path) -> None:
    kill(data, out, published=2, after=0)
    before = shard_times(out)
    summary = build(data, out)
    assert summary.kept == len(before) >= 2
    assert {key: shard_times(out)[key] for key in before} == before


def test_what_killed_builds_left_beside_its_place_is_swept_by_the_next(data: Path, old: Path) -> None:
    (old / "shards" / ".part-0123" / "positions").mkdir(parents=True)
    (old / "shards" / ".part-0123" / "positions" / "c.0.0.0").write_bytes(b"half")
    (old / ".dataset.json.part").write_bytes(b"{")
    build(data, old)
    assert leftovers(old) == []


def test_a_folder_in_which_a_build_was_killed_at_once_can_be_built_into(data: Path, out: Path, whole: Path) -> None:
    (out / ".cache").mkdir(parents=True)
    (out / ".cache" / "lock").touch()
    (out / "shards").mkdir()
    build(data, out)
    assert tree(out) == tree(whole)


# Killed at every step

BEFORE_COMMIT = {
    "as the first shard is published": (shard_writer.Sealed, "publish", 1),
    "as the third shard is published": (shard_writer.Sealed, "publish", 3),
    "before the commit": (commit, "commit", 1),
    "as the manifest is written": (replacing, "write_flushed", 1),
    "as the skeletons are written": (replacing, "write_flushed", 2),
    "as the statistics are written": (replacing, "write_flushed", 3),
    "as dataset.json is written": (replacing, "write_flushed", 4),
}
AFTER_COMMIT = {
    "after the commit": (store, "save_signatures", 1),
    "as the old generation is swept": (store, "tidy", 1),
}
PLACES = BEFORE_COMMIT | AFTER_COMMIT
WRITES = BEFORE_COMMIT | {
    "in the middle of a shard": (shard_writer.ShardWriter, "_flush", 2),
    "at the record of a shard": (shard_writer.ShardWriter, "seal", 2),
    "at the cache of sources": (SourceCache, "save", 1),
}
Place = tuple[Any, str, int]


def stopped_at(place: Place, error: BaseException, data: Path, out: Path) -> None:
    """Build, with an error raised at a place."""
    owner, name, at = place
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(owner, name, failing(getattr(owner, name), error, at))
        with pytest.raises(type(error)):
            build(data, out)


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_first_build_that_was_killed_is_finished_by_the_next(
    place: Place, data: Path, out: Path, whole: Path
) -> None:
    stopped_at(place, Killed(), data, out)
    build(data, out)
    assert tree(out) == tree(whole)


@pytest.mark.parametrize("place", BEFORE_COMMIT.values(), ids=BEFORE_COMMIT)
def test_the_old_dataset_stays_when_the_build_of_a_change_is_killed(place: Place, changed: Path, old: Path) -> None:
    before = (old / "dataset.json").read_bytes()
    stopped_at(place, Killed(), changed, old)
    assert (old / "dataset.json").read_bytes() == before
    assert motionprep.verify(old) == []


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_a_change_whose_build_was_killed_is_finished_by_the_next(
    place: Place, changed: Path, old: Path, whole_changed: Path
) -> None:
    stopped_at(place, Killed(), changed, old)
    build(changed, old)
    build(changed, old)  # which sweeps the old generation
    assert tree(old) == tree(whole_changed)


def test_a_killed_commit_leaves_no_shard_to_be_made(data: Path, out: Path) -> None:
    stopped_at((commit, "commit", 1), Killed(), data, out)
    before = shard_times(out)
    summary = build(data, out)
    assert (summary.made, summary.kept) == (0, len(before))
    assert shard_times(out) == before


def test_a_build_after_a_kill_needs_no_cache(data: Path, out: Path, whole: Path) -> None:
    stopped_at((commit, "commit", 1), Killed(), data, out)
    (out / ".cache" / "sources.json").unlink(missing_ok=True)
    summary = build(data, out)
    assert summary.made == 0
    assert tree(out) == tree(whole)


def test_shards_that_were_looked_into_are_known_to_be_whole_from_then_on(
    data: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (old / ".cache" / "shards.json").unlink()
    build(data, old)
    monkeypatch.setattr(shard_reader, "check", failing(shard_reader.check, AssertionError("looked into again")))
    build(data, old)


def test_a_shard_is_on_the_disk_before_it_has_its_name(data: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[tuple[str, str]] = []
    flush, rename = replacing.flush, Path.rename

    def flushed(path: Path) -> None:
        done.append(("flush", path.as_posix()))
        flush(path)

    def renamed(path: Path, place: Path) -> Path:
        done.append(("rename", path.as_posix()))
        return rename(path, place)

    monkeypatch.setattr(replacing, "flush", flushed)
    monkeypatch.setattr(Path, "rename", renamed)
    build(data / "02" / "02_01.bvh", out)
    beside = next(path for what, path in done if what == "rename")
    before = {path for what, path in done[: done.index(("rename", beside))] if what == "flush"}
    (shard,) = (out / "shards").iterdir()
    inside = [path.relative_to(shard).as_posix() for path in shard.rglob("*")]
    assert before >= {beside, *(f"{beside}/{path}" for path in inside)}


# Two at once


@pytest.fixture
def held(data: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """Return a process that builds the dataset and does not come to an end."""
    code = (
        "import sys, time; from motionprep import build;"
        "build(sys.argv[1], sys.argv[2], on_plan=lambda plan: (print('ready', flush=True), time.sleep(600)))"
    )
    with subprocess.Popen([sys.executable, "-c", code, data, out], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        child.stdout.readline()
        yield child
        child.kill()


def test_a_second_build_names_the_process_that_is_building(data: Path, out: Path, held: subprocess.Popen[str]) -> None:
    with pytest.raises(DatasetError, match=rf"is being built by process {held.pid} since [\d:]+; wait for it or stop"):
        build(data, out)


def test_a_killed_build_holds_nothing(data: Path, out: Path, held: subprocess.Popen[str]) -> None:
    held.kill()
    held.wait()
    assert build(data, out).changed


def test_a_reader_is_not_kept_out_by_a_build(old: Path) -> None:
    with store.lock(old):
        assert len(tuple(motionprep.open(old)["train"])) == 8


# When something goes wrong


@pytest.mark.parametrize("place", WRITES.values(), ids=WRITES)
def test_a_full_disk_damages_nothing_and_the_next_build_goes_on(
    place: Place, changed: Path, old: Path, whole_changed: Path
) -> None:
    stopped_at(place, full(), changed, old)
    assert motionprep.verify(old) == []
    build(changed, old)
    build(changed, old)  # which sweeps the old generation
    assert tree(old) == tree(whole_changed)


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a small disk")
def test_a_disk_that_is_really_full_takes_one_line_and_the_build_goes_on_once_there_is_room(
    data: Path, tmp_path: Path, whole: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=800k", "tmpfs", disk], check=False, capture_output=True)
    if mount.returncode:
        pytest.skip(f"no file system can be mounted: {mount.stderr.decode().strip()}")
    try:
        code = f"from motionprep import layout; assign.cut.__defaults__ = {SMALL};"
        code += "from motionprep_cli import main; main()"
        command = [sys.executable, "-c", code, "build", data, "-o", disk / "out"]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
        assert "No space left on device; make room, then run the same command again" in done.stderr
        finished = len(keys(disk / "out"))
        assert finished > 0
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        assert build(data, disk / "out").kept == finished
        assert tree(disk / "out") == tree(whole)
    finally:
        subprocess.run(["umount", disk], check=True)


def test_no_thread_writes_on_when_a_build_has_failed(data: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    both, first = threading.Barrier(2), threading.Lock()
    calls = iter(range(100))
    writing = []

    def slow(writer: shard_writer.ShardWriter, features: Any) -> None:
        with first:
            number = next(calls)
        writing.append(number)
        if number < 2:
            both.wait(timeout=60)
        if number == 0:
            writing.remove(number)
            raise full()
        time.sleep(0.3)
        writing.remove(number)

    monkeypatch.setattr(shard_writer.ShardWriter, "append", slow)
    with pytest.raises(OSError, match="No space"):
        build(data, out, workers=2)
    assert writing == []


def test_an_interrupted_build_is_finished_in_the_same_process(
    data: Path, out: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put = SourceCache.put

    def interrupt(_plan: planned.Plan) -> None:
        monkeypatch.setattr(SourceCache, "put", failing(put, KeyboardInterrupt(), 3))

    with pytest.raises(KeyboardInterrupt):
        build(data, out, on_plan=interrupt)
    monkeypatch.undo()
    build(data, out)
    assert tree(out) == tree(whole)
    assert leftovers(out) == []


def test_readers_in_many_threads_leave_the_configuration_of_zarr_as_it_was(old: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    import zarr

    before = zarr.config.get("codec_pipeline.path")
    motions = list(motionprep.open(old)["train"].values()) * 10
    with ThreadPoolExecutor(8) as pool:
        frames = sum(pool.map(lambda motion: len(motion["root_position"]), motions))
    assert frames == 10 * sum(motion.frames for motion in motions[:8])
    assert zarr.config.get("codec_pipeline.path") == before
