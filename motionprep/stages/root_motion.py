"""Make numbers of how the root goes through the world."""

from __future__ import annotations

from dataclasses import replace
from math import isfinite
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class RootMotion(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make the array ``root_motion`` (F, 6 + 4 T): how the root goes, as motion matching and PFNN take it.

    They are cosine and sine of the heading (2), its velocity in radians a second (1), the root's velocity ahead and
    aside in the take's units a second (2), its height (1), and at each of T times where it is then, ahead and
    aside, and cosine and sine of the turn until then (4). Velocities are those to the next frame; the last frame
    has those of the one before. A heading is found from hips and shoulders as in ``face``; a frame without one has
    that of the last frame with one. It is an angle about ``up``, from the axis that follows it to the one after
    that (z to x if y is up), and aside is to the side to which it grows (Holden et al., "Phase-Functioned Neural
    Networks for Character Control", 2017; Clavet, "Motion Matching and The Road to Next-Gen Animation", 2016).
    ``motionprep.invert`` adds the velocities up to places of the root; where it begins is put down as
    ``root_first``, ``root_second`` (along the axes that follow ``up``) and ``root_heading``.

    Parameters
    ----------
    times
        In seconds from each frame, below 0 before it; between frames on a line, before the first and after the last
        frame as there.
    up
        The axis that is up.
    """

    name: ClassVar[str] = "root_motion"
    derives: ClassVar[bool] = True
    in_world: ClassVar[bool] = True
    leads_on: ClassVar[bool] = True
    needs: ClassVar[tuple[str, ...]] = ("motion",)
    of_lengths: ClassVar[tuple[str, ...]] = ("root_motion",)

    times: tuple[float, ...] = (-1.0, -0.5, 0.5, 1.0)
    up: Literal["x", "y", "z"] = "y"

    def __post_init__(self) -> None:
        if self.up not in ("x", "y", "z"):
            raise ValueError(f"up is {self.up!r}; it is x, y or z")
        for time in self.times:
            if not isfinite(time):
                raise ValueError(f"times has {time}; expected seconds")

    @property
    def makes(self) -> tuple[str, ...]:
        """Which features are not there without it."""
        return ("root_motion",)

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take with the array, or why there is none to make."""
        from motionprep.maths import headings, landmark_points, root_motion
        from motionprep.motion.arrays import read_only

        if take.motion is None:
            return Dropped("root_motion: no skeleton")
        if take.clip is not None:
            return Dropped("root_motion: these are clips, each of which would begin anew; build it from whole motions")
        if take.frames < 2:
            return Dropped("root_motion: fewer than two frames")
        points = landmark_points.of_take(take)
        if missing := points.missing(headings.ACROSS):
            return Dropped(f"root_motion: {missing}")
        up = "xyz".index(self.up)
        found = headings.of_frames(points.at(headings.ACROSS), up)
        if found is None:
            return Dropped("root_motion: no frame says which way the body faces")
        places = points.positions[:, 0]
        made = root_motion.vectors(places, found, up, take.rate, self.times)
        facts = {
            "root_first": float(places[0, (up + 1) % 3]),
            "root_second": float(places[0, (up + 2) % 3]),
            "root_heading": float(found[0]),
        }
        arrays = {**take.arrays, "root_motion": read_only(made)}
        return replace(take, arrays=arrays, facts={**take.facts, **facts})
