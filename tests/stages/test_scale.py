from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from motionprep.formats import bvh, c3d
from motionprep.maths import lengths, spaces
from motionprep.motion import kinematics
from motionprep.motion.markers import Markers
from motionprep.motion.step import Step
from motionprep.motion.take import Take
from motionprep.stages.base import Dropped
from motionprep.stages.scale import Scale

RNG = np.random.default_rng(0)
#: In the shared take: its one foot, 4.007... from its leg, as a thigh.
FOOT = (("LeftLeg", "LeftFoot"),)
LENGTH = float(np.hypot(0.25, 4.0))


def positions(take: Take) -> np.ndarray:
    return kinematics.features(take.motion, ("positions",))["positions"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"thigh": 1.0, "height": 22.0}, "give one of thigh, height and unit"),
        ({"thigh": 1.0, "unit": "m"}, "give one of thigh, height and unit"),
        ({"thigh": -1.0}, "thigh is -1.0; it must be above 0"),
        ({"height": float("nan")}, "height is nan"),
        ({"unit": "m", "metres_per_unit": float("inf")}, "metres_per_unit is inf"),
        ({"unit": "inch"}, "unit is 'inch'; it is m, cm, mm"),
        ({"thigh": 1.0, "metres_per_unit": 0.05}, "metres_per_unit goes with unit"),
        ({"unit": "m", "along": (("a", "b"),)}, "along goes with thigh or height"),
        ({"thigh": 1.0, "along": (("a", "a"),)}, "a chain has two ends or more"),
        ({"lengths": {"69_*": 0.0}}, r"lengths has 0.0 for '69_\*'; it must be above 0"),
        ({"lengths": {"69_*": float("nan")}}, r"lengths has nan for '69_\*'"),
        ({"lengths": {"69_*": 7.0}, "unit": "m"}, "lengths goes with thigh or height"),
        ({"lengths": {"69_*": 7.0}, "along": (("a", "b"),)}, "lengths goes with thigh or height"),
    ],
)
def test_settings_that_cannot_be_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Scale(**settings)


def test_without_settings_a_thigh_is_1() -> None:
    assert Scale() == Scale(thigh=1.0)


