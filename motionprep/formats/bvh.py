"""BVH: a hierarchy of joints, then a row of channel values a frame.

Numbers are ``float()`` bit for bit. A position channel takes the place of the joint's ``OFFSET``, on any joint, as
Blender reads it; rotation channels compose in the order in which they stand.
"""

from __future__ import annotations

import codecs
import math
import os
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import IO, Literal, NoReturn

import numpy as np

from motionprep.errors import MotionPrepWarning, RateError, ReadError
from motionprep.files import replacing
from motionprep.files.reading import GIT_LFS, NOT_FETCHED, open_file
from motionprep.motion.arrays import Floats, Vector
from motionprep.motion.motion import Motion
from motionprep.motion.rates import GIVEN_RATE, is_rate, rate_of
from motionprep.motion.skeleton import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Skeleton
from motionprep.naming.encoding import decode

Positions = Literal["replace", "add"]
Pick = Callable[[int, float], range]

_BOM = b"\xef\xbb\xbf"
_END = rb"[^\r\n]*(\r\n|\n|\r|$)"
#: A header's last line: Frame Time or, where a row comes next, Frames.
_LAST_LINE = re.compile(
    rb"frame[ \t]+time[ \t]*:" + _END + rb"|frames[ \t]*:[ \t]*\d+[ \t]*[\r\n]\s*(?=[-+.]?\d)", re.IGNORECASE
)
_MOTION = re.compile(r"^[ \t]*motion\b", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"[^\s{}]+|[{}]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CHANNELS = {name.lower(): name for name in POSITION_CHANNELS + ROTATION_CHANNELS}
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?", re.ASCII)
_AFTER_OFFSET = frozenset(["offset", "channels", "joint", "end", "{", "}"])
_AFTER_CHANNELS = _AFTER_OFFSET | {"motion"}
_SITE = re.compile(r"site([^a-z].*)?", re.IGNORECASE)
#: Frame times in seconds, of motions: shorter and longer ones are noted, and from the last on they are something else.
_SHORTEST, _LONGEST, _NO_TIME = 1 / 2000, 1.0, 8.0
#: Bytes with which programs end or fill up a text.
_BLANKS = b" \t\r\n"
_END_MARKS = b"\x1a\0"
_LIKE_A_NUMBER = re.compile(rb"[+-]?([.,]?\d|(nan|inf|infinity)(\W|$))", re.IGNORECASE)
#: How text of more than one byte a character begins, with a byte order mark and without; the longest first.
_WIDE = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
    b"H\0\0\0": "utf-32-le",
    b"\0\0\0H": "utf-32-be",
    b"H\0": "utf-16-le",
    b"\0H": "utf-16-be",
}
_MOST_HEADER = 64 << 20
_LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Header:
    """Header of a BVH file: all before its first row.

    Parameters
    ----------
    skeleton
        The hierarchy.
    frames
        Number of rows that the header states.
    rate
        Frames a second.
    size
        Bytes up to the first row, without a byte order mark; of the text as UTF-8, if the file is UTF-16 or UTF-32.
    notes
        What was odd and was let pass.
    """

    skeleton: Skeleton
    frames: int
    rate: float
    size: int
    notes: tuple[str, ...] = ()


def read_bvh(
    path: str | os.PathLike[str],
    *,
    frames: slice | None = None,
    positions: Positions = "replace",
    lenient: bool = False,
    rate: float | None = None,
) -> Motion:
    """Read a BVH file.

    Parameters
    ----------
    path
        The file.
    frames
        Which frames to read, as of a list; the others are counted, not parsed. Its step, above zero, divides the rate.
    positions
        ``"replace"``: a position channel takes the place of its joint's ``OFFSET``. ``"add"``: it adds to it.
    lenient
        Where ``Frames:`` and the number of rows differ, warn and keep the rows that are there; leave out lines of words
        after the last row.
    rate
        Frames a second, in place of the file's, which then may have none.

    Raises
    ------
    RateError
        If all but the frame time can be read.
    ReadError
        If the file is not a whole and well-formed BVH file; it names file, line and column.
    FileNotFoundError, PermissionError
        As usual.
    """
    notes: list[str] = []

    def pick(count: int, _rate: float) -> range:
        picked = range(count)[frames] if frames is not None else range(count)
        if picked.step < 1:
            raise ValueError(f"frames has step {picked.step}; it must be above zero")
        return picked

    with open_file(path) as file:
        # What is no BVH file may be large.
        head = read_head(file)
        if not _has_header(_plain(head)):
            parse_bvh_header(head, os.fspath(path), rate=rate)
        file.seek(0)
        data = file.read()
    motion = parse_bvh(data, os.fspath(path), pick=pick, rate=rate, positions=positions, lenient=lenient, notes=notes)
    for note in notes:
        warnings.warn(f"{os.fspath(path)}: {note}", MotionPrepWarning, stacklevel=2)
    return motion


