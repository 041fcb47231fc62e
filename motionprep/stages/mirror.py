"""Exchange left and right."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Bodies, Drawn, Dropped, Moves

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np


class Mirror(Moves, frozen=True, kw_only=True, forbid_unknown_fields=True):
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

    def lacks(self, markers: Sequence[str], *, alone: bool = False) -> str:
        """Return that none of these markers has a counterpart, if it is so."""
        from motionprep.naming import sides

        return "" if sides.pairs(markers) else "no markers are left and right of each other"

    def draw(self, rng: np.random.Generator, bodies: Bodies) -> Drawn | Dropped:
        """Return the mirror image and which of several bodies have it, or that they have no left and right."""
        import numpy as np

        from motionprep.motion.step import Step
        from motionprep.naming import sides

        swap: list[tuple[str, str]] = []
        for names, what in ((bodies.nodes, "joints"), (bodies.markers, "markers")):
            found = sides.pairs(names or ())
            if names is not None and not found:
                return Dropped(f"mirror: no {what} are left and right of each other")
            swap += found
        chosen = rng.random(bodies.count) < self.chance
        axes = np.diag([-1.0 if axis == self.axis else 1.0 for axis in "xyz"])
        step = Step(axes=axes, conjugate=True, swap=tuple(dict.fromkeys(swap)))
        return Drawn(step, chosen, {"mirrored": chosen.astype(np.float64)})
