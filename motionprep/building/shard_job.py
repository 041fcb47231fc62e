"""Make one shard: read its motions, run them through the stages, write what comes out.

This is the unit of work: it needs nothing but its part of the plan, and no shard needs another.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from motionprep.building import planned
from motionprep.building.assign import ShardMember
from motionprep.building.extract import Extraction
from motionprep.building.limits import FeatureError
from motionprep.building.planned import PlannedMotion, Shard
from motionprep.building.read import Read, read_take
from motionprep.dataset import inversion
from motionprep.errors import MotionPrepError, ReadError
from motionprep.files.reading import BUDGET
from motionprep.motion import hashing
from motionprep.motion.skeleton import Skeleton
from motionprep.motion.take import Take
from motionprep.recipe.recipe import Recipe
from motionprep.sources.fingerprints import hash_file
from motionprep.stages import Dropped, Features, Stage
from motionprep.storage import shard_reader, shard_writer

Digest = tuple[str, bool]

#: What stages get that draw nothing: to seed a generator takes longer than some of them.
_UNUSED = np.random.default_rng(0)
#: The largest piece of memory that glibc may take from its own store, 32 MiB, less what it adds to a piece.
_KEPT = (1 << 25) - (1 << 16)


class Stopped(MotionPrepError):
    """The build was interrupted while this shard was made."""


class EnsuredShard(msgspec.Struct, frozen=True):
    """A shard that is there, whole and under its name.

    Parameters
    ----------
    key
        Its name.
    digests
        Digests of the files of each of its motions, and whether each file could be read.
    made
        Whether it was computed now; False if it was found.
    """

    key: str
    digests: tuple[tuple[Digest, ...], ...]
    made: bool


@dataclass(frozen=True)
class Made:
    """A shard that is computed.

    Parameters
    ----------
    key
        Its name.
    digests
        Of each of its motions, the digests of the very bytes that were read, and whether they could be read.
    sealed
        The shard, which is still to be published.
    """

    key: str
    digests: list[tuple[Digest, ...]]
    sealed: shard_writer.Sealed


def ensure(
    recipe: Recipe,
    shard: Shard,
    rows: Sequence[PlannedMotion],
    folder: Path,
    *,
    fresh: bool,
    stop: threading.Event,
    count: Callable[[int], None],
    computing: AbstractContextManager[Any],
) -> EnsuredShard:
    """See to it that a shard is there: find it, or make and publish it.

    Parameters
    ----------
    recipe, shard, rows, folder, stop, count, computing
        As for :func:`make`.
    fresh
        Whether there is no shard yet, so that none need be looked for.

    Raises
    ------
    Stopped
        If ``stop`` was set.
    OSError
        If the shard cannot be written.
    """
    key = shard.key
    digests = tuple(tuple((known, True) for known in rows[member.row].digests) for member in shard.members)
    with computing:
        if stop.is_set():
            raise Stopped("interrupted")
        if key is None and not fresh:
            digests = tuple(tuple(map(hash_file, rows[member.row].take_files.sources)) for member in shard.members)
            known = [[digest for digest, _ in files] for files in digests]
            key = planned.key_of(recipe, shard.split, shard.members, known)
        if key is not None and shard_reader.is_whole(folder, key):
            count(len(shard.members))
            return EnsuredShard(key, digests, made=False)
    made = make(recipe, shard, rows, folder, stop, count, computing)
    made.sealed.publish()
    return EnsuredShard(made.key, tuple(made.digests), made=True)


def make(
    recipe: Recipe,
    shard: Shard,
    rows: Sequence[PlannedMotion],
    folder: Path,
    stop: threading.Event,
    count: Callable[[int], None],
    computing: AbstractContextManager[Any],
) -> Made:
    """Compute and write a shard.

    Parameters
    ----------
    recipe, shard, rows
        Of the plan.
    folder
        Where shards are.
    stop
        Is looked at before each motion.
    count
        Called with 1 after each motion.
    computing
        Entered while the processor is needed, and left while the disk is waited for.

    Raises
    ------
    Stopped
        If ``stop`` was set.
    OSError
        If the shard cannot be written.
    """
    motions: list[dict[str, Any]] = []
    skeletons: dict[str, Any] = {}
    digests: list[tuple[Digest, ...]] = []
    with shard_writer.ShardWriter(folder, shard.expected, by=recipe.six_by(shard.split)) as writer:
        with computing:
            taken = _TakeProcessor(recipe, shard.split)
            for member in shard.members:
                if stop.is_set():
                    raise Stopped("interrupted")
                start = writer.frames
                facts = taken.write(member, rows[member.row], writer, skeletons)
                motions.append({"start": start, "stop": writer.frames, **facts})
                digests.append(taken.digests)
                count(1)
        key = planned.key_of(recipe, shard.split, shard.members, [[digest for digest, _ in files] for files in digests])
        sealed = writer.seal(key, {"motions": motions, "skeletons": skeletons, "names": _names(motions, skeletons)})
    return Made(key, digests, sealed)


def _names(motions: Sequence[Mapping[str, Any]], skeletons: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the names of the joints, nodes and markers of a shard's arrays, of which all motions have the same."""
    found: dict[str, list[str]] = {}
    if skeletons:
        skeleton = Skeleton.from_json(next(iter(skeletons.values())))
        found = {"joints": list(skeleton.joints), "nodes": list(skeleton.nodes)}
    markers = next((motion["marker_names"] for motion in motions if motion.get("marker_names")), None)
    return found | ({"markers": markers} if markers else {})


