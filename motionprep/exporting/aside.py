"""Write a folder beside its place and give it its name when it is whole."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import msgspec

from motionprep.errors import ExportError, is_full
from motionprep.files.reading import no_address

#: Lists the files of an export, by which a folder is known that may be overwritten, and what else was put into it.
LISTING = "export.json"
_WORD = "motionprep_export"
_LOCK, _NEW, _OLD = "lock", "new", "old"


@contextmanager
def aside(dest: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[Path]:
    """Hand out an empty folder that takes the place of ``dest`` at the end, or leaves nothing behind if that fails.

    It gets an ``export.json`` with the names of its files.

    What a killed run left beside is cleared away first; if it was killed while it exchanged the folders, the old one is
    put back. Nothing waits for the disk: what a power cut damages can be exported again.

    Parameters
    ----------
    dest
        The place.
    overwrite
        Whether an export that is there is replaced, if nothing else was put into its folder. It stays until the new
        one is whole.

    Raises
    ------
    ExportError
        If something is there and may not be replaced, another process is writing there, or the disk is full.
    """
    import filelock

    if wrong := no_address(dest):
        raise ExportError(wrong)
    place = Path(os.path.realpath(dest))
    beside = place.with_name(f".{place.name}.part")
    if not beside.exists():
        _check(place, dest, overwrite)
    beside.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(beside / _LOCK, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise ExportError(f"{os.fspath(dest)}: is being written by another process; wait for it or stop it") from None
    try:
        if (beside / _OLD).exists() and not place.exists():
            (beside / _OLD).rename(place)
        _check(place, dest, overwrite)
        _clear(place, beside)
        (beside / _NEW).mkdir()
        yield beside / _NEW
        listing = msgspec.json.encode({_WORD: [*_files(beside / _NEW), LISTING]})
        (beside / _NEW / LISTING).write_bytes(msgspec.json.format(listing, indent=2) + b"\n")
        # Once more: an export takes a while, in which something may have been put there.
        _check(place, dest, overwrite)
        _exchange(place, beside)
    except OSError as error:
        if not is_full(error):
            raise
        raise ExportError(
            f"{os.fspath(dest)}: the disk is full; nothing was changed: make room, then run the same command again"
        ) from None
    finally:
        _clear(place, beside)
        # While it is held: who opens it now finds it held, or a file without a name, which is no lock.
        with suppress(OSError):
            (beside / _LOCK).unlink(missing_ok=True)
            beside.rmdir()
        lock.release()


def _check(place: Path, dest: str | os.PathLike[str], overwrite: bool) -> None:
    """Raise unless a new export may take the place."""
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    name = os.fspath(dest)
    try:
        known = msgspec.json.decode((place / LISTING).read_bytes(), type=dict[str, list[str]])[_WORD]
    except (OSError, msgspec.DecodeError, KeyError):
        raise ExportError(
            f"{name}: is there and is no export of motionprep (it has no {LISTING} that lists one); choose a new "
            "folder or an empty one"
        ) from None
    if not overwrite:
        raise ExportError(f"{name}: holds an export already; choose another place, or replace it by `overwrite`")
    strangers = sorted({*_files(place)} - {*known})
    if strangers:
        raise ExportError(
            f"{name}: has {', '.join(strangers[:3])}{', ...' if len(strangers) > 3 else ''} beside the export, which "
            "would be lost if it were overwritten; move that elsewhere, or choose another place"
        )


def _files(folder: Path) -> list[str]:
    """Return the files below a folder, and links, by their names from there."""
    return sorted(
        path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()
    )


def _exchange(place: Path, beside: Path) -> None:
    if place.exists():
        place.rename(beside / _OLD)
    try:
        (beside / _NEW).rename(place)
    except BaseException:
        if (beside / _OLD).exists():
            (beside / _OLD).rename(place)
        raise


def _clear(place: Path, beside: Path) -> None:
    # The old export is cleared only once something has its place.
    for name in (_NEW, _OLD) if place.exists() else (_NEW,):
        if (beside / name).exists():
            shutil.rmtree(beside / name)
