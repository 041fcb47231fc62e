"""From channels to world positions, matrices and quaternions in one pass over the frames.

Forward kinematics is the textbook line: a joint's world rotation is its parent's times its own, and its place is its
parent's place plus the parent's world rotation times its translation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol, Self

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motionprep.motion import rotations
from motionprep.motion.arrays import Floats, contiguous
from motionprep.motion.simd import LANES, alike, load, store
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, Skeleton

#: Shape of a feature after the frame axis; J joints, N nodes.
FEATURES: Mapping[str, tuple[str | int, ...]] = {
    "positions": ("N", 3),
    "rotations": ("J", 3, 3),
    "quaternions": ("J", 4),
    "root_position": (3,),
    "global_rotations": ("J", 3, 3),
    "rotations_6d": ("J", 6),
}

_MOST_DEGREES = 1e9

# What the kernels solve for, in the order in which they take it.
_SOLVED = ("positions", "root_position", "rotations", "quaternions", "global_rotations")


@dataclass(frozen=True)
class ChannelColumns:
    """A skeleton as arrays: what the kernels read.

    ``turns`` (T, 3): joint, axis and column of each rotation channel, joint by joint. ``moves`` (P, 3): the same of
    position channels.
    """

    parents: NDArray[np.int64]
    offsets: Floats
    turns: NDArray[np.int64]
    moves: NDArray[np.int64]


@lru_cache(maxsize=512)
def channel_columns(skeleton: Skeleton) -> ChannelColumns:
    """Return a skeleton as arrays, made once."""
    turns, moves = [], []
    column = 0
    for joint, names in enumerate(skeleton.channels):
        for name in names:
            if name in ROTATION_CHANNELS:
                turns.append((joint, ROTATION_CHANNELS.index(name), column))
            else:
                moves.append((joint, POSITION_CHANNELS.index(name), column))
            column += 1
    return ChannelColumns(
        parents=np.array(skeleton.node_parents, dtype=np.int64),
        offsets=skeleton.node_offsets,
        turns=np.array(turns, dtype=np.int64).reshape(-1, 3),
        moves=np.array(moves, dtype=np.int64).reshape(-1, 3),
    )


def shape(feature: str, skeleton: Skeleton) -> tuple[int, ...]:
    """Return the shape of one frame of a feature."""
    sizes = {"J": len(skeleton.joints), "N": len(skeleton.nodes)}
    return tuple(sizes[size] if isinstance(size, str) else size for size in FEATURES[feature])


class Solvable(Protocol):
    """A motion in either form, channels or rotations with translations."""

    @property
    def skeleton(self) -> Skeleton:
        """Joints and End Sites."""

    @property
    def frames(self) -> int:
        """How many frames there are."""

    def at(self, frames: range) -> Self:
        """Return the frames ``frames`` names."""

    def solve(self, out: Mapping[str, NDArray[Any]], previous: Floats) -> None:
        """Fill arrays (F, ...), by feature; ``previous`` (J, 4) holds the last quaternions, and is set to new ones."""


class Solver:
    """Computes features of a motion from its first frame to its last, some frames at a time.

    Parameters
    ----------
    motion
        F frames of J joints and N nodes.
    names
        Of :data:`FEATURES`: ``positions`` (F, N, 3) in the world; ``rotations`` (F, J, 3, 3) to the parent's frame and
        ``global_rotations`` to the world; ``quaternions`` (F, J, 4) and ``rotations_6d`` (F, J, 6) of ``rotations``;
        ``root_position`` (F, 3).

    by
        Whether ``rotations_6d`` are the first two ``"columns"`` or ``"rows"`` of matrices.

    Raises
    ------
    KeyError
        If a name is not known.
    """

    def __init__(self, motion: Solvable, names: Iterable[str], by: str = "columns") -> None:
        self.shapes = {name: shape(name, motion.skeleton) for name in names}
        self.at = 0
        self._motion = motion
        self._by = by
        # The last quaternions, whose signs the next ones follow.
        self._previous = np.zeros((len(motion.skeleton.joints), 4))
        self._previous[:, 0] = 1.0

    def fill(self, out: Mapping[str, NDArray[Any]]) -> None:
        """Fill arrays (K, ...), one a feature, with the next K frames; of either float type, computed in float64."""
        count = len(next(iter(out.values())))
        whole = count == self._motion.frames
        some = self._motion if whole else self._motion.at(range(self.at, self.at + count))
        self.at += count
        out = {**out}
        if "rotations_6d" in out and "rotations" not in out:
            out["rotations"] = np.empty((count, *shape("rotations", some.skeleton)), out["rotations_6d"].dtype)
        some.solve(out, self._previous)
        if "rotations_6d" in out:
            out["rotations_6d"][:] = rotations.to_6d(out["rotations"], self._by)


def solve_channels(skeleton: Skeleton, channels: Floats, out: Mapping[str, NDArray[Any]], previous: Floats) -> None:
    """Fill features from channels (F, C), as :meth:`Solvable.solve` describes."""
    columns = channel_columns(skeleton)
    arrays = [_rows(out, name) for name in _SOLVED]
    _solve_channels(
        contiguous(channels), columns.turns, columns.moves, columns.parents, columns.offsets, previous, *arrays
    )


def solve_poses(
    skeleton: Skeleton, translations: Floats, matrices: Floats, out: Mapping[str, NDArray[Any]], previous: Floats
) -> None:
    """Fill features from translations (F, J, 3) and matrices (F, J, 3, 3), as :meth:`Solvable.solve` describes."""
    joints = len(skeleton.joints)
    columns = channel_columns(skeleton)
    if "positions" in out or "global_rotations" in out:
        _solve_poses(
            contiguous(translations),
            contiguous(matrices).reshape(-1, joints, 9),
            columns.parents,
            columns.offsets,
            _rows(out, "positions"),
            _rows(out, "global_rotations"),
        )
    if "rotations" in out:
        out["rotations"][:] = matrices
    if "quaternions" in out:
        _to_quaternions(contiguous(matrices).reshape(-1, joints, 9), previous, _rows(out, "quaternions"))
    if "root_position" in out:
        out["root_position"][:] = translations[:, 0]


def features(
    motion: Solvable,
    names: Iterable[str],
    dtype: type[np.float32] | type[np.float64] = np.float64,
) -> dict[str, NDArray[Any]]:
    """Return named arrays (F, ...) of all frames, as :class:`Solver` computes them.

    Raises
    ------
    KeyError
        If a name is not known.
    """
    solver = Solver(motion, dict.fromkeys(names))
    out = _empty({name: (motion.frames, *sizes) for name, sizes in solver.shapes.items()}, dtype)
    if out:
        solver.fill(out)
    return out


def _empty(
    shapes: Mapping[str, tuple[int, ...]], dtype: type[np.float32] | type[np.float64]
) -> dict[str, NDArray[Any]]:
    """Return arrays in one piece of memory, which the system hands out faster than several."""
    ends = np.cumsum([0, *(math.prod(sizes) for sizes in shapes.values())])
    block = np.empty(ends[-1], dtype)
    return {
        name: block[start:stop].reshape(sizes)
        for (name, sizes), (start, stop) in zip(shapes.items(), pairwise(ends), strict=True)
    }


def _rows(out: Mapping[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """Return a feature as (F, A, B), the form that the kernels fill; without frames if it is not wanted."""
    if name not in out:
        return np.empty((0, 1, 1), next(iter(out.values())).dtype if out else np.float64)
    array = out[name]
    rows = array.shape[1] if array.ndim > 2 else 1
    return array.reshape(len(array), rows, math.prod(array.shape[1:]) // rows)


@njit(cache=True, nogil=True, error_model="numpy")
def _fold(angles: Floats) -> None:
    """Take whole turns, of the halves too, off angles so large that their own rounding is coarser than a degree's."""
    largest = 0.0
    for k in range(angles.size):
        largest = max(largest, abs(angles[k]))
    if largest > _MOST_DEGREES:
        for k in range(angles.size):
            angles[k] = angles[k] % 720.0


