"""BVH: a hierarchy of joints, then a row of channel values a frame.

Numbers are ``float()`` bit for bit. A position channel takes the place of the joint's ``OFFSET``, on any joint, as
Blender reads it; rotation channels compose in the order in which they stand.
"""

from __future__ import annotations

import math
import os
import re
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, Literal, NoReturn

import numpy as np

from motionprep.data import POSITION_CHANNELS, ROTATION_CHANNELS, EndSite, Floats, Motion, Skeleton, Vector
from motionprep.errors import MotionPrepWarning, ReadError
from motionprep.rates import is_rate

Positions = Literal["replace", "add"]
Pick = Callable[[int, float], range]

_BOM = b"\xef\xbb\xbf"
_FRAME_TIME = re.compile(rb"frame[ \t]+time[ \t]*:[^\r\n]*(\r\n|\n|\r|$)", re.IGNORECASE)
_MOTION = re.compile(r"^[ \t]*motion\b", re.IGNORECASE | re.MULTILINE)
_WORD = re.compile(r"[^\s{}]+|[{}]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_CHANNELS = {name.lower(): name for name in POSITION_CHANNELS + ROTATION_CHANNELS}
_WHOLE_RATE = 1e-3
_MOST_HEADER = 64 << 20
_LONGEST_SHOWN = 40


@dataclass(frozen=True)
class Header:
    """What a BVH file says before its first row.

    Parameters
    ----------
    skeleton
        The hierarchy.
    frames
        How many rows the file says it has.
    rate
        Frames a second.
    size
        Bytes up to the first row, without a byte order mark.
    """

    skeleton: Skeleton
    frames: int
    rate: float
    size: int


def read_bvh(
    path: str | os.PathLike[str],
    *,
    frames: slice | None = None,
    positions: Positions = "replace",
    lenient: bool = False,
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
        Where ``Frames:`` and the number of rows differ, warn and keep the rows that are there.

    Raises
    ------
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

    with Path(path).open("rb") as file:
        # What is no BVH file may be large.
        head = _read_head(file)
        if not _has_header(head):
            parse_bvh_header(head, os.fspath(path))
        file.seek(0)
        data = file.read()
    motion = parse_bvh(data, os.fspath(path), pick=pick, positions=positions, lenient=lenient, notes=notes)
    for note in notes:
        warnings.warn(f"{os.fspath(path)}: {note}", MotionPrepWarning, stacklevel=2)
    return motion


def read_bvh_header(path: str | os.PathLike[str]) -> Header:
    """Read what stands before the first row and nothing more.

    Raises
    ------
    ReadError
        As :func:`read_bvh`, for the part that is read.
    """
    with Path(path).open("rb") as file:
        data = _read_head(file)
    return parse_bvh_header(data, os.fspath(path))


def parse_bvh_header(data: bytes, name: str) -> Header:
    """Read the header from the first bytes of a file; ``name`` stands in errors.

    Raises
    ------
    ReadError
        As :func:`read_bvh`, for the part that is read.
    """
    return _plain_header(_plain(data), name)


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
        Frames a second, in place of the file's.
    positions, lenient
        As in :func:`read_bvh`.
    notes
        Takes a sentence for each thing that ``lenient`` let pass.

    Raises
    ------
    ReadError
        As :func:`read_bvh`.
    """
    from motionprep.formats import rows

    plain = _plain(data)
    header = _plain_header(plain, name)
    text = np.frombuffer(plain, dtype=np.uint8)
    skeleton = header.skeleton
    width = len(skeleton.channel_names)
    # A row has at least a digit and a blank or newline for each channel.
    most = (text.size - header.size + 1) // (2 * width) if width else 0
    declared = header.frames
    rate = header.rate if rate is None else rate

    def read(count: int) -> tuple[Floats, range, int, int, int, int]:
        picked = pick(count, rate) if pick else range(count)
        values = np.empty((len(picked), width))
        return values, picked, *rows.read_rows(text, header.size, count, picked, values)

    count = declared if declared <= most else min(_rows_from(plain, header.size), most)
    values, picked, code, at, row, column = read(count)
    if code == rows.OK and count < declared:
        code, row = rows.TOO_FEW, count
    if code in (rows.TOO_FEW, rows.TOO_MANY):
        there = row if code == rows.TOO_FEW else row + _rows_from(plain, at)
        message = f"Frames: says {declared:,}, the file has {there:,}"
        if there != declared and (not lenient or not there):
            line, place = _place(plain, at)
            hint = "lenient reading keeps the rows that are there" if there else "expected a row a frame"
            raise ReadError(f"{message}; {hint}", path=name, line=line, column=place)
        if there != declared and notes is not None:
            notes.append(message)
        values, picked, code, at, row, column = read(there)
    if code != rows.OK:
        line, place = _place(plain, at)
        raise ReadError(_row_message(code, plain, at, row, column, skeleton), path=name, line=line, column=place)
    if positions == "add":
        _add_offsets(skeleton, values)
    elif positions != "replace":
        raise ValueError(f"positions is {positions!r}; it is 'replace' or 'add'")
    return Motion(skeleton, values, rate / picked.step)


def write_bvh(motion: Motion, path: str | os.PathLike[str]) -> None:
    """Write a motion so that :func:`read_bvh` gives it back equal.

    Numbers are written with the fewest digits that read back the same. Joints are written depth first; a skeleton whose
    joints stand otherwise, and a rate within 0.1 % of a whole number, come back in the file's order and rounded.

    Raises
    ------
    ValueError
        If a joint's name holds a brace or a line's end, or begins or ends in a blank, or the joints are bare points.
    OSError
        If the file cannot be written; it is replaced whole or not at all.
    """
    path = Path(path)
    skeleton = motion.skeleton
    if skeleton.bare and len(skeleton.joints) > 1:
        raise ValueError("bare points cannot be written as BVH; expected joints that hang from one root")
    for name in skeleton.joints:
        if name != name.strip() or re.search(r"[{}\r\n]", name):
            raise ValueError(f"joint {name!r} cannot be written as BVH; expected no brace, line's end or outer blank")
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
    lines += ["MOTION", f"Frames: {motion.frames}", f"Frame Time: {_frame_time(motion.rate)!r}"]
    lines += [_numbers(row) for row in motion.channels[:, columns].tolist()]
    beside = path.with_name(path.name + ".part")
    try:
        beside.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def _numbers(values: list[float] | Vector) -> str:
    return " ".join(map(repr, map(float, values)))


def _might_be_bvh(data: bytes) -> bool:
    return data.removeprefix(_BOM).lstrip()[:9].upper() == b"HIERARCHY"


def _read_head(file: BinaryIO) -> bytes:
    """Return as much of the beginning of a file as its header takes, and not much more."""
    size = 1 << 14
    data = file.read(size)
    while not _has_header(data) and _might_be_bvh(data) and size < _MOST_HEADER:
        more = file.read(size)
        if not more:
            break
        data += more
        size *= 2
    return data


def _last_line(data: bytes) -> re.Match[bytes] | None:
    """Return where the last line of a header stands."""
    # As a rule it is behind this word, and a search for letters of either case takes its time.
    return _FRAME_TIME.search(data, max(data.find(b"MOTION", 0, _MOST_HEADER), 0), _MOST_HEADER)


def _has_header(data: bytes) -> bool:
    """Return whether the first bytes of a file hold all of its header; a line that reaches their end may go on."""
    found = _last_line(data)
    return found is not None and found.end() < len(data)


def _plain(data: bytes) -> bytes:
    r"""Take off the byte order mark and turn lone carriage returns, in a file that has them, into newlines."""
    data = data.removeprefix(_BOM)
    if b"\r" in data and data.count(b"\r") != data.count(b"\r\n"):
        return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return data


def _place(data: bytes, at: int) -> tuple[int, int]:
    """Return line and column of a place in the text, both from 1."""
    return data.count(b"\n", 0, at) + 1, at - (data.rfind(b"\n", 0, at) + 1) + 1


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
    hint = " (a decimal comma? BVH has decimal points)" if re.fullmatch(r"[+-]?\d+,\d+", token) else ""
    return (
        f"frame {row + 1} has {token!r}{hint} in {skeleton.channel_names[column]}, "
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


def _rate(frame_time: float) -> float:
    """Return frames a second; ``.0083333`` is 120, as what is within 0.1 % of a whole number is that number."""
    rate = 1 / frame_time
    whole = round(rate)
    if whole and abs(rate - whole) <= _WHOLE_RATE * whole:
        return float(whole)
    return rate


def _frame_time(rate: float) -> float:
    """Return the frame time that is read back as ``rate``, if there is one."""
    near = 1 / rate
    return next(
        (time for time in (near, math.nextafter(near, 0), math.nextafter(near, 1)) if _rate(time) == rate), near
    )


def _shown(word: str) -> str:
    """Return a word as errors quote it: what is no BVH file may be one long word."""
    return repr(word if len(word) <= _LONGEST_SHOWN else word[:_LONGEST_SHOWN] + "...")


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
        if not _NUMBER.fullmatch(word) or not math.isfinite(float(word)):
            self.fail(f"found {_shown(word)}; expected {expected}", back=len(word))
        return float(word)

    def count(self, expected: str) -> int:
        word = self.take(expected)
        if not re.fullmatch(r"[0-9]{1,15}", word):
            self.fail(f"found {_shown(word)}; expected {expected}", back=len(word))
        return int(word)


def _plain_header(plain: bytes, name: str) -> Header:
    found = _last_line(plain)
    try:
        return _header(plain[: found.end()] if found else plain[:_MOST_HEADER])
    except ReadError as error:
        raise ReadError(error.message, path=name, line=error.line, column=error.column) from None


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


def _header(data: bytes) -> Header:
    """Read a header that ends with its ``Frame Time`` line; errors have no path yet."""
    text = data.decode("utf-8", errors="replace").replace("\r", "")
    words = _Words(text)
    motion = _MOTION.search(text, text.rfind("\n", 0, max(text.find("MOTION"), 0)) + 1)
    skeleton = _known_hierarchy(text[: motion.start()]) if motion else None
    if motion and skeleton:
        words.line = text.count("\n", 0, motion.start())
    else:
        words.expect("HIERARCHY")
        skeleton = _hierarchy(words)
    words.expect("MOTION")
    _label(words, "Frames:")
    frames = words.count("a number of frames")
    if frames == 0:
        words.fail("found 0 frames; expected at least one", back=1)
    words.expect("Frame")
    _label(words, "Time:")
    value = words.rest("a frame time in seconds")
    words.column -= len(value)
    time = words.number("a frame time in seconds")
    rate = 1 / time if time > 0 else 0.0
    if not is_rate(rate):
        expected = "a time whose rate float32 can hold" if time > 0 else "a time above zero"
        words.fail(f"found a frame time of {time:g}; expected {expected}", back=len(value.split()[0]))
    if extra := words.peek():
        words.fail(f"found {_shown(extra)}; expected the end of the line")
    return Header(skeleton, frames, _rate(time), len(data))


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
        if kind == "offset":
            offsets[joint] = _offset(words)
        elif kind == "channels":
            channels[joint] = _channels(words)
        elif kind == "joint":
            begin(joint)
        elif kind == "end":
            words.expect("Site")
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
    x, y, z = (words.number("an offset of three numbers") for _ in range(3))
    return x, y, z


def _channels(words: _Words) -> tuple[str, ...]:
    count = words.count("the number of channels")
    names = []
    for number in range(count):
        word = words.take(f"channel {number + 1} of {count}")
        if word.lower() not in _CHANNELS:
            known = ", ".join(_CHANNELS.values())
            words.fail(
                f"found {_shown(word)} as channel {number + 1} of {count}; expected one of {known}", back=len(word)
            )
        names.append(_CHANNELS[word.lower()])
    return tuple(names)


def _end_site(words: _Words) -> Vector:
    # Some exporters name their End Sites; the name is the joint's own or says nothing.
    line = words.line
    if words.peek() != "{" and words.line == line:
        words.rest("'{'")
    words.expect("{")
    words.expect("OFFSET")
    offset = _offset(words)
    words.expect("}")
    return offset
