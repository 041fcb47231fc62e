"""The 263 numbers of HumanML3D: from places of 22 joints to vectors, and from vectors back to places.

After ``motion_representation.ipynb`` of Guo et al., "Generating Diverse and Natural 3D Human Motions from Text", 2022.
Joints are those of ``smpl-22`` in metres, y is up, and there are 20 frames a second. A *turn* is the angle in radians
about y that turns a body so that it faces z.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motionprep.maths import body22
from motionprep.maths.contacts import DISPLACEMENTS
from motionprep.motion.arrays import Floats, contiguous
from motionprep.motion.feature_kinds import BLOCKS

JOINTS = 22
#: Left hip, right hip, left shoulder, right shoulder.
_ACROSS = (1, 2, 16, 17)
#: Left ankle and toe, right ankle and toe.
_FEET = np.array([7, 10, 8, 11])
#: The direction of the bone that ends at each joint in the published rest pose.
_REST = np.array(
    [
        *([0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0], [0, 1, 0], [0, -1, 0], [0, -1, 0]),
        *([0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 1, 0], [1, 0, 0], [-1, 0, 0], [0, 0, 1]),
        *([0, -1, 0] for _ in range(6)),
    ],
    dtype=np.float64,
)
#: Where each joint's bone begins.
_PARENTS = np.array([-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9, 12, 13, 14, 16, 17, 18, 19])
#: The joint to whose bone each bone's rotation is relative; legs, spine and both arms begin anew at the root.
_ABOVE = np.array([-1, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0, 12, 13, 14, 16, 17, 18, 19])
#: Frames of the deviation of the bell by which headings are smoothed.
_SIGMA = 20.0
#: Where places, rotations, velocities and contacts begin.
_PLACES, _TURNS, _VELOCITIES, _CONTACTS = np.cumsum(BLOCKS["humanml3d"])[2:6].tolist()


def standing(positions: Floats, *, smooth: bool) -> tuple[Floats, Floats]:
    """Return origin (3,) and axes (3, 3) in which a body begins above the origin, on the floor, and faces z.

    Parameters
    ----------
    positions
        (F, 22, 3).
    smooth
        Whether the heading of the first frame is that after smoothing; it is not as published.

    Raises
    ------
    ValueError
        If the body does not face any way in the first frame.
    """
    return body22.standing(positions, turns(positions if smooth else positions[:1], reverse_hips=False)[:1])


def turns(positions: Floats, *, reverse_hips: bool) -> Floats:
    """Return the turn (F,) of each frame, smoothed over the frames as the published inverse kinematics does.

    Parameters
    ----------
    positions
        (F, 22, 3).
    reverse_hips
        Whether the way across the hips counts against that across the shoulders, as it does where the published code
        takes right for left.

    Raises
    ------
    ValueError
        If a frame says no way that the body faces.
    """
    from scipy.ndimage import gaussian_filter1d

    smooth = gaussian_filter1d(_forward(positions, reverse_hips=reverse_hips), _SIGMA, axis=0, mode="nearest")
    lost = ~(np.hypot(smooth[:, 0], smooth[:, 1]) > 0)
    if lost.any():
        raise ValueError(f"frame {int(lost.argmax())} does not say which way the body faces")
    return np.asarray(-np.arctan2(smooth[:, 0], smooth[:, 1]))


def vectors(positions: Floats, matrices: Floats | None = None) -> Floats:
    """Return the 263 numbers (F - 1, 263) of F frames.

    Parameters
    ----------
    positions
        (F, 22, 3), a body that stands as :func:`standing` says.
    matrices
        (F, 22, 3, 3), local rotations of the joints. The published inverse kinematics if None, which finds rotations of
        bones from places, and has its quirks: across the hips it takes right for left; the first frame's turn is 0,
        whatever the second one's is; legs, spine and arms begin at the root, whose rotation is that *to* the heading;
        and where the heading goes through straight back, the yaw velocity of one frame has the other sign.

    Raises
    ------
    ValueError
        As :func:`turns`, or if there are fewer than two frames.
    """
    if len(positions) < 2:
        raise ValueError("there is one frame; vectors lead from one to the next")
    found = turns(positions, reverse_hips=matrices is None)
    found[0] = 0.0
    half = 0.5 * np.diff(found)
    if matrices is not None:
        half = np.remainder(half + 0.5 * np.pi, np.pi) - 0.5 * np.pi
    out = np.empty((len(positions) - 1, sum(BLOCKS["humanml3d"])))
    out[:, 0] = np.arcsin(np.sin(half))
    _fill(contiguous(positions), found, _FEET, DISPLACEMENTS["humanml3d"], out)
    if matrices is None:
        _bones(contiguous(positions), found, _PARENTS, _ABOVE, _REST, out)
    else:
        columns = np.swapaxes(matrices[:-1, 1:, :, :2], -1, -2)
        out[:, _TURNS:_VELOCITIES] = columns.reshape(len(out), -1)
    return out


def positions(found: Floats, turn: float = 0.0, start: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """Return the places (F, 22, 3) that vectors (F, 263) lead to.

    Parameters
    ----------
    found
        Of a motion, or of a network.
    turn, start
        Of the first frame: the turn, and x and z of the root. All are 0 in the first frame of a motion.
    """
    angle, root = root_path(found, turn, start)
    places = found[:, _PLACES:_TURNS].reshape(len(found), JOINTS - 1, 3)
    out = np.empty((len(found), JOINTS, 3))
    out[:, 0] = root
    sine, cosine = np.sin(angle)[:, None], np.cos(angle)[:, None]
    out[:, 1:, 0] = cosine * places[..., 0] - sine * places[..., 2] + root[:, None, 0]
    out[:, 1:, 1] = places[..., 1]
    out[:, 1:, 2] = sine * places[..., 0] + cosine * places[..., 2] + root[:, None, 2]
    return out


def root_path(found: Floats, turn: float = 0.0, start: tuple[float, float] = (0.0, 0.0)) -> tuple[Floats, Floats]:
    """Return turn (F,) and place of the root (F, 3) in each frame; arguments as for :func:`positions`."""
    angle = turn + 2 * np.concatenate([[0.0], np.cumsum(found[:-1, 0])])
    # A step is expressed in the heading of the frame that it leads to.
    sine, cosine = np.sin(angle[1:]), np.cos(angle[1:])
    x, z = found[:-1, 1], found[:-1, 2]
    root = np.empty((len(found), 3))
    root[0, ::2] = start
    root[1:, 0] = start[0] + np.cumsum(cosine * x - sine * z)
    root[1:, 1] = found[1:, 3]
    root[0, 1] = found[0, 3]
    root[1:, 2] = start[1] + np.cumsum(sine * x + cosine * z)
    return angle, root


def _forward(positions: Floats, *, reverse_hips: bool) -> Floats:
    """Return x and z (F, 2) of the direction in which the body faces, shorter where it is not upright."""
    left_hip, right_hip, left_shoulder, right_shoulder = (positions[:, joint] for joint in _ACROSS)
    hips = right_hip - left_hip
    across = right_shoulder - left_shoulder + (-hips if reverse_hips else hips)
    length = np.linalg.norm(across, axis=1, keepdims=True)
    across = np.divide(across, length, out=np.zeros_like(across), where=length > 0)
    # Forward is up x right.
    return np.stack([across[:, 2], -across[:, 0]], axis=1)


@njit(cache=True, nogil=True)
def _fill(positions: Floats, turns: Floats, feet: NDArray[np.int64], most: float, out: Floats) -> None:
    """Set all but yaw velocity and rotations of vectors (F - 1, 263) from places (F, 22, 3) and turns (F,)."""
    joints = positions.shape[1]
    places, velocities = 4, 4 + 9 * (joints - 1)
    contacts = velocities + 3 * joints
    for frame in range(out.shape[0]):
        here, there, row = positions[frame], positions[frame + 1], out[frame]
        sine, cosine = np.sin(turns[frame]), np.cos(turns[frame])
        after_sine, after_cosine = np.sin(turns[frame + 1]), np.cos(turns[frame + 1])
        x, z = there[0, 0] - here[0, 0], there[0, 2] - here[0, 2]
        row[1] = after_cosine * x + after_sine * z
        row[2] = after_cosine * z - after_sine * x
        row[3] = here[0, 1]
        for joint in range(joints):
            if joint:
                x, z = here[joint, 0] - here[0, 0], here[joint, 2] - here[0, 2]
                at = places + 3 * (joint - 1)
                row[at] = cosine * x + sine * z
                row[at + 1] = here[joint, 1]
                row[at + 2] = cosine * z - sine * x
            x, z = there[joint, 0] - here[joint, 0], there[joint, 2] - here[joint, 2]
            at = velocities + 3 * joint
            row[at] = cosine * x + sine * z
            row[at + 1] = there[joint, 1] - here[joint, 1]
            row[at + 2] = cosine * z - sine * x
        for foot in range(feet.size):
            square = 0.0
            for axis in range(3):
                way = there[feet[foot], axis] - here[feet[foot], axis]
                square += way * way
            row[contacts + foot] = 1.0 if square < most else 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def _bones(
    positions: Floats,
    turns: Floats,
    parents: NDArray[np.int64],
    above: NDArray[np.int64],
    rest: Floats,
    out: Floats,
) -> None:
    """Set the rotations of vectors (F - 1, 263): of each bone, from its rest direction, relative to the one above."""
    joints = positions.shape[1]
    first = 4 + 3 * (joints - 1)
    world = np.empty((joints, 4))
    for frame in range(out.shape[0]):
        here = positions[frame]
        world[0, 0], world[0, 1] = np.cos(0.5 * turns[frame]), 0.0
        world[0, 2], world[0, 3] = np.sin(0.5 * turns[frame]), 0.0
        for joint in range(1, joints):
            parent, up = parents[joint], above[joint]
            x = here[joint, 0] - here[parent, 0]
            y = here[joint, 1] - here[parent, 1]
            z = here[joint, 2] - here[parent, 2]
            length = np.sqrt(x * x + y * y + z * z)
            if length > 0:
                x, y, z = x / length, y / length, z / length
            a, b, c = rest[joint, 0], rest[joint, 1], rest[joint, 2]
            # The shortest rotation from the rest direction to the bone's.
            w = 1.0 + a * x + b * y + c * z
            i, j, k = b * z - c * y, c * x - a * z, a * y - b * x
            size = np.sqrt(w * w + i * i + j * j + k * k)
            if size > 1e-12:
                w, i, j, k = w / size, i / size, j / size, k / size
            else:
                # Straight back: half a turn about any axis across the bone.
                w, i, j, k = 0.0, b, c, a
            world[joint, 0], world[joint, 1], world[joint, 2], world[joint, 3] = w, i, j, k
            p, q, r, s = world[up, 0], -world[up, 1], -world[up, 2], -world[up, 3]
            lw = p * w - q * i - r * j - s * k
            li = p * i + q * w + r * k - s * j
            lj = p * j - q * k + r * w + s * i
            lk = p * k + q * j - r * i + s * w
            at = first + 6 * (joint - 1)
            out[frame, at] = 1 - 2 * (lj * lj + lk * lk)
            out[frame, at + 1] = 2 * (li * lj + lw * lk)
            out[frame, at + 2] = 2 * (li * lk - lw * lj)
            out[frame, at + 3] = 2 * (li * lj - lw * lk)
            out[frame, at + 4] = 1 - 2 * (li * li + lk * lk)
            out[frame, at + 5] = 2 * (lj * lk + lw * li)
