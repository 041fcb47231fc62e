"""Rows of decimal text against Python's own ``float``, bit for bit."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from motionprep.formats.rows import LONG_ROW, NOT_A_NUMBER, OK, SHORT_ROW, TOO_FEW, TOO_MANY, read_rows

SIGNS = st.sampled_from(["", "-", "+"])
DIGITS = st.text("0123456789", min_size=1, max_size=25)
FRACTIONS = st.one_of(
    st.builds("{}.{}".format, DIGITS, DIGITS),
    st.builds("{}.".format, DIGITS),
    st.builds(".{}".format, DIGITS),
    DIGITS,
)
EXPONENTS = st.just("") | st.builds("{}{}{}".format, st.sampled_from("eE"), SIGNS, st.integers(0, 330))
BUILT = st.builds("{}{}{}".format, SIGNS, FRACTIONS, EXPONENTS)
PRINTED = st.floats(allow_nan=False, allow_infinity=False).flatmap(
    lambda value: st.sampled_from([repr(value), f"{value:.17g}", f"{value:.20e}", f"{value:.6f}", f"{value:e}"])
)
SPELLINGS = (BUILT | PRINTED).filter(lambda word: np.isfinite(float(word)))


def read(text, columns, rows=1, picked=None):
    """Return the code, the place, row and column, and the values."""
    picked = range(rows) if picked is None else picked
    values = np.full((len(picked), columns), np.nan)
    text = np.frombuffer(text if isinstance(text, bytes) else text.encode(), dtype=np.uint8)
    return (*read_rows(text, 0, rows, picked, values), values)


def bits(values):
    return np.asarray(values, dtype=np.float64).view(np.int64).tolist()


@settings(max_examples=500)
@given(st.lists(SPELLINGS, min_size=1, max_size=12))
@example(["-0.0", "-0", "0e400", "-.0e-400", "+1", ".5", "5.", "00012", "1E5", "1e+5", "1e-05"])
@example(["9007199254740992", "9007199254740993", "9007199254740994", "18446744073709551616", "99999999999999999999"])
@example(["0.1", "0.30000000000000004", "123456789012345678901234567890", "1" + "0" * 60, "0." + "0" * 60 + "1"])
@example(["1e22", "1e23", "9007199254740991e22", "1e-22", "1e-23", "3e-324", "5e-324", "2.2250738585072011e-308"])
@example(["8.5e-310", "1.7976931348623157e308", "0." + "0" * 400 + "1e400", "1" + "0" * 400 + "e-400"])
def test_a_number_in_any_spelling_is_float_bit_for_bit(words):
    _, _, _, _, values = read(" ".join(words), len(words))
    assert bits(values[0]) == bits([float(word) for word in words])


@pytest.mark.parametrize("factor", range(1, 6))
@pytest.mark.parametrize("point", [0, 1, 10])
def test_digits_that_overflow_to_nothing_are_not_read_as_zero(factor, point):
    digits = str(factor * 2**64)
    word = digits[:point] + "." + digits[point:]
    assert read(word, 1)[-1].tolist() == [[float(word)]]


# fmt: off
REFUSED = [
    "1_0", "nan", "inf", "-inf", "Infinity", "0x1", "1e", "1e+", "e5", ".", "-", "+", "+.", ".e1", "--1", "+-1",
    "1..2", "1.2.3", "1e5.0", "1e5e5", "1,5", "5-6", "1d5", "1f", "\u0661", "1\x00", "1\x0b2", "\x0c", "1e400",
    "-1e400", "1" * 400, "{", "#1",
]
# fmt: on


@pytest.mark.parametrize("word", REFUSED)
def test_a_word_that_is_no_finite_decimal_is_refused_where_it_stands(word):
    code, at, row, column, _ = read(f"7 8 9\n1 {word} 3\n", 3, rows=2)
    assert (code, at, row, column) == (NOT_A_NUMBER, 8, 1, 1)


def plain(word):
    """Return the float that a word is in BVH, or None: the twin of the kernel's number."""
    decimal = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", word)
    return float(word) if decimal and np.isfinite(float(word)) else None


def assert_read_as_plain(word, behind):
    """Check a word at the very end of the text, or with other text behind it; each may take a path of its own."""
    code, at, _, column, values = read(f"7 {word}{behind}", 2 + len(behind.split()))
    if plain(word) is None:
        assert (code, at, column) == (NOT_A_NUMBER, 2, 1)
    else:
        assert (code, bits(values[0, 1])) == (OK, bits(plain(word)))


BEHIND = st.sampled_from(["", " ", "\n", "\r\n", "\t1.5", " 12345678 9", "\n\n          \n"])


@pytest.mark.parametrize("behind", ["", " 12345678.5"])
@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_every_short_word_of_awkward_letters_is_a_number_or_refused_as_its_plain_twin_says(length, behind):
    for letters in itertools.product("059.-e/:\xb5", repeat=length):
        assert_read_as_plain("".join(letters), behind)


