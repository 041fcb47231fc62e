"""Zip archives: opened once a thread, and the files that are in them."""

from __future__ import annotations

import os
import threading
import zipfile
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO

from motionprep.errors import SourceError
from motionprep.files.reading import open_file, read_bounded
from motionprep.formats.zipped import UNREADABLE, open_entry

#: What the name of an archive ends in.
SUFFIX = ".zip"


def open_archive(path: str | os.PathLike[str]) -> zipfile.ZipFile:
    """Open an archive.

    Raises
    ------
    SourceError
        If it is no good zip archive.
    OSError
        If it cannot be opened, or is no regular file.
    """
    # The end of an archive is looked for first, and a device has none.
    open_file(path).close()
    try:
        return zipfile.ZipFile(path)
    except OSError:
        raise
    except UNREADABLE as error:
        raise SourceError(f"{os.path.basename(path)}: is no good zip archive: {error}") from None


def open_in_archive(file: str, entry: str) -> IO[bytes]:
    """Open an entry of an archive, which stays open for this thread until it changes."""
    stat = os.stat(file)
    state = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return open_entry(_opened(file, state, threading.get_ident()), entry)


@lru_cache(maxsize=64)
def _opened(file: str, state: tuple[int, ...], thread: int) -> zipfile.ZipFile:
    """Return an open archive, one a thread: to read the list of its entries anew for each of them takes too long."""
    return zipfile.ZipFile(file)


def entry_texts(path: Path, wanted: Callable[[str], bool]) -> list[bytes]:
    """Return the texts of entries whose names, without folders, are wanted; none if the archive cannot be opened."""
    try:
        opened = open_archive(path)
    except (SourceError, OSError):
        # It is a failed source.
        return []
    with opened as archive:
        names = [entry.filename for entry in archive.infolist() if wanted(PurePosixPath(entry.filename).name)]
        texts = []
        for name in names:
            with open_entry(archive, name) as file:
                texts.append(read_bounded(file, f"{path.name}/{name}"))
        return texts
