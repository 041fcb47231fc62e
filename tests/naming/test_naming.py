"""Which names are meant, and what is said of those that are not there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep import naming

NAMES = ("C7", "LFHD", "RFHD", "LKNE", "RKNE")
WORDS = st.lists(st.sampled_from([*NAMES, "*", "L*", "!L*", "!C7", "?KNE", "LTOE", "!LTOE", "!?T*"]), max_size=6)


@pytest.mark.parametrize(
    ("wanted", "chosen"),
    [
        (["RKNE", "C7"], ["RKNE", "C7"]),
        (["RKNE", "L*", "C7"], ["RKNE", "LFHD", "LKNE", "C7"]),
        (["LKNE", "*"], ["LKNE", "C7", "LFHD", "RFHD", "RKNE"]),
        (["*FHD", "LFHD", "LFHD"], ["LFHD", "RFHD"]),
        (["!L*"], ["C7", "RFHD", "RKNE"]),
        (["!L*", "LKNE"], ["C7", "RFHD", "RKNE", "LKNE"]),
        (["*", "!?KNE", "!C7"], ["LFHD", "RFHD"]),
        (["X*"], []),
        ([], []),
    ],
    ids=str,
)
def test_names_come_in_the_order_in_which_they_are_asked_for(wanted: list[str], chosen: list[str]) -> None:
    assert naming.choose(wanted, NAMES) == (tuple(chosen), ())


def test_a_missing_name_keeps_its_place_among_the_chosen() -> None:
    assert naming.choose(["RKNE", "LTOE", "C7"], NAMES) == (("RKNE", "LTOE", "C7"), ("LTOE",))


def test_a_missing_name_that_is_left_out_is_missing_and_not_chosen() -> None:
    assert naming.choose(["!LTOE", "!L*"], NAMES) == (("C7", "RFHD", "RKNE"), ("LTOE",))


def test_a_pattern_leaves_out_a_missing_name_that_was_asked_for() -> None:
    assert naming.choose(["C7", "LTOE", "!L*"], NAMES) == (("C7",), ("LTOE",))


def test_a_name_that_looks_like_a_pattern_is_found_by_itself() -> None:
    assert naming.choose(["a[1]"], ["a[1]", "a1"]) == (("a[1]", "a1"), ())


@given(WORDS)
def test_what_is_chosen_is_there_or_said_to_be_missing(wanted: list[str]) -> None:
    chosen, missing = naming.choose(wanted, NAMES)

    assert set(chosen) <= {*NAMES, *missing}
    assert len(set(chosen)) == len(chosen)
    assert set(missing) == {word.removeprefix("!") for word in wanted} & {"LTOE"}


@pytest.mark.parametrize(
    ("missing", "names", "words"),
    [
        (["LTOE"], ["C7"], "no LTOE; there are C7"),
        (["LFHX"], NAMES, "no LFHX; near are LFHD"),
        (["lfhd", "Rfhd"], ["LFHD", "RFHD", "C7"], "no lfhd, Rfhd; near are LFHD, RFHD"),
        (list("abcdefg"), ["LFHD"], "no a, b, c, d, e and others; there are LFHD"),
        (["x0"], [f"x{k}" for k in range(1, 10)], "no x0; there are x1, x2, x3, x4, x5, ..."),
        (["mark0"], [f"mark{k}" for k in range(1, 10)], "no mark0; near are mark9, mark8, mark7"),
    ],
    ids=str,
)
def test_names_that_are_absent_are_said_with_a_few_that_look_like_them(
    missing: list[str], names: list[str], words: str
) -> None:
    assert naming.absent(missing, names) == words


@pytest.mark.parametrize(
    ("table", "found"),
    [
        ({"69_01": 1.0, "69_*": 2.0}, 1.0),
        ({"69_*": 2.0, "69_01": 1.0}, 1.0),
        ({"6?_0*": 2.0, "69_*": 3.0}, 2.0),
        ({"69": 1.0, "70_*": 2.0}, None),
        ({}, None),
    ],
    ids=str,
)
def test_a_key_is_looked_up_before_patterns_and_these_in_their_order(
    table: dict[str, float], found: float | None
) -> None:
    assert naming.looked_up(table, "69_01") == found