def read_bvh_header(path: str | os.PathLike[str], *, rate: float | None = None) -> Header:
    """Read what stands before the first row and nothing more.

    Parameters
    ----------
    path
        The file.
    rate
        Frames a second, in place of the file's, which then may have none.

    Raises
    ------
    RateError
        If all but the frame time can be read.
    ReadError
        As :func:`read_bvh`, for the part that is read.
    """
    with open_file(path) as file:
        data = read_head(file)
    return parse_bvh_header(data, os.fspath(path), rate=rate)


def parse_bvh_header(data: bytes, name: str, *, rate: float | None = None) -> Header:
    """Read the header from the first bytes of a file; ``name`` stands in errors.

    Parameters
    ----------
    data
        The first bytes, or all.
    name
        Stands in errors.
    rate
        Frames a second, in place of the file's, which then may have none.

    Raises
    ------
    RateError
        If all but the frame time can be read.
    ReadError
        As :func:`read_bvh`, for the part that is read.
    """
    return _plain_header(_plain(data), name, rate)


def parse_bvh(
    data: bytes,
    name: str,
    *,
    pick: Pick | None = None,
    rate: float | None = None,
    positions: Positions = "replace",
    lenient: bool = False,
    notes: list[str] | None = None,
) -> Motion:
    """Read a motion from the bytes of a file.

    Parameters
    ----------
    data
        The whole file.
    name
        Stands in errors.
    pick
        From the number of frames and their rate to the frames to keep; the others are counted, not parsed.
    rate
        Frames a second, in place of the file's, which then may have none.
    positions, lenient
        As in :func:`read_bvh`.
    notes
        Takes a sentence for each thing that was odd and was let pass.

    Raises
    ------
    ReadError
        As :func:`read_bvh`.
    """
    if positions not in ("replace", "add"):
        raise ValueError(f"positions is {positions!r}; it is 'replace' or 'add'")
    plain = _plain(data)
    header = _plain_header(plain, name, rate)
    notes = [] if notes is None else notes
    notes += header.notes
    values, picked = _rows(plain, header, name, pick, lenient, notes)
    if positions == "add":
        _add_offsets(header.skeleton, values)
    return Motion(header.skeleton, values, header.rate / picked.step)


