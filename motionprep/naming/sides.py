"""Which names of joints and markers are each other's left and right."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

#: What means left, and what then means right: a word anywhere; a letter that begins a word or stands at a name's end.
_WORDS = (
    (re.compile("Left"), "Right"),
    (re.compile("left"), "right"),
    (re.compile("LEFT"), "RIGHT"),
    (re.compile(r"(?<![A-Za-z0-9])L"), "R"),
    (re.compile(r"(?<![A-Za-z0-9])l"), "r"),
    (re.compile(r"(?<=[a-z0-9])L(?![A-Za-z0-9])"), "R"),
)


def pairs(names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return those names that are left and right of each other, the left one first, in the order of the left ones.

    ``LeftArm`` and ``RightArm``, ``lShin`` and ``rShin``, ``LFHD`` and ``RFHD``, ``Bip01 L Thigh``, ``thigh.l`` and
    ``UpperArmL`` with theirs, behind a prefix such as ``mixamorig:`` too. A name whose counterpart is not there, such
    as the marker ``RBAC``, is in no pair: under a reflection it stays its own.
    """
    free = set(names)
    found = []
    for name in names:
        other = next((other for other in _counterparts(name) if other in free), None)
        if name in free and other is not None:
            free -= {name, other}
            found.append((name, other))
    return tuple(found)


def _counterparts(name: str) -> Iterator[str]:
    for left, right in _WORDS:
        for match in left.finditer(name):
            yield f"{name[: match.start()]}{right}{name[match.end() :]}"
