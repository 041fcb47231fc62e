"""What goes wrong when markers are captured and labelled."""

from __future__ import annotations

from dataclasses import replace

import faults
import pytest

from motionprep.motion.markers import Markers
from motionprep.quality import Finding, as_take
from motionprep.quality.markers import MarkerFaults


def found_in(markers: Markers) -> list[Finding]:
    return [one for one in MarkerFaults().of_take(as_take("a", markers=markers)) if one.severity != "note"]


def test_recorded_markers_are_clean(recorded_markers: Markers) -> None:
    assert found_in(recorded_markers) == []


def test_a_stray_label_is_a_note(recorded_markers: Markers) -> None:
    found = MarkerFaults().of_take(as_take("a", markers=recorded_markers))

    assert ("markers-ghost", "note", "RBAC-1") in [(one.code, one.severity, one.joint) for one in found]


@pytest.mark.parametrize("name", ["LBHD", "RBWT"])
def test_a_marker_that_slips_on_head_or_pelvis_is_found_at_its_frames(recorded_markers: Markers, name: str) -> None:
    positions = recorded_markers.positions.copy()
    other = recorded_markers.names.index({"LBHD": "LFHD", "RBWT": "LFWT"}[name])
    own = recorded_markers.names.index(name)
    positions[1500:1700, own] += 0.5 * (positions[1500:1700, own] - positions[1500:1700, other])
    slipped = replace(recorded_markers, positions=positions)
    found = [one for one in MarkerFaults().of_take(as_take("a", markers=slipped)) if one.code == "markers-moved"]

    assert [one.frames for one in found if one.joint == name] == [(1501, 1700)]
    # One of those on the head moves in the recording itself.
    assert {one.joint for one in found} <= {name, "RFHD"}


def test_an_exchange_of_labels_on_the_head_is_no_slip(recorded_markers: Markers) -> None:
    swapped = faults.swapped(recorded_markers, "LFHD", "RBHD", (1501, 1700))
    found = MarkerFaults().of_take(as_take("a", markers=swapped))

    assert [one.joint for one in found if one.code == "markers-moved"] == ["RFHD"]


def test_a_long_gap_is_found_at_its_frames(recorded_markers: Markers) -> None:
    (found,) = found_in(faults.hidden(recorded_markers, "LKNE", (401, 600)))

    assert (found.code, found.joint, found.frames) == ("markers-gap", "LKNE", (401, 600))
    assert found.value == pytest.approx(200 / 120)


def test_a_marker_that_is_often_missing_is_found(recorded_markers: Markers) -> None:
    markers = recorded_markers
    for first in range(1, markers.frames - 60, 200):
        markers = faults.hidden(markers, "RTOE", (first, first + 59))
    (found,) = found_in(markers)

    assert (found.code, found.joint) == ("markers-missing", "RTOE")
    assert found.value == pytest.approx(0.3, abs=0.02)


@pytest.mark.parametrize("pair", [("LFWT", "RFWT"), ("LWRA", "LWRB"), ("LANK", "RANK")])
def test_two_labels_that_exchange_places_are_found(recorded_markers: Markers, pair: tuple[str, str]) -> None:
    found = [one for one in found_in(faults.swapped(recorded_markers, *pair, (801, 900))) if one.code == "markers-swap"]

    assert [one.frames for one in found] == [(801, 900)]
    assert {found[0].joint} <= {*pair}


@pytest.mark.parametrize("last", [801, None])
def test_an_exchange_of_one_frame_or_to_the_end_is_found(recorded_markers: Markers, last: int | None) -> None:
    frames = (801, last or recorded_markers.frames)
    found = found_in(faults.swapped(recorded_markers, "LANK", "RANK", frames))

    assert [one.frames for one in found if one.code == "markers-swap"] == [frames]


def test_a_point_that_is_there_twice_is_found(recorded_markers: Markers) -> None:
    (found,) = found_in(faults.placed(recorded_markers, "T10", (301, 340), "C7"))

    assert (found.code, found.frames) == ("markers-together", (301, 340))


def test_zeros_that_should_be_missing_are_an_error(recorded_markers: Markers) -> None:
    (found,) = found_in(faults.placed(recorded_markers, "LELB", (51, 60), 0.0))

    assert (found.code, found.severity, found.joint, found.frames) == ("markers-zero", "error", "LELB", (51, 60))


def test_frames_in_which_all_markers_are_zero_are_an_error_of_each(recorded_markers: Markers) -> None:
    found = [one for one in found_in(faults.zeroed(recorded_markers, (501, 510))) if one.code == "markers-zero"]

    assert {(one.severity, one.frames) for one in found} == {("error", (501, 510))}
    assert {one.joint for one in found} >= {"LANK", "C7", "LFHD"}
