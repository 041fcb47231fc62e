"""Move the world along the floor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, InWorld, check_unit

if TYPE_CHECKING:
    import numpy as np

    from motionprep.data import Floats, Step, Take


class Translate(InWorld, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move a take by a distance that is the same in all its frames.

    Put it before a stage that keeps the root apart.

    Parameters
    ----------
    reach
        The furthest either way on each axis; any distance is as likely as any other.
    unit
        Of ``reach``; ``"take"`` is whatever unit the take is in.
    axes
        Those along which it moves; the floor's, if up is y.
    """

    name: ClassVar[str] = "translate"

    reach: float = 1.0
    unit: Literal["m", "cm", "mm", "take"] = "m"
    axes: tuple[Literal["x", "y", "z"], ...] = ("x", "z")

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.reach < math.inf:
            raise ValueError(f"reach is {self.reach}; it must be above 0")
        if not self.axes or len(set(self.axes)) != len(self.axes) or not set(self.axes) <= {"x", "y", "z"}:
            raise ValueError(f"axes is {list(self.axes)}; name each of x, y and z at most once, and at least one")
        check_unit(self.unit)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take moved."""
        from motionprep import spaces
        from motionprep.data import Step

        if late := self.too_late(take):
            return late
        metres = spaces.metres(take, "markers" if take.markers is not None else "joints")
        origins = self._origins(rng, 1, metres)
        return origins if isinstance(origins, Dropped) else spaces.change(take, Step(origin=origins[0]))

    def steps(self, rng: np.random.Generator, count: int, metres: float | None) -> Step | Dropped:
        """Return a change of coordinates for several takes, its origins (count, 3); ``metres`` that a unit is long."""
        from motionprep.data import Step

        origins = self._origins(rng, count, metres)
        return origins if isinstance(origins, Dropped) else Step(origin=origins)

    def _origins(self, rng: np.random.Generator, count: int, metres: float | None) -> Floats | Dropped:
        import numpy as np

        from motionprep import corruption

        reach = corruption.length(self.reach, self.unit, metres)
        if reach is None:
            return Dropped(f"translate: it is not known how many {self.unit} a unit of the take is")
        origins = np.zeros((count, 3))
        origins[:, ["xyz".index(axis) for axis in self.axes]] = rng.uniform(-reach, reach, (count, len(self.axes)))
        return origins
