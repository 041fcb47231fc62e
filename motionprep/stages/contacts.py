"""Add which of ankles and toes touch the floor."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.motion.feature_kinds import FEET
from motionprep.naming.landmarks import LEGS
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from motionprep.motion.take import Take

METHODS = ("hysteresis", "humanml3d", "lafan1")


class Contacts(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Add the array ``contacts`` (F, 4): whether left ankle, left toe, right ankle and right toe touch the floor.

    The height of the floor is put down as ``floor``, and the share of the frames in which anything touches it as
    ``contact_share``. Put it after stages that change the rate; later stages that choose frames choose among these.

    Parameters
    ----------
    method
        ``"hysteresis"``: a point touches from where it is slower than ``speed`` and lower than ``height`` to where it
        is faster than ``leave_speed`` or higher than ``leave_height``. Lengths are in body heights, which the legs say,
        so it works in any unit and at any rate. ``"humanml3d"`` and ``"lafan1"``: a point touches where the square of
        its way to the next frame is below 0.002, or below 0.02, as their authors compute it, in the unit and at the
        rate of their data: metres at 20 frames per second, and centimetres at 30. Heights do not count there.
    speed, leave_speed
        Body heights per second.
    height, leave_height
        Body heights above the floor.
    up
        The axis that is up.
    """

    name: ClassVar[str] = "contacts"
    derives: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)
    of_lengths: ClassVar[tuple[str, ...]] = ("contacts",)

    method: Literal["hysteresis", "humanml3d", "lafan1"] = "hysteresis"
    speed: float = 0.115
    height: float = 0.05
    leave_speed: float = 0.14
    leave_height: float = 0.07
    up: Literal["x", "y", "z"] = "y"

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise ValueError(f"method is {self.method!r}; it is {', '.join(METHODS)}")
        if self.up not in ("x", "y", "z"):
            raise ValueError(f"up is {self.up!r}; it is x, y or z")
        for field in ("speed", "height"):
            value, leave = getattr(self, field), getattr(self, f"leave_{field}")
            if not (isfinite(leave) and 0 < value <= leave):
                raise ValueError(f"{field} is {value} and leave_{field} {leave}; expected 0 < {field} <= leave_{field}")

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("contacts",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or what is missing of its legs."""
        import numpy as np

        from motionprep.maths import contacts, landmark_points
        from motionprep.motion.arrays import read_only

        if take.motion is None:
            return Dropped("contacts: no skeleton")
        if (take.clip or take.frames) < 2:
            return Dropped("contacts: fewer than two frames")
        points = landmark_points.of_take(take)
        if missing := points.missing([*FEET, *(LEGS if self.method == "hysteresis" else ())]):
            return Dropped(f"contacts: {missing}")
        heights = points.positions[..., "xyz".index(self.up)]
        floor = contacts.floor_height(heights)
        feet = points.at(FEET)
        found: NDArray[np.bool_]
        if self.method == "hysteresis":
            body = contacts.body_height(points.at(LEGS).reshape(-1, 2, 3, 3))
            if not body > 0:
                return Dropped("contacts: the legs have no length")
            limits = contacts.Thresholds(self.speed, self.height, self.leave_speed, self.leave_height)
            above = (feet[..., "xyz".index(self.up)] - floor) / body
            found = contacts.by_hysteresis(feet / body, above, take.rate, limits, take.clip)
        else:
            found = contacts.by_displacement(feet, contacts.DISPLACEMENTS[self.method], take.clip)
        facts = {"floor": floor, "contact_share": float(np.mean(found.any(axis=1)))}
        return replace(take, arrays={**take.arrays, "contacts": read_only(found)}, facts={**take.facts, **facts})
