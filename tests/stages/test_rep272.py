"""The stage ``rep272`` makes vectors of any body that has the joints, and ``invert`` makes its places of vectors."""

from __future__ import annotations

import numpy as np
import pytest

import motionprep
from motionprep.motion.take import Take
from motionprep.stages.rep272 import Rep272

UNIT = 0.0564444


@pytest.fixture(scope="module")
def motions(tmp_path_factory: pytest.TempPathFactory) -> list[motionprep.dataset.motion.StoredMotion]:
    folder = tmp_path_factory.mktemp("rep272")
    motionprep.write_sample(folder / "data", subjects=2, motions=1, frames=300)
    stages = [
        {"stage": "trim", "t_pose": 1},
        {"stage": "downsample", "rate": 30.0},
        {"stage": "select_joints", "set": "smpl-22"},
        {"stage": "scale", "unit": "m", "metres_per_unit": UNIT},
        {"stage": "rep272"},
        {"stage": "features", "arrays": ["rep272", "positions"]},
    ]
    motionprep.build(folder / "data", folder / "out", recipe={"split": {"percent": "100"}, "stages": stages})
    return list(motionprep.open(folder / "out")["train"].values())


def test_vectors_come_back_as_places_in_the_world_of_the_files(motions) -> None:
    for motion in motions:
        back = motionprep.invert(motion)

        np.testing.assert_allclose(back["rep272"], back["positions"], atol=1e-5 / UNIT)


def test_a_prediction_in_the_middle_of_a_motion_begins_where_the_motion_is(motions) -> None:
    whole = motionprep.invert(motions[0])["rep272"]

    part = motionprep.invert(motions[0], {"rep272": motions[0]["rep272"][30:50]}, slice(30, 50))["rep272"]

    np.testing.assert_allclose(part, whole[30:50], atol=1e-3)


def test_a_take_without_a_skeleton_is_dropped() -> None:
    assert Rep272().apply(Take("1"), np.random.default_rng(0)).reason == "rep272: no skeleton"
