"""The text index of a release and the table of corrected frame rates."""

from __future__ import annotations

import pytest

from motionprep.errors import ReadError
from motionprep.formats.index import parse_index, parse_rates

INDEX = """\
This file lists the motions.

Subject #1 (climb, swing, hang on playground equipment)

01_01\tplayground - forward jumps, turn around
01_02\tplayground - climb

Subject #69 (walk)
69_01\twalk forward
69_02   walk  forward, turn
"""


def test_an_index_gives_a_label_for_each_motion_and_none_for_headings():
    assert parse_index(INDEX) == {
        "01_01": "playground - forward jumps, turn around",
        "01_02": "playground - climb",
        "69_01": "walk forward",
        "69_02": "walk  forward, turn",
    }


@pytest.mark.parametrize(
    "line",
    [
        "69_01\twalk",
        "69_01\t\twalk",
        "69_01 \twalk",
        "69_01  walk",
        " 69_01\t walk ",
        "69_01\twalk\r\n",
        "\ufeff69_01\twalk",
    ],
)
def test_a_key_and_its_label_are_parted_by_a_tab_or_two_blanks(line):
    assert parse_index(line) == {"69_01": "walk"}


@pytest.mark.parametrize("line", ["", "69_01", "69_01\t", "69_01 walk", "Subject #69 (walk)"])
def test_a_line_without_key_and_label_says_nothing(line):
    assert parse_index(line) == {}


def test_the_first_label_of_a_key_stands():
    assert parse_index("a\tone\na\ttwo") == {"a": "one"}


def test_rates_are_read_by_key():
    assert parse_rates("key,fps\n33_01,60\n33_02,59.94\n", "rates.csv") == {"33_01": 60, "33_02": 59.94}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffkey,fps\na,60\n",
        "key,fps\r\na,60\r\n",
        "fps,key\n60,a",
        "key,note,fps\na,x,60",
        "key, fps\na, 60\n\n",
        'key,fps\n"a","60"',
    ],
)
def test_a_table_of_rates_may_have_its_columns_marks_and_line_ends_as_csv_does(text):
    assert parse_rates(text, "rates.csv") == {"a": 60}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "rates.csv:1: found columns none; expected key,fps"),
        ("motion,rate\na,60", "rates.csv:1: found columns motion, rate; expected key,fps"),
        ("key,fps\na,60\na,30", "rates.csv:3: 'a' stands twice"),
        ("key,fps\n,60", "rates.csv:2: found no key beside fps '60'; expected key,fps"),
        ("fps,key\n60", "rates.csv:2: found no key beside fps '60'; expected key,fps"),
        ("key,fps\na", "rates.csv:2: found '' as fps of 'a'; expected a number above zero"),
        ("key,fps\n\na,fast", "rates.csv:3: found 'fast' as fps of 'a'; expected a number above zero"),
        ("key,fps\na,0", "rates.csv:2: found '0' as fps of 'a'; expected a number above zero"),
        ("key,fps\na,-60", "rates.csv:2: found '-60' as fps of 'a'; expected a number above zero"),
        ("key,fps\na,nan", "rates.csv:2: found 'nan' as fps of 'a'; expected a number above zero"),
        ("key,fps\na,inf", "rates.csv:2: found 'inf' as fps of 'a'; expected a number above zero"),
        ('key,fps\na,"59,94"', "rates.csv:2: found '59,94' as fps of 'a'; expected a number above zero"),
    ],
)
def test_a_table_of_rates_that_cannot_be_is_refused_by_line(text, message):
    with pytest.raises(ReadError) as caught:
        parse_rates(text, "rates.csv")
    assert str(caught.value) == message
