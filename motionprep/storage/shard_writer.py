"""Write a shard; the only file that knows Zarr.

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

from motionprep.files import replacing
from motionprep.motion.feature_kinds import dimensions
from motionprep.storage import shard_files
from motionprep.storage.moments import Moments
from motionprep.storage.shard_files import BESIDE, GROUP

if TYPE_CHECKING:
    from concurrent.futures import Future

#: The most frames that a chunk holds.
MOST_CHUNK = 4096
_FLUSHED_AT_ONCE = 4


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


class ShardWriter:
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
    by
        Of features that are two lines of matrices, whether these are ``"columns"`` or ``"rows"``: an attribute of the
        array.
    """

    def __init__(self, folder: Path, capacity: int, *, sums: bool = True, by: Mapping[str, str] | None = None) -> None:
        chunks = max(1, -(-capacity // MOST_CHUNK))
        self._chunk = max(1, -(-capacity // chunks))
        self._folder = folder
        self._capacity = max(1, capacity)
        self._sums = sums
        self._by = by or {}
        self._kinds: Mapping[str, tuple[Any, tuple[int, ...]]] = {}
        self._dimensions: Mapping[str, tuple[str, ...]] = {}
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
        self._beside = self._folder / f"{BESIDE}{os.urandom(16).hex()}"
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
            self._dimensions = dimensions({name: shape for name, (_, shape) in self._kinds.items()})
            self._buffers, self._spare = self._room(), self._room()
        if features.kinds != self._kinds:
            raise ValueError(f"has {_words(features.kinds)}; the motions before it have {_words(self._kinds)}")
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
            **({"by": dict(self._by)} if self._by else {}),
            "sums": {name: moments.to_json() for name, moments in self._moments.items()},
            "files": {name: shard_files.mark(self._beside / name) for name in shard_files.names(self._beside)},
        }
        # As Zarr writes it, which would first copy all of a record, number by number.
        arrays = shard_files.consolidated(self._beside, self._kinds)
        group = {**shard_files.group(whole), "consolidated_metadata": arrays}
        (self._beside / GROUP).write_bytes(json.dumps(group).encode())
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
                self._moments[name] = (self._moments.get(name) or Moments.starting_at(values, known)).plus(
                    values, known
                )
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
            dimension_names=self._dimensions[name],
            attributes={"by": self._by[name]} if name in self._by else None,
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
            list(pool.map(replacing.flush, tree))
        try:
            self.beside.rename(self.place)
        except OSError:
            if not self.place.is_dir():
                raise
            shutil.rmtree(self.beside)
        replacing.flush(self.place.parent)


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


def _system_error(error: RuntimeError, path: Path) -> OSError:
    """Return what zarrs says in words, ``No space left on device (os error 28)``, as Python says it."""
    if match := re.search(r"\(os error (\d+)\)", str(error)):
        return OSError(int(match[1]), os.strerror(int(match[1])), os.fspath(path))
    return OSError(f"{path}: {error}")


def _words(kinds: Mapping[str, tuple[Any, tuple[int, ...]]]) -> str:
    return ", ".join(f"{name} {shape}" for name, (_, shape) in kinds.items())
