"""Bodies of the wrong size."""

from __future__ import annotations

from dataclasses import replace

import faults
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import as_take
from motionprep.quality.body import of_motion
from motionprep.quality.checking import summarize
from motionprep.quality.size import Size


def test_a_height_is_that_of_a_person(recorded: Motion, recorded_markers: Markers) -> None:
    on_bones = as_take("a", recorded).bodies[0].height * 0.0254 / 0.45
    on_markers = as_take("a", markers=recorded_markers).bodies[0].height / 1000

    assert on_bones == pytest.approx(1.7, abs=0.1)
    assert on_markers == pytest.approx(1.7, abs=0.1)


def test_a_body_of_a_stated_unit_that_is_no_person_is_an_error(walk_markers: Markers) -> None:
    found = Size().of_take(as_take("a", markers=walk_markers))
    in_metres = as_take("a", markers=replace(walk_markers, units="m", positions=walk_markers.positions))

    assert found == []
    assert [(one.code, one.severity) for one in Size().of_take(in_metres)] == [("size-implausible", "error")]


def test_a_height_that_fits_no_unit_is_found(walk: Motion) -> None:
    assert [one.code for one in Size().of_take(as_take("a", faults.scaled(walk, 1e-4)))] == ["size-implausible"]


@pytest.mark.parametrize("scale", [2.2222, 0.01, 56.444, 2.54, 1 / 2.54, 39.37])
def test_a_body_in_another_unit_than_its_corpus_is_found(walk: Motion, scale: float) -> None:
    takes = [summarize(as_take(key, walk)) for key in ("a", "b", "c")]
    takes.append(summarize(as_take("d", faults.scaled(walk, scale))))

    assert [(one.code, one.motion) for one in Size().of_corpus(takes)] == [("size-differs", "d")]


def test_a_child_beside_adults_is_of_the_same_unit(walk: Motion) -> None:
    takes = [summarize(as_take(key, faults.scaled(walk, scale))) for key, scale in (("a", 1), ("b", 1.05), ("c", 0.6))]

    assert Size().of_corpus(takes) == []


def test_a_height_does_not_depend_on_the_pose(recorded: Motion) -> None:
    crouched = faults.turned_joint(recorded, "LeftUpLeg", (1, recorded.frames), 60.0)

    assert of_motion(crouched).height == pytest.approx(of_motion(recorded).height, rel=1e-5)


def test_the_unit_of_the_most_motions_counts_even_if_it_is_not_the_middle_one(walk: Motion) -> None:
    sizes = {"a": 1.0, "b": 0.95, "c": 1.02, "in-inches": 2.2222, "in-cm": 5.6444, "in-cm-too": 5.9}
    takes = [summarize(as_take(key, faults.scaled(walk, size))) for key, size in sizes.items()]
    found = {finding.motion: finding.message for finding in Size().of_corpus(takes)}
    assert list(found) == ["in-inches", "in-cm", "in-cm-too"]
    assert all("(CMU unit)" in message.partition("most motions")[2] for message in found.values())
