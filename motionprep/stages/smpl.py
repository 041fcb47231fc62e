"""Make the pose and translation of SMPL."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

#: What SMPL's last two joints are called in files.
HANDS = (("L_Hand", "left_hand"), ("R_Hand", "right_hand"))


class Smpl(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make the array ``smpl`` (F, 75): SMPL's pose, 24 vectors along axes as long as angles, and where the pelvis is.

    The pose is of the 22 joints of ``smpl-22``, found by name, and of both hands, which are 0 where the skeleton has
    none; the pelvis is in metres. A body's rest pose should be SMPL's: rotations are the file's own. SMPL's ``transl``
    is the pelvis less where it is at rest (Loper et al., "SMPL: A Skinned Multi-Person Linear Model", 2015). What later
    stages do to coordinates or joints does not reach it.
    """

    name: ClassVar[str] = "smpl"
    derives: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)
    of_rotations: ClassVar[tuple[str, ...]] = ("smpl",)

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("smpl",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or what is missing of it."""
        import numpy as np

        from motionprep import naming
        from motionprep.maths import body22
        from motionprep.motion import kinematics, rotations
        from motionprep.motion.arrays import read_only

        if take.root is not None:
            return Dropped("smpl: the root is kept apart; put smpl before that")
        try:
            body = body22.of_take(take, None, rotations=True)
        except body22.NoBody as error:
            return Dropped(f"smpl: {error}")
        if body.rotations is None or take.motion is None:
            return Dropped("smpl: no rotations")
        if body.scale != 1.0:
            return Dropped("smpl: it is made of metres; put scale with unit = 'm' before")
        names = [naming.plain(joint) for joint in take.motion.skeleton.joints]
        local = kinematics.features(take.motion, ("rotations",))["rotations"]
        made = np.zeros((take.frames, 75))
        made[:, :66] = rotations.to_axis_angle(body.rotations).reshape(take.frames, -1)
        for number, words in enumerate(HANDS, start=22):
            joint = next((names.index(word) for word in words if word in names), None)
            if joint is not None:
                made[:, 3 * number : 3 * number + 3] = rotations.to_axis_angle(local[:, joint])
        made[:, 72:] = body.positions[:, 0]
        return replace(take, arrays={**take.arrays, "smpl": read_only(made)})
