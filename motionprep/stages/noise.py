"""Add Gaussian noise to markers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Corruption, Dropped, check_unit

if TYPE_CHECKING:
    import numpy as np

    from motionprep.maths.corruption import Points


class Noise(Corruption, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add noise to each coordinate of each visible marker, independent from frame to frame.

    Parameters
    ----------
    sigma
        Standard deviation.
    unit
        Of ``sigma``; ``"take"`` is whatever unit the markers are in.
    """

    name: ClassVar[str] = "noise"

    sigma: float
    unit: Literal["m", "cm", "mm", "take"] = "m"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma < math.inf:
            raise ValueError(f"sigma is {self.sigma}; it must be above 0")
        check_unit(self.unit)

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points with noise, or why it cannot be measured out."""
        from motionprep.maths import corruption

        sigma = points.length(self.sigma, self.unit)
        if sigma is None:
            return Dropped(f"noise: it is not known how many {self.unit} a unit of the markers is")
        return corruption.noise(points, rng, sigma)
