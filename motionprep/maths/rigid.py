"""Points that move as one: brought into other coordinates, found in frames that move, and laid upon each other.

All of it is loops over frames and points so small that no array operation pays, compiled for one memory layout.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats, contiguous
from motionprep.motion.simd import LANES, alike, load, store

Mask = NDArray[np.bool_]

#: Points that lie in a row, within a hundredth of its length, do not determine how they are turned about it.
_NARROWEST = 1e-4
#: How often a mean shape is fitted at most, to how many frames, and what part of its size it may still move by.
_FITS = 20
_FRAMES = 128
_SETTLED = 1e-5
#: Columns whose cosine is less are at right angles, and after how many sweeps they are in any case.
_RIGHT = 1e-15
_SWEEPS = 12


def moved(points: Floats, scale: float, axes: Floats | None, origin: Floats | None, seen: Mask | None = None) -> Floats:
    """Return points in new coordinates: ``scale * axes.T @ (points - origin)``.

    Parameters
    ----------
    points
        (F, M, 3).
    scale
        From old to new lengths.
    axes
        (3, 3), or (F, 3, 3) of each frame, as columns in old coordinates; the old ones if None.
    origin
        (3,) or (F, 3); the old one if None.
    seen
        (F, M): points that are not seen become 0; all are if None.

    Raises
    ------
    ValueError
        If axes or origins are those of another number of frames.
    """
    axes = _floats(np.eye(3) if axes is None else axes).reshape(-1, 3, 3)
    origin = _floats(np.zeros(3) if origin is None else origin).reshape(-1, 3)
    for name, given in (("axes", axes), ("origins", origin)):
        if len(given) not in (1, len(points)):
            raise ValueError(f"there are {name} for {len(given)} frames, and points in {len(points)}")
    out = np.empty(points.shape)
    seen = np.empty((0, 0), dtype=np.bool_) if seen is None else seen
    _move(_floats(points), contiguous(seen), float(scale), axes, origin, out)
    return out


def rest(places: Floats, turns: Floats, points: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return how points lie to joints: the mean square of their distance (J, M), and their mean place there (J, 3, M).

    The mean place is in the joint's own frame. How far a point moves there is the difference between the one and
    the square of the other.

    Parameters
    ----------
    places, turns
        (F, J, 3) and (F, J, 3, 3): joints in the world.
    points, weights
        (F, M, 3) and (F, M): the weights of each point sum up to 1.
    """
    joints, count = places.shape[1], points.shape[1]
    sums = np.empty((joints, 4, count))
    _rest(_floats(places), _floats(turns), _floats(points), _floats(weights), sums)
    return sums[:, 3], sums[:, :3]


def apart(one: Floats, other: Floats, seen: Mask | None = None) -> Floats:
    """Return how far points (F, M, 3) are apart from others (F, M, 3): the median over the frames (M,), in their unit.

    Frames count in which both are seen, (F, M), all if None; where that is none the answer is NaN.
    """
    out = np.empty(one.shape[1])
    seen = np.ones(one.shape[:2], dtype=np.bool_) if seen is None else seen
    _apart(_floats(one), _floats(other), contiguous(seen), out)
    return out


def lay_out(points: Floats, seen: Mask, missing: float, out: NDArray[np.float32]) -> None:
    """Fill ``out`` (F, M, 3) with points (F, M, 3), or (F, M, 4) with whether they are seen (F, M) as well.

    Points that are not seen are ``missing`` on each axis.
    """
    _lay_out(_floats(points), contiguous(seen), float(missing), out)


def fit(shape: Floats, points: Floats, visible: Mask) -> tuple[Floats, Floats, Mask]:
    """Return how a shape is turned (F, 3, 3) and moved (F, 3) to lie best on points, and where this is determined (F,).

    The least squares of ``points - (turn @ shape + move)`` over what is visible (Kabsch 1976, "A solution for the best
    rotation to relate two sets of vectors"), which takes three points that are not in a row.

    Parameters
    ----------
    shape
        (M, 3).
    points, visible
        (F, M, 3) and (F, M).
    """
    frames = len(points)
    turns, moves, good = np.empty((frames, 3, 3)), np.empty((frames, 3)), np.empty(frames, dtype=np.bool_)
    # A shape and a mask that may be written, as within `_mean_shape`: the loop is compiled once for both.
    shape, visible = np.array(shape, dtype=np.float64, order="C"), np.array(visible, order="C")
    _fit(shape, _floats(points), visible, turns, moves, good)
    return turns, moves, good


