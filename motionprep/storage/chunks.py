"""Read an array of a shard from its chunk files, which format 1 keeps as plain numbers followed by their CRC32C.

Zarr reads them as well, ten times slower: what it does for every codec and store is not needed for this one, and a
trainer would wait for its import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from motionprep.errors import DatasetError

if TYPE_CHECKING:
    import numpy as np

MEND = "build again to mend it"
#: What to do about a file that may be whole.
UNREAD = "see to it that this user may read it, and that its disk is well"
REMEDY = f"{MEND}, or open the dataset anew if it was built since it was opened"
_DTYPES = {"float32": "<f4", "uint8": "u1"}
_CRC_BYTES = 4


@dataclass(frozen=True)
class Chunked:
    """An array in chunks along its first axis.

    Parameters
    ----------
    folder
        Of the array.
    name
        In errors, ``shard <key>: <feature>``.
    frames
        Its length.
    shape
        Of a frame.
    chunk
        Frames in a chunk; the last is as long as the others, whatever its end is worth.
    dtype
        ``"<f4"`` or ``"u1"``.
    """

    folder: Path
    name: str
    frames: int
    shape: tuple[int, ...]
    chunk: int
    dtype: str

    def read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Return frames ``start`` to ``stop``; otherwise like :meth:`read_into`."""
        import numpy as np

        out = np.empty((stop - start, *self.shape), self.dtype)
        self.read_into(start, out)
        return out

    def read_into(self, start: int, out: np.ndarray[Any, Any]) -> None:
        """Fill a C-ordered array of the right dtype with frames from ``start`` on, compared with their checksums.

        Raises
        ------
        DatasetError
            If a chunk is missing, damaged or of another length.
        """
        import numpy as np

        stop = start + len(out)
        if not 0 <= start <= stop <= self.frames:
            raise DatasetError(f"{self.name} has {self.frames:,} frames; expected {stop:,} or more; {MEND}")
        for number in range(start // self.chunk, -(-stop // self.chunk)):
            first = number * self.chunk
            if start <= first and first + self.chunk <= stop:
                self._read_chunk(number, out[first - start : first - start + self.chunk])
                continue
            # Its checksum is over all of it.
            whole = np.empty((self.chunk, *self.shape), self.dtype)
            self._read_chunk(number, whole)
            low, high = max(start, first), min(stop, first + self.chunk)
            out[low - start : high - start] = whole[low - first : high - first]

    def _read_chunk(self, number: int, out: np.ndarray[Any, Any]) -> None:
        import google_crc32c

        name = ".".join(["c", str(number), *["0"] * len(self.shape)])
        try:
            with open(self.folder / name, "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                filled = file.readinto(out.data.cast("B")) if out.size else 0
                checksum = file.read(_CRC_BYTES)
        except FileNotFoundError:
            raise DatasetError(f"{self.name}/{name} is missing; {REMEDY}") from None
        except OSError as error:
            raise DatasetError(f"{self.name}/{name} cannot be read: {error.strerror or error}; {UNREAD}") from None
        good = size == out.nbytes + _CRC_BYTES and filled == out.nbytes
        if not good or google_crc32c.value(out) != int.from_bytes(checksum, "little"):
            raise DatasetError(f"{self.name}/{name} is damaged; {MEND}")


def open_chunked(folder: Path, name: str) -> Chunked:
    """Return an array by its metadata.

    Raises
    ------
    DatasetError
        If they cannot be read, or are not those of an array of format 1.
    """
    try:
        said = msgspec.json.decode((folder / "zarr.json").read_bytes())
        frames, *shape = said["shape"]
        chunk, *rest = said["chunk_grid"]["configuration"]["chunk_shape"]
        codecs = [codec["name"] for codec in said["codecs"]]
        dtype = _DTYPES[said["data_type"]]
        separator = said["chunk_key_encoding"]["configuration"]["separator"]
    except FileNotFoundError:
        raise DatasetError(f"{name} is missing; {REMEDY}") from None
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, KeyError, TypeError, ValueError) as error:
        raise DatasetError(f"{name} cannot be opened: {error}; {MEND}") from None
    if rest != shape or codecs != ["bytes", "crc32c"] or separator != "." or min([chunk, *shape, frames + 1]) < 1:
        raise DatasetError(f"{name} is not laid out as format 1 is; {MEND}")
    return Chunked(folder, name, frames, tuple(shape), chunk, dtype)
