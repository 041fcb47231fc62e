"""Find the files of takes below folders and in zip archives, and give them keys."""

from __future__ import annotations

import os
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import msgspec

from motionprep.errors import ReadError, SourceError
from motionprep.files.reading import no_address, open_file, read_bounded, shown
from motionprep.formats import ARRAYS, BESIDE, MODALITIES, amass_names
from motionprep.formats.arrays_metadata import OF_FOLDER, ArrayMetadata, describe
from motionprep.formats.npz import array_names
from motionprep.formats.zipped import MOST_UNPACKED, UNREADABLE, open_entry
from motionprep.motion import hashing
from motionprep.naming.subjects import subject_of
from motionprep.sources import archives, humanml3d
from motionprep.sources.pairing import natural
from motionprep.sources.skeletons import with_skeleton
from motionprep.sources.source import Beside, Source, why

if TYPE_CHECKING:
    from collections.abc import Collection

#: What to do about arrays of which nothing says what they hold.
_UNSAID = (
    "nothing says which joints they hold; write names and rate into a TOML of the same name, or "
    f"{OF_FOLDER}, beside them, or give array names and rate in the recipe or as options"
)
#: More than the TOML beside any arrays.
_MOST_SAID = 1 << 20


def find(
    paths: Sequence[str | os.PathLike[str]],
    key_pattern: str = "",
    markers: Sequence[str | os.PathLike[str]] = (),
    arrays: ArrayMetadata | None = None,
    notes: list[str] | None = None,
) -> list[Source]:
    """Find all files of takes below folders, in zip archives, or named themselves; in natural order.

    Parameters
    ----------
    paths
        Where to look.
    key_pattern
        See :class:`~motionprep.recipe.recipe.Reading`.
    markers
        Where to look for markers alone.
    arrays
        What arrays hold of which nothing beside them says it; without it these are passed over.
    notes
        Takes a sentence for each thing about the files as a whole that is worth knowing.

    Returns
    -------
    list of Source
        What cannot be used for a reason of its own, such as a damaged archive, an unreadable folder, a pipe or a name
        that is no Unicode, is among them, with ``wrong`` and no modality, last. Files of one kind with one key are told
        apart by their folders: ``anna/walk`` and ``bert/walk``.

    Raises
    ------
    SourceError
        If a path does not exist or cannot be read, nothing is found, an archive that is named itself is damaged, or
        nothing says what arrays that are named themselves hold.
    """
    pattern = re.compile(key_pattern) if key_pattern else None
    notes = [] if notes is None else notes
    found: dict[tuple[str, str], Source] = {}
    clashing: list[Source] = []
    broken: list[Source] = []
    unsaid = 0
    beside: dict[str, list[tuple[Beside, _Stat]]] = {}
    asked = [*((path, False) for path in paths), *((path, True) for path in markers)]
    for markers_only, alone, (name, file, entry, stat, texts, wrong), modalities in _listed(asked, notes):
        stamp = ":".join(map(str, stat)) + ":" + entry
        suffix = _suffix(name)
        bare = suffix in ARRAYS and not modalities
        if bare and not texts and arrays is None and not wrong:
            if alone:
                raise SourceError(f"{name}: {_UNSAID}")
            unsaid += 1
            continue
        key, subject, misnamed = ("", "", "") if wrong else _key(name, pattern)
        if wrong or misnamed:
            plain = name.encode("utf-8", "backslashreplace").decode()
            reason = f"{plain}: {wrong or misnamed}"
            broken.append(Source(plain, "", plain, file, entry, stat[2], stamp, "", wrong=reason))
            continue
        modality = MODALITIES.get(suffix, "motion")
        source = Source(key, subject, name, file, entry, stat[2], stamp, modality)
        source = _said(source, texts, arrays) if bare else source
        source = with_skeleton(source, stat, beside) if suffix in BESIDE else source
        for one in _modalities(source, modalities):
            if markers_only and one.modality != "markers":
                continue
            known = found.setdefault((key, one.modality), one)
            # A folder may be named for both modalities.
            if known is not one and (known.file, known.entry) != (one.file, one.entry):
                clashing.append(one)
    clashing = _one_format(found, clashing, notes)
    if clashing:
        found, alike = _apart(found, clashing, notes)
        broken += alike
    if not found and not broken:
        where = ", ".join(os.fspath(path) for path in (*paths, *markers))
        more = f"; of {unsaid:,} {' and '.join(ARRAYS)} files {_UNSAID}" if unsaid else ""
        raise SourceError(f"{where}: no motion files ({', '.join(MODALITIES)}, or zip archives with such) found{more}")
    return [*sorted(found.values(), key=lambda source: natural(source.subject, source.key)), *broken]


