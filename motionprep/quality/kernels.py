"""Compiled loops over all frames and points: what would take NumPy several passes over the largest arrays."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

#: Frames before and after a sudden change, beyond its nearest neighbours, that say what is usual there.
CONTEXT = 8
#: Nearest neighbours of a sudden change, which take part in it.
NEAR = 2


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "nsz"})
def bends(
    positions: NDArray[np.float32],
    visible: NDArray[np.bool_],
    looked_at: NDArray[np.bool_],
    least: float,
    ratio: float,
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where points (F, N, 3) leave the straight line suddenly: rows of frame and node, and by how much.

    The measure is the second difference ``|p[t-1] - 2 p[t] + p[t+1]|``. A frame is taken where it exceeds ``least``
    and ``ratio`` times its median over the frames around. ``visible`` (F, N) may be empty: all are visible. Points that
    are not ``looked_at`` (N,) are passed over.
    """
    frames, nodes = positions.shape[:2]
    masked = visible.size > 0
    found = [(0, 0) for _ in range(0)]
    sizes = [0.0 for _ in range(0)]
    around = np.empty(2 * CONTEXT)
    flat = positions.reshape(frames, 3 * nodes)
    squares = np.empty(3 * nodes, np.float32)
    limit = np.float32(least * least)
    for t in range(1, frames - 1):
        before, at, after = flat[t - 1], flat[t], flat[t + 1]
        for k in range(3 * nodes):
            bend = before[k] - at[k] - at[k] + after[k]
            squares[k] = bend * bend
        for n in range(nodes):
            square = squares[3 * n] + squares[3 * n + 1] + squares[3 * n + 2]
            if not square > limit or not looked_at[n]:
                continue
            size = _bend(positions, visible, masked, t, n)
            if size < 0:
                continue
            count = 0
            for other in range(max(1, t - CONTEXT - NEAR), min(frames - 1, t + CONTEXT + NEAR + 1)):
                if abs(other - t) > NEAR:
                    near = _bend(positions, visible, masked, other, n)
                    if near >= 0:
                        around[count] = near
                        count += 1
            if count and size <= ratio * np.median(around[:count]):
                continue
            found.append((t, n))
            sizes.append(size)
    return _rows(found), np.array(sizes)


@njit(cache=True, nogil=True)
def _rows(found: list[tuple[int, int]]) -> NDArray[np.int64]:
    """Return pairs of numbers as rows (R, 2)."""
    rows = np.empty((len(found), 2), np.int64)
    for k in range(len(found)):
        rows[k, 0], rows[k, 1] = found[k]
    return rows


@njit(cache=True, nogil=True, error_model="numpy")
def _bend(positions: NDArray[np.float32], visible: NDArray[np.bool_], masked: bool, t: int, n: int) -> float:
    """Return the second difference of a point; -1 where it is not visible in all three frames."""
    if masked and not (visible[t - 1, n] and visible[t, n] and visible[t + 1, n]):
        return -1.0
    total = 0.0
    for axis in range(3):
        part = float(positions[t - 1, n, axis]) - 2.0 * positions[t, n, axis] + positions[t + 1, n, axis]
        total += part * part
    return float(np.sqrt(total))


