"""Read takes for the checks: from raw files, or from what a dataset stores."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from motionprep import naming
from motionprep.errors import DatasetError, MotionPrepError, ReadError
from motionprep.files.reading import BUDGET
from motionprep.formats import MODALITIES, arrays
from motionprep.formats.readers import parse_markers, parse_motion
from motionprep.motion import hashing
from motionprep.motion.skeleton import Skeleton
from motionprep.naming.units import metres_of
from motionprep.quality import body
from motionprep.quality.finding import Finding
from motionprep.quality.take import CheckedTake
from motionprep.recipe.recipe import Reading, recipe_of_dataset
from motionprep.sources.find import find
from motionprep.sources.pairing import pair
from motionprep.sources.source import Source, TakeFiles
from motionprep.storage import manifest, shard_reader, store

#: Ends of reasons that say already what to do.
_ADVISED = ("leave it out", "rename it")
#: Key of a take, and a function that reads it.
Unread = tuple[str, Callable[[], CheckedTake]]


def is_dataset(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a folder that a build wrote."""
    return (Path(path) / store.DATASET).is_file()


def of_files(
    paths: Sequence[str | os.PathLike[str]],
    reading: Reading,
    markers: Sequence[str | os.PathLike[str]] = (),
) -> tuple[list[Unread], list[Finding]]:
    """Return the takes that files hold, and findings about what is no take.

    Raises
    ------
    SourceError
        As :func:`motionprep.sources.find.find`.
    """
    found = find(paths, reading.key_pattern, markers, reading.arrays)
    broken = [
        unreadable(source.key or source.name, source.wrong.removeprefix(f"{source.name}: "))
        for source in found
        if not source.modality
    ]
    takes = pair([source for source in found if source.modality], {*MODALITIES.values()})
    return of_takes(takes, reading), broken


def of_takes(takes: Sequence[TakeFiles], reading: Reading) -> list[Unread]:
    """Return takes whose files are known."""
    return [(files.key, partial(_read_files, files, reading)) for files in takes]


class Unreadable(MotionPrepError):
    """A take cannot be read.

    Parameters
    ----------
    reason
        File, place, what was found and what was expected.
    frame
        Number of the frame that cannot be read, counted from 1; None if it is no frame or not known.
    """

    def __init__(self, reason: str, frame: int | None = None) -> None:
        super().__init__(reason)
        self.frame = frame


def unreadable(key: str, reason: str, frame: int | None = None) -> Finding:
    """Return the finding that a file cannot be read."""
    frames = None if frame is None else (frame, frame)
    advice = "" if reason.rstrip(".").endswith(_ADVISED) else "; export the file again, or leave it out"
    message = f"{reason.rstrip('.')}{advice}."
    return Finding("unreadable", "error", key, message, frames=frames)


def _frame(error: ReadError, files: TakeFiles) -> int | None:
    """Return the frame of a BVH file whose line an error names."""
    source = next((one for one in files.sources if one.name == error.path and one.modality == "motion"), None)
    if error.line is None or source is None or source.metadata is not None:
        return None
    try:
        before, found, rest = source.read().partition(b"Frame Time")
    except ReadError:
        return None
    # The first frame is on the line after the one that gives the frame time.
    lines = rest.splitlines()[1:]
    first = len((before + b"-").splitlines()) + 1
    if not found or not first <= error.line < first + len(lines):
        return None
    return sum(1 for line in lines[: error.line - first + 1] if line.strip()) or None


def _read_files(files: TakeFiles, reading: Reading) -> CheckedTake:
    rate = naming.looked_up(reading.rates, files.key)
    try:
        read = [_read_source(source, reading, rate) for source in files.sources]
    except ReadError as error:
        raise Unreadable(str(error), _frame(error, files)) from None
    return CheckedTake(files.key, tuple(one for one, _ in read), digests=tuple(digest for _, digest in read))


