from __future__ import annotations

from itertools import chain
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from motionprep.building import assign, planned
from motionprep.building.assign import ShardMember
from motionprep.recipe.recipe import Reading, Recipe, Split
from motionprep.stages import Downsample, Features, Stage, Trim

MB = 1 << 20
#: Larger than any run, so that no run is split again.
ENDLESS = 1 << 60

ITEMS = st.lists(st.tuples(st.integers(0, 10**6), st.integers(1, 40)), max_size=60, unique_by=lambda pair: pair[0]).map(
    lambda pairs: [ShardMember(row, f"{number}_01", size * MB) for row, (number, size) in enumerate(pairs)]
)


def corpus(seed: int, count: int = 400) -> list[ShardMember]:
    random = Random(seed)
    sizes = [min(8 * MB, int(random.lognormvariate(0, 0.8) * MB)) for _ in range(count)]
    return [ShardMember(row, f"{seed}_{row}", size) for row, size in enumerate(sizes)]


def change(items: list[ShardMember], random: Random) -> list[ShardMember]:
    """Return the items with one added, removed or of another size."""
    at = random.randrange(len(items))
    what = random.choice(["add", "remove", "resize"])
    if what == "add":
        return renumbered([*items[:at], ShardMember(0, f"new{random.random()}", MB), *items[at:]])
    resized = [replace(items[at], size=items[at].size * 2)] if what == "resize" else []
    return renumbered([*items[:at], *resized, *items[at + 1 :]])


def renumbered(items: list[ShardMember]) -> list[ShardMember]:
    return [replace(item, row=row) for row, item in enumerate(items)]


def contents(shards: list[tuple[ShardMember, ...]]) -> set[tuple[tuple[str, int], ...]]:
    return {tuple((item.key, item.size) for item in shard) for shard in shards}


def new_shards(before: list[ShardMember], after: list[ShardMember], **bounds: int) -> int:
    return len(contents(assign.cut(after, **bounds)) - contents(assign.cut(before, **bounds)))


@settings(deadline=None, max_examples=60)
@given(ITEMS)
def test_shards_hold_every_item_once_and_in_order(items: list[ShardMember]) -> None:
    assert list(chain.from_iterable(assign.cut(items))) == items


@settings(deadline=None, max_examples=60)
@given(ITEMS)
def test_no_shard_is_empty(items: list[ShardMember]) -> None:
    assert all(assign.cut(items))


@settings(deadline=None, max_examples=60)
@given(ITEMS.filter(len), st.randoms(use_true_random=False))
def test_a_changed_motion_makes_at_most_two_new_shards(items: list[ShardMember], random: Random) -> None:
    assert new_shards(items, change(items, random)) <= 2


def test_where_a_shard_ends_does_not_depend_on_where_the_run_begins() -> None:
    items = corpus(seed=1)
    ends = {shard[-1].key for shard in assign.cut(items)}

    later = {shard[-1].key for shard in assign.cut(renumbered(items[100:]))}

    assert later == ends & {item.key for item in items[100:]}


def test_shards_have_about_the_target_size() -> None:
    items = [item for seed in range(10) for item in corpus(seed)]
    shards = assign.cut(items)

    assert assign.TARGET / 2 < sum(item.size for item in items) / len(shards) < assign.TARGET * 2


def test_copies_of_a_motion_end_shards_on_their_own() -> None:
    copies = [ShardMember(0, "1_01", 8 * MB, copy=copy) for copy in range(50)]

    assert 1 < len(assign.cut(copies)) < 50


STAGES: list[Stage] = [Downsample(factor=8), Features()]
ITEM = ShardMember(0, "69_01", MB, frames=(1, 100), rate=120.0, copy=0)


def key(
    stages: list[Stage] = STAGES,
    reading: dict[str, Any] | None = None,
    seed: int | None = None,
    item: ShardMember = ITEM,
    digest: str = "ab",
) -> str:
    return assign.shard_key([stage.identity() for stage in stages], reading or {}, seed, [item], [digest])


@pytest.mark.parametrize(
    "changed",
    [
        {"stages": [Downsample(factor=4), Features()]},
        {"stages": [Trim(t_pose=1), *STAGES]},
        {"stages": STAGES[::-1]},
        {"reading": {"positions": "add"}},
        {"seed": 1},
        {"item": replace(ITEM, key="69_02")},
        {"item": replace(ITEM, frames=(1, 99))},
        {"item": replace(ITEM, frames=None)},
        {"item": replace(ITEM, rate=60.0)},
        {"item": replace(ITEM, copy=1)},
        {"digest": "cd"},
    ],
    ids=str,
)
def test_a_shards_key_changes_with_each_thing_that_decides_its_content(changed: dict[str, Any]) -> None:
    assert key(**changed) != key()


@pytest.mark.parametrize("changed", [{"row": 7}, {"size": 2 * MB}], ids=str)
def test_a_shards_key_does_not_change_with_where_its_motions_stand(changed: dict[str, int]) -> None:
    assert key(item=replace(ITEM, **changed)) == key()


def test_a_shards_key_changes_with_the_order_of_its_motions() -> None:
    items, digests = [ITEM, replace(ITEM, key="69_02")], ["ab", "cd"]

    forwards = assign.shard_key([], {}, None, items, digests)

    assert assign.shard_key([], {}, None, items[::-1], digests[::-1]) != forwards


def test_a_shards_key_changes_with_the_version_of_a_stage(monkeypatch: pytest.MonkeyPatch) -> None:
    before = key()
    monkeypatch.setattr(Downsample, "version", Downsample.version + 1)

    assert key() != before


def test_a_motion_without_a_digest_is_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        assign.shard_key([], {}, None, [ITEM, ITEM], ["ab"])


def test_the_same_motions_make_the_same_shard_on_either_side_of_a_split() -> None:
    recipe = Recipe(split=Split(percent="90/10"), stages=(Downsample(factor=8, splits=("train", "test")),))

    assert planned.key_of(recipe, "train", [ITEM], ["ab"]) == planned.key_of(recipe, "test", [ITEM], ["ab"])


def test_the_stages_of_a_split_decide_its_shards() -> None:
    recipe = Recipe(split=Split(percent="90/10"), stages=(Downsample(factor=8, splits=("train",)),))

    assert planned.key_of(recipe, "train", [ITEM], ["ab"]) != planned.key_of(recipe, "test", [ITEM], ["ab"])


@pytest.mark.parametrize("reading", [Reading(positions="add"), Reading(lenient=True)], ids=str)
def test_how_files_are_read_decides_shards(reading: Reading) -> None:
    plain = planned.key_of(Recipe(), "train", [ITEM], ["ab"])

    assert planned.key_of(Recipe(reading=reading), "train", [ITEM], ["ab"]) != plain


def test_rates_of_other_motions_and_the_seed_of_no_random_stage_decide_no_shard() -> None:
    recipe = Recipe(reading=Reading(rates={"1_01": 60.0}, key_pattern="(?P<subject>.)(?P<motion>.)"), seed=7)

    assert planned.key_of(recipe, "train", [ITEM], ["ab"]) == planned.key_of(Recipe(), "train", [ITEM], ["ab"])
