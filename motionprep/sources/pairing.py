"""Join the files of each take: a skeleton's and the markers', by their keys."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Sequence
from functools import lru_cache

import msgspec

from motionprep.formats import MODALITIES
from motionprep.sources.source import Source, TakeFiles


def pair(sources: Sequence[Source], modalities: Collection[str], notes: list[str] | None = None) -> list[TakeFiles]:
    """Join the files of each take that hold one of these modalities; in natural order.

    The subject is that of the skeleton's file, if there is one. Files whose keys differ in case alone are of one take
    where there is no other that they could be of; ``notes`` takes a sentence that says so.
    """
    if len(modalities) > 1:
        sources = _of_one_case(sources, [] if notes is None else notes)
    together: dict[str, list[Source]] = {}
    for source in sources:
        if source.modality in modalities:
            together.setdefault(source.key, []).append(source)
    order = list(MODALITIES.values())
    paired = []
    for key, files in together.items():
        files.sort(key=lambda source: order.index(source.modality))
        paired.append(TakeFiles(key, files[0].subject, tuple(files)))
    # Where each take has one file, or both modalities have the same subject, they are in order already.
    moved = any(len({source.subject for source in one.sources}) > 1 for one in paired)
    return sorted(paired, key=lambda one: natural(one.subject, one.key)) if moved else paired


def _of_one_case(sources: Sequence[Source], notes: list[str]) -> Sequence[Source]:
    """Return the sources, those of markers under the key of the one skeleton whose key differs in case alone."""
    keys: dict[str, set[str]] = {
        modality: {one.key for one in sources if one.modality == modality} for modality in MODALITIES.values()
    }
    alone = {
        modality: keys[modality] - set().union(*(keys[other] for other in keys if other != modality))
        for modality in keys
    }
    if not all(alone.values()):
        return sources
    folded: dict[str, dict[str, list[str]]] = {modality: {} for modality in keys}
    for modality, some in alone.items():
        for key in sorted(some):
            folded[modality].setdefault(key.casefold(), []).append(key)
    both = [(ours, folded["markers"].get(fold, [])) for fold, ours in folded["motion"].items()]
    other = {markers[0]: motions[0] for motions, markers in both if len(motions) == len(markers) == 1}
    if not other:
        return sources
    markers, motion = next(iter(other.items()))
    notes.append(f"{len(other):,} takes have files whose names differ in case alone, such as {motion} and {markers}")
    return [
        msgspec.structs.replace(one, key=other[one.key]) if one.modality == "markers" and one.key in other else one
        for one in sources
    ]


def natural(*texts: str) -> tuple[object, ...]:
    """Return a key that sorts ``2_2`` before ``2_10``."""
    return (tuple(map(_natural, texts)), texts)


@lru_cache(maxsize=1024)
def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(_number(part) if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


def _number(digits: str) -> tuple[int, int, str]:
    """Return what sorts digits as the numbers that they are; of thousands of them no integer is made."""
    plain = digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)
    plain = plain.lstrip("0")
    return 0, len(plain), plain
