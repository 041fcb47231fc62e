"""Exchange the axes of coordinates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from motionprep.maths import axes
from motionprep.naming.sides import pairs
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

#: What ``only`` may name, and what a step calls it.
_PARTS = {"joints": "joints", "root_position": "root", "markers": "markers"}


class PermuteAxes(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Exchange the axes, and turn some round, of joints, their own axes, root and markers alike.

    Parameters
    ----------
    axes
        The old axis that becomes x, the one that becomes y and the one that becomes z, each with a minus if it is
        turned round. ``"yzx"`` brings CMU's C3D files (z up) to the axes of their BVH files (y up): the new x, y, z are
        the old y, z, x. ``"zxy"`` undoes that, and ``"x-zy"`` brings y up to z up.
    only
        What is changed, of ``"joints"``, ``"root_position"`` and ``"markers"``; all if empty. The root's position goes
        with its rotation and, if it is changed without the joints or they without it, is kept apart from them.
    mirror
        Whether ``axes`` may and must be a mirror image, such as ``"-xyz"``. Joints and markers then take the names of
        their counterparts on the other side, so that a left hand is still a left hand.
    """

    name: ClassVar[str] = "permute_axes"
    alters: ClassVar[bool] = True

    axes: str
    only: tuple[str, ...] = ()
    mirror: bool = False

    @property
    def needs(self) -> tuple[str, ...]:  # type: ignore[override]
        """Which modality of a take it cannot work without: those of which it is to change something alone."""
        return tuple(dict.fromkeys("markers" if part == "markers" else "motion" for part in self.only))

    @property
    def exchanges(self) -> bool:  # type: ignore[override]
        """Whether it exchanges left and right."""
        return self.mirror

    def __post_init__(self) -> None:
        if not re.fullmatch("([+-]?[xyz]){3}", self.axes) or len({*self.axes} - {*"+-"}) != 3:
            raise ValueError(f"axes is {self.axes!r}; it is x, y and z in some order, each with or without a minus")
        for part in self.only:
            if part not in _PARTS:
                raise ValueError(f"only names {part!r}; it may name {', '.join(_PARTS)}")
        mirrored = axes.mirrors(self.axes)
        if mirrored and not self.mirror:
            raise ValueError(f"axes is {self.axes!r}, a mirror image; say mirror = true to exchange left and right too")
        if self.mirror and not mirrored:
            raise ValueError(f"mirror is true, but axes {self.axes!r} is no mirror image; turn one more axis round")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take on the new axes, or why it cannot be mirrored."""
        from motionprep.maths import spaces
        from motionprep.motion.step import PARTS, Step

        if "motion" in self.needs and take.motion is None:
            return Dropped("permute_axes: no skeleton")
        if "markers" in self.needs and take.markers is None:
            return Dropped("permute_axes: no markers")
        on = tuple(_PARTS[part] for part in self.only) or PARTS
        swap: tuple[tuple[str, str], ...] = ()
        if self.mirror:
            nodes = take.motion.skeleton.nodes if take.motion is not None else ()
            labels = take.markers.names if take.markers is not None else ()
            swap = tuple(dict.fromkeys((*pairs(nodes), *pairs(labels))))
        try:
            return spaces.change(take, Step(axes=axes.matrix(self.axes), conjugate=True, swap=swap, on=on))
        except ValueError as error:
            return Dropped(f"permute_axes: {error}")
