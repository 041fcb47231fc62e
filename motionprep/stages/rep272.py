"""Make the 272 numbers that need no inverse kinematics."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from motionprep.motion.feature_kinds import RATES
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class Rep272(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make the array ``rep272`` (F, 272) of the joints of ``smpl-22``, in metres at 30 frames a second, y up.

    They are: x and z velocity of the root in its heading (2), the turn of the heading since the frame before (6), and
    of all joints places around the root's x and z in its heading (22 x 3), the change of these (22 x 3) and local
    rotations, the root's without its heading (22 x 6). Six numbers are two *rows* of a matrix; velocities are a
    frame's, from the frame before, and 0 in the first (Xiao et al., "MotionStreamer", 2025). The heading is where the
    root's z axis points. The take is put so that its lowest point is at height 0, its root begins above the origin, and
    it heads along z in its first frame; ``motionprep.invert`` makes places of vectors and undoes that.

    Lengths become metres as in ``humanml3d``. It needs rotations in whose rest pose the root's z axis points ahead, as
    SMPL's does.
    """

    name: ClassVar[str] = "rep272"
    alters: ClassVar[bool] = True
    derives: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    leads_on: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)
    of_rotations: ClassVar[tuple[str, ...]] = ("rep272",)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("rep272",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or what is missing of it."""
        from motionprep.maths import body22, rep272, spaces
        from motionprep.motion import rotations
        from motionprep.motion.arrays import read_only
        from motionprep.motion.step import Step

        if late := self.too_late(take):
            return late
        try:
            body = body22.of_take(take, RATES[self.name], rotations=True)
        except body22.NoBody as error:
            return Dropped(f"rep272: {error}")
        if body.rotations is None:
            return Dropped("rep272: no rotations")
        if not take.frames:
            return Dropped("rep272: no frames")
        turn = rep272.turns(body.rotations[:1, 0])
        origin, axes = body22.standing(body.positions, turn)
        matrices = body.rotations.copy()
        matrices[:, 0] = rotations.from_euler(turn, [1]) @ matrices[:, 0]
        vectors = rep272.vectors(spaces.points(body.positions, Step(axes=axes, origin=origin)), matrices)
        moved = spaces.change(take, body.step(axes, origin))
        return replace(moved, arrays={**moved.arrays, "rep272": read_only(vectors)})
