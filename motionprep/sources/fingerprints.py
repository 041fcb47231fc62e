"""What is known of files without reading them again: digests and headers, by size, time and inode."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from motionprep.errors import RateError, ReadError
from motionprep.files import replacing
from motionprep.files.reading import BUDGET, parse_json
from motionprep.formats.amass_names import is_npz
from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.formats.zipped import UNREADABLE
from motionprep.motion import hashing
from motionprep.sources.source import Source, why

_CACHE_FORMAT = 2
#: A file touched this shortly before it was read may be touched again within one tick of the file system's clock.
_SETTLED_NS = 2_000_000_000
#: As a rule enough for all that a C3D file says before its first frame.
_SHORT_HEAD = 1 << 14


class SourceHeader(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a file's content.

    Parameters
    ----------
    sha256
        Of its bytes; empty if not known yet.
    frames, rate
        As the header says; 0 where there is an error, and a rate of 0 where that alone is wrong.
    structure
        Two files with equal structure have the same nodes, or the same markers.
    error
        Why the header cannot be read; empty if it can.
    clip
        How many frames each of several clips has; 0 if the file has none.
    rate_error
        Why the header's rate cannot be right; empty if it can.
    """

    sha256: str
    frames: int
    rate: float
    structure: str
    error: str = ""
    clip: int = 0
    rate_error: str = ""


