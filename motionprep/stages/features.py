"""Say which arrays are stored."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.motion.feature_kinds import KINDS, SIX_BY, TURNS
from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take

#: What can be stored, each explained in docs/recipes.md, and which modality of a take it is of.
KNOWN: dict[str, str] = {name: kind.modality for name, kind in KINDS.items()}
#: What is stored of a modality unless a recipe says otherwise.
DEFAULT = ("positions", "rotations", "quaternions", "root_position")
MARKERS = ("markers", "markers_visible")
#: What is stored by default where some motions are arrays of positions.
BARE = ("positions", "root_position")
#: What positions alone cannot give.
ROTATIONS = tuple(name for name, kind in KINDS.items() if kind.form in TURNS)
#: Features that are true or false.
MASKS = tuple(name for name, kind in KINDS.items() if kind.form == "mask")
#: Which stage makes a feature that is not there without it.
MADE_BY = {
    "positions_velocity": "velocity",
    "root_velocity": "velocity",
    "markers_velocity": "velocity",
    "contacts": "contacts",
    "humanml3d": "humanml3d",
    "rep272": "rep272",
    "root_motion": "root_motion",
    "phase": "phase",
    "smpl": "smpl",
    "positions_acceleration": "acceleration",
    "root_acceleration": "acceleration",
    "angular_velocity": "angular_velocity",
}


class Features(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Store these arrays; the last stage of a recipe.

    Parameters
    ----------
    arrays
        Names of features.
    missing
        What a marker that is not visible is stored as, on each axis; 0 is the origin, that of the local frame if there
        is one.
    by
        Whether ``rotations_6d`` are the first two ``"columns"`` or the first two ``"rows"`` of matrices.
    """

    name: ClassVar[str] = "features"

    arrays: tuple[str, ...] = DEFAULT
    missing: float = 0.0
    by: Literal["columns", "rows"] = "columns"

    @property
    def modalities(self) -> tuple[str, ...]:
        """Which modality of a take it stores something of."""
        return tuple(dict.fromkeys(KNOWN[array] for array in self.arrays))

    @property
    def of_rotations(self) -> tuple[str, ...]:  # type: ignore[override]
        """What of it cannot be without rotations of joints."""
        return tuple(array for array in self.arrays if array in ROTATIONS)

    @property
    def of_lengths(self) -> tuple[str, ...]:  # type: ignore[override]
        """What of it cannot be without lengths of bones."""
        return tuple(array for array in self.arrays if array == "positions")

    @property
    def later(self) -> tuple[str, ...]:  # type: ignore[override]
        """Fields that came later; shards with six numbers of a rotation, which now say ``by``, are made anew once."""
        return () if any(KINDS[array].form == "6d" for array in self.arrays) else ("by",)

    def form(self, feature: str) -> str:
        """Return the form of a feature's numbers, as it is stored where no stage makes it in another one."""
        form = KINDS[feature].form
        return "6d_rows" if form == "6d" and self.by == "rows" else form

    def __post_init__(self) -> None:
        if not self.arrays:
            raise ValueError("arrays is empty; name at least one feature")
        for array in self.arrays:
            if array not in KNOWN:
                raise ValueError(f"there is no feature {array!r}; there are {', '.join(KNOWN)}")
        if len(set(self.arrays)) != len(self.arrays):
            raise ValueError("arrays names a feature twice")
        if self.by not in SIX_BY:
            raise ValueError(f"by is {self.by!r}; it is one of {', '.join(SIX_BY)}")
        if not isfinite(self.missing):
            raise ValueError(f"missing is {self.missing}; expected a finite number")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take as it is: what is stored is read off it afterwards."""
        return take