def _listed(
    asked: Sequence[tuple[str | os.PathLike[str], bool]], notes: list[str]
) -> Iterator[tuple[bool, bool, _Found, tuple[str, ...]]]:
    """Yield each file with whether markers alone are wanted of it, whether it was named itself, and its modalities.

    The modalities are those of a motion of AMASS; there are none where the suffix decides.
    """
    strangers: list[str] = []
    for path, markers_only in asked:
        if address := no_address(path):
            raise SourceError(address)
        for found in _walk(Path(path), notes):
            name, file, entry, stat, texts, wrong = found
            alone = not entry and file == str(Path(path))
            if wrong or _suffix(name) != ".npz":
                yield markers_only, alone, found, ()
                continue
            modalities, is_body, damage = _arrays_of(name, file, entry)
            if not is_body:
                yield markers_only, alone, (name, file, entry, stat, texts, damage), modalities
            elif alone:
                raise SourceError(f"{name}: is not a motion; expected the arrays poses and trans")
            else:
                strangers.append(name)
    if strangers:
        notes.append(
            f"{len(strangers):,} .npz files are not motions but bodies and are passed over, for instance {strangers[0]}"
        )


def _arrays_of(name: str, file: str, entry: str) -> tuple[tuple[str, ...], bool, str]:
    """Return, by the names of its arrays, a file's modalities, whether it is a body, and why it cannot be read."""
    try:
        with archives.open_in_archive(file, entry) if entry else open_file(file) as opened:
            names = array_names(opened, name)
    except ReadError as error:
        return (), amass_names.is_body(name, ()), error.message
    except UNREADABLE as error:
        return (), False, f"cannot be read: {why(error)}"
    if not amass_names.is_amass(names):
        return (), amass_names.is_body(name, names), ""
    return ("motion", "markers") if amass_names.has_markers(names) else ("motion",), False, ""


def _modalities(source: Source, modalities: Sequence[str]) -> list[Source]:
    """Return a file once for each modality that it holds; as it is if its suffix decides that."""
    return [
        msgspec.structs.replace(source, modality=modality, stamp=f"{source.stamp}:{modality}")
        for modality in modalities
    ] or [source]


def _one_format(found: dict[tuple[str, str], Source], clashing: Sequence[Source], notes: list[str]) -> list[Source]:
    """Keep one of two files of one take in two formats, by the order of suffixes, and return what clashes yet."""
    others, twice = [], []
    for source in clashing:
        known = found[source.key, source.modality]
        if not _is_twin(known.name, source.name):
            others.append(source)
            continue
        first, second = sorted((known, source), key=_order)
        found[source.key, source.modality] = first
        twice.append((first.name, second.name))
    if twice:
        read, passed_over = min(twice)
        notes.append(
            f"{len(twice):,} takes are there in two formats, of which one is read, for instance {read} and not "
            f"{passed_over}"
        )
    return others


def _is_twin(name: str, other: str) -> bool:
    """Return whether these are one take in two formats, such as C3D and TRC."""
    suffix, its = _suffix(name), _suffix(other)
    return suffix != its and {suffix, its} <= {*MODALITIES} and name.rpartition(".")[0] == other.rpartition(".")[0]


def _order(source: Source) -> int:
    """Return the place of a file's format among those that hold the same; the first is read."""
    return list(MODALITIES).index(_suffix(source.name))


def _apart(
    found: dict[tuple[str, str], Source], clashing: Sequence[Source], notes: list[str]
) -> tuple[dict[tuple[str, str], Source], list[Source]]:
    """Return the sources, those of one key distinguished by their folders, and those that have one name as well."""
    keys = {source.key for source in clashing}
    by_name: dict[tuple[str, str], list[Source]] = {}
    for source in (*(one for one in found.values() if one.key in keys), *clashing):
        key = source.name.rpartition(".")[0]
        by_name.setdefault((key, source.modality), []).append(msgspec.structs.replace(source, key=key))
    apart = {place: one for place, one in found.items() if one.key not in keys}
    broken = []
    for place, some in by_name.items():
        if len(some) == 1 and place not in apart:
            apart[place] = some[0]
            continue
        where = " and ".join(one.place for one in some)
        broken += [
            msgspec.structs.replace(one, modality="", wrong=f"{one.place}: {len(some)} files have one name: {where}")
            for one in some
        ]
    first = min(keys)
    those = [key for key, _ in by_name if key.rpartition("/")[2] == first or key == first]
    notes.append(
        f"keys of several files, which are distinguished by their folders: {len(keys):,}, for instance "
        f"{' and '.join(dict.fromkeys(those[:2]))}; a key pattern can name them otherwise"
    )
    return apart, broken


