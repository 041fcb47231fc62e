"""What a build would do, decided before the first frame is touched, without NumPy."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import msgspec

from motionprep import identity, layout, shards, sources, splits, store
from motionprep.errors import DatasetError
from motionprep.layout import Item
from motionprep.recipe import Recipe
from motionprep.sources import Look, Source, SourceCache
from motionprep.stages.base import Dropped, Stage, pick_frames


@dataclass(frozen=True)
class Row:
    """What is known of a row of the manifest before its motion is read.

    Parameters
    ----------
    source, look
        The file and what its header says.
    ordinal
        In natural order, counted from 1.
    split
        Its side; empty if it is on none.
    frames
        First and last frame of the file, counted from 1; all if None.
    rate
        That takes the place of the file's.
    label
        From the index.
    reason
        Why it is not built; empty if it is.
    failed
        Whether that is a fault of the file.
    expected
        How many frames its header and the stages promise.
    """

    source: Source
    look: Look
    ordinal: int
    split: str
    frames: tuple[int, int] | None
    rate: float | None
    label: str
    reason: str = ""
    failed: bool = False
    expected: int = 0


@dataclass(frozen=True)
class Shard:
    """A shard that the dataset needs.

    Parameters
    ----------
    split
        Its side.
    items
        What is in it.
    key
        Its name, or None as long as a file's digest is not known.
    expected
        How many frames it will have.
    present
        Whether it is known to be there and whole.
    """

    split: str
    items: tuple[Item, ...]
    key: str | None
    expected: int
    present: bool


@dataclass(frozen=True)
class Plan:
    """Rows, the shards that hold them, and whether the dataset is that already.

    Parameters
    ----------
    recipe
        The whole of it.
    rows
        Of the manifest, in order.
    shards
        In order.
    dataset
        What ``dataset.json`` says now; None if there is none or it is damaged.
    cache
        What is known of the sources.
    """

    recipe: Recipe
    rows: tuple[Row, ...]
    shards: tuple[Shard, ...]
    dataset: dict[str, Any] | None = field(repr=False)
    cache: SourceCache = field(repr=False)

    @property
    def keys(self) -> list[str]:
        """Names of the shards, in order; only once they are all known."""
        return [shard.key or "" for shard in self.shards]

    @property
    def inputs(self) -> str:
        """A key of all that decides the dataset, the same for equal datasets."""
        facts = [
            [
                row.source.key,
                row.source.subject,
                row.source.name,
                row.source.size,
                row.look.sha256,
                row.label,
                row.split,
                row.frames,
                row.rate,
                row.reason,
            ]
            for row in self.rows
        ]
        return identity.key([self.recipe.identity(), self.recipe.description, facts, self.keys])

    @property
    def complete(self) -> bool:
        """Whether the dataset is what this plan would build."""
        return (
            self.dataset is not None
            and all(shard.present for shard in self.shards)
            and self.dataset["inputs"] == self.inputs
        )


def make_plan(
    data: Sequence[str | os.PathLike[str]],
    out: Path,
    recipe: Recipe,
    *,
    verify_sources: bool = False,
    workers: int = 1,
    digests: bool = False,
) -> Plan:
    """Find the data, put it on sides, and see which shards it needs.

    Parameters
    ----------
    data
        Folders, files and zip archives.
    out
        The dataset, which need not exist yet.
    recipe
        What to make.
    verify_sources
        Hash all files again, whatever the cache says.
    workers
        How many files are hashed at once.
    digests
        Hash what is not known, so that every shard has its key, and look into shards that are not known to be whole.

    Raises
    ------
    SourceError, RecipeError, DatasetError
        If the data, the recipe or the dataset cannot be.
    """
    dataset = store.examine(out)
    if dataset is not None and not store.named_are_whole(out, dataset):
        dataset = None
    cache = SourceCache(out / store.CACHE / "sources.json")
    found = sources.find(data, recipe.reading.key_pattern)
    if verify_sources:
        looks = sources.digest(found, cache, workers, again=True)
    elif digests:
        looks = sources.digest(found, cache, workers)
    else:
        looks = sources.look(found, cache)
    labels = recipe.reading.labels or sources.labels_beside(data)
    parts = splits.assign(recipe.split, [source.key for source in found], [source.subject for source in found])
    rows = _rows(recipe, found, looks, parts, labels)
    return Plan(recipe, tuple(rows), tuple(_shards(recipe, rows, out, look_into=digests)), dataset, cache)


def _rows(
    recipe: Recipe,
    found: Sequence[Source],
    looks: Sequence[Look],
    parts: Sequence[splits.Part],
    labels: dict[str, str],
) -> list[Row]:
    of_motion: dict[int, list[splits.Part]] = {}
    for part in parts:
        of_motion.setdefault(part.motion, []).append(part)
    rates = recipe.reading.rates
    stages = {side: recipe.stages_for(side) for side in recipe.split.sides()}
    rows = []
    for index, (source, seen) in enumerate(zip(found, looks, strict=True)):
        rate, label = rates.get(source.key), labels.get(source.key, "")
        if index not in of_motion or seen.error:
            # The digest of what is not built is left out: it would hang on what an earlier run happened to read.
            unread = msgspec.structs.replace(seen, sha256="")
            base = Row(source, unread, index + 1, "", None, rate, label, "in no split")
        for part in of_motion.get(index, ()):
            if seen.error:
                rows.append(replace(base, split=part.side, frames=part.frames, reason=seen.error, failed=True))
            else:
                expected = _expected(stages[part.side], seen.frames, rate or seen.rate, part.frames)
                row = Row(source, seen, index + 1, part.side, part.frames, rate, label, expected=expected)
                rows.append(row)
        if index not in of_motion:
            rows.append(base)
    return rows


def _expected(stages: Sequence[Stage], count: int, rate: float, frames: tuple[int, int] | None) -> int:
    first, last = frames or (1, count)
    chosen = pick_frames(stages, max(min(last, count) - first + 1, 0), rate, before=first - 1)
    return 0 if isinstance(chosen, Dropped) else len(chosen)


def _shards(recipe: Recipe, rows: Sequence[Row], out: Path, *, look_into: bool) -> list[Shard]:
    """Cut each side's motions into shards; motions of other skeletons go into other shards."""
    known = store.load_signatures(out)
    there = shards.keys(out / store.SHARDS)
    made = []
    for side in recipe.split.sides():
        runs: dict[str, list[Item]] = {}
        for number, row in enumerate(rows):
            if row.split == side and not row.reason:
                item = Item(number, row.source.key, row.source.size, row.frames, row.rate)
                runs.setdefault(row.look.structure, []).append(item)
        for run in runs.values():
            for items in layout.cut(run):
                digests = [rows[item.row].look.sha256 for item in items]
                key = key_of(recipe, side, items, digests) if all(digests) else None
                present = key in there and _is_whole(out / store.SHARDS, key or "", known, look_into=look_into)
                made.append(Shard(side, items, key, sum(rows[item.row].expected for item in items), present))
    return made


