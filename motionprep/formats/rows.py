"""Rows of decimal text to float64, exactly: the hot loop of every text format.

A number whose digits make an integer of at most 2**53 and whose power of ten is at most 10**22 is one correctly rounded
multiplication or division away from its value (Clinger 1990, "How to read floating point numbers accurately"), so the
kernel takes that path and leaves the rest to Python's ``float``. Every number is therefore ``float()`` bit for bit.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from motionprep.data import Floats

OK, NOT_A_NUMBER, SHORT_ROW, LONG_ROW, TOO_FEW, TOO_MANY, FULL = range(7)

_POWERS = np.array([10.0**k for k in range(23)])
_EXACT = 2**53
_LATER = 4096
_BLOCK = 64
_LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
_PAIRS = np.uint64(0x000000FF000000FF)
_NEWLINE, _RETURN, _TAB, _BLANK = 10, 13, 9, 32
_PLUS, _MINUS, _POINT, _ZERO, _NINE, _BIG_E, _SMALL_E = 43, 45, 46, 48, 57, 69, 101


@njit(cache=True, nogil=True)
def _next_row(text: NDArray[np.uint8], at: int) -> int:
    """Return where the first character that is not white space stands, from ``at`` on."""
    while at < text.size and (text[at] == _BLANK or text[at] == _NEWLINE or text[at] == _RETURN or text[at] == _TAB):
        at += 1
    return at


@njit(cache=True, nogil=True)
def _end_of_line(text: NDArray[np.uint8], at: int) -> int:
    """Return where the next newline stands, or the end of the text."""
    while at + _BLOCK <= text.size:
        # Without an exit inside, the compiler turns these 64 comparisons into a few wide ones.
        found = 0
        for k in range(_BLOCK):
            found |= text[at + k] == _NEWLINE
        if found:
            break
        at += _BLOCK
    while at < text.size and text[at] != _NEWLINE:
        at += 1
    return at


@intrinsic
def _trailing_zeros(_context: Any, number: Any) -> Any:
    """Return how many of the lowest bits are zero; 64 of zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic
