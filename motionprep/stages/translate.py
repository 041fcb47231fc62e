"""Move the world along the floor."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Bodies, Drawn, Dropped, Moves, check_unit

if TYPE_CHECKING:
    import numpy as np


class Translate(Moves, frozen=True, kw_only=True, forbid_unknown_fields=True):
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

    def draw(self, rng: np.random.Generator, bodies: Bodies) -> Drawn | Dropped:
        """Return how far each of several bodies is moved, or that their unit is not known."""
        import numpy as np

        from motionprep.maths import corruption
        from motionprep.motion.step import Step

        reach = corruption.length(self.reach, self.unit, bodies.metres)
        if reach is None:
            return Dropped(f"translate: it is not known how many {self.unit} a unit of the take is")
        origins = np.zeros((bodies.count, 3))
        drawn = rng.uniform(-reach, reach, (bodies.count, len(self.axes)))
        origins[:, ["xyz".index(axis) for axis in self.axes]] = drawn
        return Drawn(Step(origin=origins))
