from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import motionprep
from motionprep import DatasetError, build
from motionprep.dataset.windows import Windows
from motionprep.recipe.recipe import recipe_from_json

torch = pytest.importorskip("torch")

from torch.utils.data import DataLoader  # noqa: E402

from motionprep.torch import IterableWindowDataset, WindowDataset  # noqa: E402

# JAX, which the examples of the docs may have imported into this process, warns of every fork.
pytestmark = pytest.mark.filterwarnings("ignore:os.fork")


@pytest.fixture(scope="module")
def windows(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Windows:
    out = tmp_path_factory.mktemp("torch") / "out"
    build(corpus, out, recipe=recipe_from_json({"split": {"percent": "90/10"}}))
    return motionprep.open(out)["train"].windows(8, 8, features=["root_position"])


def numbers(windows: Windows, batches: Any) -> list[int]:
    """Return the numbers of windows by their content, in the order in which they come."""
    known = {window["root_position"].tobytes(): number for number, window in enumerate(windows)}
    return [known[window.numpy().tobytes()] for batch in batches for window in batch["root_position"]]


def test_a_window_is_a_dict_of_tensors(windows: Windows) -> None:
    window = WindowDataset(windows)[3]
    assert torch.equal(window["root_position"], torch.from_numpy(windows[3]["root_position"]))


def test_tensors_have_the_memory_of_their_arrays(windows: Windows) -> None:
    kept = []
    dataset = WindowDataset(
        windows.split.windows(8, features=["root_position"], transform=lambda w: kept.append(w) or w)
    )
    tensor = dataset[0]["root_position"]
    tensor[:] = 7
    assert (kept[0]["root_position"] == 7).all()


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_a_loader_hands_out_each_window_once(windows: Windows, workers: int, context: str) -> None:
    loader = DataLoader(
        WindowDataset(windows),
        batch_size=16,
        shuffle=True,
        num_workers=workers,
        persistent_workers=workers > 0,
        multiprocessing_context=context if workers else None,
    )
    for _ in range(2):
        assert sorted(numbers(windows, loader)) == list(range(len(windows)))


def test_spawned_workers_read_from_one_memory(windows: Windows) -> None:
    own = windows.within(windows.memory)
    loader = DataLoader(
        WindowDataset(own), batch_size=16, num_workers=2, persistent_workers=True, multiprocessing_context="spawn"
    )
    assert numbers(windows, loader) == list(range(len(windows)))
    own.pool.arrays["root_position"][:] = 7
    assert all((batch["root_position"] == 7).all() for batch in loader)


@pytest.mark.parametrize("workers", [0, 1, 2])
def test_batches_come_in_the_same_order_whatever_the_number_of_workers(windows: Windows, workers: int) -> None:
    dataset = IterableWindowDataset(windows, 16, seed=5)
    loader = DataLoader(dataset, batch_size=None, num_workers=workers)
    expected = [batch["root_position"] for batch in windows.batches(16, seed=5)]
    found = [batch["root_position"].numpy() for batch in loader]
    assert len(found) == len(expected) == len(loader)
    assert all(map(np.array_equal, found, expected))


@pytest.mark.parametrize(("workers", "persistent"), [(0, False), (2, False), (2, True)])
def test_each_epoch_that_is_set_has_its_order_whether_workers_stay_or_not(
    windows: Windows, workers: int, persistent: bool
) -> None:
    dataset = IterableWindowDataset(windows, 16)
    loader = DataLoader(dataset, batch_size=None, num_workers=workers, persistent_workers=persistent)
    epochs = []
    for epoch in (0, 1, 1, 0):
        dataset.set_epoch(epoch)
        epochs.append(numbers(windows, loader))
    expected = [numbers(windows, IterableWindowDataset(windows, 16, epoch=epoch)) for epoch in (0, 1, 1, 0)]
    assert epochs == expected
    assert expected[0] != expected[1]


def test_an_epoch_has_each_window_once_whatever_was_looked_at_before(windows: Windows) -> None:
    dataset = IterableWindowDataset(windows, 16)
    next(iter(dataset))
    for workers in (1, 2):
        loader = DataLoader(dataset, batch_size=None, num_workers=workers)
        next(iter(loader))
        assert sorted(numbers(windows, loader)) == list(range(len(windows)))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_run_goes_on_in_the_middle_of_an_epoch_and_begins_the_next_with_its_beginning(
    windows: Windows, workers: int
) -> None:
    first, second = (numbers(windows, IterableWindowDataset(windows, 16, epoch=epoch)) for epoch in (1, 2))
    dataset = IterableWindowDataset(windows, 16)
    dataset.set_epoch(1)
    state = dataset.state_dict(batch=3)

    resumed = IterableWindowDataset(windows, 16)
    resumed.load_state_dict(state)
    loader = DataLoader(resumed, batch_size=None, num_workers=workers)
    assert numbers(windows, loader) == first[3 * 16 :]
    resumed.set_epoch(2)
    assert numbers(windows, loader) == second


def test_a_state_of_other_batches_is_refused(windows: Windows) -> None:
    state = IterableWindowDataset(windows, 16).state_dict(batch=0)
    with pytest.raises(DatasetError, match="the state is of other batches"):
        IterableWindowDataset(windows, 8).load_state_dict(state)


@pytest.mark.parametrize("state", [{"batch": 10_000}, {"batch": -1}, {"epoch": -1}])
def test_a_state_of_what_is_not_there_is_refused(windows: Windows, state: dict) -> None:
    dataset = IterableWindowDataset(windows, 16)
    with pytest.raises(DatasetError, match="the state is at batch"):
        dataset.load_state_dict({**dataset.state_dict(batch=0), **state})


def test_windows_that_do_not_fit_come_once_an_epoch_from_all_workers_together(windows: Windows) -> None:
    bounded = windows.within(2_000)
    loader = DataLoader(IterableWindowDataset(bounded, 16), batch_size=None, num_workers=2)
    assert sorted(numbers(windows, loader)) == list(range(len(windows)))


def test_workers_share_out_the_memory_that_is_too_small_for_all(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    within = Windows.within
    monkeypatch.setattr(Windows, "within", lambda self, memory: asked.append(memory) or within(self, memory))
    monkeypatch.setattr(motionprep.torch, "get_worker_info", lambda: SimpleNamespace(id=0, num_workers=4, seed=7))
    next(iter(IterableWindowDataset(windows.within(2_000), 16)))
    assert asked == [2_000, 500]


def test_where_the_order_hangs_on_the_workers_a_state_is_for_as_many(windows: Windows) -> None:
    bounded = windows.within(2_000)
    dataset = IterableWindowDataset(bounded, 16)
    list(dataset)
    resumed = IterableWindowDataset(bounded, 16)
    resumed.load_state_dict({**dataset.state_dict(batch=1), "workers": 2})
    with pytest.raises(DatasetError, match="the state is of 2 workers and this loader has 1"):
        next(iter(resumed))


def test_windows_that_are_read_again_and_again_are_warned_of(windows: Windows) -> None:
    with pytest.warns(UserWarning, match=r"may hold 1,000, so shards are read again and again"):
        WindowDataset(windows.within(1000))


def test_what_fits_is_read_before_workers_are_forked(windows: Windows) -> None:
    own = windows.within(windows.memory)
    WindowDataset(own)
    assert own.pool.whole


def test_each_iteration_yields_the_next_epoch_as_batches_of_windows_do(windows: Windows) -> None:
    dataset = IterableWindowDataset(windows, 16)
    expected = windows.batches(16)
    for _ in range(3):
        found = [batch["root_position"].numpy() for batch in dataset]
        assert all(map(np.array_equal, found, [batch["root_position"] for batch in expected]))


@pytest.mark.parametrize("persistent", [False, True])
def test_workers_agree_on_the_epoch_of_each_iteration(windows: Windows, persistent: bool) -> None:
    loader = DataLoader(
        IterableWindowDataset(windows, 16), batch_size=None, num_workers=2, persistent_workers=persistent
    )
    epochs = [numbers(windows, loader) for _ in range(3)]
    assert epochs == [numbers(windows, IterableWindowDataset(windows, 16, epoch=epoch)) for epoch in range(3)]


@pytest.mark.filterwarnings("ignore:'set_vital':UserWarning")
@pytest.mark.parametrize("workers", [0, 2])
def test_a_stateful_loader_goes_on_in_the_middle_of_an_epoch(windows: Windows, workers: int) -> None:
    loaders = pytest.importorskip("torchdata.stateful_dataloader")

    def loader() -> Any:
        return loaders.StatefulDataLoader(IterableWindowDataset(windows, 16), batch_size=None, num_workers=workers)

    whole = [batch["root_position"] for batch in loader()]
    begun = loader()
    taken = [batch["root_position"] for _, batch in zip(range(3), begun, strict=False)]
    resumed = loader()
    resumed.load_state_dict(begun.state_dict())
    rest = [batch["root_position"] for batch in resumed]
    assert len(taken) + len(rest) == len(whole)
    assert all(map(torch.equal, [*taken, *rest], whole))


@pytest.mark.parametrize("workers", [0, 2])
def test_a_loader_that_would_put_batches_together_again_is_refused(windows: Windows, workers: int) -> None:
    loader = DataLoader(IterableWindowDataset(windows, 16), batch_size=4, num_workers=workers)
    with pytest.raises(DatasetError, match="batch_size=None"):
        next(iter(loader))