@settings(max_examples=500)
@given(st.text("0123456789.", min_size=1, max_size=12), BEHIND)
def test_every_word_of_digits_and_points_is_a_number_or_refused_as_its_plain_twin_says(word, behind):
    assert_read_as_plain(word, behind)


@settings(max_examples=500)
@given(st.text("0123456789+-.eE_xnaif/:,", min_size=1, max_size=12), BEHIND)
def test_every_word_is_a_number_or_refused_as_its_plain_twin_says(word, behind):
    assert_read_as_plain(word, behind)


def test_a_row_that_ends_early_is_short_and_says_where():
    assert read("1 2 3\n4 5\n", 3, rows=2)[:4] == (SHORT_ROW, 9, 1, 2)


def test_a_row_that_ends_early_with_the_text_is_short():
    assert read("1 2 3\n4 5", 3, rows=2)[:4] == (SHORT_ROW, 9, 1, 2)


def test_a_row_that_goes_on_is_long_and_says_where():
    assert read("1 2 3\n4 5 6 \t 7\n", 3, rows=2)[:4] == (LONG_ROW, 14, 1, 3)


def test_rows_that_are_missing_are_too_few_and_the_others_are_read():
    code, at, row, _, values = read("1\n2\n\n", 1, rows=3)
    assert (code, at, row) == (TOO_FEW, 5, 2)
    np.testing.assert_array_equal(values[:2], [[1], [2]])


def test_rows_beyond_the_last_are_too_many_and_the_others_are_read():
    code, at, row, _, values = read("1\n2\n\n 3\n4\n", 1, rows=2)
    assert (code, at, row) == (TOO_MANY, 6, 2)
    np.testing.assert_array_equal(values, [[1], [2]])


@given(
    st.lists(st.text(" \t", max_size=3), min_size=7, max_size=7), st.sampled_from(["\n", "\r\n", "\n\n", " \r\n\t\n"])
)
def test_blanks_and_blank_lines_between_numbers_say_nothing(blanks, end):
    a, b, c, d, e, f, g = blanks
    code, *_, values = read(f"{a}1 {b}2{c}{end}{d}3\t{e}4{f}{end}{g}", 2, rows=2)
    assert code == OK
    np.testing.assert_array_equal(values, [[1, 2], [3, 4]])


@given(st.integers(1, 12), st.integers(0, 12), st.integers(0, 15), st.integers(1, 5), st.integers(1, 90))
def test_picked_rows_are_those_of_a_range(rows, start, stop, step, width):
    picked = range(rows)[start:stop:step]
    text = "".join(f"{row}{' ' * width}\n" for row in range(rows))
    code, *_, values = read(text, 1, rows, picked)
    assert code == OK
    assert values[:, 0].tolist() == list(picked)


def test_rows_that_are_not_picked_are_counted_without_being_read():
    code, *_, values = read("word\n2\n\nmore words\n4\n", 1, 4, range(1, 4, 2))
    assert code == OK
    np.testing.assert_array_equal(values, [[2], [4]])


@pytest.mark.parametrize("word", ["x", "1e999"])
def test_the_row_of_a_bad_number_is_that_of_the_text(word):
    assert read(f"0\n1\n2\n3\n4\n{word}\n6\n", 1, 7, range(1, 7, 2))[:4] == (NOT_A_NUMBER, 10, 5, 0)


@pytest.fixture(scope="module")
def long_numbers():
    """Return numbers of 17 digits, more than the kernel puts aside at once, in rows of 7."""
    return np.random.default_rng(1).standard_normal((2000, 7))


def test_any_number_of_long_numbers_is_float_bit_for_bit(long_numbers):
    text = "\n".join(" ".join(f"{value:.19e}" for value in row) for row in long_numbers)
    *_, values = read(text, 7, 2000)
    np.testing.assert_array_equal(values.view(np.int64), long_numbers.view(np.int64))


def test_a_number_beyond_all_floats_is_found_behind_any_number_of_long_ones(long_numbers):
    rows = [" ".join(f"{value:.19e}" for value in row) for row in long_numbers]
    rows[1500] = "1 2 3 4 1e999 6 7"
    at = sum(len(row) + 1 for row in rows[:1500]) + 8
    assert read("\n".join(rows), 7, 2000)[:4] == (NOT_A_NUMBER, at, 1500, 4)


def test_of_a_number_beyond_all_floats_and_a_later_short_row_the_number_is_named():
    assert read("1 1e999\n2\n", 2, rows=2)[:4] == (NOT_A_NUMBER, 2, 0, 1)


def test_no_rows_of_no_text_are_read():
    assert read("", 1, rows=0)[:2] == (OK, 0)