def keep_memory() -> None:
    """Have the C library keep the memory of arrays that are done with for those that follow.

    As a rule glibc hands it back to the system, and to be given it anew takes longer than most of what is computed in
    it. It keeps pieces as large as the largest that was ever freed; other libraries take no notice.
    """
    np.empty(_KEPT, dtype=np.uint8)


def frame_bytes(recipe: Recipe, split: str, row: PlannedMotion) -> int | Dropped | ReadError:
    """Return how many bytes a frame of a motion has in a shard, or why it is dropped or fails."""
    taken = _TakeProcessor(recipe, split)
    member = ShardMember(
        0, row.take_files.key, row.take_files.size, row.frames, row.rate, row.copy, row.take_files.metadata
    )
    try:
        features, _ = taken.extract(member, row)
    except ReadError as error:
        return error
    if isinstance(features, Dropped):
        return features
    return sum(dtype.itemsize * int(np.prod(shape)) for dtype, shape in features.kinds.values())


class _TakeProcessor:
    """Takes motions, one after the other, from their files to what is written of them.

    Parameters
    ----------
    recipe, split
        Whose stages they go through.
    """

    def __init__(self, recipe: Recipe, split: str) -> None:
        self._recipe = recipe
        self._stages = recipe.stages_for(split)
        # Copies of a motion come one after the other, and are alike up to the first stage that draws.
        self._keeps = recipe.copies(split) > 1
        self._drawing = next((number for number, stage in enumerate(self._stages) if stage.random), len(self._stages))
        self._last: tuple[Any, Read | ReadError] = (None, ReadError(""))
        #: Of the files of the motion that was taken last.
        self.digests: tuple[Digest, ...] = ()

    def write(
        self, member: ShardMember, row: PlannedMotion, writer: shard_writer.ShardWriter, skeletons: dict[str, Any]
    ) -> dict[str, Any]:
        """Write a motion's features, and return the facts for its row of the manifest."""
        facts: dict[str, Any] = {
            "status": "failed",
            "frames_in": row.headers[0].frames,
            "fps_in": member.rate or row.headers[0].rate,
        }
        try:
            features, more = self.extract(member, row)
            facts |= more
            if isinstance(features, Dropped):
                facts |= {"status": "dropped", "reason": features.reason}
            else:
                try:
                    writer.append(features)
                except ValueError as error:
                    raise ReadError(str(error), path=_files(row)) from None
                facts["status"] = "ok"
                skeleton = facts.pop("of_skeleton")
                if skeleton is not None:
                    facts["skeleton"] = skeleton.key
                    skeletons.setdefault(skeleton.key, skeleton.to_json())
        except ReadError as error:
            facts |= _whose(error, row)
        # What cannot be read today need not be so tomorrow: its digest is that of the complaint, and is not recorded.
        if not all(readable for _, readable in self.digests):
            facts["unread"] = [not readable for _, readable in self.digests]
        return facts

    def extract(self, member: ShardMember, row: PlannedMotion) -> tuple[Extraction | Dropped, dict[str, Any]]:
        """Return the features of a motion, or why it is dropped, and facts about it.

        Raises
        ------
        ReadError
            If it fails.
        """
        read = self._last[1]
        if not member.copy or self._last[0] != (row.take_files, member.frames):
            read = self._read(member, row)
            self._last = ((row.take_files, member.frames), read) if self._keeps else self._last
        if isinstance(read, ReadError):
            raise read
        facts: dict[str, Any] = {"frames_in": read.frames, "fps_in": read.rate}
        last = self._stages[-1]
        if not isinstance(last, Features):
            raise TypeError(f"the last stage is {last.name}; a recipe ends with features")
        take = self._through(read, member, row, len(self._stages) - 1).take
        if isinstance(take, Dropped):
            return take, facts
        steps, frame_arrays = inversion.steps_to_json(take.steps)
        take = replace(take, arrays={**take.arrays, **frame_arrays})
        try:
            features = Extraction(take, [*last.arrays, *frame_arrays], last.missing, last.by)
        except FeatureError as error:
            raise ReadError(str(error), path=_files(row, *error.modalities)) from None
        markers = take.markers if "markers" in last.modalities else None
        return features, facts | {
            "reason": "; ".join([*read.notes, *_found_by_stages(take)]) or None,
            "frames": take.frames,
            "in_file": list(take.in_file),
            "fps": take.rate,
            "clip": take.clip,
            "clip_in_file": take.clip_in_file,
            "of_skeleton": take.motion.skeleton if take.motion is not None and "motion" in last.modalities else None,
            "marker_names": list(markers.names) if markers is not None else None,
            "scale": _scale(take),
            "facts": msgspec.json.encode(take.facts, order="sorted").decode() if take.facts else None,
            "steps": msgspec.json.encode(steps).decode() if steps else None,
        }

    def _read(self, member: ShardMember, row: PlannedMotion) -> Read | ReadError:
        with BUDGET.hold(row.take_files.size):
            return self._read_files(member, row)

    def _read_files(self, member: ShardMember, row: PlannedMotion) -> Read | ReadError:
        files: dict[str, tuple[str, bytes]] = {}
        digests: list[Digest] = []
        wrong: ReadError | None = None
        for source in row.take_files.sources:
            try:
                data = source.read()
            except ReadError as error:
                digests.append((hashing.digest(str(error).encode()), False))
                wrong = wrong or error
            else:
                digests.append((hashing.digest(data), True))
                files[source.modality] = (source.name, data)
        self.digests = tuple(digests)
        if wrong:
            return wrong

        def apply(stage: Stage, take: Take) -> Take | Dropped:
            return self._apply(member, row, 0, stage, take)

        try:
            read = read_take(self._recipe.reading, self._stages, member, files, apply)
            return self._through(read, member, row, self._drawing) if self._keeps else read
        except ReadError as error:
            return error

    def _through(self, read: Read, member: ShardMember, row: PlannedMotion, stop: int) -> Read:
        """Lead a take through the stages before number ``stop``, as far as it has not been."""
        take, number = read.take, len(self._stages) - len(read.left)
        while number < stop and not isinstance(take, Dropped):
            take = self._apply(member, row, number, self._stages[number], take)
            number += 1
        return replace(read, take=take, left=self._stages[number:])

    def _apply(self, member: ShardMember, row: PlannedMotion, number: int, stage: Stage, take: Take) -> Take | Dropped:
        earlier = sum(other.name == stage.name for other in self._stages[:number])
        rng = _UNUSED
        if stage.random:
            # Nothing but recipe, motion, copy and stage decides what is drawn.
            seed = hashing.key([self._recipe.seed, member.key, member.copy, stage.name, earlier])
            rng = np.random.default_rng(int(seed, 16))
        try:
            return stage.apply(take, rng)
        except (ValueError, ArithmeticError, LookupError) as error:
            raise ReadError(f"{stage.name}: {error}", path=_files(row, *stage.needs)) from error


def _found_by_stages(take: Take) -> list[str]:
    """Return what stages found odd about a take and let pass."""
    equal = take.facts.get("equal_joints")
    return [f"the file has no length between two joints of the skeleton: {equal}"] if equal else []


def _scale(take: Take) -> float:
    part = "joints" if take.motion is not None else "markers"
    return float(np.prod([step.scale for step in take.steps if part in step.on]))


def _whose(error: ReadError, row: PlannedMotion) -> dict[str, Any]:
    """Return what is wrong and with which files, by number: a moved file keeps its shard, so its name is not kept."""
    names = [source.name for source in row.take_files.sources]
    of_files = [names.index(error.path)] if error.path in names else list(range(len(names)))
    return {"reason": str(error).removeprefix(error.path), "of_files": of_files}


def _files(row: PlannedMotion, *modalities: str) -> str:
    """Return the names of the files of a take that hold one of these modalities; of all if none is named."""
    return " and ".join(
        source.name for source in row.take_files.sources if not modalities or source.modality in modalities
    )
