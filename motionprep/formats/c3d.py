"""C3D, the format of optical motion capture: labelled points over time, read straight from the bytes.

A file is a header of one block of 512 bytes, a parameter section (groups of named arrays) and the frames. A frame has
four words a point (x, y, z, and one whose sign says whether the point was seen), then the frame's analog samples. The
layout is that of the C3D user guide, https://www.c3d.org/docs/C3D_User_Guide.pdf; where a file contradicts itself,
ezc3d is followed as far as the bytes allow.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from motionprep.data import Floats, Markers
from motionprep.formats.c3d_block import BLOCK, floats, swapped
from motionprep.formats.c3d_ezc3d import points_by_ezc3d
from motionprep.formats.c3d_layout import Layout, find_stride, plan_layout

# The section starts in block 255 at the latest, and says its length in blocks in one byte.
HEADER_BYTES = (254 + 255) * BLOCK

_UNLABELLED = re.compile(r"(\*\d*)?")


@dataclass(frozen=True)
class C3DHeader:
    """What a C3D file says of its markers before the first frame.

    Parameters
    ----------
    names
        One a marker, as :class:`~motionprep.data.Markers` has them.
    raw_names
        The same markers' labels with their prefixes, but without the padding of the table they stand in.
    frames
        How many there are.
    rate
        Frames a second.
    units
        Of positions, as the file names them.
    first_frame
        The number that the file gives its first frame, counted from 1.
    notes
        What was odd about the file and was mended on reading.
    """

    names: tuple[str, ...]
    raw_names: tuple[str, ...]
    frames: int
    rate: float
    units: str
    first_frame: int
    notes: tuple[str, ...]


def read_c3d(path: str | os.PathLike[str], *, unlabelled: bool = False, rate: float | None = None) -> Markers:
    """Read the markers of a C3D file.

    Parameters
    ----------
    path
        Of the file.
    unlabelled
        Keep the points that nobody named, ``*12`` for instance.
    rate
        Frames a second, in place of the file's, which then may have none.

    Returns
    -------
    Markers
        Positions (F, M, 3) in the file's units. A sample is not visible if its residual is negative or its position
        is not finite. Of labels that stand twice the second becomes ``LFHD_2``; ``notes`` says so.

    Raises
    ------
    ReadError
        If the file is empty, cut short, damaged or no C3D file.
    OSError
        If it cannot be opened.
    """
    return parse_c3d(Path(path).read_bytes(), os.fspath(path), unlabelled=unlabelled, rate=rate)


def parse_c3d(data: bytes, name: str, *, unlabelled: bool = False, rate: float | None = None) -> Markers:
    """Read the markers of a C3D file from its bytes; see :func:`read_c3d`.

    Parameters
    ----------
    data
        The whole file.
    name
        What errors call it.
    unlabelled
        Keep the points that nobody named.
    rate
        Frames a second, in place of the file's, which then may have none.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If ``data`` is empty, cut short, damaged or no C3D file.
    """
    layout = plan_layout(data, name, rate)
    stride = find_stride(data, name, layout)
    header, columns = _header(layout, unlabelled)
    if layout.one_scale:
        positions, visible = _points(data, layout, columns, stride)
    else:
        positions, visible = points_by_ezc3d(data, name, layout, columns)
    notes = header.notes
    if stride != layout.strides[0]:
        notes += (f"the counts of analog samples disagree; only frames of {stride} bytes fit the file",)
    positions[~visible] = 0.0
    if not np.isfinite(positions).all():
        lost = ~np.isfinite(positions).all(axis=-1)
        positions[lost] = 0.0
        visible &= ~lost
        notes += (f"{np.count_nonzero(lost):,} samples are not finite; they were read as not visible",)
    return Markers(
        header.names, positions, visible, header.rate, header.units, header.first_frame, header.raw_names, notes
    )


def read_c3d_header(data: bytes, name: str, *, unlabelled: bool = False, rate: float | None = None) -> C3DHeader:
    """Read what a C3D file says of its markers without touching a frame.

    Parameters
    ----------
    data
        The file's first :data:`HEADER_BYTES` bytes, or all of it. All of it is needed where the number of frames is
        above 65,535 and written nowhere, or the parameter section is longer than its own length byte can say.
    name
        What errors call the file.
    unlabelled
        Keep the points that nobody named.
    rate
        Frames a second, in place of the file's, which then may have none.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        If the header or the parameter section is damaged, or ``data`` ends too early.
    """
    return _header(plan_layout(data, name, rate), unlabelled)[0]


def _header(layout: Layout, unlabelled: bool) -> tuple[C3DHeader, list[int]]:
    """Return what the file says of its markers, and which of its points they are."""
    parameters, notes = layout.parameters, [*layout.notes]
    units = next((text.strip() for array in parameters.series("UNITS") for text in array.texts()), "")
    if not units:
        units = "mm"
        notes.append("POINT:UNITS is missing; positions were taken to be in mm")
    rows = (label for array in parameters.series("LABELS") for label in array.texts())
    labels, names, columns, more = _named(tuple(islice(rows, layout.points)), layout.points, unlabelled)
    raw_names = tuple(labels[column] for column in columns)
    header = C3DHeader(names, raw_names, layout.frames, layout.rate, units, layout.first_frame, (*notes, *more))
    return header, columns


@lru_cache(maxsize=16)
def _named(
    labels: Sequence[str], points: int, unlabelled: bool
) -> tuple[Sequence[str], tuple[str, ...], list[int], list[str]]:
    """Return the labels of points as far as they are needed, the markers' names, which points they are, and notes.

    The files of one session as a rule have the same labels.
    """
    notes = []
    clean = [label.rpartition(":")[2].strip() or label.strip() for label in labels]
    nameless = points - len(labels) + clean.count("")
    if nameless:
        notes.append(f"{nameless:,} points have no label; they were taken for unlabelled ones")
    if unlabelled:
        labels = [*labels, *[""] * (points - len(labels))]
        clean += [""] * (points - len(clean))
        clean = [label or f"*{number}" for number, label in enumerate(clean, start=1)]
    columns = [column for column, label in enumerate(clean) if unlabelled or not _UNLABELLED.fullmatch(label)]
    names, renamed = _unique([clean[column] for column in columns])
    if renamed:
        changes = ", ".join(f"{labels[columns[place]]} -> {names[place]}" for place in renamed)
        notes.append(f"labels that stood twice: {changes}")
    return labels, names, columns, notes


def _unique(labels: Sequence[str]) -> tuple[tuple[str, ...], list[int]]:
    """Return ``labels`` with a number after each that stood before, and the places of those."""
    taken, seen = set(labels), dict.fromkeys(labels, 0)
    names, renamed = [], []
    for place, label in enumerate(labels):
        name = label
        seen[label] += 1
        if seen[label] > 1:
            while (name := f"{label}_{seen[label]}") in taken:
                seen[label] += 1
            taken.add(name)
            renamed.append(place)
        names.append(name)
    return tuple(names), renamed


def _points(data: bytes, layout: Layout, columns: list[int], stride: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return positions (F, M, 3) of the points ``columns`` and whether they were seen (F, M)."""
    size = 4 if layout.scale < 0 else 2
    shape = (layout.frames, layout.points, 4)
    samples = np.ndarray(shape, layout.processor.words(size), data, layout.start, (stride, 4 * size, size))
    if len(columns) < layout.points:
        samples = samples[:, columns]
    if size == 2:
        return samples[..., :3] * layout.scale, samples[..., 3] >= 0
    # A float that is negative is so as an integer, whatever else its bits mean to the program that wrote them.
    return floats(samples[..., :3], layout.processor), swapped(samples[..., 3], layout.processor) >= 0
