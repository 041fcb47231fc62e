"""The one table of features says what they are when they are stored."""

from __future__ import annotations

import numpy as np
import pytest

from motionprep.building.extract import Extraction
from motionprep.motion.feature_kinds import KINDS
from motionprep.motion.step import PARTS
from motionprep.stages import Acceleration, AngularVelocity, Velocity


# Contacts and what the whole body is in are made by stages of their own, whose tests look at their shapes.
@pytest.mark.parametrize("name", [name for name, kind in KINDS.items() if kind.part not in ("feet", "body")])
def test_a_feature_is_stored_in_the_shape_of_its_kind(name: str, make_take) -> None:
    take, rng = make_take(markers=True), np.random.default_rng(0)
    take = Velocity(of=("positions", "root_position", "markers")).apply(take, rng)
    take = AngularVelocity().apply(Acceleration(of=("positions", "root_position")).apply(take, rng), rng)
    kind = KINDS[name]
    nodes, joints = len(take.motion.skeleton.nodes), len(take.motion.skeleton.joints)
    several = {"joints": joints if kind.form in ("matrix", "quaternion", "6d", "spin") else nodes, "markers": 2}

    ((dtype, shape),) = Extraction(take, [name]).kinds.values()

    assert shape == (*([several[kind.part]] if kind.part in several else []), *kind.shape)
    assert (dtype == np.uint8) == (kind.form == "mask")
    assert kind.part in PARTS
