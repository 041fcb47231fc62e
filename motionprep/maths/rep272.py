"""The 272 numbers that need no inverse kinematics, and back to places and rotations.

After ``representation_272.py`` of Xiao et al., "MotionStreamer: Streaming Motion Generation via Diffusion-based
Autoregressive Model in Causal Latent Space", 2025. Joints are those of ``smpl-22`` in metres, y is up, and there are 30
frames a second. A *turn* is the angle in radians about y that turns the root so that its z axis points along z.
"""

from __future__ import annotations

import numpy as np

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.feature_kinds import BLOCKS

JOINTS = 22
#: Where heading, places, velocities and rotations begin.
_HEADING, _PLACES, _VELOCITIES, _TURNS = np.cumsum(BLOCKS["rep272"])[:4].tolist()


def turns(matrices: Floats) -> Floats:
    """Return the turn (F,) of each frame from the rotation (F, 3, 3) of the root."""
    return np.asarray(-np.arctan2(matrices[:, 0, 2], matrices[:, 2, 2]))


def vectors(positions: Floats, matrices: Floats) -> Floats:
    """Return the 272 numbers (F, 272) of a motion.

    Parameters
    ----------
    positions
        (F, 22, 3), the root above the origin in the first frame.
    matrices
        (F, 22, 3, 3), local rotations, the root's in the world.
    """
    frames = len(positions)
    found = turns(matrices[:, 0])
    heading = rotations.from_euler(found[:, None], [1])
    out = np.zeros((frames, sum(BLOCKS["rep272"])))
    way = (heading[:-1] @ np.diff(positions[:, 0], axis=0)[..., None])[..., 0]
    out[1:, :_HEADING] = way[:, ::2]
    out[0, _HEADING:_PLACES] = rotations.to_6d(np.eye(3), "rows")
    out[1:, _HEADING:_PLACES] = rotations.to_6d(rotations.from_euler(np.diff(found)[:, None], [1]), "rows")
    below = positions - positions[:, :1] * [1, 0, 1]
    places = below @ np.swapaxes(heading, -1, -2)
    out[:, _PLACES:_VELOCITIES] = places.reshape(frames, -1)
    out[1:, _VELOCITIES:_TURNS] = np.diff(places, axis=0).reshape(frames - 1, -1)
    out[:, _TURNS:] = rotations.to_6d(matrices, "rows").reshape(frames, -1)
    out[:, _TURNS : _TURNS + 6] = rotations.to_6d(heading @ matrices[:, 0], "rows")
    return out


def positions(found: Floats, turn: float = 0.0, start: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """Return the places (F, 22, 3) that vectors (F, 272) lead to.

    Parameters
    ----------
    found
        Of a motion, or of a network.
    turn, start
        Of the first frame: the turn, and x and z of the root. All are 0 in the first frame of a motion.
    """
    heading, root = root_path(found, turn, start)
    places = found[:, _PLACES:_VELOCITIES].reshape(len(found), JOINTS, 3) @ heading
    return places + root[:, None]


def local_rotations(found: Floats, turn: float = 0.0) -> Floats:
    """Return the local rotations (F, 22, 3, 3), the root's in the world, that vectors (F, 272) lead to."""
    heading, _ = root_path(found, turn)
    matrices = rotations.from_6d(found[:, _TURNS:].reshape(len(found), JOINTS, 6), "rows")
    matrices[:, 0] = np.swapaxes(heading, -1, -2) @ matrices[:, 0]
    return matrices


def root_path(found: Floats, turn: float = 0.0, start: tuple[float, float] = (0.0, 0.0)) -> tuple[Floats, Floats]:
    """Return the rotation to each heading (F, 3, 3), and x, 0 and z of the root (F, 3); arguments as above.

    The first row's own velocities, which lead to it, count for nothing.
    """
    six = rotations.from_6d(found[:, _HEADING:_PLACES], "rows")
    # What a network predicts need not turn about y alone; its turn about y is added up.
    steps = np.arctan2(six[:, 0, 2], six[:, 2, 2])
    steps[0] = turn
    heading = rotations.from_euler(np.cumsum(steps)[:, None], [1])
    way = np.zeros((len(found), 3))
    way[:, ::2] = found[:, :_HEADING]
    way[1:] = (way[1:, None] @ heading[:-1])[:, 0]
    way[0] = start[0], 0.0, start[1]
    return heading, np.cumsum(way, axis=0)