def write_bvh(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write a motion so that :func:`read_bvh` gives it back equal.

    Numbers are written with the fewest digits that read back the same. Joints are written depth first; a skeleton whose
    joints stand otherwise comes back in the file's order, and 29.97, for instance, as the NTSC rate that it stands for.

    Raises
    ------
    ValueError
        If a joint's name holds a brace or a line's end, or begins or ends in a blank, the joints are bare points, none
        has a channel or one a position channel twice, or a frame lasts 8 s or longer.
    OSError
        If the file cannot be written; it is replaced whole or not at all.
    """
    path = Path(path)
    skeleton = motion.skeleton
    _check_writable(motion)
    order: list[int] = []
    lines = ["HIERARCHY"]
    children: list[list[int]] = [[] for _ in skeleton.joints]
    for joint, parent in enumerate(skeleton.parents[1:], start=1):
        children[parent].append(joint)
    sites = list(skeleton.end_sites)
    stack: list[tuple[str, int, int]] = [("open", 0, 0)]
    while stack:
        step, joint, depth = stack.pop()
        tab = "\t" * depth
        if step == "open":
            order.append(joint)
            names = skeleton.channels[joint]
            lines += [f"{tab}{'JOINT' if depth else 'ROOT'} {skeleton.joints[joint]}", f"{tab}{{"]
            lines.append(f"{tab}\tOFFSET {_numbers(skeleton.offsets[joint])}")
            lines.append(f"{tab}\tCHANNELS {len(names)} {' '.join(names)}".rstrip())
            stack.append(("close", joint, depth))
            for child in reversed(children[joint]):
                stack += [("between", joint, depth), ("open", child, depth + 1)]
        if step == "close":
            sites.sort(key=lambda site: site.joint != joint)
        # An End Site may stand before, between or after its joint's children; the file's order is kept.
        while sites and sites[0].joint == joint:
            offset = _numbers(sites.pop(0).offset)
            lines += [f"{tab}\tEnd Site", f"{tab}\t{{", f"{tab}\t\tOFFSET {offset}", f"{tab}\t}}"]
        if step == "close":
            lines.append(f"{tab}}}")
    starts = np.cumsum([0, *(len(names) for names in skeleton.channels)])
    columns = [column for joint in order for column in range(starts[joint], starts[joint + 1])]
    lines += ["MOTION", f"Frames: {motion.frames}", f"Frame Time: {_frame_time(motion.rate)}"]
    lines += [_numbers(row) for row in motion.channels[:, columns].tolist()]
    replacing.write(path, ("\n".join(lines) + "\n").encode())


def _check_writable(motion: Motion) -> None:
    """Raise as :func:`write_bvh` documents."""
    skeleton = motion.skeleton
    if skeleton.bare and len(skeleton.joints) > 1:
        raise ValueError("bare points cannot be written as BVH; expected joints that hang from one root")
    for name in skeleton.joints:
        if name != name.strip() or re.search(r"[{}\r\n]", name):
            raise ValueError(f"joint {name!r} cannot be written as BVH; expected no brace, line's end or outer blank")
    if not skeleton.channel_names:
        raise ValueError("no joint has a channel; BVH cannot hold such frames")
    for name, channels in zip(skeleton.joints, skeleton.channels, strict=True):
        if twice := _twice(channels):
            raise ValueError(f"joint {name!r} has {twice} twice; BVH has each position channel once")
    if 1 / motion.rate >= _NO_TIME:
        raise ValueError(f"frames last {1 / motion.rate:g} s; expected less than {_NO_TIME:g} s, as of motions")


def _numbers(values: list[float] | Vector) -> str:
    return " ".join(map(repr, map(float, values)))


def _might_be_bvh(plain: bytes) -> bool:
    return plain.lstrip()[:9].upper() == b"HIERARCHY"


def read_head(file: IO[bytes]) -> bytes:
    """Return as much of the beginning of a file as its header takes, and not much more."""
    size = 1 << 14
    data = file.read(size)
    while size < _MOST_HEADER and not _has_header(plain := _plain(data)) and _might_be_bvh(plain):
        more = file.read(size)
        if not more:
            break
        data += more
        size *= 2
    return data


def _last_line(plain: bytes) -> re.Match[bytes] | None:
    """Return where the last line of a header stands."""
    # As a rule it is behind this word, and a search for letters of either case takes its time.
    return _LAST_LINE.search(plain, max(plain.find(b"MOTION", 0, _MOST_HEADER), 0), _MOST_HEADER)


def _has_header(plain: bytes) -> bool:
    """Return whether the first bytes of a file hold all of its header; a line that reaches their end may go on."""
    found = _last_line(plain)
    return found is not None and found.end() < len(plain)


def _plain(data: bytes) -> bytes:
    r"""Return text of one byte a character without its byte order mark, lone carriage returns as newlines."""
    data = data.removeprefix(_BOM)
    if wide := _wide(data):
        # What is cut off within a character is as long as it is whole.
        data = codecs.getincrementaldecoder(wide)(errors="replace").decode(data).encode()
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _wide(data: bytes) -> str:
    """Return the encoding of a text of two or four bytes a character; empty if it is another."""
    return next((name for start, name in _WIDE.items() if data.startswith(start)), "")


def _without_end(plain: bytes, start: int, width: int) -> tuple[bytes, str, list[str]]:
    """Take off marks of the end and lines of words after the last row; return also the first word, and notes."""
    notes = []
    # Nearly every file ends in a row, and to strip a file copies it.
    if plain[-64:].strip(_BLANKS)[-1:] in (b"\x1a", b"\0", b""):
        kept = plain.rstrip(_END_MARKS + _BLANKS)
        if marks := sum(plain.count(mark, len(kept)) for mark in (b"\x1a", b"\0")):
            notes.append(f"bytes 0x1A or 0x00 after the last row were left out: {marks:,}")
            plain = kept + b"\n"
    first, end, count = len(plain), len(plain), 0
    while end > start:
        line = max(plain.rfind(b"\n", start, end) + 1, start)
        words = plain[line:end].split()
        if words and _is_row(words, width):
            break
        if words:
            first, count = line, count + 1
        end = line - 1
    if not count:
        return plain, "", notes
    word = _token(plain, first)
    notes.append(f"lines of words after the last row were left out: {count:,}, the first with {_shown(word)}")
    return plain[:first], word, notes


def _is_row(words: list[bytes], width: int) -> bool:
    """Return whether a line is a row, maybe a damaged one, and not words."""
    numbers = sum(map(bool, map(_LIKE_A_NUMBER.match, words)))
    return numbers > 0 and (bool(_LIKE_A_NUMBER.match(words[0])) or len(words) == width)


def _place(data: bytes, at: int) -> tuple[int, int]:
    """Return line and column of a place in the text, both from 1."""
    return data.count(b"\n", 0, at) + 1, at - (data.rfind(b"\n", 0, at) + 1) + 1


def _rows(
    plain: bytes, header: Header, name: str, pick: Pick | None, lenient: bool, notes: list[str]
) -> tuple[Floats, range]:
    """Return what the picked rows hold, and which they are."""
    from motionprep.formats import rows

    skeleton, declared = header.skeleton, header.frames
    width = len(skeleton.channel_names)
    plain, stray, more = _without_end(plain, header.size, width)
    notes += more
    text = np.frombuffer(plain, dtype=np.uint8)

    def read(count: int) -> tuple[Floats, range, int, int, int, int]:
        picked = pick(count, header.rate) if pick else range(count)
        values = np.empty((len(picked), width))
        return values, picked, *rows.read_rows(text, header.size, count, picked, values)

    def refuse(message: str, at: int) -> NoReturn:
        line, column = _place(plain, at)
        raise ReadError(message, path=name, line=line, column=column)

    # A row has at least a digit and a blank or newline for each channel.
    most = (text.size - header.size + 1) // (2 * width)
    count = declared if declared <= most else min(_rows_from(plain, header.size), most)
    values, picked, code, at, row, column = read(count)
    if stray and not lenient and code in (rows.OK, rows.TOO_FEW, rows.TOO_MANY):
        hint = "expected the end of the file; lenient reading leaves out what is no row"
        refuse(f"found {_shown(stray)} after the last row; {hint}", len(plain))
    if code == rows.OK and count < declared:
        code, row = rows.TOO_FEW, count
    if code in (rows.TOO_FEW, rows.TOO_MANY):
        there = row if code == rows.TOO_FEW else row + _rows_from(plain, at)
        message = f"Frames: says {declared:,}, the file has {there:,}"
        if there != declared and (not lenient or not there):
            hint = "lenient reading keeps the rows that are there" if there else "expected a row a frame"
            refuse(f"{message}; {hint}", at)
        if there != declared:
            notes.append(message)
        values, picked, code, at, row, column = read(there)
    if code != rows.OK:
        refuse(_row_message(code, plain, at, row, column, skeleton), at)
    return values, picked


def _rows_from(data: bytes, at: int) -> int:
    return sum(1 for line in data[at:].splitlines() if line.strip(b" \t"))


def _row_message(code: int, data: bytes, at: int, row: int, column: int, skeleton: Skeleton) -> str:
    from motionprep.formats import rows

    width = len(skeleton.channel_names)
    if code == rows.SHORT_ROW:
        return f"frame {row + 1} ends after {column} numbers; expected {width}"
    if code == rows.LONG_ROW:
        return f"frame {row + 1} goes on after {width} numbers with {_token(data, at)!r}; expected the end of the line"
    token = _token(data, at)
    return (
        f"frame {row + 1} has {token!r}{_comma(token)} in {skeleton.channel_names[column]}, "
        f"column {column + 1} of {width}; expected a finite number"
    )


def _token(data: bytes, at: int) -> str:
    words = data[at : at + 80].split(maxsplit=1)
    return words[0][:40].decode("utf-8", errors="replace") if words else ""


def _add_offsets(skeleton: Skeleton, values: Floats) -> None:
    column = 0
    for offset, names in zip(skeleton.offsets, skeleton.channels, strict=True):
        for name in names:
            if name in POSITION_CHANNELS:
                values[:, column] += offset[POSITION_CHANNELS.index(name)]
            column += 1


def _frame_time(rate: float) -> str:
    """Return the frame time that is read back as ``rate``, if there is one."""
    near = 1 / rate
    times = (near, math.nextafter(near, 0), math.nextafter(near, 1))
    # Few digits may mean another rate; with all of them a time is what it is.
    texts = [text for time in times for text in (repr(time), f"{time:#.17g}")]
    return next((text for text in texts if rate_of(text) == rate), repr(near))


def _shown(word: str) -> str:
    """Return a word as errors quote it: what is no BVH file may be one long word."""
    return repr(word if len(word) <= _LONGEST_SHOWN else word[:_LONGEST_SHOWN] + "...")


def _is_number(word: str) -> bool:
    return bool(_NUMBER.fullmatch(word)) and math.isfinite(float(word))


def _comma(word: str) -> str:
    """Return a hint where a number has a decimal comma."""
    return " (a decimal comma? BVH has decimal points)" if _COMMA.fullmatch(word) else ""


class _Words:
    """The words of a header, one after the other, each with its place."""

    def __init__(self, text: str) -> None:
        self.lines = text.split("\n")
        self.line = 0
        self.column = 0

    def fail(self, message: str, back: int = 0) -> NoReturn:
        raise ReadError(message, line=self.line + 1, column=self.column - back + 1)

    def peek(self) -> str:
        """Return the next word without taking it; ``""`` at the end."""
        while self.line < len(self.lines):
            match = _WORD.search(self.lines[self.line], self.column)
            if match:
                self.column = match.start()
                return match.group()
            if self.line == len(self.lines) - 1:
                break
            self.line, self.column = self.line + 1, 0
        return ""

    def take(self, expected: str) -> str:
        word = self.peek()
        if not word:
            self.fail(f"the file ends; expected {expected}")
        self.column += len(word)
        return word

    def rest(self, expected: str) -> str:
        """Take what is left of the line, but for braces: a name may hold blanks."""
        line = self.lines[self.line]
        end = next((at for at in range(self.column, len(line)) if line[at] in "{}"), len(line))
        value = line[self.column : end].strip()
        if not value:
            self.fail(f"found nothing; expected {expected}")
        self.column = line.index(value, self.column) + len(value)
        return value

    def expect(self, word: str) -> None:
        found = self.take(word)
        if found.lower() != word.lower():
            self.fail(f"found {_shown(found)}; expected {word}", back=len(found))

    def number(self, expected: str) -> float:
        word = self.take(expected)
        if not _is_number(word):
            self.fail(f"found {_shown(word)}{_comma(word)}; expected {expected}", back=len(word))
        return float(word)

    def count(self, expected: str) -> int:
        word = self.take(expected)
        if not re.fullmatch(r"[0-9]{1,15}", word):
            self.fail(f"found {_shown(word)}; expected {expected}", back=len(word))
        return int(word)


def _plain_header(plain: bytes, name: str, rate: float | None) -> Header:
    found = _last_line(plain)
    size = found.end() if found else min(len(plain), _MOST_HEADER)
    try:
        return _header(plain, size, rate)
    except ReadError as error:
        raise type(error)(error.message, path=name, line=error.line, column=error.column) from None


# A subject's takes begin with the same text, so most hierarchies need reading only once.
@lru_cache(maxsize=512)
def _known_hierarchy(text: str) -> Skeleton | None:
    """Return the skeleton of what stands before MOTION, or None if it is no whole hierarchy."""
    words = _Words(text)
    try:
        words.expect("HIERARCHY")
        skeleton = _hierarchy(words)
    except ReadError:
        return None
    return None if words.peek() else skeleton


def _header(plain: bytes, size: int, rate: float | None) -> Header:
    """Read a header that ends with its last line, at ``size``; errors have no path yet."""
    text, encoding = decode(plain[:size])
    notes: tuple[str, ...] = () if encoding == "UTF-8" else (f"names are not UTF-8; they were read as {encoding}",)
    text = text.replace("\r", "")
    words = _Words(text)
    if not text:
        words.fail("the file is empty; expected HIERARCHY")
    if plain.startswith(GIT_LFS):
        words.fail(NOT_FETCHED)
    motion = _MOTION.search(text, text.rfind("\n", 0, max(text.find("MOTION"), 0)) + 1)
    skeleton = _known_hierarchy(text[: motion.start()]) if motion else None
    if motion and skeleton:
        words.line = text.count("\n", 0, motion.start())
    else:
        words.expect("HIERARCHY")
        skeleton = _hierarchy(words)
    words.expect("MOTION")
    if not skeleton.channel_names:
        words.fail("no joint has a channel; expected CHANNELS with the numbers of a frame (this is a rest pose)", 6)
    _label(words, "Frames:")
    frames = words.count("a number of frames")
    if frames == 0:
        words.fail("found 0 frames; expected at least one", back=1)
    notes += _repeated(skeleton)
    if rate is None:
        rate = _rate(words, plain, size)
        if not _SHORTEST <= 1 / rate <= _LONGEST:
            notes += (f"Frame Time is {1 / rate:g} s, {rate:g} frames a second",)
    return Header(skeleton, frames, rate, size, notes)


@lru_cache(maxsize=512)
def _repeated(skeleton: Skeleton) -> tuple[str, ...]:
    """Note the joints that turn twice in a row about one axis, which one channel could express."""
    joints = [
        joint
        for joint, names in zip(skeleton.joints, skeleton.channels, strict=True)
        if any(one == next_one and one in ROTATION_CHANNELS for one, next_one in pairwise(names))
    ]
    return (
        (f"joints that turn twice in a row about one axis: {len(joints):,}, such as {joints[0]!r}",) if joints else ()
    )


def _rate(words: _Words, plain: bytes, size: int) -> float:
    """Read the line of the frame time."""
    try:
        if not words.peek():
            found = plain[size : size + _LONGEST_SHOWN].split()
            shown = _shown(found[0].decode(errors="replace")) if found else "nothing"
            words.fail(f"found {shown}; expected Frame Time:")
        words.expect("Frame")
        _label(words, "Time:")
        value = words.rest("a frame time in seconds")
        words.column -= len(value)
        word = words.peek()
        time = words.number("a frame time in seconds")
        rate = 1 / time if time > 0 else 0.0
        if not is_rate(rate):
            expected = "a time whose rate float32 can hold" if time > 0 else "a time above zero"
            words.fail(f"found a frame time of {time:g}; expected {expected}", back=len(word))
        if time >= _NO_TIME:
            words.fail(
                f"found a frame time of {word} s; expected seconds a frame: is it {word} frames a second "
                f"({1 / time:.6g}), or milliseconds ({time / 1000:g})?",
                back=len(word),
            )
        if extra := words.peek():
            words.fail(f"found {_shown(extra)}; expected the end of the line")
    except ReadError as error:
        raise RateError(f"{error.message}; {GIVEN_RATE}", line=error.line, column=error.column) from None
    return rate_of(word)


def _label(words: _Words, label: str) -> None:
    """Take ``Frames:``, whose colon may stand apart or close to the number."""
    word = words.take(label)
    bare = label.removesuffix(":")
    head, colon, tail = word.partition(":")
    if head.lower() != bare.lower():
        words.fail(f"found {_shown(word)}; expected {label}", back=len(word))
    if tail:
        words.column -= len(tail)
    elif not colon:
        found = words.take(label)
        if not found.startswith(":"):
            words.fail(f"found {_shown(found)}; expected ':'", back=len(found))
        words.column -= len(found) - 1


def _hierarchy(words: _Words) -> Skeleton:
    joints: list[str] = []
    parents: list[int] = []
    offsets: list[Vector | None] = []
    channels: list[tuple[str, ...] | None] = []
    end_sites: list[EndSite] = []
    seen: dict[str, int] = {}
    lines: dict[tuple[int, str], int] = {}
    open_joints: list[int] = []

    def begin(parent: int) -> None:
        line = words.line + 1
        name = words.rest("the joint's name")
        if name in seen:
            first = seen[name]
            words.fail(f"joint {name!r} stands twice, first in line {first}; expected a name of its own", len(name))
        seen[name] = line
        joints.append(name)
        parents.append(parent)
        offsets.append(None)
        channels.append(None)
        open_joints.append(len(joints) - 1)
        words.expect("{")

    words.expect("ROOT")
    begin(-1)
    while open_joints:
        joint = open_joints[-1]
        word = words.take(f"'}}' to close joint {joints[joint]!r}")
        kind = word.lower()
        if kind in ("offset", "channels"):
            first = lines.setdefault((joint, kind), words.line + 1)
            if (offsets[joint] if kind == "offset" else channels[joint]) is not None:
                words.fail(
                    f"joint {joints[joint]!r} has a second {kind.upper()}, the first in line {first}; expected one",
                    back=len(word),
                )
        if kind == "offset":
            offsets[joint] = _offset(words)
        elif kind == "channels":
            channels[joint] = _channels(words)
        elif kind == "joint":
            begin(joint)
        elif kind == "end":
            _site(words)
            end_sites.append(EndSite(joint, _end_site(words)))
        elif word == "}":
            if offsets[joint] is None:
                words.fail(f"joint {joints[joint]!r} has no OFFSET; expected one before its '}}'", back=1)
            if channels[joint] is None:
                words.fail(f"joint {joints[joint]!r} has no CHANNELS; expected them before its '}}'", back=1)
            open_joints.pop()
        else:
            words.fail(f"found {_shown(word)}; expected OFFSET, CHANNELS, JOINT, End Site or '}}'", back=len(word))
    if words.peek().lower() == "root":
        words.fail("found a second ROOT; expected MOTION (a file holds one skeleton)")
    return Skeleton(
        tuple(joints),
        tuple(parents),
        tuple(offset for offset in offsets if offset is not None),
        tuple(end_sites),
        tuple(names for names in channels if names is not None),
    )


def _offset(words: _Words) -> Vector:
    numbers: list[float] = []
    while len(numbers) < 3:
        word = words.peek()
        if word.lower() in _AFTER_OFFSET:
            words.fail(f"found {_shown(word)}; OFFSET has 3 numbers, found {len(numbers)}")
        numbers.append(words.number("an offset of three numbers"))
    if _is_number(words.peek()):
        line, column = words.line, words.column
        count = 3
        while _is_number(words.peek()):
            words.take("a number")
            count += 1
        words.line, words.column = line, column
        words.fail(f"OFFSET has 3 numbers, found {count}")
    x, y, z = numbers
    return x, y, z


def _channels(words: _Words) -> tuple[str, ...]:
    count = words.count("the number of channels")
    line, column = words.line, words.column
    names: list[str] = []
    while (word := words.peek()).lower() in _CHANNELS:
        names.append(_CHANNELS[word.lower()])
        if _twice(names):
            words.fail(f"{names[-1]} stands twice in this joint; expected each position channel once")
        words.take("a channel")
    if len(names) < count and word.lower() not in _AFTER_CHANNELS:
        known = ", ".join(_CHANNELS.values())
        words.fail(f"found {_shown(word)} as channel {len(names) + 1} of {count}; expected one of {known}")
    if len(names) != count:
        words.line, words.column = line, column - 1
        words.fail(f"CHANNELS says {count}, found {len(names)} names")
    return tuple(names)


def _twice(channels: Sequence[str]) -> str:
    """Return the position channel that stands twice, if one does; a rotation may: it turns again."""
    return next((name for name in POSITION_CHANNELS if channels.count(name) > 1), "")


def _site(words: _Words) -> None:
    """Take the second word of ``End Site``; some exporters number it, ``End Site-7``."""
    word = words.take("Site")
    if not _SITE.fullmatch(word):
        words.fail(f"found {_shown(word)}; expected Site", back=len(word))


def _end_site(words: _Words) -> Vector:
    # Some exporters name their End Sites; the name repeats the joint's or is of no use.
    line = words.line
    if words.peek() != "{" and words.line == line:
        words.rest("'{'")
    words.expect("{")
    words.expect("OFFSET")
    offset = _offset(words)
    words.expect("}")
    return offset
