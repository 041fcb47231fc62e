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
from numba.extending import intrinsic as _intrinsic
from numpy.typing import NDArray

from motionprep.motion.arrays import Floats

# What it makes of a function has another signature, of which the type checker knows nothing.
intrinsic: Any = _intrinsic

OK, NOT_A_NUMBER, SHORT_ROW, LONG_ROW, TOO_FEW, TOO_MANY, FULL = range(7)

_POWERS = np.array([10.0**k for k in range(23)])
_EXACT = 2**53
_LATER = 4096
_BLOCK = 64
_LOW_BITS = np.uint64(0x7F7F7F7F7F7F7F7F)
_PAIRS = np.uint64(0x000000FF000000FF)
_NEWLINE, _RETURN, _TAB, _BLANK = 10, 13, 9, 32
_WHITE = np.isin(np.arange(256), (_NEWLINE, _RETURN, _TAB, _BLANK))
_PLUS, _MINUS, _POINT, _ZERO, _NINE, _BIG_E, _SMALL_E = 43, 45, 46, 48, 57, 69, 101


@njit(cache=True, nogil=True)
def _next_row(text: NDArray[np.uint8], at: int) -> int:
    """Return where the first character that is not white space stands, from ``at`` on."""
    while at < text.size and (text[at] == _BLANK or text[at] == _NEWLINE or text[at] == _RETURN or text[at] == _TAB):
        at += 1
    return at


@intrinsic
def _trailing_zeros(_context: Any, number: Any) -> Any:
    """Return how many of the lowest bits are zero; 64 of zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.uint64(types.uint64), generate


@intrinsic
def _ones(_context: Any, number: Any) -> Any:
    """Return how many bits are set."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), generate


def _load(context: Any, builder: Any, kind: Any, arguments: Any, form: ir.Type) -> Any:
    """Return what stands in the text from a place on, as one value of a form, wherever it begins."""
    data = context.make_array(kind)(context, builder, arguments[0]).data
    return builder.load(builder.bitcast(builder.gep(data, [arguments[1]]), form.as_pointer()), align=1)


@intrinsic
def _eight_bytes(_context: Any, text: Any, at: Any) -> Any:
    """Return the eight bytes from a place on as one little-endian number."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _load(context, builder, signature.args[0], arguments, ir.IntType(64))

    return types.uint64(text, types.int64), generate


@intrinsic
def _bits_of(_context: Any, text: Any, at: Any, character: Any) -> Any:
    """Return which of the 64 bytes from a place on are a character, the first in the lowest bit."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = ir.VectorType(ir.IntType(8), _BLOCK)
        block = _load(context, builder, signature.args[0], arguments, wide)
        one = builder.insert_element(ir.Constant(wide, ir.Undefined), arguments[2], ir.Constant(ir.IntType(32), 0))
        everywhere = ir.Constant(ir.VectorType(ir.IntType(32), _BLOCK), [0] * _BLOCK)
        all_alike = builder.shuffle_vector(one, one, everywhere)
        return builder.bitcast(builder.icmp_unsigned("==", block, all_alike), ir.IntType(64))

    return types.uint64(text, types.int64, types.uint8), generate


@njit(cache=True, nogil=True)
def _end_of_line(text: NDArray[np.uint8], at: int) -> int:
    """Return where the next newline stands, or the end of the text."""
    while at + _BLOCK <= text.size:
        newlines: np.uint64 = _bits_of(text, at, np.uint8(_NEWLINE))
        if newlines:
            return at + int(_trailing_zeros(newlines))
        at += _BLOCK
    while at < text.size and text[at] != _NEWLINE:
        at += 1
    return at


@njit(cache=True, nogil=True)
def _find_words(text: NDArray[np.uint8], at: int, starts: NDArray[np.int64]) -> tuple[int, int]:
    """Set where the words of a line begin; ``at`` is in it, and not within a word.

    Returns
    -------
    (count, end)
        How many words there are, at most one more than fits into ``starts`` (then the line goes on), and where the
        line ends; the count is -1 where the text ends before it can be read by whole blocks.
    """
    count = 0
    before = np.uint64(0)
    while at + _BLOCK <= text.size:
        newlines: np.uint64 = _bits_of(text, at, np.uint8(_NEWLINE))
        blanks: np.uint64 = _bits_of(text, at, np.uint8(_BLANK))
        tabs: np.uint64 = _bits_of(text, at, np.uint8(_TAB))
        returns: np.uint64 = _bits_of(text, at, np.uint8(_RETURN))
        inside = ~(newlines | blanks | tabs | returns)
        begins = inside & ~((inside << np.uint64(1)) | before)
        if newlines:
            begins &= (newlines & (~newlines + np.uint64(1))) - np.uint64(1)
        while begins:
            if count == starts.size:
                return count + 1, at
            starts[count] = at + np.int64(_trailing_zeros(begins))
            count += 1
            begins &= begins - np.uint64(1)
        if newlines:
            return count, at + int(_trailing_zeros(newlines))
        before = inside >> np.uint64(63)
        at += _BLOCK
    return -1, at


