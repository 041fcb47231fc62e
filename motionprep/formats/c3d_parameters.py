"""The parameter section of a C3D file: groups of named arrays, one record after another."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from motionprep.errors import ReadError
from motionprep.formats.c3d_block import BLOCK, FULL, Block, Processor, damage, floats
from motionprep.motion.arrays import read_only

#: What lists of POINT name points that are no places: a model's angles in degrees, forces in newtons and so on.
OUTPUTS = ("ANGLES", "FORCES", "MOMENTS", "POWERS", "SCALARS", "REACTIONS")

_KINDS = _TEXT, _BYTE, _INT16, _FLOAT32 = -1, 1, 2, 4
# With the bytes around it, all that a record has before its values.
_MOST_TITLE = 512
_WANTED = re.compile(
    r"USED|RATE|UNITS|FRAMES|LONG_FRAMES|DATA_START|ACTUAL_START_FIELD|ACTUAL_END_FIELD|"
    rf"(LABELS|SCALE|{'|'.join(OUTPUTS)})([2-9]|[1-9]\d{{1,2}})?"
)


class Parameter(NamedTuple):
    """An array of the parameter section; its first dimension varies fastest."""

    kind: int
    dims: tuple[int, ...]
    raw: bytes
    processor: Processor

    def numbers(self) -> NDArray[Any]:
        """Return the values in file order; none if they are text."""
        return _numbers(self)

    def rows(self) -> tuple[bytes, ...]:
        """Return the rows of a table of characters without their padding; none if they are numbers."""
        return _rows(self)


# The files of a session differ in little, and so do most others.
@lru_cache(maxsize=256)
def _numbers(array: Parameter) -> NDArray[Any]:
    if array.kind == _FLOAT32:
        return read_only(floats(np.frombuffer(array.raw, array.processor.words(4)), array.processor))
    if array.kind == _INT16:
        return np.frombuffer(array.raw, array.processor.words(2))
    return np.frombuffer(array.raw if array.kind == _BYTE else b"", np.uint8)


@lru_cache(maxsize=64)
def _rows(array: Parameter) -> tuple[bytes, ...]:
    if array.kind != _TEXT or not array.dims:
        return ()
    width = array.dims[0]
    rows = range(math.prod(array.dims[1:]))
    return tuple(_cleaned(array.raw[row * width : (row + 1) * width]) for row in rows)


@dataclass(frozen=True)
class Parameters:
    """The arrays of the parameter section by group and name, the byte behind its last record, and what was mended."""

    arrays: dict[tuple[str, str], Parameter]
    end: int
    notes: tuple[str, ...]

    def numbers(self, group: str, title: str) -> NDArray[Any]:
        """Return an array's values in file order; none if it is missing or text."""
        array = self.arrays.get((group, title))
        return np.empty(0) if array is None else array.numbers()

    def number(self, group: str, title: str) -> float:
        """Return the first value, or 0 where none is finite."""
        values = self.numbers(group, title)
        return float(values[0]) if values.size and np.isfinite(values[0]) else 0.0

    def count(self, group: str, title: str) -> int:
        """Return the first value as a count: its 16-bit integers have no sign."""
        values = self.numbers(group, title)
        if values.size and values.dtype.kind == "i":
            return int(values[0]) & FULL
        return int(self.number(group, title))

    def frame_number(self, title: str) -> int:
        """Return a frame number of TRIAL: one value, or a low and a high word."""
        values = self.numbers("TRIAL", title)
        high = int(values[1]) & FULL if values.size > 1 and values.dtype.kind == "i" else 0
        return self.count("TRIAL", title) + (high << 16)

    def series(self, title: str) -> Iterator[Parameter]:
        """Yield POINT's ``LABELS``, ``LABELS2``, ``LABELS3`` (or another title's) as far as they go."""
        number = 1
        while array := self.arrays.get(("POINT", title if number == 1 else f"{title}{number}")):
            yield array
            number += 1

    def rows(self, title: str) -> tuple[bytes, ...]:
        """Return the rows of POINT's tables of characters of a title, as :meth:`series` yields them."""
        return tuple(row for array in self.series(title) for row in array.rows())


