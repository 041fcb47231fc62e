"""Batches of windows, shuffled, shared out among ranks, and gone on with where a run was stopped."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np
from numpy.typing import NDArray

from motionprep.dataset.frame_pool import Pool
from motionprep.errors import DatasetError
from motionprep.motion import hashing

if TYPE_CHECKING:
    from motionprep.dataset.window_reader import Arrays, WindowReader

_STATE = ("epoch", "batch", "of", "normalized", "transformed")
#: Groups of blocks that are in memory at once: one is used, one is read, one is let go.
_GROUPS = 3


class BatchOptions(TypedDict, total=False):
    """What :class:`Batches` takes by name."""

    shuffle: bool
    seed: int
    epoch: int
    rank: int
    world_size: int
    drop_last: bool


class Batches:
    """Batches of windows: iterating yields those of one epoch, and the next time those of the next.

    Windows are drawn at random from all blocks that fit into the memory of ``windows`` together, so that a dataset that
    fits is shuffled as a whole; of a larger one, shards are put into a random order, read in groups of a third of
    that memory, and mixed group by group while the next is read. The order hangs on the dataset, the seed, the epoch
    and that memory, and on nothing else.

    Parameters
    ----------
    windows
        Which.
    batch_size
        Windows in a batch; the last of an epoch may have fewer.
    shuffle
        Natural order if not.
    seed, epoch
        Decide the order.
    rank, world_size
        Of several trainers each gets every ``world_size``-th window of the same order, so that all windows are seen
        once an epoch. Numbers of windows differ by one at most.
    drop_last
        Leave out the last batch if it is not full, and so many windows that all ranks have as many batches.
    every, offset
        Yield only every so many batches, from this one on, as one of several workers of a loader does.

    Raises
    ------
    DatasetError
        If a number cannot be.
    """

    def __init__(
        self,
        windows: WindowReader,
        batch_size: int,
        *,
        shuffle: bool = True,
        seed: int = 0,
        epoch: int = 0,
        rank: int = 0,
        world_size: int = 1,
        drop_last: bool = False,
        every: int = 1,
        offset: int = 0,
    ) -> None:
        if batch_size < 1:
            raise DatasetError(f"batch_size is {batch_size}; it must be at least 1")
        if not 0 <= rank < world_size:
            raise DatasetError(f"rank is {rank} of {world_size}; it must be from 0 to {world_size - 1}")
        if seed < 0 or epoch < 0:
            raise DatasetError(f"seed is {seed} and epoch {epoch}; they must be at least 0")
        self.windows, self.batch_size, self.shuffle, self.seed = windows, batch_size, shuffle, seed
        self.rank, self.world_size, self.drop_last = rank, world_size, drop_last
        self.every, self.offset = every, offset
        #: The epoch that is next yielded from, and how many of its batches are behind.
        self.epoch, self.batch = epoch, 0

    def __repr__(self) -> str:
        return f"Batches({len(self):,} of {self.batch_size} windows; epoch {self.epoch}, batch {self.batch})"

    def __len__(self) -> int:
        """Return the number of batches of an epoch, for this rank."""
        return len(range(0, self._count, self.batch_size))

    def state_dict(self) -> dict[str, Any]:
        """Return where this is, as plain values, for :meth:`load_state_dict` of batches made in the same way."""
        numbers = {"normalized": list(self.windows.normalized), "transformed": self.windows.transform is not None}
        return {"epoch": self.epoch, "batch": self.batch, "of": self._identity, **numbers}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a state was taken: the next batch is the one after the last that had been yielded.

        Raises
        ------
        DatasetError
            If it is no state, or one of other batches: another dataset, seed, batch size or share, other features
            normalized, or with a transform where these have none. What a transform does is not recorded.
        """
        if set(state) != set(_STATE):
            raise DatasetError(f"the state has {', '.join(map(str, state)) or 'nothing'}; expected {', '.join(_STATE)}")
        if state["of"] != self._identity:
            raise DatasetError(
                "the state is of other batches: of another dataset, other windows, batch size, seed, rank or world size"
            )
        mine = self.state_dict()
        if not isinstance(state["normalized"], list | tuple):
            raise DatasetError(f"the state has normalized = {state['normalized']!r}; expected a list of features")
        state = {**state, "normalized": list(state["normalized"])}
        if any(state[word] != mine[word] for word in ("normalized", "transformed")):
            raise DatasetError(
                f"the state is of batches with {_numbers(state)}, and these have {_numbers(mine)}; give windows the "
                "same normalize and transform"
            )
        epoch, batch = int(state["epoch"]), int(state["batch"])
        if epoch < 0 or not 0 <= batch <= len(self):
            raise DatasetError(f"the state is at batch {batch} of epoch {epoch}; an epoch has {len(self):,} batches")
        self.epoch, self.batch = epoch, batch

    def __iter__(self) -> Iterator[Arrays]:
        """Yield the batches of an epoch that are still to come; the next iteration is the next epoch."""
        epoch, first = self.epoch, self.batch
        last = len(self)
        for number, item in self._epoch(epoch, first):
            # Behind us as soon as it is handed out.
            self.epoch, self.batch = (epoch, number + 1) if number + 1 < last else (epoch + 1, 0)
            yield item if self.windows.transform is None else self.windows.transform(item)
        if self.epoch == epoch:
            self.epoch, self.batch = epoch + 1, 0

    @property
    def _count(self) -> int:
        """How many windows this rank gets in an epoch."""
        total = self.windows.total
        if self.drop_last:
            return total // self.world_size // self.batch_size * self.batch_size
        return len(range(self.rank, total, self.world_size))

    @property
    def _identity(self) -> str:
        windows = self.windows
        return hashing.key(
            [
                windows.split.files.facts["inputs"],
                windows.split.name,
                [windows.length, windows.stride, windows.step, windows.label, windows.memory],
                {name: [list(map(str, output.fields))] for name, output in windows.outputs.items()},
                [self.batch_size, self.shuffle, self.seed, self.rank, self.world_size, self.drop_last],
            ]
        )

    def _epoch(self, epoch: int, first: int) -> Iterator[tuple[int, Arrays]]:
        """Yield batches of an epoch from number ``first`` on, each with its number."""
        wanted = range(first, len(self))[(self.offset - first) % self.every :: self.every]
        if not wanted:
            return
        if self.windows.fits or not self.shuffle:
            order = self._order(epoch)
            for number in wanted:
                start = number * self.batch_size
                yield number, self.windows.take(order[start : start + self.batch_size][: self._count - start])
            return
        yield from self._by_groups(epoch, wanted)

    def _order(self, epoch: int) -> NDArray[np.int64]:
        """Return all windows of this rank, in order."""
        total = self.windows.total
        order = self._generator(epoch).permutation(total) if self.shuffle else np.arange(total)
        return order[self.rank :: self.world_size]

    def _generator(self, epoch: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, epoch])

    def _by_groups(self, epoch: int, wanted: range) -> Iterator[tuple[int, Arrays]]:
        """Yield batches whose windows are mixed group by group."""
        windows, size = self.windows, self.batch_size
        groups, orders = self._groups(epoch)
        ends = np.cumsum([len(order) for order in orders]).tolist()
        spans = {batch: (batch * size, min((batch + 1) * size, self._count)) for batch in wanted}
        needed: dict[int, list[int]] = {}
        for batch, (start, stop) in spans.items():
            for number in range(bisect_right(ends, start), bisect_left(ends, stop) + 1):
                needed.setdefault(number, []).append(batch)
        parts: list[Arrays] = []
        for number, pool in zip(needed, self._read_ahead([groups[number] for number in needed]), strict=True):
            begin, end = ends[number] - len(orders[number]), ends[number]
            # By how many frames a block begins earlier in the pool than in all blocks.
            shifts = np.zeros(len(windows.block_bytes), np.int64)
            shifts[groups[number]] = windows.bounds[groups[number]] - pool.bounds[:-1]
            for batch in needed[number]:
                start, stop = spans[batch]
                of_group = orders[number][max(start - begin, 0) : stop - begin]
                item = windows.take_from(pool, of_group, shifts[windows.block_of(of_group)])
                parts.append(windows.labelled(item, of_group))
                if stop <= end:
                    yield batch, {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
                    parts = []

    def _read_ahead(self, groups: Sequence[list[int]]) -> Iterator[Pool]:
        """Yield groups of blocks, the next one being read while one is used."""

        def read(group: list[int]) -> Pool:
            pool = self.windows.pool_of(group)
            pool.fill()
            return pool

        with ThreadPoolExecutor(1) as reader:
            coming = deque([reader.submit(read, groups[0])])
            for following in [*groups[1:], None]:
                pool = coming.popleft().result()
                if following is not None:
                    coming.append(reader.submit(read, following))
                yield pool

    def _groups(self, epoch: int) -> tuple[list[list[int]], list[NDArray[np.int64]]]:
        """Return groups of blocks, in random order, and the windows of each that this rank gets, mixed."""
        windows, generator = self.windows, self._generator(epoch)
        sizes = windows.block_bytes
        groups: list[list[int]] = []
        held = 0
        for block in generator.permutation(len(sizes)).tolist():
            if not groups or held + sizes[block] > windows.memory // _GROUPS:
                groups.append([])
                held = 0
            groups[-1].append(block)
            held += sizes[block]
        of = windows.block_of(np.arange(windows.total))
        by_block = np.argsort(of, kind="stable")
        bounds = np.searchsorted(of[by_block], np.arange(len(sizes) + 1))
        orders, behind = [], 0
        for group in groups:
            all_windows = np.concatenate([by_block[bounds[block] : bounds[block + 1]] for block in group])
            mixed = generator.permutation(all_windows)
            orders.append(mixed[(self.rank - behind) % self.world_size :: self.world_size])
            behind += len(mixed)
        return groups, orders


def _numbers(state: Mapping[str, Any]) -> str:
    """Return which numbers of a state are that are handed out."""
    normalized = ", ".join(state["normalized"]) or "nothing"
    return f"{normalized} normalized and {'a' if state['transformed'] else 'no'} transform"
