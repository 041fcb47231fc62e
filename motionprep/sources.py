"""Find motion files, give them keys, and know them again without reading them.

A look at a corpus that was looked at before costs a ``stat`` a file: :class:`SourceCache` keeps each file's digest and
what its header says by size, time and inode.
"""

from __future__ import annotations

import os
import re
import threading
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import msgspec

from motionprep import identity
from motionprep.errors import RateError, ReadError, SourceError
from motionprep.files import BUDGET, no_address, open_file, parse_json, read_bounded, read_text, shown
from motionprep.formats import ARRAYS, HALVES
from motionprep.formats.arrays_about import OF_FOLDER, About, describe
from motionprep.formats.zipped import MOST_UNPACKED, UNREADABLE, open_entry
from motionprep.subjects import subject_of

if TYPE_CHECKING:
    from collections.abc import Collection

_CACHE_FORMAT = 2
_ARCHIVE = ".zip"
#: A file touched this shortly before it was read may be touched again within one tick of the file system's clock.
_SETTLED_NS = 2_000_000_000
#: As a rule enough for all that a C3D file says before its first frame.
_SHORT_HEAD = 1 << 14
#: What to do about arrays of which nothing says what they hold.
_UNSAID = (
    "nothing says which joints they hold; write names and rate into a TOML of the same name, or "
    f"{OF_FOLDER}, beside them, or give --array-names and --array-rate"
)
#: More than the TOML beside any arrays.
_MOST_SAID = 1 << 20


class Source(msgspec.Struct, frozen=True):
    """One file of a take, on its own or in a zip archive.

    Parameters
    ----------
    key, subject
        ``69_01`` and ``69``.
    name
        Its path below the data folder, with ``/``; for an entry of an archive ``cmu.zip/69/69_01.bvh``.
    file
        The file or archive to open.
    entry
        The name in the archive, or empty.
    size
        Bytes, unpacked.
    stamp
        Tells this state of the file from others: device, inode, size, time, and what is said of it.
    half
        Which half of the take it holds, ``"motion"`` or ``"markers"``.
    about
        What is said of it beside it or in the recipe, if it holds arrays; None if it says all itself.
    wrong
        Why it, or what is said of it, cannot be used; empty if it can.
    """

    key: str
    subject: str
    name: str
    file: str
    entry: str
    size: int
    stamp: str
    half: str = "motion"
    about: About | None = None
    wrong: str = ""

    def read(self) -> bytes:
        """Return its bytes.

        Raises
        ------
        ReadError
            If it cannot be read, unpacks to more than it says, or has changed since it was found.
        """
        try:
            if self.entry:
                with _open_entry(self) as file:
                    data = file.read(self.size + 1)
            else:
                with open_file(self.file, buffering=0) as file:
                    data = file.read()
        except UNREADABLE as error:
            raise ReadError(f"cannot be read: {_why(error)}", path=self.name) from None
        if len(data) != self.size:
            raise ReadError(
                f"has {len(data):,} bytes; it had {self.size:,} when it was found: it changes while it is read",
                path=self.name,
            )
        return data


class Recording(msgspec.Struct, frozen=True):
    """The files of one take.

    Parameters
    ----------
    key, subject
        ``69_01`` and ``69``.
    sources
        One a half, the motion first.
    """

    key: str
    subject: str
    sources: tuple[Source, ...]

    @property
    def size(self) -> int:
        """Bytes of all files together."""
        return sum(source.size for source in self.sources)

    @property
    def about(self) -> About | None:
        """What is said of its file, if that holds arrays."""
        return next((source.about for source in self.sources if source.about is not None), None)


class Look(msgspec.Struct, frozen=True, array_like=True):
    """What is known of a file's content.

    Parameters
    ----------
    sha256
        Of its bytes; empty if not known yet.
    frames, rate
        As the header says; 0 where there is an error, and a rate of 0 where that alone is wrong.
    structure
        Two files with equal structure have the same nodes, or the same markers.
    error
        Why the header cannot be read; empty if it can.
    clip
        How many frames each of several clips has; 0 if the file has none.
    rate_error
        Why the header's rate cannot be right; empty if it can.
    """

    sha256: str
    frames: int
    rate: float
    structure: str
    error: str = ""
    clip: int = 0
    rate_error: str = ""


