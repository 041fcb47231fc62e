"""Find motion files, give them keys, and know them again without reading them.

A look at a corpus that was looked at before costs a ``stat`` a file: :class:`SourceCache` keeps each file's digest and
what its header says by size, time and inode.
"""

from __future__ import annotations

import os
import re
import threading
import time
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING

import msgspec

from motionprep import identity
from motionprep.errors import RateError, ReadError, SourceError
from motionprep.formats import ARRAYS, HALVES
from motionprep.formats.arrays_about import OF_FOLDER, About, describe
from motionprep.formats.zipped import MOST_UNPACKED, UNREADABLE

if TYPE_CHECKING:
    from collections.abc import Collection

_CACHE_FORMAT = 2
_ARCHIVE = ".zip"
#: A file touched this shortly before it was read may be touched again within one tick of the file system's clock.
_SETTLED_NS = 2_000_000_000
#: More than the header of nearly every file.
_HEAD = 1 << 18
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
        Why what is said of it cannot be used; empty if it can.
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
                with open(self.file, "rb", buffering=0) as file:
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
            number, looks = msgspec.json.decode(path.read_bytes(), type=tuple[int, dict[str, Look]])
        except (OSError, UnicodeDecodeError, msgspec.DecodeError):
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

    Raises
    ------
    SourceError
        If a path does not exist or cannot be read, nothing is found, two files of one kind have one key, a file does
        not fit the pattern or has a name that is not Unicode, an archive that is named itself is damaged, or any has an
        entry that points outside, or nothing says what arrays that are named themselves hold.
    """
    pattern = re.compile(key_pattern) if key_pattern else None
    found: dict[tuple[str, str], Source] = {}
    unsaid = 0
    asked = [*((path, False) for path in paths), *((path, True) for path in markers)]
    for path, markers_only in asked:
        for name, file, entry, stat, texts in _walk(Path(path)):
            suffix = _suffix(name)
            bare = suffix in ARRAYS
            if bare and not texts and arrays is None:
                if not entry and file == str(Path(path)):
                    raise SourceError(f"{name}: {_UNSAID}")
                unsaid += 1
                continue
            key, subject = _key(name, pattern)
            half = HALVES.get(suffix, "motion")
            stamp = ":".join(map(str, stat)) + ":" + entry
            source = Source(key, subject, name, file, entry, stat[2], stamp, half)
            source = _said(source, texts, arrays) if bare else source
            if markers_only and source.half != "markers":
                continue
            known = found.setdefault((key, source.half), source)
            # A folder may be named for both halves.
            if (known.file, known.entry) != (source.file, source.entry):
                raise SourceError(
                    f"two files have the key {key!r}: {_place(known)} and {_place(source)}; "
                    r"rename one, or give a --key-pattern such as '(?P<motion>(?P<subject>\w+)/\w+)$'"
                )
    if not found:
        where = ", ".join(os.fspath(path) for path in (*paths, *markers))
        more = f"; of {unsaid:,} {' and '.join(ARRAYS)} files {_UNSAID}" if unsaid else ""
        raise SourceError(f"{where}: no motion files ({', '.join(HALVES)}, or zip archives with such) found{more}")
    return sorted(found.values(), key=lambda source: natural(source.subject, source.key))


def pair(sources: Sequence[Source], halves: Collection[str]) -> list[Recording]:
    """Join the files of each take that hold one of these halves; in natural order.

    The subject is that of the skeleton's file, if there is one.
    """
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


def natural(*texts: str) -> tuple[object, ...]:
    """Return a key that sorts ``2_2`` before ``2_10``."""
    return (tuple(map(_natural, texts)), texts)


@lru_cache(maxsize=1024)
def _natural(text: str) -> tuple[tuple[int, int, str], ...]:
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in re.split(r"(\d+)", text) if part)


def labels_beside(paths: Sequence[str | os.PathLike[str]]) -> dict[str, str]:
    """Return labels from every ``*index*.txt`` in the given folders and archives, and beside the given files.

    Raises
    ------
    SourceError
        If such a text cannot be read.
    """
    from motionprep.formats.index import parse_index

    given = {Path(path) for path in paths}
    labels: dict[str, str] = {}
    for folder in dict.fromkeys(path if path.is_dir() else path.parent for path in map(Path, paths)):
        for file in sorted(folder.iterdir()):
            try:
                if _is_index(file.name) and file.is_file():
                    labels = parse_index(file.read_text(encoding="utf-8", errors="backslashreplace")) | labels
                elif file.suffix.lower() == _ARCHIVE and (folder in given or file in given):
                    for text in _index_texts(file):
                        labels = parse_index(text) | labels
            except UNREADABLE as error:
                raise SourceError(f"{file}: the index cannot be read: {_why(error)}") from None
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
            data = file.read(_HEAD)
            try:
                header = bvh.parse_bvh_header(data, source.name, rate=rate)
            except RateError:
                raise
            except ReadError:
                header = bvh.parse_bvh_header(data + file.read(source.size), source.name, rate=rate)
    elif _suffix(source.name) == _ARCHIVE:
        _archive(Path(source.file)).close()
        raise ReadError("was damaged when it was found", path=source.name)
    else:
        header = bvh.read_bvh_header(source.file, rate=rate)
    return Look("", header.frames, header.rate, header.skeleton.structure)


def _look_at_markers(source: Source, rate: float | None = None) -> Look:
    from motionprep.formats import c3d

    with _open_entry(source) if source.entry else open(source.file, "rb") as file:
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

    with _open_entry(source) if source.entry else open(source.file, "rb") as file:
        header = read_arrays_header(file, source.size, source.name, about)
    return Look("", header.frames, about.rate or 0.0, about.structure, clip=header.clip)


def digest_of(source: Source) -> tuple[str, bool]:
    """Return the digest of a source, or of why it cannot be read, and whether it could."""
    try:
        return identity.digest(source.read()), True
    except ReadError as error:
        return identity.digest(str(error).encode()), False


def _key(name: str, pattern: re.Pattern[str] | None) -> tuple[str, str]:
    """Return key and subject of a file by its path below the data folder."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raise SourceError(f"{name!r}: has a name that is not Unicode; rename it") from None
    # A corpus has thousands of names, and path objects take ten times as long.
    stem = name.rpartition(".")[0]
    if pattern is None:
        above, _, key = stem.rpartition("/")
        subject, _, rest = key.partition("_")
        return key, subject if subject and rest else above.rpartition("/")[2] or key
    match = pattern.search(stem)
    if not match or not match["motion"]:
        raise SourceError(
            f"{name}: {stem!r}, its path below the data without the suffix, has nothing that fits the key pattern "
            f"{pattern.pattern!r}"
        )
    return match["motion"], match["subject"] or ""


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
#: Names and contents of the files that say what arrays hold, the nearest first.
_Texts = tuple[tuple[str, bytes], ...]
#: A file: its name, the file or archive to open, the entry, (device, inode, size, time), and what is said of arrays.
_Found = tuple[str, str, str, _Stat, _Texts]


