"""Which motions a corpus has, and how many frames each of them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from motionprep.errors import MotionPrepError
from motionprep.sample import draws
from motionprep.sample.gaits import ACTS, Act

SUBJECTS, MOTIONS, FRAMES = 6, 5, 480
RATE = 120.0

_FIRST_SUBJECTS = (2, 7, 9, 16, 35, 69)
_SHORTEST, _LONGEST = 2, 50_000

# The corpus in its published 90/10 split: of 2,548 motions in natural order the first 2,293 are for training, where
# every 8th frame is taken, which makes 479,984; the others have 413,825.
_CMU_SUBJECTS, _CMU_MOTIONS, _CMU_TRAIN_MOTIONS = 110, 2548, 2293
_CMU_STEP, _CMU_TRAIN_FRAMES, _CMU_TEST_FRAMES = 8, 479_984, 413_825
_CMU_SHORTEST, _CMU_LONGEST = 129, 23_000
# One subject has by far the most motions, and published experiments cut two of them at frames 469 and 343.
_CMU_MOST_MOTIONS, _CMU_MOST_SUBJECT = 75, 69
_CMU_AT_LEAST = {(69, 1): 470, (69, 2): 344}

# Whoever goes on for longer than this would leave the room.
_ROOM = 1200


@dataclass(frozen=True)
class PlannedMotion:
    """All that decides what one motion will be.

    Parameters
    ----------
    subject, number
        ``69`` and ``1`` are the motion ``69_01``.
    frames
        Rows in its file, among them the T-pose that comes first; at least 2.
    seed
        Of the corpus.
    """

    subject: int
    number: int
    frames: int
    seed: int

    @property
    def key(self) -> str:
        """``69_01``: subject and number in two digits or more."""
        return f"{self.subject:02d}_{self.number:02d}"

    @property
    def path(self) -> Path:
        """The file below the corpus' folder, ``69/69_01.bvh``."""
        return Path(f"{self.subject:02d}", f"{self.key}.bvh")

    @property
    def label(self) -> str:
        """What is done in it, for the index."""
        return f"{self.act.gait.name} in figure eights" if self.in_eights else self.act.label

    @property
    def act(self) -> Act:
        """A gait and where it leads."""
        return ACTS[(self.number - 1) % len(ACTS)]

    @property
    def in_eights(self) -> bool:
        """Whether it goes on for so long that it has to lead back and forth."""
        return self.frames > _ROOM and bool(self.act.gait.stride or self.act.leap)


def plan_corpus(
    subjects: int = SUBJECTS, motions: int = MOTIONS, frames: int = FRAMES, seed: int = 0
) -> tuple[PlannedMotion, ...]:
    """Return the motions of a small corpus in natural order.

    Parameters
    ----------
    subjects, motions
        How many subjects, and motions of each.
    frames
        A motion has this many, give or take a quarter.
    seed
        Decides everything that is drawn.

    Raises
    ------
    MotionPrepError
        If there would be nobody, no motion, or ``frames`` is not from 2 to 50,000.
    """
    for name, value, least in (("subjects", subjects, 1), ("motions", motions, 1), ("frames", frames, _SHORTEST)):
        if value < least:
            raise MotionPrepError(f"{name} is {value}; a sample needs at least {least}")
    if frames > _LONGEST:
        raise MotionPrepError(f"frames is {frames}; the motions of a sample are made for at most {_LONGEST:,}")
    others = (number for number in itertools.count(1) if number not in _FIRST_SUBJECTS)
    numbers = sorted(itertools.islice(itertools.chain(_FIRST_SUBJECTS, others), subjects))
    return tuple(
        PlannedMotion(subject, number, max(_SHORTEST, int(frames * (0.75 + 0.5 * draw()))), seed)
        for subject in numbers
        for number in range(1, motions + 1)
        for draw in (draws.source(seed, subject, number, "frames"),)
    )


def plan_like_cmu(seed: int = 0) -> tuple[PlannedMotion, ...]:
    """Return the motions of a corpus as large as CMU's in natural order.

    There are 2,548 of 129 to 23,000 frames. ``sum(frames // 8)`` is 479,984 over the first 2,293 of them, and the
    others have 413,825 frames together.

    Parameters
    ----------
    seed
        Decides everything that is drawn.
    """
    subjects = [number for number in range(1, _CMU_SUBJECTS + 1) if number != _CMU_MOST_SUBJECT]
    sizes = [draws.skewed(draws.source(seed, subject, "motions")) for subject in subjects]
    counts = _settle(sizes, _CMU_MOTIONS - _CMU_MOST_MOTIONS, [1] * len(sizes), _CMU_MOST_MOTIONS)
    numbered = [*zip(subjects, counts, strict=True), (_CMU_MOST_SUBJECT, _CMU_MOST_MOTIONS)]
    keys = [(subject, number) for subject, count in sorted(numbered) for number in range(1, count + 1)]
    lengths = [draws.skewed(draws.source(seed, *key, "frames")) for key in keys]
    least = [_CMU_AT_LEAST.get(key, _CMU_SHORTEST) for key in keys]
    steps = _settle(
        lengths[:_CMU_TRAIN_MOTIONS],
        _CMU_TRAIN_FRAMES,
        [-(-frames // _CMU_STEP) for frames in least[:_CMU_TRAIN_MOTIONS]],
        _CMU_LONGEST // _CMU_STEP - 1,
    )
    # What is over after the last whole step is not in the sum, so it is free.
    over = [int(_CMU_STEP * draws.source(seed, *key, "over")()) for key in keys[:_CMU_TRAIN_MOTIONS]]
    train = [_CMU_STEP * count + rest for count, rest in zip(steps, over, strict=True)]
    test = _settle(lengths[_CMU_TRAIN_MOTIONS:], _CMU_TEST_FRAMES, least[_CMU_TRAIN_MOTIONS:], _CMU_LONGEST)
    return tuple(PlannedMotion(*key, frames, seed) for key, frames in zip(keys, train + test, strict=True))


def _settle(weights: Sequence[float], total: int, least: Sequence[int], most: int) -> list[int]:
    """Return whole numbers near in proportion to ``weights``, within bounds, with exactly the sum ``total``."""
    # Not sum(): what that makes of floats depends on the version of Python.
    scale = total / math.fsum(weights)
    counts = [min(max(int(weight * scale), low), most) for weight, low in zip(weights, least, strict=True)]
    missing = total - sum(counts)
    for index in itertools.cycle(range(len(counts))):
        if not missing:
            break
        step = 1 if missing > 0 else -1
        if least[index] <= counts[index] + step <= most:
            counts[index] += step
            missing -= step
    return counts
