"""Frames of a split held in memory, shard by shard, each number in its place: what windows are cut from."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Fills arrays, one an output, with the frames of a block.
Load = Callable[["Block", Mapping[str, NDArray[Any]]], None]


@dataclass(frozen=True)
class Block:
    """The frames of a split that are in one shard.

    Parameters
    ----------
    shard
        Its key.
    rows
        The manifest's rows of its motions, in the order of the shard.
    """

    shard: str
    rows: tuple[Mapping[str, Any], ...]

    @property
    def frames(self) -> int:
        """How many frames these are."""
        return sum(row["frames"] for row in self.rows)


def bounds(blocks: Sequence[Block]) -> NDArray[np.int64]:
    """Return the first frame of each of some blocks that are laid end to end, and the end of the last."""
    ends: NDArray[np.int64] = np.cumsum([0, *(block.frames for block in blocks)], dtype=np.int64)
    return ends


class Pool:
    """Some blocks one after the other in memory, each read when it is first asked for.

    Parameters
    ----------
    blocks
        Which.
    kinds
        Dtype and shape of a frame of each output.
    load
        Reads a block.
    """

    def __init__(
        self, blocks: Sequence[Block], kinds: Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]], load: Load
    ) -> None:
        self._blocks, self._load = tuple(blocks), load
        self.bounds = bounds(blocks)
        # Memory that nobody has written to costs nothing yet.
        self.arrays = {name: np.empty((self.bounds[-1], *shape), dtype) for name, (dtype, shape) in kinds.items()}
        self._there = np.zeros(len(self._blocks), bool)
        self._lock = threading.Lock()

    def fill(self, wanted: Sequence[int] | None = None) -> None:
        """Read the blocks with these numbers, as far as they are not there; all if None."""
        if self.whole:
            return
        for number in range(len(self._blocks)) if wanted is None else wanted:
            with self._lock:
                if not self._there[number]:
                    part = slice(self.bounds[number], self.bounds[number + 1])
                    self._load(self._blocks[number], {name: array[part] for name, array in self.arrays.items()})
                    self._there[number] = True

    def adopt(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take arrays that hold all blocks already, as another pool's do, in place of its own."""
        self.arrays = dict(arrays)
        self._there[:] = True

    @property
    def whole(self) -> bool:
        """Whether all blocks are there."""
        return bool(self._there.all())

    def take(self, first: NDArray[np.int64], length: int, step: int) -> dict[str, NDArray[Any]]:
        """Return windows (W, length, ...) of all outputs, given the places (W,) of their first frames.

        The blocks that they are of must be there.
        """
        return {name: _windows(array, first, length, step) for name, array in self.arrays.items()}


def _windows(array: NDArray[Any], first: NDArray[np.int64], length: int, step: int) -> NDArray[Any]:
    frame = array.itemsize * int(np.prod(array.shape[1:]))
    if not frame:
        return np.empty((len(first), length, *array.shape[1:]), array.dtype)
    # One copy a window, or a frame, takes two thirds of the time that NumPy takes for numbers.
    if step == 1 and len(array) >= length:
        items: NDArray[Any] = np.ndarray(
            len(array) - length + 1, np.dtype((np.void, length * frame)), array, strides=(frame,)
        )
        found = items[first]
    else:
        items = array.reshape(len(array), -1).view(np.dtype((np.void, frame)))[:, 0]
        found = items[first[:, None] + np.arange(0, length * step, step)]
    windows: NDArray[Any] = found.view(array.dtype).reshape(len(first), length, *array.shape[1:])
    return windows


class Cache:
    """The blocks used last, each a pool of its own, as many as fit into some memory.

    Parameters
    ----------
    most
        Bytes.
    """

    def __init__(self, most: int) -> None:
        self._most, self._held = most, 0
        self._pools: OrderedDict[int, Pool] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, number: int, make: Callable[[], Pool]) -> Pool:
        """Return the pool of a block; the one that was not used for longest makes room for it."""
        with self._lock:
            if number not in self._pools:
                pool = make()
                self._held += _size(pool)
                self._pools[number] = pool
                while self._held > self._most and len(self._pools) > 1:
                    self._held -= _size(self._pools.popitem(last=False)[1])
            self._pools.move_to_end(number)
            pool = self._pools[number]
        pool.fill()
        return pool


def _size(pool: Pool) -> int:
    return sum(array.nbytes for array in pool.arrays.values())
