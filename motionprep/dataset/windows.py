"""Windows of a split: so many frames each, never across the end of a motion."""

from __future__ import annotations

import operator
from collections.abc import Iterator, Sequence
from copy import copy
from itertools import pairwise
from typing import Any, Unpack

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset.batches import Batches, BatchOptions
from motionprep.dataset.frame_pool import Cache
from motionprep.dataset.motion import StoredMotion
from motionprep.dataset.window_reader import Arrays, WindowReader


class Windows(WindowReader, Sequence[Any]):
    """Windows of a split in natural order, made by ``Split.windows``.

    ``windows[i]`` is a dict of arrays (length, ...), ``windows[[3, 5]]`` and ``windows[10:20]`` are dicts of arrays
    with an axis of windows before that. What is handed out is the reader's own, and may be written to.
    """

    def __repr__(self) -> str:
        shapes = ", ".join(f"{name} {shape}" for name, shape in self.shapes.items())
        return f"Windows({self.split.name!r}: {len(self):,} of {self.length} frames; {shapes})"

    @property
    def motions(self) -> list[tuple[StoredMotion, slice]]:
        """The motions, in order, and which windows are of each."""
        ends = [0, *self._ends.tolist()]
        return [
            (self.split.stored(row), slice(start, stop))
            for row, (start, stop) in zip(self.split.rows, pairwise(ends), strict=True)
        ]

    def columns(self, output: str) -> tuple[str, ...]:
        """Return a name for each number of a frame of an array, in C order: ``positions[Hips].x``.

        Where motions call their joints differently, the names are those of the first.

        Raises
        ------
        KeyError
            If there is no such array.
        """
        row = self.split.rows[0]
        return tuple(name for field in self._output(output).fields for name in self._choice(field, row).names)

    def where(self, index: int) -> tuple[StoredMotion, range]:
        """Return of which motion a window is, and of which of its frames, counted from 0 as they are stored.

        Raises
        ------
        IndexError
            If there is no such window.
        """
        at = self._at(index)
        row = int(np.searchsorted(self._ends, at, side="right"))
        start = int(self._first[at] - self._bases[row])
        return self.split.stored(self.split.rows[row]), range(start, start + self._span, self.step)

    def __len__(self) -> int:
        """Return the number of windows."""
        return self.total

    def __getitem__(self, index: Any) -> Arrays:  # type: ignore[override]
        """Return a window, or several with an axis for them.

        Raises
        ------
        IndexError
            If there is no such window.
        DatasetError
            If what is stored is missing or damaged.
        """
        if isinstance(index, slice):
            item = self.take(np.arange(*index.indices(len(self))))
        elif np.ndim(index):
            item = self.take(self._several(np.asarray(index)))
        else:
            item = {name: array[0] for name, array in self.take(np.array([self._at(index)])).items()}
        return item if self.transform is None else self.transform(item)

    def __iter__(self) -> Iterator[Arrays]:
        """Return the windows one after the other."""
        return (self[index] for index in range(len(self)))

    def batches(self, batch_size: int, **options: Unpack[BatchOptions]) -> Batches:
        """Return batches of these windows; see :class:`motionprep.dataset.batches.Batches`."""
        return Batches(self, batch_size, **options)

    def within(self, memory: int) -> Windows:
        """Return the same windows, read with another amount of memory."""
        other = copy(self)
        other.memory, other._cache = memory, Cache(memory)
        other.__dict__.pop("fits", None)
        return other

    def _at(self, index: Any) -> int:
        at = operator.index(index)
        if not -len(self) <= at < len(self):
            raise IndexError(f"there is no window {at}; there are {len(self):,}")
        return at % len(self)

    def _several(self, index: NDArray[Any]) -> NDArray[np.int64]:
        """Return the numbers of windows that an array names, or marks as true."""
        if index.dtype == bool:
            if index.shape != (len(self),):
                raise IndexError(f"there are {len(self):,} windows; the mask has shape {index.shape}")
            return np.flatnonzero(index)
        if index.ndim != 1 or (index.size and index.dtype.kind not in "iu"):
            raise IndexError(f"windows are named by a list of numbers; got {index.dtype} of shape {index.shape}")
        numbers = index.astype(np.int64)
        out = (numbers < -len(self)) | (numbers >= len(self))
        if out.any():
            raise IndexError(f"there is no window {numbers[out][0]}; there are {len(self):,}")
        return numbers % len(self)
