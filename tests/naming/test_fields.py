from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from motionprep.naming.fields import AXES, Field, choose, parse_field

NODES = ("Hips", "Spine", "RFoot", "Head_Nub")
MARKERS = ("C7", "CLAV", "STRN", "T10", "RBAC", "RBAC-1")


def frames(*shape: int) -> np.ndarray:
    return np.arange(5 * np.prod(shape, dtype=int)).reshape(5, *shape)


def chosen(text: str, shape: tuple[int, ...] = (4, 3), names: tuple[str, ...] = NODES) -> np.ndarray:
    return choose(parse_field(text), shape, names).of(frames(*shape))


def test_a_feature_alone_is_all_of_it() -> None:
    assert np.array_equal(chosen("positions"), frames(4, 3))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("positions[Hips]", [0]),
        ("positions[RFoot,Hips]", [2, 0]),
        ("positions[*-Hips]", [1, 2, 3]),
        ("positions[*-Hips-RFoot]", [1, 3]),
        ("positions[*,!Hips]", [1, 2, 3]),
        ("positions[!*_Nub]", [0, 1, 2]),
        ("positions[ *i* ]", [0, 1]),
        ("positions[no-end-sites]", [0, 1, 2]),
        ("positions[*,!no-end-sites]", [3]),
        ("positions[*-no-end-sites]", [3]),
        ("positions[Head_Nub,no-end-sites]", [3, 0, 1, 2]),
    ],
)
def test_nodes_are_picked_by_name_pattern_set_and_difference(text: str, rows: list[int]) -> None:
    assert np.array_equal(chosen(text), frames(4, 3)[:, rows])


def test_a_name_with_a_hyphen_is_a_name() -> None:
    assert np.array_equal(chosen("markers[RBAC-1]", (6, 3), MARKERS), frames(6, 3)[:, [5]])


def test_markers_are_picked_by_the_sets_of_markers() -> None:
    names = ("LFHD", "RFHD", "LBHD", "RBHD", "C7")
    assert np.array_equal(chosen("markers[head]", (5, 3), names), frames(5, 3)[:, :4])
    assert np.array_equal(chosen("markers[*-head]", (5, 3), names), frames(5, 3)[:, [4]])


@pytest.mark.parametrize(
    ("text", "shape", "rows", "columns"),
    [
        ("positions.y", (4, 3), slice(None), [1]),
        ("positions[RFoot].xz", (4, 3), [2], [0, 2]),
        ("quaternions[Spine].w", (4, 4), [1], [0]),
        ("positions.zyx", (4, 3), slice(None), [2, 1, 0]),
    ],
)
def test_axes_are_picked_by_letter(text: str, shape: tuple[int, ...], rows: object, columns: list[int]) -> None:
    assert np.array_equal(chosen(text, shape), frames(*shape)[:, rows][..., columns])


def test_axes_of_a_feature_without_nodes_are_picked_too() -> None:
    assert np.array_equal(chosen("root_position.xz", (3,), ()), frames(3)[:, [0, 2]])


def test_joints_of_rotations_that_are_stored_flat_are_picked_as_if_they_were_not() -> None:
    assert np.array_equal(chosen("rotations[Spine]", (36,)), frames(36).reshape(5, 4, 9)[:, [1]])


def test_a_mask_keeps_its_one_axis() -> None:
    assert np.array_equal(chosen("markers_visible[T10,C7]", (6,), MARKERS), frames(6)[:, [3, 0]])


def test_each_number_has_a_name() -> None:
    assert choose(parse_field("positions[RFoot].xz"), (4, 3), NODES).names == (
        "positions[RFoot].x",
        "positions[RFoot].z",
    )
    assert choose(parse_field("positions.y"), (4, 3), NODES).names[1] == "positions[Spine].y"
    assert choose(parse_field("root_position"), (3,), ()).names == (
        "root_position.x",
        "root_position.y",
        "root_position.z",
    )
    assert choose(parse_field("rotations[Hips]"), (4, 3, 3), NODES).names[8] == "rotations[Hips].8"
    assert choose(parse_field("markers_visible[C7]"), (6,), MARKERS).names == ("markers_visible[C7]",)


@given(st.sampled_from(sorted(AXES)), st.lists(st.sampled_from(NODES), max_size=3, unique=True), st.data())
def test_a_field_is_what_its_text_says(feature: str, picks: list[str], data: st.DataObject) -> None:
    axes = "".join(data.draw(st.lists(st.sampled_from(AXES[feature]), unique=True)))
    field = Field(feature, tuple(picks), axes)
    assert parse_field(str(field)) == field


@given(st.sets(st.sampled_from(NODES), min_size=1))
def test_there_are_as_many_names_as_numbers(picks: set[str]) -> None:
    choice = choose(Field("positions", tuple(sorted(picks))), (4, 3), NODES)
    assert len(choice.names) == np.prod(choice.shape) == len(picks) * 3


@pytest.mark.parametrize("text", ["", "positions[", "positions.", "[Hips]", "positions[Hips", "positions..x", "a b"])
def test_what_is_no_field_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no field|is not of the axes"):
        parse_field(text)


@pytest.mark.parametrize("text", ["positions.w", "positions.xx", "positions.q"])
def test_axes_that_a_feature_has_not_are_refused_with_those_that_it_has(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not of the axes of positions, which are xyz"):
        parse_field(text)


def test_axes_of_matrices_have_no_letters() -> None:
    with pytest.raises(ValueError, match="rotations has no axes with letters"):
        parse_field("rotations.x")


def test_empty_picks_are_refused() -> None:
    with pytest.raises(ValueError, match="picks an empty name"):
        parse_field("positions[Hips,]")


@pytest.mark.parametrize("text", ["positions[hips]", "positions[*-Hip]", "positions[!Hip]"])
def test_a_name_that_is_not_there_is_reported_with_the_nearest(text: str) -> None:
    with pytest.raises(ValueError, match=r"no [hH]ips?; near are Hips"):
        chosen(text)


def test_a_pattern_that_finds_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match=r"positions\[Left\*\] picks nothing of 4 names such as Hips, Spine, RFoot"):
        chosen("positions[Left*]")


def test_what_has_no_names_cannot_be_picked_from() -> None:
    with pytest.raises(ValueError, match="root_position has one place a frame"):
        chosen("root_position[Hips]", (3,), ())