def _read_source(source: Source, reading: Reading, rate: float | None) -> tuple[body.Body, str]:
    if source.wrong:
        raise ReadError(source.wrong, path=source.name)
    with BUDGET.hold(source.size):
        data = source.read()
        digest = hashing.digest(data)
        if source.metadata is not None:
            clips = arrays.parse_arrays(data, source.name, source.metadata)
            points = np.asarray(clips.values).reshape(-1, *clips.values.shape[2:])
            points = points[..., :2] if clips.planar else points
            places = np.zeros((*points.shape[:2], 3), np.float32)
            with np.errstate(invalid="ignore", over="ignore"):
                places[..., : points.shape[2]] = points
            parents = source.metadata.all_parents
            rate = rate or source.metadata.rate or 0.0
            bodies = body.of_points(source.metadata.joints, parents, places, rate, source.metadata.metres)
            clip = clips.values.shape[1] if clips.apart else None
            return replace(bodies, clip=clip, planar=clips.planar), digest
        if source.modality == "markers":
            markers = parse_markers(data, source.name, rate=rate, lenient=reading.lenient)
            return body.of_markers(markers, metres_of(markers.units)), digest
        motion, metres = parse_motion(
            data,
            source.name,
            rate=rate,
            positions=reading.positions,
            lenient=reading.lenient,
            body_model=reading.body_model,
        )
    return replace(body.of_motion(motion), metres=metres), digest


def of_dataset(path: str | os.PathLike[str], *, corrupted: bool = False) -> tuple[list[Unread], list[Finding]]:
    """Return the motions that a dataset stores, and findings about those without positions and markers.

    Parameters
    ----------
    path
        The dataset.
    corrupted
        Read ``markers_corrupt`` in the place of ``markers``, of those motions that have them.

    Raises
    ------
    DatasetError
        If there is no dataset, it is damaged, or its numbers are stored normalized.
    """
    out = Path(path)
    dataset = store.load(out)
    if dataset is None:
        raise DatasetError(f"{out / store.DATASET}: is damaged; build again to mend it")
    recipe = recipe_of_dataset(dataset, store.DATASET)
    if recipe.stored_normalized:
        raise DatasetError(f"{out}: stores normalized numbers; check the data that it was built from")
    plain = msgspec.json.decode(store.read_named(out, dataset, "skeletons"))
    rows = manifest.to_rows(manifest.decode(store.read_named(out, dataset, "manifest")), dataset["motionprep"])
    skeletons: dict[str, Skeleton] = {key: Skeleton.from_json(value) for key, value in plain.items()}
    local = {
        split: any(stage.name == "local_frame" for stage in recipe.stages_for(split)) for split in recipe.split.names()
    }
    takes: list[Unread] = []
    findings = []
    stored: dict[str, tuple[str, ...]] = {}
    for row in rows:
        if row["status"] != "ok":
            continue
        if row["shard"] not in stored:
            stored[row["shard"]] = shard_reader.read_features(out / store.SHARDS, row["shard"])
        features = stored[row["shard"]]
        key = row["key"]
        if corrupted and "markers_corrupt" not in features:
            continue
        if "positions" not in features and "markers" not in features:
            findings.append(
                Finding("unchecked", "note", key, "The dataset stores neither positions nor markers of it.")
            )
            continue
        skeleton = skeletons.get(row["skeleton"] or "")
        markers = "markers_corrupt" if corrupted else "markers"
        in_world = not local[row["split"]]
        takes.append((key, partial(_read_stored, out, row, key, features, skeleton, in_world, markers)))
    return takes, findings


def _read_stored(
    out: Path,
    row: Mapping[str, Any],
    key: str,
    features: Sequence[str],
    skeleton: Skeleton | None,
    in_world: bool,
    markers: str,
) -> CheckedTake:
    def read(feature: str) -> Any:
        return shard_reader.read_rows(out / store.SHARDS, row["shard"], feature, row["start"], row["stop"])

    bodies = []
    if "positions" in features and skeleton is not None:
        positions = read("positions")
        names, parents = skeleton.nodes[: positions.shape[1]], skeleton.node_parents[: positions.shape[1]]
        bodies.append(replace(body.of_points(names, parents, positions, row["fps"]), clip=row["clip"]))
    if markers in features and row["marker_names"]:
        visible = read(f"{markers}_visible").astype(bool) if f"{markers}_visible" in features else None
        names = tuple(row["marker_names"])
        points = body.of_points(names, (-1,) * len(names), read(markers), row["fps"], visible=visible)
        bodies.append(body.as_markers(points))
    return CheckedTake(key, tuple(bodies), row["split"], in_world=in_world)
