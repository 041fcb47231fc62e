"""Files and folders that take their place whole: written beside it, then renamed."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

#: What the name of a file that is being written ends in.
PART = ".part"


@contextmanager
def beside(path: str | os.PathLike[str], suffix: str = "") -> Iterator[Path]:
    """Yield the path of a file to write, which then takes its place, or is removed if anything goes wrong.

    Parameters
    ----------
    path
        The place; what is there stays until the new file is whole.
    suffix
        What the path ends in, for writers that go by it.

    Raises
    ------
    OSError
        If it cannot be renamed, or the place is a folder, a pipe or a device.
    """
    place = Path(path)
    if place.exists() and not place.is_file():
        raise OSError(errno.EINVAL, "is no file that could be replaced", os.fspath(path))
    part = place.with_name(f".{place.name}{PART}{suffix}")
    try:
        yield part
        part.replace(place)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "wb", **options: Any) -> Iterator[IO[Any]]:
    """Open a file as :func:`open` does that takes its place once it is whole, as :func:`beside` does.

    Raises
    ------
    OSError
        If it cannot be written or renamed.
    """
    with beside(path) as part, part.open(mode, **options) as file:
        yield file


def write(path: str | os.PathLike[str], data: bytes) -> None:
    """Replace a file by some bytes.

    Raises
    ------
    OSError
        If it cannot be written or renamed.
    """
    with replacing(path) as file:
        file.write(data)


def write_flushed(path: Path, data: bytes) -> None:
    """Replace a file by some bytes, which are on the disk before the file has its name.

    Raises
    ------
    OSError
        If it cannot be written, flushed or renamed.
    """
    with beside(path) as part:
        part.write_bytes(data)
        flush(part)
    flush(path.parent)


def flush(path: Path) -> None:
    """Wait until a file or folder is on the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
