"""What differs between two datasets: recipe, motions, numbers."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from motionprep.dataset.dataset import Dataset, open_dataset
from motionprep.dataset.motion import StoredMotion

_Key = tuple[str, str]


@dataclass(frozen=True)
class FeatureDifference:
    """A feature of a motion whose numbers differ.

    Parameters
    ----------
    split, key, feature
        Which.
    largest
        The largest absolute difference, in stored units; None if the shapes differ.
    shapes
        The shapes in the two datasets.
    """

    split: str
    key: str
    feature: str
    largest: float | None
    shapes: tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True)
class Difference:
    """What differs between two datasets.

    Parameters
    ----------
    recipe
        Settings of the recipe that differ, by name (``stages.downsample.factor``), as the two have them.
    missing, added
        Split and key of the motions that only the first dataset has, and that only the second has.
    numbers
        Features of motions that both have, whose numbers differ.
    """

    recipe: Mapping[str, tuple[Any, Any]]
    missing: tuple[_Key, ...]
    added: tuple[_Key, ...]
    numbers: tuple[FeatureDifference, ...]

    def __bool__(self) -> bool:
        return bool(self.recipe or self.missing or self.added or self.numbers)


def diff(one: str | os.PathLike[str] | Dataset, other: str | os.PathLike[str] | Dataset) -> Difference:
    """Return what differs between two datasets, which may be built by different recipes.

    Raises
    ------
    DatasetError
        If one is no dataset or is damaged.
    """
    first, second = (each if isinstance(each, Dataset) else open_dataset(each) for each in (one, other))
    mine, its = ({(name, key): split[key] for name, split in each.items() for key in split} for each in (first, second))
    return Difference(
        dict(_settings(first.recipe.to_json(), second.recipe.to_json())),
        tuple(key for key in mine if key not in its),
        tuple(key for key in its if key not in mine),
        tuple(change for key in mine if key in its for change in _numbers(key, mine[key], its[key])),
    )


def _settings(one: Any, other: Any, name: str = "") -> Iterable[tuple[str, tuple[Any, Any]]]:
    """Yield the settings that differ, by their place in the recipe."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        for word in dict.fromkeys((*one, *other)):
            yield from _settings(one.get(word), other.get(word), f"{name}.{word}" if name else word)
    elif _by_name(one) is not None and _by_name(other) is not None:
        yield from _settings(_by_name(one), _by_name(other), name)
    elif one != other:
        yield name, (one, other)


def _by_name(stages: Any) -> dict[str, Any] | None:
    """Return stages by their names, those of one name numbered; None if these are no stages."""
    if not isinstance(stages, list) or not all(isinstance(stage, Mapping) and "stage" in stage for stage in stages):
        return None
    named: dict[str, Any] = {}
    for stage in stages:
        number = sum(name.partition(" ")[0] == stage["stage"] for name in named) + 1
        named[stage["stage"] if number == 1 else f"{stage['stage']} {number}"] = stage
    return named


def _numbers(where: _Key, one: StoredMotion, other: StoredMotion) -> Iterable[FeatureDifference]:
    for feature in dict.fromkeys((*one, *other)):
        mine, its = (motion.stored(feature) if feature in motion else np.empty(0) for motion in (one, other))
        if mine.shape != its.shape:
            yield FeatureDifference(*where, feature, None, (mine.shape, its.shape))
        elif not np.array_equal(mine, its):
            largest = float(np.abs(mine.astype(np.float64) - its.astype(np.float64)).max())
            yield FeatureDifference(*where, feature, largest, (mine.shape, its.shape))
