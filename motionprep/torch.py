"""Windows for PyTorch: a map-style and an iterable dataset for its ``DataLoader``; needs the extra ``torch``.

>>> from torch.utils.data import DataLoader
>>> windows = motionprep.open("OUT")["train"].windows(8, features=["positions"])     # doctest: +SKIP
>>> loader = DataLoader(WindowDataset(windows), batch_size=256, shuffle=True)        # doctest: +SKIP
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from motionprep.batches import Batches
from motionprep.errors import DatasetError

try:
    import torch
    from torch.utils.data import Dataset, IterableDataset, get_worker_info
except ImportError as error:
    raise ImportError("motionprep.torch needs PyTorch: pip install 'motionprep[torch]'") from error

_MOST_WORKERS = 1024

if TYPE_CHECKING:
    from motionprep.windows import Windows


class WindowDataset(Dataset[Any]):
    """Windows by number, as dicts of tensors; for ``DataLoader(dataset, batch_size=..., shuffle=True)``.

    What fits into the memory of ``windows`` is read once, when this is made, and shared by all workers, forked or
    spawned. A transform is called in the worker, with arrays and for one window at a time.

    Parameters
    ----------
    windows
        From ``split.windows(...)``.
    """

    def __init__(self, windows: Windows) -> None:
        self.windows = windows
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
    read fits into the memory of ``windows``. If it does not, that memory is shared out among the workers, and the order
    hangs on their number. Each iteration is the next epoch.

    Parameters
    ----------
    windows
        From ``split.windows(...)``.
    batch_size
        Windows in a batch.
    epoch
        The first.
    options
        ``shuffle``, ``seed``, ``rank``, ``world_size``, ``drop_last``, as :class:`motionprep.batches.Batches` takes
        them.
    """

    def __init__(self, windows: Windows, batch_size: int, *, epoch: int = 0, **options: Any) -> None:
        self._windows = WindowDataset(windows)
        self._batch_size, self._options = batch_size, options
        self._plain = Batches(windows, batch_size, **options)
        # Workers may live for one epoch or for all, and start late: each counts for itself how many it has begun, where
        # the next one in its place, and the process that made them, can see it.
        self._place = torch.tensor([epoch, 0]).share_memory_()
        self._begun = torch.zeros(_MOST_WORKERS, dtype=torch.int64).share_memory_()

    def __len__(self) -> int:
        """Return the number of batches of an epoch."""
        return len(self._plain)

    def set_epoch(self, epoch: int) -> None:
        """Let the next iteration be this epoch, from its first batch on."""
        self._go_on(epoch, 0)

    def state_dict(self, batch: int = 0) -> dict[str, Any]:
        """Return the epoch that was begun last, of which a trainer has taken ``batch`` batches, as plain values."""
        epoch = int(self._place[0]) + max(int(self._begun.max()) - 1, 0)
        return {**self._plain.state_dict(), "epoch": epoch, "batch": batch}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on where a state was taken: the next iteration begins with the batch after those taken.

        Raises
        ------
        DatasetError
            If it is no state, or one of other batches.
        """
        Batches(self._windows.windows, self._batch_size, **self._options).load_state_dict(state)
        self._go_on(int(state["epoch"]), int(state["batch"]))

    def __iter__(self) -> Iterator[Any]:
        """Yield the batches of the next epoch, or this worker's share of them."""
        worker = get_worker_info()
        at, workers = (0, 1) if worker is None else (worker.id, worker.num_workers)
        if workers > _MOST_WORKERS:
            raise DatasetError(f"there are {workers} workers; at most {_MOST_WORKERS} share an epoch")
        begun = int(self._begun[at])
        self._begun[at] += 1
        windows = self._windows.windows
        if not windows.fits:
            windows = windows.within(windows.memory // workers)
        epoch, first = self._place.tolist()
        first = 0 if begun else first
        # A loader asks its first worker for the first batch, whatever the number of that.
        turn = (first + at) % workers
        batches = Batches(windows, self._batch_size, epoch=epoch + begun, every=workers, offset=turn, **self._options)
        batches.batch = first
        for batch in batches:
            yield _tensors(batch)

    def _go_on(self, epoch: int, batch: int) -> None:
        self._place[0], self._place[1] = epoch, batch
        self._begun.zero_()


def _tensors(item: Any) -> Any:
    """Return what is handed out with tensors for its arrays, which share their memory."""
    if not isinstance(item, Mapping):
        return item
    return {name: torch.as_tensor(value) for name, value in item.items()}
