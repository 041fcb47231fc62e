"""Turn a body so that it faces a given way."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class Face(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Turn a take about the vertical through the world's origin, so that its body faces along an axis.

    A body faces at right angles to the way from its left to its right, the sum of those between hips and between
    shoulders, as HumanML3D's ``motion_process.py`` has it (Guo et al., "Generating Diverse and Natural 3D Human Motions
    from Text", 2022). It works on skeletons, on arrays of positions, and on markers where there is no skeleton, in a
    right-handed world. The take is turned as a whole: how it turns from frame to frame stays as it is. However it was
    turned about the vertical before, it is the same afterwards. Put it before a stage that keeps the root apart.

    The angle in degrees by which it was turned is put down as ``face``.

    Parameters
    ----------
    heading
        ``"start"``: the first frame that says which way the body faces is to face along the axis. ``"mean"``: the mean
        of the directions of all such frames is.
    toward
        The axis, with or without a minus. Where none is given it is the one that follows ``up``, in the order x y z x,
        as in ``local_frame``: z if up is y, and x if up is z.
    up
        The axis that is up.
    """

    name: ClassVar[str] = "face"
    alters: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    of_lengths: ClassVar[tuple[str, ...]] = ("face",)

    heading: Literal["start", "mean"] = "start"
    toward: Literal["", "x", "y", "z", "-x", "-y", "-z"] = ""
    up: Literal["x", "y", "z"] = "y"

    def __post_init__(self) -> None:
        if self.heading not in ("start", "mean"):
            raise ValueError(f"heading is {self.heading!r}; it is 'start' or 'mean'")
        if self.up not in ("x", "y", "z"):
            raise ValueError(f"up is {self.up!r}; it is 'x', 'y' or 'z'")
        level = [sign + axis for axis in "xyz" if axis != self.up for sign in ("", "-")]
        if self.toward and self.toward not in level:
            raise ValueError(f"toward is {self.toward!r}; with {self.up} up it is {', '.join(level)}")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take turned, or why it is not known which way it faces."""
        import numpy as np

        from motionprep.maths import headings, landmark_points, spaces
        from motionprep.motion import rotations
        from motionprep.motion.step import Step

        if late := self.too_late(take):
            return late
        if take.clip is not None:
            return Dropped("face: these are clips, each of which faces its own way; turn them before they are joined")
        points = landmark_points.of_take(take)
        if missing := points.missing(headings.ACROSS):
            return Dropped(f"face: {missing}")
        up = "xyz".index(self.up)
        angles = headings.angles(points.at(headings.ACROSS), up)
        if not len(angles):
            return Dropped("face: no frame says which way the body faces")
        found = angles[0] if self.heading == "start" else headings.mean(angles)
        if found is None:
            return Dropped("face: the body faces all ways alike, so there is no mean; use heading = 'start'")
        turn = headings.difference(headings.of_axis(self.toward or "xyz"[(up + 1) % 3], up), found)
        # Where the new axes are, the old points are turned the other way.
        axes = rotations.from_euler(np.array([[-turn]]), [up])[0]
        facts = {**take.facts, "face": math.degrees(turn)}
        return spaces.change(replace(take, facts=facts), Step(axes=axes))
