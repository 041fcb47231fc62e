"""Mean and standard deviation of train from the sums that its shards keep; no second pass over the data."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from motionprep.errors import DatasetError
from motionprep.motion.feature_kinds import KINDS, blocks
from motionprep.stages.features import KNOWN

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike

    from motionprep.motion.skeleton import Skeleton

#: A standard deviation is of rounding alone if it is no larger part of the mean, or of 1.
_CONSTANT = 1e-6
_MOST_NAMES = 3
#: Names and parents of what a frame of a feature is made of.
Kind = tuple[tuple[str, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Stats:
    """Mean and standard deviation of a feature over the frames of train.

    Parameters
    ----------
    names, parents
        Of what it is a feature: the nodes of a skeleton and the index of each one's parent, the root alone for
        features of the root, or markers, which have no parents.
    count
        In how many frames each number of a frame was known: of markers that is where they are visible.
    mean, std
        Of each number of a frame, float64; 0 and 1 of one that was never known.
    by
        Of two lines of matrices, ``"columns"`` or ``"rows"``; empty of other features.
    """

    names: tuple[str, ...]
    parents: tuple[int, ...]
    count: np.ndarray[Any, Any]
    mean: np.ndarray[Any, Any]
    std: np.ndarray[Any, Any]
    by: str = ""

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Stats:
        """Return an entry of :func:`combine`; its arrays are read-only."""
        import numpy as np

        arrays = {name: np.array(value[name]).reshape(value["shape"]) for name in ("count", "mean", "std")}
        for array in arrays.values():
            array.flags.writeable = False
        return cls(tuple(value["names"]), tuple(value["parents"]), **arrays, by=value.get("by", ""))

    def __repr__(self) -> str:
        shape = " x ".join(map(str, self.mean.shape))
        more = ", ..." if len(self.names) > _MOST_NAMES else ""
        return f"Stats({shape} of {', '.join(self.names[:_MOST_NAMES])}{more}: up to {self.count.max():,} frames)"

    def fits(self, kind: Kind, shape: Sequence[int]) -> bool:
        """Return whether it is of frames of a shape that are made of this."""
        return (self.names, self.parents) == kind and self.mean.shape == tuple(shape)

    @cached_property
    def _spread(self) -> np.ndarray[Any, Any]:
        import numpy as np

        # What never changes has a little scatter all the same, from rounding.
        return np.where(self.std > _CONSTANT * np.maximum(1.0, np.abs(self.mean)), self.std, 1.0)

    def normalize(self, values: ArrayLike) -> np.ndarray[Any, Any]:
        """Return frames (F, ...) with mean 0 and standard deviation 1 over train; float32.

        A number that never changes in train only has its mean taken off; one that is never known stays as it is.

        Raises
        ------
        DatasetError
            If a number is so far from those of train that float32 cannot hold it.
        """
        import numpy as np

        normalized: np.ndarray[Any, Any] = (np.asarray(values) - self.mean) / self._spread
        try:
            with np.errstate(over="raise"):
                return normalized.astype(np.float32)
        except FloatingPointError:
            raise DatasetError(
                f"numbers of {', '.join(self.names[:_MOST_NAMES])} and others are so far from those of train that "
                "float32 cannot hold them normalized; leave the motion out, or do not normalize"
            ) from None

    def restore(self, values: ArrayLike) -> np.ndarray[Any, Any]:
        """Return what :meth:`normalize` made of frames (F, ...) to what they were; float32.

        Raises
        ------
        OverflowError
            If float32 cannot hold that.
        """
        import numpy as np

        restored: np.ndarray[Any, Any] = np.asarray(values, dtype=np.float64) * self._spread + self.mean
        try:
            with np.errstate(over="raise"):
                return restored.astype(np.float32)
        except FloatingPointError:
            raise OverflowError("float32 cannot hold them as they were before they were normalized") from None


def kind_of(feature: str, skeleton: Skeleton | None, markers: Sequence[str]) -> Kind:
    """Return names and parents of what a frame of a feature is made of, by which statistics are kept apart.

    Parameters
    ----------
    feature
        Of :data:`motionprep.stages.features.KNOWN`.
    skeleton
        Of the motion; None if nothing of it is stored.
    markers
        Names of its markers.
    """
    if KINDS[feature].part == "body":
        # The same numbers whatever the skeleton.
        return (feature,), ()
    if KNOWN[feature] == "markers" or skeleton is None:
        return tuple(markers), ()
    names, parents = skeleton.nodes, skeleton.node_parents
    return (names[:1], parents[:1]) if feature.startswith("root") else (names, parents)


def combine(records: Iterable[Mapping[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Combine shards' sums into statistics.

    Parameters
    ----------
    records
        Of each shard: its ``motions`` and ``skeletons``, and ``sums`` by feature: ``shape`` of a frame, and flat, by
        number, ``count`` of the frames in which it is known, ``mean`` and ``scatter``, the sum of its squared distances
        from the mean.

    Returns
    -------
    dict
        By feature, an entry for each kind of motions and shape of a frame: ``names``, ``parents``, ``shape``,
        ``count``, ``mean`` and ``std`` (by count), flat, and ``by``; of a number that is never known 0, 0 and 1.
        Combined pairwise in float64 (Chan, Golub and LeVeque 1983, "Algorithms for computing the sample variance").
        Changes of coordinates, which are stored beside the features, have none.
    """
    totals: dict[str, dict[tuple[Kind, tuple[int, ...]], _Moments]] = {}
    lines: dict[str, str] = {}
    for record in records:
        lines |= record.get("by", {})
        skeleton, markers = contents(record)
        for feature, part in record["sums"].items():
            if feature in KNOWN:
                by_kind = totals.setdefault(feature, {})
                kind = kind_of(feature, skeleton, markers), tuple(part["shape"])
                sums = part["count"], part["mean"], part["scatter"]
                by_kind[kind] = _merge(by_kind[kind], sums) if kind in by_kind else sums
    return {
        feature: [
            {
                "names": list(names),
                "parents": list(parents),
                "shape": list(shape),
                **({"by": lines[feature]} if feature in lines else {}),
                "count": count,
                "mean": mean,
                "std": [
                    math.sqrt(value / known) if known else 1.0 for value, known in zip(scatter, count, strict=True)
                ],
            }
            for ((names, parents), shape), (count, mean, scatter) in by_kind.items()
        ]
        for feature, by_kind in totals.items()
    }


