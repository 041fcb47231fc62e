"""A take of any naming is a body of 22 joints, whether or not its file has them in this tree."""

from __future__ import annotations

import numpy as np
import pytest

from motionprep.maths import body22
from motionprep.motion import kinematics
from motionprep.motion.take import Take
from motionprep.sample import body, performance, plan_corpus
from motionprep.stages.select_joints import SelectJoints

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def walk() -> Take:
    planned = plan_corpus(subjects=1, motions=1, frames=60)[0]
    return Take("01_01", performance(body(planned.subject, 0), planned).at(range(1, 60)))


def test_a_file_of_these_joints_has_their_rotations_and_so_has_any_other(walk: Take) -> None:
    canonical = SelectJoints(set="smpl-22").apply(walk, RNG)

    own, other = (body22.of_take(take, None, rotations=True) for take in (canonical, walk))

    np.testing.assert_allclose(own.positions, other.positions, atol=1e-9)
    np.testing.assert_allclose(own.rotations, other.rotations, atol=1e-9)
    np.testing.assert_array_equal(own.rotations, kinematics.features(canonical.motion, ("rotations",))["rotations"])


def test_places_are_the_same_without_rotations(walk: Take) -> None:
    whole, places = (body22.of_take(walk, None, rotations=wanted) for wanted in (True, False))

    np.testing.assert_allclose(places.positions, whole.positions, atol=1e-9)
    assert places.rotations is None


def test_legs_in_an_unknown_unit_are_as_long_as_the_published_ones(walk: Take) -> None:
    found = body22.of_take(walk, None, rotations=False)

    legs = np.linalg.norm(np.diff(found.positions[0, [[1, 4, 7], [2, 5, 8]]], axis=1), axis=-1).sum(axis=1)
    assert legs.mean() == pytest.approx(0.826)
    np.testing.assert_allclose(
        found.positions / found.scale, body22.of_take(walk, None, rotations=True).positions / found.scale, atol=1e-9
    )


def test_a_body_that_lacks_joints_is_none(make_take) -> None:
    with pytest.raises(body22.NoBody, match="no LeftUpLeg"):
        body22.of_take(make_take(), None, rotations=False)