class SourceCache:
    """What earlier runs saw, by stamp; a file of its own that may be lost at no harm.

    Parameters
    ----------
    path
        Where it is kept; nothing is read or kept if None.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._changed = False
        self._opened = time.time_ns()
        self._headers = self._kept()

    def _kept(self) -> dict[str, SourceHeader]:
        if self._path is None:
            return {}
        try:
            number, headers = parse_json(self._path.read_bytes(), tuple[int, dict[str, SourceHeader]])
        except (OSError, ValueError):
            return {}
        return headers if number == _CACHE_FORMAT else {}

    def merge(self) -> None:
        """Take in the digests that other builds have kept since this cache was opened."""
        for stamp, header in self._kept().items():
            if not self._headers.setdefault(stamp, header).sha256:
                self._headers[stamp] = header

    def get(self, source: Source) -> SourceHeader | None:
        """Return what is known of a source."""
        return self._headers.get(source.stamp)

    def put(self, source: Source, header: SourceHeader) -> None:
        """Remember what a source holds."""
        if self._headers.get(source.stamp) != header:
            self._headers[source.stamp] = header
            self._changed = True

    def is_settled(self, source: Source) -> bool:
        """Return whether a source was not written just before, or after, the cache was opened."""
        return int(source.stamp.split(":")[3]) < self._opened - _SETTLED_NS

    def save(self, sources: Iterable[Source]) -> None:
        """Keep what is known of these sources that are settled."""
        if self._path is None or not self._changed:
            return
        kept = {
            source.stamp: self._headers[source.stamp]
            for source in sources
            if source.stamp in self._headers and self.is_settled(source)
        }
        replacing.write(self._path, msgspec.json.encode((_CACHE_FORMAT, kept)))
        self._changed = False


def read_headers(sources: Sequence[Source], cache: SourceCache, again: bool = False) -> list[SourceHeader]:
    """Return what the header of each source says, from the cache unless ``again``, or by reading the header."""
    headers = []
    for source in sources:
        known = None if again else cache.get(source)
        if known is None:
            try:
                known = _read_header(source)
            except UNREADABLE as error:
                # Not remembered: that it can be read one day need not change its size or time.
                known = SourceHeader("", 0, 0.0, "", f"{source.name}: cannot be read: {why(error)}")
            else:
                cache.put(source, known)
        headers.append(known)
    return headers


def hash_files(
    sources: Sequence[Source],
    cache: SourceCache,
    workers: int,
    again: bool = False,
) -> list[SourceHeader]:
    """Return what each source holds, digests included; the files that are not known are read whole.

    A file whose header cannot be read has no digest.

    Parameters
    ----------
    sources
        In any order.
    cache
        Is added to.
    workers
        How many files are read at once.
    again
        Read all files, known or not.
    """
    from concurrent.futures import ThreadPoolExecutor

    headers = read_headers(sources, cache, again)
    unknown = [place for place, seen in enumerate(headers) if not (seen.error or seen.sha256)]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(hash_file, [sources[place] for place in unknown])
        for place, (sha256, whole) in zip(unknown, found, strict=True):
            headers[place] = msgspec.structs.replace(headers[place], sha256=sha256)
            if whole:
                cache.put(sources[place], headers[place])
    return headers


def hash_file(source: Source) -> tuple[str, bool]:
    """Return the digest of a source, or of why it cannot be read, and whether it could."""
    try:
        with BUDGET.hold(source.size):
            return hashing.digest(source.read()), True
    except ReadError as error:
        return hashing.digest(str(error).encode()), False


def _read_header(source: Source) -> SourceHeader:
    read = _markers_header if source.modality == "markers" else _motion_header
    try:
        try:
            return read(source)
        except RateError as error:
            # What else it says is of use where the recipe gives a rate.
            return msgspec.structs.replace(read(source, 1.0), rate=0.0, rate_error=_where(error, source))
    except ReadError as error:
        return SourceHeader("", 0, 0.0, "", _where(error, source))


def _where(error: ReadError, source: Source) -> str:
    of_skeleton = source.skeleton is not None and error.path == source.skeleton.name
    path = error.path if of_skeleton else source.name
    return str(ReadError(error.message, path=path, line=error.line, column=error.column, section=error.section))


def _motion_header(source: Source, rate: float | None = None) -> SourceHeader:
    if source.wrong:
        raise ReadError(source.wrong, path=source.name)
    if source.metadata is not None:
        return _arrays_header(source, source.metadata)
    if source.skeleton is not None:
        from motionprep.formats import amc

        frames, rig = amc.parse_joined_header(source.read(), source.name)
        return SourceHeader("", frames, rate or amc.RATE, rig.skeleton.structure)
    if source.name.lower().endswith(".mvnx"):
        from motionprep.formats import mvnx

        segments = mvnx.read_mvnx_header(source.read(), source.name, rate=rate)
        return SourceHeader("", segments.frames, segments.rate, segments.skeleton.structure)
    if is_npz(source.name):
        from motionprep.formats import amass

        with source.open() as file:
            poses = amass.read_amass_header(file, source.name, rate=rate)
        return SourceHeader("", poses.frames, poses.rate, poses.skeleton.structure)
    from motionprep.formats import bvh

    if source.entry:
        # Of an archive's entry as a rule only the beginning is unpacked.
        with source.open() as file:
            header = bvh.parse_bvh_header(bvh.read_head(file), source.name, rate=rate)
    else:
        header = bvh.read_bvh_header(source.file, rate=rate)
    return SourceHeader("", header.frames, header.rate, header.skeleton.structure)


def _markers_header(source: Source, rate: float | None = None) -> SourceHeader:
    if source.name.lower().endswith(".trc"):
        from motionprep.formats import trc

        with source.open() as file:
            text = trc.read_trc_header(file.read(trc.HEAD_BYTES), source.name, rate=rate)
        return SourceHeader("", text.frames, text.rate, hashing.key(list(text.names)))
    if is_npz(source.name):
        from motionprep.formats import amass

        with source.open() as file:
            frames, stated, names = amass.read_amass_markers_header(file, source.name, rate=rate)
        return SourceHeader("", frames, stated, hashing.key(list(names)))
    from motionprep.formats import c3d

    with source.open() as file:
        data = file.read(_SHORT_HEAD)
        for more in (c3d.HEADER_BYTES, source.size):
            try:
                header = c3d.read_c3d_header(data, source.name, source.size, rate=rate)
                break
            except ReadError:
                data += file.read(more)
        else:
            header = c3d.read_c3d_header(data, source.name, source.size, rate=rate)
    return SourceHeader("", header.frames, header.rate, hashing.key(list(header.names)))


def _arrays_header(source: Source, metadata: ArrayMetadata) -> SourceHeader:
    from motionprep.formats.arrays_header import read_arrays_header

    with source.open() as file:
        header = read_arrays_header(file, source.size, source.name, metadata)
    return SourceHeader("", header.frames, metadata.rate or 0.0, metadata.structure, clip=header.clip)
