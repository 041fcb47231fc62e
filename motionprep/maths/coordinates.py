"""Changes of coordinates, made to features as they are stored: what :mod:`motionprep.maths.spaces` does to takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.maths import spaces
from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.feature_kinds import FEET, TURNS, Kind
from motionprep.motion.step import Step


def reaches(step: Step, kind: Kind) -> bool:
    """Return whether a feature of a kind is another one in a step's new coordinates."""
    if kind.part == "feet":
        return bool(step.swap)
    if kind.part not in step.on:
        return False
    turned = step.axes is not None or (bool(step.swap) and kind.part != "root")
    if kind.form == "mask":
        return bool(step.swap)
    return turned if kind.form in TURNS else turned or step.scale != 1.0 or kind.form != "vector"


def change(values: NDArray[Any], kind: Kind, step: Step, names: Sequence[str] = (), *, rooted: bool = True) -> Any:
    """Return values of a feature in a step's new coordinates.

    Parameters
    ----------
    values
        (F, ..., K, *shape) float64, shaped as the kind says; rotations as matrices (F, ..., K, 3, 3), whatever their
        form; masks (F, ..., K). K is 1 for the root.
    kind
        Of the feature.
    step
        What differs in it along the first axis has F rows.
    names
        Of the K nodes or markers, and maybe of further nodes; needed where left and right are exchanged.
    rooted
        Whether the root is the first of joints.

    Raises
    ------
    ValueError
        If names are missing.
    """
    if not reaches(step, kind):
        return values
    if kind.form in TURNS:
        values = _turned(values, step, values.shape[-3] if not kind.local or step.conjugate else int(rooted))
    elif kind.form == "seen":
        values = np.concatenate([spaces.points(values[..., :3], step), values[..., 3:]], axis=-1)
    elif kind.form != "mask":
        within = step if kind.form == "point" else Step(scale=step.scale, axes=step.axes)
        values = spaces.points(values, within)
    if not step.swap or kind.part == "root":
        return values
    if kind.part == "feet":
        return np.roll(values, len(FEET) // 2, axis=-1)
    along = values.ndim - 1 - (2 if kind.form in TURNS else len(kind.shape))
    return values.take(_exchange(step, names, values.shape[along], kind.part), axis=along)


def to_matrices(values: NDArray[Any], form: str) -> NDArray[Any]:
    """Return rotations (..., *shape) as matrices (..., 3, 3), quaternions of any length; other forms as they are."""
    if form == "quaternion":
        length = np.linalg.norm(values, axis=-1, keepdims=True)
        return rotations.from_quaternion(values / np.where(length > 0, length, 1.0))
    return rotations.matrices_back(values, form) if form in ("6d", "6d_rows") else values


def from_matrices(values: NDArray[Any], form: str, frames: int = 0) -> NDArray[Any]:
    """Return matrices (..., 3, 3) in a form, quaternions steady along the axis ``frames``; other forms as they are."""
    if form == "quaternion":
        quaternions = np.moveaxis(rotations.to_quaternion(values), frames, 0)
        return np.moveaxis(rotations.steady(quaternions), 0, frames)
    return rotations.represent(values, form) if form in ("6d", "6d_rows") else values


def _turned(matrices: Floats, step: Step, count: int) -> Floats:
    """Return rotations (F, ..., K, 3, 3), of which the first ``count`` are expressed in the step's new axes."""
    if step.axes is None or not count:
        return matrices
    back = np.swapaxes(step.axes, -1, -2)
    if back.ndim == 3:
        back = back.reshape(len(back), *[1] * (matrices.ndim - 3), 3, 3)
    turned: Floats = back @ matrices[..., :count, :, :]
    if step.conjugate:
        turned = turned @ step.axes
    return turned if count == matrices.shape[-3] else np.concatenate([turned, matrices[..., count:, :, :]], axis=-3)


def _exchange(step: Step, names: Sequence[str], count: int, part: str) -> list[int]:
    if len(names) < count:
        kind = "nodes" if part == "joints" else "markers"
        raise ValueError(f"left and right were exchanged; give the names of all {kind}, not {len(names)} of {count}")
    return spaces.exchange(names[:count], step.swap)
