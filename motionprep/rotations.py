"""Rotations in their several forms; leading axes broadcast.

Quaternions are wxyz, unit, scalar first. Matrices act on column vectors. Angles are radians. Formulas: Diebel 2006,
"Representing attitude"; for 6D: Zhou et al. 2019, "On the continuity of rotation representations".
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from motionprep.data import Floats


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


def steady(quaternions: Floats) -> Floats:
    """Return quaternions (F, ..., 4) with signs chosen so that none jumps to its opposite from one frame to the next.

    The first frame has w at least 0.
    """
    quaternions = np.asarray(quaternions, dtype=np.float64)
    if not len(quaternions):
        return quaternions
    opposite = np.sum(quaternions[1:] * quaternions[:-1], axis=-1) < 0
    signs = np.ones((*quaternions.shape[:-1], 1))
    signs[0, ..., 0] = np.where(quaternions[0, ..., 0] < 0, -1, 1)
    signs[1:, ..., 0] = np.where(opposite, -1, 1)
    return quaternions * np.cumprod(signs, axis=0)


def to_6d(matrices: Floats) -> Floats:
    """Return the first two columns of matrices (..., 3, 3), one after the other (..., 6)."""
    return np.concatenate([matrices[..., 0], matrices[..., 1]], axis=-1)


def from_6d(values: Floats) -> Floats:
    """Return rotation matrices (..., 3, 3) from two vectors (..., 6) by Gram and Schmidt's method."""
    first, second = values[..., :3], values[..., 3:]
    x = first / np.linalg.norm(first, axis=-1, keepdims=True)
    y = second - np.sum(x * second, axis=-1, keepdims=True) * x
    y = y / np.linalg.norm(y, axis=-1, keepdims=True)
    return np.stack([x, y, np.cross(x, y)], axis=-1)