def _walk(path: Path) -> Iterator[_Found]:
    """Yield each motion file, and each file of arrays, at or below a path."""
    try:
        if path.is_dir():
            yield from _folder(path, "", frozenset(), ())
        elif path.exists() and not path.is_file():
            raise SourceError(f"{path.name}: is no file but a pipe or device; expected a file or a folder")
        elif path.suffix.lower() == _ARCHIVE:
            yield from _entries(path.name, path, path.stat(), ())
        elif path.suffix.lower() in HALVES:
            yield path.name, str(path), "", _stamp(path.stat()), ()
        elif path.suffix.lower() in ARRAYS:
            own, of_folder = path.with_suffix(".toml"), path.with_name(OF_FOLDER)
            texts = (*_text(own, own.name), *_text(of_folder, OF_FOLDER))
            yield path.name, str(path), "", _stamp(path.stat()), texts
        else:
            path.stat()
            known = ", ".join((*HALVES, *ARRAYS))
            raise SourceError(f"{path.name}: is no motion file; expected {known} or {_ARCHIVE}")
    except FileNotFoundError as error:
        raise SourceError(f"{error.filename}: there is no such file or folder") from None
    except OSError as error:
        raise SourceError(f"{error.filename or path}: cannot be read: {error.strerror}") from None


def _folder(folder: Path, below: str, above: frozenset[tuple[int, int]], texts: _Texts) -> Iterator[_Found]:
    stat = folder.stat()
    here = (stat.st_dev, stat.st_ino)
    if here in above:
        return
    with os.scandir(folder) as entries:
        listed = sorted(entries, key=lambda entry: entry.name)
    if any(entry.name == OF_FOLDER for entry in listed):
        texts = (*_text(folder / OF_FOLDER, f"{below}{OF_FOLDER}"), *texts)
    for entry in listed:
        if entry.name.startswith(".") or entry.name == "__MACOSX":
            continue
        if entry.is_dir():
            yield from _folder(folder / entry.name, f"{below}{entry.name}/", above | {here}, texts)
            continue
        # A pipe would be waited for; a link that leads nowhere is a file that cannot be read.
        if not (entry.is_file() or entry.is_symlink()):
            continue
        suffix, name = _suffix(entry.name), f"{below}{entry.name}"
        if suffix in HALVES:
            yield name, entry.path, "", _stamp(entry.stat(follow_symlinks=entry.is_file())), ()
        elif suffix in ARRAYS:
            own = _text(Path(entry.path).with_suffix(".toml"), f"{name.rpartition('.')[0]}.toml")
            yield name, entry.path, "", _stamp(entry.stat(follow_symlinks=entry.is_file())), (*own, *texts)
        elif suffix == _ARCHIVE:
            yield from _entries_or_itself(name, Path(entry.path), entry.stat(follow_symlinks=entry.is_file()), texts)


