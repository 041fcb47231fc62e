"""Augmenting batches in memory, by the stages that do it to takes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from motionprep import spaces
from motionprep.corruption import Points
from motionprep.data import Step
from motionprep.stages.base import Dropped, Spoil, Stage

#: Where points are, by name, and how many of their last axes belong to a window.
_POINTS = {"markers": 3, "markers_corrupt": 3, "positions": 3, "root_position": 2}
#: What has a direction and no place.
_VECTORS = {"markers_velocity": 3, "positions_velocity": 3, "root_velocity": 2}
#: Rotations to the world. Of local ones only the root's is, the first.
_ROTATIONS = {"root_rotation": 3, "global_rotations": 4, "rotations": 4}
_AXES = {**_POINTS, **_VECTORS, **_ROTATIONS}
#: What stays as it is when the world moves.
_MASKS = ("markers_visible", "markers_corrupt_visible")


@runtime_checkable
class Moves(Protocol):
    """A stage that turns or moves the world."""

    def steps(self, rng: np.random.Generator, count: int, metres: float | None) -> Step | Dropped:
        """Return a change of coordinates that has a row for each of several takes."""


def augment(
    batch: Mapping[str, NDArray[Any]],
    stages: Sequence[Stage],
    rng: np.random.Generator,
    *,
    names: Sequence[str] = (),
    rate: float = 0.0,
    metres_per_unit: float | None = None,
) -> dict[str, NDArray[Any]]:
    """Return a batch as stages make it, one after the other; the arrays that are given are not changed.

    A batch of one window comes out as that window does as a take, if the generator is in the same state.

    Parameters
    ----------
    batch
        Features by name. Leading axes are those of the batch, and each window draws for itself: ``markers``
        (..., F, M, 3) and ``markers_visible`` (..., F, M) for what spoils markers; ``markers_corrupt``, if it is there,
        is spoilt further. For what moves the world, any of those, ``positions`` (..., F, N, 3), ``root_position``
        (..., F, 3), ``root_rotation`` (..., F, 3, 3), ``rotations`` and ``global_rotations`` (..., F, J, 3, 3) and
        velocities, all told in the world and not in a frame that goes along with the body.
    stages
        Any of ``noise``, ``occlude``, ``shift``, ``bursts``, ``limbs``, ``swap``, ``yaw``, ``translate``.
        Their ``splits`` and ``copies`` are for builds, and not looked at.
    rng
        Decides everything that is drawn.
    names
        Of the markers; for ``limbs``.
    rate
        Frames a second; for those that last for a while.
    metres_per_unit
        How many metres a unit of the batch is; for lengths that are not in ``unit = "take"``.

    Returns
    -------
    dict
        The batch with ``markers_corrupt`` and ``markers_corrupt_visible`` beside the clean ones, if markers were
        spoilt. Arrays have the dtypes that they had; ``markers_corrupt`` that of ``markers``.

    Raises
    ------
    ValueError
        If a stage cannot be done to a batch, or not to this one; it says what is missing.
    """
    out = dict(batch)
    for stage in stages:
        if isinstance(stage, Spoil):
            points = _points(out, tuple(names), rate, metres_per_unit)
            spoilt = stage.spoil(points, rng)
            if isinstance(spoilt, Dropped):
                raise _refusal(spoilt)
            out["markers_corrupt"] = spoilt.positions.astype(out["markers"].dtype)
            out["markers_corrupt_visible"] = spoilt.visible
        elif isinstance(stage, Moves):
            lead = _lead(out, stage.name)
            step = stage.steps(rng, math.prod(lead), metres_per_unit)
            if isinstance(step, Dropped):
                raise _refusal(step)
            out = {name: _moved(name, array, step) for name, array in out.items()}
            for which in ("markers", "markers_corrupt"):
                if which in out and f"{which}_visible" in out:
                    out[which][~out[f"{which}_visible"].astype(np.bool_)] = 0
        else:
            raise _refusal(f"{stage.name} cannot be done to a batch; put it into a recipe")
    return out


def _refusal(reason: Dropped | str) -> ValueError:
    if isinstance(reason, Dropped):
        reason = f"{reason.reason}; augment takes names, rate and metres_per_unit for what a batch does not say"
    return ValueError(reason)


def _points(batch: Mapping[str, NDArray[Any]], names: tuple[str, ...], rate: float, metres: float | None) -> Points:
    for name in ("markers", "markers_visible"):
        if name not in batch:
            raise ValueError(f"the batch has no {name!r}; there are {', '.join(batch) or 'no arrays'}")
    which = "markers_corrupt" if "markers_corrupt" in batch else "markers"
    positions, visible = batch[which], batch.get(f"{which}_visible")
    if visible is None:
        raise ValueError(f"the batch has {which!r} without '{which}_visible'")
    if positions.ndim < 3 or positions.shape[-1] != 3 or visible.shape != positions.shape[:-1]:
        raise ValueError(
            f"{which} has shape {positions.shape} and {which}_visible {visible.shape}; "
            "expected (..., frames, markers, 3) and the same without the 3"
        )
    if names and len(names) != positions.shape[-2]:
        raise ValueError(f"there are {len(names)} names for {positions.shape[-2]} markers")
    visible = visible.astype(np.bool_)
    places = np.where(visible[..., None], positions, 0.0).astype(np.float64)
    return Points(places, visible, names, rate, metres)


def _lead(batch: Mapping[str, NDArray[Any]], stage: str) -> tuple[int, ...]:
    """Return the leading axes that all arrays of a batch have in common; each array must be one that can be moved."""
    leads = {}
    for name, array in batch.items():
        if name not in _AXES and name not in _MASKS:
            raise ValueError(f"{stage} does not know how to move {name!r}; leave it out, or put {stage} into a recipe")
        axes = _AXES.get(name, 2)
        last = (3, 3) if name in _ROTATIONS else (3,) if name in _AXES else ()
        if array.ndim < axes or array.shape[array.ndim - len(last) :] != last:
            raise ValueError(f"{name} has shape {array.shape}; expected {axes} axes or more, the last {list(last)}")
        leads[array.shape[: array.ndim - axes]] = name
    if len(leads) != 1:
        found = ", ".join(f"{list(lead)} of {name}" for lead, name in leads.items()) or "no arrays"
        raise ValueError(f"the leading axes of a batch must be the same; there are {found}")
    return next(iter(leads))


def _moved(name: str, array: NDArray[Any], step: Step) -> NDArray[Any]:
    """Return a feature in the new coordinates of each window."""
    if name in _MASKS or not array.size:
        return array
    windows = math.prod(array.shape[: array.ndim - _AXES[name]])
    if name not in _ROTATIONS:
        place = step if name in _POINTS else Step(axes=step.axes)
        points = spaces.points(array.reshape(windows, -1, 3).astype(np.float64), place)
        return points.reshape(array.shape).astype(array.dtype)
    if step.axes is None:
        return array
    turned = array.copy()
    roots = turned[..., :1, :, :] if name == "rotations" else turned
    back = np.swapaxes(step.axes, -1, -2)[:, None]
    roots[...] = (back @ roots.reshape(windows, -1, 3, 3).astype(np.float64)).reshape(roots.shape)
    return turned