def mean_shape(points: Floats, visible: Mask) -> tuple[Floats, Mask]:
    """Return the mean shape (M, 3) of points (F, M, 3) that move as one, about its middle, and which are known (M,).

    All frames are aligned with a shape, and what they then have in common is the next shape, until it stays the same
    (Gower 1975, "Generalized Procrustes analysis"). The median over frames stands for the mean, so that a marker which
    jumps for some frames is no part of it. Of a long take, 128 frames evenly apart are used. A marker that is never
    visible together with three others remains unknown.
    """
    shape, known = np.zeros(points.shape[1:]), np.zeros(points.shape[1], dtype=np.bool_)
    seen = np.flatnonzero(visible.sum(axis=1) >= 3)
    picked = seen[np.linspace(0, max(len(seen) - 1, 0), min(len(seen), _FRAMES)).astype(int)]
    if len(picked):
        _mean_shape(_floats(points[picked]), contiguous(visible[picked]), shape, known)
    return shape, known


def nearest(matrix: Floats) -> Floats:
    """Return the rotation nearest to a matrix (3, 3) whose rank is at least 2."""
    columns, turns, turn = matrix.astype(np.float64), np.empty((3, 3)), np.empty((3, 3))
    _nearest(columns, turns, turn)
    return turn


def _floats(array: Floats) -> Floats:
    """Return the array in the one type and layout for which the loops are compiled."""
    return contiguous(np.asarray(array, dtype=np.float64))


@njit(cache=True, nogil=True)
def _move(points: Floats, seen: Mask, scale: float, axes: Floats, origin: Floats, out: Floats) -> None:
    """Fill ``out`` (F, M, 3) as in :func:`moved`; axes and origin of each frame, or one of all; seen may be empty."""
    for frame in range(points.shape[0]):
        a, o = axes[min(frame, axes.shape[0] - 1)], origin[min(frame, origin.shape[0] - 1)]
        for point in range(points.shape[1]):
            to = out[frame, point]
            if seen.size and not seen[frame, point]:
                to[0] = to[1] = to[2] = 0.0
                continue
            x, y, z = points[frame, point, 0] - o[0], points[frame, point, 1] - o[1], points[frame, point, 2] - o[2]
            for axis in range(3):
                to[axis] = scale * (x * a[0, axis] + y * a[1, axis] + z * a[2, axis])


@njit(cache=True, nogil=True)
def _rest(places: Floats, turns: Floats, points: Floats, weights: Floats, sums: Floats) -> None:
    """Set ``sums`` (J, 4, M) to the mean place x, y, z of points in the joints' frames, and their squared distance."""
    frames, count = weights.shape
    # Some points side by side: x, y, z and weight in each frame.
    four, some = np.zeros((frames, 4, LANES)), np.empty((4, LANES))
    for first in range(0, count, LANES):
        last = min(first + LANES, count)
        for frame in range(frames):
            for point in range(first, last):
                for i in range(3):
                    four[frame, i, point - first] = points[frame, point, i]
                four[frame, 3, point - first] = weights[frame, point]
        for joint in range(places.shape[1]):
            a, b, c, d = alike(0.0), alike(0.0), alike(0.0), alike(0.0)
            for frame in range(frames):
                at, t, row = places[frame, joint], turns[frame, joint], 4 * frame
                x, y = load(four, row) - alike(at[0]), load(four, row + 1) - alike(at[1])
                z, w = load(four, row + 2) - alike(at[2]), load(four, row + 3)
                a = a + w * (t[0, 0] * x + t[1, 0] * y + t[2, 0] * z)
                b = b + w * (t[0, 1] * x + t[1, 1] * y + t[2, 1] * z)
                c = c + w * (t[0, 2] * x + t[1, 2] * y + t[2, 2] * z)
                d = d + w * (x * x + y * y + z * z)
            store(some, 0, a)
            store(some, 1, b)
            store(some, 2, c)
            store(some, 3, d)
            for point in range(first, last):
                for i in range(4):
                    sums[joint, i, point] = some[i, point - first]


