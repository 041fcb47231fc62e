"""Make the 263 numbers of HumanML3D."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.motion.feature_kinds import RATES
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

IK = ("", "paper", "file")


class HumanML3D(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make the array ``humanml3d`` (F - 1, 263) of the joints of ``smpl-22``, in metres at 20 frames a second, y up.

    They are: yaw velocity of the root (1), its x and z velocity in its heading (2), its height (1), places of the other
    joints (21 x 3), their rotations as two columns (21 x 6), velocities of all joints (22 x 3), and whether left ankle
    and toe, right ankle and toe touch the floor (4); velocities are a frame's, not a second's (Guo et al., "Generating
    Diverse and Natural 3D Human Motions from Text", 2022). The take is put so that its lowest point is at height 0, its
    root begins above the origin, and it faces z in its first frame; ``motionprep.invert`` makes places of vectors and
    undoes that. The last frame, from which no velocity leads on, is left out of everything.

    Lengths become metres. Where nothing states the unit of a take, and its legs are not between 0.3 and 1.5 long, they
    are made 0.826 m long, as the published body's are. Bone lengths else stay the take's; to train on those of one body
    put a retargeting before. Places are found
    for takes of any naming that ``select_joints`` knows.

    Parameters
    ----------
    ik
        ``"paper"``: rotations are what the published inverse kinematics finds from places, its quirks included (see
        :func:`motionprep.maths.humanml3d.vectors`). ``"file"``: they are the local rotations that the file has, and the
        heading has no quirks. If empty, the file's where it has any and the paper's otherwise, which is refused where
        train would have both. It is put down as ``ik``.
    """

    name: ClassVar[str] = "humanml3d"
    alters: ClassVar[bool] = True
    derives: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    leads_on: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    ik: Literal["", "paper", "file"] = ""

    def __post_init__(self) -> None:
        if self.ik not in IK:
            raise ValueError(f"ik is {self.ik!r}; it is 'paper' or 'file', or empty")

    @property
    def of_rotations(self) -> tuple[str, ...]:  # type: ignore[override]
        """What of it cannot be without rotations of joints."""
        return ("humanml3d with ik = 'file'",) if self.ik == "file" else ()

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("humanml3d",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or what is missing of it."""
        from motionprep.maths import body22, humanml3d, spaces
        from motionprep.motion.arrays import read_only
        from motionprep.motion.step import Step

        if late := self.too_late(take):
            return late
        try:
            found = body22.of_take(take, RATES[self.name], rotations=self.ik != "paper")
            ik = self.ik or ("paper" if found.rotations is None else "file")
            matrices = found.rotations if ik == "file" else None
            origin, axes = humanml3d.standing(found.positions, smooth=ik == "file")
            vectors = humanml3d.vectors(spaces.points(found.positions, Step(axes=axes, origin=origin)), matrices)
            step = found.step(axes, origin)
        except ValueError as error:
            return Dropped(f"humanml3d: {error}")
        moved = spaces.change(take, step).at(range(take.frames - 1))
        arrays = {**moved.arrays, "humanml3d": read_only(vectors)}
        return replace(moved, arrays=arrays, facts={**moved.facts, "ik": ik})