class SourceCache:
    """What earlier runs saw, by stamp; a file of its own that may be lost at no harm.

    Parameters
    ----------
    path
        Where it is kept; nothing is read or kept if None.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._looks: dict[str, Look] = {}
        self._changed = False
        self._opened = time.time_ns()
        if path is None:
            return
        try:
            number, looks = parse_json(path.read_bytes(), tuple[int, dict[str, Look]])
        except (OSError, ValueError):
            return
        if number == _CACHE_FORMAT:
            self._looks = looks

    def get(self, source: Source) -> Look | None:
        """Return what is known of a source."""
        return self._looks.get(source.stamp)

    def put(self, source: Source, look: Look) -> None:
        """Remember what a source holds."""
        if self._looks.get(source.stamp) != look:
            self._looks[source.stamp] = look
            self._changed = True

    def save(self, sources: Iterable[Source]) -> None:
        """Keep what is known of these sources, but not of those written just before, or after, the cache was opened."""
        if self._path is None or not self._changed:
            return
        settled = self._opened - _SETTLED_NS
        kept = {
            source.stamp: self._looks[source.stamp]
            for source in sources
            if source.stamp in self._looks and int(source.stamp.split(":")[3]) < settled
        }
        beside = self._path.with_name(self._path.name + ".part")
        beside.write_bytes(msgspec.json.encode((_CACHE_FORMAT, kept)))
        beside.replace(self._path)
        self._changed = False


def find(
    paths: Sequence[str | os.PathLike[str]],
    key_pattern: str = "",
    markers: Sequence[str | os.PathLike[str]] = (),
    arrays: About | None = None,
    notes: list[str] | None = None,
) -> list[Source]:
    """Find all files of takes below folders, in zip archives, or named themselves; in natural order.

    Parameters
    ----------
    paths
        Where to look.
    key_pattern
        See :class:`~motionprep.recipe.Reading`.
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
        that is no Unicode, is among them, with ``wrong`` and no half, last. Files of one kind with one key are told
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
    asked = [*((path, False) for path in paths), *((path, True) for path in markers)]
    for path, markers_only in asked:
        if address := no_address(path):
            raise SourceError(address)
        for name, file, entry, stat, texts, wrong in _walk(Path(path), notes):
            stamp = ":".join(map(str, stat)) + ":" + entry
            suffix = _suffix(name)
            bare = suffix in ARRAYS
            if bare and not texts and arrays is None and not wrong:
                if not entry and file == str(Path(path)):
                    raise SourceError(f"{name}: {_UNSAID}")
                unsaid += 1
                continue
            key, subject, misnamed = ("", "", "") if wrong else _key(name, pattern)
            if wrong or misnamed:
                plain = name.encode("utf-8", "backslashreplace").decode()
                reason = f"{plain}: {wrong or misnamed}"
                broken.append(Source(plain, "", plain, file, entry, stat[2], stamp, "", wrong=reason))
                continue
            half = HALVES.get(suffix, "motion")
            source = Source(key, subject, name, file, entry, stat[2], stamp, half)
            source = _said(source, texts, arrays) if bare else source
            if markers_only and source.half != "markers":
                continue
            known = found.setdefault((key, source.half), source)
            # A folder may be named for both halves.
            if (known.file, known.entry) != (source.file, source.entry):
                clashing.append(source)
    if clashing:
        found, twice = _apart(found, clashing, notes)
        broken += twice
    if not found and not broken:
        where = ", ".join(os.fspath(path) for path in (*paths, *markers))
        more = f"; of {unsaid:,} {' and '.join(ARRAYS)} files {_UNSAID}" if unsaid else ""
        raise SourceError(f"{where}: no motion files ({', '.join(HALVES)}, or zip archives with such) found{more}")
    return [*sorted(found.values(), key=lambda source: natural(source.subject, source.key)), *broken]


def _apart(
    found: dict[tuple[str, str], Source], clashing: Sequence[Source], notes: list[str]
) -> tuple[dict[tuple[str, str], Source], list[Source]]:
    """Return the sources, those of one key told apart by their folders, and those that have one name as well."""
    keys = {source.key for source in clashing}
    by_name: dict[tuple[str, str], list[Source]] = {}
    for source in (*(one for one in found.values() if one.key in keys), *clashing):
        key = source.name.rpartition(".")[0]
        by_name.setdefault((key, source.half), []).append(msgspec.structs.replace(source, key=key))
    apart = {place: one for place, one in found.items() if one.key not in keys}
    broken = []
    for place, some in by_name.items():
        if len(some) == 1 and place not in apart:
            apart[place] = some[0]
            continue
        where = " and ".join(map(_place, some))
        broken += [
            msgspec.structs.replace(one, half="", wrong=f"{_place(one)}: {len(some)} files have one name: {where}")
            for one in some
        ]
    first = min(keys)
    those = [key for key, _ in by_name if key.rpartition("/")[2] == first or key == first]
    notes.append(
        f"{len(keys):,} keys are those of several files, which are told apart by their folders, for instance "
        f"{' and '.join(dict.fromkeys(those[:2]))}; a key pattern can name them otherwise"
    )
    return apart, broken


