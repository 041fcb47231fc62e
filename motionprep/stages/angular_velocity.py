"""Add how fast joints turn."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage, check_scheme

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class AngularVelocity(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add the array ``angular_velocity`` (F, J, 3): vectors about which joints turn, in radians a second.

    A joint's is that of its local rotation, in the frame of its parent; the root's is in the frame that the take is in.
    From frame to frame the shorter way round counts. What later stages do to coordinates or to the choice of joints
    does not reach it. Each clip is by itself.

    Parameters
    ----------
    scheme
        As in ``velocity``; ``"central"`` is the mean of the spins from the frame before and to the next.
    """

    name: ClassVar[str] = "angular_velocity"
    derives: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)
    of_rotations: ClassVar[tuple[str, ...]] = ("angular_velocity",)

    scheme: Literal["backward", "forward", "central"] = "backward"

    def __post_init__(self) -> None:
        check_scheme(self.scheme)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("angular_velocity",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or why there is none to make."""
        from motionprep.maths import differences
        from motionprep.motion import kinematics
        from motionprep.motion.arrays import read_only

        if take.motion is None:
            return Dropped("angular_velocity: no skeleton")
        if (take.clip or take.frames) < 2:
            return Dropped("angular_velocity: fewer than two frames")
        matrices = kinematics.features(take.motion, ("rotations",))["rotations"]
        found = differences.spins(matrices, take.rate, self.scheme, take.clip)
        return replace(take, arrays={**take.arrays, "angular_velocity": read_only(found)})
