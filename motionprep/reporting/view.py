"""A page with one motion in the player, or with two side by side."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from motionprep.errors import DatasetError, SourceError
from motionprep.exporting import export
from motionprep.files import replacing
from motionprep.naming.nearest import did_you_mean
from motionprep.quality import CHECKS, check_take, reading
from motionprep.quality.body import Body
from motionprep.quality.checking import summarize
from motionprep.quality.duplicates import Duplicates
from motionprep.quality.take import CheckedTake, TakeCheck
from motionprep.recipe.recipe import Reading
from motionprep.reporting.page import FOOTER, check_place, page
from motionprep.reporting.takes import as_findings, as_takes

if TYPE_CHECKING:
    from motionprep.dataset.dataset import Dataset


def view(
    source: str | os.PathLike[str],
    out: str | os.PathLike[str],
    key: str | None = None,
    *,
    beside: str | os.PathLike[str] | None = None,
    prediction: str | os.PathLike[str] | None = None,
    how: Reading | None = None,
) -> Path:
    """Write a page with one motion in the player, and what the checks of a take find in it.

    Parameters
    ----------
    source
        A file of a take, a folder or archive of files, or the folder of a dataset.
    out
        The HTML file; replaced if it is there.
    key
        Of the motion; it may be left out where there is one alone.
    beside
        Another such source, whose motion of the same key or take, or only one, is shown beside the first: a raw file
        beside what a dataset stores of it, for instance. Where the two share frames these are shown together.
    prediction
        A ``.npy`` file as :func:`motionprep.export` takes it for the kind ``"bvh"``, to be shown beside the motion of
        the dataset's test split that it predicts.
    how
        How files are found and read.

    Returns
    -------
    Path
        The HTML file.

    Raises
    ------
    ValueError
        If there is no motion of that key, there are several and no key is given, a prediction comes with no key or with
        ``beside``, or ``out`` is in a dataset.
    MotionPrepError
        If there are no data, they cannot be read, or nothing of the motion is stored that can be shown.
    """
    check_place(out, [source, *([beside] if beside is not None else [])])
    if prediction is not None:
        if key is None or beside is not None:
            raise ValueError("a prediction is shown beside the motion of a key, and beside nothing else")
        pair = predicted_pair(source, key, prediction)
        names = f"{Path(source).name}, and {Path(prediction).name} beside it"
        return _write(out, names, *pair, "prediction", (1, 1))
    first = _take(source, key, how)
    if beside is None:
        corrupted = _corrupted(source, first)
        names = Path(source).name
        return _write(
            out, names if corrupted is None else f"{names}, corrupted markers beside", first, corrupted, "corrupted"
        )
    names = f"{Path(source).name}, and {Path(beside).name} beside it"
    other = _take(beside, first.key, how, alone=True)
    return _write(out, names, first, other, Path(beside).name, _shared(first, other))


def predicted_pair(
    dataset: str | os.PathLike[str] | Dataset, key: str, prediction: str | os.PathLike[str], **options: Any
) -> tuple[CheckedTake, CheckedTake]:
    """Return a motion of a dataset and what is predicted of it, both in the world and unit of the files.

    Parameters
    ----------
    dataset, prediction
        As :func:`view` has them.
    key
        Of the motion.
    options
        Settings of the export ``"bvh"`` that say what the prediction is.

    Raises
    ------
    MotionPrepError
        If the prediction does not fit, or nothing of it can be shown.
    """
    with tempfile.TemporaryDirectory() as folder:
        export("bvh", dataset, Path(folder, "target"), motion=key)
        export("bvh", dataset, Path(folder, "prediction"), prediction=os.fspath(prediction), **options)
        return _take(Path(folder, "target"), key, None), _take(Path(folder, "prediction"), key, None)


def _take(source: str | os.PathLike[str], key: str | None, how: Reading | None, *, alone: bool = False) -> CheckedTake:
    """Return the motion of a key, the only one if no key is given, or one that stands ``alone`` whatever its key."""
    stored = reading.is_dataset(source)
    takes, findings = reading.of_dataset(source) if stored else reading.of_files([source], how or Reading())
    unread = dict(reversed(takes))
    if not unread:
        raise SourceError(findings[0].message if findings else f"{source}: holds no motion")
    if alone:
        # A copy by augmentation, 69_01@2, is of the take 69_01.
        key = None if len(unread) == 1 else key if key in unread else (key or "").partition("@")[0]
    if key is None and len(unread) > 1:
        some = ", ".join(list(unread)[::-1][:3])
        raise ValueError(f"{source} holds {len(unread):,} motions, such as {some}; choose one by its key")
    if key is not None and key not in unread:
        raise ValueError(f"there is no motion {key!r} in {source}{did_you_mean(key, unread)}")
    take = unread[key or next(iter(unread))]()
    if not any(body.frames and body.names for body in take.bodies):
        raise DatasetError(f"{source}: has no frame of {take.key} that could be shown")
    return take


def _corrupted(source: str | os.PathLike[str], take: CheckedTake) -> CheckedTake | None:
    """Return a stored motion with its corrupted markers, or None if it has none, or all are as they were recorded."""
    if not reading.is_dataset(source):
        return None
    read = dict(reading.of_dataset(source, corrupted=True)[0]).get(take.key)
    if read is None:
        return None
    found = read()
    clouds = [[body for body in one.bodies if body.modality == "markers"] for one in (take, found)]
    return None if all(map(_are_alike, *clouds)) else found


def _are_alike(one: Body, other: Body) -> bool:
    seen, its = (body.positions if body.visible is None else body.visible for body in (one, other))
    return np.array_equal(one.positions, other.positions) and np.array_equal(seen, its)


def _write(
    out: str | os.PathLike[str],
    names: str,
    first: CheckedTake,
    other: CheckedTake | None = None,
    word: str = "",
    shared: tuple[int, int] = (1, 1),
) -> Path:
    takes, opened = [first], {}
    if other is not None:
        other = replace(other, key=f"{first.key} ({word})")
        takes.append(other)
        opened = {"motion": first.key, "frame": shared[0], "beside": other.key, "start": shared[1]}
    checks = [one for one in CHECKS if isinstance(one, TakeCheck)]
    findings = [finding for take in takes for finding in check_take(take, checks)]
    shown = as_takes(takes, {}, findings)
    pane = shown[0]["panes"][0]
    facts = f"{pane['frames']:,} frames at {pane['rate']:g} frames per second, {pane['frames'] / pane['rate']:.1f} s"
    data = {"takes": shown, "findings": as_findings(findings), "open": opened}
    replacing.write(out, page(kind="Motion", title=first.key, lead=f"{names}: {facts}.", footer=FOOTER, data=data))
    return Path(out)


def _shared(first: CheckedTake, other: CheckedTake) -> tuple[int, int]:
    """Return a frame of each of two motions that show the same, counted from 1; the first ones if nothing does."""
    apart = [replace(take, key=key, split="", digests=()) for key, take in (("first", first), ("other", other))]
    found = Duplicates().of_corpus([summarize(take) for take in apart])
    for finding in found:
        if finding.frames and finding.other_frames:
            frames = {finding.motion: finding.frames[0], finding.other: finding.other_frames[0]}
            return frames["first"], frames["other"]
    return 1, 1
