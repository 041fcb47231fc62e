"""The files of a shard: which are there, how large, whole or not; and how shards are removed."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from motionprep.motion import hashing

#: Metadata of a group or array, as Zarr calls them.
GROUP = "zarr.json"
#: A folder that is written beside its place begins so.
BESIDE = ".part-"


def measure(folder: Path, key: str) -> tuple[int, str]:
    """Return how many bytes a shard has and a signature that changes when one of its files is touched.

    Raises
    ------
    FileNotFoundError
        If there is no such shard.
    """
    place = os.fspath(folder / key)
    marks: list[tuple[str, int, int]] = []
    folders = [("", place)]
    while folders:
        below, path = folders.pop()
        with os.scandir(path) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    folders.append((f"{below}{entry.name}/", entry.path))
                else:
                    stat = entry.stat()
                    marks.append((below + entry.name, stat.st_size, stat.st_mtime_ns))
    if not marks:
        raise FileNotFoundError(place)
    return sum(size for _, size, _ in marks), hashing.key(sorted(marks))


def keys(folder: Path) -> set[str]:
    """Return the names of all shards that are there."""
    if not folder.is_dir():
        return set()
    return {entry.name for entry in os.scandir(folder) if entry.is_dir() and not entry.name.startswith(".")}


def remove(folder: Path, key: str) -> None:
    """Remove a shard: first its name, then its files, so that no part of it is ever found."""
    beside = folder / f"{BESIDE}{key}"
    (folder / key).rename(beside)
    shutil.rmtree(beside)


def unfinished(folder: Path) -> list[Path]:
    """Return the shards that are being written beside their places, or were when their build was killed."""
    if not folder.is_dir():
        return []
    return [Path(entry.path) for entry in os.scandir(folder) if entry.name.startswith(BESIDE)]


def group(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return the metadata of a shard's group: the record, and names of joints, nodes and markers for other programs."""
    attributes = {
        "motionprep": {"record": record, "sha256": hashing.digest(hashing.canonical(record))},
        **record.get("names", {}),
    }
    return {"attributes": attributes, "zarr_format": 3, "node_type": "group"}


def consolidated(folder: Path, features: Iterable[str]) -> dict[str, Any]:
    """Return the metadata of a shard's arrays in one, as programs that open whole groups look for it."""
    arrays = {name: json.loads((folder / name / GROUP).read_bytes()) for name in sorted(features)}
    return {"kind": "inline", "must_understand": False, "metadata": arrays}


def names(folder: Path) -> list[str]:
    """Return the names of all files in a folder, with those in its folders."""
    return sorted(
        os.path.relpath(os.path.join(place, name), folder).replace(os.sep, "/")
        for place, _, names in os.walk(folder)
        for name in names
    )


def mark(path: Path) -> list[int | str]:
    """Return what distinguishes a file from a damaged one: the digest of metadata; data has checksums of its own."""
    if path.name == GROUP:
        return [path.stat().st_size, hashing.digest(path.read_bytes())]
    return [path.stat().st_size]
