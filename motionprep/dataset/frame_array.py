"""A feature over all frames of a split."""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import Any

import numpy as np

from motionprep.dataset.motions import Motions
from motionprep.errors import DatasetError
from motionprep.naming.skeleton_tables import strays
from motionprep.stages.features import MASKS


class FrameArray:
    """A feature over all frames of a split, read when frames are asked for; made by ``split.array("positions")``.

    Parameters
    ----------
    motions
        The motions of the split.
    feature
        The name of the feature.

    Raises
    ------
    DatasetError
        If its frames have other shapes in some motions, or the same nodes or markers in another order.
    """

    def __init__(self, motions: Motions, feature: str) -> None:
        self._motions, self.feature = motions, feature
        orders: dict[tuple[str, ...], str] = {}
        for row in {(row["skeleton"], *(row["marker_names"] or ())): row for row in reversed(motions.rows)}.values():
            orders.setdefault(motions.stored(row).names(feature), row["key"])
        (first, of_first), *others = orders.items() if orders else [((), "")]
        for names, key in others:
            if len(names) == len(first) and {*names} != {*first} and (pair := strays(names, first)):
                raise DatasetError(
                    f"{motions.name}: {feature} of {key} has {pair[0]!r} where {of_first} has {pair[1]!r}; read motion "
                    "by motion, or name those that all have in a field of windows"
                )
        if len({frozenset(names) for names in orders}) < len(orders):
            raise DatasetError(
                f"{motions.name}: {feature} are in another order in {' than in '.join(list(orders.values())[:2])}; "
                "read motion by motion, or name them in a field of windows"
            )
        shapes = {motions.stored(row).frame_shape(feature): row["key"] for row in reversed(motions.rows)}
        if len(shapes) > 1:
            found = ", ".join(f"{shape} in {key}" for shape, key in shapes.items())
            raise DatasetError(f"{motions.name}: frames of {feature} have shapes {found}; read motion by motion")
        (frame,) = shapes or ((),)
        #: Frames, then the shape of one.
        self.shape: tuple[int, ...] = (motions.frames, *frame)
        self.dtype = np.dtype(bool if feature in MASKS else np.float32)
        self._ends = list(accumulate(row["frames"] for row in motions.rows))

    def __repr__(self) -> str:
        return f"FrameArray({self.feature!r} of {self._motions.name!r}: {self.shape}, {self.dtype})"

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __len__(self) -> int:
        """Return the number of frames."""
        return self.shape[0]

    def __getitem__(self, index: Any) -> np.ndarray[Any, Any]:
        """Return frames as an array: one by number, a slice, or a list of numbers; further axes as in NumPy.

        Raises
        ------
        IndexError
            If there is no such frame.
        """
        first, *rest = index if isinstance(index, tuple) else (index,)
        if first is Ellipsis:
            first, rest = slice(None), [Ellipsis, *rest]
        if isinstance(first, slice):
            frames = range(len(self))[first]
            low, high = (min(frames[0], frames[-1]), max(frames[0], frames[-1]) + 1) if frames else (0, 0)
            found = self._read(low, high)
            if frames.step != 1:
                found = found[np.asarray(frames, np.int64) - low]
            return found[(slice(None), *rest)]
        chosen = np.arange(len(self))[first]
        if not np.ndim(chosen):
            one: np.ndarray[Any, Any] = self._read(int(chosen), int(chosen) + 1)[0][tuple(rest)]
            return one
        values = np.empty((chosen.size, *self.shape[1:]), self.dtype)
        order = np.argsort(chosen, axis=None, kind="stable")
        motions = np.searchsorted(self._ends, chosen.ravel()[order], side="right")
        for motion in np.unique(motions).tolist():
            places = order[motions == motion]
            wanted = chosen.ravel()[places]
            low = int(wanted[0])
            values[places] = self._read(low, int(wanted[-1]) + 1)[wanted - low]
        several: np.ndarray[Any, Any] = values[(np.arange(chosen.size).reshape(chosen.shape), *rest)]
        return several

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray[Any, Any]:
        """Return all frames.

        Raises
        ------
        ValueError
            If they must not be copied: they are on the disk.
        """
        if copy is False:
            raise ValueError(f"{self.feature} of {self._motions.name} cannot be had without a copy: it is on the disk")
        values = self._read(0, len(self))
        return values if dtype is None else values.astype(dtype)

    def _read(self, start: int, stop: int) -> np.ndarray[Any, Any]:
        """Return frames ``start`` to ``stop``."""
        out = np.empty((stop - start, *self.shape[1:]), self.dtype)
        for number in range(bisect_right(self._ends, start), len(self._ends)):
            row = self._motions.rows[number]
            begin = self._ends[number] - row["frames"]
            if begin >= stop:
                break
            low, high = max(start, begin), min(stop, self._ends[number])
            part = {**row, "start": row["start"] + low - begin, "stop": row["start"] + high - begin}
            out[low - start : high - start] = self._motions.stored(part)[self.feature]
        return out
