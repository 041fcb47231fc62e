"""Which motion, subject or range of frames goes to which side."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import accumulate, combinations, pairwise

from motionprep.errors import RecipeError
from motionprep.recipe import Choice, Split, span

_HASH_BITS = 64


@dataclass(frozen=True, order=True)
class Part:
    """A motion, or some of its frames, on one side.

    Parameters
    ----------
    motion
        Its index in natural order.
    side
        ``train``, ``val`` or ``test``.
    frames
        First and last frame, counted from 1; all if None.
    """

    motion: int
    side: str
    frames: tuple[int, int] | None = None


def assign(split: Split, keys: Sequence[str], subjects: Sequence[str]) -> list[Part]:
    """Put motions on sides.

    Parameters
    ----------
    split
        The rule.
    keys, subjects
        Of all motions, in natural order.

    Returns
    -------
    list of Part
        By motion, then by first frame. With lists, motions that none names are in no part.

    Raises
    ------
    RecipeError
        If a side is empty, an entry of a list names nothing, or a motion (or a frame of it) is on two sides.
    """
    lists = split.lists()
    parts = _by_lists(lists, keys, subjects) if lists else _by_percent(split, keys, subjects)
    for side in split.sides():
        if not any(part.side == side for part in parts):
            raise RecipeError(
                f"split: side {side!r} is empty: {len(keys)} motions of {len(set(subjects))} subjects "
                f"are too few for {split.percent!r} by {split.by}, order {split.order}"
            )
    return parts


def _by_percent(split: Split, keys: Sequence[str], subjects: Sequence[str]) -> list[Part]:
    names = list(dict.fromkeys(subjects)) if split.by == "subject" else list(keys)
    of_motion = subjects if split.by == "subject" else keys
    shares = split.shares()
    ends: list[Fraction] = []
    for share in shares.values():
        ends.append(share + (ends[-1] if ends else 0))
    sides = list(shares)
    if split.order == "hash":
        side_of = {name: sides[next(k for k, end in enumerate(ends) if _fraction(name) < end)] for name in names}
    else:
        side_of = {}
        cuts = (
            _cuts(list(Counter(subjects).values()), ends)
            if split.by == "subject"
            else [int(end * len(keys)) for end in ends]
        )
        for side, (start, stop) in zip(sides, pairwise([0, *cuts]), strict=True):
            side_of.update(dict.fromkeys(names[start:stop], side))
    return [Part(index, side_of[name]) for index, name in enumerate(of_motion)]


def _cuts(counts: Sequence[int], ends: Sequence[Fraction]) -> list[int]:
    """Return where each side ends among subjects with so many motions.

    As near to the shares as can be with a subject at least on each side, while there are subjects.
    """
    before = [0, *accumulate(counts)]
    goals = [end * before[-1] for end in ends[:-1]]
    inner = range(1, len(counts))
    if len(inner) < len(goals):
        return [min(side, len(counts)) for side in range(1, len(ends) + 1)]
    off = [[abs(before[cut] - goal) for cut in inner] for goal in goals]
    nearest = [inner[each.index(min(each))] for each in off]
    # Cuts that fall together are moved apart by one.
    near = sorted({cut + step for cut in nearest for step in (-1, 0, 1)} & set(inner))
    best = min(
        combinations(near, len(goals)),
        key=lambda cuts: sum(abs(before[cut] - goal) for cut, goal in zip(cuts, goals, strict=True)),
    )
    return [*best, len(counts)]


def _fraction(name: str) -> Fraction:
    """Return a number from 0 to below 1 that the name alone decides."""
    return Fraction(int.from_bytes(hashlib.sha256(name.encode()).digest()[: _HASH_BITS // 8]), 1 << _HASH_BITS)


def _by_lists(lists: dict[str, tuple[Choice, ...]], keys: Sequence[str], subjects: Sequence[str]) -> list[Part]:
    index = {key: number for number, key in enumerate(keys)}
    parts: list[Part] = []
    for side, choices in lists.items():
        for choice in choices:
            frames = span(choice.frames, "frames") if choice.frames else None
            parts += [Part(motion, side, frames) for motion in _chosen(choice, side, index, subjects)]
    parts.sort(key=lambda part: (part.motion, part.frames or (0, 0), part.side))
    for one, other in pairwise(parts):
        if one.motion != other.motion:
            continue
        key = keys[one.motion]
        if one.frames is None or other.frames is None:
            where = f"on two sides, {one.side} and {other.side}" if one.side != other.side else f"twice in {one.side}"
            raise RecipeError(f"split: motion {key!r} is {where}")
        if other.frames[0] <= one.frames[1]:
            raise RecipeError(
                f"split: frames {one.frames[0]}-{one.frames[1]} of {key!r} in {one.side} "
                f"overlap frames {other.frames[0]}-{other.frames[1]} in {other.side}"
            )
    return parts


def _chosen(choice: Choice, side: str, index: dict[str, int], subjects: Sequence[str]) -> list[int]:
    if choice.subject:
        found = [motion for motion, subject in enumerate(subjects) if subject == choice.subject]
        what = f"subject {choice.subject!r}"
    elif choice.ordinals:
        first, last = span(choice.ordinals, "ordinals")
        if last > len(index):
            raise RecipeError(f"split: {side} names ordinals {choice.ordinals}; there are {len(index)} motions")
        return list(range(first - 1, last))
    elif ".." in choice.motions and choice.motions not in index:
        first_key, _, last_key = choice.motions.partition("..")
        for key in (first_key, last_key):
            if key not in index:
                raise RecipeError(f"split: {side} names the range {choice.motions!r}; there is no motion {key!r}")
        found = list(range(index[first_key], index[last_key] + 1))
        if not found:
            raise RecipeError(f"split: {side} names the range {choice.motions!r}; it runs backwards")
        return found
    elif choice.motions in index:
        return [index[choice.motions]]
    else:
        found = [motion for key, motion in index.items() if fnmatchcase(key, choice.motions)]
        what = f"motion {choice.motions!r}"
    if not found:
        raise RecipeError(f"split: {side} names {what}; there is none among the {len(index)} motions found")
    return found
