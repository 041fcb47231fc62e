"""Hide markers, each frame anew."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import SPOILT, Augment, Dropped

if TYPE_CHECKING:
    import numpy as np

    from motionprep.corruption import Points
    from motionprep.data import Take


class Occlude(Augment, frozen=True, kw_only=True, forbid_unknown_fields=True):
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
    needs: ClassVar[tuple[str, ...]] = ("markers",)
    makes_also: ClassVar[tuple[str, ...]] = ("markers_seen",)

    sigma: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.sigma <= 0.5:
            raise ValueError(f"sigma is {self.sigma}; it must be above 0 and at most 0.5")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with spoilt markers beside its own."""
        from motionprep import corruption

        points = corruption.of_take(take)
        if points is None:
            return Dropped("occlude: no markers")
        spoilt = self.spoil(points, rng)
        return spoilt if isinstance(spoilt, Dropped) else corruption.into_take(take, spoilt)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are of interest because of it."""
        return SPOILT

    def spoil(self, points: Points, rng: np.random.Generator) -> Points | Dropped:
        """Return points some of which are hidden."""
        from motionprep import corruption

        return corruption.occlude(points, rng, self.sigma)
