"""What came of predictions: sums of metrics by field, motion and joint, and their means."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ALL = "all"


@dataclass(frozen=True, eq=False)
class MotionScore:
    """What came of one field in one motion.

    Parameters
    ----------
    motion, subject
        ``69_01``, or ``69_01#1`` and so on where it is there again with other frames or as a copy; ``69``.
    names
        Of the P joints, markers or numbers.
    sums, counts
        By metric, (P,) each: their quotient is the mean.
    frames
        (F,), the mean over the joints of the first metric, frame by frame; NaN where there is no prediction.
    """

    motion: str
    subject: str
    names: tuple[str, ...]
    sums: Mapping[str, NDArray[np.float64]] = dataclasses.field(repr=False)
    counts: Mapping[str, NDArray[np.int64]] = dataclasses.field(repr=False)
    frames: NDArray[np.float64] = dataclasses.field(repr=False)


@dataclass(frozen=True, eq=False)
class FieldScore:
    """What came of one field.

    Parameters
    ----------
    field
        ``positions[Hips]``.
    metric
        The first one, which is reported frame by frame: ``ed``, ``angle_degrees`` or ``absolute_error``.
    motions
        In natural order.
    """

    field: str
    metric: str
    motions: tuple[MotionScore, ...] = dataclasses.field(repr=False)

    def mean(self) -> dict[str, float]:
        """Return the mean of each metric over all that counts; NaN if nothing does."""
        return self._means(lambda motion: [_ALL] * len(motion.names))[_ALL]

    def by(self, what: str) -> dict[str, dict[str, float]]:
        """Return the mean of each metric for each ``"joint"``, ``"subject"`` or ``"motion"``.

        Raises
        ------
        ValueError
            If it is anything else.
        """
        if what == "joint":
            return self._means(lambda motion: motion.names)
        if what not in ("subject", "motion"):
            raise ValueError(f"by is {what!r}; it is joint, subject or motion")
        return self._means(lambda motion: [getattr(motion, what)] * len(motion.names))

    def _means(self, groups: Callable[[MotionScore], Sequence[str]]) -> dict[str, dict[str, float]]:
        totals: dict[str, dict[str, list[float]]] = {}
        for motion in self.motions:
            for place, group in enumerate(groups(motion)):
                of_group = totals.setdefault(group, {})
                for name, sums in motion.sums.items():
                    total = of_group.setdefault(name, [0.0, 0])
                    total[0] += float(sums[place])
                    total[1] += int(motion.counts[name][place])
        return {
            group: {name: total / count if count else math.nan for name, (total, count) in of_group.items()}
            for group, of_group in totals.items()
        }


@dataclass(frozen=True)
class Scores:
    """What came of predictions; made by :func:`motionprep.scoring.score`.

    Metrics are means over joints, frames and windows, by these names:

    - of points ``ed``, the Euclidean distance in the stored unit; ``mpjpe_mm`` and, of three points or more,
      ``pa_mpjpe_mm``, where the unit is known; ``pck``, 0 to 1; ``velocity_error`` and ``acceleration_error`` in the
      stored unit a second and a second squared, in windows of two and three frames or more
    - of rotations ``angle_degrees``, that of the turn that is missing
    - of other numbers ``absolute_error``

    Parameters
    ----------
    windows, length
        How many windows, and of how many frames.
    threshold
        Of PCK, in the stored unit.
    fields
        One for each target.
    """

    windows: int
    length: int
    threshold: float
    fields: tuple[FieldScore, ...]
