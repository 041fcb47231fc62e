"""Windows for PyTorch (``pip install torch``): a map-style and an iterable dataset for its ``DataLoader``.

>>> from torch.utils.data import DataLoader
>>> windows = motionprep.open("OUT")["train"].windows(8, features=["positions"])     # doctest: +SKIP
>>> loader = DataLoader(WindowDataset(windows), batch_size=256, shuffle=True)        # doctest: +SKIP
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from motionprep.dataset.batches import Batches
from motionprep.errors import DatasetError

try:
    import torch
    from torch.multiprocessing import get_context
    from torch.utils.data import Dataset, IterableDataset, get_worker_info
except ImportError as error:
    raise ImportError("motionprep.torch needs PyTorch: pip install torch") from error

_ANY = -1

if TYPE_CHECKING:
    from motionprep.dataset.windows import Windows


class WindowDataset(Dataset[Any]):
    """Windows by number, as dicts of tensors; for ``DataLoader(dataset, batch_size=..., shuffle=True)``.

    What fits into the memory of ``windows`` is read once, when this is made, and shared by all workers, forked or
    spawned. A transform is called in the worker, with arrays and for one window at a time.

    Parameters
    ----------
    windows
        From ``split.windows(...)``. If they do not fit into their memory, each worker holds as much of them, and reads
        again and again what is shuffled: :class:`IterableWindowDataset` is for those.
    warn
        Whether to warn of that.
    """

    def __init__(self, windows: Windows, *, warn: bool = True) -> None:
        self.windows = windows
        if warn and not windows.fits:
            warnings.warn(
                f"the windows need {sum(windows.block_bytes):,} bytes and may hold {windows.memory:,}, so shards are "
                "read again and again; give more memory, or take IterableWindowDataset",
                stacklevel=2,
            )
        self._shared: dict[str, torch.Tensor] = {}
        if windows.fits:
            windows.pool.fill()

    def __len__(self) -> int:
        """Return the number of windows."""
        return len(self.windows)

    def __getitem__(self, index: int) -> Any:
        """Return a window."""
        return _tensors(self.windows[index])

    def __getitems__(self, indices: Sequence[int]) -> list[Any]:
        """Return several windows, which are gathered at once; a ``DataLoader`` asks for a batch in this way."""
        if self.windows.transform is not None:
            return [self[index] for index in indices]
        several = _tensors(self.windows[list(indices)])
        return [{name: tensor[at] for name, tensor in several.items()} for at in range(len(indices))]

    def __getstate__(self) -> dict[str, Any]:
        # A spawned worker gets handles of memory that all share, not a copy of what is in it.
        if self.windows.fits and not self._shared:
            self.windows.pool.fill()
            arrays = self.windows.pool.arrays
            self._shared = {name: torch.from_numpy(array).share_memory_() for name, array in arrays.items()}
            self.windows.pool.adopt({name: tensor.numpy() for name, tensor in self._shared.items()})
        return {"windows": self.windows, "_shared": self._shared}

    def __setstate__(self, state: Mapping[str, Any]) -> None:
        self.__dict__.update(state)
        if self._shared:
            self.windows.pool.adopt({name: tensor.numpy() for name, tensor in self._shared.items()})


class IterableWindowDataset(IterableDataset[Any]):
    """Batches of windows, as dicts of tensors; for ``DataLoader(dataset, batch_size=None)``.

    The workers of a loader take turns, so batches come in the same order however many there are, as long as what is
    read fits into the memory of ``windows``. If it does not, that memory is shared out among the workers, each of which
    reads all shards for its batches, and the order hangs on their number.

    Parameters
    ----------
    windows
        From ``split.windows(...)``.
    batch_size
        Windows in a batch.
    epoch
        Which epoch the first iteration yields; each one after it yields the next, as those of ``windows.batches`` do.
    options
        ``shuffle``, ``seed``, ``rank``, ``world_size``, ``drop_last``, as
        :class:`motionprep.dataset.batches.Batches` takes them.
    """

    def __init__(self, windows: Windows, batch_size: int, *, epoch: int = 0, **options: Any) -> None:
        self._windows = WindowDataset(windows, warn=False)
        self._plain = Batches(windows, batch_size, epoch=epoch, **options)
        self._batch_size, self._options = batch_size, options
        # Epoch, first batch, and for how many workers that was: in memory that workers see, whenever they were started.
        self._place = torch.tensor([epoch, 0, _ANY]).share_memory_()
        self._workers = torch.tensor([0]).share_memory_()
        # The seed that a loader gives to all workers of one iteration, and how many such seeds there were since the
        # place was set: so workers agree on the epoch, whichever of them begins first.
        self._seen = torch.tensor([0, -1, 0]).share_memory_()
        self._lock = get_context().Lock()
        self._own = ((0, 0), 0)
        # Of the iteration that is under way in this process: its epoch, and how many batches the trainer has of it.
        self._now: tuple[int, int] | None = None
        # A state that a loader has given to this worker alone.
        self._resumed: tuple[int, int, int] | None = None

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return len(self._plain)

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration yield this epoch, from its first batch on.

        Raises
        ------
        DatasetError
            If it is below 0.
        """
        self._go_on(Batches(self._windows.windows, self._batch_size, epoch=epoch, **self._options).epoch, 0, _ANY)

    def state_dict(self, batch: int | None = None) -> dict[str, Any]:
        """Return where a trainer is, as plain values.

        Parameters
        ----------
        batch
            How many batches of the epoch it has taken. If None, those that this process has handed out: right without
            workers, and for a loader that keeps a state of each worker, such as torchdata's ``StatefulDataLoader``.
        """
        epoch, taken = self._now or (int(self._place[0]) + max(int(self._seen[1]), 0), int(self._place[1]))
        place = {"epoch": epoch, "batch": taken if batch is None else batch, "workers": int(self._workers[0])}
        return self._plain.state_dict() | place

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a state was taken: iterations begin with the batch after those taken.

        Raises
        ------
        DatasetError
            If it is no state, or one of other batches.
        """
        rest = {name: value for name, value in state.items() if name != "workers"}
        self._plain.load_state_dict(rest)
        fixed = not self._windows.windows.fits
        place = int(state["epoch"]), int(state["batch"]), int(state.get("workers", _ANY)) if fixed else _ANY
        if get_worker_info() is None:
            self._go_on(*place)
        else:
            self._resumed = place

    def __iter__(self) -> Iterator[Any]:
        """Return the batches of the epoch, or this worker's share of them.

        Raises
        ------
        DatasetError
            If the loader puts batches together itself, or if the order hangs on the number of workers, and the state
            that was loaded is of another number.
        """
        # A loader that was given a batch_size says so nowhere but to what iterates for it.
        if sys._getframe(1).f_locals.get("auto_collation"):
            raise DatasetError("what this dataset yields are batches; give the loader batch_size=None")
        return self._yielded()

    def _yielded(self) -> Iterator[Any]:
        worker = get_worker_info()
        at, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        epoch, first, expected = self._resumed or self._place.tolist()
        later = self._later(0 if worker is None else worker.seed - worker.id)
        if self._resumed is None and later:
            epoch, first = epoch + later, 0
        self._resumed = None
        if expected not in (_ANY, workers):
            raise DatasetError(
                f"the state is of {expected} workers and this loader has {workers}; as the windows need more memory "
                "than they are given, the order hangs on that: take as many, or give more memory"
            )
        self._workers[0] = workers
        windows = self._windows.windows
        if not windows.fits:
            windows = windows.within(windows.memory // workers)
        # A loader asks its first worker for the first batch, whatever the number of that.
        turn = (first + at) % workers
        batches = Batches(windows, self._batch_size, epoch=epoch, every=workers, offset=turn, **self._options)
        batches.batch = first
        self._now = epoch, first
        for number, batch in enumerate(batches, start=1):
            self._now = epoch, first + number * workers
            yield _tensors(batch)
        self._now = None

    def _later(self, seed: int) -> int:
        """Return how many epochs after the one that was set an iteration is; ``seed`` is 0 without workers."""
        with self._lock:
            last, count, times_set = self._seen.tolist()
            if not seed or last != seed:
                count += 1
                self._seen.copy_(torch.tensor([seed, count, times_set]))
        # A worker that stays has the same seed for all its iterations.
        known, number = self._own
        self._own = (seed, times_set), number + 1 if known == (seed, times_set) and seed else 0
        return int(count) + self._own[1]

    def _go_on(self, epoch: int, batch: int, workers: int) -> None:
        self._place.copy_(torch.tensor([epoch, batch, workers]))
        self._seen.copy_(torch.tensor([0, -1, int(self._seen[2]) + 1]))
        self._now = None


def _tensors(item: Any) -> Any:
    """Return what is handed out with tensors for its arrays, which share their memory."""
    if not isinstance(item, Mapping):
        return item
    return {name: torch.as_tensor(value) for name, value in item.items()}
