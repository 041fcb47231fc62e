"""Landmarks of a take are those of its skeleton, or of its markers where it has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from motionprep.maths import landmark_points
from motionprep.motion.markers import Markers
from motionprep.motion.take import Take
from motionprep.sample import body, performance, plan_corpus
from motionprep.sample.markers import capture


@pytest.fixture(scope="module")
def walk() -> Take:
    planned = plan_corpus(subjects=1, motions=1, frames=30)[0]
    motion = performance(body(planned.subject, 0), planned)
    return Take("01_01", motion, capture(motion, planned))


def test_a_skeleton_counts_before_markers(walk: Take) -> None:
    assert walk.motion is not None
    nodes = walk.motion.skeleton.nodes
    ankles = landmark_points.of_take(walk).at(("left_ankle", "right_ankle"))

    np.testing.assert_array_equal(
        ankles, walk.motion.positions()[:, [nodes.index("LeftFoot"), nodes.index("RightFoot")]]
    )


def test_a_landmark_of_several_markers_is_their_mean_and_none_where_one_is_hidden() -> None:
    points = np.arange(24.0).reshape(2, 4, 3)
    seen = np.ones((2, 4), bool)
    seen[1, 2] = False
    markers = Markers(("LFWT", "RFWT", "LBWT", "RBWT"), points, seen, 120.0)

    pelvis = landmark_points.of_take(Take("a", None, markers)).at(("pelvis",))[:, 0]

    np.testing.assert_allclose(pelvis[0], points[0].mean(axis=0))
    assert np.isnan(pelvis[1]).all()


def test_what_a_model_computed_is_no_point() -> None:
    markers = Markers(("LANK", "LKNE"), np.zeros((2, 2, 3)), np.ones((2, 2), bool), 120.0, kinds=("marker", "angle"))
    found = landmark_points.of_take(Take("a", None, markers))

    assert found.positions.shape == (2, 1, 3)
    assert found.missing(("left_ankle",)) == ""
    assert found.missing(("left_ankle", "left_knee")) == "nothing is known to be the left knee"


def test_skeleton_and_markers_have_about_the_same_height(walk: Take) -> None:
    joints, markers = landmark_points.of_take(walk), landmark_points.of_take(replace(walk, motion=None))
    metres = joints.body_height() * 0.05644, markers.body_height() / 1000

    assert 1.4 < metres[0] < 2.1
    assert metres[1] == pytest.approx(metres[0], rel=0.15)


def test_a_body_without_legs_has_no_height(make_take: Callable[..., Take]) -> None:
    assert landmark_points.of_take(make_take()).body_height() == 0
