"""What is stored of a take: arrays by name, filled some frames at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep import kinematics
from motionprep.data import Markers, Motion, Poses, Take

_MOST = float(np.finfo(np.float32).max)


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

    Raises
    ------
    ValueError
        If the take has not what a feature is of.
    OverflowError
        If a number is too large for float32, or not finite. What is said of either begins with the feature's name.
    """

    def __init__(self, take: Take, names: Sequence[str], missing: float = 0.0) -> None:
        self.frames = take.frames
        self._at = 0
        self._arrays: dict[str, NDArray[Any]] = {}
        computed = []
        for name in names:
            if name in take.arrays:
                self._arrays[name] = take.arrays[name]
            elif name in kinematics.FEATURES and not (name == "root_position" and take.root is not None):
                computed.append(name)
            else:
                self._arrays[name] = _array(take, name, missing)
        for name, array in self._arrays.items():
            if array.dtype != bool and not np.abs(array).max(initial=0.0) <= _MOST:
                raise OverflowError(f"{name} has numbers that float32 cannot hold")
        self._solver: kinematics.Solver | None = None
        if computed:
            motion = _motion(take, computed[0])
            if {"positions", "root_position"} & {*computed} and not kinematics.reach(motion) <= _MOST:
                raise OverflowError("positions may have numbers that float32 cannot hold")
            self._solver = kinematics.Solver(motion, computed)
        #: Where points are known, bool (F, points), of the features of which they are not in all frames.
        self.known: dict[str, NDArray[np.bool_]] = {
            name: known for name in names if (known := _known(take, name)) is not None
        }
        shapes = {name: array.shape[1:] for name, array in self._arrays.items()}
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
        if self._solver is not None:
            self._solver.fill({name: out[name] for name in self._solver.shapes})
        self._at += count


def _is_mask(array: NDArray[Any] | None) -> bool:
    return array is not None and array.dtype == bool


def _motion(take: Take, name: str) -> Motion | Poses:
    if take.motion is None:
        raise ValueError(f"{name}: no skeleton")
    return take.motion


def _array(take: Take, name: str, missing: float) -> NDArray[Any]:
    """Return a feature (F, ...) that needs no kinematics."""
    if name.startswith("root"):
        motion = _motion(take, name)
        if name == "root_position" and take.root is not None:
            return take.root.position
        if name == "root_rotation":
            return kinematics.poses(motion).rotations[:, 0] if take.root is None else take.root.rotation
    elif name.startswith("markers"):
        markers = _markers(take, name)
        if markers is None:
            raise ValueError(f"{name}: no markers")
        if name.endswith("visible"):
            return markers.visible
        if name in ("markers", "markers_corrupt"):
            return _filled(markers, missing)
        if name == "markers_seen":
            return np.concatenate([_filled(markers, missing), markers.visible[..., None]], axis=-1)
    raise ValueError(f"{name}: no stage has made it")


def _markers(take: Take, name: str) -> Markers | None:
    """Return the markers that a feature is of."""
    spoilt = name in ("markers_corrupt", "markers_corrupt_visible", "markers_seen")
    return take.corrupt or take.markers if spoilt else take.markers


def _known(take: Take, name: str) -> NDArray[np.bool_] | None:
    """Return where the points (F, P) of a feature are known; None if in all frames."""
    if name in ("markers", "markers_corrupt", "markers_seen") and name not in take.arrays:
        markers = _markers(take, name)
        return None if markers is None else markers.visible
    return take.arrays.get(f"{name}_known")


def _filled(markers: Markers, missing: float) -> NDArray[np.float64]:
    return np.where(markers.visible[..., None], markers.positions, missing)
