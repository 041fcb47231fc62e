"""A selection says which motions, and which of their frames, are used."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.errors import RecipeError
from motionprep.naming.finding_codes import CODES
from motionprep.recipe.options import read_recipe
from motionprep.recipe.recipe import recipe_from_json
from motionprep.recipe.selection import Selection, overlap, within

DOCS = Path(__file__).parents[2] / "docs" / "quality.md"
COUNT = 20
RANGES = st.lists(
    st.tuples(st.integers(1, 30), st.integers(0, 12)).map(lambda one: (one[0], one[0] + one[1])), min_size=1
)


def frames_of(ranges: tuple[tuple[int, int], ...]) -> set[int]:
    return {frame for first, last in ranges for frame in range(first, last + 1)}


def test_every_motion_is_used_where_nothing_is_said() -> None:
    assert Selection().frames("69_01", COUNT) == ()


def test_only_motions_that_a_list_names_are_used() -> None:
    selection = Selection(keep_only={"69_01": (), "69_02": ((3, 5),)})

    assert selection.frames("69_01", COUNT) == ()
    assert selection.frames("69_02", COUNT) == ((3, 5),)
    assert selection.frames("69_03", COUNT) == "keep_only does not name it"


def test_motions_and_frames_that_a_list_leaves_out_are_not_used() -> None:
    selection = Selection(leave_out={"69_01": (), "69_02": ((3, 5),), "69_03": ((1, 99),)})

    assert selection.frames("69_01", COUNT) == "leave_out names it"
    assert selection.frames("69_02", COUNT) == ((1, 2), (6, 20))
    assert selection.frames("69_03", COUNT) == "keep_only and leave_out leave none of its 20 frames"
    assert selection.frames("69_04", COUNT) == ()


@given(RANGES, RANGES)
def test_frames_are_those_that_are_kept_and_not_left_out(
    kept: list[tuple[int, int]], left: list[tuple[int, int]]
) -> None:
    found = Selection(keep_only={"a": tuple(kept)}, leave_out={"a": tuple(left)}).frames("a", COUNT)
    wanted = (frames_of(tuple(kept)) - frames_of(tuple(left))) & set(range(1, COUNT + 1))

    if isinstance(found, str):
        assert wanted == set()
    else:
        assert frames_of(found or ((1, COUNT),)) == wanted
        assert all(one[1] < other[0] for one, other in pairwise(found))


@pytest.mark.parametrize(
    ("asked", "kept", "left"),
    [
        (None, (), [None]),
        ((3, 8), (), [(3, 8)]),
        (None, ((1, 4),), [(1, 4)]),
        ((3, 8), ((1, 4), (6, 7), (9, 12)), [(3, 4), (6, 7)]),
    ],
)
def test_a_part_of_a_motion_keeps_what_lists_leave_of_it(asked: object, kept: object, left: object) -> None:
    assert within(asked, kept) == left


def test_all_frames_overlap_with_any() -> None:
    assert overlap(None, (3, 4))
    assert overlap((3, 4), (4, 9))
    assert not overlap((3, 4), (5, 9))


@pytest.mark.parametrize(
    ("word", "codes"),
    [
        ("jump-root", {"jump-root"}),
        (
            "jump",
            {"jump-root", "jump-joint", "jump-marker", "jump-rotation", "jump-wrap", "jump-frozen", "jump-dropped"},
        ),
        ("*-differs", {code for code in CODES if code.endswith("-differs")}),
        ("unreadable", {"unreadable"}),
    ],
)
def test_a_code_its_beginning_or_a_pattern_drops(word: str, codes: set[str]) -> None:
    selection = Selection(drop_if=(word,))

    assert {code for code in CODES if selection.drops(code)} == codes


def test_an_unknown_code_is_refused_with_the_one_that_is_near() -> None:
    with pytest.raises(RecipeError, match=r"no finding has the code 'jump-rooot'; did you mean 'jump-root'\?"):
        read_recipe(drop_if=["jump-rooot"])


def test_the_codes_are_those_that_the_docs_explain() -> None:
    text = DOCS.read_text(encoding="utf-8").partition("## The checks")[2].partition("### How they measure")[0]
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    told = [code for cell in cells for code in re.findall(r"`([a-z-]+)`", cell)]
    duplicates = set(re.findall(r"`(duplicate-[a-z]+)`", DOCS.read_text(encoding="utf-8")))

    assert told == [code for code in CODES if not code.startswith("duplicate-")]
    assert duplicates == {code for code in CODES if code.startswith("duplicate-")}


def test_a_recipe_holds_the_contents_of_lists(tmp_path: Path) -> None:
    (tmp_path / "keep.csv").write_text("key,first,last,why\n69_01,1,40,good\n69_01,61,80,good\n69_02,,,\n")
    (tmp_path / "leave.csv").write_text("key\n69_03\n")
    recipe = read_recipe(keep_only=tmp_path / "keep.csv", leave_out=tmp_path / "leave.csv", drop_if="jump,feet-skate")

    assert recipe.to_json()["selection"] == {
        "drop_if": ("jump", "feet-skate"),
        "keep_only": {"69_01": ((1, 40), (61, 80)), "69_02": ()},
        "leave_out": {"69_03": ()},
    }
    assert recipe_from_json(recipe.to_json()) == recipe


def test_a_recipe_without_a_selection_is_what_it_was() -> None:
    assert "selection" not in read_recipe().to_json()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\n69_01\n", "keep.csv:1: found columns name; expected key or key,first,last"),
        ("key,first\n69_01,1\n", "keep.csv:1: found columns key, first; expected key or key,first,last"),
        ("key,first,last\n69_01,9,3\n", "keep.csv:2: found frames '9' to '3' of '69_01'; expected the first and the"),
        ("key,first,last\n69_01,,\n69_01,1,3\n", "keep.csv:3: '69_01' stands twice, once as a whole"),
        ("key\n", "keep_only names no motion; expected at least one key"),
    ],
)
def test_a_list_that_cannot_be_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "keep.csv").write_text(text)
    with pytest.raises(Exception, match=re.escape(message)):
        read_recipe(keep_only=tmp_path / "keep.csv")


def test_ranges_of_a_recipe_are_counted_from_1() -> None:
    with pytest.raises(RecipeError, match="leave_out has frames 0-3 of '69_01'"):
        recipe_from_json({"selection": {"leave_out": {"69_01": [[0, 3]]}}})


def test_keys_that_no_motion_has_are_told_with_one_that_is_near() -> None:
    selection = Selection(keep_only={"69_99": (), "69_01": ((1, 50),)})

    assert selection.strangers({"69_01": 40, "69_98": 40}) == [
        "keep_only: 1 of 2 keys match no motion: 69_99; did you mean '69_98'?",
        "keep_only: ranges that end after their motion: 1, frames 1-50 of 69_01, which has 40",
    ]