def pair(sources: Sequence[Source], halves: Collection[str], notes: list[str] | None = None) -> list[Recording]:
    """Join the files of each take that hold one of these halves; in natural order.

    The subject is that of the skeleton's file, if there is one. Files whose keys differ in case alone are of one take
    where there is no other that they could be of; ``notes`` takes a sentence that says so.
    """
    if len(halves) > 1:
        sources = _of_one_case(sources, [] if notes is None else notes)
    together: dict[str, list[Source]] = {}
    for source in sources:
        if source.half in halves:
            together.setdefault(source.key, []).append(source)
    order = list(HALVES.values())
    paired = []
    for key, files in together.items():
        files.sort(key=lambda source: order.index(source.half))
        paired.append(Recording(key, files[0].subject, tuple(files)))
    # Where each take has one file, or both halves say the same subject, they are in order already.
    moved = any(len({source.subject for source in one.sources}) > 1 for one in paired)
    return sorted(paired, key=lambda one: natural(one.subject, one.key)) if moved else paired


def _of_one_case(sources: Sequence[Source], notes: list[str]) -> Sequence[Source]:
    """Return the sources, those of markers under the key of the one skeleton whose key differs in case alone."""
    keys: dict[str, set[str]] = {half: {one.key for one in sources if one.half == half} for half in HALVES.values()}
    alone = {half: keys[half] - set().union(*(keys[other] for other in keys if other != half)) for half in keys}
    if not all(alone.values()):
        return sources
    folded: dict[str, dict[str, list[str]]] = {half: {} for half in keys}
    for half, some in alone.items():
        for key in sorted(some):
            folded[half].setdefault(key.casefold(), []).append(key)
    both = [(ours, folded["markers"].get(fold, [])) for fold, ours in folded["motion"].items()]
    other = {markers[0]: motions[0] for motions, markers in both if len(motions) == len(markers) == 1}
    if not other:
        return sources
    markers, motion = next(iter(other.items()))
    notes.append(f"{len(other):,} takes have files whose names differ in case alone, such as {motion} and {markers}")
    return [
        msgspec.structs.replace(one, key=other[one.key]) if one.half == "markers" and one.key in other else one
        for one in sources
    ]


def natural(*texts: str) -> tuple[object, ...]:
    """Return a key that sorts ``2_2`` before ``2_10``."""
    return (tuple(map(_natural, texts)), texts)


@lru_cache(maxsize=1024)
def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple(_number(part) if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


def _number(digits: str) -> tuple[int, int, str]:
    """Return what sorts digits as the numbers that they are; of thousands of them no integer is made."""
    plain = digits if digits.isascii() else "".join(str(unicodedata.decimal(digit)) for digit in digits)
    plain = plain.lstrip("0")
    return 0, len(plain), plain


def labels_beside(paths: Sequence[str | os.PathLike[str]], notes: list[str] | None = None) -> dict[str, str]:
    """Return labels from every ``*index*.txt`` in the given folders and archives, and beside the given files.

    An index that cannot be read is left out, and of two labels of a key the first stands; ``notes`` takes a sentence
    that says so.
    """
    from motionprep.formats.index import parse_index

    given = {Path(path) for path in paths}
    labels: dict[str, str] = {}
    notes = [] if notes is None else notes
    for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in map(Path, paths)):
        for file in sorted(folder.iterdir()):
            archive = file.suffix.lower() == _ARCHIVE and (folder in given or file in given)
            if not (archive or _is_index(file.name)):
                continue
            try:
                texts = _index_texts(file) if archive else [read_text(file)]
            except UNREADABLE as error:
                notes.append(f"{file.name}: the index cannot be read, so its labels are missing: {_why(error)}")
                continue
            for text in texts:
                labels = parse_index(text.decode("utf-8", errors="backslashreplace"), file.name, notes) | labels
    return labels


def look(sources: Sequence[Source], cache: SourceCache, again: bool = False) -> list[Look]:
    """Return what the header of each source says, from the cache unless ``again``, or by reading the header."""
    looks = []
    for source in sources:
        known = None if again else cache.get(source)
        if known is None:
            try:
                known = _look(source)
            except UNREADABLE as error:
                # Not remembered: that it can be read one day need not change its size or time.
                known = Look("", 0, 0.0, "", f"{source.name}: cannot be read: {_why(error)}")
            else:
                cache.put(source, known)
        looks.append(known)
    return looks


