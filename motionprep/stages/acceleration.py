"""Add how fast velocities change."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage, check_of, check_scheme

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

#: What can be differentiated twice, and the arrays that it gives.
ARRAYS = {"positions": "positions_acceleration", "root_position": "root_acceleration"}
#: Frames that a second difference is of.
_FRAMES = 3


class Acceleration(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add second differences times the rate squared, in the take's units a second a second.

    They are in the frame that the take is in. What later stages do to coordinates or to the choice of joints does not
    reach them. Each clip is by itself.

    Parameters
    ----------
    of
        Any of ``"positions"`` (the array ``positions_acceleration`` (F, N, 3), of all nodes) and ``"root_position"``
        (``root_acceleration`` (F, 3), of the root where it is kept apart, otherwise of the motion's).
    scheme
        ``"central"``: of the frame before, the frame and the next. ``"backward"``: of the frame and the two before it.
        ``"forward"``: of the frame and the two after it. Frames that lack one of these have the nearest one's.
    """

    name: ClassVar[str] = "acceleration"
    derives: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    of: tuple[str, ...] = ("positions",)
    scheme: Literal["backward", "forward", "central"] = "central"

    def __post_init__(self) -> None:
        check_scheme(self.scheme)
        check_of(self.of, ARRAYS, "acceleration")

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return tuple(ARRAYS[item] for item in self.of)

    @property
    def of_lengths(self) -> tuple[str, ...]:  # type: ignore[override]
        """What of it cannot be without lengths of bones."""
        return (ARRAYS["positions"],) if "positions" in self.of else ()

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the arrays, or which modality of it they need."""
        from motionprep.maths import differences
        from motionprep.motion import kinematics
        from motionprep.motion.arrays import read_only

        if take.motion is None:
            return Dropped("acceleration: no skeleton")
        if (take.clip or take.frames) < _FRAMES:
            return Dropped("acceleration: fewer than three frames")
        places = kinematics.features(take.motion, self.of)
        if take.root is not None and "root_position" in places:
            places["root_position"] = take.root.position
        made = {
            ARRAYS[item]: read_only(differences.second(places[item], take.rate, self.scheme, take.clip))
            for item in self.of
        }
        return replace(take, arrays={**take.arrays, **made})
