"""Say in which form rotations are stored."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.motion.feature_kinds import SIX_BY
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.arrays import Floats
    from motionprep.motion.take import Take

#: The forms of :data:`motionprep.motion.rotations.FORMS`, and what may be done with the root.
FORMS = ("matrix", "quaternion", "6d", "axis_angle", "euler")
ROOTS = ("with", "apart", "left_out")


class Represent(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make the array ``rotations``, local rotations of all joints in one of several forms.

    It takes the place of the array of that name that kinematics computes. What later stages do to coordinates or joints
    does not reach it, so put it after them. :func:`~motionprep.motion.rotations.matrices_back` turns it into
    matrices again.

    Parameters
    ----------
    rotations
        ``"matrix"``: (3, 3), acting on column vectors. ``"quaternion"``: wxyz, unit, without a change of sign between
        frames. ``"6d"``: two columns or rows of a matrix, as ``by`` says. ``"axis_angle"``: a vector along the axis, as
        long as the angle, 0 to pi radians. ``"euler"``: three angles in radians, within a turn, so that they may jump
        between frames.
    order
        Axes of Euler angles, each about the axis as the ones before it have turned it; all twelve orders. In gimbal
        lock the last angle is 0.
    root
        ``"with"``: among the joints, as the take has it, which after a change to a local frame is in that frame.
        ``"apart"``: as the array ``root_rotation``, which is then to be stored, and not among the joints; where the
        root is kept apart, its rotation there. ``"left_out"``: neither.
    by
        Whether ``"6d"`` is a matrix's first two ``"columns"``, as most papers have it, or its first two ``"rows"``.
    flat
        Whether a frame is one row, joint after joint: (F, J * 9) for (F, J, 3, 3), (F, 9) for the root's.
    """

    name: ClassVar[str] = "represent"
    of_rotations: ClassVar[tuple[str, ...]] = ("represent",)
    derives: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)

    rotations: Literal["matrix", "quaternion", "6d", "axis_angle", "euler"] = "matrix"
    order: str = "ZYX"
    root: Literal["with", "apart", "left_out"] = "with"
    by: Literal["columns", "rows"] = "columns"
    flat: bool = False

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are of interest because of it: a root that stands apart would be lost without its own."""
        return ("root_rotation",) if self.root == "apart" else ()

    @property
    def later(self) -> tuple[str, ...]:  # type: ignore[override]
        """Fields that came later; shards with six numbers of a rotation, which now say ``by``, are made anew once."""
        return () if self.rotations == "6d" else ("by",)

    @property
    def form(self) -> str:
        """The form of :data:`motionprep.motion.rotations.FORMS` that it makes."""
        return "6d_rows" if self.by == "rows" else self.rotations

    def __post_init__(self) -> None:
        for field, words in (("rotations", FORMS), ("root", ROOTS), ("by", SIX_BY)):
            if getattr(self, field) not in words:
                raise ValueError(f"{field} is {getattr(self, field)!r}; it is one of {', '.join(words)}")
        if self.by != "columns" and self.rotations != "6d":
            raise ValueError(f"by is {self.by!r}, which is for rotations = '6d' alone, not for {self.rotations!r}")
        if len(self.order) != 3 or not {*self.order} <= {*"XYZ"} or self.order[1] in (self.order[0], self.order[2]):
            raise ValueError(
                f"order is {self.order!r}; it must be three of X, Y, Z, no two neighbours alike, such as ZYX"
            )

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or why there is none to make."""
        from motionprep.motion import kinematics
        from motionprep.motion.arrays import read_only

        if take.motion is None:
            return Dropped("represent: no skeleton")
        matrices = kinematics.features(take.motion, ("rotations",))["rotations"]
        made = {"rotations": matrices if self.root == "with" else matrices[:, 1:]}
        if self.root == "apart":
            made["root_rotation"] = take.root.rotation if take.root is not None else matrices[:, 0]
        if not made["rotations"].shape[1]:
            return Dropped("represent: no joint but the root")
        arrays = {name: read_only(self._told(array)) for name, array in made.items()}
        return replace(take, arrays={**take.arrays, **arrays})

    def _told(self, matrices: Floats) -> Floats:
        from motionprep.motion import rotations

        represented = rotations.represent(matrices, self.form, self.order)
        return represented.reshape(len(represented), -1) if self.flat else represented
