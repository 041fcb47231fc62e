"""From stored or predicted features back to the world of the files."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from motionprep.dataset.predicted import check_turns, to_floats
from motionprep.maths import coordinates, spaces
from motionprep.motion.arrays import Floats
from motionprep.motion.feature_kinds import KINDS, TURNS, Kind
from motionprep.motion.skeleton import Skeleton
from motionprep.motion.step import PARTS, Step

#: The features that can be brought back. A velocity in a frame that moves is not that of the world, turned.
INVERTIBLE = tuple(name for name, kind in KINDS.items() if kind.form not in ("vector", "spin") and kind.part != "body")
#: How the arrays of :func:`steps_to_json` are named, and how many axes such an array of all frames has.
_NO_FORMS: Mapping[str, str] = {}
_OF_FRAMES = {"axes": ("frame_axes", 3), "origin": ("frame_origin", 2)}


def invert(
    features: Mapping[str, ArrayLike],
    steps: Sequence[Step],
    *,
    nodes: Sequence[str] = (),
    markers: Sequence[str] = (),
    without_root: Collection[str] = (),
    forms: Mapping[str, str] = _NO_FORMS,
) -> dict[str, NDArray[Any]]:
    """Return features as they would be if no stage had changed coordinates.

    The root is brought back on its own, by the steps that reached it: not by those that it was kept apart from. What
    stands for a marker that is not visible is moved like any point and means nothing.

    Parameters
    ----------
    features
        Arrays (F, ...) by name, of any float type, shaped as a dataset has them or flat (F, K): ``positions``,
        ``rotations``, ``quaternions`` (of any length), ``rotations_6d``, ``global_rotations``, ``root_position``,
        ``root_rotation`` (F, 3, 3), ``markers``, ``markers_corrupt``, ``markers_seen`` and the masks of markers.
        ``frame_axes`` and ``frame_origin``, which belong to the steps, may be among them and are left out.
    steps
        That were made, in order, with frames of their own for the same F frames.
    nodes, markers
        Names of the nodes and of the markers, which are needed where left and right were exchanged.
    without_root
        Which features of joints have all of them but the root.
    forms
        Forms of rotations, ``"6d_rows"``, of features that have another one than their kind.

    Returns
    -------
    The features in their shapes, in float64.

    Raises
    ------
    ValueError
        If a feature is none of these or has another shape, is no numbers that float32 can hold, or has rotations
        without a direction; if a step has another number of frames, or names are missing.
    """
    out: dict[str, NDArray[Any]] = {}
    for name, values in features.items():
        if name.startswith(tuple(prefix for prefix, _ in _OF_FRAMES.values())):
            continue
        if name not in INVERTIBLE:
            raise ValueError(f"{name} cannot be brought back; what can are {', '.join(INVERTIBLE)}")
        kind, array = KINDS[name], np.asarray(values)
        kind = kind._replace(form=forms.get(name, kind.form))
        width = math.prod(array.shape[1:])
        if array.ndim < 1 or width % math.prod(kind.shape):
            shape = "".join(f", {size}" for size in kind.shape)
            raise ValueError(f"{name} have shape {array.shape}; expected (frames, ...{shape})")
        names = {"joints": nodes[name in without_root :], "markers": markers}.get(kind.part, ())
        try:
            rows = array if array.dtype == bool and kind.form == "mask" else to_floats(array)
            rows = rows.reshape(len(array), width // math.prod(kind.shape), *kind.shape)
            if kind.form in TURNS:
                check_turns(rows, kind.form, names)
            rows = _back(rows, kind, steps, names, has_root=name not in without_root)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
        out[name] = rows.reshape(array.shape)
    return out


def skeleton_back(skeleton: Skeleton, steps: Sequence[Step]) -> Skeleton:
    """Return a skeleton, whose offsets are as stored, as it would be if no stage had changed coordinates."""
    for step in reversed(steps):
        if "joints" in step.on:
            skeleton = spaces.skeleton_back(skeleton, step)
    return skeleton


def steps_to_json(steps: Sequence[Step]) -> tuple[list[dict[str, Any]], dict[str, Floats]]:
    """Return steps as plain JSON, and what they have for each frame as arrays, to be stored beside the features.

    The arrays are ``frame_axes`` (F, 3, 3) and ``frame_origin`` (F, 3), then ``frame_axes_2`` and so on if several
    steps have them; the JSON has their names. What is as in ``Step()`` is left out.
    """
    arrays: dict[str, Floats] = {}
    plain = []
    for step in steps:
        value: dict[str, Any] = {"scale": step.scale} if step.scale != 1.0 else {}
        for field, (prefix, ndim) in _OF_FRAMES.items():
            array = getattr(step, field)
            if array is None:
                continue
            if array.ndim == ndim:
                number = 1 + sum(name.startswith(prefix) for name in arrays)
                name = prefix if number == 1 else f"{prefix}_{number}"
                arrays[name], value[field] = array, name
            else:
                value[field] = array.tolist()
        if step.conjugate:
            value["conjugate"] = True
        if step.swap:
            value["swap"] = [list(pair) for pair in step.swap]
        if step.on != PARTS:
            value["on"] = list(step.on)
        plain.append(value)
    return plain, arrays


def steps_from_json(plain: Sequence[Mapping[str, Any]], arrays: Mapping[str, ArrayLike]) -> tuple[Step, ...]:
    """Return the steps that :func:`steps_to_json` wrote.

    Parameters
    ----------
    plain
        The JSON.
    arrays
        By name, of any float type; of a part of the frames, the steps are those of that part.

    Raises
    ------
    ValueError
        If an array is not there.
    """

    def array(value: Any) -> Floats | None:
        if isinstance(value, str):
            if value not in arrays:
                raise ValueError(f"there is no {value}, which the steps need; it is stored beside the features")
            value = arrays[value]
        return None if value is None else np.asarray(value, dtype=np.float64)

    return tuple(
        Step(
            scale=step.get("scale", 1.0),
            axes=array(step.get("axes")),
            origin=array(step.get("origin")),
            conjugate=step.get("conjugate", False),
            swap=tuple((one, other) for one, other in step.get("swap", ())),
            on=tuple(step.get("on", PARTS)),
        )
        for step in plain
    )


def _back(rows: NDArray[Any], kind: Kind, steps: Sequence[Step], names: Sequence[str], has_root: bool) -> NDArray[Any]:
    """Return points, rotations or masks (F, K, ...) as they were before all steps."""
    done = [step for step in steps if coordinates.reaches(step, kind)]
    if not done or not len(rows):
        return rows
    rows = coordinates.to_matrices(rows, kind.form)
    for step in reversed(done):
        _check_frames(step, len(rows))
        rows = coordinates.change(rows, kind, spaces.inverse(step), names, rooted=has_root)
    return coordinates.from_matrices(rows, kind.form)


def _check_frames(step: Step, frames: int) -> None:
    for field, (_, ndim) in _OF_FRAMES.items():
        array = getattr(step, field)
        if array is not None and array.ndim == ndim and len(array) != frames:
            raise ValueError(f"{frames} frames, but the {field} of a step are of {len(array)}")
