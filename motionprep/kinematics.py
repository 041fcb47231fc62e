"""From channels to world positions, matrices and quaternions in one pass over the frames.

Forward kinematics is the textbook line: a joint's world rotation is its parent's times its own, and its place is its
parent's place plus the parent's world rotation times its translation.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motionprep import rotations
from motionprep.data import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Floats, Motion, Poses, Skeleton, read_only

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
#: Frames that the kernels work on side by side; as many as a processor's widest registers hold of float64.
_LANES = 8

# What the kernels solve for, in the order in which they take it.
_SOLVED = ("positions", "root_position", "rotations", "quaternions", "global_rotations")


@dataclass(frozen=True)
class _Plan:
    """What the kernels need of a skeleton, as arrays.

    ``turns`` (T, 3): joint, axis and column of each rotation channel, joint by joint. ``moves`` (P, 3): the same of
    position channels.
    """

    parents: NDArray[np.int64]
    offsets: Floats
    turns: NDArray[np.int64]
    moves: NDArray[np.int64]


@lru_cache(maxsize=512)
def _plan(skeleton: Skeleton) -> _Plan:
    turns, moves = [], []
    column = 0
    for joint, names in enumerate(skeleton.channels):
        for name in names:
            if name in ROTATION_CHANNELS:
                turns.append((joint, ROTATION_CHANNELS.index(name), column))
            else:
                moves.append((joint, POSITION_CHANNELS.index(name), column))
            column += 1
    return _Plan(
        parents=np.array(skeleton.node_parents, dtype=np.int64),
        offsets=skeleton.node_offsets,
        turns=np.array(turns, dtype=np.int64).reshape(-1, 3),
        moves=np.array(moves, dtype=np.int64).reshape(-1, 3),
    )


def shape(feature: str, skeleton: Skeleton) -> tuple[int, ...]:
    """Return the shape of one frame of a feature."""
    sizes = {"J": len(skeleton.joints), "N": len(skeleton.nodes)}
    return tuple(sizes[size] if isinstance(size, str) else size for size in FEATURES[feature])


def features(
    motion: Motion | Poses,
    names: Iterable[str],
    dtype: type[np.float32] | type[np.float64] = np.float64,
) -> dict[str, NDArray[Any]]:
    """Return named arrays, frames first.

    Parameters
    ----------
    motion
        F frames of J joints and N nodes.
    names
        Of :data:`FEATURES`: ``positions`` (F, N, 3) in the world; ``rotations`` (F, J, 3, 3) to the parent's frame and
        ``global_rotations`` to the world; ``quaternions`` (F, J, 4) and ``rotations_6d`` (F, J, 6) of ``rotations``;
        ``root_position`` (F, 3).
    dtype
        Of the arrays; all computing is in float64.

    Raises
    ------
    KeyError
        If a name is not known.
    """
    wanted = dict.fromkeys(names)
    skeleton, plan = motion.skeleton, _plan(motion.skeleton)
    joints = len(skeleton.joints)
    solved = {name: None for name in wanted if name != "rotations_6d"}
    if "rotations_6d" in wanted:
        solved["rotations"] = None
    out = _empty({name: (motion.frames, *shape(name, skeleton)) for name in solved}, dtype)
    if isinstance(motion, Motion):
        arrays = [_rows(out, name) for name in _SOLVED]
        channels = _contiguous(motion.channels)
        _solve_channels(channels, plan.turns, plan.moves, plan.parents, plan.offsets, joints, *arrays)
    else:
        _solve_poses(
            _contiguous(motion.translations),
            _contiguous(motion.rotations).reshape(-1, joints, 9),
            plan.parents,
            plan.offsets,
            _rows(out, "positions"),
            _rows(out, "global_rotations"),
        )
        if "rotations" in out:
            out["rotations"][:] = motion.rotations
        if "quaternions" in out:
            out["quaternions"][:] = rotations.steady(rotations.to_quaternion(motion.rotations))
        if "root_position" in out:
            out["root_position"][:] = motion.translations[:, 0]
    if "rotations_6d" in wanted:
        out["rotations_6d"] = rotations.to_6d(out["rotations"])
    return {name: out[name] for name in wanted}


def _contiguous(array: Floats) -> Floats:
    """Return the array in one memory layout, as a kernel is compiled anew, for seconds, for each that it meets."""
    return read_only(np.ascontiguousarray(array))


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


def poses(motion: Motion | Poses) -> Poses:
    """Return the motion as rotations and translations."""
    if isinstance(motion, Poses):
        return motion
    plan = _plan(motion.skeleton)
    joints = len(motion.skeleton.joints)
    translations = np.broadcast_to(plan.offsets[:joints], (motion.frames, joints, 3))
    if len(plan.moves):
        translations = translations.copy()
        translations[:, plan.moves[:, 0], plan.moves[:, 1]] = motion.channels[:, plan.moves[:, 2]]
    return Poses(motion.skeleton, read_only(translations), motion.rotations(), motion.rate)


def select(poses: Poses, nodes: Sequence[str]) -> Poses:
    """Return poses of fewer nodes whose world positions and rotations are what they were.

    Parameters
    ----------
    poses
        Of J joints.
    nodes
        Names to keep, among them the root. A kept joint's parent becomes the nearest kept joint above it; an End Site
        stays if its joint does.
    """
    skeleton = poses.skeleton
    kept = set(nodes)
    joints = [joint for joint, name in enumerate(skeleton.joints) if name in kept]
    rows = {joint: row for row, joint in enumerate(joints)}
    parents, offsets = [], []
    shape = (poses.frames, len(joints), 3)
    translations, matrices = np.empty(shape), np.empty((*shape, 3))
    for row, joint in enumerate(joints):
        place, turn = poses.translations[:, joint], poses.rotations[:, joint]
        rest = np.array(skeleton.offsets[joint], dtype=np.float64)
        above = skeleton.parents[joint]
        while above >= 0 and above not in rows:
            place = poses.translations[:, above] + np.einsum("fij,fj->fi", poses.rotations[:, above], place)
            turn = poses.rotations[:, above] @ turn
            rest += skeleton.offsets[above]
            above = skeleton.parents[above]
        translations[:, row], matrices[:, row] = place, turn
        parents.append(rows.get(above, -1))
        offsets.append((float(rest[0]), float(rest[1]), float(rest[2])))
    sites = zip(skeleton.end_sites, skeleton.nodes[len(skeleton.joints) :], strict=True)
    smaller = Skeleton(
        joints=tuple(skeleton.joints[joint] for joint in joints),
        parents=tuple(parents),
        offsets=tuple(offsets),
        end_sites=tuple(
            EndSite(rows[site.joint], site.offset) for site, name in sites if name in kept and site.joint in rows
        ),
        channels=tuple(skeleton.channels[joint] for joint in joints),
    )
    return Poses(smaller, translations, matrices, poses.rate)


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
    """Set quaternions (J, 4, L) to the product of their joints' turns, in order."""
    quaternions[:, 0] = 1.0
    quaternions[:, 1:] = 0.0
    for k in range(turns.shape[0]):
        q = quaternions[turns[k, 0]]
        s, c = sines[turns[k, 2]], cosines[turns[k, 2]]
        axis = turns[k, 1]
        for lane in range(_LANES):
            sine, cosine = s[lane], c[lane]
            w, x, y, z = q[0, lane], q[1, lane], q[2, lane], q[3, lane]
            if axis == 0:
                w, x, y, z = w * cosine - x * sine, x * cosine + w * sine, y * cosine + z * sine, z * cosine - y * sine
            elif axis == 1:
                w, x, y, z = w * cosine - y * sine, x * cosine - z * sine, y * cosine + w * sine, z * cosine + x * sine
            else:
                w, x, y, z = w * cosine - z * sine, x * cosine + y * sine, y * cosine - x * sine, z * cosine + w * sine
            q[0, lane], q[1, lane], q[2, lane], q[3, lane] = w, x, y, z


