from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep.errors import DatasetError
from motionprep.motion.skeleton import Skeleton
from motionprep.storage import stats


def skeleton(*joints: str) -> Skeleton:
    """Return a chain of joints."""
    count = len(joints)
    return Skeleton(joints, tuple(range(-1, count - 1)), ((0.0, 1.0, 0.0),) * count, (), (("Xrotation",),) * count)


BODY = skeleton("Hips", "Spine")


def record(of: Skeleton | None = BODY, names: tuple[str, ...] = (), **arrays: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return what a shard says of arrays (F, ...) in which NaN is what is not known."""
    sums = {}
    for feature, values in arrays.items():
        flat = values.reshape(len(values), -1)
        count = np.isfinite(flat).sum(axis=0)
        mean = np.nansum(flat, axis=0) / np.maximum(count, 1)
        sums[feature] = {
            "shape": list(values.shape[1:]),
            "count": count.tolist(),
            "mean": mean.tolist(),
            "scatter": np.nansum((flat - mean) ** 2, axis=0).tolist(),
        }
    return {
        "sums": sums,
        "skeletons": {of.key: of.to_json()} if of else {},
        "motions": [{"status": "dropped"}, {"status": "ok", "marker_names": list(names) or None}],
    }


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=8), st.sampled_from([(3,), (2, 3), (2, 3, 3)]), st.integers(0, 99)
)
def test_combined_sums_are_mean_and_std_of_all_frames_together(
    frames: list[int], shape: tuple[int, ...], seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shards = [rng.normal(rng.normal(size=shape) * 10, 2, (count, *shape)) for count in frames]
    every = np.concatenate(shards).reshape(sum(frames), -1)

    [found] = stats.combine(record(positions=shard) for shard in shards)["positions"]

    assert (found["shape"], found["count"]) == (list(shape), [sum(frames)] * every.shape[1])
    np.testing.assert_allclose(found["mean"], every.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["std"], every.std(axis=0), rtol=1e-12, atol=1e-12)


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    rng = np.random.default_rng(0)
    shards = [1e8 + rng.normal(0, 1e-2, (1000, 1)) for _ in range(20)]

    [found] = stats.combine(record(rotations=shard) for shard in shards)["rotations"]

    np.testing.assert_allclose(found["std"], np.concatenate(shards).std(axis=0), rtol=1e-5)


def test_shapes_of_a_feature_are_kept_apart() -> None:
    small, large = np.arange(6.0).reshape(2, 3), np.arange(20.0).reshape(5, 4)

    found = stats.combine(record(rotations=shard) for shard in (small, large, small + 1))["rotations"]

    assert [(entry["shape"], entry["count"]) for entry in found] == [([3], [4] * 3), ([4], [5] * 4)]


def test_features_are_kept_apart() -> None:
    found = stats.combine([record(positions=np.zeros((2, 1)), rotations=np.ones((2, 1)))])

    assert {name: entry["mean"] for name, [entry] in found.items()} == {"positions": [0.0], "rotations": [1.0]}


def test_the_std_divides_by_the_count() -> None:
    [found] = stats.combine([record(positions=np.array([[0.0], [2.0]]))])["positions"]

    assert found["std"] == [1.0]


def test_a_shard_without_frames_adds_nothing() -> None:
    full, empty = record(positions=np.array([[0.0], [2.0]])), record()

    assert stats.combine([empty, full, empty]) == stats.combine([full])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_order_of_shards_changes_no_more_than_rounding(order: tuple[int, ...]) -> None:
    shards = [np.random.default_rng(k).normal(k, 1, (10 * k + 3, 2)) for k in range(3)]

    [found] = stats.combine(record(positions=shards[k]) for k in order)["positions"]

    np.testing.assert_allclose(found["mean"], np.concatenate(shards).mean(axis=0), rtol=1e-13)


def test_a_number_counts_where_it_is_known() -> None:
    rng = np.random.default_rng(1)
    shards = [np.where(rng.random((9, 2, 3)) < 0.4, np.nan, rng.normal(50, 2, (9, 2, 3))) for _ in range(4)]
    every = np.concatenate(shards).reshape(36, 6)

    [found] = stats.combine(record(None, ("C7", "T10"), markers=shard) for shard in shards)["markers"]

    assert found["count"] == np.isfinite(every).sum(axis=0).tolist()
    np.testing.assert_allclose(found["mean"], np.nanmean(every, axis=0), rtol=1e-12)
    np.testing.assert_allclose(found["std"], np.nanstd(every, axis=0), rtol=1e-12)


def test_what_is_never_known_has_mean_0_and_std_1() -> None:
    shards = [np.full((3, 1, 3), np.nan), np.full((2, 1, 3), np.nan)]

    [found] = stats.combine(record(None, ("C7",), markers=shard) for shard in shards)["markers"]

    assert (found["count"], found["mean"], found["std"]) == ([0] * 3, [0] * 3, [1] * 3)
    assert np.array_equal(stats.Stats.from_json(found).normalize(np.full((1, 1, 3), 5.0)), np.full((1, 1, 3), 5.0))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"of": BODY}, {"of": skeleton("Hips", "Chest")}),
        ({"of": None, "names": ("C7", "T10")}, {"of": None, "names": ("C7", "CLAV")}),
    ],
    ids=["skeletons", "markers"],
)
def test_other_names_have_statistics_of_their_own(one: dict[str, Any], other: dict[str, Any]) -> None:
    feature = "positions" if one["of"] else "markers"
    values = np.arange(12.0).reshape(2, 2, 3)

    found = stats.combine(
        record(**which, **{feature: values + add}) for which, add in ((one, 0), (other, 5), (one, 0))
    )[feature]

    assert [entry["count"][0] for entry in found] == [4, 2]
    assert [entry["mean"][0] for entry in found] == [3.0, 8.0]
    assert len({tuple(entry["names"]) for entry in found}) == 2


def test_features_of_the_root_are_of_the_root_alone() -> None:
    shards = [record(of, root_position=np.ones((2, 3))) for of in (BODY, skeleton("Hips", "Chest"))]

    [found] = stats.combine(shards)["root_position"]

    assert (found["names"], found["parents"], found["count"]) == (["Hips"], [-1], [4] * 3)


def test_changes_of_coordinates_have_no_statistics() -> None:
    assert stats.combine([record(frame_origin=np.ones((2, 3)))]) == {}


def far() -> stats.Stats:
    """Return statistics of numbers about 0, with a deviation of 0.01."""
    shape = (1, 1, 3)
    return stats.Stats(("Hips",), (-1,), np.full(shape[1:], 2), np.zeros(shape[1:]), np.full(shape[1:], 0.01))


def test_a_number_too_far_from_those_of_train_is_refused_and_not_made_infinite() -> None:
    with pytest.raises(DatasetError, match="numbers of Hips and others are so far from those of train"):
        far().normalize(np.full((1, 1, 3), 1e38, np.float32))