def digest(
    sources: Sequence[Source],
    cache: SourceCache,
    workers: int,
    again: bool = False,
) -> list[Look]:
    """Return what each source holds, digests included; the files that are not known are read whole.

    A file whose header cannot be read has no digest.

    Parameters
    ----------
    sources
        In any order.
    cache
        Is added to.
    workers
        How many files are read at once.
    again
        Read all files, known or not.
    """
    from concurrent.futures import ThreadPoolExecutor

    looks = look(sources, cache, again)
    unknown = [place for place, seen in enumerate(looks) if not (seen.error or seen.sha256)]
    with ThreadPoolExecutor(workers) as pool:
        found = pool.map(digest_of, [sources[place] for place in unknown])
        for place, (sha256, whole) in zip(unknown, found, strict=True):
            looks[place] = msgspec.structs.replace(looks[place], sha256=sha256)
            if whole:
                cache.put(sources[place], looks[place])
    return looks


def _look(source: Source) -> Look:
    look_at = _look_at_markers if source.half == "markers" else _look_at_motion
    try:
        try:
            return look_at(source)
        except RateError as error:
            # What else it says is of use where the recipe gives a rate.
            return msgspec.structs.replace(look_at(source, 1.0), rate=0.0, rate_error=_where(error, source))
    except ReadError as error:
        return Look("", 0, 0.0, "", _where(error, source))


def _where(error: ReadError, source: Source) -> str:
    return str(ReadError(error.message, path=source.name, line=error.line, column=error.column, section=error.section))


def _look_at_motion(source: Source, rate: float | None = None) -> Look:
    if source.wrong:
        raise ReadError(source.wrong, path=source.name)
    if source.about is not None:
        return _look_at_arrays(source, source.about)
    from motionprep.formats import bvh

    if source.entry:
        # Of an archive's entry as a rule only the beginning is unpacked.
        with _open_entry(source) as file:
            header = bvh.parse_bvh_header(bvh.read_head(file), source.name, rate=rate)
    else:
        header = bvh.read_bvh_header(source.file, rate=rate)
    return Look("", header.frames, header.rate, header.skeleton.structure)


def _look_at_markers(source: Source, rate: float | None = None) -> Look:
    from motionprep.formats import c3d

    with _open_entry(source) if source.entry else open_file(source.file) as file:
        data = file.read(_SHORT_HEAD)
        for more in (c3d.HEADER_BYTES, source.size):
            try:
                header = c3d.read_c3d_header(data, source.name, source.size, rate=rate)
                break
            except ReadError:
                data += file.read(more)
        else:
            header = c3d.read_c3d_header(data, source.name, source.size, rate=rate)
    return Look("", header.frames, header.rate, identity.key(list(header.names)))


def _look_at_arrays(source: Source, about: About) -> Look:
    from motionprep.formats.arrays_header import read_arrays_header

    with _open_entry(source) if source.entry else open_file(source.file) as file:
        header = read_arrays_header(file, source.size, source.name, about)
    return Look("", header.frames, about.rate or 0.0, about.structure, clip=header.clip)


def digest_of(source: Source) -> tuple[str, bool]:
    """Return the digest of a source, or of why it cannot be read, and whether it could."""
    try:
        with BUDGET.hold(source.size):
            return identity.digest(source.read()), True
    except ReadError as error:
        return identity.digest(str(error).encode()), False


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


