"""Shards with normalized numbers, made of those that the stages made once all of train is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from motionprep.errors import BuildError, DatasetError
from motionprep.motion import hashing
from motionprep.recipe.recipe import FORMAT, Recipe
from motionprep.storage import shard_files, shard_reader, shard_writer, stats, store
from motionprep.storage.stats import Stats

#: Statistics of train by feature, as plain values.
Fitted = Mapping[str, Sequence[Mapping[str, Any]]]


class NormalizedShard(msgspec.Struct, frozen=True):
    """A normalized shard that the dataset needs.

    Parameters
    ----------
    name
        Its name.
    key
        Name of the shard that the stages made.
    motions
        Keys of its motions.
    """

    name: str
    key: str
    motions: tuple[str, ...]


#: Sees to it that normalized shards are there, each of a record and with the statistics of its features.
Run = Callable[[Sequence[NormalizedShard], Sequence[Mapping[str, Any]], Sequence[Mapping[str, Stats]]], None]


def normalize_shards(
    recipe: Recipe,
    out: Path,
    keys: Sequence[str],
    records: Sequence[Mapping[str, Any]],
    motions: Sequence[Sequence[str]],
    fitted: Fitted,
    run: Run,
) -> list[str | None]:
    """See to it that there is a normalized shard for each one that the stages made.

    What is there and whole is kept: a shard is named by the one that it is made of and by the statistics.

    Parameters
    ----------
    recipe
        Says which features are normalized.
    out
        The dataset.
    keys, records
        Of the shards that the stages made.
    motions
        Keys of the motions of each shard.
    fitted
        Statistics of train, as :func:`motionprep.storage.stats.combine` gives them.
    run
        Called with the shards that are not known to be whole, and the record and statistics of each.

    Returns
    -------
    The name of each normalized shard; None where train has no motion of such joints or markers.

    Raises
    ------
    BuildError
        As :func:`ensure_normalized`.
    OSError
        If the disk is full or may not be written; finished shards are kept.
    """
    target, entries = out / store.SHARDS, entries_of(fitted)
    digest, known, there = hashing.key(fitted), store.load_signatures(out), shard_files.keys(target)
    names: list[str | None] = []
    missing = []
    for key, record, members in zip(keys, records, motions, strict=True):
        chosen = choose(recipe, record, entries)
        name = None if chosen is None else hashing.key([FORMAT, key, digest, sorted(chosen)])
        names.append(name)
        if name is None or (name in there and known.get(name) == shard_files.measure(target, name)[1]):
            continue
        missing.append((NormalizedShard(name, key, tuple(members)), record, chosen or {}))
    if missing:
        run(*zip(*missing, strict=True))
    return names


def ensure_normalized(
    out: Path, shard: NormalizedShard, record: Mapping[str, Any], chosen: Mapping[str, Stats]
) -> None:
    """See to it that a normalized shard is there and whole.

    Parameters
    ----------
    out
        The dataset.
    shard
        What to make.
    record
        Record of the shard that the stages made.
    chosen
        Statistics of the features that are normalized.

    Raises
    ------
    BuildError
        If a shard of the stages is damaged; it is removed. Or if float32 cannot hold the numbers of a motion once they
        are normalized: it is named, since which motions a shard holds is settled by then.
    OSError
        If the disk is full or may not be written.
    """
    source, target = store.root(out, stored_normalized=True) / store.SHARDS, out / store.SHARDS
    if shard_reader.is_whole(target, shard.name):
        return
    try:
        with shard_writer.ShardWriter(target, record["frames"], sums=False, by=record.get("by")) as writer:
            writer.append(_Normalized(source, shard.key, record, chosen, shard.motions))
            sealed = writer.seal(shard.name, {word: record[word] for word in ("motions", "skeletons", "names")})
    except DatasetError as error:
        shard_files.remove(source, shard.key)
        raise BuildError(f"{source}: {error}; it has been removed, so that the next build makes it") from None
    sealed.publish()


def entries_of(fitted: Fitted) -> dict[str, list[Stats]]:
    """Return the statistics of each feature, one for each kind of skeleton or markers."""
    return {feature: [Stats.from_json(entry) for entry in parts] for feature, parts in fitted.items()}


def choose(
    recipe: Recipe, record: Mapping[str, Any], entries: Mapping[str, Sequence[Stats]]
) -> dict[str, Stats] | None:
    """Return the statistics of each feature of a shard that is normalized; None if train has none for one of them."""
    skeleton, markers = stats.contents(record)
    chosen = {}
    for feature, (_, *shape) in record["features"].items():
        if recipe.normalizes(feature):
            kind = stats.kind_of(feature, skeleton, markers)
            fitting = [one for one in entries.get(feature, ()) if one.fits(kind, shape)]
            if not fitting:
                return None
            chosen[feature] = fitting[0]
    return chosen


class _Normalized:
    """The frames of a shard, normalized as they are read.

    Parameters
    ----------
    folder, key, record
        Of the shard.
    chosen
        Statistics of the features that are normalized.
    motions
        Keys of the shard's motions.
    """

    def __init__(
        self, folder: Path, key: str, record: Mapping[str, Any], chosen: Mapping[str, Stats], motions: Sequence[str]
    ) -> None:
        self.frames: int = record["frames"]
        self.known: Mapping[str, Any] = {}
        self.kinds = {name: (np.dtype(dtype), tuple(shape)) for name, (dtype, *shape) in record["features"].items()}
        self._shard, self._chosen, self._at = (folder, key), chosen, 0
        self._spans = [
            (name, motion["start"], motion["stop"]) for name, motion in zip(motions, record["motions"], strict=True)
        ]

    def fill(self, out: Mapping[str, NDArray[Any]]) -> None:
        """Fill arrays (K, ...), one a feature, with the next K frames."""
        stop = self._at + len(next(iter(out.values())))
        for name, part in out.items():
            values = shard_reader.read_rows(*self._shard, name, self._at, stop)
            try:
                part[:] = self._chosen[name].normalize(values) if name in self._chosen else values
            except DatasetError as error:
                raise BuildError(f"{self._too_far(name, values)}: {name}: {error}") from None
        self._at = stop

    def _too_far(self, name: str, values: NDArray[Any]) -> str:
        """Return the key of the first motion among frames (K, ...) that cannot be normalized."""
        for motion, start, stop in self._spans:
            try:
                self._chosen[name].normalize(values[max(start - self._at, 0) : max(stop - self._at, 0)])
            except DatasetError:
                return motion
        return self._shard[1]