@njit(cache=True, nogil=True, error_model="numpy")
def _read_short(
    words: NDArray[np.uint64], negative: NDArray[np.bool_], values: Floats, sizes: NDArray[np.int64]
) -> None:
    """Read digits with at most one point among them, eight bytes each (Lemire 2018, "Quickly parsing eight digits").

    Without calls or branches the loop reads several words side by side.

    Parameters
    ----------
    words
        (K,) each word's first eight bytes, without its sign.
    negative
        (K,) whether the sign was a minus.
    values
        (K,) is set to the numbers.
    sizes
        (K,) is set to how many bytes each took; 0 where there is no digit. What comes after these bytes is not looked
        at: the number may go on.
    """
    one = np.uint64(1)
    for k in range(words.size):
        word = words[k]
        digits = word ^ np.uint64(0x3030303030303030)
        # The high bit of each byte that is no digit; the lowest two of these are where the point is, and the end.
        other = (((digits & _LOW_BITS) + np.uint64(0x7676767676767676)) | digits) & ~_LOW_BITS
        lowest = other & (~other + one)
        beyond = other ^ lowest
        # Exact up to the first point, and nothing else is asked of it.
        points = word ^ np.uint64(0x2E2E2E2E2E2E2E2E)
        point = ((points - np.uint64(0x0101010101010101)) & ~points & lowest) != 0
        last = (beyond & (~beyond + one)) if point else lowest
        first = _ones((lowest >> np.uint64(7)) - one)
        end = _ones((last >> np.uint64(7)) - one)
        before = (one << first) - one
        digits = (digits & before) | ((digits >> np.uint64(8)) & ~before) if point else digits
        count = end - np.uint64(8) if point else end
        # The first digit stands lowest; moved up so that the digits end at the top, zeros lead.
        number = digits << (np.uint64(64) - count)
        number = number * np.uint64(10) + (number >> np.uint64(8))
        number = (
            (number & _PAIRS) * np.uint64(0x000F424000000064)
            + ((number >> np.uint64(16)) & _PAIRS) * np.uint64(0x0000271000000001)
        ) >> np.uint64(32)
        power = ((end - first) >> np.uint64(3)) - one if point else np.uint64(0)
        value = np.float64(np.int64(number)) / _POWERS[power & np.uint64(7)]
        values[k] = -value if negative[k] else value
        sizes[k] = np.int64(end >> np.uint64(3)) if count != 0 else 0


@njit(cache=True, nogil=True)
def _number(text: NDArray[np.uint8], at: int) -> tuple[int, float, int]:
    """Read a number byte by byte.

    Returns
    -------
    (kind, value, end)
        ``OK`` and its value; ``FULL`` where only ``float()`` has it exactly; ``NOT_A_NUMBER``.
    """
    negative = text[at] == _MINUS
    at += negative | (text[at] == _PLUS)
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
        return NOT_A_NUMBER, 0.0, at
    if significant > 19 or mantissa > _EXACT or power < -22 or power > 22:
        return FULL, 0.0, at
    value = np.float64(mantissa)
    value = value * _POWERS[power] if power >= 0 else value / _POWERS[-power]
    return OK, -value if negative else value, at


@njit(cache=True, nogil=True, error_model="numpy")
def _read_row(
    text: NDArray[np.uint8],
    at: int,
    starts: NDArray[np.int64],
    words: NDArray[np.uint64],
    negative: NDArray[np.bool_],
    sizes: NDArray[np.int64],
    row: Floats,
) -> int:
    """Read a row whose numbers are all exact; return where it ends, or -1 if it is not such a row.

    All words are found before the first is read, and all are read side by side. Besides ``text``, ``at`` and ``row``
    (K,) the arrays (K,) are for what is known of each word meanwhile.
    """
    count, end = _find_words(text, at, starts)
    if count != starts.size or end + 8 >= text.size:
        return -1
    for k in range(count):
        sign = text[starts[k]]
        negative[k] = sign == _MINUS
        starts[k] += (sign == _MINUS) | (sign == _PLUS)
        word: np.uint64 = _eight_bytes(text, starts[k])
        words[k] = word
    _read_short(words, negative, row, sizes)
    all_read = True
    for k in range(count):
        all_read &= (sizes[k] > 0) & _WHITE[text[starts[k] + sizes[k]]]
    if all_read:
        return end
    for k in range(count):
        if sizes[k] == 0 or not _WHITE[text[starts[k] + sizes[k]]]:
            signed = negative[k] or text[starts[k] - 1] == _PLUS
            kind, row[k], _ = _number(text, starts[k] - signed)
            if kind != OK:
                return -1
    return end


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
    starts, words, sizes = np.empty(columns, np.int64), np.empty(columns, np.uint64), np.empty(columns, np.int64)
    negative = np.empty(columns, np.bool_)
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
        if column == 0 and columns:
            end = _read_row(text, at, starts, words, negative, sizes, out[target])
            if end >= 0:
                at = end
                row += 1
                continue
        while column < columns:
            while at < text.size and (text[at] == _BLANK or text[at] == _TAB):
                at += 1
            if at == text.size or text[at] == _NEWLINE or text[at] == _RETURN:
                state[0], state[1], state[2] = at, row, column
                return SHORT_ROW, count
            first = at
            kind, value, at = _number(text, first)
            if kind == NOT_A_NUMBER:
                state[0], state[1], state[2] = first, row, column
                return NOT_A_NUMBER, count
            if kind == OK:
                out[target, column] = value
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
