"""Hand out or store features by their mean and standard deviation over train."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

from motionprep.stages.base import Dropped, Stage

if TYPE_CHECKING:
    import numpy as np

    from motionprep.motion.take import Take


class Normalize(Stage, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Say that features are read with mean 0 and standard deviation 1 over the frames of train, number by number.

    What is stored stays as it is: statistics of train are known when all is built, so this is done on reading, by
    ``StoredMotion``, and no shard is made anew for it. With ``stored`` the normalized numbers
    are stored, for programs that know only Zarr. A number that never changes in train only has its mean taken off; a
    marker that is not visible is taken for what ``missing`` of ``features`` says.

    Parameters
    ----------
    arrays
        Which features; all but masks and ``markers_seen``, which holds one, if empty.
    stored
        Whether normalized numbers are stored. Motions for which train has no statistics, having none with the same
        joints or markers, are then left out of the dataset.
    by
        ``"number"``: each number has its own standard deviation. ``"block"``: those of a block have one, the mean of
        theirs, as HumanML3D's ``cal_mean_variance.ipynb`` has it: root, places, rotations, velocities and contacts of
        ``humanml3d`` and so on, which docs/representations.md lists. Any other feature is one block.
    """

    name: ClassVar[str] = "normalize"
    later: ClassVar[tuple[str, ...]] = ("by",)
    on_reading: ClassVar[bool] = True

    arrays: tuple[str, ...] = ()
    stored: bool = False
    by: Literal["number", "block"] = "number"

    def __post_init__(self) -> None:
        if self.splits:
            raise ValueError("splits is given; all splits are normalized alike, by what train is")
        if self.by not in ("number", "block"):
            raise ValueError(f"by is {self.by!r}; it is 'number' or 'block'")
        if len(set(self.arrays)) != len(self.arrays):
            raise ValueError("arrays names a feature twice")

    def apply(self, take: Take, rng: np.random.Generator) -> Take | Dropped:
        """Return the take as it is."""
        return take