def _is_whole(folder: Path, key: str, known: dict[str, str], *, look_into: bool) -> bool:
    try:
        if known.get(key) == shards.measure(folder, key)[1]:
            return True
        if look_into:
            shards.check(folder, key)
    except (DatasetError, FileNotFoundError):
        return False
    return look_into


def key_of(recipe: Recipe, side: str, items: Sequence[Item], digests: Sequence[str]) -> str:
    """Return the name of a shard with these items and digests."""
    stages = recipe.stages_for(side)
    reading = {"positions": recipe.reading.positions, "lenient": recipe.reading.lenient}
    seed = recipe.seed if any(stage.random for stage in stages) else None
    return layout.shard_key([stage.identity() for stage in stages], reading, seed, items, digests)


def bytes_of_frame(plan: Plan, shard: Shard) -> int:
    """Return about how many bytes a frame of a shard will have; what stages do to the joints is not reckoned with."""
    from motionprep import kinematics
    from motionprep.formats import bvh
    from motionprep.stages import Features

    features = plan.recipe.stages_for(shard.split)[-1]
    source = plan.rows[shard.items[0].row].source
    skeleton = bvh.parse_bvh_header(source.read(), source.name).skeleton
    names = features.arrays if isinstance(features, Features) else ()
    return 4 * sum(math.prod(kinematics.shape(name, skeleton)) for name in names)
