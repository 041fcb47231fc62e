"""Write, open and check a shard; the only file that knows Zarr.

A shard is a folder that is a Zarr v3 group: an array a feature with frames along axis 0, little-endian and
uncompressed, each chunk ending in its CRC32C. The group's attributes hold the shard's record: which rows are which
motion, the skeletons, sums for statistics, and its files. A shard is written beside its place, flushed, and renamed,
and never changed after that.
"""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import threading
from collections.abc import Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Protocol, Self

import msgspec

from motionprep.errors import DatasetError
from motionprep.motion import hashing
from motionprep.storage.chunks import MEND, REMEDY, UNREAD, Chunked, open_chunked

if TYPE_CHECKING:
    from concurrent.futures import Future

#: The most frames that a chunk holds.
MOST_CHUNK = 4096
_FLUSHED_AT_ONCE = 4
_GROUP = "zarr.json"
_BESIDE = ".part-"


class Frames(Protocol):
    """What a shard takes in: features that fill arrays with their next frames."""

    frames: int

    @property
    def known(self) -> Mapping[str, Any]:
        """Of features of points that are not known in all frames: where they are, bool (F, points); none of others."""

    @property
    def kinds(self) -> Mapping[str, tuple[Any, tuple[int, ...]]]:
        """Dtype and shape of a frame of each feature."""

    def fill(self, out: Mapping[str, Any]) -> None:
        """Fill arrays (K, ...), one a feature, with the next K frames."""


