"""Worlds that are turned or mirrored."""

from __future__ import annotations

from dataclasses import replace

import faults
import numpy as np
import pytest

from motionprep.motion.markers import Markers
from motionprep.motion.motion import Motion
from motionprep.quality import as_take
from motionprep.quality.axes import Axes, facing
from motionprep.quality.body import of_motion
from motionprep.quality.checking import summarize


@pytest.mark.parametrize(("axes", "up"), [("xyz", "y"), ("yzx", "x"), ("zxy", "z"), ("x-zy", "z"), ("-x-yz", "-y")])
def test_the_up_axis_is_known_in_any_axes(recorded_walk: Motion, axes: str, up: str) -> None:
    found = faults.in_axes(of_motion(recorded_walk), axes).up

    assert found is not None
    assert found.name == up
    assert found.confidence > 0.9


def test_recorded_takes_are_neither_mirrored_nor_unsure(recorded: Motion, recorded_markers: Markers) -> None:
    assert Axes().of_take(as_take("a", recorded, recorded_markers)) == []


@pytest.mark.parametrize("fixture", ["walk", "recorded", "recorded_walk"])
def test_a_mirrored_world_is_an_error(request: pytest.FixtureRequest, fixture: str) -> None:
    body = of_motion(request.getfixturevalue(fixture))
    found = Axes().of_take(faults.take_of("a", faults.in_axes(body, "-xyz")))

    assert [(one.code, one.severity) for one in found] == [("axes-mirrored", "error")]


def test_a_mirrored_movement_with_exchanged_names_is_right(recorded: Motion) -> None:
    assert Axes().of_take(faults.take_of("a", faults.mirrored(of_motion(recorded)))) == []


def test_exchanged_names_are_an_error(recorded: Motion) -> None:
    names = faults.exchanged(recorded.skeleton.joints)
    found = Axes().of_take(as_take("a", faults.renamed(recorded, names)))

    assert [one.code for one in found] == ["axes-mirrored"]


def test_a_file_with_another_axis_up_is_found(walk: Motion) -> None:
    body = of_motion(walk)
    takes = [summarize(faults.take_of(key, body)) for key in ("a", "b", "c")]
    takes.append(summarize(faults.take_of("d", faults.in_axes(body, "zxy"))))

    assert [(one.code, one.motion) for one in Axes().of_corpus(takes)] == [("axes-up-differs", "d")]


def test_a_rest_pose_that_faces_another_way_is_found(walk: Motion) -> None:
    offsets = tuple((z, y, -x) for x, y, z in walk.skeleton.offsets)
    turned = Motion(replace(walk.skeleton, offsets=offsets), walk.channels, walk.rate)
    takes = [summarize(as_take(key, walk)) for key in ("a", "b", "c")]
    takes.append(summarize(as_take("d", turned)))

    assert facing(of_motion(walk)) == "z"
    assert [one.motion for one in Axes().of_corpus(takes) if one.code == "axes-rest-differs"] == ["d"]


def test_points_of_nobody_are_unsure_and_not_mirrored(recorded: Motion) -> None:
    body = of_motion(recorded)
    points = np.random.default_rng(0).normal(0, 1, (200, len(body.names), 3))
    found = Axes().of_take(faults.take_of("a", faults.as_points(body, points)))

    assert [one.code for one in found] == ["axes-unsure"]
