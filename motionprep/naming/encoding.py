"""Names in the encoding of the program that wrote them, which no motion file states."""

from __future__ import annotations

import re

#: The first bytes of Japanese characters, which in Latin-1 are codes that no text has.
_NO_LATIN = re.compile(rb"[\x80-\x9f]")
_ACCENTS = re.compile(rb"[\x80-\xff]+")


def decode(data: bytes) -> tuple[str, str]:
    """Return a text and its likely encoding: UTF-8, else Shift-JIS where it reads as Japanese, else Latin-1.

    Other bytes never become the same text: each of the three is decoded strictly.
    """
    for encoding, name in (("utf-8", "UTF-8"), ("cp932", "Shift-JIS"), ("cp1252", "Latin-1")):
        if name == "Shift-JIS" and not _may_be_japanese(data):
            continue
        try:
            return data.decode(encoding), name
        except UnicodeDecodeError:
            continue
    return data.decode("latin-1"), "Latin-1"


def _may_be_japanese(data: bytes) -> bool:
    """Return whether bytes beyond ASCII stand side by side, as accents of Latin letters do not."""
    runs = _ACCENTS.findall(data)
    return bool(_NO_LATIN.search(data)) or sum(map(len, runs)) >= 2 * len(runs)
