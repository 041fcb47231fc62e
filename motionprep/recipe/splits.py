"""Which motion, subject or range of frames goes to which split."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from fractions import Fraction
from itertools import accumulate, combinations, pairwise

from motionprep.errors import RecipeError
from motionprep.naming.nearest import did_you_mean
from motionprep.recipe.recipe import Choice, Split, span

_HASH_BITS = 64
_SIDE_WORDS = {"train": "train", "training": "train", "test": "test", "testing": "test"} | dict.fromkeys(
    ("val", "valid", "validation", "dev"), "val"
)


@dataclass(frozen=True, order=True)
class Part:
    """A motion, or some of its frames, on one split.

    Parameters
    ----------
    motion
        Its index in natural order.
    split
        ``train``, ``val`` or ``test``.
    frames
        First and last frame, counted from 1; all if None.
    """

    motion: int
    split: str
    frames: tuple[int, int] | None = None


def assign(
    split: Split,
    keys: Sequence[str],
    subjects: Sequence[str],
    labels: Sequence[str] = (),
    given: Mapping[int, str] | None = None,
    groups: Sequence[str] = (),
    *,
    partly: bool = False,
) -> list[Part]:
    """Put motions on splits.

    Parameters
    ----------
    split
        The rule.
    keys, subjects
        Of all motions, in natural order.
    labels
        Of the same motions, empty where there is none; for a split that stratifies.
    given
        The split of some motions, by index, whatever the percentages; these are of the others.
    groups
        Of the same motions, what goes whole to one split unless the rule is by motion; subjects if empty.
    partly
        Whether lists may name what is not there, and splits but one be empty.

    Returns
    -------
    list of Part
        By motion, then by first frame. With lists, motions that none names are in no part.

    Raises
    ------
    RecipeError
        If a split is empty, an entry of a list names nothing, or a motion (or a frame of it) is on two splits.
    """
    lists = split.lists()
    groups = groups or subjects
    if given and not lists:
        others = [motion for motion in range(len(keys)) if motion not in given]
        dealt = _by_rule(split, *([of[motion] for motion in others] for of in (keys, groups, labels or keys)))
        parts = sorted(
            [Part(motion, name) for motion, name in given.items()]
            + [Part(others[part.motion], part.split) for part in dealt]
        )
    elif lists:
        parts = _by_lists(lists, keys, subjects, partly=partly)
    else:
        parts = _by_rule(split, keys, groups, labels)
    what = "groups" if "duplicates" in split.by else "subjects"
    for name in () if parts and partly else split.names():
        if not any(part.split == name for part in parts):
            raise RecipeError(
                f"split: {name!r} is empty: {len(keys)} motions of {len(set(groups))} {what} "
                f"are too few for {split.percent!r} by {split.by}, order {split.order}; give more, or all to train "
                "with percent = '100'"
            )
    return parts


def grouped(split: Split, keys: Sequence[str], subjects: Sequence[str], shared: Iterable[Collection[str]]) -> list[str]:
    """Return what goes whole to one split, motion by motion: groups, each by the name of its first motion or subject.

    Parameters
    ----------
    split
        The rule.
    keys, subjects
        Of all motions, in natural order.
    shared
        Groups of motions that share frames, by their keys.
    """
    names = list(subjects) if "subject" in split.by else list(keys)
    if "duplicates" not in split.by:
        return names
    first = {name: name for name in names}

    def leader(name: str) -> str:
        while first[name] != name:
            name = first[name]
        return name

    order = {name: number for number, name in enumerate(dict.fromkeys(names))}
    name_of = dict(zip(keys, names, strict=True))
    for group in shared:
        leaders = {leader(name_of[key]) for key in group if key in name_of}
        first.update(dict.fromkeys(leaders, min(leaders, key=order.__getitem__)) if leaders else {})
    return [leader(name) for name in names]


def _by_rule(split: Split, keys: Sequence[str], groups: Sequence[str], labels: Sequence[str]) -> list[Part]:
    if split.stratify and split.by != "motion":
        return _by_label_and_group(split, groups, labels)
    if split.stratify:
        return _by_label(split, keys, labels)
    return _by_percent(split, keys, groups)


def split_named(key: str, splits: Sequence[str]) -> str:
    """Return which split the words of a key name: train, val (also valid or validation) or test; empty if none.

    Where a split has no val, what is for validation is for test.
    """
    words = {_SIDE_WORDS.get(word, "") for word in re.split(r"[^a-z]+", key.lower())} - {""}
    if len(words) != 1:
        return ""
    (split,) = words
    return split if split in splits else "test" if split == "val" and "test" in splits else ""


def _by_percent(split: Split, keys: Sequence[str], groups: Sequence[str]) -> list[Part]:
    names = list(dict.fromkeys(groups)) if split.by != "motion" else list(keys)
    of_motion = groups if split.by != "motion" else keys
    ends = _ends(split)
    splits = list(split.shares())
    if split.order == "hash":
        split_of = {name: splits[next(k for k, end in enumerate(ends) if _fraction(name) < end)] for name in names}
    else:
        split_of = {}
        cuts = (
            _cuts(list(Counter(groups).values()), ends)
            if split.by != "motion"
            else [int(end * len(keys)) for end in ends]
        )
        for name, (start, stop) in zip(splits, pairwise([0, *cuts]), strict=True):
            split_of.update(dict.fromkeys(names[start:stop], name))
    return [Part(index, split_of[name]) for index, name in enumerate(of_motion)]


def _ends(split: Split) -> list[Fraction]:
    """Return where each split ends, of one."""
    return list(accumulate(split.shares().values()))


def _by_label(split: Split, keys: Sequence[str], labels: Sequence[str]) -> list[Part]:
    """Cut the motions of each label by the percentages.

    What is rounded off of one label goes on to the next, so the splits are as large as without labels, and each cut
    through a label is within one motion of its place.
    """
    of_label: dict[str, list[int]] = {}
    for motion, (_, label) in enumerate(zip(keys, labels, strict=True)):
        of_label.setdefault(label, []).append(motion)
    ends = [Fraction(0), *_ends(split)]
    parts: list[Part] = []
    before = 0
    for _, motions in sorted(of_label.items()):
        if split.order == "hash":
            motions.sort(key=lambda motion: _fraction(keys[motion]))
        cuts = [int(end * (before + len(motions))) - int(end * before) for end in ends]
        for name, (start, stop) in zip(split.names(), pairwise(cuts), strict=True):
            parts += [Part(motion, name) for motion in motions[start:stop]]
        before += len(motions)
    return sorted(parts)


def _by_label_and_group(split: Split, groups: Sequence[str], labels: Sequence[str]) -> list[Part]:
    """Put each group, that with the most motions first, where its labels are missed most.

    A split misses a label by the square of how far it is from its goal, over that goal; so a rare label counts as much
    as a common one.
    """
    counts: dict[str, Counter[str]] = {}
    for group, label in zip(groups, labels, strict=True):
        counts.setdefault(group, Counter())[label] += 1
    shares = split.shares()
    labelled = Counter(labels)
    goals = {into: {label: share * count for label, count in labelled.items()} for into, share in shares.items()}
    have: dict[str, Counter[str]] = {into: Counter() for into in shares}
    names = sorted(counts, key=_fraction) if split.order == "hash" else list(counts)
    names.sort(key=lambda name: -counts[name].total())
    split_of: dict[str, str] = {}
    for left, name in zip(range(len(names), 0, -1), names, strict=True):
        empty = [into for into in shares if not have[into]]
        # No split stays empty while there are groups.
        open_to = empty if left <= len(empty) else list(shares)
        worse = {into: _worse(counts[name], have[into], goals[into]) for into in open_to}
        split_of[name] = min(worse, key=lambda into: worse[into])
        have[split_of[name]] += counts[name]
    return [Part(motion, split_of[group]) for motion, group in enumerate(groups)]


def _worse(more: Mapping[str, int], have: Mapping[str, int], goals: Mapping[str, Fraction]) -> Fraction:
    """Return by how much a split misses its goals more, over all labels, if it gets so many motions of each label more.

    That is the sum of ``((have + more - goal)**2 - (have - goal)**2) / goal``, but for what is the same for all splits.
    """
    return sum((count * (2 * have[label] + count) / goals[label] for label, count in more.items()), Fraction(0))


def lacking(split: Split, parts: Sequence[Part], labels: Sequence[str]) -> dict[str, int]:
    """Return which labels a split that stratifies could not bring to every split, and how many motions have them."""
    on: dict[str, set[str]] = {}
    for part in parts:
        on.setdefault(labels[part.motion], set()).add(part.split)
    of_label = Counter(labels)
    return {label: of_label[label] for label, splits in sorted(on.items()) if len(splits) < len(split.names())}


def deal(frames: Sequence[int], labels: Sequence[str], parts: int) -> list[int]:
    """Deal motions into parts of equal size with the same share of each label.

    The motions of a label, the longest first, are dealt in rounds of one for each part: the longest of a round to the
    part that has the fewest frames so far, and so on. So no two parts differ by more frames than the longest motion
    has, nor in a label by more than one motion, or by more frames than its longest motion has.

    Parameters
    ----------
    frames, labels
        Of each motion.
    parts
        How many.

    Returns
    -------
    list of int
        The part of each motion, from 1.
    """
    of_label: dict[str, list[int]] = {}
    for motion in sorted(range(len(frames)), key=lambda motion: -frames[motion]):
        of_label.setdefault(labels[motion], []).append(motion)
    rounds = [motions[at : at + parts] for motions in of_label.values() for at in range(0, len(motions), parts)]

    def unevenness(motions: list[int]) -> int:
        return frames[motions[0]] - (frames[motions[-1]] if len(motions) == parts else 0)

    have, part_of = [0] * parts, [0] * len(frames)
    # What sets the parts apart comes first, so that what follows can make up for it.
    for motions in sorted(rounds, key=unevenness, reverse=True):
        for motion, part in zip(motions, sorted(range(parts), key=lambda part: have[part]), strict=False):
            have[part] += frames[motion]
            part_of[motion] = part + 1
    return part_of


def _cuts(counts: Sequence[int], ends: Sequence[Fraction]) -> list[int]:
    """Return where each split ends among groups with so many motions.

    As near to the shares as can be with a group at least on each split, while there are groups.
    """
    before = [0, *accumulate(counts)]
    goals = [end * before[-1] for end in ends[:-1]]
    inner = range(1, len(counts))
    if len(inner) < len(goals):
        return [min(split, len(counts)) for split in range(1, len(ends) + 1)]
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


def _by_lists(
    lists: dict[str, tuple[Choice, ...]], keys: Sequence[str], subjects: Sequence[str], *, partly: bool
) -> list[Part]:
    index = {key: number for number, key in enumerate(keys)}
    parts: list[Part] = []
    for split, choices in lists.items():
        for choice in choices:
            frames = span(choice.frames, "frames") if choice.frames else None
            parts += [Part(motion, split, frames) for motion in _chosen(choice, split, index, subjects, partly)]
    parts.sort(key=lambda part: (part.motion, part.frames or (0, 0), part.split))
    for one, other in pairwise(parts):
        if one.motion != other.motion:
            continue
        key = keys[one.motion]
        if one.frames is None or other.frames is None:
            where = (
                f"in two splits, {one.split} and {other.split}" if one.split != other.split else f"twice in {one.split}"
            )
            raise RecipeError(f"split: motion {key!r} is {where}")
        if other.frames[0] <= one.frames[1]:
            raise RecipeError(
                f"split: frames {one.frames[0]}-{one.frames[1]} of {key!r} in {one.split} "
                f"overlap frames {other.frames[0]}-{other.frames[1]} in {other.split}"
            )
    return parts


def _chosen(choice: Choice, split: str, index: dict[str, int], subjects: Sequence[str], partly: bool) -> list[int]:
    if choice.subject:
        found = [motion for motion, subject in enumerate(subjects) if subject == choice.subject]
        what = f"subject {choice.subject!r}"
    elif choice.ordinals:
        first, last = span(choice.ordinals, "ordinals")
        if last > len(index):
            raise RecipeError(f"split: {split} names ordinals {choice.ordinals}; there are {len(index)} motions")
        return list(range(first - 1, last))
    elif ".." in choice.motions and choice.motions not in index:
        first_key, _, last_key = choice.motions.partition("..")
        for key in (first_key, last_key):
            if key not in index:
                near = did_you_mean(key, index, listed=False)
                raise RecipeError(
                    f"split: {split} names the range {choice.motions!r}; there is no motion {key!r}{near}"
                )
        found = list(range(index[first_key], index[last_key] + 1))
        if not found:
            raise RecipeError(f"split: {split} names the range {choice.motions!r}; it runs backwards")
        return found
    elif choice.motions in index:
        return [index[choice.motions]]
    else:
        found = [motion for key, motion in index.items() if fnmatchcase(key, choice.motions)]
        what = f"motion {choice.motions!r}"
    if not found and not partly:
        near = did_you_mean(
            choice.subject or choice.motions, dict.fromkeys(subjects) if choice.subject else index, listed=False
        )
        raise RecipeError(f"split: {split} names {what}; there is none among the {len(index)} motions found{near}")
    return found
