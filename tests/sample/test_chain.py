from __future__ import annotations

import numpy as np
import pytest

from motionprep.motion import kinematics
from motionprep.sample import PlannedMotion, body, performance
from motionprep.sample.chain import world


@pytest.mark.parametrize("number", range(1, 9))
def test_joints_are_where_the_librarys_kinematics_has_them(number: int) -> None:
    motion = performance(body(number), PlannedMotion(number, number, 150, 0))
    known = kinematics.features(motion, ("positions", "global_rotations"))
    places, turns = world(motion)
    joints = len(motion.skeleton.joints)
    np.testing.assert_allclose(np.moveaxis(places, -1, 0), known["positions"][:, :joints], atol=1e-8)
    np.testing.assert_allclose(np.moveaxis(turns, -1, 0), known["global_rotations"], atol=1e-9)