def _key(name: str, pattern: re.Pattern[str] | None) -> tuple[str, str, str]:
    """Return key and subject of a file by its path below the data folder, or why it has none."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return "", "", "has a name that is not Unicode; rename it"
    # A corpus has thousands of names, and path objects take ten times as long.
    stem = name.rpartition(".")[0]
    if pattern is None:
        return stem.rpartition("/")[2], subject_of(stem).subject, ""
    match = pattern.search(stem)
    if not match or not match["motion"]:
        return (
            "",
            "",
            f"{shown(stem)}, its path below the data without the suffix, has nothing that fits the key pattern "
            f"{shown(pattern.pattern)}",
        )
    return match["motion"], match["subject"] or "", ""


def _said(source: Source, texts: _Texts, arrays: ArrayMetadata | None) -> Source:
    """Return a source of arrays with all that is said of it."""
    try:
        metadata, subject = describe(texts, arrays)
    except ReadError as error:
        wrong = str(error)
        return msgspec.structs.replace(source, wrong=wrong, stamp=f"{source.stamp}:{hashing.key(wrong)}")
    stamp = f"{source.stamp}:{hashing.key(msgspec.to_builtins(metadata))}"
    if not subject and humanml3d.METADATA in texts:
        subject = humanml3d.unmirrored(source.key)
    return msgspec.structs.replace(source, metadata=metadata, subject=subject or source.subject, stamp=stamp)


_Stat = tuple[int, int, int, int]
#: Names of the files that say what arrays hold, the nearest first, and their contents, or why they cannot be read.
_Texts = tuple[tuple[str, bytes | ReadError], ...]
#: A file: its name, the file or archive to open, the entry, (device, inode, size, time), what is said of arrays, and
#: why it cannot be used, if it cannot.
_Found = tuple[str, str, str, _Stat, _Texts, str]


def _walk(path: Path, notes: list[str]) -> Iterator[_Found]:
    """Yield each motion file, and each file of arrays, at or below a path."""
    try:
        if path.is_dir():
            yield from _folder(path, "", frozenset(), (), notes)
        elif path.exists() and not path.is_file():
            raise SourceError(f"{path.name}: is no file but a pipe or device; expected a file or a folder")
        elif path.suffix.lower() == archives.SUFFIX:
            yield from _entries_or_itself(path.name, path, _stamp(path.stat()), ())
        elif path.suffix.lower() in MODALITIES:
            yield path.name, str(path), "", _stamp(path.stat()), (), ""
        elif path.suffix.lower() in ARRAYS:
            own, of_folder = path.with_suffix(".toml"), path.with_name(OF_FOLDER)
            texts = (*_text(own, own.name), *_text(of_folder, OF_FOLDER))
            yield path.name, str(path), "", _stamp(path.stat()), texts, ""
        else:
            path.stat()
            known = ", ".join((*MODALITIES, *ARRAYS))
            raise SourceError(f"{path.name}: is no motion file; expected {known} or {archives.SUFFIX}")
    except FileNotFoundError as error:
        raise SourceError(f"{error.filename}: there is no such file or folder") from None
    except OSError as error:
        raise SourceError(f"{error.filename or path}: cannot be read: {error.strerror}") from None


def _folder(
    folder: Path, below: str, above: frozenset[tuple[int, int]], texts: _Texts, notes: list[str]
) -> Iterator[_Found]:
    stat = folder.stat()
    here = (stat.st_dev, stat.st_ino)
    if here in above:
        return
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    names = {entry.name for entry in listed}
    # What is named itself is wanted, whoever made it.
    if below and (made := _made_by_us(names)):
        notes.append(f"{below}: is {made} and is passed over")
        return
    if OF_FOLDER in names:
        texts = (*_text(folder / OF_FOLDER, f"{below}{OF_FOLDER}"), *texts)
    ours = humanml3d.is_humanml3d(names)
    for entry in listed:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        suffix, name = _suffix(entry.name), f"{below}{entry.name}"
        try:
            if entry.is_dir():
                if ours and entry.name == humanml3d.VECTORS:
                    notes.append(f"{name}: is passed over, since it is made of the joints in {humanml3d.JOINTS}")
                    continue
                said = (*texts, humanml3d.METADATA) if ours and entry.name == humanml3d.JOINTS else texts
                yield from _below(folder / entry.name, f"{name}/", above | {here}, said, notes)
                continue
            if suffix not in MODALITIES and suffix not in ARRAYS and suffix != archives.SUFFIX:
                continue
            # A pipe would be waited for, a device read without end, whatever link leads there.
            if not entry.is_file() and not _leads_nowhere(entry):
                yield name, entry.path, "", _NO_STAT, (), "is no file but a pipe, device or socket"
                continue
            state = _stamp(entry.stat(follow_symlinks=entry.is_file()))
        except OSError as error:
            yield name, entry.path, "", _NO_STAT, (), f"cannot be read: {why(error)}"
            continue
        if suffix == archives.SUFFIX:
            yield from _entries_or_itself(name, Path(entry.path), state, texts)
        else:
            own = (
                _text(Path(entry.path).with_suffix(".toml"), f"{name.rpartition('.')[0]}.toml")
                if suffix in ARRAYS
                else ()
            )
            yield name, entry.path, "", state, (*own, *texts) if suffix in ARRAYS else (), ""


_NO_STAT = (0, 0, 0, 0)


def _below(
    folder: Path, below: str, above: frozenset[tuple[int, int]], texts: _Texts, notes: list[str]
) -> Iterator[_Found]:
    """Yield the files of a subfolder, or the folder as one that cannot be read."""
    try:
        yield from _folder(folder, below, above, texts, notes)
    except OSError as error:
        yield below, str(folder), "", _NO_STAT, (), f"cannot be read: {why(error)}"


def _made_by_us(names: Collection[str]) -> str:
    """Return what a folder with these files in it is, if motionprep has made it; empty if it may be data."""
    if {"dataset.json", "shards"} <= {*names}:
        return "a dataset of motionprep"
    if {"export.json", "README.md"} <= {*names}:
        return "an export of motionprep"
    return ""


def _leads_nowhere(entry: os.DirEntry[str]) -> bool:
    """Return whether this is a link to what is not there: a file that cannot be read."""
    try:
        os.stat(entry.path)
    except FileNotFoundError:
        return entry.is_symlink()
    return False


def _stamp(stat: os.stat_result) -> _Stat:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _text(path: Path, name: str) -> _Texts:
    """Return name and content of a file that says what arrays hold; nothing if there is none."""
    try:
        with open_file(path) as file:
            return ((name, read_bounded(file, name, _MOST_SAID)),)
    except FileNotFoundError:
        return ()
    except OSError as error:
        return ((name, ReadError(f"cannot be read: {why(error)}", path=name)),)


def _entries_or_itself(name: str, path: Path, stat: _Stat, texts: _Texts) -> Iterator[_Found]:
    """Yield the files of an archive, or the archive as one that cannot be read."""
    try:
        yield from _entries(name, path, stat, texts)
    except (SourceError, OSError) as error:
        reason = f"cannot be read: {why(error)}" if isinstance(error, OSError) else str(error)
        yield name, str(path), "", stat, (), reason.removeprefix(f"{path.name}: ")


def _entries(name: str, path: Path, stat: _Stat, texts: _Texts) -> Iterator[_Found]:
    """Yield the motion files of a zip archive."""
    device, inode, _, modified = stat
    with archives.open_archive(path) as archive:
        times = Counter(entry.filename for entry in archive.infolist())
        for entry in archive.infolist():
            inner = PurePosixPath(entry.filename.replace("\\", "/"))
            hidden = any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in inner.parts)
            suffix = _suffix(inner.name)
            if hidden or (suffix not in MODALITIES and suffix not in ARRAYS) or entry.is_dir():
                continue
            wrong = ""
            if inner.is_absolute() or ".." in inner.parts or re.match(r"[A-Za-z]:", entry.filename):
                wrong = "points outside the archive; it is not read"
            elif entry.file_size > MOST_UNPACKED:
                wrong = f"unpacks to {entry.file_size:,} bytes; at most {MOST_UNPACKED:,} are read"
            elif times[entry.filename] > 1:
                wrong = f"stands {times[entry.filename]} times in the archive; expected it once"
                times[entry.filename] = -1
            elif times[entry.filename] < 0:
                continue
            said = (*_packed(archive, inner, name), *texts) if suffix in ARRAYS and not wrong else ()
            yield f"{name}/{inner}", str(path), entry.filename, (device, inode, entry.file_size, modified), said, wrong


def _packed(archive: zipfile.ZipFile, inner: PurePosixPath, name: str) -> _Texts:
    """Return what an archive says of an entry that holds arrays, the nearest first."""
    texts: list[tuple[str, bytes | ReadError]] = []
    for place in (inner.with_suffix(".toml"), *(folder / OF_FOLDER for folder in inner.parents)):
        where = f"{name}/{place}"
        try:
            with open_entry(archive, str(place)) as file:
                texts.append((where, read_bounded(file, where, _MOST_SAID)))
        except KeyError:
            continue
        except UNREADABLE as error:
            texts.append((where, ReadError(f"cannot be read: {why(error)}", path=where)))
    return tuple(texts)


def _suffix(name: str) -> str:
    """Return the suffix of a file's name in small letters; empty if it has none, or nothing before it."""
    # os.path.splitext takes three times as long.
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem and not stem.endswith("/") else ""
