"""Exchange two markers' labels for a while."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import Corruption, Dropped

if TYPE_CHECKING:
    import numpy as np

    from motionprep.maths.corruption import Points


class Swap(Corruption, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exchange two markers for a while, as a labeller does that follows the wrong one when two come close.

    Parameters
    ----------
    chance
        That two are exchanged at any frame; at most a half.
    length
        In seconds, how long they are exchanged on average; the lengths are geometric.
    near
        Whether a marker is exchanged with the one that is nearest to it when it begins, if both are visible then, or
        with any.
    """

    name: ClassVar[str] = "swap"

    chance: float = 0.1
    length: float = 0.25
    near: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.chance <= 0.5:
            raise ValueError(f"chance is {self.chance}; it must be above 0 and at most 0.5")
        if not 0 < self.length < math.inf:
            raise ValueError(f"length is {self.length}; it must be above 0")

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points some of which change places, or that there are too few."""
        from motionprep.maths import corruption

        if not points.rate:
            return Dropped("swap: no rate")
        if points.visible.shape[-1] < 2:
            return Dropped("swap: fewer than two markers")
        gaps = corruption.Gaps(self.chance, max(self.length * points.rate, 1.0))
        return corruption.swap(points, rng, gaps, self.near)
