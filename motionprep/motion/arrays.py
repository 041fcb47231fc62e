"""Arrays as the rest of motionprep passes them: float64, read-only, and in one memory layout for kernels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Vector = tuple[float, float, float]
Floats = NDArray[np.float64]
#: The largest number that float32 holds.
FLOAT32_MAX = float(np.finfo(np.float32).max)


def read_only(array: NDArray[Any]) -> NDArray[Any]:
    """Return a view of ``array`` that cannot be written through."""
    view = array.view()
    view.flags.writeable = False
    return view


def contiguous(array: NDArray[Any]) -> NDArray[Any]:
    """Return the array in one memory layout, as a kernel is compiled anew, for seconds, for each that it meets."""
    return read_only(np.ascontiguousarray(array))


def summed(lengths: NDArray[Any]) -> float:
    """Return a sum that may be infinite, of which NumPy would warn."""
    return float(sum(lengths.ravel().tolist()))