def _eight_bytes(_context: Any, text: Any, at: Any) -> Any:
    """Return the eight bytes from a place on as one little-endian number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, arguments[0]).data
        place = builder.bitcast(builder.gep(data, [arguments[1]]), ir.IntType(64).as_pointer())
        return builder.load(place, align=1)

    return types.uint64(text, types.int64), generate


@njit(cache=True, nogil=True)
def _short_number(text: NDArray[np.uint8], at: int) -> tuple[np.uint64, int, int]:
    """Read digits with at most one point among them, eight bytes at once (Lemire 2018, "Quickly parsing eight digits").

    Returns
    -------
    (mantissa, decimals, length)
        Length is 0 where this is not a whole number of at most eight bytes, and has to be read byte by byte.
    """
    word: np.uint64 = _eight_bytes(text, at)  # type: ignore[call-arg]
    digits = word ^ np.uint64(0x3030303030303030)
    # The high bit of each byte that is no digit.
    other = (((digits & _LOW_BITS) + np.uint64(0x7676767676767676)) | digits) & ~_LOW_BITS
    first = _trailing_zeros(other) & np.uint64(0x78)
    point = first < 64 and ((word >> first) & np.uint64(0xFF)) == _POINT
    end = first
    count = first
    if point:
        end = _trailing_zeros(other & (other - np.uint64(1))) & np.uint64(0x78)
        before = (np.uint64(1) << first) - np.uint64(1)
        digits = (digits & before) | ((digits >> np.uint64(8)) & ~before)
        count = end - np.uint64(8)
    after = text[at + (end >> np.uint64(3))]
    ends = after == _BLANK or after == _NEWLINE or after == _RETURN or after == _TAB  # noqa: PLR1714
    if count == 0 or not ends:
        return np.uint64(0), 0, 0
    # The first digit stands lowest; moved up so that the digits end at the top, zeros lead.
    number = digits << (np.uint64(64) - count)
    number = number * np.uint64(10) + (number >> np.uint64(8))
    number = (
        (number & _PAIRS) * np.uint64(0x000F424000000064)
        + ((number >> np.uint64(16)) & _PAIRS) * np.uint64(0x0000271000000001)
    ) >> np.uint64(32)
    decimals = (end - first) >> np.uint64(3)
    return number, np.int64(decimals) - (1 if point else 0), np.int64(end >> np.uint64(3))


@njit(cache=True, nogil=True)
def _read_rows(
    text: NDArray[np.uint8],
    state: NDArray[np.int64],
    start: int,
    step: int,
    rows: int,
    out: Floats,
    later: NDArray[np.int64],
) -> tuple[int, int]:
    """Fill ``out`` with rows start, start + step, ... of ``rows``; see :func:`read_rows` for what it returns.

    ``state`` (at, row, column) is where to go on; ``later`` (K, 4) takes (row of out, column, first, last) of numbers
    that need the slow path.
    """
    wanted, columns = out.shape
    at, row, column = state[0], state[1], state[2]
    count = 0
    while row < rows:
        if column == 0:
            at = _next_row(text, at)
            if at == text.size:
                state[0], state[1] = at, row
                return TOO_FEW, count
        target = (row - start) // step
        if row < start or (row - start) % step != 0 or target >= wanted:
            at = _end_of_line(text, at)
            row += 1
            continue
        while column < columns:
            while at < text.size and (text[at] == _BLANK or text[at] == _TAB):
                at += 1
            if at == text.size or text[at] == _NEWLINE or text[at] == _RETURN:
                state[0], state[1], state[2] = at, row, column
                return SHORT_ROW, count
            first = at
            negative = text[at] == _MINUS
            at += negative | (text[at] == _PLUS)
            if at + 8 < text.size:
                mantissa, decimals, length = _short_number(text, at)
                if length:
                    value = np.float64(mantissa) / _POWERS[decimals]
                    out[target, column] = -value if negative else value
                    at += length
                    column += 1
                    continue
            mantissa = np.uint64(0)
            digits = 0
            significant = 0
            power = 0
            while at < text.size and _ZERO <= text[at] <= _NINE:
                mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - _ZERO)
                significant += (significant > 0) | (text[at] != _ZERO)
                digits += 1
                at += 1
            if at < text.size and text[at] == _POINT:
                at += 1
                point = at
                while at < text.size and _ZERO <= text[at] <= _NINE:
                    mantissa = mantissa * np.uint64(10) + np.uint64(text[at] - _ZERO)
                    significant += (significant > 0) | (text[at] != _ZERO)
                    digits += 1
                    at += 1
                power = point - at
            good = digits > 0
            if good and at < text.size and (text[at] == _BIG_E or text[at] == _SMALL_E):
                at += 1
                down = at < text.size and text[at] == _MINUS
                if at < text.size and (down or text[at] == _PLUS):
                    at += 1
                exponent = 0
                good = False
                while at < text.size and _ZERO <= text[at] <= _NINE:
                    exponent = min(exponent * 10 + text[at] - _ZERO, 100_000)
                    good = True
                    at += 1
                power += -exponent if down else exponent
            if at < text.size and text[at] != _BLANK and text[at] != _NEWLINE:
                good = good and (text[at] == _RETURN or text[at] == _TAB)
            if not good:
                state[0], state[1], state[2] = first, row, column
                return NOT_A_NUMBER, count
            if significant <= 19 and mantissa <= _EXACT and -22 <= power <= 22:
                value = np.float64(mantissa)
                value = value * _POWERS[power] if power >= 0 else value / _POWERS[-power]
                out[target, column] = -value if negative else value
            else:
                if count == later.shape[0]:
                    state[0], state[1], state[2] = first, row, column
                    return FULL, count
                later[count, 0], later[count, 1], later[count, 2], later[count, 3] = target, column, first, at
                count += 1
            column += 1
        while at < text.size and (text[at] == _BLANK or text[at] == _TAB or text[at] == _RETURN):
            at += 1
        if at < text.size and text[at] != _NEWLINE:
            state[0], state[1], state[2] = at, row, column
            return LONG_ROW, count
        column = 0
        row += 1
    at = _next_row(text, at)
    state[0], state[1], state[2] = at, row, 0
    return (OK if at == text.size else TOO_MANY), count


def read_rows(text: NDArray[np.uint8], at: int, rows: int, picked: range, out: Floats) -> tuple[int, int, int, int]:
    r"""Read the rows ``picked`` of ``rows`` into ``out`` (len(picked), C); the others are counted, not read.

    Parameters
    ----------
    text
        ASCII bytes; lines end in ``\n`` or ``\r\n``.
    at
        Where the first row starts. Blank lines are passed over.

    Returns
    -------
    (code, at, row, column)
        ``OK``, or what stopped the reading and where: the place in the text, the row (0 to ``rows`` - 1) and column.
        ``TOO_FEW`` and ``TOO_MANY`` rows leave all rows read that there are.
    """
    state = np.array([at, 0, 0], dtype=np.int64)
    later = np.empty((_LATER, 4), dtype=np.int64)
    start, step = (picked.start, picked.step) if len(picked) else (rows, 1)
    while True:
        code, count = _read_rows(text, state, start, step, rows, out, later)
        bad = _read_later(text, out, later[:count])
        if bad is not None:
            target, column, first = bad
            return NOT_A_NUMBER, first, start + target * step, column
        if code != FULL:
            at, row, column = (int(value) for value in state)
            return code, at, row, column


def _read_later(text: NDArray[np.uint8], out: Floats, later: NDArray[np.int64]) -> tuple[Any, ...] | None:
    for target, column, first, last in later.tolist():
        value = float(text[first:last].tobytes())
        if not np.isfinite(value):
            return target, column, first
        out[target, column] = value
    return None
