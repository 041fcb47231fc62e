"""Files that a user names: opened where they are regular files, and read no further than is sensible."""

from __future__ import annotations

import errno
import os
import re
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, BinaryIO

import msgspec

#: How the text begins that Git LFS leaves in place of a file that was not fetched, and the error about it.
GIT_LFS = b"version https://git-lfs"
NOT_FETCHED = "this is a Git LFS pointer in place of the file; fetch the file: git lfs pull"
#: More than any table of labels, rates or joints, and any recipe.
MOST_TEXT = 16 << 20
#: As much of a stranger's text as an error quotes.
_MOST_SHOWN = 80
#: Of all files that are read at once, by all threads together.
_MOST_READ = 2 << 30
#: ``s3://`` and its kin, also where a path object has made one slash of two; one letter is a drive.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


def open_file(path: str | os.PathLike[str], buffering: int = -1) -> BinaryIO:
    """Open a regular file, or what a link leads to, for reading.

    Raises
    ------
    OSError
        If it cannot be opened, or is a pipe, device or socket, which might be waited for, or never end.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        what = "is a folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "is no file but a pipe, device or socket"
        os.close(handle)
        raise OSError(errno.EINVAL, what, os.fspath(path))
    return os.fdopen(handle, "rb", buffering)


def read_text(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a table or recipe.

    Raises
    ------
    OSError
        As :func:`open_file`, or if it is larger than any table is.
    """
    with open_file(path) as file:
        return read_bounded(file, os.fspath(path))


def read_bounded(file: Any, name: str, most: int = MOST_TEXT) -> bytes:
    """Return the bytes of an open file.

    Raises
    ------
    OSError
        If there are more than ``most``.
    """
    data: bytes = file.read(most + 1)
    if len(data) > most:
        raise OSError(errno.EFBIG, f"has more than {most:,} bytes; expected a small text", name)
    return data


def parse_toml(text: str) -> dict[str, Any]:
    """Return the values of a TOML text.

    Raises
    ------
    ValueError
        If it is no TOML, nests too deep, or has a number of thousands of digits.
    """
    import tomllib

    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise
    except RecursionError:
        raise ValueError("brackets are nested too deep") from None
    except ValueError:
        raise ValueError("a number has thousands of digits") from None


def parse_json(data: bytes | str, kind: Any = Any) -> Any:
    """Return the values of a JSON text, as a type.

    Raises
    ------
    ValueError
        If it is no JSON or of another type, nests too deep, or has a number of thousands of digits.
    """
    try:
        return msgspec.json.decode(data, type=kind)
    except RecursionError:
        raise ValueError("brackets are nested too deep") from None
    except msgspec.DecodeError as error:
        raise ValueError(str(error)) from None


def as_paths(given: str | os.PathLike[str] | Sequence[str | os.PathLike[str]]) -> list[str | os.PathLike[str]]:
    """Return one path or several as a list."""
    return [given] if isinstance(given, str | os.PathLike) else list(given)


def shown(text: str, most: int = _MOST_SHOWN) -> str:
    """Return a stranger's text as errors quote it: in quotation marks, and no more than its beginning."""
    return repr(text if len(text) <= most else text[:most] + "...")


def address_kind(path: str | os.PathLike[str]) -> str:
    """Return the kind of an address such as ``s3://bucket/key``, ``"s3"``; empty for a path on this machine."""
    found = _ADDRESS.match(os.fspath(path))
    return found[1] if found else ""


def no_address(path: str | os.PathLike[str]) -> str:
    """Return why a path cannot be read or written that is an address; empty if it is none."""
    kind = address_kind(path)
    return f"{os.fspath(path)}: is an address of kind {kind!r}; expected a path on this machine" if kind else ""


class _Budget:
    """Keeps the bytes that threads hold at once below a bound; what is larger than all of it waits to be alone."""

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        """Wait until there is room for so many bytes, and keep it while this lasts."""
        size = min(size, self._most)
        with self._changed:
            self._changed.wait_for(lambda: self._held + size <= self._most)
            self._held += size
        try:
            yield
        finally:
            with self._changed:
                self._held -= size
                self._changed.notify_all()


#: Of the bytes of sources that are read and not yet parsed.
BUDGET = _Budget(_MOST_READ)
