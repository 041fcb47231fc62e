"""Headers of ``.npy`` files, alone and in ``.npz`` archives, read without NumPy.

An ``.npy`` file is six bytes of magic, two of version, the length of a Python dictionary as text, the dictionary, and
the numbers (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html). An ``.npz`` file is a zip archive
of such files. Nothing in them is ever run: the dictionary is parsed as a literal, and pickled objects are refused.
"""

from __future__ import annotations

import ast
import math
import re
import struct
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any, NoReturn

from motionprep.errors import ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED, shown
from motionprep.formats.arrays_metadata import ArrayMetadata
from motionprep.formats.zipped import MOST_UNPACKED, UNREADABLE, open_entry

_MAGIC = b"\x93NUMPY"
_ZIP = b"PK"
#: As many characters as NumPy reads of a dictionary that it does not trust.
_MOST_HEADER = 10_000
_TYPE = re.compile(r"[<>|=]?(?:[iu][1248]|f[248])")
_TEXT = re.compile(r"[<>|=]?[US]([0-9]{1,6})")
#: Bytes of a character.
_CHARACTER = {"U": 4, "S": 1}
#: As many names of arrays as errors list.
_MOST_NAMED = 8
#: Bytes that are enough for any header.
HEADER_BYTES = 12 + _MOST_HEADER
_NUMBERS = "expected integers or floats of 2, 4 or 8 bytes"
_EXPECTED = "(frames, joints, 3), (clips, frames, joints, 3), or either with 2 for keypoints in a picture"


@dataclass(frozen=True)
class ArraysHeader:
    """What is in a file of joint positions.

    Parameters
    ----------
    shape
        (frames, joints, axes) or (clips, frames, joints, axes).
    dtype
        NumPy's word for the type of a number, ``"<f4"``.
    fortran
        Whether the first axis runs fastest.
    start
        Byte of the first number, in the ``.npy`` file.
    """

    shape: tuple[int, ...]
    dtype: str
    fortran: bool
    start: int

    @property
    def frames(self) -> int:
        """How many frames there are, those of all clips together."""
        return math.prod(self.shape[:-2])

    @property
    def clip(self) -> int:
        """How many frames a clip has; 0 if there are none."""
        return self.shape[1] if len(self.shape) == 4 else 0

    @property
    def size(self) -> int:
        """Bytes of the ``.npy`` file."""
        text = _TEXT.fullmatch(self.dtype)
        item = int(text[1]) * _CHARACTER[self.dtype.lstrip("<>|=")[0]] if text else int(self.dtype[-1])
        return self.start + math.prod(self.shape) * item


def read_arrays_header(file: IO[bytes], size: int, name: str, metadata: ArrayMetadata) -> ArraysHeader:
    """Read the header of a file of joint positions.

    Parameters
    ----------
    file
        Open at its beginning.
    size
        Its bytes.
    name
        What errors call it.
    about
        Names, parents, rate and units of its joints.

    Raises
    ------
    ReadError
        If it is empty, cut short, damaged, neither ``.npy`` nor ``.npz``, or holds no joint positions.
    """
    with open_array(file, size, name, metadata) as (array, length):
        return parse_header(array.read(HEADER_BYTES), length, name, metadata)


@contextmanager
def open_array(file: IO[bytes], size: int, name: str, metadata: ArrayMetadata) -> Iterator[tuple[IO[bytes], int]]:
    """Open the ``.npy`` file that a file is, or has for an entry; yield it and its bytes.

    Raises
    ------
    ReadError
        If there is none, or the archive is damaged.
    """
    magic = file.read(len(_MAGIC))
    file.seek(0)
    if not magic.startswith(_ZIP):
        yield file, size
        return
    try:
        with zipfile.ZipFile(file) as archive:
            entry = _entry(archive, name, metadata)
            if entry.file_size > MOST_UNPACKED:
                _fail(
                    name, f"{entry.filename} unpacks to {entry.file_size:,} bytes; at most {MOST_UNPACKED:,} are read"
                )
            with open_entry(archive, entry) as array:
                yield array, entry.file_size
    except UNREADABLE as error:
        _fail(name, f"is no good .npz file: {error}")


