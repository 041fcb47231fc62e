"""Put markers in a wrong place, each frame anew."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Corruption, Dropped, check_unit

if TYPE_CHECKING:
    import numpy as np

    from motionprep.maths.corruption import Points


class Shift(Corruption, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Shift markers as Holden 2018 does ("Robust solving of optical motion capture data by denoising").

    A number ``a`` is drawn from N(0, sigma) for each frame, and each of its markers is moved with the chance
    ``min(|a|, 2 sigma)`` by a number from -reach to reach on each axis. What is hidden is not moved, whether
    ``occlude`` comes before or after.

    Parameters
    ----------
    sigma
        Of the chance to be moved; at most a half, where the chance comes to 1.
    reach
        How far a marker may go on each axis.
    unit
        Of ``reach``; ``"take"`` is whatever unit the markers are in.
    """

    name: ClassVar[str] = "shift"

    sigma: float = 0.1
    reach: float = 0.5
    unit: Literal["m", "cm", "mm", "take"] = "m"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma <= 0.5:
            raise ValueError(f"sigma is {self.sigma}; it must be above 0 and at most 0.5")
        if not 0 < self.reach < math.inf:
            raise ValueError(f"reach is {self.reach}; it must be above 0")
        check_unit(self.unit)

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points some of which are moved, or why that cannot be measured out."""
        from motionprep.maths import corruption

        reach = points.length(self.reach, self.unit)
        if reach is None:
            return Dropped(f"shift: it is not known how many {self.unit} a unit of the markers is")
        return corruption.shift(points, rng, self.sigma, reach)
