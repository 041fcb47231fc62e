"""Skeletons that lie in files of their own, beside the motions that need them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import PurePosixPath

import msgspec

from motionprep.formats import BESIDE
from motionprep.formats.zipped import UNREADABLE
from motionprep.sources import archives
from motionprep.sources.source import Beside, Source

#: Device, inode, size and time of a file.
Stat = tuple[int, int, int, int]
#: Skeletons by folder, as far as they were looked for.
Found = dict[str, list[tuple[Beside, Stat]]]


def with_skeleton(source: Source, stat: Stat, found: Found) -> Source:
    """Return a motion with the skeleton beside it: of its own name, of the name that it begins with, or the only one.

    Parameters
    ----------
    source
        A motion whose file has no skeleton; it is ``wrong`` if none is found.
    stat
        Of its file.
    found
        The skeletons of the folders that were looked into; is added to.
    """
    folder = str(PurePosixPath(source.place).parent)
    suffix = BESIDE[f".{source.name.rpartition('.')[2].lower()}"]
    if folder not in found:
        found[folder] = _in_archive(source, suffix) if source.entry else _in_folder(source, suffix)
    there = found[folder]
    stem = PurePosixPath(source.name).stem
    chosen = _chosen(stem, [PurePosixPath(one.name).stem for one, _ in there])
    if chosen is None:
        some = ", ".join(one.name for one, _ in there[:3])
        what = f"none of the skeletons beside it ({some}) is its own" if there else "no skeleton is beside it"
        names = dict.fromkeys(f"{name}{suffix}" for name in (stem, stem.partition("_")[0]))
        wrong = f"{what}; expected {', or '.join(names)}; copy it there, or leave it out"
        return msgspec.structs.replace(source, wrong=wrong, stamp=f"{source.stamp}:without")
    beside, its = there[chosen]
    device, inode, size, time = stat
    # The later time of the two, so that what was written just now is not taken for settled.
    stamp = f"{device}:{inode}:{size}:{max(time, its[3])}:{source.entry}:{':'.join(map(str, its))}"
    return msgspec.structs.replace(source, skeleton=beside, size=size + its[2], stamp=stamp)


def _chosen(stem: str, names: Sequence[str]) -> int | None:
    """Return which skeleton a motion has, by the names of both; None if that is not known."""
    fit = [
        number
        for number, name in enumerate(names)
        if stem.lower() == name.lower()
        or (stem.lower().startswith(name.lower()) and not stem[len(name) : len(name) + 1].isalnum())
    ]
    if fit:
        return max(fit, key=lambda number: len(names[number]))
    return 0 if len(names) == 1 else None


def _in_folder(source: Source, suffix: str) -> list[tuple[Beside, Stat]]:
    found = []
    with os.scandir(os.path.dirname(source.file) or ".") as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            if entry.name.lower().endswith(suffix) and not entry.name.startswith(".") and entry.is_file():
                stat = entry.stat()
                its = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns)
                found.append((Beside(entry.name, entry.path, "", stat.st_size), its))
    return found


def _in_archive(source: Source, suffix: str) -> list[tuple[Beside, Stat]]:
    folder = PurePosixPath(source.entry.replace("\\", "/")).parent
    stat = os.stat(source.file)
    found = []
    try:
        with archives.open_archive(source.file) as archive:
            for entry in archive.infolist():
                inner = PurePosixPath(entry.filename.replace("\\", "/"))
                if inner.parent == folder and inner.name.lower().endswith(suffix) and not inner.name.startswith("."):
                    its = (stat.st_dev, stat.st_ino, entry.file_size, stat.st_mtime_ns)
                    found.append((Beside(inner.name, source.file, entry.filename, entry.file_size), its))
    except UNREADABLE:
        # The archive was read a moment ago; whoever reads the motion reports what is wrong with it now.
        return []
    return found
