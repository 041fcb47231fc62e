"""Add where in its gait a body is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class Phase(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add the array ``phase`` (F, 2): cosine and sine of an angle that is 0 where the right foot comes down.

    It is pi where the left foot comes down and goes on evenly between (Holden et al., "Phase-Functioned Neural Networks
    for Character Control", 2017). A foot comes down in the first frame in which its ankle or its toe touches the floor,
    as the stage ``contacts``, which comes before, has found it. Before the first and after the last such frame the
    angle goes on as fast as in the step beside them. A take in which no two feet come down is dropped.
    """

    name: ClassVar[str] = "phase"
    derives: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("phase",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or why there is none to make."""
        import numpy as np

        from motionprep.maths import gait
        from motionprep.motion.arrays import read_only

        if "contacts" not in take.arrays:
            return Dropped("phase: no contacts; put the stage contacts before")
        if take.clip is not None:
            return Dropped("phase: these are clips, too short to say a gait")
        angles = gait.phases(take.arrays["contacts"])
        if angles is None:
            return Dropped("phase: no two feet come down")
        made = read_only(np.stack([np.cos(angles), np.sin(angles)], axis=1))
        return replace(take, arrays={**take.arrays, "phase": made})