@njit(cache=True, nogil=True, error_model="numpy")
def _half_angles(angles: Floats, sines: Floats, cosines: Floats) -> None:
    """Set the sines and cosines of half of each angle in degrees.

    Reducing degrees by multiples of 90 is exact, so the only roundings are those of the polynomials: fdlibm's for
    -pi/4 to pi/4. Without calls or branches the loop runs several angles wide, and gives the same bits on any machine.
    """
    for k in range(angles.size):
        half = 0.5 * angles[k]
        turn = np.rint(half * (1 / 90))
        x = (half - 90 * turn) * (np.pi / 180)
        z = x * x
        p = 1.58969099521155010221e-10
        p = p * z - 2.50507602534068634195e-08
        p = p * z + 2.75573137070700676789e-06
        p = p * z - 1.98412698298579493134e-04
        p = p * z + 8.33333333332248946124e-03
        p = p * z - 1.66666666666666324348e-01
        sine = x + x * (z * p)
        p = -1.13596475577881948265e-11
        p = p * z + 2.08757232129817482790e-09
        p = p * z - 2.75573143513906633035e-07
        p = p * z + 2.48015872894767294178e-05
        p = p * z - 1.38888888888741095749e-03
        p = p * z + 4.16666666666666019037e-02
        cosine = 1 - (0.5 * z - z * (z * p))
        quadrant = turn - 4 * np.floor(0.25 * turn)
        odd = (quadrant == 1) | (quadrant == 3)
        s = cosine if odd else sine
        c = sine if odd else cosine
        sines[k] = -s if quadrant >= 2 else s
        cosines[k] = -c if (quadrant == 1) | (quadrant == 2) else c


