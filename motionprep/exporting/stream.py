"""Windows in their order, written to ``.npy`` files of any size with little in memory."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from threading import Event, Lock
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset.frame_pool import Cache
from motionprep.errors import ExportError

if TYPE_CHECKING:
    from motionprep.dataset.windows import Windows
    from motionprep.files.progress import OnProgress

#: Arrays of some windows, by name.
Item = dict[str, NDArray[Any]]
#: Bytes of frames that are kept in case that windows come back to them, as where two skeletons take turns.
_KEPT = 128 << 20
#: Bytes of windows that are put together at once, where windows have several frames.
_AT_ONCE = 4 << 20
_SPLITS_AT_ONCE = 2


def write_arrays(
    windows: Mapping[str, Windows],
    paths: Mapping[str, Mapping[str, Path]],
    on_progress: OnProgress,
    *,
    squeeze: bool = False,
) -> None:
    """Write arrays of all windows in order, one file each: (S, T, ...) for S windows of T frames.

    Two splits are written at a time, and of each one part is in memory, small enough to stay in the processor's cache
    until it is written. An error in one stops the other.

    Parameters
    ----------
    windows
        Of each split.
    paths
        Where each array goes, by split and by its name in :attr:`Windows.shapes`.
    on_progress
        Called with how many windows are written, of how many.
    squeeze
        Whether windows of one frame have no axis for it.

    Raises
    ------
    OSError
        If they cannot be written.
    """
    total, done = sum(map(len, windows.values())), dict.fromkeys(windows, 0)
    lock, stopped = Lock(), Event()

    def write(split: str) -> None:
        for count in _written(windows[split], paths[split], squeeze=squeeze):
            if stopped.is_set():
                return
            with lock:
                done[split] = count
                on_progress(sum(done.values()), total)

    with ThreadPoolExecutor(_SPLITS_AT_ONCE) as pool:
        try:
            for ended in as_completed([pool.submit(write, split) for split in windows]):
                ended.result()
        except BaseException:
            stopped.set()
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _written(windows: Windows, paths: Mapping[str, Path], *, squeeze: bool) -> Iterator[int]:
    """Write arrays of the windows of a split; yield how many are written, now and then."""
    with ExitStack() as stack:
        files: dict[str, BinaryIO] = {}
        for name, path in paths.items():
            files[name] = stack.enter_context(path.open("wb"))
            shape = windows.shapes[name][1:] if squeeze and windows.length == 1 else windows.shapes[name]
            describe = {"descr": windows.dtypes[name].str, "fortran_order": False, "shape": (len(windows), *shape)}
            np.lib.format.write_array_header_1_0(files[name], describe)
        for stop, item in _parts(windows):
            for name, array in item.items():
                files[name].write(np.ascontiguousarray(array).data)
            yield stop


def check_alike(windows: Mapping[str, Windows]) -> None:
    """Raise unless arrays of all splits have the same shapes.

    Raises
    ------
    ExportError
        If they have not.
    """
    first, *others = windows.items()
    for split, other in others:
        if other.shapes != first[1].shapes:
            raise ExportError(
                f"a window has shapes {first[1].shapes} in {first[0]} and {other.shapes} in {split}; pick nodes that "
                "both have, or choose `splits`"
            )


def describe(windows: Windows) -> str:
    """Return how windows are cut, in words."""
    return (
        f"Windows of {windows.length:,} frames with step {windows.step} and stride {windows.stride}, in natural order, "
        "motion after motion; none crosses a motion's end"
    )


def _parts(windows: Windows) -> Iterator[tuple[int, Item]]:
    """Yield consecutive windows: the number after the last, and their arrays."""
    each = max(1, _AT_ONCE // sum(4 * math.prod(shape) for shape in windows.shapes.values()))
    cache = Cache(_KEPT)
    for block, start, stop in windows.by_block():
        first, last = (windows.first_frames(np.array([start, stop - 1])) - windows.bounds[block]).tolist()
        if windows.length == 1 and last - first == stop - start - 1:
            yield from _end_to_end(windows, block, first, start, stop)
            continue
        pool = cache.get(block, partial(windows.pool_of, [block]))
        for number in range(start, stop, each):
            some = np.arange(number, min(number + each, stop))
            yield number + len(some), windows.labelled(windows.take_from(pool, some, windows.bounds[block]), some)


def _end_to_end(windows: Windows, block: int, frame: int, start: int, stop: int) -> Iterator[tuple[int, Item]]:
    """Yield windows that are all frames from one of a block on, chunk by chunk, which needs no memory for the block."""
    dtypes, shapes = windows.dtypes, windows.shapes
    whole: Item = {}
    room: Item = {}
    for piece in windows.pieces(block, frame, frame + stop - start):
        for name in windows.outputs:
            if name not in whole or len(whole[name]) < piece.frames:
                whole[name] = np.empty((piece.frames, *shapes[name][1:]), dtypes[name])
        item = {name: array[: piece.frames] for name, array in whole.items()}
        windows.load(piece, item, room)
        yield start + piece.frames, windows.labelled(item, np.arange(start, start + piece.frames))
        start += piece.frames
