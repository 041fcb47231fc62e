"""The files of a dataset beside its shards: what they are called, and how they are replaced."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NotRequired, TypedDict

import msgspec

from motionprep.errors import DatasetError, EngineError, MotionPrepError
from motionprep.files import replacing
from motionprep.files.reading import no_address, parse_json
from motionprep.motion import hashing
from motionprep.recipe.recipe import FORMAT
from motionprep.storage import shard_files
from motionprep.storage.chunks import REMEDY

DATASET, SHARDS, CACHE = "dataset.json", "shards", ".cache"
#: A copy of the manifest under a name that stays, for programs that read it by itself.
MANIFEST = "manifest.parquet"
#: Named by a hash of their content, in ``dataset.json`` under the same word; findings where sources were checked.
NAMED = {"manifest": ".parquet", "skeletons": ".json", "stats": ".json", "findings": ".json"}
_LOCK, _HOLDER, _NOTES = "lock", "holder", "notes.lock"
#: Folder of what the stages make, in :data:`CACHE`, where normalized shards are stored.
_RAW = "raw"
#: For how many seconds a part waits for its lock, which a build may try for a moment.
_PATIENCE = 5.0


def examine(out: Path) -> dict[str, Any] | None:
    """Return what ``dataset.json`` says, or None if a dataset may yet be built here.

    Raises
    ------
    DatasetError
        If it is something else, or of a newer format.
    """
    if wrong := no_address(out):
        raise DatasetError(wrong)
    if out.exists() and not out.is_dir():
        raise DatasetError(f"{out}: is a file; expected a folder for the dataset")
    if out.is_dir() and not (out / DATASET).exists() and not (out / CACHE / _HOLDER).exists():
        names = sorted(os.listdir(out))
        inside = {path.name for name in names for path in (out / name).glob("*")}
        # A build that is killed as it begins leaves no more; other programs have folders of these names, too.
        if set(names) - {CACHE, SHARDS} or inside - {_LOCK, _RAW}:
            raise DatasetError(
                f"{out}: is no motionprep dataset; it holds {', '.join(names[:3])}{', ...' if len(names) > 3 else ''}: "
                "choose an empty folder or a new one"
            )
    return load(out)


def missing(out: Path) -> str:
    """Return what is wrong with a folder that has no ``dataset.json``."""
    if wrong := no_address(out):
        return wrong
    if (out / CACHE / _HOLDER).exists():
        if holder := _who_builds(out):
            return f"{out}: is being built by {holder}; it can be read when that is done"
        there = sum(
            len(shard_files.keys(root(out, stored_normalized=stored_normalized) / SHARDS))
            for stored_normalized in (False, True)
        )
        return (
            f"{out}: its build was not finished; {there:,} shards are there, and a build of the same data into this "
            "folder goes on from them"
        )
    return f"{out}: is no motionprep dataset: it has no {DATASET}"


def prepare(out: Path, *, stored_normalized: bool = False) -> dict[str, Any] | None:
    """Make a folder ready to be a dataset, and return what its ``dataset.json`` says; None as :func:`load` does.

    Raises
    ------
    DatasetError
        If it is something else already.
    """
    dataset = examine(out)
    for place in (root(out, stored_normalized=True), out) if stored_normalized else (out,):
        (place / CACHE).mkdir(parents=True, exist_ok=True)
        (place / SHARDS).mkdir(exist_ok=True)
    return dataset


@contextmanager
def locked(out: Path, *, stored_normalized: bool = False) -> Iterator[None]:
    """Make a folder ready to be a dataset, and keep other builds out of it while this lasts.

    A build that is refused leaves nothing behind where nothing was.

    Raises
    ------
    DatasetError
        If it is something else already, or another build holds it.
    """
    there = out.exists()
    fresh = not there or not any(out.iterdir())
    prepare(out, stored_normalized=stored_normalized)
    ours = False
    try:
        with lock(out):
            ours = True
            yield
    except MotionPrepError as error:
        kept = isinstance(error, EngineError) and any(
            shard_files.keys(place / SHARDS) for place in (out, root(out, stored_normalized=stored_normalized))
        )
        if fresh and ours and not kept and not (out / DATASET).exists():
            for name in (SHARDS, CACHE):
                shutil.rmtree(out / name)
            if not there:
                out.rmdir()
        raise


def root(out: Path, *, stored_normalized: bool) -> Path:
    """Return where shards are as the stages make them: in the dataset, or beside it if normalized ones are in it."""
    return out / CACHE / _RAW if stored_normalized else out


@contextmanager
def lock(out: Path) -> Iterator[None]:
    """Keep other builds out of a dataset while this lasts.

    Raises
    ------
    DatasetError
        If another build holds it; it says which.
    """
    import filelock

    lock = filelock.FileLock(out / CACHE / _LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise DatasetError(f"{out}: is being built by {_recorded_holder(out)}; wait for it or stop it") from None
    try:
        _record_holder(out)
        yield
    finally:
        lock.release()


@contextmanager
def lock_part(out: Path, part: tuple[int, int], *, stored_normalized: bool = False) -> Iterator[None]:
    """Make a folder ready to be a dataset, and let no other process make the same part of it while this lasts.

    Other parts and a whole build may run at the same time: they publish whole shards, and no build removes the
    unfinished shards of a part that is locked.

    Raises
    ------
    DatasetError
        If it is something else already, or another process makes this part.
    """
    import filelock

    prepare(out, stored_normalized=stored_normalized)
    if not (out / CACHE / _HOLDER).exists():
        # From now on the folder is known to be a dataset's.
        _record_holder(out)
    number, count = part
    lock = filelock.FileLock(out / CACHE / f"part-{number}-of-{count}.lock", timeout=_PATIENCE)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise DatasetError(f"{out}: part {number} of {count} is being made by another process") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def lock_notes(out: Path) -> Iterator[None]:
    """Wait until nobody else writes what is remembered of sources and shards, and keep it so while this lasts."""
    import filelock

    with filelock.FileLock(out / CACHE / _NOTES):
        yield


def sweep(out: Path, root: Path) -> None:
    """Remove what killed runs left beside its place, unless it may be a part's that runs now.

    Parameters
    ----------
    out
        The dataset, which is locked.
    root
        Where shards are as the stages make them.
    """
    folders = {place / SHARDS for place in (out, root)}
    # In this order: what a part begins after the first line is not in the list.
    unfinished = [path for folder in folders for path in shard_files.unfinished(folder)]
    if unfinished and not any(map(_is_locked, (out / CACHE).glob("part-*.lock"))):
        for path in unfinished:
            shutil.rmtree(path, ignore_errors=True)


def _is_locked(path: Path) -> bool:
    import filelock

    try:
        with filelock.FileLock(path, timeout=0):
            return False
    except filelock.Timeout:
        return True


def _record_holder(out: Path) -> None:
    holder = f"process {os.getpid()} since {time.strftime('%H:%M:%S')}"
    (out / CACHE / _HOLDER).write_text(holder, encoding="utf-8")


def _who_builds(out: Path) -> str:
    """Return who is building a dataset; empty if nobody is, or if that cannot be known."""
    import filelock

    try:
        with filelock.FileLock(out / CACHE / _LOCK, timeout=0):
            return ""
    except filelock.Timeout:
        return _recorded_holder(out)
    except OSError:
        return ""


def _recorded_holder(out: Path) -> str:
    try:
        return (out / CACHE / _HOLDER).read_text(encoding="utf-8")
    except OSError:
        return "another process"


def load(out: Path) -> dict[str, Any] | None:
    """Return what ``dataset.json`` says, or None if there is none or it is damaged.

    Raises
    ------
    DatasetError
        If it is not motionprep's, or of a newer format.
    """
    try:
        text = (out / DATASET).read_bytes()
    except FileNotFoundError:
        return None
    try:
        value = parse_json(text)
    except ValueError:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("motionprep"), int):
        raise DatasetError(f"{out / DATASET}: is not motionprep's; choose another folder")
    if value["motionprep"] > FORMAT:
        raise DatasetError(
            f"{out}: has format {value['motionprep']}; this motionprep reads up to {FORMAT}: install a newer one"
        )
    return value if value.get("sha256") == _seal(value) and _is_whole(value) else None


def save(out: Path, value: Mapping[str, Any], files: Mapping[str, bytes]) -> dict[str, Any]:
    """Write the named files, then make ``dataset.json`` say so: the moment in which the dataset changes.

    Parameters
    ----------
    out
        The dataset.
    value
        The rest of ``dataset.json``.
    files
        Content by word of :data:`NAMED`.

    Returns
    -------
    dict
        What ``dataset.json`` now says.
    """
    whole: dict[str, Any] = {"motionprep": FORMAT, **value}
    for word, data in files.items():
        whole[word] = f"{word}-{hashing.digest(data)[:32]}{NAMED[word]}"
        replacing.write_flushed(out / whole[word], data)
    whole["sha256"] = _seal(whole)
    text = msgspec.json.format(msgspec.json.encode(whole), indent=2) + b"\n"
    replacing.write_flushed(out / DATASET, text)
    replacing.write(out / MANIFEST, files["manifest"])
    return whole


def read_named(out: Path, dataset: Mapping[str, Any], word: str) -> bytes:
    """Return the content of a named file.

    Raises
    ------
    DatasetError
        If it is missing, or its content does not fit its name.
    """
    name: str = dataset[word]
    try:
        data = (out / name).read_bytes()
    except OSError as error:
        raise DatasetError(f"{out / name}: cannot be read: {error.strerror}; {REMEDY}") from None
    if hashing.digest(data)[:32] not in name:
        raise DatasetError(f"{out / name}: is damaged; build again to mend it")
    return data


def named_in(dataset: Mapping[str, Any]) -> list[str]:
    """Return the words of the named files that a dataset has."""
    return [word for word in NAMED if word in dataset]


def named_are_whole(out: Path, dataset: Mapping[str, Any]) -> bool:
    """Return whether all named files are there and fit their names, and the copy of the manifest is one."""
    try:
        named = {word: read_named(out, dataset, word) for word in named_in(dataset)}
        copy = (out / MANIFEST).read_bytes() if dataset["motionprep"] > 1 else named["manifest"]
    except (DatasetError, OSError):
        return False
    return copy == named["manifest"]


def shard_keys(dataset: Mapping[str, Any] | None) -> list[str]:
    """Return the shards that a dataset refers to, in order."""
    return [] if dataset is None else [key for split in dataset["splits"].values() for key in split["shards"]]


def left_over(out: Path, *generations: Mapping[str, Any] | None) -> tuple[list[Path], list[Path]]:
    """Return the shards, and the other files, that none of these generations of the dataset refers to."""
    kept = {key for dataset in generations for key in shard_keys(dataset)}
    raw = {key for dataset in generations if dataset for key in dataset.get("raw", ())}
    strays = []
    for place, keys in ((out, kept), (root(out, stored_normalized=True), raw)):
        strays += [place / SHARDS / key for key in shard_files.keys(place / SHARDS) - keys]
    names = {dataset.get(word) for dataset in generations if dataset for word in NAMED}
    named = tuple(f"{word}-" for word in NAMED)
    files = [
        Path(entry.path)
        for entry in os.scandir(out)
        if (entry.name.startswith(named) and entry.name.endswith(tuple(NAMED.values())) and entry.name not in names)
        or (entry.name.startswith(".") and entry.name.endswith(replacing.PART))
    ]
    return strays, files


def tidy(out: Path, *generations: Mapping[str, Any] | None) -> None:
    """Remove what none of these generations of the dataset refers to."""
    strays, files = left_over(out, *generations)
    for shard in strays:
        shard_files.remove(shard.parent, shard.name)
    for path in files:
        path.unlink()


def load_signatures(out: Path) -> dict[str, str]:
    """Return the signatures of shards that were whole when they were last looked into."""
    try:
        known: dict[str, str] = parse_json((out / CACHE / "shards.json").read_bytes(), dict[str, str])
    except (OSError, ValueError):
        return {}
    return known


def save_signatures(out: Path, signatures: dict[str, str]) -> None:
    """Keep the signatures of shards that are whole."""
    replacing.write(out / CACHE / "shards.json", msgspec.json.encode(signatures, order="sorted"))


def sign(out: Path, keys: Iterable[str]) -> dict[str, str]:
    """Return the signatures of these shards, all of which are there and whole."""
    return {key: shard_files.measure(out / SHARDS, key)[1] for key in keys}


def keep_signatures(out: Path, keys: Iterable[str]) -> None:
    """Keep the signatures of these shards, all of which are there and whole."""
    save_signatures(out, sign(out, keys))


class _Size(TypedDict):
    motions: int
    subjects: int
    frames: int
    seconds: float


class _Side(_Size):
    shards: list[str]
    parts: NotRequired[list[_Size]]


class _Feature(TypedDict):
    dtype: str
    shapes: list[list[int]]


class _Facts(TypedDict):
    """What readers of a dataset rely on in ``dataset.json``."""

    inputs: str
    recipe: dict[str, Any]
    source: dict[str, int]
    splits: dict[str, _Side]
    left_out: dict[str, dict[str, int]]
    features: dict[str, _Feature]
    shards: dict[str, int]
    manifest: str
    skeletons: str
    stats: str
    findings: NotRequired[str]
    found: NotRequired[dict[str, dict[str, int]]]


def _is_whole(value: Mapping[str, Any]) -> bool:
    """Return whether all is there that readers rely on, of the right type: another program may have sealed it."""
    try:
        msgspec.convert(value, _Facts)
    except msgspec.ValidationError:
        return False
    return all(key.isalnum() for key in value["shards"]) and set(shard_keys(value)) <= set(value["shards"])


def _seal(value: Mapping[str, Any]) -> str:
    return hashing.digest(hashing.canonical({key: part for key, part in value.items() if key != "sha256"}))
