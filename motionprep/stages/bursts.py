"""Hide markers for a while."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Corruption, Dropped

if TYPE_CHECKING:
    import numpy as np

    from motionprep.maths.corruption import Points


class Bursts(Corruption, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hide markers in gaps, as bodies and hands do that get in a camera's way: each marker has gaps of its own.

    Parameters
    ----------
    share
        Of what is visible that is hidden, on average; the same at every frame, the first and last among them. At most a
        half.
    length
        Of a gap in seconds, on average; no gap is shorter than a frame.
    law
        Of the lengths: ``"geometric"``, where a gap may end at any frame with the same chance, or ``"lognormal"``,
        where many are short and few are very long: one frame and a lognormal rest.
    spread
        Standard deviation of the logarithm of a lognormal length, at most 3.
    """

    name: ClassVar[str] = "bursts"

    share: float = 0.1
    length: float = 0.25
    law: Literal["geometric", "lognormal"] = "geometric"
    spread: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.share <= 0.5:
            raise ValueError(f"share is {self.share}; it must be above 0 and at most 0.5")
        if not 0 < self.length < math.inf:
            raise ValueError(f"length is {self.length}; it must be above 0")
        if not 0 < self.spread <= 3:
            raise ValueError(f"spread is {self.spread}; it must be above 0 and at most 3")
        if self.law not in ("geometric", "lognormal"):
            raise ValueError(f"law is {self.law!r}; it is 'geometric' or 'lognormal'")

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points with gaps, or that their length in frames is not known."""
        from motionprep.maths import corruption

        if not points.rate:
            return Dropped("bursts: no rate")
        spread = self.spread if self.law == "lognormal" else 0.0
        gaps = corruption.Gaps(self.share, max(self.length * points.rate, 1.0), spread)
        return corruption.bursts(points, rng, gaps)