def by_block(fitted: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """Return statistics in which the numbers of a block have one standard deviation, the mean of theirs.

    Blocks are those of :func:`motionprep.motion.feature_kinds.blocks`.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for feature, parts in fitted.items():
        for part in parts:
            std: list[float] = []
            for size in blocks(feature, len(part["std"])):
                block = part["std"][len(std) : len(std) + size]
                std += [math.fsum(block) / size] * size
            found.setdefault(feature, []).append({**part, "std": std})
    return found


def contents(record: Mapping[str, Any]) -> tuple[Skeleton | None, tuple[str, ...]]:
    """Return a skeleton of a shard, whose skeletons all have the same nodes, and the names of its markers."""
    from motionprep.motion.skeleton import Skeleton

    skeleton = next(iter(record["skeletons"].values()), None)
    markers = next((motion["marker_names"] for motion in record["motions"] if motion["status"] == "ok"), None)
    return Skeleton.from_json(skeleton) if skeleton else None, tuple(markers or ())


_Moments = tuple[list[int], list[float], list[float]]


def _merge(one: _Moments, other: _Moments) -> _Moments:
    counts, means, scatters = [], [], []
    for k, m, s, n, mean, scatter in zip(*one, *other, strict=True):
        count, apart = k + n, mean - m
        share = n / count if count else 0.0
        counts.append(count)
        means.append(m + apart * share)
        scatters.append(s + scatter + apart * apart * k * share)
    return counts, means, scatters