def _stamp(stat: os.stat_result) -> _Stat:
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _text(path: Path, name: str) -> _Texts:
    """Return name and content of a file that says what arrays hold; nothing if there is none."""
    # A pipe would be waited for.
    if path.exists() and not path.is_file():
        raise SourceError(f"{name}: is no file; expected a few lines that say what arrays hold")
    try:
        with path.open("rb") as file:
            return ((name, _bounded(file, name)),)
    except FileNotFoundError:
        return ()


def _bounded(file: IO[bytes], name: str) -> bytes:
    data = file.read(_MOST_SAID + 1)
    if len(data) > _MOST_SAID:
        raise SourceError(f"{name}: has more than {_MOST_SAID:,} bytes; expected a few lines that say what arrays hold")
    return data


def _entries_or_itself(name: str, path: Path, stat: os.stat_result, texts: _Texts) -> Iterator[_Found]:
    """Yield the files of an archive, or the archive as a file that cannot be read."""
    try:
        _archive(path).close()
    except (SourceError, OSError):
        yield name, str(path), "", _stamp(stat), ()
    else:
        yield from _entries(name, path, stat, texts)


def _entries(name: str, path: Path, stat: os.stat_result, texts: _Texts) -> Iterator[_Found]:
    """Yield the motion files of a zip archive."""
    with _archive(path) as archive:
        for entry in archive.infolist():
            inner = PurePosixPath(entry.filename.replace("\\", "/"))
            if inner.is_absolute() or ".." in inner.parts or re.match(r"[A-Za-z]:", entry.filename):
                raise SourceError(f"{name}: entry {entry.filename!r} points outside the archive; it is not read")
            hidden = any(part.startswith(".") or part == "__MACOSX" for part in inner.parts)
            suffix = inner.suffix.lower()
            if hidden or (suffix not in HALVES and suffix not in ARRAYS) or entry.is_dir():
                continue
            if entry.file_size > MOST_UNPACKED:
                raise SourceError(
                    f"{name}: entry {entry.filename!r} unpacks to {entry.file_size:,} bytes; "
                    f"at most {MOST_UNPACKED:,} are read"
                )
            device, inode, _, modified = _stamp(stat)
            said = (*_packed(archive, inner, name), *texts) if suffix in ARRAYS else ()
            yield f"{name}/{inner}", str(path), entry.filename, (device, inode, entry.file_size, modified), said


def _packed(archive: zipfile.ZipFile, inner: PurePosixPath, name: str) -> _Texts:
    """Return what an archive says of an entry that holds arrays, the nearest first."""
    texts = []
    for place in (inner.with_suffix(".toml"), *(folder / OF_FOLDER for folder in inner.parents)):
        try:
            with archive.open(str(place)) as file:
                texts.append((f"{name}/{place}", _bounded(file, f"{name}/{place}")))
        except KeyError:
            continue
        except UNREADABLE as error:
            raise SourceError(f"{name}/{place}: cannot be read: {_why(error)}") from None
    return tuple(texts)


def _suffix(name: str) -> str:
    # As os.path.splitext, which takes three times as long, does it for the names of files that have one.
    return f".{name.rpartition('.')[2].lower()}"


def _archive(path: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(path)
    except OSError:
        raise
    except UNREADABLE as error:
        raise SourceError(f"{path.name}: is no good zip archive: {error}") from None


def _open_entry(source: Source) -> IO[bytes]:
    stat = os.stat(source.file)
    state = (stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
    return _opened(source.file, state, threading.get_ident()).open(source.entry)


@lru_cache(maxsize=64)
def _opened(file: str, state: tuple[int, ...], thread: int) -> zipfile.ZipFile:
    """Return an open archive, one a thread: to read the list of its entries anew for each of them takes too long."""
    return zipfile.ZipFile(file)


def _index_texts(file: Path) -> Iterator[str]:
    with _archive(file) as archive:
        for entry in archive.infolist():
            if _is_index(PurePosixPath(entry.filename).name) and entry.file_size < MOST_UNPACKED:
                yield archive.read(entry).decode("utf-8", errors="backslashreplace")


def _place(source: Source) -> str:
    return f"{source.file}/{source.entry}" if source.entry else source.file


def _why(error: BaseException) -> str:
    return getattr(error, "strerror", None) or str(error) or type(error).__name__


def _is_index(name: str) -> bool:
    return name.lower().endswith(".txt") and "index" in name.lower() and not name.startswith(".")