def parse_header(data: bytes, size: int, name: str, metadata: ArrayMetadata) -> ArraysHeader:
    """Read the header of an ``.npy`` file from its first bytes; see :func:`read_arrays_header`."""
    header = npy_header(data, name)
    if _TEXT.fullmatch(header.dtype):
        _fail(name, f"has numbers of type {shown(header.dtype)}; {_NUMBERS}")
    _check(header, size, name, metadata)
    return header


def npy_header(data: bytes, name: str) -> ArraysHeader:
    """Read the header of an ``.npy`` file of numbers or words of any shape from its first :data:`HEADER_BYTES` bytes.

    Raises
    ------
    ReadError
        If it is damaged, or the file holds objects.
    """
    if not data:
        _fail(name, "is empty; expected an .npy or .npz file")
    if data.startswith(GIT_LFS):
        _fail(name, NOT_FETCHED)
    if data[:6] != _MAGIC or data[6:8] not in (b"\1\0", b"\2\0", b"\3\0"):
        _fail(name, f"begins with {data[:8]!r}; expected an .npy file of version 1 to 3, or an .npz file")
    word, before = ("<H", 10) if data[6] == 1 else ("<I", 12)
    if len(data) < before:
        _fail(name, f"ends after {len(data)} bytes, in its header")
    (length,) = struct.unpack_from(word, data, before - struct.calcsize(word))
    if length > _MOST_HEADER or before + length > len(data):
        _fail(name, f"has a header of {length:,} bytes; expected at most {min(_MOST_HEADER, len(data) - before):,}")
    text = data[before : before + length].decode("utf-8" if data[6] == 3 else "latin1", errors="replace")
    return _header(_literal(text, name), before + length, name)


def _entry(archive: zipfile.ZipFile, name: str, metadata: ArrayMetadata) -> zipfile.ZipInfo:
    entries = {entry.filename.removesuffix(".npy"): entry for entry in archive.infolist() if not entry.is_dir()}
    there = ", ".join(shown(entry)[1:-1] for entry in islice(entries, _MOST_NAMED)) or "nothing"
    there += f" and {len(entries) - _MOST_NAMED:,} more" if len(entries) > _MOST_NAMED else ""
    if metadata.array and metadata.array not in entries:
        _fail(name, f"has no array {metadata.array!r}; it has {there}")
    if not metadata.array and len(entries) != 1:
        _fail(name, f"has {there}; expected one array, or that array is given to say which")
    return entries[metadata.array] if metadata.array else next(iter(entries.values()))


def _literal(text: str, name: str) -> dict[str, Any]:
    try:
        with warnings.catch_warnings():
            # Of escapes in the text that mean nothing: such a header is refused for its contents.
            warnings.simplefilter("ignore")
            value = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        value = None
    if not isinstance(value, dict) or set(value) != {"descr", "fortran_order", "shape"}:
        _fail(name, f"has the header {shown(text)}; expected descr, fortran_order and shape")
    return value


def _header(value: dict[str, Any], start: int, name: str) -> ArraysHeader:
    dtype, fortran, shape = value["descr"], value["fortran_order"], value["shape"]
    if not isinstance(dtype, str) or not (_TYPE.fullmatch(dtype) or _TEXT.fullmatch(dtype)):
        pickled = ", which are objects that only running them can read" if "O" in str(dtype) else ""
        _fail(name, f"has numbers of type {shown(str(dtype))}{pickled}; {_NUMBERS}")
    if type(fortran) is not bool or not isinstance(shape, tuple) or not all(type(n) is int and n >= 0 for n in shape):
        _fail(
            name, f"has shape {shown(str(shape))} and fortran_order {shown(str(fortran))}; expected counts and a bool"
        )
    return ArraysHeader(shape, dtype, fortran, start)


def _check(header: ArraysHeader, size: int, name: str, metadata: ArrayMetadata) -> None:
    shape = header.shape
    if len(shape) not in (3, 4) or shape[-1] not in (2, 3):
        _fail(name, f"has shape {shown(str(shape))}; expected {_EXPECTED}")
    if shape[-2] != len(metadata.joints):
        _fail(
            name,
            f"has {shape[-2]} joints in shape {shape}; {len(metadata.joints)} are named: {', '.join(metadata.joints)}",
        )
    if not header.frames:
        _fail(name, f"has no frames in shape {shape}")
    if header.size != size:
        _fail(name, f"has {size:,} bytes; shape {shape} of {header.dtype} needs {header.size:,}: it is cut or damaged")


def _fail(name: str, message: str) -> NoReturn:
    raise ReadError(message, path=name)
