"""Windows in their order, written to ``.npy`` files of any size with little in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import ExportError
from motionprep.pools import Cache, Pool

if TYPE_CHECKING:
    from motionprep.export.base import Tell
    from motionprep.windows import Windows

#: Bytes of frames that are kept in case that windows come back to them, as where two skeletons take turns.
_KEPT = 128 << 20
#: Bytes of windows that are put together at once, where windows have several frames.
_AT_ONCE = 8 << 20


def write_arrays(
    windows: Windows, paths: Mapping[str, Path], tell: Tell, done: int, total: int, *, squeeze: bool = False
) -> None:
    """Write arrays of all windows in order, one file each: (S, T, ...) for S windows of T frames.

    Parameters
    ----------
    windows
        Of a split.
    paths
        Where each array goes, by its name in :attr:`Windows.shapes`.
    tell
        Told of windows that are written, of all.
    done, total
        How many were written before, and will be in the end.
    squeeze
        Whether windows of one frame have no axis for it.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    shapes = dict(windows.shapes)
    if squeeze and windows.length == 1:
        shapes = {name: shape[1:] for name, shape in shapes.items()}
    with ExitStack() as stack:
        files = {name: stack.enter_context(path.open("wb", buffering=0)) for name, path in paths.items()}
        kinds: dict[str, np.dtype[Any]] = {}
        for start, item in _parts(windows):
            for name, file in files.items():
                array = np.ascontiguousarray(item[name])
                if name not in kinds:
                    kinds[name] = array.dtype
                    header = {"descr": array.dtype.str, "fortran_order": False, "shape": (len(windows), *shapes[name])}
                    np.lib.format.write_array_header_1_0(file, header)
                _write(file, array)
            tell(done + start, total)
    tell(done + len(windows), total)


def check_alike(windows: Mapping[str, Windows]) -> None:
    """Raise unless arrays of all splits have the same shapes.

    Raises
    ------
    ExportError
        If they have not.
    """
    first, *others = windows.items()
    for side, other in others:
        if other.shapes != first[1].shapes:
            raise ExportError(
                f"a window has shapes {first[1].shapes} in {first[0]} and {other.shapes} in {side}; pick nodes that "
                "both have, or choose --splits"
            )


def told(windows: Windows) -> str:
    """Return how windows are cut, in words."""
    return (
        f"Windows of {windows.length:,} frames with step {windows.step} and stride {windows.stride}, in natural order, "
        "motion after motion; none crosses a motion's end"
    )


def _parts(windows: Windows) -> Iterator[tuple[int, dict[str, NDArray[Any]]]]:
    """Yield consecutive windows of a block, with the number of the first; the next block is read meanwhile."""
    numbers = np.arange(len(windows))
    blocks = windows.block_of(numbers)
    cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(windows)]
    runs = [(int(blocks[start]), start, stop) for start, stop in pairwise(cuts)]
    cache = Cache(_KEPT)

    def pool_of(block: int) -> Pool:
        return cache.get(block, lambda: windows.pool_of([block]))

    with ThreadPoolExecutor(1) as ahead:
        coming = ahead.submit(pool_of, runs[0][0])
        for number, (block, start, stop) in enumerate(runs):
            pool = coming.result()
            if number + 1 < len(runs):
                coming = ahead.submit(pool_of, runs[number + 1][0])
            for first, last in _pieces(windows, start, stop):
                some = numbers[first:last]
                places = windows.places(some, windows.bounds[block])
                yield first, windows.labelled(_taken(pool, places), some)


def _pieces(windows: Windows, start: int, stop: int) -> Iterator[tuple[int, int]]:
    bytes_each = 4 * sum(int(np.prod(shape)) for shape in windows.shapes.values())
    each = max(1, _AT_ONCE // bytes_each)
    return ((first, min(first + each, stop)) for first in range(start, stop, each))


def _taken(pool: Pool, places: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
    """Return windows of a pool; a view of it where they are frames end to end, since that needs no copy."""
    count, length = places.shape
    if length > 1:
        return pool.take(places)
    first, last = int(places[0, 0]), int(places[-1, 0])
    if last - first == count - 1:
        return {name: array[first : last + 1] for name, array in pool.arrays.items()}
    return {name: array[:, 0] for name, array in pool.take(places).items()}


def _write(file: Any, array: NDArray[Any]) -> None:
    """Write all of an array; the system may take less than it is given."""
    left = array.reshape(-1).view(np.uint8).data
    while left:
        left = left[file.write(left) :]
