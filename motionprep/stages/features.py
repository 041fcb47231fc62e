"""Say which arrays are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.data import Take

#: What can be stored, each explained in docs/recipes.md.
KNOWN = ("positions", "rotations", "quaternions", "root_position", "global_rotations", "rotations_6d")
DEFAULT = ("positions", "rotations", "quaternions", "root_position")


class Features(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Store these arrays; the last stage of a recipe.

    Parameters
    ----------
    arrays
        Names of features.
    """

    name: ClassVar[str] = "features"

    arrays: tuple[str, ...] = DEFAULT

    def __post_init__(self) -> None:
        if not self.arrays:
            raise ValueError("arrays is empty; name at least one feature")
        for array in self.arrays:
            if array not in KNOWN:
                raise ValueError(f"there is no feature {array!r}; there are {', '.join(KNOWN)}")
        if len(set(self.arrays)) != len(self.arrays):
            raise ValueError("arrays names a feature twice")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take as it is: what is stored is read off it afterwards."""
        return take
