"""What is known of zip archives wherever they are read."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib

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