@njit(cache=True, nogil=True, error_model="numpy")
def turns(quaternions: NDArray[np.float32], most: float, ratio: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return where rotations (F, J, 4) change suddenly from one frame to the next: rows of frame and joint, degrees.

    A frame is taken where its angle from the frame before exceeds ``most`` degrees and ``ratio`` times the median
    over the frames around.
    """
    frames = quaternions.shape[0]
    least = np.cos(np.radians(most) / 2)
    found = [(0, 0) for _ in range(0)]
    sizes = [0.0 for _ in range(0)]
    around = np.empty(2 * CONTEXT)
    for t in range(1, frames):
        for j in range(quaternions.shape[1]):
            if _cosine(quaternions, t, j) >= least:
                continue
            size = _angle(quaternions, t, j)
            count = 0
            for other in range(max(1, t - CONTEXT - NEAR), min(frames, t + CONTEXT + NEAR + 1)):
                if abs(other - t) > NEAR:
                    around[count] = _angle(quaternions, other, j)
                    count += 1
            if count and size <= ratio * np.median(around[:count]):
                continue
            found.append((t, j))
            sizes.append(size)
    return _rows(found), np.array(sizes)


@njit(cache=True, nogil=True, error_model="numpy")
def _cosine(quaternions: NDArray[np.float32], t: int, j: int) -> float:
    total = 0.0
    for i in range(4):
        total += float(quaternions[t - 1, j, i]) * quaternions[t, j, i]
    return abs(total)


@njit(cache=True, nogil=True, error_model="numpy")
def _angle(quaternions: NDArray[np.float32], t: int, j: int) -> float:
    return float(np.degrees(2 * np.arccos(min(1.0, _cosine(quaternions, t, j)))))


@njit(cache=True, nogil=True)
def repeats(values: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return for each row of values (F, K) whether it equals the row before."""
    same = np.zeros(values.shape[0], np.bool_)
    for t in range(1, values.shape[0]):
        equal = True
        for k in range(values.shape[1]):
            if values[t, k] != values[t - 1, k]:
                equal = False
                break
        same[t] = equal
    return same


@njit(cache=True, nogil=True, error_model="numpy")
def strides(
    positions: NDArray[np.float32], nodes: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return of each frame how far the points moved since the last, against the mean of the steps around it.

    Returns
    -------
    tuple
        Three arrays (F,): the root mean square step over points; how many times the mean of the step before and the
        step after it is (1 for an even motion, 2 where one frame is missing); and the share of it that this does not
        explain. Zero where there is no step before or after.
    """
    frames = positions.shape[0]
    size, times, rest = np.zeros(frames), np.zeros(frames), np.zeros(frames)
    for t in range(1, frames):
        own, mean, both = 0.0, 0.0, 0.0
        inner = 1 < t < frames - 1
        for k in range(nodes.size):
            n = nodes[k]
            for axis in range(3):
                step = float(positions[t, n, axis]) - positions[t - 1, n, axis]
                own += step * step
                if inner:
                    around = (
                        float(positions[t - 1, n, axis])
                        - positions[t - 2, n, axis]
                        + positions[t + 1, n, axis]
                        - positions[t, n, axis]
                    ) / 2
                    mean += around * around
                    both += step * around
        size[t] = np.sqrt(own / max(1, nodes.size))
        if mean > 0 and own > 0:
            times[t] = both / mean
            rest[t] = 1 - both * both / (mean * own)
    return size, times, rest


@njit(cache=True, nogil=True)
def wraps(channels: NDArray[np.float64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each of some columns (K,) of angles whether it changes by more than half a turn between frames."""
    wrapped = np.zeros(columns.size, np.bool_)
    for t in range(1, channels.shape[0]):
        for k in range(columns.size):
            if abs(channels[t, columns[k]] - channels[t - 1, columns[k]]) > 180.0:
                wrapped[k] = True
    return wrapped


@njit(cache=True, nogil=True)
def places(
    positions: NDArray[np.float32],
    visible: NDArray[np.bool_],
    nodes: NDArray[np.int64],
    ends: NDArray[np.int64],
    frames: NDArray[np.int64],
    smoothed: bool,
) -> NDArray[np.float64]:
    """Return points (T, L, 3), each the mean of some nodes, in some frames (T,); NaN where a node is not visible.

    Parameters
    ----------
    positions, visible
        (F, N, 3) and (F, N); ``visible`` may be empty: all are visible.
    nodes, ends
        The nodes of all points one after the other, and for each point (L,) where its nodes end.
    frames
        Indices.
    smoothed
        Whether each is averaged with the two frames before and after it, by binomial weights: noise is no movement.
    """
    count, masked = positions.shape[0], visible.size > 0
    found = np.zeros((frames.size, ends.size, 3))
    weights = np.array([1.0, 4.0, 6.0, 4.0, 1.0]) / 16 if smoothed else np.ones(1)
    reach = 2 if smoothed else 0
    for row in range(frames.size):
        for k in range(weights.size):
            t = min(max(frames[row] + k - reach, 0), count - 1)
            start = 0
            for point in range(ends.size):
                weight = weights[k] / (ends[point] - start)
                for at in range(start, ends[point]):
                    if masked and not visible[t, nodes[at]]:
                        weight = np.nan
                    for axis in range(3):
                        found[row, point, axis] += weight * positions[t, nodes[at], axis]
                start = ends[point]
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def median_lengths(points: NDArray[np.float64], pairs: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the median distances (K,) of pairs (K, 2) of points (T, L, 3) that are both known; 0 where never."""
    found = np.zeros(pairs.shape[0])
    lengths = np.empty(points.shape[0])
    for k in range(pairs.shape[0]):
        count = 0
        for t in range(points.shape[0]):
            square = 0.0
            for axis in range(3):
                apart = points[t, pairs[k, 0], axis] - points[t, pairs[k, 1], axis]
                square += apart * apart
            if np.isfinite(square):
                lengths[count] = np.sqrt(square)
                count += 1
        if count:
            found[k] = np.median(lengths[:count])
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def t_poses(limbs: NDArray[np.float64], axis: int, sign: int, level: float, straight: float) -> NDArray[np.bool_]:
    """Return in which frames (T,) limbs are those of a T-pose.

    Parameters
    ----------
    limbs
        (T, 2, 6, 3): shoulder, elbow, wrist, hip, knee and ankle, left and right.
    axis, sign
        Which axis is up, and 1 or -1 along or against it.
    level, straight
        Most sine between a level bone and the floor, and least cosine between bones of a straight limb.
    """
    found = np.ones(limbs.shape[0], np.bool_)
    bones = np.empty((4, 3))
    for t in range(limbs.shape[0]):
        for side in range(2):
            for bone in range(4):
                joint = bone if bone < 2 else bone + 1
                square = 0.0
                for k in range(3):
                    part = limbs[t, side, joint + 1, k] - limbs[t, side, joint, k]
                    bones[bone, k] = part
                    square += part * part
                for k in range(3):
                    bones[bone, k] /= np.sqrt(square)
            shown = abs(bones[0, axis]) <= level and abs(bones[1, axis]) <= level
            shown = shown and -sign * bones[2, axis] >= straight and -sign * bones[3, axis] >= straight
            along = bones[0, 0] * bones[1, 0] + bones[0, 1] * bones[1, 1] + bones[0, 2] * bones[1, 2]
            if not (shown and along >= straight):
                found[t] = False
                break
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def changes(
    points: NDArray[np.float64], root: NDArray[np.float64], rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return squares of accelerations and speeds (L, T - 2) of points (T, L, 3) relative to a root (T, 3)."""
    shape = (points.shape[1], points.shape[0] - 2)
    bends, slides = np.empty(shape), np.empty(shape)
    for t in range(shape[1]):
        for k in range(shape[0]):
            bend, slide = 0.0, 0.0
            for axis in range(3):
                before = points[t, k, axis] - root[t, axis]
                at = points[t + 1, k, axis] - root[t + 1, axis]
                after = points[t + 2, k, axis] - root[t + 2, axis]
                bend += (after - 2 * at + before) ** 2
                slide += (after - before) ** 2
            bends[k, t], slides[k, t] = bend * rate**4, slide * rate**2 / 4
    return bends, slides


@njit(cache=True, nogil=True)
def trimmed_mean(values: NDArray[np.float64], share: float) -> float:
    """Return the mean of the least values (L, T) of each of the L, a share of those T in which all are finite; or 0."""
    known = np.ones(values.shape[1], np.bool_)
    for k in range(values.shape[0]):
        for t in range(values.shape[1]):
            known[t] = known[t] and np.isfinite(values[k, t])
    count = int(known.sum())
    if count == 0:
        return 0.0
    kept = max(1, int(share * count))
    total = 0.0
    for k in range(values.shape[0]):
        total += np.partition(values[k][known], kept - 1)[:kept].sum()
    return float(total / (kept * values.shape[0]))


@njit(cache=True, nogil=True)
def velocities(
    points: NDArray[np.float64], axis: int, rate: float
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return velocities (T, L, 3) of points, over the frame before and after, and speeds (T, L): level ones and whole.

    ``axis`` is up. There are two frames or more.
    """
    count = points.shape[0]
    found = np.empty(points.shape)
    level, whole = np.empty(points.shape[:2]), np.empty(points.shape[:2])
    for t in range(count):
        before, after = max(t - 1, 0), min(t + 1, count - 1)
        for k in range(points.shape[1]):
            square, climb = 0.0, 0.0
            for n in range(3):
                speed = (points[after, k, n] - points[before, k, n]) / (after - before) * rate
                found[t, k, n] = speed
                if n == axis:
                    climb = speed
                else:
                    square += speed * speed
            level[t, k], whole[t, k] = np.sqrt(square), np.sqrt(square + climb * climb)
    return found, level, whole


@njit(cache=True, nogil=True, error_model="numpy")
def cosines(lines: NDArray[np.float64], first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cosines (T, K) between two of some lines (T, V, 3); NaN where one has no length."""
    found = np.empty((lines.shape[0], first.size))
    directions = np.empty((lines.shape[1], 3))
    for t in range(lines.shape[0]):
        for v in range(lines.shape[1]):
            x, y, z = lines[t, v, 0], lines[t, v, 1], lines[t, v, 2]
            length = np.sqrt(x * x + y * y + z * z)
            directions[v, 0], directions[v, 1], directions[v, 2] = x / length, y / length, z / length
        for k in range(first.size):
            one, other = directions[first[k]], directions[second[k]]
            found[t, k] = one[0] * other[0] + one[1] * other[1] + one[2] * other[2]
    return found


@njit(cache=True, nogil=True)
def alike(values: NDArray[np.float64], columns: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return for each of some columns (K,) of values (F, C) whether it never changes."""
    same = np.ones(columns.size, np.bool_)
    left = columns.size
    for t in range(1, values.shape[0]):
        for k in range(columns.size):
            if same[k] and values[t, columns[k]] != values[0, columns[k]]:
                same[k] = False
                left -= 1
        if left == 0:
            break
    return same


@njit(cache=True, nogil=True, error_model="numpy")
def _between(points: NDArray[np.float64], a: int, b: int, c: int, d: int) -> float:
    """Return the angle in degrees between the line from ``a`` to ``b`` and that from ``c`` to ``d``."""
    dot, one, other = 0.0, 0.0, 0.0
    for axis in range(3):
        x, y = points[b, axis] - points[a, axis], points[d, axis] - points[c, axis]
        dot, one, other = dot + x * y, one + x * x, other + y * y
    if not one * other > 0:
        return np.nan
    return float(np.degrees(np.arccos(min(1.0, max(-1.0, dot / np.sqrt(one * other))))))


@njit(cache=True, nogil=True, error_model="numpy")
def angles(points: NDArray[np.float64], lines: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the angles (T, K) in degrees between pairs of lines through points (T, L, 3).

    ``lines`` (K, 4): the points from and to which the first and the second line go. NaN where a line has no length.
    """
    found = np.empty((points.shape[0], lines.shape[0]))
    for t in range(points.shape[0]):
        for k in range(lines.shape[0]):
            found[t, k] = _between(points[t], lines[k, 0], lines[k, 1], lines[k, 2], lines[k, 3])
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def bent_forwards(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return by how many degrees (T, 2) the left and the right knee are bent forwards, negative where backwards.

    ``points`` (T, 6, 3) are hip, knee and ankle of the left and the right leg. The axis is the line through the hips,
    in a right-handed world.
    """
    found = np.empty((points.shape[0], 2))
    right, thigh, shank = np.empty(3), np.empty(3), np.empty(3)
    for t in range(points.shape[0]):
        width = 0.0
        for axis in range(3):
            right[axis] = points[t, 3, axis] - points[t, 0, axis]
            width += right[axis] * right[axis]
        for leg in range(2):
            above, below = 0.0, 0.0
            for axis in range(3):
                thigh[axis] = points[t, 3 * leg + 1, axis] - points[t, 3 * leg, axis]
                shank[axis] = points[t, 3 * leg + 2, axis] - points[t, 3 * leg + 1, axis]
                above += thigh[axis] * thigh[axis]
                below += shank[axis] * shank[axis]
            across = (
                (thigh[1] * shank[2] - thigh[2] * shank[1]) * right[0]
                + (thigh[2] * shank[0] - thigh[0] * shank[2]) * right[1]
                + (thigh[0] * shank[1] - thigh[1] * shank[0]) * right[2]
            )
            lengths = np.sqrt(width) * np.sqrt(above * below)
            sine = across / lengths if lengths > 0 else np.nan
            found[t, leg] = np.degrees(np.arcsin(min(1.0, max(-1.0, sine)))) if lengths > 0 else np.nan
    return found


@njit(cache=True, nogil=True, error_model="numpy")
def moments(
    tracks: NDArray[np.float32], weights: NDArray[np.float64], around: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Return the moments of tracks (K, S): when the sum of all is at an extremum, and what they are around it.

    Parameters
    ----------
    weights
        Of a filter, an odd number of samples wide, that smooths the tracks; their ends are held.
    around
        In samples from a moment, in order (A,): when the tracks are to be known.

    Returns
    -------
    tuple
        Times (M,) in samples, between them by a parabola; and the smoothed tracks (M, A * K) at these times.
    """
    count, half = tracks.shape[1], weights.size // 2
    smooth = np.zeros(tracks.shape)
    signal = np.zeros(count)
    line = np.empty(count + 2 * half)
    for k in range(tracks.shape[0]):
        for t in range(line.size):
            line[t] = tracks[k, min(max(t - half, 0), count - 1)]
        row = smooth[k]
        for j in range(weights.size):
            shifted, weight = line[j : j + count], weights[j]
            for t in range(count):
                row[t] += weight * shifted[t]
        for t in range(count):
            signal[t] += row[t]
    times = np.empty(count)
    found = 0
    for t in range(1 - around[0], count - around[-1] - 2):
        before, after = signal[t] - signal[t - 1], signal[t + 1] - signal[t]
        if (before > 0) != (after > 0):
            time = t + min(max(-(before + after) / (2 * (after - before)), -0.5), 0.5)
            if np.isfinite(time):
                times[found] = time
                found += 1
    points = np.empty((found, around.size * tracks.shape[0]), np.float32)
    for row in range(found):
        for place in range(around.size):
            time = times[row] + around[place]
            at = int(np.floor(time))
            part = time - at
            for k in range(tracks.shape[0]):
                value = smooth[k, at] * (1 - part) + smooth[k, at + 1] * part
                points[row, place * tracks.shape[0] + k] = value
    return times[:found].copy(), points


@njit(cache=True, nogil=True)
def near_pairs(
    points: NDArray[np.float32],
    motion: NDArray[np.int64],
    near: NDArray[np.int64],
    order: NDArray[np.int64],
    most: float,
) -> NDArray[np.int64]:
    """Return pairs of points (R, 2) of different motions that differ by at most a mean square.

    Parameters
    ----------
    points, motion
        (M, D), and the motion of each (M,).
    near
        (M, N), which points may be near each; those that are no points are M.
    order
        (D,), which numbers of the first point are compared with those of the second: others in a mirror image.
    """
    found = [(0, 0) for _ in range(0)]
    for row in range(near.shape[0]):
        for column in range(near.shape[1]):
            there = near[row, column]
            # A pair is found from both of its motions, and kept once.
            if there >= motion.size or motion[row] >= motion[there]:
                continue
            total = 0.0
            for k in range(order.size):
                apart = points[row, order[k]] - points[there, k]
                total += apart * apart
            if total <= most * order.size:
                found.append((row, there))
    return _rows(found)


@njit(cache=True, nogil=True)
def mismatch(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    order: NDArray[np.int64],
    first: int,
    stop: int,
    lag: float,
) -> NDArray[np.float64]:
    """Return the mean square difference (T,) of tracks (K, S), each averaged over a quarter of a second.

    The three samples before and after each are averaged with it: of a copy the difference is noise, which averages out.

    Parameters
    ----------
    one, other
        Tracks; samples ``first`` to ``stop`` of one are compared, with what other has a lag later.
    order
        Which tracks of one are compared with those of other (K,).
    lag
        In samples; between two samples is the line between them.
    """
    whole = int(np.floor(lag))
    part = lag - whole
    count = stop - first
    found = np.zeros(count)
    # Nothing is known beyond the ends: a difference of 0 adds nothing to a sum. Slices, since an index that is a sum
    # might be negative, and a loop that asks for that is not turned into wide instructions.
    line = np.zeros(count + 6)
    a, b, c, at = line[:count], line[1 : count + 1], line[2 : count + 2], line[3 : count + 3]
    d, e, f = line[4 : count + 4], line[5 : count + 5], line[6:]
    shares = np.empty(count)
    for t in range(count):
        shares[t] = 1.0 / ((min(count, t + 4) - max(0, t - 3)) ** 2 * order.size)
    for k in range(order.size):
        mine = one[order[k], first:stop]
        before, after = other[k, first + whole : stop + whole], other[k, first + whole + 1 : stop + whole + 1]
        for t in range(count):
            at[t] = mine[t] - (before[t] * (1 - part) + after[t] * part)
        for t in range(count):
            total = a[t] + b[t] + c[t] + at[t] + d[t] + e[t] + f[t]
            found[t] += total * total
    for t in range(count):
        found[t] *= shares[t]
    return found


@njit(cache=True, nogil=True)
def shared(one: int, other: int, lag: float) -> tuple[int, int]:
    """Return the first sample of one that two tracks of so many samples both have at a lag, and where they end."""
    whole = int(np.floor(lag))
    return max(0, -whole), min(one, other - whole - 1)


@njit(cache=True, nogil=True)
def low_runs(values: NDArray[np.float64], most: float, gap: int, least: float) -> NDArray[np.int64]:
    """Return first and last index (R, 2) of runs of values (T,) of at most ``most`` that are ``least`` long or longer.

    ``gap`` others in a row belong to a run.
    """
    found = [(0, 0) for _ in range(0)]
    start, last = 0, -1
    for t in range(values.size):
        if values[t] <= most:
            if last < 0 or t - last > gap + 1:
                if last >= 0 and last - start + 1 >= least:
                    found.append((start, last))
                start = t
            last = t
    if last >= 0 and last - start + 1 >= least:
        found.append((start, last))
    return _rows(found)


@njit(cache=True, nogil=True)
def movement(tracks: NDArray[np.float32], first: int, stop: int) -> float:
    """Return the root mean square deviation of tracks (K, S) from their means over some samples."""
    total = 0.0
    for k in range(tracks.shape[0]):
        mean = 0.0
        for t in range(first, stop):
            mean += tracks[k, t]
        mean /= stop - first
        for t in range(first, stop):
            apart = tracks[k, t] - mean
            total += apart * apart
    return float(np.sqrt(total / (tracks.shape[0] * (stop - first))))


@njit(cache=True, nogil=True)
def best_lag(
    one: NDArray[np.float32],
    other: NDArray[np.float32],
    order: NDArray[np.int64],
    lag: float,
    most: float,
) -> float:
    """Return the lag near a lag at which tracks differ least: to half a sample, then to a hundredth.

    Parameters
    ----------
    one, other, order, lag
        As :func:`mismatch` has them.
    most
        Square difference above which samples count alike: where one is a part of the other, only that part says which
        lag is right.
    """
    for width in (0.5, 0.08):
        best, least, middle = lag, np.inf, lag
        for step in range(9):
            tried = middle - width + step * width / 4
            first, stop = shared(one.shape[1], other.shape[1], tried)
            if stop <= first:
                continue
            squares = mismatch(one, other, order, first, stop, tried)
            total = 0.0
            for t in range(squares.size):
                total += min(squares[t], most)
            if total / squares.size < least:
                best, least = tried, total / squares.size
        lag = best
    return lag
