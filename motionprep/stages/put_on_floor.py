"""Put the floor on which a body stands at height 0."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.motion.feature_kinds import FEET
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class PutOnFloor(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Move a take along the vertical, by a distance that is the same in all its frames, so that its floor is at 0.

    The floor is where the stage ``contacts`` finds it: the height below which the lowest point of the body is in one
    frame of twenty. It works on skeletons, on arrays of positions, and on markers where there is no skeleton. Put it
    before a stage that keeps the root apart, and ``trim`` before it where a take begins with a T-pose in the air.

    The height of the floor before, in the take's unit, is put down as ``floor_before``. ``floor_confidence``, from 0 to
    1, is the share of those moments in which an ankle or a toe hardly moves at which it is within 0.03 body heights of
    where it usually stands: little on stairs, and 0 where no foot ever stands.

    Parameters
    ----------
    up
        The axis that is up.
    """

    name: ClassVar[str] = "put_on_floor"
    alters: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    of_lengths: ClassVar[tuple[str, ...]] = ("put_on_floor",)

    up: Literal["x", "y", "z"] = "y"

    def __post_init__(self) -> None:
        if self.up not in ("x", "y", "z"):
            raise ValueError(f"up is {self.up!r}; it is x, y or z")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take on the floor, or why its floor is not known."""
        import numpy as np

        from motionprep.maths import contacts, landmark_points, spaces
        from motionprep.motion.step import Step

        if late := self.too_late(take):
            return late
        points = landmark_points.of_take(take)
        if missing := points.missing(FEET):
            return Dropped(f"put_on_floor: {missing}")
        up = "xyz".index(self.up)
        heights = points.positions[..., up]
        known = np.isfinite(heights).any(axis=1)
        if not known.any():
            return Dropped("put_on_floor: no point is visible in any frame")
        floor = contacts.floor_height(np.where(np.isfinite(heights), heights, np.inf)[known])
        confidence = contacts.standing_confidence(points.at(FEET), up, take.rate, points.body_height(), take.clip)
        origin = np.zeros(3)
        origin[up] = floor
        facts = {"floor_before": floor, "floor_confidence": confidence}
        return spaces.change(replace(take, facts={**take.facts, **facts}), Step(origin=origin))
