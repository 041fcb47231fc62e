"""Add Gaussian noise to markers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import SPOILT, Augment, Dropped

if TYPE_CHECKING:
    import numpy as np

    from motionprep.corruption import Points
    from motionprep.data import Take


class Noise(Augment, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add noise to each coordinate of each visible marker, independent from frame to frame.

    Parameters
    ----------
    sigma
        Standard deviation.
    unit
        Of ``sigma``; ``"take"`` is whatever unit the markers are in.
    """

    name: ClassVar[str] = "noise"
    needs: ClassVar[tuple[str, ...]] = ("markers",)
    makes_also: ClassVar[tuple[str, ...]] = ("markers_seen",)

    sigma: float
    unit: Literal["m", "cm", "mm", "take"] = "m"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma < math.inf:
            raise ValueError(f"sigma is {self.sigma}; it must be above 0")
        if self.unit not in ("m", "cm", "mm", "take"):
            raise ValueError(f"unit is {self.unit!r}; it is 'm', 'cm', 'mm' or 'take'")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with spoilt markers beside its own."""
        from motionprep import corruption

        points = corruption.of_take(take)
        if points is None:
            return Dropped("noise: no markers")
        spoilt = self.spoil(points, rng)
        return spoilt if isinstance(spoilt, Dropped) else corruption.into_take(take, spoilt)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are of interest because of it."""
        return SPOILT

    def spoil(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points with noise, or why it cannot be measured out."""
        from motionprep import corruption

        sigma = points.length(self.sigma, self.unit)
        if sigma is None:
            return Dropped(f"noise: it is not known how many {self.unit} a unit of the markers is")
        return corruption.noise(points, rng, sigma)
