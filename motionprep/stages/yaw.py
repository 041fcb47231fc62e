"""Turn the world about its vertical."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Bodies, Drawn, Dropped, Moves

if TYPE_CHECKING:
    import numpy as np


class Yaw(Moves, frozen=True, kw_only=True, forbid_unknown_fields=True):
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

    def draw(self, rng: np.random.Generator, bodies: Bodies) -> Drawn | Dropped:
        """Return how far each of several bodies is turned."""
        import numpy as np

        from motionprep.motion import rotations
        from motionprep.motion.step import Step

        angles = math.radians(self.most) * rng.uniform(-1, 1, bodies.count)
        # Where the new axes are, the old points are turned the other way.
        axes = rotations.from_euler(-angles[:, None], ["xyz".index(self.up)])
        return Drawn(Step(axes=axes), facts={"yaw": np.degrees(angles)})
