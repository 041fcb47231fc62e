from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from motionprep.formats.c3d import read_c3d
from motionprep.maths import spaces
from motionprep.motion.markers import Markers
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.naming.shipped import marker_sets
from motionprep.naming.units import metres_of
from motionprep.stages.base import Dropped
from motionprep.stages.clean import Clean

RNG = np.random.default_rng(0)
NAMES = ("A", "B", "C")
#: How many frames there are, and the one in which A is off.
FRAMES, BAD = 20, 9


def marked(units: str = "mm", bad: tuple[int, ...] = (BAD,), unseen: tuple[int, ...] = ()) -> Take:
    """Return a take of a rigid triangle that walks at 1 m/s, in which A is 1 m off in some frames."""
    shape = np.array([[0.0, 0, 0], [200, 0, 0], [0, 200, 0]])
    points = shape + np.arange(FRAMES)[:, None, None] * [10.0, 0, 0]
    points[list(bad), 0, 2] += 1000
    visible = np.ones((FRAMES, 3), dtype=bool)
    visible[list(unseen), 0] = False
    points *= 1e-3 / (metres_of(units) or 1e-3)
    return Take("1", None, Markers(NAMES, points * visible[..., None], visible, 100.0, units))


def truth() -> np.ndarray:
    return marked(bad=()).markers.positions


GROUP = (("A", "B", "C"),)
WAYS = [{"most_speed": 5.0}, {"groups": GROUP, "most_stretch": 0.05}]


@pytest.mark.parametrize("limits", WAYS, ids=["speed", "stretch"])
class TestDo:
    def test_mask_hides_what_is_off_and_counts_it(self, limits) -> None:
        take = Clean(**limits).apply(marked(), RNG)

        np.testing.assert_array_equal(np.argwhere(~take.markers.visible), [[BAD, 0]])
        assert not take.markers.positions[BAD, 0].any()
        assert take.facts == {"clean_touched": 1}

    def test_hold_puts_the_last_good_value_there(self, limits) -> None:
        take = Clean(do="hold", **limits).apply(marked(), RNG)

        assert take.markers.visible.all()
        np.testing.assert_array_equal(take.markers.positions[BAD, 0], truth()[BAD - 1, 0])

    def test_fill_puts_the_straight_line_there(self, limits) -> None:
        take = Clean(do="fill", **limits).apply(marked(bad=(7, 8, 9)), RNG)

        np.testing.assert_allclose(take.markers.positions, truth(), atol=1e-9)
        assert take.facts == {"clean_touched": 3}

    @pytest.mark.parametrize(("do", "unseen"), [("hold", [0, 1]), ("fill", [0, 1, 19])])
    def test_what_has_nothing_to_hold_or_to_go_between_is_masked(self, limits, do: str, unseen: list[int]) -> None:
        take = Clean(do=do, **limits).apply(marked(bad=(0, 1, 19)), RNG)

        np.testing.assert_array_equal(np.flatnonzero(~take.markers.visible[:, 0]), unseen)
        assert not take.markers.positions[unseen, 0].any()
        assert take.facts == {"clean_touched": 3}

    @pytest.mark.parametrize("do", ["mask", "hold", "fill"])
    def test_what_was_not_seen_stays_unseen_and_is_not_counted(self, limits, do: str) -> None:
        take = Clean(do=do, **limits).apply(marked(bad=(), unseen=(4, 5)), RNG)

        np.testing.assert_array_equal(take.markers.visible, marked(unseen=(4, 5)).markers.visible)
        assert take.facts == {"clean_touched": 0}

    def test_what_is_good_stays_as_it_was(self, limits) -> None:
        before = marked()
        after = Clean(do="hold", **limits).apply(before, RNG).markers
        good = np.ones((FRAMES, 3), bool)
        good[BAD, 0] = False

        np.testing.assert_array_equal(after.positions[good], before.markers.positions[good])
        assert (after.names, after.rate, after.units) == (NAMES, 100.0, "mm")

    def test_corrupted_markers_are_cleaned_by_themselves_and_counted_too(self, limits) -> None:
        take = Clean(**limits).apply(replace(marked(bad=()), corrupt=marked(bad=(3, 12)).markers), RNG)

        assert take.markers.visible.all()
        np.testing.assert_array_equal(np.argwhere(~take.corrupt.visible), [[3, 0], [12, 0]])
        assert take.facts == {"clean_touched": 2}


