from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from motionprep.formats.c3d import read_c3d
from motionprep.motion.markers import Markers
from motionprep.motion.take import Take
from motionprep.naming.shipped import marker_sets
from motionprep.stages.base import Dropped
from motionprep.stages.select_markers import SelectMarkers

RNG = np.random.default_rng(0)
NAMES = ("RKNE", "LFHD", "C7", "LKNE", "RFHD")
PARTS = ("head", "torso", "pelvis", "left-arm", "right-arm", "left-leg", "right-leg")


def marked(names: Sequence[str] = NAMES, frames: int = 6) -> Take:
    """Return a take of markers each of which is where its place in the alphabet says."""
    places = np.array([[sum(map(ord, name)), len(name), frames] for name in names], dtype=np.float64)
    visible = (np.arange(frames)[:, None] + places[:, 0]) % 4 > 0
    points = places * visible[..., None]
    return Take("1", None, Markers(tuple(names), points, visible, 60.0, raw_names=tuple(f"x:{name}" for name in names)))


def found(take: Take | Dropped) -> Markers:
    assert isinstance(take, Take)
    assert take.markers is not None
    return take.markers


class TestSelection:
    @pytest.mark.parametrize(
        ("wanted", "kept"),
        [
            (("LFHD", "RKNE"), ("LFHD", "RKNE")),
            (("C7", "?KNE", "LFHD"), ("C7", "RKNE", "LKNE", "LFHD")),
            (("!?KNE",), ("LFHD", "C7", "RFHD")),
            (("*FHD", "!R*", "C7"), ("LFHD", "C7")),
            (("LKNE", "X*"), ("LKNE",)),
        ],
        ids=str,
    )
    def test_keeps_what_is_named_in_the_order_in_which_it_is_named(
        self, wanted: tuple[str, ...], kept: tuple[str, ...]
    ) -> None:
        assert found(SelectMarkers(markers=wanted).apply(marked(), RNG)).names == kept

    def test_each_marker_keeps_its_samples_and_its_raw_name(self) -> None:
        before = marked().markers
        after = found(SelectMarkers(markers=("RFHD", "C7")).apply(marked(), RNG))

        np.testing.assert_array_equal(after.positions, before.positions[:, [4, 2]])
        np.testing.assert_array_equal(after.visible, before.visible[:, [4, 2]])
        assert after.raw_names == ("x:RFHD", "x:C7")
        assert (after.rate, after.units, after.first_frame) == (before.rate, before.units, before.first_frame)

    def test_takes_with_their_markers_in_any_order_come_out_alike(self) -> None:
        stage = SelectMarkers(markers=("LKNE", "C7", "RKNE"))
        one, other = found(stage.apply(marked(NAMES), RNG)), found(stage.apply(marked(NAMES[::-1]), RNG))

        assert one.names == other.names
        np.testing.assert_array_equal(one.positions, other.positions)
        np.testing.assert_array_equal(one.visible, other.visible)

    def test_corrupted_markers_are_chosen_alike(self) -> None:
        take = marked()
        corrupted = replace(take.markers, positions=take.markers.positions + 1)

        chosen = SelectMarkers(markers=("RFHD", "C7")).apply(replace(take, corrupt=corrupted), RNG)

        assert chosen.corrupt.names == ("RFHD", "C7")
        np.testing.assert_array_equal(chosen.corrupt.positions, corrupted.positions[:, [4, 2]])

    def test_key_and_motion_stay(self, make_take) -> None:
        take = make_take(markers=True)
        chosen = SelectMarkers(markers=("T10",)).apply(take, RNG)

        assert (chosen.key, chosen.motion, chosen.facts) == (take.key, take.motion, take.facts)


class TestMissing:
    def test_drops_the_take_and_names_what_is_missing_and_what_is_near(self) -> None:
        stage = SelectMarkers(markers=("C7", "LTOE", "RKNEE"))

        assert stage.apply(marked(), RNG) == Dropped("select_markers: no LTOE, RKNEE; near are RKNE, LKNE")

    def test_masked_is_a_column_that_is_never_visible_and_is_counted(self) -> None:
        stage = SelectMarkers(markers=("LTOE", "C7", "RTOE"), missing_markers="mask")
        take = stage.apply(marked(), RNG)
        markers = found(take)

        assert markers.names == ("LTOE", "C7", "RTOE")
        assert markers.raw_names == ("LTOE", "x:C7", "RTOE")
        assert not markers.visible[:, [0, 2]].any()
        assert not markers.positions[:, [0, 2]].any()
        np.testing.assert_array_equal(markers.positions[:, 1], marked().markers.positions[:, 2])
        assert take.facts == {"select_markers_masked": 2}

    def test_masked_in_corrupted_markers_too(self) -> None:
        take = marked()
        masked = SelectMarkers(markers=("LTOE", "C7"), missing_markers="mask").apply(
            replace(take, corrupt=take.markers), RNG
        )

        np.testing.assert_array_equal(masked.corrupt.visible, masked.markers.visible)

    def test_all_of_them_is_a_reason_to_drop_all_the_same(self) -> None:
        stage = SelectMarkers(markers=("LTOE", "RTOE"), missing_markers="mask")

        assert stage.apply(marked(), RNG) == Dropped(
            "select_markers: no LTOE, RTOE; there are RKNE, LFHD, C7, LKNE, RFHD"
        )

    @pytest.mark.parametrize("missing", ["drop", "mask"])
    def test_patterns_that_fit_nothing_are_a_reason_to_drop(self, missing: str) -> None:
        stage = SelectMarkers(markers=("X*", "Y?"), missing_markers=missing)

        assert stage.apply(marked(), RNG) == Dropped("select_markers: nothing is named like X*, Y?")

    def test_a_take_without_markers_is_dropped_with_the_reason(self, make_take) -> None:
        assert SelectMarkers(markers=("C7",)).apply(make_take(), RNG) == Dropped("select_markers: no markers")