@njit(cache=True, nogil=True)
def _square_up(columns: Floats, turns: Floats) -> None:
    """Turn pairs of columns of a matrix (3, 3) until all are at right angles; ``turns`` (3, 3) is what turned them.

    They are then the matrix's left singular vectors times its singular values, and ``turns`` has the right ones
    (Hestenes 1958, "Inversion of matrices by biorthogonalization and related results").
    """
    for i in range(3):
        for j in range(3):
            turns[i, j] = 1.0 if i == j else 0.0
    for _ in range(_SWEEPS):
        done = True
        for pair in range(3):
            p, q = pair // 2, 1 + (pair + 1) // 2
            one = columns[0, p] * columns[0, p] + columns[1, p] * columns[1, p] + columns[2, p] * columns[2, p]
            two = columns[0, q] * columns[0, q] + columns[1, q] * columns[1, q] + columns[2, q] * columns[2, q]
            both = columns[0, p] * columns[0, q] + columns[1, p] * columns[1, q] + columns[2, p] * columns[2, q]
            if both * both <= _RIGHT * _RIGHT * one * two:
                continue
            done = False
            half = (two - one) / (2 * both)
            tangent = (1.0 if half >= 0 else -1.0) / (abs(half) + np.sqrt(1 + half * half))
            cosine = 1 / np.sqrt(1 + tangent * tangent)
            sine = cosine * tangent
            for i in range(3):
                a, b, c, d = columns[i, p], columns[i, q], turns[i, p], turns[i, q]
                columns[i, p], columns[i, q] = cosine * a - sine * b, sine * a + cosine * b
                turns[i, p], turns[i, q] = cosine * c - sine * d, sine * c + cosine * d
        if done:
            return


@njit(cache=True, nogil=True)
def _nearest(columns: Floats, turns: Floats, turn: Floats) -> tuple[float, float]:
    """Set ``turn`` (3, 3) to the rotation nearest to a matrix, and return the two largest singular values of that.

    The matrix (3, 3) and ``turns`` (3, 3) are overwritten. The third pair of singular vectors is taken to be the other
    two's cross products, so that it is a rotation, though the matrix may be a reflection, or flat, as that of three
    points is.
    """
    _square_up(columns, turns)
    first, second, widest, wide = 0, 1, -1.0, -1.0
    for p in range(3):
        width = np.sqrt(columns[0, p] ** 2 + columns[1, p] ** 2 + columns[2, p] ** 2)
        if width > widest:
            first, second, widest, wide = p, first, width, widest
        elif width > wide:
            second, wide = p, width
    for i in range(3):
        for j in range(3):
            turn[i, j] = 1.0 if i == j else 0.0
    if wide > 0.0:
        for i in range(3):
            k, m = (i + 1) % 3, (i + 2) % 3
            across = (columns[k, first] * columns[m, second] - columns[m, first] * columns[k, second]) / widest / wide
            for j in range(3):
                n, o = (j + 1) % 3, (j + 2) % 3
                turn[i, j] = (
                    columns[i, first] / widest * turns[j, first]
                    + columns[i, second] / wide * turns[j, second]
                    + across * (turns[n, first] * turns[o, second] - turns[o, first] * turns[n, second])
                )
    return widest, wide


@njit(cache=True, nogil=True)
def _fit(shape: Floats, points: Floats, visible: Mask, turns: Floats, moves: Floats, good: Mask) -> None:
    """Fill turns (F, 3, 3), moves (F, 3) and where they are good (F,), as :func:`fit` describes."""
    product, turned, middle, centre = np.empty((3, 3)), np.empty((3, 3)), np.empty(3), np.empty(3)
    for frame in range(points.shape[0]):
        count = 0
        middle[:] = 0.0
        centre[:] = 0.0
        for point in range(points.shape[1]):
            if visible[frame, point]:
                count += 1
                for i in range(3):
                    middle[i] += points[frame, point, i]
                    centre[i] += shape[point, i]
        for i in range(3):
            middle[i] /= max(count, 1)
            centre[i] /= max(count, 1)
        product[:] = 0.0
        for point in range(points.shape[1]):
            if visible[frame, point]:
                for i in range(3):
                    around = points[frame, point, i] - middle[i]
                    for j in range(3):
                        product[i, j] += around * (shape[point, j] - centre[j])
        turn = turns[frame]
        widest, wide = _nearest(product, turned, turn)
        good[frame] = count >= 3 and wide > _NARROWEST * widest
        for i in range(3):
            moves[frame, i] = middle[i] - (turn[i, 0] * centre[0] + turn[i, 1] * centre[1] + turn[i, 2] * centre[2])


@njit(cache=True, nogil=True)
def _widest(points: Floats, visible: Mask) -> int:
    """Return the frame in which points (F, M, 3) are least in a row."""
    product, turned, turn, middle = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3)), np.empty(3)
    best, most = 0, -1.0
    for frame in range(points.shape[0]):
        count = 0
        middle[:] = 0.0
        for point in range(points.shape[1]):
            if visible[frame, point]:
                count += 1
                for i in range(3):
                    middle[i] += points[frame, point, i]
        product[:] = 0.0
        for point in range(points.shape[1]):
            if visible[frame, point]:
                for i in range(3):
                    for j in range(3):
                        product[i, j] += (points[frame, point, i] - middle[i] / count) * (
                            points[frame, point, j] - middle[j] / count
                        )
        _, wide = _nearest(product, turned, turn)
        if wide > most:
            best, most = frame, wide
    return best


