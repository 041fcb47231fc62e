"""Hide markers, each frame anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import Corruption, Dropped

if TYPE_CHECKING:
    import numpy as np

    from motionprep.maths.corruption import Points


class Occlude(Corruption, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hide markers as Holden 2018 does ("Robust solving of optical motion capture data by denoising").

    A number ``a`` is drawn from N(0, sigma) for each frame, and each of its markers is hidden with the chance
    ``min(|a|, 2 sigma)``: with the default 7.8 % of them on average and 20 % at most. A hidden marker is at the origin,
    that of the local frame if there is one.

    Parameters
    ----------
    sigma
        Of the chance to be hidden; at most a half, where the chance comes to 1.
    """

    name: ClassVar[str] = "occlude"

    sigma: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma <= 0.5:
            raise ValueError(f"sigma is {self.sigma}; it must be above 0 and at most 0.5")

    def corrupt(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points some of which are hidden."""
        from motionprep.maths import corruption

        return corruption.occlude(points, rng, self.sigma)
