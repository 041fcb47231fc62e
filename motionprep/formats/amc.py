"""Acclaim's motions (AMC): the angles of a skeleton's bones, frame by frame; the skeleton is in an ASF file.

A bone's degrees of freedom turn it about axes of its own, C, so to its parent it is turned by ``C R C^-1``; this is
written as channels Z, Y, X. An AMC file states no rate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

import numpy as np
from numba import njit
from numpy.typing import NDArray

from motionprep.errors import ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED, open_file, shown
from motionprep.formats import rows
from motionprep.formats.asf import AXES, Rig, parse_asf
from motionprep.motion.arrays import Floats
from motionprep.motion.motion import Motion
from motionprep.motion.rates import is_rate

#: Frames a second where nothing gives a rate: those of CMU's database, from which nearly all AMC files are.
RATE = 120.0
#: Below this cosine of the second of three angles the other two turn about one axis.
_LOCKED = 1e-12
#: Between the ASF file and the AMC file where both are one source.
_BETWEEN = b"\0"


def read_amc(path: str | os.PathLike[str], rig: Rig, *, rate: float | None = None, lenient: bool = False) -> Motion:
    """Read an AMC file.

    Parameters
    ----------
    path
        The file.
    rig
        Of its ASF file.
    rate
        Frames a second; those of CMU's database, 120, if None, since the file states none.
    lenient
        Keep the whole frames of a file that was cut within its last one.

    Raises
    ------
    ReadError
        If it is damaged or does not fit the ASF file; it names line and bone.
    OSError
        If it cannot be opened.
    """
    with open_file(path) as file:
        return parse_amc(file.read(), os.fspath(path), rig, rate=rate, lenient=lenient)


def join(name: str, asf: bytes, amc: bytes) -> bytes:
    """Return a skeleton and a motion as the bytes of one source; ``name`` is the ASF file's."""
    return name.encode() + b"\n" + asf.replace(_BETWEEN, b" ") + _BETWEEN + amc


def parse_joined(
    data: bytes,
    name: str,
    *,
    pick: Callable[[int, float], range] | None = None,
    rate: float | None = None,
    lenient: bool = False,
    notes: list[str] | None = None,
) -> tuple[Motion, float]:
    """Read a motion from what :func:`join` returned; return it and the metres of its unit. See :func:`parse_amc`."""
    rig, amc = _split(data)
    return parse_amc(amc, name, rig, pick=pick, rate=rate, lenient=lenient, notes=notes), rig.metres


def parse_joined_header(data: bytes, name: str) -> tuple[int, Rig]:
    """Return how many frames what :func:`join` returned has, by its number of lines, and the skeleton."""
    rig, amc = _split(data)
    return _Table(amc, name, rig, look=True).frames, rig


def _split(data: bytes) -> tuple[Rig, bytes]:
    both, _, amc = data.partition(_BETWEEN)
    asf_name, _, asf = both.partition(b"\n")
    return parse_asf(asf, asf_name.decode()), amc


def parse_amc(
    data: bytes,
    name: str,
    rig: Rig,
    *,
    pick: Callable[[int, float], range] | None = None,
    rate: float | None = None,
    lenient: bool = False,
    notes: list[str] | None = None,
) -> Motion:
    """Read a motion from the bytes of an AMC file.

    Parameters
    ----------
    data
        The whole file.
    name
        Stands in errors.
    rig
        Of its ASF file.
    pick
        From the number of frames and their rate to the frames to keep; the others are counted, not parsed.
    rate
        Frames a second; 120 if None.
    lenient
        As in :func:`read_amc`; a note names the frame that was left out.
    notes
        Takes a sentence for each thing that was odd and was let pass.

    Raises
    ------
    ReadError
        As :func:`read_amc`.
    """
    notes = [] if notes is None else notes
    if rate is None:
        notes.append(f"an AMC file states no rate; {RATE:g} frames a second, CMU's, were taken")
        rate = RATE
    elif not is_rate(rate):
        raise ValueError(f"rate is {rate}; expected frames a second, above 0")
    table = _Table(data, name, rig, lenient=lenient)
    if table.cut:
        notes.append(f"the file is cut in frame {table.frames + 1:,}, which was left out")
    picked = pick(table.frames, rate) if pick else range(table.frames)
    values = table.read(picked)
    if missing := [
        joint for joint, dof in zip(rig.skeleton.joints, rig.dof, strict=True) if dof and joint not in table.columns
    ]:
        notes.append(f"no angles of {', '.join(missing[:3])}{', ...' if len(missing) > 3 else ''}: rest pose")
    degrees = table.degrees if table.degrees is not None else rig.degrees
    return Motion(rig.skeleton, _channels(rig, table.columns, values, degrees), rate / picked.step)


