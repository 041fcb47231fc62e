"""Who was recorded, as names of files say it: the patterns of corpora that people have, and a guess for all others."""

from __future__ import annotations

import re
from typing import NamedTuple

#: Words that people number subjects by.
_WORDS = r"(?:subject|subj|sub|participant|person|actor|performer|p|s)"


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
_NUMBERED = re.compile(rf"(?:^|_)({_WORDS}-?\d+)(?=_|$)", re.IGNORECASE)
_FOLDER = re.compile(rf"{_WORDS}[-_ ]?\d+", re.IGNORECASE)
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
    # LAFAN1's subject is the last word, Human3.6M's the first.
    if numbered := _NUMBERED.findall(name):
        return Named(numbered[-1], "a numbered subject in the name")
    for folder in reversed(above.split("/")):
        if _FOLDER.fullmatch(folder):
            return Named(folder, "a folder of a numbered subject")
    before, _, rest = name.partition("_")
    return Named(before if before and rest else above.rpartition("/")[2] or name, "")