@njit(cache=True, nogil=True)
def _median(values: Floats) -> float:
    """Return the median of at least one number; their order is changed (Hoare 1961, "Algorithm 65: Find")."""
    middle, first, last = values.size // 2, 0, values.size - 1
    while first < last:
        pivot, i, j = values[middle], first, last
        while i <= j:
            while values[i] < pivot:
                i += 1
            while pivot < values[j]:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i += 1
                j -= 1
        if j < middle:
            first = i
        if middle < i:
            last = j
    if values.size % 2:
        return float(values[middle])
    below = values[0]
    for k in range(1, middle):
        below = max(below, values[k])
    return 0.5 * float(below + values[middle])


@njit(cache=True, nogil=True)
def _apart(one: Floats, other: Floats, seen: Mask, out: Floats) -> None:
    """Fill ``out`` (M,) as :func:`apart` describes."""
    frames, count = seen.shape
    lengths = np.empty(frames)
    for point in range(count):
        there = 0
        for frame in range(frames):
            if seen[frame, point]:
                a, b = one[frame, point], other[frame, point]
                x, y, z = a[0] - b[0], a[1] - b[1], a[2] - b[2]
                lengths[there] = np.sqrt(x * x + y * y + z * z)
                there += 1
        out[point] = _median(lengths[:there]) if there else np.nan


@njit(cache=True, nogil=True)
def _lay_out(points: Floats, seen: Mask, missing: float, out: NDArray[np.float32]) -> None:
    """Fill ``out`` as :func:`lay_out` describes."""
    for frame in range(points.shape[0]):
        for point in range(points.shape[1]):
            for i in range(3):
                out[frame, point, i] = points[frame, point, i] if seen[frame, point] else missing
            if out.shape[2] == 4:
                out[frame, point, 3] = seen[frame, point]


@njit(cache=True, nogil=True)
def _gather(point: Floats, visible: Mask, turns: Floats, moves: Floats, good: Mask, local: Floats) -> int:
    """Fill ``local`` (3, F) with the places of a point (F, 3) in good frames; return how often it is visible there."""
    there = 0
    for frame in range(point.shape[0]):
        if visible[frame] and good[frame]:
            t, o = turns[frame], moves[frame]
            x, y, z = point[frame, 0] - o[0], point[frame, 1] - o[1], point[frame, 2] - o[2]
            for i in range(3):
                local[i, there] = x * t[0, i] + y * t[1, i] + z * t[2, i]
            there += 1
    return there


@njit(cache=True, nogil=True)
def _mean_shape(points: Floats, visible: Mask, shape: Floats, known: Mask) -> None:
    """Set the shape (M, 3) and which of it is known (M,), as :func:`mean_shape` describes."""
    frames, count = visible.shape
    turns, moves, good = np.empty((frames, 3, 3)), np.empty((frames, 3)), np.empty(frames, np.bool_)
    used, local = np.empty((frames, count), np.bool_), np.empty((3, frames))
    first = _widest(points, visible)
    for point in range(count):
        known[point] = visible[first, point]
        for i in range(3):
            shape[point, i] = points[first, point, i]
    for _ in range(_FITS):
        for frame in range(frames):
            for point in range(count):
                used[frame, point] = visible[frame, point] and known[point]
        _fit(shape, points, used, turns, moves, good)
        furthest, same, most, least = 0.0, True, -np.inf, np.inf
        for point in range(count):
            there = _gather(points[:, point], visible[:, point], turns, moves, good, local)
            same &= known[point] == (there > 0)
            known[point] = there > 0
            for i in range(3):
                last = shape[point, i]
                shape[point, i] = _median(local[i, :there]) if there else 0.0
                furthest = max(furthest, abs(shape[point, i] - last)) if there else furthest
                most, least = max(most, shape[point, i]), min(least, shape[point, i])
        if same and furthest <= _SETTLED * (most - least):
            break
    for i in range(3):
        total, of = 0.0, 0
        for point in range(count):
            total += shape[point, i] if known[point] else 0.0
            of += known[point]
        for point in range(count):
            shape[point, i] = shape[point, i] - total / max(of, 1) if known[point] else 0.0
