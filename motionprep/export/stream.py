"""Windows in their order, written to ``.npy`` files of any size with little in memory."""

from __future__ import annotations

import math
import os
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import ExportError
from motionprep.pools import Block, Cache

if TYPE_CHECKING:
    from motionprep.export.base import Tell
    from motionprep.windows import Windows

#: What is in some windows, by array.
Item = dict[str, NDArray[Any]]
Read = Callable[[], Item]
#: One that reads while another writes.
_THREADS = 2
#: Bytes of frames that are kept in case that windows come back to them, as where two skeletons take turns.
_KEPT = 128 << 20
#: Bytes of windows that are put together at once, where windows have several frames.
_AT_ONCE = 8 << 20


def write_arrays(
    windows: Windows, paths: Mapping[str, Path], tell: Tell, done: int, total: int, *, squeeze: bool = False
) -> None:
    """Write arrays of all windows in order, one file each: (S, T, ...) for S windows of T frames.

    Parts are read and written by a few threads, each where it belongs in the files.

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
    with ExitStack() as stack:
        files: dict[str, tuple[int, int]] = {}
        for name, path in paths.items():
            file = stack.enter_context(path.open("wb", buffering=0))
            shape = windows.shapes[name][1:] if squeeze and windows.length == 1 else windows.shapes[name]
            told = {"descr": windows.dtypes[name].str, "fortran_order": False, "shape": (len(windows), *shape)}
            np.lib.format.write_array_header_1_0(file, told)
            files[name] = file.fileno(), file.tell()
        pool = stack.enter_context(ThreadPoolExecutor(_THREADS))
        waiting: deque[tuple[int, Future[None]]] = deque()
        for start, stop, read in _parts(windows):
            if len(waiting) > 2 * _THREADS:
                end, written = waiting.popleft()
                written.result()
                tell(done + end, total)
            waiting.append((stop, pool.submit(_copy, read, start, files)))
        for end, written in waiting:
            written.result()
            tell(done + end, total)


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


def _parts(windows: Windows) -> Iterator[tuple[int, int, Read]]:
    """Yield consecutive windows: the number of the first, the end, and what reads them."""
    numbers = np.arange(len(windows))
    blocks = windows.block_of(numbers)
    cuts = [0, *(np.flatnonzero(np.diff(blocks)) + 1).tolist(), len(windows)]
    each = max(1, _AT_ONCE // sum(4 * math.prod(shape) for shape in windows.shapes.values()))
    cache = Cache(_KEPT)
    for start, stop in pairwise(cuts):
        block = int(blocks[start])
        if windows.length == 1:
            frames = windows.places(numbers[start:stop], windows.bounds[block])[:, 0]
            if frames[-1] - frames[0] == stop - start - 1:
                yield from _end_to_end(windows, block, int(frames[0]), start, stop)
                continue
        for first in range(start, stop, each):
            some = numbers[first : min(first + each, stop)]
            yield first, first + len(some), partial(_gather, windows, cache, block, some)


def _end_to_end(windows: Windows, block: int, frame: int, start: int, stop: int) -> Iterator[tuple[int, int, Read]]:
    """Yield windows that are all frames from one of a block on, chunk by chunk, which needs no memory for the block."""
    for piece in windows.pieces(block, frame, frame + stop - start):
        numbers = np.arange(start, start + piece.frames)
        yield start, start + piece.frames, partial(_load, windows, piece, numbers)
        start += piece.frames


def _load(windows: Windows, piece: Block, numbers: NDArray[np.int64]) -> Item:
    dtypes = windows.dtypes
    item = {
        name: np.empty((len(numbers), *shape[1:]), dtypes[name])
        for name, shape in windows.shapes.items()
        if name != "label"
    }
    windows.load(piece, item)
    return windows.labelled(item, numbers)


def _gather(windows: Windows, cache: Cache, block: int, numbers: NDArray[np.int64]) -> Item:
    pool = cache.get(block, lambda: windows.pool_of([block]))
    return windows.labelled(pool.take(windows.places(numbers, windows.bounds[block])), numbers)


def _copy(read: Read, start: int, files: Mapping[str, tuple[int, int]]) -> None:
    """Write arrays of windows from window ``start`` on into files, given by number and length of the header."""
    item = read()
    for name, (file, header) in files.items():
        array = np.ascontiguousarray(item[name])
        at = header + start * (array.nbytes // len(array))
        left = array.reshape(-1).view(np.uint8).data
        while left:
            # The system may take less than it is given.
            written = os.pwrite(file, left, at)
            left, at = left[written:], at + written
