from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from motionprep import stats


def sums(values: np.ndarray[Any, Any]) -> dict[str, Any]:
    """Return what a shard keeps of an array (F, ...)."""
    flat = values.reshape(len(values), -1)
    mean = flat.mean(axis=0)
    scatter = ((flat - mean) ** 2).sum(axis=0)
    return {
        "shape": list(values.shape[1:]),
        "count": len(values),
        "mean": mean.tolist(),
        "scatter": scatter.tolist(),
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

    [found] = stats.combine({"positions": sums(shard)} for shard in shards)["positions"]

    assert (found["shape"], found["count"]) == (list(shape), sum(frames))
    np.testing.assert_allclose(found["mean"], every.mean(axis=0), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found["std"], every.std(axis=0), rtol=1e-12, atol=1e-12)


def test_a_small_spread_far_from_zero_is_not_lost() -> None:
    rng = np.random.default_rng(0)
    shards = [1e8 + rng.normal(0, 1e-2, (1000, 1)) for _ in range(20)]

    [found] = stats.combine({"x": sums(shard)} for shard in shards)["x"]

    np.testing.assert_allclose(found["std"], np.concatenate(shards).std(axis=0), rtol=1e-5)


def test_shapes_of_a_feature_are_kept_apart() -> None:
    small, large = np.arange(6.0).reshape(2, 3), np.arange(20.0).reshape(5, 4)

    found = stats.combine([{"x": sums(small)}, {"x": sums(large)}, {"x": sums(small + 1)}])["x"]

    assert [(entry["shape"], entry["count"]) for entry in found] == [([3], 4), ([4], 5)]


def test_features_are_kept_apart() -> None:
    found = stats.combine([{"x": sums(np.zeros((2, 1))), "y": sums(np.ones((2, 1)))}])

    assert {name: entry["mean"] for name, [entry] in found.items()} == {"x": [0.0], "y": [1.0]}


def test_the_std_divides_by_the_count() -> None:
    [found] = stats.combine([{"x": sums(np.array([[0.0], [2.0]]))}])["x"]

    assert found["std"] == [1.0]


def test_a_shard_without_frames_adds_nothing() -> None:
    full = {"x": sums(np.array([[0.0], [2.0]]))}

    assert stats.combine([{}, full, {}]) == stats.combine([full])


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_the_order_of_shards_changes_no_more_than_rounding(order: tuple[int, ...]) -> None:
    shards = [np.random.default_rng(k).normal(k, 1, (10 * k + 3, 2)) for k in range(3)]

    [found] = stats.combine({"x": sums(shards[k])} for k in order)["x"]

    np.testing.assert_allclose(found["mean"], np.concatenate(shards).mean(axis=0), rtol=1e-13)