@njit(cache=True, nogil=True)
def _compose(turns: NDArray[np.int64], sines: Floats, cosines: Floats, quaternions: Floats) -> None:
    """Set quaternions (J, 4, L) to the product of their joints' turns, in order; turns stand joint by joint."""
    k = 0
    for joint in range(quaternions.shape[0]):
        w, x, y, z = alike(1.0), alike(0.0), alike(0.0), alike(0.0)
        while k < turns.shape[0] and turns[k, 0] == joint:
            s, c = load(sines, turns[k, 2]), load(cosines, turns[k, 2])
            axis = turns[k, 1]
            if axis == 0:
                w, x, y, z = w * c - x * s, x * c + w * s, y * c + z * s, z * c - y * s
            elif axis == 1:
                w, x, y, z = w * c - y * s, x * c - z * s, y * c + w * s, z * c + x * s
            else:
                w, x, y, z = w * c - z * s, x * c + y * s, y * c - x * s, z * c + w * s
            k += 1
        row = 4 * joint
        store(quaternions, row, w)
        store(quaternions, row + 1, x)
        store(quaternions, row + 2, y)
        store(quaternions, row + 3, z)


@njit(cache=True, nogil=True)
def _to_matrices(quaternions: Floats, matrices: Floats) -> None:
    """Set matrices (J, 9, L) of unit quaternions (J, 4, L)."""
    for joint in range(quaternions.shape[0]):
        q, m = 4 * joint, 9 * joint
        w, x, y, z = load(quaternions, q), load(quaternions, q + 1), load(quaternions, q + 2), load(quaternions, q + 3)
        store(matrices, m, 1.0 - 2.0 * (y * y + z * z))
        store(matrices, m + 1, 2.0 * (x * y - w * z))
        store(matrices, m + 2, 2.0 * (x * z + w * y))
        store(matrices, m + 3, 2.0 * (x * y + w * z))
        store(matrices, m + 4, 1.0 - 2.0 * (x * x + z * z))
        store(matrices, m + 5, 2.0 * (y * z - w * x))
        store(matrices, m + 6, 2.0 * (x * z - w * y))
        store(matrices, m + 7, 2.0 * (y * z + w * x))
        store(matrices, m + 8, 1.0 - 2.0 * (x * x + y * y))


@njit(cache=True, nogil=True)
def _steady(quaternions: Floats, previous: Floats, count: int) -> None:
    """Choose the signs of quaternions (J, 4, L), frame after frame; ``previous`` (J, 4) is read and set."""
    for joint in range(quaternions.shape[0]):
        q, p = quaternions[joint], previous[joint]
        for lane in range(count):
            near = q[0, lane] * p[0] + q[1, lane] * p[1] + q[2, lane] * p[2] + q[3, lane] * p[3]
            sign = -1.0 if near < 0 else 1.0
            for i in range(4):
                # Minus zero would be other bytes for the same rotation.
                q[i, lane] = p[i] = sign * q[i, lane] + 0.0