class _Table:
    """The numbers of an AMC file, found as one row of text a frame.

    Each frame is a line with its number, then a line a bone, in the first frame's order. The names are blanked out and
    the lines of a frame joined, so that the kernel that reads BVH rows reads these.
    """

    def __init__(self, data: bytes, name: str, rig: Rig, *, look: bool = False, lenient: bool = False) -> None:
        if not data.strip():
            raise ReadError("the file is empty; expected a frame", path=name, line=1)
        if data.startswith(GIT_LFS):
            raise ReadError(NOT_FETCHED, path=name, line=1)
        self._data, self._name = data, name
        self._dof = dict(zip(rig.skeleton.joints, rig.dof, strict=True))
        self.degrees: bool | None = None
        self.cut = False
        self._first = self._head()
        self.columns = self._bones()
        if look:
            # A line a bone and one for the frame's number; empty ones are rare.
            lines = data.count(b"\n", self._first) + (not data.endswith(b"\n"))
            self.frames = lines // (len(self.columns) + 1)
            return
        self._width = 1 + sum(len(self._dof[bone]) for bone in self.columns)
        self._text = np.frombuffer(data + b"\n", np.uint8).copy()
        encoded = [bone.encode() for bone in self.columns]
        counts = np.array([len(self._dof[bone]) for bone in self.columns], np.int64)
        ends = np.cumsum([len(bone) for bone in encoded])
        letters = np.frombuffer(b"".join(encoded), np.uint8)
        code, at, self.frames, place = _join(self._text, self._first, letters, ends, counts)
        # A cut leaves nothing after the line that it was made in.
        if code == _JOINED:
            self.cut = lenient and self.frames > 1 and not _is_number(data.rsplit(maxsplit=1)[-1])
            self.frames -= self.cut
        else:
            self.cut = lenient and self.frames > 0 and b"\n" not in data[at:].strip()
            if not self.cut:
                raise self._unlike(code, at, place)
        if self.cut:
            ends_of_frames = np.flatnonzero(self._text[self._first :] == _NEWLINE)
            self._text = self._text[: self._first + ends_of_frames[self.frames - 1] + 1]

    def _fail(self, message: str, at: int) -> ReadError:
        return ReadError(message, path=self._name, line=self._data.count(b"\n", 0, at) + 1)

    def _lines(self, at: int) -> Iterator[tuple[int, list[bytes]]]:
        """Yield where each line starts and its words, blank ones left out."""
        while at < len(self._data):
            end = self._data.find(b"\n", at)
            end = len(self._data) if end < 0 else end
            if words := self._data[at:end].split():
                yield at, words
            at = end + 1

    def _head(self) -> int:
        """Return where the first frame starts; what stands before it may say the unit of angles."""
        for at, words in self._lines(0):
            if words[0].upper() in (b":DEGREES", b":RADIANS"):
                self.degrees = words[0].upper() == b":DEGREES"
            elif not words[0].startswith((b"#", b":")):
                if not words[0].isdigit():
                    raise self._fail(f"found {shown(_text_of(words[0]))}; expected the number of a frame", at)
                return at
        raise self._fail("the file has no frame", len(self._data))

    def _bones(self) -> dict[str, int]:
        """Return the first column of each bone of the first frame, in its order."""
        columns: dict[str, int] = {}
        column = 1
        lines = self._lines(self._first)
        next(lines)
        for at, words in lines:
            bone = _text_of(words[0])
            if words[0].isdigit():
                break
            if bone not in self._dof:
                raise self._fail(f"found bone {shown(bone)}; expected one of the ASF file", at)
            if bone in columns:
                raise self._fail(f"bone {shown(bone)} stands twice in a frame", at)
            columns[bone] = column
            column += len(self._dof[bone])
        return columns

    def _unlike(self, code: int, at: int, place: int) -> ReadError:
        """Return the error about a frame that has not the lines of the first."""
        names, words = list(self.columns), next(self._lines(at), (at, [b""]))[1]
        frame, found = f"frame {self.frames + 1}", shown(_text_of(words[0]))
        if code == _OTHER_BONE:
            return self._fail(f"{frame} has {found}; expected bone {names[place]!r}, as in the first frame", at)
        if code == _NOT_A_FRAME:
            return self._fail(
                f"found {found} after {frame[: -len(str(self.frames + 1))]}{self.frames}; expected a number", at
            )
        expected, there = len(self._dof[names[place]]), len(words) - 1
        return self._fail(f"{frame} has {there} numbers of bone {names[place]!r}; expected {expected}", at)

    def read(self, picked: range) -> Floats:
        """Return the numbers (F, K) of some frames, the frame's own number first."""
        values = np.empty((len(picked), self._width))
        code, at, row, column = rows.read_rows(self._text, self._first, self.frames, picked, values)
        if code != rows.OK:
            word = _text_of(self._data[at : at + 80].split(maxsplit=1)[0][:40])
            bones = [bone for bone, first in self.columns.items() if first <= column]
            what = f"bone {bones[-1]!r}" if bones else "its number"
            raise self._fail(f"frame {row + 1} has {word!r} in {what}; expected a finite number", at)
        numbers = values[:, 0]
        if len(picked) > 1 and (np.diff(numbers) != picked.step).any():
            row = int(np.argmax(np.diff(numbers) != picked.step)) + 1
            before, found = numbers[row - 1 : row + 1]
            raise ReadError(
                f"frame {found:g} follows frame {before:g}; expected {before + picked.step:g}", path=self._name
            )
        return values


