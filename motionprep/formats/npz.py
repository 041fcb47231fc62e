"""Archives of NumPy's arrays (``.npz``), several of which make a motion or a body: names, headers and numbers.

Nothing in them is ever run: arrays of pickled objects are refused.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

from motionprep.errors import ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED
from motionprep.formats.arrays_header import HEADER_BYTES, ArraysHeader, npy_header
from motionprep.formats.zipped import MOST_UNPACKED, UNREADABLE, open_entry

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ZIP = b"PK"


def array_names(file: IO[bytes], name: str) -> frozenset[str]:
    """Return the names of an archive's arrays; none if the file is no archive.

    Raises
    ------
    ReadError
        If it is an archive that is cut or damaged.
    """
    head = file.read(len(GIT_LFS))
    file.seek(0)
    if head.startswith(GIT_LFS):
        raise ReadError(NOT_FETCHED, path=name)
    if not head.startswith(_ZIP):
        return frozenset()
    with open_npz(file, name) as archive:
        return frozenset(archive.names)


class Npz:
    """The arrays of an open archive.

    Parameters
    ----------
    archive
        Open for reading.
    name
        What errors call it.
    """

    def __init__(self, archive: zipfile.ZipFile, name: str) -> None:
        self._archive, self.name = archive, name
        self._entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist()}

    @property
    def names(self) -> Collection[str]:
        """Names of its arrays."""
        return self._entries.keys()

    def fail(self, array: str, message: str) -> ReadError:
        """Return an error about one of its arrays."""
        return ReadError(message, path=self.name, section=f"array {array!r}")

    def header(self, array: str) -> ArraysHeader:
        """Return type and shape of an array; a ``ReadError`` is raised if it is missing, damaged or of objects."""
        entry = self._entry(array)
        with open_entry(self._archive, entry) as file:
            return self._checked(array, npy_header(file.read(HEADER_BYTES), self._at(array)), entry.file_size)

    def read(self, array: str) -> NDArray[Any]:
        """Return an array, read-only; errors as of :meth:`header`."""
        import numpy as np

        entry = self._entry(array)
        with open_entry(self._archive, entry) as file:
            data = file.read()
        header = self._checked(array, npy_header(data[:HEADER_BYTES], self._at(array)), len(data))
        flat = np.frombuffer(data, header.dtype, -1, header.start) if len(data) > header.start else np.empty(0)
        return flat.astype(header.dtype, copy=False).reshape(header.shape, order="F" if header.fortran else "C")

    def _at(self, array: str) -> str:
        return f"{self.name} (array {array!r})"

    def _entry(self, array: str) -> zipfile.ZipInfo:
        if array not in self._entries:
            raise ReadError(f"has no array {array!r}; it has {', '.join(sorted(self._entries)[:8])}", path=self.name)
        entry = self._entries[array]
        if entry.file_size > MOST_UNPACKED:
            raise self.fail(array, f"unpacks to {entry.file_size:,} bytes; at most {MOST_UNPACKED:,} are read")
        return entry

    def _checked(self, array: str, header: ArraysHeader, size: int) -> ArraysHeader:
        if header.size != size:
            raise self.fail(
                array,
                f"has {size:,} bytes; shape {header.shape} of {header.dtype} needs {header.size:,}: it is damaged",
            )
        return header


@contextmanager
def open_npz(file: IO[bytes], name: str) -> Iterator[Npz]:
    """Open an archive of arrays; what is damaged in it, whenever that is found, raises a ``ReadError``."""
    try:
        with zipfile.ZipFile(file) as archive:
            yield Npz(archive, name)
    except UNREADABLE as error:
        raise ReadError(f"is no good .npz file: {error}; it is cut or damaged", path=name) from None
