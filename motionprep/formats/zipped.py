"""What is known of zip archives wherever they are read."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import IO

#: The most that one entry of an archive may unpack to.
MOST_UNPACKED = 1 << 31
#: What a file or archive that is damaged, encrypted or kept from us raises when it is read.
UNREADABLE = (
    OSError,
    EOFError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    ValueError,
    lzma.LZMAError,
    struct.error,
    zipfile.BadZipFile,
    zlib.error,
)
#: The largest dictionary that is made for an entry packed by LZMA; programs make at most 64 MiB unless asked to.
_MOST_DICTIONARY = 1 << 28


def open_entry(archive: zipfile.ZipFile, name: str | zipfile.ZipInfo) -> IO[bytes]:
    """Open an entry of an archive for reading.

    Raises
    ------
    KeyError
        If there is none of that name.
    BadZipFile
        If it would need more memory than it could be worth; any of :data:`UNREADABLE` if it is damaged.
    """
    entry = name if isinstance(name, zipfile.ZipInfo) else archive.getinfo(name)
    if entry.compress_type == zipfile.ZIP_LZMA and archive.fp is not None:
        # The local header is 30 bytes, a name and extra bytes; LZMA's own is its version, its length and its settings.
        archive.fp.seek(entry.header_offset + 26)
        names = struct.unpack("<HH", archive.fp.read(4))
        archive.fp.seek(entry.header_offset + 30 + sum(names) + 5)
        (dictionary,) = struct.unpack("<I", archive.fp.read(4))
        if dictionary > _MOST_DICTIONARY:
            raise zipfile.BadZipFile(
                f"{entry.filename!r} is packed with a dictionary of {dictionary:,} bytes; at most {_MOST_DICTIONARY:,} "
                "are made"
            )
    return archive.open(entry)
