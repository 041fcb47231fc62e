"""What a build would do: motions, frames and bytes of each split, and which motions will be left out."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from motionprep.building.changes import changes
from motionprep.building.plan import make_plan
from motionprep.building.planned import Plan, none_built, reason_of
from motionprep.building.shard_job import frame_bytes
from motionprep.errors import ReplaceError
from motionprep.files.progress import OnProgress, silent
from motionprep.files.reading import as_paths
from motionprep.recipe.options import RecipeOptions, read_recipe
from motionprep.recipe.recipe import Recipe
from motionprep.stages import Dropped
from motionprep.storage import shard_reader, store


@dataclass(frozen=True)
class SplitPreview:
    """What a split would have.

    Parameters
    ----------
    name
        ``train``, ``val`` or ``test``.
    motions, frames
        Without those that are known to be left out.
    shards_to_make, shards_kept
        Shards that would be computed, and that are there.
    bytes
        Bytes that would be written.
    """

    name: str
    motions: int
    frames: int
    shards_to_make: int
    shards_kept: int
    bytes: int


@dataclass(frozen=True)
class LeftOut:
    """A motion that would not be built.

    Parameters
    ----------
    status
        ``"dropped"`` by the recipe, or ``"failed"`` as its file is at fault.
    key, reason
        The key of the motion, and why.
    """

    status: str
    key: str
    reason: str


@dataclass(frozen=True)
class Preview:
    """What a build would do.

    Parameters
    ----------
    splits
        In order.
    left_out
        Motions that would not be built, as far as it is known.
    subjects
        How many subjects there are, how their names were found, and an example.
    notes
        What is odd about the files, and what a build would change about the dataset that is there.
    doubts
        What may be a mistake.
    at_most
        Whether takes of skeleton and markers lose the frames that only one of them has, so that frames are at most
        so many.
    complete
        Whether there is nothing to do.
    """

    splits: tuple[SplitPreview, ...]
    left_out: tuple[LeftOut, ...]
    subjects: str
    notes: tuple[str, ...]
    doubts: tuple[str, ...]
    at_most: bool
    complete: bool


def plan(
    data: str | os.PathLike[str] | Sequence[str | os.PathLike[str]],
    out: str | os.PathLike[str] | None = None,
    *,
    recipe: Recipe | Mapping[str, Any] | str | os.PathLike[str] | None = None,
    markers: str | os.PathLike[str] | Sequence[str | os.PathLike[str]] = (),
    workers: int = 1,
    verify_sources: bool = False,
    on_check: OnProgress = silent,
    **options: Unpack[RecipeOptions],
) -> Preview:
    """Return what :func:`motionprep.build` would do with the same arguments; nothing is written.

    Without ``out`` it is what a build into an empty folder would do. ``on_check`` is called after each take that is
    checked, where the recipe asks for findings.

    Raises
    ------
    SourceError, RecipeError, DatasetError, BuildError
        As for a build.
    """
    place = None if out is None else Path(out)
    planned = make_plan(
        as_paths(data),
        place,
        read_recipe(recipe, **options),
        markers=as_paths(markers),
        verify_sources=verify_sources,
        workers=workers,
        digests=True,
        on_check=on_check,
    )
    return preview(planned, place)


def preview(planned: Plan, out: Path | None) -> Preview:
    """Return what a plan comes to.

    Shards that are there say what became of their motions. Of those to be made, motions of each split are run through
    its stages until one comes out of them, which shows what they leave of a frame.

    Parameters
    ----------
    planned
        With every digest and key known.
    out
        The dataset; None for none.

    Raises
    ------
    BuildError
        If every motion would be left out.
    DatasetError
        If a shard that was whole is so no more.
    """
    rows = planned.rows
    root = store.root(out, stored_normalized=planned.recipe.stored_normalized) if out else Path()
    lost = {number: _lost(row.failed, row.reason) for number, row in enumerate(rows) if row.reason}
    a_frame = dict.fromkeys(planned.recipe.split.names(), 0)
    frames: dict[int, int] = {}
    for shard in planned.shards:
        if shard.present:
            record = shard_reader.read_record(root / store.SHARDS, shard.key or "")
            for member, motion in zip(shard.members, record["motions"], strict=True):
                if motion["status"] == "ok":
                    frames[member.row] = motion["frames"]
                else:
                    lost[member.row] = _lost(motion["status"] == "failed", reason_of(rows[member.row], motion))
            continue
        for number in (member.row for member in shard.members):
            row = rows[number]
            if row.foreseen:
                lost[number] = _lost(row.failed, row.foreseen)
                continue
            tried = a_frame[shard.split] or frame_bytes(planned.recipe, shard.split, row)
            if isinstance(tried, int):
                a_frame[shard.split], frames[number] = tried, row.expected
            else:
                said = tried.reason if isinstance(tried, Dropped) else str(tried)
                lost[number] = _lost(not isinstance(tried, Dropped), said)
    if not frames:
        raise none_built([lost[number][1] for number in range(len(rows))])
    splits = tuple(_split(name, planned, frames, size) for name, size in a_frame.items())
    left_out = (
        LeftOut(status, rows[number].take_files.key, reason) for number, (status, reason) in sorted(lost.items())
    )
    empty = [
        f"split {split.name!r} is empty: all of its motions are dropped or fail"
        for split in splits
        if not split.motions and not any(doubt.startswith(f"split {split.name!r} is empty") for doubt in planned.doubts)
    ]
    return Preview(
        splits,
        tuple(dict.fromkeys(left_out)),
        planned.subjects,
        (*planned.notes, *_changes(planned, out)),
        (*planned.doubts, *empty),
        any(len(planned.recipe.needs(split.name)) > 1 for split in splits),
        planned.complete,
    )


def _changes(planned: Plan, out: Path | None) -> tuple[str, ...]:
    if out is None:
        return ()
    try:
        return changes(planned, out)
    except ReplaceError as error:
        return (f"a build needs leave to replace the dataset: {error}",)


def _lost(failed: bool, reason: str) -> tuple[str, str]:
    return "failed" if failed else "dropped", reason


def _split(name: str, planned: Plan, frames: Mapping[int, int], a_frame: int) -> SplitPreview:
    """Return what a split comes to; ``frames`` are those of each motion that is built, by its number."""
    motions = total = made = kept = fresh = 0
    for shard in (shard for shard in planned.shards if shard.split == name):
        built = [frames[member.row] for member in shard.members if member.row in frames]
        motions += len(built)
        total += sum(built)
        kept += shard.present
        made += not shard.present
        fresh += 0 if shard.present else sum(built)
    return SplitPreview(name, motions, total, made, kept, fresh * a_frame)
