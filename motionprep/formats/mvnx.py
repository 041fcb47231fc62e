"""Xsens's motions (MVNX): where each segment of a body is and how it is turned in the world, frame by frame, as XML.

A joint is the origin of a segment and has its name. Orientations are unit quaternions, wxyz, from the segment's frame
to the world; positions are in metres; z is up (MVN User Manual, "MVNX").
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

import numpy as np

from motionprep.errors import RateError, ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED, open_file, shown
from motionprep.motion import rotations
from motionprep.motion.arrays import Floats
from motionprep.motion.motion import Motion
from motionprep.motion.rates import GIVEN_RATE, RATES, is_rate, near_rate
from motionprep.motion.skeleton import Skeleton

#: Numbers that a segment has in a frame, by the element that holds them.
_WIDTHS = {"orientation": 4, "position": 3}
_MOST_SEGMENTS = 1000
#: How far a joint may be, in metres, from where bones of one length put it before that is noted.
_OFF = 0.01
#: How far the length of a quaternion may be from 1.
_UNIT = 0.01


@dataclass(frozen=True)
class MVNXHeader:
    """Header of an MVNX file.

    Parameters
    ----------
    joints, parents
        Names of the segments, parents first, and index of each one's parent.
    frames
        How many there are, without those of calibration.
    rate
        Frames a second.
    """

    joints: tuple[str, ...]
    parents: tuple[int, ...]
    frames: int
    rate: float

    @property
    def skeleton(self) -> Skeleton:
        """The segments, without lengths."""
        return Skeleton.turning(self.joints, self.parents, np.zeros((len(self.joints), 3)))


def read_mvnx(path: str | os.PathLike[str], *, rate: float | None = None) -> Motion:
    """Read an MVNX file; ``rate`` overrides the file's.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If it is damaged; it names line and segment.
    OSError
        If it cannot be opened.
    """
    with open_file(path) as file:
        return parse_mvnx(file.read(), os.fspath(path), rate=rate)


def read_mvnx_header(data: bytes, name: str, *, rate: float | None = None) -> MVNXHeader:
    """Read the header from the bytes of an MVNX file, all of which are looked through; errors as :func:`read_mvnx`."""
    return _Document(data, name).header(rate)[0]


def parse_mvnx(
    data: bytes,
    name: str,
    *,
    pick: Callable[[int, float], range] | None = None,
    rate: float | None = None,
    notes: list[str] | None = None,
) -> Motion:
    """Read a motion from the bytes of an MVNX file.

    Bones have the lengths that they have on average over the frames that are read.

    Parameters
    ----------
    data
        The whole file.
    name
        Stands in errors.
    pick
        From the number of frames and their rate to the frames to keep.
    rate
        Frames a second, in place of the file's.
    notes
        Takes a sentence for each thing that was odd and was let pass.

    Raises
    ------
    ReadError
        As :func:`read_mvnx`.
    """
    document = _Document(data, name)
    header, order = document.header(rate)
    picked = pick(header.frames, header.rate) if pick else range(header.frames)
    turned = rotations.from_quaternion(document.numbers("orientation", picked)[:, order])
    placed = document.numbers("position", picked)[:, order]
    joints = len(header.joints)
    local, between = turned.copy(), np.zeros((len(picked), joints, 3))
    parents = np.array(header.parents[1:], np.intp)
    to_parent = turned[:, parents].swapaxes(-1, -2)
    local[:, 1:] = to_parent @ turned[:, 1:]
    between[:, 1:] = (to_parent @ (placed[:, 1:] - placed[:, parents])[..., None])[..., 0]
    offsets = between.mean(axis=0) if len(picked) else np.zeros((joints, 3))
    if notes is not None and len(picked):
        off = np.linalg.norm(between - offsets, axis=2).max(axis=0)
        if off.max() > _OFF:
            worst = int(off.argmax())
            notes.append(
                f"bones were read with one length each; {header.joints[worst]} is up to {off[worst]:.3f} m from there"
            )
    skeleton = Skeleton.turning(header.joints, header.parents, offsets)
    return Motion.turning(skeleton, placed[:, 0], local, header.rate / picked.step)


class _Document:
    """What an MVNX file has of a motion, as text."""

    def __init__(self, data: bytes, name: str) -> None:
        if not data.strip():
            raise ReadError("the file is empty; expected <mvnx>", path=name, line=1)
        if data.startswith(GIT_LFS):
            raise ReadError(NOT_FETCHED, path=name, line=1)
        self._name = name
        self._rate: str | None = None
        self._segments: list[str] = []
        self._parent_of: dict[str, str] = {}
        self._texts: dict[str, list[tuple[int, str]]] = {element: [] for element in _WIDTHS}
        self._frames = 0
        self._root = ""
        self._in_frame = False
        self._connected: dict[str, str] = {}
        self._text: list[str] | None = None
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        # Entities could name other files, or grow without end.
        parser.StartDoctypeDeclHandler = self._refuse
        try:
            parser.Parse(data, True)
        except expat.ExpatError as error:
            raise ReadError(
                f"is no whole XML: {expat.ErrorString(error.code)}; it is cut or damaged",
                path=name,
                line=error.lineno,
                column=error.offset + 1,
            ) from None

    def _fail(self, message: str, line: int | None = None) -> ReadError:
        return ReadError(message, path=self._name, line=line)

    def _refuse(self, *_: Any) -> None:
        raise self._fail(
            "has a document type, which may define entities; expected none", self._parser.CurrentLineNumber
        )

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        if not self._root:
            self._root = tag
            if tag != "mvnx":
                raise self._fail(f"found <{tag[:40]}>; expected <mvnx>", self._parser.CurrentLineNumber)
        elif tag == "subject":
            if self._rate is not None:
                raise self._fail("has two subjects; export each to a file of its own", self._parser.CurrentLineNumber)
            self._rate = attributes.get("frameRate", "")
        elif tag == "segment":
            self._segments.append(attributes.get("label", ""))
        elif tag == "frame":
            self._in_frame = attributes.get("type", "normal") == "normal"
            self._frames += self._in_frame
        elif tag in ("connector1", "connector2") or (self._in_frame and tag in _WIDTHS):
            self._text = []

    def _characters(self, text: str) -> None:
        if self._text is not None:
            self._text.append(text)

    def _end(self, tag: str) -> None:
        if tag == "frame":
            self._in_frame = False
        if self._text is None:
            return
        text, self._text = "".join(self._text), None
        if tag in _WIDTHS:
            self._texts[tag].append((self._parser.CurrentLineNumber, text))
            return
        self._connected[tag] = text.strip().partition("/")[0]
        if tag == "connector2":
            self._parent_of[self._connected["connector2"]] = self._connected.get("connector1", "")

    def header(self, rate: float | None) -> tuple[MVNXHeader, list[int]]:
        """Return the header, and which of the file's segments each joint is."""
        names = self._segments
        if not 0 < len(names) <= _MOST_SEGMENTS or "" in names or len({*names}) != len(names):
            raise self._fail(f"has {len(names):,} segments; expected each with a label of its own")
        if unknown := sorted(({*self._parent_of} | {*self._parent_of.values()}) - {*names}):
            raise self._fail(f"a joint connects {shown(unknown[0])}, which is no segment")
        roots = [segment for segment in names if segment not in self._parent_of]
        if len(roots) != 1:
            raise self._fail(f"has {len(roots)} segments that hang on no other by <joints>; expected one")
        order = [roots[0]]
        for segment in order:
            order += [child for child in names if self._parent_of.get(child) == segment]
        if len(order) != len(names):
            raise self._fail("has <joints> that go round in a circle; expected a tree")
        if not self._frames:
            raise self._fail("has no frame of type normal")
        for element, texts in self._texts.items():
            if len(texts) != self._frames:
                raise self._fail(
                    f"has {len(texts):,} times <{element}> in {self._frames:,} frames; expected one in each"
                )
        parents = tuple(order.index(self._parent_of[one]) if one in self._parent_of else -1 for one in order)
        joints = MVNXHeader(tuple(order), parents, self._frames, rate or self._stated_rate())
        return joints, [names.index(segment) for segment in order]

    def _stated_rate(self) -> float:
        text = self._rate or ""
        try:
            stated = float(text)
        except ValueError:
            stated = 0.0
        if not is_rate(stated):
            raise RateError(f"frameRate is {shown(text)}; expected {RATES}; {GIVEN_RATE}", path=self._name)
        return near_rate(stated)

    def numbers(self, element: str, picked: range) -> Floats:
        """Return the numbers (F, segments, 3 or 4) of some frames."""
        width = _WIDTHS[element]
        count = width * len(self._segments)
        values = np.empty((len(picked), count))
        for row, frame in enumerate(picked):
            line, text = self._texts[element][frame]
            words = text.split()
            if len(words) != count:
                raise self._fail(f"frame {frame + 1:,} has {len(words)} numbers in <{element}>; expected {count}", line)
            try:
                values[row] = words
                good = bool(np.isfinite(values[row]).all())
            except ValueError:
                good = False
            if not good:
                place = next(at for at, word in enumerate(words) if not _is_finite(word))
                segment = self._segments[place // width]
                raise self._fail(
                    f"frame {frame + 1:,} has {shown(words[place])} as {element} of {segment}; expected a finite "
                    "number",
                    line,
                )
        shaped = values.reshape(len(picked), -1, width)
        if element == "orientation":
            lengths = np.linalg.norm(shaped, axis=2)
            if (np.abs(lengths - 1) > _UNIT).any():
                row, segment_at = map(int, np.argwhere(np.abs(lengths - 1) > _UNIT)[0])
                raise self._fail(
                    f"frame {picked[row] + 1:,} has a quaternion of length {lengths[row, segment_at]:.3g} for "
                    f"{self._segments[segment_at]}; expected 1",
                    self._texts[element][picked[row]][0],
                )
            shaped = shaped / lengths[..., None]
        return shaped


def _is_finite(word: str) -> bool:
    try:
        return bool(np.isfinite(float(word)))
    except ValueError:
        return False