def read_parameters(data: bytes, name: str, block: Block) -> Parameters:
    """Read those arrays about points and frames; errors call the file ``name``.

    Raises
    ------
    ReadError
        If a record does not end where the next one starts, or the section is cut short.
    """
    # The header may have the first frame where there are still parameters; the section states its own length as well.
    own = block.parameters + BLOCK * data[block.parameters + 2]
    ends = dict.fromkeys((block.start, own) if block.parameters + 4 < block.start < own else (max(block.start, own),))
    errors: list[ReadError] = []
    for end in ends:
        try:
            return _walked(data, name, block, end)
        except ReadError as error:
            errors.append(error)
    raise errors[0]


def _walked(data: bytes, name: str, block: Block, end: int) -> Parameters:
    groups: dict[int, str] = {}
    found: dict[tuple[int, str], Parameter] = {}
    notes: list[str] = []
    last = block.parameters + 4
    for group, title, parameter, behind in _records(data, name, block, end, notes):
        last = behind
        if group < 0:
            groups.setdefault(-group, title)
        elif parameter is not None:
            found[group, title] = parameter
    arrays: dict[tuple[str, str], Parameter] = {}
    for (group, title), parameter in sorted(found.items(), key=lambda item: item[0][0]):
        arrays.setdefault((groups.get(group, ""), title), parameter)
    return Parameters(arrays, last, tuple(notes))


def _records(
    data: bytes, name: str, block: Block, limit: int, notes: list[str]
) -> Iterator[tuple[int, str, Parameter | None, int]]:
    """Yield the group and the name of each record, its array if it has one that is of use, and the byte behind it."""
    big = block.processor is Processor.MIPS
    end = min(len(data), limit)
    what = "file" if end < limit else "section"
    # Behind the end all is 0, so that a record which is cut short does not end where the next one starts.
    data = data[:end] + bytes(_MOST_TITLE)
    place = block.parameters + 4
    while place < end and data[place]:
        title_end = place + 2 + abs(_signed(data[place]))
        step = data[title_end : title_end + 2]
        group = _signed(data[place + 1])
        title = _title(data[place + 2 : title_end])
        dims: tuple[int, ...] = ()
        after = values = title_end + 2
        kind = _TEXT
        if group > 0:
            kind = _signed(data[after])
            values = after + 2 + data[after + 1]
            dims = tuple(data[after + 2 : values])
            after = values + abs(kind) * math.prod(dims)
        own = after + 1 + (data[after] if after < end else 0)
        by_step = title_end + int.from_bytes(step, "big" if big else "little")
        following = by_step if any(step) else own
        if big and title_end + int.from_bytes(step, "little") == own != following:
            # The MIPS samples of c3d.org end in a record that a program of the other byte order has put there.
            following = own
            notes.append(f"the length of {title} has its bytes swapped")
        if group > 0 and following == after < own:
            # Some programs leave out the byte with the length of the description.
            own = following
            notes.append(f"{title} has no length of a description; its record's own length was followed")
        if kind not in _KINDS and title_end + 2 < end:
            message = f"{title[:32]!r} at byte {place} has type {kind}; types are -1, 1, 2 and 4"
            raise damage(name, "parameter section", message)
        # A length that skips more than padding is a damaged one.
        if not group or not own <= following <= end or (own < following and any(data[own:following])):
            raise damage(
                name,
                "parameter section",
                f"{title[:32]!r} of group {group} at byte {place} ends at byte {own}, the next record is said to start "
                f"at byte {following}, and the {what} ends at byte {end}",
            )
        wanted = group > 0 and _is_wanted(title)
        array = Parameter(kind, dims, data[values:after], block.processor) if wanted else None
        place = following if any(step) else limit
        yield group, title, array, following
    if place >= end and end < limit:
        raise damage(name, "parameter section", f"the file ends at byte {end}; frames start at byte {limit}")


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte


# Every file has the same few dozen titles.
@lru_cache(maxsize=256)
def _title(raw: bytes) -> str:
    return _text(raw).upper()


@lru_cache(maxsize=256)
def _is_wanted(title: str) -> bool:
    return _WANTED.fullmatch(title) is not None


def _text(raw: bytes) -> str:
    return _cleaned(raw).decode("latin-1")


def _cleaned(raw: bytes) -> bytes:
    """Return a text without its padding; programs in C end it with a NUL and leave what was there before behind it."""
    return raw.partition(b"\0")[0].rstrip(b" ")
