"""Mean and standard deviation of a split from the sums that its shards keep; no second pass over the data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any


def combine(sums: Iterable[Mapping[str, Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Combine shards' sums into statistics.

    Parameters
    ----------
    sums
        Of each shard, by feature: ``shape`` of a frame, ``count`` of frames, ``mean`` of each number and ``scatter``,
        the sum of its squared distances from the mean.

    Returns
    -------
    dict
        By feature, an entry for each shape that it has: ``shape``, ``count``, ``mean`` and ``std`` (by count), flat.
        Combined pairwise in float64 (Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance").
    """
    totals: dict[str, dict[tuple[int, ...], tuple[int, list[float], list[float]]]] = {}
    for shard in sums:
        for feature, part in shard.items():
            by_shape = totals.setdefault(feature, {})
            shape = tuple(part["shape"])
            count, mean, scatter = part["count"], part["mean"], part["scatter"]
            if shape in by_shape:
                count, mean, scatter = _merge(by_shape[shape], (count, mean, scatter))
            by_shape[shape] = (count, mean, scatter)
    return {
        feature: [
            {
                "shape": list(shape),
                "count": count,
                "mean": mean,
                "std": [math.sqrt(value / count) for value in scatter],
            }
            for shape, (count, mean, scatter) in by_shape.items()
        ]
        for feature, by_shape in totals.items()
    }


_Moments = tuple[int, list[float], list[float]]


def _merge(one: _Moments, other: _Moments) -> _Moments:
    count = one[0] + other[0]
    share = other[0] / count
    mean, scatter = [], []
    for m, n, s, t in zip(one[1], other[1], one[2], other[2], strict=True):
        apart = n - m
        mean.append(m + apart * share)
        scatter.append(s + t + apart * apart * one[0] * share)
    return count, mean, scatter
