"""What representations of whole motions stand for: the way back from each of them to places in the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from motionprep.dataset.motion import StoredMotion
    from motionprep.motion.step import Step

    Rows = np.ndarray[Any, Any]
    #: From rows (F, ...) of a motion, the first of them at one of its frames, and the steps that the motion went
    #: through, to what they stand for in the world of the files.
    Back = Callable[[StoredMotion, Rows, int, Sequence[Step]], Rows]


def _humanml3d(motion: StoredMotion, rows: Rows, first: int, steps: Sequence[Step]) -> Rows:
    """Return the places (F, 22, 3) of the joints of ``smpl-22``."""
    from motionprep.maths import humanml3d

    turn, root = 0.0, (0.0, 0.0)
    if first:
        turns, places = humanml3d.root_path(motion.unnormalized("humanml3d")[: first + 1].astype(float))
        turn, root = float(turns[-1]), (float(places[-1, 0]), float(places[-1, 2]))
    return _points_back(humanml3d.positions(rows, turn, root), steps)


def _rep272(motion: StoredMotion, rows: Rows, first: int, steps: Sequence[Step]) -> Rows:
    """Return the places (F, 22, 3) of the joints of ``smpl-22``."""
    import numpy as np

    from motionprep.maths import rep272

    turn, root = 0.0, (0.0, 0.0)
    if first:
        headings, places = rep272.root_path(motion.unnormalized("rep272")[: first + 1].astype(float))
        turn = float(np.arctan2(headings[-1, 0, 2], headings[-1, 2, 2]))
        root = float(places[-1, 0]), float(places[-1, 2])
    return _points_back(rep272.positions(rows, turn, root), steps)


def _points_back(places: Rows, steps: Sequence[Step]) -> Rows:
    """Return places (F, 22, 3) as they were before all steps."""
    from motionprep.maths import spaces

    for step in reversed(steps):
        if "joints" in step.on:
            places = spaces.points_back(places, step)
            if step.swap:
                places = places[:, _MIRRORED]
    return places


#: The joint of ``smpl-22`` whose place each takes where left and right are exchanged.
_MIRRORED = [0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20]
#: The way back of each representation.
BACK: Mapping[str, Back] = {"humanml3d": _humanml3d, "rep272": _rep272}
