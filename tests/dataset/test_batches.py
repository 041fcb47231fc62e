from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import motionprep
from motionprep import Dataset, DatasetError, build
from motionprep.building import assign
from motionprep.dataset.batches import Batches
from motionprep.dataset.frame_pool import Pool
from motionprep.dataset.windows import Windows
from motionprep.recipe.recipe import recipe_from_json

MEMORY = 40_000


@pytest.fixture(scope="module")
def dataset(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    out = tmp_path_factory.mktemp("batches") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assign.cut, "__defaults__", (60_000,))  # so that there are several shards
        build(corpus, out, recipe=recipe_from_json({"split": {"percent": "90/10"}}))
    return motionprep.open(out)


@pytest.fixture(scope="module")
def windows(dataset: Dataset) -> Windows:
    return dataset["train"].windows(8, 3, features=["root_position", "positions"])


@pytest.fixture(scope="module")
def bounded(dataset: Dataset) -> Windows:
    return dataset["train"].windows(8, 3, features=["root_position", "positions"], memory=MEMORY)


@pytest.fixture(scope="module", params=["all in memory", "memory bounded"])
def either(request: pytest.FixtureRequest, windows: Windows, bounded: Windows) -> Windows:
    return windows if request.param == "all in memory" else bounded


def names(windows: Windows) -> dict[bytes, int]:
    """Return the number of each window by its content."""
    found = {window["positions"].tobytes(): number for number, window in enumerate(windows)}
    assert len(found) == len(windows)
    return found


def order(batches: Batches, names: dict[bytes, int]) -> list[int]:
    """Return the numbers of the windows of one epoch, in order."""
    return [names[window.tobytes()] for batch in batches for window in batch["positions"]]


def test_a_dataset_that_is_larger_than_the_memory_has_several_groups(bounded: Windows) -> None:
    assert not bounded.fits
    assert len(bounded.block_bytes) > 5


def test_each_window_comes_once_an_epoch(either: Windows) -> None:
    assert sorted(order(either.batches(16), names(either))) == list(range(len(either)))


def test_batches_are_full_but_for_the_last(either: Windows) -> None:
    sizes = [len(batch["positions"]) for batch in either.batches(16)]
    assert len(sizes) == len(either.batches(16))
    assert set(sizes[:-1]) == {16}
    assert sizes[-1] == len(either) - 16 * (len(sizes) - 1)


def test_without_shuffling_windows_come_in_natural_order(either: Windows) -> None:
    assert order(either.batches(16, shuffle=False), names(either)) == list(range(len(either)))


def test_the_same_seed_gives_the_same_order_and_another_one_another(either: Windows) -> None:
    known = names(either)
    one, same = order(either.batches(16, seed=1), known), order(either.batches(16, seed=1), known)
    assert one == same
    assert one != order(either.batches(16, seed=2), known)


def test_the_next_iteration_is_the_next_epoch(either: Windows) -> None:
    known = names(either)
    batches = either.batches(16, seed=3)
    epochs = [order(batches, known) for _ in range(3)]
    assert epochs == [order(either.batches(16, seed=3, epoch=epoch), known) for epoch in range(3)]
    assert epochs[0] != epochs[1]


def test_a_shuffle_leaves_few_neighbours_together(windows: Windows) -> None:
    mixed = order(windows.batches(16), names(windows))
    assert np.mean(np.abs(np.diff(mixed)) == 1) < 0.05


def test_windows_of_several_shards_are_mixed_though_memory_is_bounded(bounded: Windows) -> None:
    mixed = np.array(order(bounded.batches(16), names(bounded)))
    assert np.mean(np.abs(np.diff(mixed)) == 1) < 0.2
    assert not np.array_equal(np.sort(mixed[:32]), np.arange(32))


@given(st.integers(1, 5), st.integers(1, 40), st.integers(0, 3))
def test_over_all_ranks_each_window_comes_once(
    windows: Windows, bounded: Windows, world_size: int, batch_size: int, epoch: int
) -> None:
    for some in (windows, bounded):
        known = names(some)
        shares = [
            order(some.batches(batch_size, epoch=epoch, rank=rank, world_size=world_size), known)
            for rank in range(world_size)
        ]
        assert Counter(number for share in shares for number in share) == Counter(range(len(some)))
        assert max(map(len, shares)) - min(map(len, shares)) <= 1


@given(st.integers(1, 5), st.integers(1, 40))
def test_without_the_last_all_ranks_have_as_many_full_batches(
    windows: Windows, world_size: int, batch_size: int
) -> None:
    sizes = [
        [len(b["positions"]) for b in windows.batches(batch_size, rank=rank, world_size=world_size, drop_last=True)]
        for rank in range(world_size)
    ]
    assert all(share == sizes[0] for share in sizes)
    assert set(sizes[0]) <= {batch_size}
    assert len(sizes[0]) == len(windows) // world_size // batch_size


@pytest.mark.parametrize("stop", [0, 1, 7, 10_000])
def test_a_run_that_was_stopped_goes_on_with_the_next_batch(either: Windows, stop: int) -> None:
    whole = [batch["positions"] for epoch in range(2) for batch in either.batches(16, epoch=epoch)]
    first = either.batches(16)
    seen = [batch["positions"] for _, batch in zip(range(stop), first, strict=False)]
    resumed = either.batches(16)
    resumed.load_state_dict(first.state_dict())
    seen += [batch["positions"] for batch in resumed]
    assert len(seen) == (len(whole) if stop > len(whole) / 2 else len(whole) / 2)
    assert all(map(np.array_equal, seen, whole))


