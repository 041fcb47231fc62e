"""Write a corpus into a folder: a file a motion, or two with markers, and an index."""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from motionprep.errors import MotionPrepError
from motionprep.files.progress import OnProgress, silent
from motionprep.files.reading import no_address
from motionprep.files.replacing import replacing
from motionprep.formats.index import parse_index
from motionprep.sample.bodies import body
from motionprep.sample.corpus import PlannedMotion, plan_corpus, plan_like_cmu
from motionprep.sample.markers import capture
from motionprep.sample.perform import performance

_INDEX = "index.txt"
_SIGNATURE = "Index of a generated corpus (motionprep sample): nobody was recorded for it"
_THREADS = 2


@dataclass(frozen=True)
class SampleSummary:
    """What :func:`write_sample` wrote.

    Parameters
    ----------
    files
        Motions, a BVH file each, and with markers a C3D file beside it.
    frames
        Of all motions together, their T-poses included.
    bytes
        Of all motions together, with their markers.
    path
        The folder.
    """

    files: int
    frames: int
    bytes: int
    path: Path


def write_sample(
    dest: str | os.PathLike[str],
    *,
    subjects: int | None = None,
    motions: int | None = None,
    frames: int | None = None,
    seed: int = 0,
    like: str | None = None,
    markers: bool = False,
    on_progress: OnProgress = silent,
) -> SampleSummary:
    """Write a corpus of BVH files and its index, ``69/69_01.bvh`` and ``index.txt``, and with markers ``69/69_01.c3d``.

    Each file is written aside and then renamed. Files of an earlier sample in the folder that are not of this one are
    removed; its index lists them.

    Parameters
    ----------
    dest
        A folder: a new one, an empty one, or one that this function wrote into before.
    subjects, motions, frames
        See :func:`~motionprep.sample.corpus.plan_corpus`; 6, 5 and 480 if not given.
    seed
        The same seed gives the same bytes on every machine.
    like
        ``"cmu"`` for a corpus as large as CMU's, 3 GB, or 6 GB with markers; see
        :func:`~motionprep.sample.corpus.plan_like_cmu`.
    markers
        Whether each motion is also written as a C3D file of 41 markers; see
        :func:`~motionprep.sample.markers.capture`. Its bytes are the same on every machine that has the same version
        of ezc3d; those of the BVH files do not depend on it.
    on_progress
        Called with how many motions are written, of how many, after each of them.

    Raises
    ------
    MotionPrepError
        If ``dest`` holds anything else, a size is too small, ``like`` is unknown, or sizes are given along with it.
    """
    from motionprep.sample.text import head, rows

    given = {"subjects": subjects, "motions": motions, "frames": frames}
    sizes = {name: value for name, value in given.items() if value is not None}
    if like is None:
        planned = plan_corpus(**sizes, seed=seed)
    elif like != "cmu":
        raise MotionPrepError(f"like is {like!r}; the only corpus to be like is 'cmu'")
    elif sizes:
        raise MotionPrepError(f"like='cmu' decides the sizes; leave out {' and '.join(sizes)}, or leave out like")
    else:
        planned = plan_like_cmu(seed)
    if wrong := no_address(dest):
        raise MotionPrepError(wrong)
    folder = Path(dest)
    _check_folder(folder)
    folder.mkdir(parents=True, exist_ok=True)
    _clear(folder, planned, markers=markers)
    # First, so that a folder whose writing was interrupted is known as ours when it is written again.
    _write(folder / _INDEX, _index(planned).encode("ascii"))
    bodies = {motion.subject: body(motion.subject, seed) for motion in planned}
    if markers:
        from motionprep.formats.c3d_write import write_c3d

    def write(motion: PlannedMotion) -> int:
        made = performance(bodies[motion.subject], motion)
        path = folder / motion.path
        path.parent.mkdir(exist_ok=True)
        written = _write(path, head(made), rows(made.channels[1:]))
        if not markers:
            return written
        beside = path.with_suffix(".c3d")
        write_c3d(beside, capture(made, motion))
        return written + beside.stat().st_size

    size = 0
    pool = ThreadPoolExecutor(_THREADS)
    try:
        for done, written in enumerate(pool.map(write, planned), start=1):
            size += written
            on_progress(done, len(planned))
    finally:
        pool.shutdown(cancel_futures=True)
    return SampleSummary(len(planned), sum(motion.frames for motion in planned), size, folder)


def _check_folder(folder: Path) -> None:
    """Raise unless ``folder`` is new, empty, or begun by this module."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise MotionPrepError(f"{folder} is a file; name a folder for the sample")
    index, signature = folder / _INDEX, _SIGNATURE.encode("ascii")
    if any(folder.iterdir()):
        if index.is_file():
            with index.open("rb") as file:
                if file.read(len(signature)) == signature:
                    return
        raise MotionPrepError(
            f"{folder} is not empty and no {_INDEX} in it says that it is a sample; name a new or an empty folder"
        )


def _clear(folder: Path, planned: Sequence[PlannedMotion], *, markers: bool) -> None:
    """Remove the files of an earlier sample, as its index lists them, that this one does not write again."""
    index = folder / _INDEX
    if not index.is_file():
        return
    suffixes = (".bvh", ".c3d") if markers else (".bvh",)
    kept = {(folder / motion.path).with_suffix(suffix) for motion in planned for suffix in suffixes}
    for key in parse_index(index.read_text(encoding="ascii", errors="replace"), notes=[]):
        subject = folder / key.partition("_")[0]
        for old in {subject / f"{key}{suffix}" for suffix in (".bvh", ".c3d")} - kept:
            old.unlink(missing_ok=True)
        if subject.is_dir() and not any(subject.iterdir()):
            subject.rmdir()


def _write(path: Path, *parts: bytes) -> int:
    """Write a file under another name, give it its own, and return its size."""
    with replacing(path) as file:
        return sum(file.write(part) for part in parts)


def _index(planned: Sequence[PlannedMotion]) -> str:
    """Return the index of a corpus in the form of CMU's."""
    lines = [_SIGNATURE, ""]
    for subject, group in itertools.groupby(planned, key=lambda motion: motion.subject):
        motions = list(group)
        *others, last = dict.fromkeys(motion.act.gait.name for motion in motions)
        gaits = f"{', '.join(others)} and {last}" if others else last
        lines += ["", f"Subject #{subject} ({gaits})", ""]
        lines += [f"{motion.key}\t{motion.label}" for motion in motions]
        lines += [""]
    return "\n".join(lines)
