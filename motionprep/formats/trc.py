"""Markers as text (TRC), by Motion Analysis and OpenSim: a line a frame, three numbers a marker, blanks where none is.

Five lines stand before the first frame: the kind of the file; names of facts and, below them, the facts; the markers'
names, each above its x; and the numbered axes. Cells are separated by tabs or by commas.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import RateError, ReadError
from motionprep.files.reading import GIT_LFS, NOT_FETCHED, open_file, shown
from motionprep.motion.markers import Markers
from motionprep.motion.rates import GIVEN_RATE, RATES, is_rate, near_rate
from motionprep.naming.encoding import decode
from motionprep.naming.unique import unique
from motionprep.naming.units import metres_of

#: More than the lines before the first frame have, of hundreds of markers.
HEAD_BYTES = 1 << 16
_MISSING = ("", "nan", "NaN", "NAN")
#: How far the times of frames may be off the stated rate before that is noted.
_OFF = 0.01


@dataclass(frozen=True)
class TRCHeader:
    """Header of a TRC file: all before its first frame.

    Parameters
    ----------
    names, raw_names
        Names of the markers without prefixes such as ``A:``, and as the file has them.
    frames
        Number of frames that the header states.
    rate, units
        Frames a second; unit of length.
    separator
        Between cells, a tab or a comma.
    lines
        How many lines the header has.
    notes
        What was odd and was let pass.
    """

    names: tuple[str, ...]
    raw_names: tuple[str, ...]
    frames: int
    rate: float
    units: str
    separator: str
    lines: int
    notes: tuple[str, ...]


def read_trc(path: str | os.PathLike[str], *, rate: float | None = None, lenient: bool = False) -> Markers:
    """Read a TRC file.

    Parameters
    ----------
    path
        The file.
    rate
        Frames a second, in place of the file's, which then may have none.
    lenient
        Keep the whole frames that are there of a file that was cut. Where ``NumFrames`` states another number than
        there are and the last line is whole, all are kept anyway, with a note.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If it is damaged; it names line and marker.
    OSError
        If it cannot be opened.
    """
    with open_file(path) as file:
        return parse_trc(file.read(), os.fspath(path), rate=rate, lenient=lenient)


def read_trc_header(data: bytes, name: str, *, rate: float | None = None) -> TRCHeader:
    """Read the header from the first :data:`HEAD_BYTES` bytes of a file; errors as :func:`read_trc`."""
    return _header(_lines(data, name), name, rate)


def parse_trc(data: bytes, name: str, *, rate: float | None = None, lenient: bool = False) -> Markers:
    """Read markers from the bytes of a TRC file; ``name`` stands in errors. See :func:`read_trc`."""
    lines = _lines(data, name)
    header = _header(lines, name, rate)
    notes = list(header.notes)
    rows = [(number, line) for number, line in enumerate(lines[header.lines :], header.lines + 1) if line.strip(", \t")]
    if not rows:
        raise ReadError(f"NumFrames is {header.frames:,}, the file has no frame", path=name, line=header.lines)
    if len(rows) != header.frames:
        message = f"NumFrames is {header.frames:,}, the file has {len(rows):,} frames"
        # A file that was cut ends within a line as a rule; one whose last line is whole was written so.
        whole = rows[-1][1].count(header.separator) >= rows[0][1].count(header.separator)
        if not (lenient or whole):
            raise ReadError(
                f"{message}, the last one cut; lenient reading keeps the frames that are there",
                path=name,
                line=rows[-1][0],
            )
        notes.append(message)
        rows = rows if whole else rows[:-1]
    width = 2 + 3 * len(header.names)
    cells = np.array([_cells(line, header, width, number, name) for number, line in rows])
    numbers = _numbers(cells, header, [number for number, _ in rows], name)
    _check_frames(numbers[:, 0], [number for number, _ in rows], name)
    notes += _of_times(numbers[:, 1], header.rate)
    positions = np.ascontiguousarray(numbers[:, 2:].reshape(len(rows), len(header.names), 3))
    there = np.isfinite(positions)
    visible = there.all(axis=2)
    if partly := int((there.any(axis=2) & ~visible).sum()):
        notes.append(f"{partly:,} samples have some of their three numbers alone; they were read as not visible")
    positions[~visible] = 0.0
    return Markers(
        header.names,
        positions,
        visible,
        header.rate,
        header.units,
        max(1, int(numbers[0, 0])),
        header.raw_names,
        tuple(notes),
    )


def _lines(data: bytes, name: str) -> list[str]:
    if not data.strip():
        raise ReadError("the file is empty; expected PathFileType", path=name, line=1)
    if data.startswith(GIT_LFS):
        raise ReadError(NOT_FETCHED, path=name, line=1)
    return decode(data)[0].removeprefix("\ufeff").splitlines()


def _header(lines: Sequence[str], name: str, rate: float | None) -> TRCHeader:
    first = lines[0].lower()
    if not first.startswith("pathfiletype"):
        raise ReadError(f"found {shown(lines[0])}; expected PathFileType", path=name, line=1)
    if len(lines) < 5:
        raise ReadError(f"the file ends after {len(lines)} lines; expected a header of 5", path=name, line=len(lines))
    separator = "\t" if "\t" in lines[0] else ","
    facts = dict(zip(_split(lines[1], separator), _split(lines[2], separator), strict=False))
    facts = {word.lower(): value for word, value in facts.items()}
    notes: list[str] = []
    frames = _whole(facts, "NumFrames", name)
    stated = _whole(facts, "NumMarkers", name)
    units = facts.get("units", "")
    if not units:
        units = "mm"
        notes.append("Units is missing; positions were taken to be in mm")
    elif metres_of(units) is None:
        notes.append(f"Units is {shown(units)}, which is no unit of length that is known")
    raw = _split(lines[3], separator)
    if [word.lower() for word in raw[:2]] != ["frame#", "time"]:
        raise ReadError(f"found {shown(' '.join(raw[:2]))}; expected Frame# and Time", path=name, line=4)
    labels = raw[2::3]
    while labels and not labels[-1]:
        labels.pop()
    if "" in labels:
        place = labels.index("") + 1
        raise ReadError(f"marker {place} has no name; expected a name above each x", path=name, line=4)
    if len(labels) != stated:
        # The numbered axes are the third account of how many there are.
        axes = sum(cell[:1].upper() == "X" for cell in _split(lines[4], separator))
        if axes != len(labels):
            raise ReadError(
                f"NumMarkers is {stated:,}, there are {len(labels):,} names and {axes:,} numbered axes x; expected as "
                "many of each",
                path=name,
                line=4,
            )
        notes.append(f"NumMarkers is {stated:,}; names and axes are those of {len(labels):,} markers")
    names, renamed = unique([label.rpartition(":")[2].strip() or label for label in labels])
    if renamed:
        notes.append(f"labels that stood twice: {', '.join(f'{labels[at]} -> {names[at]}' for at in renamed)}")
    return TRCHeader(names, tuple(labels), frames, _rate(facts, rate, name), units, separator, 5, tuple(notes))


def _split(line: str, separator: str) -> list[str]:
    return [cell.strip() for cell in line.split(separator)]


def _whole(facts: dict[str, str], word: str, name: str) -> int:
    text = facts.get(word.lower(), "")
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise ReadError(f"{word} is {shown(text)}; expected a whole number", path=name, line=3)
    return int(text)


def _rate(facts: dict[str, str], rate: float | None, name: str) -> float:
    if rate is not None:
        return rate
    text = facts.get("datarate", "")
    try:
        stated = float(text)
    except ValueError:
        stated = 0.0
    if not is_rate(stated):
        raise RateError(f"DataRate is {shown(text)}; expected {RATES}; {GIVEN_RATE}", path=name, line=3)
    return near_rate(stated)


def _cells(line: str, header: TRCHeader, width: int, number: int, name: str) -> list[str]:
    """Return the cells of a line; blank ones at its end may be missing, or be more than there are columns."""
    cells = _split(line, header.separator)
    if more := [cell for cell in cells[width:] if cell]:
        raise ReadError(
            f"found {shown(more[0])} after {width:,} cells; expected the end of the line", path=name, line=number
        )
    return cells[:width] + [""] * (width - len(cells))


def _numbers(cells: NDArray[Any], header: TRCHeader, lines: Sequence[int], name: str) -> NDArray[Any]:
    """Return cells (F, K) as float64, NaN where they are blank."""
    blank = np.isin(cells, _MISSING)
    try:
        numbers: NDArray[Any] = np.where(blank, "nan", cells).astype(np.float64)
    except ValueError:
        numbers = np.full(cells.shape, np.inf)
        for place, cell in np.ndenumerate(cells):
            try:
                numbers[place] = float(cell) if not blank[place] else np.nan
            except ValueError:
                break
    bad = np.isinf(numbers)
    bad[:, :2] |= blank[:, :2]
    if bad.any():
        row, column = map(int, np.argwhere(bad)[0])
        what = (
            ("Frame#", "Time")[column]
            if column < 2
            else f"{'xyz'[(column - 2) % 3]} of {header.names[(column - 2) // 3]}"
        )
        raise ReadError(
            f"found {shown(str(cells[row, column]))} as {what}; expected a finite number"
            f"{' or a blank' if column > 1 else ''}",
            path=name,
            line=lines[row],
        )
    return numbers


def _check_frames(numbers: NDArray[Any], lines: Sequence[int], name: str) -> None:
    wrong = np.flatnonzero(np.diff(numbers) != 1)
    if len(wrong):
        at = int(wrong[0])
        raise ReadError(
            f"frame {numbers[at + 1]:g} follows frame {numbers[at]:g}; expected {numbers[at] + 1:g}",
            path=name,
            line=lines[at + 1],
        )


def _of_times(times: NDArray[Any], rate: float) -> list[str]:
    """Return a note if the times of frames are another rate than the stated one."""
    if len(times) < 2 or times[-1] <= times[0]:
        return []
    by_times = (len(times) - 1) / (times[-1] - times[0])
    if abs(by_times / rate - 1) <= _OFF:
        return []
    return [f"DataRate is {rate:g}, the times of frames are {by_times:.6g} a second; the former was taken"]