class TestToALength:
    @pytest.mark.parametrize("settings", [{"thigh": 1.0}, {"height": 22.0}], ids=str)
    def test_what_was_measured_is_as_long_as_it_was_to_be(
        self, make_take: Callable[..., Take], settings: dict[str, float]
    ) -> None:
        changed = Scale(**settings, along=FOOT).apply(make_take(), RNG)

        (length,) = settings.values()
        assert lengths.measure(changed, "thigh", FOOT) == pytest.approx(length)
        assert changed.facts["scale"] == pytest.approx(length / LENGTH)

    def test_joints_and_markers_are_multiplied_by_one_factor_in_all_frames(
        self, make_take: Callable[..., Take]
    ) -> None:
        take = make_take(markers=True)

        changed = Scale(thigh=2.0, along=FOOT).apply(take, RNG)

        np.testing.assert_allclose(positions(changed), positions(take) * (2 / LENGTH), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(changed.markers.positions, take.markers.positions * (2 / LENGTH), rtol=1e-12)
        assert changed.steps == (changed.steps[0],)

    def test_a_body_that_crouches_keeps_its_height(self, make_take: Callable[..., Take]) -> None:
        take = make_take(markers=True)
        crouching = replace(take.markers, positions=take.markers.positions * np.linspace(1, 0.2, 24)[:, None, None])
        stage = Scale(height=1.0, along=(("C7", "T10"),))

        changed = stage.apply(replace(take, motion=None, markers=crouching), RNG)

        np.testing.assert_allclose(changed.markers.positions, crouching.positions * changed.facts["scale"])

    def test_the_factors_of_stages_are_multiplied(self, make_take: Callable[..., Take]) -> None:
        once = Scale(thigh=2.0, along=FOOT).apply(make_take(), RNG)
        twice = Scale(height=22.0, along=FOOT).apply(once, RNG)

        assert twice.facts["scale"] == pytest.approx(22 / LENGTH)

    def test_it_is_undone(self, make_take: Callable[..., Take]) -> None:
        changed = Scale(thigh=2.0, along=FOOT).apply(make_take(), RNG)

        back = spaces.change(changed, spaces.inverse(changed.steps[0]))

        np.testing.assert_allclose(positions(back), positions(make_take()), rtol=1e-12, atol=1e-12)

    @pytest.mark.parametrize("markers", [False, True])
    def test_a_body_without_legs_is_dropped(self, make_take: Callable[..., Take], markers: bool) -> None:
        take = replace(make_take(markers=True), motion=None) if markers else make_take()

        assert Scale(thigh=1.0).apply(take, RNG) == Dropped("scale: no thigh to measure")
        assert Scale(height=1.0).apply(take, RNG) == Dropped("scale: no height to measure")

    def test_names_that_are_not_there_drop_a_take(self, make_take: Callable[..., Take]) -> None:
        assert Scale(thigh=1.0, along=(("Hips", "Tail"),)).apply(make_take(), RNG) == Dropped("scale: no Tail")

    def test_recorded_bodies_of_one_release_get_thighs_of_1(self, real_data: Path) -> None:
        take = Take("01_01", bvh.read_bvh(real_data / "cmu-bvh/01_01.bvh"))

        changed = Scale().apply(take, RNG)

        nodes, places = changed.motion.skeleton.nodes, positions(changed)
        thighs = [
            np.linalg.norm(places[:, nodes.index(f"{side}UpLeg")] - places[:, nodes.index(f"{side}Leg")], axis=-1)
            for side in ("Left", "Right")
        ]
        np.testing.assert_allclose(np.mean(thighs, axis=0), 1.0, rtol=1e-12)


class TestToAUnit:
    def test_markers_know_theirs(self, make_take: Callable[..., Take]) -> None:
        take = replace(make_take(markers=True), motion=None)

        changed = Scale(unit="m").apply(take, RNG)

        np.testing.assert_allclose(changed.markers.positions, take.markers.positions / 1000)
        assert spaces.metres(changed) == 1.0
        assert changed.facts["scale"] == 0.001

    def test_a_skeleton_is_given(self, make_take: Callable[..., Take]) -> None:
        changed = Scale(unit="cm", metres_per_unit=0.056444).apply(make_take(), RNG)

        np.testing.assert_allclose(positions(changed), positions(make_take()) * 5.6444)
        assert spaces.metres(changed, "joints") == pytest.approx(0.01)
        assert changed.facts["scale"] == pytest.approx(5.6444)

    def test_what_a_file_says_of_its_own_unit_counts(self, make_take: Callable[..., Take]) -> None:
        take = replace(make_take(), facts={"metres_per_unit": 0.001, "units": "mm"})

        changed = Scale(unit="m", metres_per_unit=0.056444).apply(take, RNG)

        np.testing.assert_allclose(positions(changed), positions(take) * 0.001)

    def test_a_skeleton_that_was_scaled_is_of_that_unit_all_the_same(self, make_take: Callable[..., Take]) -> None:
        scaled = Scale(thigh=1.0, along=FOOT).apply(make_take(), RNG)

        changed = Scale(unit="m", metres_per_unit=0.05).apply(scaled, RNG)

        np.testing.assert_allclose(positions(changed), positions(make_take()) * 0.05)
        assert changed.facts["scale"] == pytest.approx(0.05)

    def test_each_modality_has_a_factor_where_they_lie_in_spaces_of_their_own(
        self, make_take: Callable[..., Take]
    ) -> None:
        take = make_take(markers=True)

        changed = Scale(unit="m", metres_per_unit=0.056444).apply(take, RNG)

        np.testing.assert_allclose(positions(changed), positions(take) * 0.056444)
        np.testing.assert_allclose(changed.markers.positions, take.markers.positions * 0.001)
        assert changed.root is None

    def test_modalities_that_were_brought_together_stay_so(self, make_take: Callable[..., Take]) -> None:
        take = spaces.change(make_take(markers=True), Step(0.0177, on=("markers",)))

        changed = Scale(unit="m", metres_per_unit=0.056444).apply(take, RNG)

        assert [step.scale for step in changed.steps] == [0.0177, 0.056444]
        np.testing.assert_allclose(changed.markers.positions, take.markers.positions * 0.056444)

    def test_what_is_of_no_known_unit_is_dropped(self, make_take: Callable[..., Take]) -> None:
        markers = replace(make_take(markers=True).markers, units="furlong")

        assert Scale(unit="m").apply(make_take(), RNG) == Dropped("scale: the unit of the skeleton is not known")
        dropped = Scale(unit="m").apply(Take("a", None, markers), RNG)
        assert isinstance(dropped, Dropped)
        assert "'furlong'" in dropped.reason

    def test_recorded_markers_come_to_metres(self, real_data: Path) -> None:
        markers = c3d.read_c3d(real_data / "cmu-c3d/01_01.c3d")

        changed = Scale(unit="m").apply(Take("01_01", None, markers), RNG)

        assert lengths.measure(changed, "height") == pytest.approx(1.70, abs=0.01)


class TestByATable:
    def test_a_take_is_as_long_as_the_table_says(self, make_take: Callable[..., Take]) -> None:
        changed = Scale(height=22.0, lengths={"69_*": 11.0}).apply(make_take(markers=True), RNG)

        assert changed.facts["scale"] == 2.0
        np.testing.assert_allclose(changed.markers.positions, 2.0 * make_take(markers=True).markers.positions)

    def test_lengths_are_in_the_unit_of_the_file_whatever_was_scaled_since(
        self, make_take: Callable[..., Take]
    ) -> None:
        before = spaces.change(make_take(), Step(scale=5.0))

        (_, step) = Scale(thigh=1.0, lengths={"69_01": 4.0}).apply(before, RNG).steps

        assert step.scale == 1 / 20

    def test_of_markers_alone_lengths_are_in_their_unit(self, make_take: Callable[..., Take]) -> None:
        take = replace(make_take(markers=True), motion=None)

        assert Scale(thigh=1.0, lengths={"69_01": 400.0}).apply(take, RNG).facts["scale"] == 1 / 400

    def test_a_take_that_is_not_in_it_is_dropped(self, make_take: Callable[..., Take]) -> None:
        found = Scale(thigh=1.0, lengths={"70_*": 4.0}).apply(make_take(), RNG)

        assert found == Dropped("scale: lengths does not say how long it is")


def test_a_take_with_nothing_in_it_is_dropped() -> None:
    assert Scale(unit="m").apply(Take("a"), RNG) == Dropped("scale: no skeleton and no markers")
    assert Scale(thigh=1.0).apply(Take("a"), RNG) == Dropped("scale: no thigh to measure")


def test_markers_that_are_never_visible_drop_a_take() -> None:
    hidden = Markers(("LFWT", "LKNE"), np.zeros((4, 2, 3)), np.zeros((4, 2), dtype=bool), 120.0)

    assert Scale(thigh=1.0).apply(Take("a", None, hidden), RNG) == Dropped("scale: the thigh is never visible")
