"""Read and check a shard."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from motionprep.errors import DatasetError
from motionprep.storage import shard_files
from motionprep.storage.chunks import MEND, REMEDY, UNREAD, Chunked, open_chunked
from motionprep.storage.shard_files import GROUP


def open_array(folder: Path, key: str, feature: str) -> Chunked:
    """Return a feature of a shard, to read frames of.

    Raises
    ------
    DatasetError
        If it is not there.
    """
    return open_chunked(folder / key / feature, f"shard {key}: {feature}")


def read_rows(folder: Path, key: str, feature: str, start: int, stop: int) -> Any:
    """Return frames ``start`` to ``stop`` of a feature of a shard, compared with their checksums.

    Raises
    ------
    DatasetError
        If they are damaged or missing.
    """
    return open_array(folder, key, feature).read(start, stop)


def read_record(folder: Path, key: str) -> dict[str, Any]:
    """Return the record of a shard.

    Raises
    ------
    DatasetError
        If it is missing or damaged.
    """
    return _read_group(folder, key)[0]


def _read_group(folder: Path, key: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Return the record of a shard, and the metadata of its arrays in one, which are compared when all is checked."""
    try:
        group = msgspec.json.decode((folder / key / GROUP).read_bytes(), type=dict[str, Any])
        arrays = group.pop("consolidated_metadata", None)
        record: dict[str, Any] = group["attributes"]["motionprep"]["record"]
        good = record["key"] == key and group == shard_files.group(record)
    except (OSError, UnicodeDecodeError, msgspec.DecodeError, KeyError, TypeError) as error:
        raise DatasetError(f"shard {key}: its record cannot be read: {error}; {REMEDY}") from None
    if not good:
        raise DatasetError(f"shard {key}: its record is damaged; {MEND}")
    return record, arrays


def read_features(folder: Path, key: str) -> tuple[str, ...]:
    """Return the names of the features of a shard, whose arrays may then be read.

    Raises
    ------
    DatasetError
        If the shard's record or the metadata of its arrays are missing or damaged.
    """
    record = read_record(folder, key)
    for name, mark in record["files"].items():
        if name.endswith(GROUP):
            _check_file(folder, key, name, mark)
    return tuple(record["features"])


def check(folder: Path, key: str) -> None:
    """Read a whole shard and compare it with its checksums.

    Raises
    ------
    DatasetError
        If anything of it is missing, damaged or too much; it names the file.
    """
    record, arrays = _read_group(folder, key)
    there, expected = set(shard_files.names(folder / key)) - {GROUP}, record["files"]
    for name in sorted(there | set(expected)):
        if name not in expected:
            raise DatasetError(f"shard {key}: {name} does not belong there; {MEND}")
        _check_file(folder, key, name, expected[name])
    for feature in record["features"]:
        read_rows(folder, key, feature, 0, record["frames"])
    if arrays is not None and arrays != shard_files.consolidated(folder / key, record["features"]):
        raise DatasetError(f"shard {key}: its metadata in one are damaged; {MEND}")


def is_whole(folder: Path, key: str) -> bool:
    """Return whether a shard is there and good; remove it if it is damaged."""
    if not (folder / key).is_dir():
        return False
    try:
        check(folder, key)
    except DatasetError:
        shard_files.remove(folder, key)
        return False
    return True


def _check_file(folder: Path, key: str, name: str, mark: list[int | str]) -> None:
    path = folder / key / name
    if not path.is_file():
        raise DatasetError(f"shard {key}: {name} is missing; {MEND}")
    try:
        found = shard_files.mark(path)
    except OSError as error:
        raise DatasetError(f"shard {key}: {name} cannot be read: {error.strerror or error}; {UNREAD}") from None
    if found != mark:
        raise DatasetError(f"shard {key}: {name} is damaged; {MEND}")
