"""Who was recorded, from names of files: the patterns of corpora that people have, and a guess for all others."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

#: Words that people number subjects by, and letters, which may stand for a part, a session or a style as well.
_WORDS = r"(?:subject|subj|sub|participant|person|actor|performer)"
_LETTERS = r"[ps]"


class Named(NamedTuple):
    """A subject and what its name was found by.

    Parameters
    ----------
    subject
        Equal for motions of one person.
    pattern
        The corpus or habit whose names are like this; empty if it is a guess.
    """

    subject: str
    pattern: str


#: Name, and a pattern of a file's name without its suffix whose group is the subject. None of them can take more than
#: linear time: no two neighbouring parts match the same characters.
_PATTERNS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("CMU", re.compile(r"(\d{1,3})_\d{1,3}")),
    ("NTU RGB+D", re.compile(r"S\d{3}C\d{3}(P\d{3})R\d{3}A\d{3}.*", re.DOTALL)),
    ("SxxAyy", re.compile(r"(S\d{1,3})A\d.*", re.DOTALL)),
    ("HumanML3D", re.compile(r"M?(\d{6})")),
    ("Bandai-Namco", re.compile(r"(dataset-\d)_.*", re.DOTALL)),
)
_STYLE = re.compile(r"[A-Za-z]+_(?:BR|BW|FR|FW|ID|SR|SW|TR[123])")
_BY_WORD = re.compile(rf"(?:^|_)({_WORDS}[-_ ]?\d+)(?=_|$)", re.IGNORECASE)
_BY_LETTER = re.compile(rf"(?:^|_)({_LETTERS}-?\d+)(?=_|$)", re.IGNORECASE)
_FOLDER_BY_WORD = re.compile(rf"{_WORDS}[-_ ]?\d+", re.IGNORECASE)
_FOLDER_BY_LETTER = re.compile(rf"{_LETTERS}[-_ ]?\d+", re.IGNORECASE)
_IN_NAME, _IN_FOLDER = "a numbered subject in the name", "a folder of a numbered subject"
#: 100STYLE is of one person in a hundred styles.
_ONE_PERSON = Named("100style", "100STYLE")


def subject_of(stem: str) -> Named:
    """Return the subject of a file by its path below the data folder, without the suffix.

    A guess is what stands before the first ``_``, else the folder, else the whole name.
    """
    above, _, name = stem.rpartition("/")
    for pattern, expression in _PATTERNS:
        if found := expression.fullmatch(name):
            return Named(found[1], pattern)
    if _STYLE.fullmatch(name):
        return _ONE_PERSON
    if numbered := _numbered(above, name):
        return numbered
    before, _, rest = name.partition("_")
    return Named(before if before and rest else above.rpartition("/")[2] or name, "")


def _numbered(above: str, name: str) -> Named | None:
    """Return the subject that a numbered word names, or else a numbered letter; a guess where two of them differ."""
    folders = above.split("/")[::-1]
    if by_word := _BY_WORD.findall(name):
        return Named(by_word[-1], _IN_NAME if _are_one(by_word) else "")
    if by_word := list(filter(_FOLDER_BY_WORD.fullmatch, folders)):
        return Named(by_word[0], _IN_FOLDER)
    in_name, in_folders = _BY_LETTER.findall(name), list(filter(_FOLDER_BY_LETTER.fullmatch, folders))
    if not (in_name or in_folders):
        return None
    pattern = (_IN_NAME if in_name else _IN_FOLDER) if _are_one(in_name + in_folders) else ""
    return Named((in_name + in_folders)[0], pattern)


def _are_one(words: Sequence[str]) -> bool:
    return len(set(map(str.casefold, words))) == 1