@njit(cache=True, nogil=True)
def _place(parents: NDArray[np.int64], steps: Floats, local: Floats, world: Floats, places: Floats) -> None:
    """Set world rotations (J, 9, L) and places (N, 3, L) from translations (N, 3, L) and local rotations (J, 9, L)."""
    joints = local.shape[0]
    for node in range(parents.size):
        parent = parents[node]
        if parent < 0:
            # Number by number: to assign slices compiles words for shapes that differ, for two seconds and a half.
            for axis in range(3):
                store(places, 3 * node + axis, load(steps, 3 * node + axis))
            for m in range(9 * node, 9 * node + 9):
                store(world, m, load(local, m))
            continue
        at, above = 3 * node, 3 * parent
        x, y, z = load(steps, at), load(steps, at + 1), load(steps, at + 2)
        for axis in range(3):
            row = 9 * parent + 3 * axis
            a, b, c = load(world, row), load(world, row + 1), load(world, row + 2)
            store(places, at + axis, load(places, above + axis) + a * x + b * y + c * z)
            if node < joints:
                m = 9 * node
                for column in range(3):
                    turned = a * load(local, m + column) + b * load(local, m + 3 + column)
                    store(world, m + 3 * axis + column, turned + c * load(local, m + 6 + column))


@njit(cache=True, nogil=True)
def _store(first: int, count: int, lanes: Floats, out: NDArray[Any]) -> None:
    """Copy lanes (A, B, L) to frames ``first`` to ``first + count`` of an array (F, A, B), if it has frames."""
    if not out.size:
        return
    for lane in range(count):
        frame = out[first + lane]
        for a in range(lanes.shape[0]):
            for b in range(lanes.shape[1]):
                frame[a, b] = lanes[a, b, lane]


@njit(cache=True, nogil=True, error_model="numpy")
def _solve_channels(
    channels: Floats,
    turns: NDArray[np.int64],
    moves: NDArray[np.int64],
    parents: NDArray[np.int64],
    offsets: Floats,
    previous: Floats,
    positions: NDArray[Any],
    root_position: NDArray[Any],
    rotations: NDArray[Any],
    quaternions: NDArray[Any],
    global_rotations: NDArray[Any],
) -> None:
    """Fill the wanted features (F, A, B), a few frames side by side; ``previous`` (J, 4) is read and set."""
    frames, width = channels.shape
    nodes, joints = parents.size, previous.shape[0]
    angles, sines, cosines = np.empty((width, LANES)), np.empty((width, LANES)), np.empty((width, LANES))
    local, world = np.empty((joints, 9, LANES)), np.empty((joints, 9, LANES))
    quaternion, places = np.empty((joints, 4, LANES)), np.empty((nodes, 3, LANES))
    steps = np.empty((nodes, 3, LANES))
    for node in range(nodes):
        for axis in range(3):
            steps[node, axis] = offsets[node, axis]
    for first in range(0, frames, LANES):
        count = min(LANES, frames - first)
        for lane in range(LANES):
            frame = min(first + lane, frames - 1)
            for k in range(width):
                angles[k, lane] = channels[frame, k]
        _fold(angles.reshape(-1))
        for k in range(moves.shape[0]):
            for lane in range(LANES):
                steps[moves[k, 0], moves[k, 1], lane] = channels[min(first + lane, frames - 1), moves[k, 2]]
        _half_angles(angles.reshape(-1), sines.reshape(-1), cosines.reshape(-1))
        _compose(turns, sines, cosines, quaternion)
        _to_matrices(quaternion, local)
        if quaternions.size:
            _steady(quaternion, previous, count)
        if positions.size or global_rotations.size:
            _place(parents, steps, local, world, places)
        _store(first, count, places, positions)
        _store(first, count, steps[:1], root_position)
        _store(first, count, local, rotations)
        _store(first, count, quaternion, quaternions)
        _store(first, count, world, global_rotations)