class Writer:
    """Writes one shard beside its place; a context that leaves nothing behind unless :meth:`seal` was called.

    A chunk is written while the next one is filled, by a thread of its own, which runs Zarr's coroutines itself: Zarr's
    own thread serves one call of one shard at a time.

    Parameters
    ----------
    folder
        Where shards are.
    capacity
        About how many frames will be appended, which decides how they are cut into chunks.
    sums
        Whether to keep sums for the statistics.
    """

    def __init__(self, folder: Path, capacity: int, *, sums: bool = True) -> None:
        chunks = max(1, -(-capacity // MOST_CHUNK))
        self._chunk = max(1, -(-capacity // chunks))
        self._folder = folder
        self._capacity = max(1, capacity)
        self._sums = sums
        self._kinds: Mapping[str, tuple[Any, tuple[int, ...]]] = {}
        self._arrays: dict[str, Any] = {}
        self._buffers: dict[str, Any] = {}
        self._spare: dict[str, Any] = {}
        self._moments: dict[str, Moments] = {}
        self._known: dict[str, Any] = {}
        self._written: Future[None] | None = None
        self.frames = 0

    def __enter__(self) -> Self:
        import asyncio
        from concurrent.futures import ThreadPoolExecutor

        # Not by tempfile, whose folders are closed to everybody else, as the shard would then be.
        self._beside = self._folder / f"{_BESIDE}{os.urandom(16).hex()}"
        self._beside.mkdir()
        self._sealed = False
        self._loop = asyncio.new_event_loop()
        self._pool = ThreadPoolExecutor(1)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pool.shutdown()
        self._loop.close()
        if not self._sealed:
            shutil.rmtree(self._beside)

    def append(self, features: Frames) -> None:
        """Add frames, all of them; the same features of the same kinds each time.

        Raises
        ------
        ValueError
            If they are not of the kinds that the shard has; nothing is added.
        OSError
            If they cannot be written.
        """
        if not self._kinds:
            self._kinds = features.kinds
            self._buffers, self._spare = self._room(), self._room()
        if features.kinds != self._kinds:
            raise ValueError(f"has {_told(features.kinds)}; the motions before it have {_told(self._kinds)}")
        left = features.frames
        while left:
            done = features.frames - left
            at = self.frames % self._chunk
            some = min(left, self._chunk - at)
            features.fill({name: buffer[at : at + some] for name, buffer in self._buffers.items()})
            for name, known in features.known.items():
                self._known_of(name, known.shape[1])[at : at + some] = known[done : done + some]
            left -= some
            self.frames += some
            if self.frames % self._chunk == 0:
                self._flush(self._chunk)

    def seal(self, key: str, record: Mapping[str, Any]) -> Sealed:
        """Write what is left, and the record; the shard then waits to be published under its key."""
        if left := self.frames % self._chunk:
            self._flush(left)
        self._start(self._end_arrays())
        self._wait()
        whole = {
            **record,
            "key": key,
            "frames": self.frames,
            "features": {name: [dtype.name, *shape] for name, (dtype, shape) in self._kinds.items()},
            "sums": {name: moments.to_json() for name, moments in self._moments.items()},
            "files": {name: _mark(self._beside / name) for name in _files(self._beside)},
        }
        # As Zarr writes it, which would first copy all of a record, number by number.
        (self._beside / _GROUP).write_bytes(json.dumps(_group(whole)).encode())
        self._sealed = True
        return Sealed(self._beside, self._folder / key)

    def _room(self) -> dict[str, Any]:
        import numpy as np

        return {name: np.empty((self._chunk, *shape), dtype) for name, (dtype, shape) in self._kinds.items()}

    def _known_of(self, name: str, points: int) -> Any:
        """Return where the points of a feature are known in this chunk, to be filled in; everywhere, at first."""
        import numpy as np

        if name not in self._known:
            self._known[name] = np.ones((self._chunk, points), bool)
        return self._known[name]

    def _add_moments(self, count: int) -> None:
        """Add the frames of this chunk to the sums: a call for each feature, where motions may be many."""
        for name, buffer in self._buffers.items():
            if buffer.dtype.kind == "f":
                values, known = buffer[:count], self._known.get(name)
                known = None if known is None else known[:count]
                self._moments[name] = (self._moments.get(name) or Moments.metadata(values, known)).plus(values, known)
        self._known = {}

    def _flush(self, count: int) -> None:
        if self._sums:
            self._add_moments(count)
        self._start(self._write(self._buffers, self.frames - count, self.frames))
        self._buffers, self._spare = self._spare, self._buffers

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Let the thread do some work as soon as it has done what it was given before."""
        try:
            self._wait()
        except BaseException:
            work.close()
            raise
        self._written = self._pool.submit(self._run, work)

    def _wait(self) -> None:
        if self._written is not None:
            self._written.result()

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            with fast_zarr():
                self._loop.run_until_complete(work)
        except RuntimeError as error:
            raise _system_error(error, self._folder) from None

    async def _write(self, buffers: Mapping[str, Any], start: int, stop: int) -> None:
        import asyncio

        await asyncio.gather(*(self._write_feature(name, buffer, start, stop) for name, buffer in buffers.items()))

    async def _write_feature(self, name: str, buffer: Any, start: int, stop: int) -> None:
        if name not in self._arrays:
            self._arrays[name] = await self._create(name)
        array = self._arrays[name]
        if array.shape[0] < stop:
            await array.resize((stop, *array.shape[1:]))
        await array.setitem(slice(start, stop), buffer[: stop - start])

    async def _end_arrays(self) -> None:
        for array in self._arrays.values():
            if array.shape[0] != self.frames:
                # What was expected came from headers, which may say anything: Zarr would name each chunk of it.
                await array.resize((self.frames, *array.shape[1:]), delete_outside_chunks=False)

    async def _create(self, name: str) -> Any:
        from zarr.api import asynchronous
        from zarr.codecs import Crc32cCodec

        dtype, shape = self._kinds[name]
        return await asynchronous.create_array(
            self._beside / name,
            shape=(self._capacity, *shape),
            dtype=dtype,
            chunks=(self._chunk, *shape),
            compressors=[Crc32cCodec()],
            # What no frame ever is: a chunk that holds nothing else is not written, whatever the configuration says.
            fill_value=255 if dtype.kind == "u" else math.nan,
            chunk_key_encoding={"name": "default", "separator": "."},
            dimension_names=["frame", *(f"{name}_{axis}" for axis in range(1, 1 + len(shape)))],
        )


@dataclass(frozen=True)
class Sealed:
    """A shard that is written and not yet flushed.

    Parameters
    ----------
    beside, place
        Where it is, and where it belongs.
    """

    beside: Path
    place: Path

    def publish(self) -> None:
        """Wait until all of it is on the disk, then give it its name.

        If another build was first, its shard stays: what has the same name is the same.

        Raises
        ------
        OSError
            If it cannot be flushed or renamed.
        """
        from concurrent.futures import ThreadPoolExecutor

        tree = [Path(folder, name) for folder, _, names in os.walk(self.beside) for name in ("", *names)]
        # A disk commits a few files at once about as fast as one.
        with ThreadPoolExecutor(_FLUSHED_AT_ONCE) as pool:
            list(pool.map(flush, tree))
        try:
            self.beside.rename(self.place)
        except OSError:
            if not self.place.is_dir():
                raise
            shutil.rmtree(self.beside)
        flush(self.place.parent)


@dataclass(frozen=True)
class Moments:
    """Count, sum and sum of squares of each number of a feature, about a shift, in float64.

    Parameters
    ----------
    shape
        Of a frame.
    shift
        (N,) what is subtracted from each number; near the mean, so that little is lost.
    count
        (N,) in how many frames each number is known.
    total, squares
        (N,) sums of the differences from the shift, and of their squares.
    """

    shape: tuple[int, ...]
    shift: Any
    count: Any
    total: Any
    squares: Any

    @classmethod
    def metadata(cls, values: Any, known: Any = None) -> Moments:
        """Return those of no frames, about the first of frames (F, ...) in which each number is known."""
        import numpy as np

        # Where a point is known in none of them any number will do, until it is.
        first = values[0] if known is None else values[known.argmax(axis=0), np.arange(known.shape[1])]
        shift = first.astype(np.float64).reshape(-1)
        return cls(first.shape, shift, np.zeros(shift.size, np.int64), np.zeros_like(shift), np.zeros_like(shift))

    def plus(self, values: Any, known: Any = None) -> Moments:
        """Return those of frames (F, ...) as well; of points (F, P, ...) where they are known, bool (F, P), if given.

        A point's coordinates are its first three numbers; further ones are known in all frames.
        """
        import numpy as np

        from motionprep.motion import kinematics

        flat = values.reshape(len(values), -1)
        shift = np.where(self.count, self.shift, Moments.metadata(values, known).shift)
        count, total, squares = self.count.copy(), self.total.copy(), self.squares.copy()
        if known is None:
            kinematics.add_moments(flat, shift, total, squares)
            count += len(values)
        else:
            # A copy, since the kernel is compiled for arrays that lie in order and may be written.
            kinematics.add_known_moments(flat, np.array(known), shift, count, total, squares)
        return Moments(self.shape, shift, count, total, squares)

    def to_json(self) -> dict[str, Any]:
        """Return counts, means and the sums of squared distances from the means; 0 of what is never known."""
        some = self.count.clip(min=1)
        mean = (self.shift + self.total / some) * (self.count > 0)
        scatter = self.squares - self.total**2 / some
        return {
            "shape": list(self.shape),
            "count": self.count.tolist(),
            "mean": mean.tolist(),
            "scatter": scatter.clip(min=0).tolist(),
        }


class _FastZarr:
    """Zarr's configuration, which all threads share: changed by the first that needs it, restored after the last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._before: Any = None

    def __enter__(self) -> None:
        import zarr

        with self._lock:
            if not self._users:
                settings = {
                    "codec_pipeline.path": "zarrs.ZarrsCodecPipeline",
                    "codec_pipeline.chunk_concurrent_maximum": 1,
                    # Only without it is JSON written by compiled code.
                    "json_indent": None,
                }
                self._before = zarr.config.set(settings)
            self._users += 1

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._users -= 1
            if not self._users:
                self._before.__exit__(*error)


_FAST_ZARR = _FastZarr()


@contextmanager
def fast_zarr() -> Iterator[None]:
    """Let Zarr encode and decode by zarrs, and write metadata the same way whoever calls, while this lasts."""
    with _FAST_ZARR:
        yield


def open_array(folder: Path, key: str, feature: str) -> Chunked:
    """Return a feature of a shard, to read frames of.

    Raises
    ------
    DatasetError
        If it is not there.
    """
    return open_chunked(folder / key / feature, f"shard {key}: {feature}")


def read_rows(folder: Path, key: str, feature: str, start: int, stop: int) -> Any:
    """Return frames ``start`` to ``stop`` of a feature of a shard, compared with their checksums.

    Raises
    ------
    DatasetError
        If they are damaged or missing.
    """
    return open_array(folder, key, feature).read(start, stop)


def read_record(folder: Path, key: str) -> dict[str, Any]:
    """Return the record of a shard.

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """
    try:
        group = msgspec.json.decode((folder / key / _GROUP).read_bytes())
        record: dict[str, Any] = group["attributes"]["motionprep"]["record"]
        good = record["key"] == key and group == _group(record)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise DatasetError(f"shard {key}: its record cannot be read: {error}; {REMEDY}") from None
    if not good:
        raise DatasetError(f"shard {key}: its record is damaged; {MEND}")
    return record


def read_features(folder: Path, key: str) -> tuple[str, ...]:
    """Return the names of the features of a shard, whose arrays may then be read.

    Raises
    ------
    DatasetError
        If the shard's record or the metadata of its arrays are missing or damaged.
    """
    record = read_record(folder, key)
    for name, mark in record["files"].items():
        if name.endswith(_GROUP):
            _check_file(folder, key, name, mark)
    return tuple(record["features"])


def check(folder: Path, key: str) -> None:
    """Read a whole shard and compare it with its checksums.

    Raises
    ------
    DatasetError
        If anything of it is missing, damaged or too much; it names the file.
    """
    record = read_record(folder, key)
    there, expected = set(_files(folder / key)) - {_GROUP}, record["files"]
    for name in sorted(there | set(expected)):
        if name not in expected:
            raise DatasetError(f"shard {key}: {name} does not belong there; {MEND}")
        _check_file(folder, key, name, expected[name])
    for feature in record["features"]:
        read_rows(folder, key, feature, 0, record["frames"])


def is_whole(folder: Path, key: str) -> bool:
    """Return whether a shard is there and good; remove it if it is damaged."""
    if not (folder / key).is_dir():
        return False
    try:
        check(folder, key)
    except DatasetError:
        remove(folder, key)
        return False
    return True


def measure(folder: Path, key: str) -> tuple[int, str]:
    """Return how many bytes a shard has and a signature that changes when one of its files is touched.

    Raises
    ------
    FileNotFoundError
        If there is no such shard.
    """
    place = os.fspath(folder / key)
    marks: list[tuple[str, int, int]] = []
    folders = [("", place)]
    while folders:
        below, path = folders.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((f"{below}{entry.name}/", entry.path))
                else:
                    stat = entry.stat()
                    marks.append((below + entry.name, stat.st_size, stat.st_mtime_ns))
    if not marks:
        raise FileNotFoundError(place)
    return sum(size for _, size, _ in marks), hashing.key(sorted(marks))


def keys(folder: Path) -> set[str]:
    """Return the names of all shards that are there."""
    if not folder.is_dir():
        return set()
    return {entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")}


def remove(folder: Path, key: str) -> None:
    """Remove a shard: first its name, then its files, so that no half of it is ever found."""
    beside = folder / f"{_BESIDE}{key}"
    (folder / key).rename(beside)
    shutil.rmtree(beside)


def sweep(folder: Path) -> None:
    """Remove what killed runs left beside its place."""
    if folder.is_dir():
        for entry in list(os.scandir(folder)):
            if entry.name.startswith(_BESIDE):
                shutil.rmtree(entry.path, ignore_errors=True)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _group(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a shard's group."""
    attributes = {"motionprep": {"record": record, "sha256": hashing.digest(hashing.canonical(record))}}
    return {"attributes": attributes, "zarr_format": 3, "node_type": "group"}


def _system_error(error: RuntimeError, path: Path) -> OSError:
    """Return what zarrs says in words, ``No space left on device (os error 28)``, as Python says it."""
    if match := re.search(r"\(os error (\d+)\)", str(error)):
        return OSError(int(match[1]), os.strerror(int(match[1])), os.fspath(path))
    return OSError(f"{path}: {error}")


def _told(kinds: Mapping[str, tuple[Any, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {shape}" for name, (_, shape) in kinds.items())


def _files(folder: Path) -> list[str]:
    return sorted(
        os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")
        for place, _, names in os.walk(folder)
        for name in names
    )


def _check_file(folder: Path, key: str, name: str, mark: list[int | str]) -> None:
    path = folder / key / name
    if not path.is_file():
        raise DatasetError(f"shard {key}: {name} is missing; {MEND}")
    try:
        found = _mark(path)
    except OSError as error:
        raise DatasetError(f"shard {key}: {name} cannot be read: {error.strerror or error}; {UNREAD}") from None
    if found != mark:
        raise DatasetError(f"shard {key}: {name} is damaged; {MEND}")


def _mark(path: Path) -> list[int | str]:
    """Return what tells a file from a damaged one: the digest of metadata; data has checksums of its own."""
    if path.name == _GROUP:
        return [path.stat().st_size, hashing.digest(path.read_bytes())]
    return [path.stat().st_size]
