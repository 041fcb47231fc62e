"""Exchange left and right."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, InWorld

if TYPE_CHECKING:
    import numpy as np

    from motionprep.data import Take


class Mirror(InWorld, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Mirror a take now and then: one axis is reflected, and names of left and right change places.

    Whether it was is the take's fact ``mirrored``, 1 or 0. Put it before a stage that keeps the root apart. A name
    whose counterpart is not there, such as that of the marker ``RBAC``, stays with its own, which is then on the other
    side.

    Parameters
    ----------
    chance
        To be mirrored.
    axis
        The one that is reflected: the one that points from side to side in the rest pose, so that the mirrored body
        has the rest pose that it had.
    """

    name: ClassVar[str] = "mirror"
    exchanges: ClassVar[bool] = True

    chance: float = 0.5
    axis: Literal["x", "y", "z"] = "x"

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.chance <= 1:
            raise ValueError(f"chance is {self.chance}; it must be above 0 and at most 1")
        if self.axis not in ("x", "y", "z"):
            raise ValueError(f"axis is {self.axis!r}; it is 'x', 'y' or 'z'")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take, mirrored or as it is, or why it cannot be mirrored."""
        import numpy as np

        from motionprep import sides, spaces
        from motionprep.data import Step

        if late := self.too_late(take):
            return late
        joints = sides.pairs(take.motion.skeleton.nodes) if take.motion is not None else ()
        markers = sides.pairs(take.markers.names) if take.markers is not None else ()
        for part, pairs, what in ((take.motion, joints, "joints"), (take.markers, markers, "markers")):
            if part is not None and not pairs:
                return Dropped(f"mirror: no {what} are left and right of each other")
        chosen = rng.random() < self.chance
        if chosen:
            axes = np.diag([-1.0 if axis == self.axis else 1.0 for axis in "xyz"])
            try:
                take = spaces.change(
                    take, Step(axes=axes, conjugate=True, swap=tuple(dict.fromkeys((*joints, *markers))))
                )
            except ValueError as error:
                return Dropped(f"mirror: {error}")
        return replace(take, facts={**take.facts, "mirrored": float(chosen)})