def _is_number(word: bytes) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _text_of(word: bytes) -> str:
    return word.decode("utf-8", errors="replace")


_JOINED, _NOT_A_FRAME, _OTHER_BONE, _OTHER_COUNT = range(4)
_NEWLINE, _BLANK, _ZERO, _NINE = 10, 32, 48, 57


@njit(cache=True, nogil=True)
def _blank_out(text: NDArray[np.uint8], at: int) -> int:
    """Make blanks of what is white from a place on, and return where that ends."""
    while at < text.size and text[at] <= _BLANK:
        text[at] = _BLANK
        at += 1
    return at


@njit(cache=True, nogil=True)
def _count_words(text: NDArray[np.uint8], at: int) -> tuple[int, int]:
    """Return how many words a line has from a place on, and where it ends; make blanks of what is white in it."""
    words = 0
    inside = False
    while text[at] != _NEWLINE:
        if text[at] > _BLANK:
            words += not inside
            inside = True
        else:
            text[at] = _BLANK
            inside = False
        at += 1
    return words, at


@njit(cache=True, nogil=True)
def _join(
    text: NDArray[np.uint8],
    at: int,
    letters: NDArray[np.uint8],
    ends: NDArray[np.int64],
    counts: NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Make one line of each frame, and blank out names.

    Parameters
    ----------
    text
        Ends in a newline; changed in place.
    at
        Where the first frame's number is.
    letters, ends
        The names of the bones of a frame, end to end, and where each ends.
    counts
        How many numbers each has.

    Returns
    -------
    (code, at, frame, place)
        What stopped it and where: the place in the text, the frame (from 0; how many there are if nothing did) and
        the bone.
    """
    frame = 0
    while at < text.size:
        # The number of the frame, alone on its line.
        start = at
        while at < text.size and _ZERO <= text[at] <= _NINE:
            at += 1
        if at == start or text[at] > _BLANK:
            return _NOT_A_FRAME, start, frame, 0
        last = at
        for place in range(ends.size):
            start = at = _blank_out(text, at)
            first = ends[place - 1] if place else 0
            for letter in range(first, ends[place]):
                if at == text.size or text[at] != letters[letter]:
                    return _OTHER_BONE, start, frame, place
                text[at] = _BLANK
                at += 1
            if at == text.size or text[at] > _BLANK:
                return _OTHER_BONE, start, frame, place
            words, at = _count_words(text, at)
            if words != counts[place]:
                return _OTHER_COUNT, start, frame, place
            last = at
        at = _blank_out(text, at)
        text[last] = _NEWLINE
        frame += 1
    return _JOINED, at, frame, 0


def _channels(rig: Rig, columns: dict[str, int], values: Floats, degrees: bool) -> Floats:
    """Return the channels (F, C) of a motion."""
    joints = len(rig.skeleton.joints)
    turns, axes = np.full((joints, 3), -1, np.int64), np.zeros((joints, 3), np.int64)
    places = np.tile(rig.position, (len(values), 1))
    for joint, (name, dof) in enumerate(zip(rig.skeleton.joints, rig.dof, strict=True)):
        if name not in columns:
            continue
        turned = [(columns[name] + place, one[1]) for place, one in enumerate(dof) if one[0] == "r"]
        for place, (column, axis) in enumerate(turned):
            turns[joint, place], axes[joint, place] = column, AXES.index(axis)
        if joint == 0:
            for place, one in enumerate(dof):
                if one[0] == "t":
                    places[:, AXES.index(one[1])] += values[:, columns[name] + place]
    channels = np.empty((len(values), 3 + 3 * joints))
    channels[:, :3] = places
    _turn(values, turns, axes, rig.axes, np.pi / 180 if degrees else 1.0, channels)
    return channels


@njit(cache=True, nogil=True)
def _turn(
    values: Floats, turns: NDArray[np.int64], axes: NDArray[np.int64], own: Floats, radians: float, out: Floats
) -> None:
    """Fill angles Z, Y, X in degrees (F, 3 + 3 J), after the root's place, of rotations about joints' own axes.

    ``turns`` and ``axes`` (J, 3) are the columns of a joint's angles and what they turn about, the first first; -1 for
    none. ``own`` (J, 3, 3) are the joints' axes.
    """
    turned = np.empty((3, 3))
    for joint in range(len(turns)):
        frame_of = own[joint]
        for frame in range(len(values)):
            local = frame_of.T.copy()
            for place in range(3):
                column = turns[joint, place]
                if column < 0:
                    break
                angle = values[frame, column] * radians
                sine, cosine = np.sin(angle), np.cos(angle)
                one, other = (axes[joint, place] + 1) % 3, (axes[joint, place] + 2) % 3
                for k in range(3):
                    y, z = local[one, k], local[other, k]
                    local[one, k], local[other, k] = cosine * y - sine * z, sine * y + cosine * z
            for row in range(3):
                for k in range(3):
                    turned[row, k] = (
                        frame_of[row, 0] * local[0, k] + frame_of[row, 1] * local[1, k] + frame_of[row, 2] * local[2, k]
                    )
            level = np.hypot(turned[0, 0], turned[1, 0])
            at = 3 + 3 * joint
            out[frame, at + 1] = np.degrees(np.arctan2(-turned[2, 0], level))
            if level > _LOCKED:
                out[frame, at] = np.degrees(np.arctan2(turned[1, 0], turned[0, 0]))
                out[frame, at + 2] = np.degrees(np.arctan2(turned[2, 1], turned[2, 2]))
            else:
                out[frame, at] = np.degrees(np.arctan2(-turned[0, 1], turned[1, 1]))
                out[frame, at + 2] = 0.0