@njit(cache=True, nogil=True)
def _solve_poses(
    translations: Floats,
    matrices: Floats,
    parents: NDArray[np.int64],
    offsets: Floats,
    positions: NDArray[Any],
    global_rotations: NDArray[Any],
) -> None:
    """Fill world positions and rotations (F, A, B) from translations (F, J, 3) and local rotations (F, J, 9)."""
    frames, joints = translations.shape[:2]
    nodes = parents.size
    local, world = np.empty((joints, 9, LANES)), np.empty((joints, 9, LANES))
    places, steps = np.empty((nodes, 3, LANES)), np.empty((nodes, 3, LANES))
    for node in range(nodes):
        for axis in range(3):
            steps[node, axis] = offsets[node, axis]
    for first in range(0, frames, LANES):
        count = min(LANES, frames - first)
        for lane in range(LANES):
            frame = min(first + lane, frames - 1)
            for joint in range(joints):
                for axis in range(3):
                    steps[joint, axis, lane] = translations[frame, joint, axis]
                for m in range(9):
                    local[joint, m, lane] = matrices[frame, joint, m]
        _place(parents, steps, local, world, places)
        _store(first, count, places, positions)
        _store(first, count, world, global_rotations)


@njit(cache=True, nogil=True, error_model="numpy")
def _to_quaternions(matrices: Floats, previous: Floats, quaternions: NDArray[Any]) -> None:
    """Fill quaternions (F, J, 4) of rotations (F, J, 9), steady from ``previous`` (J, 4) on, which is read and set.

    As :func:`motionprep.motion.rotations.to_quaternion` and :func:`~motionprep.motion.rotations.steady` compute them.
    """
    q = np.empty(4)
    for frame in range(matrices.shape[0]):
        for joint in range(matrices.shape[1]):
            m, p = matrices[frame, joint], previous[joint]
            trace = m[0] + m[4] + m[8]
            if trace >= m[0] and trace >= m[4] and trace >= m[8]:
                q[0], q[1], q[2], q[3] = 1 + trace, m[7] - m[5], m[2] - m[6], m[3] - m[1]
            elif m[0] >= m[4] and m[0] >= m[8]:
                q[0], q[1], q[2], q[3] = m[7] - m[5], 1 + m[0] - m[4] - m[8], m[3] + m[1], m[2] + m[6]
            elif m[4] >= m[8]:
                q[0], q[1], q[2], q[3] = m[2] - m[6], m[3] + m[1], 1 - m[0] + m[4] - m[8], m[7] + m[5]
            else:
                q[0], q[1], q[2], q[3] = m[3] - m[1], m[2] + m[6], m[7] + m[5], 1 - m[0] - m[4] + m[8]
            length = np.sqrt(q[0] * q[0] + q[1] * q[1] + q[2] * q[2] + q[3] * q[3])
            near = q[0] * p[0] + q[1] * p[1] + q[2] * p[2] + q[3] * p[3]
            scale = -1 / length if near < 0 else 1 / length
            for i in range(4):
                # Minus zero would be other bytes for the same rotation.
                p[i] = scale * q[i] + 0.0
                quaternions[frame, joint, i] = p[i]


@njit(cache=True, nogil=True)
def add_moments(values: NDArray[Any], shift: Floats, total: Floats, squares: Floats) -> None:
    """Add each column of ``values`` (F, K), less ``shift`` (K,), and its square to ``total`` and ``squares`` (K,)."""
    for frame in range(values.shape[0]):
        for k in range(values.shape[1]):
            distance = values[frame, k] - shift[k]
            total[k] += distance
            squares[k] += distance * distance


@njit(cache=True, nogil=True)
def add_known_moments(
    values: NDArray[Any],
    known: NDArray[np.bool_],
    shift: Floats,
    count: NDArray[np.int64],
    total: Floats,
    squares: Floats,
) -> None:
    """Do so for points ``values`` (F, K), of K / P numbers each, that are not ``known`` (F, P) in all frames.

    The first three numbers of a point, its coordinates, are added where it is known, further ones in any frame; to
    ``count`` (K,) how many were.
    """
    width = values.shape[1] // known.shape[1]
    for frame in range(values.shape[0]):
        for k in range(values.shape[1]):
            if k % width > 2 or known[frame, k // width]:
                distance = values[frame, k] - shift[k]
                count[k] += 1
                total[k] += distance
                squares[k] += distance * distance
