"""Feet that do what feet on a floor do not."""

from __future__ import annotations

from dataclasses import replace

import faults
import pytest

from motionprep.motion.motion import Motion
from motionprep.quality import Finding, as_take
from motionprep.quality.body import of_motion
from motionprep.quality.feet import Feet


def feet(motion: Motion) -> list[Finding]:
    return Feet().of_take(as_take("a", motion))


def test_recorded_feet_are_on_their_floor(recorded: Motion, recorded_walk: Motion) -> None:
    assert [*feet(recorded), *feet(recorded_walk)] == []


@pytest.mark.parametrize("speed", [8.0, 15.0])
def test_skating_is_found_at_its_frames(recorded_walk: Motion, speed: float) -> None:
    found = feet(faults.slid_root(recorded_walk, (101, 300), speed))

    assert {one.code for one in found} == {"feet-skate"}
    frames = [one.frames or (0, 0) for one in found]
    assert min(first for first, _ in frames) >= 95
    assert max(last for _, last in frames) <= 306
    assert sum(last - first + 1 for first, last in frames) > 80


def test_a_treadmill_is_found(recorded_walk: Motion) -> None:
    found = feet(faults.on_treadmill(recorded_walk))

    assert [one.code for one in found] == ["feet-treadmill"]
    assert found[0].value == pytest.approx(0.58, abs=0.15)


def test_a_treadmill_is_found_from_its_first_step_to_its_last(walk: Motion) -> None:
    (found,) = feet(faults.on_treadmill(walk))

    assert (found.code, found.severity) == ("feet-treadmill", "warning")
    assert found.frames is not None
    assert found.frames[0] < 0.1 * walk.frames
    assert found.frames[1] > 0.9 * walk.frames


def test_a_body_that_sinks_is_below_the_floor(recorded: Motion) -> None:
    found = feet(faults.raised_root(recorded, (1001, 1100), -4.0))

    assert "feet-below-floor" in {one.code for one in found}
    (below,) = [one.frames or (0, 0) for one in found if one.code == "feet-below-floor"]
    assert abs(below[0] - 1001) <= 30
    assert abs(below[1] - 1100) <= 30


def test_a_body_that_is_lifted_floats(recorded_walk: Motion) -> None:
    found = feet(faults.raised_root(recorded_walk, (151, 350), 4.0))

    floating = [one.frames or (0, 0) for one in found if one.code == "feet-floating"]
    assert len(floating) == 1
    assert abs(floating[0][0] - 151) <= 30
    assert abs(floating[0][1] - 350) <= 30


def test_a_tilted_floor_is_found_with_its_angle(recorded_walk: Motion, recorded: Motion) -> None:
    for motion in (recorded_walk, recorded):
        found = Feet().of_take(faults.take_of("a", faults.tilted(of_motion(motion), 8.0)))

        slope = [one for one in found if one.code == "feet-slope"]
        assert len(slope) == 1
        assert slope[0].value == pytest.approx(8.0, abs=2.0)


@pytest.mark.parametrize("degrees", [8.0, -5.0])
def test_a_slope_up_or_down_is_found_on_a_generated_walk(walk: Motion, degrees: float) -> None:
    found = Feet().of_take(faults.take_of("a", faults.tilted(of_motion(walk), degrees)))
    (slope,) = [one for one in found if one.code == "feet-slope"]

    assert slope.value == pytest.approx(abs(degrees), abs=1.5)


def test_a_floor_that_is_not_at_zero_is_a_note(recorded_walk: Motion) -> None:
    lifted = faults.moved_root(recorded_walk, (1, recorded_walk.frames), (0.0, 10.0, 0.0))
    (found,) = feet(lifted)

    assert (found.code, found.severity) == ("feet-floor", "note")
    assert found.value == pytest.approx(10.0 / of_motion(recorded_walk).height, abs=0.05)


def test_a_motion_in_a_frame_of_its_own_has_no_floor(recorded_walk: Motion) -> None:
    take = as_take("a", faults.slid_root(recorded_walk, (101, 300), 15.0))

    assert Feet().of_take(replace(take, in_world=False)) == []
