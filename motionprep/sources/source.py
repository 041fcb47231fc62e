"""A file of a take, and the files of one take together."""

from __future__ import annotations

from typing import IO

import msgspec

from motionprep.errors import ReadError
from motionprep.files.reading import open_file
from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.formats.zipped import UNREADABLE
from motionprep.sources.archives import open_in_archive


class Beside(msgspec.Struct, frozen=True):
    """The file with the skeleton of an AMC file.

    Parameters
    ----------
    name
        Its name without folders.
    file, entry, size
        As those of a :class:`Source`.
    """

    name: str
    file: str
    entry: str
    size: int


class Source(msgspec.Struct, frozen=True):
    """One file of a take, on its own or in a zip archive.

    Parameters
    ----------
    key, subject
        ``69_01`` and ``69``.
    name
        Its path below the data folder, with ``/``; for an entry of an archive ``cmu.zip/69/69_01.bvh``.
    file
        The file or archive to open.
    entry
        The name in the archive, or empty.
    size
        Bytes, unpacked; of an AMC file with those of its skeleton.
    stamp
        Tells this state of the file from others: device, inode, size, time, and metadata.
    modality
        Which modality of the take it holds, ``"motion"`` or ``"markers"``.
    metadata
        What a file beside it or the recipe says about it, if it holds arrays; None otherwise.
    wrong
        Why it or its metadata cannot be used; empty if it can.
    skeleton
        The file that has its skeleton, whose bytes come before its own; None if it has one itself.
    """

    key: str
    subject: str
    name: str
    file: str
    entry: str
    size: int
    stamp: str
    modality: str = "motion"
    metadata: ArrayMetadata | None = None
    wrong: str = ""
    skeleton: Beside | None = None

    @property
    def place(self) -> str:
        """Where it lies: its path, for an entry the archive's path and the name in it."""
        return f"{self.file}/{self.entry}" if self.entry else self.file

    def open(self) -> IO[bytes]:
        """Open it for reading.

        Raises
        ------
        OSError
            If it cannot be opened; damaged archives raise errors of their own, ``zipped.UNREADABLE``.
        """
        return open_in_archive(self.file, self.entry) if self.entry else open_file(self.file)

    def read(self) -> bytes:
        """Return its bytes.

        Raises
        ------
        ReadError
            If it cannot be read, unpacks to more than it says, or has changed since it was found.
        """
        if self.skeleton is None:
            return _read(self, self.size, self.name)
        from motionprep.formats import amc

        beside = self.skeleton
        asf = _read(beside, beside.size, f"{self.name.rpartition('/')[0]}/{beside.name}".lstrip("/"))
        return amc.join(beside.name, asf, _read(self, self.size - beside.size, self.name))


def _read(source: Source | Beside, size: int, name: str) -> bytes:
    """Return the bytes of a file that had a size when it was found."""
    try:
        if source.entry:
            with open_in_archive(source.file, source.entry) as file:
                data = file.read(size + 1)
        else:
            with open_file(source.file, buffering=0) as file:
                data = file.read()
    except UNREADABLE as error:
        raise ReadError(f"cannot be read: {why(error)}", path=name) from None
    if len(data) != size:
        raise ReadError(
            f"has {len(data):,} bytes; it had {size:,} when it was found: it changes while it is read", path=name
        )
    return data


class TakeFiles(msgspec.Struct, frozen=True):
    """The files of one take.

    Parameters
    ----------
    key, subject
        ``69_01`` and ``69``.
    sources
        One a modality, the skeleton's first.
    """

    key: str
    subject: str
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(source.size for source in self.sources)

    @property
    def metadata(self) -> ArrayMetadata | None:
        """The metadata of its file, if that holds arrays."""
        return next((source.metadata for source in self.sources if source.metadata is not None), None)


def why(error: BaseException) -> str:
    """Return the reason that an error gives, without the name of the file."""
    return getattr(error, "strerror", None) or str(error) or type(error).__name__
