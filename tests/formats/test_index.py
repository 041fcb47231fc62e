"""The text index of a release, and the tables of labels and of corrected frame rates."""

from __future__ import annotations

import time
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.errors import ReadError
from motionprep.formats.index import parse_frames, parse_index, parse_labels, parse_rates

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


def test_a_key_with_two_labels_is_refused_by_line_or_noted_and_the_first_stands():
    with pytest.raises(ReadError, match=r"^i\.txt:2: 'a' has the label 'two' and, before that, 'one'"):
        parse_index("a\tone\na\ttwo", "i.txt")
    notes = []
    assert parse_index("a\tone\na\ttwo", "i.txt", notes) == {"a": "one"}
    assert "i.txt:2" in notes[0]


def test_a_line_of_a_million_blanks_is_read_at_once():
    began = time.process_time()
    assert parse_index("a\tx" + " " * 1_000_000 + "y") == {"a": "x" + " " * 1_000_000 + "y"}
    assert time.process_time() - began < 5


def test_an_error_quotes_no_more_than_the_beginning_of_a_cell():
    with pytest.raises(ReadError) as caught:
        parse_rates("key,fps\na," + "9x" * 50_000 + "\n", "rates.csv")
    assert len(str(caught.value)) < 300


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
        ("key,fps,fps\na,60,120", "rates.csv:1: found the column fps twice; expected it once"),
        ("motion,rate\na,60", "rates.csv:1: found columns motion, rate; expected key,fps"),
        ("key,fps\na,60\na,30", "rates.csv:3: 'a' stands twice"),
        ("key,fps\n,60", "rates.csv:2: found no key beside fps '60'; expected key,fps"),
        ("fps,key\n60", "rates.csv:2: found no key beside fps '60'; expected key,fps"),
        (
            "key,fps\na",
            "rates.csv:2: found '' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\n\na,fast",
            "rates.csv:3: found 'fast' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\na,0",
            "rates.csv:2: found '0' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\na,1e39",
            "rates.csv:2: found '1e39' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\na,-60",
            "rates.csv:2: found '-60' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\na,nan",
            "rates.csv:2: found 'nan' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\na,inf",
            "rates.csv:2: found 'inf' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
        (
            "key,fps\na,59,94",
            "rates.csv:2: found 3 cells; expected 2: a cell that holds a comma stands in quotation marks",
        ),
        (
            'key,fps\na,"59,94"',
            "rates.csv:2: found '59,94' as fps of 'a'; expected a number from 1.2e-38 to 3.4e38, such as 120",
        ),
    ],
)
def test_a_table_of_rates_that_cannot_be_is_refused_by_line(text, message):
    with pytest.raises(ReadError) as caught:
        parse_rates(text, "rates.csv")
    assert str(caught.value) == message


def test_labels_are_read_by_key():
    assert parse_labels("key,label\n69_01,walk\n69_02,turn left\n", "l.csv") == {"69_01": "walk", "69_02": "turn left"}


def test_labels_of_ranges_are_read_by_key_and_frame_and_those_without_frames_are_of_the_whole_motion():
    text = "key,start,stop,label\n69_02,121,300,turn\n69_01,,,walk\n69_02,1,120,walk\n"

    assert parse_labels(text, "l.csv") == {"69_01": "walk", "69_02": ((1, 120, "walk"), (121, 300, "turn"))}


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffkey,label\na,walk\n",
        "key,label\r\na,walk\r\n",
        "label,key\nwalk,a",
        "key,note,label\na,x,walk",
        "key, label\na, walk\n\n",
        'key,label\n"a","walk"',
        "key,label\na,walk\n,\n",
        "key ,label \na , walk ",
    ],
)
def test_a_table_of_labels_may_have_its_columns_marks_and_line_ends_as_csv_does(text):
    assert parse_labels(text, "l.csv") == {"a": "walk"}


def test_a_label_with_a_comma_stands_in_quotation_marks():
    assert parse_labels('key,label\na,"walk, turn"', "l.csv") == {"a": "walk, turn"}


HEAD = "key,start,stop,label\n"
COLUMNS = "expected key,label or key,start,stop,label"
ENDS = "expected the first and the last one, counted from 1"
COMMA = "found 3 cells; expected 2: a cell that holds a comma stands in quotation marks"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "l.csv:1: found columns none; " + COLUMNS),
        ("key,label,label\na,b,c", "l.csv:1: found the column label twice; expected it once"),
        ("key;label\na;b", "l.csv:1: found columns key;label; " + COLUMNS),
        ("key,start,label\na,1,b", "l.csv:1: found columns key, start, label; " + COLUMNS),
        ("key,label\na,walk, turn", "l.csv:2: " + COMMA),
        ("key,label\na,walk\na,run", "l.csv:3: 'a' has a label for all of it already; expected one label a frame"),
        ("key,label\n,walk", "l.csv:2: found no key beside label 'walk'; expected key,label"),
        ("key,label\na", "l.csv:2: found no label of 'a'"),
        (HEAD + "a,1,,b", "l.csv:2: found frames '1' to '' of 'a'; " + ENDS),
        (HEAD + "a,0,9,b", "l.csv:2: found frames '0' to '9' of 'a'; " + ENDS),
        (HEAD + "a,9,8,b", "l.csv:2: found frames '9' to '8' of 'a'; " + ENDS),
        (HEAD + "a,1,x,b", "l.csv:2: found frames '1' to 'x' of 'a'; " + ENDS),
        (HEAD + "a,5,9,b\na,1,5,c", "l.csv:3: frames 1-5 of 'a' (c) overlap frames 5-9 (b)"),
        (HEAD + "a,,,b\na,1,5,c", "l.csv:3: 'a' has a label for all of it already; expected one label a frame"),
        (HEAD + "a,1,5,c\na,,,b", "l.csv:3: 'a' has labels for some of its frames already; expected one label a frame"),
    ],
)
def test_a_table_of_labels_that_cannot_be_is_refused_by_line(text, message):
    with pytest.raises(ReadError) as caught:
        parse_labels(text, "l.csv")
    assert str(caught.value) == message


def test_a_quotation_mark_that_is_never_closed_is_refused_where_its_row_begins():
    with pytest.raises(ReadError, match=r"l\.csv:3: is no CSV: unexpected end of data in the row that begins here"):
        parse_labels('key,label\na,walk\nb,"run\nc,jump\n', "l.csv")


def test_what_is_no_csv_at_all_is_refused_by_line():
    with pytest.raises(ReadError, match=r"l\.csv:2: is no CSV: field larger than field limit"):
        parse_labels(f"key,label\na,{'x' * 200_000}", "l.csv")


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), min_size=1, max_size=6))
def test_ranges_are_refused_exactly_when_two_share_a_frame(ends):
    ranges = [(min(pair), max(pair)) for pair in ends]
    taken = Counter(frame for first, last in ranges for frame in range(first, last + 1))
    text = HEAD + "\n".join(f"a,{first},{last},b" for first, last in ranges)
    try:
        found = parse_labels(text, "l.csv")["a"]
    except ReadError:
        found = None

    assert found == (tuple((*ends, "b") for ends in sorted(ranges)) if max(taken.values()) == 1 else None)


def test_motions_and_ranges_of_frames_are_read_by_key():
    assert parse_frames("key\na\nb\n", "list.csv") == {"a": (), "b": ()}
    assert parse_frames("key,first,last,why\na,1,9,x\nb,,,\na,20,20,y\n", "list.csv") == {
        "a": ((1, 9), (20, 20)),
        "b": (),
    }
