"""C3D, the format of optical motion capture: labelled points over time, read straight from the bytes.

A file is a header of one block of 512 bytes, a parameter section (groups of named arrays) and the frames. A frame has
four words a point (x, y, z, and one whose sign says whether the point was seen), then the frame's analog samples. The
layout is that of the C3D user guide, https://www.c3d.org/docs/C3D_User_Guide.pdf; where a file contradicts itself, its
own length decides.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from motionprep.files.reading import open_file, shown
from motionprep.formats.c3d_block import BLOCK, floats, swapped
from motionprep.formats.c3d_ezc3d import points_by_ezc3d
from motionprep.formats.c3d_layout import Layout, plan_layout
from motionprep.formats.c3d_parameters import OUTPUTS
from motionprep.motion.arrays import Floats
from motionprep.motion.markers import Markers
from motionprep.naming.encoding import decode
from motionprep.naming.units import metres_of

# The section starts in block 255 at the latest, and says its length in blocks in one byte.
HEADER_BYTES = (254 + 255) * BLOCK

_MINUS_ZERO = np.int32(-(1 << 31))
#: What programs call a point that nobody named: ``*12``, ``Unlabeled 1000``, ``U_12``, ``uname*3``, ``New 0001``.
_UNLABELLED = re.compile(
    rb"(?:[^:]*:)?(?:\*\d*|unlabell?ed[ _:.-]*\d*|uname[ _*.-]*\d*|u[ _*]\d+|new \d{4,})", re.IGNORECASE
)
#: What a point is, by POINT's list that names it.
_KINDS = {title: title.lower().removesuffix("s") for title in OUTPUTS}


@dataclass(frozen=True)
class C3DHeader:
    """Header of a C3D file: all about its markers before the first frame.

    Parameters
    ----------
    names
        One a marker, as :class:`~motionprep.motion.markers.Markers` has them.
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
    kinds
        As :class:`~motionprep.motion.markers.Markers` has them.
    """

    names: tuple[str, ...]
    raw_names: tuple[str, ...]
    frames: int
    rate: float
    units: str
    first_frame: int
    notes: tuple[str, ...]
    kinds: tuple[str, ...]


def read_c3d(
    path: str | os.PathLike[str], *, unlabelled: bool = False, rate: float | None = None, lenient: bool = False
) -> Markers:
    """Read the markers of a C3D file.

    Parameters
    ----------
    path
        The file.
    unlabelled
        Keep also the points that are no named markers: those that nobody named, ``*12`` for instance, and what a model
        computed (angles, forces, moments, powers, scalars, reactions); ``kinds`` has the kind of each.
    rate
        Frames a second, in place of the file's, which then may have none.
    lenient
        Of a file that is cut short, keep the whole frames that are there; ``notes`` counts them.

    Returns
    -------
    Markers
        Positions (F, M, 3) in the file's units. A sample is not visible if its residual is below zero or its position
        is not finite. Of labels that stand twice the second becomes ``LFHD_2``. ``notes`` lists what was odd.

    Raises
    ------
    ReadError
        If the file is empty, cut short, damaged, contradicts itself in a way that its length does not decide, has no
        points or is no C3D file.
    OSError
        If it cannot be opened.
    """
    with open_file(path) as file:
        data = file.read()
    return parse_c3d(data, os.fspath(path), unlabelled=unlabelled, rate=rate, lenient=lenient)


def parse_c3d(
    data: bytes, name: str, *, unlabelled: bool = False, rate: float | None = None, lenient: bool = False
) -> Markers:
    """Read the markers of a C3D file from its bytes; see :func:`read_c3d`.

    Parameters
    ----------
    data
        The whole file.
    name
        What errors call it.
    unlabelled, rate, lenient
        As :func:`read_c3d` takes them.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        As :func:`read_c3d`.
    """
    layout = plan_layout(data, name, len(data), rate, lenient=lenient)
    header, columns = _header(layout, unlabelled)
    if layout.one_scale:
        positions, visible = _points(data, layout, columns)
    else:
        positions, visible = points_by_ezc3d(data, name, layout, columns)
    notes = header.notes
    positions[~visible] = 0.0
    if not np.isfinite(positions).all():
        lost = ~np.isfinite(positions).all(axis=-1)
        positions[lost] = 0.0
        visible &= ~lost
        notes += (f"{np.count_nonzero(lost):,} samples are not finite; they were read as not visible",)
    return Markers(
        header.names,
        positions,
        visible,
        header.rate,
        header.units,
        header.first_frame,
        header.raw_names,
        notes,
        header.kinds,
    )


def read_c3d_header(
    data: bytes, name: str, size: int | None = None, *, unlabelled: bool = False, rate: float | None = None
) -> C3DHeader:
    """Read the header of a C3D file without touching a frame.

    Of a file that is cut short, ``frames`` counts those that are there.

    Parameters
    ----------
    data
        The file's first :data:`HEADER_BYTES` bytes, or all of it. All of it is needed where the number of frames is
        above 65,535 and written nowhere, or the parameter section is longer than its own length byte can express.
    name
        What errors call the file.
    size
        Bytes of the whole file; those of ``data`` if None.
    unlabelled, rate
        As :func:`read_c3d` takes them.

    Raises
    ------
    RateError
        If all but the rate can be read.
    ReadError
        As :func:`read_c3d`, or if ``data`` ends too early.
    """
    return _header(plan_layout(data, name, len(data) if size is None else size, rate, lenient=True), unlabelled)[0]


def _header(layout: Layout, unlabelled: bool) -> tuple[C3DHeader, list[int]]:
    """Return the header of the markers, and which of the points they are."""
    parameters, notes = layout.parameters, [*layout.notes]
    units = next((row.decode("latin-1").strip() for row in parameters.rows("UNITS")), "")
    if not units:
        units = "mm"
        notes.append("POINT:UNITS is missing; positions were taken to be in mm")
    elif metres_of(units) is None:
        notes.append(f"POINT:UNITS is {shown(units)}, which is no unit of length that is known")
    outputs = tuple((kind, parameters.rows(title)) for title, kind in _KINDS.items())
    rows = parameters.rows("LABELS")[: layout.points]
    labels, names, columns, kinds, more = _named(rows, outputs, layout.points, unlabelled)
    raw_names = tuple(labels[column] for column in columns)
    header = C3DHeader(names, raw_names, layout.frames, layout.rate, units, layout.first_frame, (*notes, *more), kinds)
    return header, columns


@lru_cache(maxsize=16)
def _named(
    rows: tuple[bytes, ...], outputs: tuple[tuple[str, tuple[bytes, ...]], ...], points: int, unlabelled: bool
) -> tuple[Sequence[str], tuple[str, ...], list[int], tuple[str, ...], list[str]]:
    """Return the labels of points, the markers' names, which points they are, what kinds these are, and notes.

    The files of one session as a rule have the same labels.
    """
    notes = []
    # One encoding for all: names that differ in their bytes stay different names.
    text, encoding = decode(b"\0".join(rows))
    if encoding != "UTF-8":
        notes.append(f"labels are not UTF-8; they were read as {encoding}")
    rows = (*rows, *[b""] * (points - len(rows)))
    labels = [*(text.split("\0") if text or rows else []), *[""] * points][:points]
    nameless = [not row.strip() for row in rows]
    clean = [label.rpartition(":")[2].strip() or label.strip() for label in labels]
    if all(nameless):
        width = max(3, len(str(points)))
        clean = labels = [f"M{number:0{width}}" for number in range(1, points + 1)]
        notes.append(f"no point has a label; all {points:,} were kept, as {clean[0]} to {clean[-1]}")
        nameless = [False] * points
    elif any(nameless):
        notes.append(f"{sum(nameless):,} points have no label; they were taken for unlabelled ones")
    listed = {row.strip(): kind for kind, some in outputs for row in some if row.strip()}
    kinds = [
        "unlabelled" if bare or _UNLABELLED.fullmatch(row.strip()) else listed.get(row.strip(), "marker")
        for row, bare in zip(rows, nameless, strict=True)
    ]
    computed = Counter(kind for kind in kinds if kind not in ("marker", "unlabelled"))
    if computed and not unlabelled:
        counts = ", ".join(f"{count:,} {kind}{'s' * (count > 1)}" for kind, count in computed.items())
        notes.append(f"what a model computed is no marker and was left out: {counts}")
    clean = [label or f"*{number}" for number, label in enumerate(clean, start=1)]
    columns = [column for column, kind in enumerate(kinds) if unlabelled or kind == "marker"]
    names, renamed = _unique([clean[column] for column in columns])
    if renamed:
        changes = ", ".join(f"{labels[columns[place]]} -> {names[place]}" for place in renamed)
        notes.append(f"labels that stood twice: {changes}")
    return labels, names, columns, tuple(kinds[column] for column in columns) if unlabelled else (), notes


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


def _points(data: bytes, layout: Layout, columns: list[int]) -> tuple[Floats, NDArray[np.bool_]]:
    """Return positions (F, M, 3) of the points ``columns`` and whether they were seen (F, M)."""
    reading = layout.reading
    size = 4 if reading.floats else 2
    shape = (reading.frames, reading.points, 4)
    samples = np.ndarray(shape, layout.processor.words(size), data, reading.start, (reading.stride, 4 * size, size))
    if len(columns) < reading.points:
        samples = samples[:, columns]
    if size == 2:
        return samples[..., :3] * layout.scale, samples[..., 3] >= 0
    # A float that is below zero is so as an integer, whatever else its bits mean to the program that wrote them; but
    # -0.0 is zero.
    residuals = swapped(samples[..., 3], layout.processor)
    return floats(samples[..., :3], layout.processor), (residuals >= 0) | (residuals == _MINUS_ZERO)
