"""Play takes faster or slower."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import Dropped, InWorld

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.arrays import Floats
    from motionprep.motion.take import Take


class Speed(InWorld, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Play a take at another speed: frames are put between frames, and the rate stays.

    Rotations go along the shortest arc between two frames, positions along a line; a marker is visible where it is in
    both frames. How much faster it is than before is the take's fact ``speed``. Put it before stages that make
    features or a frame of reference that goes along with the body.

    Parameters
    ----------
    least, most
        The slowest and the fastest; 2 is twice as fast. Between them, twice as fast is as likely as half as fast: the
        logarithm is uniform.
    """

    name: ClassVar[str] = "speed"
    version: ClassVar[int] = 2
    mixes_frames: ClassVar[bool] = True

    least: float = 0.8
    most: float = 1.25

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.least < self.most < math.inf:
            raise ValueError(f"least is {self.least} and most {self.most}; least must be above 0 and below most")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take at its new speed, or why it is too late for that."""
        import numpy as np

        from motionprep.maths import retiming

        if retiming.too_late(take):
            return Dropped("speed: a stage before it made features or a frame of reference that moves; put speed first")
        factor = float(self._factors(rng, 1)[0])
        last = max(take.frames - 1, 0)
        times = np.arange(math.floor(last / factor) + min(take.frames, 1)) * factor
        found = retiming.renumbered(take, retiming.retime(take, np.minimum(times, last)), factor)
        return replace(found, facts={**take.facts, "speed": factor})

    def times(self, rng: np.random.Generator, count: int, frames: int) -> Floats:
        """Return when each of several windows is looked at (count, K), in frames, from its first one on.

        K is the same for all: the ``frames`` that windows have, or those that there are at any speed, if they are
        fewer.
        """
        import numpy as np

        last = max(frames - 1, 0)
        kept = min(frames, math.floor(last / self.most) + 1)
        return np.minimum(np.arange(kept) * self._factors(rng, count)[:, None], last)

    def _factors(self, rng: np.random.Generator, count: int) -> Floats:
        import numpy as np

        drawn = rng.uniform(math.log(self.least), math.log(self.most), count)
        # NumPy's exponential has other last digits on other processors.
        return np.array([math.exp(one) for one in drawn])
