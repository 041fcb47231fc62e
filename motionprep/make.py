"""Make one shard: read its motions, lead them through the stages, write what comes out.

This is the unit of work: it needs nothing but its part of the plan, and no shard needs another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import takewhile
from pathlib import Path
from typing import Any

import numpy as np

from motionprep import identity, kinematics, plan, shards
from motionprep.data import Skeleton, Take
from motionprep.errors import MotionPrepError, ReadError
from motionprep.formats import bvh
from motionprep.layout import Item
from motionprep.plan import Row, Shard
from motionprep.recipe import Recipe
from motionprep.stages import Dropped, Features, Stage
from motionprep.stages.base import pick_frames


class Stopped(MotionPrepError):
    """The build was interrupted while this shard was made."""


def make(
    recipe: Recipe,
    shard: Shard,
    rows: Sequence[Row],
    folder: Path,
    stop: threading.Event,
    tell: Callable[[int, int], None],
) -> tuple[str, list[tuple[str, bool]], shards.Sealed]:
    """Compute and write a shard; it is still to be published.

    Parameters
    ----------
    recipe, shard, rows
        Of the plan.
    folder
        Where shards are.
    stop
        Is looked at before each motion.
    tell
        Called with 1 and the number of frames after each motion.

    Returns
    -------
    The shard's key; the digest of each of its sources, taken of the very bytes that were read, and whether they could
    be read; and the shard.

    Raises
    ------
    Stopped
        If ``stop`` was set.
    OSError
        If the shard cannot be written.
    """
    stages = recipe.stages_for(shard.split)
    motions: list[dict[str, Any]] = []
    skeletons: dict[str, Any] = {}
    digests: list[tuple[str, bool]] = []
    with shards.Writer(folder, shard.expected) as writer:
        for item in shard.items:
            if stop.is_set():
                raise Stopped("interrupted")
            row = rows[item.row]
            facts: dict[str, Any] = {
                "status": "failed",
                "frames_in": row.look.frames,
                "fps_in": item.rate or row.look.rate,
                "start": writer.frames,
            }
            try:
                data = row.source.read()
            except ReadError as error:
                digests.append((identity.digest(str(error).encode()), False))
                facts |= {"source_sha256": None, "reason": _without_name(error)}
            else:
                digests.append((identity.digest(data), True))
                try:
                    skeleton = _process(recipe, stages, item, row.source.name, data, facts, writer)
                    if skeleton is not None and skeleton.key not in skeletons:
                        skeletons[skeleton.key] = skeleton.to_json()
                except ReadError as error:
                    facts["reason"] = _without_name(error)
            motions.append(facts | {"stop": writer.frames})
            tell(1, writer.frames - facts["start"])
        key = plan.key_of(recipe, shard.split, shard.items, [digest for digest, _ in digests])
        sealed = writer.seal(key, {"motions": motions, "skeletons": skeletons})
    return key, digests, sealed


def _process(
    recipe: Recipe,
    stages: Sequence[Stage],
    item: Item,
    name: str,
    data: bytes,
    facts: dict[str, Any],
    writer: shards.Writer,
) -> Skeleton | None:
    """Write a motion's features; ``facts`` takes what happened.

    Returns
    -------
    Its skeleton, or None if it is dropped.

    Raises
    ------
    ReadError
        If it fails.
    """
    leading = list(takewhile(lambda stage: stage.picks, stages))
    notes: list[str] = []
    verdicts: list[Dropped | ReadError] = []
    picked: list[range] = []

    def pick(count: int, rate: float) -> range:
        # Called once more where the header has the count wrong: what was said of that count is void.
        verdicts.clear()
        facts["frames_in"] = count
        first, last = item.frames or (1, count)
        if last > count:
            verdicts.append(ReadError(f"has {count:,} frames; the split asks for frames {first}-{last}", path=name))
            return range(0)
        chosen = pick_frames(leading, last - first + 1, rate, before=first - 1)
        if isinstance(chosen, Dropped):
            verdicts.append(chosen)
            return range(0)
        picked.append(range(first - 1, last)[chosen.start : chosen.stop : chosen.step])
        return picked[-1]

    motion = bvh.parse_bvh(
        data,
        name,
        pick=pick,
        rate=item.rate,
        positions=recipe.reading.positions,
        lenient=recipe.reading.lenient,
        notes=notes,
    )
    verdict = verdicts[-1] if verdicts else None
    if isinstance(verdict, ReadError):
        raise verdict
    take: Take | Dropped = verdict or Take(item.key, motion, of_file=picked[-1])
    last = stages[-1]
    if not isinstance(last, Features):
        raise TypeError(f"the last stage is {last.name}; a recipe ends with features")
    for number, stage in enumerate(stages[len(leading) : -1], start=len(leading)):
        if isinstance(take, Dropped):
            break
        take = stage.apply(take, _generator(recipe, item, number, stage))
    if isinstance(take, Dropped) or take.motion is None:
        facts |= {"status": "dropped", "reason": take.reason if isinstance(take, Dropped) else "no skeleton"}
        return None
    try:
        writer.append(kinematics.features(take.motion, last.arrays, np.float32))
    except OverflowError as error:
        raise ReadError(str(error), path=name) from None
    skeleton = take.motion.skeleton
    facts |= {
        "status": "ok",
        "reason": "; ".join(notes) or None,
        "frames": take.frames,
        "fps": take.motion.rate,
        "skeleton": skeleton.key,
        "scale": 1.0,
    }
    return skeleton


def _without_name(error: ReadError) -> str:
    """Return what is wrong and where in the file; its name is no part of the key: a moved file keeps its shard."""
    return str(error).removeprefix(error.path)


def _generator(recipe: Recipe, item: Item, number: int, stage: Stage) -> np.random.Generator:
    """Return a generator that nothing but recipe, motion, copy and stage decides."""
    return np.random.default_rng(int(identity.key([recipe.seed, item.key, item.copy, number, stage.name]), 16))