@njit(cache=True, nogil=True)
def _to_matrices(quaternions: Floats, matrices: Floats) -> None:
    """Set matrices (J, 9, L) of unit quaternions (J, 4, L)."""
    for joint in range(quaternions.shape[0]):
        q, m = quaternions[joint], matrices[joint]
        for lane in range(_LANES):
            w, x, y, z = q[0, lane], q[1, lane], q[2, lane], q[3, lane]
            m[0, lane], m[1, lane], m[2, lane] = 1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)
            m[3, lane], m[4, lane], m[5, lane] = 2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)
            m[6, lane], m[7, lane], m[8, lane] = 2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)


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
            places[node] = steps[node]
            world[node] = local[node]
            continue
        a, step, origin, place = world[parent], steps[node], places[parent], places[node]
        for n in range(_LANES):
            x, y, z = step[0, n], step[1, n], step[2, n]
            place[0, n] = origin[0, n] + a[0, n] * x + a[1, n] * y + a[2, n] * z
            place[1, n] = origin[1, n] + a[3, n] * x + a[4, n] * y + a[5, n] * z
            place[2, n] = origin[2, n] + a[6, n] * x + a[7, n] * y + a[8, n] * z
        if node >= joints:
            continue
        b, c = local[node], world[node]
        for n in range(_LANES):
            # Each number is read once: the compiler cannot know that a and c do not overlap.
            b0, b1, b2 = b[0, n], b[1, n], b[2, n]
            b3, b4, b5 = b[3, n], b[4, n], b[5, n]
            b6, b7, b8 = b[6, n], b[7, n], b[8, n]
            x, y, z = a[0, n], a[1, n], a[2, n]
            c[0, n], c[1, n], c[2, n] = x * b0 + y * b3 + z * b6, x * b1 + y * b4 + z * b7, x * b2 + y * b5 + z * b8
            x, y, z = a[3, n], a[4, n], a[5, n]
            c[3, n], c[4, n], c[5, n] = x * b0 + y * b3 + z * b6, x * b1 + y * b4 + z * b7, x * b2 + y * b5 + z * b8
            x, y, z = a[6, n], a[7, n], a[8, n]
            c[6, n], c[7, n], c[8, n] = x * b0 + y * b3 + z * b6, x * b1 + y * b4 + z * b7, x * b2 + y * b5 + z * b8


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
    joints: int,
    positions: NDArray[Any],
    root_position: NDArray[Any],
    rotations: NDArray[Any],
    quaternions: NDArray[Any],
    global_rotations: NDArray[Any],
) -> None:
    """Fill the wanted features (F, A, B), a few frames side by side."""
    frames, width = channels.shape
    nodes = parents.size
    angles, sines, cosines = np.empty((width, _LANES)), np.empty((width, _LANES)), np.empty((width, _LANES))
    local, world = np.empty((joints, 9, _LANES)), np.empty((joints, 9, _LANES))
    quaternion, places = np.empty((joints, 4, _LANES)), np.empty((nodes, 3, _LANES))
    steps = np.empty((nodes, 3, _LANES))
    for lane in range(_LANES):
        steps[:, :, lane] = offsets
    previous = np.zeros((joints, 4))
    previous[:, 0] = 1.0
    for first in range(0, frames, _LANES):
        count = min(_LANES, frames - first)
        for lane in range(_LANES):
            frame = min(first + lane, frames - 1)
            for k in range(width):
                angles[k, lane] = channels[frame, k]
        _fold(angles.reshape(-1))
        for k in range(moves.shape[0]):
            for lane in range(_LANES):
                steps[moves[k, 0], moves[k, 1], lane] = channels[min(first + lane, frames - 1), moves[k, 2]]
        _half_angles(angles.reshape(-1), sines.reshape(-1), cosines.reshape(-1))
        _compose(turns, sines, cosines, quaternion)
        _to_matrices(quaternion, local)
        _steady(quaternion, previous, count)
        _place(parents, steps, local, world, places)
        _store(first, count, places, positions)
        _store(first, count, places[:1], root_position)
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
    local, world = np.empty((joints, 9, _LANES)), np.empty((joints, 9, _LANES))
    places, steps = np.empty((nodes, 3, _LANES)), np.empty((nodes, 3, _LANES))
    for lane in range(_LANES):
        steps[:, :, lane] = offsets
    for first in range(0, frames, _LANES):
        count = min(_LANES, frames - first)
        for lane in range(_LANES):
            frame = min(first + lane, frames - 1)
            steps[:joints, :, lane] = translations[frame]
            local[:, :, lane] = matrices[frame]
        _place(parents, steps, local, world, places)
        _store(first, count, places, positions)
        _store(first, count, world, global_rotations)


@njit(cache=True, nogil=True)
def add_moments(values: NDArray[Any], shift: Floats, total: Floats, squares: Floats) -> None:
    """Add each column of ``values`` (F, K), less ``shift`` (K,), and its square to ``total`` and ``squares`` (K,)."""
    for frame in range(values.shape[0]):
        for k in range(values.shape[1]):
            distance = values[frame, k] - shift[k]
            total[k] += distance
            squares[k] += distance * distance
