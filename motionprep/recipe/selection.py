"""Which motions, and which of their frames, are used at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from motionprep.naming import finding_codes
from motionprep.naming.nearest import did_you_mean

_SHOWN = 3
#: First and last frame of a file, counted from 1, both taken.
Frames = tuple[int, int]


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which motions, and which of their frames, are used at all; decided before splits are.

    Parameters
    ----------
    drop_if
        Codes of findings; a motion that has one of them in its frames is dropped. ``jump`` and ``jump-*`` stand for all
        codes that begin with ``jump-``.
    keep_only
        By the key of a motion the ranges of its frames that are used, counted from 1, both ends taken; an empty list
        is all of them. A motion that is not there is dropped, unless the table is empty.
    leave_out
        By the key of a motion the ranges of its frames that are not used; an empty list is all of them.
    """

    drop_if: tuple[str, ...] = ()
    keep_only: dict[str, tuple[Frames, ...]] = {}
    leave_out: dict[str, tuple[Frames, ...]] = {}

    def __post_init__(self) -> None:
        finding_codes.check(self.drop_if)
        for word in ("keep_only", "leave_out"):
            for key, ranges in getattr(self, word).items():
                for first, last in ranges:
                    if not 1 <= first <= last:
                        raise ValueError(
                            f"{word} has frames {first}-{last} of {key!r}; expected such as [1, 120], counted from 1"
                        )

    def drops(self, code: str) -> bool:
        """Return whether a motion with a finding of this code is dropped."""
        return any(finding_codes.chooses(word, code) for word in self.drop_if)

    def frames(self, key: str, count: int) -> tuple[Frames, ...] | str:
        """Return the ranges of a motion's frames that are used, or why none is; no range if all frames are.

        Parameters
        ----------
        key, count
            Of the motion, and how many frames its file has; 0 if that is not known.
        """
        if self.keep_only and key not in self.keep_only:
            return "keep_only does not name it"
        if self.leave_out.get(key, ((0, 0),)) == ():
            return "leave_out names it"
        if not count:
            return ()
        kept = _joined(self.keep_only.get(key) or ((1, count),), count)
        for first, last in _joined(self.leave_out.get(key, ()), count):
            sides = [
                side for one in kept for side in ((one[0], min(one[1], first - 1)), (max(one[0], last + 1), one[1]))
            ]
            kept = [side for side in sides if side[0] <= side[1]]
        if not kept:
            return f"keep_only and leave_out leave none of its {count} frames"
        return () if kept == [(1, count)] else tuple(kept)

    def strangers(self, frames: Mapping[str, int]) -> list[str]:
        """Return sentences on keys that no motion has, and on ranges that end after their motion.

        Parameters
        ----------
        frames
            How many frames each motion has, by key; 0 if that is not known.
        """
        said = []
        for word, table in (("keep_only", self.keep_only), ("leave_out", self.leave_out)):
            if others := [key for key in table if key not in frames]:
                near = did_you_mean(others[0], frames, listed=False)
                said.append(f"{word}: {len(others):,} of {len(table):,} keys match no motion: {_some(others)}{near}")
            beyond = [
                f"frames {first}-{last} of {key}, which has {frames[key]:,}"
                for key, ranges in table.items()
                for first, last in ranges
                if last > frames.get(key, 0) > 0
            ]
            if beyond:
                said.append(f"{word}: ranges that end after their motion: {len(beyond):,}, {_some(beyond)}")
        return said


def overlap(one: Frames | None, other: Frames | None) -> bool:
    """Return whether two ranges of frames have a frame in common; None is all frames."""
    return one is None or other is None or (one[0] <= other[1] and other[0] <= one[1])


def within(asked: Frames | None, kept: Sequence[Frames]) -> list[Frames | None]:
    """Return what ranges leave of the frames that are asked for; None is all frames, as are no ranges."""
    if not kept:
        return [asked]
    if asked is None:
        return list(kept)
    return [(max(asked[0], first), min(asked[1], last)) for first, last in kept if overlap(asked, (first, last))]


def _joined(ranges: Iterable[Frames], count: int) -> list[Frames]:
    """Return ranges in order, those that touch made one, as far as there are frames."""
    joined: list[Frames] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], min(last, count)))
        elif first <= count:
            joined.append((first, min(last, count)))
    return joined


def _some(texts: Sequence[str]) -> str:
    return ", ".join(texts[:_SHOWN]) + (", ..." if len(texts) > _SHOWN else "")