def test_a_state_is_plain_values(windows: Windows) -> None:
    assert windows.batches(16, epoch=2).state_dict() == {
        "epoch": 2,
        "batch": 0,
        "of": windows.batches(16)._identity,
        "normalized": [],
        "transformed": False,
    }


def test_a_state_may_come_back_with_tuples_for_lists(windows: Windows) -> None:
    batches = windows.batches(16)
    batches.load_state_dict({**batches.state_dict(), "normalized": (), "batch": 1})
    assert batches.batch == 1
    with pytest.raises(DatasetError, match="the state has normalized = None; expected a list of features"):
        batches.load_state_dict({**batches.state_dict(), "normalized": None})


@pytest.mark.parametrize(
    "other", [{"batch_size": 8}, {"seed": 1}, {"world_size": 2}, {"shuffle": False}, {"drop_last": True}]
)
def test_a_state_of_other_batches_is_refused(windows: Windows, other: dict) -> None:
    state = windows.batches(16).state_dict()
    with pytest.raises(DatasetError, match="the state is of other batches"):
        windows.batches(**{"batch_size": 16, **other}).load_state_dict(state)


@pytest.mark.parametrize(
    "other", [{"length": 9}, {"stride": 4}, {"step": 2}, {"memory": MEMORY}, {"inputs": ["positions"]}]
)
def test_a_state_of_other_windows_is_refused(dataset: Dataset, windows: Windows, other: dict) -> None:
    options = {"length": 8, "stride": 3, "features": ["root_position", "positions"], **other}
    with pytest.raises(DatasetError, match="the state is of other batches"):
        dataset["train"].batches(16, **options).load_state_dict(windows.batches(16).state_dict())


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"normalize": ["positions"]}, "positions normalized and no transform"),
        ({"normalize": ["root_position", "positions"]}, "positions, root_position normalized and no transform"),
        ({"transform": dict}, "nothing normalized and a transform"),
    ],
)
def test_a_state_of_other_numbers_is_refused_with_what_each_has(
    dataset: Dataset, windows: Windows, other: dict, told: str
) -> None:
    changed = dataset["train"].batches(16, length=8, stride=3, features=["root_position", "positions"], **other)
    plain, none = windows.batches(16), "nothing normalized and no transform"
    with pytest.raises(DatasetError, match=f"the state is of batches with {none}, and these have {told}; give windows"):
        changed.load_state_dict(plain.state_dict())
    with pytest.raises(DatasetError, match=f"the state is of batches with {told}, and these have {none}; give windows"):
        plain.load_state_dict(changed.state_dict())
    changed.load_state_dict(json.loads(json.dumps(changed.state_dict())))


def test_a_feature_that_is_normalized_and_not_handed_out_is_no_other_state(dataset: Dataset, windows: Windows) -> None:
    same = dataset["train"].batches(
        16, length=8, stride=3, features=["root_position", "positions"], normalize=["quaternions"]
    )
    same.load_state_dict(windows.batches(16).state_dict())
    assert np.array_equal(next(iter(same))["positions"], next(iter(windows.batches(16)))["positions"])


def test_groups_of_shards_fit_into_a_third_of_the_memory(bounded: Windows, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    pool_of = Windows.pool_of

    def spied(self: Windows, blocks: list[int]) -> Pool:
        pool = pool_of(self, blocks)
        sizes.append((len(blocks), sum(array.nbytes for array in pool.arrays.values())))
        return pool

    monkeypatch.setattr(Windows, "pool_of", spied)
    assert len(list(bounded.batches(16))) == len(bounded.batches(16))
    assert len(sizes) > 2
    assert all(size <= MEMORY / 3 for blocks, size in sizes if blocks > 1)


def test_what_is_no_state_is_refused(windows: Windows) -> None:
    with pytest.raises(DatasetError, match="the state has seed; expected epoch, batch, of, normalized, transformed"):
        windows.batches(16).load_state_dict({"seed": 1})


@pytest.mark.parametrize("every", [1, 2, 3])
def test_workers_that_yield_every_so_many_batches_yield_all_of_them_together(either: Windows, every: int) -> None:
    whole = [batch["positions"] for batch in either.batches(16)]
    workers = [[b["positions"] for b in Batches(either, 16, every=every, offset=at)] for at in range(every)]
    merged = [workers[number % every][number // every] for number in range(len(whole))]
    assert all(map(np.array_equal, merged, whole))


def test_a_transform_is_called_with_each_batch(dataset: Dataset) -> None:
    batches = dataset["train"].batches(16, 8, features=["positions"], transform=lambda batch: batch["positions"].shape)
    assert next(iter(batches)) == (16, 8, 38, 3)


def test_labels_come_with_their_windows(corpus: Path, tmp_path: Path) -> None:
    labels = {f"{subject}_{motion:02d}": subject for subject in ("02", "07") for motion in (1, 2, 3, 4)}
    build(corpus, tmp_path / "out", recipe=recipe_from_json({"reading": {"labels": labels}}))
    dataset = motionprep.open(tmp_path / "out")
    for memory in (1 << 30, MEMORY):
        windows = dataset["train"].windows(8, features=["positions"], label=True, memory=memory)
        known = names(windows)
        for batch in windows.batches(16):
            for window, label in zip(batch["positions"], batch["label"], strict=True):
                motion, _ = windows.where(known[window.tobytes()])
                assert dataset.classes[label] == motion.row["subject"]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be at least 1"),
        ({"rank": 2, "world_size": 2}, "rank is 2 of 2; it must be from 0 to 1"),
        ({"seed": -1}, "must be at least 0"),
    ],
)
def test_batches_that_cannot_be_are_refused(windows: Windows, options: dict, words: str) -> None:
    with pytest.raises(DatasetError, match=words):
        windows.batches(**{"batch_size": 16, **options})
