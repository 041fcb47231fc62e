"""Rotations in their several forms; leading axes broadcast.

Quaternions are wxyz, unit, scalar first. Matrices act on column vectors. Angles are radians. Formulas: Diebel 2006,
"Representing attitude"; for 6D: Zhou et al. 2019, "On the continuity of rotation representations".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats

#: Shape of one rotation in each form.
FORMS: Mapping[str, tuple[int, ...]] = {
    "matrix": (3, 3),
    "quaternion": (4,),
    "6d": (6,),
    "6d_rows": (6,),
    "axis_angle": (3,),
    "euler": (3,),
}

#: Below this sine or cosine of the second Euler angle, rounding alone would decide the third.
_LOCK = 1e-12
#: A smaller part of the largest number is rounding alone, in float32.
_ROUNDING = 1e-6
#: Matrices whose largest number is 1 and whose determinant is above this are nowhere near to two rotations alike.
_PLAIN = 1e-3


def from_euler(angles: Floats, axes: Sequence[int]) -> Floats:
    """Return matrices (..., 3, 3) of rotations that compose in the order given: the first axis turns last.

    Parameters
    ----------
    angles
        (..., K), radians.
    axes
        K of 0, 1, 2 for x, y, z; any number, repeated or not.
    """
    matrix = np.broadcast_to(np.eye(3), (*angles.shape[:-1], 3, 3))
    for k, axis in enumerate(axes):
        matrix = matrix @ _about(axis, angles[..., k])
    return np.ascontiguousarray(matrix)


def _about(axis: int, angle: Floats) -> Floats:
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.zeros((*angle.shape, 3, 3))
    second, third = (axis + 1) % 3, (axis + 2) % 3
    matrix[..., axis, axis] = 1
    matrix[..., second, second] = matrix[..., third, third] = cos
    matrix[..., third, second] = sin
    matrix[..., second, third] = -sin
    return matrix


def to_euler(matrices: Floats, axes: Sequence[int]) -> Floats:
    """Return the angles (..., 3), radians, that :func:`from_euler` turns into matrices (..., 3, 3) by the same axes.

    The first and third angle are within -pi and pi, the second within -pi/2 and pi/2, or 0 and pi if the first axis is
    the third. In gimbal lock (the second angle at an end of its range, to 1e-12) only the sum or difference of the
    others is known: the third is 0 then, and the first takes all. Each angle is read off after the one before it has
    been undone, so that the matrices come back to the last digits however near to lock they are.

    Parameters
    ----------
    matrices
        (..., 3, 3), rotations.
    axes
        Three of 0, 1, 2 for x, y, z, no two neighbours alike.

    Raises
    ------
    ValueError
        If the axes are not such three.
    """
    if len(axes) != 3 or not {*axes} <= {0, 1, 2} or axes[1] in (axes[0], axes[2]):
        raise ValueError(f"axes are {tuple(axes)}; they must be three of 0, 1, 2, no two neighbours alike")
    m = np.asarray(matrices, dtype=np.float64)
    i, j = axes[:2]
    k = 3 - i - j
    sign = 1 if (j - i) % 3 == 1 else -1
    sine, cosine = (m[..., i, j], sign * m[..., i, k]) if axes[2] == i else (-sign * m[..., i, j], m[..., i, i])
    third = np.where(np.hypot(sine, cosine) < _LOCK, 0.0, np.arctan2(sine, cosine))
    m = m @ np.swapaxes(_about(axes[2], third), -1, -2)
    first = np.arctan2(sign * m[..., k, j], m[..., j, j])
    second = np.arctan2(sign * m[..., i, k], m[..., i, i])
    return np.stack([first, second, third], axis=-1)


def from_quaternion(quaternions: Floats) -> Floats:
    """Return matrices (..., 3, 3) of unit quaternions (..., 4)."""
    w, x, y, z = np.moveaxis(np.asarray(quaternions, dtype=np.float64), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)


def to_quaternion(matrices: Floats) -> Floats:
    """Return unit quaternions (..., 4) of rotation matrices (..., 3, 3), with w at least 0.

    The largest of the four components is found first and the others are divided by it (Shepperd 1978, "Quaternion from
    rotation matrix"), so that no half turn loses digits.
    """
    m = np.asarray(matrices, dtype=np.float64)
    xx, yy, zz = m[..., 0, 0], m[..., 1, 1], m[..., 2, 2]
    ww = xx + yy + zz
    xw, yw, zw = m[..., 2, 1] - m[..., 1, 2], m[..., 0, 2] - m[..., 2, 0], m[..., 1, 0] - m[..., 0, 1]
    xy, xz, yz = m[..., 1, 0] + m[..., 0, 1], m[..., 0, 2] + m[..., 2, 0], m[..., 2, 1] + m[..., 1, 2]
    # Row k holds four times component k times each of w, x, y, z.
    rows = [
        [1 + ww, xw, yw, zw],
        [xw, 1 + xx - yy - zz, xy, xz],
        [yw, xy, 1 - xx + yy - zz, yz],
        [zw, xz, yz, 1 - xx - yy + zz],
    ]
    products = np.stack([np.stack(row, axis=-1) for row in rows], axis=-2)
    largest = np.argmax(np.stack([ww, xx, yy, zz], axis=-1), axis=-1)
    quaternion = np.take_along_axis(products, largest[..., None, None], axis=-2)[..., 0, :]
    quaternion /= np.linalg.norm(quaternion, axis=-1, keepdims=True)
    return np.where(quaternion[..., :1] < 0, -quaternion, quaternion)


def steady(quaternions: Floats, previous: Floats | tuple[float, ...] = (1.0, 0.0, 0.0, 0.0)) -> Floats:
    """Return quaternions (F, ..., 4) with signs chosen so that none jumps to its opposite from one frame to the next.

    The first frame is as near to ``previous`` (..., 4) as can be: it has w at least 0 if that is not given.
    """
    quaternions = np.asarray(quaternions, dtype=np.float64)
    if not len(quaternions):
        return quaternions
    opposite = np.sum(quaternions[1:] * quaternions[:-1], axis=-1) < 0
    signs = np.ones((*quaternions.shape[:-1], 1))
    signs[0, ..., 0] = np.where(np.sum(quaternions[0] * np.asarray(previous), axis=-1) < 0, -1, 1)
    signs[1:, ..., 0] = np.where(opposite, -1, 1)
    return quaternions * np.cumprod(signs, axis=0)


def to_axis_angle(matrices: Floats) -> Floats:
    """Return vectors (..., 3) along the axes of rotation matrices (..., 3, 3), as long as the angles: 0 to pi radians.

    At half a turn either end of the axis is right, and from frame to frame the vector may jump from one to the other.
    """
    quaternion = to_quaternion(matrices)
    w, vector = quaternion[..., :1], quaternion[..., 1:]
    sine = np.linalg.norm(vector, axis=-1, keepdims=True)
    ratio = np.full_like(sine, 2.0)
    np.divide(2 * np.arctan2(sine, w), sine, out=ratio, where=sine > 0)
    scaled: Floats = vector * ratio
    return scaled


def from_axis_angle(vectors: Floats) -> Floats:
    """Return matrices (..., 3, 3) of rotations about vectors (..., 3) by angles, in radians, that are their lengths."""
    vectors = np.asarray(vectors, dtype=np.float64)
    half = 0.5 * np.linalg.norm(vectors, axis=-1, keepdims=True)
    # numpy's sinc is that of signal processing, sin(pi x) / (pi x), and 1 at 0.
    return from_quaternion(np.concatenate([np.cos(half), 0.5 * np.sinc(half / np.pi) * vectors], axis=-1))


def nearest(matrices: Floats) -> Floats:
    """Return the rotation matrices (..., D, D) with the least squared distance to any matrices (..., D, D).

    By singular value decomposition, with the last direction turned over where a mirror image would be nearer (Kabsch
    1978, "A discussion of the solution for the best rotation to relate two sets of vectors"). So nine numbers that a
    network predicts become a rotation (Levinson et al. 2020, "An analysis of SVD for deep rotation estimation"). What
    is not finite becomes NaN.
    """
    m = np.asarray(matrices, dtype=np.float64)
    finite = np.isfinite(m).all(axis=(-2, -1), keepdims=True)
    left, _, right = np.linalg.svd(np.where(finite, m, 0.0))
    left[..., -1] *= np.sign(np.linalg.det(left @ right))[..., None]
    return np.where(finite, left @ right, np.nan)


def undirected(values: Floats, form: str) -> NDArray[np.bool_]:
    """Return which of some numbers (..., *form) are no rotation (...), to the rounding of float32.

    Of quaternions those are zeros; of six numbers two vectors on one line, or zeros; of nine those that several
    rotations are equally near to, as to zeros or to a mirror image: the two smaller singular values, of which the last
    counts against the other in a mirror image, add up to nothing (Kabsch 1978). Angles are always a rotation.

    Parameters
    ----------
    values
        (..., *form), finite.
    form
        Of :data:`FORMS`.
    """
    values = np.asarray(values, dtype=np.float64)
    if form == "matrix":
        return _far_from_one(values)
    if form in ("6d", "6d_rows"):
        first, second = values[..., :3], values[..., 3:]
        lengths = np.linalg.norm(first, axis=-1) * np.linalg.norm(second, axis=-1)
        on_a_line: NDArray[np.bool_] = np.linalg.norm(np.cross(first, second), axis=-1) <= _ROUNDING * lengths
        return on_a_line
    if form == "quaternion":
        zeros: NDArray[np.bool_] = np.linalg.norm(values, axis=-1) == 0
        return zeros
    return np.zeros(values.shape[: values.ndim - len(FORMS[form])], dtype=bool)


def _far_from_one(matrices: Floats) -> NDArray[np.bool_]:
    """Return which matrices (..., 3, 3) have no one rotation that is nearest."""
    largest = np.abs(matrices).max(axis=(-2, -1), keepdims=True)
    scaled = matrices / np.where(largest > 0, largest, 1.0)
    determinants = np.asarray(np.linalg.det(scaled))
    lost: NDArray[np.bool_] = np.asarray(determinants <= _PLAIN)
    if lost.any():
        singular = np.linalg.svd(scaled[lost], compute_uv=False)
        apart = singular[:, 1] + np.sign(determinants[lost]) * singular[:, 2]
        lost[lost] = apart <= _ROUNDING * singular[:, 0]
    return lost


def to_6d(matrices: Floats, by: str = "columns") -> Floats:
    """Return the first two columns, or rows, of matrices (..., 3, 3), one after the other (..., 6)."""
    if by == "rows":
        matrices = np.swapaxes(matrices, -1, -2)
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def from_6d(values: Floats, by: str = "columns") -> Floats:
    """Return rotation matrices (..., 3, 3) from two columns, or rows, (..., 6) by Gram and Schmidt's method."""
    first, second = values[..., :3], values[..., 3:]
    x = first / np.linalg.norm(first, axis=-1, keepdims=True)
    y = second - np.sum(x * second, axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-2 if by == "rows" else -1)


def represent(matrices: Floats, rotations: str, order: str = "ZYX") -> Floats:
    """Return rotation matrices (F, ..., 3, 3) in another form, (F, ...) and the form's shape in :data:`FORMS`.

    Parameters
    ----------
    matrices
        (F, ..., 3, 3).
    rotations
        ``"matrix"``, ``"quaternion"`` (steady over the frames), ``"6d"`` (two columns), ``"6d_rows"``,
        ``"axis_angle"`` or ``"euler"`` (radians).
    order
        Axes of Euler angles, each about the axis as the ones before it have turned it: ``"ZYX"`` turns about z, then
        about the new y, then about the newest x.

    Raises
    ------
    KeyError
        If there is no such form.
    """
    ways: Mapping[str, Callable[[Floats], Floats]] = {
        "matrix": np.asarray,
        "quaternion": lambda matrices: steady(to_quaternion(matrices)),
        "6d": to_6d,
        "6d_rows": lambda matrices: to_6d(matrices, "rows"),
        "axis_angle": to_axis_angle,
        "euler": lambda matrices: to_euler(matrices, _axes(order)),
    }
    return ways[rotations](matrices)


def matrices_back(array: Floats, rotations: str, order: str = "ZYX", joints: int | None = None) -> Floats:
    """Return the rotation matrices that :func:`represent` expressed, or that a network predicts in that form.

    Quaternions need not be of unit length; six numbers need not be orthogonal; matrices are handed back as they are.

    Parameters
    ----------
    array
        (..., *form), or flat, (..., J * numbers), if ``joints`` is given.
    rotations, order
        As in :func:`represent`.
    joints
        J, if each frame is flat.

    Returns
    -------
    numpy.ndarray
        (..., 3, 3), of a flat array (..., J, 3, 3).

    Raises
    ------
    KeyError
        If there is no such form.
    ValueError
        If a flat array has not the numbers of so many joints.
    """
    values = np.asarray(array, dtype=np.float64)
    if joints is not None:
        values = values.reshape(*values.shape[:-1], joints, *FORMS[rotations])
    ways: Mapping[str, Callable[[Floats], Floats]] = {
        "matrix": np.asarray,
        "quaternion": lambda values: from_quaternion(values / np.linalg.norm(values, axis=-1, keepdims=True)),
        "6d": from_6d,
        "6d_rows": lambda values: from_6d(values, "rows"),
        "axis_angle": from_axis_angle,
        "euler": lambda values: from_euler(values, _axes(order)),
    }
    return ways[rotations](values)


def _axes(order: str) -> list[int]:
    return ["XYZ".index(axis) for axis in order]
