"""Turn the world about its vertical."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, InWorld

if TYPE_CHECKING:
    import numpy as np

    from motionprep.data import Floats, Step, Take


class Yaw(InWorld, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Turn a take about the vertical through the world's origin, by an angle that is the same in all its frames.

    The angle in degrees is the take's fact ``yaw``. Put it before a stage that keeps the root apart.

    Parameters
    ----------
    most
        The largest angle either way, in degrees; any is as likely as any other.
    up
        The axis that points up.
    """

    name: ClassVar[str] = "yaw"
    version: ClassVar[int] = 2

    most: float = 180.0
    up: Literal["x", "y", "z"] = "y"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.most <= 180:
            raise ValueError(f"most is {self.most}; it must be above 0 and at most 180 degrees")
        if self.up not in ("x", "y", "z"):
            raise ValueError(f"up is {self.up!r}; it is 'x', 'y' or 'z'")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take turned."""
        from motionprep import spaces
        from motionprep.data import Step

        if late := self.too_late(take):
            return late
        angles = self._angles(rng, 1)
        turned = spaces.change(take, Step(axes=self._axes(angles)[0]))
        return replace(turned, facts={**take.facts, "yaw": math.degrees(angles[0])})

    def steps(self, rng: np.random.Generator, count: int, metres: float | None) -> Step | Dropped:
        """Return a change of coordinates for several takes, its axes (count, 3, 3); ``metres`` is not asked for."""
        from motionprep.data import Step

        return Step(axes=self._axes(self._angles(rng, count)))

    def _angles(self, rng: np.random.Generator, count: int) -> Floats:
        return math.radians(self.most) * rng.uniform(-1, 1, count)

    def _axes(self, angles: Floats) -> Floats:
        from motionprep import rotations

        # Where the new axes are, the old points are turned the other way.
        return rotations.from_euler(-angles[:, None], ["xyz".index(self.up)])
