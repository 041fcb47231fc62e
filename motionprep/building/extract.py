"""What is stored of a take: arrays by name, filled some frames at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.building.limits import FeatureError, check_reach
from motionprep.maths import rigid
from motionprep.motion import kinematics
from motionprep.motion.arrays import FLOAT32_MAX
from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.motion.poses import Poses
from motionprep.motion.take import Take

#: Features that are markers' places, and how many numbers a marker has in them.
_POINTS = {"markers": 3, "markers_corrupt": 3, "markers_seen": 4}


class Extraction:
    """Reads features off a take from its first frame to its last, some frames at a time.

    Parameters
    ----------
    take
        As the last stage left it.
    names
        Of :data:`motionprep.stages.features.KNOWN`.
    missing
        What markers are where they are not visible, on each axis.

    by
        Whether ``rotations_6d`` are ``"columns"`` or ``"rows"`` of matrices.

    Raises
    ------
    FeatureError
        If the take lacks the modality of a feature, or a number is too large for float32 or not finite.
    """

    def __init__(self, take: Take, names: Sequence[str], missing: float = 0.0, by: str = "columns") -> None:
        self.frames = take.frames
        self._at = 0
        self._missing = missing
        self._arrays: dict[str, NDArray[Any]] = {}
        self._points: dict[str, Markers] = {}
        computed = []
        for name in names:
            if name in take.arrays:
                self._arrays[name] = take.arrays[name]
            elif name in kinematics.FEATURES and not (name == "root_position" and take.root is not None):
                computed.append(name)
            elif name in _POINTS:
                self._points[name] = _markers(take, name)
            else:
                self._arrays[name] = _array(take, name)
        largest = {name: _largest(array) for name, array in self._arrays.items() if array.dtype != bool}
        largest |= {name: max(_largest(markers.positions), abs(missing)) for name, markers in self._points.items()}
        for name, most in largest.items():
            if not most <= FLOAT32_MAX:
                raise FeatureError(name, f"{name} has numbers that float32 cannot hold")
        self._solver: kinematics.Solver | None = None
        if computed:
            motion = _motion(take, computed[0])
            if {"positions", "root_position"} & {*computed}:
                check_reach(motion)
            self._solver = kinematics.Solver(motion, computed, by)
        #: Where points are known, bool (F, points), of the features of which they are not in all frames.
        self.known: dict[str, NDArray[np.bool_]] = {
            name: known for name in names if (known := _known(take, name)) is not None
        }
        shapes = {name: array.shape[1:] for name, array in self._arrays.items()}
        shapes |= {name: (len(markers.names), _POINTS[name]) for name, markers in self._points.items()}
        if self._solver is not None:
            shapes |= self._solver.shapes
        #: Dtype and shape of a frame of each feature.
        self.kinds: dict[str, tuple[np.dtype[Any], tuple[int, ...]]] = {
            name: (np.dtype(np.uint8 if _is_mask(self._arrays.get(name)) else np.float32), shapes[name])
            for name in names
        }

    def fill(self, out: Mapping[str, NDArray[Any]]) -> None:
        """Fill arrays (K, ...), one a feature, with the next K frames."""
        count = len(next(iter(out.values())))
        for name, array in self._arrays.items():
            out[name][:] = array[self._at : self._at + count]
        for name, markers in self._points.items():
            some = slice(self._at, self._at + count)
            rigid.lay_out(markers.positions[some], markers.visible[some], self._missing, out[name])
        if self._solver is not None:
            self._solver.fill({name: out[name] for name in self._solver.shapes})
        self._at += count


def _largest(array: NDArray[Any]) -> float:
    """Return the largest absolute value; NaN if there is one."""
    return float(max(array.max(initial=0), -array.min(initial=0)))


def _is_mask(array: NDArray[Any] | None) -> bool:
    return array is not None and array.dtype == bool


def _motion(take: Take, name: str) -> Motion | Poses:
    if take.motion is None:
        raise FeatureError(name, f"{name}: no skeleton")
    return take.motion


def _markers(take: Take, name: str) -> Markers:
    """Return the markers that a feature is of."""
    markers = take.markers if name in ("markers", "markers_visible") else take.corrupt or take.markers
    if markers is None:
        raise FeatureError(name, f"{name}: no markers")
    return markers


def _array(take: Take, name: str) -> NDArray[Any]:
    """Return a feature (F, ...) that needs no kinematics."""
    if name == "root_position" and take.root is not None:
        return take.root.position
    if name == "root_rotation":
        return _motion(take, name).poses().rotations[:, 0] if take.root is None else take.root.rotation
    if name in ("markers_visible", "markers_corrupt_visible"):
        return _markers(take, name).visible
    raise FeatureError(name, f"{name}: no stage has made it")


def _known(take: Take, name: str) -> NDArray[np.bool_] | None:
    """Return where the points (F, P) of a feature are known; None if in all frames."""
    if name in _POINTS and name not in take.arrays:
        return _markers(take, name).visible
    return take.arrays.get(f"{name}_known")
