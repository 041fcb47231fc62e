"""What representations of whole motions stand for: the way back from each of them to places in the world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from motionprep.motion.feature_kinds import KINDS
from motionprep.stages.root_motion import RootMotion

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


def _root_motion(motion: StoredMotion, rows: Rows, first: int, steps: Sequence[Step]) -> Rows:
    """Return the places (F, 3) of the root."""
    from motionprep.maths import root_motion

    stage = next(stage for stage in motion.stages if isinstance(stage, RootMotion))
    up = "xyz".index(stage.up)
    start = float(motion.facts["root_first"]), float(motion.facts["root_second"])
    heading = float(motion.facts["root_heading"])
    if first:
        before = motion.unnormalized("root_motion")[: first + 1].astype(float)
        places, headings = root_motion.places(before, up, motion.rate, start, heading)
        start = float(places[-1, (up + 1) % 3]), float(places[-1, (up + 2) % 3])
        heading = float(headings[-1])
    places, _ = root_motion.places(rows, up, motion.rate, start, heading)
    return _points_back(places[:, None], steps, exchanged=False)[:, 0]


def _smpl(motion: StoredMotion, rows: Rows, first: int, steps: Sequence[Step]) -> Rows:
    """Return pose and place of the pelvis (F, 75)."""
    import numpy as np

    from motionprep.maths import coordinates, spaces
    from motionprep.motion import rotations

    matrices = rotations.from_axis_angle(rows[:, :72].reshape(len(rows), -1, 3))
    for step in reversed(steps):
        back = replace(spaces.inverse(step), swap=())
        matrices = coordinates.change(matrices, KINDS["rotations"], back)
        if step.swap:
            matrices = matrices[:, [*_MIRRORED, 23, 22]]
    places = _points_back(rows[:, None, 72:], steps, exchanged=False)[:, 0]
    return np.concatenate([rotations.to_axis_angle(matrices).reshape(len(rows), -1), places], axis=1)


def _points_back(places: Rows, steps: Sequence[Step], *, exchanged: bool = True) -> Rows:
    """Return places (F, 22, 3) as they were before all steps, left and right exchanged where they were."""
    from motionprep.maths import spaces

    for step in reversed(steps):
        if "joints" in step.on:
            places = spaces.points_back(places, step)
            if step.swap and exchanged:
                places = places[:, _MIRRORED]
    return places


#: The joint of ``smpl-22`` whose place each takes where left and right are exchanged.
_MIRRORED = [0, 2, 1, 3, 5, 4, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15, 17, 16, 19, 18, 21, 20]
#: The way back of each representation.
BACK: Mapping[str, Back] = {"humanml3d": _humanml3d, "rep272": _rep272, "root_motion": _root_motion, "smpl": _smpl}