class TestFixesMarkers:
    @pytest.mark.parametrize(
        ("wanted", "fixed"),
        [
            (("C7", "LKNE"), True),
            (("C7", "LKNE", "!L*"), True),
            (("C7", "L*"), False),
            (("!C7",), False),
            (("!C7", "LKNE"), False),
        ],
        ids=str,
    )
    def test_all_takes_come_out_alike_if_only_names_are_kept(self, wanted: tuple[str, ...], fixed: bool) -> None:
        assert SelectMarkers(markers=wanted).fixes_markers == fixed

    def test_masked_markers_that_are_left_out_again_are_left_out_of_every_take(self) -> None:
        stage = SelectMarkers(markers=("C7", "LKNE", "!L*"), missing_markers="mask")

        assert found(stage.apply(marked(("C7", "RKNE")), RNG)).names == found(stage.apply(marked(), RNG)).names


class TestSets:
    def test_the_parts_are_all_41_markers_and_have_none_in_common(self) -> None:
        sets = marker_sets()
        together = [marker for part in PARTS for marker in sets[part]]

        assert len(together) == 41
        assert sorted(together) == sets["cmu-41"]

    @pytest.mark.parametrize("name", marker_sets())
    def test_a_set_is_of_cmu_markers_each_once(self, name: str) -> None:
        markers = marker_sets()[name]

        assert len(set(markers)) == len(markers)
        assert set(markers) <= set(marker_sets()["cmu-41"])

    def test_six_are_the_body_and_seventeen_the_limbs(self) -> None:
        sets = marker_sets()

        assert (len(sets["body-6"]), len(sets["limbs-17"])) == (6, 17)
        # The numbers that the six had among the 41, in the experiments that used them first.
        assert [sets["cmu-41"].index(marker) for marker in sets["body-6"]] == [9, 28, 39, 4, 23, 40]

    @pytest.mark.parametrize("name", marker_sets())
    def test_a_set_has_as_much_left_as_right(self, name: str) -> None:
        if name.startswith(("left", "right")):
            other = {"left": "right", "right": "left"}[name.partition("-")[0]] + "-" + name.partition("-")[2]
            mirrored = {{"L": "R", "R": "L"}[marker[0]] + marker[1:] for marker in marker_sets()[name]}
            assert mirrored == set(marker_sets()[other])
        else:
            paired = [marker[1:] for marker in marker_sets()[name] if marker[0] in "LR" and marker != "RBAC"]
            assert all(paired.count(place) == 2 for place in paired)

    def test_a_set_stands_for_its_names_and_comes_first(self) -> None:
        assert SelectMarkers(set="head", markers=("C7",)).markers == ("LFHD", "RFHD", "LBHD", "RBHD", "C7")

    def test_a_set_is_not_stored_by_its_name(self) -> None:
        assert SelectMarkers(set="head") == SelectMarkers(markers=tuple(marker_sets()["head"]))

    def test_an_unknown_set_lists_those_that_there_are(self) -> None:
        with pytest.raises(ValueError, match=r"^there is no set 'feet'; there are cmu-41, limbs-17, body-6, head, "):
            SelectMarkers(set="feet")

    def test_the_41_are_in_a_real_file(self, real_data) -> None:
        take = Take("01_01", None, read_c3d(real_data / "cmu-c3d" / "01_01.c3d"))
        markers = found(SelectMarkers(set="cmu-41").apply(take, RNG))

        assert list(markers.names) == sorted(markers.names)
        assert markers.positions.shape == (2751, 41, 3)
        assert markers.visible.mean() > 0.999


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "markers is empty; name markers, patterns or a set"),
        ({"markers": ("",)}, "markers holds an empty name"),
        ({"markers": ("C7", "!")}, "markers holds an empty name"),
        ({"markers": ("C7",), "missing_markers": "keep"}, "missing_markers is 'keep'; it is drop or mask"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match="marker") as error:
        SelectMarkers(**fields)

    assert str(error.value) == message