class TestUnits:
    @pytest.mark.parametrize("units", ["mm", "cm", "m", " MM ", "inch"])
    @pytest.mark.parametrize("unit", ["m", "cm", "mm"])
    def test_limits_are_lengths_whatever_the_take_is_in(self, units: str, unit: str) -> None:
        fast = {"m": 1.02, "cm": 102, "mm": 1020}[unit]
        slow = {"m": 0.98, "cm": 98, "mm": 980}[unit]
        take = marked(units, bad=())

        assert Clean(most_speed=fast, unit=unit).apply(take, RNG).facts == {"clean_touched": 0}
        assert Clean(most_speed=slow, unit=unit).apply(take, RNG).facts["clean_touched"] > 0

    def test_limits_are_those_of_the_file_after_a_change_of_scale(self) -> None:
        take = spaces.change(marked(), Step(scale=0.002))

        assert Clean(most_speed=5.0).apply(take, RNG).facts == {"clean_touched": 1}
        assert Clean(most_speed=120.0).apply(take, RNG).facts == {"clean_touched": 0}

    def test_the_stretch_is_a_length_too(self) -> None:
        stretch = float(np.hypot(200, 1000)) - 200

        for most, touched in ((stretch + 1, 0), (stretch - 1, 1)):
            take = Clean(groups=GROUP, most_stretch=most / 10, unit="cm").apply(marked(), RNG)
            assert take.facts == {"clean_touched": touched}

    def test_an_unknown_unit_is_a_reason_to_drop_and_says_what_helps(self) -> None:
        dropped = Clean(most_speed=5.0).apply(marked("cubits"), RNG)
        assert isinstance(dropped, Dropped)
        assert "'cubits'" in dropped.reason
        assert 'unit = "take"' in dropped.reason

    def test_limits_may_be_in_the_takes_own_unit(self) -> None:
        assert Clean(most_speed=1020, unit="take").apply(marked("cubits", bad=()), RNG).facts == {"clean_touched": 0}
        assert Clean(most_speed=980, unit="take").apply(marked("cubits", bad=()), RNG).facts["clean_touched"] > 0


class TestLooking:
    def test_jumps_come_first_so_that_groups_judge_what_is_left(self) -> None:
        take = marked()
        two = replace(
            take.markers,
            names=("A", "B"),
            positions=take.markers.positions[:, :2],
            visible=take.markers.visible[:, :2],
            raw_names=(),
        )
        stage = Clean(most_speed=5.0, groups=(("A", "B"),), most_stretch=0.05)

        assert stage.apply(replace(take, markers=two), RNG).facts == {"clean_touched": 1}

    def test_two_stages_add_up_what_they_touched(self) -> None:
        once = Clean(most_speed=5.0).apply(marked(), RNG)

        assert Clean(most_speed=0.5).apply(once, RNG).facts["clean_touched"] > 1

    def test_a_slow_take_is_not_touched(self) -> None:
        take = Clean(most_speed=2.0, groups=GROUP, most_stretch=1e-6).apply(marked(bad=()), RNG)

        assert take.facts == {"clean_touched": 0}
        np.testing.assert_array_equal(take.markers.positions, truth())

    def test_a_jump_over_unseen_frames_has_more_time(self) -> None:
        take = marked(bad=tuple(range(10, 20)), unseen=(5, 6, 7, 8, 9))

        assert Clean(most_speed=17.0).apply(take, RNG).facts == {"clean_touched": 0}
        assert Clean(most_speed=16.0).apply(take, RNG).facts["clean_touched"] > 0

    def test_a_recorded_take_keeps_its_head_in_shape(self, real_data) -> None:
        take = Take("01_01", None, read_c3d(real_data / "cmu-c3d" / "01_01.c3d"))
        cleaned = Clean(most_speed=10.0, sets=("head",), most_stretch=0.02).apply(take, RNG)
        head = [cleaned.markers.names.index(name) for name in marker_sets()["head"]]

        assert 100 < cleaned.facts["clean_touched"] < 300
        assert set(np.flatnonzero((take.markers.visible & ~cleaned.markers.visible).any(axis=0))) <= set(head)


class TestGroups:
    def test_sets_are_put_before_groups_and_not_stored_by_their_names(self) -> None:
        stage = Clean(sets=("head",), groups=(("C7", "CLAV"),), most_stretch=0.05)

        assert stage.groups == (tuple(marker_sets()["head"]), ("C7", "CLAV"))
        assert stage == Clean(groups=stage.groups, most_stretch=0.05)

    def test_a_marker_that_is_not_there_is_a_reason_to_drop(self) -> None:
        stage = Clean(groups=(("A", "BB"),), most_stretch=0.05)

        assert stage.apply(marked(), RNG) == Dropped("clean: no BB; near are B")

    def test_a_marker_that_is_never_seen_is_none(self) -> None:
        take = marked(unseen=tuple(range(FRAMES)))

        assert Clean(groups=GROUP, most_stretch=0.05).apply(take, RNG).facts == {"clean_touched": 0}


def test_a_take_without_markers_is_dropped_with_the_reason(make_take) -> None:
    assert Clean(most_speed=5.0).apply(make_take(), RNG) == Dropped("clean: no markers")


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({}, "nothing to look for; give most_speed, or groups and most_stretch"),
        ({"most_speed": -1.0}, "most_speed is -1.0; it must be above 0, or 0 not to look"),
        ({"most_speed": float("nan")}, "most_speed is nan; it must be above 0, or 0 not to look"),
        ({"most_stretch": float("inf")}, "most_stretch is inf; it must be above 0, or 0 not to look"),
        ({"groups": GROUP}, "groups (or sets) and most_stretch go together; give both or neither"),
        ({"most_stretch": 0.1}, "groups (or sets) and most_stretch go together; give both or neither"),
        ({"groups": (("A",),), "most_stretch": 0.1}, "the group A must have at least two markers, each once"),
        ({"groups": (("A", "A"),), "most_stretch": 0.1}, "the group A, A must have at least two markers, each once"),
        ({"most_speed": 1.0, "unit": "ell"}, "unit is 'ell'; it is one of m, cm, mm, take"),
        ({"most_speed": 1.0, "do": "keep"}, "do is 'keep'; it is one of mask, hold, fill"),
        ({"sets": ("feet",), "most_stretch": 0.1}, f"there is no set 'feet'; there are {', '.join(marker_sets())}"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=" ") as error:
        Clean(**fields)

    assert str(error.value) == message