def _said(source: Source, texts: _Texts, arrays: About | None) -> Source:
    """Return a source of arrays with all that is said of it."""
    try:
        about, subject = describe(texts, arrays)
    except ReadError as error:
        wrong = str(error)
        return msgspec.structs.replace(source, wrong=wrong, stamp=f"{source.stamp}:{identity.key(wrong)}")
    stamp = f"{source.stamp}:{identity.key(msgspec.to_builtins(about))}"
    return msgspec.structs.replace(source, about=about, subject=subject or source.subject, stamp=stamp)


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
        elif path.suffix.lower() == _ARCHIVE:
            yield from _entries(path.name, path, path.stat(), ())
        elif path.suffix.lower() in HALVES:
            yield path.name, str(path), "", _stamp(path.stat()), (), ""
        elif path.suffix.lower() in ARRAYS:
            own, of_folder = path.with_suffix(".toml"), path.with_name(OF_FOLDER)
            texts = (*_text(own, own.name), *_text(of_folder, OF_FOLDER))
            yield path.name, str(path), "", _stamp(path.stat()), texts, ""
        else:
            path.stat()
            known = ", ".join((*HALVES, *ARRAYS))
            raise SourceError(f"{path.name}: is no motion file; expected {known} or {_ARCHIVE}")
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
    for entry in listed:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        suffix, name = _suffix(entry.name), f"{below}{entry.name}"
        try:
            if entry.is_dir():
                yield from _below(folder / entry.name, f"{name}/", above | {here}, texts, notes)
                continue
            if suffix not in HALVES and suffix not in ARRAYS and suffix != _ARCHIVE:
                continue
            # A pipe would be waited for, a device read without end, whatever link leads there.
            if not entry.is_file() and not _leads_nowhere(entry):
                yield name, entry.path, "", _NO_STAT, (), "is no file but a pipe, device or socket"
                continue
            state = _stamp(entry.stat(follow_symlinks=entry.is_file()))
        except OSError as error:
            yield name, entry.path, "", _NO_STAT, (), f"cannot be read: {_why(error)}"
            continue
        if suffix == _ARCHIVE:
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
        yield below, str(folder), "", _NO_STAT, (), f"cannot be read: {_why(error)}"


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
        return ((name, ReadError(f"cannot be read: {_why(error)}", path=name)),)


def _entries_or_itself(name: str, path: Path, stat: _Stat, texts: _Texts) -> Iterator[_Found]:
    """Yield the files of an archive, or the archive as one that cannot be read."""
    try:
        yield from _entries(name, path, stat, texts)
    except (SourceError, OSError) as error:
        yield name, str(path), "", stat, (), str(error).removeprefix(f"{path.name}: ")


def _entries(name: str, path: Path, stat: _Stat | os.stat_result, texts: _Texts) -> Iterator[_Found]:
    """Yield the motion files of a zip archive."""
    device, inode, _, modified = (
        stat if isinstance(stat, tuple) and not isinstance(stat, os.stat_result) else _stamp(stat)
    )
    with _archive(path) as archive:
        times = Counter(entry.filename for entry in archive.infolist())
        for entry in archive.infolist():
            inner = PurePosixPath(entry.filename.replace("\\", "/"))
            hidden = any((part.startswith(".") and part != "..") or part == "__MACOSX" for part in inner.parts)
            suffix = _suffix(inner.name)
            if hidden or (suffix not in HALVES and suffix not in ARRAYS) or entry.is_dir():
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
            texts.append((where, ReadError(f"cannot be read: {_why(error)}", path=where)))
    return tuple(texts)


def _suffix(name: str) -> str:
    """Return the suffix of a file's name in small letters; empty if it has none, or nothing before it."""
    # os.path.splitext takes three times as long.
    stem, _, suffix = name.rpartition(".")
    return f".{suffix.lower()}" if stem and not stem.endswith("/") else ""


def _archive(path: Path) -> zipfile.ZipFile:
    # The end of an archive is looked for first, and a device has none.
    open_file(path).close()
    try:
        return zipfile.ZipFile(path)
    except OSError:
        raise
    except UNREADABLE as error:
        raise SourceError(f"{path.name}: is no good zip archive: {error}") from None


def _open_entry(source: Source) -> IO[bytes]:
    stat = os.stat(source.file)
    state = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return open_entry(_opened(source.file, state, threading.get_ident()), source.entry)


@lru_cache(maxsize=64)
def _opened(file: str, state: tuple[int, ...], thread: int) -> zipfile.ZipFile:
    """Return an open archive, one a thread: to read the list of its entries anew for each of them takes too long."""
    return zipfile.ZipFile(file)


def _index_texts(path: Path) -> list[bytes]:
    """Return the texts of the indexes that an archive has; none if it cannot be opened."""
    try:
        opened = _archive(path)
    except (SourceError, OSError):
        # It is a failed source.
        return []
    with opened as archive:
        names = [entry.filename for entry in archive.infolist() if _is_index(PurePosixPath(entry.filename).name)]
        texts = []
        for name in names:
            with open_entry(archive, name) as file:
                texts.append(read_bounded(file, f"{path.name}/{name}"))
        return texts


def _place(source: Source) -> str:
    return f"{source.file}/{source.entry}" if source.entry else source.file


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _is_index(name: str) -> bool:
    return name.lower().endswith(".txt") and "index" in name.lower() and not name.startswith(".")
